use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crochet::io::Blocking;
use crochet::{Error, wait_for, wait_for_wrapped};
use russh::client::{Config, Handle, Handler, Msg};
use russh::keys::known_hosts::check_known_hosts_path;
use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate, load_secret_key};
use russh::{ChannelMsg, ChannelStream, Disconnect, Sig};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

/// A connection to a server. All threads may use it at once: each command has its own channel.
pub struct Ssh {
    session: Handle<KnownHosts>,
    timeout: Duration,
}

/// A command's output and input, as `Read` and `Write`.
pub type Bytes = Blocking<Compat<ChannelStream<Msg>>>;

/// What a command has written, and its exit status, unless a signal ended it.
#[derive(Debug, Default)]
pub struct Output {
    pub status: Option<u32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// The server whose key a file such as `~/.ssh/known_hosts` has.
pub struct KnownHosts {
    pub host: String,
    pub port: u16,
    pub file: PathBuf,
}

impl Handler for KnownHosts {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        Ok(check_known_hosts_path(&self.host, self.port, key, &self.file)?)
    }
}

impl Ssh {
    /// Connects, and logs in with the key in a file; blocks until that is done.
    pub fn connect(
        server: KnownHosts,
        user: &str,
        key: &Path,
        timeout: Duration,
    ) -> Result<Self, Error<russh::Error>> {
        // After 90 seconds without a sign of life, russh gives the connection up. By itself it would
        // wait for ever, also for a server that has accepted a connection and says nothing.
        let config = Config {
            keepalive_interval: Some(Duration::from_secs(30)),
            inactivity_timeout: Some(Duration::from_secs(90)),
            ..Config::default()
        };
        let session = wait_for_wrapped(timeout, async {
            let address = (server.host.clone(), server.port);
            let mut session = russh::client::connect(config.into(), address, server).await?;
            let key = PrivateKeyWithHashAlg::new(Arc::new(load_secret_key(key, None)?), None);
            let login = session.authenticate_publickey(user, key).await?;
            login.success().then_some(session).ok_or(russh::Error::NotAuthenticated)
        })?;
        Ok(Self { session, timeout })
    }

    /// Runs a command, which gets no input; blocks until it has ended. After the timeout, asks the
    /// server to kill it, and closes its channel, which dropping it would not do.
    pub fn run(&self, command: &str, timeout: Duration) -> Result<Output, Error<russh::Error>> {
        let channel = wait_for_wrapped(self.timeout, self.session.channel_open_session())?;
        let (mut messages, channel) = channel.split();
        let output = wait_for_wrapped(timeout, async {
            channel.exec(true, command).await?;
            channel.eof().await?;
            let mut output = Output::default();
            loop {
                match messages.wait().await.ok_or(russh::Error::Disconnect)? {
                    ChannelMsg::Data { data } => output.stdout.extend_from_slice(&data),
                    ChannelMsg::ExtendedData { data, .. } => output.stderr.extend_from_slice(&data),
                    ChannelMsg::ExitStatus { exit_status } => output.status = Some(exit_status),
                    ChannelMsg::Failure => return Err(russh::Error::RequestDenied),
                    ChannelMsg::Close => return Ok(output),
                    _ => {}
                }
            }
        });
        if output.is_err() {
            let closed = wait_for_wrapped(self.timeout, async {
                channel.signal(Sig::KILL).await?;
                channel.close().await
            });
            drop(closed); // an error here says no more than the other one does
        }
        output
    }

    /// Starts a command, and returns what reads its output and writes its input (`close` ends it).
    pub fn start(&self, command: &str) -> Result<Bytes, Error<russh::Error>> {
        let channel = wait_for_wrapped(self.timeout, async {
            let channel = self.session.channel_open_session().await?;
            channel.exec(true, command).await?;
            Ok(channel.into_stream().compat())
        })?;
        Ok(Blocking::new(channel).with_timeout(self.timeout))
    }

    /// Says goodbye, and ends all channels.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn disconnect(&self) -> Result<(), russh::Error> {
        self.session.disconnect(Disconnect::ByApplication, "", "").await
    }
}
