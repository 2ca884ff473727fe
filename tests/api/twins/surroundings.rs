//! What a function may have beside its signature, and what an `impl` may have beside functions.
//!
//! | part | tests |
//! |---|---|
//! | `cfg`, on functions, arguments and helpers | `cfgs ..`, `a_helper ..` |
//! | `must_use`, `deprecated`, lint levels | `other_attributes ..` |
//! | `unsafe`, `const`, macros, constants, `where Self` | `functions ..`, `constants ..`, `bounds ..` |
//! | names, shadowed names, `forbid(unsafe_code)`, `deny(missing_docs)` | `shadowed ..`, `a_strict ..` |
//! | where it comes from | `an_impl ..`, `two_impls ..` |
//! | where it is called | `places ..` |

#![allow(
    clippy::mixed_attributes_style,
    clippy::multiple_bound_locations,
    clippy::non_minimal_cfg,
    reason = "forms to trip over"
)]

use std::io;
use std::panic::Location;

use crate::support::{self, LONG, limit};

struct Client(u32);
struct Twin(Client);

macro_rules! functions {
    ($($name:ident)*) => { $(pub(crate) fn $name(&self) {})* };
}

#[crochet::blocking(as = Twin, timeout = 60)]
#[allow(clippy::needless_pass_by_value, reason = "it is kept")]
#[cfg(all())]
impl Client {
    #![allow(unused_variables, reason = "it is kept")]

    pub(crate) const LIMIT: usize = Self::PRIVATE + 1;
    const PRIVATE: usize = 1;
    #[blocking(skip)]
    pub(crate) const ZERO: Self = Self(0);

    #[cfg(any())]
    pub(crate) async fn gone(&self) -> NoSuchType {}

    #[cfg(all())]
    pub(crate) async fn there(&self) -> io::Result<u32> {
        Ok(self.0)
    }

    #[rustfmt::skip]
    pub(crate) async fn arguments(
        &self,
        #[cfg(any())] gone: NoSuchType,
        #[cfg(all())] there: u32,
        _: u32,
    ) -> io::Result<u32> {
        Ok(there + self.0)
    }

    #[cfg_attr(all(), blocking(skip), must_use)]
    pub(crate) async fn skipped(&self) -> &Self {
        self
    }

    #[cfg_attr(any(), blocking(skip))]
    pub(crate) async fn kept(&self) -> u32 {
        self.0
    }

    #[cfg_attr(all(), blocking(timeout = 0.05))]
    pub(crate) async fn never(&self) -> io::Result<()> {
        std::future::pending().await
    }

    #[must_use = "it is a number"]
    #[deprecated = "use `there`"]
    #[expect(clippy::too_many_arguments, reason = "it is what is tested")]
    #[inline]
    #[doc(hidden)]
    pub(crate) async fn many(&self, a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> u8 {
        a + b + c + d + e + f + g + h
    }

    #[expect(unsafe_code, reason = "it is what is tested")]
    pub(crate) async unsafe fn of_bytes(text: &str) -> io::Result<u8> {
        // SAFETY: the caller says that there is one.
        Ok(unsafe { *text.as_bytes().get_unchecked(0) })
    }

    #[expect(unsafe_code, reason = "it is what is tested")]
    pub(crate) unsafe fn of_nothing() -> Option<Self> {
        None
    }

    pub(crate) const fn port() -> u16 {
        80
    }

    pub(crate) const fn of_port(port: u16) -> Self {
        Self(port as u32)
    }

    pub(crate) extern "C" fn plus(&self, n: u32) -> u32 {
        self.0 + n
    }

    pub(crate) async fn lent<const N: usize>(&self, of: [u8; N]) -> [u8; N] {
        of
    }

    pub(crate) async fn sized(&self) -> io::Result<[u8; Self::PRIVATE]>
    where
        Self: Sized + Sync,
    {
        Ok([1; Self::PRIVATE])
    }

    pub(crate) async fn array(&self, of: [u8; Self::PRIVATE]) -> u8 {
        of[0]
    }

    pub(crate) async fn r#match(&self, r#type: u32) -> u32 {
        r#type
    }

    pub(crate) async fn names(
        &self,
        timeout: u32,
        reactor: u32,
        value: u32,
        argument1: u32,
    ) -> Option<u32> {
        Some(timeout + reactor + value + argument1)
    }

