//! Tests that run in a process of their own, and child processes with a hard limit.

use std::any;
use std::env;
use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A child that takes longer has hung. A storm of its own is the longest that there is.
const LIMIT: Duration = Duration::from_secs(300);

/// Has the rest of the test, in which it stands first, run in a process of its own: alone, and
/// killed after [`LIMIT`]. If it fails, so does the test, with what it printed. A closure may
/// prepare the command.
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

/// The name of the test in which it stands, as the test harness has it: with its module.
macro_rules! test_name {
    () => {{
        fn here() {}
        $crate::support::name_of_test(here)
    }};
}

pub(crate) use {own_process, test_name};

/// Takes the crate's name, and that of the function `here` of [`test_name!`], off a function's
/// path.
pub(crate) fn name_of_test<F>(_: F) -> &'static str {
    let path = any::type_name::<F>();
    path.split_once("::").unwrap().1.strip_suffix("::here").unwrap()
}

const CHILD: &str = "CROCHET_TEST_CHILD";

pub(crate) fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// A new run of the test `name`, alone; [`is_child`] is true there.
pub(crate) fn child_command(name: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    command
}

/// Tells whether this is the process of the test `name` alone. If it is not, starts that, and waits
/// for its end.
#[track_caller]
pub(crate) fn is_own_process(name: &str, prepare: impl FnOnce(&mut Command)) -> bool {
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

/// Runs a command; kills it, and panics, after [`LIMIT`].
#[track_caller]
pub(crate) fn child_output(command: &mut Command) -> Output {
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
        if start.elapsed() > LIMIT && !killed {
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
