//! tokio-postgres, with the pool deadpool and without.

use std::error::Error as StdError;

use std::io::{self, BufRead, BufReader, Read};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use crochet::io::Blocking;
use crochet::{Error, EventualResult, Held, in_context, wait_for_wrapped};
use deadpool_postgres::{Manager, Pool, Runtime};
use futures_util::TryStreamExt;
use futures_util::stream;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};

use crate::ended_with;
use crate::server::Server;
use crate::support::{LONG, child_output, limit, own_process, until};

type Boxed = Box<dyn StdError + Send + Sync>;

/// For a call that is to be late.
const SHORT: Duration = Duration::from_millis(300);

fn config(server: &Server) -> Config {
    let mut config = Config::new();
    config.host("127.0.0.1").port(server.address.port()).user("postgres");
    config
}

/// A connection, which a job drives.
fn connect(server: &Server) -> Client {
    let config = config(server);
    let (client, connection) = wait_for_wrapped(LONG, config.connect(NoTls)).unwrap();
    crochet::run_in_reactor(|| connection).detach();
    client
}

fn pool(config: Config) -> Pool {
    let manager = Manager::new(config, NoTls);
    Pool::builder(manager).max_size(4).runtime(Runtime::Tokio1).build().unwrap()
}

/// One conversion, the `?`, for the library's errors and the crate's.
fn sum(client: &Client, a: &str, b: &str) -> Result<i32, Boxed> {
    let sum = "select $1::text::int + $2::text::int";
    let row = wait_for_wrapped(LONG, client.query_one(sum, &[&a, &b]))?;
    Ok(row.try_get(0)?)
}

#[test]
fn operates_with_borrowed_arguments_and_its_errors_go_through_the_question_mark() {
    let _limit = limit(LONG);
    let Some(server) = Server::postgres() else { return };
    let client = connect(&server);
    let (a, b) = (String::from("40"), String::from("2"));
    assert_eq!(sum(&client, &a, &b).unwrap(), 42);

    let error = sum(&client, &a, "wool").unwrap_err();
    let error = error.downcast_ref::<Error<tokio_postgres::Error>>().unwrap();
    let Error::Job(error) = error else { panic!("{error}") };
    assert_eq!(error.code(), Some(&SqlState::INVALID_TEXT_REPRESENTATION));
    let into_anyhow = || -> anyhow::Result<u64> {
        Ok(wait_for_wrapped(LONG, client.execute("no such statement", &[]))?)
    };
    let error = into_anyhow().unwrap_err();
    assert!(error.downcast_ref::<Error<tokio_postgres::Error>>().is_some(), "{error}");
}

#[test]
fn rows_and_notifications_are_iterators_and_copied_bytes_can_be_read() {
    let _limit = limit(LONG);
    let Some(server) = Server::postgres() else { return };
    let client = connect(&server);
    let all = "select * from generate_series(1, 1000)";
    let rows = wait_for_wrapped(LONG, client.query_raw(all, Vec::<String>::new())).unwrap();
    let numbers = crochet::iter(Box::pin(rows)).map(|row| row.unwrap().unwrap().get::<_, i32>(0));
    assert_eq!(numbers.sum::<i32>(), 500_500);

    let copy = format!("copy ({all}) to stdout");
    let bytes = wait_for_wrapped(LONG, client.copy_out(&copy)).unwrap();
    let bytes = Box::pin(bytes).map_err(io::Error::other).into_async_read();
    let mut lines = BufReader::new(Blocking::new(bytes)).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "1");
    assert_eq!(lines.map(|line| line.unwrap().parse::<i32>().unwrap()).sum::<i32>(), 500_499);
    let bytes = wait_for_wrapped(LONG, client.copy_out(&copy)).unwrap();
    let bytes = Box::pin(bytes).map_err(io::Error::other).into_async_read();
    let mut some = [0; 2];
    Blocking::new(bytes).read_exact(&mut some).unwrap();
    assert_eq!(&some, b"1\n");

    let config = config(&server);
    let (listener, mut connection) = wait_for_wrapped(LONG, config.connect(NoTls)).unwrap();
    let messages = stream::poll_fn(move |context| connection.poll_message(context));
    let (sender, news) = async_channel::unbounded();
    let drive = crochet::run_in_reactor(move || async move {
        let mut messages = Box::pin(messages);
        while let Some(message) = messages.try_next().await? {
            if let AsyncMessage::Notification(news) = message {
                let _ = sender.send(news).await;
            }
        }
        Ok::<_, tokio_postgres::Error>(())
    });
    wait_for_wrapped(LONG, listener.batch_execute("listen news")).unwrap();
    for number in 0..10 {
        let notify = format!("notify news, '{number}'");
        wait_for_wrapped(LONG, client.batch_execute(&notify)).unwrap();
    }
    let heard =
        crochet::iter(Box::pin(news)).take(10).map(|news| news.unwrap().payload().to_owned());
    assert!(heard.eq((0..10).map(|number| number.to_string())));
    drop(listener); // ends the connection
    drive.into_result(LONG).unwrap();
}

