//! The busy-wait of a `Driver`, which shares its thread with the application. Each test has a process
//! of its own.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;

use crate::support::{LONG, own_process};
use crochet::Error;

/// Unparks the executor's thread.
struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn a_caller_that_calls_again_and_again_lets_the_applications_other_tasks_run() {
    own_process!(|child| _ = child.env("CROCHET_SPIN", LONG.as_micros().to_string()));
    const CALLS: usize = 1000;
    let driver = crochet::no_setup().unwrap();
    let begun = Arc::new(AtomicUsize::new(0));
    let caller = thread::spawn({
        let begun = Arc::clone(&begun);
        move || {
            for _ in 0..CALLS {
                let job = async { Ok::<_, Error>(begun.fetch_add(1, Ordering::Relaxed)) };
                crochet::wait_for(LONG, job).unwrap();
            }
        }
    });
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut run = pin!(driver.run(pending::<()>()));
    let mut most = 0;
    // Between two polls the executor could run other tasks.
    loop {
        let before = begun.load(Ordering::Relaxed);
        assert!(run.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let after = begun.load(Ordering::Relaxed);
        most = most.max(after - before);
        if after == CALLS {
            break;
        }
        thread::park();
    }
    caller.join().unwrap();
    assert!((1..=16).contains(&most), "{most} jobs in one poll");
}

#[cfg(target_os = "linux")]
#[test]
fn a_driver_whose_jobs_wait_goes_to_sleep() {
    use crate::support::kernel::{assert_asleep, threads_named};
    use crochet::EventualResult;
    own_process!(|child| _ = child.env_remove("CROCHET_SPIN"));
    let driver = crochet::no_setup().unwrap();
    let run = move || async_io::block_on(driver.run(pending::<()>()));
    let host = thread::Builder::new().name("host".to_owned()).spawn(run).unwrap();
    let waiting: EventualResult<()> = crochet::run_in_reactor(pending);
    crochet::wait_for(LONG, async { Ok::<_, Error>(()) }).unwrap();
    assert_asleep(&threads_named("host"));
    assert!(!waiting.is_finished());
    crochet::shutdown(LONG).unwrap();
    assert!(host.join().unwrap().unwrap_err().is_reactor_stopped());
}
