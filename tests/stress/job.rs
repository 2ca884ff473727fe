//! Jobs whose end races with what others do to them.

use std::collections::HashMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::{hint, panic, thread};

use crochet::{Error, EventualResult, JobInfo, Reactor};
use futures_lite::future::yield_now;

use crate::support::{LONG, Probe, limit, log, settle};

fn ids(jobs: &[JobInfo]) -> Vec<u64> {
    jobs.iter().map(JobInfo::id).collect()
}

/// What the threads of a race work on.
struct Round {
    number: usize,
    job: EventualResult<usize>,
    finish: async_channel::Sender<()>,
}

fn delay(steps: usize) {
    (0..steps).for_each(|_| hint::spin_loop());
}

#[test]
fn in_20_000_races_with_the_end_each_job_has_one_outcome_and_is_dropped_once() {
    const ROUNDS: usize = 20_000;
    let _limit = limit(LONG * 5);
    let reactor = Reactor::new().unwrap();
    let (mut finished, mut cancelled) = (0, 0);
    thread::scope(|scope| {
        let (finishers, finisher) = mpsc::sync_channel::<Arc<Round>>(1);
        let (cancellers, canceller) = mpsc::sync_channel::<Arc<Round>>(1);
        scope.spawn(move || {
            for round in finisher {
                delay(round.number % 97 * 8);
                let _ = round.finish.try_send(());
            }
        });
        scope.spawn(move || {
            for round in canceller {
                delay(round.number % 89 * 8);
                round.job.cancel();
            }
        });
        for number in 0..ROUNDS {
            let drops = Probe::new();
            let (finish, end) = async_channel::bounded(1);
            let witness = drops.witness();
            let job = reactor.run_in_reactor(move || async move {
                let _witness = witness;
                let _ = end.recv().await;
                Ok(number)
            });
            let round = Arc::new(Round { number, job, finish });
            match number % 64 {
                // In some rounds there is no race, so that both outcomes are sure to occur.
                0 => round.job.cancel(),
                1 => drop((round.finish.try_send(()), round.job.wait(LONG))),
                _ => {}
            }
            finishers.send(Arc::clone(&round)).unwrap();
            cancellers.send(Arc::clone(&round)).unwrap();
            match round.job.wait(LONG) {
                Ok(value) => {
                    assert_eq!(*value, number);
                    finished += 1;
                }
                Err(Error::Cancelled) => cancelled += 1,
                Err(other) => panic!("round {number}: {other:?}"),
            }
            assert_eq!(drops.count(), 1, "round {number}");
        }
    });
    assert_eq!(finished + cancelled, ROUNDS);
    assert!(finished > 0 && cancelled > 0, "{finished} finished, {cancelled} cancelled");
}

#[test]
fn in_20_000_races_with_the_start_each_closure_is_called_or_dropped_once() {
    let _limit = limit(LONG * 5);
    let reactor = Reactor::new().unwrap();
    let race = |first: usize| {
        for number in (first..20_000).step_by(2) {
            let drops = Probe::new();
            let witness = drops.witness();
            let called = Arc::new(AtomicBool::new(false));
            let job = reactor.run_in_reactor({
                let called = Arc::clone(&called);
                move || {
                    called.store(true, Ordering::Relaxed);
                    async move {
                        let _witness = witness;
                        Ok::<_, Error>(number)
                    }
                }
            });
            delay(number % 101 * 16);
            job.cancel();
            let outcome = job.into_result(LONG);
            assert_eq!(drops.count(), 1, "round {number}");
            // It is ready in its first poll, so to be called is to end.
            match outcome {
                Ok(value) => assert_eq!(value, number),
                Err(Error::Cancelled) => {}
                Err(other) => panic!("round {number}: {other:?}"),
            }
            assert_eq!(called.load(Ordering::Relaxed), outcome.is_ok(), "round {number}");
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| race(0));
        race(1);
    });
}

