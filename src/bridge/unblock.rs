//! Blocking code, off the reactor thread.

use crate::context::Surroundings;

/// Runs blocking code on a thread of its own, for async code to await.
///
/// A blocking call inside a job holds up all other jobs: a file, a lock, a long computation. Give it to
/// `unblock`, from any executor. The threads are those of the [`blocking`] crate: started when needed, up
/// to 500, and ended after some idle seconds.
///
/// With the feature `tokio`, `f` runs in the context in which the future is polled, as in tokio's `spawn_blocking`.
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
    let context = Surroundings::here();
    let f = Carried { value: Some(f), context: context.clone() };
    let work = move || Carried { value: f.take().map(|f| context.within(f)), context };
    match blocking::unblock(work).await.take() {
        Some(result) => result,
        None => unreachable!("a `Carried` value is taken once"),
    }
}

/// A value on its way between two threads. Where the future of `unblock` is dropped, the value is dropped on its way, on
/// whatever thread; that is done in the context which the future was polled in.
struct Carried<T> {
    /// `None` once taken out.
    value: Option<T>,
    context: Surroundings,
}

impl<T> Carried<T> {
    fn take(mut self) -> Option<T> {
        self.value.take()
    }
}

impl<T> Drop for Carried<T> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            self.context.within(|| drop(value));
        }
    }
}
