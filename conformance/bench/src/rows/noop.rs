// SPDX-License-Identifier: MIT OR Apache-2.0
//! What Cortex adds to a request over HTTP: an operation that does nothing, beside the same by hand in axum.

use crate::Context;
use crate::baseline::echo::PATH;
use crate::child::Child;
use crate::http::post;
use crate::load::{Plan, Served};
use crate::measure::median;
use crate::role::{Listening, Role};
use crate::server::{self, Running};
use crate::table::{Line, Table, Target};
use anyhow::Result;

/// How many connections.
const CONNECTIONS: [usize; 2] = [16, 64];

/// Measures it.
pub(crate) async fn measure(context: &Context, table: &mut Table) -> Result<()> {
    let plan = server::Plan::new(context.scratch.join("noop"), vec![context.bundles.echo.directory.clone()]);
    let mut cortex = Running::start(plan).await?;
    let token = cortex.add_tenant().await?;
    let (by_hand, listening) = Child::start::<Listening>(&Role::Echo).await?;
    let requests = vec![post(PATH, &token, r#"{"text":"a text of some length"}"#)];
    let load = |address| Plan { address, connections: 16, time: context.round, requests: requests.clone() };
    let (to_cortex, to_hand) = (load(cortex.ready.address), load(listening.address));
    for (plan, server) in [(&to_cortex, &cortex.child), (&to_hand, &by_hand)] {
        plan.put_on(server).await?;
    }
    for connections in CONNECTIONS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..context.rounds {
            theirs.push(to_hand.over(connections).put_on(&by_hand).await?);
            ours.push(to_cortex.over(connections).put_on(&cortex.child).await?);
        }
        add(table, connections, &ours, &theirs);
    }
    cortex.child.stop().await?;
    by_hand.stop().await
}

fn add(table: &mut Table, connections: usize, ours: &[Served], theirs: &[Served]) {
    let of = |served: &[Served], value: fn(&Served) -> f64| median(served.iter().map(value));
    let p99 = |served: &[Served]| of(served, |served| served.outcome.p99_us);
    table.add(Line {
        what: format!("HTTP no-op beside axum by hand, {connections} connections"),
        measured: of(ours, Served::rate),
        unit: "/s",
        baseline: Some(of(theirs, Served::rate)),
        target: Some(Target::RatioAtLeast(0.7)),
        note: format!("p99 {:.0} us, by hand {:.0} us", p99(ours), p99(theirs)),
    });
    table.add(Line {
        what: format!("  the server's CPU for each request, {connections} connections"),
        measured: of(ours, |served| served.cpu_us),
        unit: "us",
        baseline: Some(of(theirs, |served| served.cpu_us)),
        ..Line::default()
    });
}
