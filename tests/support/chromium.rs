//! Has Chromium look at a page, without a window.
//!
//! `CROCHET_CHROMIUM=1` in the environment makes it an error that there is none. The gate sets
//! that, and installs Chromium; elsewhere tests say that they were skipped.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::child_output;

const SIZE: (u32, u32) = (800, 600);

/// A Chromium to ask.
pub(crate) struct Chromium {
    program: PathBuf,
    blank: Vec<u8>,
}

impl Chromium {
    /// Finds one on the path. If there is none, the test is to end.
    #[track_caller]
    pub(crate) fn find() -> Option<Self> {
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let path = env::var_os("PATH").unwrap_or_default();
        let program = env::split_paths(&path)
            .flat_map(|directory| names.map(|name| directory.join(name)))
            .find(|program| program.is_file());
        let Some(program) = program else {
            assert!(
                env::var_os("CROCHET_CHROMIUM").is_none(),
                "there is no Chromium, and CROCHET_CHROMIUM says there must be"
            );
            // Not `eprintln!`, which the test harness keeps to itself.
            let _ =
                writeln!(io::stderr(), "skipped: there is no Chromium to look at the pages with");
            return None;
        };
        let mut chromium = Self { program, blank: Vec::new() };
        chromium.blank = chromium.shot("about:blank", 0);
        Some(chromium)
    }

    /// Makes a picture of a page after `time` of the page's own clock, in milliseconds, in which it
    /// may refresh itself; panics if there is nothing in it. It stays in Cargo's directory for what
    /// tests leave behind.
    #[track_caller]
    pub(crate) fn look(&self, name: &str, url: &str, time: u32) {
        let png = self.shot(url, time);
        fs::write(directory().join(format!("{name}.png")), &png).unwrap();
        assert_eq!(png[..8], *b"\x89PNG\r\n\x1a\n", "{name}");
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!((number(16), number(20)), SIZE, "{name}");
        // Compressed, one colour is next to nothing.
        assert!(png.len() > 2 * self.blank.len(), "{name} is blank: {} bytes", png.len());
    }

    /// Reads what is in a page by then, in Chromium's own words. A page that refreshes itself for
    /// ever has no such time but 0.
    #[track_caller]
    pub(crate) fn read(&self, url: &str, time: u32) -> String {
        let output = self.run(&["--dump-dom"], url, time);
        String::from_utf8(output).unwrap()
    }

    /// Looks at a copy of a page, for one that will be another when it is asked for again.
    #[track_caller]
    pub(crate) fn look_at(&self, name: &str, html: &str) {
        let file = directory().join(format!("{name}.html"));
        fs::write(&file, html).unwrap();
        self.look(name, &format!("file://{}", file.display()), 0);
    }

    #[track_caller]
    fn shot(&self, url: &str, time: u32) -> Vec<u8> {
        let file = unused("png");
        self.run(&[&format!("--screenshot={}", file.display())], url, time);
        let png = fs::read(&file).unwrap();
        fs::remove_file(file).unwrap();
        png
    }

    #[track_caller]
    fn run(&self, args: &[&str], url: &str, time: u32) -> Vec<u8> {
        let profile = unused("profile");
        let mut command = Command::new(&self.program);
        // The sandbox does not work for root, nor in most containers; the pages are our own.
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
        command.args(["--hide-scrollbars", "--no-first-run", "--disable-background-networking"]);
        command.arg(format!("--window-size={},{}", SIZE.0, SIZE.1));
        command.arg(format!("--user-data-dir={}", profile.display()));
        if time > 0 {
            command.arg(format!("--virtual-time-budget={time}"));
        }
        let output = child_output(command.args(args).arg(url));
        let _ = fs::remove_dir_all(profile);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "Chromium: {}\n{stderr}", output.status);
        output.stdout
    }
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// A path that no other test has.
fn unused(extension: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    directory().join(format!("chromium-{}-{count}.{extension}", std::process::id()))
}
