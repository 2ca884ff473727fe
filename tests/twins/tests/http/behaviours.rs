//! What the two clients do alike. This file is compiled twice, with another `blocking` each time.

use std::cell::Cell;
use std::fmt::Debug;
use std::io::{self, Read};
use std::rc::Rc;
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Version, redirect};
use serde::Deserialize;
use serde_json::{Value, json};

use super::blocking::{self, Body, Client, Request, RequestBuilder, Response};
use crate::server;

/// A client that sees no proxy of the machine's, and a server.
fn start() -> (Client, String) {
    (Client::builder().no_proxy().build().unwrap(), server::start())
}

fn described(response: Response) -> Value {
    response.json().unwrap()
}

/// What an error is, in the order of `is_..` functions, and in words.
#[track_caller]
fn assert_error<T: Debug>(result: reqwest::Result<T>, kinds: &str, text: &str) -> reqwest::Error {
    let error = result.unwrap_err();
    let is = [
        ("builder", error.is_builder()),
        ("redirect", error.is_redirect()),
        ("status", error.is_status()),
        ("timeout", error.is_timeout()),
        ("request", error.is_request()),
        ("connect", error.is_connect()),
        ("body", error.is_body()),
        ("decode", error.is_decode()),
    ];
    let is: Vec<_> = is.iter().filter_map(|(name, is)| is.then_some(*name)).collect();
    assert_eq!((is.join(" ").as_str(), error.to_string().as_str()), (kinds, text));
    error
}

/// A limit for what should take a moment, and not the 30 seconds of the client's own timeout.
#[track_caller]
fn assert_soon(start: Instant) {
    assert!(start.elapsed() < Duration::from_secs(25), "it took {:?}", start.elapsed());
}

const SHORT: Duration = Duration::from_millis(100);

#[test]
fn get_returns_the_status_the_headers_and_the_text() {
    let (client, server) = start();
    let response = client.get(format!("{server}/hello")).send().unwrap();
    assert_eq!((response.status(), response.version()), (StatusCode::OK, Version::HTTP_11));
    assert_eq!(response.headers()["content-length"], "5");
    assert_eq!(response.content_length(), Some(5));
    assert_eq!(response.url().as_str(), format!("{server}/hello"));
    assert_eq!(format!("http://{}", response.remote_addr().unwrap()), server);
    assert_eq!(response.text().unwrap(), "hello");
}

#[test]
fn the_free_function_gets_a_page() {
    let server = server::start();
    assert_eq!(blocking::get(format!("{server}/hello")).unwrap().bytes().unwrap(), "hello");
}

#[test]
fn each_method_has_a_shortcut() {
    let (client, server) = start();
    let url = format!("{server}/describe");
    let requests: [(&str, RequestBuilder); 6] = [
        ("GET", client.get(&url)),
        ("POST", client.post(&url)),
        ("PUT", client.put(&url)),
        ("PATCH", client.patch(&url)),
        ("DELETE", client.delete(&url)),
        ("OPTIONS", client.request(Method::OPTIONS, &url)),
    ];
    for (method, request) in requests {
        assert_eq!(described(request.send().unwrap())["method"], method);
    }
    assert_eq!(client.head(&url).build().unwrap().method(), Method::HEAD);
}

#[test]
fn text_that_is_not_utf_8_is_replaced() {
    let (client, server) = start();
    let response = client.get(format!("{server}/latin")).send().unwrap();
    assert_eq!(response.text().unwrap(), "caf\u{fffd}");
}

#[test]
fn json_goes_there_and_back() {
    let (client, server) = start();
    let yarn = json!({"yarn": "wool", "metres": 200});
    let request = client.post(format!("{server}/echo")).json(&yarn);
    assert_eq!(request.send().unwrap().json::<Value>().unwrap(), yarn);
    let request = client.post(format!("{server}/describe")).json(&yarn);
    assert_eq!(described(request.send().unwrap())["type"], "application/json");
}

#[test]
fn json_need_not_be_of_a_type_that_is_send() {
    struct Local(Rc<Cell<usize>>);
    impl<'de> Deserialize<'de> for Local {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let value = Value::deserialize(from)?;
            Ok(Self(Rc::new(Cell::new(value["body"].as_str().map_or(0, str::len)))))
        }
    }
    let (client, server) = start();
    let response = client.post(format!("{server}/describe")).body("four").send().unwrap();
    assert_eq!(response.json::<Local>().unwrap().0.get(), 4);
}

#[test]
fn json_that_is_none_is_an_error_with_the_address() {
    let (client, server) = start();
    let response = client.get(format!("{server}/hello")).send().unwrap();
    let text = format!("error decoding response body for url ({server}/hello)");
    let error = assert_error(response.json::<Value>(), "decode", &text);
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "expected value at line 1 column 1"
    );
}

