// SPDX-License-Identifier: MIT OR Apache-2.0
//! A database for one test.

use crate::server::{Server, block_on_for};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use std::time::{Duration, SystemTime};

/// How long making or dropping a database may take: both wait for the disk.
const TIME_MAX: Duration = Duration::from_secs(60);

/// The age in seconds from which a database that a test left behind is dropped by the next one: no test takes that long.
const LEFT_BEHIND_SECONDS: u64 = 3_600;

/// An empty database with a collation that is no byte order, so that a test sees what depends on it. Dropped with the value,
/// with the roles that were made for its schemas.
pub struct Database {
    /// How it is reached.
    pub url: String,
    /// Whether the role of the URL may do everything.
    pub superuser: bool,
    server: PgConnectOptions,
    name: String,
}

impl Database {
    pub(crate) fn create(server: &Server) -> Self {
        let name = format!("cortex_test_{}_{}", seconds(), uuid::Uuid::new_v4().simple());
        let (options, database) = (server.options.clone(), name.clone());
        let made = block_on_for(TIME_MAX, async move {
            let mut connection = options.connect().await?;
            drop_left_behind(&mut connection).await?;
            let create = |rest: &str| {
                AssertSqlSafe(format!("CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8' {rest}"))
            };
            // Not every server is built with ICU, and the library's own other collations may not be there.
            let plain = "LOCALE 'C'";
            let odd = "LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'";
            if connection.execute(sqlx::raw_sql(create(odd))).await.is_err() {
                connection.execute(sqlx::raw_sql(create(plain))).await?;
            }
            connection.close().await
        });
        made.expect("a database within a minute").unwrap_or_else(|error| panic!("no database could be made: {error}"));
        let url = server.options.clone().database(&name).to_url_lossy().to_string();
        Self { url, superuser: server.superuser, server: server.options.clone(), name }
    }
}

impl Database {
    /// Runs a statement in it, past everything that the host does: to damage what is there.
    ///
    /// # Panics
    /// Where the server refuses.
    pub fn execute(&self, sql: &'static str) {
        let options = self.server.clone().database(&self.name);
        let done = block_on_for(TIME_MAX, async move {
            let mut connection = options.connect().await?;
            connection.execute(sqlx::raw_sql(sql)).await?;
            connection.close().await
        });
        assert!(matches!(done, Some(Ok(()))), "{sql}: {done:?}");
    }

    /// Ends every connection to it, as a restart of the server would.
    ///
    /// # Panics
    /// Where the server does not answer, or the role may not.
    pub fn disconnect_all(&self) {
        let (options, name) = (self.server.clone(), self.name.clone());
        let cut = block_on_for(TIME_MAX, async move {
            let mut connection = options.connect().await?;
            let cut = sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1");
            cut.bind(name).execute(&mut connection).await?;
            connection.close().await
        });
        assert!(matches!(cut, Some(Ok(()))), "the connections could not be cut: {cut:?}");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (options, name) = (self.server.clone(), self.name.clone());
        let dropped = block_on_for(TIME_MAX, async move {
            let mut connection = options.connect().await?;
            drop_database(&mut connection, &name).await?;
            connection.close().await
        });
        if !matches!(dropped, Some(Ok(()))) && !std::thread::panicking() {
            panic!("the database of the test could not be dropped: {dropped:?}");
        }
    }
}

/// Drops a database and the roles that own or may use something in it and in nothing else: what the host made for it.
async fn drop_database(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let roles = sqlx::query_scalar::<_, String>(
        "SELECT DISTINCT rolname::text FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
         WHERE d.refclassid = 'pg_authid'::regclass AND r.rolname ~ '^cortex_r_[0-9a-f]{40}$'
           AND d.dbid = (SELECT oid FROM pg_database WHERE datname = $1)",
    );
    let roles = roles.bind(name).fetch_all(&mut *connection).await?;
    let text = AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    connection.execute(sqlx::raw_sql(text)).await?;
    for role in roles {
        let text = AssertSqlSafe(format!("DROP ROLE IF EXISTS {role}"));
        connection.execute(sqlx::raw_sql(text)).await?;
    }
    Ok(())
}

/// Drops what tests left behind that were killed.
async fn drop_left_behind(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let names =
        sqlx::query_scalar::<_, String>("SELECT datname::text FROM pg_database WHERE datname LIKE 'cortex\\_test\\_%'");
    let oldest = seconds().saturating_sub(LEFT_BEHIND_SECONDS);
    for name in names.fetch_all(&mut *connection).await? {
        let made: Option<u64> = name.split('_').nth(2).and_then(|seconds| seconds.parse().ok());
        if made.is_some_and(|made| made < oldest) {
            // Another test may be at the same.
            let _ = drop_database(connection, &name).await;
        }
    }
    Ok(())
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
