//! `no_setup` and the `Driver`: a reactor that the application runs itself. Each test has a process
//! of its own.
//!
//! A driver is unrun, running, or over (`main` done, stopped, dropped); a waiter may come in each
//! of them.

use std::cell::Cell;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use crate::support::{Gate, LONG, own_process};
use crochet::{Error, EventualResult, JobState};

/// Long enough to be noticed, for waits that are to time out.
const SHORT: Duration = Duration::from_millis(20);

type Job<T = ()> = EventualResult<T, Error>;

fn place_of_setup(error: Error) -> (&'static str, u32) {
    let Error::AlreadySetUp(at) = error else { panic!("{error:?}") };
    let end = format!(", by the call at {}:{}", at.file(), at.line());
    assert!(error.to_string().ends_with(&end), "{error}");
    (at.file(), at.line())
}

#[test]
fn no_setup_twice_is_refused_with_the_place_of_the_first() {
    own_process!();
    let _driver = crochet::no_setup().unwrap();
    let error = crochet::no_setup().unwrap_err();
    assert_eq!(place_of_setup(error), (file!(), line!() - 2));
}

#[test]
fn no_setup_after_setup_is_refused_with_the_place_of_setup() {
    own_process!();
    crochet::setup().unwrap();
    let error = crochet::no_setup().unwrap_err();
    assert_eq!(place_of_setup(error), (file!(), line!() - 2));
}

#[test]
fn no_setup_after_a_job_is_refused_with_the_place_of_the_job() {
    own_process!();
    let job: Job = crochet::run_in_reactor(async || Ok(()));
    let error = crochet::no_setup().unwrap_err();
    assert_eq!(place_of_setup(error), (file!(), line!() - 2));
    job.join(LONG).unwrap();
}

#[test]
fn no_setup_starts_no_thread_and_setup_does_nothing_after_it() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    crochet::setup().unwrap();
    let builder = crochet::Reactor::builder();
    let error = crochet::setup_with(builder).unwrap_err();
    assert_eq!(place_of_setup(error), (file!(), line!() - 4));
    let job: Job<_> = crochet::run_in_reactor(async || Ok(thread::current().id()));
    let there = async_io::block_on(driver.run(async { job.await.unwrap() })).unwrap();
    assert_eq!(there, thread::current().id());
}

#[test]
fn run_returns_what_main_returns() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let result = async_io::block_on(driver.run(async { "from main" }));
    assert_eq!(result.unwrap(), "from main");
}

#[test]
fn main_need_not_be_send() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let local = Rc::new(Cell::new(1));
    let result = async_io::block_on(driver.run(async {
        let own = Rc::clone(&local);
        futures_lite::future::yield_now().await;
        own.set(own.get() + 1);
        own
    }));
    assert_eq!(result.unwrap().get(), 2);
}

#[test]
fn the_driver_may_be_sent_to_another_thread() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let runs = thread::spawn(move || {
        async_io::block_on(driver.run(async { thread::current().id() })).unwrap()
    });
    let id = runs.thread().id();
    assert_eq!(runs.join().unwrap(), id);
}

/// Runs a driver, and in it main, jobs and a blocking caller on another thread.
fn runs_on(
    block_on: impl FnOnce(Pin<Box<dyn Future<Output = Result<u32, Error>>>>) -> Result<u32, Error>,
) {
    let driver = crochet::no_setup().unwrap();
    let caller = thread::spawn(|| crochet::wait_for(LONG, async { Ok::<_, Error>(2) }).unwrap());
    let main = async move {
        assert!(crochet::in_reactor());
        let job: Job<u32> = crochet::run_in_reactor(|| async {
            assert!(crochet::in_reactor());
            async_io::Timer::after(Duration::from_millis(1)).await;
            Ok(40)
        });
        job.await.unwrap() + crochet::unblock(|| caller.join().unwrap()).await
    };
    assert_eq!(block_on(Box::pin(driver.run(main))).unwrap(), 42);
    assert!(!crochet::in_reactor());
}

#[test]
fn async_io_can_run_it() {
    own_process!();
    runs_on(async_io::block_on);
}

#[test]
fn futures_lite_can_run_it() {
    own_process!();
    runs_on(futures_lite::future::block_on);
}

#[test]
fn an_executor_can_run_it_as_one_task_of_many() {
    own_process!();
    runs_on(|run| {
        let executor = async_executor::LocalExecutor::new();
        let task = executor.spawn(run);
        futures_lite::future::block_on(executor.run(task))
    });
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_job_that_is_not_ready_at_once_costs_the_executor_one_wake_and_one_poll() {
    // In its busy-wait the driver wakes itself.
    own_process!(|child| _ = child.env("CROCHET_SPIN", "0"));
    let driver = crochet::no_setup().unwrap();
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut cx = Context::from_waker(&waker);
    let mut run = pin!(driver.run(pending::<()>()));
    assert!(run.as_mut().poll(&mut cx).is_pending());
    assert_eq!(wakes.0.load(Ordering::SeqCst), 0);
    let jobs = [(); 3].map(|()| -> Job { crochet::run_in_reactor(pending) });
    // The second and the third job come while the executor owes the driver a poll.
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert!(run.as_mut().poll(&mut cx).is_pending());
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert!(crochet::jobs().iter().all(|job| job.state() == JobState::Waiting && job.polls() == 2));
    jobs[0].cancel();
    assert_eq!(wakes.0.load(Ordering::SeqCst), 2);
    assert!(run.as_mut().poll(&mut cx).is_pending());
    assert!(jobs[0].is_finished());
    assert_eq!(wakes.0.load(Ordering::SeqCst), 2);
}

#[test]
fn jobs_from_before_the_run_run_in_order() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let (ran, order) = mpsc::channel();
    let jobs: Vec<Job> = (0..1000)
        .map(|i| {
            let ran = ran.clone();
            crochet::run_in_reactor(move || async move {
                ran.send(i).unwrap();
                Ok(())
            })
        })
        .collect();
    assert!(order.try_recv().is_err());
    async_io::block_on(driver.run(async {
        for job in jobs {
            job.await.unwrap();
        }
    }))
    .unwrap();
    assert!(order.try_iter().eq(0..1000));
}