    pub(crate) async fn generic<'a, T: ToString + Send, U>(
        &self,
        from: &'a T,
        with: impl Fn(String) -> U + Send,
    ) -> (U, &'a T)
    where
        T: Sync,
        U: Send,
    {
        (with(from.to_string()), from)
    }

    #[blocking(skip)]
    functions! { one two }

    fn private(&self) {}
}

#[test]
fn cfgs_hold_for_the_twin() {
    let _limit = limit(LONG);
    assert_eq!(Twin(Client(1)).there().unwrap(), 1);
    assert_eq!(Twin(Client(1)).arguments(2, 3).unwrap(), 3);
}

impl Twin {
    fn skipped(&self) -> u32 {
        self.0.0
    }
}

#[test]
fn a_helper_may_have_a_condition() {
    let _limit = limit(LONG);
    let twin = Twin(Client(1));
    assert_eq!(twin.skipped(), 1, "that there are not two of them is the test");
    assert_eq!(twin.kept().unwrap(), 1);
    assert_eq!(twin.never().unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[test]
fn other_attributes_are_kept() {
    #![deny(warnings)]
    let _limit = limit(LONG);
    #[expect(deprecated, reason = "the twin is, too")]
    let sum = Twin(Client(1)).many(1, 1, 1, 1, 1, 1, 1, 1);
    assert_eq!(sum.unwrap(), 8);
    #[expect(deprecated, unused_must_use, reason = "the twin is, too")]
    Twin(Client(1)).many(1, 1, 1, 1, 1, 1, 1, 1);
}

#[test]
fn functions_of_all_kinds_are_passed_on() {
    #![expect(unsafe_code, reason = "it is what is tested")]
    let _limit = limit(LONG);
    // SAFETY: there is a byte.
    assert_eq!(unsafe { Twin::of_bytes("a") }.unwrap(), b'a');
    // SAFETY: it needs nothing.
    assert!(unsafe { Twin::of_nothing() }.is_none());
    const PORT: u16 = Twin::port();
    assert_eq!((PORT, Twin::of_port(1).0.0), (80, 1));
    let twin = Twin(Client(1));
    assert_eq!(twin.plus(1), 2);
    assert_eq!(twin.lent([1, 2]).unwrap(), [1, 2]);
    assert_eq!(twin.r#match(1).unwrap(), 1);
    assert_eq!(twin.names(1, 2, 3, 4).unwrap(), Some(10));
    assert_eq!(twin.generic(&1, |text| text + "!").unwrap(), ("1!".to_owned(), &1));
    twin.0.one();
    twin.0.two();
    twin.0.private();
    let _ = Client::skipped;
}

#[test]
fn constants_and_bounds_are_those_of_the_original() {
    let _limit = limit(LONG);
    assert_eq!(Twin::LIMIT, 2);
    assert_eq!(Twin(Client::ZERO).sized().unwrap(), [1]);
    assert_eq!(Twin(Client::ZERO).array([3]).unwrap(), 3);
}

/// A second `impl` of the type, and so of its twin.
#[crochet::blocking(as = Twin, timeout = 60)]
impl Client {
    pub(crate) async fn second(&self) -> io::Result<u32> {
        self.there().await
    }
}

/// An `impl` out of a macro.
macro_rules! with_twin {
    ($name:ident, $twin:ident, $seconds:expr, $function:ident() -> $result:ty $body:block) => {
        struct $name(u32);
        struct $twin($name);

        #[crochet::blocking(as = $twin, timeout = $seconds)]
        impl $name {
            pub(crate) async fn $function(&self) -> $result $body

            pub(crate) async fn number(&self) -> crochet::Result<u32> {
                Ok(self.0)
            }
        }
    };
}

with_twin!(Made, BlockingMade, 60, made() -> io::Result<u32> { Ok(2) });

#[test]
fn two_impls_and_those_of_macros_have_twins() {
    let _limit = limit(LONG);
    assert_eq!(Twin(Client(1)).second().unwrap(), 1);
    assert_eq!(BlockingMade(Made(1)).made().unwrap(), 2);
    assert_eq!(BlockingMade(Made(1)).number().unwrap(), 1);
}

mod shadowed {
    #![no_implicit_prelude]
    #![allow(dead_code, reason = "names to trip over")]

    struct Result;
    struct Duration;
    struct Error;
    struct Send;
    struct Box;
    struct Vec;
    struct Option;
    struct Some;
    struct Ok;
    mod core {}
    mod std {}

    pub(super) struct Client(pub(super) ::std::primitive::u32);
    pub(super) struct Twin(pub(super) Client);

    #[::crochet::blocking(as = Twin, timeout = 60)]
    impl Client {
        pub(super) async fn new(n: u32) -> ::std::io::Result<::std::vec::Vec<Self>> {
            ::std::result::Result::Ok(::std::vec![Self(n)])
        }

        pub(super) async fn boxed(&self) -> ::std::boxed::Box<Self> {
            ::std::boxed::Box::new(Self(self.0))
        }

        pub(super) fn stream(&self) -> impl ::futures_lite::Stream<Item = Self> {
            ::futures_lite::stream::once(Self(self.0))
        }
    }
}

#[test]
fn shadowed_names_do_no_harm() {
    let _limit = limit(LONG);
    let twin = shadowed::Twin::new(3).unwrap().pop().unwrap();
    assert_eq!(twin.boxed().unwrap().0.0, 3);
    assert_eq!(twin.stream().next().unwrap().unwrap().0.0, 3);
}

/// A library that is strict with itself.
#[allow(unreachable_pub, reason = "it stands for a crate of its own")]
mod strict {
    #![forbid(unsafe_code)]
    #![deny(warnings, missing_docs, clippy::pedantic, clippy::allow_attributes_without_reason)]
    #![allow(clippy::unused_async, reason = "there is nothing to wait for")]

    use std::io;

    /// A client.
    #[derive(Debug)]
    pub struct Client;

    /// What blocks.
    pub mod blocking {
        /// A client that blocks.
        #[derive(Debug)]
        pub struct Client(pub(crate) super::Client);
    }

    #[crochet::blocking(as = blocking::Client, timeout = 60)]
    impl Client {
        /// The port.
        pub const PORT: u16 = 80;

        /// Connects.
        ///
        /// # Errors
        ///
        /// None.
        pub async fn connect() -> io::Result<Self> {
            Ok(Self)
        }

        /// Counts.
        pub async fn count(&self) -> usize {
            1
        }

        pub(crate) async fn never_used(&self) -> usize {
            self.count().await
        }
    }
}

#[test]
fn a_strict_library_has_no_warnings() {
    let _limit = limit(LONG);
    assert_eq!(strict::blocking::Client::connect().unwrap().count().unwrap(), 1);
    assert_eq!(strict::blocking::Client::PORT, strict::Client::PORT);
    let _ = strict::Client::never_used;
}

struct Late;
struct BlockingLate(Late);

#[crochet::blocking(as = BlockingLate, timeout = 0.05, reactor = reactor)]
impl Late {
    pub(crate) async fn late(&self, reactor: &crochet::Reactor) -> crochet::Result<()> {
        let _ = reactor;
        Ok(())
    }

    pub(crate) async fn late_value(&self, reactor: &crochet::Reactor) -> u8 {
        let _ = reactor;
        0
    }
}

#[test]
fn places_are_those_of_the_callers() {
    let _limit = limit(LONG);
    let reactor = crochet::Reactor::new().unwrap();
    let hog = support::hog(&reactor);
    for late in
        [BlockingLate(Late).late(&reactor), BlockingLate(Late).late_value(&reactor).map(drop)]
    {
        let Err(crochet::Error::TimedOut(why)) = late else { panic!("it ran beside the hog") };
        assert_eq!(why.blocked_by().unwrap().location(), hog.location);
    }
    hog.release();

    let list = crochet::Reactor::new().unwrap();
    let hog = support::hog(&list);
    let waiting = std::thread::spawn({
        let list = list.clone();
        move || {
            let line = line!() + 1;
            let late = BlockingWaits(Waits(list)).wait();
            assert!(late.is_ok());
            line
        }
    });
    let mut place = None;
    support::until(|| {
        let mut jobs = list.jobs().into_iter();
        place = jobs.find(|job| job.location() != hog.location).map(|job| job.location());
        place.is_some()
    });
    hog.release();
    let place: &Location<'_> = place.unwrap();
    assert_eq!((place.file(), place.line()), (file!(), waiting.join().unwrap()));
}

struct Waits(crochet::Reactor);
struct BlockingWaits(Waits);

#[crochet::blocking(as = BlockingWaits, timeout = 60, reactor = &self.0.0)]
impl Waits {
    pub(crate) async fn wait(&self) -> u8 {
        1
    }
}
