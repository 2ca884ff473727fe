//! The ways to make a blocking call, each with the timeout that its users would give it.

use std::any::Any;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::{OnceLock, mpsc};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use crochet::io::Blocking;
use crochet::{InReactor, Reactor};
use futures::executor::ThreadPool;
use futures::task::SpawnExt as _;
use futures_lite::FutureExt as _;
use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;

use crate::servers::LENGTH;

/// No call takes so long.
const TIMEOUT: Duration = Duration::from_secs(60);

const MESSAGE: [u8; LENGTH] = *b"ping";

/// One call, as often as one likes.
pub type Call = Box<dyn FnMut() + Send>;

/// Waits for one result.
pub type Join = Box<dyn FnOnce()>;

/// A way to make a blocking call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// `wait_for` and `run_in_reactor`, as they come.
    Crochet,
    /// The same with `Builder::spin(Duration::ZERO)`: no busy-wait.
    CrochetAsleep,
    /// A `Driver` on a current-thread runtime of tokio, on a thread of its own.
    DriverTokio,
    /// The same with `smol::block_on`.
    DriverSmol,
    /// A current-thread runtime on a thread of its own: spawn, oneshot. What `reqwest::blocking`
    /// does.
    TokioThread,
    /// The same with a multi-thread runtime.
    TokioMulti,
    /// `Handle::block_on`: polls on the caller's own thread; the runtime's thread does the I/O.
    TokioBlockOn,
    /// `smol::spawn`, and `smol::block_on` for its task.
    Smol,
    /// `async_io::block_on`: polls on the caller's own thread.
    AsyncIo,
    /// The same on a thread of its own, which takes futures from a channel: the least that a
    /// reactor thread on async-io is. Only for what its start takes.
    AsyncIoThread,
    /// futures' `ThreadPool` with one thread, and its `block_on`.
    Pool,
    /// A thread of one's own that runs closures from a `std::sync::mpsc` channel. No async at all.
    Mpsc,
    /// Blocking sockets of std. No other thread at all.
    Std,
}

