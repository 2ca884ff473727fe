//! The example `chat`, as its users see it: the demonstration, guests of a server, and what ends
//! them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::support::example::{Run, command, run};
use crate::support::signal::{SIGINT, kill};
use crate::support::{LONG, limit};

/// A running chat.
struct Chat {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Chat {
    fn start(args: &[&str]) -> Self {
        let mut command = command("chat");
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        Self { child, stdin, stdout: BufReader::new(stdout) }
    }

    /// A server, and its address.
    fn serve() -> (Self, String) {
        let mut server = Self::start(&["serve", "127.0.0.1:0"]);
        let line = server.line();
        (server, line.strip_prefix("listening on ").unwrap().trim_end().to_owned())
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    fn say(&mut self, text: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{text}").unwrap();
    }

    /// Its exit code, and what it has printed since, on stdout and on stderr. Its input stays open.
    fn end(mut self) -> (Option<i32>, String, String) {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (self.child.wait().unwrap().code(), stdout, stderr)
    }
}

/// The end of one who has nothing more to say.
fn silently(code: i32) -> (Option<i32>, String, String) {
    (Some(code), String::new(), String::new())
}

#[test]
fn a_guest_reads_what_another_writes() {
    let stdout = "Anna reads: 1 in the room\nAnna reads: Ben: knit one\n";
    assert_eq!(run("chat", &[]), Run { code: Some(0), stdout: stdout.into(), stderr: "".into() });
}

#[test]
fn what_one_says_all_others_hear_until_they_leave() {
    let _limit = limit(LONG);
    let (server, address) = Chat::serve();
    let mut guests = ["Anna", "Ben", "Cleo"].map(|name| {
        let mut guest = Chat::start(&[&address, name]);
        (guest.line(), guest)
    });
    let counts: Vec<_> = guests.iter().map(|(count, _)| count.as_str()).collect();
    assert_eq!(counts, ["1 in the room\n", "2 in the room\n", "3 in the room\n"]);
    guests[0].1.say("knit one \x1b[31m");
    for (_, other) in &mut guests[1..] {
        assert_eq!(other.line(), "Anna: knit one [31m\n");
    }
    let [(_, mut anna), (_, ben), (_, mut cleo)] = guests;
    anna.stdin = None; // Ctrl-D
    assert_eq!(anna.end(), silently(0));
    kill(ben.child.id(), SIGINT);
    assert_eq!(ben.end(), silently(0));
    cleo.say("is anybody there?");
    cleo.stdin = None;
    assert_eq!(cleo.end(), silently(0));
    kill(server.child.id(), SIGINT);
    assert_eq!(server.end(), silently(0));
}

#[test]
fn a_server_that_goes_away_is_told() {
    let _limit = limit(LONG);
    let ends: [fn(&mut Child); 2] = [|it| kill(it.id(), SIGINT), |it| it.kill().unwrap()];
    for end in ends {
        let (mut server, address) = Chat::serve();
        let mut guest = Chat::start(&[&address, "Anna"]);
        assert_eq!(guest.line(), "1 in the room\n");
        end(&mut server.child);
        let stderr = "the server has gone\n".to_owned();
        assert_eq!(guest.end(), (Some(1), String::new(), stderr));
        server.end();
    }
}

#[test]
fn what_cannot_work_is_told_in_a_line() {
    let _limit = limit(LONG);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let told = |args: &[&str], start: &str| {
        let Run { code: exit, stdout, stderr } = run("chat", args);
        assert_eq!((exit, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.starts_with(start) && stderr.lines().count() == 1, "{stderr}");
    };
    told(&["serve", &address], &format!("cannot listen on {address}: "));
    drop(taken);
    told(&[&address, "Anna"], &format!("no server at {address}: "));
    told(&["nowhere", "Anna"], "no server at nowhere: ");
    for args in [&["serve"][..], &["a", "b", "c"]] {
        told(args, "usage: chat [serve ADDRESS | ADDRESS NAME]");
    }
}
