// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of components as the catalogue of a database has them.

use crate::authorizer::owns;
use crate::connection::Connection;
use cap_storage::logical_name;
use cap_storage::transfer::{Column, Kind, Table, TransferError};
use kernel_types::ComponentId;

/// What the engine says where it cannot read its own catalogue.
pub(crate) fn unavailable(error: &rusqlite::Error) -> TransferError {
    TransferError::Unavailable(error.to_string())
}

/// The tables of these components, by component and name.
pub(crate) fn tables(connection: &Connection, components: &[ComponentId]) -> Result<Vec<Table>, TransferError> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
    let mut statement = connection.engine().prepare(sql).map_err(|e| unavailable(&e))?;
    let names = statement.query_map([], |row| row.get::<_, String>(0)).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let names = names.map_err(|e| unavailable(&e))?;
    let mut components: Vec<_> = components.iter().collect();
    components.sort();
    let mut tables = Vec::new();
    for component in components {
        for physical in names.iter().filter(|name| owns(component, name)) {
            tables.push(table(connection, component, physical)?);
        }
    }
    Ok(tables)
}

fn table(connection: &Connection, component: &ComponentId, physical: &str) -> Result<Table, TransferError> {
    let name = logical_name(component, physical).unwrap_or_default().to_owned();
    let mut table = Table { component: component.clone(), name, columns: Vec::new(), key: Vec::new() };
    let sql = "SELECT name, type, pk FROM pragma_table_xinfo(?1) ORDER BY cid";
    let mut statement = connection.engine().prepare(sql).map_err(|e| unavailable(&e))?;
    let rows = statement.query_map([physical], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let rows: Vec<(String, String, i64)> = rows.and_then(Iterator::collect).map_err(|e| unavailable(&e))?;
    let mut key = Vec::new();
    for (name, kind, place) in rows {
        let kind = match kind.as_str() {
            "INTEGER" | "INT" => Kind::Integer,
            "REAL" => Kind::Real,
            "TEXT" => Kind::Text,
            "BLOB" => Kind::Blob,
            other => return Err(table.shape(format!("the column `{name}` has the type `{other}`"))),
        };
        if place > 0 {
            key.push((place, name.clone()));
        }
        table.columns.push(Column { name, kind });
    }
    key.sort();
    table.key = key.into_iter().map(|(_, name)| name).collect();
    Ok(table)
}

/// A name in quotes. Names passed the subset; quoting makes the others harmless.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names in quotes, with commas between them.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}
