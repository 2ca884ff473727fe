//! An idle reactor sleeps: no polling, no wake-ups. Counted by the kernel, so on Linux only.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::support::{LONG, own_process, until};
use async_io::Timer;
use crochet::{Error, EventualResult, Reactor};

/// The kernel's view of the global reactor's thread, which has begun to run jobs.
fn reactor_dir() -> PathBuf {
    let waited: Result<(), Error> = crochet::wait_for(LONG, async { Ok(()) });
    waited.unwrap();
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let named = |dir: &PathBuf| {
        fs::read_to_string(dir.join("comm")).is_ok_and(|comm| comm.trim_end() == "crochet")
    };
    tasks.into_iter().find(named).unwrap()
}

/// How often the thread has gone to sleep by itself, which is how often it was woken.
fn sleeps(dir: &Path) -> u64 {
    let status = fs::read_to_string(dir.join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

/// Blocks until the thread has not been woken for a while, or for ever.
fn settle(dir: &Path) {
    let mut last = sleeps(dir);
    until(|| {
        thread::sleep(Duration::from_millis(200));
        std::mem::replace(&mut last, sleeps(dir)) == last
    });
}

fn assert_asleep(dir: &Path) {
    settle(dir);
    let before = sleeps(dir);
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(sleeps(dir) - before, 0);
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
    assert_asleep(&reactor_dir());
}

#[test]
fn a_reactor_with_a_job_on_a_far_timer_is_never_woken() {
    own_process!();
    let job = far_timer();
    assert_asleep(&reactor_dir());
    assert!(!job.is_finished());
}

#[test]
fn a_reactor_that_may_busy_wait_sleeps_when_it_is_idle() {
    own_process!();
    crochet::setup_with(Reactor::builder().spin(Duration::from_micros(20))).unwrap();
    let job = far_timer();
    let dir = reactor_dir();
    assert_asleep(&dir);
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
