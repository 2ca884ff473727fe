//! Forks of a test's process, and what to expect of them.

#![allow(dead_code, reason = "each suite uses some of it")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::time::{Duration, Instant};

use crochet::Error;

/// How a forked child ends.
pub(crate) enum End {
    /// At once: no exit handlers, no destructors of thread-locals.
    AtOnce,
    /// With all of these.
    Normally,
}

/// Runs `body` in a fork of this process. Panics unless it succeeds within some seconds.
#[track_caller]
pub(crate) fn in_fork_ending(end: End, body: impl FnOnce()) {
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: the child has this thread only. What it uses is the C library's allocator, which can be
    // used after a fork, and the code under test, which must not rely on other threads.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "{}", std::io::Error::last_os_error());
    if pid == 0 {
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: it takes a number. The signal ends a child that is stuck.
        let _ = unsafe { libc::alarm(20) };
        let failed = catch_unwind(AssertUnwindSafe(body)).is_err();
        match end {
            End::Normally => process::exit(failed.into()),
            #[expect(unsafe_code, reason = "FFI")]
            // SAFETY: it takes a number, and does not return.
            End::AtOnce => unsafe { libc::_exit(failed.into()) },
        }
    }
    let mut status = 0;
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: the pointer is to a whole `c_int`.
    let waited = unsafe { libc::waitpid(pid, &mut status, 0) };
    assert_eq!(waited, pid);
    let stuck = libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGALRM;
    assert!(!stuck, "the forked child was stuck");
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "status {status:#x}");
}

#[track_caller]
pub(crate) fn in_fork(body: impl FnOnce()) {
    in_fork_ending(End::AtOnce, body);
}

/// Calls it, which may not take a second.
#[track_caller]
pub(crate) fn at_once<R>(call: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = call();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    result
}

/// Calls it, which must fail at once, as forked from this process.
#[track_caller]
pub(crate) fn refused<T, E>(parent: u32, call: impl FnOnce() -> Result<T, Error<E>>) {
    match at_once(call) {
        Err(Error::Forked { setup_pid, .. }) => assert_eq!(setup_pid, parent),
        Err(Error::Job(_)) => panic!("it failed by itself"),
        Err(other) => panic!("{:?}", other.is_reactor_stopped()),
        Ok(_) => panic!("it is not refused"),
    }
}
