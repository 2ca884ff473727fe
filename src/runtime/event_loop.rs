//! The loop on the reactor thread: takes jobs out of the queue, runs the tasks that are ready, sleeps.
//!
//! One future, [`drive`], is the loop for a reactor's own thread and for a [`Driver`](crate::Driver) alike. It
//! is an `async_executor::LocalExecutor` with the queue's end as its main future. In the reactor's own
//! thread it is polled by `async_io::block_on`, which sleeps in the system's poller, so that I/O, timers
//! and jobs from outside all wake the same sleep, and nothing else does. Before it sleeps it may look for a
//! while; the policy, with its numbers, is in `spin.rs`.

use std::cell::{Cell, RefCell};
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

use crate::error::Error;
use crate::job::tracker::TakenJob;
use crate::job::{End, On, QueuedJob, RunningJob};
use crate::runtime::current::Enter;
use crate::runtime::shared::Shared;
use crate::runtime::spin::{self, Activity, IdleSpin};
use crate::sys::fork::{self, check_not_forked};

/// How many jobs are begun in a row before the tasks get their turn.
const BATCH: usize = 128;

/// Runs jobs, and `main`, until `main` is done or the reactor is stopped. When this future has ended or
/// has been dropped, so has every job. `main_place` is what a timeout names when `main` holds the thread.
pub(crate) async fn drive<T>(
    shared: Arc<Shared>,
    main_place: Option<&'static Location<'static>>,
    main: impl Future<Output = T>,
) -> Result<T, Error> {
    let reactor = shared.id;
    // Locals are dropped in reverse: `enter` first, `entered` last. In between this thread counts as the
    // reactor's, so that a blocking wait in the `Drop` of `main` or of a job is refused, not stuck.
    let entered = RefCell::new(None);
    let site = EventLoop {
        executor: LocalExecutor::new(),
        tasks: Rc::new(LocalTasks::new(Arc::clone(&shared))),
    };
    let mut main = pin!(main);
    let main = async {
        Ok(future::poll_fn(|cx| match main_place {
            Some(order) => shared.tracker.run_as(order, || main.as_mut().poll(cx)),
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
struct EventLoop {
    executor: LocalExecutor<'static>,
    tasks: Rc<LocalTasks>,
}

impl EventLoop {
    /// Begins jobs as they come, until the queue is closed.
    fn take_jobs(&self) -> impl Future<Output = ()> {
        let shared = &self.tasks.shared;
        let mut watch = IdleSpin::new();
        future::poll_fn(move |cx| {
            // RACE: with `Shared::submit`, which has the other half of the argument.
            shared.loop_waker.register(cx.waker());
            for _ in 0..BATCH {
                if fork::forked_from().is_some() || shared.is_stopping() {
                    return Poll::Ready(());
                }
                let Some(job) = shared.take() else {
                    let goes_on = watch.goes_on(&shared.spin, self.tasks.did.take());
                    self.tasks.is_looking.set(goes_on);
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

    fn begin(&self, job: TakenJob<QueuedJob>) {
        self.tasks.did.set(Some(Activity::Ended));
        let Some(mut job) = job.begin(&self.tasks.shared.tracker) else {
            return;
        };
        if job.first_poll(&self.tasks.shared.tracker).is_pending() {
            self.tasks.did.set(Some(Activity::LeftPending));
            let tasks = Rc::clone(&self.tasks);
            let key = tasks.insert(job);
            let task = self.executor.spawn(future::poll_fn(move |cx| tasks.poll(key, cx)));
            self.tasks.jobs.borrow_mut()[key].task = Some(task);
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

impl Drop for EventLoop {
    fn drop(&mut self) {
        /// Last, and also if something unwinds: nobody may wait for ever.
        struct End<'a>(&'a Shared);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.end();
            }
        }

        if fork::forked_from().is_some() {
            // The jobs are the parent's; so are the sockets in them, and the poller that knows these.
            mem::forget(Rc::clone(&self.tasks));
            return;
        }
        let shared = &*self.tasks.shared;
        let _end = End(shared);
        shared.leave_loop();
        // In the order of submission: the queue's jobs came after all that were begun.
        self.tasks.stop();
        self.drop_tasks();
        while let Some(job) = shared.take() {
            job.stop(&shared.tracker);
        }
        shared.before_end();
    }
}

/// The jobs that have a task. They are kept here and not in their tasks, so that they can be dropped in
/// order, and at once.
struct LocalTasks {
    shared: Arc<Shared>,
    /// Borrowed to move jobs in and out, never while user code runs.
    jobs: RefCell<Slab<TaskEntry>>,
    begun: Cell<u64>,
    /// What has been done since [`IdleSpin`] was last asked, if it is to know.
    did: Cell<Option<Activity>>,
    /// What it said.
    is_looking: Cell<bool>,
}

struct TaskEntry {
    /// The order in the order of beginning.
    order: u64,
    /// `None` while it is being polled.
    job: Option<RunningJob>,
    /// `None` until it is spawned. Dropping it cancels the task.
    task: Option<Task<()>>,
}

impl LocalTasks {
    fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            jobs: RefCell::default(),
            begun: Cell::new(0),
            did: Cell::new(None),
            is_looking: Cell::new(false),
        }
    }

    fn insert(&self, job: RunningJob) -> usize {
        let order = self.begun.replace(self.begun.get() + 1);
        self.jobs.borrow_mut().insert(TaskEntry { order, job: Some(job), task: None })
    }

    /// Polls the job in the name of its task.
    fn poll(&self, key: usize, cx: &mut Context<'_>) -> Poll<()> {
        if fork::forked_from().is_some() {
            // A job, or `main`, has forked and gone on: no job of the parent's is polled here, and the loop
            // ends before it sleeps in the poller that the parent sleeps in, too.
            self.shared.loop_waker.wake();
            return Poll::Pending;
        }
        let taken = self.jobs.borrow_mut().get_mut(key).and_then(|entry| entry.job.take());
        let Some(mut job) = taken else { return Poll::Ready(()) };
        let is_new = !job.is_registered();
        let poll = job.poll(&self.shared.tracker, cx);
        if fork::forked_from().is_some() {
            // It was this job that forked.
            self.shared.loop_waker.wake();
        }
        if poll.is_pending() {
            self.jobs.borrow_mut()[key].job = Some(job);
        } else if let Some(task) = self.jobs.borrow_mut().remove(key).task {
            task.detach();
        }
        let did = if poll.is_pending() { Activity::LeftPending } else { Activity::Ended };
        // For a new job that goes on waiting `IdleSpin` was asked in this turn, when the job was begun.
        let is_known = is_new && poll.is_pending();
        if !is_known && (self.is_looking.get() || self.shared.spin.tries_after(did)) {
            self.did.set(Some(did));
            // The loop shall ask `IdleSpin` before it sleeps. If it does not look, and is to sleep at once, that is
            // spared, as it takes a turn of the poller.
            self.shared.loop_waker.wake();
        }
        poll
    }

    /// Ends all jobs, in the order in which they were begun, and has their tasks cancelled.
    fn stop(&self) {
        let mut entries: Vec<_> = self.jobs.borrow_mut().drain().collect();
        entries.sort_unstable_by_key(|entry| entry.order);
        for entry in entries {
            if let Some(mut job) = entry.job {
                job.end(End::Stopped, On::Reactor(&self.shared.tracker));
            }
        }
    }
}
