// SPDX-License-Identifier: MIT OR Apache-2.0
//! The attacks on the database.

use crate::alias;
use crate::bindings::cortex::storage::sql;
use crate::bindings::cortex::types::types::{Problem, ProblemKind};

/// Ten rows.
const TEN: &str = "(SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 \
                   UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9 UNION ALL SELECT 10)";

fn problem(error: &sql::Error) -> Problem {
    let (kind, code, message) = match error {
        sql::Error::Syntax(problem) => (ProblemKind::Internal, "syntax", problem.message.clone()),
        sql::Error::Refused(problem) => (ProblemKind::Denied, "refused", problem.message.clone()),
        sql::Error::Parameter(text) => (ProblemKind::Invalid, "parameter", text.clone()),
        sql::Error::Constraint(broken) => (ProblemKind::Conflict, "constraint", broken.table.clone()),
        sql::Error::Arithmetic(text) => (ProblemKind::Invalid, "arithmetic", text.clone()),
        sql::Error::LimitExceeded(text) => (ProblemKind::LimitExceeded, "limit-exceeded", text.clone()),
        sql::Error::Unavailable(text) => (ProblemKind::Unavailable, "unavailable", text.clone()),
    };
    Problem { kind, code: code.into(), message, fields: Vec::new() }
}

pub(crate) fn insert(id: i64) -> Result<u64, Problem> {
    let parameters = [sql::Value::Integer(id), sql::Value::Text("note".into())];
    sql::execute("INSERT INTO entries (id, note) VALUES (?1, ?2)", &parameters).map_err(|error| problem(&error))
}

/// The one number that a statement returns, or how many rows it does.
pub(crate) fn query(statement: &str, parameters: &[sql::Value]) -> Result<u64, Problem> {
    let rows = sql::query(statement, parameters).map_err(|error| problem(&error))?;
    match rows.rows.first().and_then(|row| row.first()) {
        Some(sql::Value::Integer(number)) if rows.rows.len() == 1 => Ok(number.unsigned_abs()),
        _ => Ok(u64::try_from(rows.rows.len()).unwrap_or(u64::MAX)),
    }
}

/// Joined tens: more rows than any limit admits.
fn tens(names: &[&str]) -> String {
    let from: Vec<String> = names.iter().map(|name| format!("{TEN} {name}")).collect();
    from.join(" CROSS JOIN ")
}

pub(crate) fn read_rows(rows: u64) -> Result<u64, Problem> {
    query(&format!("SELECT a.n FROM {} LIMIT {rows}", tens(&["a", "b", "c", "d", "e", "f", "g"])), &[])
}

pub(crate) fn slow_statement() -> Result<u64, Problem> {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"];
    query(&format!("SELECT count(*) FROM {} WHERE a.n + m.n > b.n", tens(&names)), &[])
}

pub(crate) fn many_statements(statements: u32) -> Result<u64, Problem> {
    let mut sum = 0u64;
    for number in 0..statements {
        sum = sum.saturating_add(query(&format!("SELECT 1 + count(*) - {number} + {number} FROM entries"), &[])?);
    }
    Ok(sum)
}

pub(crate) fn double_value(times: u32) -> Result<u64, Problem> {
    let doubled = "WITH RECURSIVE t(n, x) AS (SELECT 0, ?1 UNION ALL SELECT n + 1, x || x FROM t WHERE n < ?2) \
                   SELECT max(length(x)) FROM t";
    query(doubled, &[sql::Value::Text("x".repeat(1_000)), sql::Value::Integer(times.into())])
}

pub(crate) fn read_bytes(rows: u32, text: String) -> Result<u64, Problem> {
    query(&format!("SELECT ?1 FROM {} LIMIT {rows}", tens(&["a", "b", "c"])), &[sql::Value::Text(text)])
}

pub(crate) fn pass_aliases(texts: u32, text: &str) -> Result<u64, Problem> {
    query("SELECT length(?1)", &alias::of(text, texts, sql::Value::Text))
}

pub(crate) fn pass_odd_value(which: u32) -> Result<u64, Problem> {
    let value = match which {
        0 => sql::Value::Real(f64::NAN),
        1 => sql::Value::Real(f64::INFINITY),
        2 => sql::Value::Text("a\0b".into()),
        _ => return query("SELECT length(?1)", &[sql::Value::Null, sql::Value::Null]),
    };
    query("SELECT ?1", &[value])
}

pub(crate) fn open_savepoints(savepoints: u32) -> Result<u32, Problem> {
    let mut open = Vec::new();
    for _ in 0..savepoints {
        match sql::Savepoint::open() {
            Ok(savepoint) => open.push(savepoint),
            Err(error) if open.is_empty() => return Err(problem(&error)),
            Err(_) => break,
        }
    }
    Ok(u32::try_from(open.len()).unwrap_or(u32::MAX))
}

pub(crate) fn mix_savepoints(id: i64) -> Result<u32, Problem> {
    let open = || sql::Savepoint::open().map_err(|error| problem(&error));
    let outer = open()?;
    insert(id)?;
    let inner = open()?;
    insert(id.wrapping_add(1))?;
    // The outer one goes first, which is refused and undoes both; then the inner one is gone.
    let refused = [sql::Savepoint::release(outer), sql::Savepoint::release(inner)];
    Ok(refused.iter().map(|step| u32::from(step.is_err())).sum())
}

pub(crate) fn leave_savepoint_open(id: i64) -> Result<u64, Problem> {
    let savepoint = sql::Savepoint::open().map_err(|error| problem(&error))?;
    let written = insert(id);
    std::mem::forget(savepoint);
    written
}

/// Writes a row and does more, all of it inside a savepoint that is then released.
pub(crate) fn inside_savepoint(id: i64, more: impl FnOnce() -> Result<u64, Problem>) -> Result<u64, Problem> {
    let savepoint = sql::Savepoint::open().map_err(|error| problem(&error))?;
    insert(id)?;
    let answer = more()?;
    sql::Savepoint::release(savepoint).map_err(|error| problem(&error))?;
    Ok(answer)
}
