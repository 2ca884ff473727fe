//! Results whose end races with those that wait for them.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use crochet::{Error, EventualResult, Reactor, RetrieveError, retrieve_result, wait_any};
use futures_lite::future::{block_on, yield_now};

use crate::support::{LONG, Leash, held, limit};

fn ready(reactor: &Reactor, value: u32) -> EventualResult<u32> {
    reactor.run_in_reactor(move || async move { Ok(value) })
}

#[test]
fn in_10_000_races_with_the_end_no_wake_is_lost() {
    let _limit = limit(LONG * 5);
    let reactor = Reactor::new().unwrap();
    for round in 0..10_000_usize {
        let job = reactor.run_in_reactor(move || async move {
            if round % 2 == 0 {
                yield_now().await;
            }
            Ok::<_, Error>(round)
        });
        (0..round % 101 * 8).for_each(|_| std::hint::spin_loop());
        assert_eq!(block_on(job.into_future()).unwrap(), round);
    }
}

#[test]
fn in_a_thousand_races_of_several_ends_one_that_has_ended_is_found() {
    let _limit = limit(LONG * 5);
    let reactors = [Reactor::new().unwrap(), Reactor::new().unwrap()];
    for round in 0..1000 {
        let start = Barrier::new(2);
        let (leashes, jobs): (Vec<_>, Vec<EventualResult<(), &str>>) =
            reactors.iter().map(|reactor| held(reactor, Ok(()))).unzip();
        thread::scope(|scope| {
            let waiters = [LONG, Duration::MAX].map(|timeout| {
                let (jobs, start) = (&jobs, &start);
                scope.spawn(move || {
                    if timeout == LONG {
                        start.wait();
                    }
                    let found = wait_any(&[&jobs[0], &jobs[1]], timeout).unwrap();
                    assert!(jobs[found].is_finished(), "round {round}");
                })
            });
            start.wait();
            leashes.into_iter().for_each(Leash::release);
            waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
        });
    }
}

#[test]
fn a_wait_that_races_with_the_end_is_late_or_has_the_result_and_the_next_one_has_it() {
    let _limit = limit(LONG * 5);
    let reactor = Reactor::new().unwrap();
    for round in 0..5000_u64 {
        let job = reactor.run_in_reactor(move || async move { Ok::<_, Error>(round) });
        match job.wait(Duration::from_nanos(round % 200 * 500)) {
            Ok(value) => assert_eq!(*value, round),
            Err(Error::TimedOut(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
        assert_eq!(*job.wait(LONG).unwrap(), round);
    }
}

#[test]
fn many_threads_may_stash_and_retrieve() {
    let _limit = limit(LONG * 5);
    let reactor = Reactor::new().unwrap();
    thread::scope(|scope| {
        for thread in 0..16_u32 {
            let reactor = &reactor;
            scope.spawn(move || {
                for value in thread * 1000..thread * 1000 + 200 {
                    let id = ready(reactor, value).stash();
                    let job = retrieve_result::<u32, Error>(id).unwrap();
                    let id = job.stash_for(LONG);
                    let job = retrieve_result::<u32, Error>(id).unwrap();
                    assert_eq!(job.into_result(LONG).unwrap(), value);
                }
            });
        }
    });
}

#[test]
fn of_many_threads_one_retrieves_it() {
    let _limit = limit(LONG * 5);
    let reactor = Reactor::new().unwrap();
    for round in 0..100 {
        let id = ready(&reactor, round).stash();
        let together = Barrier::new(8);
        let retrieve = || {
            together.wait();
            retrieve_result::<u32, Error>(id)
        };
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(retrieve)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let unknown = results.iter().filter(|r| matches!(r, Err(RetrieveError::Unknown))).count();
        assert_eq!(unknown, 7);
        let job = results.into_iter().find_map(Result::ok).unwrap();
        assert_eq!(job.into_result(LONG).unwrap(), round);
    }
}

#[test]
fn in_10_000_round_trips_from_4_threads_all_results_are_the_same() {
    let _limit = limit(LONG * 5);
    for spin in [Duration::ZERO, Duration::from_micros(50)] {
        let reactor = Reactor::builder().spin(spin).build().unwrap();
        let reactor = &reactor;
        thread::scope(|scope| {
            for thread in 0..4_u64 {
                scope.spawn(move || {
                    for number in (thread..10_000).step_by(4) {
                        let job = reactor.run_in_reactor(move || async move {
                            for _ in 0..number % 3 {
                                yield_now().await;
                            }
                            if number % 5 == 0 { Err(number) } else { Ok(number) }
                        });
                        match job.into_result(LONG) {
                            Ok(value) => assert!(value == number && number % 5 != 0, "{spin:?}"),
                            Err(Error::Job(error)) => {
                                assert!(error == number && number % 5 == 0, "{spin:?}");
                            }
                            Err(other) => panic!("{spin:?}: {other:?}"),
                        }
                    }
                });
            }
        });
    }
}