#[test]
fn a_wait_that_times_out_says_that_the_driver_is_not_run() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let job: Job = crochet::run_in_reactor(async || Ok(()));
    let waited = crochet::wait_for(SHORT, async { Ok::<_, Error>(()) });
    for error in [waited.unwrap_err(), without_job(job.wait(SHORT).unwrap_err())] {
        let text = error.to_string();
        assert!(error.is_timeout(), "{text}");
        assert!(text.starts_with("timed out after "), "{text}");
        assert!(text.ends_with("ms: nobody is running the Driver"), "{text}");
    }
    // It changed nothing for the job.
    async_io::block_on(driver.run(async { job.await.unwrap() })).unwrap();
}

#[test]
fn a_wait_and_a_shutdown_that_time_out_say_that_a_driver_is_not_polled_any_more() {
    // In its busy-wait the driver wakes itself.
    own_process!(|child| _ = child.env("CROCHET_SPIN", "0"));
    let driver = crochet::no_setup().unwrap();
    let mut run = pin!(driver.run(pending::<()>()));
    let mut cx = Context::from_waker(Waker::noop());
    let waiting: Job = crochet::run_in_reactor(pending);
    assert!(run.as_mut().poll(&mut cx).is_pending());

    // The driver is not owed a poll: the job is waiting.
    let text = waiting.wait(SHORT).unwrap_err().to_string();
    assert!(text.ends_with("ms: the job is waiting"), "{text}");
    let is_blamed = |text: &str| text.ends_with("ms: nobody is polling the Driver");
    let queued: Job = crochet::run_in_reactor(async || Ok(()));
    let waited = crochet::wait_for(SHORT, async { Ok::<_, Error>(()) }).unwrap_err().to_string();
    assert!(is_blamed(&waited), "{waited}");
    let text = queued.wait(SHORT).unwrap_err().to_string();
    assert!(is_blamed(&text), "{text}");
    assert!(run.as_mut().poll(&mut cx).is_pending());
    assert!(queued.is_finished());
    let text = waiting.wait(SHORT).unwrap_err().to_string();
    assert!(text.ends_with("ms: the job is waiting"), "{text}");
    let text = crochet::shutdown(SHORT).unwrap_err().to_string();
    assert!(is_blamed(&text), "{text}");
    assert!(run.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn a_main_that_holds_the_thread_is_blamed_though_its_driver_was_woken() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let main = async {
        let waits = thread::spawn(|| crochet::wait_for(SHORT, async { Ok::<_, Error>(()) }));
        waits.join().unwrap().unwrap_err().to_string()
    };
    let text = async_io::block_on(driver.run(main)).unwrap();
    assert!(text.contains("ms: the reactor thread has been held for "), "{text}");
}

/// The error of a job that does not fail itself, where it is one of those that come up here.
fn without_job(error: Error<&Error>) -> Error {
    match error {
        Error::TimedOut(why) => Error::TimedOut(why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn main_may_not_block_on_its_own_reactor() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let main = async {
        let waited = crochet::wait_for(LONG, async { Ok::<(), Error>(()) });
        assert!(matches!(waited, Err(Error::OnReactorThread)));
        let job: Job = crochet::run_in_reactor(async || Ok(()));
        assert!(matches!(job.wait(LONG), Err(Error::OnReactorThread)));
        job.await.unwrap();
    };
    async_io::block_on(driver.run(main)).unwrap();
}

#[test]
fn a_panic_of_a_job_leaves_main_alone() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let job: Job = crochet::run_in_reactor(|| async { panic!("only the job") });
    let main = async { job.await.unwrap_err().is_panic() };
    assert!(async_io::block_on(driver.run(main)).unwrap());
}

#[test]
fn a_main_that_holds_the_thread_is_named_by_the_place_of_no_setup() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let line = line!() - 1;
    let (held, release) = (Gate::new(), Gate::new());
    let waits = thread::spawn({
        let (held, release) = (held.clone(), release.clone());
        move || {
            held.pass();
            let result: Result<(), Error> = crochet::wait_for(SHORT, async { Ok(()) });
            release.open();
            result.unwrap_err()
        }
    });
    let mut main = pin!(driver.run(async {
        held.open();
        release.pass();
    }));
    async_io::block_on(&mut main).unwrap();
    let Error::TimedOut(why) = waits.join().unwrap() else { panic!() };
    let at = why.blocked_by().unwrap().location();
    assert_eq!((at.file(), at.line()), (file!(), line));
}
