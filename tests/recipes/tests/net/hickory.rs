use std::net::IpAddr;
use std::thread;

use crochet::Error;
use crochet_recipes_tests::hickory::Names;

use crate::life::{ends_with_live_clients, stop_during};
use crate::support::{LONG, limit, own_process};
use crate::{PATIENT, SHORT, servers};

#[test]
fn names_and_a_server_that_stops() {
    let _limit = limit(LONG);
    let Some(dnsmasq) = servers::dnsmasq() else { return };
    let yarn = IpAddr::from([192, 0, 2, 7]);
    let names = Names::of(dnsmasq.address, PATIENT).unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            let names = names.clone();
            scope.spawn(move || assert_eq!(names.addresses("yarn.test.").unwrap(), [yarn]));
        }
    });
    assert!(matches!(names.addresses("needle.test."), Err(Error::Job(_))));
    dnsmasq.pause();
    let hasty = Names::of(dnsmasq.address, SHORT).unwrap();
    assert!(hasty.addresses("yarn.test.").unwrap_err().is_timeout());
    assert_eq!(names.addresses("yarn.test.").unwrap(), [yarn]); // from its cache
    dnsmasq.resume();
    assert_eq!(
        Names::of(dnsmasq.address, PATIENT).unwrap().addresses("yarn.test.").unwrap(),
        [yarn]
    );
}

#[test]
fn a_resolver_outlives_a_shutdown() {
    own_process!();
    let _limit = limit(LONG);
    let Some(dnsmasq) = servers::dnsmasq() else { return };
    let yarn = IpAddr::from([192, 0, 2, 7]);
    let names = Names::of(dnsmasq.address, PATIENT).unwrap();
    assert_eq!(names.addresses("red.yarn.test.").unwrap(), [yarn]);
    dnsmasq.pause();
    let stopped = stop_during(|| names.addresses("blue.yarn.test.")).unwrap_err();
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    dnsmasq.resume();
    for names in [names, Names::of(dnsmasq.address, PATIENT).unwrap()] {
        assert_eq!(names.addresses("blue.yarn.test.").unwrap(), [yarn]);
    }
}

#[test]
fn a_process_with_live_clients_ends() {
    let _limit = limit(LONG);
    let Some(dnsmasq) = servers::dnsmasq() else { return };
    ends_with_live_clients("hickory", &dnsmasq.address.to_string());
}
