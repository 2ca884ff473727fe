//! One thread of a case: makes the calls, and checks what each of them tells against what it may
//! tell.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use crochet::{Error, EventualResult, Reactor, ResultId, RetrieveError};
use futures_lite::future;

use crate::job::{self, Failure, Gate, Owned, PANIC, PANIC_IN_DROP, Seen};
use crate::script::{GATES, Kind, Numbered, OWN_REACTORS, Op, Patience, SLOTS, Target};

/// Longer than anything takes on a busy machine, under a sanitizer.
pub(crate) const LONG: Duration = Duration::from_secs(20);
/// A call that took longer than this was woken by its deadline, and by nothing else.
const SLEPT_THROUGH: Duration = Duration::from_secs(10);
/// What a check of `interruptible` panics with.
const CHECK: &str = "in a check, on purpose";

/// What all threads of a case share.
pub(crate) struct Case {
    pub(crate) reactors: [Reactor; OWN_REACTORS],
    pub(crate) gates: Arc<[Gate]>,
    /// Whether any thread shuts the reactor down at some time.
    pub(crate) may_stop: [bool; OWN_REACTORS + 1],
    /// What jobs own, and has not been dropped.
    pub(crate) owned: Arc<AtomicUsize>,
}

type Handle = EventualResult<u64, Failure>;

/// A job that this thread has a handle to, or has put away.
struct Job {
    handle: Handle,
    facts: Facts,
}

/// What this thread knows of one job.
#[derive(Clone)]
struct Facts {
    kind: Kind,
    on: Target,
    value: u64,
    /// Whether it may have been cancelled.
    cancelled: bool,
    /// How it ended, if this thread knows.
    end: Option<Seen>,
    owned: Arc<AtomicUsize>,
}

#[derive(Clone)]
enum Scope {
    Within { end: Option<Instant> },
    Interruptible { has_failed: Rc<Cell<bool>> },
}

