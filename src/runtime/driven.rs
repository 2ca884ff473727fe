//! The loop for a [`Driver`](crate::Driver): beside the application's `main`, on the application's
//! executor.

use std::cell::RefCell;
use std::future::{self, Future};
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use futures_lite::FutureExt;

use crate::error::Error;
use crate::runtime::event_loop::{EventLoop, JOBS_BESIDE_OTHERS};
use crate::runtime::shared::Shared;
use crate::sys::at_exit;
use crate::sys::fork::check_not_forked;

/// Runs jobs, and `main`, until `main` is done or the reactor is stopped. When this future has
/// ended or has been dropped, so has every job. `location` is what a timeout names when `main`
/// holds the thread.
pub(crate) async fn drive<T>(
    shared: Arc<Shared>,
    location: &'static Location<'static>,
    main: impl Future<Output = T>,
) -> Result<T, Error> {
    // Locals are dropped in reverse: `_enter_on_drop` first, `entered` last. In between this thread
    // counts as the reactor's, so that a blocking wait in the `Drop` of `main` or of a job is
    // refused, not stuck.
    let entered = RefCell::new(None);
    let mut event_loop = EventLoop::new(Arc::clone(&shared), JOBS_BESIDE_OTHERS);
    // This future is not `Send`, so from its first poll on no other thread can poll it.
    at_exit::stop_on_this_thread(event_loop.stop_at_exit());
    let mut main = pin!(main);
    let main = async {
        let poll = future::poll_fn(|cx| shared.tracker.run_as(location, || main.as_mut().poll(cx)));
        Ok(poll.await)
    };
    let jobs = async {
        event_loop.run().await;
        check_not_forked()?;
        Err(Error::ReactorStopped)
    };
    let mut run = pin!(main.or(jobs));
    let enter = || (shared.run_by.enter(), shared.tokio.enter());
    let _enter_on_drop = EnterOnDrop { enter: &enter, entered: &entered };
    let waker = Waker::from(Arc::clone(&shared.owed_poll));
    future::poll_fn(|cx| {
        let _entered = enter();
        shared.owed_poll.begin(cx.waker());
        run.as_mut().poll(&mut Context::from_waker(&waker))
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
