use std::time::Duration;

use crochet::{Error, Held, in_context, wait_for, wait_for_wrapped};
use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgNotification};

/// A table behind a pool of connections, for all threads. (`PgPool` works in a `static`, too.)
#[derive(Clone, Debug)]
pub struct Yarns {
    pool: Held<PgPool>,
    timeout: Duration,
}

impl Yarns {
    /// Makes the pool, which connects when it has to; does not block.
    pub fn open(url: &str, timeout: Duration) -> Result<Self, Error<sqlx::Error>> {
        let pool = in_context(|| PgPool::connect_lazy(url)).map_err(Error::Job)?;
        Ok(Self { pool: pool.into(), timeout })
    }

    /// Makes the table; blocks.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn create(&self) -> sqlx::Result<()> {
        sqlx::query("CREATE TABLE yarn (name TEXT NOT NULL)").execute(&*self.pool).await?;
        Ok(())
    }

    /// Adds all or none, in a transaction; blocks. An error or the timeout rolls back.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn add(&self, names: &[&str]) -> sqlx::Result<()> {
        let mut transaction = self.pool.begin().await?;
        for name in names {
            let insert = sqlx::query("INSERT INTO yarn VALUES ($1)").bind(*name);
            insert.execute(&mut *transaction).await?;
            let notify = sqlx::query("SELECT pg_notify('yarn', $1)").bind(*name);
            notify.execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    /// The names, as they come; each `next` blocks.
    pub fn names(&self) -> impl Iterator<Item = Result<sqlx::Result<String>, Error>> {
        let names = sqlx::query_scalar("SELECT name FROM yarn ORDER BY name").fetch(&*self.pool);
        crochet::iter(names).timeout(self.timeout)
    }

    /// The names that are added from now on; each `next` blocks.
    pub fn news(
        &self,
    ) -> Result<
        impl Iterator<Item = Result<sqlx::Result<PgNotification>, Error>> + use<>,
        Error<sqlx::Error>,
    > {
        let news = wait_for_wrapped(self.timeout, async {
            let mut listener = PgListener::connect_with(&self.pool).await?;
            listener.listen("yarn").await?;
            Ok(listener.into_stream())
        })?;
        Ok(crochet::iter(news).timeout(self.timeout))
    }
}
