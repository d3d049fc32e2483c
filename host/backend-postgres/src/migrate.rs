// SPDX-License-Identifier: MIT OR Apache-2.0
//! Making, changing and removing a component's tables.
//!
//! A migration runs under the component's role, which may create in the component's schema for that long only. Afterwards
//! the tables belong to the host and the role may read and change their rows and nothing else: not even a statement that
//! got past everything can alter or drop them.

use crate::error::StoreError;
use crate::failure::{Fault, fault};
use crate::layout::DEFINITIONS_LOCK;
use crate::name::{component_schema, tenant_schema};
use crate::store::{Inner, PostgresStore};
use cap_storage::migrations::{Applied, MigrateError, Removed, Report};
use cap_storage::{BoxFuture, Migration, Migrations, Schema, namespace};
use kernel_types::{ComponentId, Digest, TenantId};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use std::time::Duration;

impl Schema for PostgresStore {
    fn migrate<'a>(
        &'a self,
        tenant: &'a TenantId,
        migrations: &'a Migrations,
    ) -> BoxFuture<'a, Result<Report, MigrateError>> {
        Box::pin(async move {
            let time = Duration::from_millis(self.0.settings.migration_ms_max);
            let work = async {
                let place = Place::of(&self.0, tenant, migrations.component()).await?;
                let mut transaction = self.0.pool.begin().await.map_err(engine)?;
                let report = run_pending(&mut transaction, &place, migrations).await?;
                transaction.commit().await.map_err(engine)?;
                Ok(report)
            };
            tokio::time::timeout(time, work).await.unwrap_or_else(|_| Err(late(time)))
        })
    }

    fn remove<'a>(
        &'a self,
        tenant: &'a TenantId,
        component: &'a ComponentId,
    ) -> BoxFuture<'a, Result<Removed, MigrateError>> {
        Box::pin(async move {
            let time = Duration::from_millis(self.0.settings.migration_ms_max);
            let work = async {
                let place = Place::of(&self.0, tenant, component).await?;
                let mut transaction = self.0.pool.begin().await.map_err(engine)?;
                let removed = remove_all(&mut transaction, &place).await?;
                transaction.commit().await.map_err(engine)?;
                Ok(removed)
            };
            tokio::time::timeout(time, work).await.unwrap_or_else(|_| Err(late(time)))
        })
    }
}

fn late(time: Duration) -> MigrateError {
    MigrateError::Unavailable(format!("the migrations were not done within {} seconds", time.as_secs()))
}

/// Where a component's tables are.
pub(crate) struct Place {
    component: ComponentId,
    pub(crate) schema: String,
    role: String,
    /// The schema of the host's tables of the tenant.
    host: String,
}

impl Place {
    async fn of(store: &Inner, tenant: &TenantId, component: &ComponentId) -> Result<Self, MigrateError> {
        let known =
            store.tenant(tenant).await.map_err(|error: StoreError| MigrateError::Unavailable(error.to_string()))?;
        known.self_references.lock().clear();
        Ok(Self::named(store, tenant, component))
    }

    /// The place in a tenant that need not be there yet.
    pub(crate) fn named(store: &Inner, tenant: &TenantId, component: &ComponentId) -> Self {
        Self {
            component: component.clone(),
            schema: component_schema(tenant, component),
            role: store.role(tenant, component),
            host: tenant_schema(tenant),
        }
    }
}

fn engine(error: sqlx::Error) -> MigrateError {
    MigrateError::Unavailable(error.to_string())
}

/// Text of the host's own. Every name in it was made by this crate.
async fn host(connection: &mut PgConnection, text: String) -> Result<(), MigrateError> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.map(drop).map_err(engine)
}

async fn run_pending(
    connection: &mut PgConnection,
    place: &Place,
    migrations: &Migrations,
) -> Result<Report, MigrateError> {
    host(connection, DEFINITIONS_LOCK.to_owned()).await?;
    run_pending_locked(connection, place, migrations).await
}

/// Runs what is missing, in a transaction that is open, while nobody else changes definitions.
pub(crate) async fn run_pending_locked(
    connection: &mut PgConnection,
    place: &Place,
    migrations: &Migrations,
) -> Result<Report, MigrateError> {
    ensure_place(connection, place).await?;
    let applied = applied(connection, place).await?;
    let pending = migrations.pending(&applied)?;
    let mut report = Report { ran: Vec::new(), newest: applied.iter().map(|row| row.number).max().unwrap_or(0) };
    if pending.is_empty() {
        return Ok(report);
    }
    let Place { schema, role, .. } = place;
    host(connection, format!("GRANT CREATE ON SCHEMA {schema} TO {role}")).await?;
    for table in tables(connection, schema).await? {
        host(connection, format!("ALTER TABLE {schema}.{table} OWNER TO {role}")).await?;
    }
    for migration in pending {
        host(connection, format!("SET LOCAL ROLE {role}; SET LOCAL search_path TO {schema}, pg_temp")).await?;
        run(connection, place, migration).await?;
        host(connection, "SET LOCAL ROLE NONE; SET LOCAL search_path TO DEFAULT".to_owned()).await?;
        record(connection, place, migration).await?;
        report.ran.push(migration.name().to_owned());
        report.newest = migration.number();
    }
    for table in tables(connection, schema).await? {
        let text = format!(
            "ALTER TABLE {schema}.{table} OWNER TO CURRENT_USER; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.{table} TO {role}"
        );
        host(connection, text).await?;
    }
    host(connection, format!("REVOKE CREATE ON SCHEMA {schema} FROM {role}")).await?;
    Ok(report)
}

