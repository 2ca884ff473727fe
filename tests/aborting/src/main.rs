//! A program for `panic = "abort"`: works, or panics somewhere, as its argument says.

use std::env;
use std::future;
use std::thread;
use std::time::Duration;

use crochet::{Error, EventualResult};

const LONG: Duration = Duration::from_secs(60);

type Job<T = ()> = EventualResult<T, Error>;

struct SayOnDrop;

impl Drop for SayOnDrop {
    fn drop(&mut self) {
        println!("drops its job");
    }
}

fn pending_job() {
    let guard = SayOnDrop;
    let job: Job = crochet::run_in_reactor(move || async move {
        let _guard = guard;
        future::pending().await
    });
    job.detach();
    let five: Result<_, Error> = crochet::wait_for(LONG, async { Ok(5) });
    println!("{}", five.unwrap());
}

fn hold_the_reactor() {
    let (holds, held) = std::sync::mpsc::channel();
    let job: Job = crochet::run_in_reactor(move || async move {
        holds.send(()).unwrap();
        thread::sleep(LONG);
        Ok(())
    });
    held.recv().unwrap();
    job.detach();
}

fn main() {
    pending_job();
    match env::args().nth(1).as_deref() {
        Some("work") => {
            let job: Job<_> = crochet::run_in_reactor(|| async { Ok(6) });
            println!("{}", job.join(LONG).unwrap());
            crochet::shutdown(LONG).unwrap();
            pending_job();
            println!("main ends");
        }
        Some("job") => {
            let job: Job = crochet::run_in_reactor(|| async { panic!("in a job") });
            let _ = job.wait(Duration::MAX);
        }
        Some("wait_for") => {
            let _: Result<(), Error> =
                crochet::wait_for(Duration::MAX, async { panic!("in a lent future") });
        }
        Some("main") => {
            hold_the_reactor();
            panic!("in main");
        }
        Some("thread") => {
            let _ = thread::spawn(|| panic!("in a thread")).join();
            let _: Result<(), Error> = crochet::wait_for(Duration::MAX, future::pending());
        }
        _ => panic!("usage: crochet-aborting work|job|wait_for|main|thread"),
    }
}
