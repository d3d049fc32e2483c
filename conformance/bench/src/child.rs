// SPDX-License-Identifier: MIT OR Apache-2.0
//! A process of its own for a server or the load generator: this binary, started again with a role. The role comes as one
//! line of JSON on its standard input; answers come as lines of JSON on its standard output; it ends when its input ends.

use crate::process::{self, Holds};
use crate::role::Role;
use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout, Command};

/// The argument that makes this binary play a role.
pub(crate) const ROLE: &str = "play-role";

/// A running process.
pub(crate) struct Child {
    process: tokio::process::Child,
    id: u32,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts a process in a role, and waits for what it answers first.
    pub(crate) async fn start<R: DeserializeOwned>(role: &Role) -> Result<(Self, R)> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(ROLE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let id = process.id().context("the process ended at once")?;
        let input = process.stdin.take().context("no standard input")?;
        let output = BufReader::new(process.stdout.take().context("no standard output")?).lines();
        let mut child = Self { process, id, input, output };
        let answer = child.ask(role).await?;
        Ok((child, answer))
    }

    /// Sends a line and waits for its answer.
    pub(crate) async fn ask<R: DeserializeOwned>(&mut self, question: &impl Serialize) -> Result<R> {
        let mut line = serde_json::to_vec(question)?;
        line.push(b'\n');
        self.input.write_all(&line).await?;
        self.input.flush().await?;
        let Some(answer) = self.output.next_line().await? else { bail!("a process ended without an answer") };
        Ok(serde_json::from_str(&answer)?)
    }

    /// The processor time that it has used.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        process::cpu(self.id)
    }

    /// What it holds.
    pub(crate) fn holds(&self) -> Result<Holds> {
        process::holds(self.id)
    }

    /// Ends it.
    pub(crate) async fn stop(mut self) -> Result<()> {
        drop(self.input);
        let status = self.process.wait().await?;
        if !status.success() {
            bail!("a process ended with {status}");
        }
        Ok(())
    }
}
