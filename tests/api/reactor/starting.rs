//! How the global reactor starts. Each test has a process of its own.

use std::panic::Location;
use std::sync::Barrier;
use std::thread::{self, ThreadId};

use crate::support::{LONG, own_process};
use crochet::{Error, Reactor};

/// The thread and the name of the thread that jobs run on.
fn reactor_thread() -> (ThreadId, Option<String>) {
    let job = crochet::run_in_reactor(|| async {
        let thread = thread::current();
        Ok::<_, Error>((thread.id(), thread.name().map(str::to_owned)))
    });
    job.join(LONG).unwrap()
}

fn already_set_up(result: Result<impl Sized, Error>) -> (&'static Location<'static>, String) {
    match result {
        Err(error @ Error::AlreadySetUp(at)) => (at, error.to_string()),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("it was set up twice"),
    }
}

#[test]
fn the_first_run_in_reactor_starts_the_reactor() {
    own_process!();
    let job = crochet::run_in_reactor(|| async { Ok::<_, Error>(crochet::in_reactor()) });
    assert!(job.join(LONG).unwrap());
    let (at, _) = already_set_up(crochet::no_setup());
    assert_eq!((at.file(), at.line()), (file!(), line!() - 3));
}

#[test]
fn the_first_wait_for_starts_the_reactor() {
    own_process!();
    let inside = crochet::wait_for(LONG, async { Ok::<_, Error>(crochet::in_reactor()) });
    assert!(inside.unwrap());
    let (at, _) = already_set_up(crochet::no_setup());
    assert_eq!((at.file(), at.line()), (file!(), line!() - 3));
}

#[test]
fn a_handle_to_the_global_reactor_starts_it() {
    own_process!();
    let handle = Reactor::global().unwrap();
    let job = handle.run_in_reactor(|| async { Ok::<_, Error>(thread::current().id()) });
    assert_eq!(job.join(LONG).unwrap(), reactor_thread().0);
    let (at, _) = already_set_up(crochet::no_setup());
    assert_eq!((at.file(), at.line()), (file!(), line!() - 4));
}

#[test]
fn dropping_all_handles_to_the_global_reactor_does_not_stop_it() {
    own_process!();
    let handle = Reactor::global().unwrap();
    let before = reactor_thread();
    drop(handle);
    assert_eq!(reactor_thread(), before);
}

#[test]
fn threads_that_start_the_reactor_at_once_start_one() {
    own_process!();
    const THREADS: usize = 8;
    let barrier = Barrier::new(THREADS);
    let mut seen: Vec<ThreadId> = thread::scope(|scope| {
        let started: Vec<_> = (0..THREADS)
            .map(|i| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    if i % 2 == 0 {
                        crochet::setup().unwrap();
                    }
                    reactor_thread().0
                })
            })
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

#[test]
fn setup_twice_is_fine_and_starts_one_reactor() {
    own_process!();
    crochet::setup().unwrap();
    let first = reactor_thread();
    crochet::setup().unwrap();
    thread::scope(|scope| scope.spawn(crochet::setup).join().unwrap()).unwrap();
    assert_eq!(reactor_thread(), first);
}

#[test]
fn setup_with_starts_a_reactor_with_its_settings() {
    own_process!();
    crochet::setup_with(Reactor::builder().name("knitting")).unwrap();
    assert_eq!(reactor_thread().1.as_deref(), Some("knitting"));
    crochet::setup().unwrap();
    assert_eq!(reactor_thread().1.as_deref(), Some("knitting"));
}

#[test]
fn setup_with_on_a_running_reactor_is_refused_with_the_place_of_the_start() {
    own_process!();
    crochet::setup().unwrap();
    let line = line!() - 1;
    let before = reactor_thread();
    let (at, text) = already_set_up(crochet::setup_with(Reactor::builder().name("late")));
    assert_eq!((at.file(), at.line()), (file!(), line));
    let file = file!();
    assert_eq!(text, format!("the reactor is already set up, by the call at {file}:{line}"));
    assert_eq!(reactor_thread(), before);
}

