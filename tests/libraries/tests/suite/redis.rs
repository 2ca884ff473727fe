//! The crate redis: a `ConnectionManager`, which connects again by itself, and a
//! `MultiplexedConnection`.

use std::error::Error as StdError;
use std::process;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use crochet::{Error, EventualResult, Held, in_context, wait_for, wait_for_wrapped};
use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::{AsyncTypedCommands, Client, RedisError};

use crate::ended_with;
use crate::server::Server;
use crate::support::{LONG, child_output, limit, own_process, until};

type Boxed = Box<dyn StdError + Send + Sync>;

/// For a call that is to be late.
const SHORT: Duration = Duration::from_millis(300);

fn client(server: &Server) -> Client {
    Client::open(format!("redis://{}/", server.address)).unwrap()
}

fn multiplexed(server: &Server) -> MultiplexedConnection {
    let client = client(server);
    wait_for_wrapped(LONG, client.get_multiplexed_async_connection()).unwrap()
}

/// Without a limit of redis' own, which is shorter than a test's.
fn manager(server: &Server) -> ConnectionManager {
    let client = client(server);
    let limits = ConnectionManagerConfig::new().set_response_timeout(None);
    wait_for_wrapped(LONG, client.get_connection_manager_with_config(limits)).unwrap()
}

/// One conversion, the `?`, for the library's errors and the crate's.
fn put_and_get(redis: &mut MultiplexedConnection, key: &str, value: &str) -> Result<String, Boxed> {
    wait_for_wrapped(LONG, redis.set(key, value))?;
    let found = wait_for_wrapped(LONG, redis.get(key))?;
    Ok(found.ok_or("the key is gone")?)
}

#[test]
fn operates_with_borrowed_arguments_and_its_errors_go_through_the_question_mark() {
    let _limit = limit(LONG);
    let Some(server) = Server::redis() else { return };
    let mut redis = multiplexed(&server);
    let value = String::from("wool");
    assert_eq!(put_and_get(&mut redis, "yarn", &value).unwrap(), value);
    wait_for_wrapped(LONG, redis.lpush("list", &value)).unwrap();

    let wrong = put_and_get(&mut redis, "list", "cotton").unwrap();
    assert_eq!(wrong, "cotton");
    wait_for_wrapped(LONG, redis.lpush("skeins", "1")).unwrap();
    let into_anyhow = |redis: &mut MultiplexedConnection| -> anyhow::Result<Option<String>> {
        Ok(wait_for_wrapped(LONG, redis.get("skeins"))?)
    };
    let error = into_anyhow(&mut redis).unwrap_err();
    let error = error.downcast_ref::<Error<RedisError>>().unwrap();
    let Error::Job(error) = error else { panic!("{error}") };
    assert_eq!(error.code(), Some("WRONGTYPE"));
}

#[test]
fn a_connection_in_a_static_serves_threads() {
    static REDIS: OnceLock<ConnectionManager> = OnceLock::new();
    let _limit = limit(LONG);
    let Some(server) = Server::redis() else { return };
    let redis = REDIS.get_or_init(|| manager(&server));
    thread::scope(|scope| {
        for thread in 0..16 {
            scope.spawn(move || {
                for call in 0..12 {
                    let (mut redis, key) = (redis.clone(), format!("{thread}.{call}"));
                    wait_for_wrapped(LONG, redis.set(&key, call)).unwrap();
                    wait_for_wrapped(LONG, redis.incr("calls", 1)).unwrap();
                    let found = wait_for_wrapped(LONG, redis.get(&key)).unwrap();
                    assert_eq!(found, Some(call.to_string()));
                }
            });
        }
    });
    let calls = wait_for_wrapped(LONG, redis.clone().get("calls")).unwrap();
    assert_eq!(calls.as_deref(), Some("192"));
}

#[test]
fn a_stopped_server_is_a_timeout_and_a_continued_one_works() {
    let _limit = limit(LONG);
    let Some(server) = Server::redis() else { return };
    let mut redis = manager(&server);
    wait_for_wrapped(LONG, redis.set("yarn", "wool")).unwrap();
    server.pause();
    for _ in 0..3 {
        let late = wait_for_wrapped(SHORT, redis.get("yarn")).unwrap_err();
        assert!(late.is_timeout(), "{late}");
    }
    server.resume();
    // The answers that come late are not taken for those of these calls.
    for _ in 0..3 {
        wait_for_wrapped(LONG, redis.set("yarn", "silk")).unwrap();
        let found = wait_for_wrapped(LONG, redis.get("yarn")).unwrap();
        assert_eq!(found.as_deref(), Some("silk"));
    }
}

