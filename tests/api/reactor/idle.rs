//! An idle reactor sleeps: no polling, no wake-ups. Counted by the kernel, so on Linux only.

use std::fs;
use std::path::PathBuf;
use std::slice;
use std::thread;
use std::time::Duration;

use crate::support::kernel::{assert_asleep, threads_named};
use crate::support::{own_process, settle};
use async_io::Timer;
use crochet::{Error, EventualResult, Reactor};

/// The global reactor's thread, which has begun to run jobs.
fn reactor() -> PathBuf {
    settle(&Reactor::global().unwrap());
    threads_named("crochet").remove(0)
}

/// A job that waits for a timer in the far future.
fn far_timer() -> EventualResult<(), Error> {
    crochet::run_in_reactor(|| async {
        Timer::after(Duration::from_secs(3600)).await;
        Ok(())
    })
}

#[test]
fn a_reactor_without_jobs_is_never_woken() {
    own_process!();
    crochet::setup().unwrap();
    assert_asleep(&[reactor()]);
}

#[test]
fn a_reactor_with_a_job_on_a_far_timer_is_never_woken() {
    own_process!();
    let job = far_timer();
    assert_asleep(&[reactor()]);
    assert!(!job.is_finished());
}

#[test]
fn a_reactor_that_may_busy_wait_sleeps_when_it_is_idle() {
    own_process!();
    crochet::setup_with(Reactor::builder().spin(Duration::from_micros(20))).unwrap();
    let job = far_timer();
    let dir = reactor();
    assert_asleep(slice::from_ref(&dir));
    // It does not busy-wait either: that costs processor time, and no sleeps.
    let cpu_ticks = || {
        let stat = fs::read_to_string(dir.join("stat")).unwrap();
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = cpu_ticks();
    thread::sleep(Duration::from_millis(1500));
    // A tick is 10 ms; one may be charged to a thread that only happens to be there.
    assert!(cpu_ticks() - before <= 1);
    assert!(!job.is_finished());
}
