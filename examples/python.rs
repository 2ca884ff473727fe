//! An extension module for Python: a client in async Rust whose every wait Ctrl-C ends.
//!
//! Shows `interruptible` in a host that has signals of its own. The module is a package of its own,
//! `examples/python`, with a `pyproject.toml` for maturin. This program has Cargo build it, starts
//! a server, and has Python run `examples/python/example.py`, which needs no more than `python3` (on
//! Windows `python`, where this has not been tried):
//!
//! ```text
//! $ cargo run --example python
//! ask: hello
//! a timeout is a TimeoutError: timed out after 100ms: the job is waiting
//! started, and meanwhile the program counts: 1 2 3
//! the answer: done
//! follow: 1 2 3 4 5
//! a panic is an exception: a request is one line, not "two\nlines"
//! waiting for an answer that never comes; Ctrl-C ends that, and so does the example's own, in half a second
//! KeyboardInterrupt
//! the server has no connection left
//! ```

#[path = "support/extension.rs"]
mod extension;
#[path = "support/line_server.rs"]
mod line_server;

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use extension::Folder;
use line_server::LineServer;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What the installers of the system call it.
const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

fn run() -> Result<ExitCode, Box<dyn Error>> {
    if Command::new(PYTHON).arg("--version").output().is_err() {
        return Err(format!("this example needs {PYTHON}, and there is none in the path").into());
    }
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/python");
    let folder = Folder::new("crochet-example-python")?;
    extension::build(&package.join("Cargo.toml"), "lineclient", &folder.0)?;
    let server = LineServer::start()?;
    let status = Command::new(PYTHON)
        .arg(package.join("example.py"))
        .arg(server.address.to_string())
        .env("PYTHONPATH", &folder.0)
        .status()?;
    if server.wait_until(|open, _| open == 0, Duration::from_secs(5)) {
        println!("the server has no connection left");
    }
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
