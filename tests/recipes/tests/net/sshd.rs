//! A server of SSH, which lets this user in with a key.

use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::process::Command;

use crochet::Error;
use crochet_recipes_tests::ssh::{KnownHosts, Ssh};

use crate::PATIENT;
use crate::server::{Folder, Server, accepts, free_address, program};

/// Ends with its sessions and their commands, which outlive OpenSSH's otherwise.
pub(crate) struct Sshd(Server);

impl Sshd {
    /// `None` where there is no such program.
    pub(crate) fn start() -> Option<Self> {
        let (sshd, keygen) = (program("sshd")?, program("ssh-keygen")?);
        let (address, folder) = (free_address(), Folder::new());
        for key in ["host", "login", "stranger"] {
            output(
                Command::new(&keygen)
                    .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                    .arg(folder.0.join(key)),
            );
        }
        fs::copy(folder.0.join("login.pub"), folder.0.join("authorized_keys")).unwrap();
        let key = fs::read_to_string(folder.0.join("host.pub")).unwrap();
        let host = format!("[127.0.0.1]:{} {key}", address.port());
        fs::write(folder.0.join("known_hosts"), host).unwrap();
        let here = folder.0.display();
        // Not `StrictModes`, as others may write into the folder above this one. bash would read the
        // user's `.bashrc` if it took itself for the outermost shell, and that may take long.
        let settings = format!(
            "ListenAddress {address}\nHostKey {here}/host\nAuthorizedKeysFile {here}/authorized_keys\n\
             PasswordAuthentication no\nUsePAM no\nStrictModes no\nPidFile none\nMaxStartups 100\nSetEnv SHLVL=1\n"
        );
        fs::write(folder.0.join("sshd.conf"), settings).unwrap();
        let settings = folder.0.join("sshd.conf").into_os_string().into_string().unwrap();
        if output(Command::new("id").arg("-u")) == "0" {
            // Debian's service makes it; only root's server needs it.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let arguments = ["-D", "-f", &settings];
        Some(Self(Server::start(sshd, &arguments, address, folder, accepts)))
    }

    /// The server, as the client is to know it.
    pub(crate) fn known(&self) -> KnownHosts {
        let (host, port) = (self.address.ip().to_string(), self.address.port());
        KnownHosts { host, port, file: self.file("known_hosts") }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.0.join(name)
    }

    pub(crate) fn connect(&self) -> Ssh {
        self.connect_with("login").unwrap()
    }

    pub(crate) fn connect_with(&self, key: &str) -> Result<Ssh, Error<russh::Error>> {
        Ssh::connect(self.known(), &user(), &self.file(key), PATIENT)
    }

    pub(crate) fn end(&mut self) {
        self.0.end_children();
        self.0.end();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.end();
    }
}

impl Deref for Sshd {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

impl DerefMut for Sshd {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.0
    }
}

/// The name of this user.
pub(crate) fn user() -> String {
    output(Command::new("id").arg("-un"))
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
