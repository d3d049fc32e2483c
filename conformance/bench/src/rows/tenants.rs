// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a tenant costs that enabled accounting, was used once, and is idle: by how much the resident memory of an empty host
//! grows with a thousand of them, read from the system after their connections were closed.
//!
//! That growth holds what the allocator keeps from the time when as many connections were open as may be. A second row says
//! what a thousand further tenants add, when that is there already. The first is held against the target.

use crate::Context;
use crate::http::{Connection, post};
use crate::ledger::CURRENCY;
use crate::process::Holds;
use crate::server::{Plan, Running};
use crate::table::{Line, Table, Target};
use anyhow::{Result, bail};
use serde_json::json;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Tenants between two looks: more than connections may be open.
pub(crate) const TENANTS: u32 = 1_000;
/// How many are made before progress is shown.
const STEP: u32 = 200;
/// How long the host may take to close what is idle: its own patience is 30 seconds.
const PATIENCE: Duration = Duration::from_secs(90);

/// Measures it.
pub(crate) async fn measure(context: &Context, table: &mut Table) -> Result<()> {
    let bundles = vec![context.bundles.accounting.directory.clone()];
    let plan = Plan::new(context.scratch.join("tenants"), bundles);
    // Compiling leaves memory behind that a host which was started later does not have.
    Running::start(plan.clone()).await?.child.stop().await?;
    let mut server = Running::start(plan).await?;
    let empty = server.child.holds()?;
    let mut making = Duration::ZERO;
    let busy = add(&mut server, 0..TENANTS, &mut making).await?;
    let first = idle(&server, empty.files).await?;
    add(&mut server, TENANTS..TENANTS.saturating_mul(2), &mut Duration::default()).await?;
    let second = idle(&server, empty.files).await?;
    server.child.stop().await?;
    let each_kb = |before: &Holds, after: &Holds| (megabytes(after) - megabytes(before)) * 1e3 / f64::from(TENANTS);
    table.add(Line {
        what: "memory of an idle tenant with accounting enabled (resident, an empty host and 1,000)".to_owned(),
        measured: each_kb(&empty, &first),
        unit: "kB",
        target: Some(Target::AtMost(100.0)),
        note: format!(
            "host empty {:.0} MB, busy {:.0} MB ({} files), idle {:.0} MB ({} files)",
            megabytes(&empty),
            megabytes(&busy),
            busy.files,
            megabytes(&first),
            first.files
        ),
        ..Line::default()
    });
    table.add(Line {
        what: "  each of 1,000 further tenants".to_owned(),
        measured: each_kb(&first, &second),
        unit: "kB",
        note: format!("host idle {:.0} MB", megabytes(&second)),
        ..Line::default()
    });
    table.add(Line {
        what: "  making a tenant and enabling accounting, mean of 1,000".to_owned(),
        measured: making.as_secs_f64() * 1e3 / f64::from(TENANTS),
        unit: "ms",
        ..Line::default()
    });
    Ok(())
}

/// What a process holds, in MB.
pub(crate) fn megabytes(holds: &Holds) -> f64 {
    holds.resident_kb as f64 * 1.024 / 1e3
}

/// Makes tenants, and lets each be used once; returns what the host holds then. Adds the time that making them took.
pub(crate) async fn add(server: &mut Running, numbers: Range<u32>, making: &mut Duration) -> Result<Holds> {
    let body = json!({"setup": {"functional_currency": CURRENCY, "template": "services", "journals": []}}).to_string();
    for first in numbers.clone().step_by(usize::try_from(STEP)?) {
        let count = STEP.min(numbers.end.saturating_sub(first));
        let begin = Instant::now();
        let tokens = server.add_tenants(first, count).await?;
        *making += begin.elapsed();
        // The host closes a connection that was idle for as long as making tenants may take.
        let mut connection = Connection::open(server.ready.address).await?;
        for token in tokens {
            let request = post("/api/accounting/v1/settings/initialise", &token, &body);
            connection.call(request.as_bytes()).await?.ok()?;
        }
        let holds = server.child.holds()?;
        let (made, resident_mb) = (first.saturating_add(count), holds.resident_kb / 1_000);
        crate::say(&format!("  {made} tenants, {} files open, {resident_mb} MB resident", holds.files));
    }
    server.child.holds()
}

/// Waits until the host has closed the databases; returns what it holds then.
async fn idle(server: &Running, files: u64) -> Result<Holds> {
    let begin = Instant::now();
    loop {
        let holds = server.child.holds()?;
        if holds.files <= files.saturating_add(2) {
            return Ok(holds);
        }
        if begin.elapsed() > PATIENCE {
            bail!("the host keeps {} files open", holds.files);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
