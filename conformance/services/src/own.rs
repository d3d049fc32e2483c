// SPDX-License-Identifier: MIT OR Apache-2.0
//! A server for one test alone, which it may stop, start and freeze.

use crate::absent;
use crate::private::{NOBODY, as_user, is_root, programs};
use crate::server::Server;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to start.
const START_WAIT: Duration = Duration::from_secs(120);

/// A server with its files in a temporary folder, reached by a socket in it. It ends with the value.
pub struct OwnServer {
    /// Its database `postgres`.
    pub url: String,
    folder: tempfile::TempDir,
    programs: PathBuf,
    options: PgConnectOptions,
    process: Option<Child>,
}

impl OwnServer {
    /// Makes and starts one. `None`: its programs are not here, the test was counted as not run, and it should return.
    ///
    /// # Panics
    /// Where they are and it does not start, or where they are not and `CORTEX_REQUIRE_SERVICES` says that they must be.
    #[must_use]
    pub fn start(test: &str) -> Option<Self> {
        let Some(programs) = programs() else {
            absent::note(test, "a PostgreSQL server of its own", "`postgres` and `initdb` are not on PATH");
            return None;
        };
        let root = is_root();
        let folder = tempfile::Builder::new().prefix("cortex-own-").tempdir_in("/tmp").expect("a temporary folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).expect("it is ours");
        if root {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("root may");
        }
        let mut command = Command::new(programs.join("initdb"));
        command.args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"]);
        let made = as_user(command.arg(folder.path().join("data")), root).output().expect("initdb runs");
        assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        let options =
            PgConnectOptions::new_without_pgpass().socket(folder.path()).username("postgres").database("postgres");
        let url = options.to_url_lossy().to_string();
        let mut server = Self { url, folder, programs, options, process: None };
        server.go();
        Some(server)
    }

    /// Starts it, where it was stopped, and waits until it answers.
    ///
    /// # Panics
    /// Where it does not.
    pub fn go(&mut self) {
        let mut command = Command::new(self.programs.join("postgres"));
        command.arg("-D").arg(self.folder.path().join("data")).arg("-k").arg(self.folder.path());
        command.args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=40"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(as_user(&mut command, is_root()).spawn().expect("postgres starts"));
        let begin = Instant::now();
        while let Err(error) = Server::reach(self.options.clone()) {
            assert!(begin.elapsed() < START_WAIT, "the server does not answer: {error}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops it, ending every session (a fast shutdown), and waits until it has ended.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn stop(&mut self) {
        let mut process = self.process.take().expect("it runs");
        signal(process.id(), Signal::INT);
        process.wait().expect("it ends");
    }

    /// Freezes it with all its sessions: it takes connections, as the kernel does so for it, and answers nothing.
    pub fn freeze(&self) {
        // First the one that makes others.
        self.to_all(Signal::STOP);
    }

    /// Lets it go on where it was.
    pub fn thaw(&self) {
        self.to_all(Signal::CONT);
    }

    fn to_all(&self, what: Signal) {
        let Some(parent) = self.process.as_ref().map(Child::id) else { return };
        signal(parent, what);
        children(parent).into_iter().for_each(|child| signal(child, what));
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.thaw();
        if let Some(mut process) = self.process.take() {
            // An immediate shutdown: its files go with it.
            signal(process.id(), Signal::QUIT);
            let _ = process.wait();
        }
    }
}

fn signal(process: u32, what: Signal) {
    if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        let _ = kill_process(process, what);
    }
}

/// The processes that it has started: sessions and helpers.
fn children(parent: u32) -> Vec<u32> {
    let line = format!("PPid:\t{parent}");
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        status.lines().any(|found| found == line)
    })
    .collect()
}
