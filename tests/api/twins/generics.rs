//! Generic types, and types with lifetimes.

use std::fmt::Debug;
use std::future::ready;
use std::io;

use futures_lite::{Stream, stream};

use crate::support::{LONG, limit};

#[derive(Clone, Debug)]
struct Store<T> {
    values: Vec<T>,
}

#[derive(Debug)]
struct Cursor<'a, T> {
    rest: &'a [T],
}

#[derive(Debug)]
struct BlockingStore<T>(Store<T>);
#[derive(Debug)]
struct BlockingCursor<'a, T>(Cursor<'a, T>);

#[crochet::blocking(as = BlockingStore<T>, timeout = 60, types(Cursor as BlockingCursor))]
impl<T: Clone + Send + Sync> Store<T>
where
    Self: Debug,
{
    pub(crate) async fn new(values: Vec<T>) -> io::Result<Self> {
        Ok(Self { values })
    }

    pub(crate) async fn of_one(value: T) -> Store<T> {
        Store { values: vec![value] }
    }

    pub(crate) async fn get(&self, at: usize) -> Option<T> {
        self.values.get(at).cloned()
    }

    pub(crate) async fn set(&mut self, at: usize, value: T) -> io::Result<T> {
        let old = self.values.get_mut(at).ok_or(io::ErrorKind::NotFound)?;
        Ok(std::mem::replace(old, value))
    }

    pub(crate) async fn map<U: Send>(&self, f: impl Fn(T) -> U + Send) -> io::Result<Vec<U>> {
        ready(()).await;
        Ok(self.values.iter().cloned().map(f).collect())
    }

    pub(crate) async fn try_into<U, const N: usize>(self) -> io::Result<[U; N]>
    where
        U: From<T> + Send,
        Self: Sized,
    {
        let values = self.values.into_iter().map(U::from).collect::<Vec<_>>();
        values.try_into().map_err(|_| io::ErrorKind::InvalidData.into())
    }

    pub(crate) fn cursor(&self) -> Cursor<'_, T> {
        Cursor { rest: &self.values }
    }

    pub(crate) async fn merged(&self, other: &Store<T>) -> io::Result<Store<T>> {
        Ok(Self { values: [&self.values[..], &other.values[..]].concat() })
    }

    pub(crate) fn items(&self) -> impl Stream<Item = T> + Send + use<'_, T> {
        stream::iter(self.values.iter().cloned())
    }
}

#[crochet::blocking(as = BlockingCursor<'a, T>, timeout = 60)]
impl<'a, T: Sync> Cursor<'a, T> {
    pub(crate) async fn next(&mut self) -> io::Result<Option<&'a T>> {
        let (first, rest) = match self.rest.split_first() {
            Some(split) => split,
            None => return Ok(None),
        };
        self.rest = rest;
        Ok(Some(first))
    }
}

#[crochet::blocking(as = BlockingCursor<'_, u8>, timeout = 60)]
impl Cursor<'_, u8> {
    pub(crate) async fn sum(&self) -> u32 {
        self.rest.iter().map(|&n| u32::from(n)).sum()
    }
}

#[test]
fn a_generic_type_has_a_generic_twin() {
    let _limit = limit(LONG);
    let mut store = BlockingStore::new(vec![1_u8, 2]).unwrap();
    assert_eq!(store.get(1).unwrap(), Some(2));
    assert_eq!(store.set(0, 3).unwrap(), 1);
    assert_eq!(store.set(9, 3).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(store.map(|n| n * 2).unwrap(), [6, 4]);
    let one: BlockingStore<u8> = BlockingStore::of_one(4).unwrap();
    let merged = store.merged(&one).unwrap();
    assert!(merged.items().map(Result::unwrap).eq([3, 2, 4]));
    let mut cursor: BlockingCursor<'_, u8> = merged.cursor();
    assert_eq!(cursor.sum().unwrap(), 9);
    assert_eq!(cursor.next().unwrap(), Some(&3));
    assert_eq!(cursor.next().unwrap(), Some(&2));
    assert_eq!(merged.0.clone().values.len(), 3);
    let array: [u64; 3] = merged.try_into().unwrap();
    assert_eq!(array, [3, 2, 4]);
}
