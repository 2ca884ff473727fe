//! The loop on the reactor thread: takes jobs out of the queue, runs the tasks that are ready, sleeps.
//!
//! One future, [`drive`], is the loop for the thread that [`run_thread`] is and for a [`Driver`] alike. It
//! is an `async_executor::LocalExecutor` with the queue's end as its main future. In the reactor's own
//! thread it is polled by `async_io::block_on`, which sleeps in the system's poller, so that I/O, timers
//! and jobs from outside all wake the same sleep, and nothing else does. Before it sleeps it may look for a
//! while; the policy, with its numbers, is in `spin.rs`.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{self, Future};
use std::mem;
use std::panic::Location;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use async_executor::{LocalExecutor, Task};
use futures_lite::FutureExt;
use slab::Slab;

use crate::current::Enter;
use crate::error::Error;
use crate::job::{End, Running, Taken};
use crate::os;
use crate::outcome::Outcome;
use crate::reactor::Reactor;
use crate::shared::{Shared, check_not_forked};
use crate::spin::{self, Did, Watch};
use crate::stash;

/// How many jobs are begun in a row before the tasks get their turn.
const BATCH: usize = 128;

/// Announces the end of a thread when it is dropped.
struct Leaving(Arc<Outcome<()>>);

impl Drop for Leaving {
    fn drop(&mut self) {
        // A fork inside a job has a copy of this, and is not waited for.
        if os::forked_from().is_none() {
            self.0.publish();
        }
    }
}

thread_local! {
    /// The first thread-local of a reactor's own thread, and so the last one to be dropped.
    static LEAVING: RefCell<Option<Leaving>> = const { RefCell::new(None) };
}

/// The reactor's own thread, whole. Its end is announced to `left`, after its thread-locals'.
pub(crate) fn run_thread(shared: Arc<Shared>, left: Arc<Outcome<()>>) {
    LEAVING.set(Some(Leaving(left)));
    let _entered = shared.tokio.enter();
    // Only `shutdown` ends it; there is no result to pass on.
    let _ = async_io::block_on(drive(Arc::clone(&shared), None, future::pending::<()>()));
}

/// Runs jobs, and `main`, until `main` is done or the reactor is stopped. When this future has ended or
/// has been dropped, so has every job. `main_place` is what a timeout names when `main` holds the thread.
async fn drive<T>(
    shared: Arc<Shared>,
    main_place: Option<&'static Location<'static>>,
    main: impl Future<Output = T>,
) -> Result<T, Error> {
    let reactor = shared.id;
    // Locals are dropped in reverse: `enter` first, `entered` last. In between this thread counts as the
    // reactor's, so that a blocking wait in the `Drop` of `main` or of a job is refused, not stuck.
    let entered = RefCell::new(None);
    let site =
        Site { executor: LocalExecutor::new(), live: Rc::new(Live::new(Arc::clone(&shared))) };
    let mut main = pin!(main);
    let main = async {
        Ok(future::poll_fn(|cx| match main_place {
            Some(place) => shared.roll.occupy(place, || main.as_mut().poll(cx)),
            None => main.as_mut().poll(cx),
        })
        .await)
    };
    let stopped = async {
        site.take_jobs().await;
        check_not_forked()?;
        Err(Error::ReactorStopped)
    };
    let mut run = pin!(site.executor.run(main.or(stopped)));
    // The reactor's own thread is in the context already.
    let enter = || (Enter::new(reactor), main_place.and_then(|_| shared.tokio.enter()));
    let _enter_on_drop = EnterOnDrop { enter: &enter, entered: &entered };
    future::poll_fn(|cx| {
        let _entered = enter();
        run.as_mut().poll(cx)
    })
    .await
}

/// See [`drive`].
struct EnterOnDrop<'a, F: Fn() -> E, E> {
    enter: &'a F,
    entered: &'a RefCell<Option<E>>,
}

impl<F: Fn() -> E, E> Drop for EnterOnDrop<'_, F, E> {
    fn drop(&mut self) {
        self.entered.replace(Some((self.enter)()));
    }
}

/// Where the jobs are at work. Dropping it stops the reactor.
struct Site {
    executor: LocalExecutor<'static>,
    live: Rc<Live>,
}

