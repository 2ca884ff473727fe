//! `Iter::read_ahead`: how far ahead, in which order, and what becomes of what was read.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crochet::{Error, Iter, Reactor};
use futures_lite::stream::{self, Stream, StreamExt};

use crate::support::{LONG, Probe, hog, limit, log, settle, thread_of, until};

const SHORT: Duration = Duration::from_millis(20);

/// Numbers from 0 up, that are counted when they leave the stream.
fn counted() -> (Arc<AtomicUsize>, impl Stream<Item = usize> + Send + 'static) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    (count, stream::repeat_with(move || counter.fetch_add(1, Ordering::SeqCst)))
}

fn read(count: &AtomicUsize) -> usize {
    count.load(Ordering::SeqCst)
}

#[test]
fn all_items_come_in_order_however_far_it_reads_ahead() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for n in [1, 3, 64, usize::MAX] {
        let items = Iter::on(&reactor, stream::iter(0..5000)).read_ahead(n);
        let items: Vec<_> = items.map(Result::unwrap).collect();
        assert_eq!(items, (0..5000).collect::<Vec<_>>());
    }
}

#[test]
fn it_reads_n_items_ahead_and_no_more() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for n in [1, 2, 100] {
        let (count, numbers) = counted();
        let mut items = Iter::on(&reactor, numbers).read_ahead(n);
        for taken in 0..5 {
            until(|| read(&count) == taken + n);
            settle(&reactor);
            settle(&reactor);
            assert_eq!(read(&count), taken + n);
            assert_eq!(items.next().unwrap().unwrap(), taken);
        }
    }
}

#[test]
fn zero_is_not_at_all_and_the_first_call_counts() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (count, numbers) = counted();
    let mut items = Iter::on(&reactor, numbers).read_ahead(0);
    settle(&reactor);
    assert_eq!(read(&count), 0);
    assert_eq!(items.next().unwrap().unwrap(), 0);
    assert_eq!(read(&count), 1);
    let items = items.read_ahead(2).read_ahead(50).read_ahead(0);
    until(|| read(&count) == 3);
    settle(&reactor);
    assert_eq!(read(&count), 3);
    assert_eq!(items.take(2).map(Result::unwrap).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn the_hint_counts_what_is_in_the_buffer() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let mut items = Iter::on(&reactor, stream::iter(0..9)).read_ahead(4);
    for left in (1..=9).rev() {
        assert_eq!(items.size_hint(), (left, Some(left)));
        settle(&reactor);
        assert_eq!(items.size_hint(), (left, Some(left)));
        items.next().unwrap().unwrap();
    }
    assert_eq!(items.size_hint(), (0, Some(0)));
    assert!(items.next().is_none() && items.next().is_none());

    let endless = Iter::on(&reactor, stream::repeat(1)).read_ahead(4);
    settle(&reactor);
    assert_eq!(endless.size_hint(), (usize::MAX, None));
}

#[test]
fn a_late_item_is_not_lost() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (sender, receiver) = async_channel::unbounded();
    let mut items = Iter::on(&reactor, receiver).timeout(SHORT).read_ahead(8);
    let start = Instant::now();
    assert!(items.next().unwrap().unwrap_err().is_timeout());
    assert!(start.elapsed() >= SHORT);
    for item in 0..3 {
        sender.try_send(item).unwrap();
    }
    until(|| sender.is_empty());
    settle(&reactor);
    // They are here, so no time is needed.
    let mut items = items.timeout(Duration::ZERO);
    for item in 0..3 {
        assert_eq!(items.next().unwrap().unwrap(), item);
    }
    assert!(items.next().unwrap().unwrap_err().is_timeout());
}

#[test]
fn nothing_is_lost_or_doubled_between_timeouts() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for n in [1, 7] {
        let numbers = stream::unfold(0, |n| async move {
            async_io::Timer::after(Duration::from_micros(n % 3 * 60)).await;
            (n < 500).then_some((n, n + 1))
        });
        let items = Iter::on(&reactor, numbers).timeout(Duration::from_micros(50)).read_ahead(n);
        let mut got = Vec::new();
        for item in items {
            match item {
                Ok(item) => got.push(item),
                Err(error) => assert!(error.is_timeout(), "{error}"),
            }
        }
        assert_eq!(got, (0..500).collect::<Vec<_>>());
    }
}

#[test]
fn what_is_there_comes_without_the_reactor() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (count, numbers) = counted();
    let mut items = Iter::on(&reactor, numbers).timeout(SHORT).read_ahead(3);
    until(|| read(&count) == 3);
    settle(&reactor);
    let hog = hog(&reactor);
    for item in 0..3 {
        assert_eq!(items.next().unwrap().unwrap(), item);
    }
    assert!(items.next().unwrap().unwrap_err().is_timeout());
    hog.release();
    assert_eq!(items.find_map(Result::ok), Some(3));
}

