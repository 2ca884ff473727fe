//! What each thread does, step by step.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crochet::{Error, EventualResult, Reactor};

use crate::account::{self, Account, Fate};
use crate::child;
use crate::job::{self, Failure, Kind};
use crate::logger;

/// For waits that have to end in time.
const LONG: Duration = Duration::from_secs(60);

type Job = EventualResult<u64, Failure>;

pub(crate) struct Worker {
    account: Arc<Account>,
    random: fastrand::Rng,
    /// A reactor of its own, now and then.
    own: Option<Reactor>,
}

impl Worker {
    pub(crate) fn new(account: Arc<Account>, seed: u64) -> Self {
        Self { account, random: fastrand::Rng::with_seed(seed), own: None }
    }

    pub(crate) fn step(&mut self) {
        logger::log();
        match self.random.u16(..4000) {
            0..1200 => self.wait_for(),
            1200..3400 => self.run_in_reactor(),
            3400..3600 => self.stash(),
            3600..3800 => self.many(),
            3800..3950 => self.change_own(),
            3950..3990 => self.restart(),
            3990..3999 => {
                self.account.forks.fetch_add(1, Ordering::Relaxed);
                child::fork();
            }
            _ => self.race(),
        }
    }

    fn kind(&mut self) -> Kind {
        let kind = Kind::random(&mut self.random);
        if matches!(kind, Kind::Runs | Kind::RunsForEver) {
            self.account.children.fetch_add(1, Ordering::Relaxed);
        }
        kind
    }

    fn value(&mut self) -> u64 {
        self.random.u64(..1 << 32)
    }

    /// Short enough to come in the middle of things; for a job that ends, also long enough not to.
    fn timeout(&mut self, kind: Kind) -> Duration {
        if kind.never_ends() || self.random.u8(..4) == 0 {
            return Duration::from_micros(self.random.u64(..2000));
        }
        if self.random.bool() { Duration::MAX } else { LONG }
    }

    fn wait_for(&mut self) {
        let (kind, value) = (self.kind(), self.value());
        let timeout = self.timeout(kind);
        let owned = self.account.submit();
        let job = job::run(owned, kind, value);
        let wait = || match &self.own {
            Some(own) => own.wait_for(timeout, job),
            None => crochet::wait_for(timeout, job),
        };
        let fate = match catch_unwind(AssertUnwindSafe(wait)) {
            Ok(result) => job::fate(result.map_err(Error::Job), kind, value),
            Err(payload) if kind == Kind::Panics && account::is_on_purpose(&*payload) => {
                Fate::Failed
            }
            Err(payload) => resume_unwind(payload),
        };
        self.account.close(fate);
    }

    fn submit(&self, kind: Kind, value: u64) -> Job {
        let owned = self.account.submit();
        let job = move || job::run(owned, kind, value);
        match &self.own {
            Some(own) => own.run_in_reactor(job),
            None => crochet::run_in_reactor(job),
        }
    }

    /// Submits a job, and sees to its end in one of the ways there are.
    fn run_in_reactor(&mut self) {
        let (kind, value) = (self.kind(), self.value());
        let job = self.submit(kind, value);
        let timeout = self.timeout(kind);
        match self.random.u8(..6) {
            0 => {
                if self.random.bool() {
                    let _ = job.wait(Duration::from_micros(self.random.u64(..500)));
                }
                job.cancel();
            }
            // A wait that times out changes nothing.
            1 => _ = job.wait(timeout),
            2 if !kind.never_ends() => {
                let result = futures_lite::future::block_on(job.into_future());
                return self.account.close(job::fate(result, kind, value));
            }
            3 => {
                // The job is cancelled when the time is over; what became of it only its own drop
                // can tell.
                let result = job.into_result(timeout);
                return self.account.close(job::fate(result, kind, value));
            }
            _ => {}
        }
        self.end(job, kind, value);
    }

    /// Waits for a job, however long that takes; has one that never ends cancelled before.
    fn end(&self, job: Job, kind: Kind, value: u64) {
        if kind.never_ends() {
            job.cancel();
        }
        let result = job.into_result(LONG);
        if matches!(result, Err(Error::TimedOut(_))) {
            panic!("{kind:?} never ended: {:?}", result.err());
        }
        self.account.close(job::fate(result, kind, value));
    }

    fn stash(&mut self) {
        let (kind, value) = (self.kind(), self.value());
        let job = self.submit(kind, value);
        let id =
            if self.random.bool() { job.stash() } else { job.stash_for(Duration::from_secs(3600)) };
        match crochet::retrieve_result::<u64, Failure>(id) {
            Ok(job) => self.end(job, kind, value),
            Err(error) => panic!("a stashed result is gone: {error}"),
        }
        assert!(crochet::retrieve_result::<u64, Failure>(id).is_err(), "it was retrieved twice");
    }

    /// Many jobs at once, ended in another order.
    fn many(&mut self) {
        let mut jobs: Vec<_> = (0..self.random.usize(1..60))
            .map(|_| {
                let (kind, value) = (self.kind(), self.value());
                (self.submit(kind, value), kind, value)
            })
            .collect();
        self.random.shuffle(&mut jobs);
        for (job, kind, value) in jobs {
            self.end(job, kind, value);
        }
    }

    /// Starts a reactor of its own, or stops the one there is, in one of the ways there are.
    fn change_own(&mut self) {
        match self.own.take() {
            None => self.own = Some(Reactor::new().unwrap()),
            Some(own) => {
                if self.random.bool() {
                    own.shutdown(LONG).unwrap();
                }
            }
        }
    }

    fn restart(&mut self) {
        self.account.restarts.fetch_add(1, Ordering::Relaxed);
        match self.random.u8(..4) {
            0 => crochet::setup().unwrap(),
            1 => {
                let job = crochet::run_in_reactor(|| async { crochet::shutdown(Duration::MAX) });
                assert!(matches!(job.join(LONG), Ok(()) | Err(Error::ReactorStopped)));
            }
            2 => match crochet::shutdown(Duration::ZERO) {
                Ok(()) | Err(Error::TimedOut(_)) => {}
                Err(other) => panic!("{other:?}"),
            },
            _ => crochet::shutdown(LONG).unwrap(),
        }
    }

    /// A driver beside all that, if it is its turn.
    fn race(&mut self) {
        let Ok(driver) = crochet::no_setup() else { return };
        let value = self.value();
        let job = self.submit(Kind::Yields, value);
        let main = async { futures_lite::future::yield_now().await };
        let run = async_io::block_on(driver.run(main));
        assert!(matches!(run, Ok(()) | Err(Error::ReactorStopped)), "{run:?}");
        self.end(job, Kind::Yields, value);
    }
}
