//! `wait_for`: what it lends, where it runs, what it returns, and how long it waits.

use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt;
use std::future::{self, poll_fn};
use std::io;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use crochet::{Error, JobState, Reactor};
use futures_lite::future::yield_now;

use crate::support::{Gate, LONG, Probe, here, hog, limit, until};

const SHORT: Duration = Duration::from_millis(20);

// What it lends, and where it runs.

#[test]
fn the_future_reads_what_its_caller_owns() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let words = [String::from("borrowed"), String::from("twice")];
    let total = reactor.wait_for(LONG, async {
        yield_now().await;
        Ok::<_, Error>(words.iter().map(String::len).sum::<usize>())
    });
    assert_eq!(total.unwrap(), 13);
    assert_eq!(words[1], "twice");
}

#[test]
fn the_future_changes_what_its_caller_owns() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let mut list = vec![1];
    let mut sum = 0;
    let done = reactor.wait_for(LONG, async {
        for next in 2..100 {
            yield_now().await;
            list.push(next);
            sum += next;
        }
        Ok::<_, Error>(())
    });
    done.unwrap();
    assert_eq!((list.len(), sum), (99, 4949));
}

#[test]
fn what_it_returns_may_borrow_from_the_caller() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let text = String::from("key=value");
    let value: Result<&str, Error> = reactor.wait_for(LONG, async {
        yield_now().await;
        Ok(text.split_once('=').unwrap().1)
    });
    assert_eq!(value.unwrap().as_ptr(), text[4..].as_ptr());

    let mut pair = (1, 2);
    let second: &mut i32 = reactor.wait_for(LONG, async { Ok::<_, Error>(&mut pair.1) }).unwrap();
    *second += 40;
    assert_eq!(pair, (1, 42));
}

#[test]
fn the_future_is_polled_and_dropped_on_the_reactor_thread() {
    let _limit = limit(LONG);
    let reactor = Reactor::builder().name("weaver").build().unwrap();
    let trace = Probe::new();
    let (name, thread) = reactor
        .wait_for(
            LONG,
            trace.of(async {
                yield_now().await;
                assert!(crochet::in_reactor());
                Ok::<_, Error>((thread::current().name().map(str::to_owned), here()))
            }),
        )
        .unwrap();
    assert_eq!(name.as_deref(), Some("weaver"));
    assert_ne!(thread, here());
    assert_eq!(trace.threads(), [thread], "it is dropped where it was ready");
    assert!(!crochet::in_reactor());
}

#[test]
fn jobs_start_in_the_order_in_which_one_thread_submits_them() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let order = Arc::new(Mutex::new(Vec::new()));
    let jobs: Vec<_> = (0..200)
        .map(|n| {
            let order = Arc::clone(&order);
            reactor.run_in_reactor(move || async move {
                order.lock().unwrap().push(n);
                future::pending::<Result<(), Error>>().await
            })
        })
        .collect();
    thread::scope(|scope| {
        scope.spawn(|| hog.release());
        let last = async {
            order.lock().unwrap().push(200);
            Ok::<_, Error>(())
        };
        reactor.wait_for(LONG, last).unwrap();
    });
    assert_eq!(*order.lock().unwrap(), (0..=200).collect::<Vec<_>>());
    drop(jobs);
}

// What it returns.

#[test]
fn ok_and_err_come_back_as_they_are() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let value = Box::new(5);
    let address = &raw const *value as usize;
    let back = reactor.wait_for(LONG, async move { Ok::<_, Error>(value) }).unwrap();
    assert_eq!(&raw const *back as usize, address);

    let inner = io::Error::new(io::ErrorKind::AddrInUse, "taken");
    let failed: io::Error = reactor
        .wait_for(LONG, async move {
            yield_now().await;
            Err::<(), _>(inner)
        })
        .unwrap_err();
    assert_eq!((failed.kind(), failed.to_string()), (io::ErrorKind::AddrInUse, "taken".into()));
}

#[test]
fn results_need_only_be_send() {
    /// Not `Sync`, and made from the crate's errors.
    #[derive(Debug)]
    struct Unshared(Cell<u32>);
    impl From<Error> for Unshared {
        fn from(_: Error) -> Self {
            Self(Cell::new(0))
        }
    }

    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let receiver = reactor.wait_for(LONG, async {
        let (sender, receiver) = mpsc::channel();
        sender.send(1).unwrap();
        Ok::<mpsc::Receiver<i32>, Unshared>(receiver)
    });
    assert_eq!(receiver.unwrap().recv().unwrap(), 1);
    let own = reactor.wait_for(LONG, async { Err::<(), _>(Unshared(Cell::new(3))) });
    assert_eq!(own.unwrap_err().0.get(), 3);
}

