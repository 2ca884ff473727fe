//! Putting results away by `stash`, and getting them back. Those with a time to live are in
//! `stash_for.rs`.
//!
//! | | queued, running, waiting | done: ok, err, panicked | cancelled, stopped |
//! |---|---|---|---|
//! | `stash` | runs on | keeps it | keeps it |
//! | `retrieve_result`, first | the handle | the handle | the handle |
//! | … with other types | `WrongType`, stays | `WrongType`, stays | `WrongType`, stays |
//! | … second, or no such id | `Unknown` | `Unknown` | `Unknown` |
//! | `stash_as`, a free id | as `stash` | as `stash` | as `stash` |
//! | … an id in use | the handle | the handle | the handle |

use std::cell::Cell;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use crochet::{Error, EventualResult, Reactor, ResultId, RetrieveError, retrieve_result};

use crate::support::{Gate, LONG, endless, held, limit, log, settle};

fn ready(reactor: &Reactor, value: u32) -> EventualResult<u32> {
    reactor.run_in_reactor(move || async move { Ok(value) })
}

#[test]
fn an_id_is_32_hexadecimal_digits_and_can_be_read_back() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for value in 0..100 {
        let id = ready(&reactor, value).stash();
        let cookie = id.to_string();
        assert_eq!(cookie.len(), 32, "{cookie}");
        assert!(
            cookie.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
            "{cookie}"
        );
        let read: ResultId = cookie.parse().unwrap();
        assert_eq!(read, id);
        let job = retrieve_result::<u32, Error>(read).unwrap();
        assert_eq!(job.into_result(LONG).unwrap(), value);
    }
}

#[test]
fn what_is_no_id_is_not_read_as_one() {
    let valid = "0123456789abcdef0123456789abcdef";
    assert_eq!(valid.parse::<ResultId>().unwrap().to_string(), valid);
    let wrong = [
        String::new(),
        valid[1..].to_owned(),
        format!("{valid}0"),
        format!(" {}", &valid[1..]),
        format!("{}\n", &valid[1..]),
        format!("+{}", &valid[1..]),
        format!("-{}", &valid[1..]),
        format!("0x{}", &valid[2..]),
        format!("{}g", &valid[1..]),
        format!("{}_", &valid[1..]),
        "é".repeat(16),
        "٣".repeat(16),
    ];
    for text in wrong {
        let error = text.parse::<ResultId>().expect_err(&text);
        assert_eq!(error.to_string(), "a result id has 32 hexadecimal digits");
    }
}

#[test]
fn ids_are_copied_compared_hashed_and_ordered() {
    fn is_key<T: Copy + Ord + Hash + Send + Sync + 'static>() {}
    is_key::<ResultId>();
    let [low, high]: [ResultId; 2] =
        ["00000000000000000000000000000001", "f0000000000000000000000000000000"]
            .map(|text| text.parse().unwrap());
    let copy = low;
    assert_eq!(copy, low);
    assert!(low < high);
    assert_eq!(HashSet::from([low, high, copy]).len(), 2);
    assert_eq!(BTreeSet::from([high, low]).first(), Some(&low));
}

#[test]
fn ids_differ_in_every_digit() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let ids: Vec<_> = (0..500).map(|value| ready(&reactor, value).stash()).collect();
    assert_eq!(HashSet::<ResultId>::from_iter(ids.iter().copied()).len(), 500);
    let texts: Vec<_> = ids.iter().map(ToString::to_string).collect();
    for digit in 0..32 {
        // Of 16 digits, 500 random ids miss one with a probability of 10^-13.
        let seen: HashSet<_> = texts.iter().map(|text| text.as_bytes()[digit]).collect();
        assert_eq!(seen.len(), 16, "digit {digit}");
    }
    for id in ids {
        retrieve_result::<u32, Error>(id).unwrap().detach();
    }
}

#[test]
fn a_result_is_retrieved_once() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let id = ready(&reactor, 7).stash();
    let job = retrieve_result::<u32, Error>(id).unwrap();
    assert_eq!(retrieve_result::<u32, Error>(id).unwrap_err(), RetrieveError::Unknown);
    assert_eq!(*job.wait(LONG).unwrap(), 7);
    assert_eq!(retrieve_result::<u32, Error>(id).unwrap_err(), RetrieveError::Unknown);
}

