//! The example `mx_query`, as its user sees it, beside a server and a client that others wrote.
//!
//! | the server | the example |
//! |---|---|
//! | its own; dnsmasq | prints what dig prints, in order of preference |
//! | has more records than a datagram holds | prints them all |
//! | knows no such name; no MX record; a null MX record | says so, each in its way |
//! | sends a name that a terminal would obey | prints it so that none does |
//! | is silent | the example says so after five seconds |
//!
//! `blocking_dns.rs` has what the two share: whatever else a server can do wrong.
//!
//! dnsmasq and dig are used where they are installed. `.ci/run` installs them, and sets
//! `CROCHET_TEST_TOOLS`; then to do without is a failure.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::support::dns_server;
use crate::support::dns_server::{Record, Zone};
use crate::support::example::{Run, run};

/// What the server of the offline run knows, for a server of this test's.
const ZONE: Zone = &[
    ("wool.test", Record::Mx(20, "spare.wool.test")),
    ("wool.test", Record::Mx(9, "mail.wool.test")),
    ("wool.test", Record::Mx(10, "b.wool.test")),
    ("wool.test", Record::Mx(10, "a.wool.test")),
    ("null.test", Record::Mx(0, "")),
    ("odd.test", Record::Mx(0, "")),
    ("odd.test", Record::Mx(1, "a.test")),
    ("escape.test", Record::Mx(1, "\x1b[2J.test")),
    ("silent.test", Record::Silence),
];

#[track_caller]
fn ask(name: &str, server: SocketAddr) -> Run {
    run("mx_query", &[name, "--server", &server.to_string()])
}

/// That is what a run prints which finds these servers, given as `PREFERENCE NAME`.
fn prints(domain: &str, servers: &[impl AsRef<str>]) -> Run {
    let lines = servers.iter().map(|server| format!("{domain} -> {}\n", server.as_ref()));
    Run { code: Some(0), stdout: lines.collect(), stderr: String::new() }
}

fn fails(code: i32, stderr: &str) -> Run {
    Run { code: Some(code), stdout: String::new(), stderr: format!("{stderr}\n") }
}

#[test]
fn without_arguments_it_answers_itself() {
    let servers = ["10 mail.crochet.test", "20 backup.crochet.test", "20 spare.crochet.test"];
    assert_eq!(run("mx_query", &[]), prints("crochet.test", &servers));
}

#[test]
fn the_preferred_server_comes_first_and_equals_come_by_name() {
    let server = dns_server::start(ZONE).unwrap();
    let servers = ["9 mail.wool.test", "10 a.wool.test", "10 b.wool.test", "20 spare.wool.test"];
    assert_eq!(ask("wool.test", server), prints("wool.test", &servers));
}

#[test]
fn a_domain_that_accepts_no_mail_is_told() {
    let server = dns_server::start(ZONE).unwrap();
    let text = "null.test: it accepts no mail (a null MX record)";
    assert_eq!(ask("null.test", server), fails(1, text));
    // It means that only if it is alone.
    assert_eq!(ask("odd.test", server), prints("odd.test", &["0 .", "1 a.test"]));
}

#[test]
fn what_a_terminal_would_obey_is_not_printed() {
    let server = dns_server::start(ZONE).unwrap();
    assert_eq!(ask("escape.test", server), prints("escape.test", &[r"1 \027[2J.test"]));
}

#[test]
fn silence_ends_after_five_seconds_with_the_reason() {
    let server = dns_server::start(ZONE).unwrap();
    let start = Instant::now();
    let run = ask("silent.test", server);
    assert!(start.elapsed() >= Duration::from_secs(5));
    assert_eq!((run.code, &*run.stdout), (Some(1), ""), "{run:?}");
    assert!(run.stderr.starts_with("silent.test: timed out after 5"), "{run:?}");
    assert!(run.stderr.ends_with("s: the job is waiting\n"), "{run:?}");
}

#[test]
fn bad_arguments_are_told_in_its_name() {
    let text = "mx_query: \"a..test\" is not a name: a part between two dots is empty; try --help";
    assert_eq!(run("mx_query", &["a..test"]), fails(2, text));
    let help = run("mx_query", &["--help"]);
    assert_eq!((help.code, &*help.stderr), (Some(0), ""));
    assert!(help.stdout.contains("\nUsage: mx_query [NAME [--server IP[:PORT]]]\n"), "{help:?}");
}

#[cfg(unix)]
mod beside_other_programs {
    use std::env;
    use std::ffi::OsString;
    use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
    use std::process::{Child, Command, Stdio};

