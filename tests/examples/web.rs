//! What the web apps `scheduling` and `downloader` have in common: command line, port, what they
//! refuse, and their end.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::LONG;
#[cfg(unix)]
use crate::support::example;
use crate::support::example::{Run, run};
use crate::support::signal::SIGINT;
use crate::support::site::dead_address;
use crate::support::web::{App, limit};
#[cfg(unix)]
use crate::support::{child_output, until};

const APPS: [&str; 2] = ["scheduling", "downloader"];

#[track_caller]
fn refused(name: &str, args: &[&str], why: &str) {
    let stderr = format!("{name}: {why}; try --help\n");
    assert_eq!(run(name, args), Run { code: Some(2), stdout: String::new(), stderr }, "{args:?}");
}

#[test]
fn a_command_line_that_is_none_is_refused_with_the_reason() {
    let bad_url = |url: &str, why: &str| format!("{url:?} is not an http:// address: {why}");
    let no_scheme = "it does not begin with http://";
    let cases: [(&[&str], String); 12] = [
        (&["-v"], "there is no option \"-v\"".into()),
        (&["--port"], "--port needs a number".into()),
        (&["--port", "http://localhost"], "\"http://localhost\" is not a port".into()),
        (&["--port", "65536"], "\"65536\" is not a port".into()),
        (&["http://localhost", "1", "2"], "the argument \"2\" is one too many".into()),
        (&["localhost"], bad_url("localhost", no_scheme)),
        (&["/page"], bad_url("/page", no_scheme)),
        (&["ftp://localhost/"], bad_url("ftp://localhost/", no_scheme)),
        (
            &["https://localhost/"],
            bad_url("https://localhost/", "https needs TLS, which the examples do not speak"),
        ),
        (
            &["http://me:secret@localhost/"],
            bad_url("http://me:secret@localhost/", "it has a user name"),
        ),
        (&["http://localhost:65536/"], bad_url("http://localhost:65536/", "its port is none")),
        (&["http://localhost/a b"], bad_url("http://localhost/a b", "invalid uri character")),
    ];
    for (args, why) in cases {
        refused("scheduling", args, &why);
    }
    refused("downloader", &["localhost"], &bad_url("localhost", no_scheme));
    refused("downloader", &["http://localhost", "1"], "the argument \"1\" is one too many");
    for interval in ["", "x", "0", "0.09", "-1", "nan", "inf", "86401", "1e400", "2s"] {
        let why = format!("{interval:?} is not a number of seconds from 0.1 to 86400");
        // As an option is what begins with a dash, "-1" is refused as one.
        let why = if interval == "-1" { "there is no option \"-1\"".to_owned() } else { why };
        refused("scheduling", &["http://localhost/", interval], &why);
    }
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_unicode_is_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    for name in APPS {
        let mut command = example::command(name);
        let output = child_output(command.arg(OsStr::from_bytes(b"http://\xff")));
        let text =
            format!("{name}: the argument \"http://\\xFF\" is not valid Unicode; try --help\n");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), text);
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn help_says_how_to_use_it() {
    for (name, usage) in [("scheduling", "[URL [SECONDS]]"), ("downloader", "[URL]")] {
        for args in [&["--help"][..], &["-h"], &["http://localhost", "--help"]] {
            let run = run(name, args);
            assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{run:?}");
            let usage = format!("\nUsage: {name} {usage} [--port PORT]\n");
            assert!(run.stdout.contains(&usage), "{run:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let _limit = limit();
    for name in APPS {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = example::command(name).stdout(full).output().unwrap();
        let text = format!("{name}: No space left on device (os error 28)\n");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), text);
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for name in APPS {
        let ended = run(name, &["--port", &port]);
        assert_eq!(ended.code, Some(1));
        let why = format!("{name}: cannot listen on port {port} of 127.0.0.1: ");
        assert!(ended.stderr.starts_with(&why), "{}", ended.stderr);
        #[cfg(unix)]
        assert!(ended.stderr.to_lowercase().contains("in use"), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
}

#[test]
fn the_port_can_be_chosen() {
    let _limit = limit();
    for name in APPS {
        let port = dead_address().port();
        let app = App::start(name, &["--port", &port.to_string()]);
        assert_eq!(app.address.port(), port);
        assert_eq!(app.get("/", None).status, 200);
    }
}

#[test]
fn what_is_not_there_is_not_found_and_nothing_but_get_is_allowed() {
    let _limit = limit();
    for name in APPS {
        let app = App::start(name, &[]);
        for path in ["/favicon.ico", "/../etc/passwd", "//", "/%2f", "/quick/", "*", "/<script>"] {
            let page = app.get(path, None);
            assert_eq!((page.status, page.title()), (404, "No such page"), "{path}");
            assert_eq!(page.header("set-cookie"), None);
            assert!(!page.html.contains("<script"), "{}", page.html);
        }
        for method in ["POST", "DELETE", "WOOL"] {
            let page = app.request(method, "/", None);
            assert_eq!((page.status, page.title()), (405, "Not allowed"), "{method}");
        }
        let page = app.get("/", None);
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let policy = "default-src 'none'; style-src 'unsafe-inline'";
        assert_eq!(page.header("content-security-policy"), Some(policy));
    }
}

#[test]
fn rubbish_and_idle_clients_do_not_hold_it_up() {
    let _limit = limit();
    for name in APPS {
        let app = App::start(name, &[]);
        let idle: Vec<TcpStream> =
            (0..20).map(|_| TcpStream::connect(app.address).unwrap()).collect();
        let half = TcpStream::connect(app.address).unwrap();
        (&half).write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
        for rubbish in
            [&b"\r\n\r\n"[..], b"\0\xff\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET\r\n\r\n"]
        {
            let mut stream = TcpStream::connect(app.address).unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            stream.write_all(rubbish).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
        }
        assert_eq!(app.get("/", None).status, 200);
        drop((idle, half));
    }
}

#[test]
fn many_at_once_are_all_answered() {
    let _limit = limit();
    for name in APPS {
        let app = App::start(name, &[]);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..10).for_each(|_| assert_eq!(app.get("/", None).status, 200)));
            }
        });
    }
}

