//! What a case does: a few threads, each with a list of operations, drawn from a seed.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use fastrand::Rng;

/// How many reactors of its own a case has, beside the global one.
pub(crate) const OWN_REACTORS: usize = 2;
/// How many gates there are for jobs to wait at.
pub(crate) const GATES: usize = 3;
/// How many jobs one thread keeps at a time.
pub(crate) const SLOTS: usize = 4;

/// Which reactor: one of the case's own, or the global one, which comes last.
pub(crate) type Target = usize;

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Ready,
    Yields(u8),
    Fails,
    Panics,
    PanicsInItsDrop,
    Sleeps(Duration),
    /// Keeps the reactor thread.
    Holds(Duration),
    WaitsAtGate(usize),
    Never,
}

impl Kind {
    /// Whether it ends by itself.
    pub(crate) fn ends_by_itself(self) -> bool {
        !matches!(self, Self::WaitsAtGate(_) | Self::Never)
    }
}

/// How long a call may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Patience {
    Zero,
    Short(Duration),
    /// Longer than anything takes: if the time is over the case has failed.
    Long,
    Max,
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Start {
        slot: usize,
        kind: Kind,
        on: Target,
    },
    Wait {
        slot: usize,
        patience: Patience,
    },
    TryWait {
        slot: usize,
    },
    Failure {
        slot: usize,
    },
    Cancel {
        slot: usize,
    },
    IntoResult {
        slot: usize,
        patience: Patience,
    },
    Join {
        slot: usize,
        patience: Patience,
    },
    Await {
        slot: usize,
    },
    /// Polls the handle once, with a waker that panics.
    PollOnce {
        slot: usize,
    },
    Detach {
        slot: usize,
    },
    Stash {
        slot: usize,
    },
    StashFor {
        slot: usize,
        time: Duration,
    },
    WaitAll {
        patience: Patience,
    },
    WaitAny {
        patience: Patience,
    },
    WaitFor {
        kind: Kind,
        on: Target,
        patience: Patience,
    },
    OpenGate {
        gate: usize,
    },
    List {
        on: Target,
    },
    Shutdown {
        on: Target,
        patience: Patience,
    },
    Fork,
    Within {
        patience: Patience,
        ops: Vec<Numbered>,
    },
    Interruptible {
        every: Duration,
        after: u8,
        panics: bool,
        ops: Vec<Numbered>,
    },
}

/// An operation with its number in the script, by which it can be left out.
#[derive(Clone, Debug)]
pub(crate) struct Numbered {
    pub(crate) number: usize,
    pub(crate) op: Op,
}

#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) threads: Vec<Vec<Numbered>>,
}

/// Draws a script.
pub(crate) struct Draw {
    rng: Rng,
    next: usize,
    /// The operations to leave out.
    skip: BTreeSet<usize>,
    forks: bool,
}

impl Draw {
    pub(crate) fn script(seed: u64, skip: &BTreeSet<usize>, forks: bool) -> Script {
        let mut draw = Self { rng: Rng::with_seed(seed), next: 0, skip: skip.clone(), forks };
        let threads = draw.rng.usize(1..=3);
        let threads = (0..threads)
            .map(|_| {
                let ops = draw.rng.usize(4..=16);
                draw.ops(ops, 0)
            })
            .collect();
        Script { threads }
    }

    fn ops(&mut self, count: usize, depth: usize) -> Vec<Numbered> {
        let mut ops = Vec::new();
        for _ in 0..count {
            let number = self.next;
            self.next += 1;
            // Drawn in any case, so that the others stay the same.
            let op = self.op(depth);
            if !self.skip.contains(&number) {
                ops.push(Numbered { number, op });
            }
        }
        ops
    }

