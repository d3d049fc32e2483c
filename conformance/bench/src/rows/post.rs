// SPDX-License-Identifier: MIT OR Apache-2.0
//! Single entries posted over HTTP, durable: beside the same statements by hand on sqlx and on rusqlite.

use crate::Context;
use crate::child::Child;
use crate::ledger;
use crate::load::{Plan, Served};
use crate::measure::median;
use crate::role::{Listening, Role};
use crate::server::{self, Running};
use crate::table::{Line, Table, Target};
use anyhow::Result;

/// Different entries that a load sends in turn.
const ENTRIES: u64 = 4_096;
/// Clients at a time.
const CLIENTS: usize = 64;

/// The three ledgers, and the load on each.
struct Ledgers {
    cortex: (Child, Plan),
    sqlx: (Child, Plan),
    rusqlite: (Child, Plan),
}

impl Ledgers {
    async fn start(context: &Context) -> Result<Self> {
        let directory = context.scratch.join("post");
        let bundles = vec![context.bundles.accounting.directory.clone()];
        let mut cortex = Running::start(server::Plan::new(directory.clone(), bundles)).await?;
        let (token, address) = (cortex.add_tenant().await?, cortex.ready.address);
        ledger::set_up(address, &token).await?;
        let (sqlx, at_sqlx) = Child::start::<Listening>(&Role::Sqlx(directory.join("by-hand-sqlx.sqlite"))).await?;
        let (rusqlite, at_rusqlite) =
            Child::start::<Listening>(&Role::Rusqlite(directory.join("by-hand-rusqlite.sqlite"))).await?;
        let requests = ledger::posts(&token, 0..ENTRIES);
        let load = |address| Plan { address, connections: CLIENTS, time: context.round, requests: requests.clone() };
        Ok(Self {
            cortex: (cortex.child, load(address)),
            sqlx: (sqlx, load(at_sqlx.address)),
            rusqlite: (rusqlite, load(at_rusqlite.address)),
        })
    }

    /// A round of each, one after another.
    async fn round(&self, clients: usize) -> Result<[Served; 3]> {
        let [sqlx, cortex, rusqlite] = [&self.sqlx, &self.cortex, &self.rusqlite];
        Ok([
            sqlx.1.over(clients).put_on(&sqlx.0).await?,
            cortex.1.over(clients).put_on(&cortex.0).await?,
            rusqlite.1.over(clients).put_on(&rusqlite.0).await?,
        ])
    }

    async fn stop(self) -> Result<()> {
        self.cortex.0.stop().await?;
        self.sqlx.0.stop().await?;
        self.rusqlite.0.stop().await
    }
}

/// Measures it.
pub(crate) async fn measure(context: &Context, table: &mut Table) -> Result<()> {
    let ledgers = Ledgers::start(context).await?;
    ledgers.round(CLIENTS).await?;
    for clients in [CLIENTS, 1] {
        let mut rounds = Vec::new();
        for _ in 0..context.rounds {
            rounds.push(ledgers.round(clients).await?);
        }
        add(table, clients, &rounds);
    }
    ledgers.stop().await
}

fn add(table: &mut Table, clients: usize, rounds: &[[Served; 3]]) {
    let plural = if clients == 1 { "client" } else { "clients" };
    let many = clients == CLIENTS;
    let of = |value: fn(&Served) -> f64| {
        let place = |index: usize| median(rounds.iter().filter_map(|round| round.get(index)).map(value));
        [place(0), place(1), place(2)]
    };
    let [sqlx, cortex, rusqlite] = of(Served::rate);
    let [p99_sqlx, p99_cortex, p99_rusqlite] = of(|served| served.outcome.p99_us / 1e3);
    table.add(Line {
        what: format!("HTTP post of an entry, durable, {clients} {plural}, beside axum and sqlx by hand"),
        measured: cortex,
        unit: "/s",
        baseline: Some(sqlx),
        target: many.then_some(Target::RatioAtLeast(0.5)),
        note: format!("p99 {p99_cortex:.1} ms, by hand {p99_sqlx:.1} ms"),
    });
    table.add(Line {
        what: format!("  beside axum and rusqlite by hand, {clients} {plural}"),
        measured: cortex,
        unit: "/s",
        baseline: Some(rusqlite),
        note: format!("p99 by hand {p99_rusqlite:.1} ms"),
        ..Line::default()
    });
    let [sqlx, cortex, rusqlite] = of(|served| served.cpu_us / 1e3);
    table.add(Line {
        what: format!("CPU of the host for each posted entry, {clients} {plural}, beside sqlx by hand"),
        measured: cortex,
        unit: "ms",
        baseline: Some(sqlx),
        target: many.then_some(Target::AtMost(0.6)),
        note: format!("rusqlite by hand {rusqlite:.3} ms"),
    });
}
