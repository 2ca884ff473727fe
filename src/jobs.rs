//! The list of a reactor's jobs: [`jobs`], [`JobInfo`], and the [`Roll`] from which it is made.
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

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::mem;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_channel::Receiver;

use crate::error::{JobState, Place, Rounded};
use crate::global;
use crate::job::Submitted;
use crate::occupancy::{Occupancy, Polled};
use crate::os;
use crate::reactor::Reactor;
use crate::sync::lock;

/// Lists the unfinished jobs of the global reactor, in the order in which they were submitted. Never waits for a
/// job.
///
/// It can be called on any thread, also while a job holds the reactor thread, and in a job, which finds itself in
/// the list. If the global reactor is not running the list is empty, and so it is in a forked child; nothing is
/// started.
///
/// # Examples
///
/// ```
/// use crochet::JobState;
/// use std::{future, thread, time::Duration};
///
/// let never = crochet::run_in_reactor(|| future::pending::<crochet::Result<()>>());
/// while crochet::jobs()[0].state() != JobState::Waiting {
///     thread::sleep(Duration::from_millis(1));
/// }
/// for job in crochet::jobs() {
///     // job 1 started at src/main.rs:4: waiting, age 1.1ms, 1 poll, busy 2.3µs
///     println!("{job}");
///     assert_eq!(job.location().file(), file!());
/// }
/// # never.cancel();
/// ```
pub fn jobs() -> Vec<JobInfo> {
    global::current().map_or_else(Vec::new, |shared| shared.jobs())
}

impl Reactor {
    /// Lists the unfinished jobs of this reactor, in the order in which they were submitted. Never waits for a
    /// job. As the free function [`jobs`](crate::jobs()).
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, Reactor};
    /// use std::{future, time::Duration};
    ///
    /// let reactor = Reactor::new()?;
    /// let never = reactor.run_in_reactor(|| future::pending::<crochet::Result<()>>());
    /// assert_eq!(reactor.jobs().len(), 1);
    /// never.cancel();
    /// never.wait(Duration::from_secs(60)).unwrap_err();
    /// assert!(reactor.jobs().is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn jobs(&self) -> Vec<JobInfo> {
        self.shared().jobs()
    }
}

/// One unfinished job, as it was when [`jobs`](crate::jobs()) was called.
///
/// It prints as one line: `job 7 started at src/main.rs:42: waiting, age 1.5s, 12 polls, busy 3.1ms`.
#[derive(Clone, Debug)]
pub struct JobInfo {
    id: u64,
    location: &'static Location<'static>,
    age: Duration,
    state: JobState,
    polls: u64,
    busy: Duration,
}

impl JobInfo {
    /// Returns the number of the job: 1 is the first one submitted to its reactor, 2 the next. Other reactors
    /// have jobs of the same numbers.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the place of the call that started the job.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// Returns how long ago the job was submitted.
    pub fn age(&self) -> Duration {
        self.age
    }

    /// Returns what the job was doing.
    pub fn state(&self) -> JobState {
        self.state
    }

    /// Returns how often the job has been polled, counting the poll that it was in.
    pub fn polls(&self) -> u64 {
        self.polls
    }

    /// Returns how long the job has been inside `poll`, all in all, counting the poll that it was in.
    pub fn busy(&self) -> Duration {
        self.busy
    }
}

impl fmt::Display for JobInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            JobState::Queued => "queued",
            JobState::Running => "running",
            JobState::Waiting => "waiting",
        };
        write!(
            f,
            "job {} started at {}: {state}, age {}, {} poll{}, busy {}",
            self.id,
            Place(self.location),
            Rounded(self.age),
            self.polls,
            if self.polls == 1 { "" } else { "s" },
            Rounded(self.busy)
        )
    }
}

/// Which job it is.
#[derive(Clone, Copy)]
pub(crate) struct Identity {
    /// Its place in the order of submission, from 1.
    pub(crate) number: u64,
    pub(crate) location: &'static Location<'static>,
    pub(crate) submitted: Instant,
}

/// What is counted of a job that has a task. ORDERING: Relaxed; the reactor thread alone writes it, and the lock of
/// `Occupancy` orders that with those who look.
pub(crate) struct Record {
    identity: Identity,
    polls: AtomicU64,
    /// In nanoseconds, without the poll it is in. Enough for five centuries.
    busy: AtomicU64,
}

