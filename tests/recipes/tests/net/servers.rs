//! The servers of the network, on top of what `tests/libraries` starts its databases with.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::server::{Folder, Server, accepts, free_address, program};

/// A broker of MQTT, which keeps nothing.
pub(crate) fn mosquitto() -> Option<Server> {
    let (mosquitto, address, folder) = (program("mosquitto")?, free_address(), Folder::new());
    let port = address.port();
    let settings = format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_dest none\n"
    );
    let settings = write(&folder, "mosquitto.conf", &settings);
    Some(Server::start(mosquitto, &["-c", text(&settings)], address, folder, accepts))
}

/// A server of NATS, which keeps nothing.
pub(crate) fn nats() -> Option<Server> {
    let (nats, address) = (program("nats-server")?, free_address());
    let port = address.port().to_string();
    Some(Server::start(nats, &["-a", "127.0.0.1", "-p", &port], address, Folder::new(), accepts))
}

/// A web server with a page `/page`, and one of a mebibyte, `/large`.
pub(crate) fn nginx() -> Option<Server> {
    let (nginx, address, folder) = (program("nginx")?, free_address(), Folder::new());
    write(&folder, "page", "a page of knitting");
    write(&folder, "large", &"0123456789abcdef".repeat(1 << 16));
    let here = text(&folder.0).to_owned();
    let mut settings = format!(
        "daemon off; master_process off; pid {here}/pid; error_log {here}/log; events {{}}\n\
         http {{ access_log off; root {here}; server {{ listen {address}; }}\n"
    );
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        settings += &format!("{kind}_temp_path {here}/{kind};\n");
    }
    let settings = write(&folder, "nginx.conf", &(settings + "}\n"));
    Some(Server::start(nginx, &["-p", &here, "-c", text(&settings)], address, folder, accepts))
}

/// A name server that knows one name, `yarn.test`.
pub(crate) fn dnsmasq() -> Option<Server> {
    let (dnsmasq, address) = (program("dnsmasq")?, free_address());
    let port = format!("--port={}", address.port());
    let arguments = [
        "--keep-in-foreground",
        "--no-resolv",
        "--no-hosts",
        "--bind-interfaces",
        "--listen-address=127.0.0.1",
        "--conf-file=/dev/null",
        "--pid-file=",
        "--user=",
        "--local-ttl=600",
        "--address=/yarn.test/192.0.2.7",
        &port,
    ];
    Some(Server::start(dnsmasq, &arguments, address, Folder::new(), accepts))
}

/// A message bus, and its address.
pub(crate) fn dbus() -> Option<(Server, String)> {
    let (daemon, folder) = (program("dbus-daemon")?, Folder::new());
    let bus = format!("unix:path={}/bus", folder.0.display());
    let settings = format!(
        "<busconfig><type>session</type><listen>{bus}</listen><policy context=\"default\">\
         <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
         <allow own=\"*\"/></policy></busconfig>"
    );
    let settings = write(&folder, "bus.conf", &settings);
    let arguments = ["--config-file", text(&settings), "--nofork", "--nopidfile"];
    let server = Server::start(daemon, &arguments, free_address(), folder, |server| {
        UnixStream::connect(server.folder.0.join("bus")).is_ok()
    });
    Some((server, bus))
}

fn write(folder: &Folder, name: &str, contents: &str) -> PathBuf {
    let path = folder.0.join(name);
    fs::write(&path, contents).unwrap();
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
