//! A fair async mutex for the tasks of one thread.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future;
use std::mem;
use std::task::{Context, Poll, Waker};

/// Is locked by its tasks in the order of their first poll: a ticket lock.
///
/// An ordinary async mutex would not do: a task that has just arrived can lock it before the tasks
/// that have been waiting.
#[derive(Default)]
pub(crate) struct FairMutex {
    next_ticket: Cell<u64>,
    /// The tasks that hold the lock or wait for it, in the order of their tickets. The first one
    /// holds the lock. Never borrowed while a waker is cloned, woken or dropped.
    tasks: RefCell<VecDeque<(u64, Waker)>>,
}

impl FairMutex {
    /// Waits for the lock, which is held until the guard is dropped. Dropping this future gives up
    /// the task's place in the order.
    pub(crate) async fn lock(&self) -> Guard<'_> {
        let ticket = self.next_ticket.replace(self.next_ticket.get() + 1);
        let guard = Guard { mutex: self, ticket };
        future::poll_fn(|cx| guard.poll(cx)).await;
        guard
    }
}

/// The lock, or a place in the order of those tasks that wait for it.
pub(crate) struct Guard<'a> {
    mutex: &'a FairMutex,
    ticket: u64,
}

impl Guard<'_> {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let task = cx.waker().clone();
        let mut tasks = self.mutex.tasks.borrow_mut();
        let before = match position(&tasks, self.ticket) {
            Ok(index) => Some(mem::replace(&mut tasks[index].1, task)),
            // A ticket is drawn in the first poll, so all others there are now come before it.
            Err(_) => {
                tasks.push_back((self.ticket, task));
                None
            }
        };
        let is_first = tasks.front().is_some_and(|(first, _)| *first == self.ticket);
        drop(tasks);
        drop(before);
        if is_first { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let mut tasks = self.mutex.tasks.borrow_mut();
        let own = position(&tasks, self.ticket).ok().and_then(|index| tasks.remove(index));
        // A task with an earlier ticket holds the lock, or has been woken to take it, so there is
        // none to wake.
        let next = tasks.front().filter(|(ticket, _)| *ticket > self.ticket);
        let next = next.map(|(_, task)| task.clone());
        drop(tasks);
        drop(own);
        if let Some(next) = next {
            next.wake();
        }
    }
}

/// Where the ticket is among the tasks; or where it would be.
fn position(tasks: &VecDeque<(u64, Waker)>, ticket: u64) -> Result<usize, usize> {
    tasks.binary_search_by_key(&ticket, |(ticket, _)| *ticket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Wakes {
        fn poll<'a>(
            self: &Arc<Self>,
            lock: Pin<&mut impl Future<Output = Guard<'a>>>,
        ) -> Poll<Guard<'a>> {
            let waker = Waker::from(Arc::clone(self));
            lock.poll(&mut Context::from_waker(&waker))
        }

        fn count(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn tasks_lock_in_the_order_of_their_first_poll() {
        let mutex = FairMutex::default();
        let wakes: [Arc<Wakes>; 3] = Default::default();
        let (mut a, mut b, mut c) = (pin!(mutex.lock()), pin!(mutex.lock()), pin!(mutex.lock()));
        let Poll::Ready(first) = wakes[0].poll(a.as_mut()) else { panic!("the mutex is free") };
        assert!(wakes[1].poll(b.as_mut()).is_pending());
        drop(first);
        assert_eq!(wakes[1].count(), 1);
        // The lock is free, but the second task, which was woken, has not been polled yet.
        assert!(wakes[2].poll(c.as_mut()).is_pending());
        let Poll::Ready(second) = wakes[1].poll(b.as_mut()) else {
            panic!("the second task is next")
        };
        assert_eq!(wakes[2].count(), 0);
        drop(second);
        assert!(wakes[2].poll(c.as_mut()).is_ready());
        assert_eq!(wakes[2].count(), 1);
    }

    #[test]
    fn a_task_that_gives_up_wakes_the_next_one_if_the_lock_is_free() {
        let mutex = FairMutex::default();
        let wakes: [Arc<Wakes>; 4] = Default::default();
        let [mut a, mut b, mut c, mut d] = [(); 4].map(|()| Box::pin(mutex.lock()));
        let first = wakes[0].poll(a.as_mut());
        assert!(first.is_ready());
        assert!(wakes[1].poll(b.as_mut()).is_pending());
        assert!(wakes[2].poll(c.as_mut()).is_pending());
        assert!(wakes[3].poll(d.as_mut()).is_pending());
        // A task that neither holds the lock nor is next wakes none.
        drop(c);
        assert_eq!(wakes.each_ref().map(|task| task.count()), [0, 0, 0, 0]);
        drop(first);
        assert_eq!(wakes.each_ref().map(|task| task.count()), [0, 1, 0, 0]);
        // This one was woken to take the lock, and gives up instead.
        drop(b);
        assert_eq!(wakes.each_ref().map(|task| task.count()), [0, 1, 0, 1]);
        assert!(wakes[3].poll(d.as_mut()).is_ready());
    }
}
