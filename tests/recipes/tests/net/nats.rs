use std::process;
use std::sync::mpsc;
use std::thread;

use async_nats::connection::State;
use async_nats::{Client, RequestErrorKind};
use bytes::Bytes;
use crochet::{Error, EventualResult, wait_for_wrapped};
use crochet_recipes_tests::nats::Nats;

use crate::server::Server;
use crate::support::{LONG, child_command, child_output, limit, own_process, test_name, until};
use crate::{PATIENT, SHORT, in_time, next, servers};

fn url(server: &Server) -> String {
    format!("nats://{}", server.address)
}

fn connect(server: &Server) -> Nats {
    Nats::connect(&url(server), PATIENT).unwrap()
}

/// The library's own client.
fn client(server: &Server) -> Client {
    let url = url(server);
    wait_for_wrapped(PATIENT, async { async_nats::connect(url).await }).unwrap()
}

/// Returns when the server has what was published and subscribed before by the same client.
fn round_trip(nats: &Nats) {
    let Err(Error::Job(nobody)) = nats.ask("nobody.is.there", "") else { panic!("who answers?") };
    assert_eq!(nobody.kind(), RequestErrorKind::NoResponders, "{nobody}");
}

/// Answers each question by its text and a `!`. A question `wait` waits for the other end of
/// `answer`.
fn service(server: &Server, answer: mpsc::Receiver<()>) {
    let (client, nats) = (client(server), connect(server));
    let questions = nats.messages("questions").unwrap();
    round_trip(&nats);
    thread::spawn(move || {
        for question in questions {
            let Ok(question) = question else { break };
            if question.payload == "wait" && answer.recv().is_err() {
                break;
            }
            let text = Bytes::from([&question.payload[..], b"!"].concat());
            wait_for_wrapped(PATIENT, client.publish(question.reply.unwrap(), text)).unwrap();
        }
    });
}

#[test]
fn publishes_and_subscribes_from_many_threads() {
    let _limit = limit(LONG);
    let Some(server) = servers::nats() else { return };
    let nats = connect(&server);
    let messages = nats.messages("wool.*").unwrap();
    thread::scope(|scope| {
        for thread in 0..8 {
            let nats = &nats;
            scope.spawn(move || {
                let own = nats.clone().messages(&format!("wool.{thread}")).unwrap();
                for n in 0..10 {
                    nats.publish(&format!("wool.{thread}"), &n.to_string()).unwrap();
                }
                nats.flush().unwrap();
                let own = own.take(10).map(|message| message.unwrap().payload);
                assert!(own.eq((0..10).map(|n| n.to_string())));
            });
        }
    });
    let mut heard = [0; 8];
    for message in messages.take(80) {
        let message = message.unwrap();
        let thread: usize = message.subject.strip_prefix("wool.").unwrap().parse().unwrap();
        assert_eq!(message.payload, heard[thread].to_string());
        heard[thread] += 1;
    }
    assert_eq!(heard, [10; 8]);
}

#[test]
fn asks_from_many_threads_and_a_late_answer_is_not_taken_for_another() {
    let _limit = limit(LONG);
    let Some(server) = servers::nats() else { return };
    let nats = connect(&server);
    round_trip(&nats);
    let (answer, answers) = mpsc::channel();
    service(&server, answers);
    thread::scope(|scope| {
        for n in 0..8 {
            let nats = nats.clone();
            scope.spawn(move || {
                assert_eq!(nats.ask("questions", &n.to_string()).unwrap(), format!("{n}!"));
            });
        }
    });

    let hasty = in_time(|| Nats::connect(&url(&server), SHORT));
    assert!(hasty.ask("questions", "wait").unwrap_err().is_timeout());
    answer.send(()).unwrap();
    // Over the same connection, to which the late answer comes first.
    assert_eq!(in_time(|| hasty.ask("questions", "next")), "next!");
    assert_eq!(nats.ask("questions", "other").unwrap(), "other!");
}

#[test]
fn a_stopped_server_is_a_timeout_and_a_continued_one_works() {
    let _limit = limit(LONG);
    let Some(server) = servers::nats() else { return };
    let (_answer, answers) = mpsc::channel();
    service(&server, answers);
    let (patient, hasty) = (connect(&server), in_time(|| Nats::connect(&url(&server), SHORT)));
    let mut messages = in_time(|| hasty.messages("wool"));
    assert_eq!(in_time(|| hasty.ask("questions", "1")), "1!");
    server.pause();
    for _ in 0..3 {
        assert!(hasty.ask("questions", "late").unwrap_err().is_timeout());
    }
    in_time(|| hasty.publish("wool", "red"));
    in_time(|| hasty.flush()); // into the socket, that is
    assert!(messages.next().unwrap().unwrap_err().is_timeout());
    server.resume();
    assert_eq!(next(&mut messages).payload, "red");
    assert_eq!(patient.ask("questions", "2").unwrap(), "2!");
    assert_eq!(in_time(|| hasty.ask("questions", "3")), "3!");
}

