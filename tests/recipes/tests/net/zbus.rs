use std::thread;

use crochet::Error;
use crochet_recipes_tests::zbus::Bus;

use crate::life::{ends_with_live_clients, has_stopped, stop_during};
use crate::support::{LONG, limit, own_process};
use crate::{PATIENT, SHORT, in_time, next, servers};

const BUS: (&str, &str, &str) =
    ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus");

#[test]
fn calls_from_many_threads() {
    let _limit = limit(LONG);
    let Some((_daemon, address)) = servers::dbus() else { return };
    let bus = Bus::connect(&address, PATIENT).unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            let bus = bus.clone();
            scope.spawn(move || {
                assert_eq!(bus.call(BUS, "GetNameOwner", BUS.0).unwrap(), BUS.0);
            });
        }
    });
    let Err(Error::Job(none)) = bus.call(BUS, "GetNameOwner", "test.none") else {
        panic!("it has no owner")
    };
    assert!(none.to_string().contains("NameHasNoOwner"), "{none}");
}

#[test]
fn signals_and_a_timeout() {
    let _limit = limit(LONG);
    let Some((daemon, address)) = servers::dbus() else { return };
    let bus = in_time(|| Bus::connect(&address, SHORT));
    let mut changes = in_time(|| bus.comings_and_goings());
    assert!(changes.next().unwrap().unwrap_err().is_timeout());
    let other = Bus::connect(&address, PATIENT).unwrap();
    let change = next(&mut changes);
    assert!(change.args().unwrap().new_owner().is_some());
    daemon.pause();
    assert!(bus.call(BUS, "GetNameOwner", BUS.0).unwrap_err().is_timeout());
    daemon.resume();
    // Each answer has the number of its question, so the late one is not taken for this one.
    assert_eq!(other.call(BUS, "GetNameOwner", BUS.0).unwrap(), BUS.0);
    // Both, on this thread: the stream of signals unsubscribes in a task.
    drop(changes);
    drop((bus, other));
}

#[test]
fn a_connection_outlives_a_shutdown_and_its_signals_end() {
    own_process!();
    let _limit = limit(LONG);
    let Some((daemon, address)) = servers::dbus() else { return };
    let bus = Bus::connect(&address, PATIENT).unwrap();
    let mut changes = bus.comings_and_goings().unwrap();
    let other = Bus::connect(&address, PATIENT).unwrap();
    assert!(changes.next().unwrap().unwrap().args().is_ok());
    drop(other);
    daemon.pause();
    let stopped = stop_during(|| bus.call(BUS, "GetNameOwner", BUS.0)).unwrap_err();
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    daemon.resume();
    has_stopped(&mut changes);
    for bus in [bus, Bus::connect(&address, PATIENT).unwrap()] {
        assert_eq!(bus.call(BUS, "GetNameOwner", BUS.0).unwrap(), BUS.0);
        let mut changes = bus.comings_and_goings().unwrap();
        let other = Bus::connect(&address, PATIENT).unwrap();
        assert!(changes.next().unwrap().unwrap().args().is_ok());
        drop(other);
    }
}

#[test]
fn a_process_with_live_clients_ends() {
    let _limit = limit(LONG);
    let Some((_daemon, address)) = servers::dbus() else { return };
    ends_with_live_clients("zbus", &address);
}
