//! How a process ends that has a reactor: by `main`, by `exit`, beside locks that are held.
//!
//! | the end | jobs | the exit |
//! |---|---|---|
//! | `exit` in the `Drop` of a job, at the end of `main` | | after the grace |
//! | `exit` in a job or in `main` of a `Driver` on the main thread | dropped, but for that which exits | at once |
//! | `main` returns, a `Driver`'s run was polled and forgotten | dropped | at once |
//! | `main` returns while stdout is locked | dropped as far as that goes | after the grace |
//! | ... with handles in thread-locals | dropped before or after | at once |
//!
//! `end_of_main.rs` has the plain ends of `main`, `anywhere.rs` those at which no job is dropped,
//! `last_records.rs` those with a logger, and
//! `tests/aborting` has `panic = "abort"`.

use std::cell::RefCell;
use std::future::{self, Future};
use std::io::{self, Write};
use std::mem;
use std::pin::Pin;
use std::process;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;

use crochet::{Error, EventualResult};
use futures_lite::future::yield_now;

use crate::support::programs::{A_SECOND, AT_ONCE, Case, case, pending, say};
use crate::support::{Gate, LONG, OnDrop, never};

type Job<T = ()> = EventualResult<T, Error>;

pub(crate) const CASES: &[Case] = &[
    Case {
        takes: A_SECOND,
        ..case("exit_in_a_drop_at_the_end_of_main_does_not_hang", exit_in_a_drop, &["main ends"])
    },
    Case {
        status: 9,
        takes: AT_ONCE,
        ..case(
            "exit_in_a_job_of_a_driver_drops_the_others_and_delays_nothing",
            exit_in_a_job_of_a_driver,
            &["exits", "drops begun", "refused", "drops queued"],
        )
    },
    Case {
        status: 10,
        takes: AT_ONCE,
        ..case(
            "exit_in_the_main_of_a_driver_drops_its_jobs_and_delays_nothing",
            exit_in_the_main_of_a_driver,
            &["drops begun", "refused", "drops queued"],
        )
    },
    Case {
        takes: AT_ONCE,
        ..case(
            "the_run_of_a_driver_that_was_forgotten_drops_its_jobs_and_delays_nothing",
            a_forgotten_run,
            &["main ends", "drops begun", "refused", "drops queued"],
        )
    },
    Case {
        takes: A_SECOND,
        ..case(
            "a_driver_on_another_thread_that_is_not_polled_delays_the_exit_by_a_second_and_no_more",
            a_driver_on_another_thread,
            &["main ends"],
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

fn exit_in_a_drop() {
    pending(|| process::exit(8)).detach();
    say("main ends");
}

/// A job that never ends, for a reactor that may not run yet.
fn unsettled(on_drop: impl FnMut() + Send + 'static) -> Job {
    crochet::run_in_reactor(never(OnDrop(on_drop)))
}

/// A job that waits for another one when it is dropped, which is dropped after it on the same
/// thread.
fn begun_and_queued() {
    let (tells, queued) = mpsc::channel::<Job>();
    unsettled(move || {
        say("drops begun");
        let queued = queued.recv().unwrap();
        assert!(matches!(queued.wait(LONG), Err(Error::OnReactorThread)));
        say("refused");
    })
    .detach();
    // Submitted inside a poll, and not begun before that is over.
    unsettled(move || ()).detach();
    let submits = async move || {
        yield_now().await;
        tells.send(unsettled(|| say("drops queued"))).unwrap();
        Ok::<_, Error>(())
    };
    crochet::run_in_reactor(submits).detach();
}

fn exit_in_a_job_of_a_driver() {
    let driver = crochet::no_setup().unwrap();
    begun_and_queued();
    let job: Job = crochet::run_in_reactor(|| async {
        yield_now().await;
        say("exits");
        process::exit(9)
    });
    job.detach();
    let _ = async_io::block_on(driver.run(future::pending::<()>()));
}

/// Polls the run of a driver, in which `begun_and_queued`, until one of its jobs is queued.
fn polled(main: impl Future<Output = ()>) -> Pin<Box<impl Future>> {
    let driver = crochet::no_setup().unwrap();
    begun_and_queued();
    let mut run = Box::pin(driver.run(main));
    while crochet::jobs().iter().all(|job| job.id() < 4) {
        assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    run
}

fn exit_in_the_main_of_a_driver() {
    let mut polls = 0;
    let main = future::poll_fn(|_| {
        polls += 1;
        if polls == 2 { process::exit(10) } else { Poll::Pending }
    });
    let mut run = polled(main);
    let _ = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
}

fn a_forgotten_run() {
    mem::forget(polled(future::pending()));
    say("main ends");
}

fn a_driver_on_another_thread() {
    let driver = crochet::no_setup().unwrap();
    unsettled(|| say("dropped")).detach();
    let polled = Gate::new();
    let polls = polled.clone();
    thread::spawn(move || {
        let mut run = Box::pin(driver.run(future::pending::<()>()));
        assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        polls.open();
        loop {
            thread::park();
        }
    });
    polled.pass();
    say("main ends");
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
