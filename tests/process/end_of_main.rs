//! The end of `main`: the global reactor that was started there drops its jobs, and the exit waits
//! a second for that at most.
//!
//! `exit.rs` has the other ways for a process to end, `anywhere.rs` those that are the same without
//! Unix, and those with a guard.

use std::cell::RefCell;
use std::future;
use std::mem;
use std::process;
use std::thread;
use std::time::Duration;

use crochet::{Error, EventualResult, Reactor};

use crate::support::fork::{fork, status_of};
use crate::support::programs::{A_SECOND, AT_ONCE, Case, case, hog, say, settle};
use crate::support::{Gate, LONG, never};

type Job<T = ()> = EventualResult<T, Error>;

pub(crate) const CASES: &[Case] = &[
    case(
        "jobs_are_dropped_in_order_and_what_they_print_appears",
        jobs_are_dropped_in_order,
        &["main ends", "drops 0", "drops 1", "drops 2", "drops 3"],
    ),
    case("the_first_job_is_a_start_as_good_as_setup", || pending("lazy").detach(), &["drops lazy"]),
    case(
        "a_second_reactor_of_the_process_is_stopped_as_the_first",
        a_second_reactor,
        &["drops first", "drops second"],
    ),
    Case {
        status: 3,
        ..case("exit_does_the_same_as_the_end_of_main", exit_on_the_main_thread, &["drops exit"])
    },
    Case {
        status: 101,
        ..case("a_panic_of_main_does_the_same_as_its_end", panic_in_main, &["drops panic"])
    },
    case(
        "exit_handlers_of_the_c_library_run_after_the_jobs_are_dropped",
        exit_handler,
        &["drops before", "exit handler"],
    ),
    Case {
        takes: A_SECOND,
        ..case(
            "a_job_that_holds_the_reactor_delays_the_exit_by_a_second_and_no_more",
            a_hog,
            &["main ends"],
        )
    },
    Case {
        takes: (Duration::from_millis(300), Duration::from_secs(10)),
        ..case("a_drop_that_takes_its_time_is_waited_for", a_slow_drop, &["slow", "drops after"])
    },
    case(
        "waiters_in_other_threads_get_reactor_stopped",
        waiters,
        &["the reactor has stopped", "the reactor has stopped"],
    ),
    case(
        "a_drop_at_the_end_starts_no_fresh_reactor",
        a_drop_that_starts_jobs,
        &["the reactor has stopped", "drops after"],
    ),
    Case {
        takes: AT_ONCE,
        ..case(
            "a_reactor_that_the_end_of_main_does_not_stop_drops_nothing_and_delays_nothing",
            not_stopped,
            &["drops first", "main ends"],
        )
    },
    case(
        "a_reactor_after_one_that_the_end_of_main_does_not_stop_is_stopped",
        stopped_after_one_that_is_not,
        &["drops first", "main ends", "drops second"],
    ),
    case(
        "a_driver_that_was_forgotten_drops_its_jobs_and_delays_nothing",
        a_forgotten_driver,
        &["main ends", "drops queued"],
    ),
    case(
        "a_thread_local_of_main_may_still_use_the_crate",
        a_late_thread_local,
        &["drops job", "no hang"],
    ),
    case(
        "a_forked_child_that_returns_from_main_drops_and_delays_nothing",
        a_fork,
        &["child ends", "parent ends", "drops parent's"],
    ),
];

struct SayOnDrop(String);

impl Drop for SayOnDrop {
    fn drop(&mut self) {
        say(&format!("drops {}", self.0));
    }
}

/// A job that never ends, and says so when it is dropped.
fn pending(name: impl Into<String>) -> Job {
    keeper(SayOnDrop(name.into()))
}

fn keeper(guard: impl Send + 'static) -> Job {
    crochet::run_in_reactor(never(guard))
}

fn jobs_are_dropped_in_order() {
    crochet::setup().unwrap();
    for i in 0..4 {
        pending(i.to_string()).detach();
        if i == 1 {
            settle();
        }
    }
    say("main ends");
}

fn a_second_reactor() {
    pending("first").detach();
    settle();
    crochet::shutdown(LONG).unwrap();
    pending("second").detach();
}

