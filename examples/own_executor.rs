//! An application that runs Crochet's jobs on its own executor: an async HTTP server whose handlers
//! are synchronous code.
//!
//! `main` runs on smol's executor, and there is no reactor thread beside it: `no_setup` returns a
//! `Driver`, and `Driver::run` runs the server and the jobs side by side. The application,
//! `respond`, knows nothing of that. It runs in a pool of threads, where it may block, and calls
//! `lookup`, whose async body runs on the server's thread.
//!
//! ```text
//! $ cargo run --example own_executor                  # offline: with a DNS server that it starts itself
//! try: curl http://127.0.0.1:43971/address/crochet.test
//! press Ctrl-C to stop
//! ^Cstopped
//! $ cargo run --example own_executor -- 8080 9.9.9.9  # a port, and a real DNS server
//! try: curl http://127.0.0.1:8080/address/example.com
//! ```
//!
//! `curl` prints `crochet.test -> 192.0.2.7`. For `silent.test`, which gets no answer from the DNS
//! server, it prints after a second, with status 504,
//! `silent.test: timed out after 1s: the job is waiting`. After Ctrl-C the server answers the
//! requests that it has begun, and ends.
//!
//! The original in Python's Crochet is `examples/fromtwisted.py`.

mod support {
    pub(crate) mod dns;
    pub(crate) mod dns_server;
    pub(crate) mod host;
    pub(crate) mod resolv_conf;
}

use std::cell::Cell;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};
use std::{env, io};

use async_signal::{Signal, Signals};
use crochet::wait_for;
use hyper::body::Incoming;
use hyper::header::HOST;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use simple_dns::TYPE;
use smol::channel::bounded;
use smol::future::FutureExt;
use smol::net::{TcpListener, TcpStream};
use smol::stream::StreamExt;
use smol::{LocalExecutor, Task, Timer};
use smol_hyper::rt::{FuturesIo, SmolTimer};

use support::dns;
use support::dns_server::{self, Record, Zone};
use support::host::is_local;
use support::resolv_conf::parse_server;

/// Asks `server` for the address of `name`, and blocks for a second at the most.
#[wait_for(timeout = 1.0)]
async fn lookup(name: &str, server: SocketAddr) -> io::Result<Ipv4Addr> {
    dns::ask(server, name, TYPE::A).await?.address()
}

/// The application: answers a request. Blocks.
fn respond(request: &Request<Incoming>, server: SocketAddr) -> (StatusCode, String) {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are for this".to_owned());
    }
    let hosts = request.headers().get_all(HOST);
    if !hosts.iter().all(|host| host.to_str().is_ok_and(is_local)) {
        let text = "this server is for 127.0.0.1 and localhost only".to_owned();
        return (StatusCode::MISDIRECTED_REQUEST, text);
    }
    let Some(name) = request.uri().path().strip_prefix("/address/") else {
        return (StatusCode::NOT_FOUND, "there is nothing but /address/NAME".to_owned());
    };
    match lookup(name, server) {
        Ok(address) => (StatusCode::OK, format!("{name} -> {address}")),
        Err(error) => {
            let status = match error.kind() {
                io::ErrorKind::InvalidInput => StatusCode::BAD_REQUEST,
                io::ErrorKind::NotFound => StatusCode::NOT_FOUND,
                io::ErrorKind::TimedOut => StatusCode::GATEWAY_TIMEOUT,
                _ => StatusCode::BAD_GATEWAY,
            };
            (status, format!("{name}: {error}"))
        }
    }
}

/// So many clients are connected at once.
const CLIENTS: usize = 100;

/// When all are taken, a client that has not sent its request after this time makes way for
/// another.
const MOMENT: Duration = Duration::from_secs(1);

struct Client {
    task: Task<()>,
    since: Instant,
    /// Whether its request has come.
    asked: Rc<Cell<bool>>,
}