impl Site {
    /// Begins jobs as they come, until the queue is closed.
    fn take_jobs(&self) -> impl Future<Output = ()> {
        let shared = &self.live.shared;
        let mut watch = Watch::new();
        future::poll_fn(move |cx| {
            // RACE: with `Shared::submit`, which has the other half of the argument.
            shared.doorbell.register(cx.waker());
            for _ in 0..BATCH {
                if os::forked_from().is_some() || shared.is_stopping() {
                    return Poll::Ready(());
                }
                let Some(job) = shared.take() else {
                    let goes_on = watch.goes_on(&shared.spin, self.live.did.take());
                    self.live.is_looking.set(goes_on);
                    if goes_on {
                        // A caller that was answered just now comes back within a microsecond or two; to look for
                        // I/O first would cost it as much (measured: 2.0 us a call, and 0.6 us so).
                        if (0..4).any(|_| spin::look(|| shared.has_submitted())) {
                            continue;
                        }
                        // The executor goes round once more: it looks for I/O, with a zero timeout, and
                        // comes back here.
                        cx.waker().wake_by_ref();
                    }
                    return Poll::Pending;
                };
                self.begin(job);
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    }

    fn begin(&self, job: Taken) {
        self.live.did.set(Some(Did::Ended));
        let Some(mut job) = job.begin(&self.live.shared) else {
            return;
        };
        if job.first_poll(&self.live.shared).is_pending() {
            self.live.did.set(Some(Did::LeftPending));
            let live = Rc::clone(&self.live);
            let key = live.insert(job);
            let task = self.executor.spawn(future::poll_fn(move |cx| live.poll(key, cx)));
            self.live.jobs.borrow_mut()[key].task = Some(task);
        }
    }

    /// Has the executor drop its tasks, whose jobs have ended.
    ///
    /// Dropping the executor would not do for all of them. A task that another thread has marked as
    /// scheduled, but has not put into the executor's queue yet, is missed by that, and comes into the
    /// queue later, where it keeps itself and the queue alive. So this waits for such a thread to go on.
    fn drop_tasks(&self) {
        while !self.executor.is_empty() {
            if !self.executor.try_tick() {
                thread::yield_now();
            }
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        /// Last, and also if something unwinds: nobody may wait for ever.
        struct End<'a>(&'a Shared);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.end();
            }
        }

        if os::forked_from().is_some() {
            // The jobs are the parent's; so are the sockets in them, and the poller that knows these.
            mem::forget(Rc::clone(&self.live));
            return;
        }
        let shared = &*self.live.shared;
        let _end = End(shared);
        shared.leave_loop();
        // In the order of submission: the queue's jobs came after all that were begun.
        self.live.stop();
        self.drop_tasks();
        while let Some(job) = shared.take() {
            job.stop(shared);
        }
        stash::log_failures(shared.id);
    }
}

/// The jobs that have a task. They are kept here and not in their tasks, so that they can be dropped in
/// order, and at once.
struct Live {
    shared: Arc<Shared>,
    /// Borrowed to move jobs in and out, never while user code runs.
    jobs: RefCell<Slab<Entry>>,
    begun: Cell<u64>,
    /// What has been done since [`Watch`] was last asked, if it is to know.
    did: Cell<Option<Did>>,
    /// What it said.
    is_looking: Cell<bool>,
}

struct Entry {
    /// The place in the order of beginning.
    place: u64,
    /// `None` while it is being polled.
    job: Option<Running>,
    /// `None` until it is spawned. Dropping it cancels the task.
    task: Option<Task<()>>,
}

impl Live {
    fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            jobs: RefCell::default(),
            begun: Cell::new(0),
            did: Cell::new(None),
            is_looking: Cell::new(false),
        }
    }

    fn insert(&self, job: Running) -> usize {
        let place = self.begun.replace(self.begun.get() + 1);
        self.jobs.borrow_mut().insert(Entry { place, job: Some(job), task: None })
    }

    /// Polls the job in the name of its task.
    fn poll(&self, key: usize, cx: &mut Context<'_>) -> Poll<()> {
        if os::forked_from().is_some() {
            // A job, or `main`, has forked and gone on: no job of the parent's is polled here, and the loop
            // ends before it sleeps in the poller that the parent sleeps in, too.
            self.shared.doorbell.wake();
            return Poll::Pending;
        }
        let taken = self.jobs.borrow_mut().get_mut(key).and_then(|entry| entry.job.take());
        let Some(mut job) = taken else { return Poll::Ready(()) };
        let is_new = !job.is_registered();
        let poll = job.poll(&self.shared, cx);
        if os::forked_from().is_some() {
            // It was this job that forked.
            self.shared.doorbell.wake();
        }
        if poll.is_pending() {
            self.jobs.borrow_mut()[key].job = Some(job);
        } else if let Some(task) = self.jobs.borrow_mut().remove(key).task {
            task.detach();
        }
        let did = if poll.is_pending() { Did::LeftPending } else { Did::Ended };
        // For a new job that goes on waiting `Watch` was asked in this turn, when the job was begun.
        let is_known = is_new && poll.is_pending();
        if !is_known && (self.is_looking.get() || self.shared.spin.tries_after(did)) {
            self.did.set(Some(did));
            // The loop shall ask `Watch` before it sleeps. If it does not look, and is to sleep at once, that is
            // spared, as it takes a turn of the poller.
            self.shared.doorbell.wake();
        }
        poll
    }

    /// Ends all jobs, in the order in which they were begun, and has their tasks cancelled.
    fn stop(&self) {
        let mut entries: Vec<_> = self.jobs.borrow_mut().drain().collect();
        entries.sort_unstable_by_key(|entry| entry.place);
        for entry in entries {
            if let Some(mut job) = entry.job {
                job.end(End::Stopped, Some(&self.shared));
            }
        }
    }
}