fn exit_on_the_main_thread() {
    pending("exit").detach();
    settle();
    process::exit(3);
}

fn panic_in_main() {
    pending("panic").detach();
    settle();
    panic!("main panics");
}

fn exit_handler() {
    extern "C" fn handler() {
        let text = b"exit handler\n";
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: the pointer is to as many bytes as it says.
        let written = unsafe { libc::write(1, text.as_ptr().cast(), text.len()) };
        assert_eq!(usize::try_from(written), Ok(text.len()));
    }

    pending("before").detach();
    settle();
    // Registered last, so that it would run before a handler of the crate's.
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: the handler lives as long as the program.
    let error = unsafe { libc::atexit(handler) };
    assert_eq!(error, 0);
}

fn a_hog() {
    hog();
    // In the queue behind it, for ever.
    pending("never").detach();
    say("main ends");
}

fn a_slow_drop() {
    struct Slow;
    impl Drop for Slow {
        fn drop(&mut self) {
            thread::sleep(Duration::from_millis(300));
            say("slow");
        }
    }
    keeper(Slow).detach();
    pending("after").detach();
}

fn waiters() {
    // The reactor ends with the drop of this job's guard, which waits for what the waiters say.
    struct PassOnDrop([Gate; 2]);
    impl Drop for PassOnDrop {
        fn drop(&mut self) {
            self.0.iter().for_each(Gate::pass);
        }
    }

    crochet::setup().unwrap();
    let started = Gate::new();
    let said = [Gate::new(), Gate::new()];
    let job = keeper(());
    thread::spawn({
        let said = said[0].clone();
        move || {
            say(&job.wait(Duration::MAX).unwrap_err().to_string());
            said.open();
        }
    });
    thread::spawn({
        let (started, said) = (started.clone(), said[1].clone());
        move || {
            let waited: Result<(), Error> = crochet::wait_for(Duration::MAX, async {
                started.open();
                future::pending().await
            });
            say(&waited.unwrap_err().to_string());
            said.open();
        }
    });
    started.pass();
    keeper(PassOnDrop(said)).detach();
    settle();
}

fn a_drop_that_starts_jobs() {
    struct Starts;
    impl Drop for Starts {
        fn drop(&mut self) {
            let job: Job = crochet::run_in_reactor(|| async { Ok(()) });
            say(&job.try_wait().unwrap().unwrap_err().to_string());
        }
    }
    keeper(Starts).detach();
    pending("after").detach();
}

fn not_stopped() {
    // One that was to be stopped comes first: the end of `main` is armed.
    pending("first").detach();
    crochet::shutdown(LONG).unwrap();
    crochet::setup_with(Reactor::builder().end_of_main(false)).unwrap();
    pending("second").detach();
    hog();
    say("main ends");
}

fn stopped_after_one_that_is_not() {
    crochet::setup_with(Reactor::builder().end_of_main(false)).unwrap();
    pending("first").detach();
    crochet::shutdown(LONG).unwrap();
    pending("second").detach();
    say("main ends");
}

fn a_forgotten_driver() {
    mem::forget(crochet::no_setup().unwrap());
    pending("queued").detach();
    say("main ends");
}

fn a_late_thread_local() {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            // The reactor has stopped by now, or does so later; either is an answer.
            let handle = Reactor::global();
            let job: Job = crochet::run_in_reactor(|| async { Ok(()) });
            let waited = crochet::wait_for(Duration::from_secs(5), async { Ok::<_, Error>(()) });
            drop((handle, job.wait(Duration::from_secs(5)).is_ok(), waited));
            say("no hang");
        }
    }
    thread_local!(static LATE: RefCell<Option<Late>> = const { RefCell::new(None) });

    LATE.with(|late| late.replace(Some(Late)));
    pending("job").detach();
}

fn a_fork() {
    // So many that the delay of a second for each would be noticed.
    const FORKS: usize = 12;

    pending("parent's").detach();
    settle();
    for i in 0..FORKS {
        let pid = fork();
        if pid == 0 {
            return if i == 0 {
                say("child ends")
            };
        }
        assert_eq!(status_of(pid), 0);
    }
    say("parent ends");
}
