//! sqlx, with PostgreSQL and with SQLite. Its pool's connections and its listeners start a task
//! when they are dropped.

mod postgres;
mod sqlite;
