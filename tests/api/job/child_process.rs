//! Child processes in jobs, with async-process: what they print, how they end, and that none is
//! left as a zombie. Each test has a process of its own, whose children it can count.

use std::fs;
use std::process;
use std::time::{Duration, Instant};

use crate::support::{LONG, own_process, until};
use async_process::{Command, Stdio};
use crochet::{Error, Reactor};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

/// The children of this process, zombies included.
fn children() -> Vec<String> {
    let parent = process::id().to_string();
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc").unwrap() {
        // Many are no processes, and some have ended since.
        let stat = fs::read_to_string(entry.unwrap().path().join("stat")).unwrap_or_default();
        // pid (name) state ppid ...
        let Some((before, after)) = stat.rsplit_once(") ") else { continue };
        if after.split(' ').nth(1) == Some(&parent) {
            children.push(before.to_owned());
        }
    }
    children
}

fn sleeper() -> Command {
    let mut command = Command::new("sleep");
    command.arg("600").stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// A child that never ends, and says when it is there.
async fn wait_for_sleeper() -> Result<(), Error<std::io::Error>> {
    let status = sleeper().spawn().map_err(Error::Job)?.status().await;
    Err(Error::Job(std::io::Error::other(format!("it ended: {status:?}"))))
}

#[test]
fn a_job_runs_children_and_sees_how_they_end() {
    own_process!();
    let output = crochet::wait_for(LONG, async {
        Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]).output().await
    });
    let output = output.unwrap();
    assert_eq!((&*output.stdout, &*output.stderr), (&b"out\n"[..], &b"err\n"[..]));
    assert_eq!(output.status.code(), Some(3));

    let echoed = crochet::wait_for(LONG, async {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (mut to, mut from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        to.write_all(b"there and back").await?;
        drop(to);
        let mut text = String::new();
        from.read_to_string(&mut text).await?;
        assert!(child.status().await?.success());
        std::io::Result::Ok(text)
    });
    assert_eq!(echoed.unwrap(), "there and back");
    until(|| children().is_empty());
}

#[test]
fn many_children_at_once_leave_no_zombie() {
    own_process!();
    let jobs: Vec<_> = (0..20)
        .map(|i| {
            crochet::run_in_reactor(move || async move {
                let code = i.to_string();
                Command::new("sh").args(["-c", "exit $0", &code]).status().await
            })
        })
        .collect();
    for (i, job) in jobs.into_iter().enumerate() {
        assert_eq!(job.join(LONG).unwrap().code(), Some(i32::try_from(i).unwrap()));
    }
    until(|| children().is_empty());
}

#[test]
fn a_child_dies_with_the_wait_that_timed_out_and_leaves_no_zombie() {
    own_process!();
    let start = Instant::now();
    let late =
        crochet::wait_for(Duration::from_millis(200), async { sleeper().spawn()?.status().await });
    assert_eq!(late.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    until(|| children().is_empty());
    assert!(start.elapsed() < LONG);
}

#[test]
fn a_child_dies_with_its_job_that_is_cancelled_and_leaves_no_zombie() {
    own_process!();
    let job = crochet::run_in_reactor(wait_for_sleeper);
    until(|| children().len() == 1);
    job.cancel();
    assert!(job.wait(LONG).unwrap_err().is_cancelled());
    until(|| children().is_empty());
}

#[test]
fn children_die_with_their_reactor_and_leave_no_zombie() {
    own_process!();
    let own = Reactor::new().unwrap();
    let jobs: Vec<_> = (0..5).map(|_| own.run_in_reactor(wait_for_sleeper)).collect();
    until(|| children().len() == 5);
    own.shutdown(LONG).unwrap();
    for job in &jobs {
        assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
    }
    // No thread drives a reactor any more; async-process reaps its children all the same.
    until(|| children().is_empty());
}

#[test]
fn a_child_whose_handle_is_dropped_runs_on_and_leaves_no_zombie() {
    own_process!();
    let spawn = async {
        drop(Command::new("sleep").arg("0.3").spawn()?);
        std::io::Result::Ok(())
    };
    crochet::wait_for(LONG, spawn).unwrap();
    assert_eq!(children().len(), 1);
    until(|| children().is_empty());
}
