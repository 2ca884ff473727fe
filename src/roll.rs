//! What the reactor thread is at, and what is still to be done: from this [`jobs`](crate::jobs()) makes its list, and
//! a timeout names its cause.
//!
//! # Where the jobs are
//!
//! A job goes one way, and whoever moves it holds the roll's lock:
//!
//! | place | who moves it on | when |
//! |---|---|---|
//! | the queue | the reactor thread, or whoever asks, into `asked` | |
//! | `asked` | the reactor thread | it takes its next job |
//! | `first` | the reactor thread | the first poll was not ready |
//! | `tasks` | the reactor thread | it has ended |
//!
//! A channel cannot be looked into. So whoever asks takes all jobs out of the queue, and puts them into `asked`,
//! from which the reactor thread takes before it looks into the queue. That costs callers nothing.
//!
//! - *No job is lost.* RACE: the reactor thread finds no job only if both were empty while it held the lock, and it
//!   has registered with the doorbell before. So a job that comes later rings, and one that is on its way from the
//!   queue to `asked` is seen.
//! - *No job overtakes another.* What is in `asked` was in the queue before all that is in the queue, in the same
//!   order: it is only put at the end, and taken from the front, under the lock.
//!
//! So the number of a job is known before it has been taken: it is a place in the order of submission.
//!
//! # What it costs
//!
//! A job that is ready at once has the reactor thread lock once, when it takes the job; it counts as inside `poll`
//! from then on. That it has left, and that it has ended, are flags, which need no lock.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_channel::Receiver;

use crate::error::{BlockedBy, JobState};
use crate::job::{Submitted, Taken};
use crate::jobs::{JobInfo, info};
use crate::os;
use crate::slow_poll::SlowPolls;
use crate::sync::lock;

/// Which job it is.
#[derive(Clone, Copy)]
pub(crate) struct Identity {
    /// Its place in the order of submission, from 1.
    pub(crate) number: u64,
    pub(crate) location: &'static Location<'static>,
    pub(crate) submitted: Instant,
}

/// What is counted of a job that has a task. ORDERING: Relaxed; the reactor thread alone writes it, and `is_held`
/// orders that with those who look.
pub(crate) struct Record {
    identity: Identity,
    polls: AtomicU64,
    /// In nanoseconds, without the poll it is in. Enough for five centuries.
    busy: AtomicU64,
}

impl Record {
    /// Begins to poll. Returns how busy the job has been before.
    fn begin_poll(&self) -> Duration {
        // Not a read-modify-write, as nobody else writes.
        self.polls.store(self.polls.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.busy()
    }

    fn set_busy(&self, busy: Duration) {
        self.busy.store(nanos(busy), Ordering::Relaxed);
    }

    fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy.load(Ordering::Relaxed))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Who holds the reactor thread.
#[derive(Clone, Copy)]
struct Occupant {
    location: &'static Location<'static>,
    since: Instant,
    /// `None` if it is no job's `poll`.
    polled: Option<Polled>,
}

/// The job that is inside `poll`.
#[derive(Clone, Copy)]
pub(crate) struct Polled {
    /// Its place in the order of submission.
    pub(crate) number: u64,
    /// How long it was inside `poll` before.
    pub(crate) busy_before: Duration,
}

/// The unfinished jobs of one reactor, but for those that are still in its queue, and who holds its thread.
///
/// It has its cache lines to itself, as the reactor thread writes it for each job, and what is beside it is read by
/// all callers.
#[repr(align(128))]
pub(crate) struct Roll {
    /// LOCKING: no user code runs under it, and nothing is dropped but records. The reactor thread takes it once
    /// for each job and for each other run of user code, and twice more if a job gets a task. Others take it when they
    /// ask, or a wait of theirs has timed out, so it is free but for that. A list of very many jobs takes a while,
    /// and the reactor thread waits for it. Not taken in a forked child, where a thread that is not there may hold it.
    books: Mutex<Books>,
    /// Whether the `occupant` still holds the thread. ORDERING: raised under the lock. Lowered with Release, after what
    /// the occupant has left in its record, for those who look with Acquire.
    is_held: AtomicBool,
    /// Whether `first` has ended. ORDERING: Relaxed. Lowered under the lock. Raised before the job's outcome is
    /// published, so whoever has seen that outcome sees it raised, or lowered again for a later job, which the lock
    /// shows.
    first_ended: AtomicBool,
    slow_polls: SlowPolls,
}

struct Books {
    /// Older than all jobs in the queue.
    asked: VecDeque<Submitted>,
    /// The number of the job that was taken last.
    taken: u64,
    /// The job that was taken last, if it has no task.
    first: Option<Identity>,
    tasks: BTreeMap<u64, Arc<Record>>,
    /// Who has held the thread last.
    occupant: Option<Occupant>,
}

impl Roll {
    pub(crate) fn new(slow_poll: Duration) -> Self {
        let books = Books {
            asked: VecDeque::new(),
            taken: 0,
            first: None,
            tasks: BTreeMap::new(),
            occupant: None,
        };
        Self {
            books: Mutex::new(books),
            is_held: AtomicBool::new(false),
            first_ended: AtomicBool::new(false),
            slow_polls: SlowPolls::new(slow_poll),
        }
    }

