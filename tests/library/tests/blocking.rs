//! The library's blocking side.

#![cfg(feature = "blocking")]

use std::future::Future;
use std::io;

use crochet_library_tests::{blocking::Client, BlockingStore, Store};
use futures_lite::{stream, Stream};

#[test]
fn every_function_has_its_twin() {
    let client = Client::connect("ab").unwrap();
    let names: io::Result<Vec<_>> = client.names("x").unwrap().collect();
    assert_eq!(names.unwrap(), ["xa", "xb"]);
    assert!(client.chars().unwrap().map(Result::unwrap).eq(['a', 'b']));
    assert!(client.borrowed().map(Result::unwrap).eq(['a', 'b']));
    assert_eq!(io::read_to_string(client.body().unwrap()).unwrap(), "ab");
    assert_eq!(client.generic(&1).unwrap().collect::<String>(), "ab1");
    assert_eq!(client.late().unwrap(), 2);
}

#[test]
fn what_captures_nothing_outlives_the_client() {
    let client = Client::connect("ab").unwrap();
    let owned = client.owned();
    drop(client);
    assert!(owned.map(Result::unwrap).eq(['a', 'b']));
}

struct Fixed;

impl Store for Fixed {
    fn get(&self, key: &str) -> impl Future<Output = io::Result<String>> + Send {
        let value = format!("the value of {key}");
        async { Ok(value) }
    }

    fn keys(&self) -> impl Stream<Item = io::Result<String>> + Send {
        stream::once(Ok("a".to_owned()))
    }
}

#[test]
fn a_trait_has_its_twin() {
    let keys: io::Result<Vec<_>> = BlockingStore::keys(&Fixed).collect();
    let key = &keys.unwrap()[0];
    assert_eq!(BlockingStore::get(&Fixed, key).unwrap(), "the value of a");
}
