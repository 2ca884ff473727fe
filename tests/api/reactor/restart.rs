//! Reactors that come and go: from jobs and their drops, with handles in thread-locals.
//! `shutdown.rs`, `starting.rs` and `handles.rs` have the simple cases, and `tests/stress` a storm
//! of submissions.

use std::cell::RefCell;
use std::thread;
use std::time::Duration;

use crate::support::{Gate, LONG, OnDrop, endless, limit, own_process};
use crochet::{Error, EventualResult, Reactor};

type Job<T = ()> = EventualResult<T, Error>;

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