impl Record {
    /// Begins to poll. Returns how busy the job has been before.
    pub(crate) fn begin_poll(&self) -> Duration {
        // Not a read-modify-write, as nobody else writes.
        self.polls.store(self.polls.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.busy()
    }

    pub(crate) fn set_busy(&self, busy: Duration) {
        self.busy.store(nanos(busy), Ordering::Relaxed);
    }

    fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy.load(Ordering::Relaxed))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The unfinished jobs of one reactor, but for those that are still in its queue.
///
/// It has its cache lines to itself, as the reactor thread writes it for each job, and what is beside it is read by
/// all callers.
#[repr(align(128))]
pub(crate) struct Roll {
    /// LOCKING: no user code runs under it, and nothing is dropped but records. The reactor thread takes it once
    /// for each job, and twice more if the job gets a task. Others take it when they ask, so it is nearly always
    /// free. The lock of `Occupancy` may be taken under it, not the other way round. Not taken in a forked child,
    /// where a thread that is not there may hold it.
    books: Mutex<Books>,
    /// Whether `first` has ended. This spares the reactor thread a lock for each job that is ready at once.
    /// ORDERING: Relaxed. Lowered under the lock. Raised before the job's outcome is published, so whoever has
    /// seen that outcome sees it raised, or lowered again for a later job, which the lock shows.
    first_ended: AtomicBool,
}

struct Books {
    /// Older than all jobs in the queue.
    asked: VecDeque<Submitted>,
    /// The number of the job that was taken last.
    taken: u64,
    /// The job that was taken last, if it has no task.
    first: Option<Identity>,
    tasks: BTreeMap<u64, Arc<Record>>,
}

impl Roll {
    pub(crate) fn new() -> Self {
        let (asked, tasks) = (VecDeque::new(), BTreeMap::new());
        let books = Mutex::new(Books { asked, taken: 0, first: None, tasks });
        Self { books, first_ended: AtomicBool::new(false) }
    }

    /// Takes the next job, which is the `first` from now on. Reactor thread only, or whoever stops a reactor that
    /// has none.
    pub(crate) fn take(&self, queue: &Receiver<Submitted>) -> Option<Submitted> {
        let mut books = lock(&self.books);
        let mut job = match books.asked.pop_front() {
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
        books.first = Some(job.take_number(books.taken));
        self.first_ended.store(false, Ordering::Relaxed);
        Some(job)
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
    pub(crate) fn list(&self, queue: &Receiver<Submitted>, occupancy: &Occupancy) -> Vec<JobInfo> {
        let mut books = lock(&self.books);
        // No more than there are now: others may submit as fast as this takes.
        for _ in 0..queue.len() {
            let Ok(job) = queue.try_recv() else { break };
            books.asked.push_back(job);
        }
        // Before the records: a job that is not inside `poll` now has left its time in its record.
        let polled = occupancy.polled();
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

fn info(
    Identity { number, location, submitted }: Identity,
    now: Instant,
    state: JobState,
    polls: u64,
    busy: Duration,
    polled: Option<(Polled, Duration)>,
) -> JobInfo {
    let age = now.saturating_duration_since(submitted);
    let info = JobInfo { id: number, location, age, state, polls, busy };
    match polled {
        Some((polled, held)) if polled.number == number => JobInfo {
            state: JobState::Running,
            // Its first poll is not counted anywhere else.
            polls: polls.max(1),
            busy: polled.busy_before + held,
            ..info
        },
        _ => info,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_prints_as_one_line() {
        let location = Location::caller();
        let job = JobInfo {
            id: 7,
            location,
            age: Duration::from_millis(1500),
            state: JobState::Waiting,
            polls: 12,
            busy: Duration::from_micros(3100),
        };
        let line = |rest| format!("job 7 started at src/jobs.rs:{}: {rest}", location.line());
        let text = line("waiting, age 1.5s, 12 polls, busy 3.1ms");
        assert_eq!(job.to_string(), text);
        let job = JobInfo { state: JobState::Running, polls: 1, ..job };
        assert_eq!(job.to_string(), line("running, age 1.5s, 1 poll, busy 3.1ms"));
        let job = JobInfo { state: JobState::Queued, polls: 0, busy: Duration::ZERO, ..job };
        assert_eq!(job.to_string(), line("queued, age 1.5s, 0 polls, busy 0ns"));
    }
}
