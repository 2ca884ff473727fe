//! The example `own_executor`, as its users see it: over HTTP, and on the command line.
//!
//! | what comes | what the example does |
//! |---|---|
//! | a name that the DNS server knows, or not, or does not answer for | 200, 404, 504 |
//! | a DNS server that is not there; a name that is none | 502, 400 |
//! | another path; another method; no HTTP | 404, 405, 400 |
//! | many requests at once | serves them all, at once |
//! | Ctrl-C: at rest, in a request, with a client that never ends its request | stops, after the answer, after three seconds |
//! | a port that is taken, bad arguments | says so |

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::dns_server;
use crate::support::dns_server::Record;
#[cfg(unix)]
use crate::support::example::command_with_files;
use crate::support::example::{Run, command, run};
use crate::support::signal::{SIGINT, STOPS, kill};
use crate::support::{LONG, limit};

/// For the program to answer. Where it does not, the test fails before its limit, and the program
/// is killed.
const PATIENCE: Duration = Duration::from_secs(30);

/// The example, running. It is killed when this is dropped.
struct App {
    process: Child,
    stdout: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl App {
    fn start(args: &[&str]) -> Self {
        let mut command = command("own_executor");
        command.args(args);
        Self::start_by(command, args)
    }

    fn start_by(mut command: Command, args: &[&str]) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut said = [String::new(), String::new()];
        for line in &mut said {
            stdout.read_line(line).unwrap();
        }
        assert_eq!(said[1], "press Ctrl-C to stop\n");
        let url = said[0].strip_prefix("try: curl http://").unwrap();
        let (address, path) = url.split_once('/').unwrap();
        let name = if args.len() == 2 { "example.com" } else { "crochet.test" };
        assert_eq!(path, format!("address/{name}\n"));
        Self { process, stdout, address: address.parse().unwrap() }
    }

    /// Sends what is to be a request, and returns status, headers and body of the answer.
    fn send(&self, request: &str) -> (u16, String, String) {
        receive(connect(self.address, request))
    }

