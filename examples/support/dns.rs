//! A small DNS client, all async: one question over UDP, one answer; where that is too long for a
//! datagram, again over TCP. It knows nothing of Crochet.

use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use async_io::Timer;
use async_net::{TcpStream, UdpSocket};
use futures_lite::{AsyncReadExt, AsyncWriteExt, FutureExt};
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, RCODE, TYPE, header_buffer};

/// What a server said to a question, where it is not an error.
pub(crate) struct Answer {
    /// The records of the type that was asked for, and of no other. There may be none.
    pub(crate) data: Vec<RData<'static>>,
    nothing: String,
}

impl Answer {
    /// The first of the IPv4 addresses.
    #[allow(dead_code, reason = "mx_query has no use for it")]
    pub(crate) fn address(&self) -> io::Result<Ipv4Addr> {
        match self.data.first() {
            Some(RData::A(a)) => Ok(Ipv4Addr::from(a.address)),
            _ => Err(self.nothing()),
        }
    }

    /// The error that says why there is no `data`.
    pub(crate) fn nothing(&self) -> io::Error {
        io::Error::new(io::ErrorKind::NotFound, &*self.nothing)
    }
}

/// Asks `server` for the records of type `kind` that `name` has, or the name that it is an alias
/// of.
///
/// It has no timeout: it asks again and again, at growing intervals, until it is dropped.
pub(crate) async fn ask(server: SocketAddr, name: &str, kind: TYPE) -> io::Result<Answer> {
    let name =
        parse_name(name).map_err(|reason| io::Error::new(io::ErrorKind::InvalidInput, reason))?;
    let mut query = Packet::new_query(random_id());
    query.set_flags(PacketFlag::RECURSION_DESIRED);
    query.questions.push(Question::new(name, kind.into(), CLASS::IN.into(), false));

    let unreachable = |by: &str, error: io::Error| match error.kind() {
        io::ErrorKind::InvalidData => error,
        kind => io::Error::new(kind, format!("cannot reach the server {server}{by}: {error}")),
    };
    let mut reply = exchange(server, &query).await.map_err(|error| unreachable("", error))?;
    if is_truncated(&reply) {
        let whole = exchange_by_tcp(server, &query).await;
        reply = whole.map_err(|error| unreachable(" by TCP", error))?;
    }
    let reply = parse(&reply)?;
    check(&reply, server)?;
    Ok(collect(&reply, &query.questions[0].qname, kind))
}

/// Reads a name as people write it; tells what is wrong with it.
pub(crate) fn parse_name(text: &str) -> Result<Name<'_>, &'static str> {
    let labels = text.strip_suffix('.').unwrap_or(text);
    if labels.is_empty() {
        Err("it is empty")
    } else if labels.split('.').any(str::is_empty) {
        Err("a part between two dots is empty")
    } else if !labels.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        Err("it has characters that DNS has not (international names begin with xn-- there)")
    } else if labels.split('.').any(|label| label.len() > 63) {
        Err("a part between two dots is longer than 63 characters")
    } else {
        Name::new(labels).map_err(|_| "it is longer than 253 characters")
    }
}

/// Writes a name as people do. It may have any bytes in it, which are not all fit for a terminal.
pub(crate) fn show(name: &Name<'_>) -> String {
    let mut text = String::new();
    for label in name.get_labels() {
        if !text.is_empty() {
            text.push('.');
        }
        for &byte in label.as_ref() {
            let _ = match byte {
                b'.' | b'\\' => write!(text, "\\{}", char::from(byte)),
                b'!'..=b'~' => write!(text, "{}", char::from(byte)),
                _ => write!(text, "\\{byte:03}"),
            };
        }
    }
    if text.is_empty() { ".".to_owned() } else { text }
}

/// An id that cannot be guessed without seeing the query. Otherwise any machine could answer in the
/// server's name. The hasher's keys come from the system's random numbers, and stay in this
/// process.
fn random_id() -> u16 {
    RandomState::new().build_hasher().finish() as u16
}

/// Sends the query until a datagram comes back that answers it; returns that.
async fn exchange(server: SocketAddr, query: &Packet<'_>) -> io::Result<Vec<u8>> {
    let bytes = query.build_bytes_vec().map_err(io::Error::other)?;
    let any = match server {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any).await?;
    // A connected socket receives only what the server sends, and learns when there is no server
    // (ECONNREFUSED).
    socket.connect(server).await?;
    let mut patience = Duration::from_secs(1);
    loop {
        socket.send(&bytes).await?;
        let late = async {
            Timer::after(patience).await;
            Ok(None)
        };
        if let Some(reply) = receive(&socket, query).or(late).await? {
            return Ok(reply);
        }
        // Datagrams get lost: ask again, and wait longer, as the server may be just slow.
        patience *= 2;
    }
}

