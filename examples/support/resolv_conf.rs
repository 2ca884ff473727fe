//! The server that the system asks.

use std::net::{IpAddr, SocketAddr};

/// Finds the first `nameserver` that is an address in the text of a `resolv.conf`.
#[allow(dead_code, reason = "own_executor has no use for it")]
pub(crate) fn first_nameserver(text: &str) -> Option<SocketAddr> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("nameserver"), Some(address)) => parse_server(address),
            _ => None,
        }
    })
}

/// Reads `IP` or `IP:PORT`; an IPv6 address before a port has brackets, and may have them always.
/// The port is 53 unless given.
pub(crate) fn parse_server(text: &str) -> Option<SocketAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    match (bare.parse::<IpAddr>(), text.parse::<SocketAddr>()) {
        (Ok(ip), _) => Some(SocketAddr::new(ip, 53)),
        (_, Ok(server)) if server.port() != 0 => Some(server),
        _ => None,
    }
}