#[test]
fn a_pool_in_a_static_serves_threads() {
    static POOL: OnceLock<Pool> = OnceLock::new();
    let _limit = limit(LONG);
    let Some(server) = Server::postgres() else { return };
    let pool = POOL.get_or_init(|| pool(config(&server)));
    thread::scope(|scope| {
        for thread in 0..16 {
            scope.spawn(move || {
                for call in 0..12 {
                    let client = wait_for_wrapped(LONG, pool.get()).unwrap();
                    let number: i32 = thread * call;
                    let parameters: [&(dyn ToSql + Sync); 1] = [&number];
                    let row = client.query_one("select $1::int4", &parameters);
                    let row = wait_for_wrapped(LONG, row).unwrap();
                    assert_eq!(row.get::<_, i32>(0), number);
                }
            });
        }
    });
    assert!(pool.status().size <= 4, "{:?}", pool.status());
}

#[test]
fn a_stopped_server_is_a_timeout_and_a_continued_one_works() {
    let _limit = limit(LONG);
    let Some(server) = Server::postgres() else { return };
    let client = connect(&server);
    server.pause();
    for _ in 0..3 {
        let late = wait_for_wrapped(SHORT, client.query_one("select 1", &[])).unwrap_err();
        assert!(late.is_timeout(), "{late}");
    }
    server.resume();
    assert_eq!(sum(&client, "1", "2").unwrap(), 3);
}

#[test]
fn a_query_that_is_late_goes_on_at_the_server_until_it_is_cancelled() {
    let _limit = limit(LONG);
    let Some(server) = Server::postgres() else { return };
    let (client, other) = (connect(&server), connect(&server));
    let running = || {
        let count = "select count(*) from pg_stat_activity \
            where state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()";
        wait_for_wrapped(LONG, other.query_one(count, &[])).unwrap().get::<_, i64>(0)
    };
    let late = wait_for_wrapped(SHORT, client.batch_execute("select pg_sleep(3600)"));
    assert!(late.unwrap_err().is_timeout());
    until(|| running() == 1);
    let token = client.cancel_token();
    wait_for_wrapped(LONG, token.cancel_query(NoTls)).unwrap();
    until(|| running() == 0);
    assert_eq!(sum(&client, "1", "2").unwrap(), 3);
}

#[test]
fn everything_can_be_dropped_on_an_ordinary_thread() {
    own_process!();
    let _limit = limit(LONG);
    let Some(server) = Server::postgres() else { return };
    let pool = pool(config(&server));
    let rows = || {
        let client = connect(&server);
        let all = "select * from generate_series(1, 1000)";
        let rows = wait_for_wrapped(LONG, client.query_raw(all, Vec::<String>::new())).unwrap();
        crochet::iter(Box::pin(rows))
    };
    drop(rows());
    let mut asked = rows();
    assert_eq!(asked.next().unwrap().unwrap().unwrap().get::<_, i32>(0), 1);
    let untaken = [(); 2].map(|()| {
        let pool = pool.clone();
        crochet::run_in_reactor(move || async move { pool.get().await })
    });
    untaken.iter().for_each(|job| until(|| job.is_finished()));
    let [first, second] = untaken;
    drop(first);
    let kept = wait_for_wrapped(LONG, pool.get()).unwrap();
    in_context(|| drop(kept));
    let mut held = Held::new(wait_for_wrapped(LONG, pool.get()).unwrap());
    let transaction = Held::new(wait_for_wrapped(LONG, held.transaction()).unwrap());
    wait_for_wrapped(LONG, transaction.batch_execute("create table yarn ()")).unwrap();
    drop(transaction);
    let gone = wait_for_wrapped(LONG, held.batch_execute("select * from yarn")).unwrap_err();
    assert!(matches!(gone, Error::Job(_)), "it was not rolled back: {gone}");
    drop(held);
    assert_eq!(pool.status().available + 1, pool.status().size);

    crochet::shutdown(LONG).unwrap();
    drop(asked);
    drop(second);
    assert_eq!(pool.status().available, pool.status().size);
}

#[test]
fn a_pool_outlives_a_shutdown_and_a_restart_of_the_server() {
    own_process!();
    let _limit = limit(LONG);
    let Some(mut server) = Server::postgres() else { return };
    let pool = pool(config(&server));
    let one = || -> anyhow::Result<i32> {
        let client = wait_for_wrapped(LONG, pool.get())?;
        Ok(wait_for_wrapped(LONG, client.query_one("select 1", &[]))?.get(0))
    };
    for _ in 0..3 {
        assert_eq!(one().unwrap(), 1);
        crochet::shutdown(LONG).unwrap();
    }
    assert_eq!(one().unwrap(), 1);
    server.end();
    server.start_again();
    until(|| one().is_ok());
}

#[test]
fn a_process_with_live_clients_ends() {
    const PORT: &str = "CROCHET_TEST_POSTGRES";
    let _limit = limit(LONG);
    if let Ok(port) = std::env::var(PORT) {
        static POOL: OnceLock<Pool> = OnceLock::new();
        let mut config = Config::new();
        config.host("127.0.0.1").port(port.parse().unwrap()).user("postgres");
        let pool = POOL.get_or_init(|| pool(config));
        let client = wait_for_wrapped(LONG, pool.get()).unwrap();
        let _rows = wait_for_wrapped(LONG, client.query("select 1", &[])).unwrap();
        let waits: EventualResult<(), tokio_postgres::Error> =
            crochet::run_in_reactor(move || async move {
                let client = pool.get().await.expect("the server runs");
                client.batch_execute("select pg_sleep(3600)").await
            });
        waits.detach();
        std::process::exit(7);
    }
    let Some(server) = Server::postgres() else { return };
    let name = crate::support::test_name!();
    let mut child = crate::support::child_command(name);
    let output = child_output(child.env(PORT, server.address.port().to_string()));
    ended_with(7, &output);
}
