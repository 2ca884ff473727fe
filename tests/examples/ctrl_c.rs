//! The example `ctrl_c`, as its user sees it: stopped, left alone, with a server that fails.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::example::{Run, command, run};
use crate::support::signal::{SIGINT, STOPS, kill};
use crate::support::{Gate, LONG, limit};

const STARTED: &str = "downloading; press Ctrl-C to stop\n";

/// Starts the example, sends it `signal` when `ready` has returned, and returns its exit code and
/// what it says then.
fn stopped_by(signal: i32, args: &[&str], ready: impl FnOnce()) -> (Option<i32>, String) {
    let mut child = command("ctrl_c").args(args).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, STARTED);
    ready();
    let start = Instant::now();
    kill(child.id(), signal);
    let mut said = String::new();
    stdout.read_to_string(&mut said).unwrap();
    let status = child.wait().unwrap();
    assert!(start.elapsed() < Duration::from_secs(8), "the download went on");
    (status.code(), said)
}

/// A server that sends `bytes`, calls `sent`, and closes the connection if `ends`.
fn server(bytes: usize, ends: bool, sent: impl FnOnce() + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/wool", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let request: Vec<String> = BufReader::new(&stream)
            .lines()
            .map(Result::unwrap)
            .take_while(|line| !line.is_empty())
            .collect();
        assert_eq!(request[0], "GET /wool HTTP/1.0");
        stream.write_all(&vec![b'.'; bytes]).unwrap();
        sent();
        if !ends {
            // Until the client is gone.
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    url
}

#[test]
fn ctrl_c_stops_it_with_its_progress_and_130() {
    let _limit = limit(LONG);
    let (code, said) = stopped_by(SIGINT, &[], || thread::sleep(Duration::from_millis(300)));
    assert_eq!(code, Some(130), "{said}");
    let kibibytes =
        said.strip_prefix("stopped after ").and_then(|said| said.strip_suffix(" KiB\n"));
    let kibibytes: u64 = kibibytes.expect(&said).parse().unwrap();
    assert!(kibibytes < 6400);
}

#[test]
fn it_says_how_far_it_got_to_the_byte() {
    let _limit = limit(LONG);
    for &signal in STOPS {
        let sent = Gate::new();
        let sends = sent.clone();
        // More than fits into the sockets' buffers is with the client by then, but for those.
        let url = server(64 << 20, false, move || sends.open());
        let (code, said) = stopped_by(signal, &[&url], || {
            sent.pass();
            // What is still in the buffers is there within this time, or the numbers tell.
            thread::sleep(Duration::from_secs(2));
        });
        assert_eq!((code, said.as_str()), (Some(130), "stopped after 65536 KiB\n"));
    }
}

#[test]
fn left_alone_it_takes_its_ten_seconds() {
    let start = Instant::now();
    let stdout = format!("{STARTED}done: 6400 KiB\n");
    assert_eq!(run("ctrl_c", &[]), Run { code: Some(0), stdout, stderr: String::new() });
    assert!(start.elapsed() >= Duration::from_secs(10));
}

#[test]
fn a_download_that_is_left_alone_ends() {
    let url = server(5 << 10, true, || ());
    let stdout = format!("{STARTED}done: 5 KiB\n");
    assert_eq!(run("ctrl_c", &[&url]), Run { code: Some(0), stdout, stderr: String::new() });
}

#[test]
fn a_download_that_fails_is_told() {
    // Bound and closed: no server listens there.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = run("ctrl_c", &[&format!("http://{address}/")]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), STARTED));
    assert!(ended.stderr.contains("refused"), "{}", ended.stderr);

    let ended = run("ctrl_c", &["https://example.com/"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.stderr, "not an http:// address: https://example.com/\n");
}
