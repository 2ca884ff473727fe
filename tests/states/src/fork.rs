//! A fork of this process.

/// Forks. Panics unless `check` holds in the child, within seconds.
pub(crate) fn in_child(check: impl FnOnce() -> bool) {
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: the child uses the allocator, which can be used after a fork, and the code under
    // test.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "{}", std::io::Error::last_os_error());
    if child == 0 {
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: both take a number. The signal ends a child that is stuck; `_exit` does not
        // return.
        unsafe {
            libc::alarm(30);
            libc::_exit(i32::from(!check()));
        }
    }
    let mut status = -1;
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: the pointer is to a whole `c_int`.
    let waited = unsafe { libc::waitpid(child, &mut status, 0) };
    assert_eq!((waited, status), (child, 0), "the forked child was not refused");
}
