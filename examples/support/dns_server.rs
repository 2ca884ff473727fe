//! A DNS server on loopback for the examples: answers from a table, over UDP.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;

use simple_dns::rdata::{MX, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, RCODE, ResourceRecord};

/// The names that a server knows, each as often as it has records. All other names do not exist.
pub(crate) type Zone = &'static [(&'static str, Record)];

#[allow(dead_code, reason = "each example uses some of it")]
#[derive(Clone, Copy)]
pub(crate) enum Record {
    A(Ipv4Addr),
    /// A mail server, and its preference.
    Mx(u16, &'static str),
    /// Questions for this name get no answer.
    Silence,
}

/// Starts a server on a port that is free, on a thread that ends with the process.
pub(crate) fn start(zone: Zone) -> io::Result<SocketAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = socket.local_addr()?;
    thread::Builder::new().name("dns-server".to_owned()).spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            // On an error the client has gone, or has sent no query, so there is no one to report
            // to.
            let Ok((length, client)) = socket.recv_from(&mut buffer) else { continue };
            let Ok(query) = Packet::parse(&buffer[..length]) else { continue };
            if let Some(Ok(reply)) = answer(query, zone).map(|reply| reply.build_bytes_vec()) {
                let _ = socket.send_to(&reply, client);
            }
        }
    })?;
    Ok(address)
}

/// Makes the reply to a query; `None` is silence.
fn answer(query: Packet<'_>, zone: Zone) -> Option<Packet<'_>> {
    if query.has_flags(PacketFlag::RESPONSE) {
        return None;
    }
    let mut reply = query.into_reply();
    // This server's zone is all there is: it knows best.
    reply.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
    let [question] = &*reply.questions else {
        *reply.rcode_mut() = RCODE::FormatError;
        return Some(reply);
    };
    let mut exists = false;
    for (name, record) in zone {
        let name = Name::new_unchecked(name);
        if name != question.qname {
            continue;
        }
        exists = true;
        let data = match *record {
            Record::A(address) => RData::A(address.into()),
            Record::Mx(preference, exchange) => {
                RData::MX(MX { preference, exchange: Name::new_unchecked(exchange) })
            }
            Record::Silence => return None,
        };
        let record = ResourceRecord::new(name, CLASS::IN, 60, data);
        if record.match_qtype(question.qtype) && record.match_qclass(question.qclass) {
            reply.answers.push(record);
        }
    }
    if !exists {
        *reply.rcode_mut() = RCODE::NameError;
    }
    Some(reply)
}