#[test]
fn setup_with_twice_names_the_first() {
    own_process!();
    crochet::setup_with(Reactor::builder()).unwrap();
    let line = line!() - 1;
    let (at, _) = already_set_up(crochet::setup_with(Reactor::builder()));
    assert_eq!((at.file(), at.line()), (file!(), line));
}

#[test]
fn setup_with_after_a_shutdown_names_no_call() {
    own_process!();
    crochet::setup().unwrap();
    crochet::shutdown(LONG).unwrap();
    crochet::setup_with(Reactor::builder().name("second")).unwrap();
    assert_eq!(reactor_thread().1.as_deref(), Some("second"));
}

#[test]
fn twenty_rounds_of_setup_work_and_shutdown() {
    own_process!();
    let mut threads = Vec::new();
    for round in 0..20 {
        if round % 2 == 0 {
            crochet::setup().unwrap();
        }
        let five: Result<_, Error> = crochet::wait_for(LONG, async { Ok(5) });
        assert_eq!(five.unwrap(), 5, "round {round}");
        threads.push(reactor_thread().0);
        crochet::shutdown(LONG).unwrap();
    }
    threads.sort_unstable_by_key(|id| format!("{id:?}"));
    threads.dedup();
    assert_eq!(threads.len(), 20);
}

#[test]
fn in_reactor_tells_reactor_threads_from_others() {
    own_process!();
    assert!(!crochet::in_reactor());
    let own = Reactor::new().unwrap();
    let inside = async || Ok::<_, Error>(crochet::in_reactor());
    assert!(own.run_in_reactor(inside).join(LONG).unwrap());
    assert!(crochet::run_in_reactor(inside).join(LONG).unwrap());
    let unblocked = crochet::run_in_reactor(|| async {
        Ok::<_, Error>(crochet::unblock(crochet::in_reactor).await)
    });
    assert!(!unblocked.join(LONG).unwrap());
    assert!(!crochet::in_reactor());
}

#[test]
fn a_name_with_a_null_byte_is_an_error_of_setup() {
    own_process!();
    let Err(Error::Setup(reason)) = crochet::setup_with(Reactor::builder().name("a\0b")) else {
        panic!("there is no such name");
    };
    assert_eq!(reason.kind(), std::io::ErrorKind::InvalidInput);
    assert!(matches!(Reactor::builder().name("a\0b").build(), Err(Error::Setup(_))));
    // Nothing was set up, so it may be tried again.
    crochet::setup_with(Reactor::builder().name("ab")).unwrap();
    assert_eq!(reactor_thread().1.as_deref(), Some("ab"));
}

#[cfg(unix)]
#[test]
fn a_start_without_a_thread_to_be_had_fails_and_can_be_retried() {
    own_process!();
    let greedy = || Reactor::builder().stack_size(usize::MAX / 2);
    let failed = crochet::setup_with(greedy()).unwrap_err();
    assert!(matches!(failed, Error::Setup(_)), "{failed:?}");
    assert!(matches!(greedy().build(), Err(Error::Setup(_))));
    // The failure has left no trace: this is a first start, with other settings.
    crochet::setup_with(Reactor::builder().name("modest")).unwrap();
    assert_eq!(reactor_thread().1.as_deref(), Some("modest"));
}

/// A limit on address space that leaves room for data, and none for the stack of a thread.
#[cfg(target_os = "linux")]
mod no_room_for_a_thread {
    use std::process::Command;
    use std::time::Duration;

    use super::*;
    use crate::support::Gate;

    const STACK: libc::rlim_t = 1 << 30;
    const SLACK: libc::rlim_t = STACK / 4;

    fn large_stacks(command: &mut Command) {
        command.env("RUST_MIN_STACK", STACK.to_string());
    }