#[test]
fn in_10_000_races_of_the_drop_with_the_end_each_value_is_dropped_once() {
    const ROUNDS: usize = 10_000;
    let _limit = limit(LONG * 5);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    for round in 0..ROUNDS {
        let witness = drops.witness();
        let job = reactor.run_in_reactor(move || async { Ok::<_, Error>(witness) });
        delay(round % 101 * 16);
        drop(job);
    }
    reactor.shutdown(LONG).unwrap();
    assert_eq!(drops.count(), ROUNDS);
    let here = drops.threads().iter().filter(|id| **id == thread::current().id()).count();
    assert!(here < ROUNDS, "the handle was never the first to go");
}

#[test]
fn in_10_000_races_of_the_drop_with_the_end_each_failure_is_logged_once() {
    const ROUNDS: usize = 10_000;
    let _limit = limit(LONG * 5);
    log();
    let reactor = Reactor::new().unwrap();
    let (handles, to_drop) = mpsc::sync_channel::<(usize, EventualResult<(), String>)>(1);
    let dropper = thread::spawn(move || {
        for (round, job) in to_drop {
            delay(round % 97 * 8);
            drop(job);
        }
    });
    for round in 0..ROUNDS {
        let (finish, end) = async_channel::bounded::<()>(1);
        let job = reactor.run_in_reactor(move || async move {
            let _ = end.recv().await;
            Err(format!("race <{round}>"))
        });
        handles.send((round, job)).unwrap();
        delay(round % 89 * 8);
        drop(finish);
    }
    drop(handles);
    dropper.join().unwrap();
    // A job that was still waiting for its turn is stopped, and no failure; so have all of them end
    // first.
    settle(&reactor);
    settle(&reactor);
    reactor.shutdown(LONG).unwrap();
    let mut times: HashMap<String, usize> = HashMap::new();
    for record in log().with("race <") {
        let round = record.text.split(['<', '>']).nth(1).unwrap().to_owned();
        *times.entry(round).or_default() += 1;
    }
    let wrong: Vec<_> =
        (0..ROUNDS).filter(|round| times.get(&round.to_string()) != Some(&1)).collect();
    assert_eq!(wrong, [0_usize; 0], "rounds that were not logged exactly once");
}

#[test]
fn a_storm_of_questions_loses_no_result_and_keeps_the_order_of_each_caller() {
    const CALLERS: usize = 4;
    const CALLS: usize = 3000;
    let _limit = limit(LONG * 5);
    let reactor = Reactor::new().unwrap();
    let begun = Arc::new([const { Mutex::new(Vec::new()) }; CALLERS]);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let asking = [(); 2].map(|()| {
            scope.spawn(|| {
                let mut most = 0;
                while !over.load(Ordering::Relaxed) {
                    let jobs = reactor.jobs();
                    assert!(ids(&jobs).is_sorted_by(|one, next| one < next), "{jobs:?}");
                    most = most.max(jobs.len());
                }
                most
            })
        });
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (reactor, begun) = (&reactor, &begun);
                scope.spawn(move || {
                    let jobs: Vec<_> = (0..CALLS)
                        .map(|call| {
                            let begun = Arc::clone(begun);
                            reactor.run_in_reactor(move || async move {
                                begun[caller].lock().unwrap().push(call);
                                if call % 3 == 0 {
                                    yield_now().await;
                                }
                                Ok::<_, Error>(call)
                            })
                        })
                        .collect();
                    for (call, job) in jobs.into_iter().enumerate() {
                        assert_eq!(job.join(LONG).unwrap(), call);
                        let sum = async { Ok::<_, Error>(call + 1) };
                        assert_eq!(reactor.wait_for(LONG, sum).unwrap(), call + 1);
                    }
                })
            })
            .collect();
        let results: Vec<_> = callers.into_iter().map(|caller| caller.join()).collect();
        over.store(true, Ordering::Relaxed);
        assert!(results.into_iter().all(|result| result.is_ok()));
        let most = asking.map(|thread| thread.join().unwrap());
        assert!(most.iter().max() > Some(&1), "{most:?}");
    });
    for begun in &*begun {
        assert!(begun.lock().unwrap().iter().copied().eq(0..CALLS));
    }
    assert!(reactor.jobs().is_empty());
    let last = reactor.run_in_reactor(pending::<Result<(), Error>>);
    // Each job had one number, and none was left out.
    assert_eq!(ids(&reactor.jobs()), [(2 * CALLERS * CALLS + 1) as u64]);
    drop(last);
}
