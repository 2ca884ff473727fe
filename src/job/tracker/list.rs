//! The list that [`jobs`](crate::jobs()) returns, and the id of a job that the reactor has not
//! taken yet.
//!
//! Both need the jobs in the queue, and a channel cannot be looked into. So a thread that asks
//! drains the queue into the backlog, from which the reactor thread takes its next job before it
//! takes one from the queue.
//!
//! A list is made in pieces, and the lock is free between them, so that the reactor thread never
//! waits for a whole list of very many jobs. A piece is what comes next in the order of the ids.
//! While the list is made, a job may move on, from the backlog to the tasks, but its id stays the
//! same; so each job that is unfinished all the time is listed once.

use std::time::{Duration, Instant};

use async_channel::Receiver;

use crate::error::JobState;
use crate::job::info::{ActivePoll, JobInfo, JobMeta, info};
use crate::job::tracker::{Envelope, State, TakesId, Tracker};

/// How many jobs are listed, or drained from the queue, in one critical section. This many take a
/// few microseconds.
const PIECE: usize = 64;

impl<J: TakesId> Tracker<J> {
    /// Lists the unfinished jobs of the program, in the order of their ids.
    pub(crate) fn list(&self, queue: &Receiver<Envelope<J>>) -> Vec<JobInfo> {
        let mut list = Listing { jobs: Vec::new(), next: 1, last: None };
        loop {
            // Before the lock, as it may take long.
            list.jobs.reserve(PIECE + 1);
            let mut state = self.state.lock_after_reactor();
            if !self.list_piece(&mut state, queue, &mut list) {
                return list.jobs;
            }
        }
    }

    /// Adds one piece to the list. Returns whether there may be another one.
    fn list_piece(
        &self,
        state: &mut State<J>,
        queue: &Receiver<Envelope<J>>,
        list: &mut Listing,
    ) -> bool {
        // No more than there are now: other threads may submit jobs as fast as this thread lists
        // them.
        let last = *list.last.get_or_insert_with(|| state.drained_id() + queue.len() as u64);
        if list.next > last {
            return false;
        }
        // Read before the stats: a job that is not inside `poll` now has left its time in its
        // stats.
        let active = self.running(state).and_then(|running| {
            running.active_poll.map(|active_poll| (active_poll, running.since.elapsed()))
        });
        let mut piece = Piece { list, active, now: Instant::now(), left: PIECE };
        for (id, stats) in state.tasks.iter_from(piece.list.next) {
            if id > last {
                break;
            }
            if piece.left == 0 {
                return true;
            }
            match stats {
                Some(stats) => {
                    piece.push(stats.meta, JobState::Waiting, stats.polls(), stats.busy())
                }
                None => piece.skip(id),
            }
        }
        // All other jobs have greater ids.
        let current = state.current.filter(|_| !self.has_current_ended());
        if let Some(meta) = current.filter(|meta| meta.id >= piece.list.next) {
            piece.push(meta, JobState::Queued, 0, Duration::ZERO);
        }
        let first = piece.list.next.max(state.taken + 1);
        if state.drained_id() < last && state.drained_id() < first + PIECE as u64 {
            state.drain(queue, PIECE);
        }
        // Lossless: the backlog is in memory, so there are fewer items than a `usize` can count.
        let index = (first - state.taken - 1) as usize;
        for (envelope, id) in state.drained.iter_from(index).zip(first..=last) {
            if piece.left == 0 {
                return true;
            }
            if envelope.is_internal {
                piece.skip(id);
            } else {
                piece.push(envelope.meta(id), JobState::Queued, 0, Duration::ZERO);
            }
        }
        piece.list.next <= last && state.drained_id() < last && !queue.is_empty()
    }

    /// Returns the id of a job that has been submitted. `id` reads it from the job, and returns 0
    /// as long as the job has none. Returns 0 for a job that the reactor has refused.
    pub(crate) fn id_of(&self, queue: &Receiver<Envelope<J>>, id: impl Fn() -> u64) -> u64 {
        loop {
            let known = id();
            if known != 0 {
                return known;
            }
            let mut state = self.state.lock_after_reactor();
            // LOCKING: ids are given under the lock. So if the job has none, it is still in the
            // queue, or it was never accepted.
            if id() == 0 && state.drain(queue, PIECE) == 0 {
                return 0;
            }
        }
    }

