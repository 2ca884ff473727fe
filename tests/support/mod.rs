//! Helpers for the tests: hard limits, events instead of sleeps, a process for each test of global
//! state, and a logger that can be asked.

#![allow(dead_code, unreachable_pub, unused_macros, reason = "each suite uses some of it")]
pub mod witness;

use std::any;
use std::env;
use std::io::Read;
use std::panic::Location;
use std::process::{self, Command, Output, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crochet::{Error, EventualResult, Reactor};

/// Longer than anything here takes on a busy machine; a test that gets here has hung.
pub const LONG: Duration = Duration::from_secs(60);

/// Ends the process if the test is still running when the time is over.
#[must_use]
#[track_caller]
pub fn limit(time: Duration) -> Limit {
    let place = Location::caller();
    let (alive, dead) = mpsc::channel::<()>();
    thread::spawn(move || {
        if dead.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("the test at {place} is still running after {time:?}");
            process::abort();
        }
    });
    Limit { _alive: alive }
}

pub struct Limit {
    _alive: mpsc::Sender<()>,
}

/// Something that happens once, and is waited for.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub fn is_open(&self) -> bool {
        *self.0.0.lock().unwrap()
    }

    /// Blocks the thread until the gate is open. Panics after [`LONG`].
    #[track_caller]
    pub fn pass(&self) {
        assert!(self.pass_within(LONG), "the gate was not opened");
    }

    pub fn pass_within(&self, time: Duration) -> bool {
        let open = self.0.0.lock().unwrap();
        let (open, _) = self.0.1.wait_timeout_while(open, time, |open| !*open).unwrap();
        *open
    }

    /// A guard that opens the gate when it is dropped.
    pub fn open_on_drop(&self) -> OpenOnDrop {
        OpenOnDrop(self.clone())
    }
}

pub struct OpenOnDrop(Gate);

impl Drop for OpenOnDrop {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// A job that holds the reactor thread, inside `poll`, until it is released.
pub struct Hog {
    release: Gate,
    pub job: EventualResult<(), Error>,
    /// The place of the call of [`hog`], which is that of the job.
    pub location: &'static Location<'static>,
}

/// Starts one, and returns when it holds the thread.
#[track_caller]
pub fn hog(reactor: &Reactor) -> Hog {
    let (started, release) = (Gate::new(), Gate::new());
    let location = Location::caller();
    let job = reactor.run_in_reactor({
        let (started, release) = (started.clone(), release.clone());
        move || async move {
            started.open();
            release.pass();
            Ok(())
        }
    });
    started.pass();
    Hog { release, job, location }
}

impl Hog {
    pub fn release(self) {
        self.release.open();
        self.job.join(LONG).unwrap();
    }
}

/// Waits until `condition` holds, for conditions that have no event. Panics after [`LONG`].
#[track_caller]
pub fn until(mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LONG, "the condition never came to hold");
        thread::sleep(Duration::from_millis(1));
    }
}

const CHILD: &str = "CROCHET_TEST_CHILD";

/// Runs `body` in a process of its own, which is killed after [`LONG`]: a new run of the test `name`, which
/// comes here again. Panics with what the child printed, if it did not succeed.
#[track_caller]
pub fn in_child(name: &str, body: impl FnOnce()) {
    if is_own_process(name, |_| ()) {
        body();
    }
}

/// The name of the test in which it stands, as the test harness has it: with its module.
macro_rules! test_name {
    () => {{
        fn here() {}
        $crate::support::name_of_test(here)
    }};
}

/// Has the rest of the test, in which it stands first, run in a process of its own. That is killed after
/// [`LONG`]; if it fails, the test fails with what it printed. A closure may prepare the command.
macro_rules! own_process {
    () => {
        $crate::support::own_process!(|_| ())
    };
    ($prepare:expr) => {
        if !$crate::support::is_own_process($crate::support::test_name!(), $prepare) {
            return;
        }
    };
}

#[allow(unused_imports, reason = "not each suite uses them")]
pub(crate) use {own_process, test_name};

/// Takes the crate's name, and that of the function `here` of [`test_name!`], off a function's path.
pub fn name_of_test<F>(_: F) -> &'static str {
    let path = any::type_name::<F>();
    path.split_once("::").unwrap().1.strip_suffix("::here").unwrap()
}

/// Tells whether this is the process of the test `name` alone. If it is not, starts that, and waits for its end.
#[track_caller]
pub fn is_own_process(name: &str, prepare: impl FnOnce(&mut Command)) -> bool {
    if is_child() {
        return true;
    }
    let mut command = child_command(name);
    prepare(&mut command);
    let output = child_output(&mut command);
    assert!(
        output.status.success(),
        "the child failed: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("1 passed"), "there is no test `{name}`:\n{stdout}");
    false
}

/// A new run of the test `name`, alone; [`is_child`] is true there.
pub fn child_command(name: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    command
}

pub fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// Runs a command; kills it, and panics, after [`LONG`].
#[track_caller]
pub fn child_output(command: &mut Command) -> Output {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    fn reader(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).unwrap();
            bytes
        })
    }
    let stdout = reader(child.stdout.take().unwrap());
    let stderr = reader(child.stderr.take().unwrap());
    let start = Instant::now();
    let mut killed = false;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > LONG && !killed {
            child.kill().unwrap();
            killed = true;
        }
        thread::sleep(Duration::from_millis(2));
    };
    let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
    let text = String::from_utf8_lossy(&stderr);
    assert!(!killed, "the child hung; it printed:\n{}{text}", String::from_utf8_lossy(&stdout));
    Output { status, stdout, stderr }
}

/// What was logged with the target `crochet`.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub level: log::Level,
    pub text: String,
}

/// A logger that keeps what it is given.
#[derive(Default)]
pub struct Log {
    records: Mutex<Vec<Record>>,
    more: Condvar,
}

/// Installs the logger for this process, once, and returns it.
pub fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        log::set_max_level(log::LevelFilter::Trace);
        Log::default()
    });
    let installed = LOG.get().unwrap();
    let _ = log::set_logger(installed);
    installed
}

impl Log {
    /// The records that contain `text`, so far.
    pub fn with(&self, text: &str) -> Vec<Record> {
        let records = self.records.lock().unwrap();
        records.iter().filter(|record| record.text.contains(text)).cloned().collect()
    }

    /// Blocks until a record that contains `text` has come. Panics after [`LONG`].
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> Record {
        let found = |records: &Vec<Record>| {
            records.iter().find(|record| record.text.contains(text)).cloned()
        };
        let records = self.records.lock().unwrap();
        let (records, _) =
            self.more.wait_timeout_while(records, LONG, |all| found(all).is_none()).unwrap();
        found(&records).unwrap_or_else(|| panic!("nobody logged {text:?}; there is {records:?}"))
    }
}

impl log::Log for Log {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target() == "crochet"
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let record = Record { level: record.level(), text: record.args().to_string() };
            self.records.lock().unwrap().push(record);
            self.more.notify_all();
        }
    }

    fn flush(&self) {}
}
