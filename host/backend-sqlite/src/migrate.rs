// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makes, changes and removes the tables of components: all pending files of a component in one transaction, with the
//! record of what ran. The second wall stands here too: see [`crate::authorizer`] for what is asked while a statement is
//! compiled, and [`check_schema`] for what is looked at afterwards.

use crate::authorizer::{Access, Policy, owns, owns_index};
use crate::connection::Connection;
use crate::error::StoreError;
use crate::failure::sql_error;
use crate::queue::Job;
use crate::store::SqliteStore;
use cap_storage::migrations::{Applied, MigrateError, Removed, Report};
use cap_storage::{BoxFuture, Migration, Migrations, Schema, logical_name, namespace};
use kernel_types::{ComponentId, Digest, Effect, TenantId};
use rusqlite::params;
use std::time::{Duration, SystemTime};

impl Schema for SqliteStore {
    fn migrate<'a>(
        &'a self,
        tenant: &'a TenantId,
        migrations: &'a Migrations,
    ) -> BoxFuture<'a, Result<Report, MigrateError>> {
        let migrations = migrations.clone();
        Box::pin(async move {
            let time = Duration::from_millis(self.0.settings.migration_ms_max);
            let work = move |connection: &Connection| run_pending(connection, &migrations).map_err(Failure);
            self.host_job(tenant, Effect::Write, time, Job::Alone, work).await.map_err(|failure| failure.0)
        })
    }

    fn remove<'a>(
        &'a self,
        tenant: &'a TenantId,
        component: &'a ComponentId,
    ) -> BoxFuture<'a, Result<Removed, MigrateError>> {
        let component = component.clone();
        Box::pin(async move {
            let time = Duration::from_millis(self.0.settings.migration_ms_max);
            let work = move |connection: &Connection| remove_all(connection, &component).map_err(Failure);
            self.host_job(tenant, Effect::Write, time, Job::Alone, work).await.map_err(|failure| failure.0)
        })
    }
}

/// A migration's error, made from the store's where the database did not get to run it.
struct Failure(MigrateError);

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(MigrateError::Unavailable(error.to_string()))
    }
}

fn engine(error: &rusqlite::Error) -> MigrateError {
    MigrateError::Unavailable(error.to_string())
}

/// Runs what is missing, in a transaction that is open.
pub(crate) fn run_pending(connection: &Connection, migrations: &Migrations) -> Result<Report, MigrateError> {
    let component = migrations.component();
    let applied = applied(connection, component)?;
    let pending = migrations.pending(&applied)?;
    let mut report = Report { ran: Vec::new(), newest: applied.iter().map(|row| row.number).max().unwrap_or(0) };
    let others = if pending.is_empty() { Vec::new() } else { catalogue_of_others(connection, component)? };
    for migration in pending {
        run(connection, component, migration)?;
        if catalogue_of_others(connection, component)? != others {
            let message = "it changes a table that is not the component's own".to_owned();
            return Err(failed(migration, migration.statements().len(), message));
        }
        check_schema(connection, component, migration)?;
        record(connection, component, migration)?;
        report.ran.push(migration.name().to_owned());
        report.newest = migration.number();
    }
    Ok(report)
}

/// What the database has of the component's migrations.
fn applied(connection: &Connection, component: &ComponentId) -> Result<Vec<Applied>, MigrateError> {
    let sql = "SELECT number, digest FROM cortex_migrations WHERE component = ?1 ORDER BY number";
    let mut statement = connection.engine().prepare(sql).map_err(|e| engine(&e))?;
    let rows = statement.query_map([component.as_str()], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?)));
    let rows: Vec<(u32, String)> = rows.and_then(Iterator::collect).map_err(|e| engine(&e))?;
    let parse = |(number, digest): (u32, String)| {
        let digest: Digest = digest
            .parse()
            .map_err(|e| MigrateError::Unavailable(format!("the record of migration {number} is damaged: {e}")))?;
        Ok(Applied { number, digest })
    };
    rows.into_iter().map(parse).collect()
}

/// Runs one file under the component's own policy.
fn run(connection: &Connection, component: &ComponentId, migration: &Migration) -> Result<(), MigrateError> {
    for (index, sql) in migration.statements().iter().enumerate() {
        let policy = Policy::Component(component.clone(), Access::Migrate(crate::authorizer::Definition::default()));
        let _permit = connection.permit(policy);
        let result = connection.engine().prepare(sql).and_then(|mut statement| statement.raw_execute());
        if let Err(error) = result {
            let message = sql_error(component, &error).to_string();
            return Err(failed(migration, index.saturating_add(1), message));
        }
    }
    connection.guard().set_policy(Policy::Host);
    Ok(())
}

fn failed(migration: &Migration, statement: usize, message: String) -> MigrateError {
    MigrateError::Statement { file: migration.name().to_owned(), statement, message }
}

