//! The example `blocking_dns`, as its user sees it: what it prints, and its exit code.
//!
//! | the server | the example |
//! |---|---|
//! | its own; one that knows the name, directly or by aliases | prints the address |
//! | loses the first query; sends foreign answers before its own | prints the address |
//! | says NXDOMAIN, SERVFAIL, REFUSED; nothing for this type; a referral | says so |
//! | sends a truncated answer | asks again by TCP, and says so where that does not help |
//! | sends a broken answer | says so |
//! | does not exist, or is silent | says so, the latter after five seconds |
//!
//! `dns_cli.rs` has the command line.

use std::io::{Read, Write};
use std::iter;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::dns_server;
use crate::support::dns_server::Record;
use crate::support::example::{Run, run};
use crate::support::{LONG, limit};
use simple_dns::rdata::{A, CNAME, NS, RData, SOA};
use simple_dns::{CLASS, Label, Name, Packet, PacketFlag, Question, RCODE, ResourceRecord, TYPE};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// An address that must never be printed.
const FORGED: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 66);

/// Looks up `www.test` at `server`.
#[track_caller]
fn ask(server: SocketAddr) -> Run {
    run("blocking_dns", &["www.test", "--server", &server.to_string()])
}

fn prints(stdout: &str) -> Run {
    Run { code: Some(0), stdout: format!("{stdout}\n"), stderr: String::new() }
}

fn fails(code: i32, stderr: &str) -> Run {
    Run { code: Some(code), stdout: String::new(), stderr: format!("{stderr}\n") }
}

/// Starts a server that sends, for its `n`th query, the datagrams that `answer` returns.
fn server(
    mut answer: impl FnMut(usize, &[u8]) -> Vec<Vec<u8>> + Send + 'static,
) -> (SocketAddr, mpsc::Receiver<Vec<u8>>) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    let (seen, queries) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 512];
        for n in 0.. {
            let (length, client) = socket.recv_from(&mut buffer).unwrap();
            let query = &buffer[..length];
            let _ = seen.send(query.to_vec());
            for datagram in answer(n, query) {
                socket.send_to(&datagram, client).unwrap();
            }
        }
    });
    (address, queries)
}

