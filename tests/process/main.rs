//! Cases that need a whole process each, its `main` and its end: a program without the test
//! harness, see `support/programs.rs`.

#[cfg(unix)]
mod end_of_main;
#[cfg(unix)]
mod exit;
#[cfg(unix)]
mod last_records;
#[cfg(unix)]
mod support;

#[cfg(not(unix))]
fn main() {
    println!("the end of `main` is nothing special here");
}

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    support::programs::main(&[
        ("end_of_main", end_of_main::CASES),
        ("exit", exit::CASES),
        ("last_records", last_records::CASES),
    ])
}
