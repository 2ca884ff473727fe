//! Forks of a test's process, and what to expect of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::time::{Duration, Instant};

use crochet::{Error, EventualResult, Reactor};

use super::LONG;

/// After so many seconds, a forked child is stuck.
const LIMIT: u32 = 40;

/// Forks here and now. The child, which gets 0, has [`LIMIT`] to end.
pub(crate) fn fork() -> libc::pid_t {
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: the child has this thread only. What it uses is the C library's allocator, which can
    // be used after a fork, and the code under test, which must not rely on other threads. `alarm`
    // takes a number; the signal ends the child.
    let pid = unsafe {
        let pid = libc::fork();
        if pid == 0 {
            libc::alarm(LIMIT);
        }
        pid
    };
    assert!(pid >= 0, "{}", std::io::Error::last_os_error());
    pid
}

/// Ends the process: no exit handlers, no destructors of thread-locals.
pub(crate) fn exit_at_once(status: i32) -> ! {
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: it takes a number, and does not return.
    unsafe {
        libc::_exit(status)
    }
}

/// Blocks until the child has ended by itself, and returns its status. Panics if it was stuck.
#[track_caller]
pub(crate) fn status_of(child: libc::pid_t) -> i32 {
    let mut status = 0;
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: the pointer is to a whole `c_int`.
    let waited = unsafe { libc::waitpid(child, &mut status, 0) };
    assert_eq!(waited, child);
    let stuck = libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGALRM;
    assert!(!stuck, "the forked child was stuck");
    assert!(libc::WIFEXITED(status), "status {status:#x}");
    libc::WEXITSTATUS(status)
}

/// How a forked child ends.
pub(crate) enum End {
    /// As by [`exit_at_once`].
    AtOnce,
    /// With exit handlers, and the destructors of thread-locals.
    Normally,
}

/// Runs `body` in a fork of this process. Panics unless it succeeds.
#[track_caller]
pub(crate) fn in_fork_ending(end: End, body: impl FnOnce()) {
    let child = fork();
    if child == 0 {
        let failed = catch_unwind(AssertUnwindSafe(body)).is_err();
        match end {
            End::Normally => process::exit(failed.into()),
            End::AtOnce => exit_at_once(failed.into()),
        }
    }
    assert_eq!(status_of(child), 0);
}

#[track_caller]
pub(crate) fn in_fork(body: impl FnOnce()) {
    in_fork_ending(End::AtOnce, body);
}

/// Calls it, which may not wait for anything. The bound is far from what that takes, and from what
/// it would wait.
#[track_caller]
pub(crate) fn at_once<R>(call: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = call();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(10), "it took {took:?}");
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

/// Checks that the global reactor works, by jobs of both kinds.
#[track_caller]
pub(crate) fn works() {
    let five: Result<_, Error> = crochet::wait_for(LONG, async { Ok(5) });
    assert_eq!(five.unwrap(), 5);
    let job: EventualResult<_, Error> = crochet::run_in_reactor(|| async { Ok(6) });
    assert_eq!(job.join(LONG).unwrap(), 6);
}

/// Every way to start or use the global reactor, in a forked child.
pub(crate) fn check_functions(parent: u32) {
    refused(parent, crochet::setup);
    refused(parent, || crochet::setup_with(Reactor::builder().name("child")));
    refused(parent, crochet::no_setup);
    refused(parent, || crochet::shutdown(LONG));
    refused(parent, Reactor::new);
    refused(parent, Reactor::global);
    refused(parent, || crochet::wait_for(LONG, async { Ok::<(), Error>(()) }));
    let job: EventualResult<(), Error> = at_once(|| crochet::run_in_reactor(|| async { Ok(()) }));
    refused(parent, || job.wait(LONG));
    refused(parent, || job.try_wait().unwrap());
    refused(parent, || job.into_result(LONG));
}
