//! The SSH server: connections and logins.
//!
//! russh runs the protocol of each connection as a task of tokio. async-compat has a thread for
//! these tasks, and turns a stream of async-net into one of tokio. Everything else is a job on the
//! reactor: one accepts connections, and there is one for each connection and for each session in
//! it.

use std::future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_channel::{Receiver, Sender};
use async_compat::CompatExt;
use async_io::{Async, Timer};
use async_net::TcpStream;
use crochet::{EventualResult, run_in_reactor};
use futures_lite::future::or;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use russh::keys::{HashAlg, PrivateKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session};
use russh::{Channel, ChannelId, Disconnect, MethodKind, MethodSet, Pty};
use subtle::ConstantTimeEq;

use crate::mill::Mill;
use crate::prompt;
use crate::stop::Stop;

pub(crate) const USER: &str = "crochet";

/// So many times may a connection try to log in.
const TRIES: usize = 3;
/// The answer to a wrong password takes so long. Answers on all connections wait for each other.
const PENALTY: Duration = Duration::from_secs(1);
/// A client that takes longer to log in is disconnected.
const LOGIN: Duration = Duration::from_secs(60);
/// How many may be connected at once. When all are, a new one takes the place of the oldest that
/// has not logged in.
const CONNECTIONS: usize = 20;
/// How many sessions each may have.
const SESSIONS: usize = 10;

pub(crate) struct Server {
    config: Arc<Config>,
    password: String,
    fingerprint: String,
    mill: Arc<Mill>,
    /// When the next wrong password is answered.
    penalty: Mutex<Instant>,
    stop: Stop,
}

impl Server {
    /// With a key and a password of its own. It goes on until the stop is set.
    pub(crate) fn new(mill: Arc<Mill>, stop: Stop) -> io::Result<Arc<Self>> {
        let key = Ed25519Keypair::from_seed(&random()?);
        let key = PrivateKey::new(KeypairData::from(key), "").map_err(io::Error::other)?;
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let config = Config {
            methods: MethodSet::from(&[MethodKind::Password][..]),
            // One more: clients begin with a request that only asks for the methods.
            max_auth_attempts: TRIES + 1,
            auth_rejection_time: Duration::ZERO,
            inactivity_timeout: None,
            keepalive_interval: Some(Duration::from_secs(30)),
            keys: vec![key],
            nodelay: true,
            ..Config::default()
        };
        Ok(Arc::new(Self {
            config: Arc::new(config),
            password: format!("{:032x}", u128::from_ne_bytes(random()?)),
            fingerprint,
            mill,
            penalty: Mutex::new(Instant::now()),
            stop,
        }))
    }

    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Takes connections until the stop; then it waits for them to end.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener) -> io::Result<()> {
        let listener = Async::new(listener)?;
        // Each connection has a clone of `present`; nothing is sent.
        let (present, gone) = async_channel::bounded::<()>(1);
        let mut clients = Vec::new();
        loop {
            let stopped = async {
                self.stop.wait().await;
                None
            };
            match or(stopped, async { Some(listener.accept().await) }).await {
                None => break,
                Some(Ok((stream, _))) => {
                    if make_room(&mut clients) {
                        clients.push(self.welcome(stream.into(), present.clone()));
                    }
                }
                // Such as too many open files: that passes.
                Some(Err(_)) => after(Duration::from_millis(100)).await,
            }
        }
        drop(present);
        let _ = gone.recv().await;
        Ok(())
    }

    /// Starts the job for a connection.
    fn welcome(self: &Arc<Self>, stream: TcpStream, present: Sender<()>) -> Client {
        let logged_in = Arc::new(AtomicBool::new(false));
        let (server, login) = (Arc::clone(self), Arc::clone(&logged_in));
        let job = run_in_reactor(move || async move {
            let _present = present;
            server.connection(stream, login).await
        });
        Client { job, logged_in }
    }

    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        logged_in: Arc<AtomicBool>,
    ) -> Result<(), russh::Error> {
        let _close = CloseOnDrop(stream.clone());
        let (opened, sessions) = async_channel::bounded(SESSIONS);
        let login = Login { server: Arc::clone(&self), opened, logged_in };
        let run = russh::server::run_stream(Arc::clone(&self.config), stream.compat(), login);
        let in_time = async {
            or(after(LOGIN), self.stop.wait()).await;
            Err(russh::Error::ConnectionTimeout)
        };
        // The context of tokio, which it needs to spawn its task.
        let mut connection = or(run, in_time).compat().await?;

        let client = connection.handle();
        let ended = async {
            let _ = (&mut connection).await;
            None
        };
        let sessions = async { Some(or(self.sessions(sessions), self.stopped()).await) };
        let Some(why) = or(ended, sessions).await else { return Ok(()) };
        let disconnect = async {
            // Of the reasons that there are, this is one that ssh shows, and the text with it.
            let reason = Disconnect::ServiceNotAvailable;
            let _ = client.disconnect(reason, why.to_owned(), String::new()).await;
            let _ = connection.await;
        };
        or(disconnect, after(Duration::from_secs(1))).await;
        Ok(())
    }

    /// Starts a job for each session that the client opens. Returns only if it should be sent away:
    /// why.
    async fn sessions(&self, opened: Receiver<Channel<Msg>>) -> &'static str {
        let late = async {
            after(LOGIN).await;
            None
        };
        let mut next = or(late, async { opened.recv().await.ok() }).await;
        if next.is_none() && !opened.is_closed() {
            return "too late to log in";
        }
        while let Some(channel) = next {
            let mill = Arc::clone(&self.mill);
            run_in_reactor(move || async move {
                // It fails when the client has gone, so there is no one to report to.
                let _ = prompt::serve(channel, mill).await;
                Ok::<_, crochet::Error>(())
            })
            .detach();
            next = opened.recv().await.ok();
        }
        future::pending().await
    }

    async fn stopped(&self) -> &'static str {
        self.stop.wait().await;
        "the program has ended"
    }

    fn is_right(&self, user: &str, password: &str) -> bool {
        let password = password.as_bytes().ct_eq(self.password.as_bytes());
        bool::from(user.as_bytes().ct_eq(USER.as_bytes()) & password)
    }

    /// Waits until it is time to say that a password was wrong.
    async fn penalty(&self) {
        let time = {
            let mut next = self.penalty.lock().unwrap_or_else(PoisonError::into_inner);
            *next = (*next).max(Instant::now()) + PENALTY;
            *next
        };
        Timer::at(time).await;
    }
}

