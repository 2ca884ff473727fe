//! Cases that need a whole process each, its `main` and its end: a program without the test
//! harness, see `support/programs.rs`.

mod anywhere;
#[cfg(unix)]
mod end_of_main;
#[cfg(unix)]
mod exit;
#[cfg(unix)]
mod last_records;
mod support;
#[cfg(windows)]
mod windows;

fn main() -> std::process::ExitCode {
    support::programs::main(&[
        ("anywhere", anywhere::CASES),
        #[cfg(unix)]
        ("end_of_main", end_of_main::CASES),
        #[cfg(unix)]
        ("exit", exit::CASES),
        #[cfg(unix)]
        ("last_records", last_records::CASES),
        #[cfg(windows)]
        ("windows", windows::CASES),
    ])
}
