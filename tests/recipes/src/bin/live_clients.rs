//! A program that ends while clients of a library are in use, for `tests/net/life.rs`: `live_clients LIBRARY ADDRESS WAY`.
//! Some are dropped with the variables of `main`, some are in a `static`, and on other threads calls wait.

use std::any::Any;
use std::env;
use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::process::{self, ExitCode};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crochet::JobState;
use crochet_recipes_tests as recipes;
use rumqttc::MqttOptions;

/// A limit for what hangs, not for what is slow.
const PATIENT: Duration = Duration::from_secs(60);
/// What the program ends with.
const CODE: u8 = 7;

/// What no destructor drops.
static KEPT: Mutex<Vec<Box<dyn Any + Send>>> = Mutex::new(Vec::new());

fn keep(value: impl Any + Send) {
    KEPT.lock().unwrap().push(Box::new(value));
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [library, address, way] = &*arguments else { panic!("{arguments:?}") };
    let _clients = match &**library {
        "hickory" => hickory(address),
        "mqtt" => mqtt(address),
        "redis" => redis(address),
        "reqwest" => reqwest(address),
        "sqlx" => sqlx(address),
        "tokio_postgres" => tokio_postgres(address),
        "tonic" => tonic(address),
        "websocket" => websocket(address),
        "zbus" => zbus(address),
        other => panic!("{other}"),
    };
    match &**way {
        "return" => ExitCode::from(CODE),
        "exit" => process::exit(CODE.into()),
        "exit elsewhere" => {
            thread::spawn(|| process::exit(CODE.into())).join().unwrap();
            unreachable!("the process has ended");
        }
        other => panic!("{other}"),
    }
}

/// Makes a call that never ends, on another thread; returns when its job waits.
fn wait_in<T>(call: impl FnOnce() -> T + Send + 'static) {
    let before = crochet::jobs().len();
    let thread = thread::spawn(move || drop(call()));
    let start = Instant::now();
    let waits = || {
        let jobs = crochet::jobs();
        jobs.len() > before && jobs.iter().all(|job| job.state() == JobState::Waiting)
    };
    while !waits() {
        assert!(!thread.is_finished(), "the call has ended");
        assert!(start.elapsed() < PATIENT, "the call does not begin");
        thread::sleep(Duration::from_millis(1));
    }
}

fn hickory(address: &str) -> Box<dyn Any> {
    use recipes::hickory::Names;

    let names = Names::of(address.parse().unwrap(), PATIENT).unwrap();
    names.addresses("yarn.test.").unwrap();
    keep(names.clone());
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let unanswered = Names::of(silent.local_addr().unwrap(), PATIENT).unwrap();
    keep(silent);
    wait_in(move || unanswered.addresses("yarn.test."));
    Box::new(names)
}

fn mqtt(address: &str) -> Box<dyn Any> {
    let port = address.rsplit_once(':').unwrap().1.parse().unwrap();
    let connect = |name| {
        let (client, mut messages) =
            recipes::mqtt::connect(MqttOptions::new(name, "127.0.0.1", port), PATIENT);
        client.subscribe(name).unwrap();
        client.publish(name, "wool").unwrap();
        messages.next().unwrap().unwrap().unwrap();
        (client, messages)
    };
    keep(connect("kept"));
    let (client, mut messages) = connect("waits");
    wait_in(move || messages.next());
    Box::new((client, connect("dropped")))
}

fn redis(address: &str) -> Box<dyn Any> {
    let cache = recipes::redis::Cache::connect(&format!("redis://{address}"), PATIENT).unwrap();
    cache.set("row", "knit").unwrap();
    keep(cache.clone());
    let mut ahead = cache.values(vec!["row".to_owned(); 100]);
    ahead.next().unwrap().unwrap().unwrap();
    keep(cache.messages("silk").unwrap());
    let mut messages = cache.messages("wool").unwrap();
    wait_in(move || messages.next());
    Box::new((ahead, cache.messages("linen").unwrap(), cache))
}

fn reqwest(address: &str) -> Box<dyn Any> {
    use recipes::reqwest::{chunks, page, reader};

    page(&format!("http://{address}/page")).unwrap(); // its connection is in the pool
    let large = format!("http://{address}/large");
    let mut begun = reader(&large, PATIENT).unwrap();
    begun.read_exact(&mut [0; 16]).unwrap();
    let begin_chunks = || {
        let mut chunks = chunks(&large, PATIENT).unwrap();
        chunks.next().unwrap().unwrap();
        chunks
    };
    keep(begin_chunks());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let unanswered = format!("http://{}/", silent.local_addr().unwrap());
    keep(silent);
    wait_in(move || page(&unanswered));
    Box::new((begun, begin_chunks()))
}

fn sqlx(address: &str) -> Box<dyn Any> {
    let yarns = recipes::sqlx::Yarns::open(&format!("postgres://{address}"), PATIENT).unwrap();
    yarns.create().or_else(|_| yarns.add(&["wool"])).unwrap(); // it may be there
    keep((yarns.clone(), yarns.news().unwrap()));
    let mut news = yarns.news().unwrap();
    wait_in(move || news.next());
    Box::new((yarns.news().unwrap(), yarns))
}

fn tokio_postgres(address: &str) -> Box<dyn Any> {
    use recipes::tokio_postgres::Database;

    let connect = || Database::connect(&format!("postgres://{address}"), PATIENT).unwrap();
    let rows = |database: &Database| {
        let mut rows = database.rows("SELECT generate_series(1, 1000)").unwrap();
        rows.next().unwrap().unwrap().unwrap();
        rows
    };
    let kept = connect();
    keep((rows(&kept), kept));
    let waits = connect();
    wait_in(move || waits.text("SELECT pg_sleep(600)::text"));
    let database = connect();
    Box::new((rows(&database), database))
}

fn tonic(address: &str) -> Box<dyn Any> {
    use recipes::tonic::Health;

    let health = Health::at(&format!("http://{address}"), PATIENT).unwrap();
    health.check("wool").unwrap();
    let watch = || {
        let mut states = health.watch("wool").unwrap();
        states.next().unwrap().unwrap().unwrap();
        states
    };
    keep((health.clone(), watch()));
    let mut waits = watch();
    wait_in(move || waits.next());
    Box::new((watch(), health))
}

fn websocket(address: &str) -> Box<dyn Any> {
    let connect = || {
        let url = format!("ws://{address}");
        let mut questions = recipes::websocket::Questions::connect(&url, PATIENT).unwrap();
        questions.ask("knit").unwrap();
        questions
    };
    keep(connect());
    let mut waits = connect();
    wait_in(move || waits.ask("purl").map(drop));
    Box::new(connect())
}

fn zbus(address: &str) -> Box<dyn Any> {
    const BUS: (&str, &str, &str) =
        ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus");

    let bus = recipes::zbus::Bus::connect(address, PATIENT).unwrap();
    bus.call(BUS, "GetNameOwner", BUS.0).unwrap();
    keep((bus.clone(), bus.comings_and_goings().unwrap()));
    let quiet = recipes::zbus::Bus::connect(address, PATIENT).unwrap();
    keep(quiet);
    let mut changes = bus.comings_and_goings().unwrap();
    wait_in(move || while changes.next().is_some_and(|change| change.is_ok()) {});
    Box::new((bus.comings_and_goings().unwrap(), bus))
}