/// Makes the component's schema and role where they are missing.
async fn ensure_place(connection: &mut PgConnection, place: &Place) -> Result<(), MigrateError> {
    let Place { schema, role, .. } = place;
    let known = sqlx::query_scalar::<_, bool>("SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1)");
    if !known.bind(role.as_str()).fetch_one(&mut *connection).await.map_err(engine)? {
        host(connection, format!("CREATE ROLE {role} NOLOGIN; GRANT {role} TO CURRENT_USER")).await?;
    }
    let text = format!("CREATE SCHEMA IF NOT EXISTS {schema}; GRANT USAGE ON SCHEMA {schema} TO {role}");
    host(connection, text).await
}

/// The tables of a schema. Their names passed the subset, or quoting makes them harmless.
async fn tables(connection: &mut PgConnection, schema: &str) -> Result<Vec<String>, MigrateError> {
    let query = sqlx::query_scalar::<_, String>(
        "SELECT quote_ident(tablename) FROM pg_catalog.pg_tables WHERE schemaname = $1 ORDER BY tablename",
    );
    query.bind(schema).fetch_all(connection).await.map_err(engine)
}

/// What the database has of the component's migrations.
async fn applied(connection: &mut PgConnection, place: &Place) -> Result<Vec<Applied>, MigrateError> {
    let text =
        format!("SELECT number, digest FROM {}.cortex_migrations WHERE component = $1 ORDER BY number", place.host);
    let query = sqlx::query_as::<_, (i64, String)>(AssertSqlSafe(text)).bind(place.component.as_str());
    let rows = query.fetch_all(connection).await.map_err(engine)?;
    let parse = |(number, digest): (i64, String)| {
        let damaged =
            |what: String| MigrateError::Unavailable(format!("the record of migration {number} is damaged: {what}"));
        let digest: Digest = digest.parse().map_err(|error| damaged(format!("{error}")))?;
        Ok(Applied { number: u32::try_from(number).map_err(|error| damaged(error.to_string()))?, digest })
    };
    rows.into_iter().map(parse).collect()
}

/// Words that a migration's statement begins with. The role lets nothing else through that could hurt another component,
/// but it does let through what ends the transaction or leaves the role.
const FIRST_WORDS: &[&str] = &[
    "CREATE TABLE ",
    "CREATE INDEX ",
    "CREATE UNIQUE INDEX ",
    "ALTER TABLE ",
    "DROP TABLE ",
    "DROP INDEX ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "WITH ",
];

/// Runs one file under the component's own role.
async fn run(connection: &mut PgConnection, place: &Place, migration: &Migration) -> Result<(), MigrateError> {
    for (sql, number) in migration.statements().iter().zip(1_usize..) {
        let failed =
            |message: String| MigrateError::Statement { file: migration.name().to_owned(), statement: number, message };
        if !FIRST_WORDS.iter().any(|words| sql.starts_with(words)) {
            return Err(failed("a migration makes and changes tables and their rows, and nothing else".to_owned()));
        }
        // Prepared, which a text of several statements cannot be; and not kept, because it never runs again.
        let statement = sqlx::query(AssertSqlSafe(sql.to_string())).persistent(false);
        if let Err(error) = statement.execute(&mut *connection).await {
            return Err(match fault(&place.component, true, &error) {
                Fault::Told(error) => failed(error.to_string()),
                Fault::Key { table, .. } => failed(format!("a key of `{table}` exists already")),
                Fault::Cancelled => failed("it took too long".to_owned()),
                Fault::Stale => failed("its tables changed meanwhile".to_owned()),
                Fault::Conflict(detail) | Fault::Lost(detail) => MigrateError::Unavailable(detail),
            });
        }
    }
    Ok(())
}

async fn record(connection: &mut PgConnection, place: &Place, migration: &Migration) -> Result<(), MigrateError> {
    let text = format!(
        "INSERT INTO {}.cortex_migrations (component, number, name, digest) VALUES ($1, $2, $3, $4)",
        place.host
    );
    let query = sqlx::query(AssertSqlSafe(text)).bind(place.component.as_str()).bind(i64::from(migration.number()));
    let query = query.bind(migration.name()).bind(migration.digest().to_string());
    query.execute(connection).await.map(drop).map_err(engine)
}

/// Drops the component's schema, its role and its record.
async fn remove_all(connection: &mut PgConnection, place: &Place) -> Result<Removed, MigrateError> {
    host(connection, DEFINITIONS_LOCK.to_owned()).await?;
    remove_locked(connection, place).await
}

/// Likewise, while nobody else changes definitions.
pub(crate) async fn remove_locked(connection: &mut PgConnection, place: &Place) -> Result<Removed, MigrateError> {
    let Place { component, schema, role, host: tenant } = place;
    let prefix = namespace(component);
    let own_name = |table: String| table.strip_prefix(&prefix).map(str::to_owned).unwrap_or(table);
    let tables = tables(connection, schema).await?.into_iter().map(own_name).collect();
    host(connection, format!("DROP SCHEMA IF EXISTS {schema} CASCADE; DROP ROLE IF EXISTS {role}")).await?;
    let text = format!("DELETE FROM {tenant}.cortex_migrations WHERE component = $1");
    let query = sqlx::query(AssertSqlSafe(text)).bind(component.as_str());
    query.execute(connection).await.map_err(engine)?;
    Ok(Removed { tables })
}
