//! How a process ends that has a reactor, or none: by `main`, by `exit` from anywhere, beside locks
//! that are held.
//!
//! | the end | jobs | the exit |
//! |---|---|---|
//! | `main` returns, no reactor was ever started | | at once |
//! | `exit` on another thread, in a job | not dropped: the main thread does not end | at once |
//! | `exit` in the `Drop` of a job, at the end of `main` | | after the grace |
//! | `exit` in a job of a `Driver` on the main thread | | after the grace at the latest |
//! | `main` returns while stdout is locked | dropped as far as that goes | after the grace |
//! | ... with handles in thread-locals | dropped before or after | at once |
//!
//! `end_of_main.rs` has the plain ends of `main`, `last_records.rs` those with a logger, and
//! `tests/aborting` has `panic = "abort"`.

use std::cell::RefCell;
use std::future;
use std::io::{self, Write};
use std::mem;
use std::process;
use std::thread;
use std::time::Duration;

use crochet::{Error, EventualResult};

use crate::support::programs::{A_SECOND, Case, case, hog, pending, say};
use crate::support::{Gate, LONG, OnDrop};

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
    Case {
        takes: A_SECOND,
        ..case("exit_in_a_drop_at_the_end_of_main_does_not_hang", exit_in_a_drop, &["main ends"])
    },
    Case {
        status: 9,
        takes: (Duration::ZERO, Duration::from_secs(4)),
        ..case(
            "exit_in_a_job_on_the_main_thread_of_a_driver_does_not_hang",
            exit_in_a_driver,
            &["exits"],
        )
    },
    Case {
        takes: A_SECOND,
        ..case(
            "a_stdout_lock_that_another_thread_keeps_delays_the_exit_by_a_second_and_no_more",
            stdout_locked_elsewhere,
            &["main ends"],
        )
    },
    Case {
        takes: A_SECOND,
        ..case(
            "a_stdout_lock_that_main_never_gives_back_delays_the_exit_by_a_second_and_no_more",
            stdout_locked_by_main,
            &["main ends"],
        )
    },
    case("what_a_drop_prints_appears_without_a_newline_too", prints_without_newline, &["one two"]),
    case(
        "a_handle_in_a_thread_local_of_main_may_go_after_the_reactor",
        a_handle_in_a_thread_local,
        &["drops its job", "its handle goes", "the reactor has stopped"],
    ),
    case(
        "a_driver_in_a_thread_local_of_main_drops_its_jobs",
        a_driver_in_a_thread_local,
        &["main ends", "drops queued"],
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

fn exit_in_a_drop() {
    pending(|| process::exit(8)).detach();
    say("main ends");
}

fn exit_in_a_driver() {
    let driver = crochet::no_setup().unwrap();
    let job: Job = crochet::run_in_reactor(|| async {
        say("exits");
        process::exit(9)
    });
    job.detach();
    let _ = async_io::block_on(driver.run(future::pending::<()>()));
}

/// A job whose drop needs the lock, and another one, which is never dropped.
fn print_on_drop() {
    pending(|| println!("never printed")).detach();
}

fn stdout_locked_elsewhere() {
    print_on_drop();
    let locked = Gate::new();
    let locks = locked.clone();
    thread::spawn(move || {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "main ends").unwrap();
        locks.open();
        loop {
            thread::park();
        }
    });
    locked.pass();
}

fn stdout_locked_by_main() {
    print_on_drop();
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "main ends").unwrap();
    mem::forget(stdout);
}

fn prints_without_newline() {
    pending(|| print!("one ")).detach();
    pending(|| print!("two")).detach();
}

fn a_handle_in_a_thread_local() {
    struct Handle(Job);
    impl Drop for Handle {
        fn drop(&mut self) {
            say("its handle goes");
            say(&self.0.wait(LONG).unwrap_err().to_string());
        }
    }
    thread_local!(static KEPT: RefCell<Option<Handle>> = const { RefCell::new(None) });

    // Thread-locals go in reverse order, so this one goes after the crate's.
    KEPT.with(|kept| assert!(kept.borrow().is_none()));
    let job = pending(|| say("drops its job"));
    KEPT.with(|kept| kept.replace(Some(Handle(job))));
}

fn a_driver_in_a_thread_local() {
    thread_local! {
        static KEPT: RefCell<Option<crochet::Driver>> = const { RefCell::new(None) };
    }
    let driver = crochet::no_setup().unwrap();
    let guard = OnDrop(|| say("drops queued"));
    let job: Job = crochet::run_in_reactor(move || async move {
        let _guard = guard;
        Ok(())
    });
    job.detach();
    KEPT.with(|kept| kept.replace(Some(driver)));
    say("main ends");
}
