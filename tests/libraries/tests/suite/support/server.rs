//! Starts servers on free ports, with a temporary folder each; stops, continues and ends them. None
//! outlives its test's process, however that ends: see [`spawn::spawn`].

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

#[path = "../../../../support/spawn.rs"]
mod spawn;

/// A server that a test started, and that ends when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) folder: Folder,
    arguments: Vec<OsString>,
    /// Root's servers run as this user, where the server refuses to be run by root.
    user: Option<u32>,
    /// Whether the server answers.
    ready: fn(&Server) -> bool,
    process: Option<Child>,
}

impl Server {
    /// A `redis-server`, which keeps nothing; `None` where there is no such program.
    pub(crate) fn redis() -> Option<Self> {
        let program = program("redis-server")?;
        let address = free_address();
        let port = address.port().to_string();
        let arguments = ["--bind", "127.0.0.1", "--save", "", "--port", &port];
        Some(Self::start(program, &arguments, address, Folder::new(), accepts))
    }

    /// A `postgres` with one user, `postgres`, who needs no password; `None` where there is no such
    /// program.
    pub(crate) fn postgres() -> Option<Self> {
        let initdb = program("initdb")?;
        let postgres = program("postgres")?;
        let address = free_address();
        let folder = Folder::new();
        let user = unprivileged();
        if let Some(user) = user {
            chown(&folder.0, Some(user), Some(user)).unwrap();
        }
        let data = folder.0.join("data").into_os_string().into_string().unwrap();
        let mut command = Command::new(initdb);
        command.args(["--no-sync", "--no-locale", "--auth=trust", "-U", "postgres", "-D", &data]);
        run_as(&mut command, user);
        let output = command.current_dir(&folder.0).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let port = address.port().to_string();
        let sockets = folder.0.to_str().unwrap().to_owned();
        let arguments = ["-D", &data, "-h", "127.0.0.1", "-p", &port, "-k", &sockets, "-F"];
        Some(Self::start_as(user, postgres, &arguments, address, folder, |server| {
            let isready = program("pg_isready").expect("it comes with postgres");
            let port = server.address.port().to_string();
            let mut command = Command::new(isready);
            command.args(["-q", "-h", "127.0.0.1", "-p", &port]);
            command.status().unwrap().success()
        }))
    }

    /// Starts `program`, and returns when it is `ready`.
    pub(crate) fn start(
        program: PathBuf,
        arguments: &[&str],
        address: SocketAddr,
        folder: Folder,
        ready: fn(&Server) -> bool,
    ) -> Self {
        Self::start_as(None, program, arguments, address, folder, ready)
    }

    fn start_as(
        user: Option<u32>,
        program: PathBuf,
        arguments: &[&str],
        address: SocketAddr,
        folder: Folder,
        ready: fn(&Server) -> bool,
    ) -> Self {
        let arguments =
            [program.into()].into_iter().chain(arguments.iter().map(OsString::from)).collect();
        let mut server = Self { address, folder, arguments, user, ready, process: None };
        server.start_again();
        server
    }

