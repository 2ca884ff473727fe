use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::process;
use std::sync::OnceLock;
use std::thread;

use crochet::{Error, EventualResult, Held};
use crochet_recipes_tests::ssh::{KnownHosts, Ssh};
use russh::keys::Error as KeyError;

use crate::sshd::{Sshd, user};
use crate::support::{LONG, child_command, child_output, limit, own_process, test_name, until};
use crate::{PATIENT, SHORT};

/// Tells the number of its process in the file `started`, and goes on as long as it can write.
fn endless(server: &Sshd) -> String {
    let started = server.file("started");
    format!("echo $$ >> {}; while echo knit; do sleep 0.01; done", started.display())
}

/// The numbers of their processes.
fn started(server: &Sshd) -> Vec<String> {
    let numbers = fs::read_to_string(server.file("started")).unwrap_or_default();
    numbers.lines().map(str::to_owned).collect()
}

/// Waits until those that have started have ended.
fn have_ended(server: &Sshd) {
    for number in started(server) {
        until(|| !fs::exists(format!("/proc/{number}")).unwrap());
    }
}

fn echo(ssh: &Ssh, text: &str) {
    let output = ssh.run(&format!("echo {text}"), PATIENT).unwrap();
    assert_eq!((output.status, output.stdout), (Some(0), format!("{text}\n").into_bytes()));
}

#[test]
fn commands_from_many_threads() {
    static SSH: OnceLock<Ssh> = OnceLock::new();
    let _limit = limit(LONG);
    let Some(server) = Sshd::start() else { return };
    let ssh = SSH.get_or_init(|| server.connect());
    thread::scope(|scope| {
        for n in 0..8 {
            scope.spawn(move || {
                let command = format!("echo {n}; echo no >&2; exit {n}");
                let output = ssh.run(&command, PATIENT).unwrap();
                assert_eq!(output.status, Some(n));
                assert_eq!(output.stdout, format!("{n}\n").into_bytes());
                assert_eq!(output.stderr, b"no\n");
            });
        }
    });
    assert_eq!(ssh.run("kill -9 $$", PATIENT).unwrap().status, None);
    let no_input = ssh.run("wc -c", PATIENT).unwrap();
    assert_eq!(no_input.stdout, b"0\n");
    ssh.disconnect().unwrap();
    assert!(matches!(ssh.run("true", PATIENT), Err(Error::Job(_))));
}

