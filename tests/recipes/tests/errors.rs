//! The errors of eleven libraries, each through one `?` into one type, with nothing of it lost. No
//! server is needed: nothing listens where these calls go.

use std::error::Error as StdError;
use std::net::TcpListener;

use crochet::Error;
use crochet_recipes_tests::errors::{
    Failure, connect_by_ssh, connect_for_rpc, connect_to_bus, connect_to_nats, connect_to_postgres,
    download, event_of_mqtt, open_websocket, resolve, row_of_sqlx, value_of_redis,
};
use hickory_resolver::TokioResolver;

/// An address of this machine where nothing listens.
fn closed() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// The library's own error is inside, and says what it says by itself.
#[track_caller]
fn has<E: StdError + Send + Sync + 'static>(result: Result<(), Failure>) {
    let failure = result.unwrap_err();
    let error = failure.downcast_ref::<Error<E>>().expect("the library's error, wrapped");
    let Error::Job(own) = error else { panic!("the call itself failed: {error}") };
    assert_eq!(failure.to_string(), own.to_string());
    let text = |source: Option<&(dyn StdError + 'static)>| source.map(ToString::to_string);
    assert_eq!(text(failure.source()), text(own.source()));
}

/// One line for each library: a call, and the `?` that converts its error.
fn call(library: &str) -> Result<(), Failure> {
    let at = closed();
    match library {
        "reqwest" => drop(download(&format!("http://{at}/"))?),
        "sqlx" => _ = row_of_sqlx(&format!("postgres://{at}/tea"))?,
        "tokio-postgres" => drop(connect_to_postgres(&format!("postgres://tea@{at}/tea"))?),
        "redis" => drop(value_of_redis(&format!("redis://{at}"), "tea")?),
        "tonic" => drop(connect_for_rpc(&format!("http://{at}"))?),
        "hickory" => _ = resolve(&resolver(), "not..a.name")?,
        "tungstenite" => _ = open_websocket(&format!("ws://{at}"))?,
        "rumqttc" => drop(event_of_mqtt(&mut mqtt_events(&at))?),
        "nats" => drop(connect_to_nats(&at)?),
        "zbus" => drop(connect_to_bus("unix:path=/nowhere/at/all")?),
        "russh" => drop(connect_by_ssh(&at, Stranger)?),
        other => panic!("{other}"),
    }
    Ok(())
}

fn resolver() -> TokioResolver {
    use hickory_resolver::config::ResolverConfig;
    use hickory_resolver::net::runtime::TokioRuntimeProvider;

    let config = ResolverConfig::from_name_servers(Vec::new());
    let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    crochet::in_context(|| builder.build()).unwrap()
}

fn mqtt_events(at: &str) -> rumqttc::EventLoop {
    let (host, port) = at.rsplit_once(':').unwrap();
    let options = rumqttc::MqttOptions::new("tea", host, port.parse().unwrap());
    rumqttc::AsyncClient::new(options, 1).1
}

#[derive(Debug)]
struct Stranger;

impl russh::client::Handler for Stranger {
    type Error = russh::Error;
}

#[test]
fn each_librarys_error_goes_through_one_question_mark_whole() {
    has::<reqwest::Error>(call("reqwest"));
    has::<sqlx::Error>(call("sqlx"));
    has::<tokio_postgres::Error>(call("tokio-postgres"));
    has::<redis::RedisError>(call("redis"));
    has::<tonic::transport::Error>(call("tonic"));
    has::<hickory_resolver::net::NetError>(call("hickory"));
    has::<tokio_tungstenite::tungstenite::Error>(call("tungstenite"));
    has::<rumqttc::ConnectionError>(call("rumqttc"));
    has::<async_nats::ConnectError>(call("nats"));
    has::<zbus::Error>(call("zbus"));
    has::<russh::Error>(call("russh"));
}