impl Peer {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 13] = [
        Self::Crochet,
        Self::CrochetAsleep,
        Self::DriverTokio,
        Self::DriverSmol,
        Self::TokioThread,
        Self::TokioMulti,
        Self::TokioBlockOn,
        Self::Smol,
        Self::AsyncIo,
        Self::AsyncIoThread,
        Self::Pool,
        Self::Mpsc,
        Self::Std,
    ];

    /// Its name on the command line and in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Crochet => "crochet",
            Self::CrochetAsleep => "crochet, spin(ZERO)",
            Self::DriverTokio => "crochet, Driver on tokio",
            Self::DriverSmol => "crochet, Driver on smol",
            Self::TokioThread => "tokio, own thread",
            Self::TokioMulti => "tokio, multi-thread",
            Self::TokioBlockOn => "tokio, Handle::block_on",
            Self::Smol => "smol, spawn + block_on",
            Self::AsyncIo => "async_io::block_on",
            Self::AsyncIoThread => "async-io, own thread",
            Self::Pool => "futures, ThreadPool",
            Self::Mpsc => "std, mpsc to a thread",
            Self::Std => "std, blocking sockets",
        }
    }

    /// Whether it is this crate's.
    #[must_use]
    pub fn is_ours(self) -> bool {
        use Peer::{Crochet, CrochetAsleep, DriverSmol, DriverTokio};
        matches!(self, Crochet | CrochetAsleep | DriverTokio | DriverSmol)
    }

    /// Whether it polls on the caller's own thread: what is ready needs no other one then.
    #[must_use]
    pub fn is_local(self) -> bool {
        matches!(self, Self::TokioBlockOn | Self::AsyncIo | Self::Std)
    }

    /// Starts what it needs; to be called once in a process, before all else.
    pub fn start(self) {
        match self {
            Self::Crochet => crochet::setup().expect("a reactor"),
            Self::CrochetAsleep => {
                let settings = Reactor::builder().spin(Duration::ZERO);
                crochet::setup_with(settings).expect("a reactor");
            }
            Self::DriverTokio => {
                let driver = crochet::no_setup().expect("a driver");
                let runtime = runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.expect("a runtime");
                thread::spawn(move || runtime.block_on(driver.run(std::future::pending::<()>())));
            }
            Self::DriverSmol => {
                let driver = crochet::no_setup().expect("a driver");
                thread::spawn(move || smol::block_on(driver.run(std::future::pending::<()>())));
            }
            Self::TokioThread | Self::TokioBlockOn => {
                let runtime = runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.expect("a runtime");
                let _ = TOKIO.set(runtime.handle().clone());
                thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
            }
            Self::TokioMulti => {
                let runtime = runtime::Builder::new_multi_thread().enable_all().build();
                let runtime = Box::leak(Box::new(runtime.expect("a runtime")));
                let _ = TOKIO.set(runtime.handle().clone());
            }
            Self::Pool => {
                let pool = ThreadPool::builder().pool_size(1).create().expect("a pool");
                let _ = POOL.set(pool);
            }
            Self::Mpsc => {
                let (send, jobs) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
                thread::spawn(move || jobs.iter().for_each(|job| job()));
                let _ = MPSC.set(send);
            }
            Self::AsyncIoThread => {
                // async-io panics where it cannot start, so that is done first, where it can be
                // reported.
                let mut timer = async_io::Timer::after(TIMEOUT);
                let _ = Pin::new(&mut timer).poll(&mut Context::from_waker(Waker::noop()));
                let (send, jobs) = smol::channel::unbounded::<BoxedJob>();
                let _ = ASYNC_IO.set(send);
                thread::spawn(move || {
                    let executor = smol::LocalExecutor::new();
                    async_io::block_on(executor.run(async {
                        while let Ok(job) = jobs.recv().await {
                            executor.spawn(job).detach();
                        }
                    }));
                });
            }
            Self::Smol | Self::AsyncIo | Self::Std => {}
        }
    }

    /// A call for a job that is ready at once; `None` where that makes no sense.
    #[must_use]
    pub fn ready(self) -> Option<Call> {
        let value = || std::hint::black_box(42_u64);
        Some(match self {
            ours if ours.is_ours() => Box::new(move || {
                let got = crochet::wait_for(TIMEOUT, async { Ok::<_, crochet::Error>(value()) });
                assert_eq!(got.ok(), Some(42));
            }),
            Self::TokioThread | Self::TokioMulti => Box::new(move || {
                assert_eq!(tokio_call(async move { value() }), 42);
            }),
            Self::TokioBlockOn => Box::new(move || {
                let job = async { tokio::time::timeout(TIMEOUT, async { value() }).await };
                assert_eq!(tokio().block_on(job).ok(), Some(42));
            }),
            Self::Smol => Box::new(move || {
                assert_eq!(smol::block_on(or_late(smol::spawn(async move { value() }))), 42);
            }),
            Self::AsyncIo => Box::new(move || {
                assert_eq!(async_io::block_on(or_late(async { value() })), 42);
            }),
            Self::AsyncIoThread => Box::new(move || {
                assert_eq!(async_io_call(async move { value() }), 42);
            }),
            Self::Pool => Box::new(move || {
                let handle = pool().spawn_with_handle(async move { value() });
                assert_eq!(futures::executor::block_on(handle.expect("a pool")), 42);
            }),
            Self::Mpsc => Box::new(move || {
                let (done, result) = mpsc::sync_channel(1);
                let job = move || {
                    let _ = done.send(value());
                };
                MPSC.get().expect("started").send(Box::new(job)).expect("a thread");
                assert_eq!(result.recv_timeout(TIMEOUT), Ok(42));
            }),
            _ => return None,
        })
    }

    /// A call that sends four bytes to an echo server and gets them back, over a connection that
    /// stays open; `None` where that makes no sense.
    #[must_use]
    pub fn echo(self, server: SocketAddr) -> Option<Call> {
        let connect = || {
            let stream = TcpStream::connect(server)?;
            stream.set_nodelay(true)?;
            io::Result::Ok(stream)
        };
        let stream = connect().expect("a connection");
        Some(match self {
            ours if ours.is_ours() => {
                let mut stream = async_net::TcpStream::try_from(stream).expect("a socket");
                Box::new(move || {
                    let reply = crochet::wait_for(TIMEOUT, smol_echo(&mut stream));
                    assert_eq!(reply.expect("a reply"), MESSAGE);
                })
            }
            Self::AsyncIo => {
                let mut stream = async_net::TcpStream::try_from(stream).expect("a socket");
                Box::new(move || {
                    let reply = async_io::block_on(or_late(smol_echo(&mut stream)));
                    assert_eq!(reply.expect("a reply"), MESSAGE);
                })
            }
            Self::Smol => {
                let mut kept = Some(async_net::TcpStream::try_from(stream).expect("a socket"));
                Box::new(move || {
                    // A task must own what it uses, so the stream goes there and back.
                    let mut stream = kept.take().expect("put back");
                    let task = smol::spawn(async move { (smol_echo(&mut stream).await, stream) });
                    let (reply, stream) = smol::block_on(or_late(task));
                    assert_eq!(reply.expect("a reply"), MESSAGE);
                    kept = Some(stream);
                })
            }
            Self::AsyncIoThread => {
                let mut kept = Some(async_net::TcpStream::try_from(stream).expect("a socket"));
                Box::new(move || {
                    let mut stream = kept.take().expect("put back");
                    let (reply, stream) =
                        async_io_call(async move { (smol_echo(&mut stream).await, stream) });
                    assert_eq!(reply.expect("a reply"), MESSAGE);
                    kept = Some(stream);
                })
            }
            Self::TokioThread | Self::TokioMulti => {
                let mut kept = Some(tokio_stream(stream));
                Box::new(move || {
                    let mut stream = kept.take().expect("put back");
                    let (reply, stream) =
                        tokio_call(async move { (tokio_echo(&mut stream).await, stream) });
                    assert_eq!(reply.expect("a reply"), MESSAGE);
                    kept = Some(stream);
                })
            }
            Self::TokioBlockOn => {
                let mut stream = tokio_stream(stream);
                Box::new(move || {
                    let job =
                        async { tokio::time::timeout(TIMEOUT, tokio_echo(&mut stream)).await };
                    let reply = tokio().block_on(job).expect("in time");
                    assert_eq!(reply.expect("a reply"), MESSAGE);
                })
            }
            Self::Std => {
                let mut stream = stream;
                stream.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
                stream.set_write_timeout(Some(TIMEOUT)).expect("a timeout");
                Box::new(move || {
                    let mut reply = [0; LENGTH];
                    stream.write_all(&MESSAGE).expect("sent");
                    stream.read_exact(&mut reply).expect("a reply");
                    assert_eq!(reply, MESSAGE);
                })
            }
            _ => return None,
        })
    }

    /// Starts jobs that wait for a timer of an hour or more each, no two for the same, and whose
    /// results can be had; `None` where that makes no sense. Dropping what it returns lets go of
    /// them.
    #[must_use]
    pub fn sleepers(self, count: u32) -> Option<Box<dyn Any>> {
        let after = |number: u32| Duration::from_secs(3600) + Duration::from_micros(number.into());
        let numbers = 0..count;
        Some(match self {
            Self::Crochet | Self::CrochetAsleep => {
                let sleep = |number| {
                    crochet::run_in_reactor(move || async move {
                        async_io::Timer::after(after(number)).await;
                        Ok::<_, crochet::Error>(())
                    })
                };
                Box::new(numbers.map(sleep).collect::<Vec<_>>())
            }
            Self::TokioThread | Self::TokioMulti => {
                let sleep = |number| {
                    tokio().spawn(async move {
                        tokio::time::sleep(after(number)).await;
                        Ok::<_, io::Error>(())
                    })
                };
                Box::new(numbers.map(sleep).collect::<Vec<_>>())
            }
            Self::Smol => {
                let sleep = |number| {
                    smol::spawn(async move {
                        async_io::Timer::after(after(number)).await;
                        Ok::<_, io::Error>(())
                    })
                };
                Box::new(numbers.map(sleep).collect::<Vec<_>>())
            }
            _ => return None,
        })
    }

    /// The same over a stream with the interface of std: our [`Blocking`], blocking sockets. The
    /// others have none, so they call as in [`echo`](Self::echo).
    #[must_use]
    pub fn blocking_echo(self, server: SocketAddr) -> Option<Call> {
        if !self.is_ours() {
            return self.echo(server);
        }
        let stream = TcpStream::connect(server).expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let stream = async_net::TcpStream::try_from(stream).expect("a socket");
        let mut stream = Blocking::new(stream).with_timeout(TIMEOUT);
        Some(Box::new(move || {
            let mut reply = [0; LENGTH];
            stream.write_all(&MESSAGE).expect("sent");
            stream.read_exact(&mut reply).expect("a reply");
            assert_eq!(reply, MESSAGE);
        }))
    }

    /// A job that is ready at once, waited for with `wait_any` beside one that never is; `None`
    /// where that makes no sense.
    #[must_use]
    pub fn wait_any(self) -> Option<Call> {
        if !self.is_ours() {
            return None;
        }
        let never = crochet::run_in_reactor(std::future::pending::<crochet::Result<u64>>);
        Some(Box::new(move || {
            let job = crochet::run_in_reactor(|| async { Ok(std::hint::black_box(42_u64)) });
            assert_eq!(crochet::wait_any(&[&never, &job], TIMEOUT).ok(), Some(1));
        }))
    }

    /// A call of `InReactor::with` that is ready at once; `None` where that makes no sense.
    #[must_use]
    pub fn in_reactor(self) -> Option<Call> {
        if !self.is_ours() {
            return None;
        }
        let value = InReactor::new(TIMEOUT, || async { Ok::<_, crochet::Error>(0_u64) });
        let value = value.expect("a reactor");
        let add = async |number: &mut u64| {
            *number = std::hint::black_box(*number + 1);
            Ok::<_, crochet::Error>(())
        };
        Some(Box::new(move || value.with(TIMEOUT, add).expect("a result")))
    }

    /// Submits a job that is ready at once, to be joined later; `None` where that makes no sense.
    #[must_use]
    pub fn submit(self, number: u64) -> Option<Join> {
        Some(match self {
            ours if ours.is_ours() => {
                let job = crochet::run_in_reactor(move || async move {
                    Ok::<_, crochet::Error>(std::hint::black_box(number))
                });
                Box::new(move || assert_eq!(job.join(TIMEOUT).ok(), Some(number)))
            }
            Self::TokioThread | Self::TokioMulti => {
                let result = tokio_spawn(async move { std::hint::black_box(number) });
                Box::new(move || assert_eq!(result.blocking_recv(), Ok(number)))
            }
            Self::Smol => {
                let task = smol::spawn(async move { std::hint::black_box(number) });
                Box::new(move || assert_eq!(smol::block_on(task), number))
            }
            Self::Pool => {
                let job = async move { std::hint::black_box(number) };
                let handle = pool().spawn_with_handle(job).expect("a pool");
                Box::new(move || assert_eq!(futures::executor::block_on(handle), number))
            }
            Self::Mpsc => {
                let (done, result) = mpsc::sync_channel(1);
                let job = move || {
                    let _ = done.send(std::hint::black_box(number));
                };
                MPSC.get().expect("started").send(Box::new(job)).expect("a thread");
                Box::new(move || assert_eq!(result.recv_timeout(TIMEOUT), Ok(number)))
            }
            _ => return None,
        })
    }
}

