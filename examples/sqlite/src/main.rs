//! A stock of yarn in a SQLite database, kept by a blocking program over sqlx's async pool.
//!
//! With Crochet's feature `tokio` (see `Cargo.toml`) sqlx works in jobs as it is. The module
//! `stock` is a library whose users see neither futures nor tokio: `#[wait_for]` makes blocking
//! methods of `async fn`s, and a stream of rows is an iterator.
//!
//! ```text
//! $ cargo run --example sqlite                 # a database in a temporary folder
//! 8 threads bought 200 skeins in 2 colours
//! 100 skeins of grey
//! 100 skeins of red
//! dyed 40 skeins
//! 1000000 skeins are too many: CHECK constraint failed: skeins >= 0
//! the database is locked: timed out after 500.2ms: the job is waiting
//! dyed 1 skein
//! 59 skeins of grey
//! 141 skeins of red
//! $ cargo run --example sqlite -- stock.sqlite # in this file, which stays
//! ```

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use stock::Stock;

/// A library that blocks.
mod stock {
    use std::path::Path;
    use std::time::Duration;

    use crochet::{Held, wait_for, wait_for_wrapped};
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
    use sqlx::{Row, Sqlite, SqlitePool, Transaction};

    /// Either SQLite's error or the call's, such as a timeout.
    pub(crate) type Error = crochet::Error<sqlx::Error>;

    pub(crate) struct Yarn {
        pub(crate) colour: String,
        pub(crate) skeins: i64,
    }

    /// Clones share their connections.
    #[derive(Clone)]
    pub(crate) struct Stock {
        pool: SqlitePool,
        timeout: Duration,
    }

    impl Stock {
        /// Opens the database in this file, or makes one.
        pub(crate) fn open(file: &Path, timeout: Duration) -> Result<Self, Error> {
            let options = SqliteConnectOptions::new()
                .filename(file)
                .create_if_missing(true)
                // SQLite waits longer for a lock than a call does.
                .busy_timeout(Duration::from_secs(60));
            let create = "create table if not exists yarn \
                (colour text primary key, skeins integer not null check (skeins >= 0))";
            let pool = wait_for_wrapped(timeout, async {
                let pool =
                    SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
                sqlx::query(create).execute(&pool).await?;
                Ok(pool)
            })?;
            Ok(Self { pool, timeout })
        }

        pub(crate) fn with_timeout(&self, timeout: Duration) -> Self {
            Self { timeout, ..self.clone() }
        }

        /// Adds to the skeins of a colour.
        #[wait_for(timeout = self.timeout, error = wrap)]
        pub(crate) async fn buy(&self, colour: &str, skeins: i64) -> sqlx::Result<()> {
            let mut transaction = self.pool.begin_with("begin immediate").await?;
            add(&mut transaction, colour, skeins).await?;
            transaction.commit().await
        }

        /// Makes skeins of one colour into skeins of another: all of it, or nothing. What a timeout
        /// interrupts is rolled back.
        #[wait_for(timeout = self.timeout, error = wrap)]
        pub(crate) async fn dye(&self, from: &str, to: &str, skeins: i64) -> sqlx::Result<()> {
            let mut transaction = self.pool.begin_with("begin immediate").await?;
            add(&mut transaction, to, skeins).await?;
            add(&mut transaction, from, -skeins).await?;
            transaction.commit().await
        }

        /// What there is, row by row as it is asked for.
        pub(crate) fn yarns(&self) -> impl Iterator<Item = anyhow::Result<Yarn>> {
            let rows = sqlx::query("select colour, skeins from yarn order by colour");
            crochet::iter(rows.fetch(&self.pool)).timeout(self.timeout).map(|row| {
                let row = row??; // the call's error, and the row's
                Ok(Yarn { colour: row.try_get(0)?, skeins: row.try_get(1)? })
            })
        }

        /// Keeps all others from writing, until the lock is dropped. A transaction starts a task of
        /// tokio's then; `Held` sees to it that it can do so on any thread.
        pub(crate) fn lock(&self) -> Result<Lock, Error> {
            let begin = self.pool.begin_with("begin immediate");
            Ok(Lock { _transaction: wait_for_wrapped(self.timeout, begin)?.into() })
        }
    }

    pub(crate) struct Lock {
        _transaction: Held<Transaction<'static, Sqlite>>,
    }

    async fn add(
        transaction: &mut Transaction<'_, Sqlite>,
        colour: &str,
        skeins: i64,
    ) -> sqlx::Result<()> {
        let insert = "insert into yarn values (?, 0) on conflict do nothing";
        sqlx::query(insert).bind(colour).execute(&mut **transaction).await?;
        let update = sqlx::query("update yarn set skeins = skeins + ? where colour = ?");
        update.bind(skeins).bind(colour).execute(&mut **transaction).await?;
        Ok(())
    }
}

const COLOURS: [&str; 2] = ["grey", "red"];

fn print(stock: &Stock) -> anyhow::Result<()> {
    for yarn in stock.yarns() {
        let yarn = yarn?;
        println!("{} skeins of {}", yarn.skeins, yarn.colour);
    }
    Ok(())
}

/// From eight threads at the same time, which share the pool's connections.
fn buy(stock: &Stock) -> Result<(), stock::Error> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                scope.spawn(move || (0..25).try_for_each(|_| stock.buy(COLOURS[number % 2], 1)))
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("it does not panic"))
    })?;
    println!("8 threads bought 200 skeins in 2 colours");
    Ok(())
}

fn run(file: &Path) -> anyhow::Result<()> {
    let stock = Stock::open(file, Duration::from_secs(60))?;
    buy(&stock)?;
    print(&stock)?;

    let [grey, red] = COLOURS;
    stock.dye(grey, red, 40)?;
    println!("dyed 40 skeins");
    match stock.dye(grey, red, 1_000_000) {
        Err(crochet::Error::Job(sqlx::Error::Database(error))) => {
            println!("1000000 skeins are too many: {}", error.message());
        }
        other => anyhow::bail!("SQLite was to refuse: {other:?}"),
    }

    let lock = stock.lock()?;
    match stock.with_timeout(Duration::from_millis(500)).dye(grey, red, 1) {
        Err(late) if late.is_timeout() => println!("the database is locked: {late}"),
        other => anyhow::bail!("the call was to be late: {other:?}"),
    }
    drop(lock);
    stock.dye(grey, red, 1)?;
    println!("dyed 1 skein");
    print(&stock)
}

/// A folder that was not there, as that of a process with the same number may be, if it was killed.
fn new_folder() -> anyhow::Result<PathBuf> {
    let mut number = 0;
    loop {
        let folder = env::temp_dir().join(format!("crochet-sqlite-{}-{number}", process::id()));
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            result => return result.map(|()| folder).context("no folder for the database"),
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let result = match &arguments[..] {
        [] => new_folder().and_then(|folder| {
            let result = run(&folder.join("stock.sqlite"));
            let _ = fs::remove_dir_all(&folder);
            result
        }),
        [file] if !file.to_string_lossy().starts_with('-') => run(file.as_ref()),
        _ => {
            eprintln!("usage: sqlite [FILE]");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