#[test]
fn a_body_is_read_bit_by_bit() {
    let (client, server) = start();
    let mut response = client.get(format!("{server}/bytes/100000")).send().unwrap();
    let (mut first, mut rest) = ([0; 1000], Vec::new());
    response.read_exact(&mut first).unwrap();
    assert_eq!(response.read(&mut []).unwrap(), 0);
    assert_eq!(response.read_to_end(&mut rest).unwrap(), 99_000);
    assert!(first.iter().chain(&rest).all(|byte| *byte == 7));
    assert_eq!((response.read(&mut first).unwrap(), response.status()), (0, StatusCode::OK));
}

#[test]
fn copy_to_writes_the_whole_body() {
    let (client, server) = start();
    let mut response = client.get(format!("{server}/chunks/1")).send().unwrap();
    assert_eq!(response.content_length(), None);
    let mut copy = Vec::new();
    assert_eq!(response.copy_to(&mut copy).unwrap(), 13);
    assert_eq!((copy.as_slice(), response.status()), (&b"one two three"[..], StatusCode::OK));
}

#[test]
fn copy_to_reports_a_writer_that_fails() {
    let (client, server) = start();
    let mut response = client.get(format!("{server}/bytes/100000")).send().unwrap();
    let failed = response.copy_to(&mut &mut [0; 10][..]);
    assert_error(failed, "decode", "error decoding response body");
}

#[test]
fn error_for_status_tells_good_from_bad() {
    let (client, server) = start();
    let good = client.get(format!("{server}/status/204")).send().unwrap();
    assert!(good.error_for_status_ref().is_ok());
    assert_eq!(good.error_for_status().unwrap().status(), StatusCode::NO_CONTENT);
    for (status, kind) in [(404, "client"), (503, "server")] {
        let bad = client.get(format!("{server}/status/{status}")).send().unwrap();
        let text =
            format!("HTTP status {kind} error ({status} Told) for url ({server}/status/{status})");
        assert_error(bad.error_for_status_ref(), "status", &text);
        let error = assert_error(bad.error_for_status(), "status", &text);
        assert_eq!(error.status().unwrap().as_u16(), status);
    }
}

#[test]
fn headers_agent_and_authorization_are_sent() {
    let server = server::start();
    let mut defaults = HeaderMap::new();
    defaults.insert("x-yarn", HeaderValue::from_static("wool"));
    let builder = Client::builder().no_proxy().user_agent("needle/4").default_headers(defaults);
    let client = builder.build().unwrap();
    let url = format!("{server}/describe");
    let sent = described(client.get(&url).basic_auth("ada", Some("knit")).send().unwrap());
    assert_eq!(sent["agent"], "needle/4");
    assert_eq!(sent["auth"], "Basic YWRhOmtuaXQ=");
    assert_eq!(sent["x-yarn"], "wool");
    let sent =
        described(client.get(&url).bearer_auth("purl").header("x-yarn", "silk").send().unwrap());
    assert_eq!((&sent["auth"], &sent["x-yarn"]), (&json!("Bearer purl"), &json!("silk")));
    let with_user = url.replace("//", "//ada:knit@");
    assert_eq!(described(client.get(with_user).send().unwrap())["auth"], "Basic YWRhOmtuaXQ=");
}

#[test]
fn a_header_that_is_none_is_a_builder_error() {
    let (client, server) = start();
    let request = client.get(format!("{server}/hello")).header("not a name", "wool");
    assert_error(request.send(), "builder", "builder error");
}

#[test]
fn an_address_that_is_none_is_a_builder_error() {
    let (client, _) = start();
    let error = client.get("/hello").send().unwrap_err();
    assert!(error.is_builder() && !error.is_request(), "{error:?}");
    assert!(client.get("/hello").try_clone().is_none());
}

#[test]
fn bodies_in_memory_have_a_length() {
    let (client, server) = start();
    let bodies: [Body; 4] =
        ["wool".into(), "wool".to_owned().into(), b"wool".to_vec().into(), (&b"wool"[..]).into()];
    for body in bodies {
        assert_eq!(body.as_bytes(), Some(&b"wool"[..]));
        let sent = described(client.post(format!("{server}/describe")).body(body).send().unwrap());
        let expected = (json!("wool"), json!("4"), json!(false));
        assert_eq!(
            (sent["body"].clone(), sent["length"].clone(), sent["chunked"].clone()),
            expected
        );
    }
}

#[test]
fn a_body_of_unknown_length_is_sent_in_chunks() {
    let (client, server) = start();
    let body = Body::new(io::repeat(b'k').take(100_000));
    let sent = described(client.post(format!("{server}/describe")).body(body).send().unwrap());
    assert_eq!((&sent["chunked"], &sent["length"]), (&json!(true), &json!("none")));
    assert_eq!(sent["body"].as_str().unwrap(), "k".repeat(100_000));
}

