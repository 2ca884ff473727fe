//! Reactors that come and go: beside a storm of submissions, from jobs and their drops, with handles in
//! thread-locals. `shutdown.rs`, `starting.rs` and `handles.rs` have the simple cases.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::{Gate, LONG, OnDrop, endless, limit, own_process, until};
use crochet::{Error, EventualResult, Reactor};

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
                    // Its own shutdown does not take its result away; another one may have come first.
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
    // A reactor that was only asked to stop may be at it still, but no waiter saw anything before its drop.
    assert_eq!(get(&count.done) + get(&count.stopped), get(&count.submitted));
    assert_eq!(get(&count.dropped), get(&count.submitted));
    assert!(get(&count.done) >= ROUNDS && get(&count.stopped) > 0);
}

#[test]
fn a_drop_may_shut_its_own_reactor_down() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let again = reactor.clone();
    let stopper = endless(&reactor, OnDrop(move || again.shutdown(Duration::MAX).unwrap()));
    let other = endless(&reactor, ());
    stopper.cancel();
    assert!(stopper.wait(LONG).unwrap_err().is_cancelled());
    assert!(other.wait(LONG).unwrap_err().is_reactor_stopped());
    reactor.shutdown(LONG).unwrap();
}

#[test]
fn a_drop_during_the_shutdown_may_shut_down_once_more() {
    own_process!();
    let reactor = Reactor::global().unwrap();
    let jobs =
        [0; 3].map(|_| endless(&reactor, OnDrop(|| crochet::shutdown(Duration::MAX).unwrap())));
    crochet::shutdown(LONG).unwrap();
    for job in &jobs {
        assert!(job.wait(Duration::ZERO).unwrap_err().is_reactor_stopped());
    }
    // It was another reactor that these stopped.
    let five: Result<_, Error> = crochet::wait_for(LONG, async { Ok(5) });
    assert_eq!(five.unwrap(), 5);
}

#[test]
fn a_drop_may_shut_another_reactor_down_and_wait_for_it() {
    let _limit = limit(LONG);
    let (one, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let there = endless(&other, ());
    let here = endless(&one, OnDrop(move || other.shutdown(LONG).unwrap()));
    one.shutdown(LONG).unwrap();
    assert!(here.wait(Duration::ZERO).unwrap_err().is_reactor_stopped());
    assert!(there.wait(Duration::ZERO).unwrap_err().is_reactor_stopped());
}

/// A handle and a reactor, kept in a thread-local; what its drop finds goes to `found`.
struct Kept {
    job: Option<Job>,
    reactor: Option<Reactor>,
    found: std::sync::mpsc::Sender<Option<bool>>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        let job = self.job.take();
        let stopped = job.map(|job| match job.try_wait() {
            Some(Err(Error::ReactorStopped)) => true,
            None => false,
            other => panic!("{other:?}"),
        });
        drop(self.reactor.take());
        self.found.send(stopped).unwrap();
    }
}

thread_local!(static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) });

#[test]
fn handles_in_a_thread_local_of_their_own_reactor_thread_go_when_it_ends() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = endless(&reactor, ());
    let (found, finds) = std::sync::mpsc::channel();
    let keep = {
        let kept = Kept { job: Some(job), reactor: Some(reactor.clone()), found };
        async {
            KEPT.set(Some(kept));
            Ok::<_, Error>(())
        }
    };
    reactor.wait_for(LONG, keep).unwrap();
    reactor.shutdown(LONG).unwrap();
    assert_eq!(finds.try_recv(), Ok(Some(true)));
}

#[test]
fn handles_in_a_thread_local_of_another_thread_may_outlive_it() {
    let _limit = limit(LONG);
    let (found, finds) = std::sync::mpsc::channel();
    let dropped = Gate::new();
    let on_drop = dropped.open_on_drop();
    thread::spawn(move || {
        let reactor = Reactor::new().unwrap();
        let job = endless(&reactor, on_drop);
        KEPT.set(Some(Kept { job: Some(job), reactor: Some(reactor), found }));
    })
    .join()
    .unwrap();
    // The thread-local had the last handle, so its drop stopped the reactor.
    assert_eq!(finds.recv_timeout(LONG), Ok(Some(false)));
    dropped.pass();
}

#[test]
fn a_drop_of_a_thread_local_may_use_the_global_reactor() {
    own_process!();
    struct Uses(std::sync::mpsc::Sender<[Result<i32, Error>; 2]>);
    impl Drop for Uses {
        fn drop(&mut self) {
            let job: Job<_> = crochet::run_in_reactor(|| async { Ok(5) });
            let waited = crochet::wait_for(LONG, async { Ok(6) });
            self.0.send([job.join(LONG), waited]).unwrap();
        }
    }
    thread_local!(static USES: RefCell<Option<Uses>> = const { RefCell::new(None) });

    for round in 0..3 {
        let (uses, used) = std::sync::mpsc::channel();
        let early = round == 1;
        thread::spawn(move || {
            if early {
                // The crate's own thread-locals are older than this one, or younger.
                crochet::wait_for(LONG, async { Ok::<_, Error>(()) }).unwrap();
            }
            USES.set(Some(Uses(uses)));
            crochet::wait_for(LONG, async { Ok::<_, Error>(()) }).unwrap();
        })
        .join()
        .unwrap();
        let [five, six] = used.recv_timeout(LONG).unwrap();
        assert_eq!((five.unwrap(), six.unwrap()), (5, 6));
        crochet::shutdown(LONG).unwrap();
    }
}
