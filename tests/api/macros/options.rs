//! The options of `#[wait_for]` and `#[run_in_reactor]`, and what comes of a call.
//!
//! | part | tests |
//! |---|---|
//! | `timeout` | `the_timeout ..` |
//! | `wrapped`, `reactor`, `crate` | `the_original ..`, `the_reactor ..`, `the_crate ..` |
//! | places, panics | `places ..`, `panics ..` |
//! | `error` | `errors ..` |
//! | other attributes | `a_test ..`, `other_attributes ..` |

use std::cell::Cell;
use std::future::pending;
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::Arc;
use std::thread::ThreadId;
use std::time::Duration;

use super::now;
use crate::support::{Gate, LONG, here, hog, limit};
use crochet::{Error, Reactor, run_in_reactor, wait_for};

const SHORT: Duration = Duration::from_millis(20);

struct Client {
    timeout: Duration,
    reactor: Reactor,
}

impl Client {
    fn new(timeout: Duration) -> Self {
        Self { timeout, reactor: Reactor::new().unwrap() }
    }

    #[wait_for(timeout = self.timeout)]
    async fn impatient(&self) -> crochet::Result<()> {
        pending().await
    }

    #[wait_for(timeout = 60, reactor = &self.reactor)]
    async fn thread_of_mine(&self) -> crochet::Result<ThreadId> {
        Ok(here())
    }

    #[run_in_reactor(reactor = &self.reactor)]
    async fn thread_of_mine_later(self: Arc<Self>) -> crochet::Result<ThreadId> {
        Ok(here())
    }

    #[wait_for(timeout = self.timeout, reactor = &self.reactor)]
    async fn last_words(self) -> crochet::Result<Duration> {
        Ok(self.timeout)
    }
}

#[test]
fn the_timeout_is_seconds() {
    let _limit = limit(LONG);
    #[wait_for(timeout = 0.25)]
    async fn quarter() -> crochet::Result<()> {
        pending().await
    }
    #[wait_for(timeout = 1)]
    async fn one() -> crochet::Result<()> {
        pending().await
    }
    let waited = |result: crochet::Result<()>| match result {
        Err(Error::TimedOut(why)) => why.waited(),
        other => panic!("{other:?}"),
    };
    let quarter = waited(quarter());
    assert!(
        (Duration::from_millis(250)..Duration::from_secs(30)).contains(&quarter),
        "{quarter:?}"
    );
    let one = waited(one());
    assert!((Duration::from_secs(1)..Duration::from_secs(30)).contains(&one), "{one:?}");
}

#[test]
fn the_timeout_may_use_the_arguments_and_self() {
    let _limit = limit(LONG);
    struct Budget(Duration);
    #[wait_for(timeout = budget.0 * factor)]
    async fn with(budget: Budget, factor: u32) -> crochet::Result<()> {
        assert_eq!(budget.0 * factor, SHORT);
        pending().await
    }
    #[wait_for(timeout = limit)]
    async fn by_reference(limit: &Duration) -> crochet::Result<()> {
        assert_eq!(*limit, SHORT);
        pending().await
    }
    assert!(with(Budget(SHORT / 2), 2).unwrap_err().is_timeout());
    assert!(by_reference(&SHORT).unwrap_err().is_timeout());
    let client = Client::new(SHORT);
    assert!(client.impatient().unwrap_err().is_timeout());
}

#[test]
fn the_timeout_is_evaluated_once_before_the_job_and_on_this_thread() {
    let _limit = limit(LONG);
    thread_local!(static ASKED: Cell<u32> = const { Cell::new(0) });
    fn ask() -> Duration {
        ASKED.set(ASKED.get() + 1);
        LONG
    }
    #[wait_for(timeout = ask())]
    async fn asked() -> crochet::Result<u32> {
        Ok(ASKED.get())
    }
    assert_eq!(asked().unwrap(), 0, "it ran on the reactor's thread");
    assert_eq!(ASKED.get(), 1);
}

#[allow(unreachable_pub, reason = "it is what is tested")]
mod original {
    use crochet::{run_in_reactor, wait_for};

    #[wait_for(timeout = 60, wrapped = pub(super) resolve)]
    pub(super) async fn lookup(n: u32) -> crochet::Result<u32> {
        Ok(n)
    }

    #[run_in_reactor(wrapped = pub fetch)]
    pub(super) async fn download(n: u32) -> crochet::Result<u32> {
        Ok(n)
    }
}

#[test]
fn the_original_has_the_name_and_visibility_that_it_is_given() {
    let _limit = limit(LONG);
    assert_eq!(original::lookup(1).unwrap(), now(original::resolve(1)).unwrap());
    assert_eq!(original::download(2).join(LONG).unwrap(), now(original::fetch(2)).unwrap());
}

#[test]
fn the_reactor_is_the_one_that_is_given() {
    let _limit = limit(LONG);
    let client = Arc::new(Client::new(LONG));
    let expected = client.reactor.wait_for(LONG, async { Ok::<_, Error>(here()) }).unwrap();
    assert_eq!(client.thread_of_mine().unwrap(), expected);
    assert_eq!(Arc::clone(&client).thread_of_mine_later().join(LONG).unwrap(), expected);
    assert_eq!(Client::new(LONG).last_words().unwrap(), LONG);

    #[run_in_reactor(reactor = reactor)]
    async fn on(reactor: &'static Reactor) -> crochet::Result<ThreadId> {
        let _ = reactor;
        Ok(here())
    }
    let reactor: &'static Reactor = Box::leak(Box::new(client.reactor.clone()));
    assert_eq!(on(reactor).join(LONG).unwrap(), expected);
}

