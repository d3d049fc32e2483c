// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the host makes in a database: its own tables, the functions of the portable subset, and the tables of each tenant.

use crate::answers;
use crate::error::StoreError;
use crate::name::tenant_schema;
use crate::settings::Settings;
use crate::store::Inner;
use kernel_types::TenantId;
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

/// What each connection begins with: what the host and its statements rely on, whatever the server's configuration says; and
/// how the server finds out that the host is gone, so that its locks do not stay.
pub(crate) fn connection_settings(settings: &Settings) -> String {
    format!(
        "SET client_encoding TO 'UTF8'; SET standard_conforming_strings TO on; SET bytea_output TO hex; \
         SET client_connection_check_interval TO '{}ms'; SET idle_in_transaction_session_timeout TO '{}ms'; \
         SET tcp_keepalives_idle TO {}; SET tcp_keepalives_interval TO {}; SET tcp_keepalives_count TO {}",
        settings.host_check_ms,
        settings.transaction_idle_ms_max,
        settings.keepalive_idle_s,
        settings.keepalive_interval_s,
        settings.keepalive_count,
    )
}

/// The oldest server that the subset's printer writes for.
const VERSION_MIN: u32 = 15;

/// The layout of the host's tables. Raised by a version that changes them.
const LAYOUT: i64 = 2;

/// Taken for as long as definitions are changed, so that two hosts do not make the same thing at the same time. `CRTX`.
pub(crate) const DEFINITIONS_LOCK: &str = "SELECT pg_catalog.pg_advisory_xact_lock(1129468504)";

