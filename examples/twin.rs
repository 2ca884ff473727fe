//! An async library and its blocking twin, side by side.
//!
//! The library is a small client for Redis, in `support/redis.rs`: a connection, a pipeline of
//! commands, a subscription as a stream. It is async, and written once. Two attributes,
//! `#[crochet::blocking]`, give it a module `blocking` with the same functions for programs that
//! are not async. This program uses both.
//!
//! ```text
//! $ cargo run --example twin                                     # asks a server that it starts itself
//! async:    yarn is wool; 3 rows in one go, from 1 to 3
//! async:    2 messages: cast on, bind off
//! blocking: yarn is silk; 3 rows in one go, from 4 to 6
//! blocking: 2 messages: cast on, bind off
//! blocking: a list with nothing in it: timed out after 200.1ms: the job is waiting
//! blocking: an answer is still on its way: connect again
//! $ cargo run --example twin -- localhost:6379                    # asks another one
//! ```
//!
//! It leaves the keys `crochet:yarn` and `crochet:rows` behind. If a command fails, it says why,
//! and exits with 1.

#[path = "support/redis.rs"]
mod redis;
#[path = "support/redis_server.rs"]
mod redis_server;

use std::env;
use std::process::ExitCode;

use futures_lite::StreamExt;
use redis::{Connection, Value, blocking};

const YARN: &str = "crochet:yarn";
const ROWS: &str = "crochet:rows";
const NEWS: &str = "crochet:news";

async fn run_async(address: &str) -> redis::Result<()> {
    let mut connection = Connection::connect(address).await?;
    connection.set(YARN, "wool").await?;
    let yarn = connection.get(YARN).await?.unwrap_or_default();
    connection.set(ROWS, "0").await?;
    let mut pipeline = connection.pipeline();
    for _ in 0..3 {
        pipeline.add(&["INCR", ROWS]);
    }
    println!("async:    yarn is {yarn}; {}", rows(&pipeline.run().await?));

    let news = Connection::connect(address).await?.subscribe(NEWS).await?;
    for message in ["cast on", "bind off"] {
        connection.publish(NEWS, message).await?;
    }
    let news: Vec<String> = news.take(2).try_collect().await?;
    println!("async:    {} messages: {}", news.len(), news.join(", "));
    Ok(())
}

/// The same, word by word, without `async` and `.await`.
fn run_blocking(address: &str) -> redis::Result<()> {
    let mut connection = blocking::Connection::connect(address)?;
    connection.set(YARN, "silk")?;
    let yarn = connection.get(YARN)?.unwrap_or_default();
    let mut pipeline = connection.pipeline();
    for _ in 0..3 {
        pipeline.add(&["INCR", ROWS]);
    }
    println!("blocking: yarn is {yarn}; {}", rows(&pipeline.run()?));

    let news = blocking::Connection::connect(address)?.subscribe(NEWS)?;
    for message in ["cast on", "bind off"] {
        connection.publish(NEWS, message)?;
    }
    let news: Vec<String> = news.take(2).collect::<redis::Result<_>>()?;
    println!("blocking: {} messages: {}", news.len(), news.join(", "));

    // What an async caller would have to write a timeout around.
    if let Err(late) = connection.pop("crochet:nothing") {
        println!("blocking: a list with nothing in it: {late}");
    }
    if let Err(error) = connection.get(YARN) {
        println!("blocking: {error}");
    }
    Ok(())
}

fn rows(answers: &[Value]) -> String {
    let numbers: Vec<String> = answers
        .iter()
        .map(|answer| match answer {
            Value::Number(number) => number.to_string(),
            other => format!("{other:?}"),
        })
        .collect();
    let (first, last) = (numbers.first(), numbers.last());
    let or_none = |text: Option<&String>| text.cloned().unwrap_or_default();
    format!("{} rows in one go, from {} to {}", numbers.len(), or_none(first), or_none(last))
}

fn run() -> redis::Result<()> {
    let address = match env::args().nth(1) {
        Some(address) => address,
        None => redis_server::start()?,
    };
    smol::block_on(run_async(&address))?;
    run_blocking(&address)
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
