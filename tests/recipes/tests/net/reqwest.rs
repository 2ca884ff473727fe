use std::io::{Read, copy, sink};
use std::thread;

use crochet::Error;
use crochet_recipes_tests::reqwest::{chunks, page, reader};

use crate::support::{LONG, limit};
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
