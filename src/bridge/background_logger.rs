//! [`BackgroundLogger`]: keeps a logger that may block off the reactor thread.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::process;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use log::{Level, Log, Metadata, Record};

use crate::context::held::Held;
use crate::panic::catch;
use crate::runtime::current::in_reactor;
use crate::sync::lock;
use crate::sys::at_exit::{self, Step};
use crate::sys::fork;

/// Wraps a logger so that jobs need not wait for it: another thread, `crochet-log`, writes the
/// records that come from a reactor thread.
///
/// A logger writes to files, terminals or sockets, and while it does so on the reactor thread, no
/// job runs. Records from other threads are written at once, on those threads, unless earlier
/// records are still waiting; then they wait as well, to keep the order. The first record that has
/// to wait starts the thread.
///
/// If the logger panics, only the record that it was writing is lost. Records that the logger
/// itself submits while it writes come after those that are waiting; records that it submits while
/// writing *these* are dropped, because otherwise there would be no end. A record that waits keeps
/// its level, target, text, module, file and line, but not its structured key-values (`log`'s
/// feature `kv`).
///
/// # Nothing is lost
///
/// [`flush`](Log::flush), called as [`log::logger`]`().flush()`, blocks until all earlier records
/// are written. On Linux and macOS the end of `main` flushes by itself, for one second at most, if
/// the main thread made the logger or started the reactor. Elsewhere, make it the last call of
/// `main`. On a reactor thread, and inside the logger, `flush` only flushes the wrapped logger.
/// Dropping the `BackgroundLogger` flushes as well.
///
/// A forked child has no such thread. There all records are written at once, and the parent writes
/// those that were waiting.
///
/// # Examples
///
/// ```
/// use crochet::{BackgroundLogger, Error};
/// use std::time::Duration;
///
/// struct Slow;
/// impl log::Log for Slow {
///     fn enabled(&self, _: &log::Metadata<'_>) -> bool {
///         true
///     }
///     fn log(&self, record: &log::Record<'_>) {
///         std::thread::sleep(Duration::from_millis(50));
///         println!("{}", record.args());
///     }
///     fn flush(&self) {}
/// }
///
/// log::set_boxed_logger(Box::new(BackgroundLogger::new(Slow))).unwrap();
/// log::set_max_level(log::LevelFilter::Info);
/// let job = async {
///     log::info!("from a job, which does not wait for it");
///     Ok::<_, Error>(())
/// };
/// crochet::wait_for(Duration::from_secs(60), job).unwrap();
/// log::logger().flush();
/// ```
pub struct BackgroundLogger {
    inner: Arc<Inner>,
}

struct Inner {
    logger: Held<Box<dyn Log>>,
    /// The process whose thread writes; 0 until the thread has been started. ORDERING: Relaxed; a
    /// fork copies memory as it is, and the number is only compared.
    writer: AtomicU32,
    /// How many items are in the queue or being written. ORDERING: a thread that reads 0 (Acquire)
    /// comes after the writing of the last item (Release).
    waiting: AtomicUsize,
    /// LOCKING: held to move items in and out; the logger is never called under it. Never locked in
    /// a forked child.
    queue: Mutex<Queue>,
    /// Notified when an item comes, and when the logger is dropped.
    more: Condvar,
    /// Notified when an item has been written.
    written: Condvar,
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    /// How many items have been put in, and how many written, so far.
    put: u64,
    done: u64,
    thread: bool,
    closed: bool,
}

/// Work for the thread.
enum Item {
    Record(Owned),
    /// Flush the wrapped logger.
    Flush,
}

thread_local! {
    /// The origin of the record that this thread is writing, if it is writing one.
    static WRITING: Cell<Option<Origin>> = const { Cell::new(None) };
}

#[derive(Clone, Copy, PartialEq)]
enum Origin {
    Program,
    Logger,
}

impl BackgroundLogger {
    /// Wraps `logger`. Never blocks, and starts no thread yet.
    pub fn new(logger: impl Log + 'static) -> Self {
        let inner = Arc::new(Inner {
            logger: Held::new(Box::new(logger)),
            writer: AtomicU32::new(0),
            waiting: AtomicUsize::new(0),
            queue: Mutex::default(),
            more: Condvar::new(),
            written: Condvar::new(),
        });
        // In a fork of a process that has a reactor, a thread of the parent may have held the lock,
        // and nothing will ever release it. There the list is of no use either: the end of `main`
        // takes no steps.
        if fork::forked_from().is_none() {
            let mut made = lock(&MADE);
            made.retain(|logger| logger.strong_count() > 0);
            made.push(Arc::downgrade(&inner));
            drop(made);
            at_exit::arm(Step::FlushLoggers, flush_all);
        }
        Self { inner }
    }
}

impl Log for BackgroundLogger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.inner.logger.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        let origin = match WRITING.get() {
            None => Origin::Program,
            Some(Origin::Program) => Origin::Logger,
            Some(Origin::Logger) => return,
        };
        let here = origin == Origin::Program && !in_reactor() && self.inner.is_idle();
        if here || self.inner.is_forked() || !self.enabled(record.metadata()) {
            return self.inner.write(origin, record);
        }
        let record = Item::Record(Owned::new(record, origin));
        if let Err(item) = Inner::put(&self.inner, record) {
            self.inner.handle(item);
        }
    }

    fn flush(&self) {
        if !in_reactor() && WRITING.get().is_none() && !self.inner.is_forked() {
            self.inner.wait_written(None);
        }
        self.inner.logger.flush();
    }
}

impl fmt::Debug for BackgroundLogger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.inner.waiting.load(Ordering::Relaxed);
        f.debug_struct("BackgroundLogger").field("waiting", &waiting).finish_non_exhaustive()
    }
}