#[test]
fn an_id_that_was_never_given_out_is_unknown() {
    let id: ResultId = "00000000000000000000000000000000".parse().unwrap();
    let unknown = retrieve_result::<u32, Error>(id).unwrap_err();
    assert_eq!(unknown, RetrieveError::Unknown);
    assert_eq!(unknown.to_string(), "no result is stashed under this id");
}

#[test]
fn a_retrieval_with_the_wrong_types_leaves_the_result() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let id = ready(&reactor, 7).stash();
    let wrong = retrieve_result::<String, Error>(id).unwrap_err();
    assert_eq!(wrong, RetrieveError::WrongType);
    assert_eq!(wrong.to_string(), "the result stashed under this id has other types");
    // Each of the two types counts.
    assert_eq!(retrieve_result::<u32, String>(id).unwrap_err(), RetrieveError::WrongType);
    assert_eq!(retrieve_result::<i32, Error>(id).unwrap_err(), RetrieveError::WrongType);
    assert_eq!(*retrieve_result::<u32, Error>(id).unwrap().wait(LONG).unwrap(), 7);
}

#[test]
fn stashed_again_it_has_a_new_id() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let first = ready(&reactor, 7).stash();
    let second = retrieve_result::<u32, Error>(first).unwrap().stash();
    assert_ne!(first, second);
    assert_eq!(retrieve_result::<u32, Error>(first).unwrap_err(), RetrieveError::Unknown);
    assert_eq!(*retrieve_result::<u32, Error>(second).unwrap().wait(LONG).unwrap(), 7);
}

#[test]
fn a_stashed_job_runs_on() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    let id = job.stash();
    // As in the manual: a page that is refreshed until the download is done.
    let job = retrieve_result::<i32, Error>(id).unwrap();
    assert!(job.wait(Duration::from_millis(10)).unwrap_err().is_timeout());
    let id = job.stash();
    leash.release();
    let job = retrieve_result::<i32, Error>(id).unwrap();
    assert_eq!(*job.wait(LONG).unwrap(), 7);
}

#[test]
fn a_result_that_was_seen_is_stashed_with_what_was_seen() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    // Not `Sync`: a stash needs no more of a result than a job does.
    let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(Cell::new(7)) });
    job.wait(LONG).unwrap().set(8);
    let job = retrieve_result::<Cell<i32>, Error>(job.stash()).unwrap();
    assert_eq!(job.into_result(Duration::ZERO).unwrap().into_inner(), 8);
}

#[test]
fn every_outcome_can_be_stashed() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let err = reactor.run_in_reactor(|| async { Err::<(), _>("no luck") }).stash();
    let panicked: EventualResult<()> = reactor.run_in_reactor(|| async { panic!("out of yarn") });
    let panicked = panicked.stash();
    let cancelled = endless(&reactor, ());
    cancelled.cancel();
    let cancelled = cancelled.stash();
    let stopped = endless(&reactor, ()).stash();
    settle(&reactor);
    reactor.shutdown(LONG).unwrap();
    let refused = ready(&reactor, 7).stash();

    let err = retrieve_result::<(), &str>(err).unwrap();
    assert!(matches!(err.wait(LONG), Err(Error::Job(&"no luck"))));
    let panicked = retrieve_result::<(), Error>(panicked).unwrap();
    assert!(panicked.wait(LONG).unwrap_err().is_panic());
    let cancelled = retrieve_result::<(), Error>(cancelled).unwrap();
    assert!(cancelled.wait(LONG).unwrap_err().is_cancelled());
    let stopped = retrieve_result::<(), Error>(stopped).unwrap();
    assert!(stopped.wait(LONG).unwrap_err().is_reactor_stopped());
    let refused = retrieve_result::<u32, Error>(refused).unwrap();
    assert!(refused.wait(LONG).unwrap_err().is_reactor_stopped());
}

