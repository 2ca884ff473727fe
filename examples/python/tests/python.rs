//! The extension module as its users have it: real Python processes, real signals, real forks.
#![cfg(unix)]

#[path = "../../support/extension.rs"]
mod extension;
#[path = "../../support/line_server.rs"]
mod line_server;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use extension::Folder;
use line_server::LineServer;

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// What a user feels as at once.
const AT_ONCE: Duration = Duration::from_millis(200);

/// Where the module is, built once for all tests. It stays there until the next run.
static MODULE: LazyLock<Folder> = LazyLock::new(|| {
    let folder = Folder::new("crochet-test-python").unwrap();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    extension::build(&manifest, "lineclient", &folder.0).unwrap();
    folder
});

/// A Python process, which is killed with this.
struct Python {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Python {
    /// Runs a program, which has a `client` of the server, and may end when its standard input
    /// does.
    fn start(server: &LineServer, program: &str) -> Self {
        // A shell that starts the tests in the background has them ignore Ctrl-C, and Python leaves that as
        // it is.
        let text = format!(
            "import lineclient, multiprocessing, os, signal, sys, threading, time\n\
             signal.signal(signal.SIGINT, signal.default_int_handler)\n\
             client = lineclient.Client({:?}, timeout=3600.0)\n{program}",
            server.address.to_string()
        );
        Self::start_file(&["-c", &text])
    }

    fn start_file(arguments: &[&str]) -> Self {
        let mut child = Command::new("python3")
            .args(arguments)
            .env("PYTHONPATH", &MODULE.0)
            .env("PYTHONUNBUFFERED", "1")
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is there: Debian's package is `python3`");
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn interrupt(&self) {
        let pid = libc::pid_t::try_from(self.child.id()).unwrap();
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: it takes two numbers.
        let sent = unsafe { libc::kill(pid, libc::SIGINT) };
        assert_eq!(sent, 0);
    }

    #[track_caller]
    fn prints(&mut self, expected: &str) {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), expected);
    }

