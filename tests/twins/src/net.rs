//! `async-net`, of the smol family: connections and listeners.

use std::io;
use std::net::SocketAddr;

use async_net::AsyncToSocketAddrs;
use futures_lite::{AsyncRead, AsyncWrite, Stream, StreamExt};

/// A TCP connection.
#[derive(Clone, Debug)]
pub struct TcpStream(async_net::TcpStream);

/// A TCP server.
#[derive(Clone, Debug)]
pub struct TcpListener(async_net::TcpListener);

/// The same, for programs that are not async.
pub mod blocking {
    /// A TCP connection that blocks.
    #[derive(Clone, Debug)]
    pub struct TcpStream(pub(super) super::TcpStream);

    /// A TCP server that blocks.
    #[derive(Clone, Debug)]
    pub struct TcpListener(pub(super) super::TcpListener);
}

#[crochet::blocking(as = blocking::TcpStream, timeout = 10.0)]
impl TcpStream {
    /// Connects to a server.
    pub async fn connect<A>(addr: A) -> io::Result<Self>
    where
        A: AsyncToSocketAddrs + Send,
        A::Iter: Send,
    {
        async_net::TcpStream::connect(addr).await.map(Self)
    }

    /// The address at the other end.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }

    /// What to read from and write to; all of them share the connection.
    pub fn io(&self) -> impl AsyncRead + AsyncWrite + Unpin + Send + use<> {
        self.0.clone()
    }

    /// Receives what is there, without taking it.
    #[blocking(timeout = 0.1)]
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.peek(buf).await
    }
}

#[crochet::blocking(
    as = blocking::TcpListener,
    timeout = 10.0,
    types(TcpStream as blocking::TcpStream),
)]
impl TcpListener {
    /// Listens at an address.
    pub async fn bind(addr: SocketAddr) -> io::Result<Self> {
        async_net::TcpListener::bind(addr).await.map(Self)
    }

    /// The address that it listens at.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// The next connection.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.0.accept().await.map(|(stream, from)| (TcpStream(stream), from))
    }

    /// All connections.
    pub fn incoming(&self) -> impl Stream<Item = io::Result<TcpStream>> + Send + '_ {
        self.0.incoming().map(|stream| stream.map(TcpStream))
    }
}
