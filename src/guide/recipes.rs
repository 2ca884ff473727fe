//! Recipes: what the users of a library do first, one section a library.
//!
//! | library | these recipes are |
//! |---|---|
//! | [reqwest](#reqwest), [tokio-postgres](#tokio-postgres), [sqlx](#sqlx), [redis](#redis), [tonic](#tonic), [websockets](#websockets), [MQTT](#mqtt), [D-Bus](#d-bus), [DNS](#dns), [NATS](#nats), [SSH](#ssh) | compiled, and tested with real servers: nginx, PostgreSQL, redis-server, tonic's and tungstenite's own, mosquitto, dbus-daemon, dnsmasq, nats-server, OpenSSH's sshd |
//! | [bytes](#bytes), [programs](#programs) | compiled and tested |
//! | [this machine](#this-machine) | compiled and tested: Unix sockets on Linux, named pipes under Wine 8.0 only |
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
//! # tokio-postgres
//!
//! `connect` returns a client, and a connection that has to be polled: it becomes a job.
//!
#![doc = "```ignore"]
#![doc = include_str!("recipes/tokio_postgres.rs")]
#![doc = "```"]
//!
//! **After a timeout, the query goes on at the server**, and the next queries of the connection wait
//! for it, unless the cancel token ends it, over a connection of its own. Set `statement_timeout`,
//! too: it also holds if the network is gone. Everything can be dropped anywhere. To keep the
//! connection until the client is dropped, [`detach`](crate::EventualResult::detach) its job.
//!
//! # sqlx
//!
#![doc = "```ignore"]
#![doc = include_str!("recipes/sqlx.rs")]
#![doc = "```"]
//!
//! Pooled connections, transactions and listeners start a task when they are dropped, which returns
//! them to the pool or rolls back. A job drops them where that is allowed, and so does the iterator.
//! Keep them in a [`Held`](crate::Held) between two calls.
//!
//! After a timeout in the middle of a query, PostgreSQL goes on with it: set `statement_timeout`.
//! The pool waits 30 seconds for a free connection (`acquire_timeout`), and that one is an
//! [`Error::Job`](crate::Error::Job).
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
//! # tonic
//!
#![doc = "```ignore"]
#![doc = include_str!("recipes/tonic.rs")]
#![doc = "```"]
//!
//! A timeout resets the HTTP/2 stream, and a server of tonic's drops the call. To tell the server
//! the limit in advance, use `Request::set_timeout`. Everything can be dropped anywhere.
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
//! # This machine
//!
//! A Unix socket; on Windows, where tokio and async-net have none, a named pipe of tokio's. (The
//! tests are in `tests/tokio`.)
//!
#![doc = "```ignore"]
#![doc = include_str!("recipes/local.rs")]
#![doc = "```"]
//!
//! A timeout closes the connection, which the server sees. A pipe differs from a socket in two ways:
//! each client needs an instance of the server's of its own, and what the client has not read is
//! lost when the server disconnects it.
//!
//! # NATS
//!
//! With async-nats.
//!
#![doc = "```ignore"]
#![doc = include_str!("recipes/nats.rs")]
#![doc = "```"]
//!
//! `publish` only queues: call `flush` before the program ends. That one returns when the operating
//! system has the messages. Whether the server has them, the answer to a request says. A request has
//! a timeout of its own, 10 seconds, and that one is an [`Error::Job`](crate::Error::Job). After a
//! timeout, the question is still answered: the answer comes to the client, which throws it away, as
//! no call waits for it.
//!
//! The client connects again by itself, and subscribes again. What is published meanwhile is sent
//! then; what was under way when the connection broke is lost. Everything can be dropped anywhere.
//!
//! # SSH
//!
//! With russh. (The program `examples/ssh` of the repository is a server with it.)
//!
#![doc = "```ignore"]
#![doc = include_str!("recipes/ssh.rs")]
#![doc = "```"]
//!
//! One task serves all channels of a connection. **Read what a command writes, or drop it**: when a
//! hundred messages (`Config::channel_buffer_size`) have not been read, the whole connection waits,
//! and the commands of other threads with it. For what is read slowly, connect once more.
//!
//! After a timeout, `run` asks the server to kill the command, which OpenSSH does, except for root.
//! Then it closes the channel, and a command that goes on ends when it next writes. Until it ends, it
//! has one of the ten places that OpenSSH gives to a connection (`MaxSessions`), and without a place
//! a command is refused. A channel that was late in opening keeps its place, too. Dropping the `Ssh`
//! and its streams gives all of them back; russh does not connect again by itself.
//!
//! A `Channel` that is dropped stays open at the server. A channel's stream closes it in a task when
//! it is dropped: the `Blocking` takes care of that, and a stream without one belongs in a
//! [`Held`](crate::Held). The `Handle` can be dropped anywhere, and the connection goes with the last
//! of its channels. RSA keys need russh's feature `rsa`, and what `best_supported_rsa_hash` returns
//! in the place of `None`.
