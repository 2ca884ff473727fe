//! Sending signals. Not in `mod.rs`, which packages use that are without libc.

/// Sends a signal to this process, or to a child that has not been waited for.
#[track_caller]
pub(crate) fn kill(pid: u32, signal: i32) {
    let pid = libc::pid_t::try_from(pid).unwrap();
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: it takes two numbers.
    let error = unsafe { libc::kill(pid, signal) };
    assert_eq!(error, 0);
}