/// Starts a server that has one reply, which `change` makes of an empty one.
fn replying(change: impl Fn(&mut Packet<'static>) + Send + 'static) -> SocketAddr {
    server(move |_, query| vec![reply(query, &change)]).0
}

fn reply(query: &[u8], change: impl Fn(&mut Packet<'static>)) -> Vec<u8> {
    let query = Packet::parse(query).unwrap();
    let mut reply = Packet::new_reply(query.id());
    reply.questions = query.questions.iter().cloned().map(|asked| asked.into_owned()).collect();
    change(&mut reply);
    reply.build_bytes_vec_compressed().unwrap()
}

fn record(name: &'static str, data: RData<'static>) -> ResourceRecord<'static> {
    ResourceRecord::new(Name::new_unchecked(name), CLASS::IN, 60, data)
}

fn a(name: &'static str, address: Ipv4Addr) -> ResourceRecord<'static> {
    record(name, RData::A(A::from(address)))
}

fn alias(name: &'static str, target: &'static str) -> ResourceRecord<'static> {
    record(name, RData::CNAME(CNAME(Name::new_unchecked(target))))
}

#[test]
fn without_arguments_it_answers_itself() {
    assert_eq!(run("blocking_dns", &[]), prints("crochet.test -> 192.0.2.7"));
}

#[test]
fn it_prints_the_address_that_the_server_gives() {
    let server = dns_server::start(&[("www.test", Record::A(ADDRESS))]).unwrap();
    assert_eq!(ask(server), prints("www.test -> 192.0.2.1"));
    let server = format!("--server={server}");
    assert_eq!(run("blocking_dns", &[&server, "WWW.Test."]), prints("WWW.Test. -> 192.0.2.1"));
    let twice = ["www.test", "--server", "127.0.0.1:1", &server];
    assert_eq!(run("blocking_dns", &twice), prints("www.test -> 192.0.2.1"));
}

#[test]
fn it_follows_aliases_whatever_their_order() {
    let server = replying(|reply| {
        reply.answers = vec![
            a("other.test", FORGED),
            a("c.test", ADDRESS),
            alias("b.test", "C.test"),
            alias("www.test", "b.test"),
        ];
    });
    assert_eq!(ask(server), prints("www.test -> 192.0.2.1"));
}

#[test]
fn aliases_that_lead_nowhere_are_told() {
    let server = replying(|reply| reply.answers = vec![alias("www.test", "b.test")]);
    let text = "www.test: it is an alias of b.test, for which the server gave no A record";
    assert_eq!(ask(server), fails(1, text));
}

#[test]
fn what_a_terminal_would_obey_is_not_printed() {
    let server = replying(|reply| {
        let label = |bytes: &'static [u8]| Label::new_unchecked(bytes);
        let target = Name::from([label(b"\x1b[2J.\xff"), label(b"test")]);
        reply.answers = vec![record("www.test", RData::CNAME(CNAME(target)))];
    });
    let target = r"\027[2J\.\255.test";
    let text = format!("it is an alias of {target}, for which the server gave no A record");
    assert_eq!(ask(server), fails(1, &format!("www.test: {text}")));
}

#[test]
fn aliases_that_go_in_circles_end() {
    let server = replying(|reply| {
        reply.answers = vec![alias("www.test", "b.test"), alias("b.test", "www.test")];
    });
    assert_eq!(ask(server), fails(1, "www.test: the name exists, but it has no A record"));
}

#[test]
fn an_unknown_name_is_told() {
    let server = dns_server::start(&[("other.test", Record::A(ADDRESS))]).unwrap();
    assert_eq!(ask(server), fails(1, "www.test: there is no such name (NXDOMAIN)"));
}

#[test]
fn a_name_without_an_address_is_told() {
    let server = dns_server::start(&[("www.test", Record::Mx(10, "mx.test"))]).unwrap();
    assert_eq!(ask(server), fails(1, "www.test: the name exists, but it has no A record"));
    // So it is where the server's say on it (an SOA record) is beside its own NS record.
    let server = replying(|reply| {
        let name = || Name::new_unchecked("test");
        let soa = SOA {
            mname: name(),
            rname: name(),
            serial: 1,
            refresh: 1,
            retry: 1,
            expire: 1,
            minimum: 1,
        };
        reply.name_servers =
            vec![record("test", RData::SOA(soa)), record("test", RData::NS(NS(name())))];
    });
    assert_eq!(ask(server), fails(1, "www.test: the name exists, but it has no A record"));
}

#[test]
fn a_referral_is_not_taken_for_an_answer() {
    let server = replying(|reply| {
        reply.name_servers = vec![record("test", RData::NS(NS(Name::new_unchecked("ns.test"))))];
    });
    let text =
        "www.test: the server does not know, and refers to others, which this example does not ask";
    assert_eq!(ask(server), fails(1, text));
}

#[test]
fn a_server_that_fails_or_refuses_is_named() {
    let cases = [
        (RCODE::ServerFailure, "failed (SERVFAIL)"),
        (RCODE::Refused, "refuses to answer (REFUSED)"),
        (RCODE::FormatError, "answered FormatError"),
    ];
    for (code, text) in cases {
        let server = replying(move |reply| *reply.rcode_mut() = code);
        assert_eq!(ask(server), fails(1, &format!("www.test: the server {server} {text}")));
    }
}

/// Starts a server whose datagrams are truncated, `cut` bytes short, and which sends by TCP what
/// `answer` returns.
fn truncating(cut: usize, answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let truncated = move |_, query: &[u8]| {
        let mut bytes = reply(query, |reply| {
            reply.set_flags(PacketFlag::TRUNCATION);
            reply.answers = vec![a("www.test", FORGED), a("www.test", FORGED)];
        });
        bytes.truncate(bytes.len() - cut);
        vec![bytes]
    };
    // A port that is free for one need not be free for the other.
    let (server, listener) = iter::repeat_with(|| server(truncated).0)
        .find_map(|server| Some((server, TcpListener::bind(server).ok()?)))
        .unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut query = vec![0; u16::from_be_bytes(length).into()];
        stream.read_exact(&mut query).unwrap();
        stream.write_all(&answer(&query)).unwrap();
    });
    server
}

