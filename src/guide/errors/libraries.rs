use std::error::Error;
use std::time::Duration;

use crochet::{wait_for, wait_for_wrapped};
use sqlx::{Connection, PgConnection};

/// What all of these errors go into by `?`; so they do into `anyhow::Error` and `eyre::Report`.
pub type Failure = Box<dyn Error + Send + Sync>;

const TIMEOUT: Duration = Duration::from_secs(60);

pub fn download(url: &str) -> Result<String, Failure> {
    Ok(wait_for_wrapped(TIMEOUT, async { reqwest::get(url).await?.text().await })?)
}

pub fn row_of_sqlx(url: &str) -> Result<i32, Failure> {
    Ok(wait_for_wrapped(TIMEOUT, async {
        let mut database = PgConnection::connect(url).await?;
        sqlx::query_scalar("SELECT 1").fetch_one(&mut database).await
    })?)
}

pub fn connect_to_postgres(url: &str) -> Result<tokio_postgres::Client, Failure> {
    let (client, connection) =
        wait_for_wrapped(TIMEOUT, tokio_postgres::connect(url, tokio_postgres::NoTls))?;
    crochet::run_in_reactor(move || connection).detach();
    Ok(client)
}

/// The attribute's way, `error = wrap`: the conversion is that of the caller's `?`.
#[wait_for(timeout = TIMEOUT, error = wrap)]
pub async fn value_of_redis(url: &str, key: &str) -> redis::RedisResult<Option<String>> {
    let client = redis::Client::open(url)?;
    redis::AsyncCommands::get(&mut client.get_multiplexed_async_connection().await?, key).await
}

#[wait_for(timeout = TIMEOUT, error = wrap)]
pub async fn connect_for_rpc(
    url: &str,
) -> Result<tonic::transport::Channel, tonic::transport::Error> {
    tonic::transport::Endpoint::from_shared(url.to_owned())?.connect().await
}

#[wait_for(timeout = TIMEOUT, error = wrap)]
pub async fn resolve(
    resolver: &hickory_resolver::TokioResolver,
    name: &str,
) -> Result<usize, hickory_resolver::net::NetError> {
    Ok(resolver.lookup_ip(name).await?.iter().count())
}

pub fn open_websocket(url: &str) -> Result<u16, Failure> {
    let (_socket, answer) = wait_for_wrapped(TIMEOUT, tokio_tungstenite::connect_async(url))?;
    Ok(answer.status().as_u16())
}

pub fn event_of_mqtt(events: &mut rumqttc::EventLoop) -> Result<rumqttc::Event, Failure> {
    Ok(wait_for_wrapped(TIMEOUT, events.poll())?)
}

#[wait_for(timeout = TIMEOUT, error = wrap)]
pub async fn connect_to_nats(url: &str) -> Result<async_nats::Client, async_nats::ConnectError> {
    async_nats::connect(url).await
}

pub fn connect_to_bus(address: &str) -> Result<zbus::Connection, Failure> {
    let connection = zbus::connection::Builder::address(address).build();
    Ok(wait_for_wrapped(TIMEOUT, connection)?)
}

pub fn connect_by_ssh<H>(server: &str, handler: H) -> Result<russh::client::Handle<H>, Failure>
where
    H: russh::client::Handler<Error = russh::Error> + 'static,
{
    let config = russh::client::Config::default().into();
    Ok(wait_for_wrapped(TIMEOUT, russh::client::connect(config, server, handler))?)
}
