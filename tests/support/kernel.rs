//! The kernel's view of this process's threads.

use std::fs;
use std::mem;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::until;

/// The threads' names, and their directories. Those that end meanwhile are left out.
pub(crate) fn threads() -> Vec<(String, PathBuf)> {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let name = |dir: &Path| Some(fs::read_to_string(dir.join("comm")).ok()?.trim_end().to_owned());
    tasks.filter_map(|dir| Some((name(&dir)?, dir))).collect()
}

/// The directories of the threads of that name.
pub(crate) fn threads_named(name: &str) -> Vec<PathBuf> {
    threads().into_iter().filter_map(|(thread, dir)| (thread == name).then_some(dir)).collect()
}

/// How often a thread has gone to sleep by itself, which is how often it was woken.
pub(crate) fn sleeps(dir: &Path) -> u64 {
    let status = fs::read_to_string(dir.join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

/// Panics if one of the threads is woken for a second and a half, after they have come to rest.
#[track_caller]
pub(crate) fn assert_asleep(threads: &[PathBuf]) {
    let all = || threads.iter().map(|dir| sleeps(dir)).sum::<u64>();
    let mut last = all();
    until(|| {
        thread::sleep(Duration::from_millis(200));
        mem::replace(&mut last, all()) == last
    });
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(all(), last);
}
