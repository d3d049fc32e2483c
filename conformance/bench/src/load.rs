// SPDX-License-Identifier: MIT OR Apache-2.0
//! The load generator: some connections, each of which sends the next request when the last was answered. One thread.

use crate::child::Child;
use crate::http::Connection;
use crate::measure::{microseconds, percentile};
use crate::role::Role;
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::{JoinSet, LocalSet};

/// What load is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Where the server listens.
    pub(crate) address: SocketAddr,
    /// How many connections.
    pub(crate) connections: usize,
    /// How long.
    pub(crate) time: Duration,
    /// The texts of the requests, sent in turn.
    pub(crate) requests: Vec<String>,
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Requests answered, all of them ok.
    pub(crate) requests: f64,
    /// From the first request to the last answer, in seconds.
    pub(crate) seconds: f64,
    /// Half of the answers took no longer, in microseconds.
    pub(crate) p50_us: f64,
    /// All but five in a hundred took no longer, in microseconds.
    pub(crate) p95_us: f64,
    /// All but one in a hundred took no longer, in microseconds.
    pub(crate) p99_us: f64,
}

/// What a server did under a load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served {
    /// What came of it.
    pub(crate) outcome: Outcome,
    /// The processor time of the server for each request, in microseconds.
    pub(crate) cpu_us: f64,
}

impl Served {
    /// Requests per second.
    pub(crate) fn rate(&self) -> f64 {
        self.outcome.requests / self.outcome.seconds
    }
}

impl Plan {
    /// The same with another number of connections.
    pub(crate) fn over(&self, connections: usize) -> Self {
        Self { connections, ..self.clone() }
    }

    /// Makes this load in a process of its own, and reads what it cost the server.
    pub(crate) async fn put_on(&self, server: &Child) -> Result<Served> {
        let before = server.cpu()?;
        let (process, outcome) = Child::start::<Outcome>(&Role::Load(self.clone())).await?;
        let used = server.cpu()?.saturating_sub(before);
        process.stop().await?;
        let cpu_us = microseconds(used) / outcome.requests;
        Ok(Served { outcome, cpu_us })
    }
}

/// Makes the load.
pub(crate) fn run(plan: Plan) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, generate(plan))
}

async fn generate(plan: Plan) -> Result<Outcome> {
    if plan.requests.is_empty() {
        bail!("a load needs a request");
    }
    let requests: Rc<[String]> = plan.requests.into();
    let mut opened = Vec::with_capacity(plan.connections);
    for _ in 0..plan.connections {
        opened.push(Connection::open(plan.address).await?);
    }
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for (index, connection) in opened.into_iter().enumerate() {
        // Each begins at another place, so that they do not send the same at the same time.
        let first = requests.len().saturating_mul(index) / plan.connections.max(1);
        tasks.spawn_local(converse(connection, Rc::clone(&requests), first, begin, plan.time));
    }
    let mut times: Vec<f64> = Vec::new();
    for result in tasks.join_all().await {
        times.extend(result?);
    }
    let seconds = begin.elapsed().as_secs_f64();
    let requests = times.len() as f64;
    let [p50_us, p95_us, p99_us] = [50, 95, 99].map(|percent| percentile(&mut times, percent));
    Ok(Outcome { requests, seconds, p50_us, p95_us, p99_us })
}

async fn converse(
    mut connection: Connection,
    requests: Rc<[String]>,
    first: usize,
    begin: Instant,
    time: Duration,
) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(1 << 16);
    for request in requests.iter().cycle().skip(first) {
        let sent = Instant::now();
        if sent.duration_since(begin) >= time {
            break;
        }
        connection.call(request.as_bytes()).await?.ok()?;
        times.push(microseconds(sent.elapsed()));
    }
    Ok(times)
}