static TOKIO: OnceLock<Handle> = OnceLock::new();
static ASYNC_IO: OnceLock<smol::channel::Sender<BoxedJob>> = OnceLock::new();
static POOL: OnceLock<ThreadPool> = OnceLock::new();
static MPSC: OnceLock<mpsc::Sender<Box<dyn FnOnce() + Send>>> = OnceLock::new();

fn tokio() -> &'static Handle {
    TOKIO.get().expect("started")
}

fn pool() -> &'static ThreadPool {
    POOL.get().expect("started")
}

fn tokio_stream(stream: TcpStream) -> tokio::net::TcpStream {
    stream.set_nonblocking(true).expect("a socket");
    let _context = tokio().enter();
    tokio::net::TcpStream::from_std(stream).expect("a socket")
}

/// Does the work on the runtime, and sends the result back.
fn tokio_spawn<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> oneshot::Receiver<T> {
    let (done, result) = oneshot::channel();
    tokio().spawn(async move {
        let _ = done.send(work.await);
    });
    result
}

fn tokio_call<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let in_time = async { tokio::time::timeout(TIMEOUT, work).await.expect("in time") };
    tokio_spawn(in_time).blocking_recv().expect("a result")
}

type BoxedJob = Pin<Box<dyn Future<Output = ()> + Send>>;

fn async_io_call<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let (done, result) = mpsc::sync_channel(1);
    let job = async move {
        let _ = done.send(work.await);
    };
    ASYNC_IO.get().expect("started").try_send(Box::pin(job)).expect("a thread");
    result.recv_timeout(TIMEOUT).expect("in time")
}

/// What a user of smol writes for a timeout.
async fn or_late<T>(work: impl Future<Output = T>) -> T {
    let late = async {
        async_io::Timer::after(TIMEOUT).await;
        panic!("late")
    };
    work.or(late).await
}

async fn smol_echo(stream: &mut async_net::TcpStream) -> io::Result<[u8; LENGTH]> {
    let mut reply = [0; LENGTH];
    futures_lite::AsyncWriteExt::write_all(stream, &MESSAGE).await?;
    futures_lite::AsyncReadExt::read_exact(stream, &mut reply).await?;
    Ok(reply)
}

async fn tokio_echo(stream: &mut tokio::net::TcpStream) -> io::Result<[u8; LENGTH]> {
    let mut reply = [0; LENGTH];
    tokio::io::AsyncWriteExt::write_all(stream, &MESSAGE).await?;
    tokio::io::AsyncReadExt::read_exact(stream, &mut reply).await?;
    Ok(reply)
}