/// The reactor of an application that runs its own executor: made by [`no_setup`](crate::no_setup),
/// driven by [`run`](Self::run).
///
/// Dropping it unrun stops the reactor: jobs that were queued are dropped, on the thread that drops it, and
/// who waits for them gets [`Error::ReactorStopped`].
#[must_use = "jobs wait until `.run(main)` is polled, and are dropped when this is"]
pub struct Driver {
    shared: Arc<Shared>,
    location: &'static Location<'static>,
}

impl Driver {
    pub(crate) fn new(reactor: &Reactor, location: &'static Location<'static>) -> Self {
        Self { shared: Arc::clone(reactor.shared()), location }
    }

    /// Runs `main`, and beside it every job, on the executor that polls this future.
    ///
    /// Any executor will do that can run a future which is not `Send`: `smol::block_on`,
    /// `async_io::block_on`, the `block_on` of a tokio runtime or of its `LocalSet`. While it is being
    /// polled, its thread is the reactor thread: blocking calls on it, `main` included, return
    /// [`Error::OnReactorThread`].
    ///
    /// # Cancellation
    ///
    /// When this future has ended or is dropped, the reactor has stopped: every unfinished job has been
    /// dropped, on this thread, and `main`, too.
    ///
    /// # Errors
    ///
    /// [`Error::ReactorStopped`] when [`shutdown`](crate::shutdown) stops the reactor before `main` is
    /// done, or has stopped it before it was run; [`Error::Forked`]; with the feature `tokio`,
    /// [`Error::Setup`] if its runtime could not be started.
    ///
    /// # Panics
    ///
    /// If `main` panics, with its panic. Jobs that panic do not.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::Error;
    /// use std::{thread, time::Duration};
    ///
    /// # fn main() -> crochet::Result<()> {
    /// let driver = crochet::no_setup()?;
    /// // A thread of the application, which knows nothing of the driver:
    /// let worker = thread::spawn(|| {
    ///     crochet::wait_for(Duration::from_secs(60), async { Ok::<_, Error>(6 * 7) })
    /// });
    /// let answer = async_io::block_on(driver.run(crochet::unblock(|| worker.join().unwrap())))??;
    /// assert_eq!(answer, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run<T>(self, main: impl Future<Output = T>) -> Result<T, Error> {
        check_not_forked()?;
        self.shared.tokio.start_or_adopt().map_err(|error| Error::Setup(Arc::new(error)))?;
        self.shared.begin_run()?;
        drive(Arc::clone(&self.shared), Some(self.location), main).await
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("location", &self.location).finish_non_exhaustive()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if os::forked_from().is_none() {
            self.shared.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use async_io::Timer;

    use crate::{Error, Reactor};

    #[test]
    fn a_look_that_was_worth_it_is_known_as_such_though_the_next_kind_of_wait_sleeps_at_once() {
        let bound = Duration::from_millis(400);
        let reactor = Reactor::builder().spin(bound).build().unwrap();
        let spin = &reactor.shared().spin;
        for _ in 0..6 {
            spin.learn_no_job(false);
        }
        let wait = async {
            Timer::after(Duration::from_millis(5)).await;
            Ok::<_, Error>(())
        };
        reactor.wait_for(Duration::from_secs(60), wait).unwrap();
        // Were the reactor still looking, it would find out now that it was in vain.
        thread::sleep(bound);
        assert_eq!(spin.level_jobs_waiting(), 0);
    }
}