/// A connection, from its start.
struct Client {
    job: EventualResult<(), russh::Error>,
    logged_in: Arc<AtomicBool>,
}

/// Makes room for one more connection: drops the oldest that has not logged in. Returns whether
/// there is room now.
fn make_room(clients: &mut Vec<Client>) -> bool {
    clients.retain(|client| !client.job.is_finished());
    if clients.len() < CONNECTIONS {
        return true;
    }
    let stranger = clients.iter().position(|client| !client.logged_in.load(Ordering::Relaxed));
    stranger.is_some_and(|oldest| {
        clients.remove(oldest).job.cancel();
        true
    })
}

/// Opens the port, on the loopback interface only.
pub(crate) fn listen(port: u16) -> io::Result<(TcpListener, u16)> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let listener = TcpListener::bind(address).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

async fn after(time: Duration) {
    Timer::after(time).await;
}

fn random<const LENGTH: usize>() -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

/// Ends russh's task, which has the stream, too, when the job of the connection ends: cancelled or
/// not.
struct CloseOnDrop(TcpStream);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        let _ = self.0.shutdown(std::net::Shutdown::Both);
    }
}

/// What russh asks about a connection.
struct Login {
    server: Arc<Server>,
    opened: Sender<Channel<Msg>>,
    logged_in: Arc<AtomicBool>,
}

impl Handler for Login {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        if self.server.is_right(user, password) {
            self.logged_in.store(true, Ordering::Relaxed);
            return Ok(Auth::Accept);
        }
        // The connection is kept busy that long, even if the client has gone.
        self.server.penalty().await;
        // It may try again, in the same way.
        let methods = Some(self.server.config.methods.clone());
        Ok(Auth::Reject { proceed_with_methods: methods, partial_success: false })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.opened.try_send(channel).is_ok() {
            reply.accept().await;
        }
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        _: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }
}
