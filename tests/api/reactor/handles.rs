//! A program's own reactors: settings, handles, and how they stop.

use std::future;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Gate, LONG, endless, hog, limit, own_process, thread_of};
use crochet::{Error, EventualResult, JobState, Reactor};

type Job<T = ()> = EventualResult<T, Error>;

fn thread_name(reactor: &Reactor) -> String {
    let name = async { Ok::<_, Error>(thread::current().name().map(str::to_owned)) };
    reactor.wait_for(LONG, name).unwrap().unwrap()
}

fn is_stopped(reactor: &Reactor) -> bool {
    let waited: Result<(), Error> = reactor.wait_for(LONG, async { Ok(()) });
    let job: Job = reactor.run_in_reactor(|| async { Ok(()) });
    let job = job.join(LONG);
    let stopped = |result: &Result<(), Error>| matches!(result, Err(Error::ReactorStopped));
    assert_eq!(stopped(&waited), stopped(&job), "{waited:?} {job:?}");
    stopped(&waited)
}

#[test]
fn its_thread_is_named_crochet_or_as_one_likes() {
    assert_eq!(thread_name(&Reactor::new().unwrap()), "crochet");
    let named = Reactor::builder().name("imap").build().unwrap();
    assert_eq!(thread_name(&named), "imap");
}

#[test]
fn its_stack_is_as_large_as_one_likes() {
    /// Uses `kib` KiB of stack, at least.
    fn dig(kib: usize) -> usize {
        let local = std::hint::black_box([1_u8; 1024]);
        if kib == 0 { 0 } else { dig(kib - 1) + usize::from(local[kib % 1024]) }
    }

    own_process!();
    let reactor = Reactor::builder().stack_size(64 << 20).build().unwrap();
    // Far more than the default of two MiB: this would end the process.
    let depth = reactor.wait_for(LONG, async { Ok::<_, Error>(dig(16 << 10)) });
    assert_eq!(depth.unwrap(), 16 << 10);
}

#[test]
fn reactors_have_threads_of_their_own_and_hold_up_no_other() {
    let _limit = limit(LONG);
    let (one, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let hog = hog(&one);
    let there = thread_of(&other);
    hog.release();
    let here = thread_of(&one);
    assert_ne!(here, there);
}

#[test]
fn clones_are_handles_to_the_same_reactor() {
    let one = Reactor::new().unwrap();
    let other = one.clone();
    assert_eq!(thread_of(&one), thread_of(&other));
    drop(one);
    assert!(!is_stopped(&other));
    let third = other.clone();
    other.shutdown(LONG).unwrap();
    assert!(is_stopped(&third));
}

#[test]
fn dropping_the_last_handle_does_not_wait() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    drop(reactor);
    // Only now: a drop that waited would never get here.
    hog.release();
}

#[test]
fn dropping_the_last_handle_on_its_own_thread_stops_it() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let dropped = Gate::new();
    let other = endless(&reactor, dropped.open_on_drop());
    let (send, receive) = mpsc::channel::<Reactor>();
    let job: Job = reactor.run_in_reactor(move || async move {
        drop(receive.recv().unwrap());
        Ok(())
    });
    send.send(reactor).unwrap();
    job.join(LONG).unwrap();
    dropped.pass();
    assert!(other.wait(LONG).unwrap_err().is_reactor_stopped());
}

#[test]
fn a_handle_that_its_own_job_holds_keeps_it_running() {
    let reactor = Reactor::new().unwrap();
    let inner = reactor.clone();
    let gate = Gate::new();
    let job: Job<_> = reactor.run_in_reactor({
        let gate = gate.clone();
        move || async move {
            crochet::unblock(move || gate.pass()).await;
            Ok(inner.run_in_reactor(|| async { Ok::<_, Error>(6) }).await.unwrap())
        }
    });
    drop(reactor);
    gate.open();
    assert_eq!(job.join(LONG).unwrap(), 6);
}

#[test]
fn shutdown_ends_the_thread() {
    struct Slow(Gate);
    impl Drop for Slow {
        fn drop(&mut self) {
            thread::sleep(Duration::from_millis(20));
            self.0.open();
        }
    }
    thread_local!(static AT_END: std::cell::RefCell<Option<Slow>> = const { std::cell::RefCell::new(None) });

    let reactor = Reactor::new().unwrap();
    let ended = Gate::new();
    let slow = Slow(ended.clone());
    reactor
        .wait_for(LONG, async {
            AT_END.with(|at_end| at_end.replace(Some(slow)));
            Ok::<_, Error>(())
        })
        .unwrap();
    reactor.shutdown(LONG).unwrap();
    assert!(ended.is_open(), "its thread-locals are still there");
}