    /// Returns how many jobs the reactor takes before the one whose id `id` reads. `None` if that
    /// one has been taken itself, or if the answer would take longer than `time`. A later call
    /// needs less time, as what is in the backlog stays there.
    pub(crate) fn queued_before(
        &self,
        queue: &Receiver<Envelope<J>>,
        id: impl Fn() -> u64,
        time: Duration,
    ) -> Option<u64> {
        let start = Instant::now();
        loop {
            let mut state = self.state.lock_after_reactor();
            // LOCKING: as in `id_of`.
            let known = id();
            if known != 0 {
                return known.checked_sub(state.taken + 1);
            }
            if state.drain(queue, PIECE) == 0 || start.elapsed() >= time {
                return None;
            }
        }
    }
}

impl<J: TakesId> State<J> {
    /// Moves `limit` jobs at most from the queue to the backlog. Returns how many.
    fn drain(&mut self, queue: &Receiver<Envelope<J>>, limit: usize) -> usize {
        for drained in 0..limit {
            let Ok(envelope) = queue.try_recv() else { return drained };
            envelope.job.set_id(self.drained_id() + 1);
            self.drained.push_back(envelope);
        }
        limit
    }

    /// The id of the job that was drained from the queue last, or taken if that is later.
    fn drained_id(&self) -> u64 {
        self.taken + self.drained.len() as u64
    }
}

/// A list that is being made.
struct Listing {
    jobs: Vec<JobInfo>,
    /// All jobs with smaller ids are listed.
    next: u64,
    /// The last id to list; `None` until the first piece.
    last: Option<u64>,
}

/// The part of a list that is made in one critical section.
struct Piece<'a> {
    list: &'a mut Listing,
    /// The job that is inside `poll`, and since when.
    active: Option<(ActivePoll, Duration)>,
    now: Instant,
    /// How many jobs may still be added.
    left: usize,
}

