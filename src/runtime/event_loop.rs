//! The loop on the reactor thread: takes jobs out of the queue, runs the tasks that are ready,
//! sleeps.
//!
//! The loop is the same for a reactor's own thread ([`run_jobs`]) and for a
//! [`Driver`](crate::Driver) (`driven.rs`). Jobs that are not ready at once become tasks of an
//! `async_executor::LocalExecutor`. In the reactor's own thread it is polled by
//! `async_io::block_on`, which sleeps in the system's poller, so that I/O, timers and new jobs all
//! wake the same sleep, and nothing else does. Before the loop sleeps it may spin for a while; the
//! policy, with its numbers, is in `spin.rs`.

use std::cell::{Cell, RefCell};
use std::future::{self, Future};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use async_executor::{LocalExecutor, Task};
use futures_lite::future::yield_now;

use crate::job::tracker::TakenJob;
use crate::job::{End, On, QueuedJob, RunningJob};
use crate::runtime::shared::Shared;
use crate::runtime::spin::idle::IdleSpin;
use crate::runtime::spin::{self, Activity};
use crate::sys::at_exit::StopAtExit;
use crate::sys::fork;

/// How many jobs the loop begins before it looks for I/O.
const JOBS_PER_TURN: usize = 128;

/// The same for a `Driver`, which lets the executor's other tasks run meanwhile: some 10 to 20 µs.
/// What it costs a call to yield so often is lost in the noise (measured, with tokio and smol).
pub(super) const JOBS_BESIDE_OTHERS: usize = 16;

/// How many tasks the loop polls before it looks for I/O.
const TASKS_PER_TURN: usize = 200;

/// How many tasks at once are a storm, whose memory is worth giving back.
const STORM: usize = 1024;

/// Runs jobs until the reactor is stopped. When this future has ended or has been dropped, so has
/// every job.
pub(crate) async fn run_jobs(shared: Arc<Shared>) {
    EventLoop::new(shared, JOBS_PER_TURN).run().await;
}

/// The loop, and the jobs that it has begun. Dropping it stops the reactor.
pub(crate) struct EventLoop {
    executor: fork::Owned<LocalExecutor<'static>>,
    tasks: fork::Owned<Rc<LocalTasks>>,
    /// How many jobs it begins before it looks for I/O.
    jobs_per_turn: usize,
}

impl EventLoop {
    pub(crate) fn new(shared: Arc<Shared>, jobs_per_turn: usize) -> Self {
        Self {
            executor: fork::Owned::new(LocalExecutor::new()),
            tasks: fork::Owned::new(Rc::new(LocalTasks::new(shared))),
            jobs_per_turn,
        }
    }

    /// What stops the jobs without this loop, on its thread.
    pub(crate) fn stop_at_exit(&self) -> Weak<dyn StopAtExit> {
        Rc::downgrade(&*self.tasks) as Weak<dyn StopAtExit>
    }

    /// Runs jobs until the reactor is stopped.
    pub(crate) async fn run(&mut self) {
        let shared = Arc::clone(&self.tasks.shared);
        let mut idle = IdleSpin::new();
        let mut jobs_left = self.jobs_per_turn;
        while !self.is_over() {
            self.begin_jobs(&mut jobs_left);
            let has_ready_tasks = self.run_ready_tasks();
            if fork::forked_from().is_some() {
                // A job has forked. In the child the loop must not look for I/O: a thread that the
                // child lacks may hold one of the poller's locks.
                break;
            }
            if jobs_left == 0 || has_ready_tasks {
                self.look_for_io().await;
            } else if idle.goes_on(&shared.spin, self.tasks.activity.take()) {
                // A caller that was answered just now comes back within a microsecond or two; to
                // look for I/O first would cost it as much (measured: 2.0 µs a call; so, 0.6 µs).
                if (0..4).any(|_| spin::look(|| shared.has_submitted())) {
                    continue;
                }
                self.look_for_io().await;
            } else {
                self.free_memory();
                self.sleep().await;
            }
            jobs_left = self.jobs_per_turn;
        }
    }