    fn get(&self, path: &str) -> (u16, String) {
        let (status, _, body) =
            self.send(&format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"));
        (status, body)
    }

    /// Waits for its end, and returns its exit code and what it has said.
    fn ended(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).unwrap();
        (self.process.wait().unwrap().code(), said)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn connect(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn receive(mut stream: TcpStream) -> (u16, String, String) {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.strip_prefix("HTTP/1.1 ").unwrap();
    (status[..3].parse().unwrap(), head.to_owned(), body.to_owned())
}

/// Checks the answer for a name about which the DNS server is silent.
#[track_caller]
fn assert_timed_out((status, body): (u16, String), name: &str) {
    let (seconds, reason) = body
        .strip_prefix(&format!("{name}: timed out after "))
        .and_then(|rest| rest.split_once("s: "))
        .unwrap_or_else(|| panic!("{body:?}"));
    // Where there are many at once, it may be polled just then, or after another one.
    let reasons =
        ["the job is waiting\n", "the job is running\n", "the reactor thread has been held"];
    assert!(reasons.iter().any(|known| reason.starts_with(known)), "{body:?}");
    assert!(seconds.parse::<f64>().unwrap() >= 1.0, "{body:?}");
    assert_eq!(status, 504);
}

#[test]
fn a_request_is_answered_without_a_reactor_thread() {
    let _limit = limit(LONG);
    let app = App::start(&[]);
    let answer = (200, "crochet.test -> 192.0.2.7\n".to_owned());
    assert_eq!(app.get("/address/crochet.test"), answer);
    assert_eq!(app.get("/address/crochet.test?query"), answer);
    #[cfg(target_os = "linux")]
    {
        let threads = std::fs::read_dir(format!("/proc/{}/task", app.process.id())).unwrap();
        let names: Vec<_> = threads
            .map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")).unwrap())
            .collect();
        assert!(names.iter().any(|name| name.starts_with("blocking-")), "{names:?}");
        assert!(!names.iter().any(|name| name == "crochet\n"), "{names:?}");
    }
}

#[test]
fn a_request_that_is_none_of_its_own_is_told() {
    let _limit = limit(LONG);
    let app = App::start(&["0"]);
    let cases = [
        ("/address/nobody.test", 404, "nobody.test: there is no such name (NXDOMAIN)"),
        ("/address/a..b", 400, "a..b: a part between two dots is empty"),
        ("/address/", 400, ": it is empty"),
        ("/", 404, "there is nothing but /address/NAME"),
        ("/addresses/crochet.test", 404, "there is nothing but /address/NAME"),
    ];
    for (path, status, body) in cases {
        assert_eq!(app.get(path), (status, format!("{body}\n")), "{path}");
    }
}

#[test]
fn a_method_that_is_not_allowed_is_told_with_those_that_are() {
    let _limit = limit(LONG);
    let app = App::start(&[]);
    let post =
        "POST /address/crochet.test HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\nwool";
    let (status, head, body) = app.send(post);
    assert_eq!((status, &*body), (405, "only GET and HEAD are for this\n"));
    assert!(head.contains("\r\nallow: GET, HEAD\r\n"), "{head}");

    let (status, head, body) =
        app.send("HEAD /address/crochet.test HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert_eq!((status, &*body), (200, ""));
    assert!(head.contains("\r\ncontent-length: 26"), "{head}");
}

#[test]
fn clients_that_misbehave_harm_no_others() {
    let _limit = limit(LONG);
    let app = App::start(&[]);
    let (status, ..) = app.send("wool and needles\r\n\r\n");
    assert_eq!(status, 400);
    drop(connect(app.address, "GET /address/crochet.test HTTP/1.1\r\nhost"));
    drop(connect(app.address, "GET /address/silent.test HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    assert_eq!(app.get("/address/crochet.test").0, 200);
}

#[test]
fn a_request_for_another_host_is_refused() {
    let _limit = limit(LONG);
    let app = App::start(&[]);
    let ask = |host: &str| app.send(&format!("GET /address/crochet.test HTTP/1.1\r\n{host}\r\n"));
    for local in ["127.0.0.1", "LocalHost:8080", "[::1]", "[::1]:80"] {
        assert_eq!(ask(&format!("host: {local}\r\n")).0, 200, "{local}");
    }
    for foreign in ["wool.test", "localhost.wool.test:80", "[::2]"] {
        let (status, _, body) = ask(&format!("host: {foreign}\r\n"));
        assert_eq!(
            (status, &*body),
            (421, "this server is for 127.0.0.1 and localhost only\n"),
            "{foreign}"
        );
    }
}

#[cfg(unix)]
#[test]
fn idle_connections_beyond_what_the_process_can_have_open_do_not_end_it() {
    let _limit = limit(LONG);
    let app = App::start_by(command_with_files("own_executor", 160), &[]);
    let mut idle: Vec<TcpStream> = Vec::new();
    for _ in 0..5 {
        idle.extend((0..50).map(|_| TcpStream::connect(app.address).unwrap()));
        let start = Instant::now();
        assert_eq!(app.get("/address/crochet.test").0, 200, "with {} idle connections", idle.len());
        // They are dropped for those that ask, and not after hyper's patience of half a minute.
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    }
    drop(idle);
    assert_eq!(app.get("/address/crochet.test").0, 200);
}

#[test]
fn a_dns_server_that_does_not_answer_is_a_504_with_the_reason() {
    let _limit = limit(LONG);
    let app = App::start(&[]);
    let start = Instant::now();
    assert_timed_out(app.get("/address/silent.test"), "silent.test");
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn another_dns_server_can_be_asked() {
    const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 9);
    let _limit = limit(LONG);
    let server = dns_server::start(&[("wool.test", Record::A(ADDRESS))]).unwrap();
    let app = App::start(&["0", &server.to_string()]);
    assert_eq!(app.get("/address/wool.test"), (200, "wool.test -> 192.0.2.9\n".to_owned()));
}

#[test]
fn a_dns_server_that_is_not_there_is_a_502_with_the_reason() {
    let _limit = limit(LONG);
    let nobody = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let app = App::start(&["0", &nobody.to_string()]);
    let (status, body) = app.get("/address/wool.test");
    let start = format!("wool.test: cannot reach the server {nobody}: ");
    assert!(status == 502 && body.starts_with(&start), "{status} {body}");
}

#[test]
fn many_requests_are_served_at_once() {
    const EACH: usize = 80;
    let _limit = limit(LONG);
    let app = App::start(&[]);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..EACH {
            scope.spawn(|| assert_timed_out(app.get("/address/silent.test"), "silent.test"));
            scope.spawn(|| assert_eq!(app.get("/address/crochet.test").0, 200));
        }
    });
    // One after the other, that would take a second for each of the silent ones.
    assert!(start.elapsed() < Duration::from_secs(EACH as u64 / 2));
}

#[test]
fn ctrl_c_stops_it() {
    let _limit = limit(LONG);
    for &signal in STOPS {
        let app = App::start(&[]);
        assert_eq!(app.get("/address/crochet.test").0, 200);
        kill(app.process.id(), signal);
        assert_eq!(app.ended(), (Some(0), "stopped\n".to_owned()));
    }
}

#[test]
fn ctrl_c_lets_a_request_end_that_has_begun() {
    let _limit = limit(LONG);
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let app = App::start(&["0", &silent.local_addr().unwrap().to_string()]);
    let request =
        connect(app.address, "GET /address/wool.test HTTP/1.1\r\nhost: localhost\r\n\r\n");
    silent.set_read_timeout(Some(PATIENCE)).unwrap();
    // The application is in `lookup` when this comes.
    silent.recv_from(&mut [0; 512]).unwrap();
    kill(app.process.id(), SIGINT);
    let (status, _, body) = receive(request);
    assert_timed_out((status, body), "wool.test");
    let address = app.address;
    assert_eq!(app.ended(), (Some(0), "stopped\n".to_owned()));
    TcpStream::connect(address).unwrap_err();
}

#[test]
fn ctrl_c_does_not_wait_for_ever_for_a_client() {
    let _limit = limit(LONG);
    let app = App::start(&[]);
    let _slow = connect(app.address, "GET /address/crochet.test HTTP/1.1\r\n");
    // Connections are accepted in order: the slow one was, by then.
    assert_eq!(app.get("/address/crochet.test").0, 200);
    let start = Instant::now();
    kill(app.process.id(), SIGINT);
    assert_eq!(app.ended(), (Some(0), "stopped\n".to_owned()));
    let took = start.elapsed();
    // The HTTP library has a limit of its own, of thirty seconds.
    assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let ended = run("own_executor", &[&port.to_string()]);
    let start = format!("own_executor: cannot listen on port {port}: ");
    assert!(ended.stderr.starts_with(&start), "{ended:?}");
    #[cfg(unix)]
    assert!(ended.stderr.contains("Address already in use"), "{ended:?}");
    assert_eq!((ended.code, &*ended.stdout, ended.stderr.lines().count()), (Some(1), "", 1));
}

#[test]
fn bad_arguments_are_told() {
    let text = "usage: own_executor [PORT [IP-OF-DNS-SERVER]], where a port is at most 65535\n";
    for args in [&["wool"][..], &["65536"], &["-1"], &[""], &["0", "localhost"], &["0", "::1", "0"]]
    {
        let expected = Run { code: Some(2), stdout: String::new(), stderr: text.to_owned() };
        assert_eq!(run("own_executor", args), expected, "{args:?}");
    }
}
