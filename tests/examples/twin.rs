//! The example `twin`, as its user sees it: by itself, and with a `redis-server`, where that is
//! installed. `.ci/run` installs it, and sets `CROCHET_TEST_TOOLS`; then a missing one is an error.

use std::env;
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::support::example::{Run, run};

const PRINTED: &str = "\
    async:    yarn is wool; 3 rows in one go, from 1 to 3\n\
    async:    2 messages: cast on, bind off\n\
    blocking: yarn is silk; 3 rows in one go, from 4 to 6\n\
    blocking: 2 messages: cast on, bind off\n\
    blocking: a list with nothing in it: timed out after 200ms: the job is waiting\n\
    blocking: an answer is still on its way: connect again\n";

/// Asserts that a run printed what the example says. How late the timeout was depends on the
/// machine.
#[track_caller]
fn assert_printed(ended: &Run) {
    let mut lines = ended.stdout.lines().map(|line| match line.split_once("timed out after ") {
        Some((before, after)) => {
            let (time, why) = after.split_once(':').unwrap_or_default();
            assert!(time.ends_with('s') && time.starts_with(|digit: char| digit.is_ascii_digit()));
            format!("{before}timed out after 200ms:{why}")
        }
        None => line.to_owned(),
    });
    for expected in PRINTED.lines() {
        assert_eq!(lines.next().as_deref(), Some(expected), "{ended:?}");
    }
    assert_eq!((lines.next(), ended.code, ended.stderr.as_str()), (None, Some(0), ""));
}

struct RedisServer(Child);

impl RedisServer {
    /// Starts a server, which keeps nothing; `None` where there is no such program.
    fn start(port: u16) -> Option<Self> {
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        let mut child = match command.stdout(Stdio::piped()).spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => panic!("{error}"),
        };
        let stdout = child.stdout.take().unwrap();
        let server = Self(child);
        let mut lines = BufReader::new(stdout).lines();
        let is_ready = |line: &String| line.contains("eady to accept connections");
        assert!(lines.any(|line| is_ready(&line.unwrap())), "the server has ended");
        Some(server)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn it_prints_what_it_says_it_prints() {
    assert_printed(&run("twin", &[]));
}

#[test]
fn it_says_the_same_of_a_redis_server() {
    let port = free_port();
    let Some(_server) = RedisServer::start(port) else {
        assert!(env::var_os("CROCHET_TEST_TOOLS").is_none(), "redis-server is missing");
        return;
    };
    let address = format!("127.0.0.1:{port}");
    for _ in 0..2 {
        assert_printed(&run("twin", &[&address]));
    }
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let ended = run("twin", &[&format!("127.0.0.1:{}", free_port())]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("refused"), "{}", ended.stderr);
}