    /// Whether the loop must begin no job and poll no task any more.
    fn is_over(&self) -> bool {
        // In a forked child the jobs are the parent's, and so is the poller to sleep in. A job, or
        // `main`, may have forked at any poll.
        fork::forked_from().is_some() || self.tasks.shared.is_stopping()
    }

    /// Begins the jobs in the queue, `left` at most.
    fn begin_jobs(&self, left: &mut usize) {
        while *left > 0 && !self.is_over() {
            let Some(job) = self.tasks.shared.take() else { return };
            *left -= 1;
            self.begin(job);
        }
    }

    fn begin(&self, job: TakenJob<QueuedJob>) {
        self.tasks.activity.set(Some(Activity::Ended));
        if let Some(job) = job.begin(&self.tasks.shared.tracker) {
            self.tasks.activity.set(Some(Activity::LeftPending));
            let (tasks, entry) = (Rc::clone(&self.tasks), self.tasks.insert(job));
            let polled = Rc::clone(&entry);
            let task = self.executor.spawn(future::poll_fn(move |cx| tasks.poll(&polled, cx)));
            entry.task.set(Some(task));
        }
    }

    /// Polls the tasks that are ready, [`TASKS_PER_TURN`] at most. Returns whether more may be
    /// ready.
    fn run_ready_tasks(&self) -> bool {
        if self.tasks.is_empty() {
            return false;
        }
        for _ in 0..TASKS_PER_TURN {
            if self.is_over() || !self.executor.try_tick() {
                return false;
            }
        }
        true
    }

    /// Has the executor of this future poll it again at once. async-io's `block_on`, where that is
    /// the executor, looks for I/O in between, with a zero timeout.
    fn look_for_io(&self) -> impl Future<Output = ()> {
        yield_now()
    }

    /// Sleeps until a job is submitted, a task is ready, or the reactor is stopped. Polls the task,
    /// if that was ready already. Being polled for any other reason ends the sleep, too.
    async fn sleep(&self) {
        let shared = &*self.tasks.shared;
        // Dropped when the sleep is over: while the loop is awake, a task that becomes ready wakes
        // nothing.
        let mut next_task = pin!(self.executor.tick());
        let mut is_asleep = false;
        future::poll_fn(|cx| {
            if is_asleep {
                // Likewise for a job that is submitted.
                drop(shared.loop_waker.take());
                return Poll::Ready(());
            }
            // RACE: with `Shared::submit` and `Shared::stop`, which have the other half of the
            // argument: the loop registers first, and then looks once more.
            shared.loop_waker.register(cx.waker());
            if self.is_over() || shared.has_queued() {
                return Poll::Ready(());
            }
            is_asleep = true;
            next_task.as_mut().poll(cx)
        })
        .await
    }

    /// Gives back the memory of a storm when all its tasks have ended.
    ///
    /// The executor keeps a table of its tasks, which never shrinks: 16 bytes for each task of the
    /// largest number there was at once. So this replaces the executor, once it has none.
    fn free_memory(&mut self) {
        if self.tasks.peak.get() >= STORM && self.tasks.is_empty() && self.executor.is_empty() {
            self.tasks.peak.set(0);
            self.executor = fork::Owned::new(LocalExecutor::new());
        }
    }

    /// Has the executor drop its tasks, whose jobs have ended.
    ///
    /// Dropping the executor is not enough. It would miss a task that another thread has marked as
    /// scheduled and has not put into the executor's queue yet; the task would come into the queue
    /// later, and keep itself and the queue alive. So this waits for such a thread to go on.
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
        if fork::forked_from().is_some() {
            return;
        }
        let _end = EndOnDrop(&self.tasks.shared);
        self.tasks.stop_all();
        self.drop_tasks();
    }
}

