//! Recipes: what the users of a library do first, one section a library.
//!
//! | library | these recipes are |
//! |---|---|
//! | [reqwest](#reqwest), [redis](#redis), [websockets](#websockets), [MQTT](#mqtt), [D-Bus](#d-bus), [DNS](#dns) | compiled, and tested with real servers: nginx, redis-server, tungstenite, mosquitto, dbus-daemon, dnsmasq |
//! | [bytes](#bytes), [programs](#programs) | compiled and tested |
//! | [tonic](#tonic) | tested with a server of tonic's, in other words |
//! | [SSH](#ssh) | a program of the repository, tested with a server of russh's |
//! | [tokio-postgres](#tokio-postgres), [sqlx](#sqlx), [NATS](#nats) | sketches: compiled by no test of this page |
//!
//! All of these libraries need the feature `tokio`, and [what to look out
//! for](crate::guide::tokio#what-to-look-out-for) there holds for each of them. The versions are
//! those of `tests/recipes/Cargo.toml` in the repository; the tests of the recipes are beside it.
//!
//! The recipes have these in common:
//!
//! - **The error type is the library's**, wrapped: `error = wrap` and
//!   [`wait_for_wrapped`](crate::wait_for_wrapped). [`guide::errors`](crate::guide::errors) has the
//!   other ways.
//! - **A client or a pool is in a `static`**, or each thread has a clone of it. All jobs run in the
//!   context of one runtime, so what one call connects, any other can use.
//! - **What is kept between two calls is in a [`Held`](crate::Held)**, because many of these values
//!   start a task when they are dropped. A `static` needs none: it is never dropped.
//! - **A stream is an iterator** by [`iter`](crate::iter()), and the iterator drops the stream
//!   where that is allowed.
//! - **A timeout drops the future.** The server does not know, unless the library tells it. Each
//!   section says what is left there.
//!
//! # reqwest
//!
#![doc = "```ignore"]
#![doc = include_str!("recipes/reqwest.rs")]
#![doc = "```"]
//!
//! After a timeout, reqwest closes the connection (of HTTP/1; of HTTP/2, the stream). What the
//! server has begun for the request it may finish. A response that is dropped with bytes unread
//! closes its connection, too. `Client`, `Response` and the streams can be dropped anywhere.
//!
//! # redis
//!
#![doc = "```ignore"]
#![doc = include_str!("recipes/redis.rs")]
#![doc = "```"]
//!
//! One connection serves all clones at once. After a timeout, the command is still carried out, and
//! the connection throws its answer away: later calls get their own. Blocking commands (`BLPOP`)
//! hold up all users of the connection, so connect once more for them. A `MultiplexedConnection` has
//! a timeout of its own, too, half a second for each answer, unless
//! `get_multiplexed_async_connection_with_config` sets another; that one is an
//! [`Error::Job`](crate::Error::Job).
//!
//! [`read_ahead`](crate::Iter::read_ahead) makes a job of the stream, and a job cannot borrow from
//! its caller. A stream that borrows a connection or a pool, as sqlx's `fetch` does, becomes one
//! that owns a clone of it by `async_stream`, as in `values` above.
//!
//! # Websockets
//!
//! With tokio-tungstenite. For async-tungstenite, which needs no tokio, the code is the same but for
//! the types.
//!
#![doc = "```ignore"]
#![doc = include_str!("recipes/websocket.rs")]
#![doc = "```"]
//!
//! A websocket does not number its messages. **After a timeout, the late answer comes first next
//! time**: number the questions and skip what is not the answer, or connect again. Dropping the
//! socket closes the connection without a goodbye, on any thread.
//!
//! # MQTT
//!
//! With rumqttc, whose client does nothing unless its event loop is polled.
//!
#![doc = "```ignore"]
#![doc = include_str!("recipes/mqtt.rs")]
#![doc = "```"]
//!
//! After a timeout of `publish`, the request was not queued. One that was queued is sent later, when
//! the broker is there again, so `Ok` does not say that the broker has it. An error ends the
//! iterator, and with it the connection: connect again. To go on with the same event loop instead,
//! yield the error and poll again after a pause. Everything can be dropped anywhere.
//!
//! # D-Bus
//!
//! With zbus, built with `default-features = false` and its feature `tokio`. (With its default,
//! async-io, zbus starts a thread of its own, and works in jobs without the feature `tokio` of this
//! crate.)
//!
#![doc = "```ignore"]
#![doc = include_str!("recipes/zbus.rs")]
#![doc = "```"]
//!
//! After a timeout, the call goes on in the service. Answers have the numbers of their questions, so
//! the late one is not taken for another. A stream of signals unsubscribes in a task when it is
//! dropped, and an [`iter`](crate::iter()) of it can be dropped anywhere. zbus has a module
//! `blocking`, which has no timeouts.
//!
//! # DNS
//!
//! With hickory-resolver. Without an async library: the program `examples/blocking_dns.rs`.
//!
#![doc = "```ignore"]
#![doc = include_str!("recipes/hickory.rs")]
#![doc = "```"]
//!
//! hickory has a timeout of its own for each attempt, 5 seconds, and tries again; that one is an
//! [`Error::Job`](crate::Error::Job). Nothing is left at the server. The resolver's tasks live as
//! long as the runtime or the last clone.
//!
//! # Bytes
//!
//! [`io::Blocking`](crate::io::Blocking) wraps the `AsyncRead` and `AsyncWrite` of futures-io.
//! tokio has traits of its own, and `tokio_util::compat` makes one of the other:
//!
#![doc = "```ignore"]
#![doc = include_str!("recipes/bytes.rs")]
#![doc = "```"]
//!
//! tokio-util's `SyncIoBridge` does a similar thing, but without a timeout: its `read` is
//! `Handle::block_on` of one read, which ends when the bytes come, and nothing can end it earlier.
//! It also panics on the threads of a runtime, where `Blocking` returns an error.
//!
//! # Programs
//!
//! With `tokio::process`. async-process needs no tokio: the program `examples/child_process.rs`.
//!
#![doc = "```ignore"]
#![doc = include_str!("recipes/process.rs")]
#![doc = "```"]
//!
//! A timeout drops the future, and `kill_on_drop` kills the program (not the programs that it has
//! started in turn). tokio collects what it has killed when its runtime next has something to do.
//! Until then the program is a zombie: for as long as the process lives, if it uses tokio for
//! nothing else. An empty task is enough to wake the runtime.
//!
//! # tonic
//!
//! A generated client takes `&mut self`, and its clones share one `Channel`. So keep a client, and
//! clone it for each call:
//!
//! ```ignore
//! pub struct Greeter {
//!     client: Held<GreeterClient<Channel>>,
//!     timeout: Duration,
//! }
//!
//! impl Greeter {
//!     #[wait_for(timeout = self.timeout, error = wrap)]
//!     pub async fn greet(&self, name: &str) -> Result<String, Status> {
//!         let mut client = GreeterClient::clone(&self.client);
//!         let reply = client.greet(HelloRequest { name: name.to_owned() }).await?;
//!         Ok(reply.into_inner().message)
//!     }
//! }
//! ```
//!
//! `Channel::connect_lazy` starts a task, so call it inside
//! [`in_context`](crate::in_context) or in a job. A timeout resets the HTTP/2 stream, which cancels
//! the call in a server of tonic's; `Request::set_timeout` tells the server the limit as well. A
//! `Streaming<T>` is an iterator by [`iter`](crate::iter()).
//!
//! # tokio-postgres
//!
//! `connect` returns a client, and a connection that has to be polled: make it a job.
//!
//! ```ignore
//! let (client, connection) = wait_for_wrapped(timeout, tokio_postgres::connect(url, NoTls))?;
//! let connection = run_in_reactor(move || connection); // an `EventualResult`: keep it
//!
//! #[wait_for(timeout = self.timeout, error = wrap)]
//! pub async fn name(&self, id: i64) -> Result<String, tokio_postgres::Error> {
//!     self.client.query_one("SELECT name FROM yarn WHERE id = $1", &[&id]).await?.try_get(0)
//! }
//! ```
//!
//! Dropping that [`EventualResult`](crate::EventualResult) ends the connection;
//! [`detach`](crate::EventualResult::detach) lets it run until the client is dropped.
//!
//! **After a timeout, the query goes on at the server**, and the connection's next query waits for
//! it. To end the query, send its cancellation, over a connection of its own:
//!
//! ```ignore
//! let cancel = client.cancel_token();
//! let rows = wait_for_wrapped(timeout, client.query(LONG, &[]));
//! if rows.as_ref().is_err_and(|error| error.is_timeout()) {
//!     wait_for_wrapped(timeout, cancel.cancel_query(NoTls))?;
//! }
//! ```
//!
//! `query_raw` returns a stream of rows, for [`iter`](crate::iter()). deadpool's connections return
//! to their pool when they are dropped, without a task.
//!
//! # sqlx
//!
//! A pool is in a `static`, and `connect_lazy` needs the context:
//!
//! ```ignore
//! static POOL: LazyLock<PgPool> =
//!     LazyLock::new(|| in_context(|| PgPool::connect_lazy(URL).expect("a valid URL")));
//!
//! #[wait_for(timeout = 5.0, error = wrap)]
//! pub async fn name(id: i64) -> sqlx::Result<String> {
//!     sqlx::query_scalar("SELECT name FROM yarn WHERE id = $1").bind(id).fetch_one(&*POOL).await
//! }
//!
//! for row in crochet::iter(sqlx::query("SELECT id, name FROM yarn").fetch(&*POOL)) {
//!     let row = row??;
//! }
//! ```
//!
//! Connections and transactions start a task when they are dropped, which returns them to the pool
//! or rolls back. Keep them in a [`Held`](crate::Held) between two calls. A `PgListener` is an
//! iterator by `crochet::iter(listener.into_stream())`, which can be dropped anywhere. For
//! [`read_ahead`](crate::Iter::read_ahead), give the stream a clone of the pool, as `values` does
//! [above](#redis).
//!
//! After a timeout, PostgreSQL goes on with the query; set `statement_timeout` there, too.
//!
//! # NATS
//!
//! With async-nats. Its client can be cloned, and its tasks are those of tokio's runtime.
//!
//! ```ignore
//! let client = wait_for_wrapped(timeout, async { async_nats::connect(url).await })?;
//!
//! #[wait_for(timeout = self.timeout, error = wrap)]
//! pub async fn ask(&self, subject: String, text: String) -> Result<Bytes, RequestError> {
//!     Ok(self.client.request(subject, text.into()).await?.payload)
//! }
//!
//! let messages = wait_for_wrapped(timeout, client.subscribe("wool"))?;
//! for message in crochet::iter(messages).timeout(timeout) {
//!     let message = message?;
//! }
//! ```
//!
//! `publish` only queues: call `flush` before the program ends. A request has a timeout of its own,
//! 10 seconds. A `Subscriber` unsubscribes in a task when it is dropped: leave it in the iterator,
//! or in a [`Held`](crate::Held).
//!
//! # SSH
//!
//! With russh: the program `examples/ssh/src/main.rs` of the repository runs commands on a server.
//! A channel is bytes by `Blocking::new(channel.into_stream().compat())`, and says goodbye in a task
//! when it is dropped, which the `Blocking` takes care of. After a timeout, a command goes on at the
//! server: close the channel, or disconnect.
