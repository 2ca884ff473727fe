//! A DNS lookup as a blocking call with a timeout.
//!
//! The async part, `support/dns.rs`, is ordinary async code: sockets and timers of the crates
//! async-net and async-io, and no word of Crochet. The attribute on `lookup` makes a blocking
//! function of it. Unlike `ToSocketAddrs` in std, which takes as long as the system's resolver
//! likes, `lookup` returns after five seconds at the latest, and says why there is no answer.
//!
//! ```text
//! $ cargo run --example blocking_dns                  # offline: asks a server that it starts itself
//! crochet.test -> 192.0.2.7
//! $ cargo run --example blocking_dns -- example.com   # asks the server in /etc/resolv.conf
//! $ cargo run --example blocking_dns -- example.com --server 9.9.9.9
//! ```
//!
//! Windows has no `/etc/resolv.conf`: name a server there.
//!
//! Without an address the program prints one line that says why, and exits with 1:
//!
//! ```text
//! $ cargo run --example blocking_dns -- example.com --server 192.0.2.1
//! example.com: timed out after 5s: the job is waiting
//! ```
//!
//! The original in Python's Crochet is `examples/blockingdns.py`.

mod support {
    pub(crate) mod dns;
    pub(crate) mod dns_cli;
    pub(crate) mod dns_server;
    pub(crate) mod resolv_conf;
}

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use crochet::wait_for;
use simple_dns::TYPE;

use support::dns;
use support::dns_cli::{self, Program};
use support::dns_server::{Record, Zone};

/// Asks `server` for the IPv4 address of `name`, and blocks until it has it: for five seconds at
/// the most. Then the future has been dropped, and its socket is closed.
#[wait_for(timeout = 5.0)]
async fn lookup(name: &str, server: SocketAddr) -> io::Result<Ipv4Addr> {
    dns::ask(server, name, TYPE::A).await?.address()
}

/// What the server of the offline run knows.
const DEMO_ZONE: Zone = &[("crochet.test", Record::A(Ipv4Addr::new(192, 0, 2, 7)))];

/// The rest is an ordinary blocking program: no event loop, and no `await`.
fn main() -> ExitCode {
    let program = Program {
        name: "blocking_dns",
        about: "Looks up the IPv4 address of NAME, for five seconds at the most.",
        demo_name: "crochet.test",
        demo_zone: DEMO_ZONE,
    };
    dns_cli::run(&program, |name, server| {
        let address = lookup(name, server)?;
        Ok(format!("{name} -> {address}"))
    })
}
