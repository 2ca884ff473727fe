//! The attributes, and the types of what the functions return. `macros/` has their code.

use crate::__private::JobResult;
use crate::caller::eventual::EventualResult;
use crate::error::Error;

/// The [`EventualResult`] for a `Result`: what a function with the attribute
/// `#[run_in_reactor]` returns.
///
/// It works with aliases of `Result` that do not show the error type: `Eventual<io::Result<T>>` is
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

/// The `Result` whose error is `Error<E>`, for a `Result` whose error is `E`: what a function with
/// the attribute `#[wait_for(.., error = wrap)]` returns.
///
/// It works with aliases of `Result` that do not show the error type: `Wrapped<io::Result<T>>` is
/// `Result<T, Error<io::Error>>`.
///
/// # Examples
///
/// ```
/// use crochet::{Error, Wrapped};
/// use std::num::ParseIntError;
///
/// fn parse(text: &str) -> Wrapped<Result<u32, ParseIntError>> {
///     text.parse().map_err(Error::Job)
/// }
/// let one: Result<u32, Error<ParseIntError>> = parse("1");
/// assert_eq!(one.unwrap(), 1);
/// assert!(matches!(parse("one"), Err(Error::Job(_))));
/// ```
pub type Wrapped<R> = Result<<R as JobResult>::Value, Error<<R as JobResult>::Error>>;

/// Makes an `async fn` blocking: calling it runs it on the reactor thread, and waits for the
/// result.
///
/// The attribute is another form of the function [`wait_for`](crate::wait_for()): timeouts,
/// cancellation, errors and panics are described there.
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
/// It works on free functions, methods with any kind of `self`, and associated functions, with all
/// kinds of generics, lifetimes, `impl Trait` and patterns. Arguments may be borrowed. For all
/// functions of an `impl` or a trait at once, there is [`#[blocking]`](macro@crate::blocking).
///
/// The attribute makes two functions:
///
/// - the blocking function, with the name, visibility, documentation, attributes and signature that
///   you wrote, without `async`;
/// - the original, named `NAME_async` and private: for async callers, and for
///   [unit tests](crate::guide#test-the-original).
///
/// In a job, await the original: `self.lookup_async(name).await`. The blocking function is refused
/// there, with [`Error::OnReactorThread`](crate::Error::OnReactorThread), because the job would
/// wait for itself. The compiler does not know that: where it says "remove the `.await`", write
/// `_async` instead.
///
/// Attributes *above* this one see the async function, those *below* it the blocking one: `#[test]`
/// and `#[inline]` go below. The original gets those below that suit any function: `cfg`, `inline`
/// and lint levels. (`expect` becomes `allow`, as two functions rarely warn alike.)
///
/// # In an `impl`, without `self`
///
/// An associated function without `self` works like a free one. But where the `impl` is generic, or
/// the body has a `static`, an `impl` or a macro that this crate does not know, the function has to
/// mention `Self` once: as `io::Result<Self>`, in a call `Self::helper()`, or by the statement
/// `let _: Option<Self>;`.
///
/// The reason: an attribute is not told whether its function is in an `impl`, where the original is
/// `Self::NAME_async`. If nothing shows that, the blocking function has a copy of the body, and a
/// copy cannot use the `impl`'s generics, and must not have state of its own.
///
/// # Options
///
/// - `timeout = 5.0`: a number of seconds, as a literal without a suffix; or any expression of type
///   [`Duration`](std::time::Duration), which may use the arguments and `self`. It is evaluated on
///   each call, in the caller's thread, before the arguments are moved. There is no default: write
///   `Duration::MAX` where the wait may last for ever.
/// - `wrapped = name`, `wrapped = pub name`: another name, or visibility, for the original.
/// - `reactor = expression`: a `&`[`Reactor`](crate::Reactor) to run it, instead of the global one;
///   it may use the arguments and `self`.
/// - `error = wrap`: the blocking function returns [`Wrapped`]`<R>` of what you wrote, a `Result`
///   with an `Error<E>`: for error types of other crates.
/// - `crate = path`: where this crate is, for macros of other crates that use this one.
///
/// # Errors
///
/// The function has to return a `Result`, under any name. Its error type takes the failures of the
/// wait, so it needs [`From<Error>`](crate::Error). [`io::Error`](std::io::Error),
/// `Box<dyn Error + Send + Sync>` and `anyhow::Error` have that; your own error type gets it by one
/// `impl`; with an error of another crate, use `error = wrap`.
///
/// The future has to be `Send`, as it is polled on another thread. Where it is not, write
/// `#[run_in_reactor]`, and `.join(timeout)` where you call it.
///
/// In a trait, and in the `impl` of one, there is no room for two functions: put the attribute on a
/// function outside, and call that; or give the trait a twin, with
/// [`#[blocking]`](macro@crate::blocking).
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
///
/// A function whose error is another crate's (here std's):
///
/// ```
/// use crochet::{Error, wait_for};
/// use std::num::ParseIntError;
///
/// #[wait_for(timeout = 5.0, error = wrap)]
/// async fn parse(text: &str) -> Result<u32, ParseIntError> {
///     text.parse()
/// }
///
/// let failure: Error<ParseIntError> = parse("one").unwrap_err();
/// assert!(matches!(failure, Error::Job(_)));
/// ```
#[cfg(feature = "macros")]
pub use crochet_macros::wait_for;

