//! `redis` and a `redis-server`.

use crochet_twins_tests::redis::blocking::{Client, Connection};
use redis::{ErrorKind, RedisResult, ServerErrorKind, cmd, pipe};

use crate::server::Server;

/// A server, and a client of it.
fn start() -> Option<(Server, Client)> {
    let server = Server::redis(&[])?;
    let client = Client::open(&format!("redis://{}", server.address)).unwrap();
    Some((server, client))
}

#[test]
fn commands_are_answered() {
    let Some((_server, client)) = start() else { return };
    let mut connection = client.connect().unwrap();
    let set: String = connection.query(cmd("SET").arg("yarn").arg("wool")).unwrap();
    let yarn: Option<String> = connection.query(cmd("GET").arg("yarn")).unwrap();
    let needle: Option<String> = connection.query(cmd("GET").arg("needle")).unwrap();
    assert_eq!((set.as_str(), yarn.as_deref(), needle), ("OK", Some("wool"), None));
    let wrong = connection.query::<i64>(cmd("INCR").arg("yarn")).unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::Server(ServerErrorKind::ResponseError), "{wrong}");
}

#[test]
fn a_pipeline_is_answered_at_once() {
    let Some((_server, client)) = start() else { return };
    let mut pipeline = pipe();
    pipeline.atomic().cmd("SET").arg("rows").arg(40).ignore();
    pipeline.cmd("INCR").arg("rows").cmd("INCR").arg("rows");
    let answers: (i64, i64) = client.connect().unwrap().query_all(&pipeline).unwrap();
    assert_eq!(answers, (41, 42));
}

#[test]
fn messages_come_as_an_iterator() {
    let Some((_server, client)) = start() else { return };
    let mut connection = client.connect().unwrap();
    let news = client.subscribe("news").unwrap();
    let publish = |connection: &mut Connection, message: &str| {
        connection.query::<i64>(cmd("PUBLISH").arg("news").arg(message))
    };
    for message in ["cast on", "bind off"] {
        assert_eq!(publish(&mut connection, message).unwrap(), 1);
    }
    let news: Vec<String> = news.take(2).collect::<RedisResult<_>>().unwrap();
    assert_eq!(news, ["cast on", "bind off"]);
}

#[test]
fn an_answer_that_does_not_come_is_late() {
    let Some((_server, client)) = start() else { return };
    let mut connection = client.connect().unwrap();
    let late = connection.pop("needles").unwrap_err();
    assert!(late.is_timeout(), "{late}");
    let other: String = client.connect().unwrap().query(&cmd("PING")).unwrap();
    assert_eq!(other, "PONG");
}

#[test]
fn clones_are_used_by_many_threads() {
    let Some((_server, client)) = start() else { return };
    let connection = client.connect().unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let mut connection = connection.clone();
            std::thread::spawn(move || connection.query::<i64>(cmd("INCR").arg("rows")).unwrap())
        })
        .collect();
    let mut rows: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    rows.sort_unstable();
    assert_eq!(rows, [1, 2, 3, 4]);
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let Some((server, client)) = start() else { return };
    drop(server);
    assert!(client.connect().unwrap_err().is_connection_refusal());
}