    fn op(&mut self, depth: usize) -> Op {
        let slot = self.rng.usize(..SLOTS);
        let on = self.rng.usize(..=OWN_REACTORS);
        let patience = self.patience();
        match self.rng.u8(..100) {
            0..25 => Op::Start { slot, kind: self.kind(), on },
            25..37 => Op::Wait { slot, patience },
            37..40 => Op::TryWait { slot },
            40..42 => Op::Failure { slot },
            42..48 => Op::Cancel { slot },
            48..52 => Op::IntoResult { slot, patience },
            52..56 => Op::Join { slot, patience },
            56..58 => Op::Await { slot },
            58..60 => Op::PollOnce { slot },
            60..62 => Op::Detach { slot },
            62..64 => Op::Stash { slot },
            64..66 => Op::StashFor { slot, time: self.short() },
            66..68 => Op::WaitAll { patience },
            68..70 => Op::WaitAny { patience },
            70..84 => Op::WaitFor { kind: self.kind(), on, patience },
            84..88 => Op::OpenGate { gate: self.rng.usize(..GATES) },
            88..90 => Op::List { on },
            90..92 => Op::Shutdown { on, patience },
            92 if self.forks => Op::Fork,
            93..97 if depth < 2 => {
                let count = self.rng.usize(1..=4);
                Op::Within { patience, ops: self.ops(count, depth + 1) }
            }
            97.. if depth < 2 => {
                let (every, after) = (self.short() / 8, self.rng.u8(..4));
                let (panics, count) = (self.rng.u8(..4) == 0, self.rng.usize(1..=4));
                Op::Interruptible { every, after, panics, ops: self.ops(count, depth + 1) }
            }
            _ => Op::TryWait { slot },
        }
    }

    fn kind(&mut self) -> Kind {
        match self.rng.u8(..20) {
            0..4 => Kind::Ready,
            4..7 => Kind::Yields(self.rng.u8(1..5)),
            7..9 => Kind::Fails,
            9 => Kind::Panics,
            10 => Kind::PanicsInItsDrop,
            11..14 => Kind::Sleeps(self.short()),
            14 => Kind::Holds(self.short() / 2),
            15..18 => Kind::WaitsAtGate(self.rng.usize(..GATES)),
            _ => Kind::Never,
        }
    }

    fn patience(&mut self) -> Patience {
        match self.rng.u8(..8) {
            0 => Patience::Zero,
            1..4 => Patience::Short(self.short()),
            4 => Patience::Max,
            _ => Patience::Long,
        }
    }

    /// From a microsecond to three milliseconds, mostly small.
    fn short(&mut self) -> Duration {
        let bits = self.rng.u32(0..12);
        Duration::from_micros(self.rng.u64(1..=1 << bits).min(3000))
    }
}

/// How many operations the script of this seed has, if none is left out.
pub(crate) fn count(seed: u64, forks: bool) -> usize {
    fn deep(ops: &[Numbered]) -> usize {
        let inner = ops.iter().map(|numbered| match &numbered.op {
            Op::Within { ops, .. } | Op::Interruptible { ops, .. } => 1 + deep(ops),
            _ => 1,
        });
        inner.sum()
    }
    let script = Draw::script(seed, &BTreeSet::new(), forks);
    script.threads.iter().map(|ops| deep(ops)).sum()
}

impl Script {
    /// Whether any thread shuts this reactor down.
    pub(crate) fn stops(&self, target: Target) -> bool {
        fn any(ops: &[Numbered], target: Target) -> bool {
            ops.iter().any(|numbered| match &numbered.op {
                Op::Shutdown { on, .. } => *on == target,
                Op::Within { ops, .. } | Op::Interruptible { ops, .. } => any(ops, target),
                _ => false,
            })
        }
        self.threads.iter().any(|ops| any(ops, target))
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list(f: &mut fmt::Formatter<'_>, ops: &[Numbered], depth: usize) -> fmt::Result {
            for Numbered { number, op } in ops {
                write!(f, "{:indent$}{number:3}  ", "", indent = depth * 4)?;
                match op {
                    Op::Within { patience, ops } => {
                        writeln!(f, "Within {{ patience: {patience:?} }}")?;
                        list(f, ops, depth + 1)?;
                    }
                    Op::Interruptible { every, after, panics, ops } => {
                        writeln!(
                            f,
                            "Interruptible {{ every: {every:?}, after: {after}, panics: {panics} }}"
                        )?;
                        list(f, ops, depth + 1)?;
                    }
                    op => writeln!(f, "{op:?}")?,
                }
            }
            Ok(())
        }
        for (thread, ops) in self.threads.iter().enumerate() {
            writeln!(f, "thread {thread}")?;
            list(f, ops, 1)?;
        }
        Ok(())
    }
}