impl Drop for BackgroundLogger {
    fn drop(&mut self) {
        let _ = catch(|| self.flush());
        if !self.inner.is_forked() {
            lock(&self.inner.queue).closed = true;
            self.inner.more.notify_all();
        }
    }
}

impl Inner {
    fn is_idle(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    /// Whether the thread belongs to the process that this one was forked from.
    fn is_forked(&self) -> bool {
        let writer = self.writer.load(Ordering::Relaxed);
        writer != 0 && writer != process::id()
    }

    /// Writes a record on this thread.
    fn write(&self, origin: Origin, record: &Record<'_>) {
        call(origin, || self.logger.log(record));
    }

    fn handle(&self, item: Item) {
        match item {
            Item::Record(record) => record.with(|borrowed| self.write(record.origin, borrowed)),
            Item::Flush => call(Origin::Program, || self.logger.flush()),
        }
    }

    /// Puts an item into the queue; gives it back if the thread cannot be started.
    fn put(this: &Arc<Self>, item: Item) -> Result<(), Item> {
        // Before the lock is taken, so that a forked child that inherits it locked does not wait
        // for it.
        this.writer.store(process::id(), Ordering::Relaxed);
        let mut queue = lock(&this.queue);
        if !queue.thread {
            let inner = Arc::clone(this);
            let thread = thread::Builder::new().name("crochet-log".to_owned());
            let write: Box<dyn FnOnce() + Send> = Box::new(move || inner.write_all());
            if thread.spawn(write).is_err() {
                return Err(item);
            }
            queue.thread = true;
        }
        queue.items.push_back(item);
        queue.put += 1;
        this.waiting.fetch_add(1, Ordering::Relaxed);
        drop(queue);
        this.more.notify_one();
        Ok(())
    }

    /// Runs the thread, from its start to its end.
    fn write_all(&self) {
        let mut queue = lock(&self.queue);
        loop {
            let Some(item) = queue.items.pop_front() else {
                if queue.closed {
                    return;
                }
                queue = self.more.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(queue);
            self.handle(item);
            queue = lock(&self.queue);
            queue.done += 1;
            self.waiting.fetch_sub(1, Ordering::Release);
            self.written.notify_all();
        }
    }

    /// Blocks until all items that are in the queue now have been written, or the deadline passes.
    fn wait_written(&self, deadline: Option<Instant>) {
        let mut queue = lock(&self.queue);
        let goal = queue.put;
        while queue.done < goal {
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            queue = match left {
                Some(Duration::ZERO) => return,
                Some(left) => {
                    let woken = self.written.wait_timeout(queue, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.written.wait(queue).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

/// Calls the wrapped logger, and catches its panic.
fn call(origin: Origin, logger: impl FnOnce()) {
    let before = WRITING.replace(Some(origin));
    let _ = catch(logger);
    WRITING.set(before);
}

/// A record that can wait.
struct Owned {
    origin: Origin,
    level: Level,
    target: String,
    text: String,
    module: Option<String>,
    file: Option<String>,
    line: Option<u32>,
}

impl Owned {
    fn new(record: &Record<'_>, origin: Origin) -> Self {
        Self {
            origin,
            level: record.level(),
            target: record.target().to_owned(),
            text: record.args().to_string(),
            module: record.module_path().map(str::to_owned),
            file: record.file().map(str::to_owned),
            line: record.line(),
        }
    }

    fn with(&self, use_record: impl FnOnce(&Record<'_>)) {
        use_record(
            &Record::builder()
                .level(self.level)
                .target(&self.target)
                .args(format_args!("{}", self.text))
                .module_path(self.module.as_deref())
                .file(self.file.as_deref())
                .line(self.line)
                .build(),
        );
    }
}

/// All loggers, for the end of `main`.
///
/// LOCKING: held to add a logger or to copy the list; no user code runs meanwhile, as only weak
/// references are dropped. Never locked in a fork of a process that has a reactor.
static MADE: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

/// Blocks until all records are written and the wrapped loggers have flushed, or the time is over.
/// The loggers' own threads do the work, so that no logger can hold up the end of `main` for
/// longer.
fn flush_all(end: Option<Instant>) {
    let made: Vec<_> = lock(&MADE).iter().filter_map(Weak::upgrade).collect();
    // If the thread cannot be started, no record is waiting either.
    let asks = |logger: &Arc<Inner>| !logger.is_forked() && Inner::put(logger, Item::Flush).is_ok();
    let flushing: Vec<_> = made.into_iter().filter(asks).collect();
    for logger in flushing {
        logger.wait_written(end);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    struct Quiet;

    impl Log for Quiet {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn log(&self, _: &Record<'_>) {}

        fn flush(&self) {}
    }

    #[test]
    fn a_logger_is_made_in_a_fork_that_came_while_another_was_being_made() {
        // As the start of a reactor does.
        fork::mark_process().unwrap();
        fork::watch_forks().unwrap();
        let made = lock(&MADE);
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: the child has this thread only. It uses the C library's allocator, which can be
        // used after a fork, and the code under test, which must not rely on other threads. `alarm`
        // ends a child that is stuck; `_exit` runs no handlers and does not return.
        let child = unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::alarm(40);
                let logger = BackgroundLogger::new(Quiet);
                logger.log(&Record::builder().args(format_args!("child")).build());
                drop(logger);
                libc::_exit(0);
            }
            child
        };
        drop(made);
        assert!(child > 0, "{}", std::io::Error::last_os_error());
        let mut status = 0;
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: the pointer is to a whole `c_int`.
        let waited = unsafe { libc::waitpid(child, &mut status, 0) };
        assert_eq!((waited, status), (child, 0), "the child was stuck, or failed");
    }
}
