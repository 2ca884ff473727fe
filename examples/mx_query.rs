//! The mail servers of a domain, in the order in which to try them.
//!
//! This is `blocking_dns` for MX records: the async part is the same `support/dns.rs`, and
//! `mail_servers` is the line between that and an ordinary blocking program.
//!
//! ```text
//! $ cargo run --example mx_query                  # offline: asks a server that it starts itself
//! crochet.test -> 10 mail.crochet.test
//! crochet.test -> 20 backup.crochet.test
//! crochet.test -> 20 spare.crochet.test
//! $ cargo run --example mx_query -- example.com   # asks the server in /etc/resolv.conf
//! $ cargo run --example mx_query -- gmail.com --server 9.9.9.9
//! ```
//!
//! Windows has no `/etc/resolv.conf`: name a server there.
//!
//! The number is the preference; the server with the lowest is tried first. Without a mail server
//! the program prints one line that says why, and exits with 1:
//!
//! ```text
//! $ cargo run --example mx_query -- example.com
//! example.com: it accepts no mail (a null MX record)
//! ```
//!
//! The original in Python's Crochet is `examples/mxquery.py`.

mod support {
    pub(crate) mod dns;
    pub(crate) mod dns_cli;
    pub(crate) mod dns_server;
    pub(crate) mod resolv_conf;
}

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use crochet::wait_for;
use simple_dns::TYPE;
use simple_dns::rdata::RData;

use support::dns;
use support::dns_cli::{self, Program};
use support::dns_server::{Record, Zone};

/// Asks `server` for the mail servers of `domain`, the preferred ones first; those of the same
/// preference are in the order of the alphabet. Blocks for five seconds at the most.
#[wait_for(timeout = 5.0)]
async fn mail_servers(domain: &str, server: SocketAddr) -> io::Result<Vec<(u16, String)>> {
    let answer = dns::ask(server, domain, TYPE::MX).await?;
    let mut servers: Vec<_> = answer
        .data
        .iter()
        .filter_map(|data| match data {
            RData::MX(mx) => Some((mx.preference, dns::show(&mx.exchange))),
            _ => None,
        })
        .collect();
    servers.sort();
    match &*servers {
        [] => Err(answer.nothing()),
        // RFC 7505: a single record that names no server.
        [(_, name)] if name == "." => {
            Err(io::Error::new(io::ErrorKind::NotFound, "it accepts no mail (a null MX record)"))
        }
        _ => Ok(servers),
    }
}

/// What the server of the offline run knows.
const DEMO_ZONE: Zone = &[
    ("crochet.test", Record::Mx(20, "spare.crochet.test")),
    ("crochet.test", Record::Mx(10, "mail.crochet.test")),
    ("crochet.test", Record::Mx(20, "backup.crochet.test")),
];

/// The rest is an ordinary blocking program: no event loop, and no `await`.
fn main() -> ExitCode {
    let program = Program {
        name: "mx_query",
        about: "Prints the mail servers of the domain NAME, after five seconds at the most.",
        demo_name: "crochet.test",
        demo_zone: DEMO_ZONE,
    };
    dns_cli::run(&program, |domain, server| {
        let lines = mail_servers(domain, server)?
            .iter()
            .map(|(preference, name)| format!("{domain} -> {preference} {name}"))
            .collect::<Vec<_>>();
        Ok(lines.join("\n"))
    })
}
