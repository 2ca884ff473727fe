//! What the synchronous web apps share: command line, server, Ctrl-C, and the frame of their pages.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::thread;

use async_signal::{Signal, Signals};
use futures_lite::stream;

use super::server::{Request, Response, Server};

pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) usage: &'static str,
    /// It takes as many arguments at the most, options apart.
    pub(crate) args: usize,
}

/// Why a program ends early.
pub(crate) enum Failure {
    /// The command line is none.
    Args(String),
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Runs a web app with its arguments and port until Ctrl-C: then the exit code is 130, as shells
/// expect of a program that Ctrl-C has ended. What went wrong is one line on stderr and the exit
/// code 2 for a command line that is none, else 1.
pub(crate) fn main(
    program: &Program,
    app: impl FnOnce(&[String], u16) -> Result<(), Failure>,
) -> ExitCode {
    let done = match parse_args(env::args_os().skip(1), program.args) {
        Ok(Some((args, port))) => app(&args, port).map(|()| ExitCode::from(130)),
        Ok(None) => say(&help(program)).map(|()| ExitCode::SUCCESS).map_err(Failure::Io),
        Err(why) => Err(Failure::Args(why)),
    };
    let (code, why) = match done {
        Ok(code) => return code,
        Err(Failure::Args(why)) => (2, format!("{why}; try --help")),
        Err(Failure::Io(error)) => (1, error.to_string()),
    };
    // Not `eprintln!`, which panics on a closed pipe.
    let _ = writeln!(io::stderr(), "{}: {why}", program.name);
    ExitCode::from(code)
}

/// Prints a line.
pub(crate) fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

fn help(Program { name, about, usage, .. }: &Program) -> String {
    format!(
        "{about}\n\n\
         Usage: {name} {usage} [--port PORT]\n\n\
         URL is an http:// address. Without it, the program asks a small server that it starts itself:\n\
         no network needed. The app is on any port that is free, unless --port names one."
    )
}

/// Takes the arguments and the port, 0 if none is given, or nothing if help is asked for.
fn parse_args(
    args: impl Iterator<Item = OsString>,
    most: usize,
) -> Result<Option<(Vec<String>, u16)>, String> {
    let mut args = args.map(|arg| {
        arg.into_string().map_err(|arg| format!("the argument {arg:?} is not valid Unicode"))
    });
    let (mut taken, mut port) = (Vec::new(), 0);
    while let Some(arg) = args.next().transpose()? {
        if arg == "-h" || arg == "--help" {
            return Ok(None);
        } else if arg == "--port" {
            let text = args.next().transpose()?.ok_or("--port needs a number")?;
            port = text.parse().map_err(|_| format!("{text:?} is not a port"))?;
        } else if arg.starts_with('-') {
            return Err(format!("there is no option {arg:?}"));
        } else if taken.len() == most {
            return Err(format!("the argument {arg:?} is one too many"));
        } else {
            taken.push(arg);
        }
    }
    Ok(Some((taken, port)))
}

/// What a request is answered with.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) html: String,
    /// The value of `Set-Cookie`.
    pub(crate) cookie: Option<String>,
}

impl Reply {
    pub(crate) fn ok(html: String) -> Self {
        Self { status: 200, html, cookie: None }
    }

    pub(crate) fn not_found() -> Self {
        let html =
            page("No such page", None, "<p>There is no such page. <a href=\"/\">Home</a></p>");
        Self { status: 404, html, cookie: None }
    }

    fn not_allowed() -> Self {
        let html = page("Not allowed", None, "<p>Pages can be read here, and no more.</p>");
        Self { status: 405, html, cookie: None }
    }
}

/// Serves an app to this machine only, on `port`, with a thread for each request. Says where, and
/// returns when Ctrl-C has stopped it.
pub(crate) fn serve(port: u16, answer: impl Fn(&Request) -> Reply + Sync) -> io::Result<()> {
    let server = Server::bind(port).map_err(|error| {
        io::Error::other(format!("cannot listen on port {port} of 127.0.0.1: {error}"))
    })?;
    let server = Arc::new(server);
    stop_on_ctrl_c(&server)?;
    say(&format!("open http://{}/ in a browser; press Ctrl-C to stop", server.address()))?;
    server.serve(|request| {
        let reply = match request.method() {
            "GET" => answer(request),
            _ => Reply::not_allowed(),
        };
        reply.into()
    });
    Ok(())
}

impl From<Reply> for Response {
    fn from(Reply { status, html, cookie }: Reply) -> Self {
        let headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            // What is in a page is there once.
            ("Cache-Control", "no-store"),
            // Should some text have got in unescaped, it still does nothing.
            ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
        ];
        let headers = headers.map(|(name, value)| (name, value.to_owned()));
        let cookie = cookie.map(|cookie| ("Set-Cookie", cookie));
        Self { status, headers: headers.into_iter().chain(cookie).collect(), body: html }
    }
}

/// What the client sends as the cookie `name`.
#[allow(dead_code, reason = "not every app has sessions")]
pub(crate) fn cookie<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.header("Cookie").flat_map(|value| value.split(';')).find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// A whole page; `body` is HTML. If `refresh` is given, the browser loads it again after so many
/// seconds.
pub(crate) fn page(title: &str, refresh: Option<u64>, body: &str) -> String {
    let refresh = refresh.map_or(String::new(), |seconds| {
        format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">\n")
    });
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n{refresh}\
         <title>{title}</title>\n<style>{CSS}</style>\n\
         <main>\n<h1>{title}</h1>\n{body}\n</main>\n</html>\n"
    )
}

const CSS: &str = "
:root { color-scheme: light dark; --line: light-dark(#d8d4cc, #48443e) }
body { margin: 0; font: 1.0625rem/1.5 system-ui, sans-serif;
  background: light-dark(#f6f3ee, #1c1a17); color: light-dark(#2b2723, #e9e4dc) }
main { max-width: 38rem; margin: 3rem auto; padding: 1.5rem 2rem; border-radius: .75rem;
  border: 1px solid var(--line); background: light-dark(#fff, #26231f) }
main > :last-child { margin-bottom: 0 }
h1 { margin: 0 0 1rem; font-size: 1.25rem; font-weight: 600 }
a { color: light-dark(#a3352b, #f0948a) }
pre { overflow: auto; max-height: 22rem; padding: .75rem 1rem; border-radius: .5rem;
  border: 1px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; font-size: .875rem }
.big { margin: 0; font-size: 3rem; font-weight: 300; font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere }
.small { margin: .25rem 0; font-size: .875rem; opacity: .75; overflow-wrap: anywhere }
.bad { padding: .5rem 1rem; border-left: 4px solid light-dark(#a3352b, #f0948a);
  overflow-wrap: anywhere; background: light-dark(#fbeceb, #3a2724) }
";

/// Makes text harmless in HTML, in attributes, too.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// What stops a server. Windows has no more than Ctrl-C.
const STOP: &[Signal] = if cfg!(unix) { &[Signal::Int, Signal::Term] } else { &[Signal::Int] };

/// From now on, Ctrl-C stops the server, once it has answered what it has been asked. The second
/// Ctrl-C ends the program at once.
fn stop_on_ctrl_c(server: &Arc<Server>) -> io::Result<()> {
    let signals = Signals::new(STOP)?;
    let server = Arc::clone(server);
    // A signal handler proper may do next to nothing; this is a thread that is told of signals.
    thread::spawn(move || {
        let mut signals = stream::block_on(signals);
        if signals.next().is_some() {
            server.stop();
        }
        if let Some(Ok(signal)) = signals.next() {
            process::exit(128 + signal as i32);
        }
    });
    Ok(())
}
