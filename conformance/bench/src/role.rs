// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a process that this binary started again does. Servers answer where they listen, and serve until their input ends.

use crate::{baseline, load, server};
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::io::{BufRead as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::runtime::Runtime;

/// A role.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Role {
    /// The host, with components.
    Host(server::Plan),
    /// The handler by hand that does nothing.
    Echo,
    /// The ledger by hand, on sqlx, in a database file.
    Sqlx(PathBuf),
    /// The ledger by hand, on rusqlite, in a database file.
    Rusqlite(PathBuf),
    /// The load generator.
    Load(load::Plan),
}

/// Where a server by hand listens.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Listening {
    /// The address.
    pub(crate) address: SocketAddr,
}

/// Plays the role that standard input names.
pub(crate) fn play(runtime: &Runtime) -> Result<()> {
    match read().context("no role was given")?.context("no role was given")? {
        Role::Host(plan) => server::serve(runtime, &plan),
        Role::Echo => baseline::echo::serve(runtime),
        Role::Sqlx(file) => baseline::serve(runtime, || baseline::with_sqlx::start(&file)),
        Role::Rusqlite(file) => baseline::serve(runtime, || async { baseline::with_rusqlite::start(&file) }),
        Role::Load(plan) => answer(&load::run(plan)?),
    }
}

/// The next line; none where the input has ended.
pub(crate) fn read<T: serde::de::DeserializeOwned>() -> Result<Option<T>> {
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line)? {
        0 => Ok(None),
        _ => Ok(Some(serde_json::from_str(&line)?)),
    }
}

/// Answers with a line.
pub(crate) fn answer(value: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    let mut output = std::io::stdout().lock();
    output.write_all(&line)?;
    output.flush()?;
    Ok(())
}

/// Waits until the input ends.
pub(crate) fn wait_for_end() -> Result<()> {
    while read::<serde_json::Value>()?.is_some() {}
    Ok(())
}
