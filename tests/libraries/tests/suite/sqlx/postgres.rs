use std::env;
use std::process;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use crochet::{Error, EventualResult, Held, in_context, wait_for_wrapped};
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{PgPool, Row};

use crate::ended_with;
use crate::server::Server;
use crate::support::{Gate, LONG, child_output, limit, own_process, until};

/// For a call that is to be late.
const SHORT: Duration = Duration::from_millis(300);

fn url(server: &Server) -> String {
    format!("postgres://postgres@{}/postgres?sslmode=disable", server.address)
}

fn pool(url: &str) -> PgPool {
    let options = PgPoolOptions::new().max_connections(4);
    wait_for_wrapped(LONG, options.connect(url)).unwrap()
}

fn sum(pool: &PgPool, a: &str, b: &str) -> anyhow::Result<i32> {
    let sum = sqlx::query_scalar("select $1::int + $2::int").bind(a).bind(b);
    Ok(wait_for_wrapped(LONG, sum.fetch_one(pool))?)
}

/// Listens to `news`.
fn listener(pool: &PgPool) -> PgListener {
    let mut listener = wait_for_wrapped(LONG, PgListener::connect_with(pool)).unwrap();
    wait_for_wrapped(LONG, listener.listen("news")).unwrap();
    listener
}

fn notify(pool: &PgPool, text: &str) {
    let notify = sqlx::query("select pg_notify('news', $1)").bind(text);
    wait_for_wrapped(LONG, notify.execute(pool)).unwrap();
}

#[test]
fn operates_with_borrowed_arguments_and_its_errors_go_through_the_question_mark() {
    let _limit = limit(LONG);
    let Some(server) = Server::postgres() else { return };
    let pool = pool(&url(&server));
    let (a, b) = (String::from("40"), String::from("2"));
    assert_eq!(sum(&pool, &a, &b).unwrap(), 42);
    let error = sum(&pool, &a, "wool").unwrap_err();
    let error = error.downcast_ref::<Error<sqlx::Error>>().unwrap();
    let Error::Job(sqlx::Error::Database(error)) = error else { panic!("{error}") };
    assert_eq!(error.code().as_deref(), Some("22P02"));

    let all = sqlx::query("select * from generate_series(1, 1000)").fetch(&pool);
    let rows = crochet::iter(all).map(|row| row.unwrap().unwrap().get::<i32, _>(0));
    assert_eq!(rows.sum::<i32>(), 500_500);
}

#[test]
fn a_pool_in_a_static_serves_threads() {
    static POOL: OnceLock<PgPool> = OnceLock::new();
    let _limit = limit(LONG);
    let Some(server) = Server::postgres() else { return };
    let pool = POOL.get_or_init(|| pool(&url(&server)));
    thread::scope(|scope| {
        for thread in 0..16 {
            scope.spawn(move || {
                for call in 0..12 {
                    let found = sum(pool, &thread.to_string(), &call.to_string());
                    assert_eq!(found.unwrap(), thread + call);
                }
            });
        }
    });
    assert!(pool.size() <= 4, "{}", pool.size());
}

#[test]
fn a_stopped_server_is_a_timeout_and_a_continued_or_new_one_works() {
    let _limit = limit(LONG);
    let Some(mut server) = Server::postgres() else { return };
    let pool = pool(&url(&server));
    server.pause();
    for _ in 0..3 {
        let late = wait_for_wrapped(SHORT, sqlx::query("select 1").execute(&pool)).unwrap_err();
        assert!(late.is_timeout(), "{late}");
    }
    server.resume();
    assert_eq!(sum(&pool, "1", "2").unwrap(), 3);
    server.end();
    server.start_again();
    until(|| sum(&pool, "1", "2").is_ok());
}

