//! The examples' HTTP client, `examples/support/http.rs`: what it asks, what it makes of answers,
//! and what it leaves behind.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::http;
use crate::support::site::{dead_address, send, site, until_closed};
use crate::support::{Gate, LONG, limit};

/// Asks for a page as a job does, for as long as it takes.
#[track_caller]
fn get(url: &str) -> io::Result<Vec<u8>> {
    let url = http::parse(url).unwrap();
    crochet::wait_for(LONG, http::get(&url))
}

/// Asks a site that sends `answer`, and closes the connection.
#[track_caller]
fn answered(answer: &[u8]) -> io::Result<String> {
    let answer = answer.to_vec();
    let url = site(move |stream, _| {
        // The client may have had enough before.
        let _ = stream.write_all(&answer);
    });
    get(&url).map(|page| String::from_utf8(page).unwrap())
}

#[track_caller]
fn error(answer: &[u8]) -> String {
    answered(answer).unwrap_err().to_string()
}

#[test]
fn the_body_is_read_however_its_end_is_marked() {
    let _limit = limit(LONG);
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwool",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nwool",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwo\r\n2;x=y\r\nol\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwool\r\n0\r\nX: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nwool",
        "HTTP/1.0 200 OK\r\n\r\nwool",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 203 Knitted\r\nContent-Length: 4\r\n\r\nwool",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwool and more",
    ] {
        assert_eq!(answered(answer.as_bytes()).unwrap(), "wool", "{answer:?}");
    }
    assert_eq!(answered(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap(), "");
}

#[test]
fn a_page_that_is_complete_is_returned_while_the_connection_is_open() {
    let _limit = limit(LONG);
    let gone = Gate::new();
    let goes = gone.clone();
    let url = site(move |stream, _| {
        send(stream, "200 OK", "wool");
        until_closed(stream);
        goes.open();
    });
    assert_eq!(get(&url).unwrap(), b"wool");
    gone.pass();
}

#[test]
fn it_asks_for_the_path_and_names_the_host() {
    let _limit = limit(LONG);
    for (path, asked) in
        [("", "/"), ("/", "/"), ("?a=b", "/?a=b"), ("/a/../b?c=d&e='f'#here", "/a/../b?c=d&e='f'")]
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, head) = mpsc::channel();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            heard.send(String::from_utf8(head).unwrap()).unwrap();
            send(&mut stream, "200 OK", "");
        });
        get(&format!("http://{address}{path}")).unwrap();
        let head = head.recv().unwrap();
        assert_eq!(
            head.to_lowercase(),
            format!(
                "get {asked} http/1.1\r\nhost: {address}\r\nuser-agent: crochet-example\r\n\r\n"
            )
        );
    }
}

#[test]
fn a_status_that_is_no_success_is_an_error() {
    let _limit = limit(LONG);
    let answer = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 4\r\n\r\nwool");
    for status in ["404 Not Found", "500 Internal Server Error", "304 Not Modified"] {
        assert_eq!(error(answer(status).as_bytes()), format!("the server answered {status}"));
    }
    let moved = answer("301 Moved Permanently\r\nLocation: https://localhost/");
    let text = "the server answered 301 Moved Permanently, and refers to https://localhost/";
    assert_eq!(error(moved.as_bytes()), text);
}

#[test]
fn a_broken_answer_is_an_error() {
    let _limit = limit(LONG);
    for answer in [
        "",
        "wool\r\n\r\n",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwool",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nwool",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwool\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nwool\r\n",
    ] {
        let text = error(answer.as_bytes());
        assert!(text.starts_with("the server's answer is broken: "), "{answer:?}: {text}");
    }
}

#[test]
fn a_page_has_a_limit_whatever_its_header_says() {
    let _limit = limit(LONG);
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    let most = "x".repeat(http::MAX_BYTES);
    assert_eq!(answered(format!("{head}{most}").as_bytes()).unwrap(), most);
    let text = "the page is longer than 1024 KiB";
    assert_eq!(error(format!("{head}{most}x").as_bytes()), text);

    // One that never ends ends here, and the connection is closed.
    let gone = Gate::new();
    let goes = gone.clone();
    let url = site(move |stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
        goes.open();
    });
    assert_eq!(get(&url).unwrap_err().to_string(), text);
    gone.pass();
}

