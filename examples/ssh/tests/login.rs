//! Who gets in, from where, and how it ends.

#![cfg(unix)]

#[path = "../../../tests/support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "this suite uses some of it")]
mod support;

mod program;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use program::{Program, Run, Terminal, example, run};
use rustix::process::Signal;
use support::{LONG, limit};

const ONE_TRY: &[&str] = &["-o", "NumberOfPasswordPrompts=1"];

#[track_caller]
fn refused(run: &Run) {
    assert_eq!((run.code, run.stdout.as_str()), (Some(255), ""), "{run:?}");
    assert!(run.stderr.contains("Permission denied"), "{run:?}");
}

#[test]
fn the_printed_command_and_password_log_in() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    assert_eq!(program.run("'in'"), Run::printed("in\n"));
}

#[test]
fn password_and_host_key_are_new_at_each_start() {
    let _limit = limit(LONG);
    let (one, other) = (Program::start(&[]), Program::start(&[]));
    assert_eq!(one.password.len(), 32);
    assert!(one.password.bytes().all(|digit| digit.is_ascii_hexdigit()), "{}", one.password);
    assert_ne!(one.password, other.password);
    let key = |program: &Program| {
        let start = program.printed.find("SHA256:").unwrap();
        program.printed[start..start + 50].to_owned()
    };
    assert_ne!(key(&one), key(&other));
    // It is the key that the client sees.
    let verbose = run(&mut one.ssh(&["-v", "-o", "LogLevel=DEBUG"], &["1"]).command);
    assert!(verbose.stderr.contains(&key(&one)), "{}", verbose.stderr);
}

#[test]
fn a_wrong_password_or_user_is_refused() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    refused(&run(&mut program.ssh(ONE_TRY, &["1"]).wrong(1).command));
    refused(&run(&mut program
        .ssh(&["-o", "NumberOfPasswordPrompts=1", "-l", "root"], &["1"])
        .command));
    assert_eq!(program.run("1"), Run::printed("1\n"));
}

#[test]
fn the_third_wrong_password_is_the_last() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let tries = |wrong| program.ssh(&["-o", "NumberOfPasswordPrompts=9"], &["1"]).wrong(wrong);

    let mut ssh = tries(2);
    let start = Instant::now();
    let ended = run(&mut ssh.command);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "1\n"), "{ended:?}");
    assert_eq!(ssh.asked(), 3);
    assert!(start.elapsed() >= Duration::from_secs(2), "wrong passwords cost nothing");

    // The fourth would have been right.
    let mut ssh = tries(3);
    let ended = run(&mut ssh.command);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(255), ""));
    assert!(ended.stderr.contains("Too many authentication attempts"), "{}", ended.stderr);
    assert_eq!(ssh.asked(), 4);
}

#[test]
fn wrong_passwords_wait_for_each_other_and_hold_no_other_login_up() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| refused(&run(&mut program.ssh(ONE_TRY, &["1"]).wrong(1).command)));
        }
        assert_eq!(program.run("1"), Run::printed("1\n"));
    });
    assert!(start.elapsed() >= Duration::from_secs(4), "guesses were free on other connections");
}

#[test]
fn it_listens_on_loopback_only() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    TcpStream::connect(("127.0.0.1", program.port())).unwrap();
    // On Linux all of 127.0.0.0/8 is this machine, so this is another of its addresses.
    let other = SocketAddr::from(([127, 0, 0, 2], program.port()));
    TcpStream::connect_timeout(&other, Duration::from_secs(1)).unwrap_err();
}

#[test]
fn the_port_can_be_chosen() {
    let _limit = limit(LONG);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let program = Program::start(&[&free.to_string()]);
    assert_eq!(program.port(), free);
    assert_eq!(program.run("1"), Run::printed("1\n"));
}

#[test]
fn a_busy_port_and_bad_arguments_are_told() {
    let _limit = limit(LONG);
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap();
    let ended = run(&mut example(&[&address.port().to_string()]));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.starts_with(&format!("cannot listen on {address}: ")), "{ended:?}");
    for args in [&["many"][..], &["65536"], &["1", "2"]] {
        assert_eq!(run(&mut example(args)), Run::failed("usage: ssh [PORT]\n"));
    }
}

#[test]
fn strangers_that_say_nothing_or_nonsense_do_no_harm() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let silent = TcpStream::connect(("127.0.0.1", program.port())).unwrap();
    let mut nonsense = TcpStream::connect(("127.0.0.1", program.port())).unwrap();
    nonsense.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!(program.run("1"), Run::printed("1\n"));
    drop(silent);
}

#[test]
fn strangers_lock_no_user_out_and_cost_no_user_the_session() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let mut terminal = Terminal::open(&program);
    // More than may be connected: the oldest of them make way.
    let strangers: Vec<TcpStream> =
        (0..60).map(|_| TcpStream::connect(("127.0.0.1", program.port())).unwrap()).collect();
    assert_eq!(program.run("1"), Run::printed("1\n"));
    let mut oldest = &strangers[0];
    oldest.set_read_timeout(Some(LONG)).unwrap();
    let closed = oldest.read_to_end(&mut Vec::new()); // what the server said before, if anything
    assert!(!closed.is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "it is still open");
    terminal.answers("1 + 1", "2");
}

#[test]
fn ctrl_c_ends_the_program_and_its_sessions_whatever_they_do() {
    let _limit = limit(LONG);
    for signal in [Signal::INT, Signal::TERM] {
        let mut program = Program::start(&[]);
        let _silent = TcpStream::connect(("127.0.0.1", program.port())).unwrap();
        let idle = Terminal::open(&program);
        let mut busy = Vec::new();
        for code in ["while true do end", "sleep(600)", "while true do print('y') end"] {
            let mut terminal = Terminal::open(&program);
            terminal.types(&format!("{code}\r"));
            terminal.sees(&format!("{code}\r\n"));
            busy.push(terminal);
        }
        let start = Instant::now();
        let (code, rest) = program.stop(signal);
        assert_eq!(code, Some(0));
        let rows =
            rest.strip_prefix("stopped after ").and_then(|rest| rest.strip_suffix(" rows\n"));
        rows.expect(&rest).parse::<u64>().unwrap();
        assert!(start.elapsed() < Duration::from_secs(10));
        for terminal in busy.into_iter().chain([idle]) {
            assert_eq!(terminal.ends(), Some(255));
        }
    }
}

#[test]
fn a_client_is_told_why_its_session_ends() {
    let _limit = limit(LONG);
    let mut program = Program::start(&[]);
    let mut ssh = program.ssh(&[], &["print('here') sleep(600)"]);
    let command = ssh.command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut client = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(client.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "here\n");
    program.stop(Signal::INT);
    let output = client.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(255));
    assert!(stderr.contains("the program has ended"), "{stderr}");
}
