//! `iter`: each item on demand. What comes, when it is late, where it is polled and dropped, and
//! what ends it.

use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crochet::{Error, Iter, Reactor};
use futures_lite::stream::{self, Stream, StreamExt};

use crate::support::{Gate, LONG, OnDrop, Probe, here, hog, limit, own_process, thread_of};

const SHORT: Duration = Duration::from_millis(20);

/// A stream that is never ready, and says when it is polled.
fn endless(trace: &Probe, polled: &Gate) -> impl Stream<Item = u32> + Send + use<> {
    let (mark, polled) = (trace.witness(), polled.clone());
    stream::poll_fn(move |_| {
        let _mark = &mark;
        polled.open();
        std::task::Poll::Pending
    })
}

#[track_caller]
fn assert_stopped_once<S: Stream<Item: Send + std::fmt::Debug> + Send>(items: &mut Iter<S>) {
    let next = items.next();
    assert!(matches!(next, Some(Err(Error::ReactorStopped))), "{next:?}");
    assert!(items.next().is_none() && items.next().is_none());
    assert_eq!(items.size_hint(), (0, Some(0)));
}

#[test]
fn items_come_in_order_and_the_end_is_for_ever() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let mut items = Iter::on(&reactor, stream::iter(["cast on", "knit", "bind off"]));
    assert_eq!(items.size_hint(), (3, Some(3)));
    assert_eq!(items.next().unwrap().unwrap(), "cast on");
    assert_eq!(items.size_hint(), (2, Some(2)));
    assert_eq!(items.by_ref().map(Result::unwrap).collect::<Vec<_>>(), ["knit", "bind off"]);
    assert_eq!(items.size_hint(), (0, Some(0)));
    assert!(items.next().is_none() && items.next().is_none());
}

#[test]
fn a_stream_is_not_polled_after_its_end() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    // One that would begin again.
    let mut count = 0;
    let again = stream::poll_fn(move |_| {
        count += 1;
        std::task::Poll::Ready((count % 2 == 1).then_some(count))
    });
    let items: Vec<_> = Iter::on(&reactor, again).chain(None).map(Result::unwrap).collect();
    assert_eq!(items, [1]);
}

#[test]
fn it_is_polled_on_the_reactor_thread_and_only_when_asked() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let polls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&polls);
    // It is not `Unpin`, and it goes to sleep.
    let ticks = stream::unfold(0, move |n| {
        seen.lock().unwrap().push(here());
        async move {
            async_io::Timer::after(Duration::from_millis(1)).await;
            Some((n, n + 1))
        }
    });
    let mut items = Iter::on(&reactor, ticks);
    thread_of(&reactor);
    assert!(polls.lock().unwrap().is_empty());
    assert_eq!(items.next().unwrap().unwrap(), 0);
    thread_of(&reactor);
    assert_eq!(*polls.lock().unwrap(), [thread_of(&reactor)]);
    assert_eq!(items.next().unwrap().unwrap(), 1);
}

#[test]
fn an_item_that_is_late_comes_with_a_later_call() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (sender, receiver) = async_channel::unbounded();
    let mut items = Iter::on(&reactor, Box::pin(receiver)).timeout(SHORT);
    for item in 0..3 {
        let start = Instant::now();
        let late = items.next().unwrap().unwrap_err();
        assert!(late.is_timeout() && start.elapsed() >= SHORT);
        sender.try_send(item).unwrap();
        assert_eq!(items.find_map(Result::ok), Some(item));
    }
    let mut items = items.timeout(Duration::ZERO);
    assert!(items.next().unwrap().unwrap_err().is_timeout());
    sender.try_send(3).unwrap();
    assert_eq!(items.find_map(Result::ok), Some(3));
    drop(sender);
    assert!(items.timeout(Duration::MAX).next().is_none());
}

#[test]
fn no_item_is_lost_to_a_timeout() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let numbers = stream::unfold(0, |n| async move {
        async_io::Timer::after(Duration::from_micros(150)).await;
        (n < 300).then_some((n, n + 1))
    });
    let items = Iter::on(&reactor, numbers).timeout(Duration::from_micros(100));
    let (mut got, mut late) = (Vec::new(), 0);
    for item in items {
        match item {
            Ok(item) => got.push(item),
            Err(error) if error.is_timeout() => late += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(got, (0..300).collect::<Vec<_>>());
    assert!(late > 0);
}

#[test]
fn a_timeout_names_the_job_that_holds_the_reactor() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let mut items = Iter::on(&reactor, stream::iter([1])).timeout(SHORT);
    let late = items.next().unwrap().unwrap_err();
    let place = format!("{}:{}", hog.location.file(), hog.location.line());
    assert!(late.to_string().ends_with(&place), "{late}");
    hog.release();
    assert_eq!(items.find_map(Result::ok), Some(1));
}

#[test]
fn an_error_of_the_streams_own_is_an_item() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let results = [Ok(1), Err(io::Error::from(ErrorKind::InvalidData)), Ok(3)];
    let mut items = Iter::on(&reactor, stream::iter(results)).map(Result::unwrap);
    assert_eq!(items.next().unwrap().unwrap(), 1);
    assert_eq!(items.next().unwrap().unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(items.next().unwrap().unwrap(), 3);
    assert!(items.next().is_none());
}

