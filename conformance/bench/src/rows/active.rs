// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two hundred active tenants on the embedded store: what it costs that fewer connections may be open than are used. Posts go to
//! the tenants in turn, so that the one whose connection was closed longest ago comes next: the worst order there is.

use crate::Context;
use crate::ledger;
use crate::load;
use crate::measure::median;
use crate::server::{Plan, Running};
use crate::table::{Line, Table};
use anyhow::Result;

/// Tenants.
const TENANTS: u32 = 200;
/// Posts to each before the load begins anew.
const POSTS: u64 = 8;
/// Clients at a time.
const CLIENTS: usize = 16;
/// As many connections as every tenant here may have open.
const PLENTY: usize = 512;

/// Measures it.
pub(crate) async fn measure(context: &Context, table: &mut Table) -> Result<()> {
    let (few, few_load) = start(context, "active", None).await?;
    let (plenty, plenty_load) = start(context, "active-plenty", Some(PLENTY)).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=context.rounds {
        let (one, other) = (few_load.put_on(&few.child).await?, plenty_load.put_on(&plenty.child).await?);
        // The first round warms up.
        if round > 0 {
            ours.push(one);
            theirs.push(other);
        }
    }
    let of = |served: &[load::Served], value: fn(&load::Served) -> f64| median(served.iter().map(value));
    table.add(Line {
        what: format!("posts to {TENANTS} tenants in turn, {CLIENTS} clients, beside {PLENTY} connections"),
        measured: of(&ours, load::Served::rate),
        unit: "/s",
        baseline: Some(of(&theirs, load::Served::rate)),
        note: format!(
            "p95 {:.1} ms, beside {:.1} ms",
            of(&ours, |served| served.outcome.p95_us) / 1e3,
            of(&theirs, |served| served.outcome.p95_us) / 1e3
        ),
        ..Line::default()
    });
    few.child.stop().await?;
    plenty.child.stop().await
}

async fn start(context: &Context, folder: &str, connections: Option<usize>) -> Result<(Running, load::Plan)> {
    let bundles = vec![context.bundles.accounting.directory.clone()];
    let plan = Plan { connections, ..Plan::new(context.scratch.join(folder), bundles) };
    let mut server = Running::start(plan).await?;
    let tokens = server.add_tenants(0, TENANTS).await?;
    let address = server.ready.address;
    for token in &tokens {
        ledger::set_up(address, token).await?;
    }
    let requests = (0..POSTS)
        .flat_map(|number| tokens.iter().flat_map(move |token| ledger::posts(token, number..number.saturating_add(1))))
        .collect();
    Ok((server, load::Plan { address, connections: CLIENTS, time: context.round, requests }))
}
