//! The example `fetch_many`, as its user sees it: left alone, stopped, with pages that are slow or
//! missing.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::example::{Run, command, run};
use crate::support::site::{send, site};
use crate::support::{Gate, LONG, limit, until};

#[test]
fn left_alone_it_fetches_all_in_the_order_in_which_they_come() {
    let Run { code, stdout, stderr } = run("fetch_many", &[]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let mut lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines.pop(), Some("done: 200 of 200 pages"));
    let number = |line: &&str| -> usize {
        let (url, bytes) = line.split_once(": ").expect(line);
        assert_eq!(bytes, "26 bytes");
        url.rsplit('/').next().unwrap().parse().expect(line)
    };
    let mut numbers: Vec<usize> = lines.iter().map(number).collect();
    assert!(!numbers.is_sorted(), "{numbers:?}");
    numbers.sort_unstable();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
}

#[test]
fn a_page_is_told_while_one_before_it_is_still_to_come() {
    let _limit = limit(LONG);
    let told = Gate::new();
    let gate = told.clone();
    let site = site(move |stream, path| {
        if path == "/slow" {
            gate.pass();
        }
        send(stream, "200 OK", "wool");
    });
    let (slow, quick) = (format!("{site}/slow"), format!("{site}/quick"));
    let mut child =
        command("fetch_many").args([&slow, &quick]).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, format!("{quick}: 4 bytes\n"));
    told.open();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, format!("{slow}: 4 bytes\ndone: 2 of 2 pages\n"));
    assert!(child.wait().unwrap().success());
}

#[test]
fn fifty_requests_are_under_way_at_once_and_no_more() {
    let _limit = limit(LONG);
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let full = Gate::new();
    let site = site({
        let (now, most, full) = (Arc::clone(&now), Arc::clone(&most), full.clone());
        move |stream, _| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            full.pass();
            now.fetch_sub(1, Ordering::SeqCst);
            send(stream, "200 OK", "wool");
        }
    });
    let urls: Vec<String> = (0..120).map(|number| format!("{site}/{number}")).collect();
    let child = command("fetch_many").args(&urls).stdout(Stdio::piped()).spawn().unwrap();
    until(|| now.load(Ordering::SeqCst) == 50);
    full.open();
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.ends_with("\ndone: 120 of 120 pages\n"), "{stdout}");
    assert_eq!(most.load(Ordering::SeqCst), 50);
}

#[test]
fn pages_that_cannot_be_had_are_told_and_the_others_come() {
    let site = site(|stream, path| match path {
        "/wool" => send(stream, "200 OK", "wool"),
        _ => send(stream, "404 Not Found", ""),
    });
    let (wool, cotton) = (format!("{site}/wool"), format!("{site}/cotton"));
    let ended = run("fetch_many", &[&cotton, &wool, "https://localhost/"]);
    let mut lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!((ended.code, lines.pop()), (Some(1), Some("done: 1 of 3 pages")), "{ended:?}");
    lines.sort_unstable();
    let missing = format!("{cotton}: the server answered 404 Not Found");
    let tls = "https://localhost/: \"https://localhost/\" is not an http:// address: https needs TLS, which the \
               examples do not speak";
    assert_eq!(lines, [&missing, &format!("{wool}: 4 bytes"), tls]);
}

#[test]
fn ctrl_c_drops_the_requests_that_are_under_way() {
    use crate::support::signal::{SIGINT, kill};
    use crate::support::site::silent_site;

    let _limit = limit(LONG);
    let (silent, asked, gone) = silent_site();
    let site = site(|stream, _| send(stream, "200 OK", "wool"));
    let mut child =
        command("fetch_many").args([&silent, &site]).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, format!("{site}: 4 bytes\n"));
    asked.pass();
    kill(child.id(), SIGINT);
    gone.pass();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(
        (rest.as_str(), child.wait().unwrap().code()),
        ("stopped after 1 of 2 pages\n", Some(130))
    );
}
