use std::thread;

use crochet_recipes_tests::redis::Cache;

use crate::life::{ends_with_live_clients, has_stopped, stop_during};
use crate::server::Server;
use crate::support::{LONG, limit, own_process};
use crate::{PATIENT, SHORT, in_time, next};

#[test]
fn values_of_many_keys_ahead_of_the_iterator() {
    let _limit = limit(LONG);
    let Some(redis) = Server::redis() else { return };
    let cache = Cache::connect(&format!("redis://{}", redis.address), PATIENT).unwrap();
    thread::scope(|scope| {
        for n in 0..8 {
            let cache = cache.clone();
            scope.spawn(move || cache.set(&format!("row {n}"), "knit").unwrap());
        }
    });
    assert_eq!(cache.get("row 7").unwrap().as_deref(), Some("knit"));
    let values = cache.values((0..9).map(|n| format!("row {n}")).collect());
    let values: Vec<_> = values.map(|value| value.unwrap().unwrap()).collect();
    assert_eq!((values.len(), values[7].as_deref(), values[8].as_deref()), (9, Some("knit"), None));
    let mut few = cache.values(vec!["row 1".to_owned(), "row 2".to_owned()]);
    assert!(few.next().unwrap().unwrap().unwrap().is_some());
    drop((few, cache)); // here, with a value that was read ahead
}

#[test]
fn messages_and_a_timeout() {
    let _limit = limit(LONG);
    let Some(redis) = Server::redis() else { return };
    let url = format!("redis://{}", redis.address);
    let mut publisher = redis::Client::open(url.as_str()).unwrap().get_connection().unwrap();
    let cache = in_time(|| Cache::connect(&url, SHORT));
    let mut messages = in_time(|| cache.messages("wool"));
    assert!(messages.next().unwrap().unwrap_err().is_timeout());
    redis::cmd("PUBLISH").arg("wool").arg("red").query::<u32>(&mut publisher).unwrap();
    let message = next(&mut messages);
    assert_eq!(message.get_payload::<String>().unwrap(), "red");
    redis.pause();
    assert!(cache.get("row").unwrap_err().is_timeout());
    redis.resume();
    drop(messages);
    // The late answer went to the call that had given up.
    let patient = Cache::connect(&url, PATIENT).unwrap();
    patient.set("row", "purl").unwrap();
    assert_eq!(patient.get("row").unwrap().as_deref(), Some("purl"));
}

#[test]
fn a_connection_outlives_a_shutdown_and_its_iterators_end() {
    own_process!();
    let _limit = limit(LONG);
    let Some(redis) = Server::redis() else { return };
    let url = format!("redis://{}", redis.address);
    let cache = Cache::connect(&url, PATIENT).unwrap();
    cache.set("row", "knit").unwrap();
    let mut messages = cache.messages("wool").unwrap();
    let mut values = cache.values(vec!["row".to_owned(); 100]);
    assert_eq!(values.next().unwrap().unwrap().unwrap().as_deref(), Some("knit"));
    let stopped = stop_during(|| messages.next()).unwrap().unwrap_err();
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    assert!(messages.next().is_none());
    has_stopped(&mut values);
    redis.pause();
    let stopped = stop_during(|| cache.get("row")).unwrap_err();
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    redis.resume();
    for cache in [cache, Cache::connect(&url, PATIENT).unwrap()] {
        assert_eq!(cache.get("row").unwrap().as_deref(), Some("knit"));
        let values: Result<Vec<_>, _> = cache.values(vec!["row".to_owned(); 5]).collect();
        assert_eq!(values.unwrap().len(), 5);
    }
}

#[test]
fn a_process_with_live_clients_ends() {
    let _limit = limit(LONG);
    let Some(redis) = Server::redis() else { return };
    ends_with_live_clients("redis", &redis.address.to_string());
}
