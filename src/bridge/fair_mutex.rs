//! Turns, on one thread: async code that waits in mutex.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future;
use std::task::{Context, Poll, Waker};

/// Those who wait for their guard, in the order in which they came. The first one has it.
///
/// An async mutex would not do: where it is released, somebody who has just come may be quicker than those
/// who have been waiting.
#[derive(Default)]
pub(crate) struct FairMutex {
    next: Cell<u64>,
    /// By number. Borrowed to look, never while a waker is used.
    tasks: RefCell<BTreeMap<u64, Waker>>,
}

impl FairMutex {
    /// Waits for one's guard, which lasts until what is returned is dropped. To drop this future is to leave the
    /// mutex. The place in the mutex is that of the first poll.
    pub(crate) async fn lock(&self) -> Guard<'_> {
        let number = self.next.replace(self.next.get() + 1);
        let guard = Guard { mutex: self, number };
        future::poll_fn(|cx| guard.poll(cx)).await;
        guard
    }
}

/// A place in the mutex.
pub(crate) struct Guard<'a> {
    mutex: &'a FairMutex,
    number: u64,
}

impl Guard<'_> {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let task = cx.waker().clone();
        let mut tasks = self.mutex.tasks.borrow_mut();
        let before = tasks.insert(self.number, task);
        let is_first = tasks.keys().next() == Some(&self.number);
        drop(tasks);
        drop(before);
        if is_first { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let mut tasks = self.mutex.tasks.borrow_mut();
        let own = tasks.remove(&self.number);
        // If the first one came before, it has its guard, or was woken for it.
        let next = tasks.first_key_value().filter(|(number, _)| **number > self.number);
        let next = next.map(|(_, task)| task.clone());
        drop(tasks);
        drop(own);
        if let Some(next) = next {
            next.wake();
        }
    }
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
            guard: Pin<&mut impl Future<Output = Guard<'a>>>,
        ) -> Poll<Guard<'a>> {
            let waker = Waker::from(Arc::clone(self));
            guard.poll(&mut Context::from_waker(&waker))
        }

        fn count(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn turns_come_in_the_order_of_the_line_and_nobody_overtakes() {
        let mutex = FairMutex::default();
        let wakes: [Arc<Wakes>; 3] = Default::default();
        let (mut a, mut b, mut c) = (pin!(mutex.lock()), pin!(mutex.lock()), pin!(mutex.lock()));
        let Poll::Ready(first) = wakes[0].poll(a.as_mut()) else { panic!("nobody is before it") };
        assert!(wakes[1].poll(b.as_mut()).is_pending());
        drop(first);
        assert_eq!(wakes[1].count(), 1);
        // It comes when the mutex has been left, but its guard is not yet.
        assert!(wakes[2].poll(c.as_mut()).is_pending());
        let Poll::Ready(second) = wakes[1].poll(b.as_mut()) else { panic!("it is its guard") };
        assert_eq!(wakes[2].count(), 0);
        drop(second);
        assert!(wakes[2].poll(c.as_mut()).is_ready());
        assert_eq!(wakes[2].count(), 1);
    }

    #[test]
    fn who_leaves_the_line_passes_the_turn_on() {
        let mutex = FairMutex::default();
        let wakes: [Arc<Wakes>; 4] = Default::default();
        let [mut a, mut b, mut c, mut d] = [(); 4].map(|()| Box::pin(mutex.lock()));
        let first = wakes[0].poll(a.as_mut());
        assert!(first.is_ready());
        assert!(wakes[1].poll(b.as_mut()).is_pending());
        assert!(wakes[2].poll(c.as_mut()).is_pending());
        assert!(wakes[3].poll(d.as_mut()).is_pending());
        // From the middle: it is nobody's guard.
        drop(c);
        assert_eq!(wakes.each_ref().map(|task| task.count()), [0, 0, 0, 0]);
        drop(first);
        assert_eq!(wakes.each_ref().map(|task| task.count()), [0, 1, 0, 0]);
        // Woken for its guard, but gone before it took it.
        drop(b);
        assert_eq!(wakes.each_ref().map(|task| task.count()), [0, 1, 0, 1]);
        assert!(wakes[3].poll(d.as_mut()).is_ready());
    }
}
