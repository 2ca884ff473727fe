//! The prompt, as it is used at a terminal.

#![cfg(unix)]

#[path = "../../../tests/support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "this suite uses some of it")]
mod support;

mod program;

use std::process::Command;

use program::{Program, Terminal};
use support::{LONG, limit};

const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const LEFT: &str = "\x1b[D";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

#[test]
fn the_prompt_goes_on_with_variables_after_errors() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let mut terminal = Terminal::open(&program);
    terminal.answers("x = 40 print(x)", "40");
    terminal.answers("error('oops')", "code:1: oops");
    terminal.answers("y z", "code:1: syntax error near 'z'");
    terminal.answers(
        "local t = {} while true do t[#t + 1] = ('x'):rep(1 << 16) .. #t end",
        "memory error: not enough memory",
    );
    terminal.answers("while true do end", "stopped after 200 million instructions");
    terminal.answers("x + 2", "42");
    terminal.types(CTRL_D);
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn exit_gives_its_status() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let mut terminal = Terminal::open(&program);
    terminal.types("exit(3)\r");
    assert_eq!(terminal.ends(), Some(3));
}

#[test]
fn code_may_take_several_lines() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let mut terminal = Terminal::open(&program);
    terminal.types("for i = 1, 2 do\r");
    terminal.sees("\r\x1b[J>> ");
    terminal.types("print(i)\rend\r");
    terminal.sees("end\r\n1\r\n2\r\n\r\x1b[J> ");
    // Ctrl-C forgets what there was of it.
    terminal.types("for i = 1, 2 do\r");
    terminal.sees("\r\x1b[J>> ");
    terminal.types(CTRL_C);
    terminal.sees("^C\r\n\r\x1b[J> ");
    terminal.answers("'fresh'", "fresh");
}

#[test]
fn the_history_is_there_with_the_arrow_keys() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let mut terminal = Terminal::open(&program);
    terminal.answers("print(11)", "11");
    terminal.answers("print(22)", "22");
    terminal.types(&format!("{UP}{UP}\r"));
    terminal.sees("\r\n11\r\n");
    terminal.types(&format!("print(3{UP}{UP}{DOWN}{DOWN}3)\r"));
    terminal.sees("\r\n33\r\n");
    // It can be changed before it is run again.
    terminal.types(&format!("{UP}{LEFT}{LEFT}\x7f4\r"));
    terminal.sees("\r\n43\r\n");
}

#[test]
fn ctrl_c_clears_the_line() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let mut terminal = Terminal::open(&program);
    terminal.types(&format!("print('not this'){CTRL_C}"));
    terminal.sees("^C\r\n\r\x1b[J> ");
    terminal.answers("'this'", "this");
}

#[test]
fn ctrl_c_stops_what_is_running() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let mut terminal = Terminal::open(&program);
    for code in [
        "while true do end",
        "sleep(600)",
        "while true do pcall(sleep, 600) end",
        "while true do print('y') end",
        "while true do pcall(print, 'y') end",
    ] {
        terminal.types(&format!("{code}\r"));
        terminal.sees(&format!("{code}\r\n"));
        terminal.types(CTRL_C);
        terminal.sees("stopped\r\n\r\x1b[J> ");
        terminal.answers("'and on'", "and on");
    }
}

#[test]
fn a_script_that_does_not_stop_is_left_behind() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let mut terminal = Terminal::open(&program);
    terminal.answers("x = 1 print(x)", "1");
    // One call, which takes no instructions, for years.
    terminal.types("(('a'):rep(200)):find(('a-'):rep(40) .. 'b')\r");
    terminal.sees("'b')\r\n");
    terminal.types(CTRL_C);
    terminal.sees("the script does not stop: it is left behind, with all variables\r\n\r\x1b[J> ");
    terminal.answers("x", "nil");
}

#[test]
fn what_is_typed_ahead_is_run_after() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let mut terminal = Terminal::open(&program);
    terminal.types("sleep(0.3) print('first')\rprint('second')\r");
    terminal.sees("\r\nfirst\r\n");
    terminal.sees("\r\nsecond\r\n");
}

/// With a real terminal on the client's side, as `script` makes one.
#[test]
fn a_long_line_is_drawn_for_the_terminal_s_width_and_its_changes() {
    let _limit = limit(LONG);
    let program = Program::start(&[]);
    let mut ssh = program.ssh(&[], &[]);
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap());
    let client: Vec<String> = ssh.command.get_args().map(quoted).collect();
    let client = format!("tty; stty cols 40; exec ssh {}", client.join(" "));
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-c", &client, "/dev/null"]);
    for (name, value) in ssh.command.get_envs() {
        script.env(name, value.unwrap());
    }
    ssh.command = script;
    let mut terminal = Terminal::attach(ssh);
    let tty = terminal.sees("\r\n");
    terminal.sees("\r\x1b[J> ");
    let drawn = |rows_up: &str, line: &str| format!("{rows_up}\r\x1b[J> {line}");

    // 2 columns of the prompt and 98 characters are two rows and a half.
    let line = "x".repeat(98);
    terminal.types(&line);
    terminal.sees(&line);
    terminal.types("y");
    terminal.sees(&drawn("\x1b[2A", &format!("{line}y")));

    // In 60 columns, they are one and two thirds.
    let wider = Command::new("stty").args(["-F", &tty, "cols", "60"]).status().unwrap();
    assert!(wider.success());
    terminal.types("z");
    terminal.sees(&drawn("\x1b[1A", &format!("{line}yz")));
    terminal.types(CTRL_C);
    terminal.sees("^C\r\n");
    terminal.types(CTRL_D);
    assert_eq!(terminal.ends(), Some(0));
}
