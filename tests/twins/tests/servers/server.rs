//! Starts servers on free ports, and ends them.

use std::env;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

#[path = "../../../support/spawn.rs"]
mod spawn;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    process: Child,
}

impl Server {
    /// A `redis-server`, which keeps nothing; `None` where there is no such program.
    pub(crate) fn redis(more: &[&str]) -> Option<Self> {
        let address = free_address();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--port", &address.port().to_string()]);
        command.args(more).current_dir(env::temp_dir());
        Self::start(command, address)
    }

    /// A `memcached`; `None` where there is no such program.
    pub(crate) fn memcached() -> Option<Self> {
        let address = free_address();
        let mut command = Command::new("memcached");
        // Root may run it only by saying so; for others the user means nothing.
        command.args(["-u", "root", "-l", "127.0.0.1", "-p", &address.port().to_string()]);
        Self::start(command, address)
    }

    fn start(mut command: Command, address: SocketAddr) -> Option<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let process = match spawn::spawn(command) {
            Ok(process) => process,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                assert!(env::var_os("CROCHET_TEST_TOOLS").is_none(), "{name} is missing");
                eprintln!("not tested, as {name} is missing");
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        let mut server = Self { address, process };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = server.process.try_wait().unwrap();
            assert!(ended.is_none(), "the server has ended: {ended:?}");
            assert!(start.elapsed() < Duration::from_secs(60), "the server does not start");
            thread::sleep(Duration::from_millis(5));
        }
        Some(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
