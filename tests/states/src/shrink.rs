//! Runs cases in a process of their own, and makes one that fails smaller.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::script::{self, Draw};

/// How long making a case smaller may take.
const SHRINK: Duration = Duration::from_secs(120);
/// How often a smaller case is tried before it counts as one that passes.
const TIMES: u32 = 200;

/// Runs cases for that time. On a failure, prints the smallest case it has found.
pub(crate) fn fuzz(time: Duration, seed: u64, forks: bool) -> ExitCode {
    println!("seed {seed}, {} s", time.as_secs());
    let arguments =
        ["--cases".to_owned(), seed.to_string(), "--time".to_owned(), time.as_secs().to_string()];
    let mut child = command(&arguments, forks)
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts once more");
    let output = child.stdout.take().expect("it is piped");
    let (mut last, mut cases) = (seed, 0_u64);
    for line in BufReader::new(output).lines() {
        let line = line.expect("what it prints is text");
        if let Some(case) = line.strip_prefix("case ") {
            last = case.parse().expect("a case is a number");
            cases += 1;
        }
    }
    if child.wait().expect("it ends").success() {
        println!("{cases} cases passed");
        return ExitCode::SUCCESS;
    }
    println!("\ncase {last} failed, the {cases}th");
    shrink(last, forks);
    ExitCode::FAILURE
}

fn shrink(seed: u64, forks: bool) {
    let end = Instant::now() + SHRINK;
    let all: Vec<usize> = (0..script::count(seed, forks)).collect();
    let mut skip = BTreeSet::new();
    if !fails(seed, &skip, forks) {
        println!("it has not failed again in {TIMES} runs: how its threads meet matters");
    } else {
        // First large pieces, then small ones.
        let mut piece = all.len() / 2;
        while piece > 0 && Instant::now() < end {
            for candidate in all.chunks(piece) {
                let mut smaller = skip.clone();
                smaller.extend(candidate);
                if smaller.len() > skip.len()
                    && Instant::now() < end
                    && fails(seed, &smaller, forks)
                {
                    skip = smaller;
                }
            }
            piece /= 2;
        }
    }
    println!("{}", Draw::script(seed, &skip, forks));
    let list: Vec<String> = skip.iter().map(ToString::to_string).collect();
    println!(
        "run it again: crochet-states --case {seed} --times {TIMES} --skip {}",
        list.join(",")
    );
}

fn fails(seed: u64, skip: &BTreeSet<usize>, forks: bool) -> bool {
    let list: Vec<String> = skip.iter().map(ToString::to_string).collect();
    let arguments =
        ["--case", &seed.to_string(), "--times", &TIMES.to_string(), "--skip", &list.join(",")];
    let status = command(&arguments.map(str::to_owned), forks)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    !status.expect("this program starts once more").success()
}

fn command(arguments: &[String], forks: bool) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    command.args(arguments);
    if !forks {
        command.arg("--no-fork");
    }
    command
}
