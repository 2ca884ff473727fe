//! Twins of clients that are built on tokio.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use crochet::Held;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::support::{LONG, limit};

/// A client that says goodbye in a task of its own, as pooled connections do.
struct Client {
    stream: Option<TcpStream>,
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(mut stream) = self.stream.take() {
            tokio::spawn(async move { stream.write_all(b"!").await }); // panics without a context
        }
    }
}

mod blocking {
    pub(super) struct Client(pub(super) crochet::Held<super::Client>);
}

#[crochet::blocking(as = blocking::Client, timeout = 60)]
impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { stream: Some(TcpStream::connect(address).await?) })
    }

    pub(crate) async fn echo(&mut self, byte: u8) -> io::Result<u8> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        stream.write_all(&[byte]).await?;
        stream.read_u8().await
    }

    pub(crate) async fn close(mut self) -> io::Result<()> {
        self.stream.take().ok_or(io::ErrorKind::NotConnected)?.shutdown().await
    }
}

/// Starts a server for one client, which echoes each byte up to the goodbye. Returns all that came.
fn server() -> (SocketAddr, thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let received = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut all, mut byte) = (Vec::new(), [0]);
        while stream.read(&mut byte).unwrap() == 1 {
            all.extend(byte);
            if byte == *b"!" {
                break; // the client has gone
            }
            stream.write_all(&byte).unwrap();
        }
        all
    });
    (address, received)
}

#[test]
fn a_connection_is_kept_between_calls_and_dropped_in_the_context() {
    let _limit = limit(LONG);
    let (address, received) = server();
    let mut client = blocking::Client::connect(address).unwrap();
    assert_eq!((client.echo(b'a').unwrap(), client.echo(b'b').unwrap()), (b'a', b'b'));
    drop(client);
    assert_eq!(received.join().unwrap(), b"ab!");
}

#[test]
fn a_twin_works_inside_a_runtime_of_tokio() {
    let _limit = limit(LONG);
    let (address, received) = server();
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let mut client = blocking::Client::connect(address).unwrap();
        assert_eq!(client.echo(b'c').unwrap(), b'c');
    });
    // The goodbye is a task of this runtime, which must not end before it.
    assert_eq!(received.join().unwrap(), b"c!");
    drop(runtime);
}

#[test]
fn a_consuming_call_drops_the_client_in_the_context() {
    let _limit = limit(LONG);
    let (address, received) = server();
    let client = blocking::Client::connect(address).unwrap();
    client.close().unwrap();
    assert_eq!(received.join().unwrap(), b"");
    let unused: blocking::Client = blocking::Client(Held::new(Client { stream: None }));
    assert_eq!(unused.close().unwrap_err().kind(), io::ErrorKind::NotConnected);
}
