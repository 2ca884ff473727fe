//! The notice of a poll that held the reactor thread for too long. Each test has a process of its
//! own, for the logger.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::{LONG, Log, log, own_process};
use crochet::{Error, EventualResult, Reactor};
use log::Level;

type Job<T = ()> = EventualResult<T, Error>;

const NOTICE: &str = "held the reactor thread for";

/// Blocks the reactor thread for this long; the place is the caller's.
#[track_caller]
fn block(reactor: &Reactor, time: Duration) {
    let job: Job = reactor.run_in_reactor(move || async move {
        thread::sleep(time);
        Ok(())
    });
    job.join(LONG).unwrap();
    // The notice comes before the outcome or after it; the next job comes after both.
    let next: Job = reactor.run_in_reactor(|| async { Ok(()) });
    next.join(LONG).unwrap();
}

fn notices(log: &Log) -> usize {
    log.with(NOTICE).len()
}

#[test]
fn a_slow_poll_is_logged_at_warn_with_the_jobs_place() {
    own_process!();
    let log = log();
    let reactor = Reactor::new().unwrap();
    block(&reactor, Duration::from_millis(120));
    let line = line!() - 1;
    let record = log.wait_for(NOTICE);
    assert_eq!(record.level, Level::Warn);
    let place = format!("the job started at {}:{line} {NOTICE} ", file!());
    assert!(record.text.starts_with(&place), "{}", record.text);
    assert!(!record.text.contains('\n'));
}

#[test]
fn a_slow_poll_of_a_lent_future_is_logged_too() {
    own_process!();
    let log = log();
    let reactor = Reactor::builder().slow_poll(Duration::from_millis(5)).build().unwrap();
    let line = line!() + 1;
    let waited = reactor.wait_for(LONG, async {
        thread::sleep(Duration::from_millis(10));
        Ok::<_, Error>(())
    });
    waited.unwrap();
    let record = log.wait_for(NOTICE);
    let place = format!("{}:{line} ", file!());
    assert!(record.text.contains(&place), "{}", record.text);
}

#[test]
fn by_default_polls_of_less_than_a_tenth_of_a_second_are_not_logged() {
    own_process!();
    let log = log();
    let reactor = Reactor::new().unwrap();
    let mut longest = Duration::ZERO;
    for _ in 0..10 {
        let start = Instant::now();
        block(&reactor, Duration::from_millis(10));
        longest = longest.max(start.elapsed());
    }
    // On a machine that is very busy, one of them may have been slow indeed.
    assert!(notices(log) == 0 || longest >= Duration::from_millis(100), "{longest:?}");
}

#[test]
fn many_short_polls_are_no_slow_one() {
    own_process!();
    let log = log();
    let reactor = Reactor::builder().slow_poll(Duration::from_secs(1)).build().unwrap();
    let job: Job = reactor.run_in_reactor(|| async {
        for _ in 0..60 {
            thread::sleep(Duration::from_millis(20));
            futures_lite::future::yield_now().await;
        }
        Ok(())
    });
    job.join(LONG).unwrap();
    assert_eq!(notices(log), 0);
}

#[test]
fn the_limit_can_be_set() {
    own_process!();
    let log = log();
    let patient = Reactor::builder().slow_poll(Duration::MAX).build().unwrap();
    block(&patient, Duration::from_millis(150));
    assert_eq!(notices(log), 0);
    let strict = Reactor::builder().slow_poll(Duration::from_millis(5)).build().unwrap();
    block(&strict, Duration::from_millis(10));
    assert_eq!(notices(log), 1);
}

#[test]
fn setup_with_sets_it_for_the_global_reactor() {
    own_process!();
    let log = log();
    crochet::setup_with(Reactor::builder().slow_poll(Duration::from_millis(5))).unwrap();
    block(&Reactor::global().unwrap(), Duration::from_millis(10));
    assert_eq!(notices(log), 1);
}

#[test]
fn there_is_at_most_one_notice_a_second() {
    own_process!();
    let log = log();
    let reactor = Reactor::builder().slow_poll(Duration::from_millis(5)).build().unwrap();
    let slow = Duration::from_millis(10);
    let before_first = Instant::now();
    block(&reactor, slow);
    assert_eq!(notices(log), 1);
    while notices(log) == 1 {
        block(&reactor, slow);
    }
    let apart = before_first.elapsed();
    assert!(apart >= Duration::from_secs(1), "{apart:?}");
    assert_eq!(notices(log), 2);
}

#[test]
fn each_reactor_counts_for_itself() {
    own_process!();
    let log = log();
    for _ in 0..2 {
        let reactor = Reactor::builder().slow_poll(Duration::from_millis(5)).build().unwrap();
        block(&reactor, Duration::from_millis(10));
    }
    assert_eq!(notices(log), 2);
}

#[test]
fn a_slow_main_of_a_driver_is_logged_with_the_place_of_no_setup() {
    own_process!();
    let log = log();
    let driver = crochet::no_setup().unwrap();
    let line = line!() - 1;
    let main = async { thread::sleep(Duration::from_millis(120)) };
    async_io::block_on(driver.run(main)).unwrap();
    let record = log.wait_for(NOTICE);
    assert!(record.text.contains(&format!("{}:{line} ", file!())), "{}", record.text);
}
