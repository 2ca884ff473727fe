//! In which span a job's code runs, and where its reports go.
//!
//! | | `wait_for` | `run_in_reactor` |
//! |---|---|---|
//! | polled, more than once | x | x |
//! | dropped: finished | x | x |
//! | dropped: stopped on the reactor thread | x | x |
//! | dropped: timed out, by the caller; cancelled | x | x |
//! | never begun | x | x |
//! | the span's end | it is the caller's | before the outcome |
//! | no span, no subscriber, a subscriber for less, one that panics | x | x |

#[path = "../../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "this suite uses some of it")]
mod support;

#[cfg(unix)]
#[path = "../../support/fork.rs"]
#[allow(dead_code, reason = "this suite uses some of it")]
mod fork;

use std::fmt;
use std::future;
use std::sync::Mutex;
use std::thread::{self, ThreadId};
use std::time::Duration;

use crochet::{Error, EventualResult, Reactor};
use crochet_tracing_tests::What::{Close, Enter, Event, Exit, Follows, New};
use crochet_tracing_tests::{Recorder, What, event};
use futures_lite::future::yield_now;
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Level, Metadata, Subscriber, info, info_span, warn};

use support::{Gate, LONG, hog, limit, own_process, thread_of};

type Job<T = ()> = EventualResult<T, Error>;

const SHORT: Duration = Duration::from_millis(30);

/// Reports when it is dropped.
struct Dropped;

impl Drop for Dropped {
    fn drop(&mut self) {
        info!("dropped");
    }
}

/// Reports twice, in two polls, and when it is dropped.
async fn report() -> Result<(), Error> {
    let _dropped = Dropped;
    info!("one");
    yield_now().await;
    info!("two");
    Ok(())
}

/// What `report` reports, in a span; without what the caller does.
fn reported(span: &'static str) -> Vec<What> {
    let [one, two, dropped] = ["one", "two", "dropped"].map(|text| event(text, span));
    vec![Enter(span), one, Exit(span), Enter(span), two, dropped, Exit(span)]
}

/// What was heard on one thread.
fn on(thread: ThreadId, recorder: &Recorder) -> Vec<What> {
    let heard = recorder.heard().into_iter().filter(|(_, on)| *on == thread);
    heard.map(|(what, _)| what).collect()
}

fn new_reactor() -> (Reactor, ThreadId) {
    let reactor = Reactor::new().unwrap();
    let thread = thread_of(&reactor);
    (reactor, thread)
}

#[test]
fn wait_for_runs_its_job_in_the_callers_span() {
    let _limit = limit(LONG);
    let (reactor, there) = new_reactor();
    let recorder = Recorder::new();
    recorder.listen(|| {
        info_span!("call").in_scope(|| reactor.wait_for(LONG, report()).unwrap());
        assert_eq!(on(there, &recorder), reported("call"));
        // The call has kept nothing of the span, which ends here.
        let here = [New("call", None), Enter("call"), Exit("call"), Close("call")];
        assert_eq!(on(thread::current().id(), &recorder), here);
    });
}

#[test]
fn a_call_that_times_out_drops_its_job_in_the_callers_span_and_keeps_nothing() {
    let _limit = limit(LONG);
    let (reactor, there) = new_reactor();
    let recorder = Recorder::new();
    let hog = hog(&reactor);
    recorder.listen(|| {
        let late: Result<(), Error> = info_span!("call").in_scope(|| {
            let dropped = Dropped;
            reactor.wait_for(SHORT, async move {
                let _dropped = dropped;
                future::pending().await
            })
        });
        assert!(late.unwrap_err().is_timeout());
        assert_eq!(on(there, &recorder), []);
        let story = [
            New("call", None),
            Enter("call"),
            event("dropped", "call"),
            Exit("call"),
            Close("call"),
        ];
        assert_eq!(recorder.story(), story);
    });
    hog.release();
}

#[test]
fn a_call_whose_reactor_stops_has_its_job_dropped_in_the_callers_span() {
    let _limit = limit(LONG);
    let (reactor, there) = new_reactor();
    let (recorder, begun) = (Recorder::new(), Gate::new());
    thread::scope(|scope| {
        let call = scope.spawn(|| {
            recorder.listen(|| {
                info_span!("call").in_scope(|| {
                    reactor.wait_for(LONG, async {
                        let _dropped = Dropped;
                        begun.open();
                        future::pending::<Result<(), Error>>().await
                    })
                })
            })
        });
        begun.pass();
        reactor.shutdown(LONG).unwrap();
        assert!(call.join().unwrap().unwrap_err().is_reactor_stopped());
    });
    // After one poll, or two, if the stop came later.
    let (heard, end) =
        (on(there, &recorder), [Enter("call"), event("dropped", "call"), Exit("call")]);
    assert_eq!(heard[heard.len() - 3..], end);
}