/// Puts the length before a message, as is due with TCP.
fn framed(message: Vec<u8>) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), &*message].concat()
}

#[test]
fn a_truncated_answer_is_asked_for_again_by_tcp() {
    for cut in [0, 3, 20] {
        let server = truncating(cut, |query| {
            framed(reply(query, |reply| {
                // More than a datagram holds.
                reply.answers = vec![a("other.test", FORGED); 100];
                reply.answers.push(a("www.test", ADDRESS));
            }))
        });
        assert_eq!(ask(server), prints("www.test -> 192.0.2.1"), "{cut} bytes short");
    }
}

#[test]
fn a_truncated_answer_is_not_used_where_tcp_does_not_help() {
    let (nowhere, _) = server(|_, query| {
        vec![reply(query, |reply| {
            reply.set_flags(PacketFlag::TRUNCATION);
            reply.answers = vec![a("www.test", FORGED)];
        })]
    });
    let run = ask(nowhere);
    let start = format!("www.test: cannot reach the server {nowhere} by TCP: ");
    assert!(run.stderr.starts_with(&start) && run.stderr.contains("refused"), "{run:?}");
    assert_eq!((run.code, &*run.stdout), (Some(1), ""));

    let server = truncating(0, |_| vec![0, 40, 1]);
    let text = format!("cannot reach the server {server} by TCP: unexpected end of file");
    assert_eq!(ask(server), fails(1, &format!("www.test: {text}")));

    let server = truncating(0, |query| {
        let again = |reply: &mut Packet<'static>| reply.set_flags(PacketFlag::TRUNCATION);
        framed(reply(query, again))
    });
    let text = format!("www.test: the server {server} truncates its answer by TCP, too");
    assert_eq!(ask(server), fails(1, &text));

    let server = truncating(0, |query| {
        let mut other_id = reply(query, |reply| reply.answers = vec![a("www.test", FORGED)]);
        other_id[1] ^= 1;
        framed(other_id)
    });
    assert_eq!(ask(server), fails(1, "www.test: the server has answered another question"));

    let server = truncating(0, |_| framed(vec![7; 11]));
    let run = ask(server);
    assert!(run.stderr.starts_with("www.test: the server's answer cannot be read: "), "{run:?}");
    assert_eq!((run.code, &*run.stdout), (Some(1), ""));
}

#[test]
fn a_broken_answer_is_told() {
    let (server, _) = server(|_, query| {
        let mut bytes = reply(query, |reply| reply.answers = vec![a("www.test", FORGED)]);
        bytes.truncate(bytes.len() - 1);
        vec![bytes]
    });
    let text = "www.test: the server's answer cannot be read: Incomplete dns packet";
    assert_eq!(ask(server), fails(1, text));
}

#[test]
fn answers_to_other_questions_are_passed_over() {
    let (server, queries) = server(|_, query| {
        let forged = |reply: &mut Packet<'static>| reply.answers = vec![a("www.test", FORGED)];
        let mut other_id = reply(query, forged);
        other_id[1] ^= 1;
        let other_name = reply(query, |reply| {
            forged(reply);
            reply.questions[0].qname = Name::new_unchecked("other.test");
        });
        let no_question = reply(query, |reply| {
            forged(reply);
            reply.questions.clear();
        });
        let mut no_response = reply(query, forged);
        no_response[2] &= 0x7f;
        let right = reply(query, |reply| reply.answers = vec![a("www.test", ADDRESS)]);
        vec![vec![], vec![0; 11], other_id, other_name, no_question, no_response, right]
    });
    assert_eq!(ask(server), prints("www.test -> 192.0.2.1"));
    assert_eq!(queries.try_iter().count(), 1);
}

