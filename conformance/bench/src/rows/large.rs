// SPDX-License-Identifier: MIT OR Apache-2.0
//! What 10 MB of argument cost as a list of bytes (a value for each byte in the host) and as a text.

use super::call::Echo;
use crate::Context;
use crate::http::{Connection, post};
use crate::measure::{median, milliseconds, time_each};
use crate::server::{Plan, Running};
use crate::table::{Line, Table};
use anyhow::Result;
use serde_json::{Value, json};
use wasmtime::component::Val;

/// The argument.
const BYTES: usize = 10_000_000;
/// As much as the host takes as single values in one call over HTTP.
const BYTES_AS_VALUES: usize = 990_000;

/// Measures it.
pub(crate) async fn measure(context: &Context, table: &mut Table) -> Result<()> {
    in_process(context, table).await?;
    over_http(context, table).await
}

async fn in_process(context: &Context, table: &mut Table) -> Result<()> {
    let echo = Echo::open(&context.scratch.join("large"), &context.bundles.echo.directory).await?;
    let (mut bytes, mut texts) = (Vec::new(), Vec::new());
    for _ in 0..context.rounds {
        bytes.push(milliseconds(echo.call("count", Val::List(vec![Val::U8(b'a'); BYTES])).await?));
        texts.push(milliseconds(echo.call("measure", Val::String("a".repeat(BYTES))).await?));
    }
    for (what, times) in [("list<u8>", bytes), ("text", texts)] {
        let what = format!("an argument of 10 MB as {what}; in process");
        table.add(Line { what, measured: median(times), unit: "ms", ..Line::default() });
    }
    Ok(())
}

async fn over_http(context: &Context, table: &mut Table) -> Result<()> {
    let plan = Plan::new(context.scratch.join("large-http"), vec![context.bundles.echo.directory.clone()]);
    let mut server = Running::start(plan).await?;
    let token = server.add_tenant().await?;
    let mut connection = Connection::open(server.ready.address).await?;
    let request =
        |function: &str, body: Value| post(&format!("/api/echo/v1/echo/{function}"), &token, &body.to_string());
    for (what, request) in [
        // "AAAA" is three bytes in base64.
        ("0.99 MB as list<u8> (base64)", request("count", json!({"bytes": "AAAA".repeat(BYTES_AS_VALUES / 3)}))),
        ("0.99 MB as text", request("measure", json!({"text": "a".repeat(BYTES_AS_VALUES)}))),
        ("10 MB as text", request("measure", json!({"text": "a".repeat(BYTES)}))),
    ] {
        let times =
            time_each(context.rounds, async || connection.call(request.as_bytes()).await?.ok().map(drop)).await?;
        let what = format!("an argument of {what}; over HTTP");
        table.add(Line { what, measured: median(times), unit: "ms", ..Line::default() });
    }
    drop(connection);
    server.child.stop().await
}
