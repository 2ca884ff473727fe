//! A chat over TCP, in blocking code: lines come in by `crochet::iter`, and go out by
//! `crochet::io::Blocking`, with a timeout, so that a guest who does not read holds up the others
//! for two seconds, and not for ever.
//!
//! ```text
//! $ cargo run --example chat                              # one guest tells another something
//! $ cargo run --example chat -- serve 127.0.0.1:7000      # a room; Ctrl-C closes it
//! $ cargo run --example chat -- 127.0.0.1:7000 Anna       # a guest; Ctrl-D or Ctrl-C leaves
//! ```
//!
//! Ctrl-D is Ctrl-Z and Enter on Windows.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, thread};

use async_net::{TcpListener, TcpStream};
use async_signal::{Signal, Signals};
use crochet::io::Blocking;
use futures_lite::{AsyncBufReadExt, io::BufReader};

const TIMEOUT: Duration = Duration::from_secs(2); // for one connection, or one write
static LEAVING: AtomicBool = AtomicBool::new(false); // whether the user has asked for the end

/// The guests, with the numbers they came in by.
type Guests = Vec<(usize, Blocking<TcpStream>)>;

/// Looks after a guest, from coming to leaving.
fn attend(room: &Mutex<Guests>, me: usize, stream: TcpStream) -> io::Result<()> {
    let room = || room.lock().expect("no thread panics");
    let mut out = Blocking::new(stream.clone()).with_timeout(TIMEOUT);
    let mut guests = room();
    out.write_all(format!("{} in the room\n", guests.len() + 1).as_bytes())?;
    guests.push((me, out));
    drop(guests); // which unlocks the room
    for line in crochet::iter(BufReader::new(stream).lines()) {
        let Ok(Ok(line)) = line else { break };
        let line = format!("{line}\n");
        // A guest that does not take a line in time gets no more lines.
        room().retain_mut(|(guest, out)| *guest == me || out.write_all(line.as_bytes()).is_ok());
    }
    room().retain(|(guest, _)| *guest != me);
    Ok(())
}

/// Opens a room, until the reactor is stopped.
fn serve(listener: &TcpListener) -> Result<(), Box<dyn Error>> {
    let room = Arc::new(Mutex::default());
    for (number, guest) in crochet::iter(listener.incoming()).enumerate() {
        let (room, guest) = (Arc::clone(&room), guest??);
        thread::Builder::new().spawn(move || attend(&room, number, guest))?;
    }
    Ok(())
}

fn connect(address: &str) -> Result<TcpStream, String> {
    crochet::wait_for(TIMEOUT, TcpStream::connect(address))
        .map_err(|why| format!("no server at {address}: {why}"))
}

/// Says what is typed, and prints what is said, until either ends.
fn visit(address: &str, name: String) -> Result<(), Box<dyn Error>> {
    let stream = connect(address)?;
    let mut out = Blocking::new(stream.clone()).with_timeout(TIMEOUT);
    thread::spawn(move || -> io::Result<()> {
        for line in io::stdin().lines() {
            out.write_all(format!("{name}: {}\n", line?).as_bytes())?;
        }
        LEAVING.store(true, Ordering::Relaxed);
        out.close() // the server does the same, and that ends the lines
    });
    for line in crochet::iter(BufReader::new(stream).lines()) {
        // What others type is not to control this terminal.
        writeln!(io::stdout(), "{}", line??.replace(char::is_control, ""))?;
    }
    Err("the server has gone".into())
}

fn demonstrate() -> Result<(), Box<dyn Error>> {
    let listener = crochet::wait_for(TIMEOUT, TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?.to_string();
    thread::spawn(move || drop(serve(&listener))); // its guests notice if it fails
    let mut anna = crochet::iter(BufReader::new(connect(&address)?).lines());
    writeln!(io::stdout(), "Anna reads: {}", anna.next().ok_or("the server has gone")???)?;
    let mut ben = Blocking::new(connect(&address)?).with_timeout(TIMEOUT);
    ben.write_all(b"Ben: knit one\n")?;
    Ok(writeln!(io::stdout(), "Anna reads: {}", anna.next().ok_or("the server has gone")???)?)
}

fn run(args: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut ctrl_c = crochet::iter(Signals::new([Signal::Int])?);
    thread::spawn(move || {
        ctrl_c.next();
        LEAVING.store(true, Ordering::Relaxed);
        crochet::shutdown(TIMEOUT) // which wakes all waiters
    });
    match args {
        [] => demonstrate(),
        ["serve", address] => {
            let listener = crochet::wait_for(TIMEOUT, TcpListener::bind(address))
                .map_err(|why| format!("cannot listen on {address}: {why}"))?;
            writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
            serve(&listener)
        }
        [address, name] => visit(address, (*name).to_owned()),
        _ => Err("usage: chat [serve ADDRESS | ADDRESS NAME]".into()),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match run(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Err(why) if !LEAVING.load(Ordering::Relaxed) => {
            let _ = writeln!(io::stderr(), "{why}"); // not `eprintln!`, which panics on a closed pipe
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
