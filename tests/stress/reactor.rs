//! Reactors that come and go beside a storm of submissions, and that stop with many jobs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;
use std::{future, thread};

use crochet::{Error, EventualResult, Reactor};

use crate::support::{Gate, LONG, Probe, hog, limit, never, own_process, settle, thread_of, until};

type Job<T = ()> = EventualResult<T, Error>;

/// What has become of the jobs of a storm.
#[derive(Default)]
struct Count {
    submitted: AtomicUsize,
    done: AtomicUsize,
    stopped: AtomicUsize,
    /// Closures and futures that are gone, by whatever way.
    dropped: AtomicUsize,
}

/// One job's share of it.
struct Counted(Arc<Count>);

impl Counted {
    fn new(count: &Arc<Count>) -> Self {
        count.submitted.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

impl Count {
    #[track_caller]
    fn result(&self, result: Result<usize, Error>, expected: usize) {
        match result {
            Ok(value) => {
                assert_eq!(value, expected);
                self.done.fetch_add(1, Ordering::Relaxed);
            }
            Err(Error::ReactorStopped) => _ = self.stopped.fetch_add(1, Ordering::Relaxed),
            Err(other) => panic!("{other:?}"),
        }
    }
}

async fn work(counted: Counted, value: usize) -> Result<usize, Error> {
    let _counted = counted;
    match value % 3 {
        0 => {}
        1 => futures_lite::future::yield_now().await,
        _ => _ = async_io::Timer::after(Duration::from_micros(200)).await,
    }
    Ok(value)
}

/// Submits jobs and waits for them in all ways, until `stop`.
fn submit(count: &Arc<Count>, stop: &Gate) {
    for value in 0.. {
        if stop.is_open() {
            return;
        }
        let counted = Counted::new(count);
        let result = match value % 4 {
            0 => crochet::wait_for(Duration::MAX, work(counted, value)),
            1 => crochet::run_in_reactor(move || work(counted, value)).join(Duration::MAX),
            2 => {
                let job = crochet::run_in_reactor(move || work(counted, value));
                futures_lite::future::block_on(job.into_future()).map_err(Error::flatten)
            }
            _ => {
                let jobs: [Job<_>; 3] = [1, 2, 3].map(|_| {
                    let counted = Counted::new(count);
                    crochet::run_in_reactor(move || work(counted, value))
                });
                jobs.into_iter().for_each(|job| count.result(job.join(Duration::MAX), value));
                crochet::wait_for(Duration::MAX, work(counted, value))
            }
        };
        count.result(result, value);
    }
}

#[test]
fn a_storm_of_submissions_loses_no_job_and_no_waiter_to_shutdowns() {
    own_process!();
    const ROUNDS: usize = 200;
    let (count, stop) = (Arc::new(Count::default()), Gate::new());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| submit(&count, &stop));
        }
        let _stop = stop.open_on_drop();
        for round in 0..ROUNDS {
            let before = count.done.load(Ordering::Relaxed);
            until(|| count.done.load(Ordering::Relaxed) > before);
            match round % 4 {
                0 => crochet::shutdown(LONG).unwrap(),
                1 => thread::scope(|scope| {
                    for _ in 0..2 {
                        scope.spawn(|| crochet::shutdown(LONG).unwrap());
                    }
                }),
                2 => {
                    let job: Job =
                        crochet::run_in_reactor(|| async { crochet::shutdown(Duration::MAX) });
                    // Its own shutdown does not take its result away; another one may have come
                    // first.
                    assert!(matches!(job.join(LONG), Ok(()) | Err(Error::ReactorStopped)));
                }
                _ => {
                    crochet::setup().unwrap();
                    crochet::shutdown(Duration::ZERO).ok();
                }
            }
        }
    });
    crochet::shutdown(LONG).unwrap();
    let get = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    // A reactor that was only asked to stop may be at it still, but no waiter saw anything before
    // its drop.
    assert_eq!(get(&count.done) + get(&count.stopped), get(&count.submitted));
    assert_eq!(get(&count.dropped), get(&count.submitted));
    assert!(get(&count.done) >= ROUNDS && get(&count.stopped) > 0);
}

#[test]
fn a_hundred_thousand_jobs_are_dropped_once_each_on_the_reactor_thread() {
    const JOBS: usize = 100_000;
    let _limit = limit(LONG * 5);
    let reactor = Reactor::new().unwrap();
    let (there, drops) = (thread_of(&reactor), Probe::new());
    let submit = |_| reactor.run_in_reactor(never(drops.witness()));
    let mut jobs: Vec<_> = (0..JOBS / 2).map(submit).collect();
    settle(&reactor);
    let hog = hog(&reactor);
    jobs.extend((0..JOBS / 2).map(submit));
    assert_eq!(drops.count(), 0);

    thread::scope(|scope| {
        let waits = scope.spawn(|| jobs[JOBS - 1].wait(LONG).unwrap_err().is_reactor_stopped());
        assert!(reactor.shutdown(Duration::ZERO).unwrap_err().is_timeout());
        hog.release();
        assert!(waits.join().unwrap());
    });
    reactor.shutdown(LONG).unwrap();
    let stopped = |job: &&Job| job.wait(Duration::ZERO).is_err_and(|e| e.is_reactor_stopped());
    assert_eq!(jobs.iter().filter(stopped).count(), JOBS);
    assert_eq!(drops.threads(), vec![there; JOBS]);
}

#[test]
fn jobs_that_are_woken_while_it_stops_are_dropped_once() {
    const JOBS: usize = 2_000;
    let _limit = limit(LONG * 5);
    let reactor = Reactor::new().unwrap();
    let (there, drops) = (thread_of(&reactor), Probe::new());
    let wakers = Arc::new(Mutex::new(Vec::<Waker>::new()));
    let jobs: Vec<Job> = (0..JOBS)
        .map(|_| {
            let (witness, wakers) = (drops.witness(), Arc::clone(&wakers));
            reactor.run_in_reactor(move || {
                let mut registered = 0;
                future::poll_fn(move |cx| {
                    let _witness = &witness;
                    // The waker of the first poll is not that of the task.
                    if registered < 2 {
                        registered += 1;
                        wakers.lock().unwrap().push(cx.waker().clone());
                    }
                    Poll::Pending
                })
            })
        })
        .collect();
    until(|| wakers.lock().unwrap().len() == 2 * JOBS);
    let wakers = std::mem::take(&mut *wakers.lock().unwrap());
    let stop = Gate::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.is_open() {
                wakers.iter().for_each(Waker::wake_by_ref);
            }
        });
        reactor.shutdown(LONG).unwrap();
        stop.open();
    });
    drop(wakers);
    assert!(jobs.iter().all(|job| job.wait(LONG).unwrap_err().is_reactor_stopped()));
    assert_eq!(drops.threads(), vec![there; JOBS]);
}
