//! SSH into a running program, and get a prompt with its objects.
//!
//! The program is an ordinary blocking one: a mill, whose threads knit rows (`mill.rs`). Beside
//! them an SSH server runs on the reactor (`server.rs`). After the login there is a prompt
//! (`prompt.rs`, `editor.rs`) of Lua (`script.rs`, `show.rs`), where you can look at the running
//! program's objects, change them, and call its functions, blocking ones included.
//!
//! ```text
//! $ cargo run --example ssh                # on any port; or -- 5022
//! The mill is running. To look inside from another terminal, type
//!
//!   ssh -p 34567 -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR crochet@127.0.0.1
//!
//! and the password: 0e4b1c1df6ad8b3c5b4d1d39c3a3b0c9
//! (It is new at each start, and so is the host key: SHA256:8i1pAib9ZsS0nWQSfTa/rpAeWFC6W+B6iJQcQznUS1A.)
//! Ctrl-C here ends the program.
//! ^Cstopped after 1029 rows
//! ```
//!
//! And in the other terminal:
//!
//! ```text
//! This is Lua, inside the running program. Type help to see what is here, Ctrl-D to leave.
//! > app
//! mill: running, 3 knitters, 186 rows, 100 ms a row
//! > app.pace = 20
//! > app.knitters
//! {ann: 301 rows, bob: 301 rows, eve: 302 rows}
//! > resolve("localhost")
//! {"127.0.0.1"}
//! > while true do end
//! stopped after 200 million instructions
//! ```
//!
//! The prompt has a history (arrow up); Ctrl-C clears the line, or stops what is running. With code
//! after the command, or from a file, there is no prompt: `ssh ... 'app:pause()'`,
//! `ssh ... < script.lua`; the exit status says whether it worked. Scripts run on threads of
//! `unblock`, with limits: 200 million instructions, and 64 MiB a session. The server listens on
//! 127.0.0.1 only, and a wrong password costs a second.
//!
//! The original in Python's Crochet is `examples/ssh.py`, with Twisted's Conch.

mod editor;
mod mill;
mod prompt;
mod script;
mod server;
mod show;
mod stop;

use std::env;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use mill::Mill;
use server::{Server, USER};
use stop::Stop;

fn run(port: u16) -> io::Result<()> {
    let (listener, port) = server::listen(port)?;
    let (mill, knitters) = Mill::open(&["ann", "bob", "eve"])?;

    let stop = Stop::new();
    let server = Server::new(mill.clone(), stop.clone())?;
    ctrlc::set_handler(move || stop.set()).map_err(io::Error::other)?;
    print_command(&server, port);
    let serving = crochet::run_in_reactor(move || server.serve(listener));

    // The knitters do the work. This thread has nothing to do until Ctrl-C, which ends the server.
    let served = serving.join(Duration::MAX);

    mill.close();
    for knitter in knitters {
        let _ = knitter.join();
    }
    println!("stopped after {} rows", mill.rows());
    served
}

fn print_command(server: &Server, port: u16) {
    println!("The mill is running. To look inside from another terminal, type");
    println!();
    println!(
        "  ssh -p {port} -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no \
         -o LogLevel=ERROR {USER}@127.0.0.1"
    );
    println!();
    println!("and the password: {}", server.password());
    println!("(It is new at each start, and so is the host key: {}.)", server.fingerprint());
    println!("Ctrl-C here ends the program.");
}

/// The port to listen on: any, unless the only argument says which.
fn port() -> Option<u16> {
    let mut args = env::args().skip(1);
    match (args.next(), args.next()) {
        (None, _) => Some(0),
        (Some(port), None) => port.parse().ok(),
        _ => None,
    }
}

fn main() -> ExitCode {
    let Some(port) = port() else {
        eprintln!("usage: ssh [PORT]");
        return ExitCode::FAILURE;
    };
    match run(port) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
