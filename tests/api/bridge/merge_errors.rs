//! `Iter::merge_errors`: one level of errors for a stream of `Result`s.

use std::future::pending;
use std::io::{self, ErrorKind};
use std::time::Duration;

use crochet::{Error, Iter, MergeErrors, Reactor};
use futures_lite::stream::{self, StreamExt};

use crate::support::{LONG, hog, limit};

const SHORT: Duration = Duration::from_millis(20);

#[derive(Debug, PartialEq)]
enum Mine {
    Crochet(String),
    Own(u8),
}

impl From<Error> for Mine {
    fn from(error: Error) -> Self {
        Self::Crochet(error.to_string())
    }
}

#[test]
fn the_streams_own_errors_pass_and_are_not_the_end() {
    let _limit = limit(LONG);
    let items = stream::iter([Ok(1), Err(Mine::Own(2)), Ok(3)]);
    let mut items = Iter::on(&Reactor::new().unwrap(), items).merge_errors();
    assert_eq!(items.size_hint(), (3, Some(3)));
    assert_eq!(items.next(), Some(Ok(1)));
    assert_eq!(items.next(), Some(Err(Mine::Own(2))));
    assert_eq!(items.next(), Some(Ok(3)));
    assert_eq!((items.next(), items.next(), items.size_hint()), (None, None, (0, Some(0))));
}

#[test]
fn a_late_item_is_an_error_of_the_streams_type_and_comes_later() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let items = stream::iter([Ok::<_, Mine>(1)]);
    let mut items = Iter::on(&reactor, items).merge_errors().timeout(SHORT);
    let Some(Err(Mine::Crochet(text))) = items.next() else { panic!("it came beside the hog") };
    assert!(text.starts_with("timed out after "), "{text}");
    hog.release();
    assert_eq!(items.timeout(LONG).next(), Some(Ok(1)));
}

#[test]
fn a_reactor_that_stops_is_one_error_and_the_end() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let never = stream::once_future(pending::<io::Result<u8>>());
    let mut items = Iter::on(&reactor, never).merge_errors();
    reactor.shutdown(LONG).unwrap();
    assert_eq!(items.next().unwrap().unwrap_err().kind(), ErrorKind::Other);
    assert!(items.next().is_none() && items.next().is_none());
}

#[test]
fn it_reads_ahead_as_the_iterator_does() {
    let _limit = limit(LONG);
    let squares = stream::unfold(1_u64, |n| async move { Some((Ok::<_, Error>(n * n), n + 1)) });
    let squares: MergeErrors<_> =
        Iter::on(&Reactor::new().unwrap(), squares.boxed()).merge_errors().read_ahead(4);
    assert_eq!(format!("{squares:?}").matches("read_ahead: true").count(), 1);
    let first: Result<Vec<u64>, Error> = squares.take(6).collect();
    assert_eq!(first.unwrap(), [1, 4, 9, 16, 25, 36]);
}
