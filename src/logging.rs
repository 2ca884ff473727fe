//! [`BackgroundLogger`]: a logger that may block, kept off the reactor thread.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use log::{Level, Log, Metadata, Record};

use crate::current::in_reactor;
use crate::end_of_main;
use crate::os;
use crate::panic::catch;
use crate::sync::lock;

/// Wraps a logger, so that jobs can log without waiting for it: records from a reactor thread are written
/// by a thread of the logger's own, `crochet-log`.
///
/// A logger writes to files, terminals, sockets; while it does so on the reactor thread, no job runs.
/// Records from other threads are written on the spot, as by the logger itself, unless some are waiting to be
/// written: then they go behind them, so that the order is kept. The thread is started by the first
/// record that needs it.
///
/// A logger that panics loses the record it panicked at, and nothing else: the panic goes no further, on
/// whichever thread. What it logs itself while it writes is left to `crochet-log`, after the records that
/// are waiting; what it logs while it writes *that* is left out, as it would never end. A record that
/// waits keeps its level, target, text, module, file and line; structured key-values (`log`'s feature
/// `kv`) are not kept.
///
/// # Nothing is lost
///
/// [`flush`](Log::flush), for which there is [`log::logger`]`().flush()`, blocks until all records
/// before it are written. It does so for a second at the most at the end of `main`, on Unix, if the logger was
/// made or the reactor started on the main thread. Elsewhere call it last thing in `main`. On a reactor
/// thread, inside the logger, and in a forked child, it only asks the wrapped logger to flush. Dropping the
/// `BackgroundLogger` flushes, too. In a forked child records are written on the spot.
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
    logger: Box<dyn Log>,
    /// LOCKING: held to move records in and out; the logger is never called with it held.
    queue: Mutex<Queue>,
    /// Notified when a record comes, and when the logger is dropped.
    more: Condvar,
    /// Notified when a record has been written.
    written: Condvar,
}

#[derive(Default)]
struct Queue {
    records: VecDeque<Owned>,
    /// Records put in, and records written, since the beginning.
    put: u64,
    done: u64,
    thread: bool,
    closed: bool,
}

thread_local! {
    /// Whose record this thread is writing, if it is: the program's, or one of the logger's own.
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
            logger: Box::new(logger),
            queue: Mutex::default(),
            more: Condvar::new(),
            written: Condvar::new(),
        });
        {
            let mut made = lock(&MADE);
            made.retain(|logger| logger.strong_count() > 0);
            made.push(Arc::downgrade(&inner));
        }
        end_of_main::arm();
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
        let may_block = origin == Origin::Program && !in_reactor();
        let enabled = || catch(|| self.enabled(record.metadata())).unwrap_or(true);
        if has_no_thread() || (may_block && self.inner.is_idle()) || !enabled() {
            return self.inner.write(record, origin);
        }
        let record = Owned::new(record, origin);
        if let Err(record) = Inner::put(&self.inner, record) {
            record.with(|record| self.inner.write(record, origin));
        }
    }

    fn flush(&self) {
        if !in_reactor() && WRITING.get().is_none() && !has_no_thread() {
            self.inner.wait_written(None);
        }
        self.inner.logger.flush();
    }
}

impl fmt::Debug for BackgroundLogger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = lock(&self.inner.queue).records.len();
        f.debug_struct("BackgroundLogger").field("waiting", &waiting).finish_non_exhaustive()
    }
}

impl Drop for BackgroundLogger {
    fn drop(&mut self) {
        let _ = catch(|| self.flush());
        if !has_no_thread() {
            lock(&self.inner.queue).closed = true;
            self.inner.more.notify_all();
        }
    }
}

/// In a forked child the thread does not exist, and the queue's lock may be held for ever.
fn has_no_thread() -> bool {
    os::forked_from().is_some()
}

impl Inner {
    fn is_idle(&self) -> bool {
        let queue = lock(&self.queue);
        queue.done == queue.put
    }

    /// Puts a record into the queue; gives it back if there is no thread to write it.
    fn put(this: &Arc<Self>, record: Owned) -> Result<(), Owned> {
        let mut queue = lock(&this.queue);
        if !queue.thread {
            let inner = Arc::clone(this);
            let thread = thread::Builder::new().name("crochet-log".to_owned());
            if thread.spawn(move || inner.write_all()).is_err() {
                return Err(record);
            }
            queue.thread = true;
        }
        queue.records.push_back(record);
        queue.put += 1;
        drop(queue);
        this.more.notify_one();
        Ok(())
    }

    /// The thread, whole.
    fn write_all(&self) {
        let mut queue = lock(&self.queue);
        loop {
            let Some(record) = queue.records.pop_front() else {
                if queue.closed {
                    return;
                }
                queue = self.more.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(queue);
            record.with(|text| self.write(text, record.origin));
            queue = lock(&self.queue);
            queue.done += 1;
            self.written.notify_all();
        }
    }

    /// Gives a record to the logger, on this thread. If the logger panics, the record is lost.
    fn write(&self, record: &Record<'_>, origin: Origin) {
        let before = WRITING.replace(Some(origin));
        let _ = catch(|| self.logger.log(record));
        WRITING.set(before);
    }

    /// Blocks until all records that are in the queue now have been written; false if the deadline passes
    /// before.
    fn wait_written(&self, deadline: Option<Instant>) -> bool {
        let mut queue = lock(&self.queue);
        let goal = queue.put;
        while queue.done < goal {
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            queue = match left {
                Some(Duration::ZERO) => return false,
                Some(left) => {
                    let woken = self.written.wait_timeout(queue, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.written.wait(queue).unwrap_or_else(PoisonError::into_inner),
            };
        }
        true
    }
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

/// Blocks until all records are written, or the time is over. For the end of `main`.
pub(crate) fn flush_all(end: Option<Instant>) {
    let made: Vec<_> = lock(&MADE).iter().filter_map(Weak::upgrade).collect();
    for logger in made {
        if logger.wait_written(end) {
            let _ = catch(|| logger.logger.flush());
        }
    }
}
