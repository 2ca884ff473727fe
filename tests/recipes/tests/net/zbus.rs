use std::iter;
use std::thread;

use crochet::Error;
use crochet_recipes_tests::zbus::Bus;

use crate::{PATIENT, SHORT, servers};

const BUS: (&str, &str, &str) =
    ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus");

#[test]
fn calls_from_many_threads() {
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
    let Some((daemon, address)) = servers::dbus() else { return };
    let bus = Bus::connect(&address, SHORT).unwrap();
    let mut changes = bus.comings_and_goings().unwrap();
    assert!(changes.next().unwrap().unwrap_err().is_timeout());
    let other = Bus::connect(&address, PATIENT).unwrap();
    let change = iter::repeat_with(|| changes.next().unwrap())
        .find_map(|change| change.map_err(|error| assert!(error.is_timeout())).ok());
    let change = change.unwrap();
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
