//! A chat over TCP, in blocking code throughout. What comes in is an async stream of lines, read as an
//! ordinary iterator with `crochet::iter`; what goes out is written through `crochet::io::Blocking`, with a
//! timeout, so that one who does not read holds up the others for two seconds, and not for ever.
//!
//! ```text
//! $ cargo run --example chat                              # two guests who talk to each other
//! Anna reads: 1 in the room
//! Ben reads: 2 in the room
//! Ben reads: Anna: knit one
//! Anna reads: Ben: purl one
//! $ cargo run --example chat -- serve 127.0.0.1:7000      # a room; Ctrl-C closes it
//! listening on 127.0.0.1:7000
//! $ cargo run --example chat -- 127.0.0.1:7000 Anna       # in another terminal; Ctrl-D or Ctrl-C leaves
//! ```
//!
//! What goes wrong is told in a line, and the exit code is 1.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{env, thread};

use async_net::{TcpListener, TcpStream};
use crochet::io::Blocking;
use futures_lite::{AsyncBufReadExt, io::BufReader, io::Lines};

/// For one connection, or one write.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The guests, with the numbers they came in by.
type Guests = Vec<(usize, Blocking<TcpStream>)>;

/// Tells it to those who are to be told. Whoever cannot be, in time, is thrown out.
fn tell(guests: &mut Guests, text: &str, whom: impl Fn(usize) -> bool) {
    guests.retain_mut(|(number, out)| !whom(*number) || out.write_all(text.as_bytes()).is_ok());
}

/// Looks after a guest, from coming to leaving.
fn attend(room: &Mutex<Guests>, me: usize, guest: TcpStream) {
    let guests = || room.lock().unwrap_or_else(PoisonError::into_inner);
    {
        let mut guests = guests();
        guests.push((me, Blocking::new(guest.clone()).with_timeout(TIMEOUT)));
        let count = guests.len();
        tell(&mut guests, &format!("{count} in the room\n"), |other| other == me);
    }
    for line in crochet::iter(BufReader::new(guest).lines()) {
        let Ok(Ok(line)) = line else { break };
        tell(&mut guests(), &format!("{line}\n"), |other| other != me);
    }
    guests().retain(|(other, _)| *other != me);
}

/// Opens a room, until the reactor is stopped.
fn serve(listener: &TcpListener) -> Result<(), Box<dyn Error>> {
    let room = Arc::new(Mutex::default());
    for (number, guest) in crochet::iter(listener.incoming()).enumerate() {
        let guest = match guest {
            Err(stopped) if stopped.is_reactor_stopped() => break,
            guest => guest??,
        };
        let room = Arc::clone(&room);
        thread::Builder::new().spawn(move || attend(&room, number, guest))?;
    }
    Ok(())
}

/// What is said, and a way to say something.
type Talk = (crochet::Iter<Lines<BufReader<TcpStream>>>, Blocking<TcpStream>);

fn enter(address: &str) -> Result<Talk, Box<dyn Error>> {
    let stream = crochet::wait_for(TIMEOUT, TcpStream::connect(address))
        .map_err(|why| format!("no server at {address}: {why}"))?;
    let lines = crochet::iter(BufReader::new(stream.clone()).lines());
    Ok((lines, Blocking::new(stream).with_timeout(TIMEOUT)))
}

/// Says what is typed, and prints what is said, until either ends.
fn visit(address: &str, name: String) -> Result<(), Box<dyn Error>> {
    let (lines, mut out) = enter(address)?;
    let leaving = Arc::new(AtomicBool::new(false));
    let left = Arc::clone(&leaving);
    thread::spawn(move || -> io::Result<()> {
        for line in io::stdin().lines() {
            out.write_all(format!("{name}: {}\n", line?).as_bytes())?;
        }
        left.store(true, Ordering::Relaxed);
        out.close() // the server does the same, and that ends the lines
    });
    for line in lines {
        match line {
            Err(stopped) if stopped.is_reactor_stopped() => return Ok(()),
            // What others type is not to control this terminal.
            line => writeln!(io::stdout(), "{}", line??.replace(char::is_control, ""))?,
        }
    }
    if leaving.load(Ordering::Relaxed) { Ok(()) } else { Err("the server has gone".into()) }
}

fn demonstrate() -> Result<(), Box<dyn Error>> {
    let listener = crochet::wait_for(TIMEOUT, TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?.to_string();
    thread::spawn(move || serve(&listener).map_err(|why| eprintln!("{why}")));
    let listen = |name: &str, (lines, _): &mut Talk| -> Result<(), Box<dyn Error>> {
        let line = lines.next().ok_or("the server has gone")???;
        Ok(writeln!(io::stdout(), "{name} reads: {line}")?)
    };
    let mut anna = enter(&address)?;
    listen("Anna", &mut anna)?;
    let mut ben = enter(&address)?;
    listen("Ben", &mut ben)?;
    anna.1.write_all(b"Anna: knit one\n")?;
    listen("Ben", &mut ben)?;
    ben.1.write_all(b"Ben: purl one\n")?;
    listen("Anna", &mut anna)
}

/// Ctrl-C stops the reactor, which ends whatever waits for it. (Elsewhere than on Unix it ends the program.)
fn stop_on_ctrl_c() -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT])?;
        thread::spawn(move || signals.forever().for_each(|_| drop(crochet::shutdown(TIMEOUT))));
    }
    Ok(())
}

fn run(args: &[&str]) -> Result<(), Box<dyn Error>> {
    stop_on_ctrl_c()?;
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
    let Err(why) = run(&args.iter().map(String::as_str).collect::<Vec<_>>()) else {
        return ExitCode::SUCCESS;
    };
    let _ = writeln!(io::stderr(), "{why}"); // not `eprintln!`, which panics when nobody reads
    ExitCode::FAILURE
}
