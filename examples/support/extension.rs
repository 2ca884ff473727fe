//! Builds an extension module for Python with Cargo, and puts it where Python finds it.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Has Cargo build the library of the package at `manifest`, and copies it into `folder` under the
/// name that Python looks for.
pub(crate) fn build(manifest: &Path, name: &str, folder: &Path) -> io::Result<()> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--lib", "--message-format", "json-render-diagnostics"]);
    cargo.arg("--manifest-path").arg(manifest).stderr(Stdio::inherit());
    let output = cargo.output()?;
    if !output.status.success() {
        return Err(io::Error::other("cargo could not build the extension module"));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let library = messages
        .split('"')
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .find(|path| path.file_stem().is_some_and(|stem| stem == library_name(name).as_str()))
        .ok_or_else(|| io::Error::other("cargo does not say where it put the extension module"))?;
    let module = if cfg!(windows) { format!("{name}.pyd") } else { format!("{name}.abi3.so") };
    fs::copy(library, folder.join(module)).map(drop)
}

fn library_name(name: &str) -> String {
    format!("{}{name}", env::consts::DLL_PREFIX)
}

/// A new folder, which is deleted with this.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        let folder = env::temp_dir().join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
