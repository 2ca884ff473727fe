//! tokio-postgres and sqlx.

use std::iter;
use std::thread;
use std::time::{Duration, Instant};

use crochet::Error;
use crochet_recipes_tests::sqlx::Yarns;
use crochet_recipes_tests::tokio_postgres::Database;

use crate::life::{ends_with_live_clients, has_stopped, stop_during};
use crate::server::Server;
use crate::support::{LONG, limit, own_process};
use crate::{PATIENT, SHORT, in_time};

fn url(server: &Server) -> String {
    format!("postgres://postgres@127.0.0.1:{}/postgres", server.address.port())
}

#[test]
fn a_timeout_ends_the_query_at_the_server() {
    let _limit = limit(LONG);
    let Some(postgres) = Server::postgres() else { return };
    let database = Database::connect(&url(&postgres), PATIENT).unwrap();
    assert_eq!(database.text("SELECT 'wool'").unwrap(), "wool");
    let numbers = database.rows("SELECT generate_series(1, 1000)").unwrap();
    assert_eq!(numbers.map(|row| row.unwrap().unwrap().get::<_, i32>(0)).sum::<i32>(), 500_500);
    let hasty = in_time(|| Database::connect(&url(&postgres), SHORT));
    assert!(hasty.text("SELECT pg_sleep(600)::text").unwrap_err().is_timeout());
    let sleeping = "SELECT count(*)::text FROM pg_stat_activity \
                    WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'";
    let start = Instant::now();
    while database.text(sleeping).unwrap() != "0" {
        assert!(start.elapsed() < PATIENT, "the query goes on");
        thread::sleep(Duration::from_millis(5));
    }
    drop((database, hasty)); // on this thread
}

#[test]
fn rows_transactions_and_news() {
    let _limit = limit(LONG);
    let Some(postgres) = Server::postgres() else { return };
    let yarns = Yarns::open(&url(&postgres), PATIENT).unwrap();
    yarns.create().unwrap();
    let mut news = yarns.news().unwrap();
    thread::scope(|scope| {
        for name in ["wool", "silk", "linen", "cotton"] {
            let yarns = yarns.clone();
            scope.spawn(move || yarns.add(&[name]).unwrap());
        }
    });
    assert!(yarns.add(&["jute", "no\0name"]).is_err()); // none of them
    let names: Vec<_> = yarns.names().map(|name| name.unwrap().unwrap()).collect();
    assert_eq!(names, ["cotton", "linen", "silk", "wool"]);
    let news_of = iter::repeat_with(|| news.next().unwrap().unwrap().unwrap());
    assert_eq!(news_of.take(4).filter(|news| names.iter().any(|n| n == news.payload())).count(), 4);
    assert!(yarns.names().next().unwrap().is_ok()); // dropped in the middle of the rows
    drop((news, yarns)); // on this thread
}

#[test]
fn a_shutdown_closes_a_connection_and_a_new_one_works() {
    own_process!();
    let _limit = limit(LONG);
    let Some(postgres) = Server::postgres() else { return };
    let database = Database::connect(&url(&postgres), PATIENT).unwrap();
    let mut rows = database.rows("SELECT generate_series(1, 1000)").unwrap();
    assert!(rows.next().unwrap().unwrap().is_ok());
    let stopped = stop_during(|| database.text("SELECT pg_sleep(600)::text")).unwrap_err();
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    has_stopped(&mut rows);
    // The connection went with the job that had it.
    let Err(Error::Job(closed)) = database.text("SELECT 'wool'") else { panic!("it works") };
    assert!(closed.is_closed(), "{closed}");
    let new = Database::connect(&url(&postgres), PATIENT).unwrap();
    assert_eq!(new.text("SELECT 'wool'").unwrap(), "wool");
}

#[test]
fn a_pool_outlives_a_shutdown_and_its_iterators_end() {
    own_process!();
    let _limit = limit(LONG);
    let Some(postgres) = Server::postgres() else { return };
    let yarns = Yarns::open(&url(&postgres), PATIENT).unwrap();
    yarns.create().unwrap();
    yarns.add(&["silk", "wool"]).unwrap();
    let mut news = yarns.news().unwrap();
    let mut names = yarns.names();
    assert_eq!(names.next().unwrap().unwrap().unwrap(), "silk");
    let stopped = stop_during(|| news.next()).unwrap().unwrap_err();
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    assert!(news.next().is_none());
    has_stopped(&mut names);
    drop(names);
    postgres.pause();
    let stopped = stop_during(|| yarns.add(&["linen"])).unwrap_err();
    assert!(stopped.is_reactor_stopped(), "{stopped}");
    postgres.resume();
    for yarns in [yarns, Yarns::open(&url(&postgres), PATIENT).unwrap()] {
        let names: Vec<_> = yarns.names().map(|name| name.unwrap().unwrap()).collect();
        assert_eq!(names, ["silk", "wool"]);
    }
}

#[test]
fn a_process_with_live_clients_ends() {
    let _limit = limit(LONG);
    let Some(postgres) = Server::postgres() else { return };
    let address = format!("postgres@{}/postgres", postgres.address);
    ends_with_live_clients("tokio_postgres", &address);
    ends_with_live_clients("sqlx", &address);
}