/// Waits for the answer; passes over datagrams that are not it.
async fn receive(socket: &UdpSocket, query: &Packet<'_>) -> io::Result<Option<Vec<u8>>> {
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let datagram = &mut buffer[..length];
        if header_buffer::id(datagram) != Ok(query.id()) {
            continue;
        }
        if is_truncated(datagram) {
            // It may end in the middle of a record. No record will be used, so none is expected.
            datagram[6..12].fill(0);
        }
        if answers(&parse(datagram)?, query) {
            return Ok(Some(datagram.to_vec()));
        }
    }
}

/// Sends the query once, and returns the answer. Both have their length before them.
async fn exchange_by_tcp(server: SocketAddr, query: &Packet<'_>) -> io::Result<Vec<u8>> {
    let bytes = query.build_bytes_vec().map_err(io::Error::other)?;
    let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
    let mut stream = TcpStream::connect(server).await?;
    stream.write_all(&[&length.to_be_bytes(), &*bytes].concat()).await?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).await?;
    let mut reply = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut reply).await?;
    let parsed = parse(&reply)?;
    if parsed.id() == query.id() && answers(&parsed, query) {
        Ok(reply)
    } else {
        let text = "the server has answered another question";
        Err(io::Error::new(io::ErrorKind::InvalidData, text))
    }
}

fn is_truncated(message: &[u8]) -> bool {
    header_buffer::has_flags(message, PacketFlag::TRUNCATION) == Ok(true)
}

fn answers(reply: &Packet<'_>, query: &Packet<'_>) -> bool {
    let same = |a: &Question<'_>, b: &Question<'_>| {
        a.qname == b.qname && a.qtype == b.qtype && a.qclass == b.qclass
    };
    reply.has_flags(PacketFlag::RESPONSE)
        && matches!((&*reply.questions, &*query.questions), ([a], [b]) if same(a, b))
}

fn parse(datagram: &[u8]) -> io::Result<Packet<'_>> {
    Packet::parse(datagram).map_err(|error| {
        let text = format!("the server's answer cannot be read: {error}");
        io::Error::new(io::ErrorKind::InvalidData, text)
    })
}

/// Sorts out the answers that are errors.
fn check(reply: &Packet<'_>, server: SocketAddr) -> io::Result<()> {
    if reply.has_flags(PacketFlag::TRUNCATION) {
        return Err(io::Error::other(format!(
            "the server {server} truncates its answer by TCP, too"
        )));
    }
    match reply.rcode() {
        RCODE::NoError => Ok(()),
        RCODE::NameError => {
            Err(io::Error::new(io::ErrorKind::NotFound, "there is no such name (NXDOMAIN)"))
        }
        RCODE::ServerFailure => {
            Err(io::Error::other(format!("the server {server} failed (SERVFAIL)")))
        }
        RCODE::Refused => {
            Err(io::Error::other(format!("the server {server} refuses to answer (REFUSED)")))
        }
        other => Err(io::Error::other(format!("the server {server} answered {other:?}"))),
    }
}

/// Takes the records of `name` out of an answer, by way of its aliases.
fn collect(reply: &Packet<'_>, name: &Name<'_>, kind: TYPE) -> Answer {
    let records = &reply.answers;
    let mut owner = name;
    // No chain is longer than the answer, unless it is a circle.
    for _ in records {
        let alias = records.iter().find_map(|record| match &record.rdata {
            RData::CNAME(target) if record.name == *owner => Some(&target.0),
            _ => None,
        });
        owner = alias.unwrap_or(owner);
    }
    let data = records
        .iter()
        .filter(|record| record.name == *owner && record.rdata.type_code() == kind)
        .map(|record| record.rdata.clone().into_owned())
        .collect();
    let has = |kind| reply.name_servers.iter().any(|record| record.rdata.type_code() == kind);
    let nothing = if has(TYPE::NS) && !has(TYPE::SOA) {
        "the server does not know, and refers to others, which this example does not ask".to_owned()
    } else if owner == name {
        format!("the name exists, but it has no {kind:?} record")
    } else {
        let owner = show(owner);
        format!("it is an alias of {owner}, for which the server gave no {kind:?} record")
    };
    Answer { data, nothing }
}
