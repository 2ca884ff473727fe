//! Starts the servers of tests, so that they do not outlive the test's process.

use std::io;
use std::process::{Child, Command};

/// Starts a server that ends with this process, even if that is killed.
///
/// The kernel sends the signal when the *thread* that has started the server ends. A test's thread
/// may end before what it has put into a `static`, so one thread, which never ends, starts all.
///
/// The signal is `SIGQUIT`: killed, postgres could not end its own processes. A server that is
/// paused, in a group of its own, takes it as well: the kernel continues a stopped group whose last
/// relative outside has gone. It is not ignored, even where the test's runner was started so.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the standard library has no call for it")]
pub(crate) fn spawn(mut command: Command) -> io::Result<Child> {
    use std::os::unix::process::CommandExt;
    use std::sync::OnceLock;
    use std::sync::mpsc::{self, Sender};
    use std::{process, thread};

    type Job = (Command, Sender<io::Result<Child>>);
    static STARTER: OnceLock<Sender<Job>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (starter, jobs) = mpsc::channel::<Job>();
        thread::spawn(move || {
            for (mut command, child) in jobs {
                let _ = child.send(command.spawn());
            }
        });
        starter
    });
    let parent = process::id();
    let end_with_parent = move || {
        // SAFETY: these calls take and return numbers alone.
        let (set, kept, now) = unsafe {
            libc::signal(libc::SIGQUIT, libc::SIG_DFL);
            let set = libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGQUIT);
            // What its own processes have started stays in the server's family when they end.
            (set, libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1), libc::getppid())
        };
        if set != 0 || kept != 0 {
            return Err(io::Error::last_os_error());
        }
        // RACE: a parent that ended before the call above sends no signal; this process has another
        // parent by now.
        if u32::try_from(now) != Ok(parent) {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        Ok(())
    };
    // SAFETY: the closure calls only what is safe after a fork: no locks, no allocations.
    unsafe { command.pre_exec(end_with_parent) };
    let (child, started) = mpsc::channel();
    starter.send((command, child)).expect("the thread never ends");
    started.recv().expect("it answers")
}

/// Starts a server. If this process is killed, the server goes on.
#[cfg(not(target_os = "linux"))]
pub(crate) fn spawn(mut command: Command) -> io::Result<Child> {
    command.spawn()
}