#[test]
fn a_panic_is_raised_again_in_the_caller_and_ends_the_iterator() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let trace = Probe::new();
    let mark = trace.witness();
    let numbers = stream::iter(0..).map(move |n| {
        let _mark = &mark;
        assert!(n < 2, "dropped a stitch");
        n
    });
    let mut items = Iter::on(&reactor, numbers);
    assert_eq!(items.by_ref().take(2).map(Result::unwrap).collect::<Vec<_>>(), [0, 1]);
    let panic = catch_unwind(AssertUnwindSafe(|| items.next())).unwrap_err();
    assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "dropped a stitch");
    assert!(items.next().is_none() && items.next().is_none());
    drop(items);
    assert_eq!(trace.threads(), [thread_of(&reactor)]);
}

#[test]
fn a_shutdown_is_told_once() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (trace, polled) = (Probe::new(), Gate::new());
    let mut items = Iter::on(&reactor, endless(&trace, &polled));
    thread::scope(|scope| {
        scope.spawn(|| {
            polled.pass();
            reactor.shutdown(LONG).unwrap();
        });
        assert_stopped_once(&mut items);
    });
    assert_stopped_once(&mut Iter::on(&reactor, stream::iter([1])));
    drop(items);
    assert_eq!(trace.threads(), [here()]);
}

#[test]
fn the_global_reactor_is_started_when_needed_and_kept() {
    own_process!();
    let mut items = crochet::iter(stream::iter([1, 2, 3]));
    crochet::setup_with(Reactor::builder().name("late")).unwrap();
    assert_eq!(items.next().unwrap().unwrap(), 1);
    crochet::shutdown(LONG).unwrap();
    crochet::setup().unwrap();
    assert_stopped_once(&mut items);
    assert_eq!(crochet::iter(stream::iter([4])).next().unwrap().unwrap(), 4);
}

#[test]
fn it_is_refused_on_its_reactors_thread_and_works_elsewhere() {
    let _limit = limit(LONG);
    let (reactor, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let mut items = Iter::on(&reactor, stream::iter([1, 2]));
    for _ in 0..2 {
        let next = reactor.wait_for(LONG, async { Ok::<_, Error>(items.next()) }).unwrap();
        assert!(matches!(next, Some(Err(Error::OnReactorThread))));
    }
    assert_eq!(other.wait_for(LONG, async { items.next().unwrap() }).unwrap(), 1);
    assert_eq!(items.next().unwrap().unwrap(), 2);
}

// What becomes of the stream.

#[test]
fn it_is_dropped_on_the_reactor_thread_before_the_iterator_is_gone() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (trace, polled) = (Probe::new(), Gate::new());
    let mut items = Iter::on(&reactor, endless(&trace, &polled)).timeout(Duration::ZERO);
    assert!(items.next().unwrap().unwrap_err().is_timeout());
    drop(items);
    assert_eq!(trace.threads(), [thread_of(&reactor)]);

    // One without an item to be asked for, too, and one that has come to its end.
    drop(Iter::on(&reactor, endless(&trace, &polled)));
    let mark = trace.witness();
    let mut ended = Iter::on(&reactor, stream::iter([mark]).take(0));
    assert!(ended.next().is_none());
    assert_eq!(trace.threads(), [thread_of(&reactor); 3]);
    reactor
        .wait_for(LONG, async {
            drop(Iter::on(&reactor, endless(&trace, &polled)));
            Ok::<_, Error>(())
        })
        .unwrap();
    assert_eq!(trace.threads(), [thread_of(&reactor); 4]);
}

#[test]
fn it_may_borrow() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let mut words = vec![String::from("knit"), String::from("purl")];
    let upper = stream::iter(&mut words).map(|word| word.make_ascii_uppercase());
    assert_eq!(Iter::on(&reactor, upper).count(), 2);
    assert_eq!(words, ["KNIT", "PURL"]);
}

#[test]
fn a_reactor_that_is_held_does_not_hold_up_the_drop_for_ever() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let trace = Probe::new();
    let items = Iter::on(&reactor, endless(&trace, &Gate::new()));
    let start = Instant::now();
    drop(items);
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(trace.threads(), [here()]);
    hog.release();
}

#[test]
fn a_panic_in_its_drop_is_raised_again_unless_there_is_one_already() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let torn = || {
        let torn = OnDrop(|| panic!("torn"));
        Iter::on(
            &reactor,
            stream::poll_fn(move |_| {
                let _torn = &torn;
                std::task::Poll::<Option<()>>::Pending
            }),
        )
    };
    let panic = catch_unwind(AssertUnwindSafe(|| drop(torn()))).unwrap_err();
    assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "torn");
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _items = torn();
        panic!("first");
    }));
    assert_eq!(*panic.unwrap_err().downcast_ref::<&str>().unwrap(), "first");
    thread_of(&reactor);
}
