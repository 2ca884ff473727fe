use std::env;
use std::path::Path;
use std::process;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use crochet::{Error, Held, in_context, wait_for_wrapped};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Row, SqlitePool};

use crate::ended_with;
use crate::server::Folder;
use crate::support::{LONG, child_command, child_output, limit, own_process, test_name, until};

/// For a call that is to be late.
const SHORT: Duration = Duration::from_millis(300);

/// A pool for a new database with one table. SQLite itself waits long for a lock.
fn pool(folder: &Path) -> SqlitePool {
    let file = folder.join("yarns.sqlite");
    let options =
        SqliteConnectOptions::new().filename(file).create_if_missing(true).busy_timeout(LONG);
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options);
    let pool = wait_for_wrapped(LONG, pool).unwrap();
    let create = "create table yarn (name text unique)";
    wait_for_wrapped(LONG, sqlx::query(create).execute(&pool)).unwrap();
    pool
}

fn insert(pool: &SqlitePool, name: &str) -> anyhow::Result<()> {
    let insert = sqlx::query("insert into yarn values (?)").bind(name);
    wait_for_wrapped(LONG, insert.execute(pool))?;
    Ok(())
}

fn count(pool: &SqlitePool) -> i64 {
    let count = sqlx::query_scalar("select count(*) from yarn");
    wait_for_wrapped(LONG, count.fetch_one(pool)).unwrap()
}

#[test]
fn a_pool_in_a_static_serves_threads_and_its_rows_are_an_iterator() {
    static POOL: OnceLock<SqlitePool> = OnceLock::new();
    let _limit = limit(LONG);
    let folder = Folder::new();
    let pool = POOL.get_or_init(|| pool(&folder.0));
    thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                (0..5).for_each(|call| insert(pool, &format!("{thread}.{call}")).unwrap());
            });
        }
    });
    let rows = sqlx::query("select name from yarn order by name").fetch(pool);
    let names = crochet::iter(rows).map(|row| row.unwrap().unwrap().get::<String, _>(0));
    let expected = (0..8).flat_map(|thread| (0..5).map(move |call| format!("{thread}.{call}")));
    assert!(names.eq(expected));

    let error = insert(pool, "0.0").unwrap_err();
    let error = error.downcast_ref::<Error<sqlx::Error>>().unwrap();
    let Error::Job(sqlx::Error::Database(error)) = error else { panic!("{error}") };
    assert!(error.is_unique_violation(), "{error}");
}

#[test]
fn a_locked_database_is_a_timeout_and_an_unlocked_one_works() {
    let _limit = limit(LONG);
    let folder = Folder::new();
    let pool = pool(&folder.0);
    let mut lock = Held::new(wait_for_wrapped(LONG, pool.begin()).unwrap());
    let wool = sqlx::query("insert into yarn values ('wool')");
    wait_for_wrapped(LONG, wool.execute(&mut **lock)).unwrap();
    let silk = sqlx::query("insert into yarn values ('silk')");
    let late = wait_for_wrapped(SHORT, silk.execute(&pool)).unwrap_err();
    assert!(late.is_timeout(), "{late}");
    drop(lock);
    insert(&pool, "cotton").unwrap();
}

#[test]
fn everything_can_be_dropped_on_an_ordinary_thread() {
    own_process!();
    let _limit = limit(LONG);
    let folder = Folder::new();
    let pool = pool(&folder.0);
    for name in ["wool", "silk", "cotton"] {
        insert(&pool, name).unwrap();
    }
    let rows = || crochet::iter(sqlx::query("select name from yarn").fetch(&pool));
    drop(rows());
    let mut asked = rows();
    asked.next().unwrap().unwrap().unwrap();
    let untaken = [(); 2].map(|()| {
        let pool = pool.clone();
        crochet::run_in_reactor(move || async move { pool.acquire().await })
    });
    untaken.iter().for_each(|job| until(|| job.is_finished()));
    let [first, second] = untaken;
    drop(first);
    let kept = wait_for_wrapped(LONG, pool.begin()).unwrap();
    in_context(|| drop(kept));
    let mut held = Held::new(wait_for_wrapped(LONG, pool.begin()).unwrap());
    let delete = sqlx::query("delete from yarn");
    wait_for_wrapped(LONG, delete.execute(&mut **held)).unwrap();
    drop(held);

    crochet::shutdown(LONG).unwrap();
    drop(asked);
    drop(second);
    assert_eq!(count(&pool), 3);
    let all = [(); 4].map(|()| Held::new(wait_for_wrapped(LONG, pool.acquire()).unwrap()));
    assert_eq!(pool.size() as usize, all.len());
}

#[test]
fn a_pool_outlives_a_shutdown() {
    own_process!();
    let _limit = limit(LONG);
    let folder = Folder::new();
    let pool = pool(&folder.0);
    for round in 0..5 {
        insert(&pool, &format!("yarn {round}")).unwrap();
        let mut rows = crochet::iter(sqlx::query("select name from yarn").fetch(&pool));
        rows.next().unwrap().unwrap().unwrap();
        crochet::shutdown(LONG).unwrap();
        assert!(matches!(rows.next(), Some(Err(Error::ReactorStopped))));
        assert_eq!(count(&pool), round + 1);
    }
}

#[test]
fn a_process_with_live_clients_ends() {
    const FOLDER: &str = "CROCHET_TEST_SQLITE";
    let _limit = limit(LONG);
    if let Some(folder) = env::var_os(FOLDER) {
        static POOL: OnceLock<SqlitePool> = OnceLock::new();
        let pool = POOL.get_or_init(|| pool(folder.as_ref()));
        insert(pool, "wool").unwrap();
        let mut rows = crochet::iter(sqlx::query("select name from yarn").fetch(pool));
        rows.next().unwrap().unwrap().unwrap();
        let mut lock = Held::new(wait_for_wrapped(LONG, pool.begin()).unwrap());
        let silk = sqlx::query("insert into yarn values ('silk')");
        wait_for_wrapped(LONG, silk.execute(&mut **lock)).unwrap();
        // Waits for the lock.
        let linen = move || async move {
            sqlx::query("insert into yarn values ('linen')").execute(pool).await
        };
        let waits = crochet::run_in_reactor(linen);
        assert!(waits.wait(SHORT).unwrap_err().is_timeout());
        process::exit(7);
    }
    let folder = Folder::new();
    let output = child_output(child_command(test_name!()).env(FOLDER, &folder.0));
    ended_with(7, &output);
}
