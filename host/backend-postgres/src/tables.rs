// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of a component as the server's catalogue has them.

use cap_storage::logical_name;
use cap_storage::transfer::{Column, Kind, Table, TransferError};
use kernel_types::ComponentId;
use sqlx::PgConnection;

/// What the server says where it cannot do what the host asks.
pub(crate) fn unavailable(error: sqlx::Error) -> TransferError {
    TransferError::Unavailable(error.to_string())
}

/// A table, and which of its columns the server keeps as truth values.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) table: Table,
    pub(crate) truths: Vec<bool>,
}

/// Row for row a column: table, column, type, place in the primary key.
const COLUMNS: &str = "
    SELECT c.relname::text, a.attname::text, t.typname::text,
           coalesce(array_position(i.indkey::int2[], a.attnum), -1)::int8
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
    WHERE n.nspname = $1::text AND c.relkind = 'r'
    ORDER BY c.relname::text COLLATE \"C\", a.attnum";

/// The tables of a component in its schema, by name.
pub(crate) async fn tables(
    connection: &mut PgConnection,
    component: &ComponentId,
    schema: &str,
) -> Result<Vec<Known>, TransferError> {
    let rows = sqlx::query_as::<_, (String, String, String, i64)>(COLUMNS).bind(schema);
    let rows = rows.fetch_all(connection).await.map_err(unavailable)?;
    let mut known: Vec<Known> = Vec::new();
    let mut keys: Vec<Vec<(i64, String)>> = Vec::new();
    for (physical, name, kind, place) in rows {
        // What has no name of the component's is not its own: nothing makes such a table.
        let Some(table) = logical_name(component, &physical) else { continue };
        if known.last().is_none_or(|last| last.table.name != table) {
            let (component, name) = (component.clone(), table.to_owned());
            let table = Table { component, name, columns: Vec::new(), key: Vec::new() };
            known.push(Known { table, truths: Vec::new() });
            keys.push(Vec::new());
        }
        let (Some(last), Some(key)) = (known.last_mut(), keys.last_mut()) else { continue };
        last.truths.push(kind == "bool");
        let kind = match kind.as_str() {
            "int8" | "bool" => Kind::Integer,
            "float8" => Kind::Real,
            "text" => Kind::Text,
            "bytea" => Kind::Blob,
            other => return Err(last.table.shape(format!("the column `{name}` has the type `{other}`"))),
        };
        if place >= 0 {
            key.push((place, name.clone()));
        }
        last.table.columns.push(Column { name, kind });
    }
    for (known, mut key) in known.iter_mut().zip(keys) {
        key.sort();
        known.table.key = key.into_iter().map(|(_, name)| name).collect();
    }
    Ok(known)
}

/// Names in quotes, with commas between them.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// A name in quotes. Names passed the subset; quoting makes the others harmless.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