    /// Takes the next job, which is the `first`, and holds the thread, from now on. Reactor thread only, or whoever
    /// stops a reactor that has none.
    pub(crate) fn take(&self, queue: &Receiver<Submitted>) -> Option<Taken> {
        let mut books = lock(&self.books);
        let job = match books.asked.pop_front() {
            Some(job) => {
                if books.asked.is_empty() {
                    // Gives a storm's memory back.
                    books.asked = VecDeque::new();
                }
                job
            }
            None => queue.try_recv().ok()?,
        };
        books.taken += 1;
        let identity = job.identity(books.taken);
        books.first = Some(identity);
        self.first_ended.store(false, Ordering::Relaxed);
        let since = Instant::now();
        let polled = Polled { number: identity.number, busy_before: Duration::ZERO };
        self.hold(
            &mut books,
            Occupant { location: identity.location, since, polled: Some(polled) },
        );
        Some(Taken { job, identity, since })
    }

    fn hold_now(&self, location: &'static Location<'static>, polled: Option<Polled>) -> Instant {
        let mut books = lock(&self.books);
        // Now that it has the lock: it is nobody's fault if that took long.
        let since = Instant::now();
        self.hold(&mut books, Occupant { location, since, polled });
        since
    }

    fn hold(&self, books: &mut Books, occupant: Occupant) {
        books.occupant = Some(occupant);
        self.is_held.store(true, Ordering::Relaxed);
    }

    /// The job that was taken last does not hold the thread any more. For one that is not going to be polled.
    pub(crate) fn leave(&self) {
        self.is_held.store(false, Ordering::Release);
    }

    /// Runs user code on the reactor thread in the name of the job that was started at `location`.
    pub(crate) fn occupy<R>(
        &self,
        location: &'static Location<'static>,
        user_code: impl FnOnce() -> R,
    ) -> R {
        if os::forked_from().is_some() {
            return user_code();
        }
        let since = self.hold_now(location, None);
        self.held(location, since, user_code, |_, _| {})
    }

    /// Runs a `poll` of a job that has a record, that is, not its first. Calls `done` with what it returned before anyone
    /// can see that it is over.
    pub(crate) fn poll<R>(
        &self,
        record: &Record,
        poll: impl FnOnce() -> R,
        done: impl FnOnce(&R),
    ) -> R {
        let busy_before = record.begin_poll();
        let Identity { number, location, .. } = record.identity;
        let polled = Polled { number, busy_before };
        let since = self.hold_now(location, Some(polled));
        self.held(location, since, poll, |result, held| {
            record.set_busy(busy_before + held);
            done(result);
        })
    }

