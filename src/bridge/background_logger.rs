//! [`BackgroundLogger`]: a logger that may block, kept off the reactor thread.

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

/// Wraps a logger, so that jobs can log without waiting for it: records from a reactor thread are written
/// by a thread of the logger's own, `crochet-log`.
///
/// A logger writes to files, terminals, sockets; while it does so on the reactor thread, no job runs.
/// Records from other threads are written on the spot, as by the logger itself, unless some are waiting to be
/// written: then they go behind them, so that the order is kept. The thread is started by the first
/// record that needs it.
///
/// A logger that panics loses the record it panicked at, and nothing else, on whatever thread. What it logs
/// itself while it writes comes after the records that are waiting; what it logs while it writes *that* is
/// left out, as it would never end. A record that waits keeps its level, target, text, module, file and
/// line; structured key-values (`log`'s feature `kv`) are not kept.
///
/// # Nothing is lost
///
/// [`flush`](Log::flush), for which there is [`log::logger`]`().flush()`, blocks until all records
/// before it are written. It does so for a second at the most at the end of `main`, on Unix, if the logger was
/// made or the reactor started on the main thread. Elsewhere call it last thing in `main`. On a reactor
/// thread, and inside the logger, it only asks the wrapped logger to flush. Dropping the
/// `BackgroundLogger` flushes, too.
///
/// A forked child of a process with that thread does not have it. There all records are written on the spot,
/// and those that were waiting are the parent's to write.
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
    /// The process whose thread writes; 0 until it is started. ORDERING: Relaxed; a fork copies memory as it
    /// is, and the number is only compared.
    writer: AtomicU32,
    /// How many items are in the queue or being written. ORDERING: whoever sees that there is none
    /// (Acquire) comes after the writing of the last one (Release).
    waiting: AtomicUsize,
    /// LOCKING: held to move items in and out; the logger is never called with it held. Never locked in a
    /// forked child.
    queue: Mutex<Queue>,
    /// Notified when an item comes, and when the logger is dropped.
    more: Condvar,
    /// Notified when an item has been written.
    written: Condvar,
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    /// Items put in, and items written, since the beginning.
    put: u64,
    done: u64,
    thread: bool,
    closed: bool,
}

/// What there is to do for the thread.
enum Item {
    Record(Owned),
    /// The wrapped logger is to flush, too.
    Flush,
}

thread_local! {
    /// What this thread is writing, if it is: a record of the program's, or of the logger's own.
    static WRITING: Cell<Option<Origin>> = const { Cell::new(None) };
}

#[derive(Clone, Copy, PartialEq)]
enum Origin {
    Program,
    Logger,
}

impl BackgroundLogger {
    /// Wraps `logger`. Starts nothing yet.
    pub fn new(logger: impl Log + 'static) -> Self {
        let inner = Arc::new(Inner {
            logger: Held::new(Box::new(logger)),
            writer: AtomicU32::new(0),
            waiting: AtomicUsize::new(0),
            queue: Mutex::default(),
            more: Condvar::new(),
            written: Condvar::new(),
        });
        {
            let mut made = lock(&MADE);
            made.retain(|logger| logger.strong_count() > 0);
            made.push(Arc::downgrade(&inner));
        }
        at_exit::arm(Step::FlushLoggers, flush_all);
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

    /// Is the thread another process's, of which this one is a fork?
    fn is_forked(&self) -> bool {
        let writer = self.writer.load(Ordering::Relaxed);
        writer != 0 && writer != process::id()
    }

    /// Has the logger write a record, on this thread.
    fn write(&self, origin: Origin, record: &Record<'_>) {
        call(origin, || self.logger.log(record));
    }

    fn handle(&self, item: Item) {
        match item {
            Item::Record(record) => record.with(|borrowed| self.write(record.origin, borrowed)),
            Item::Flush => call(Origin::Program, || self.logger.flush()),
        }
    }

    /// Puts an item into the queue; gives it back if there is no thread to attend to it.
    fn put(this: &Arc<Self>, item: Item) -> Result<(), Item> {
        // Before the lock is taken, for a fork that finds it held to know.
        this.writer.store(process::id(), Ordering::Relaxed);
        let mut queue = lock(&this.queue);
        if !queue.thread {
            let inner = Arc::clone(this);
            let thread = thread::Builder::new().name("crochet-log".to_owned());
            if thread.spawn(move || inner.write_all()).is_err() {
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

    /// The thread, whole.
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

/// Calls the wrapped logger. Its panic is the end of this call only.
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
static MADE: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

/// Blocks until all records are written and the wrapped loggers have flushed, or the time is over. For the end
/// of `main`, which no logger may hold up: their threads do it, this one only waits.
fn flush_all(end: Option<Instant>) {
    let made: Vec<_> = lock(&MADE).iter().filter_map(Weak::upgrade).collect();
    // Where no thread is to be had, nothing is waiting either.
    let asks = |logger: &Arc<Inner>| !logger.is_forked() && Inner::put(logger, Item::Flush).is_ok();
    let asked: Vec<_> = made.into_iter().filter(asks).collect();
    for logger in asked {
        logger.wait_written(end);
    }
}
