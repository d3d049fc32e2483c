// SPDX-License-Identifier: MIT OR Apache-2.0
//! Single entries posted over HTTP on PostgreSQL, by the whole host, beside pgbench with the statements that one post sends:
//! the same tables in the same database, rounds in turn. One tenant: all clients meet at the counter of its numbers.

use crate::Context;
use crate::http::Connection;
use crate::ledger;
use crate::load::{Plan, Served};
use crate::measure::median;
use crate::pgbench::{Outcome, Script};
use crate::server::{self, Running};
use crate::table::{Line, Table, Target};
use crate::wire::Proxy;
use anyhow::Result;
use sqlx::{Connection as _, Executor as _};

/// Different entries that a load sends in turn.
const ENTRIES: u64 = 4_096;
/// Posts that are listened to; pgbench picks its values from them.
const HEARD: u64 = 64;
/// Clients at a time, and the ratio that is to be reached.
const CLIENTS: [(usize, f64); 3] = [(1, 0.8), (16, 0.5), (64, 0.5)];

/// Measures it.
pub(crate) async fn measure(context: &Context, table: &mut Table) -> Result<()> {
    let Some(database) = services::postgres("bench: posts on PostgreSQL") else { return Ok(()) };
    let bundles = vec![context.bundles.accounting.directory.clone()];
    let directory = context.scratch.join("post-postgres");
    let plan = server::Plan { database: Some(database.url.clone()), ..server::Plan::new(directory, bundles) };
    let (token, script) = listen(&plan).await?;
    let cortex = Running::start(plan).await?;
    let requests = ledger::posts(&token, 0..ENTRIES);
    let load = Plan { address: cortex.ready.address, connections: 1, time: context.round, requests };
    let file = context.scratch.join("post.pgbench");
    // Both warm up; then the server's planner knows the tables.
    for clients in [16, 1] {
        load.over(clients).put_on(&cortex.child).await?;
        script.run(&database.url, &file, clients, context.round).await?;
    }
    let mut connection = sqlx::PgConnection::connect(&database.url).await?;
    connection.execute("ANALYZE").await?;
    for (clients, target) in CLIENTS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..context.rounds {
            theirs.push(script.run(&database.url, &file, clients, context.round).await?);
            ours.push(load.over(clients).put_on(&cortex.child).await?);
        }
        add(table, clients, target, &ours, &theirs);
    }
    table.add(Line {
        what: "  round trips to the database for each post on PostgreSQL".to_owned(),
        measured: script.round_trips as f64,
        note: format!("{} statements of the component among them", script.statements),
        ..Line::default()
    });
    connection.close().await?;
    cortex.child.stop().await
}

/// Sets the books up and listens to some posts; returns the tenant's token and the script.
async fn listen(plan: &server::Plan) -> Result<(String, Script)> {
    let proxy = Proxy::start(plan.database.as_deref().unwrap_or_default()).await?;
    let mut cortex = Running::start(server::Plan { database: Some(proxy.url.clone()), ..plan.clone() }).await?;
    let (token, address) = (cortex.add_tenant().await?, cortex.ready.address);
    ledger::set_up(address, &token).await?;
    let mut connection = Connection::open(address).await?;
    // The first posts prepare the statements.
    for (number, request) in ledger::posts(&token, 0..HEARD * 2).iter().enumerate() {
        if number == usize::try_from(HEARD)? {
            proxy.take();
        }
        connection.call(request.as_bytes()).await?.ok()?;
    }
    let script = Script::of(proxy.take())?;
    drop(connection);
    cortex.child.stop().await?;
    Ok((token, script))
}

fn add(table: &mut Table, clients: usize, target: f64, ours: &[Served], theirs: &[Outcome]) {
    let plural = if clients == 1 { "client" } else { "clients" };
    let of = |value: fn(&Served) -> f64| median(ours.iter().map(value));
    let retried = median(theirs.iter().map(|outcome| outcome.retried_percent));
    table.add(Line {
        what: format!("HTTP post of an entry on PostgreSQL, {clients} {plural}, beside pgbench"),
        measured: of(Served::rate),
        unit: "/s",
        baseline: Some(median(theirs.iter().map(|outcome| outcome.rate))),
        target: Some(Target::RatioAtLeast(target)),
        note: format!("pgbench ran {retried:.0} % again"),
    });
    table.add(Line {
        what: format!("  p95 of posts on PostgreSQL, {clients} {plural}"),
        measured: of(|served| served.outcome.p95_us / 1e3),
        unit: "ms",
        target: (clients == 64).then_some(Target::AtMost(100.0)),
        note: format!("p50 {:.1} ms, p99 {:.1} ms", of(|s| s.outcome.p50_us / 1e3), of(|s| s.outcome.p99_us / 1e3)),
        ..Line::default()
    });
    table.add(Line {
        what: format!("  CPU of the host for each post on PostgreSQL, {clients} {plural}"),
        measured: of(|served| served.cpu_us / 1e3),
        unit: "ms",
        ..Line::default()
    });
}
