//! Tests of [`Semaphore`] with real threads and a real clock. They have a file of their own because
//! the models in `tests/loom` include that of the semaphore.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::semaphore::Semaphore;

#[test]
fn there_are_as_many_permits_as_it_says() {
    let semaphore = Arc::new(Semaphore::new(2));
    let permits = [semaphore.try_acquire().unwrap(), semaphore.try_acquire().unwrap()];
    assert!(semaphore.try_acquire().is_none());
    drop(permits);
    assert!(semaphore.try_acquire().is_some());
    assert!(Arc::new(Semaphore::new(0)).try_acquire().is_none());
}

#[test]
fn all_that_wait_get_a_permit_when_as_many_are_released_at_once() {
    for _ in 0..200 {
        let semaphore = Arc::new(Semaphore::new(4));
        let permits = [(); 4].map(|()| semaphore.try_acquire().unwrap());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut permit = None;
                    assert!(semaphore.wait(None, || {
                        permit = semaphore.try_acquire();
                        permit.is_some()
                    }));
                    // Kept, so that no other thread gets this one.
                    std::mem::forget(permit);
                });
            }
            thread::yield_now();
            drop(permits);
        });
    }
}

#[test]
fn a_wait_ends_at_its_deadline_or_when_all_are_woken() {
    let semaphore = Semaphore::new(0);
    let soon = Instant::now() + Duration::from_millis(5);
    assert!(!semaphore.wait(Some(soon), || false));
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert!(semaphore.wait(None, || is_over.load(Ordering::Relaxed))));
        }
        is_over.store(true, Ordering::Relaxed);
        semaphore.wake_all();
    });
}
