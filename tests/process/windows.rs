//! The end of `main` on Windows: no job is dropped, and nothing is waited for, because the other
//! threads are gone by then. `anywhere.rs` has the guard that drops them before.

use std::process;

use crochet::{Error, EventualResult};

use crate::support::programs::{AT_ONCE, Case, case, hog, pending, say};

type Job<T = ()> = EventualResult<T, Error>;

pub(crate) const CASES: &[Case] = &[
    Case {
        takes: AT_ONCE,
        ..case("jobs_are_not_dropped_at_the_end_of_main", not_dropped, &["main ends"])
    },
    Case {
        status: 3,
        takes: AT_ONCE,
        ..case("jobs_are_not_dropped_at_an_exit_of_main", exits, &["main ends"])
    },
    Case {
        takes: AT_ONCE,
        ..case("a_job_that_holds_the_reactor_delays_nothing", a_hog, &["main ends"])
    },
];

fn not_dropped() {
    pending(|| say("dropped")).detach();
    say("main ends");
}

fn exits() {
    not_dropped();
    process::exit(3);
}

fn a_hog() {
    hog();
    not_dropped_after_it();
}

fn not_dropped_after_it() {
    let job: Job = crochet::run_in_reactor(|| async { Ok(()) });
    job.detach();
    say("main ends");
}