/// Stands for a macro of a crate that uses this one.
macro_rules! facade_macro {
    ($name:ident) => {
        #[$crate::macros::options::facade::inner::wait_for(timeout = 60, crate = $crate::macros::options::facade::inner)]
        async fn $name(n: u32) -> Result<u32, Error> {
            Ok(n)
        }
    };
}

mod facade {
    pub(crate) use crochet as inner;
}

#[test]
fn the_crate_may_go_by_another_path() {
    let _limit = limit(LONG);
    mod crochet {}

    #[wait_for(timeout = 60, crate = crate::macros::options::facade::inner)]
    async fn one(n: u32) -> Result<u32, Error> {
        Ok(n)
    }
    #[run_in_reactor(crate = crate::macros::options::facade::inner)]
    async fn two(n: u32) -> Result<u32, Error> {
        Ok(n)
    }
    facade_macro!(three);
    assert_eq!(one(1).unwrap(), 1);
    assert_eq!(two(2).join(LONG).unwrap(), 2);
    assert_eq!(three(3).unwrap(), 3);
}

#[test]
fn places_are_those_of_the_callers() {
    let _limit = limit(LONG);
    #[run_in_reactor]
    async fn hold(release: Gate, started: Gate) -> crochet::Result<()> {
        started.open();
        release.pass();
        Ok(())
    }
    #[wait_for(timeout = 0.05, reactor = reactor)]
    async fn late(reactor: &Reactor) -> crochet::Result<()> {
        let _ = reactor;
        Ok(())
    }
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let Err(Error::TimedOut(why)) = late(&reactor) else { panic!("it ran beside the hog") };
    assert_eq!(why.blocked_by().unwrap().location(), hog.location);
    hog.release();

    let (release, started) = (Gate::new(), Gate::new());
    let (line, job) = (line!(), hold(release.clone(), started.clone()));
    started.pass();
    let text = format!("{job:?}");
    assert!(text.contains(&format!("{}:{line}", Location::caller().file())), "{text}");
    release.open();
    job.join(LONG).unwrap();
}

#[test]
fn panics_go_on_in_the_caller() {
    let _limit = limit(LONG);
    #[wait_for(timeout = 60)]
    async fn fail(payload: u32) -> crochet::Result<()> {
        panic::resume_unwind(Box::new(payload))
    }
    let payload = panic::catch_unwind(AssertUnwindSafe(|| fail(7))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&7_u32));
}

/// `#[test]` belongs below: it would refuse an async function.
#[wait_for(timeout = 60)]
#[test]
async fn a_test_may_be_async() -> crochet::Result<()> {
    assert!(crochet::in_reactor());
    Ok(())
}

#[test]
fn errors_of_other_crates_are_wrapped_on_demand() {
    use std::num::ParseIntError;
    let _limit = limit(LONG);

    #[wait_for(timeout = timeout, error = wrap)]
    async fn parse(text: &str, timeout: Duration) -> Result<u32, ParseIntError> {
        if text.is_empty() && timeout == SHORT {
            pending::<()>().await;
        }
        text.parse()
    }

    struct Parser(Reactor);

    impl Parser {
        #[wait_for(timeout = 60, reactor = &self.0, error = wrap)]
        async fn parse(&self, text: String) -> Result<(u32, ThreadId), ParseIntError> {
            Ok((text.parse()?, here()))
        }

        #[wait_for(timeout = 60, error = wrap)]
        async fn digits(number: u32) -> std::io::Result<impl Iterator<Item = char>> {
            Ok(number.to_string().chars().collect::<Vec<_>>().into_iter())
        }
    }

    let one: Result<u32, Error<ParseIntError>> = parse("1", LONG);
    assert_eq!(one.unwrap(), 1);
    let own = parse("one", LONG).unwrap_err();
    assert!(matches!(&own, Error::Job(_)), "{own:?}");
    assert!(parse("", SHORT).unwrap_err().is_timeout());
    assert!(now(parse_async("2", LONG)).is_ok_and(|two: u32| two == 2));

    let parser = Parser(Reactor::new().unwrap());
    let (number, thread) = parser.parse("3".to_owned()).unwrap();
    let expected = parser.0.wait_for(LONG, async { Ok::<_, Error>(here()) }).unwrap();
    assert_eq!((number, thread), (3, expected));
    assert!(Parser::digits(45).unwrap().eq(['4', '5']));
    assert!(now(Parser::digits_async(6)).is_ok());
}

#[test]
fn other_attributes_are_kept() {
    #![deny(warnings)]
    let _limit = limit(LONG);

    #[wait_for(timeout = 60)]
    #[expect(clippy::too_many_arguments, reason = "it is what is tested")]
    #[inline]
    #[must_use = "it is a sum"]
    async fn many(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> crochet::Result<u8> {
        Ok(a + b + c + d + e + f + g + h)
    }

    #[wait_for(timeout = 60)]
    #[deprecated = "use `many`"]
    #[cfg_attr(all(), allow(unused_variables))]
    async fn old(unused: u8) -> crochet::Result<u8> {
        Ok(0)
    }

    #[wait_for(timeout = 60)]
    #[cfg(any())]
    async fn gone() -> NoSuchType {}

    assert_eq!(many(1, 1, 1, 1, 1, 1, 1, 1).unwrap(), 8);
    #[expect(deprecated, reason = "the blocking function is, as the user wrote")]
    let zero = old(1).unwrap();
    assert_eq!(zero, 0);
}
