use std::iter;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use crochet::{Error, JobState};
use crochet_recipes_tests::websocket::Questions;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::life::{ends_with_live_clients, stop_during};
use crate::support::{LONG, limit, own_process};
use crate::{PATIENT, SHORT};

/// Answers the texts of one connection, each after a word to go on; returns how the connection
/// ended.
fn server(go_on: Receiver<()>) -> (SocketAddr, JoinHandle<tungstenite::Error>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let mut socket = tungstenite::accept(listener.accept().unwrap().0).unwrap();
        loop {
            match socket.read() {
                Ok(Message::Text(text)) => {
                    go_on.recv().unwrap();
                    socket.send(Message::text(format!("{text}!"))).unwrap();
                }
                Ok(_) => {}
                Err(error) => break error,
            }
        }
    });
    (address, thread)
}

fn connect(
    timeout: std::time::Duration,
) -> (Questions, Sender<()>, JoinHandle<tungstenite::Error>) {
    let (sender, receiver) = channel();
    let (address, thread) = server(receiver);
    let url = format!("ws://{address}");
    let questions = Questions::connect(&url, PATIENT).unwrap().with_timeout(timeout);
    (questions, sender, thread)
}

#[test]
fn the_late_answer_is_the_next_text() {
    let _limit = limit(LONG);
    let (mut questions, go_on, server) = connect(SHORT);
    // Where the machine is too busy to begin within the limit, nothing was asked.
    let late =
        iter::repeat_with(|| questions.ask("knit").unwrap_err()).find_map(|error| match error {
            Error::TimedOut(late) if late.job() == JobState::Queued => None,
            error => Some(error),
        });
    assert!(late.unwrap().is_timeout());
    go_on.send(()).unwrap();
    go_on.send(()).unwrap();
    let mut questions = questions.with_timeout(PATIENT);
    assert_eq!(questions.ask("purl").unwrap(), "knit!");
    assert_eq!(questions.messages().next().unwrap().unwrap().unwrap(), Message::text("purl!"));
    questions.close().unwrap();
    assert!(matches!(server.join().unwrap(), tungstenite::Error::ConnectionClosed));
}

#[test]
fn dropped_without_a_goodbye() {
    let _limit = limit(LONG);
    let (mut questions, go_on, server) = connect(PATIENT);
    go_on.send(()).unwrap();
    assert_eq!(questions.ask("knit").unwrap(), "knit!");
    drop(questions); // on this thread
    let end = server.join().unwrap();
    assert!(!matches!(end, tungstenite::Error::ConnectionClosed), "{end}");
}

#[test]
fn a_connection_outlives_a_shutdown() {
    own_process!();
    let _limit = limit(LONG);
    let (mut questions, go_on, server) = connect(PATIENT);
    go_on.send(()).unwrap();
    assert_eq!(questions.ask("knit").unwrap(), "knit!");
    let stopped = stop_during(|| questions.ask("purl")).unwrap_err();
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    go_on.send(()).unwrap();
    let stopped = {
        let mut messages = questions.messages();
        assert_eq!(messages.next().unwrap().unwrap().unwrap(), Message::text("purl!"));
        stop_during(|| messages.next()).unwrap().unwrap_err()
    };
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    let (new, new_go_on, new_server) = connect(PATIENT);
    for (mut questions, go_on, server) in [(questions, go_on, server), (new, new_go_on, new_server)]
    {
        go_on.send(()).unwrap();
        assert_eq!(questions.ask("cast off").unwrap(), "cast off!");
        questions.close().unwrap();
        assert!(matches!(server.join().unwrap(), tungstenite::Error::ConnectionClosed));
    }
}

#[test]
fn a_process_with_live_clients_ends() {
    let _limit = limit(LONG);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Answers the first text of each connection.
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(|| {
                let mut socket = tungstenite::accept(stream.unwrap()).unwrap();
                let question = socket.read().unwrap();
                socket.send(question).unwrap();
                while socket.read().is_ok() {}
            });
        }
    });
    ends_with_live_clients("websocket", &address.to_string());
}