    struct Limited(libc::rlimit);

    impl Limited {
        fn new() -> Self {
            let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
            let pages: libc::rlim_t = statm.split(' ').next().unwrap().parse().unwrap();
            let mut before = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            #[expect(unsafe_code, reason = "FFI")]
            // SAFETY: the pointer is to a whole `rlimit`, and `sysconf` takes a number.
            let page = unsafe {
                assert_eq!(libc::getrlimit(libc::RLIMIT_AS, &mut before), 0);
                libc::sysconf(libc::_SC_PAGESIZE)
            };
            let rlim_cur = pages * libc::rlim_t::try_from(page).unwrap() + SLACK;
            Self::set(&libc::rlimit { rlim_cur, ..before });
            Self(before)
        }

        fn set(limit: &libc::rlimit) {
            #[expect(unsafe_code, reason = "FFI")]
            // SAFETY: the pointer is to a whole `rlimit`.
            let error = unsafe { libc::setrlimit(libc::RLIMIT_AS, limit) };
            assert_eq!(error, 0);
        }
    }

    impl Drop for Limited {
        fn drop(&mut self) {
            Self::set(&self.0);
        }
    }

    fn setup_failed(error: &Error) -> bool {
        matches!(error, Error::Setup(_)) && error.to_string() == "the reactor could not be started"
    }

    #[test]
    fn every_call_that_needs_the_reactor_reports_it_and_a_later_one_can_succeed() {
        own_process!(large_stacks);
        let limited = Limited::new();
        assert!(setup_failed(&crochet::setup().unwrap_err()));
        assert!(setup_failed(&crochet::setup_with(Reactor::builder()).unwrap_err()));
        assert!(setup_failed(&Reactor::new().unwrap_err()));
        assert!(setup_failed(&Reactor::global().unwrap_err()));
        let job = crochet::run_in_reactor(|| async { Ok::<_, Error>(()) });
        assert!(setup_failed(&job.join(LONG).unwrap_err()));
        let waited: Result<(), Error> = crochet::wait_for(LONG, async { Ok(()) });
        assert!(setup_failed(&waited.unwrap_err()));
        drop(limited);

        let waited: Result<_, Error> = crochet::wait_for(LONG, async { Ok(1) });
        assert_eq!(waited.unwrap(), 1);
    }

    #[test]
    fn a_job_that_could_not_be_started_is_dropped_uncalled() {
        own_process!(large_stacks);
        let gone = Gate::new();
        let on_drop = gone.open_on_drop();
        let limited = Limited::new();
        let job = crochet::run_in_reactor(move || {
            let _called = on_drop;
            panic!("it was called");
            #[expect(unreachable_code, reason = "it gives the closure its type")]
            async {
                Ok::<(), Error>(())
            }
        });
        assert!(gone.is_open());
        assert!(job.is_finished());
        drop(limited);
        assert!(setup_failed(&job.join(Duration::ZERO).unwrap_err()));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn linking_does_nothing_and_the_thread_lives_from_the_first_call_until_shutdown() {
    use crate::support::kernel::{threads, threads_named};

    own_process!();
    let names = || threads().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let count = || threads_named("crochet").len();
    let before = names();
    assert_eq!(count(), 0, "{before:?}");
    assert!(!before.contains(&"async-io".to_owned()), "{before:?}");
    // What needs no reactor starts none.
    assert!(!crochet::in_reactor());
    let builder = Reactor::builder().name("unbuilt");
    crochet::shutdown(LONG).unwrap();
    drop(builder);
    assert_eq!(names(), before);

    let waited: Result<(), Error> = crochet::wait_for(LONG, async { Ok(()) });
    waited.unwrap();
    assert_eq!(count(), 1);
    crochet::shutdown(LONG).unwrap();
    assert_eq!(count(), 0);
    crochet::setup().unwrap();
    reactor_thread();
    assert_eq!(count(), 1);
}