#[test]
fn bytes_can_be_read_and_written_and_lines_are_an_iterator() {
    let _limit = limit(LONG);
    let Some(server) = Sshd::start() else { return };
    let ssh = server.connect();
    let mut cat = ssh.start("cat").unwrap().with_timeout(SHORT);
    assert_eq!(cat.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
    let mut cat = cat.with_timeout(PATIENT);
    cat.write_all(b"knit\npurl\n").unwrap();
    cat.flush().unwrap();
    cat.close().unwrap(); // the end of its input
    let lines: Result<Vec<String>, _> = BufReader::new(cat).lines().collect();
    assert_eq!(lines.unwrap(), ["knit", "purl"]);

    let mut many = Vec::new();
    ssh.start("head -c 5000000 /dev/zero").unwrap().read_to_end(&mut many).unwrap();
    assert_eq!(many.len(), 5_000_000);

    let mut some = BufReader::new(ssh.start(&endless(&server)).unwrap());
    let mut line = String::new();
    some.read_line(&mut line).unwrap();
    assert_eq!(line, "knit\n");
    drop(some); // closes the channel, by a task
    assert_eq!(started(&server).len(), 1);
    have_ended(&server);
    echo(&ssh, "purl");

    let mut last = ssh.start("cat").unwrap();
    drop(ssh); // the connection is there as long as its channels
    last.write_all(b"knit\n").unwrap();
    last.read_exact(&mut [0; 5]).unwrap();
}

#[test]
fn an_output_that_nobody_reads_holds_up_the_others() {
    let _limit = limit(LONG);
    let Some(server) = Sshd::start() else { return };
    let ssh = server.connect();
    let unread = ssh.start("while echo knit; do :; done").unwrap();
    until(|| {
        let other = crochet::within(SHORT * 5, || ssh.run("true", PATIENT));
        other.is_err_and(|error| error.is_timeout())
    });
    drop(unread);
    echo(&ssh, "purl");
}

#[test]
fn a_server_or_a_user_that_is_not_known() {
    let _limit = limit(LONG);
    let Some(mut server) = Sshd::start() else { return };
    let connect = |file: &str, key: &str| {
        let known = KnownHosts { file: server.file(file), ..server.known() };
        match Ssh::connect(known, &user(), &server.file(key), PATIENT) {
            Err(Error::Job(error)) => error,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("it connects"),
        }
    };
    fs::write(server.file("none"), "").unwrap();
    assert!(matches!(connect("none", "login"), russh::Error::UnknownKey));
    let known = fs::read_to_string(server.file("known_hosts")).unwrap();
    let (host, _) = known.split_once(' ').unwrap();
    let changed = fs::read_to_string(server.file("login.pub")).unwrap();
    fs::write(server.file("changed"), format!("{host} {changed}")).unwrap();
    let changed = connect("changed", "login");
    assert!(matches!(changed, russh::Error::Keys(KeyError::KeyChanged { .. })), "{changed}");
    assert!(matches!(connect("known_hosts", "stranger"), russh::Error::NotAuthenticated));
    server.end();
    let Err(Error::Job(refused)) = server.connect_with("login") else { panic!("it is not there") };
    let russh::Error::IO(refused) = refused else { panic!("{refused}") };
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn commands_that_are_late_keep_no_place_at_the_server() {
    let _limit = limit(LONG);
    let Some(server) = Sshd::start() else { return };
    let ssh = server.connect();
    // More than a connection may have at a time, which is ten.
    until(|| {
        let late = ssh.run(&endless(&server), SHORT).unwrap_err();
        assert!(late.is_timeout(), "{late}");
        echo(&ssh, "knit");
        have_ended(&server);
        started(&server).len() > 11
    });
}

#[test]
fn a_stopped_server_is_a_timeout_and_a_continued_one_works() {
    let _limit = limit(LONG);
    let Some(server) = Sshd::start() else { return };
    let ssh = server.connect();
    let mut cat = ssh.start("cat").unwrap();
    cat.write_all(b"knit\n").unwrap(); // waits until it has started
    cat.read_exact(&mut [0; 5]).unwrap();
    let mut cat = cat.with_timeout(SHORT);
    server.pause();
    for _ in 0..3 {
        let late = crochet::within(SHORT, || ssh.run("true", PATIENT)).unwrap_err();
        assert!(late.is_timeout(), "{late}");
    }
    cat.write_all(b"purl\n").unwrap();
    assert_eq!(cat.read(&mut [0; 5]).unwrap_err().kind(), ErrorKind::TimedOut);
    let late = crochet::within(SHORT, || server.connect_with("login").map(drop));
    assert!(late.unwrap_err().is_timeout());
    server.resume();
    echo(&ssh, "purl");
    let mut purl = [0; 5];
    cat.with_timeout(PATIENT).read_exact(&mut purl).unwrap();
    assert_eq!(&purl, b"purl\n");
}

#[test]
fn a_server_that_was_started_again_is_to_be_connected_to_again() {
    let _limit = limit(LONG);
    let Some(mut server) = Sshd::start() else { return };
    let ssh = server.connect();
    let mut cat = ssh.start("cat").unwrap();
    server.end();
    assert_eq!(cat.read(&mut [0]).unwrap(), 0);
    let gone = ssh.run("true", PATIENT).unwrap_err();
    assert!(matches!(gone, Error::Job(_)), "{gone}");
    server.start_again();
    assert!(matches!(ssh.run("true", PATIENT), Err(Error::Job(_))));
    echo(&server.connect(), "knit");
}

#[test]
fn everything_can_be_dropped_on_an_ordinary_thread() {
    own_process!();
    let _limit = limit(LONG);
    let Some(server) = Sshd::start() else { return };
    let ssh = server.connect();
    drop(ssh.start("cat").unwrap());
    let mut asked = ssh.start("echo knit; cat").unwrap();
    asked.read_exact(&mut [0; 5]).unwrap();
    let inner = Held::new(ssh.start("cat").unwrap().into_inner());
    let [first, second] = [(); 2].map(|()| {
        let stream = ssh.start("cat").unwrap().into_inner();
        crochet::run_in_reactor(move || async move { Ok::<_, Error>(stream) })
    });
    until(|| first.is_finished() && second.is_finished());
    drop((first, inner));
    echo(&ssh, "purl");

    crochet::shutdown(PATIENT).unwrap();
    drop((asked, second));
    drop(ssh); // needs no `Held`
}

#[test]
fn a_connection_outlives_a_shutdown() {
    own_process!();
    let _limit = limit(LONG);
    let Some(server) = Sshd::start() else { return };
    let ssh = server.connect();
    let mut cat = ssh.start("cat").unwrap();
    for _ in 0..3 {
        echo(&ssh, "purl");
        crochet::shutdown(PATIENT).unwrap();
        cat.write_all(b"knit\n").unwrap();
        cat.read_exact(&mut [0; 5]).unwrap();
    }
}

#[test]
fn a_process_with_live_clients_ends() {
    const FOLDER: &str = "CROCHET_TEST_SSH";
    let _limit = limit(LONG);
    if let Ok(place) = std::env::var(FOLDER) {
        let (port, folder) = place.split_once(' ').unwrap();
        let file = |name| format!("{folder}/{name}").into();
        let (host, port) = ("127.0.0.1".to_owned(), port.parse().unwrap());
        let server = KnownHosts { host, port, file: file("known_hosts") };
        let key: std::path::PathBuf = file("login");
        let ssh = Ssh::connect(server, &user(), &key, PATIENT).unwrap();
        let _cat = ssh.start("cat").unwrap();
        let waits: EventualResult<(), Error> = crochet::run_in_reactor(move || async move {
            let ssh = ssh;
            std::future::pending::<()>().await;
            drop(ssh);
            Ok(())
        });
        waits.detach();
        process::exit(7);
    }
    let Some(server) = Sshd::start() else { return };
    let place = format!("{} {}", server.address.port(), server.folder.0.display());
    let output = child_output(child_command(test_name!()).env(FOLDER, place));
    assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
}
