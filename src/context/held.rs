//! [`Held`]: a value that is dropped in the same context as jobs are.

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::context::drop_in_context;

/// Wraps a value of an async library, and drops it in the context of a tokio runtime.
///
/// Some values start a task when they are dropped: a pooled connection that returns to its pool, a
/// transaction that rolls back. With the feature `tokio`, such a value can be made in a job and
/// kept by an ordinary thread, but its `Drop` panics there, because the thread is in no runtime's
/// context. A `Held` value can be dropped on any thread. [`in_context`](crate::in_context) does the
/// same for a single place: `in_context(|| drop(value))`. Without the feature `tokio` this is a
/// plain wrapper.
///
/// In the last destructors of a thread's thread-locals there is no context any more. So do not keep
/// such a value in a `thread_local!` of an ordinary thread.
///
/// A `Held<T>` derefs to `T` and implements the common traits if `T` does. No method of it blocks.
///
/// # Examples
///
/// ```
/// use crochet::{Error, Held};
/// use std::time::Duration;
///
/// /// Stands for a library's connection, whose `Drop` starts a task.
/// struct Connection(u32);
/// impl Drop for Connection {
///     fn drop(&mut self) {
///         # #[cfg(feature = "tokio")]
///         tokio::spawn(async { /* say goodbye */ }); // panics outside of a runtime's context
///     }
/// }
///
/// struct Client {
///     connection: Held<Connection>,
/// }
/// let connect = async { Ok::<_, Error>(Connection(7)) };
/// let connection = crochet::wait_for(Duration::from_secs(60), connect).unwrap();
/// let client = Client { connection: connection.into() };
/// assert_eq!(client.connection.0, 7);
/// drop(client);
/// ```
pub struct Held<T> {
    /// `None` only while `self` is being consumed.
    value: Option<T>,
}

impl<T> Held<T> {
    /// Wraps a value. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::Held;
    ///
    /// static NAME: Held<&str> = Held::new("a pool in a static is never dropped, though");
    /// assert_eq!(NAME.len(), 43);
    /// ```
    pub const fn new(value: T) -> Self {
        Self { value: Some(value) }
    }

    /// Returns the value, to be dropped like any other from now on. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::Held;
    ///
    /// let text: String = Held::new(String::from("mine")).into_inner();
    /// assert_eq!(text, "mine");
    /// ```
    pub fn into_inner(mut self) -> T {
        match self.value.take() {
            Some(value) => value,
            None => gone(),
        }
    }
}

#[cold]
fn gone() -> ! {
    unreachable!("the value is taken out only by the methods that consume its wrapper")
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            drop_in_context(value);
        }
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.value {
            Some(value) => value,
            None => gone(),
        }
    }
}

impl<T> DerefMut for Held<T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.value {
            Some(value) => value,
            None => gone(),
        }
    }
}

impl<T> From<T> for Held<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> AsRef<T> for Held<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T> AsMut<T> for Held<T> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: Clone> Clone for Held<T> {
    fn clone(&self) -> Self {
        Self::new(T::clone(self))
    }
}

impl<T: Default> Default for Held<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: PartialEq> PartialEq for Held<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Held<T> {}

impl<T: PartialOrd> PartialOrd for Held<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        T::partial_cmp(self, other)
    }
}

impl<T: Ord> Ord for Held<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        T::cmp(self, other)
    }
}

impl<T: std::hash::Hash> std::hash::Hash for Held<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        T::hash(self, state);
    }
}

/// Shows the value, without the wrapper, as `Box` and `Arc` do.
impl<T: fmt::Debug> fmt::Debug for Held<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

impl<T: fmt::Display> fmt::Display for Held<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}
