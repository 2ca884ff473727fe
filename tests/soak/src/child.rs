//! Forks of this process, and children of async-process.

use std::io;
#[cfg(unix)]
use std::time::Duration;

use async_process::{Command, Stdio};
#[cfg(unix)]
use crochet::Error;

/// Forks; the child must be refused by every call, within seconds.
#[cfg(unix)]
pub(crate) fn fork() {
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: the child uses the allocator, which can be used after a fork, and the code under
    // test.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "{}", io::Error::last_os_error());
    if child == 0 {
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: both take a number. The signal ends a child that is stuck; `_exit` does not
        // return.
        unsafe {
            libc::alarm(30);
            libc::_exit(i32::from(!is_refused()));
        }
    }
    let mut status = -1;
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: the pointer is to a whole `c_int`.
    let waited = unsafe { libc::waitpid(child, &mut status, 0) };
    assert_eq!((waited, status), (child, 0), "the forked child");
}

#[cfg(not(unix))]
pub(crate) fn fork() {}

#[cfg(unix)]
fn is_refused() -> bool {
    let forked = |result| matches!(result, Err(Error::Forked { .. }));
    let job = crochet::run_in_reactor(|| async { Ok::<(), Error>(()) });
    forked(crochet::wait_for(Duration::MAX, async { Ok(()) }))
        && forked(job.join(Duration::MAX))
        && forked(crochet::setup())
        && forked(crochet::shutdown(Duration::MAX))
        && forked(crochet::Reactor::new().map(drop))
}

/// Runs a child to its end, or until this is dropped.
pub(crate) async fn run(quick: bool) -> io::Result<()> {
    let mut command = if quick {
        Command::new("true")
    } else {
        let mut sleeper = Command::new("sleep");
        sleeper.arg("600");
        sleeper
    };
    command.stdin(Stdio::null()).kill_on_drop(true).status().await.map(drop)
}
