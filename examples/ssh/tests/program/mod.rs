//! Runs the example as its user would, and logs in with OpenSSH.

#![allow(dead_code, unreachable_pub, reason = "each test file uses some of it")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{LONG, child_output};

/// The last line that the program prints before it is stopped.
const READY: &str = "Ctrl-C here ends the program.\n";

/// The example, running; killed when dropped.
pub struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// What it has printed.
    pub printed: String,
    /// The printed `ssh` command.
    pub command: Vec<String>,
    pub password: String,
}

/// What a command left behind.
#[derive(Debug, PartialEq)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn printed(stdout: &str) -> Self {
        Self { code: Some(0), stdout: stdout.into(), stderr: String::new() }
    }

    pub fn failed(stderr: &str) -> Self {
        Self { code: Some(1), stdout: String::new(), stderr: stderr.into() }
    }
}

pub fn example(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crochet-example-ssh"));
    command.args(args).env_remove("RUST_BACKTRACE").env_remove("RUST_LIB_BACKTRACE");
    command
}

#[track_caller]
pub fn run(command: &mut Command) -> Run {
    let output = child_output(command);
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Program {
    pub fn start(args: &[&str]) -> Self {
        let mut child = example(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut printed = String::new();
        while !printed.ends_with(READY) {
            assert_ne!(stdout.read_line(&mut printed).unwrap(), 0, "it ended:\n{printed}");
        }
        let command = printed.lines().find(|line| line.starts_with("  ssh ")).unwrap();
        let command = command.split_whitespace().map(str::to_owned).collect();
        let password = printed.lines().find_map(|line| line.strip_prefix("and the password: "));
        let password = password.unwrap().to_owned();
        Self { child, stdout, printed, command, password }
    }

    pub fn port(&self) -> u16 {
        let option = self.command.iter().position(|word| word == "-p").unwrap();
        self.command[option + 1].parse().unwrap()
    }

    /// The printed command, with options of its own, and with code.
    pub fn ssh(&self, options: &[&str], code: &[&str]) -> Ssh {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let asked = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!(
            "asked-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        fs::write(&asked, "").unwrap();
        let mut command = Command::new(&self.command[0]);
        // What the user of this machine has configured is no part of the test.
        command.args(["-F", "none"]).args(options).args(&self.command[1..]).args(code);
        command
            .env("SSH_ASKPASS", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program/askpass"))
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("ASKED", &asked)
            .env("PASSWORD", &self.password)
            .env("WRONG", "0");
        Ssh { command, asked }
    }

    /// Logs in, runs code, and leaves.
    #[track_caller]
    pub fn run(&self, code: &str) -> Run {
        run(&mut self.ssh(&[], &[code]).command)
    }

    /// The same, without arguments, for code that comes from a pipe.
    #[track_caller]
    pub fn pipe(&self, code: &str) -> Run {
        let mut ssh = self.ssh(&[], &[]);
        let command = &mut ssh.command;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(code.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Sends a signal, waits for the end, and returns the exit code and what was printed since.
    #[track_caller]
    pub fn stop(&mut self, signal: Signal) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client, and the file of its questions.
pub struct Ssh {
    pub command: Command,
    asked: PathBuf,
}

impl Ssh {
    /// Gives a wrong password so many times, and then the right one.
    pub fn wrong(mut self, times: usize) -> Self {
        self.command.env("WRONG", times.to_string());
        self
    }

    /// How often the client has asked for the password.
    pub fn asked(&self) -> usize {
        fs::read_to_string(&self.asked).unwrap().lines().count()
    }
}

impl Drop for Ssh {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.asked);
    }
}

/// A session at a terminal.
pub struct Terminal {
    child: Child,
    stdin: ChildStdin,
    shown: Arc<(Mutex<Vec<u8>>, Condvar)>,
    /// What of it the test has seen.
    seen: usize,
    _ssh: Ssh,
}

impl Terminal {
    /// Logs in, and waits for the prompt. `-tt` asks the server for a terminal where ssh itself has
    /// none.
    #[track_caller]
    pub fn open(program: &Program) -> Self {
        let mut terminal = Self::attach(program.ssh(&["-tt"], &[]));
        terminal.sees("Ctrl-D to leave.\r\n\r\x1b[J> ");
        terminal
    }

    /// Runs a client whose standard input is the keyboard, and its output the screen.
    pub fn attach(mut ssh: Ssh) -> Self {
        let command = &mut ssh.command;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let shown = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let show = Arc::clone(&shown);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut buffer) {
                show.0.lock().unwrap().extend_from_slice(&buffer[..count]);
                show.1.notify_all();
            }
        });
        Self { child, stdin, shown, seen: 0, _ssh: ssh }
    }

    pub fn types(&mut self, keys: &str) {
        self.stdin.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the text is shown, after all that was seen before; returns what came between.
    #[track_caller]
    pub fn sees(&mut self, text: &str) -> String {
        let find = |shown: &[u8]| {
            shown[self.seen..].windows(text.len()).position(|part| part == text.as_bytes())
        };
        let shown = self.shown.0.lock().unwrap();
        let (shown, _) =
            self.shown.1.wait_timeout_while(shown, LONG, |shown| find(shown).is_none()).unwrap();
        let Some(index) = find(&shown) else {
            panic!("{text:?} did not come: {:?}", String::from_utf8_lossy(&shown[self.seen..]));
        };
        let between = String::from_utf8_lossy(&shown[self.seen..][..index]).into_owned();
        self.seen += index + text.len();
        between
    }

    /// Types a line, and waits for what it prints and for the next prompt.
    #[track_caller]
    pub fn answers(&mut self, line: &str, answer: &str) {
        self.types(line);
        self.types("\r");
        self.sees(&format!("> {line}\r\n{answer}\r\n\r\x1b[J> "));
    }

    /// Waits for the end of the client.
    pub fn ends(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
