//! Sending signals, and on Windows Ctrl-C. Not in `mod.rs`, which packages use that are without
//! libc.

#[cfg(unix)]
#[allow(unused_imports, reason = "not every suite uses all of it")]
pub(crate) use libc::{SIGINT, SIGTERM};

/// What users send to end a program.
#[cfg(unix)]
#[allow(dead_code, reason = "not every suite uses it")]
pub(crate) const STOPS: &[i32] = &[SIGINT, SIGTERM];

/// Sends a signal to this process, or to a child that has not been waited for.
#[cfg(unix)]
#[track_caller]
pub(crate) fn kill(pid: u32, signal: i32) {
    let pid = libc::pid_t::try_from(pid).unwrap();
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: it takes two numbers.
    let error = unsafe { libc::kill(pid, signal) };
    assert_eq!(error, 0);
}

#[cfg(windows)]
pub(crate) use console::{NO_WINDOW, SIGINT, STOPS, kill};

/// Ctrl-C is an event of a console, which goes to all processes that are attached to it. So the
/// child has a console of its own, without a window, and a helper process, which has left that of
/// the tests, attaches itself to it.
#[cfg(windows)]
mod console {
    use std::env;

    use crate::support::{child_command, child_output};

    /// The number that Ctrl-C has here, and on Unix.
    pub(crate) const SIGINT: i32 = 2;
    pub(crate) const STOPS: &[i32] = &[SIGINT];
    /// The flag of a command whose process has a console of its own.
    pub(crate) const NO_WINDOW: u32 = 0x0800_0000;

    const TARGET: &str = "CROCHET_TEST_INTERRUPT";

    /// Presses Ctrl-C for a child that was started with [`NO_WINDOW`].
    #[track_caller]
    pub(crate) fn kill(pid: u32, signal: i32) {
        assert_eq!(signal, SIGINT, "there is no other");
        let (_, module) = module_path!().split_once("::").unwrap();
        let mut helper = child_command(&format!("{module}::helper"));
        let output = child_output(helper.arg("--ignored").env(TARGET, pid.to_string()));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    }

    #[test]
    #[ignore = "the helper process of `kill`"]
    #[expect(unsafe_code, reason = "FFI")]
    fn helper() {
        type Handler = extern "system" fn(u32) -> i32;
        #[link(name = "kernel32")]
        unsafe extern "system" {
            fn FreeConsole() -> i32;
            fn AttachConsole(pid: u32) -> i32;
            fn SetConsoleCtrlHandler(handler: Option<Handler>, add: i32) -> i32;
            fn GenerateConsoleCtrlEvent(event: u32, group: u32) -> i32;
        }
        /// This process gets the event, too.
        extern "system" fn handled(_: u32) -> i32 {
            1
        }

        let pid = env::var(TARGET).expect("`kill` starts it").parse().unwrap();
        // SAFETY: these take numbers, and a function that lives as long as the process.
        unsafe {
            FreeConsole(); // fails if there is none
            assert_ne!(AttachConsole(pid), 0);
            assert_ne!(SetConsoleCtrlHandler(Some(handled), 1), 0);
            assert_ne!(GenerateConsoleCtrlEvent(0, 0), 0);
        }
    }
}
