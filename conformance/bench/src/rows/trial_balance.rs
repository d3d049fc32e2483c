// SPDX-License-Identifier: MIT OR Apache-2.0
//! The trial balance of books with a million lines, 200 accounts and 24 periods. The books are filled through the component,
//! and kept under `target/bench-data` for later runs of the same component.

use crate::Context;
use crate::http::Connection;
use crate::ledger;
use crate::measure::{median, number, time_each};
use crate::server::{Plan, Running};
use crate::table::{Line, Table, Target};
use anyhow::{Result, bail};
use std::path::Path;
use std::time::Instant;

/// Lines of the books.
const LINES: u64 = 1_000_000;
/// Entries of a call while the books are filled.
const ENTRIES_AT_ONCE: u64 = 5_000;
/// Calls of a round.
const CALLS: usize = 20;
/// What is asked for: in the middle of the last month (months and days count), at the end of a year, one period.
const QUERIES: [(&str, &str); 3] = [
    ("as of a day", "as_of=2026-12-17"),
    ("at the end of a year", "as_of=2026-12-31"),
    ("of a period", "period=2026-07"),
];

/// Measures it.
pub(crate) async fn measure(context: &Context, table: &mut Table) -> Result<()> {
    let (server, token) = open(context).await?;
    let mut connection = Connection::open(server.ready.address).await?;
    for (what, query) in QUERIES {
        let request = ledger::trial_balance(&token, query);
        let bytes = connection.call(request.as_bytes()).await?.ok()?.len();
        let mut times = Vec::new();
        for _ in 0..context.rounds {
            let round = time_each(CALLS, async || connection.call(request.as_bytes()).await?.ok().map(drop)).await?;
            times.push(median(round));
        }
        table.add(Line {
            what: format!("trial balance over 1,000,000 lines, {what}, over HTTP"),
            measured: median(times),
            unit: "ms",
            target: Some(Target::AtMost(100.0)),
            note: format!("200 accounts, 24 periods; an answer of {} kB", bytes / 1_000),
            ..Line::default()
        });
    }
    drop(connection);
    server.child.stop().await
}

/// A host on filled books, and a token.
async fn open(context: &Context) -> Result<(Running, String)> {
    let digest = context.bundles.accounting.digest.to_string();
    let digest: String = digest.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    let directory = context.kept.join(format!("ledger-{digest}"));
    let filled = directory.join("filled");
    if directory.exists() && !filled.exists() {
        std::fs::remove_dir_all(&directory)?;
    }
    let bundles = vec![context.bundles.accounting.directory.clone()];
    let mut server = Running::start(Plan::new(directory, bundles)).await?;
    let token = match std::fs::read_to_string(&filled) {
        Ok(token) => token,
        Err(_) => fill(&mut server, &filled).await?,
    };
    Ok((server, token))
}

/// Fills the books, and notes the token when that is done.
async fn fill(server: &mut Running, note: &Path) -> Result<String> {
    let (token, address) = (server.add_tenant().await?, server.ready.address);
    ledger::set_up(address, &token).await?;
    let mut connection = Connection::open(address).await?;
    let (begin, entries) = (Instant::now(), LINES.div_ceil(ledger::LINES));
    let mut done = 0;
    while done < entries {
        let next = done.saturating_add(ENTRIES_AT_ONCE).min(entries);
        connection.call(ledger::post_many(&token, done..next).as_bytes()).await?.ok()?;
        done = next;
        if done.is_multiple_of(ENTRIES_AT_ONCE * 10) || done == entries {
            let rate = done as f64 / begin.elapsed().as_secs_f64();
            crate::say(&format!("  filled {done} of {entries} entries, {}/s", number(rate)));
        }
    }
    let lines = count(&mut connection, &token).await?;
    if lines == 0 {
        bail!("the filled books show no balances");
    }
    std::fs::write(note, &token)?;
    Ok(token)
}

/// Rows of the trial balance at the end.
async fn count(connection: &mut Connection, token: &str) -> Result<usize> {
    let request = ledger::trial_balance(token, "as_of=2026-12-31");
    let report: serde_json::Value = serde_json::from_slice(connection.call(request.as_bytes()).await?.ok()?)?;
    Ok(report.get("rows").and_then(serde_json::Value::as_array).map_or(0, Vec::len))
}