    /// Lets the program's standard input end, and waits for the program. Returns what it has
    /// printed since.
    #[track_caller]
    fn end(mut self) -> (ExitStatus, String) {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends the process if the test takes longer than [`LONG`], twice.
#[must_use]
fn limit() -> mpsc::Sender<()> {
    let (alive, ends) = mpsc::channel();
    let name = thread::current().name().map(str::to_owned);
    // The first test builds the module.
    LazyLock::force(&MODULE);
    thread::spawn(move || {
        if ends.recv_timeout(2 * LONG) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("{name:?} hangs");
            std::process::abort();
        }
    });
    alive
}

/// Runs a program to its end, which has to be a success, and returns what it printed.
#[track_caller]
fn run(server: &LineServer, program: &str) -> String {
    let (status, printed) = Python::start(server, program).end();
    assert!(status.success(), "{status}: {printed}");
    printed
}

/// Has Ctrl-C end `wait`, which comes after `before`; then `after` has to close the connection.
fn interrupted(before: &str, wait: &str, after: &str) {
    let _limit = limit();
    let program = format!(
        "{before}\ntry:\n    print('waiting')\n    {wait}\nexcept KeyboardInterrupt:\n    print('KeyboardInterrupt')\n    {after}\n\
         sys.stdin.read()\nprint('end')"
    );
    // How fast that is is for the machine to say, too: on a busy one it may take a few attempts.
    let mut fastest = Duration::MAX;
    for _ in 0..10 {
        let server = LineServer::start().unwrap();
        let mut python = Python::start(&server, &program);
        python.prints("waiting");
        assert!(
            server.wait_until(|_, made| made == 1, LONG),
            "the program does not get to its wait"
        );
        let sent = Instant::now();
        python.interrupt();
        python.prints("KeyboardInterrupt");
        fastest = fastest.min(sent.elapsed());
        // The process is still there, but the job is not.
        assert!(server.wait_until(|open, _| open == 0, LONG), "the job goes on");
        let (status, rest) = python.end();
        assert!(status.success() && rest.trim_end() == "end", "{status}: {rest}");
        if fastest < AT_ONCE {
            return;
        }
    }
    panic!("Ctrl-C takes {fastest:?}, at the least");
}

#[test]
fn ctrl_c_ends_a_blocking_call() {
    interrupted("", "client.ask('never')", "pass");
}

#[test]
fn ctrl_c_ends_a_wait_for_an_answer_which_can_be_cancelled_then() {
    interrupted("answer = client.start('never')", "answer.wait()", "answer.cancel()");
}

#[test]
fn ctrl_c_ends_a_wait_for_the_next_line() {
    interrupted("lines = client.follow('never')", "next(lines)", "del lines");
}

#[test]
fn ctrl_c_ends_a_call_with_a_callback() {
    interrupted("", "client.each('never', print)", "pass");
}

#[test]
fn an_interrupted_wait_leaves_the_answer_to_a_later_one() {
    let _limit = limit();
    let server = LineServer::start().unwrap();
    let program = "answer = client.start('slow 1 done')\n\
                   try:\n    print('waiting')\n    answer.wait()\nexcept KeyboardInterrupt:\n    print(answer.wait())";
    let mut python = Python::start(&server, program);
    python.prints("waiting");
    assert!(server.wait_until(|_, made| made == 1, LONG));
    python.interrupt();
    let (status, printed) = python.end();
    assert!(status.success());
    assert_eq!(printed.trim_end(), "done");
}

#[test]
fn other_threads_of_python_run_meanwhile() {
    let _limit = limit();
    let server = LineServer::start().unwrap();
    let program = "count = 0\n\
                   def counter():\n    global count\n    while True:\n        count += 1\n        time.sleep(0.001)\n\
                   threading.Thread(target=counter, daemon=True).start()\n\
                   before = count\nclient.ask('slow 0.5 done')\nprint(count - before > 5)";
    assert_eq!(run(&server, program).trim_end(), "True");
}

#[test]
fn a_wait_on_another_thread_returns_its_answer() {
    let _limit = limit();
    let server = LineServer::start().unwrap();
    let program = "def ask():\n    print(client.ask('echo there'))\n\
                   thread = threading.Thread(target=ask)\nthread.start()\nthread.join()";
    assert_eq!(run(&server, program).trim_end(), "there");
}

#[test]
fn a_timeout_is_a_timeout_error_everywhere() {
    let _limit = limit();
    let server = LineServer::start().unwrap();
    let program = format!(
        "late = lineclient.Client({:?}, timeout=0.05)\n\
         answer = client.start('never')\n\
         for call in [lambda: late.ask('never'), lambda: client.ask('never', timeout=0.05), \
         lambda: answer.wait(0.05), lambda: next(late.follow('never'))]:\n    \
         try:\n        call()\n    except TimeoutError as error:\n        print('timed out' in str(error))",
        server.address.to_string()
    );
    assert_eq!(run(&server, &program), "True\n".repeat(4));
}

#[test]
fn failures_and_panics_are_exceptions() {
    let _limit = limit();
    let server = LineServer::start().unwrap();
    let program = "for request in ['count 0 0', 'two\\nlines']:\n    \
                   try:\n        client.ask(request)\n    except BaseException as error:\n        \
                   print(type(error).__name__)\nprint(client.ask('echo still there'))";
    assert_eq!(run(&server, program), "OSError\nPanicException\nstill there\n");
}

#[test]
fn a_fork_after_the_first_use_is_refused_and_the_parent_goes_on() {
    let _limit = limit();
    let server = LineServer::start().unwrap();
    let program = "client.ask('echo first')\nchild = os.fork()\n\
                   if child == 0:\n    \
                   try:\n        client.ask('echo second')\n    except Exception as error:\n        \
                   print('a fork' in str(error))\n    os._exit(0)\n\
                   os.waitpid(child, 0)\nprint(client.ask('echo third'))";
    assert_eq!(run(&server, program), "True\nthird\n");
}

#[test]
fn a_fork_before_the_first_use_works_in_both() {
    let _limit = limit();
    let server = LineServer::start().unwrap();
    // The module has been imported, but no client has been made.
    let program = format!(
        "import lineclient, os\nchild = os.fork()\n\
         client = lineclient.Client({:?})\nif child:\n    os.waitpid(child, 0)\n\
         print(client.ask('echo here'), flush=True)",
        server.address.to_string()
    );
    let (status, printed) = Python::start_file(&["-c", &program]).end();
    assert!(status.success());
    assert_eq!(printed, "here\nhere\n");
}

#[test]
fn multiprocessing_works_with_spawn_and_with_a_fork_server() {
    let _limit = limit();
    let server = LineServer::start().unwrap();
    let folder = Folder::new("crochet-test-multiprocessing").unwrap();
    let program = format!(
        "import lineclient, multiprocessing\n\
         def ask(word):\n    return lineclient.Client({:?}).ask(f'echo {{word}}')\n\
         if __name__ == '__main__':\n    ask('first')\n    \
         for method in ['spawn', 'forkserver']:\n        \
         with multiprocessing.get_context(method).Pool(2) as pool:\n            \
         print(*pool.map(ask, ['knit', 'purl']))",
        server.address.to_string()
    );
    let file = folder.0.join("program.py");
    fs::write(&file, program).unwrap();
    let (status, printed) = Python::start_file(&[file.to_str().unwrap()]).end();
    assert!(status.success());
    assert_eq!(printed, "knit purl\n".repeat(2));
}

/// Has the interpreter end 30 times, promptly and with that status.
fn ends(program: &str, expected: i32) {
    let _limit = limit();
    let server = LineServer::start().unwrap();
    for attempt in 1..=30 {
        let mut python = Python::start(&server, program);
        python.prints("ends");
        let start = Instant::now();
        let (status, rest) = python.end();
        assert_eq!(status.code(), Some(expected), "{status} at attempt {attempt}: {rest}");
        assert!(start.elapsed() < LONG / 4, "it took {:?}", start.elapsed());
    }
}

#[test]
fn the_interpreter_ends_while_a_job_waits() {
    ends("answer = client.start('never')\nprint('ends')", 0);
}

#[test]
fn the_interpreter_ends_while_a_daemon_thread_waits() {
    let wait = "threading.Thread(target=lambda: client.ask('never'), daemon=True).start()";
    ends(&format!("{wait}\ntime.sleep(0.02)\nprint('ends')"), 0);
}

#[test]
fn the_interpreter_ends_from_a_callback() {
    ends("client.each('count 3 0', lambda line: (print('ends'), sys.exit(3)))", 3);
}
