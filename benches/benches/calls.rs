//! What a blocking call costs its caller: `cargo bench -p crochet-benches`.
//!
//! Two groups, each with the same work done in several ways, by one caller, one call at a time:
//!
//! - `ready`: a job that is done when it is first polled. What is left is the way to the other thread and
//!   back.
//! - `echo`: four bytes to a server on loopback, and the same four back. Most calls are like this: short,
//!   with a wait in the middle.
//!
//! Every call has a timeout that it does not reach. A sample is one call; compare the medians, and only
//! those of one run on an idle machine. At best it has a core for each of the three threads: the caller's,
//! the reactor's and the server's.

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;

/// No call takes so long.
const TIMEOUT: Duration = Duration::from_secs(5);

fn main() {
    divan::main();
}

/// A tokio runtime on a thread of its own.
fn tokio_thread() -> &'static Handle {
    static HANDLE: OnceLock<Handle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let handle = runtime.handle().clone();
        thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        handle
    })
}

/// Does the work on the runtime's thread and waits for the result, as `reqwest::blocking` does.
fn spawn_and_wait<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let (done, result) = oneshot::channel();
    tokio_thread().spawn(async move {
        let _ = done.send(tokio::time::timeout(TIMEOUT, work).await.unwrap());
    });
    result.blocking_recv().unwrap()
}

#[divan::bench_group(sample_count = 5000, sample_size = 1)]
mod ready {
    use divan::{Bencher, black_box};

    use super::{TIMEOUT, spawn_and_wait, tokio_thread};

    #[divan::bench(name = "crochet: wait_for")]
    fn crochet(bencher: Bencher<'_, '_>) {
        crochet::setup().unwrap();
        bencher.bench_local(|| {
            crochet::wait_for(TIMEOUT, async { Ok::<_, crochet::Error>(black_box(42)) }).unwrap()
        });
    }

    #[divan::bench(name = "tokio: spawn, blocking_recv")]
    fn tokio_spawn(bencher: Bencher<'_, '_>) {
        tokio_thread();
        bencher.bench_local(|| spawn_and_wait(async { black_box(42) }));
    }

    /// For scale: it is done on the caller's own thread, so nothing goes anywhere.
    #[divan::bench(name = "tokio: Handle::block_on")]
    fn tokio_block_on(bencher: Bencher<'_, '_>) {
        let handle = tokio_thread();
        bencher.bench_local(|| {
            handle.block_on(async {
                tokio::time::timeout(TIMEOUT, async { black_box(42) }).await.unwrap()
            })
        });
    }
}

#[divan::bench_group(sample_count = 5000, sample_size = 1)]
mod echo {
    use std::io::{self, Read, Write};
    use std::net::TcpStream;

    use crochet_benches::{LENGTH, echo_server};
    use divan::Bencher;
    use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::{TIMEOUT, spawn_and_wait, tokio_thread};

    const MESSAGE: [u8; LENGTH] = *b"ping";

    fn connect() -> TcpStream {
        let stream = TcpStream::connect(echo_server().unwrap()).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    #[divan::bench(name = "crochet: wait_for")]
    fn crochet(bencher: Bencher<'_, '_>) {
        crochet::setup().unwrap();
        async fn round_trip(stream: &mut async_net::TcpStream) -> io::Result<[u8; LENGTH]> {
            let mut reply = [0; LENGTH];
            stream.write_all(&MESSAGE).await?;
            stream.read_exact(&mut reply).await?;
            Ok(reply)
        }
        let mut stream = async_net::TcpStream::try_from(connect()).unwrap();
        bencher.bench_local(|| crochet::wait_for(TIMEOUT, round_trip(&mut stream)).unwrap());
    }

    async fn round_trip(stream: &mut tokio::net::TcpStream) -> io::Result<[u8; LENGTH]> {
        let mut reply = [0; LENGTH];
        stream.write_all(&MESSAGE).await?;
        stream.read_exact(&mut reply).await?;
        Ok(reply)
    }

    fn tokio_stream() -> tokio::net::TcpStream {
        let stream = connect();
        stream.set_nonblocking(true).unwrap();
        let _context = tokio_thread().enter();
        tokio::net::TcpStream::from_std(stream).unwrap()
    }

    /// A task must own what it uses, so the stream goes there and back.
    #[divan::bench(name = "tokio: spawn, blocking_recv")]
    fn tokio_spawn(bencher: Bencher<'_, '_>) {
        let mut kept = Some(tokio_stream());
        bencher.bench_local(|| {
            let mut stream = kept.take().unwrap();
            let (reply, stream) = spawn_and_wait(async move {
                let reply = round_trip(&mut stream).await.unwrap();
                (reply, stream)
            });
            kept = Some(stream);
            reply
        });
    }

    /// The work is done on the caller's own thread, but the runtime's thread watches the socket.
    #[divan::bench(name = "tokio: Handle::block_on")]
    fn tokio_block_on(bencher: Bencher<'_, '_>) {
        let mut stream = tokio_stream();
        let handle = tokio_thread();
        bencher.bench_local(|| {
            let work = async { tokio::time::timeout(TIMEOUT, round_trip(&mut stream)).await };
            handle.block_on(work).unwrap().unwrap()
        });
    }

    /// No async at all: the floor.
    #[divan::bench(name = "std: blocking sockets")]
    fn std_net(bencher: Bencher<'_, '_>) {
        let mut stream = connect();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        bencher.bench_local(|| {
            let mut reply = [0; LENGTH];
            stream.write_all(&MESSAGE).unwrap();
            stream.read_exact(&mut reply).unwrap();
            reply
        });
    }
}
