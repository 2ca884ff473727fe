//! `#[wait_for]` and `#[run_in_reactor]` on every kind of function.
//!
//! | part | tests |
//! |---|---|
//! | kinds of functions | `a_free_function ..` to `functions_inside_functions ..` |
//! | signatures | `generics ..` to `any_alias ..` |
//! | where they come from, what they hold | `functions_may ..`, `futures ..` |
//!
//! Options, and what comes of a call, are in `options.rs`; what is refused is in `tests/ui`.

use std::future::{pending, ready};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::now;
use crate::support::{LONG, limit};
use crochet::{Error, Eventual, EventualResult, run_in_reactor, wait_for};

const SHORT: Duration = Duration::from_millis(20);

#[wait_for(timeout = 60)]
async fn length(name: &str) -> io::Result<(usize, bool)> {
    Ok((name.len(), crochet::in_reactor()))
}

#[run_in_reactor]
async fn length_later(name: String) -> io::Result<(usize, bool)> {
    Ok((name.len(), crochet::in_reactor()))
}

#[test]
fn a_free_function_blocks_and_its_original_needs_no_reactor() {
    let _limit = limit(LONG);
    assert_eq!(length("four").unwrap(), (4, true));
    assert_eq!(now(length_async("four")).unwrap(), (4, false));
}

#[test]
fn a_free_function_runs_in_the_reactor() {
    let _limit = limit(LONG);
    let later: Eventual<io::Result<(usize, bool)>> = length_later("four".to_owned());
    let later: EventualResult<(usize, bool), io::Error> = later;
    assert_eq!(later.join(LONG).unwrap(), (4, true));
    assert_eq!(now(length_later_async("four".to_owned())).unwrap(), (4, false));
}

struct Client {
    name: String,
    calls: u32,
}

impl Client {
    /// Mentions neither `self` nor `Self`.
    #[wait_for(timeout = 60)]
    async fn named(name: &str) -> crochet::Result<Client> {
        Client::new(name.to_owned()).await
    }

    #[wait_for(timeout = 60, wrapped = new)]
    async fn new_blocking(name: String) -> crochet::Result<Self> {
        Ok(Self { name, calls: 0 })
    }

    #[wait_for(timeout = 60)]
    async fn shared(&self, more: &str) -> crochet::Result<String> {
        Ok(format!("{}{more}", self.name))
    }

    #[wait_for(timeout = 60)]
    async fn exclusive(&mut self) -> crochet::Result<u32> {
        self.calls += 1;
        Ok(self.calls)
    }

    #[wait_for(timeout = 60)]
    async fn by_value(self) -> crochet::Result<String> {
        Ok(self.name)
    }

    #[wait_for(timeout = 60)]
    async fn changed(mut self, more: &str) -> crochet::Result<Self> {
        self.name.push_str(more);
        Ok(self)
    }

    #[wait_for(timeout = 60)]
    async fn counted(self: Arc<Self>) -> crochet::Result<usize> {
        Ok(Arc::strong_count(&self))
    }

    #[wait_for(timeout = 60)]
    async fn boxed(self: Box<Self>) -> crochet::Result<String> {
        Ok(self.name)
    }

    #[wait_for(timeout = 60)]
    async fn borrowed_arc(self: &Arc<Self>) -> crochet::Result<usize> {
        Ok(Arc::strong_count(self))
    }

    #[run_in_reactor]
    async fn name_later(self: Arc<Self>, times: usize) -> crochet::Result<String> {
        Ok(self.name.repeat(times))
    }

    #[run_in_reactor]
    async fn take_later(mut self) -> crochet::Result<String> {
        self.name.push('!');
        Ok(self.name)
    }

    #[run_in_reactor]
    async fn sum_later(a: u32, b: u32) -> crochet::Result<u32> {
        Ok(a + b)
    }
}

