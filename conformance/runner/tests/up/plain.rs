// SPDX-License-Identifier: MIT OR Apache-2.0
//! A host without a demonstration, and what it wrote to standard error.

use conformance::program::command;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

/// A running `cortex up`; killed when dropped.
pub(crate) struct Plain {
    child: Child,
    errors: Option<JoinHandle<String>>,
    pub(crate) url: String,
}

impl Plain {
    /// Starts it and waits until it listens.
    pub(crate) fn start(directory: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut command = command(directory, arguments);
        let command = command.envs(environment.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut stderr = child.stderr.take().expect("piped");
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("text");
            text
        });
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let url = lines.filter_map(|line| line.strip_prefix("listening at ").map(str::to_owned)).next();
        let Some(url) = url else {
            let _ = child.wait();
            panic!("it ended before it was ready: {}", errors.join().expect("text"));
        };
        Self { child, errors: Some(errors), url }
    }

    /// Asks it to end; returns its status and all that it wrote to standard error.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(asked.success());
        let code = self.child.wait().expect("it has ended").code();
        (code, self.errors.take().expect("once").join().expect("text"))
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
