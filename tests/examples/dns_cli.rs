//! The command line of the DNS examples: what is refused, and why; which server is asked by
//! default.

use crate::support::example::{Run, run};
use crate::support::resolv_conf::{first_nameserver, parse_server};

#[test]
fn a_command_line_that_is_none_is_refused_with_the_reason() {
    let label = "x".repeat(64);
    let long = format!("{}test", "x.".repeat(126));
    let bad_name = |name: &str, why: &str| format!("{name:?} is not a name: {why}");
    let bad_server = |text: &str| {
        format!("the server {text:?} is not an address like 192.0.2.1 or 192.0.2.1:53")
    };
    let empty_part = "a part between two dots is empty";
    let characters =
        "it has characters that DNS has not (international names begin with xn-- there)";
    let long_label = "a part between two dots is longer than 63 characters";
    let cases: [(&[&str], String); 18] = [
        (&["www.test", "--port"], "there is no option \"--port\"".into()),
        (&["-v"], "there is no option \"-v\"".into()),
        (&["--servers=127.0.0.1", "www.test"], "there is no option \"--servers=127.0.0.1\"".into()),
        (&["www.test", "--server"], "--server needs an address".into()),
        (&["--server", "127.0.0.1"], "--server needs a NAME to ask for".into()),
        (&["www.test", "b.test"], "the argument \"b.test\" is one too many".into()),
        (&["www.test", "--server", "localhost"], bad_server("localhost")),
        (&["www.test", "--server", "127.0.0.1:0"], bad_server("127.0.0.1:0")),
        (&["www.test", "--server", "127.0.0.1:65536"], bad_server("127.0.0.1:65536")),
        (&["www.test", "--server="], bad_server("")),
        (&[""], bad_name("", "it is empty")),
        (&["."], bad_name(".", "it is empty")),
        (&["a..test"], bad_name("a..test", empty_part)),
        (&[".test"], bad_name(".test", empty_part)),
        (&["a.test\nb.test"], bad_name("a.test\nb.test", characters)),
        (&["bücher.test"], bad_name("bücher.test", characters)),
        (&[&label], bad_name(&label, long_label)),
        (&[&long], bad_name(&long, "it is longer than 253 characters")),
    ];
    for (args, reason) in cases {
        let text = format!("blocking_dns: {reason}; try --help");
        assert_eq!(
            run("blocking_dns", args),
            Run { code: Some(2), stdout: String::new(), stderr: format!("{text}\n") },
            "{args:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_unicode_is_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use crate::support::{child_output, example};

    let mut command = example::command("blocking_dns");
    let output = child_output(command.arg(OsStr::from_bytes(b"\xff.test")));
    let text = "blocking_dns: the argument \"\\xFF.test\" is not valid Unicode; try --help\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), text);
    assert_eq!(output.status.code(), Some(2));
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    use crate::support::{LONG, example, limit};

    let _limit = limit(LONG);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = example::command("blocking_dns").stdout(full).output().unwrap();
    let text = "blocking_dns: No space left on device (os error 28)\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), text);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn help_says_how_to_use_it() {
    for args in [&["--help"][..], &["-h"], &["www.test", "--help"]] {
        let run = run("blocking_dns", args);
        assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{run:?}");
        assert!(
            run.stdout.contains("\nUsage: blocking_dns [NAME [--server IP[:PORT]]]\n"),
            "{run:?}"
        );
    }
}

#[test]
fn the_first_nameserver_that_is_an_address_is_found() {
    let cases = [
        ("nameserver 192.0.2.1\n", Some("192.0.2.1:53")),
        ("nameserver 192.0.2.1\nnameserver 192.0.2.2\n", Some("192.0.2.1:53")),
        (
            "# nameserver 192.0.2.9\n; nameserver 192.0.2.8\nnameserver 192.0.2.1",
            Some("192.0.2.1:53"),
        ),
        ("search test\noptions ndots:1\n  nameserver\t2001:db8::1  \r\n", Some("[2001:db8::1]:53")),
        ("nameserver 192.0.2.1 # the router\n", Some("192.0.2.1:53")),
        (
            "nameserver\nnameserver router\nnameserver fe80::1%eth0\nnameserver ::1",
            Some("[::1]:53"),
        ),
        ("nameservers 192.0.2.1\nsearch 192.0.2.1\n", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(first_nameserver(text), expected.map(|text| text.parse().unwrap()), "{text:?}");
    }
}

#[test]
fn a_server_is_an_address_with_or_without_a_port() {
    let cases = [
        ("192.0.2.1", Some("192.0.2.1:53")),
        ("192.0.2.1:5353", Some("192.0.2.1:5353")),
        ("::1", Some("[::1]:53")),
        ("[::1]", Some("[::1]:53")),
        ("[::1]:5353", Some("[::1]:5353")),
        ("192.0.2.1:", None),
        ("192.0.2", None),
        ("[::1", None),
        ("[::1]:0", None),
        ("localhost:53", None),
        (" 192.0.2.1", None),
    ];
    for (text, expected) in cases {
        assert_eq!(parse_server(text), expected.map(|text| text.parse().unwrap()), "{text:?}");
    }
}