#[test]
fn a_thread_local_that_does_not_end_does_not_hold_a_shutdown_beyond_its_grace() {
    struct Blocks(Gate);
    impl Drop for Blocks {
        fn drop(&mut self) {
            self.0.pass();
        }
    }
    thread_local!(static AT_END: std::cell::RefCell<Option<Blocks>> = const { std::cell::RefCell::new(None) });

    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let go_on = Gate::new();
    let blocks = Blocks(go_on.clone());
    let set = async {
        AT_END.with(|at_end| at_end.replace(Some(blocks)));
        Ok::<_, Error>(())
    };
    reactor.wait_for(LONG, set).unwrap();
    let late = reactor.shutdown(Duration::from_millis(50)).unwrap_err();
    assert!(late.is_timeout());
    let reason = ": all jobs have ended, but not the thread's thread-locals";
    assert!(late.to_string().ends_with(reason), "{late}");
    go_on.open();
    reactor.shutdown(LONG).unwrap();
}

#[test]
fn shutdown_twice_is_fine() {
    let reactor = Reactor::new().unwrap();
    reactor.shutdown(LONG).unwrap();
    reactor.shutdown(LONG).unwrap();
    reactor.shutdown(Duration::ZERO).unwrap();
}

#[test]
fn shutdown_from_two_threads_returns_in_both() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let dropped = Gate::new();
    let job = endless(&reactor, dropped.open_on_drop());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                reactor.shutdown(LONG).unwrap();
                assert!(dropped.is_open());
            });
        }
    });
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
}

#[test]
fn shutdown_from_a_job_returns_at_once_and_the_job_goes_on_until_it_awaits() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let dropped = Gate::new();
    let other = endless(&reactor, dropped.open_on_drop());
    let inner = reactor.clone();
    let job: Job<_> = reactor.run_in_reactor(move || async move {
        inner.shutdown(LONG).unwrap();
        Ok("still here")
    });
    assert_eq!(job.join(LONG).unwrap(), "still here");
    assert!(other.wait(LONG).unwrap_err().is_reactor_stopped());
    assert!(dropped.is_open());
    reactor.shutdown(LONG).unwrap();
}

#[test]
fn shutdown_frees_every_waiter_wherever_it_waits() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = endless(&reactor, ());
    let awaited = endless(&reactor, ());
    let started = Gate::new();
    thread::scope(|scope| {
        let waits = scope.spawn(|| job.wait(LONG).unwrap_err().is_reactor_stopped());
        let also_waits = scope.spawn(|| job.wait(Duration::MAX).unwrap_err().is_reactor_stopped());
        let awaits = scope.spawn(|| {
            async_io::block_on(async { awaited.await.unwrap_err().is_reactor_stopped() })
        });
        let lends = scope.spawn(|| {
            let result = reactor.wait_for(Duration::MAX, async {
                started.open();
                future::pending::<Result<(), Error>>().await
            });
            result.unwrap_err().is_reactor_stopped()
        });
        started.pass();
        reactor.shutdown(LONG).unwrap();
        for waiter in [waits, also_waits, awaits, lends] {
            assert!(waiter.join().unwrap());
        }
    });
}

#[test]
fn a_shutdown_that_times_out_names_the_job_that_holds_the_thread() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let dropped = Gate::new();
    let other = endless(&reactor, dropped.open_on_drop());
    let hog = hog(&reactor);
    let grace = Duration::from_millis(30);
    let start = Instant::now();
    let error = reactor.shutdown(grace).unwrap_err();
    assert!(start.elapsed() >= grace);

    let text = error.to_string();
    let Error::TimedOut(why) = error else { panic!("{error:?}") };
    assert!(why.waited() >= grace);
    assert_eq!(why.job(), JobState::Running);
    assert_eq!(why.blocked_by().unwrap().location(), hog.location);
    assert!(why.blocked_by().unwrap().held() >= grace);
    let place = format!("by the job started at {}:{}", file!(), hog.location.line());
    assert!(text.ends_with(&place), "{text}");

    // New jobs are refused meanwhile, and it goes on stopping.
    assert!(is_stopped(&reactor));
    assert!(!dropped.is_open());
    hog.release();
    reactor.shutdown(LONG).unwrap();
    assert!(dropped.is_open());
    assert!(other.wait(LONG).unwrap_err().is_reactor_stopped());
}

#[test]
fn a_shutdown_without_grace_only_asks() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    assert!(reactor.shutdown(Duration::ZERO).unwrap_err().is_timeout());
    assert!(is_stopped(&reactor));
    hog.release();
    reactor.shutdown(Duration::MAX).unwrap();
}