/// Ends the reactor last, and also when something unwinds, so that no caller waits for ever.
struct EndOnDrop<'a>(&'a Shared);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The jobs that have a task. They are kept here and not in their tasks, so that the loop can drop
/// them in order, and at once.
struct LocalTasks {
    shared: Arc<Shared>,
    /// In no order. Borrowed to move entries in and out, never while user code runs.
    entries: RefCell<Vec<Rc<TaskEntry>>>,
    /// The largest number of entries since the executor was made.
    peak: Cell<usize>,
    /// What the loop has done since it last asked [`IdleSpin`]; `None` for nothing.
    activity: Cell<Option<Activity>>,
}

/// A job that has a task. The task's future has it, too.
struct TaskEntry {
    /// The index in `LocalTasks::entries`.
    index: Cell<usize>,
    /// `None` while the job is being polled, and once it has ended.
    job: Cell<Option<RunningJob>>,
    /// `None` until the task is spawned, and once the job has ended. Dropping it cancels the task.
    task: Cell<Option<Task<()>>>,
}

impl LocalTasks {
    fn new(shared: Arc<Shared>) -> Self {
        Self { shared, entries: RefCell::default(), peak: Cell::new(0), activity: Cell::new(None) }
    }

    fn insert(&self, job: RunningJob) -> Rc<TaskEntry> {
        let mut entries = self.entries.borrow_mut();
        let entry = Rc::new(TaskEntry {
            index: Cell::new(entries.len()),
            job: Cell::new(Some(job)),
            task: Cell::new(None),
        });
        entries.push(Rc::clone(&entry));
        self.peak.set(self.peak.get().max(entries.len()));
        entry
    }

    fn remove(&self, entry: &TaskEntry) {
        let mut entries = self.entries.borrow_mut();
        let index = entry.index.get();
        entries.swap_remove(index);
        if let Some(moved) = entries.get(index) {
            moved.index.set(index);
        }
        // Gives the memory of a storm back as the storm ends. A quarter of the entries come or go
        // before the next time.
        if entries.capacity() > STORM && entries.len() < entries.capacity() / 4 {
            let half = entries.capacity() / 2;
            entries.shrink_to(half);
        }
    }

    fn is_empty(&self) -> bool {
        self.entries.borrow().is_empty()
    }

    /// Polls the job whose task is being polled.
    fn poll(&self, entry: &TaskEntry, cx: &mut Context<'_>) -> Poll<()> {
        let Some(mut job) = entry.job.take() else { return Poll::Ready(()) };
        let poll = job.poll(&self.shared.tracker, cx);
        let activity = if poll.is_pending() {
            entry.job.set(Some(job));
            Activity::LeftPending
        } else {
            self.remove(entry);
            if let Some(task) = entry.task.take() {
                task.detach();
            }
            Activity::Ended
        };
        self.activity.set(Some(activity));
        poll
    }

    /// Refuses new jobs, and ends all that there are, in the order of submission.
    fn stop_all(&self) {
        let shared = &*self.shared;
        shared.leave_loop();
        // The jobs in the queue came after all that were begun.
        self.stop_begun();
        while let Some(job) = shared.take() {
            job.stop(&shared.tracker);
        }
        shared.before_end();
    }

    /// Ends the jobs that have a task, in the order in which they were begun, and has their tasks
    /// cancelled. One that is being polled stays as it is.
    fn stop_begun(&self) {
        let mut jobs: Vec<RunningJob> = Vec::new();
        // The entries live until all jobs have ended: dropping them cancels the tasks.
        let entries = self.entries.take();
        jobs.extend(entries.iter().filter_map(|entry| entry.job.take()));
        jobs.sort_unstable_by_key(RunningJob::id);
        for mut job in jobs {
            job.end(End::Stopped, On::Reactor(&self.shared.tracker));
        }
        for entry in entries {
            drop(entry.task.take());
        }
    }
}

impl StopAtExit for LocalTasks {
    /// Called where this thread will never go on with the loop: `exit` was called inside one of its
    /// polls, or its future was leaked. So a job that is being polled is left as it is, and no task
    /// is polled any more.
    fn stop(&self) {
        let _entered = self.shared.run_by.enter();
        let _end = EndOnDrop(&self.shared);
        self.stop_all();
    }
}