#[test]
fn a_server_that_cannot_be_reached_is_named() {
    let _limit = limit(LONG);
    let address = dead_address();
    let error = get(&format!("http://{address}")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let text = format!("cannot connect to 127.0.0.1, port {}: ", address.port());
    assert!(error.to_string().starts_with(&text), "{error}");

    let error = get("http://crochet.invalid").unwrap_err().to_string();
    assert!(error.starts_with("cannot connect to crochet.invalid, port 80: "), "{error}");
}

#[test]
fn a_silent_server_is_given_up_in_time() {
    let _limit = limit(LONG);
    let gone = Gate::new();
    let goes = gone.clone();
    let url = site(move |stream, _| {
        until_closed(stream);
        goes.open();
    });
    let (url, patience) = (http::parse(&url).unwrap(), Duration::from_millis(200));
    let start = Instant::now();
    let late = crochet::wait_for(LONG, http::within(patience, http::get(&url))).unwrap_err();
    assert!(start.elapsed() >= patience);
    assert_eq!((late.kind(), &*late.to_string()), (ErrorKind::TimedOut, "no answer within 200ms"));
    gone.pass();
}

#[test]
fn a_cancelled_job_closes_the_connection_wherever_it_is() {
    let _limit = limit(LONG);
    for sent in [
        "",
        "HTTP/1.1 200 OK\r\nContent-",
        "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nwool",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwool\r\n",
    ] {
        let (asked, gone) = (Gate::new(), Gate::new());
        let (asks, goes) = (asked.clone(), gone.clone());
        let url = site(move |stream: &mut TcpStream, _| {
            stream.write_all(sent.as_bytes()).unwrap();
            asks.open();
            until_closed(stream);
            goes.open();
        });
        let url = http::parse(&url).unwrap();
        let job = crochet::run_in_reactor(move || async move { http::get(&url).await });
        asked.pass();
        job.cancel();
        assert!(job.wait(LONG).unwrap_err().is_cancelled());
        gone.pass();
    }
}

#[test]
fn what_is_no_http_address_is_refused_with_the_reason() {
    for (url, why) in [
        ("", "empty string"),
        ("http://", "empty string"),
        ("http:///path", "invalid format"),
        ("http://:80/", "it names no host"),
        ("http://localhost:/", "its port is none"),
        ("http://localhost:0/", "its port is none"),
        ("http://localhost:x/", "its port is none"),
        ("http://localhost:65536/", "its port is none"),
        ("http://me@localhost/", "it has a user name"),
        ("http://bücher.test/", "invalid uri character"),
        ("localhost:80/", "invalid"),
        ("HTTPS://localhost/", "https needs TLS, which the examples do not speak"),
    ] {
        let refused = http::parse(url).map(|_| ()).expect_err(url);
        let reason = refused.strip_prefix(&format!("{url:?} is not an http:// address: "));
        assert!(reason.is_some_and(|reason| reason.contains(why)), "{refused}");
    }
    for url in ["http://localhost", "HTTP://[::1]:8080/x", "http://192.0.2.1:1?a", "http://a.b#c"] {
        http::parse(url).unwrap();
    }
}

#[test]
fn an_ipv6_address_is_understood_and_reached_where_there_is_any() {
    let _limit = limit(LONG);
    // On a machine without IPv6, too, it is an address and no name.
    let port = dead_address().port();
    let error = get(&format!("http://[::1]:{port}/")).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot connect to ::1, port {port}: ")), "{error}");
    assert!(error.contains("os error"), "{error}");

    let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        send(&mut stream, "200 OK", "wool");
        until_closed(&mut stream);
    });
    assert_eq!(get(&format!("http://{address}/")).unwrap(), b"wool");
}