#[test]
fn results_can_be_retrieved_while_a_shutdown_logs_the_failure_of_another_one() {
    struct Slow(Gate, Gate);
    impl fmt::Debug for Slow {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.open();
            self.1.pass();
            f.write_str("Slow")
        }
    }

    let _limit = limit(LONG);
    let _log = log();
    let reactor = Reactor::new().unwrap();
    let (logging, go_on) = (Gate::new(), Gate::new());
    let slow = Slow(logging.clone(), go_on.clone());
    let failed = reactor.run_in_reactor(move || async move { Err::<(), _>(slow) }).stash();
    let done = ready(&reactor, 5);
    assert_eq!(*done.wait(LONG).unwrap(), 5);
    let done = done.stash();
    thread::scope(|scope| {
        let shutdown = scope.spawn(|| reactor.shutdown(LONG));
        logging.pass();
        let done = retrieve_result::<u32, Error>(done);
        let failed_meanwhile = retrieve_result::<(), Slow>(failed).unwrap_err();
        go_on.open();
        assert_eq!(done.unwrap().into_result(LONG).unwrap(), 5);
        assert_eq!(failed_meanwhile, RetrieveError::Unknown);
        shutdown.join().unwrap().unwrap();
    });
    assert!(retrieve_result::<(), Slow>(failed).unwrap().wait(LONG).is_err());
}

#[test]
fn a_handle_that_is_shared_is_stashed_by_its_last_owner() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let shared = Arc::new(ready(&reactor, 7));
    let other = Arc::clone(&shared);
    let seen = thread::spawn(move || *other.wait(LONG).unwrap()).join().unwrap();
    let id = Arc::into_inner(shared).unwrap().stash();
    assert_eq!(retrieve_result::<u32, Error>(id).unwrap().into_result(LONG).unwrap(), seen);
}

#[test]
fn a_result_can_be_put_back_under_its_id_any_number_of_times() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    let id = job.stash();
    for _ in 0..3 {
        let job = retrieve_result::<i32, Error>(id).unwrap();
        assert!(job.try_wait().is_none());
        job.stash_as(id).unwrap();
    }
    drop(leash);
    assert_eq!(retrieve_result::<i32, Error>(id).unwrap().join(LONG).unwrap(), 7);
    assert_eq!(retrieve_result::<i32, Error>(id).unwrap_err(), RetrieveError::Unknown);
}

#[test]
fn an_id_in_use_gives_the_handle_back_whatever_its_types() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let id = ready(&reactor, 1).stash();
    let job = ready(&reactor, 2).stash_as(id).unwrap_err();
    assert_eq!(job.join(LONG).unwrap(), 2);
    let word = reactor.run_in_reactor(|| async { Ok::<_, Error>("another type") });
    let word = word.stash_as(id).unwrap_err();
    assert_eq!(word.join(LONG).unwrap(), "another type");
    assert_eq!(retrieve_result::<u32, Error>(id).unwrap().join(LONG).unwrap(), 1);
}

#[test]
fn of_many_threads_that_put_a_result_under_one_id_one_succeeds() {
    const THREADS: u32 = 8;
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for _ in 0..100 {
        let id = ready(&reactor, 0).stash();
        retrieve_result::<u32, Error>(id).unwrap().detach();
        let start = Barrier::new(THREADS as usize);
        let stashed = thread::scope(|scope| {
            let put = |value| {
                let (reactor, start) = (&reactor, &start);
                scope.spawn(move || {
                    let job = ready(reactor, value);
                    start.wait();
                    job.stash_as(id).is_ok()
                })
            };
            let threads: Vec<_> = (0..THREADS).map(put).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        let winner = retrieve_result::<u32, Error>(id).unwrap().join(LONG).unwrap();
        let winners = (0..THREADS).zip(&stashed).filter(|(_, stashed)| **stashed);
        assert_eq!(winners.map(|(value, _)| value).collect::<Vec<_>>(), [winner]);
    }
}

#[test]
fn a_failure_that_was_put_back_is_logged_at_shutdown() {
    let _limit = limit(LONG);
    let log = log();
    let reactor = Reactor::new().unwrap();
    let id = reactor.run_in_reactor(|| async { Err::<(), _>("put back unseen") }).stash();
    settle(&reactor);
    retrieve_result::<(), &str>(id).unwrap().stash_as(id).unwrap();
    reactor.shutdown(LONG).unwrap();
    assert_eq!(log.with("put back unseen").len(), 1);
    let job = retrieve_result::<(), &str>(id).unwrap();
    assert!(matches!(job.wait(LONG), Err(Error::Job(&"put back unseen"))));
}
