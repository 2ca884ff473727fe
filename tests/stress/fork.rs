//! Forks in the middle of what other threads do.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{process, thread};

use crochet::{BackgroundLogger, Error, Reactor};
use log::{Log, Metadata, Record};

use crate::support::fork::{check_functions, in_fork, works};
use crate::support::{Gate, LONG, info, limit, own_process};

#[test]
fn forks_in_the_middle_of_other_threads_calls_are_refused_at_once() {
    own_process!();
    let parent = process::id();
    works();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    works();
                    let own = Reactor::new().unwrap();
                    own.run_in_reactor(|| async { Ok::<_, Error>(()) }).detach();
                }
            });
        }
        let forks = catch_unwind(|| {
            for _ in 0..50 {
                in_fork(|| check_functions(parent));
            }
        });
        stop.store(true, Ordering::Relaxed);
        forks.unwrap();
    });
    works();
}

#[test]
fn forks_in_the_middle_of_other_threads_records_write_theirs() {
    own_process!();
    struct Busy;
    impl Log for Busy {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, _: &Record<'_>) {
            thread::sleep(Duration::from_micros(50));
        }
        fn flush(&self) {}
    }

    let _limit = limit(LONG * 5);
    let (logger, stop) = (BackgroundLogger::new(Busy), Gate::new());
    let reactor = Reactor::new().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.is_open() {
                    let job = async {
                        info(&logger, "job");
                        Ok::<_, Error>(())
                    };
                    reactor.wait_for(LONG, job).unwrap();
                    info(&logger, "thread");
                }
            });
        }
        let stop = stop.open_on_drop();
        for _ in 0..50 {
            in_fork(|| {
                info(&logger, "child");
                logger.flush();
            });
        }
        drop(stop);
    });
}
