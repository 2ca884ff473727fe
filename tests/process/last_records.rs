//! What jobs and others log until the end of `main`, with a `BackgroundLogger`: it is written, in
//! order, and a logger that fails or hangs does not keep the process.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crochet::BackgroundLogger;
use log::{Log, Metadata, Record};

use crate::support::LONG;
use crate::support::fork::{fork, status_of};
use crate::support::programs::{A_SECOND, Case, case, in_job, pending, say};

pub(crate) const CASES: &[Case] = &[
    case(
        "what_jobs_log_when_they_are_dropped_at_the_end_is_written_in_order",
        || {
            install(SlowLogger { pause: Duration::from_millis(10) });
            logs_at_the_end();
        },
        &["in main", "in a job", "drops 0", "drops 1", "drops 2", "flushed"],
    ),
    case(
        "records_that_wait_at_the_end_are_written_though_another_thread_started_the_reactor",
        logs_without_a_reactor_of_main,
        &["0", "1", "2", "flushed"],
    ),
    Case {
        takes: A_SECOND,
        ..case(
            "a_logger_that_never_returns_delays_the_exit_by_a_second_and_no_more",
            || {
                install(SlowLogger { pause: LONG });
                in_a_job("never written");
            },
            &[],
        )
    },
    Case {
        takes: A_SECOND,
        ..case(
            "a_flush_that_never_returns_delays_the_exit_by_a_second_and_no_more",
            a_flush_that_hangs,
            &["written"],
        )
    },
    case(
        "a_logger_that_panics_at_the_end_loses_that_record_only",
        a_logger_that_panics,
        &["before", "after"],
    ),
    case("forked_children_do_not_wait_for_the_thread_that_is_their_parents", forks, &["main ends"]),
    case(
        "a_buffer_in_the_logger_is_flushed_though_no_job_logged",
        a_buffered_logger,
        &["buffered"],
    ),
];

/// Writes to stdout, slowly.
struct SlowLogger {
    pause: Duration,
}

impl Log for SlowLogger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        thread::sleep(self.pause);
        say(&record.args().to_string());
    }

    fn flush(&self) {
        say("flushed");
    }
}

fn install(logger: impl Log + 'static) {
    log::set_max_level(log::LevelFilter::Info);
    log::set_boxed_logger(Box::new(BackgroundLogger::new(logger))).unwrap();
}

fn in_a_job(text: &'static str) {
    in_job(move || log::info!("{text}"));
}

fn logs_at_the_end() {
    log::info!("in main");
    in_a_job("in a job");
    for i in 0..3 {
        pending(move || log::info!("drops {i}")).detach();
    }
}

fn logs_without_a_reactor_of_main() {
    // The logger is main's own, so it is looked after at the end; the reactor is not.
    install(SlowLogger { pause: Duration::from_millis(20) });
    thread::spawn(|| ["0", "1", "2"].into_iter().for_each(in_a_job)).join().unwrap();
}

fn a_flush_that_hangs() {
    struct Hangs;
    impl Log for Hangs {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            say(&record.args().to_string());
        }
        fn flush(&self) {
            thread::sleep(LONG);
        }
    }
    install(Hangs);
    in_a_job("written");
}

fn a_logger_that_panics() {
    struct Panics;
    impl Log for Panics {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            let text = record.args().to_string();
            assert_ne!(text, "bad", "on purpose");
            say(&text);
        }
        fn flush(&self) {
            panic!("on purpose");
        }
    }
    install(Panics);
    for text in ["before", "bad", "after"] {
        pending(move || log::info!("{text}")).detach();
    }
}

fn forks() {
    /// Logs itself, which takes the thread even where there is no reactor.
    struct Chatty;
    impl Log for Chatty {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            log::info!("about {}", record.args());
        }
        fn flush(&self) {}
    }
    // So many that the delay of a second for each would be noticed.
    const FORKS: usize = 12;

    install(Chatty);
    log::info!("this");
    log::logger().flush();
    for _ in 0..FORKS {
        let pid = fork();
        if pid == 0 {
            return;
        }
        assert_eq!(status_of(pid), 0);
    }
    say("main ends");
}

fn a_buffered_logger() {
    struct Buffered(Mutex<Vec<String>>);
    impl Log for Buffered {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            self.0.lock().unwrap().push(record.args().to_string());
        }
        fn flush(&self) {
            self.0.lock().unwrap().drain(..).for_each(|text| say(&text));
        }
    }
    install(Buffered(Mutex::default()));
    log::info!("buffered");
}
