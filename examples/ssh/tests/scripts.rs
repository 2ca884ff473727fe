//! Code that comes with the command, or through a pipe.

#![cfg(unix)]

#[path = "../../../tests/support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "this suite uses some of it")]
mod support;

mod program;

use std::thread;
use std::time::{Duration, Instant};

use program::{Program, Run, Terminal};
use support::{LONG, limit, until};

#[test]
fn values_errors_and_the_exit_status_come_back() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let printed = |code: &str, text: &str| assert_eq!(program.run(code), Run::printed(text));
    printed("1 + 2", "3\n");
    printed("'a', nil, {1, 2, x = {'y'}}", "a\tnil\t{1, 2, x = {\"y\"}}\n");
    printed("local x = 4 print(x, 'ä') return x * 2", "4\tä\n8\n");
    printed("x = 1", "");
    printed("exit()", "");
    let failed = |code: &str, text: &str| assert_eq!(program.run(code), Run::failed(text));
    failed("error('no')", "code:1: no\n");
    failed("x = = 1", "code:1: unexpected symbol near '='\n");
    failed("for i = 1, 2 do", "the code ends in the middle\n");
    assert_eq!(
        program.run("print('before') exit(7)"),
        Run { code: Some(7), stdout: "before\n".into(), stderr: String::new() }
    );
}

#[test]
fn a_program_can_come_through_a_pipe() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let sum = "local sum = 0\nfor i = 1, 10 do\n  sum = sum + i\nend\nprint(sum)\n";
    assert_eq!(program.pipe(sum), Run::printed("55\n"));
    assert_eq!(program.pipe(""), Run::printed(""));
    assert_eq!(program.pipe("app.knitters[1].name"), Run::printed("ann\n"));
    assert_eq!(program.pipe("\n\nerror('third line')"), Run::failed("code:3: third line\n"));
    let long = "-".repeat(2 << 20);
    assert_eq!(program.pipe(&long), Run::failed("the program is too long\n"));
}

#[test]
fn the_program_s_objects_are_seen_and_changed_by_all_sessions() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    assert_eq!(program.run("app.pace, app.paused, #app.knitters"), Run::printed("100\tfalse\t3\n"));
    assert_eq!(program.run("app.pace = 1"), Run::printed(""));
    assert_eq!(program.run("app.pace"), Run::printed("1\n"));
    // They are the real ones: the threads go on.
    assert_eq!(program.run("while app.rows < 30 do sleep(0.01) end"), Run::printed(""));
    let rests = "app:pause() local rows = app.rows sleep(0.2) return app.rows == rows, app.paused";
    assert_eq!(program.run(rests), Run::printed("true\ttrue\n"));
    assert_eq!(program.run("app.knitters[2].rows = 7"), Run::printed(""));
    assert_eq!(program.run("app.knitters[2]"), Run::printed("bob: 7 rows\n"));
    assert!(program.run("app").stdout.starts_with("mill: paused, 3 knitters, "));
    let goes_on = "local rows = app.rows app:resume() while app.rows == rows do sleep(0.01) end";
    assert_eq!(program.run(goes_on), Run::printed(""));
    let zero = Run::failed("a row takes a millisecond at least\n");
    assert_eq!(program.run("app.pace = 0"), zero);
    assert_eq!(program.run("app.pace"), Run::printed("1\n"));
}

#[test]
fn blocking_functions_of_the_program_can_be_called() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    assert_eq!(program.run("resolve('127.0.0.1')"), Run::printed("{\"127.0.0.1\"}\n"));
    let unknown = program.run("resolve('no such host')");
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.starts_with("cannot resolve no such host: "), "{unknown:?}");
    let start = Instant::now();
    assert_eq!(program.run("sleep(0.5) return 'awake'"), Run::printed("awake\n"));
    assert!(start.elapsed() >= Duration::from_millis(500));
    assert_eq!(program.run("sleep(-1)").code, Some(1));
}

#[test]
fn endless_loops_are_stopped_even_if_they_catch_errors() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let stopped = Run::failed("stopped after 200 million instructions\n");
    thread::scope(|scope| {
        for code in [
            "while true do end",
            "while true do pcall(function() while true do end end) end",
            "while true do pcall(coroutine.wrap(function() while true do end end)) end",
        ] {
            let (program, stopped) = (&program, &stopped);
            scope.spawn(move || assert_eq!(program.run(code), *stopped));
        }
    });
}

#[test]
fn memory_is_limited() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let ended = program.run("local t = {} while true do t[#t + 1] = ('x'):rep(1 << 16) .. #t end");
    assert_eq!(ended, Run::failed("memory error: not enough memory\n"));
}

#[test]
fn help_tells_what_there_is() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let help = program.run("help");
    assert_eq!(help, program.run("help()"));
    for name in ["app.pace", "app.knitters", "resolve(host)", "sleep(seconds)", "exit([status])"] {
        assert!(help.stdout.contains(name), "{}", help.stdout);
    }
}

#[test]
fn there_are_no_files_processes_or_bytecode() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let globals = "io, os, debug, package, require, load, loadfile, dofile";
    assert_eq!(program.run(globals), Run::printed("nil\tnil\tnil\tnil\tnil\tnil\tnil\tnil\n"));
}

#[test]
fn there_are_metatables_but_no_finalizers() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let sum = "setmetatable({}, {__add = function() return 3 end}) + 1";
    assert_eq!(program.run(sum), Run::printed("3\n"));
    let endless = "setmetatable({}, {__gc = function() while true do end end})";
    let refused = Run::failed("there are no finalizers (__gc) here\n");
    assert_eq!(program.run(endless), refused);
}

#[test]
fn much_output_comes_whole_and_in_order() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let ended = program.run("for i = 1, 100000 do print(i, ('y'):rep(50)) end");
    assert_eq!(ended.code, Some(0));
    let line = |number: usize| format!("{number}\t{}\n", "y".repeat(50));
    assert!(ended.stdout == (1..=100_000).map(line).collect::<String>(), "it was not the same");
}

#[test]
fn a_status_comes_back_every_time() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for status in 0..10 {
                    assert_eq!(program.run(&format!("exit({status})")).code, Some(status));
                }
            });
        }
    });
}

#[test]
fn sessions_do_not_wait_for_each_other_and_have_variables_of_their_own() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let mut asleep = Terminal::open(&program);
    asleep.types("x = 1 sleep(600)\r");
    asleep.sees("sleep(600)\r\n");
    let mut other = Terminal::open(&program);
    other.answers("x", "nil");
    asleep.types("\x03");
    asleep.sees("stopped\r\n\r\x1b[J> ");
    asleep.answers("x", "1");
}

#[test]
fn the_script_of_a_client_that_is_gone_is_stopped() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let mut terminal = Terminal::open(&program);
    terminal.types("app.pace = 1 while true do app.knitters[1].rows = 0 sleep(0.001) end\r");
    terminal.sees("end\r\n");
    terminal.kill();
    until(|| program.run("app.knitters[1].rows > 50").stdout == "true\n");
}
