//! Blocking code, off the reactor thread.

/// Runs blocking code on a thread of its own, for async code to await.
///
/// A blocking call inside a job holds up all other jobs: a file, a lock, a long computation. Give it to
/// `unblock`, from any executor. The threads are those of the [`blocking`] crate: started when needed, up
/// to 500, and ended after some idle seconds.
///
/// # Cancellation
///
/// If the future is dropped before `f` has started, `f` is dropped uncalled. If it has started, it runs to
/// its end, and its result is dropped.
///
/// # Panics
///
/// If `f` panics: its panic goes on where the future is awaited.
///
/// # Examples
///
/// ```
/// use std::{fs, io, time::Duration};
///
/// let text = crochet::wait_for(Duration::from_secs(60), async {
///     crochet::unblock(|| fs::read_to_string("Cargo.toml")).await
/// })?;
/// assert!(text.contains("[package]"));
/// # Ok::<(), io::Error>(())
/// ```
pub async fn unblock<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    blocking::unblock(f).await
}
