//! The example, as its user sees it.

#[path = "../../../tests/support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "this suite uses some of it")]
mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use support::{LONG, child_output, limit};

/// Runs it to its end. Returns its exit status, and what it printed on either channel.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crochet-example-tokio-client"));
    // No proxy of this machine's.
    let output = child_output(command.args(arguments).env("NO_PROXY", "*"));
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.code(), stdout, stderr)
}

/// What it prints about the page at this path of whatever server.
fn about<'a>(line: &'a str, path: &str) -> &'a str {
    let (url, text) = line.split_once(": ").unwrap();
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with(path), "{line}");
    text
}

#[test]
fn without_arguments_it_asks_a_server_of_its_own() {
    let (code, stdout, stderr) = run(&[]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let lines: Vec<_> = stdout.lines().collect();
    let [first, second, none, slow] = lines[..] else { panic!("{stdout}") };
    for page in [first, second] {
        assert_eq!(about(page, "/wool"), "200 OK, 29 bytes");
    }
    assert_eq!(about(none, "/cotton"), "404 Not Found, 0 bytes");
    let slow = about(slow, "/slow");
    assert!(
        slow.starts_with("timed out after 1") && slow.ends_with(": the job is waiting"),
        "{slow}"
    );
}

#[test]
fn it_downloads_the_urls_that_it_is_given_at_the_same_time() {
    let _limit = limit(LONG);
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/page", server.local_addr().unwrap());
    let answers = thread::spawn(move || {
        let answer = |mut stream: &std::net::TcpStream| {
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let text = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nyarn";
            stream.write_all(text.as_bytes()).unwrap();
        };
        answer(&server.accept().unwrap().0);
        // The others are answered when all have asked.
        let streams = [(); 3].map(|()| server.accept().unwrap().0);
        streams.iter().for_each(answer);
    });
    let (code, stdout, stderr) = run(&[url.as_str(); 4]);
    let expected = format!("{url}: 200 OK, 4 bytes\n").repeat(4);
    assert_eq!((code, stdout, stderr), (Some(0), expected, String::new()));
    answers.join().unwrap();
}

#[test]
fn it_says_why_there_is_no_page_and_exits_with_1() {
    let _limit = limit(LONG);
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let [mute_url, gone_url] =
        [&mute, &gone].map(|at| format!("http://{}/", at.local_addr().unwrap()));
    drop(gone);
    let (code, stdout, _) = run(&[&mute_url, &gone_url, "ftp://127.0.0.1/", "--timeout", "0.3"]);
    let lines: Vec<_> = stdout.lines().collect();
    let [late, refused, ftp] = lines[..] else { panic!("{stdout}") };
    assert_eq!(code, Some(1));
    assert!(late.starts_with(&format!("{mute_url}: timed out after ")), "{late}");
    assert!(refused.contains("onnection refused"), "{refused}");
    assert!(ftp.contains("scheme is not allowed"), "{ftp}");
}

#[test]
fn it_explains_its_arguments() {
    for wrong in [&["--help"][..], &["--timeout"], &["--timeout", "-1"], &["--timeout", "soon"]] {
        let (code, stdout, stderr) = run(wrong);
        let usage = "usage: tokio_client [URL]... [--timeout SECONDS]\n";
        assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(2), "", usage));
    }
}
