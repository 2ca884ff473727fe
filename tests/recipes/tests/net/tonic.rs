use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;

use crochet::{Error, EventualResult, Reactor};
use crochet_recipes_tests::tonic::Health;
use tonic::Code;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{self, Server};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::life::{ends_with_live_clients, stop_during};
use crate::support::{LONG, limit, own_process};
use crate::{PATIENT, SHORT, in_time, next};

/// The job that serves, what hears that it has done so to the end, the address, and who changes the
/// states.
fn serve(
    reactor: &Reactor,
) -> (EventualResult<(), transport::Error>, Receiver<()>, SocketAddr, HealthReporter) {
    let (bound, has_bound) = mpsc::channel();
    let (stop, stopped) = mpsc::channel();
    let server = reactor.run_in_reactor(move || async move {
        let (reporter, service) = tonic_health::server::health_reporter();
        reporter.set_service_status("wool", ServingStatus::Serving).await;
        let incoming = TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        bound.send((incoming.local_addr().unwrap(), reporter)).unwrap();
        let served = Server::builder().add_service(service).serve_with_incoming(incoming).await;
        stop.send(()).unwrap();
        served
    });
    let (address, reporter) = has_bound.recv().unwrap();
    (server, stopped, address, reporter)
}

#[test]
fn states_and_their_changes() {
    let _limit = limit(LONG);
    let reactor = Reactor::global().unwrap();
    let (server, stopped, address, reporter) = serve(&reactor);
    let health = Health::at(&format!("http://{address}"), PATIENT).unwrap();
    assert_eq!(health.check("wool").unwrap().status, 1);
    thread::scope(|scope| {
        for _ in 0..8 {
            let health = health.clone();
            scope.spawn(move || assert_eq!(health.check("wool").unwrap().status, 1));
        }
    });
    let Err(Error::Job(unknown)) = health.check("cotton") else { panic!("it is unknown") };
    assert_eq!(unknown.code(), Code::NotFound);
    let mut states = health.watch("wool").unwrap();
    assert_eq!(states.next().unwrap().unwrap().unwrap().status, 1);
    let change = async {
        reporter.set_service_status("wool", ServingStatus::NotServing).await;
        Ok::<_, Error>(())
    };
    crochet::wait_for(PATIENT, change).unwrap();
    assert_eq!(states.next().unwrap().unwrap().unwrap().status, 2);
    let hasty = Health::at(&format!("http://{address}"), SHORT).unwrap();
    let mut quiet = in_time(|| hasty.watch("wool"));
    assert_eq!(next(&mut quiet).unwrap().status, 2);
    assert!(quiet.next().unwrap().unwrap_err().is_timeout());
    drop((states, quiet, hasty)); // on this thread
    server.cancel();
    drop(server);
    // Dropped, not served to its end.
    assert_eq!(stopped.recv_timeout(PATIENT), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn a_channel_outlives_a_shutdown_and_its_streams_end() {
    own_process!();
    let _limit = limit(LONG);
    let others = Reactor::new().unwrap(); // which does not stop
    let (_server, _stopped, address, _reporter) = serve(&others);
    let at = |address| Health::at(&format!("http://{address}"), PATIENT).unwrap();
    let health = at(address);
    let mut states = health.watch("wool").unwrap();
    assert_eq!(states.next().unwrap().unwrap().unwrap().status, 1);
    let stopped = stop_during(|| states.next()).unwrap().unwrap_err();
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    assert!(states.next().is_none());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let unanswered = at(silent.local_addr().unwrap());
    let stopped = stop_during(|| unanswered.check("wool")).unwrap_err();
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    for health in [health, at(address)] {
        assert_eq!(health.check("wool").unwrap().status, 1);
        let mut states = health.watch("wool").unwrap();
        assert_eq!(states.next().unwrap().unwrap().unwrap().status, 1);
    }
}

#[test]
fn a_process_with_live_clients_ends() {
    let _limit = limit(LONG);
    let reactor = Reactor::global().unwrap();
    let (_server, _stopped, address, _reporter) = serve(&reactor);
    ends_with_live_clients("tonic", &address.to_string());
}
