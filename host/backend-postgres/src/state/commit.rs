// SPDX-License-Identifier: MIT OR Apache-2.0
//! One commit: its turn, its expectations, its writes, and the word to the other hosts.

use super::{Fault, from_engine, to_engine};
use cap_state::{Change, Revision, StateError, Write};
use sqlx::{Connection as _, PgConnection};

/// Makes all changes or none.
pub(super) async fn commit(connection: &mut PgConnection, changes: &[Change]) -> Result<Revision, Fault> {
    let mut transaction = connection.begin().await?;
    // The row is held to the end: the next statements see everything that was committed before, and nobody comes between.
    let turn = "UPDATE cortex_host.installation SET revision = revision + 1 RETURNING revision";
    let revision = from_engine(sqlx::query_scalar(turn).fetch_one(&mut *transaction).await?)?;
    for change in changes {
        let key = &change.key;
        let query = sqlx::query_scalar::<_, i64>(
            "SELECT revision FROM cortex_host.documents WHERE kind = $1 AND name = $2 AND text IS NOT NULL",
        );
        let found = query.bind(key.kind()).bind(key.name()).fetch_optional(&mut *transaction).await?;
        let found = found.map(from_engine).transpose()?;
        if !change.expect.is_met(found) {
            transaction.rollback().await?;
            return Err(StateError::Conflict { key: key.clone(), found }.into());
        }
        let text = match &change.write {
            Write::Keep => continue,
            Write::Put(text) => Some(text.as_ref()),
            Write::Remove if found.is_none() => continue,
            Write::Remove => None,
        };
        let query = sqlx::query(
            "INSERT INTO cortex_host.documents (kind, name, revision, text) VALUES ($1, $2, $3, $4)
             ON CONFLICT (kind, name) DO UPDATE SET revision = excluded.revision, text = excluded.text",
        );
        let query = query.bind(key.kind()).bind(key.name()).bind(to_engine(revision)).bind(text);
        query.execute(&mut *transaction).await?;
    }
    let notify = sqlx::query("SELECT pg_catalog.pg_notify($1, $2)");
    notify.bind(super::listen::CHANNEL).bind(revision.to_string()).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(revision)
}