#[test]
fn other_jobs_get_their_turn() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let items = Iter::on(&reactor, stream::repeat(0_u8)).read_ahead(usize::MAX);
    thread_of(&reactor);
    drop(items);
    thread_of(&reactor);
}

#[test]
fn a_panic_comes_after_the_items_before_it() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let numbers = stream::iter(0..).inspect(|n| assert!(*n < 2, "dropped a stitch"));
    let mut items = Iter::on(&reactor, numbers).read_ahead(10);
    settle(&reactor);
    assert_eq!(items.by_ref().take(2).map(Result::unwrap).collect::<Vec<_>>(), [0, 1]);
    let panic = catch_unwind(AssertUnwindSafe(|| items.next())).unwrap_err();
    assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "dropped a stitch");
    assert!(items.next().is_none() && items.next().is_none());
}

#[test]
fn a_panic_that_no_call_has_reported_is_logged() {
    let _limit = limit(LONG);
    let log = log();
    let reactor = Reactor::new().unwrap();
    let line = line!() + 2;
    let numbers = stream::iter(0..).inspect(|_| panic!("unravelled"));
    let items = Iter::on(&reactor, numbers).read_ahead(10);
    settle(&reactor);
    drop(items);
    let place = format!("iter_ahead.rs:{line}");
    let text = log.wait_for("unravelled").text;
    assert!(text.contains("nobody saw the failure") && text.contains(&place), "{text}");
}

#[test]
fn a_shutdown_is_told_once_after_the_items_before_it() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (count, numbers) = counted();
    let mut items = Iter::on(&reactor, numbers).read_ahead(3);
    until(|| read(&count) == 3);
    settle(&reactor);
    reactor.shutdown(LONG).unwrap();
    assert_eq!(items.size_hint(), (3, Some(3)));
    assert_eq!(items.by_ref().take(3).map(Result::unwrap).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(matches!(items.next(), Some(Err(Error::ReactorStopped))));
    assert!(items.next().is_none() && items.next().is_none());

    let mut late = Iter::on(&reactor, stream::iter([1])).read_ahead(3);
    assert!(matches!(late.next(), Some(Err(Error::ReactorStopped))));
    assert!(late.next().is_none());
}

#[test]
fn a_shutdown_wakes_the_waiting_call_and_loses_no_item() {
    let _limit = limit(LONG);
    for _ in 0..50 {
        let reactor = Reactor::new().unwrap();
        let (count, numbers) = counted();
        // Every third number takes its time.
        let numbers = numbers.then(|n| async move {
            if n % 3 == 2 {
                async_io::Timer::after(Duration::from_micros(100)).await;
            }
            n
        });
        let mut items = Iter::on(&reactor, numbers).read_ahead(5);
        let mut got = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                until(|| read(&count) > 20);
                reactor.shutdown(LONG).unwrap();
            });
            for item in items.by_ref().map_while(Result::ok) {
                assert_eq!(item, got);
                got += 1;
            }
        });
        // The last one may have been awaited still.
        assert!(got == read(&count) || got + 1 == read(&count), "{got}, {count:?}");
        assert!(items.next().is_none());
    }
}

#[test]
fn dropping_it_drops_the_stream_on_the_reactor_thread() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let trace = Probe::new();
    let mark = trace.witness();
    let items = Iter::on(
        &reactor,
        stream::pending::<u8>().inspect(move |_| {
            let _mark = &mark;
        }),
    )
    .read_ahead(1);
    let hog = hog(&reactor);
    drop(items); // does not wait
    assert_eq!(trace.threads(), []);
    hog.release();
    until(|| trace.threads() == [thread_of(&reactor)]);
}

#[test]
fn it_is_refused_on_its_reactors_thread_even_if_there_is_an_item() {
    let _limit = limit(LONG);
    let (reactor, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let mut items = Iter::on(&reactor, stream::iter([1, 2])).read_ahead(2);
    settle(&reactor);
    for _ in 0..2 {
        let next = reactor.wait_for(LONG, async { Ok::<_, Error>(items.next()) }).unwrap();
        assert!(matches!(next, Some(Err(Error::OnReactorThread))));
    }
    assert_eq!(other.wait_for(LONG, async { items.next().unwrap() }).unwrap(), 1);
    assert_eq!(items.next().unwrap().unwrap(), 2);
    assert!(items.next().is_none());
}