/// Waits until there is room for one more client. Drops one that is silent, if there is one.
async fn make_room(clients: &mut Vec<Client>) {
    loop {
        clients.retain(|client| !client.task.is_finished());
        if clients.len() < CLIENTS {
            return;
        }
        let silent = |client: &Client| !client.asked.get() && client.since.elapsed() >= MOMENT;
        match clients.iter().position(silent) {
            Some(oldest) => drop(clients.remove(oldest)),
            None => after(Duration::from_millis(20)).await,
        }
    }
}

async fn after(time: Duration) {
    Timer::after(time).await;
}

/// Serves one request, and notes that it has come. There is no second one, so stopping the server
/// means waiting for the connections to end.
async fn converse(stream: TcpStream, server: SocketAddr, asked: &Cell<bool>) {
    let service = service_fn(|request| async move {
        asked.set(true);
        let (status, text) = crochet::unblock(move || respond(&request, server)).await;
        Response::builder()
            .status(status)
            .header("allow", "GET, HEAD")
            .header("content-type", "text/plain; charset=utf-8")
            .body(text + "\n")
    });
    let mut builder = http1::Builder::new();
    builder.keep_alive(false).timer(SmolTimer::new());
    // On an error the client has gone, or does not speak HTTP, so there is no one to report to.
    let _ = builder.serve_connection(FuturesIo::new(stream), service).await;
}

/// Accepts clients until `stop` is ready, and then serves those that are connected, for three
/// seconds at the most.
async fn serve(listener: TcpListener, server: SocketAddr, stop: impl Future<Output = ()>) {
    let executor = LocalExecutor::new();
    let (busy, idle) = bounded::<Infallible>(1);
    let mut clients = Vec::new();
    let accept = async {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Too many connections, perhaps: some end before long.
                after(Duration::from_millis(100)).await;
                continue;
            };
            make_room(&mut clients).await;
            let (busy, asked) = (busy.clone(), Rc::new(Cell::new(false)));
            let asks = Rc::clone(&asked);
            let task = async move {
                converse(stream, server, &asks).await;
                drop(busy);
            };
            clients.push(Client { task: executor.spawn(task), since: Instant::now(), asked });
        }
    };
    executor.run(accept.or(stop)).await;
    drop((listener, busy));
    let all = async {
        let _ = idle.recv().await;
    };
    executor.run(all.or(after(Duration::from_secs(3)))).await;
}

/// Windows has no more than Ctrl-C.
const STOP: &[Signal] = if cfg!(unix) { &[Signal::Int, Signal::Term] } else { &[Signal::Int] };

/// What the server of the offline run knows.
const DEMO_ZONE: Zone =
    &[("crochet.test", Record::A(Ipv4Addr::new(192, 0, 2, 7))), ("silent.test", Record::Silence)];

fn run(port: u16, server: Option<SocketAddr>) -> io::Result<()> {
    let name = if server.is_some() { "example.com" } else { "crochet.test" };
    let server = server.map_or_else(|| dns_server::start(DEMO_ZONE), Ok)?;
    let mut signals = Signals::new(STOP)?;
    let driver = crochet::no_setup()?;
    smol::block_on(driver.run(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot listen on port {port}: {error}"))
        })?;
        println!("try: curl http://{}/address/{name}", listener.local_addr()?);
        println!("press Ctrl-C to stop");
        let interrupt = async {
            signals.next().await;
        };
        serve(listener, server, interrupt).await;
        println!("stopped");
        Ok(())
    }))?
}

/// Reads the command line: a port, 0 for any that is free, and a DNS server.
fn parse(args: &[String]) -> Option<(u16, Option<SocketAddr>)> {
    match args {
        [] => Some((0, None)),
        [port] => Some((port.parse().ok()?, None)),
        [port, server] => Some((port.parse().ok()?, Some(parse_server(server)?))),
        _ => None,
    }
}

fn main() -> ExitCode {
    let args = env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
    let args: Vec<_> = args.collect();
    let Some((port, server)) = parse(&args) else {
        eprintln!("usage: own_executor [PORT [IP-OF-DNS-SERVER]], where a port is at most 65535");
        return ExitCode::from(2);
    };
    match run(port, server) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("own_executor: {error}");
            ExitCode::FAILURE
        }
    }
}
