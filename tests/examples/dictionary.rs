//! The example `dictionary`, as its user sees it: by itself, and with servers of all kinds.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use crate::support::example::{Run, run};

/// A server for one connection, which has an answer for each line, in this order, after its
/// greeting; then it closes.
fn server(greeting: &'static str, answers: &'static [(&'static str, &'static str)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(greeting.as_bytes()).unwrap();
        let mut questions = BufReader::new(stream.try_clone().unwrap()).lines();
        for (question, answer) in answers {
            assert_eq!(questions.next().unwrap().unwrap(), *question);
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

#[test]
fn it_prints_what_it_says_it_prints() {
    let stdout = "\
        knit: to make cloth of loops of yarn\n\
        purl: to knit with the loops in front\n\
        frob: no such word\n\
        3 threads asked 3 questions over 1 connection\n\
        a word that takes too long: TimedOut; the next one: found, over connection 2\n"
        .to_owned();
    assert_eq!(run("dictionary", &[]), Run { code: Some(0), stdout, stderr: String::new() });
}

#[test]
fn an_answer_may_have_several_meanings_and_lines_with_dots() {
    let found = "150 2 definitions\r\n\
        151 \"wool\" wn \"WordNet\"\r\nwool\r\n  n 1: a fabric\r\n..hidden\r\n.\r\n\
        151 \"wool\" wn \"WordNet\"\r\nor yarn\r\n.\r\n\
        250 ok\r\n";
    let found: &'static str = Box::leak(found.to_owned().into_boxed_str());
    let answers = Box::leak(Box::new([("DEFINE ! \"wool\"", found)]));
    let stdout = "wool: wool\n  n 1: a fabric\n.hidden\nor yarn\n".to_owned();
    let ended = run("dictionary", &[&server("220 hello\r\n", answers), "wool"]);
    assert_eq!(ended, Run { code: Some(0), stdout, stderr: String::new() });
}

#[test]
fn a_question_that_fails_is_told() {
    let fails = |server: &str, word: &str| {
        let ended = run("dictionary", &[server, word]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
        ended.stderr
    };
    assert_eq!(fails(&server("420 busy\r\n", &[]), "wool"), "unexpected answer: 420 busy\n");
    let broken = server("220 hello\r\n", &[("DEFINE ! \"wool\"", "150 one\r\n151 so")]);
    assert_eq!(fails(&broken, "wool"), "the server closed the connection\n");
    let other = server("220 hello\r\n", &[("DEFINE ! \"wool\"", "\u{fc}\r\n")]);
    assert_eq!(fails(&other, "wool"), "unexpected answer: \u{fc}\n");
    let unasked = server("220 hello\r\n", &[]);
    assert_eq!(fails(&unasked, "wo\"ol"), "\"wo\\\"ol\" is no word for a dictionary\n");
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(fails(&address.to_string(), "wool").contains("refused"));
}
