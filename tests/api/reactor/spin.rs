//! `Builder::spin`: how long either side looks before it sleeps makes no difference to any result.
//!
//! | | `ZERO` | 50 µs | longer than the job |
//! |---|---|---|---|
//! | ready at once, or after some turns | the same | the same | the same |
//! | after a timer, or a wake from outside | the same | the same | the same |
//! | late, cancelled, stopped | the same | the same | the same |
//!
//! Without it, and for a `Driver`, the environment variable `CROCHET_SPIN` sets the bound.

use std::thread;
use std::time::{Duration, Instant};

use async_io::Timer;
use crochet::{Error, Reactor};

use crate::support::{LONG, Probe, endless, held, limit, log, own_process};

const SPINS: [Duration; 3] = [Duration::ZERO, Duration::from_micros(50), Duration::from_millis(20)];

/// A reactor for each setting.
fn reactors() -> [(Duration, Reactor); 3] {
    SPINS.map(|spin| (spin, Reactor::builder().spin(spin).build().unwrap()))
}

#[test]
fn timers_wake_a_job_in_time() {
    let _limit = limit(LONG);
    for (spin, reactor) in reactors() {
        for ms in [0, 1, 5, 40] {
            let start = Instant::now();
            let job = reactor.run_in_reactor(move || async move {
                Timer::after(Duration::from_millis(ms)).await;
                Ok::<_, Error>(ms)
            });
            assert_eq!(job.join(LONG).unwrap(), ms, "{spin:?}");
            assert!(start.elapsed() >= Duration::from_millis(ms), "{spin:?}");
        }
    }
}

#[test]
fn a_wake_from_outside_is_noticed_while_it_looks_and_while_it_sleeps() {
    let _limit = limit(LONG);
    for (spin, reactor) in reactors() {
        for pause in [0, 10, 60, 500] {
            let (leash, job) = held(&reactor, Ok::<_, Error>(7));
            thread::sleep(Duration::from_micros(pause));
            leash.release();
            assert_eq!(job.join(LONG).unwrap(), 7, "{spin:?}");
        }
    }
}

#[test]
fn a_timeout_that_is_shorter_than_the_look_is_kept() {
    let _limit = limit(LONG);
    let reactor = Reactor::builder().spin(LONG).build().unwrap();
    let job = endless(&reactor, ());
    for timeout in [Duration::ZERO, Duration::from_millis(5)] {
        let start = Instant::now();
        assert!(job.wait(timeout).unwrap_err().is_timeout());
        assert!(start.elapsed() >= timeout);
        assert!(start.elapsed() < LONG / 2);
    }
    reactor.shutdown(LONG).unwrap();
}

#[test]
fn no_look_overflows() {
    let _limit = limit(LONG);
    let reactor = Reactor::builder().spin(Duration::MAX).build().unwrap();
    let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(7) });
    assert_eq!(*job.wait(Duration::MAX).unwrap(), 7);
    reactor.shutdown(LONG).unwrap();
}

#[test]
fn cancelled_and_stopped_jobs_are_so_in_any_case() {
    let _limit = limit(LONG);
    for (spin, reactor) in reactors() {
        let drops = Probe::new();
        let [cancelled, stopped] = [(); 2].map(|()| endless(&reactor, drops.witness()));
        cancelled.cancel();
        assert!(cancelled.wait(LONG).unwrap_err().is_cancelled(), "{spin:?}");
        reactor.shutdown(LONG).unwrap();
        assert!(stopped.wait(LONG).unwrap_err().is_reactor_stopped(), "{spin:?}");
        assert_eq!(drops.count(), 2, "{spin:?}");
    }
}

#[test]
fn a_malformed_variable_is_ignored_and_logged_once() {
    own_process!(|child| _ = child.env("CROCHET_SPIN", "20us"));
    let log = log();
    for _ in 0..2 {
        let reactor = Reactor::new().unwrap();
        reactor.wait_for(LONG, async { Ok::<_, Error>(()) }).unwrap();
    }
    let records = log.with("CROCHET_SPIN");
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0].level, log::Level::Warn);
    let text = "CROCHET_SPIN=20us is ignored, as it is not a whole number of microseconds";
    assert_eq!(records[0].text, text);
}

#[cfg(target_os = "linux")]
mod variable {
    use std::path::Path;

    use super::*;
    use crate::support::kernel::sleeps;

    /// Whether this thread goes to sleep in each of ten waits for a timer.
    fn sleeps_each_time(reactor: &Reactor) -> bool {
        let this_thread = Path::new("/proc/thread-self");
        let before = sleeps(this_thread);
        for _ in 0..10 {
            let timer = async {
                Timer::after(Duration::from_millis(20)).await;
                Ok::<_, Error>(())
            };
            reactor.wait_for(LONG, timer).unwrap();
        }
        sleeps(this_thread) - before >= 10
    }

    /// With one core there is no busy-wait, whatever the bound.
    fn is_one_core() -> bool {
        thread::available_parallelism().is_ok_and(|cores| cores.get() == 1)
    }

    #[test]
    fn zero_is_no_busy_wait_unless_the_builder_sets_a_bound() {
        own_process!(|child| _ = child.env("CROCHET_SPIN", "0"));
        let built = Reactor::builder().spin(LONG).build().unwrap();
        assert_eq!(sleeps_each_time(&built), is_one_core());
        assert!(sleeps_each_time(&Reactor::new().unwrap()));
    }

    #[test]
    fn it_is_the_bound_in_microseconds_unless_the_builder_sets_one() {
        own_process!(|child| _ = child.env("CROCHET_SPIN", LONG.as_micros().to_string()));
        let built = Reactor::builder().spin(Duration::ZERO).build().unwrap();
        assert!(sleeps_each_time(&built));
        assert_eq!(sleeps_each_time(&Reactor::new().unwrap()), is_one_core());
    }

    /// Whether this thread goes to sleep in each of ten waits for a timer that a `Driver` runs.
    fn sleeps_each_time_beside_a_driver() -> bool {
        let driver = crochet::no_setup().unwrap();
        let host = thread::spawn(|| async_io::block_on(driver.run(std::future::pending::<()>())));
        let slept = sleeps_each_time(&Reactor::global().unwrap());
        crochet::shutdown(LONG).unwrap();
        assert!(host.join().unwrap().unwrap_err().is_reactor_stopped());
        slept
    }

    #[test]
    fn zero_is_no_busy_wait_for_a_driver() {
        own_process!(|child| _ = child.env("CROCHET_SPIN", "0"));
        assert!(sleeps_each_time_beside_a_driver());
    }

    #[test]
    fn it_is_the_bound_for_a_driver() {
        own_process!(|child| _ = child.env("CROCHET_SPIN", LONG.as_micros().to_string()));
        assert_eq!(sleeps_each_time_beside_a_driver(), is_one_core());
    }
}