    /// Runs user code; the thread is held from `since` on until that is over. Calls `done` with what it returned, and how
    /// long it took, before anyone can see that it is over. To be called directly for a first `poll`: the job
    /// holds the thread since it was taken.
    pub(crate) fn held<R>(
        &self,
        location: &'static Location<'static>,
        since: Instant,
        user_code: impl FnOnce() -> R,
        done: impl FnOnce(&R, Duration),
    ) -> R {
        /// Leaves the thread, also when this ends by unwinding.
        struct Leave<'a>(&'a Roll);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.leave();
            }
        }

        let _leave = Leave(self);
        let result = user_code();
        let mut held = since.elapsed();
        // Still in the name of the job: a logger takes its time, too.
        if self.slow_polls.check(location, held) {
            held = since.elapsed();
        }
        done(&result, held);
        result
    }

    /// Who holds the thread right now.
    pub(crate) fn blocked_by(&self) -> Option<BlockedBy> {
        let Occupant { location, since, .. } = self.occupant(&lock(&self.books))?;
        Some(BlockedBy { location, held: since.elapsed() })
    }

    fn occupant(&self, books: &Books) -> Option<Occupant> {
        books.occupant.filter(|_| self.is_held.load(Ordering::Acquire))
    }

    /// Notes that the job that was taken last has a task. Reactor thread only, while the job is being polled.
    pub(crate) fn add_task(&self, identity: Identity, busy: Duration) -> Arc<Record> {
        let (polls, busy) = (AtomicU64::new(1), AtomicU64::new(nanos(busy)));
        let record = Arc::new(Record { identity, polls, busy });
        if os::forked_from().is_none() {
            let mut books = lock(&self.books);
            books.first = None;
            books.tasks.insert(identity.number, Arc::clone(&record));
        }
        record
    }

    /// Notes that a job has ended: that of the record, or the one that was taken last. Reactor thread only, before
    /// the outcome is published.
    pub(crate) fn remove(&self, record: Option<&Record>) {
        match record {
            None => self.first_ended.store(true, Ordering::Relaxed),
            Some(_) if os::forked_from().is_some() => {}
            Some(record) => {
                lock(&self.books).tasks.remove(&record.identity.number);
            }
        }
    }

    /// Every job has ended, even if something has unwound past [`remove`](Self::remove).
    pub(crate) fn clear(&self) {
        let mut books = lock(&self.books);
        books.first = None;
        books.tasks.clear();
    }

    /// Lists all jobs.
    pub(crate) fn list(&self, queue: &Receiver<Submitted>) -> Vec<JobInfo> {
        let mut books = lock(&self.books);
        // No more than there are now: others may submit as fast as this takes.
        for _ in 0..queue.len() {
            let Ok(job) = queue.try_recv() else { break };
            books.asked.push_back(job);
        }
        // Before the records: a job that is not inside `poll` now has left its time in its record.
        let polled = self
            .occupant(&books)
            .and_then(|occupant| occupant.polled.map(|polled| (polled, occupant.since.elapsed())));
        let now = Instant::now();
        let tasks = books.tasks.values().map(|record| {
            let polls = record.polls.load(Ordering::Relaxed);
            info(record.identity, now, JobState::Waiting, polls, record.busy(), polled)
        });
        let first = books.first.filter(|_| !self.first_ended.load(Ordering::Relaxed));
        let queued =
            books.asked.iter().zip(books.taken + 1..).map(|(job, number)| job.identity(number));
        let queued = first.into_iter().chain(queued);
        let queued =
            queued.map(|identity| info(identity, now, JobState::Queued, 0, Duration::ZERO, polled));
        tasks.chain(queued).collect()
    }

    /// In a forked child: keeps the parent's jobs from being dropped.
    pub(crate) fn forget_jobs(&mut self) {
        let books = self.books.get_mut().unwrap_or_else(|poison| poison.into_inner());
        mem::forget(mem::take(&mut books.asked));
    }
}