/// `sum` of integers is an integer that fits 64 bits or an error, as on the embedded database; the server's own is a
/// decimal number without bounds. `fit` refuses a value that the server would convert for its column, and changes nothing.
const TABLES: &str = "
    CREATE SCHEMA cortex;
    CREATE TABLE cortex.installation (
        single boolean PRIMARY KEY DEFAULT true CHECK (single), layout bigint NOT NULL,
        id text NOT NULL DEFAULT pg_catalog.gen_random_uuid()::text);
    INSERT INTO cortex.installation (layout) VALUES (2);
    CREATE TABLE cortex.tenants (tenant text COLLATE \"C\" PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now());
    CREATE SCHEMA cortex_sql;
    CREATE AGGREGATE cortex_sql.sum(bigint) (
        SFUNC = pg_catalog.int8pl, STYPE = bigint, COMBINEFUNC = pg_catalog.int8pl, PARALLEL = SAFE);
    CREATE AGGREGATE cortex_sql.sum(double precision) (SFUNC = pg_catalog.float8pl, STYPE = double precision);
    CREATE FUNCTION cortex_sql.fit(value anyelement, of_column anycompatible) RETURNS anycompatible LANGUAGE plpgsql AS $$
        BEGIN
            IF pg_catalog.pg_typeof(value) <> pg_catalog.pg_typeof(of_column) THEN
                RAISE datatype_mismatch USING MESSAGE = 'a value has another type than its column';
            END IF;
            RETURN value;
        END $$;
    GRANT USAGE ON SCHEMA cortex_sql TO PUBLIC;";

/// The function with which a statement could leave its role, and its place in a view. They belong to the superuser: another
/// host role cannot take them away, and says so.
const HARDEN: &str = "
    GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO CURRENT_USER;
    REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC";

/// Makes what is missing; returns the installation's id.
pub(crate) async fn prepare(pool: &PgPool) -> Result<String, StoreError> {
    let mut transaction = pool.begin().await?;
    check_server(&mut transaction).await?;
    transaction.execute(DEFINITIONS_LOCK).await?;
    let exists: bool = scalar(&mut transaction, "SELECT to_regclass('cortex.installation') IS NOT NULL").await?;
    if !exists {
        transaction.execute(sqlx::raw_sql(TABLES)).await?;
    }
    let found: i64 = scalar(&mut transaction, "SELECT layout FROM cortex.installation").await?;
    match found {
        LAYOUT => {}
        1 => add_answers(&mut transaction).await?,
        _ => return Err(StoreError::Layout { found, known: LAYOUT }),
    }
    let id: String = scalar(&mut transaction, "SELECT id FROM cortex.installation").await?;
    harden(&mut transaction).await?;
    transaction.commit().await?;
    Ok(id)
}

/// Brings the first layout to the second: tables for the answers that are kept.
async fn add_answers(connection: &mut PgConnection) -> Result<(), StoreError> {
    let tenants =
        sqlx::query_scalar::<_, String>("SELECT tenant FROM cortex.tenants").fetch_all(&mut *connection).await?;
    for tenant in tenants.iter().filter_map(|tenant| TenantId::parse(tenant).ok()) {
        connection.execute(sqlx::raw_sql(AssertSqlSafe(answers::table(&tenant)))).await?;
    }
    connection.execute("UPDATE cortex.installation SET layout = 2").await?;
    Ok(())
}

async fn check_server(connection: &mut PgConnection) -> Result<(), StoreError> {
    let version: i32 = scalar(connection, "SELECT current_setting('server_version_num')::int4").await?;
    let found = u32::try_from(version).unwrap_or(0) / 10_000;
    if found < VERSION_MIN {
        return Err(StoreError::Version { found, known: VERSION_MIN });
    }
    let encoding: String = scalar(connection, "SELECT current_setting('server_encoding')").await?;
    if encoding == "UTF8" { Ok(()) } else { Err(StoreError::Encoding(encoding)) }
}

/// Takes away from everybody what would let a statement that got past the first wall leave its role, or leave a table on a
/// connection that another component's unit will use.
async fn harden(connection: &mut PgConnection) -> Result<(), StoreError> {
    const TEMPORARY: &str = "SELECT has_database_privilege('public', current_database(), 'TEMPORARY')";
    if scalar::<bool>(connection, TEMPORARY).await? {
        const REVOKE: &str = "SELECT format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database())";
        let text: String = scalar(connection, REVOKE).await?;
        connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await?;
    }
    const OPEN: &str =
        "SELECT has_function_privilege('public', 'pg_catalog.set_config(text, text, boolean)', 'EXECUTE')";
    if !scalar::<bool>(connection, OPEN).await? {
        return Ok(());
    }
    let superuser: bool = scalar(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user").await?;
    if superuser {
        connection.execute(sqlx::raw_sql(HARDEN)).await?;
        return Ok(());
    }
    tracing::warn!(
        "every role of the database may call `set_config`, so the second wall around tables is open where the first one \
         fails: let a superuser run `REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC`"
    );
    Ok(())
}

/// Makes a tenant's schema with the host's tables; returns whether it is new.
pub(crate) async fn create_tenant(store: &Inner, tenant: &TenantId) -> Result<bool, StoreError> {
    let mut transaction = store.pool.begin().await?;
    transaction.execute(DEFINITIONS_LOCK).await?;
    let created = create_tenant_locked(&mut transaction, tenant).await?;
    transaction.commit().await?;
    Ok(created)
}

/// Likewise, in a transaction that is open, while nobody else changes definitions.
pub(crate) async fn create_tenant_locked(
    connection: &mut PgConnection,
    tenant: &TenantId,
) -> Result<bool, sqlx::Error> {
    let insert = sqlx::query("INSERT INTO cortex.tenants (tenant) VALUES ($1) ON CONFLICT DO NOTHING");
    let created = insert.bind(tenant.as_str()).execute(&mut *connection).await?.rows_affected() > 0;
    if created {
        let schema = tenant_schema(tenant);
        let text = format!(
            "CREATE SCHEMA {schema};
             CREATE TABLE {schema}.cortex_migrations (
                 component text COLLATE \"C\" NOT NULL, number bigint NOT NULL, name text NOT NULL, digest text NOT NULL,
                 applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (component, number));
             {}",
            answers::table(tenant)
        );
        connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await?;
    }
    Ok(created)
}

/// The only value of the only row.
pub(crate) async fn scalar<T>(connection: &mut PgConnection, text: &'static str) -> Result<T, sqlx::Error>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
{
    sqlx::query_scalar(text).fetch_one(connection).await
}
