//! The command line of the DNS examples: which name, which server, and what to print.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::iter;
use std::net::SocketAddr;
use std::process::ExitCode;

use super::dns;
use super::dns_server::{self, Zone};
use super::resolv_conf::{first_nameserver, parse_server};

/// What one program has that others have not.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// The name to look up where none is given, and what the server then knows.
    pub(crate) demo_name: &'static str,
    pub(crate) demo_zone: Zone,
}

enum Command {
    Help,
    /// Ask a server of our own.
    Demo,
    Lookup {
        name: String,
        server: Option<SocketAddr>,
    },
}

/// Looks up what the command line asks for with `lookup`, and prints what that returns. What went
/// wrong is one line on stderr, and the exit code: 2 for a command line that is none, else 1.
pub(crate) fn run(
    program: &Program,
    lookup: impl FnOnce(&str, SocketAddr) -> io::Result<String>,
) -> ExitCode {
    let done = parse_args(env::args_os().skip(1))
        .map_err(|why| (2, format!("{}: {why}; try --help", program.name)))
        .and_then(|command| execute(command, program, lookup).map_err(|why| (1, why)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, why)) => {
            // Not `eprintln!`, which panics on a closed pipe.
            let _ = writeln!(io::stderr(), "{why}");
            ExitCode::from(code)
        }
    }
}

fn execute(
    command: Command,
    program: &Program,
    lookup: impl FnOnce(&str, SocketAddr) -> io::Result<String>,
) -> Result<(), String> {
    let in_program = |error: io::Error| format!("{}: {error}", program.name);
    let print = |text: &str| writeln!(io::stdout(), "{text}").map_err(in_program);
    let (name, server) = match command {
        Command::Help => return print(&help(program)),
        Command::Demo => (program.demo_name.to_owned(), dns_server::start(program.demo_zone)),
        Command::Lookup { name, server } => (name, server.map_or_else(system_server, Ok)),
    };
    let server = server.map_err(in_program)?;
    print(&lookup(&name, server).map_err(|error| format!("{name}: {}", with_causes(&error)))?)
}

fn with_causes(error: &dyn Error) -> String {
    let causes = iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn help(Program { name, about, .. }: &Program) -> String {
    format!(
        "{about}\n\n\
         Usage: {name} [NAME [--server IP[:PORT]]]\n\n\
         The server is the first one in /etc/resolv.conf, which Windows does not have, unless\n\
         --server names another; its port is 53, unless given. An IPv6 address before a port is in\n\
         brackets: [::1]:5353.\n\
         Without NAME, the program asks a small server that it starts itself: no network needed."
    )
}

fn parse_args(args: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut args = args.map(|arg| {
        arg.into_string().map_err(|arg| format!("the argument {arg:?} is not valid Unicode"))
    });
    let (mut name, mut server) = (None, None);
    while let Some(arg) = args.next().transpose()? {
        let address = match arg.strip_prefix("--server") {
            _ if arg == "-h" || arg == "--help" => return Ok(Command::Help),
            Some("") => args.next().transpose()?.ok_or("--server needs an address")?,
            Some(rest) if rest.starts_with('=') => rest[1..].to_owned(),
            _ if arg.starts_with('-') => return Err(format!("there is no option {arg:?}")),
            _ if name.is_some() => return Err(format!("the argument {arg:?} is one too many")),
            _ => {
                dns::parse_name(&arg).map_err(|why| format!("{arg:?} is not a name: {why}"))?;
                name = Some(arg);
                continue;
            }
        };
        let parsed = parse_server(&address);
        server = Some(parsed.ok_or_else(|| {
            format!("the server {address:?} is not an address like 192.0.2.1 or 192.0.2.1:53")
        })?);
    }
    match (name, server) {
        (Some(name), server) => Ok(Command::Lookup { name, server }),
        (None, Some(_)) => Err("--server needs a NAME to ask for".to_owned()),
        (None, None) => Ok(Command::Demo),
    }
}

/// The server that the system's own lookups ask.
fn system_server() -> io::Result<SocketAddr> {
    const PATH: &str = "/etc/resolv.conf";
    let bytes = fs::read(PATH).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot read {PATH}: {error}; try --server"))
    })?;
    first_nameserver(&String::from_utf8_lossy(&bytes)).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            format!("no usable nameserver in {PATH}; try --server"),
        )
    })
}