#[test]
fn methods_take_every_receiver() {
    let _limit = limit(LONG);
    let mut client = Client::named("a").unwrap();
    assert_eq!(client.shared("b").unwrap(), "ab");
    assert_eq!((client.exclusive().unwrap(), client.exclusive().unwrap()), (1, 2));
    let client = client.changed("c").unwrap();
    assert_eq!(client.by_value().unwrap(), "ac");
    let client = Arc::new(Client::new_blocking("x".to_owned()).unwrap());
    assert_eq!(client.borrowed_arc().unwrap(), 1);
    assert_eq!(Arc::clone(&client).counted().unwrap(), 2);
    assert_eq!(Arc::clone(&client).name_later(3).join(LONG).unwrap(), "xxx");
    let client = Client::named("y").unwrap();
    assert_eq!(now(client.shared_async("z")).unwrap(), "yz");
    assert_eq!(Box::new(client).boxed().unwrap(), "y");
    assert_eq!(Client::named("v").unwrap().take_later().join(LONG).unwrap(), "v!");
}

#[test]
fn associated_functions_need_no_self() {
    let _limit = limit(LONG);
    assert_eq!(Client::named("a").unwrap().name, "a");
    assert_eq!(now(Client::named_async("a")).unwrap().name, "a");
    assert_eq!(Client::sum_later(1, 2).join(LONG).unwrap(), 3);
}

struct Holder<'a, T>(&'a T);

impl<'a, T: Sync + Clone + Send> Holder<'a, T> {
    #[wait_for(timeout = 60)]
    async fn get(&self) -> io::Result<&'a T> {
        Ok(self.0)
    }

    #[wait_for(timeout = 60)]
    async fn hold(value: &'a T) -> io::Result<Holder<'a, T>> {
        let held: Self = Holder(value);
        Ok(held)
    }
}

#[test]
fn methods_of_generic_types_keep_their_lifetimes() {
    let _limit = limit(LONG);
    let number = 5;
    let got: &i32 = { Holder::hold(&number).unwrap().get().unwrap() };
    assert_eq!(got, &5);
}

#[test]
fn functions_inside_functions_are_found() {
    let _limit = limit(LONG);
    #[wait_for(timeout = 60)]
    async fn inner(n: u32) -> io::Result<u32> {
        Ok(n + 1)
    }

    #[wait_for(timeout = 60)]
    async fn with_items(n: u32) -> io::Result<u32> {
        static STEP: u32 = 2;
        struct Step(u32);
        impl Step {
            fn new(by: u32) -> Self {
                Self(by)
            }
        }
        Ok(n + Step::new(STEP).0)
    }

    #[wait_for(timeout = 60)]
    async fn factorial(n: u32) -> io::Result<u32> {
        Ok(if n == 0 { 1 } else { n * Box::pin(factorial_async(n - 1)).await? })
    }

    assert_eq!(inner(1).unwrap(), 2);
    assert_eq!(with_items(1).unwrap(), 3);
    assert_eq!(factorial(5).unwrap(), 120);
}

#[test]
fn generics_are_passed_on() {
    let _limit = limit(LONG);
    #[wait_for(timeout = 60)]
    async fn parse<T, const N: usize>(
        text: &[&str; N],
        also: impl Into<String> + Send,
    ) -> io::Result<Vec<T>>
    where
        T: std::str::FromStr<Err: std::fmt::Display> + Send,
    {
        let also = also.into();
        let all = text.iter().copied().chain([&*also]);
        all.map(|t| t.parse().map_err(|e: T::Err| io::Error::other(e.to_string()))).collect()
    }

    #[run_in_reactor]
    async fn size<T: Send + 'static>() -> crochet::Result<usize> {
        ready(()).await;
        Ok(size_of::<T>())
    }

    assert_eq!(parse::<u8, 2>(&["1", "2"], "3").unwrap(), [1, 2, 3]);
    assert_eq!(parse::<u8, 0>(&[], "x").unwrap_err().to_string(), "invalid digit found in string");
    assert_eq!(size::<u64>().join(LONG).unwrap(), 8);
}

#[test]
fn lifetimes_are_kept() {
    let _limit = limit(LONG);
    #[wait_for(timeout = 60)]
    async fn longer<'a>(a: &'a str, b: &'a str) -> Result<&'a str, Error> {
        Ok(if a.len() < b.len() { b } else { a })
    }

    #[wait_for(timeout = 60)]
    async fn first(list: &mut [String]) -> Result<&mut String, Error> {
        Ok(&mut list[0])
    }

    let text = String::from("longest");
    assert_eq!(longer("short", &text).unwrap(), "longest");
    let mut list = [String::from("a")];
    first(&mut list).unwrap().push('b');
    assert_eq!(list, ["ab"]);
}