#[test]
fn a_client_and_its_subscriptions_connect_again_to_a_server_that_was_started_again() {
    let _limit = limit(LONG);
    let Some(mut server) = servers::nats() else { return };
    let (client, nats) = (client(&server), connect(&server));
    let mut messages = nats.messages("wool").unwrap();
    let own = wait_for_wrapped(PATIENT, client.subscribe("cotton")).unwrap();
    let hasty = in_time(|| Nats::connect(&url(&server), SHORT));
    round_trip(&nats);
    let state = || client.connection_state();
    server.end();
    until(|| state() == State::Disconnected);
    assert!(hasty.ask("questions", "lost").unwrap_err().is_timeout());
    // It waits for the connection.
    wait_for_wrapped(PATIENT, client.publish("cotton", "meanwhile".into())).unwrap();
    let Err(Error::Job(refused)) = Nats::connect(&url(&server), PATIENT) else {
        panic!("it is not there")
    };
    assert!(refused.to_string().to_lowercase().contains("refused"), "{refused}");
    server.start_again();
    let mut own = crochet::iter(own).timeout(PATIENT);
    assert_eq!(own.next().unwrap().unwrap().payload, "meanwhile");
    round_trip(&nats);
    nats.publish("wool", "red").unwrap();
    assert_eq!(messages.next().unwrap().unwrap().payload, "red");
}

#[test]
fn everything_can_be_dropped_on_an_ordinary_thread() {
    own_process!();
    let _limit = limit(LONG);
    let Some(server) = servers::nats() else { return };
    let nats = connect(&server);
    drop(nats.messages("wool").unwrap());
    let mut asked = nats.messages("wool").unwrap();
    nats.publish("wool", "red").unwrap();
    nats.publish("wool", "blue").unwrap();
    assert_eq!(asked.next().unwrap().unwrap().payload, "red");
    let unasked = nats.messages("wool").unwrap();
    let client = client(&server);
    let subscriber = wait_for_wrapped(PATIENT, client.subscribe("wool")).unwrap();
    let after = wait_for_wrapped(PATIENT, client.subscribe("wool")).unwrap();
    let untaken = [(); 2].map(|()| {
        let client = client.clone();
        crochet::run_in_reactor(move || async move { client.subscribe("wool").await })
    });
    untaken.iter().for_each(|job| until(|| job.is_finished()));
    let [first, second] = untaken;
    drop((first, subscriber)); // without `Held`, and on this thread
    round_trip(&nats);

    crochet::shutdown(PATIENT).unwrap();
    drop((asked, unasked, second, after));
    drop((nats, client));
}

#[test]
fn a_client_outlives_a_shutdown_and_its_messages_end() {
    own_process!();
    let _limit = limit(LONG);
    let Some(server) = servers::nats() else { return };
    let nats = connect(&server);
    for round in 0..3 {
        let mut messages = nats.messages("wool").unwrap();
        nats.publish("wool", &round.to_string()).unwrap();
        assert_eq!(messages.next().unwrap().unwrap().payload, round.to_string());
        crochet::shutdown(PATIENT).unwrap();
        // The iterator belongs to the reactor, the client does not.
        assert!(messages.next().unwrap().unwrap_err().is_reactor_stopped());
        round_trip(&nats);
    }
}

#[test]
fn a_process_with_live_clients_ends() {
    const URL: &str = "CROCHET_TEST_NATS";
    let _limit = limit(LONG);
    if let Ok(url) = std::env::var(URL) {
        let nats = Nats::connect(&url, PATIENT).unwrap();
        let _messages = nats.messages("silence").unwrap();
        let waits: EventualResult<(), Error> = crochet::run_in_reactor(move || async move {
            let client = async_nats::connect(url).await.expect("the server runs");
            client.request("silence", "".into()).await.expect("nobody answers");
            Ok(())
        });
        waits.detach();
        process::exit(7);
    }
    let Some(server) = servers::nats() else { return };
    let output = child_output(child_command(test_name!()).env(URL, url(&server)));
    assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
}
