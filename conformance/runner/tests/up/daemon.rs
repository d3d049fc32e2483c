// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program as a daemon: what it printed when it was ready, and how it ends.

#![allow(dead_code, reason = "shared by tests, each uses a part")]

use conformance::client::Client;
use conformance::program::command;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What it printed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Printed {
    pub(crate) url: String,
    pub(crate) token: String,
    /// The lines to paste.
    pub(crate) curl: Vec<String>,
}

/// A running `cortex up --demo`; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) printed: Printed,
    pub(crate) client: Client,
}

impl Daemon {
    /// Starts it and waits until it is ready.
    pub(crate) fn start(directory: &Path, arguments: &[&str]) -> Self {
        conformance::share_code(directory);
        let mut child = command(directory, arguments).stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut printed = Printed::default();
        for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
            let line = line.expect("text");
            let line = line.trim();
            if let Some(rest) = line.strip_prefix("Cortex answers at ") {
                printed.url = rest.split(' ').next().unwrap_or_default().to_owned();
            } else if let Some((_, token)) =
                line.strip_prefix("token of tenant ").and_then(|rest| rest.split_once(": "))
            {
                printed.token = token.to_owned();
            } else if line.starts_with("curl ") {
                printed.curl.push(line.to_owned());
            } else if line.starts_with("Press Ctrl-C") {
                break;
            }
        }
        assert!(!printed.url.is_empty() && !printed.token.is_empty(), "it ended before it was ready: {printed:?}");
        let client = Client::new(&printed.url, &printed.token);
        Self { child, printed, client }
    }

    /// Today as the host sees it, by the request of a report that is as of today.
    pub(crate) fn today(&self) -> String {
        let report = self.client.get_now("/api/accounting/v1/reports/trial-balance").expect("an answer").ok();
        report["to_date"].as_str().expect("a date").to_owned()
    }

    /// Asks it to end, and returns its status.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(asked.success());
        self.child.wait().expect("it has ended").code()
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it was running");
        self.child.wait().expect("it has ended");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