/// Makes an `async fn` run in the background, on the reactor thread: calling it starts it, and
/// returns an [`EventualResult`] at once.
///
/// The attribute is another form of the function [`run_in_reactor`](crate::run_in_reactor()).
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
/// The return type becomes [`Eventual`]`<R>` of what you wrote, which has to be a `Result`, with an
/// error that is `Debug`. As the job runs on after the call, it owns its arguments: they are
/// `Send + 'static`, and a method takes `self: Arc<Self>` or `self`. The future itself need not be
/// `Send`.
///
/// The rest is as with [`#[wait_for]`](macro@crate::wait_for), except that there is no `timeout`
/// and no `error`: [`into_result`](crate::EventualResult::into_result) returns any error type as
/// [`Error::Job`](crate::Error::Job).
#[cfg(feature = "macros")]
pub use crochet_macros::run_in_reactor;

/// Gives a whole async API a blocking one: its twin, made from an `impl` or a trait. The functions
/// that are `async` there block here.
///
/// The async code stays as it is, and is compiled once. The twin is a struct of your own, in a
/// module of your own, with your derives and documentation, around the async value:
///
/// ```
/// use std::io;
///
/// /// A client.
/// #[derive(Clone, Debug)]
/// pub struct Client {
///     address: String,
/// }
///
/// /// A session of a client.
/// #[derive(Debug)]
/// pub struct Session(String);
///
/// /// The same, for programs that are not async.
/// pub mod blocking {
///     /// A client that blocks.
///     #[derive(Clone, Debug)]
///     pub struct Client(pub(crate) super::Client);
///
///     /// A session of a client that blocks.
///     #[derive(Debug)]
///     pub struct Session(pub(crate) super::Session);
/// }
///
/// #[crochet::blocking(as = blocking::Client, timeout = 30.0, types(Session as blocking::Session))]
/// impl Client {
///     /// Connects to a server.
///     pub async fn connect(address: &str) -> io::Result<Self> {
///         // Anything async.
/// #       Ok(Self { address: address.to_owned() })
///     }
///
///     /// Opens a session.
///     pub async fn open(&self, name: &str) -> io::Result<Session> {
///         self.check(name).await?; // sibling `.await`s work as ever
///         Ok(Session(format!("{name}@{}", self.address)))
///     }
///
///     async fn check(&self, name: &str) -> io::Result<()> {
///         if name.is_empty() { Err(io::ErrorKind::InvalidInput.into()) } else { Ok(()) }
///     }
/// }
///
/// # fn main() -> io::Result<()> {
/// let client = blocking::Client::connect("localhost")?; // blocks
/// let session: blocking::Session = client.open("knit")?;
/// assert_eq!(session.0.0, "knit@localhost");
/// # Ok(())
/// # }
/// ```
///
/// The [guide](crate::guide::twins) goes from an async crate to its module `blocking`, step by
/// step.
///
/// # What the twin has
///
/// Every function of the `impl` that is not private and not skipped, with its name, visibility,
/// generics, `where`, `cfg`s, lint levels, `#[must_use]`, `#[deprecated]` and `#[inline]`; and
/// every associated constant. Its documentation is the original's, without the section
/// `# Examples`, and with a link to the original.
///
/// | in the async API | in the twin |
/// |---|---|
/// | `async fn f() -> Result<T, E>` | `fn f() -> Result<T, E>`, which waits as [`#[wait_for]`](macro@crate::wait_for) does: `E` has [`From<Error>`](crate::Error), or see `error` below |
/// | `async fn f() -> T` | `fn f() -> Result<T, crochet::Error>` |
/// | `fn f() -> impl Future<Output = ..>`, `Pin<Box<dyn Future<..> + Send>>`, `BoxFuture<'_, ..>` | as an `async fn` |
/// | `fn f() -> T` | the same, passed on |
/// | `impl Stream<Item = T>`, `Pin<Box<dyn Stream<..> + Send>>`, `BoxStream<'_, T>` | [`Iter`](crate::Iter), with the timeout for each item |
/// | `impl Stream<Item = Result<T, E>>` | the same with [merged errors](crate::Iter::merge_errors): an iterator of `Result<T, E>` |
/// | `impl AsyncRead`, `AsyncWrite`, `AsyncBufRead`, `AsyncSeek` (of futures-io) | [`io::Blocking`](crate::io::Blocking), with the timeout for each call |
///
/// A type is taken for a `Result` by its name: `Result`, with or without a path and arguments, or a
/// name that ends so and has arguments, like `RedisResult<T>`. Under any other name it is a value.
///
/// Methods take `self`, `&self`, `&mut self`, `self: Box<Self>` or `self: Arc<Self>`. For
/// `Arc<Self>` the async value is moved out of the last handle to the twin; of others it is cloned,
/// so it is `Clone`; or the twin has it as `Arc<Client>`, which is cloned then.
///
/// # Types
///
/// `Self`, the type of the `impl`, and each `A` of `types(A as B, ..)` become their twins. Paths
/// are compared as they are written, and their arguments stay: `Session<'_>` becomes
/// `blocking::Session<'_>`.
///
/// - As results: by themselves, inside of `Result`, `Option`, `Vec`, `Box` and tuples, and as items
///   of streams.
/// - As arguments: by value, `&` and `&mut`.
///
/// Anywhere else they are a compile error: write `#[blocking(skip)]` above the function, and a
/// blocking one by hand, in an `impl` of the twin.
///
/// A generic type gives its twin's arguments, too:
/// `#[crochet::blocking(as = BlockingStore<T>)] impl<T> Store<T>`.
///
/// # Options
///
/// - `as = path`: the twin. For a trait: the name of the one to make.
/// - `timeout = 5.0`: as for [`#[wait_for]`](macro@crate::wait_for): seconds, or any `Duration`. It
///   may use `self`, the twin, and the arguments: `timeout = self.timeout` for a twin with a second
///   field.
/// - `types(A as B, ..)`: as above. `A as B = path` has `path` make a `B` of an `A`.
/// - `make = path`: what makes a twin of the async value, where it has more fields than that one;
///   otherwise it is the tuple constructor. The first field of the twin is the async value
///   `Client`, [`crochet::Held<Client>`](crate::Held), which is dropped in the context of jobs, as
///   types built on tokio may need it, or `Arc<Client>`.
/// - `error = path`: a function from `crochet::Error` to the error of the results, where that has
///   no `From`; or `error = wrap`: results become `Result<T, crochet::Error<E>>`. Then streams keep
///   two levels of errors.
/// - `reactor = expression`: a `&`[`Reactor`](crate::Reactor), as for
///   [`#[wait_for]`](macro@crate::wait_for).
/// - `crate = path`: where this crate is.
///
/// On one function, `#[blocking(..)]` has `timeout`, `error`, `reactor` or `skip`. It may be inside
/// a `cfg_attr`, so that nothing is left of this crate where a feature is off:
///
/// ```
/// # #![expect(unexpected_cfgs, reason = "the feature is that of a library")]
/// # fn main() {
/// pub struct Client;
///
/// #[cfg(feature = "blocking")]
/// pub mod blocking {
///     pub struct Client(pub(crate) super::Client);
/// }
///
/// #[cfg_attr(feature = "blocking", crochet::blocking(as = blocking::Client, timeout = 30.0))]
/// impl Client {
///     #[cfg_attr(feature = "blocking", blocking(skip))]
///     pub async fn len(&self) -> usize {
///         4
///     }
/// }
/// assert_eq!(async_io::block_on(Client.len()), 4);
/// # }
/// ```
///
/// # Traits
///
/// On a trait, it makes a trait that blocks, and implements that for every type that has the first
/// one:
///
/// ```
/// use std::future::Future;
/// use std::io;
///
/// #[crochet::blocking(as = BlockingStore, timeout = 5.0)]
/// pub trait Store {
///     /// Looks up a key.
///     fn get(&self, key: &str) -> impl Future<Output = io::Result<String>> + Send;
/// }
///
/// struct Memory;
///
/// impl Store for Memory {
///     async fn get(&self, key: &str) -> io::Result<String> {
///         Ok(key.to_uppercase())
///     }
/// }
///
/// fn print(store: &impl BlockingStore) -> io::Result<String> {
///     Ok(format!("it is {}", store.get("knit")?)) // blocks
/// }
/// assert_eq!(print(&Memory)?, "it is KNIT");
/// # Ok::<(), io::Error>(())
/// ```
///
/// The two traits have functions of the same names: import the one that you call, or write
/// `BlockingStore::get(&store, "knit")`.
///
/// Above `#[async_trait]`, the trait has `async fn`s. Otherwise a plain `async fn` is a compile
/// error, as its future need not be `Send`.
///
/// # Errors
///
/// Calls fail as those of [`wait_for`](crate::wait_for()) do, with a timeout, or on the reactor's
/// own thread. What there is no twin for is a compile error at its place, and says what to write.
///
/// # Panics
///
/// A panic of the async function goes on in the caller.
#[cfg(feature = "macros")]
pub use crochet_macros::blocking;
