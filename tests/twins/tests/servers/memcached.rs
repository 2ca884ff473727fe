//! `memcache-async` and a `memcached`, over connections of two runtimes.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use crochet_twins_tests::memcached::blocking::Cache;
use futures_lite::{AsyncRead, AsyncWrite};
use tokio_util::compat::TokioAsyncReadCompatExt;

use crate::server::Server;

const SECOND: Duration = Duration::from_secs(1);

/// What each connection is used for; the runtimes do not show.
fn knit<S: AsyncRead + AsyncWrite + Unpin + Send>(connection: S, name: &str) {
    let mut cache = Cache::new(connection);
    assert!(cache.version().unwrap().starts_with(|digit: char| digit.is_ascii_digit()));
    let (yarn, rows) = (format!("{name}-yarn"), format!("{name}-rows"));
    assert_eq!(cache.get(&yarn).unwrap_err().kind(), ErrorKind::NotFound);
    cache.set(&yarn, b"wool", 0).unwrap();
    cache.set(&rows, b"40", 0).unwrap();
    assert_eq!(
        (cache.get(&yarn).unwrap(), cache.increment(&rows, 2).unwrap()),
        (b"wool".to_vec(), 42)
    );
    let all = cache.get_multi(&[yarn.as_str(), rows.as_str(), "needle"]).unwrap();
    assert_eq!((all.len(), &all[&yarn], &all[&rows]), (2, &b"wool".to_vec(), &b"42".to_vec()));
    cache.delete(&yarn).unwrap();
    assert_eq!(cache.get(&yarn).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn over_a_connection_of_smol() {
    let Some(server) = Server::memcached() else { return };
    let connect = async_net::TcpStream::connect(server.address);
    knit(crochet::wait_for::<_, _, io::Error>(10 * SECOND, connect).unwrap(), "smol");
}

#[test]
fn over_a_connection_of_tokio() {
    let Some(server) = Server::memcached() else { return };
    let connect = tokio::net::TcpStream::connect(server.address);
    let stream = crochet::wait_for::<_, _, io::Error>(10 * SECOND, connect).unwrap();
    knit(stream.compat(), "tokio");
}

#[test]
fn a_server_that_says_nothing_is_late() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = async_net::TcpStream::connect(silent.local_addr().unwrap());
    let mut cache = Cache::new(crochet::wait_for::<_, _, io::Error>(10 * SECOND, connect).unwrap());
    let start = Instant::now();
    let late = crochet::within(SECOND / 10, || cache.version()).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::TimedOut, "{late}");
    assert!(start.elapsed() >= SECOND / 10);
}