pub(crate) struct Worker<'a> {
    case: &'a Case,
    slots: [Option<Job>; SLOTS],
    stashed: Vec<(ResultId, Facts, bool)>,
    opened: [bool; GATES],
    /// Reactors whose shutdown by this thread has returned.
    stopped: [bool; OWN_REACTORS],
    scopes: Vec<Scope>,
    next_value: u64,
    /// The number of the operation that is being done.
    at: usize,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(case: &'a Case, thread: u64) -> Self {
        Self {
            case,
            slots: Default::default(),
            stashed: Vec::new(),
            opened: [false; GATES],
            stopped: [false; OWN_REACTORS],
            scopes: Vec::new(),
            next_value: thread << 32,
            at: 0,
        }
    }

    /// Runs the operations, and ends what they have begun.
    pub(crate) fn run(mut self, ops: &[Numbered]) {
        let result = catch_unwind(AssertUnwindSafe(|| {
            self.ops(ops);
            self.end();
        }));
        if let Err(payload) = result {
            let text = job::text(&*payload).unwrap_or("a panic without a text");
            panic!("operation {}: {text}", self.at);
        }
    }

    fn ops(&mut self, ops: &[Numbered]) {
        for Numbered { number, op } in ops {
            self.at = *number;
            let start = Instant::now();
            self.op(op);
            assert!(start.elapsed() < SLEPT_THROUGH, "it took {:?}", start.elapsed());
        }
    }

    /// Ends all jobs that this thread knows of.
    fn end(&mut self) {
        self.at = usize::MAX;
        for slot in 0..SLOTS {
            if let Some(mut job) = self.slots[slot].take() {
                job.handle.cancel();
                job.facts.cancelled = true;
                let seen = Seen::of_handle(job.handle.wait(LONG).copied());
                self.check(&mut job.facts, seen, Patience::Long, "the last wait");
            }
        }
        for (id, mut facts, _) in std::mem::take(&mut self.stashed) {
            let wrong = crochet::retrieve_result::<(), ()>(id);
            assert!(matches!(wrong, Err(RetrieveError::WrongType | RetrieveError::Unknown)));
            match self.retrieve(id, &facts) {
                Ok(handle) => {
                    handle.cancel();
                    facts.cancelled = true;
                    let seen = Seen::of_handle(handle.wait(LONG).copied());
                    self.check(&mut facts, seen, Patience::Long, "a retrieved result");
                    let again = crochet::retrieve_result::<u64, Failure>(id);
                    assert!(matches!(again, Err(RetrieveError::Unknown)), "retrieved twice");
                }
                Err(error) => {
                    assert_eq!(error, RetrieveError::Unknown);
                    assert!(facts.cancelled, "a stashed result is gone");
                }
            }
        }
    }

    /// Retrieves a stashed result. While its reactor's shutdown logs failures, the result is outside the stash for a
    /// moment, as `retrieve_result` says; but it comes back.
    fn retrieve(&self, id: ResultId, facts: &Facts) -> Result<Handle, RetrieveError> {
        let start = Instant::now();
        loop {
            let result = crochet::retrieve_result(id);
            let is_out = result.is_err() && self.case.may_stop[facts.on] && !facts.cancelled;
            if !is_out || start.elapsed() > SLEPT_THROUGH {
                return result;
            }
            std::thread::yield_now();
        }
    }

    fn op(&mut self, op: &Op) {
        match op {
            Op::Start { slot, kind, on } => self.start(*slot, *kind, *on),
            Op::Wait { slot, patience } => self.wait(*slot, *patience),
            Op::TryWait { slot } => self.with(*slot, |this, job| {
                let finished = job.handle.is_finished();
                match job.handle.try_wait() {
                    Some(result) => {
                        let seen = Seen::of_handle(result.copied());
                        this.check(&mut job.facts, seen, Patience::Long, "try_wait");
                    }
                    None => {
                        assert!(!finished, "finished, and then not");
                        assert_eq!(job.facts.end, None, "it has ended before");
                    }
                }
            }),
            Op::Failure { slot } => self.with(*slot, |this, job| {
                if let Some(error) = job.handle.original_failure() {
                    let seen = Seen::of_handle(Err(error));
                    this.check(&mut job.facts, seen, Patience::Long, "original_failure");
                }
            }),
            Op::Cancel { slot } => self.with(*slot, |_, job| {
                job.handle.cancel();
                job.facts.cancelled = true;
            }),
            Op::IntoResult { slot, patience } => {
                self.consume(*slot, *patience, "into_result", |handle, time| {
                    Seen::of_handle(handle.into_result(time))
                })
            }
            Op::Join { slot, patience } => {
                self.consume(*slot, *patience, "join", |handle, time| {
                    caught(|| Seen::of(handle.join(time)))
                });
            }
            Op::Await { slot } => {
                if self.slots[*slot].as_ref().is_some_and(|job| self.ends(&job.facts)) {
                    self.consume(*slot, Patience::Long, "await", |handle, _| {
                        Seen::of_handle(future::block_on(handle.into_future()))
                    });
                }
            }
            Op::PollOnce { slot } => self.poll_once(*slot),
            Op::Detach { slot } => drop(self.slots[*slot].take().map(|job| job.handle.detach())),
            Op::Stash { slot } => {
                if let Some(Job { handle, facts }) = self.slots[*slot].take() {
                    self.stashed.push((handle.stash(), facts, false));
                }
            }
            Op::StashFor { slot, time } => {
                if let Some(Job { handle, mut facts }) = self.slots[*slot].take() {
                    facts.cancelled = true;
                    self.stashed.push((handle.stash_for(*time), facts, true));
                }
            }
            Op::WaitAll { patience } => self.wait_all(*patience),
            Op::WaitAny { patience } => self.wait_any(*patience),
            Op::WaitFor { kind, on, patience } => self.wait_for(*kind, *on, *patience),
            Op::OpenGate { gate } => {
                self.case.gates[*gate].open();
                self.opened[*gate] = true;
            }
            Op::List { on } => {
                let jobs = match self.case.reactors.get(*on) {
                    Some(reactor) => reactor.jobs(),
                    None => crochet::jobs(),
                };
                assert!(jobs.is_sorted_by_key(|job| job.id()), "the list is not in order");
            }
            Op::Shutdown { on, patience } => self.shutdown(*on, *patience),
            Op::Fork => self.fork(),
            Op::Within { patience, ops } => self.within(*patience, ops),
            Op::Interruptible { every, after, panics, ops } => {
                self.interruptible(*every, *after, *panics, ops);
            }
        }
    }

    fn with(&mut self, slot: usize, then: impl FnOnce(&Self, &mut Job)) {
        if let Some(mut job) = self.slots[slot].take() {
            then(self, &mut job);
            self.slots[slot] = Some(job);
        }
    }

    fn facts(&mut self, kind: Kind, on: Target) -> Facts {
        self.next_value += 1;
        let owned = Arc::default();
        Facts { kind, on, value: self.next_value, cancelled: false, end: None, owned }
    }

    fn start(&mut self, slot: usize, kind: Kind, on: Target) {
        let facts = self.facts(kind, on);
        let owned = Owned::new(kind, &facts.owned, &self.case.owned);
        let (gates, value) = (Arc::clone(&self.case.gates), facts.value);
        let job = move || job::run(kind, value, gates, owned);
        let handle = match self.case.reactors.get(on) {
            Some(reactor) => reactor.run_in_reactor(job),
            None => crochet::run_in_reactor(job),
        };
        // A handle that was there lets its job run on.
        self.slots[slot] = Some(Job { handle, facts });
    }

    /// Whether the job ends without anything that this thread still has to do.
    fn ends(&self, facts: &Facts) -> bool {
        let gate_is_open = matches!(facts.kind, Kind::WaitsAtGate(gate) if self.opened[gate]);
        facts.kind.ends_by_itself() || gate_is_open || facts.cancelled || self.is_stopped(facts.on)
    }

    fn is_stopped(&self, on: Target) -> bool {
        self.stopped.get(on).is_some_and(|stopped| *stopped)
    }

    /// The patience for a job: not for ever, where it does not end.
    fn patience(&self, facts: &Facts, patience: Patience) -> Patience {
        let is_long = matches!(patience, Patience::Long | Patience::Max);
        let short = Patience::Short(Duration::from_millis(1));
        if is_long && !self.ends(facts) { short } else { patience }
    }

    fn wait(&mut self, slot: usize, patience: Patience) {
        self.with(slot, |this, job| {
            let patience = this.patience(&job.facts, patience);
            let seen = Seen::of_handle(job.handle.wait(time(patience)).copied());
            this.check(&mut job.facts, seen, patience, "wait");
        });
    }

    fn consume(
        &mut self,
        slot: usize,
        patience: Patience,
        name: &str,
        call: impl FnOnce(Handle, Duration) -> Seen,
    ) {
        let Some(Job { handle, mut facts }) = self.slots[slot].take() else { return };
        let patience = self.patience(&facts, patience);
        let seen = call(handle, time(patience));
        self.check(&mut facts, seen, patience, name);
    }

    fn poll_once(&mut self, slot: usize) {
        struct Panics;
        impl Wake for Panics {
            fn wake(self: Arc<Self>) {
                panic_any(PANIC);
            }
        }
        let Some(Job { handle, mut facts }) = self.slots[slot].take() else { return };
        let waker = Waker::from(Arc::new(Panics));
        let mut future = handle.into_future();
        if let Poll::Ready(result) = Pin::new(&mut future).poll(&mut Context::from_waker(&waker)) {
            self.check(&mut facts, Seen::of_handle(result), Patience::Long, "poll");
        }
    }

    fn wait_all(&mut self, patience: Patience) {
        let jobs: Vec<&Job> = self.slots.iter().flatten().collect();
        let all_end = jobs.iter().all(|job| self.ends(&job.facts));
        let patience = if all_end { patience } else { Patience::Short(Duration::from_millis(1)) };
        let handles: Vec<&Handle> = jobs.iter().map(|job| &job.handle).collect();
        match crochet::wait_all(&handles, time(patience)) {
            Ok(()) => assert!(handles.iter().all(|handle| handle.is_finished()), "wait_all"),
            Err(Error::TimedOut(_)) => assert!(self.may_time_out(patience), "wait_all timed out"),
            Err(Error::Interrupted) => assert!(self.is_interrupted(), "wait_all was interrupted"),
            Err(error) => panic!("wait_all: {error}"),
        }
    }

    fn wait_any(&mut self, patience: Patience) {
        let jobs: Vec<&Job> = self.slots.iter().flatten().collect();
        let any_ends = jobs.iter().any(|job| self.ends(&job.facts));
        let patience = if any_ends { patience } else { Patience::Short(Duration::from_millis(1)) };
        let handles: Vec<&Handle> = jobs.iter().map(|job| &job.handle).collect();
        match crochet::wait_any(&handles, time(patience)) {
            Ok(index) => assert!(handles[index].is_finished(), "wait_any"),
            Err(Error::TimedOut(_)) => assert!(self.may_time_out(patience), "wait_any timed out"),
            Err(Error::Interrupted) => assert!(self.is_interrupted(), "wait_any was interrupted"),
            Err(error) => panic!("wait_any: {error}"),
        }
    }

    fn wait_for(&mut self, kind: Kind, on: Target, patience: Patience) {
        let mut facts = self.facts(kind, on);
        let patience = self.patience(&facts, patience);
        let owned = Owned::new(kind, &facts.owned, &self.case.owned);
        let job = job::run(kind, facts.value, Arc::clone(&self.case.gates), owned);
        let seen = caught(|| {
            Seen::of(match self.case.reactors.get(on) {
                Some(reactor) => reactor.wait_for(time(patience), job),
                None => crochet::wait_for(time(patience), job),
            })
        });
        // By whatever path it has returned, the future is gone.
        assert_eq!(facts.owned.load(Ordering::SeqCst), 0, "wait_for left its future behind");
        self.check(&mut facts, seen, patience, "wait_for");
    }

    fn shutdown(&mut self, on: Target, patience: Patience) {
        let result = match self.case.reactors.get(on) {
            Some(reactor) => reactor.shutdown(time(patience)),
            None => crochet::shutdown(time(patience)),
        };
        match result {
            Ok(()) => {}
            Err(Error::TimedOut(_)) => assert!(self.may_time_out(patience), "shutdown timed out"),
            Err(Error::Interrupted) => assert!(self.is_interrupted(), "shutdown was interrupted"),
            Err(error) => panic!("shutdown: {error}"),
        }
        if let Some(stopped) = self.stopped.get_mut(on) {
            *stopped = true;
        }
    }

    #[cfg(unix)]
    fn fork(&mut self) {
        let refused = |seen: Seen| seen == Seen::Forked;
        crate::fork::in_child(|| {
            self.slots
                .iter()
                .flatten()
                .all(|job| refused(Seen::of_handle(job.handle.wait(LONG).copied())))
                && refused(Seen::of(crochet::wait_for(LONG, async { Ok(0) })))
                && refused(Seen::of(crochet::run_in_reactor(|| async { Ok(0) }).join(LONG)))
                && matches!(crochet::shutdown(LONG), Err(Error::Forked { .. }))
        });
    }

    #[cfg(not(unix))]
    fn fork(&mut self) {}

    fn within(&mut self, patience: Patience, ops: &[Numbered]) {
        let end = Instant::now().checked_add(time(patience));
        self.scopes.push(Scope::Within { end });
        let depth = self.scopes.len();
        let result = catch_unwind(AssertUnwindSafe(|| {
            crochet::within(time(patience), || self.ops(ops));
        }));
        self.scopes.truncate(depth - 1);
        if let Err(payload) = result {
            resume_unwind(payload);
        }
    }

    fn interruptible(&mut self, every: Duration, after: u8, panics: bool, ops: &[Numbered]) {
        let has_failed = Rc::new(Cell::new(false));
        let mut asked = 0;
        let check = || {
            asked += 1;
            if asked <= after {
                return Ok(());
            }
            assert!(!has_failed.get(), "a check that has failed was asked again");
            if panics {
                panic_any(CHECK);
            }
            has_failed.set(true);
            Err("stop")
        };
        self.scopes.push(Scope::Interruptible { has_failed: has_failed.clone() });
        let depth = self.scopes.len();
        let result = catch_unwind(AssertUnwindSafe(|| {
            crochet::interruptible(every, check, || self.ops(ops))
        }));
        self.scopes.truncate(depth - 1);
        match result {
            Ok(Ok(())) => assert!(!has_failed.get(), "the check's error is lost"),
            Ok(Err("stop")) => assert!(has_failed.get(), "an error that no check returned"),
            Ok(Err(other)) => panic!("{other}"),
            // The innermost scope whose check it is, or one further out: they look alike.
            Err(payload) if job::text(&*payload) == Some(CHECK) => {}
            Err(payload) => resume_unwind(payload),
        }
    }

    fn may_time_out(&self, patience: Patience) -> bool {
        let is_over = |scope: &Scope| match scope {
            Scope::Within { end } => end.is_some_and(|end| Instant::now() >= end),
            Scope::Interruptible { .. } => false,
        };
        !matches!(patience, Patience::Long | Patience::Max) || self.scopes.iter().any(is_over)
    }

    fn is_interrupted(&self) -> bool {
        self.scopes.iter().any(|scope| match scope {
            Scope::Within { .. } => false,
            Scope::Interruptible { has_failed } => has_failed.get(),
        })
    }

    /// Checks what a call has told of a job.
    fn check(&self, facts: &mut Facts, seen: Seen, patience: Patience, call: &str) {
        let Facts { kind, on, value, cancelled, end, owned } = facts;
        if let Some(end) = end {
            let same = *end == seen || matches!(seen, Seen::Interrupted if self.is_interrupted());
            assert!(same, "{call}: first {end:?}, then {seen:?}");
            return;
        }
        let may = match &seen {
            Seen::Value(seen) => {
                seen == value
                    && !matches!(
                        kind,
                        Kind::Fails | Kind::Panics | Kind::PanicsInItsDrop | Kind::Never
                    )
            }
            Seen::Failed(seen) => seen == value && *kind == Kind::Fails,
            Seen::Panicked(text) => match kind {
                Kind::Panics => text == PANIC,
                Kind::PanicsInItsDrop => text == PANIC_IN_DROP,
                _ => false,
            },
            Seen::Cancelled => *cancelled,
            Seen::Stopped => self.case.may_stop[*on],
            Seen::TimedOut => self.may_time_out(patience),
            Seen::Interrupted => self.is_interrupted(),
            Seen::Forked | Seen::Other(_) => false,
        };
        assert!(may, "{call} told {seen:?} of {kind:?} on {on}, value {value}, {patience:?}");
        if seen.is_final() {
            assert_eq!(owned.load(Ordering::SeqCst), 0, "{call} told {seen:?} before the drop");
            *end = Some(seen);
        }
    }
}

fn time(patience: Patience) -> Duration {
    match patience {
        Patience::Zero => Duration::ZERO,
        Patience::Short(time) => time,
        Patience::Long => LONG,
        Patience::Max => Duration::MAX,
    }
}

/// A job's own panic is what the call tells; a check's goes on.
fn caught(call: impl FnOnce() -> Seen) -> Seen {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| {
        if job::text(&*payload) == Some(CHECK) {
            resume_unwind(payload);
        }
        Seen::of_panic(&*payload)
    })
}

/// Whether a panic is one that jobs, wakers and checks are made to have.
pub(crate) fn is_on_purpose(payload: &(dyn std::any::Any + Send)) -> bool {
    job::text(payload).is_some_and(|text| [PANIC, PANIC_IN_DROP, CHECK].contains(&text))
}
