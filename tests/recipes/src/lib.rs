//! The code of the guide's recipes and of its page about errors, as the guide shows it.

#[path = "../../../src/guide/recipes/bytes.rs"]
#[expect(missing_docs, reason = "the guide describes it")]
pub mod bytes;
#[path = "../../../src/guide/errors/libraries.rs"]
#[expect(missing_docs, reason = "the guide describes it")]
pub mod errors;
#[path = "../../../src/guide/recipes/hickory.rs"]
#[expect(missing_debug_implementations, reason = "the resolver of hickory has none")]
#[expect(missing_docs, reason = "the guide describes it")]
pub mod hickory;
#[path = "../../../src/guide/recipes/mqtt.rs"]
#[expect(missing_docs, reason = "the guide describes it")]
pub mod mqtt;
#[path = "../../../src/guide/recipes/nats.rs"]
#[expect(missing_docs, reason = "the guide describes it")]
pub mod nats;
#[path = "../../../src/guide/recipes/process.rs"]
#[expect(missing_docs, reason = "the guide describes it")]
pub mod process;
#[path = "../../../src/guide/recipes/redis.rs"]
#[expect(missing_docs, reason = "the guide describes it")]
pub mod redis;
#[path = "../../../src/guide/recipes/reqwest.rs"]
#[expect(missing_docs, reason = "the guide describes it")]
pub mod reqwest;
#[path = "../../../src/guide/recipes/sqlx.rs"]
#[expect(missing_docs, reason = "the guide describes it")]
pub mod sqlx;
#[path = "../../../src/guide/recipes/ssh.rs"]
#[expect(missing_debug_implementations, reason = "the session of russh has none")]
#[expect(missing_docs, reason = "the guide describes it")]
pub mod ssh;
#[path = "../../../src/guide/recipes/tokio_postgres.rs"]
#[expect(missing_docs, reason = "the guide describes it")]
pub mod tokio_postgres;
#[path = "../../../src/guide/recipes/tonic.rs"]
#[expect(missing_docs, reason = "the guide describes it")]
pub mod tonic;
#[path = "../../../src/guide/recipes/websocket.rs"]
#[expect(missing_docs, reason = "the guide describes it")]
pub mod websocket;
#[path = "../../../src/guide/recipes/zbus.rs"]
#[expect(missing_docs, reason = "the guide describes it")]
pub mod zbus;
