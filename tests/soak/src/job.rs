//! The jobs: what they do, and with what they end.

use std::future;
use std::io;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use async_net::TcpStream;
use crochet::Error;
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::account::{Fate, ON_PURPOSE, Owned};
use crate::child;
use crate::logger;

/// What a job fails with.
#[derive(Debug)]
pub(crate) enum Failure {
    Own,
    Crate(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Crate(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        panic!("a job's I/O failed: {error}");
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Ready,
    /// Awaits, and logs before and after.
    Yields,
    Sleeps,
    /// Sends bytes to itself, over a socket.
    Talks,
    Unblocks,
    /// Submits a job of its own, and awaits it.
    Submits,
    /// Submits a job when it is dropped, too.
    SubmitsOnDrop,
    Fails,
    Panics,
    /// Keeps the thread for a while.
    Holds,
    Runs,
    Never,
    RunsForEver,
}

impl Kind {
    pub(crate) fn random(random: &mut fastrand::Rng) -> Self {
        use Kind::*;
        const COMMON: [Kind; 9] =
            [Ready, Yields, Sleeps, Talks, Submits, SubmitsOnDrop, Fails, Panics, Never];
        const RARE: [Kind; 4] = [Unblocks, Holds, Runs, RunsForEver];
        match random.u8(..) {
            0..4 => RARE[random.usize(..RARE.len())],
            _ => COMMON[random.usize(..COMMON.len())],
        }
    }

    /// Would one wait for it without a timeout in vain?
    pub(crate) fn never_ends(self) -> bool {
        matches!(self, Self::Never | Self::RunsForEver)
    }
}

struct SubmitOnDrop;

impl Drop for SubmitOnDrop {
    fn drop(&mut self) {
        crochet::run_in_reactor(|| async { Ok::<(), Error>(()) }).detach();
    }
}

/// A job. It returns its value, unless it is not to.
pub(crate) async fn run(owned: Owned, kind: Kind, value: u64) -> Result<u64, Failure> {
    let _owned = owned;
    match kind {
        Kind::Ready => {}
        Kind::Yields => {
            logger::log();
            futures_lite::future::yield_now().await;
            logger::log();
        }
        Kind::Sleeps => _ = async_io::Timer::after(Duration::from_micros(value % 3000)).await,
        Kind::Talks => return talk(value).await,
        Kind::Unblocks => {
            return Ok(crochet::unblock(move || value).await);
        }
        Kind::Submits => {
            let job = crochet::run_in_reactor(move || async move { Ok::<_, Error>(value) });
            return job.await.map_err(|error| error.flatten().into());
        }
        Kind::SubmitsOnDrop => {
            let _submits = SubmitOnDrop;
            futures_lite::future::yield_now().await;
        }
        Kind::Fails => return Err(Failure::Own),
        Kind::Panics => panic!("{ON_PURPOSE}"),
        Kind::Holds => thread::sleep(Duration::from_millis(1)),
        Kind::Runs => child::run(true).await?,
        Kind::RunsForEver => child::run(false).await?,
        Kind::Never => future::pending().await,
    }
    Ok(value)
}

async fn talk(value: u64) -> Result<u64, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut here = TcpStream::connect(listener.local_addr()?).await?;
    let there = TcpStream::try_from(listener.accept()?.0);
    let mut there = there?;
    let mut bytes = [0; 8];
    here.write_all(&value.to_le_bytes()).await?;
    there.read_exact(&mut bytes).await?;
    Ok(u64::from_le_bytes(bytes))
}

/// What the outcome says of the job; panics if it cannot be. `Failure::Crate` comes as `Error::Job`
/// where a job's own job was refused.
pub(crate) fn fate(result: Result<u64, Error<Failure>>, kind: Kind, value: u64) -> Fate {
    match result {
        Ok(returned) => {
            assert_eq!(returned, value, "a result of another job");
            Fate::Done
        }
        Err(Error::Job(Failure::Own)) if kind == Kind::Fails => Fate::Failed,
        Err(Error::Panicked(panic)) if kind == Kind::Panics => {
            assert_eq!(panic.message(), Some(ON_PURPOSE));
            Fate::Failed
        }
        Err(Error::Job(Failure::Crate(Error::ReactorStopped))) if kind == Kind::Submits => {
            Fate::Failed
        }
        Err(Error::ReactorStopped | Error::Job(Failure::Crate(Error::ReactorStopped))) => {
            Fate::Stopped
        }
        Err(
            Error::Cancelled
            | Error::TimedOut(_)
            | Error::Job(Failure::Crate(Error::Cancelled | Error::TimedOut(_))),
        ) => Fate::Cancelled,
        Err(other) => panic!("{kind:?} ended as {other:?}"),
    }
}