#[test]
fn answers_from_other_addresses_are_passed_over() {
    let _limit = limit(LONG);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let server = socket.local_addr().unwrap();
    let client = thread::spawn(move || ask(server));
    let mut buffer = [0; 512];
    let (length, client_address) = socket.recv_from(&mut buffer).unwrap();
    let answer =
        |address| reply(&buffer[..length], |reply| reply.answers = vec![a("www.test", address)]);
    let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    stranger.send_to(&answer(FORGED), client_address).unwrap();
    socket.send_to(&answer(ADDRESS), client_address).unwrap();
    assert_eq!(client.join().unwrap(), prints("www.test -> 192.0.2.1"));
}

#[test]
fn a_lost_datagram_is_sent_again() {
    let (server, queries) = server(|n, query| match n {
        0 => vec![],
        _ => vec![reply(query, |reply| reply.answers = vec![a("www.test", ADDRESS)])],
    });
    let start = Instant::now();
    assert_eq!(ask(server), prints("www.test -> 192.0.2.1"));
    assert!(start.elapsed() >= Duration::from_secs(1));
    let queries: Vec<_> = queries.try_iter().collect();
    assert_eq!(queries.len(), 2);
    assert_eq!(queries[0], queries[1]);
}

#[test]
fn each_run_has_an_id_of_its_own() {
    let _limit = limit(LONG);
    let (server, queries) =
        server(|_, query| vec![reply(query, |reply| *reply.rcode_mut() = RCODE::Refused)]);
    let mut ids: Vec<_> = (0..4)
        .map(|_| {
            ask(server);
            Packet::parse(&queries.recv().unwrap()).unwrap().id()
        })
        .collect();
    // All four are the same by chance once in 2^48 runs.
    ids.dedup();
    assert!(ids.len() > 1, "{ids:?}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let nobody = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let run = ask(nobody);
    let start = format!("www.test: cannot reach the server {nobody}: ");
    assert!(run.stderr.starts_with(&start), "{run:?}");
    assert_eq!((run.code, run.stderr.lines().count(), &*run.stdout), (Some(1), 1, ""), "{run:?}");
}

#[test]
fn silence_ends_after_five_seconds_with_the_reason() {
    let (server, queries) = server(|_, _| vec![]);
    let start = Instant::now();
    let run = ask(server);
    assert!(start.elapsed() >= Duration::from_secs(5));
    assert_eq!((run.code, &*run.stdout), (Some(1), ""), "{run:?}");
    let seconds = run
        .stderr
        .strip_prefix("www.test: timed out after ")
        .and_then(|rest| rest.strip_suffix("s: the job is waiting\n"))
        .unwrap_or_else(|| panic!("{run:?}"));
    assert!(seconds.parse::<f64>().unwrap() >= 5.0, "{run:?}");
    // At 0 s, 1 s and 3 s, if the machine is not too busy.
    assert!(queries.try_iter().count() >= 2);
}

#[test]
fn the_offline_server_can_be_silent() {
    let _limit = limit(LONG);
    let server =
        dns_server::start(&[("www.test", Record::Silence), ("b.test", Record::A(ADDRESS))])
            .unwrap();
    let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    client.connect(server).unwrap();
    for (id, name) in [(1, "www.test"), (2, "b.test")] {
        let mut query = Packet::new_query(id);
        let name = Name::new_unchecked(name);
        query.questions.push(Question::new(name, TYPE::A.into(), CLASS::IN.into(), false));
        client.send(&query.build_bytes_vec().unwrap()).unwrap();
    }
    let mut buffer = [0; 512];
    // The server answers in order: had it answered the first, that would have come before.
    let length = client.recv(&mut buffer).unwrap();
    assert_eq!(Packet::parse(&buffer[..length]).unwrap().id(), 2);
}

#[test]
fn the_longest_name_is_sent() {
    // 253 characters, which are 255 bytes in a message.
    let name = format!("{}{}", "x.".repeat(95), "y".repeat(63));
    assert_eq!(name.len(), 253);
    let server = dns_server::start(&[]).unwrap().to_string();
    let text = format!("{name}: there is no such name (NXDOMAIN)");
    assert_eq!(run("blocking_dns", &[&name, "--server", &server]), fails(1, &text));
}
