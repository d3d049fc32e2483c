// SPDX-License-Identifier: MIT OR Apache-2.0
//! A thousand entries in one call over HTTP, one client.

use crate::Context;
use crate::http::Connection;
use crate::ledger;
use crate::measure::{median, microseconds, time_each};
use crate::server::{Plan, Running};
use crate::table::{Line, Table, Target};
use anyhow::Result;

/// Entries of a call.
const ENTRIES: u64 = 1_000;
/// Calls of a round.
const CALLS: usize = 5;

/// Measures it.
pub(crate) async fn measure(context: &Context, table: &mut Table) -> Result<()> {
    on(context, table, "post-many", "", None).await?;
    let Some(database) = services::postgres("bench: post-many on PostgreSQL") else { return Ok(()) };
    on(context, table, "post-many-postgres", ", on PostgreSQL", Some(database.url.clone())).await
}

async fn on(context: &Context, table: &mut Table, folder: &str, place: &str, database: Option<String>) -> Result<()> {
    let bundles = vec![context.bundles.accounting.directory.clone()];
    let mut server = Running::start(Plan { database, ..Plan::new(context.scratch.join(folder), bundles) }).await?;
    let (token, address) = (server.add_tenant().await?, server.ready.address);
    ledger::set_up(address, &token).await?;
    let mut connection = Connection::open(address).await?;
    let (mut rates, mut cpu) = (Vec::new(), Vec::new());
    for round in 0..=context.rounds {
        let first = u64::try_from(round)?.saturating_mul(ENTRIES);
        let request = ledger::post_many(&token, first..first.saturating_add(ENTRIES));
        let before = server.child.cpu()?;
        let times = time_each(CALLS, async || connection.call(request.as_bytes()).await?.ok().map(drop)).await?;
        let used = server.child.cpu()?.saturating_sub(before);
        let entries = (ENTRIES as f64) * (times.len() as f64);
        rates.push(entries * 1e3 / times.iter().sum::<f64>());
        cpu.push(microseconds(used) / entries);
    }
    drop(connection);
    server.child.stop().await?;
    // The first round warms up.
    let of_rounds = |values: Vec<f64>| median(values.into_iter().skip(1));
    let note = format!("CPU {:.0} us for each entry", of_rounds(cpu));
    table.add(Line {
        what: format!("post-many of 1,000 entries of 3 lines, over HTTP{place}"),
        measured: of_rounds(rates),
        unit: "entries/s",
        target: Some(Target::AtLeast(3_000.0)),
        note,
        ..Line::default()
    });
    Ok(())
}
