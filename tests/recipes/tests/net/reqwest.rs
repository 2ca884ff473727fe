use std::io::{BufRead, BufReader, Read, Write, copy, sink};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::thread;

use crochet::{Error, wait_for_wrapped};
use crochet_recipes_tests::reqwest::{chunks, page, reader};

use crate::life::{ends_with_live_clients, stop_during};
use crate::support::{LONG, limit, own_process};
use crate::{PATIENT, SHORT, servers};

#[test]
fn pages_from_many_threads() {
    let _limit = limit(LONG);
    let Some(nginx) = servers::nginx() else { return };
    let url = format!("http://{}/page", nginx.address);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(page(&url).unwrap(), "a page of knitting"));
        }
    });
    let Err(Error::Job(missing)) = page(&format!("{url}/none")) else { panic!("no such page") };
    assert_eq!(missing.status().unwrap(), 404);
}

#[test]
fn bytes_as_a_reader_and_as_an_iterator() {
    let _limit = limit(LONG);
    let Some(nginx) = servers::nginx() else { return };
    let url = format!("http://{}/large", nginx.address);
    assert_eq!(copy(&mut reader(&url, PATIENT).unwrap(), &mut sink()).unwrap(), 1 << 20);
    let mut sum = 0;
    for chunk in chunks(&url, PATIENT).unwrap() {
        sum += chunk.unwrap().len();
    }
    assert_eq!(sum, 1 << 20);
    // Dropped with the most part unread, on this thread.
    let mut begin = [0; 16];
    reader(&url, PATIENT).unwrap().read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"0123456789abcdef");
    let first = chunks(&url, PATIENT).unwrap().next().unwrap().unwrap();
    assert!(first.starts_with(&begin));
}

#[test]
fn a_server_that_stops_and_goes_on() {
    let _limit = limit(LONG);
    let Some(nginx) = servers::nginx() else { return };
    let url = format!("http://{}/page", nginx.address);
    nginx.pause();
    assert!(reader(&url, SHORT).err().unwrap().is_timeout());
    nginx.resume();
    let mut text = String::new();
    reader(&url, PATIENT).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "a page of knitting");
}

#[test]
fn a_client_outlives_a_shutdown_and_its_chunks_end() {
    own_process!();
    let _limit = limit(LONG);
    let Some(nginx) = servers::nginx() else { return };
    let url = |path| format!("http://{}/{path}", nginx.address);
    assert_eq!(page(&url("page")).unwrap(), "a page of knitting");
    let mut chunks = chunks(&url("large"), PATIENT).unwrap();
    assert!(chunks.next().unwrap().is_ok());
    nginx.pause();
    let stopped = stop_during(|| page(&url("page"))).unwrap_err();
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    nginx.resume();
    let stopped = chunks.find_map(Result::err).unwrap();
    let stopped = stopped.downcast::<Error>().unwrap();
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    assert!(chunks.next().is_none());
    assert_eq!(page(&url("page")).unwrap(), "a page of knitting");
    let new = reqwest::Client::new();
    let large =
        wait_for_wrapped(PATIENT, async { new.get(url("large")).send().await?.bytes().await });
    assert_eq!(large.unwrap().len(), 1 << 20);
}

/// Unlike an iterator, it does not keep to one reactor.
#[test]
fn a_reader_outlives_a_shutdown() {
    own_process!();
    let _limit = limit(LONG);
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", server.local_addr().unwrap());
    let (go_on, goes_on) = channel();
    let serve = thread::spawn(move || {
        let (mut client, _) = server.accept().unwrap();
        let request = BufReader::new(&client).lines().map(Result::unwrap);
        assert!(request.take_while(|line| !line.is_empty()).count() > 0);
        client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nknit").unwrap();
        goes_on.recv().unwrap();
        client.write_all(b"purl").unwrap();
    });
    let mut reader = reader(&url, PATIENT).unwrap();
    let mut word = [0; 4];
    reader.read_exact(&mut word).unwrap();
    let stopped = stop_during(|| reader.read(&mut word)).unwrap_err();
    let stopped = stopped.downcast::<Error>().unwrap();
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    go_on.send(()).unwrap();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "purl");
    serve.join().unwrap();
}

#[test]
fn a_process_with_live_clients_ends() {
    let _limit = limit(LONG);
    let Some(nginx) = servers::nginx() else { return };
    ends_with_live_clients("reqwest", &nginx.address.to_string());
}