/// The drop of a listener whose stream's iterator has no reactor used to abort the process.
#[test]
fn everything_can_be_dropped_on_an_ordinary_thread() {
    own_process!();
    let _limit = limit(LONG);
    let Some(server) = Server::postgres() else { return };
    let pool = pool(&url(&server));
    drop(crochet::iter(listener(&pool).into_stream()));
    let mut asked = crochet::iter(listener(&pool).into_stream());
    notify(&pool, "wool");
    assert_eq!(asked.next().unwrap().unwrap().unwrap().payload(), "wool");

    let untaken = [(); 2].map(|()| {
        let pool = pool.clone();
        crochet::run_in_reactor(move || async move { pool.acquire().await })
    });
    untaken.iter().for_each(|job| until(|| job.is_finished()));
    let [first, second] = untaken;
    drop(first);

    let create = "create table yarn (name text)";
    wait_for_wrapped(LONG, sqlx::query(create).execute(&pool)).unwrap();
    let transaction = || {
        let mut transaction = Held::new(wait_for_wrapped(LONG, pool.begin()).unwrap());
        let insert = sqlx::query("insert into yarn values ('wool')");
        wait_for_wrapped(LONG, insert.execute(&mut **transaction)).unwrap();
        transaction
    };
    let kept = transaction().into_inner();
    in_context(|| drop(kept));
    drop(transaction());
    let kept = wait_for_wrapped(LONG, pool.acquire()).unwrap();
    in_context(|| drop(kept));
    drop(Held::new(wait_for_wrapped(LONG, pool.acquire()).unwrap()));

    crochet::shutdown(LONG).unwrap();
    drop(asked);
    drop(second);
    // All are back in the pool, and the transactions were rolled back.
    let count = sqlx::query_scalar::<_, i64>("select count(*) from yarn");
    assert_eq!(wait_for_wrapped(LONG, count.fetch_one(&pool)).unwrap(), 0);
    let all = [(); 4].map(|()| Held::new(wait_for_wrapped(LONG, pool.acquire()).unwrap()));
    assert_eq!(pool.size() as usize, all.len());
}

/// The loop's last item is the error; its thread drops the listener, and ends.
#[test]
fn a_thread_that_listens_ends_with_the_reactor() {
    own_process!();
    let _limit = limit(LONG);
    let Some(server) = Server::postgres() else { return };
    let pool = pool(&url(&server));
    let (listener, begun) = (listener(&pool), Gate::new());
    let opens = begun.clone();
    let listens = thread::spawn(move || {
        let mut heard = Vec::new();
        for news in crochet::iter(listener.into_stream()) {
            match news {
                Ok(news) => heard.push(news.unwrap().payload().to_owned()),
                Err(error) => return (heard, error),
            }
            opens.open();
        }
        panic!("the listener does not end by itself");
    });
    notify(&pool, "wool");
    begun.pass();
    crochet::shutdown(LONG).unwrap();
    let (heard, error) = listens.join().unwrap();
    assert_eq!(heard, ["wool"]);
    assert!(matches!(error, Error::ReactorStopped), "{error}");
}

#[test]
fn a_pool_outlives_a_shutdown() {
    own_process!();
    let _limit = limit(LONG);
    let Some(server) = Server::postgres() else { return };
    let pool = pool(&url(&server));
    for round in 0..5 {
        assert_eq!(sum(&pool, "1", &round.to_string()).unwrap(), 1 + round);
        crochet::shutdown(LONG).unwrap();
    }
}

#[test]
fn a_process_with_live_clients_ends() {
    const URL: &str = "CROCHET_TEST_POSTGRES";
    let _limit = limit(LONG);
    if let Ok(url) = env::var(URL) {
        static POOL: OnceLock<PgPool> = OnceLock::new();
        let pool = POOL.get_or_init(|| pool(&url));
        let listener = listener(pool);
        thread::spawn(|| crochet::iter(listener.into_stream()).last());
        let waits: EventualResult<(), sqlx::Error> = crochet::run_in_reactor(move || async move {
            sqlx::query("select pg_sleep(3600)").execute(pool).await?;
            Ok(())
        });
        waits.detach();
        assert_eq!(sum(pool, "1", "2").unwrap(), 3);
        process::exit(7);
    }
    let Some(server) = Server::postgres() else { return };
    let name = crate::support::test_name!();
    let mut child = crate::support::child_command(name);
    let output = child_output(child.env(URL, url(&server)));
    ended_with(7, &output);
}
