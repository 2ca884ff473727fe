//! The attributes, and the type that one of them returns. `macros/` has their code.

use crate::__private::JobResult;
use crate::caller::eventual::EventualResult;

/// The [`EventualResult`] for a `Result`: what a function with the attribute
/// `#[run_in_reactor]` returns.
///
/// It sees through aliases of `Result` that do not show the error type: `Eventual<io::Result<T>>` is
/// `EventualResult<T, io::Error>`.
///
/// # Examples
///
/// ```
/// use crochet::Eventual;
/// use std::{fs, io, time::Duration};
///
/// fn read(path: &'static str) -> Eventual<io::Result<String>> {
///     crochet::run_in_reactor(move || crochet::unblock(move || fs::read_to_string(path)))
/// }
/// let missing = read("no/such/file").join(Duration::from_secs(60));
/// assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
/// ```
pub type Eventual<R> = EventualResult<<R as JobResult>::Value, <R as JobResult>::Error>;

/// Makes an `async fn` blocking: it runs on the reactor thread, and whoever calls it waits for the result.
///
/// The attribute is the function [`wait_for`](crate::wait_for()) with another face; timeouts, cancellation,
/// errors and panics are as written there.
///
/// ```
/// use crochet::wait_for;
/// use std::{io, net::SocketAddr};
///
/// /// Asks the server for the time.
/// #[wait_for(timeout = 5.0)]
/// pub async fn ask(server: &SocketAddr) -> io::Result<String> {
///     // Anything async.
/// #   Ok(format!("five o'clock, says {server}"))
/// }
///
/// # fn main() -> io::Result<()> {
/// let answer = ask(&"127.0.0.1:13".parse().unwrap())?; // blocks
/// # assert_eq!(answer, "five o'clock, says 127.0.0.1:13");
/// # Ok(())
/// # }
/// ```
///
/// It goes on free functions, on methods with any kind of `self`, and on associated functions; generics,
/// lifetimes, `impl Trait` and patterns may be as they like. Arguments may be borrowed.
///
/// What is there afterwards:
///
/// - the blocking function, with the name, the visibility, the documentation, the attributes and the signature
///   that you wrote, without `async`;
/// - the original, under the name `NAME_async` and private: for async callers, and for
///   [unit tests](crate::guide#test-the-original).
///
/// Attributes *above* this one see the async function, those *below* it the blocking one: `#[test]` and
/// `#[inline]` go below. The original has only those below that concern any function: `cfg`, `inline` and
/// lint levels. (`expect` becomes `allow`, as two functions rarely warn alike.)
///
/// # Options
///
/// - `timeout = 5.0`: a number of seconds, as a literal without a suffix; or any expression of type
///   [`Duration`](std::time::Duration), which may use the arguments and `self`. It is evaluated on each
///   call, in the caller's thread, before the arguments are moved. There is no default: write
///   `Duration::MAX` where the wait may last for ever.
/// - `wrapped = name`, `wrapped = pub name`: another name, or visibility, for the original.
/// - `reactor = expression`: a `&`[`Reactor`](crate::Reactor) to run it, instead of the global one; it may use
///   the arguments and `self`.
/// - `crate = path`: where this crate is, for macros of other crates that use this one.
///
/// # Errors
///
/// The function has to return a `Result`, under any name. Its error type takes the failures of the wait,
/// and therefore has [`From<Error>`](crate::Error).
///
/// The future has to be `Send`, as it is polled on another thread. Where it is not, write
/// `#[run_in_reactor]`, and `.join(timeout)` where you call it.
///
/// In a trait, and in the `impl` of one, there is no room for two functions: put the attribute on one outside,
/// and call it.
///
/// # Examples
///
/// A client with a timeout and a reactor of its own:
///
/// ```
/// use crochet::{Reactor, wait_for};
/// use std::{future, io, time::Duration};
///
/// struct Client {
///     timeout: Duration,
///     reactor: Reactor,
/// }
///
/// impl Client {
///     #[wait_for(timeout = self.timeout, reactor = &self.reactor)]
///     async fn answer(&self) -> io::Result<String> {
///         future::pending().await // the server is down
///     }
/// }
///
/// # fn main() -> crochet::Result<()> {
/// let client = Client { timeout: Duration::from_millis(10), reactor: Reactor::new()? };
/// assert_eq!(client.answer().unwrap_err().kind(), io::ErrorKind::TimedOut);
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "macros")]
pub use crochet_macros::wait_for;

/// Makes an `async fn` run in the background, on the reactor thread: calling it starts it, and returns an
/// [`EventualResult`] at once.
///
/// The attribute is the function [`run_in_reactor`](crate::run_in_reactor()) with another face.
///
/// ```
/// use crochet::{EventualResult, run_in_reactor};
/// use std::{io, time::Duration};
///
/// /// Downloads a page.
/// #[run_in_reactor]
/// pub async fn download(url: String) -> io::Result<Vec<u8>> {
///     // Anything async.
/// #   Ok(url.into_bytes())
/// }
///
/// # fn main() -> io::Result<()> {
/// let page: EventualResult<Vec<u8>, io::Error> = download("http://localhost".to_owned());
/// // ... do something else, then:
/// let page = page.join(Duration::from_secs(5))?;
/// # assert_eq!(page, b"http://localhost");
/// # Ok(())
/// # }
/// ```
///
/// The return type becomes [`Eventual`]`<R>` of what you wrote, which has to be a `Result`, with an error that is
/// `Debug`. As the job runs on after the call, it owns its arguments: they are `Send + 'static`, and a method
/// takes `self: Arc<Self>` or `self`. The future itself need not be `Send`.
///
/// Options and all else are as with [`#[wait_for]`](macro@crate::wait_for), except that there is no `timeout`.
#[cfg(feature = "macros")]
pub use crochet_macros::run_in_reactor;
