//! Programs run with a time limit, their input and output included. A program that takes longer is
//! killed.
//!
//! `std::process` waits for a child for ever, or not at all. The async part, `run_async`, uses the
//! crate async-process as any async program would; `run` makes a blocking function of it. At the
//! timeout the future is dropped, and `kill_on_drop` kills the child. async-process reaps each
//! child that ends, so none stays behind as a zombie, and nothing has to be called for that
//! (Python's Crochet calls `reapAllProcesses`).
//!
//! ```text
//! $ cargo run --example child_process                 # runs itself as the child
//! the quick child says: WOOL AND NEEDLES
//! the slow child: timed out after 500ms: the job is waiting
//! $ echo wool | cargo run --example child_process -- 2.5 tr a-z A-Z      # seconds, program, arguments
//! WOOL
//! $ cargo run --example child_process -- 2.5 sleep 60
//! sleep: timed out after 2.5s: the job is waiting
//! ```
//!
//! Standard input is passed to the program, unless it is a terminal. If the program cannot be run,
//! fails or takes too long, the example says so and exits with 1. On Windows try `sort`, and
//! `ping -n 60 127.0.0.1`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use async_process::{Command, Stdio};
use futures_lite::AsyncWriteExt;
use futures_lite::future::zip;

/// Runs a program to its end, and returns what it has printed.
async fn run_async(command: &mut Command, input: &[u8]) -> io::Result<Vec<u8>> {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let stdin = child.stdin.take();
    let feed = async move {
        // Dropping it is the end of the input. On Windows another thread does the writing, and what
        // is not flushed by then is lost. A program need not read all of its input, so errors are
        // none here.
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(input).await;
            let _ = stdin.flush().await;
        }
    };
    // Both at once: a pipe is full before long.
    let ((), output) = zip(feed, child.output()).await;
    let output = output?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(io::Error::other(format!("it failed: {}", output.status)))
    }
}

/// The same, blocking, for `limit` at the most. After that the child is dead.
fn run(limit: Duration, command: &mut Command, input: &[u8]) -> io::Result<Vec<u8>> {
    crochet::wait_for(limit, run_async(command, input))
}

/// This very program, as a child.
fn child(kind: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["--child", kind]);
    Ok(command)
}

/// What the children of the demonstration do.
fn be_child(kind: Option<&OsString>) -> io::Result<()> {
    if kind.is_some_and(|kind| kind == "slow") {
        thread::sleep(Duration::from_secs(60));
    }
    let text = io::read_to_string(io::stdin())?;
    print!("{}", text.to_uppercase());
    Ok(())
}

fn demonstrate() -> io::Result<()> {
    let printed = run(Duration::from_secs(30), &mut child("quick")?, b"wool and needles")?;
    println!("the quick child says: {}", String::from_utf8_lossy(&printed));
    match run(Duration::from_millis(500), &mut child("slow")?, b"") {
        Ok(_) => Err(io::Error::other("the slow child was quick")),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            println!("the slow child: {error}");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn run_program(seconds: &OsStr, program: &[OsString]) -> io::Result<()> {
    let seconds = seconds.to_str().and_then(|seconds| seconds.parse().ok());
    let limit = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let (Some(limit), [program, args @ ..]) = (limit, program) else {
        return Err(io::Error::other("usage: child_process [SECONDS PROGRAM [ARGUMENT ...]]"));
    };
    let mut input = Vec::new();
    let mut stdin = io::stdin();
    if !stdin.is_terminal() {
        stdin.read_to_end(&mut input)?;
    }
    let printed = run(limit, Command::new(program).args(args), &input).map_err(|error| {
        io::Error::new(error.kind(), format!("{}: {error}", program.to_string_lossy()))
    })?;
    io::stdout().write_all(&printed)
}

fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    let result = match args.split_first() {
        None => demonstrate(),
        Some((flag, kind)) if flag == "--child" => be_child(kind.first()),
        Some((seconds, program)) => run_program(seconds, program),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
