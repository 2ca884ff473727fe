//! `Held` as a wrapper; what it is for is tested with the feature `tokio`.

use std::cell::Cell;
use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use crochet::{Held, in_context};

#[test]
fn it_derefs_and_has_the_traits_of_its_value() {
    let mut held: Held<Vec<u8>> = vec![2, 1].into();
    held.sort();
    assert_eq!((held.len(), &*held), (2, &vec![1, 2]));
    assert_eq!((held.clone(), format!("{held:?}")), (held, "[1, 2]".to_owned()));
    assert_eq!(Held::new("text").to_string(), "text");
    assert_eq!(Held::<u8>::default().into_inner(), 0);
    assert!(Held::new(1) < Held::new(2));
    assert!(HashSet::from([Held::new(1)]).contains(&Held::new(1)));
    assert!(BTreeSet::from([Held::new(1)]).contains(&Held::new(1)));
}

#[test]
fn its_value_is_dropped_once_or_given_back() {
    let drops = Rc::new(Cell::new(0));
    struct Counted(Rc<Cell<u32>>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let held = Held::new(Counted(Rc::clone(&drops)));
    let inner = held.into_inner();
    assert_eq!(drops.get(), 0);
    drop(Held::new(inner));
    assert_eq!(drops.get(), 1);
}

#[test]
fn the_context_is_for_any_code_and_returns_what_that_returns() {
    let text = String::from("borrowed");
    assert_eq!(in_context(|| text.as_str()), "borrowed");
}
