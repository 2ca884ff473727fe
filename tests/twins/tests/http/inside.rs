//! Inside of a runtime, and in a job.

use std::panic;
use std::time::Duration;

use crochet_twins_tests::http::{Client, get};
use tokio::runtime::{Builder, Runtime};

use crate::server;

fn runtimes() -> [Runtime; 2] {
    let (mut multi, mut current) = (Builder::new_multi_thread(), Builder::new_current_thread());
    [&mut multi, &mut current].map(|builder| builder.build().unwrap())
}

fn hello(server: &str) -> String {
    let client = Client::builder().no_proxy().build().unwrap();
    let response = client.get(format!("{server}/hello")).send().unwrap();
    drop(client.get(format!("{server}/bytes/1000000")).send().unwrap());
    response.text().unwrap()
}

#[test]
fn it_works_and_is_dropped_in_a_runtime() {
    let server = server::start();
    for runtime in runtimes() {
        assert_eq!(runtime.block_on(async { hello(&server) }), "hello");
        let client = Client::new();
        runtime.block_on(async move { drop(client) });
    }
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "the original looks for a runtime in debug builds only")]
fn the_original_panics_there() {
    for runtime in runtimes() {
        let made = panic::AssertUnwindSafe(async { drop(reqwest::blocking::Client::new()) });
        let panicked = panic::catch_unwind(|| runtime.block_on(made.0)).unwrap_err();
        let text = panicked.downcast_ref::<&str>().copied().map(str::to_owned);
        let text = text.or_else(|| panicked.downcast_ref::<String>().cloned()).unwrap();
        assert!(text.contains("runtime"), "{text}");
    }
}

#[test]
fn in_a_job_it_is_refused() {
    let server = server::start();
    let job = crochet::run_in_reactor(move || async move {
        Ok::<_, crochet::Error>(get(format!("{server}/hello")).map(drop))
    });
    let refused = job.join(Duration::from_secs(60)).unwrap().unwrap_err();
    assert!(format!("{refused:?}").contains("OnReactorThread"), "{refused:?}");
}

#[test]
fn it_ends_at_the_deadline_of_a_scope() {
    let server = server::start();
    let sent = crochet::within(Duration::from_millis(100), || get(format!("{server}/silent")));
    assert!(sent.unwrap_err().is_timeout());
}