#[test]
fn a_manager_connects_again_to_a_server_that_was_started_again() {
    let _limit = limit(LONG);
    let Some(mut server) = Server::redis() else { return };
    let mut redis = manager(&server);
    wait_for_wrapped(LONG, redis.set("yarn", "wool")).unwrap();
    server.end();
    let broken = wait_for_wrapped(LONG, redis.get("yarn")).unwrap_err();
    assert!(matches!(broken, Error::Job(_)), "{broken}");
    server.start_again();
    until(|| wait_for_wrapped(LONG, redis.ping()).is_ok());
    assert_eq!(wait_for_wrapped(LONG, redis.get("yarn")).unwrap(), None);
}

/// Subscribes to `news`, and publishes its numbers.
fn messages(server: &Server, count: u32) -> impl Iterator<Item = String> + use<> {
    let client = client(server);
    let mut news = wait_for_wrapped(LONG, client.get_async_pubsub()).unwrap();
    wait_for_wrapped(LONG, news.subscribe("news")).unwrap();
    let mut redis = multiplexed(server);
    for number in 0..count {
        let heard = wait_for_wrapped(LONG, redis.publish("news", number)).unwrap();
        assert_eq!(heard, 1);
    }
    crochet::iter(news.into_on_message()).map(|message| message.unwrap().get_payload().unwrap())
}

#[test]
fn messages_are_an_iterator() {
    let _limit = limit(LONG);
    let Some(server) = Server::redis() else { return };
    let heard: Vec<String> = messages(&server, 20).take(20).collect();
    assert_eq!(heard, (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn everything_can_be_dropped_on_an_ordinary_thread() {
    own_process!();
    let _limit = limit(LONG);
    let Some(server) = Server::redis() else { return };
    drop(messages(&server, 1));
    let mut asked = messages(&server, 2);
    assert_eq!(asked.next().as_deref(), Some("0"));
    let untaken: [EventualResult<_, Error>; 2] = [(); 2].map(|()| {
        let client = client(&server);
        crochet::run_in_reactor(move || async move {
            let connection = client.get_multiplexed_async_connection().await;
            Ok(connection.expect("the server runs"))
        })
    });
    untaken.iter().for_each(|job| until(|| job.is_finished()));
    let [first, second] = untaken;
    drop(first);
    let (kept, held) = (manager(&server), Held::new(multiplexed(&server)));
    in_context(|| drop(kept));
    drop(held);

    crochet::shutdown(LONG).unwrap();
    drop(asked);
    drop(second);
}

#[test]
fn connections_outlive_a_shutdown() {
    own_process!();
    let _limit = limit(LONG);
    let Some(server) = Server::redis() else { return };
    let mut redis = manager(&server);
    for round in 0..5 {
        wait_for_wrapped(LONG, redis.incr("rounds", 1)).unwrap();
        crochet::shutdown(LONG).unwrap();
        let rounds = wait_for_wrapped(LONG, redis.get("rounds")).unwrap();
        assert_eq!(rounds, Some((round + 1).to_string()));
    }
}

#[test]
fn a_process_with_live_clients_ends() {
    const ADDRESS: &str = "CROCHET_TEST_REDIS";
    let _limit = limit(LONG);
    if let Ok(url) = std::env::var(ADDRESS) {
        static REDIS: OnceLock<ConnectionManager> = OnceLock::new();
        let client = Client::open(url).unwrap();
        let manager = wait_for_wrapped(LONG, client.get_connection_manager()).unwrap();
        let mut redis = REDIS.get_or_init(|| manager).clone();
        wait_for_wrapped(LONG, redis.set("yarn", "wool")).unwrap();
        let waits: EventualResult<(), Error> = crochet::run_in_reactor(move || async move {
            redis.blpop("nothing", 0.0).await.expect("nothing is pushed");
            Ok(())
        });
        waits.detach();
        process::exit(7);
    }
    let Some(server) = Server::redis() else { return };
    let name = crate::support::test_name!();
    let mut child = crate::support::child_command(name);
    let output = child_output(child.env(ADDRESS, format!("redis://{}/", server.address)));
    ended_with(7, &output);
}

/// With the error type of the job that waits.
#[test]
fn the_crates_errors_can_be_the_jobs_in_a_box() {
    let _limit = limit(LONG);
    let Some(server) = Server::redis() else { return };
    let client = client(&server);
    let answer: Result<String, Boxed> = wait_for(LONG, async {
        let mut redis = client.get_multiplexed_async_connection().await?;
        Ok(redis.ping().await?)
    });
    assert_eq!(answer.unwrap(), "PONG");
}
