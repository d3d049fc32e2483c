// SPDX-License-Identifier: MIT OR Apache-2.0
//! Blobs, in parts: the server holds a whole value in memory for each that it handles.

use super::Fault;
use cap_state::limits::BLOB_BYTES_MAX;
use cap_state::{StateError, check_blob};
use futures_util::TryStreamExt as _;
use kernel_types::Digest;
use sqlx::{Connection as _, PgConnection};

/// Bytes of one part.
const PART_BYTES: usize = 1 << 20;

pub(super) async fn put(connection: &mut PgConnection, bytes: &[u8]) -> Result<Digest, Fault> {
    let digest = Digest::of(bytes);
    let name = digest.to_string();
    let mut transaction = connection.begin().await?;
    // Its row is held to the end, so that two hosts that keep the same do so one after the other.
    let insert = sqlx::query(
        "INSERT INTO cortex_host.blobs (digest, bytes) VALUES ($1, $2)
         ON CONFLICT (digest) DO UPDATE SET bytes = excluded.bytes",
    );
    let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    insert.bind(&name).bind(length).execute(&mut *transaction).await?;
    let delete = sqlx::query("DELETE FROM cortex_host.blob_parts WHERE digest = $1");
    delete.bind(&name).execute(&mut *transaction).await?;
    for (part, number) in bytes.chunks(PART_BYTES).zip(0_i64..) {
        let insert = sqlx::query("INSERT INTO cortex_host.blob_parts (digest, number, bytes) VALUES ($1, $2, $3)");
        insert.bind(&name).bind(number).bind(part).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(digest)
}

pub(super) async fn get(connection: &mut PgConnection, digest: &Digest) -> Result<Option<Vec<u8>>, Fault> {
    let name = digest.to_string();
    let damaged = || StateError::Damaged(format!("the bytes of `{digest}` are not what was kept"));
    // One snapshot over both, in which no other host can be half done.
    let mut transaction = connection.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *transaction).await?;
    let query = sqlx::query_scalar::<_, i64>("SELECT bytes FROM cortex_host.blobs WHERE digest = $1");
    let Some(length) = query.bind(&name).fetch_optional(&mut *transaction).await? else {
        transaction.rollback().await?;
        return Ok(None);
    };
    let length = usize::try_from(length).ok().filter(|length| *length <= BLOB_BYTES_MAX).ok_or_else(damaged)?;
    let mut bytes = Vec::with_capacity(length);
    {
        let query = "SELECT bytes FROM cortex_host.blob_parts WHERE digest = $1 ORDER BY number";
        let mut parts = sqlx::query_scalar::<_, Vec<u8>>(query).bind(&name).fetch(&mut *transaction);
        while let Some(part) = parts.try_next().await? {
            check_blob(bytes.len().saturating_add(part.len()))?;
            bytes.extend_from_slice(&part);
        }
    }
    transaction.rollback().await?;
    if Digest::of(&bytes) == *digest { Ok(Some(bytes)) } else { Err(damaged().into()) }
}
