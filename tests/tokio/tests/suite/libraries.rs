//! Real libraries that are built on tokio: reqwest (HTTP) and tonic (gRPC).

use std::error::Error as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crochet::{Error, EventualResult, Reactor};
use crochet_tokio_tests::application;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{LONG, hog, limit};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Answers each request of one connection with its path.
fn answer(stream: TcpStream) -> io::Result<()> {
    let mut lines = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let end = line.trim_end().is_empty();
        head.push(line);
        if end {
            let head = std::mem::take(&mut head);
            let path = head[0].split(' ').nth(1).unwrap_or_default();
            let length = path.len();
            write!(lines.get_mut(), "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{path}")?;
        }
    }
}

/// A blocking HTTP server. It ends with the process.
fn http_server() -> SocketAddr {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    thread::spawn(move || {
        for stream in server.incoming() {
            thread::spawn(|| answer(stream.unwrap()));
        }
    });
    address
}

/// A library as one would write it.
async fn get(client: &reqwest::Client, url: &str) -> Result<String, AnyError> {
    Ok(client.get(url).send().await?.error_for_status()?.text().await?)
}

#[test]
fn reqwest_works_with_many_threads_and_reactors() {
    let _limit = limit(LONG);
    let server = http_server();
    let client = reqwest::Client::new(); // outside of any job
    let reactors = [Reactor::new().unwrap(), Reactor::new().unwrap()];
    thread::scope(|scope| {
        for i in 0..8 {
            let (client, reactors) = (&client, &reactors);
            scope.spawn(move || {
                for (j, reactor) in reactors.iter().cycle().take(10).enumerate() {
                    let path = format!("/{i}/{j}");
                    let url = format!("http://{server}{path}");
                    assert_eq!(reactor.wait_for(LONG, get(client, &url)).unwrap(), path);
                }
            });
        }
    });
    // With a name to resolve, in the background.
    let url = format!("http://localhost:{}/name", server.port());
    let page = reactors[0].run_in_reactor(move || async move { get(&client, &url).await });
    assert_eq!(page.join(LONG).unwrap(), "/name");
}

#[test]
fn reqwest_is_dropped_at_the_timeout_with_its_connection() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", mute.local_addr().unwrap());
    for held in [false, true] {
        let hog = held.then(|| hog(&reactor));
        let late = reactor.wait_for(Duration::from_millis(200), async {
            get(&reqwest::Client::new(), &url).await
        });
        let late = late.unwrap_err();
        assert!(late.downcast_ref::<Error>().is_some_and(Error::is_timeout), "{late}");
        if let Some(hog) = hog {
            hog.release();
        } else {
            // What was sent by then, if anything; and then the end, as it was closed.
            mute.accept().unwrap().0.read_to_end(&mut Vec::new()).unwrap();
        }
    }
}

#[test]
fn reqwests_own_timeout_and_errors_come_through() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", mute.local_addr().unwrap());
    let late = reactor.run_in_reactor(|| async move {
        let request = reqwest::Client::new().get(url).timeout(Duration::from_millis(20));
        request.send().await.map(drop)
    });
    let late = late.into_result(LONG).unwrap_err();
    assert!(matches!(&late, Error::Job(error) if error.is_timeout()), "{late:?}");
    let nobody = format!("http://{}/", {
        let gone = TcpListener::bind("127.0.0.1:0").unwrap();
        gone.local_addr().unwrap()
    });
    let refused = reactor.wait_for(LONG, async { get(&reqwest::Client::new(), &nobody).await });
    let refused = refused.unwrap_err();
    let error = refused.downcast_ref::<reqwest::Error>().unwrap();
    assert!(error.is_connect() && error.source().is_some(), "{error:?}");
}

#[test]
fn reqwest_works_where_the_caller_is_inside_a_runtime() {
    let _limit = limit(LONG);
    let server = http_server();
    for threads in [1, 2] {
        let page = application(threads).block_on(async {
            let (client, url) = (reqwest::Client::new(), format!("http://{server}/inside"));
            Reactor::new().unwrap().wait_for(LONG, get(&client, &url))
        });
        assert_eq!(page.unwrap(), "/inside");
    }
}

/// A gRPC server in a job: the health service, which says that it serves `wool`.
fn grpc_server(reactor: &Reactor) -> (SocketAddr, EventualResult<(), AnyError>) {
    let (bound, has_bound) = mpsc::channel();
    let server = reactor.run_in_reactor(move || async move {
        let (reporter, service) = tonic_health::server::health_reporter();
        reporter.set_service_status("wool", ServingStatus::Serving).await;
        let incoming = TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        bound.send(incoming.local_addr()?)?;
        Server::builder().add_service(service).serve_with_incoming(incoming).await?;
        Ok(())
    });
    (has_bound.recv().unwrap(), server)
}

/// A gRPC client that blocks.
struct Health<'a> {
    reactor: &'a Reactor,
    client: HealthClient<Channel>,
}

impl<'a> Health<'a> {
    fn connect(reactor: &'a Reactor, server: SocketAddr) -> Result<Self, AnyError> {
        let channel = Channel::from_shared(format!("http://{server}"))?;
        let channel = reactor.wait_for(LONG, async { Ok::<_, AnyError>(channel.connect().await?) });
        Ok(Self { reactor, client: HealthClient::new(channel?) })
    }

    fn check(&mut self, service: &str) -> Result<i32, AnyError> {
        let request = HealthCheckRequest { service: service.to_owned() };
        self.reactor
            .wait_for(LONG, async { Ok(self.client.check(request).await?.into_inner().status) })
    }
}

#[test]
fn tonic_works_as_client_and_server() {
    let _limit = limit(LONG);
    let [serving, asking] = [(); 2].map(|()| Reactor::new().unwrap());
    let (address, server) = grpc_server(&serving);
    let mut health = Health::connect(&asking, address).unwrap();
    for _ in 0..20 {
        assert_eq!(health.check("wool").unwrap(), 1);
    }
    let unknown = health.check("cotton").unwrap_err();
    let status = unknown.downcast_ref::<tonic::Status>().unwrap();
    assert_eq!(status.code(), tonic::Code::NotFound);
    // A stream of updates, read one by one.
    let mut client = health.client.clone();
    let mut updates = asking
        .wait_for(LONG, async {
            let request = HealthCheckRequest { service: "wool".to_owned() };
            Ok::<_, AnyError>(client.watch(request).await?.into_inner())
        })
        .unwrap();
    let mut next =
        |timeout| asking.wait_for(timeout, async { Ok::<_, AnyError>(updates.message().await?) });
    assert_eq!(next(LONG).unwrap().unwrap().status, 1);
    let none = next(Duration::from_millis(50)).unwrap_err();
    assert!(none.downcast_ref::<Error>().is_some_and(Error::is_timeout), "{none}");
    server.cancel();
    assert!(server.wait(LONG).unwrap_err().is_cancelled());
    serving.shutdown(LONG).unwrap();
}