#[test]
fn the_crates_failures_arrive_as_the_jobs_own_error_type() {
    #[derive(Debug)]
    enum Own {
        Reactor(Error),
        Io(io::Error),
    }
    impl From<Error> for Own {
        fn from(error: Error) -> Self {
            Self::Reactor(error)
        }
    }
    impl From<io::Error> for Own {
        fn from(error: io::Error) -> Self {
            Self::Io(error)
        }
    }
    impl fmt::Display for Own {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{self:?}")
        }
    }
    impl StdError for Own {}

    fn late<E: From<Error> + Send>(reactor: &Reactor) -> E {
        let job = future::pending::<Result<(), E>>();
        reactor.wait_for(SHORT, job).expect_err("it is never ready")
    }

    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    assert!(late::<Error>(&reactor).is_timeout());
    let io = late::<io::Error>(&reactor);
    assert_eq!(io.kind(), io::ErrorKind::TimedOut);
    assert!(io.get_ref().unwrap().downcast_ref::<Error>().unwrap().is_timeout());
    let boxed = late::<Box<dyn StdError + Send + Sync>>(&reactor);
    assert!(boxed.downcast_ref::<Error>().unwrap().is_timeout());
    assert!(matches!(late::<Own>(&reactor), Own::Reactor(Error::TimedOut(_))));

    // `?` inside the job goes to the same type.
    let failed = reactor.wait_for(LONG, async {
        Err(io::Error::from(io::ErrorKind::NotFound))?;
        Ok::<(), Own>(())
    });
    assert!(matches!(failed, Err(Own::Io(error)) if error.kind() == io::ErrorKind::NotFound));
}

// Its limits.

#[test]
fn zero_returns_at_once_and_drops_what_is_not_ready() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for _ in 0..1000 {
        let trace = Probe::new();
        let result: Result<(), Error> = reactor.wait_for(Duration::ZERO, trace.pending());
        assert!(result.unwrap_err().is_timeout());
        assert_eq!(trace.threads(), [here()]);
    }
}

#[test]
fn zero_takes_what_is_ready() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    // The reactor may come too late on a busy machine; then the job has not been started.
    until(|| match reactor.wait_for(Duration::ZERO, async { Ok::<_, Error>(7) }) {
        Ok(value) => value == 7,
        Err(Error::TimedOut(why)) => {
            assert_eq!(why.job(), JobState::Queued);
            false
        }
        Err(other) => panic!("{other:?}"),
    });
}

#[test]
fn zero_polls_once() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    until(|| {
        let mut polls = 0;
        let again = poll_fn(|cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            Poll::<Result<(), Error>>::Pending
        });
        let Err(Error::TimedOut(why)) = reactor.wait_for(Duration::ZERO, again) else { panic!() };
        assert!(polls <= 1);
        assert_eq!(why.job(), if polls == 1 { JobState::Waiting } else { JobState::Queued });
        polls == 1
    });
}

#[test]
fn zero_does_not_wait_for_a_reactor_that_is_held() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let result = reactor.wait_for(Duration::ZERO, async { Ok::<_, Error>(7) });
    let Err(Error::TimedOut(why)) = result else { panic!("{result:?}") };
    assert_eq!(why.job(), JobState::Queued);
    assert_eq!(why.blocked_by().unwrap().location(), hog.location);
    hog.release();
}

#[test]
fn no_timeout_overflows_and_the_longest_ones_wait_for_ever() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let nearly = [
        Duration::MAX,
        Duration::MAX - Duration::from_nanos(1),
        Duration::from_secs(u64::MAX),
        Duration::from_secs(i64::MAX as u64),
        Duration::from_secs(i64::MAX as u64 - 10_000),
    ];
    for timeout in nearly {
        let (sender, receiver) = async_channel::bounded(1);
        let polled = Gate::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                polled.pass();
                thread::sleep(SHORT);
                sender.send_blocking("in the end").unwrap();
            });
            let text = reactor.wait_for(timeout, async {
                polled.open();
                Ok::<_, Error>(receiver.recv().await.unwrap())
            });
            assert_eq!(text.unwrap(), "in the end", "with {timeout:?}");
        });
    }
}