impl Piece<'_> {
    fn push(&mut self, meta: JobMeta, state: JobState, polls: u64, busy: Duration) {
        self.list.jobs.push(info(meta, self.now, state, polls, busy, self.active));
        self.skip(meta.id);
    }

    fn skip(&mut self, id: u64) {
        self.list.next = id + 1;
        self.left = self.left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::thread;

    use async_channel::Sender;

    use super::*;
    use crate::job::tracker::TakenJob;

    struct Job(AtomicU64);

    impl TakesId for Arc<Job> {
        fn set_id(&self, id: u64) {
            assert_eq!(self.0.swap(id, Ordering::Relaxed), 0, "it has an id already");
        }
    }

    type Queue = (Sender<Envelope<Arc<Job>>>, Receiver<Envelope<Arc<Job>>>);

    fn tracker() -> (Tracker<Arc<Job>>, Queue) {
        (Tracker::new(Duration::MAX), async_channel::unbounded())
    }

    fn submit(queue: &Queue, is_internal: bool) -> Arc<Job> {
        let job = Arc::new(Job(AtomicU64::new(0)));
        let envelope = Envelope {
            location: Location::caller(),
            submitted: Instant::now(),
            is_internal,
            job: Arc::clone(&job),
        };
        queue.0.try_send(envelope).unwrap();
        job
    }

    fn ids(jobs: &[JobInfo]) -> Vec<u64> {
        jobs.iter().map(JobInfo::id).collect()
    }

    #[test]
    fn a_list_of_many_pieces_has_each_job_once_wherever_it_is() {
        for jobs in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 10 * PIECE + 7] {
            let (tracker, queue) = tracker();
            (0..jobs).for_each(|_| drop(submit(&queue, false)));
            let all: Vec<_> = (1..=jobs as u64).collect();
            for taken in 0..=jobs {
                if taken % 13 == 0 || taken == jobs {
                    assert_eq!(ids(&tracker.list(&queue.1)), all, "{taken} of {jobs} are taken");
                }
                if let Some(TakenJob { meta, .. }) = tracker.take(&queue.1) {
                    // Some jobs have tasks, and one has just been taken.
                    assert_eq!(ids(&tracker.list(&queue.1)), all);
                    tracker.add_task(meta, Duration::ZERO, false);
                }
            }
        }
    }

    #[test]
    fn internal_jobs_have_ids_and_are_not_listed() {
        let (tracker, queue) = tracker();
        let jobs: Vec<_> = (0..4 * PIECE).map(|i| submit(&queue, i % 2 == 0)).collect();
        let listed = ids(&tracker.list(&queue.1));
        assert!(listed.into_iter().eq((1..=4 * PIECE as u64).filter(|id| id % 2 == 0)));
        assert!(jobs.iter().map(|job| job.0.load(Ordering::Relaxed)).eq(1..=4 * PIECE as u64));
    }

    #[test]
    fn an_id_can_be_had_before_the_job_is_taken_and_stays() {
        let (tracker, queue) = tracker();
        let jobs: Vec<_> = (0..3 * PIECE).map(|_| submit(&queue, false)).collect();
        let id = |job: &Job| tracker.id_of(&queue.1, || job.0.load(Ordering::Relaxed));
        assert_eq!(tracker.take(&queue.1).unwrap().meta.id, 1);
        assert_eq!(id(&jobs[2 * PIECE]), 2 * PIECE as u64 + 1);
        assert_eq!(id(&jobs[0]), 1);
        let refused = Job(AtomicU64::new(0));
        assert_eq!(id(&refused), 0);
        for job in &jobs[1..] {
            let taken = tracker.take(&queue.1).unwrap();
            assert!(Arc::ptr_eq(&taken.job, job));
            assert_eq!(taken.meta.id, id(job));
        }
        assert!(tracker.take(&queue.1).is_none());
    }

    #[test]
    fn the_jobs_before_one_in_the_queue_are_counted() {
        let (tracker, queue) = tracker();
        let jobs: Vec<_> = (0..3 * PIECE).map(|_| submit(&queue, false)).collect();
        let before = |job: &Job| {
            tracker.queued_before(&queue.1, || job.0.load(Ordering::Relaxed), Duration::MAX)
        };
        assert_eq!(before(&jobs[2 * PIECE]), Some(2 * PIECE as u64));
        assert_eq!(before(&jobs[0]), Some(0));
        tracker.take(&queue.1).unwrap();
        assert_eq!(before(&jobs[0]), None);
        assert_eq!(before(&jobs[1]), Some(0));
        assert_eq!(before(&jobs[3 * PIECE - 1]), Some(3 * PIECE as u64 - 2));
        assert_eq!(before(&Job(AtomicU64::new(0))), None, "it was never submitted");
        let last = submit(&queue, false);
        let jobs: Vec<_> = (0..2 * PIECE).map(|_| submit(&queue, false)).collect();
        let of_last = jobs.last().unwrap();
        let no_time =
            tracker.queued_before(&queue.1, || of_last.0.load(Ordering::Relaxed), Duration::ZERO);
        assert_eq!(no_time, None, "the first piece is not enough");
        assert_eq!(before(&last), Some(3 * PIECE as u64 - 1));
    }

    #[test]
    fn the_reactor_thread_gets_the_lock_many_times_while_a_long_list_is_made() {
        let (tracker, queue) = tracker();
        (0..2000 * PIECE).for_each(|_| drop(submit(&queue, false)));
        let is_listed = AtomicBool::new(false);
        let turns = thread::scope(|scope| {
            scope.spawn(|| {
                assert_eq!(tracker.list(&queue.1).len(), 2000 * PIECE);
                is_listed.store(true, Ordering::Relaxed);
            });
            while queue.1.len() == 2000 * PIECE {
                thread::yield_now();
            }
            let mut turns = 0;
            while !is_listed.load(Ordering::Relaxed) {
                drop(tracker.state.lock_first());
                turns += 1;
            }
            turns
        });
        assert!(turns >= 20, "{turns} turns");
    }
}