/// Sends a request, or a part of one, and returns what comes back.
fn answer_to(app: &App, request: &str) -> String {
    let mut stream = TcpStream::connect(app.address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_request_for_another_host_is_refused() {
    let _limit = limit();
    for name in APPS {
        let app = App::start(name, &[]);
        let status = |host: &str| {
            let answer = answer_to(&app, &format!("GET / HTTP/1.1\r\n{host}\r\n"));
            answer.strip_prefix("HTTP/1.1 ").expect(&answer)[..3].parse::<u16>().unwrap()
        };
        for local in ["127.0.0.1", "localhost", "LocalHost", "[::1]"] {
            assert_eq!(status(&format!("Host: {local}\r\n")), 200, "{local}");
            assert_eq!(status(&format!("host:{local}:8080\r\n")), 200, "{local}");
        }
        for foreign in
            ["wool.test", "wool.test:80", "localhost.wool.test", "127.0.0.1.wool.test", "", "[::2]"]
        {
            assert_eq!(status(&format!("Host: {foreign}\r\n")), 421, "{foreign:?}");
        }
        assert_eq!(status("Host: localhost\r\nHost: wool.test\r\n"), 421);
    }
}

#[cfg(unix)]
#[test]
fn idle_connections_beyond_what_the_process_can_have_open_do_not_end_it() {
    let _limit = limit();
    for name in APPS {
        let app = App::start_by(example::command_with_files(name, 128));
        let mut idle: Vec<TcpStream> = Vec::new();
        for _ in 0..5 {
            idle.extend((0..40).map(|_| TcpStream::connect(app.address).unwrap()));
            assert_eq!(app.get("/", None).status, 200, "with {} idle connections", idle.len());
        }
        drop(idle);
        assert_eq!(app.get("/", None).status, 200);
        assert_eq!(app.stop(SIGINT).code, Some(130));
    }
}

#[cfg(unix)]
#[test]
fn the_site_that_an_app_asks_offline_bears_idle_connections_too() {
    let _limit = limit();
    let app = App::start_by(example::command_with_files("scheduling", 256));
    let site = app.said.strip_prefix("asking http://").unwrap().split('/').next().unwrap();
    let _idle: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(site).unwrap()).collect();
    // It gets to those that ask by and by, so an update or two may fail.
    let rate = || {
        let page = app.get("/", None);
        page.between("id=\"rate\">", "</p>").expect(&page.html).to_owned()
    };
    let before = rate();
    until(|| rate() != before);
}

#[test]
fn a_client_that_does_not_read_or_does_not_end_its_request_holds_nothing_up() {
    let _limit = limit();
    let app = App::start("downloader", &[]);
    let mut rude = TcpStream::connect(app.address).unwrap();
    // It may be told that no more than the first will be answered.
    let many = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(20_000);
    let _ = rude.write_all(many.as_bytes());
    let slow = TcpStream::connect(app.address).unwrap();
    (&slow).write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    assert_eq!(app.get("/", None).status, 200);
    let start = Instant::now();
    let stopped = app.stop(SIGINT);
    // The server's patience with the slow one is ten seconds.
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    let (stdout, stderr) = ("stopped\n".to_owned(), String::new());
    assert_eq!(stopped, Run { code: Some(130), stdout, stderr });
}
