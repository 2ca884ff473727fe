//! Forks of this process, and children of async-process.

use std::env;
use std::io;
use std::thread;
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
    let mut command = if cfg!(unix) {
        let mut command = Command::new(if quick { "true" } else { "sleep" });
        command.args((!quick).then_some(SECONDS.to_string()));
        command
    } else {
        let mut command = Command::new(env::current_exe()?);
        command.args([CHILD, if quick { QUICK } else { "slow" }]);
        command
    };
    command.stdin(Stdio::null()).kill_on_drop(true);
    for _ in 0..20 {
        match command.spawn() {
            // Under Wine about one in twenty cannot be started, whoever starts it.
            Err(error) if cfg!(windows) && error.raw_os_error() == Some(ERROR_INTERNAL_ERROR) => {}
            started => return started?.status().await.map(drop),
        }
    }
    Err(io::Error::other("not one of twenty children could be started"))
}

/// For how long a slow child sleeps, if no one kills it.
const SECONDS: u64 = 600;
const ERROR_INTERNAL_ERROR: i32 = 1359;

const CHILD: &str = "--child";
const QUICK: &str = "quick";

/// Where there are no programs `true` and `sleep`, the children are this program: does what such a
/// child does, and returns true, if this process is one.
pub(crate) fn is_child() -> bool {
    let mut args = env::args().skip(1);
    let is_child = args.next().is_some_and(|flag| flag == CHILD);
    if is_child && args.next().as_deref() != Some(QUICK) {
        thread::sleep(Duration::from_secs(SECONDS));
    }
    is_child
}
