//! The example `progress`, as its user sees it: left alone, stopped, on a terminal, with a server
//! that fails.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::example::{Run, command, run};
use crate::support::signal::{SIGINT, kill};
use crate::support::{Gate, LONG, limit};

/// A server that sends `answer`, calls `sent`, and keeps the connection if `stays`, until the
/// client closes it. Then it opens the gate.
fn server(answer: Vec<u8>, stays: bool, sent: impl FnOnce() + Send + 'static) -> (String, Gate) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/wool", listener.local_addr().unwrap());
    let closed = Gate::new();
    let closes = closed.clone();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let request: Vec<String> = BufReader::new(&stream)
            .lines()
            .map(Result::unwrap)
            .take_while(|line| !line.is_empty())
            .collect();
        assert_eq!(request[0], "GET /wool HTTP/1.0");
        stream.write_all(&answer).unwrap();
        sent();
        if stays {
            let _ = stream.read_to_end(&mut Vec::new());
            closes.open();
        }
    });
    (url, closed)
}

/// An answer of 64 KiB, of which so many come.
fn answer(kibibytes: usize) -> Vec<u8> {
    let mut answer = b"HTTP/1.0 200 OK\r\ncontent-length: 65536\r\n\r\n".to_vec();
    answer.resize(answer.len() + kibibytes * 1024, b'.');
    answer
}

#[test]
fn left_alone_it_takes_its_five_seconds() {
    let start = Instant::now();
    let stdout = "done: 6400 KiB\n".to_owned();
    assert_eq!(run("progress", &[]), Run { code: Some(0), stdout, stderr: String::new() });
    assert!(start.elapsed() >= Duration::from_secs(5));
}

#[test]
fn ctrl_c_cancels_the_download_and_it_exits_with_130() {
    let _limit = limit(LONG);
    let sent = Gate::new();
    let sends = sent.clone();
    let (url, closed) = server(answer(40), true, move || sends.open());
    let child = command("progress").arg(url).stdout(Stdio::piped()).spawn().unwrap();
    sent.pass();
    // What is still in the sockets' buffers is there within this time, or the numbers tell.
    thread::sleep(Duration::from_secs(1));
    kill(child.id(), SIGINT);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), said.as_str()), (Some(130), "stopped after 40 KiB\n"));
    closed.pass();
}

#[test]
fn a_download_that_ends_has_all_its_bytes() {
    let (url, _) = server(answer(64), false, || ());
    let stdout = "done: 64 KiB\n".to_owned();
    assert_eq!(run("progress", &[&url]), Run { code: Some(0), stdout, stderr: String::new() });
    let (url, _) = server(b"HTTP/1.1 200 OK\r\n\r\nas long as it is".to_vec(), false, || ());
    let stdout = "done: 0 KiB\n".to_owned();
    assert_eq!(run("progress", &[&url]), Run { code: Some(0), stdout, stderr: String::new() });
}

#[test]
fn a_download_that_fails_is_told() {
    let fails = |url: &str| {
        let ended = run("progress", &[url]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
        ended.stderr
    };
    let (url, _) = server(answer(63), false, || ());
    assert_eq!(fails(&url), "the server sent 64512 of 65536 bytes\n");
    let (url, _) = server(b"HTTP/1.0 404 Not Found\r\n\r\nsorry".to_vec(), false, || ());
    assert_eq!(fails(&url), "the server answered 404 Not Found\n");
    let (url, _) = server(b"SSH-2.0-wool\r\n".to_vec(), false, || ());
    assert_eq!(fails(&url), "this is not HTTP\n");
    let (url, _) = server(b"HTTP/1.0 200 OK\r\ncontent-".to_vec(), false, || ());
    assert_eq!(fails(&url), "the server closed the connection\n");
    assert_eq!(fails("https://example.com/"), "not an http:// address: https://example.com/\n");
    // Bound and closed: no server listens there.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(fails(&format!("http://{address}/")).contains("refused"));
}

#[cfg(unix)]
mod terminal {
    use std::fs::File;
    use std::os::fd::{FromRawFd, OwnedFd};
    use std::ptr;

    use super::*;

    /// A terminal: the end of the screen and the keyboard, and the program's.
    fn terminal() -> (File, Stdio) {
        let (mut screen, mut program) = (-1, -1);
        let size = libc::winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: it writes two numbers, and reads the size. On success, both are descriptors with
        // no other owner.
        unsafe {
            let (screen, program) = (&raw mut screen, &raw mut program);
            let size = (&raw const size).cast_mut();
            assert_eq!(libc::openpty(screen, program, ptr::null_mut(), ptr::null_mut(), size), 0);
        }
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: see above.
        let [screen, program] = [screen, program].map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
        (File::from(screen), Stdio::from(program))
    }

    #[test]
    fn on_a_terminal_there_is_a_bar() {
        let _limit = limit(LONG);
        let (mut screen, stderr) = terminal();
        let (url, closed) = server(answer(32), true, || ());
        let mut command = command("progress");
        command.arg(url).env("TERM", "xterm").stdout(Stdio::piped()).stderr(stderr);
        let child = command.spawn().unwrap();
        // The program's end of the terminal, which is in there.
        drop(command);
        let mut shown = String::new();
        let mut piece = [0; 4096];
        // A character may come in two pieces; the text that is looked for is ASCII.
        while !shown.contains(" 50% 32.00 KiB of 64.00 KiB") {
            let count = screen.read(&mut piece).unwrap();
            shown.push_str(&String::from_utf8_lossy(&piece[..count]));
        }
        assert!(shown.contains('█'), "{shown:?}");
        kill(child.id(), SIGINT);
        closed.pass();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "stopped after 32 KiB\n");
    }
}
