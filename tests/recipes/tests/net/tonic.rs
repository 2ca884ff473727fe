use std::net::SocketAddr;
use std::sync::mpsc::{self, RecvTimeoutError};

use crochet::{Error, run_in_reactor};
use crochet_recipes_tests::tonic::Health;
use tonic::Code;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;

use crate::support::{LONG, limit};
use crate::{PATIENT, SHORT, in_time, next};

#[test]
fn states_and_their_changes() {
    let _limit = limit(LONG);
    let (bound, has_bound) = mpsc::channel();
    let (stop, stopped) = mpsc::channel();
    let server = run_in_reactor(move || async move {
        let (reporter, service) = tonic_health::server::health_reporter();
        reporter.set_service_status("wool", ServingStatus::Serving).await;
        let incoming = TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        bound.send((incoming.local_addr().unwrap(), reporter)).unwrap();
        let served = Server::builder().add_service(service).serve_with_incoming(incoming).await;
        stop.send(()).unwrap();
        served
    });
    let (address, reporter) = has_bound.recv().unwrap();
    let health = Health::at(&format!("http://{address}"), PATIENT).unwrap();
    assert_eq!(health.check("wool").unwrap().status, 1);
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
