// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a thousand tenants cost on PostgreSQL: time to make one, memory of the host, connections and what each holds in the
//! server, and bytes of the database. Each tenant has accounting enabled and was used once.

use super::tenants::{TENANTS, add, megabytes};
use crate::Context;
use crate::process;
use crate::server::{Plan, Running};
use crate::table::{Line, Table};
use anyhow::Result;
use sqlx::{Connection as _, PgConnection};
use std::time::{Duration, Instant};

/// How long the host may take to give up connections that nobody uses: its own patience is a minute.
const PATIENCE: Duration = Duration::from_secs(150);

/// Bytes of the database, and of its catalogue in it.
const SIZES: &str = "SELECT pg_database_size(current_database()),
    (SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace),
    (SELECT count(*) FROM pg_class WHERE relnamespace <> 'pg_catalog'::regnamespace)";

/// The processes of the host's connections.
const CONNECTIONS: &str =
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'cortex'";

/// Measures it.
pub(crate) async fn measure(context: &Context, table: &mut Table) -> Result<()> {
    let Some(database) = services::postgres("bench: tenants on PostgreSQL") else { return Ok(()) };
    let bundles = vec![context.bundles.accounting.directory.clone()];
    let directory = context.scratch.join("tenants-postgres");
    let plan = Plan { database: Some(database.url.clone()), ..Plan::new(directory, bundles) };
    Running::start(plan.clone()).await?.child.stop().await?;
    let mut server = Running::start(plan).await?;
    let mut connection = PgConnection::connect(&database.url).await?;
    let empty = server.child.holds()?;
    let before: (i64, i64, i64) = sqlx::query_as(SIZES).fetch_one(&mut connection).await?;
    let mut making = Duration::ZERO;
    let busy = add(&mut server, 0..TENANTS, &mut making).await?;
    let open: Vec<i32> = sqlx::query_scalar(CONNECTIONS).fetch_all(&mut connection).await?;
    let private: Vec<f64> = open.iter().filter_map(|process| process::private_kb(*process)).collect();
    let after: (i64, i64, i64) = sqlx::query_as(SIZES).fetch_one(&mut connection).await?;
    let idle = idle(&server, &mut connection).await?;
    connection.close().await?;
    server.child.stop().await?;
    // Dropping as many schemas and roles takes its time; that it failed is no reason to lose what was measured.
    if tokio::task::spawn_blocking(move || drop(database)).await.is_err() {
        crate::say("  the database could not be dropped in time and is left behind");
    }
    let each = |before: f64, after: f64| (after - before) / f64::from(TENANTS);
    let bytes_kb = |before: i64, after: i64| each(before as f64, after as f64) / 1e3;
    table.add(Line {
        what: "on PostgreSQL: making a tenant and enabling accounting, mean of 1,000".to_owned(),
        measured: making.as_secs_f64() * 1e3 / f64::from(TENANTS),
        unit: "ms",
        ..Line::default()
    });
    table.add(Line {
        what: "  memory of the host for each idle tenant (resident, an empty host and 1,000)".to_owned(),
        measured: each(megabytes(&empty) * 1e3, megabytes(&idle) * 1e3),
        unit: "kB",
        note: format!(
            "host empty {:.0} MB, busy {:.0} MB, idle {:.0} MB",
            megabytes(&empty),
            megabytes(&busy),
            megabytes(&idle)
        ),
        ..Line::default()
    });
    table.add(Line {
        what: "  connections of the host while 1,000 tenants were made and used in turn".to_owned(),
        measured: open.len() as f64,
        note: match private.is_empty() {
            true => "the server's processes cannot be read".to_owned(),
            false => format!(
                "each holds {:.1} MB of its own in the server",
                private.iter().sum::<f64>() / private.len() as f64 / 1e3
            ),
        },
        ..Line::default()
    });
    table.add(Line {
        what: "  bytes of the database for each tenant".to_owned(),
        measured: bytes_kb(before.0, after.0),
        unit: "kB",
        note: format!(
            "of these {:.0} kB catalogue; {:.0} tables and indexes",
            bytes_kb(before.1, after.1),
            each(before.2 as f64, after.2 as f64)
        ),
        ..Line::default()
    });
    Ok(())
}

/// Waits until the host has given its connections up; returns what it holds then.
async fn idle(server: &Running, connection: &mut PgConnection) -> Result<process::Holds> {
    let begin = Instant::now();
    loop {
        let open: Vec<i32> = sqlx::query_scalar(CONNECTIONS).fetch_all(&mut *connection).await?;
        if open.is_empty() || begin.elapsed() > PATIENCE {
            return server.child.holds();
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