    /// Starts a server that has ended, at the same address and with the same folder.
    pub(crate) fn start_again(&mut self) {
        assert!(self.process.is_none(), "the server is running");
        let mut command = Command::new(&self.arguments[0]);
        command.args(&self.arguments[1..]).current_dir(&self.folder.0);
        // Not in the test's own group, so that the terminal's Ctrl-C leaves the end to `drop`.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        run_as(&mut command, self.user);
        self.process = Some(spawn::spawn(command).unwrap());
        let start = Instant::now();
        while !(self.ready)(self) {
            let ended = self.process.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "the server has ended: {ended:?}");
            assert!(start.elapsed() < Duration::from_secs(60), "the server does not start");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends the server; its clients' connections break.
    pub(crate) fn end(&mut self) {
        if let Some(mut process) = self.process.take() {
            // postgres ends its own processes on `SIGQUIT`; the others end by it, too.
            signal(process.id(), libc::SIGQUIT);
            self.send(&process, libc::SIGCONT);
            let start = Instant::now();
            while process.try_wait().unwrap().is_none() {
                if start.elapsed() > Duration::from_secs(10) {
                    process.kill().unwrap();
                }
                thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Stops the server and its processes, as Ctrl-Z does: connections stay, and nothing answers.
    ///
    /// Returns when they have stopped. If this process were killed before that, nobody would
    /// continue them, so they could not end.
    pub(crate) fn pause(&self) {
        let process = self.process.as_ref().unwrap();
        let start = Instant::now();
        loop {
            self.send(process, libc::SIGSTOP);
            if family(process.id()).into_iter().all(has_stopped) {
                break;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "the server does not stop");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Continues a paused server.
    pub(crate) fn resume(&self) {
        self.send(self.process.as_ref().unwrap(), libc::SIGCONT);
    }

    /// The server's process, and those that it has started.
    pub(crate) fn processes(&self) -> Vec<u32> {
        self.process.iter().flat_map(|process| family(process.id())).collect()
    }

    /// Kills all processes that the server has started, which outlive it otherwise.
    #[allow(dead_code, reason = "only the recipes have a server that needs it")]
    pub(crate) fn end_children(&self) {
        let Some(process) = &self.process else { return };
        // A stopped server starts no more of them. Nor does it collect them, so their numbers stay
        // theirs.
        signal(process.id(), libc::SIGSTOP);
        let start = Instant::now();
        loop {
            let children = family(process.id()).split_off(1);
            if children.is_empty() {
                break;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "{children:?} do not end");
            children.into_iter().for_each(|child| signal(child, libc::SIGKILL));
            thread::sleep(Duration::from_millis(1));
        }
        signal(process.id(), libc::SIGCONT);
    }

    fn send(&self, process: &Child, number: libc::c_int) {
        family(process.id()).into_iter().for_each(|process| signal(process, number));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// A temporary folder, which is removed when this is dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("crochet-libraries-{}-{number}", process::id());
            let path = env::temp_dir().join(name);
            match fs::create_dir(&path) {
                Ok(()) => return Self(path),
                // Of a process with the same number as this one, which was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Finds a server's program. Where there is none, that is told; in the gate it is an error.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian has postgres' programs in a folder for each version.
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let folders = env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .chain(versions.filter_map(|version| Some(version.ok()?.path().join("bin"))));
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        assert!(env::var_os("CROCHET_TEST_TOOLS").is_none(), "{name} is missing");
        eprintln!("not tested, as {name} is missing");
    }
    found
}

/// For a server's `ready`: it accepts connections.
pub(crate) fn accepts(server: &Server) -> bool {
    TcpStream::connect(server.address).is_ok()
}

/// An address for a server to listen at. Until this process ends, nobody else gets its port who asks
/// for any, nor does a connection. The server can listen there nevertheless, as it sets
/// `SO_REUSEADDR`, too.
pub(crate) fn free_address() -> SocketAddr {
    static RESERVED: Mutex<Vec<Socket>> = Mutex::new(Vec::new());
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    RESERVED.lock().unwrap().push(socket);
    address
}

/// The user for servers that refuse to be run by root, where this is root.
fn unprivileged() -> Option<u32> {
    const NOBODY: u32 = 65534;
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt;
        own.uid() == 0
    });
    is_root.then_some(NOBODY)
}

fn run_as(command: &mut Command, user: Option<u32>) {
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
}

#[expect(unsafe_code, reason = "the standard library has `SIGKILL` alone")]
fn signal(process: u32, number: libc::c_int) {
    // SAFETY: `kill` takes numbers alone, and the process is the test's own server or a child of it.
    unsafe { libc::kill(process.try_into().unwrap(), number) };
}

/// Whether all threads of a process have stopped, or have ended.
fn has_stopped(process: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads.into_iter().all(|thread| {
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        let state = status.lines().find_map(|line| line.strip_prefix("State:\t"));
        state.is_none_or(|state| state.starts_with(['T', 'Z', 'X']))
    })
}

/// A process, and those that it has started and that are alive, and so on.
fn family(ancestor: u32) -> Vec<u32> {
    let parent_of = |number: u32| -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
        let (_, fields) = stat.rsplit_once(") ")?; // the program's name may have blanks
        let mut fields = fields.split(' ');
        let is_alive = !matches!(fields.next()?, "Z" | "X");
        is_alive.then_some(fields.next()?.parse().ok()?)
    };
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let parents: Vec<(u32, u32)> =
        numbers.filter_map(|number| Some((number, parent_of(number)?))).collect();
    let mut found = vec![ancestor];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(number, _)| number));
        next += 1;
    }
    found
}
