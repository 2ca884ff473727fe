//! Ends of a process that are the same on every system: those at which no job is dropped, and those
//! at which the program drops them itself, by a guard or a shutdown.
//!
//! | the end | jobs | the exit |
//! |---|---|---|
//! | `main` returns, no reactor was ever started | | at once |
//! | ... another thread started the reactor | not dropped | at once |
//! | ... after a shutdown | dropped by that | at once |
//! | ... or panics, with a guard | dropped by the guard | after the guard's grace, at most |
//! | `exit` on another thread, in a job | not dropped | at once |

use std::future;
use std::process;
use std::thread;
use std::time::Duration;

use crochet::{BackgroundLogger, Error, EventualResult};
use log::{Log, Metadata, Record};

use crate::support::programs::{A_SECOND, Case, case, hog, pending, say};
use crate::support::{LONG, OnDrop};

type Job<T = ()> = EventualResult<T, Error>;

pub(crate) const CASES: &[Case] = &[
    case(
        "a_process_that_never_starts_a_reactor_just_ends",
        || {
            crochet::shutdown(LONG).unwrap();
            say("main ends");
        },
        &["main ends"],
    ),
    Case {
        status: 4,
        ..case("exit_on_another_thread_is_not_held_up_by_jobs", exit_on_another_thread, &[])
    },
    Case {
        status: 5,
        ..case(
            "exit_on_another_thread_is_not_held_up_by_a_job_that_holds_the_reactor",
            exit_beside_a_hog,
            &[],
        )
    },
    Case {
        status: 6,
        ..case("exit_in_a_job_ends_the_process_though_main_waits_for_it", exit_in_a_job, &[])
    },
    Case {
        status: 7,
        ..case("exit_in_a_job_beside_a_busy_main_ends_the_process", exit_beside_a_storm, &[])
    },
    case("a_shutdown_before_leaves_nothing_to_do", shutdown_before, &["drops early", "main ends"]),
    case(
        "a_guard_stops_a_reactor_that_another_thread_has_started",
        a_guard,
        &["drops other's", "main's value goes", "main ends"],
    ),
    Case {
        status: 101,
        ..case("a_guard_stops_the_reactor_when_main_panics", a_guard_in_a_panic, &["drops other's"])
    },
    Case {
        takes: A_SECOND,
        ..case(
            "a_guard_waits_a_second_for_a_job_that_holds_the_reactor_and_no_more",
            a_guard_and_a_hog,
            &["main ends"],
        )
    },
    case(
        "a_reactor_started_by_another_thread_delays_nothing",
        started_by_another_thread,
        &["main ends"],
    ),
    case(
        "with_a_guard_and_a_flush_all_is_written_that_jobs_log_when_they_are_dropped",
        a_guard_and_a_flush,
        &["in main", "drops 0", "drops 1", "main ends"],
    ),
];

fn exit_on_another_thread() {
    pending(|| say("dropped")).detach();
    thread::spawn(|| process::exit(4));
    let _: Result<(), Error> = crochet::wait_for(Duration::MAX, future::pending());
}

fn exit_beside_a_hog() {
    hog();
    thread::spawn(|| process::exit(5));
    let _: Result<(), Error> = crochet::wait_for(Duration::MAX, future::pending());
}

fn exit_in_a_job() {
    pending(|| ()).detach();
    let job: Job = crochet::run_in_reactor(|| async { process::exit(6) });
    let _ = job.wait(Duration::MAX);
    // The thread that exits may be done with its jobs before the process is gone.
    loop {
        thread::park();
    }
}

fn exit_beside_a_storm() {
    let after = |jobs: usize| async move {
        if jobs == 500 {
            process::exit(7)
        }
    };
    for i in 0.. {
        let job: Job = crochet::run_in_reactor(move || async move {
            after(i).await;
            Ok(())
        });
        job.detach();
        let _: Result<(), Error> = crochet::wait_for(Duration::ZERO, async { Ok(()) });
    }
}

fn shutdown_before() {
    pending(|| say("drops early")).detach();
    crochet::shutdown(LONG).unwrap();
    say("main ends");
}

/// Has another thread start the reactor, so that the end of `main` does nothing.
fn start_elsewhere() {
    thread::spawn(|| pending(|| say("drops other's")).detach()).join().unwrap();
}

fn a_guard() {
    {
        let _value = OnDrop(|| say("main's value goes"));
        let _crochet = crochet::guard();
        start_elsewhere();
    }
    // Without a reactor it does nothing.
    drop(crochet::guard());
    say("main ends");
}

fn a_guard_in_a_panic() {
    let _crochet = crochet::guard();
    start_elsewhere();
    panic!("of main");
}

fn a_guard_and_a_hog() {
    {
        let _crochet = crochet::guard();
        thread::spawn(hog).join().unwrap();
    }
    say("main ends");
}

fn started_by_another_thread() {
    thread::spawn(|| {
        crochet::setup().unwrap();
        hog();
    })
    .join()
    .unwrap();
    say("main ends");
}

/// Writes to stdout, slowly.
struct SlowLogger;

impl Log for SlowLogger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        thread::sleep(Duration::from_millis(20));
        say(&record.args().to_string());
    }

    fn flush(&self) {}
}

fn a_guard_and_a_flush() {
    log::set_max_level(log::LevelFilter::Info);
    log::set_boxed_logger(Box::new(BackgroundLogger::new(SlowLogger))).unwrap();
    {
        // Dropped after the guard, which is declared later.
        let _flush = OnDrop(|| log::logger().flush());
        let _crochet = crochet::guard();
        log::info!("in main");
        for i in 0..2 {
            pending(move || log::info!("drops {i}")).detach();
        }
    }
    say("main ends");
}
