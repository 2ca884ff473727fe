//! Runs an example that is a web app, and acts as its user.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::support::example;
use crate::support::signal::kill;
use crate::support::{LONG, Limit, until};

/// Ends the process if the test takes longer than everything in it may wait. That comes last: it
/// leaves apps behind, which a test that panics does not.
#[track_caller]
pub(crate) fn limit() -> Limit {
    crate::support::limit(LONG * 3)
}

/// An example at work. Killed when it is dropped.
pub(crate) struct App {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// What it said before it said its address.
    pub(crate) said: String,
    pub(crate) address: SocketAddr,
}

impl App {
    /// Starts one, and reads from what it prints where it is.
    #[track_caller]
    pub(crate) fn start(name: &str, args: &[&str]) -> Self {
        let mut command = example::command(name);
        command.args(args);
        Self::start_by(command)
    }

    /// The same, by a command that has its arguments.
    #[track_caller]
    pub(crate) fn start_by(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        loop {
            let mut line = String::new();
            if stdout.read_line(&mut line).unwrap() == 0 {
                let mut stderr = String::new();
                child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
                child.wait().unwrap();
                panic!("it ended before it said where it is: {said}{stderr}");
            }
            let address = line
                .strip_prefix("open http://")
                .and_then(|rest| rest.strip_suffix("/ in a browser; press Ctrl-C to stop\n"));
            match address {
                Some(address) => {
                    let address: SocketAddr = address.parse().unwrap();
                    assert!(address.ip().is_loopback(), "{address}");
                    return Self { child, stdout, said, address };
                }
                None => said += &line,
            }
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks for a page, with the `Cookie` header, if there is one.
    #[track_caller]
    pub(crate) fn get(&self, path: &str, cookie: Option<&str>) -> Page {
        self.request("GET", path, cookie)
    }

    #[track_caller]
    pub(crate) fn request(&self, method: &str, path: &str, cookie: Option<&str>) -> Page {
        let cookie = cookie.map_or(String::new(), |cookie| format!("Cookie: {cookie}\r\n"));
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: {}\r\n{cookie}\r\n", self.address)
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        Page::parse(&text)
    }

    /// Sends it a signal, and returns its exit code and what it says then, on stdout and on stderr.
    #[track_caller]
    pub(crate) fn stop(mut self, signal: i32) -> example::Run {
        kill(self.child.id(), signal);
        // Its few words fit into the pipes.
        until(|| self.child.try_wait().unwrap().is_some());
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        example::Run { code: self.child.wait().unwrap().code(), stdout, stderr }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What an app answers.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) html: String,
}

impl Page {
    #[track_caller]
    fn parse(text: &str) -> Self {
        let (head, html) = text.split_once("\r\n\r\n").expect(text);
        let (status, headers) = head.split_once("\r\n").expect(text);
        let status = status.split(' ').nth(1).expect(text).parse().unwrap();
        let headers = headers.lines().map(|line| {
            let (name, value) = line.split_once(": ").expect(line);
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Self { status, headers: headers.collect(), html: html.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(key, _)| key == name);
        header.map(|(_, value)| value.as_str())
    }

    /// The text between `<h1>` and its end.
    #[track_caller]
    pub(crate) fn title(&self) -> &str {
        self.between("<h1>", "</h1>").expect(&self.html)
    }

    pub(crate) fn between(&self, start: &str, end: &str) -> Option<&str> {
        Some(self.html.split_once(start)?.1.split_once(end)?.0)
    }
}