#[test]
fn impl_trait_is_returned() {
    let _limit = limit(LONG);
    #[wait_for(timeout = 60)]
    async fn evens(end: u32) -> io::Result<impl Iterator<Item = u32>> {
        Ok((0..end).step_by(2))
    }
    #[run_in_reactor]
    async fn odds(end: u32) -> io::Result<impl Iterator<Item = u32>> {
        Ok((1..end).step_by(2))
    }
    assert!(evens(5).unwrap().eq([0, 2, 4]));
    assert!(odds(5).join(LONG).unwrap().eq([1, 3]));
}

struct Point {
    x: u32,
    y: u32,
    timeout: Duration,
}

#[test]
fn patterns_and_mut_arguments_are_kept() {
    let _limit = limit(LONG);
    #[wait_for(timeout = 60)]
    async fn tuples(
        (a, mut b): (u32, u32),
        mut list: Vec<u32>,
        _: u8,
        _unused: u8,
    ) -> io::Result<Vec<u32>> {
        b += 1;
        list.extend([a, b]);
        Ok(list)
    }

    #[wait_for(timeout = timeout)]
    async fn fields(Point { x, y: mut down, timeout }: Point) -> io::Result<(u32, Duration)> {
        down += 1;
        Ok((x * down, timeout))
    }

    #[wait_for(timeout = timeout)]
    async fn rest(Point { x, timeout, .. }: Point, [first, ..]: [u32; 2]) -> crochet::Result<u32> {
        match first {
            0 => pending().await,
            _ => Ok(x + timeout.subsec_millis()),
        }
    }

    #[run_in_reactor]
    async fn later((a, _): (u32, u32), mut b: u32) -> io::Result<u32> {
        b += a;
        Ok(b)
    }

    let point = |timeout| Point { x: 2, y: 3, timeout };
    assert_eq!(tuples((1, 2), vec![0], 0, 0).unwrap(), [0, 1, 3]);
    assert_eq!(fields(point(LONG)).unwrap(), (8, LONG));
    assert_eq!(rest(point(LONG), [1, 1]).unwrap(), 2);
    assert!(rest(point(SHORT), [0, 0]).unwrap_err().is_timeout());
    assert_eq!(later((1, 2), 3).join(LONG).unwrap(), 4);
    assert_eq!(point(LONG).y, 3);
}

#[test]
fn arguments_may_depend_on_the_configuration() {
    let _limit = limit(LONG);
    #[wait_for(timeout = timeout)]
    async fn sum(
        a: u32,
        #[cfg(any())] gone: NoSuchType,
        #[cfg(feature = "macros")] b: u32,
        #[cfg_attr(all(), cfg(any()), allow(unused))] _: NoSuchType,
        #[cfg(any())] (_, also_gone): NoSuchType,
        Point { timeout, .. }: Point,
    ) -> io::Result<u32> {
        Ok(a + b + timeout.subsec_nanos())
    }

    struct Sum(u32);

    impl Sum {
        #[run_in_reactor]
        async fn later(self, #[cfg(any())] gone: NoSuchType, b: u32) -> io::Result<u32> {
            Ok(self.0 + b)
        }
    }

    assert_eq!(sum(1, 2, Point { x: 0, y: 0, timeout: LONG }).unwrap(), 3);
    assert_eq!(Sum(1).later(3).join(LONG).unwrap(), 4);
}

/// A macro of which an attribute cannot know that it holds state.
macro_rules! next_id {
    () => {{
        static LAST: AtomicU32 = AtomicU32::new(0);
        LAST.fetch_add(1, Ordering::Relaxed)
    }};
}

#[test]
fn state_is_there_once() {
    let _limit = limit(LONG);

    #[wait_for(timeout = 60)]
    async fn next() -> io::Result<u32> {
        Ok(next_id!())
    }

    struct Ids;

    impl Ids {
        #[wait_for(timeout = 60)]
        async fn next() -> io::Result<u32> {
            let _: Option<Self>;
            Ok(next_id!())
        }
    }

    assert_eq!((next().unwrap(), next().unwrap(), now(next_async()).unwrap()), (0, 1, 2));
    assert_eq!((Ids::next().unwrap(), now(Ids::next_async()).unwrap()), (0, 1));
}