#[test]
fn a_background_job_has_a_span_that_follows_from_the_callers_and_ends_with_it() {
    let _limit = limit(LONG);
    let (reactor, there) = new_reactor();
    let recorder = Recorder::new();
    let (job, line) = recorder
        .listen(|| info_span!("call").in_scope(|| (reactor.run_in_reactor(report), line!())));
    job.wait(LONG).unwrap();
    // It has ended before its outcome is known, and the handle does not keep it.
    let mut story = reported("job");
    story.push(Close("job"));
    assert_eq!(on(there, &recorder), story);
    let here: Vec<_> = on(thread::current().id(), &recorder);
    let call = [
        New("call", None),
        Enter("call"),
        New("job", None),
        Follows("job", "call"),
        Exit("call"),
        Close("call"),
    ];
    assert_eq!(here, call);
    let fields = format!("location={}:{line}", file!());
    assert_eq!(recorder.last_new(), Some((Level::INFO, "crochet".to_owned(), fields)));
    drop(job);
}

/// Starts a job that reports when it is dropped, and never ends. It tells when it has begun.
fn pending(reactor: &Reactor) -> (Job, Gate) {
    let begun = Gate::new();
    let (dropped, opens) = (Dropped, begun.clone());
    let job = reactor.run_in_reactor(move || async move {
        let _dropped = dropped;
        opens.open();
        future::pending().await
    });
    (job, begun)
}

#[test]
fn a_background_job_that_is_cancelled_or_stopped_is_dropped_in_its_span() {
    let _limit = limit(LONG);
    let (reactor, there) = new_reactor();
    for stop in [false, true] {
        let recorder = Recorder::new();
        let (job, begun) = recorder.listen(|| pending(&reactor));
        begun.pass();
        if stop {
            reactor.shutdown(LONG).unwrap();
        } else {
            job.cancel();
        }
        let failure = job.wait(LONG).unwrap_err();
        assert_eq!((failure.is_cancelled(), failure.is_reactor_stopped()), (!stop, stop));
        let end = [Enter("job"), event("dropped", "job"), Exit("job"), Close("job")];
        let heard = on(there, &recorder);
        assert_eq!(heard[heard.len() - 4..], end);
    }
}

#[test]
fn a_background_job_that_was_never_begun_is_dropped_in_its_span() {
    let _limit = limit(LONG);
    let (reactor, there) = new_reactor();
    let (recorder, hog) = (Recorder::new(), hog(&reactor));
    let (job, begun) = recorder.listen(|| pending(&reactor));
    job.cancel();
    hog.release();
    assert!(job.wait(LONG).unwrap_err().is_cancelled());
    assert!(!begun.is_open());
    let story = [Enter("job"), event("dropped", "job"), Exit("job"), Close("job")];
    assert_eq!(on(there, &recorder), story);
}

#[test]
fn without_a_span_a_job_follows_from_none_and_a_call_is_in_none() {
    let _limit = limit(LONG);
    let (reactor, there) = new_reactor();
    let recorder = Recorder::new();
    recorder.listen(|| {
        reactor.run_in_reactor(report).join(LONG).unwrap();
        assert!(!recorder.story().iter().any(|what| matches!(what, Follows(..))));
        reactor.wait_for(LONG, report()).unwrap();
    });
    let heard = on(there, &recorder);
    let calls = ["one", "two", "dropped"].map(|text| Event(text.to_owned(), None));
    assert_eq!(heard[heard.len() - 3..], calls);
}

#[test]
fn a_job_of_a_job_follows_from_that_jobs_span() {
    let _limit = limit(LONG);
    let (reactor, _) = new_reactor();
    let recorder = Recorder::new();
    let inner = recorder.listen(|| {
        let again = reactor.clone();
        reactor.run_in_reactor(|| async move {
            Ok::<_, Error>(info_span!("inside").in_scope(|| again.run_in_reactor(report)))
        })
    });
    inner.join(LONG).unwrap().join(LONG).unwrap();
    let story = recorder.story();
    assert!(story.contains(&New("inside", Some("job"))), "{story:?}");
    assert!(story.contains(&Follows("job", "inside")), "{story:?}");
}

