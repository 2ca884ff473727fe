use std::iter;
use std::thread;

use crochet_recipes_tests::mqtt::connect;
use rumqttc::MqttOptions;

use crate::life::{ends_with_live_clients, stop_during};
use crate::server::Server;
use crate::support::{LONG, limit, own_process};
use crate::{PATIENT, SHORT, in_time, next, servers};

fn options(server: &Server, name: &str) -> MqttOptions {
    let mut options = MqttOptions::new(name, "127.0.0.1", server.address.port());
    options.set_keep_alive(PATIENT);
    options
}

#[test]
fn publishes_subscribes_and_says_goodbye() {
    let _limit = limit(LONG);
    let Some(broker) = servers::mosquitto() else { return };
    let (client, mut messages) = connect(options(&broker, "publishes"), PATIENT);
    client.subscribe("wool").unwrap();
    for text in ["red", "blue"] {
        client.clone().publish("wool", text).unwrap();
    }
    let mut next = || messages.next().unwrap().unwrap().unwrap();
    assert_eq!([next().payload, next().payload], ["red", "blue"]);
    client.disconnect().unwrap();
    // The broker closes the connection, which rumqttc reports as an error; then the stream ends.
    assert!(messages.next().unwrap().unwrap().is_err());
    assert!(messages.next().is_none());
}

#[test]
fn many_threads_publish() {
    let _limit = limit(LONG);
    let Some(broker) = servers::mosquitto() else { return };
    let (client, messages) = connect(options(&broker, "threads"), PATIENT);
    client.subscribe("rows").unwrap();
    thread::scope(|scope| {
        for row in 0..8_u8 {
            let client = client.clone();
            scope.spawn(move || client.publish("rows", &row.to_string()).unwrap());
        }
    });
    let mut rows: Vec<_> = messages.take(8).map(|row| row.unwrap().unwrap().payload).collect();
    rows.sort();
    assert!(rows.into_iter().eq((0..8_u8).map(|row| row.to_string())));
}

#[test]
fn a_timeout_loses_no_message() {
    let _limit = limit(LONG);
    let Some(broker) = servers::mosquitto() else { return };
    let (client, mut messages) = connect(options(&broker, "timeout"), SHORT);
    assert!(messages.next().unwrap().unwrap_err().is_timeout());
    in_time(|| client.subscribe("wool"));
    broker.pause();
    in_time(|| client.publish("wool", "late")); // queued, that is
    assert!(messages.next().unwrap().unwrap_err().is_timeout());
    broker.resume();
    assert_eq!(next(&mut messages).unwrap().payload, "late");
    drop(messages);
    // The iterator had the event loop, which its job drops some time after this.
    let mut errors = iter::repeat_with(|| client.publish("wool", "lost")).filter_map(Result::err);
    let gone = errors.find(|error| !error.is_timeout());
    assert!(matches!(gone, Some(crochet::Error::Job(_))), "{gone:?}");
}

#[test]
fn a_broker_that_is_not_there() {
    let _limit = limit(LONG);
    let Some(broker) = servers::mosquitto() else { return };
    let gone = options(&broker, "gone");
    drop(broker);
    let (_client, mut messages) = connect(gone, PATIENT);
    assert!(messages.next().unwrap().unwrap().is_err());
    assert!(messages.next().is_none());
}

#[test]
fn a_shutdown_closes_the_connection_and_a_new_client_works() {
    own_process!();
    let _limit = limit(LONG);
    let Some(broker) = servers::mosquitto() else { return };
    let connect = || {
        let (client, mut messages) = connect(options(&broker, "again"), PATIENT);
        client.subscribe("wool").unwrap();
        client.publish("wool", "red").unwrap();
        assert_eq!(messages.next().unwrap().unwrap().unwrap().payload, "red");
        (client, messages)
    };
    let (client, mut messages) = connect();
    let stopped = stop_during(|| messages.next()).unwrap().unwrap_err();
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    assert!(messages.next().is_none());
    // The event loop went with the job that had it.
    assert!(matches!(client.publish("wool", "lost"), Err(crochet::Error::Job(_))));
    drop((client, messages));
    drop(connect());
}

#[test]
fn a_process_with_live_clients_ends() {
    let _limit = limit(LONG);
    let Some(broker) = servers::mosquitto() else { return };
    ends_with_live_clients("mqtt", &broker.address.to_string());
}
