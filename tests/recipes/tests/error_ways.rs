//! Each way of `guide::errors`, with the errors of four libraries. No server is needed: nothing
//! listens where these calls go.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use anyhow::Context as _;
use crochet::{Error, wait_for, wait_for_wrapped};

const TIMEOUT: Duration = Duration::from_secs(60);

/// An address of this machine where nothing listens.
fn closed() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

async fn reqwest(at: String) -> Result<(), ::reqwest::Error> {
    ::reqwest::get(format!("http://{at}/")).await.map(drop)
}

async fn sqlx(at: String) -> Result<(), ::sqlx::Error> {
    let url = format!("postgres://{at}/tea");
    <::sqlx::PgConnection as ::sqlx::Connection>::connect(&url).await.map(drop)
}

async fn tokio_postgres(at: String) -> Result<(), ::tokio_postgres::Error> {
    let url = format!("postgres://tea@{at}/tea");
    ::tokio_postgres::connect(&url, ::tokio_postgres::NoTls).await.map(drop)
}

async fn redis(at: String) -> Result<(), ::redis::RedisError> {
    let client = ::redis::Client::open(format!("redis://{at}"))?;
    client.get_multiplexed_async_connection().await.map(drop)
}

/// What the library says by itself, in a chain of sources as deep as the library makes it.
fn said<E: Into<anyhow::Error>>(error: E) -> String {
    format!("{:#}", error.into())
}

macro_rules! ways {
    ($($library:ident: $error:ty;)*) => {$(mod $library {
        use super::*;

        #[test]
        fn wrapped() {
            let result = wait_for_wrapped(TIMEOUT, super::$library(closed()));
            let error: Error<$error> = result.unwrap_err();
            let text = error.to_string();
            let Error::Job(own) = error else { panic!("the call itself failed: {text}") };
            assert_eq!(own.to_string(), text);
        }

        #[crochet::wait_for(timeout = TIMEOUT, error = wrap)]
        async fn by_attribute(at: String) -> Result<(), $error> {
            super::$library(at).await
        }

        #[test]
        fn wrapped_by_the_attribute() {
            assert!(matches!(by_attribute(closed()), Err(Error::Job(_))));
        }

        #[test]
        fn as_the_result_of_a_job() {
            let at = closed();
            let job = crochet::run_in_reactor(|| super::$library(at));
            let error: Error<$error> = job.into_result(TIMEOUT).unwrap_err();
            assert!(matches!(error, Error::Job(_)));
        }

        #[derive(Debug, thiserror::Error)]
        enum Own {
            #[error("the library")]
            Library(#[from] $error),
            #[error("the call")]
            Call(#[from] crochet::Error),
        }

        #[test]
        fn in_an_enum_with_two_froms() {
            let call = |timeout, at| {
                wait_for(timeout, async { Ok::<_, Own>(super::$library(at).await?) })
            };
            let error = call(TIMEOUT, closed()).unwrap_err();
            assert!(matches!(&error, Own::Library(_)));
            assert!(said(error).starts_with("the library: "));
            // The connection waits in the queue of a listener that takes none.
            let silent = TcpListener::bind("127.0.0.1:0").unwrap();
            let at = silent.local_addr().unwrap().to_string();
            let late = call(Duration::from_millis(50), at).unwrap_err();
            assert!(matches!(late, Own::Call(error) if error.is_timeout()));
        }

        #[test]
        fn in_anyhow() {
            let call = |at| wait_for_wrapped(TIMEOUT, super::$library(at)).context("no tea");
            let error = call(closed()).unwrap_err();
            assert!(matches!(error.downcast_ref::<Error<$error>>(), Some(Error::Job(_))));
            assert!(said(error).starts_with("no tea: "));
            let job = async { anyhow::Ok(super::$library(closed()).await?) };
            assert!(wait_for(TIMEOUT, job).unwrap_err().is::<$error>());
        }

        #[test]
        fn in_an_io_error() {
            let job = async { super::$library(closed()).await.map_err(io::Error::other) };
            let error: io::Error = wait_for(TIMEOUT, job).unwrap_err();
            assert!(error.get_ref().unwrap().is::<$error>());
        }
    })*};
}

ways! {
    reqwest: ::reqwest::Error;
    sqlx: ::sqlx::Error;
    tokio_postgres: ::tokio_postgres::Error;
    redis: ::redis::RedisError;
}
