//! [`ById`]: the jobs that have a task, in the order of their ids.

use std::sync::Arc;

use crate::job::tracker::stats::JobStats;

/// How many gaps there may be without a look at how many jobs there are.
const GAPS: usize = 64;

/// A list in the order of the ids, to which jobs are added in that order.
///
/// A job that leaves leaves a gap. The gaps are closed once there are more of them than jobs; so in
/// the mean a job is moved once for that, and a job takes 64 bytes at most. A `BTreeMap` would do the
/// same, at 23 % of all the code that this crate has the compiler generate in a debug build, with two
/// sets elsewhere that are lists now.
pub(super) struct ById {
    /// In ascending order. `None` in a gap.
    jobs: Vec<(u64, Option<Arc<JobStats>>)>,
    gaps: usize,
}

impl ById {
    pub(super) fn new() -> Self {
        Self { jobs: Vec::new(), gaps: 0 }
    }

    /// Adds a job, whose id must be greater than those before.
    pub(super) fn push(&mut self, stats: Arc<JobStats>) {
        debug_assert!(self.jobs.last().is_none_or(|(last, _)| *last < stats.id()));
        self.jobs.push((stats.id(), Some(stats)));
    }

    pub(super) fn remove(&mut self, id: u64) {
        let Ok(index) = self.jobs.binary_search_by_key(&id, |(id, _)| *id) else { return };
        if self.jobs[index].1.take().is_some() {
            self.gaps += 1;
        }
        if self.gaps > GAPS && self.gaps > self.jobs.len() / 2 {
            self.jobs.retain(|(_, stats)| stats.is_some());
            self.gaps = 0;
            // So a storm gives back its memory.
            self.jobs.shrink_to(2 * self.jobs.len());
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    /// Returns the ids from `first` on, in order, with their jobs; `None` for one that has left.
    pub(super) fn iter_from(&self, first: u64) -> impl Iterator<Item = (u64, Option<&JobStats>)> {
        let index = self.jobs.partition_point(|(id, _)| *id < first);
        self.jobs[index..].iter().map(|(id, stats)| (*id, stats.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::job::info::JobMeta;

    fn stats(id: u64) -> Arc<JobStats> {
        let (location, submitted) = (Location::caller(), Instant::now());
        Arc::new(JobStats::after_first_poll(JobMeta { id, location, submitted }, Duration::ZERO))
    }

    fn ids(jobs: &ById, first: u64) -> Vec<u64> {
        jobs.iter_from(first).filter_map(|(id, job)| job.map(|_| id)).collect()
    }

    #[test]
    fn jobs_are_in_order_whatever_has_left() {
        let mut jobs = ById::new();
        let mut expected = Vec::new();
        // Every third id is that of a job without a task; most jobs leave, in no order.
        for id in (1..=3000).filter(|id| id % 3 != 0) {
            jobs.push(stats(id));
            expected.push(id);
            let gone = 1 + id * 7919 % id;
            for gone in [gone, id - id % 5] {
                jobs.remove(gone);
                expected.retain(|other| *other != gone);
            }
            assert!(jobs.jobs.len() <= 2 * expected.len() + 2 * GAPS, "many gaps at {id}");
            assert_eq!(jobs.gaps, jobs.jobs.iter().filter(|(_, job)| job.is_none()).count());
        }
        for first in [0, 1, 2, 1000, 2999, 3001] {
            let from: Vec<_> = expected.iter().copied().filter(|id| *id >= first).collect();
            assert_eq!(ids(&jobs, first), from, "{first}");
        }
    }

    #[test]
    fn a_storm_gives_back_its_memory() {
        let mut jobs = ById::new();
        (1..=10_000).for_each(|id| jobs.push(stats(id)));
        (1..=10_000).rev().for_each(|id| jobs.remove(id));
        assert!(ids(&jobs, 0).is_empty());
        assert!(jobs.jobs.capacity() <= 4 * GAPS, "{}", jobs.jobs.capacity());
    }
}