#[test]
fn a_body_of_known_length_is_cut_there() {
    let (client, server) = start();
    let body = Body::sized(&b"wool and silk"[..], 4);
    let sent = described(client.post(format!("{server}/describe")).body(body).send().unwrap());
    assert_eq!((&sent["body"], &sent["length"]), (&json!("wool"), &json!("4")));
}

#[test]
fn a_file_is_sent_with_its_length() {
    let (client, server) = start();
    let body = Body::from(
        std::fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap(),
    );
    let text = include_str!("../../Cargo.toml");
    let sent = described(client.post(format!("{server}/describe")).body(body).send().unwrap());
    assert_eq!((&sent["body"], &sent["length"]), (&json!(text), &json!(text.len().to_string())));
}

#[test]
fn a_reader_that_fails_is_a_body_error() {
    struct Torn;
    impl Read for Torn {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the yarn is torn"))
        }
    }
    let (client, server) = start();
    let sent = client.post(format!("{server}/echo")).body(Body::new(Torn)).send();
    let text = format!("request or response body error for url ({server}/echo)");
    let error = assert_error(sent, "body", &text);
    let chain = format!("{error:?}");
    assert!(chain.contains("the yarn is torn"), "{chain}");
}

#[test]
fn redirects_are_followed_to_the_end() {
    let (client, server) = start();
    let response = client.get(format!("{server}/redirect/3")).send().unwrap();
    assert_eq!(response.url().as_str(), format!("{server}/hello"));
    assert_eq!(response.text().unwrap(), "hello");
    // To see another page, it is asked for by `GET`, without the body.
    let sent = described(client.post(format!("{server}/see-other")).body("wool").send().unwrap());
    assert_eq!((&sent["method"], &sent["body"]), (&json!("GET"), &json!("")));
}

#[test]
fn redirects_end_where_the_policy_says_so() {
    let server = server::start();
    let build = |policy| Client::builder().no_proxy().redirect(policy).build().unwrap();
    let response = build(redirect::Policy::none()).get(format!("{server}/redirect/1")).send();
    assert_eq!(response.unwrap().headers()["location"], "/redirect/0");
    let sent = build(redirect::Policy::limited(2)).get(format!("{server}/redirect/5")).send();
    let text = format!("error following redirect for url ({server}/redirect/5)");
    assert_error(sent, "redirect", &text);
}

#[test]
fn cookies_are_kept_if_there_is_a_store() {
    let server = server::start();
    let build = |store| Client::builder().no_proxy().cookie_store(store).build().unwrap();
    for (client, expected) in
        [(build(true), vec!["needle=4", "yarn=wool"]), (build(false), vec!["none"])]
    {
        let response = client.get(format!("{server}/log-in")).send().unwrap();
        let set: Vec<_> = response.cookies().map(|cookie| cookie.name().to_owned()).collect();
        assert_eq!(set, ["yarn", "needle"]);
        let sent = described(client.get(format!("{server}/describe")).send().unwrap());
        let mut sent: Vec<_> = sent["cookie"].as_str().unwrap().split("; ").collect();
        sent.sort_unstable();
        assert_eq!(sent, expected);
    }
}

#[test]
fn connections_are_kept() {
    let (client, server) = start();
    for count in ["1", "2", "3"] {
        assert_eq!(client.get(format!("{server}/count")).send().unwrap().text().unwrap(), count);
    }
    // Where a body is not read to its end, the connection is closed.
    drop(client.get(format!("{server}/half")).send().unwrap());
    assert_eq!(client.clone().get(format!("{server}/count")).send().unwrap().text().unwrap(), "1");
}

#[test]
fn a_request_has_its_own_timeout() {
    let (client, server) = start();
    let start = Instant::now();
    let sent = client.get(format!("{server}/silent")).timeout(SHORT).send();
    let text = format!("error sending request for url ({server}/silent)");
    let error = assert_error(sent, "timeout request", &text);
    assert_eq!(error.url().unwrap().path(), "/silent");
    assert!(start.elapsed() >= SHORT);
    assert_soon(start);
}

#[test]
fn a_client_has_a_timeout_and_a_request_goes_before_it() {
    let server = server::start();
    let client = Client::builder().no_proxy().timeout(SHORT).build().unwrap();
    let start = Instant::now();
    let text = format!("error sending request for url ({server}/silent)");
    assert_error(client.get(format!("{server}/silent")).send(), "timeout request", &text);
    assert_soon(start);
    let patient = client.get(format!("{server}/chunks/80")).timeout(Duration::from_secs(30));
    assert_eq!(patient.send().unwrap().text().unwrap(), "one two three");
}