#[test]
fn each_caller_has_a_subscriber_of_its_own() {
    let _limit = limit(LONG);
    let (reactor, there) = new_reactor();
    let recorders = [(); 3].map(|()| Recorder::new());
    thread::scope(|scope| {
        for recorder in &recorders {
            scope.spawn(|| {
                recorder.listen(|| {
                    for _ in 0..50 {
                        info_span!("call").in_scope(|| reactor.wait_for(LONG, report())).unwrap();
                    }
                });
            });
        }
    });
    for recorder in &recorders {
        let story: Vec<_> = (0..50).flat_map(|_| reported("call")).collect();
        assert_eq!(on(there, recorder), story);
    }
    // And a thread without a subscriber is not heard by any.
    reactor.wait_for(LONG, report()).unwrap();
    reactor.run_in_reactor(report).join(LONG).unwrap();
    assert_eq!(on(there, &recorders[0]).len(), reported("call").len() * 50);
}

#[test]
fn a_subscriber_for_less_hears_a_job_without_its_span() {
    let _limit = limit(LONG);
    let (reactor, there) = new_reactor();
    let recorder = Recorder::new();
    tracing::dispatcher::with_default(&recorder.subscriber(Level::WARN), || {
        let job = reactor.run_in_reactor(|| async {
            info!("not this");
            warn!("this");
            Ok::<_, Error>(())
        });
        job.join(LONG).unwrap();
    });
    assert_eq!(on(there, &recorder), [Event("this".to_owned(), None)]);
}

#[test]
fn the_global_subscriber_hears_all_jobs() {
    own_process!();
    let recorder = Recorder::new();
    tracing::dispatcher::set_global_default(recorder.subscriber(Level::TRACE)).unwrap();
    let (reactor, there) = new_reactor();
    let before = on(there, &recorder).len();
    info_span!("call").in_scope(|| reactor.wait_for(LONG, report())).unwrap();
    assert_eq!(on(there, &recorder)[before..], reported("call"));
    let before = on(there, &recorder).len();
    reactor.run_in_reactor(report).join(LONG).unwrap();
    assert_eq!(on(there, &recorder)[before..before + 7], reported("job"));
}

/// A subscriber that panics whenever it hears of a span.
struct Panics(Mutex<u32>);

impl Subscriber for Panics {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &tracing::Event<'_>) {}

    fn enter(&self, _: &Id) {
        *self.0.lock().unwrap() += 1;
        panic!("no entry");
    }

    fn exit(&self, _: &Id) {
        panic!("no way out");
    }

    fn try_close(&self, _: Id) -> bool {
        panic!("open for ever");
    }
}

impl fmt::Debug for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Panics")
    }
}

#[test]
fn a_subscriber_that_panics_does_no_harm_to_jobs() {
    let _limit = limit(LONG);
    let (reactor, _) = new_reactor();
    let panics = Dispatch::new(Panics(Mutex::new(0)));
    let job = tracing::dispatcher::with_default(&panics, || reactor.run_in_reactor(report));
    job.join(LONG).unwrap();
    assert!(*panics.downcast_ref::<Panics>().unwrap().0.lock().unwrap() > 0);
    reactor.wait_for(LONG, async { Ok::<_, Error>(()) }).unwrap();
}

#[test]
fn a_drivers_thread_has_its_own_span_back() {
    own_process!();
    let [drivers, callers] = [(); 2].map(|()| Recorder::new());
    let driver = crochet::no_setup().unwrap();
    let caller = thread::spawn({
        let callers = callers.clone();
        move || {
            callers.listen(|| {
                info_span!("call").in_scope(|| crochet::wait_for(LONG, report())).unwrap();
            });
        }
    });
    drivers.listen(|| {
        info_span!("main").in_scope(|| {
            let joined = async {
                crochet::unblock(|| caller.join().unwrap()).await;
                info!("joined");
            };
            async_io::block_on(driver.run(joined)).unwrap();
        });
    });
    assert_eq!(on(thread::current().id(), &callers), reported("call"));
    let story =
        [New("main", None), Enter("main"), event("joined", "main"), Exit("main"), Close("main")];
    assert_eq!(drivers.story(), story);
}

#[cfg(unix)]
#[test]
fn a_subscriber_hears_nothing_in_a_fork_that_a_job_makes() {
    own_process!();
    let (reactor, there) = new_reactor();
    let recorder = Recorder::new();
    let job = recorder.listen(|| {
        reactor.run_in_reactor(|| async {
            let child = fork::fork();
            yield_now().await;
            Ok::<_, Error>(child)
        })
    });
    let child = job.join(LONG).unwrap();
    // Its only thread leaves the loop, and ends. The recorder would have aborted it.
    assert_eq!(fork::status_of(child), 0);
    assert!(on(there, &recorder).contains(&Close("job")));
}
