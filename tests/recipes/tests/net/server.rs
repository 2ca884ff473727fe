//! Starts servers on free ports, stops and continues them, and ends them.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    process: Child,
    folder: Folder,
}

impl Server {
    pub(crate) fn redis() -> Option<Self> {
        let address = free_address();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--port", &address.port().to_string()]);
        Self::start(&mut command, address, Folder::new())
    }

    pub(crate) fn mosquitto() -> Option<Self> {
        let (address, folder) = (free_address(), Folder::new());
        let settings = format!(
            "listener {} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_dest none\n",
            address.port()
        );
        let mut command = Command::new("mosquitto");
        command.arg("-c").arg(folder.write("mosquitto.conf", &settings));
        Self::start(&mut command, address, folder)
    }

    /// Has a page `/page`, and one of a mebibyte, `/large`.
    pub(crate) fn nginx() -> Option<Self> {
        let (address, folder) = (free_address(), Folder::new());
        folder.write("page", "a page of knitting");
        folder.write("large", &"0123456789abcdef".repeat(1 << 16));
        let here = folder.0.display();
        let mut settings = format!(
            "daemon off; master_process off; pid {here}/pid; error_log {here}/log; events {{}}\n\
             http {{ access_log off; root {here}; server {{ listen {address}; }}\n"
        );
        for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            settings += &format!("{kind}_temp_path {here}/{kind};\n");
        }
        let mut command = Command::new("nginx");
        command.arg("-p").arg(&folder.0);
        command.arg("-c").arg(folder.write("nginx.conf", &(settings + "}\n")));
        Self::start(&mut command, address, folder)
    }

    /// Knows one name, `yarn.test`.
    pub(crate) fn dnsmasq() -> Option<Self> {
        let (address, folder) = (free_address(), Folder::new());
        let mut command = Command::new("dnsmasq");
        command.args(["--keep-in-foreground", "--no-resolv", "--no-hosts", "--bind-interfaces"]);
        command.args(["--listen-address=127.0.0.1", "--conf-file=/dev/null", "--pid-file="]);
        command.arg("--user=").arg(format!("--port={}", address.port()));
        command.args(["--local-ttl=600", "--address=/yarn.test/192.0.2.7"]);
        Self::start(&mut command, address, folder)
    }

    fn start(command: &mut Command, address: SocketAddr, folder: Folder) -> Option<Self> {
        let process = spawn(command.stdout(Stdio::null()))?;
        let mut server = Self { address, process, folder };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = server.process.try_wait().unwrap();
            assert!(ended.is_none(), "the server in {:?} has ended: {ended:?}", server.folder.0);
            assert!(start.elapsed() < Duration::from_secs(60), "the server does not start");
            thread::sleep(Duration::from_millis(5));
        }
        Some(server)
    }

    /// Stops the process: connections stay, and nothing answers.
    pub(crate) fn stop(&self) {
        signal(&self.process, "STOP");
    }

    pub(crate) fn go_on(&self) {
        signal(&self.process, "CONT");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// A message bus of its own.
pub(crate) struct MessageBus {
    pub(crate) address: String,
    process: Child,
    _folder: Folder,
}

impl MessageBus {
    pub(crate) fn start() -> Option<Self> {
        let folder = Folder::new();
        let settings = format!(
            "<busconfig><type>session</type><listen>unix:path={}/bus</listen>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
             <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
            folder.0.display()
        );
        let mut command = Command::new("dbus-daemon");
        command.arg("--config-file").arg(folder.write("bus.conf", &settings));
        command.args(["--nofork", "--nopidfile", "--print-address"]).stdout(Stdio::piped());
        let mut process = spawn(&mut command)?;
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
        assert!(!address.is_empty(), "the bus has ended: {:?}", process.wait());
        Some(Self { address: address.trim().to_owned(), process, _folder: folder })
    }

    pub(crate) fn stop(&self) {
        signal(&self.process, "STOP");
    }

    pub(crate) fn go_on(&self) {
        signal(&self.process, "CONT");
    }
}

impl Drop for MessageBus {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

fn spawn(command: &mut Command) -> Option<Child> {
    match command.stdin(Stdio::null()).spawn() {
        Ok(process) => Some(process),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name = command.get_program().to_string_lossy().into_owned();
            assert!(env::var_os("CROCHET_TEST_TOOLS").is_none(), "{name} is missing");
            eprintln!("not tested, as {name} is missing");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn signal(process: &Child, name: &str) {
    let id = process.id().to_string();
    assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
}

fn end(process: &mut Child) {
    let _ = process.kill(); // a stopped process, too
    let _ = process.wait();
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A folder of a server's, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("crochet-recipes-{}-{number}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = Path::join(&self.0, name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
