//! [`unblock`]: blocking code, off the reactor thread.

use crate::context::Surroundings;

/// Runs blocking code on another thread, for async code to await.
///
/// A blocking call inside a job (a file, a lock, a long computation) holds up all other jobs. Pass
/// it to `unblock`, on any executor. The threads belong to the [`blocking`] crate, which starts up
/// to 500 of them when needed, and ends them after some idle seconds.
///
/// With the feature `tokio`, `f` runs in the context in which the future is polled, as in tokio's
/// `spawn_blocking`.
///
/// # Cancellation
///
/// If the future is dropped before `f` has started, `f` is dropped uncalled. If `f` has started, it
/// runs to its end, and its result is dropped.
///
/// # Panics
///
/// If `f` panics: the same panic is re-raised where the future is awaited.
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

/// A value on its way between two threads. Where the future of `unblock` is dropped, the value is
/// dropped on its way, on whatever thread; that is done in the context which the future was polled
/// in.
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
