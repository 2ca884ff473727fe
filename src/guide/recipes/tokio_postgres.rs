use std::time::Duration;

use crochet::{Error, EventualResult, run_in_reactor, wait_for_wrapped};
use tokio_postgres::{Client, NoTls, Row};

/// A connection. All threads may use it at once: it sends one query after the other.
#[derive(Debug)]
pub struct Database {
    client: Client,
    /// The job that reads and writes. Dropping it closes the connection.
    _connection: EventualResult<(), tokio_postgres::Error>,
    timeout: Duration,
}

impl Database {
    /// Connects; blocks until that is done.
    pub fn connect(url: &str, timeout: Duration) -> Result<Self, Error<tokio_postgres::Error>> {
        let (client, connection) = wait_for_wrapped(timeout, tokio_postgres::connect(url, NoTls))?;
        Ok(Self { client, _connection: run_in_reactor(move || connection), timeout })
    }

    /// Asks for one text; blocks until it is here. After the timeout, ends the query at the server.
    pub fn text(&self, query: &str) -> Result<String, Error<tokio_postgres::Error>> {
        let text = wait_for_wrapped(self.timeout, async {
            self.client.query_one(query, &[]).await?.try_get(0)
        });
        if text.as_ref().is_err_and(Error::is_timeout) {
            let cancel = self.client.cancel_token();
            let cancelled = wait_for_wrapped(self.timeout, cancel.cancel_query(NoTls));
            drop(cancelled); // an error here says no more than the timeout does
        }
        text
    }

    /// The rows, as they come; each `next` blocks.
    pub fn rows(
        &self,
        query: &str,
    ) -> Result<
        impl Iterator<Item = Result<Result<Row, tokio_postgres::Error>, Error>> + use<>,
        Error<tokio_postgres::Error>,
    > {
        let none: [&str; 0] = [];
        let rows = wait_for_wrapped(self.timeout, self.client.query_raw(query, none))?;
        Ok(crochet::iter(rows).timeout(self.timeout))
    }
}
