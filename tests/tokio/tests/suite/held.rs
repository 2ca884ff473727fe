//! `in_context` and `Held`: values that need a runtime's context, used and dropped on ordinary
//! threads.

use std::cell::RefCell;
use std::thread;

use crochet::{Error, Held, in_context};
use crochet_tokio_tests::{Dropped, Witness, application, context, own, witness};
use tokio::runtime::Handle;

use crate::support::{LONG, limit, own_process};

/// Panics where it is dropped outside of a context, as many a connection does.
#[derive(Debug)]
struct NeedsContext;

impl Drop for NeedsContext {
    fn drop(&mut self) {
        Handle::current();
    }
}

#[test]
fn code_on_an_ordinary_thread_is_run_in_the_context() {
    let _limit = limit(LONG);
    assert_eq!(context(), None);
    assert_eq!(in_context(context), Some(own()));
    assert_eq!(context(), None);
    let task = in_context(|| tokio::spawn(async { 5 }));
    assert_eq!(in_context(|| futures_lite::future::block_on(task)).unwrap(), 5);
}

#[test]
fn code_on_a_runtimes_thread_stays_in_its_context() {
    let _limit = limit(LONG);
    let runtime = application(1);
    let id = runtime.handle().id();
    runtime.block_on(async { assert_eq!(in_context(context), Some(id)) });
}

#[test]
fn a_panic_leaves_the_context() {
    let _limit = limit(LONG);
    thread::spawn(|| {
        std::panic::catch_unwind(|| in_context(|| panic!("on purpose"))).unwrap_err();
        assert_eq!(context(), None);
    })
    .join()
    .unwrap();
}

#[test]
fn a_held_value_is_dropped_in_the_context_on_its_owners_thread() {
    let _limit = limit(LONG);
    let here = Dropped { context: Some(own()), thread: thread::current().id() };
    let (witness, dropped) = witness();
    let held = Held::from((witness, NeedsContext));
    drop(held);
    assert_eq!(dropped.wait(), here);
    drop(Held::new(vec![NeedsContext, NeedsContext]));
}

#[test]
fn what_replaces_a_held_value_does_not_drop_it_elsewhere() {
    let _limit = limit(LONG);
    let mut held = Held::new(Some(NeedsContext));
    assert!(held.is_some());
    held = Held::new(None);
    assert!(held.is_none());
    let inner = Held::new(NeedsContext).into_inner();
    in_context(|| drop(inner));
}

#[test]
fn in_a_process_without_a_reactor_the_runtime_is_started() {
    own_process!();
    drop(Held::new(NeedsContext));
    assert_eq!(context(), None);
}

#[test]
fn in_an_application_that_drives_the_reactor_the_context_is_that_of_its_runtime() {
    own_process!();
    let runtime = application(1);
    let id = Some(runtime.handle().id());
    let driver = crochet::no_setup().unwrap();
    let job = crochet::run_in_reactor(|| async { Ok::<_, Error>(Held::new(NeedsContext)) });
    let held = runtime.block_on(driver.run(job.into_future())).unwrap().unwrap();
    // On a thread that is in no context, after the driver has ended; a second runtime is not
    // started for it.
    drop(held);
    assert_eq!(in_context(context), id);
}

#[test]
fn in_the_last_destructors_of_a_thread_a_held_value_is_dropped_without_a_context() {
    thread_local! {
        static KEPT: RefCell<Option<Held<Witness>>> = const { RefCell::new(None) };
    }
    let _limit = limit(LONG);
    let (witness, dropped) = witness();
    let thread = thread::spawn(move || {
        // The first thread-local of the thread is usually the last one to be destroyed: after
        // tokio's.
        KEPT.set(Some(Held::new(witness)));
        assert!(in_context(context).is_some());
    });
    let id = thread.thread().id();
    thread.join().unwrap();
    assert_eq!(dropped.wait().thread, id);
}