fn record(connection: &Connection, component: &ComponentId, migration: &Migration) -> Result<(), MigrateError> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let sql =
        "INSERT INTO cortex_migrations (component, number, name, digest, applied_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
    let digest = migration.digest().to_string();
    let row = params![component.as_str(), migration.number(), migration.name(), digest, now_ms];
    connection.engine().execute(sql, row).map(|_| ()).map_err(|e| engine(&e))
}

/// One entry of the catalogue.
#[derive(PartialEq, Eq)]
struct Entry {
    kind: String,
    name: String,
    table: String,
    sql: Option<String>,
}

fn catalogue(connection: &Connection) -> Result<Vec<Entry>, MigrateError> {
    let sql = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name";
    let mut statement = connection.engine().prepare(sql).map_err(|e| engine(&e))?;
    let rows = statement
        .query_map([], |row| Ok(Entry { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? }));
    rows.and_then(Iterator::collect).map_err(|e| engine(&e))
}

/// All that is not the component's own: it must come out of a migration as it went in. The engine asks for the old name
/// of a table that is renamed, not for the new one.
fn catalogue_of_others(connection: &Connection, component: &ComponentId) -> Result<Vec<Entry>, MigrateError> {
    let mut entries = catalogue(connection)?;
    entries.retain(|entry| !(owns(component, &entry.table) && owns_index(component, &entry.name)));
    Ok(entries)
}

/// What the engine does not ask about while it compiles: a foreign key of the component's may only point at its own
/// tables (else it would read, and block, another's), and is checked at once (a deferred one is checked when the batch is
/// committed, and would fail its neighbours). A default is a constant: an expression would be computed unasked.
fn check_schema(connection: &Connection, component: &ComponentId, migration: &Migration) -> Result<(), MigrateError> {
    let refuse = |message: String| Err(failed(migration, migration.statements().len(), message));
    for entry in catalogue(connection)?.iter().filter(|entry| entry.kind == "table" && owns(component, &entry.name)) {
        let table = logical_name(component, &entry.name).unwrap_or_default();
        let targets = texts(connection, "SELECT \"table\" FROM pragma_foreign_key_list(?1)", &entry.name)?;
        if targets.iter().any(|target| !owns(component, target)) {
            return refuse(format!("a foreign key of `{table}` points at a table that is not the component's own"));
        }
        if !targets.is_empty() && entry.sql.as_deref().unwrap_or_default().to_ascii_uppercase().contains("DEFERRED") {
            return refuse(format!(
                "a foreign key of `{table}` is deferred: leave `DEFERRABLE INITIALLY DEFERRED` out"
            ));
        }
        let defaults = "SELECT dflt_value FROM pragma_table_xinfo(?1) WHERE dflt_value IS NOT NULL";
        if !texts(connection, defaults, &entry.name)?.iter().all(|default| is_constant(default)) {
            return refuse(format!("a default of `{table}` is computed: write a constant"));
        }
    }
    Ok(())
}

fn texts(connection: &Connection, sql: &str, parameter: &str) -> Result<Vec<String>, MigrateError> {
    let mut statement = connection.engine().prepare(sql).map_err(|e| engine(&e))?;
    let rows = statement.query_map([parameter], |row| row.get(0));
    rows.and_then(Iterator::collect).map_err(|e| engine(&e))
}

/// Whether a default calls nothing: outside of quotes there is no parenthesis and no `CURRENT_TIMESTAMP` and its like.
fn is_constant(default: &str) -> bool {
    let unquoted: String = default.split('\'').step_by(2).collect();
    !unquoted.contains('(') && !unquoted.to_ascii_uppercase().contains("CURRENT")
}

/// Drops the component's tables and its record. The rows go first, with the foreign keys checked at the end: so that the
/// order of the tables does not matter.
fn remove_all(connection: &Connection, component: &ComponentId) -> Result<Removed, MigrateError> {
    let own = |entry: &Entry| entry.kind == "table" && owns(component, &entry.name) && entry.table == entry.name;
    let tables: Vec<String> = catalogue(connection)?.into_iter().filter(own).map(|entry| entry.name).collect();
    let execute = |sql: &str| connection.engine().execute_batch(sql).map_err(|e| engine(&e));
    execute("PRAGMA defer_foreign_keys = ON")?;
    for table in &tables {
        execute(&format!("DELETE FROM \"{}\"", table.replace('"', "\"\"")))?;
    }
    for table in &tables {
        execute(&format!("DROP TABLE \"{}\"", table.replace('"', "\"\"")))?;
    }
    execute("PRAGMA defer_foreign_keys = OFF")?;
    let sql = "DELETE FROM cortex_migrations WHERE component = ?1";
    connection.engine().execute(sql, [component.as_str()]).map_err(|e| engine(&e))?;
    let prefix = namespace(component);
    let own_name = |table: String| table.strip_prefix(&prefix).map(str::to_owned).unwrap_or(table);
    Ok(Removed { tables: tables.into_iter().map(own_name).collect() })
}
