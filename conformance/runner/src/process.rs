// SPDX-License-Identifier: MIT OR Apache-2.0
//! A host in a process of its own, which can be killed.

use crate::backend::Backend;
use crate::bundles::bundle;
use crate::client::Client;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running `conformance-host`; it is killed when dropped.
pub struct Process {
    child: Child,
    /// A client of its tenant `test`.
    pub client: Client,
}

impl Process {
    /// The command that starts the program, for a test that does not wait for it.
    #[must_use]
    pub fn command(program: impl AsRef<OsStr>, backend: &Backend, directory: &Path, components: &[&str]) -> Command {
        crate::share_code(directory);
        let mut command = Command::new(program);
        command
            .arg(directory)
            .arg(backend.url().unwrap_or_default())
            .args(components.iter().map(|component| bundle(component)));
        command
    }

    /// Starts the program on a directory and a back end, with components of the checkout, and waits until it answers.
    #[must_use]
    pub fn start(program: impl AsRef<OsStr>, backend: &Backend, directory: &Path, components: &[&str]) -> Self {
        let mut command = Self::command(program, backend, directory, components);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let out = child.stdout.take().expect("its output is piped");
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).expect("it says where it is");
        let (url, token) = line.trim_end().split_once(' ').expect("it starts: its error is above");
        Self { client: Client::new(url, token), child }
    }

    /// Ends it at once, as a power cut ends it for everything but the disk.
    pub fn kill(&mut self) {
        self.child.kill().expect("it was running");
        self.child.wait().expect("it has ended");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
