// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of the hosts' own. No role of a component may even name them.

use crate::error::StoreError;
use crate::layout::{DEFINITIONS_LOCK, scalar};
use cap_state::Revision;
use sqlx::Executor as _;
use sqlx::postgres::PgPool;

/// The layout of the tables. Raised by a version that changes them.
const LAYOUT: i64 = 1;

/// Parts of blobs are stored as they are: machine code and binaries hardly shrink, and the server need not try.
const TABLES: &str = "
    CREATE SCHEMA cortex_host;
    CREATE TABLE cortex_host.installation (
        single boolean PRIMARY KEY DEFAULT true CHECK (single), layout bigint NOT NULL, revision bigint NOT NULL);
    INSERT INTO cortex_host.installation (layout, revision) VALUES (1, 0);
    CREATE TABLE cortex_host.documents (
        kind text COLLATE \"C\" NOT NULL, name text COLLATE \"C\" NOT NULL, revision bigint NOT NULL, text text,
        PRIMARY KEY (kind, name));
    CREATE INDEX documents_by_revision ON cortex_host.documents (revision, kind, name);
    CREATE TABLE cortex_host.blobs (digest text COLLATE \"C\" PRIMARY KEY, bytes bigint NOT NULL);
    CREATE TABLE cortex_host.blob_parts (
        digest text COLLATE \"C\" NOT NULL REFERENCES cortex_host.blobs ON DELETE CASCADE, number bigint NOT NULL,
        bytes bytea NOT NULL, PRIMARY KEY (digest, number));
    ALTER TABLE cortex_host.blob_parts ALTER COLUMN bytes SET STORAGE EXTERNAL;";

/// Makes what is missing; returns the newest revision.
pub(super) async fn prepare(pool: &PgPool) -> Result<Revision, StoreError> {
    let mut transaction = pool.begin().await?;
    transaction.execute(DEFINITIONS_LOCK).await?;
    let exists: bool = scalar(&mut transaction, "SELECT to_regclass('cortex_host.installation') IS NOT NULL").await?;
    if !exists {
        transaction.execute(sqlx::raw_sql(TABLES)).await?;
    }
    let found: i64 = scalar(&mut transaction, "SELECT layout FROM cortex_host.installation").await?;
    if found != LAYOUT {
        return Err(StoreError::Layout { found, known: LAYOUT });
    }
    let newest: i64 = scalar(&mut transaction, "SELECT revision FROM cortex_host.installation").await?;
    transaction.commit().await?;
    Ok(Revision(u64::try_from(newest).unwrap_or_default()))
}