    use super::*;
    use crate::support::{child_output, until};

    /// Whether to use the programs of others; if so they had better be there.
    fn with_tools() -> bool {
        let here = |tool| {
            let path = tools_path();
            env::split_paths(&path).any(|folder| folder.join(tool).is_file())
        };
        let all = here("dnsmasq") && here("dig");
        assert!(all || env::var_os("CROCHET_TEST_TOOLS").is_none(), "dnsmasq or dig is missing");
        if !all {
            eprintln!("skipped: it needs dnsmasq and dig (Debian: dnsmasq-base, bind9-dnsutils)");
        }
        all
    }

    /// Debian has dnsmasq in a folder that is not on everyone's path.
    fn tools_path() -> OsString {
        let path = env::var_os("PATH").unwrap_or_default();
        env::join_paths(env::split_paths(&path).chain(["/usr/sbin".into()])).unwrap()
    }

    /// A server that is used everywhere.
    struct Dnsmasq {
        process: Child,
        address: SocketAddr,
    }

    impl Dnsmasq {
        /// Starts one, which knows no more than `args` say.
        fn start(args: &[String]) -> Self {
            loop {
                let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
                let address = udp.local_addr().unwrap();
                if TcpListener::bind(address).is_err() {
                    continue;
                }
                drop(udp);
                let process = Command::new("dnsmasq")
                    .env("PATH", tools_path())
                    .args(["--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"])
                    .args(["--listen-address=127.0.0.1", "--bind-interfaces", "--local=/test/"])
                    .arg(format!("--port={}", address.port()))
                    .args(args)
                    .stdin(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap();
                let mut server = Self { process, address };
                let (mut up, mut over) = (false, false);
                until(|| {
                    over = server.process.try_wait().unwrap().is_some();
                    up = TcpStream::connect(address).is_ok();
                    up || over
                });
                // It ends where somebody else has got the port.
                if !over {
                    return server;
                }
            }
        }
    }

    impl Drop for Dnsmasq {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    /// What dig prints for the MX records of `name`: sorted, and without the last dot of each name.
    fn dig(name: &str, server: SocketAddr) -> Vec<String> {
        let mut command = Command::new("dig");
        let port = server.port().to_string();
        let output = child_output(command.args([
            "@127.0.0.1",
            "-p",
            &port,
            name,
            "MX",
            "+short",
            "+tries=1",
        ]));
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines: Vec<_> = text
            .lines()
            .map(|line| {
                let (preference, name) = line.split_once(' ').unwrap();
                (preference.parse::<u16>().unwrap(), name.strip_suffix('.').unwrap().to_owned())
            })
            .collect();
        lines.sort();
        lines.iter().map(|(preference, name)| format!("{preference} {name}")).collect()
    }

    #[test]
    fn it_prints_what_dig_prints_of_dnsmasq() {
        if !with_tools() {
            return;
        }
        let few = ["b.test,20", "c.test,5", "a.test,20", "d.test,10"];
        let mut args: Vec<_> =
            few.iter().map(|server| format!("--mx-host=few.test,{server}")).collect();
        args.extend((0..40).map(|n| format!("--mx-host=many.test,mail-number-{n}.test,{}", n / 2)));
        args.push("--dns-rr=null.test,15,000000".to_owned());
        args.push("--host-record=address.test,192.0.2.1".to_owned());
        let server = Dnsmasq::start(&args);

        let few = ["5 c.test", "10 d.test", "20 a.test", "20 b.test"];
        assert_eq!(dig("few.test", server.address), few);
        assert_eq!(ask("few.test", server.address), prints("few.test", &few));

        // Some 1200 bytes: more than the 512 of a datagram, so this is by TCP.
        let many = dig("many.test", server.address);
        assert_eq!(many.len(), 40);
        assert_eq!(ask("many.test", server.address), prints("many.test", &many));

        let cases = [
            ("null.test", "it accepts no mail (a null MX record)"),
            ("address.test", "the name exists, but it has no MX record"),
            ("nobody.test", "there is no such name (NXDOMAIN)"),
        ];
        for (name, text) in cases {
            assert_eq!(ask(name, server.address), fails(1, &format!("{name}: {text}")));
        }
    }

    #[test]
    fn dig_reads_the_offline_server_as_the_example_does() {
        if !with_tools() {
            return;
        }
        let server = dns_server::start(ZONE).unwrap();
        let servers = dig("wool.test", server);
        assert_eq!(servers.len(), 4);
        assert_eq!(ask("wool.test", server), prints("wool.test", &servers));
    }
}