#[test]
fn a_body_that_stops_coming_is_late() {
    let server = server::start();
    // Long enough for the headers, on a machine that has other work.
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(2)).build().unwrap();
    let start = Instant::now();
    let half = || client.get(format!("{server}/half")).send().unwrap();
    assert_error(half().text(), "timeout decode", "error decoding response body");
    assert_error(half().copy_to(&mut io::sink()), "timeout decode", "error decoding response body");
    let (mut response, mut read) = (half(), Vec::new());
    let error = response.read_to_end(&mut read).unwrap_err();
    assert_eq!((error.kind(), read.as_slice()), (io::ErrorKind::Other, &b"half!"[..]));
    assert!(error.get_ref().unwrap().downcast_ref::<reqwest::Error>().unwrap().is_timeout());
    assert_soon(start);
}

#[test]
fn the_timeout_of_a_client_is_for_each_part_of_a_body() {
    let server = server::start();
    let timeout = Duration::from_millis(2000);
    let client = Client::builder().no_proxy().timeout(timeout).build().unwrap();
    let (start, mut copy) = (Instant::now(), Vec::new());
    let mut response = client.get(format!("{server}/chunks/800")).send().unwrap();
    response.copy_to(&mut copy).unwrap();
    assert_eq!(copy, b"one two three");
    assert!(start.elapsed() > timeout);
}

#[test]
fn a_server_that_is_not_there_is_a_connect_error() {
    let (client, _) = start();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sent = client.get(format!("http://127.0.0.1:{port}/")).send();
    let text = format!("error sending request for url (http://127.0.0.1:{port}/)");
    assert_error(sent, "request connect", &text);
}

#[test]
fn a_server_that_breaks_the_protocol_is_a_request_error() {
    let (client, server) = start();
    for path in ["gone", "noise"] {
        let sent = client.get(format!("{server}/{path}")).send();
        assert_error(sent, "request", &format!("error sending request for url ({server}/{path})"));
    }
}

#[test]
fn a_body_that_is_cut_is_a_decode_error() {
    let (client, server) = start();
    let cut = || client.get(format!("{server}/cut")).send().unwrap();
    let text = format!("error decoding response body for url ({server}/cut)");
    assert_error(cut().bytes(), "decode", &text);
    let error = cut().read_to_end(&mut Vec::new()).unwrap_err();
    assert!(error.get_ref().unwrap().downcast_ref::<reqwest::Error>().is_some());
}

#[test]
fn a_request_can_be_built_changed_and_executed() {
    let (client, server) = start();
    let mut request = Request::new(Method::POST, format!("{server}/describe").parse().unwrap());
    request.headers_mut().insert("x-yarn", HeaderValue::from_static("wool"));
    *request.body_mut() = Some(Body::new(&b"knit"[..]));
    assert!(request.try_clone().is_none());
    assert_eq!(request.body_mut().as_mut().unwrap().buffer().unwrap(), b"knit");
    *request.method_mut() = Method::PUT;
    *request.timeout_mut() = Some(Duration::from_secs(20));
    let copy = request.try_clone().unwrap();
    assert_eq!(
        (copy.timeout(), copy.body().unwrap().as_bytes()),
        (request.timeout(), Some(&b"knit"[..]))
    );
    for request in [request, copy] {
        let sent = described(client.execute(request).unwrap());
        let sent = (sent["method"].clone(), sent["body"].clone(), sent["x-yarn"].clone());
        assert_eq!(sent, (json!("PUT"), json!("knit"), json!("wool")));
    }
}

#[test]
fn a_builder_can_be_taken_apart_and_cloned() {
    let (client, server) = start();
    let builder = client.post(format!("{server}/echo")).body("wool");
    let copy = builder.try_clone().unwrap();
    let (client, request) = builder.build_split();
    let again = RequestBuilder::from_parts(client, request.unwrap());
    assert_eq!(again.send().unwrap().text().unwrap(), "wool");
    assert_eq!(copy.json("silk").send().unwrap().text().unwrap(), "\"silk\"");
    let stream = Client::new().post(format!("{server}/echo")).body(Body::new(io::empty()));
    assert!(stream.try_clone().is_none());
}

#[test]
fn clients_and_responses_go_to_other_threads() {
    let (client, server) = start();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (client, url) = (client.clone(), format!("{server}/hello"));
            std::thread::spawn(move || client.get(url).send().unwrap())
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap().text().unwrap(), "hello");
    }
}

#[test]
fn a_response_can_be_made() {
    let mut response = Response::from(http::Response::new("wool"));
    response.headers_mut().insert("x-yarn", HeaderValue::from_static("silk"));
    response.extensions_mut().insert(4_u8);
    assert_eq!(
        (response.headers()["x-yarn"].as_bytes(), response.extensions().get::<u8>()),
        (&b"silk"[..], Some(&4))
    );
    assert_eq!(response.text().unwrap(), "wool");
}