#[test]
fn any_argument_names_do() {
    let _limit = limit(LONG);
    #[wait_for(timeout = 60)]
    async fn names(
        timeout: u32,
        job: u32,
        reactor: u32,
        argument0: u32,
        copy: u32,
    ) -> io::Result<u32> {
        Ok(timeout + job + reactor + argument0 + copy)
    }
    #[wait_for(timeout = 60)]
    async fn hidden(_: u32, argument0: u32) -> io::Result<u32> {
        Ok(argument0)
    }
    #[wait_for(timeout = 60)]
    async fn r#match(r#type: u32) -> io::Result<u32> {
        Ok(r#type)
    }
    assert_eq!(names(1, 2, 3, 4, 5).unwrap(), 15);
    assert_eq!(hidden(1, 2).unwrap(), 2);
    assert_eq!(r#match(1).unwrap(), now(match_async(1)).unwrap());
}

mod shadowed {
    #![no_implicit_prelude]
    #![allow(dead_code, reason = "names to trip over")]

    struct Result;
    struct Duration;
    struct Error;
    struct Send;
    mod core {}
    mod std {}

    #[::crochet::wait_for(timeout = 60)]
    pub(super) async fn one(n: u32) -> ::crochet::Result<u32> {
        ::std::result::Result::Ok(n)
    }

    #[::crochet::run_in_reactor]
    pub(super) async fn two(n: u32) -> ::crochet::Result<u32> {
        ::std::result::Result::Ok(n)
    }
}

#[test]
fn shadowed_names_do_no_harm() {
    let _limit = limit(LONG);
    assert_eq!(shadowed::one(1).unwrap(), 1);
    assert_eq!(shadowed::two(2).join(LONG).unwrap(), 2);
}

#[test]
fn unsafe_functions_stay_unsafe() {
    #![expect(unsafe_code, reason = "it is what is tested")]
    let _limit = limit(LONG);

    /// # Safety
    ///
    /// There is a first byte.
    #[wait_for(timeout = 60)]
    async unsafe fn first(text: &str) -> io::Result<u8> {
        // SAFETY: the caller's promise.
        Ok(unsafe { *text.as_bytes().get_unchecked(0) })
    }

    // SAFETY: there is one.
    assert_eq!(unsafe { first("a") }.unwrap(), b'a');
}

type Outcome<T> = Result<T, Failure>;

#[derive(Debug, PartialEq)]
enum Failure {
    Crochet(String),
    Own,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Crochet(error.to_string())
    }
}

#[test]
fn any_alias_of_result_will_do() {
    let _limit = limit(LONG);
    #[wait_for(timeout = if wait { SHORT } else { LONG })]
    async fn own(wait: bool) -> Outcome<()> {
        if wait {
            pending::<()>().await;
        }
        Err(Failure::Own)
    }
    #[run_in_reactor]
    async fn later() -> Outcome<u32> {
        Ok(1)
    }
    assert_eq!(own(false), Err(Failure::Own));
    let Err(Failure::Crochet(text)) = own(true) else { panic!("it waited for ever") };
    assert!(text.starts_with("timed out after ") && text.contains(": the job "), "{text}");
    assert_eq!(later().join(LONG), Ok(1));
}

#[test]
fn functions_may_come_out_of_a_macro() {
    let _limit = limit(LONG);
    macro_rules! blocking {
        ($name:ident, $seconds:expr, $value:expr) => {
            #[wait_for(timeout = $seconds)]
            async fn $name(n: u32) -> crochet::Result<u32> {
                Ok($value + n)
            }
        };
    }
    macro_rules! with_body {
        ($name:ident($arg:ident: $type:ty) -> $result:ty $body:block) => {
            #[wait_for(timeout = 60)]
            async fn $name($arg: $type) -> $result $body
        };
    }
    with_body!(nine(n: &u32) -> crochet::Result<u32> { Ok(n + 8) });
    assert_eq!(nine(&1).unwrap(), 9);
    blocking!(seven, 60.0, 7);
    blocking!(eight, LONG, 8);
    assert_eq!((seven(1).unwrap(), eight(1).unwrap()), (8, 9));
}

#[test]
fn futures_of_run_in_reactor_need_not_be_send() {
    let _limit = limit(LONG);
    #[run_in_reactor]
    async fn later(n: u32) -> crochet::Result<u32> {
        let shared = Rc::new(n);
        futures_lite::future::yield_now().await;
        Ok(*shared)
    }
    assert_eq!(later(3).join(LONG).unwrap(), 3);
}
