// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs a command to its end: its standard error line by line to a listener, its standard output as a whole, a time limit
//! over both. It does not retry, and it gives a command no terminal and no input.

use crate::environment::Environment;
use anyhow::{Context as _, Result, bail};
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How much standard output is read: cargo's messages for one crate are some hundred kilobytes.
const STDOUT_BYTES_MAX: u64 = 64 << 20;
/// How many of the last lines of standard error an error shows: a compiler's first errors and their explanations.
const STDERR_LINES_MAX: usize = 200;
/// How long a line of standard error may be; what is longer is cut.
const LINE_BYTES_MAX: usize = 4096;

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Whether it reported success.
    pub(crate) success: bool,
    /// Its standard output.
    pub(crate) stdout: String,
    /// The last lines of its standard error.
    pub(crate) stderr: String,
}

/// A command that sees the environment's variables and no others.
pub(crate) fn command(program: &Path, environment: &Environment, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(environment.variables()).env("LC_ALL", "C").current_dir(directory);
    command
}

/// Runs the command. `line` hears each line of standard error as it comes.
pub(crate) fn run(mut command: Command, time_max: Duration, line: &mut dyn FnMut(&str)) -> Result<Outcome> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start `{name}`"))?;
    let stdout = child.stdout.take().context("no standard output")?;
    let stderr = child.stderr.take().context("no standard error")?;
    let output = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.take(STDOUT_BYTES_MAX).read_to_end(&mut bytes).map(|_| bytes)
    });
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for bytes in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            let bytes = bytes.get(..LINE_BYTES_MAX).unwrap_or(&bytes);
            if sender.send(String::from_utf8_lossy(bytes).trim_end().to_owned()).is_err() {
                break;
            }
        }
    });
    let stderr = follow(&mut child, &name, &lines, time_max, line)?;
    let status = child.wait().with_context(|| format!("cannot wait for `{name}`"))?;
    let Ok(stdout) = output.join() else { bail!("the output of `{name}` was lost") };
    let stdout = String::from_utf8_lossy(&stdout.with_context(|| format!("cannot read from `{name}`"))?).into_owned();
    Ok(Outcome { success: status.success(), stdout, stderr })
}

/// Passes the lines on until the command closes its standard error; ends the command when its time is over.
fn follow(
    child: &mut Child,
    name: &str,
    lines: &Receiver<String>,
    time_max: Duration,
    line: &mut dyn FnMut(&str),
) -> Result<String> {
    let deadline = Instant::now() + time_max;
    let mut last = VecDeque::new();
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(text) => {
                line(&text);
                if last.len() == STDERR_LINES_MAX {
                    last.pop_front();
                }
                last.push_back(text);
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(Vec::from(last).join("\n")),
            Err(RecvTimeoutError::Timeout) => {
                // Both can fail only where the command has ended by itself in this moment.
                let _ = child.kill();
                let _ = child.wait();
                bail!("`{name}` did not end within {} s", time_max.as_secs());
            }
        }
    }
}
