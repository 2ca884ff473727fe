//! The servers themselves.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::thread;

use crate::server::{Server, program};
use crate::support::{LONG, child_command, limit, test_name, until};

#[test]
fn none_outlives_a_test_process_that_is_killed() {
    const SERVER: &str = "CROCHET_TEST_SERVER";
    if let Ok(wanted) = env::var(SERVER) {
        let _limit = limit(LONG);
        let start = if wanted.starts_with("redis") { Server::redis } else { Server::postgres };
        // On a thread that ends before the process, as a test's does.
        let server = thread::spawn(start).join().unwrap().unwrap();
        if wanted.ends_with("paused") {
            server.pause();
        }
        let processes: Vec<String> = server.processes().iter().map(u32::to_string).collect();
        println!("started {} {}", processes.join(" "), server.folder.0.display());
        loop {
            thread::park();
        }
    }
    if program("redis-server").is_none() || program("postgres").is_none() {
        return;
    }
    for wanted in ["redis", "redis paused", "postgres", "postgres paused"] {
        let _limit = limit(LONG);
        let mut command = child_command(test_name!());
        command.env(SERVER, wanted).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let started = lines.find_map(|line| Some(line.split_once("started ")?.1.to_owned()));
        let started = started.unwrap_or_else(|| panic!("{:?}", child.wait()));
        let (processes, folder) = started.rsplit_once(' ').unwrap();
        // Some of postgres' processes last no longer than the question whether it is ready.
        assert!(processes.split(' ').next().is_some_and(is_running), "{wanted}: {started}");
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));
        until(|| !processes.split(' ').any(is_running));
        // The killed test has left it.
        fs::remove_dir_all(folder).unwrap();
    }
}

/// A process that has ended may still be in the list, where nobody asks for its end: as a zombie.
fn is_running(process: &str) -> bool {
    let status = fs::read_to_string(Path::new("/proc").join(process).join("status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}
