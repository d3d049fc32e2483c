// SPDX-License-Identifier: MIT OR Apache-2.0
//! The yardstick on PostgreSQL: `pgbench` (part of PostgreSQL) running the statements that the host was seen to send.
//!
//! From some posts that differ in their values only one script is made: `BEGIN` as the host begins, the statements word for
//! word, `COMMIT`. What the database gave out (identifiers, numbers) is taken from the answer as the component does; what
//! differs from post to post is picked at random from what the posts had. The role and the schema are settings of the
//! connection, as they would be for one program, so pgbench is spared what the host says about them in each transaction.

use crate::wire::{Reader, Step};
use anyhow::{Context as _, Result, bail};
use std::path::Path;
use std::time::Duration;
use tokio::process::Command;

/// How the host's transaction begins, and how it ends.
const BEGIN: &str = "BEGIN";
const COMMIT: &str = "COMMIT";

/// Types of parameters, by their object ids (PostgreSQL, `pg_type.dat`).
const BOOL: u32 = 16;
const INT8: u32 = 20;
const TEXT: u32 = 25;
/// An array's type, and its elements'.
const ARRAYS: [(u32, u32); 3] = [(1_000, BOOL), (1_016, INT8), (1_009, TEXT)];

/// A value of a parameter, as SQL writes it.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Null,
    One { literal: String, kind: &'static str },
    Many { values: Vec<Value>, kind: &'static str },
}

/// A script that pgbench can run, and where.
pub(crate) struct Script {
    text: String,
    /// What one transaction of the host was: round trips, among them statements of the component.
    pub(crate) round_trips: usize,
    pub(crate) statements: usize,
    role: String,
    schema: String,
}

/// What pgbench says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// Transactions per second.
    pub(crate) rate: f64,
    /// Of all transactions, how many were run again, in per cent.
    pub(crate) retried_percent: f64,
}

/// The transactions in what was said, from BEGIN to COMMIT.
fn units(steps: Vec<Step>) -> Vec<Vec<Step>> {
    let mut units = Vec::new();
    let mut open: Option<Vec<Step>> = None;
    for step in steps {
        let (begins, ends) = match &step {
            Step::Text(text) => (text.starts_with(BEGIN), text.ends_with(COMMIT)),
            Step::Run { .. } => (false, false),
        };
        if begins {
            open = Some(Vec::new());
        }
        if let Some(unit) = &mut open {
            unit.push(step);
        }
        if ends {
            units.extend(open.take());
        }
    }
    units
}

fn shape(unit: &[Step]) -> Vec<&str> {
    fn text(step: &Step) -> Option<&str> {
        match step {
            Step::Run { text, .. } => Some(text),
            Step::Text(_) => None,
        }
    }
    unit.iter().filter_map(text).collect()
}

impl Script {
    /// Makes a script from the transactions that have the most frequent sequence of statements.
    pub(crate) fn of(steps: Vec<Step>) -> Result<Self> {
        let units = units(steps);
        let count = |unit: &Vec<Step>| units.iter().filter(|other| shape(other) == shape(unit)).count();
        let model = units.iter().max_by_key(|unit| count(unit)).context("the host was not seen to post")?;
        let alike: Vec<&Vec<Step>> = units.iter().filter(|unit| shape(unit) == shape(model)).collect();
        let settings: String = model
            .iter()
            .filter_map(|step| if let Step::Text(text) = step { Some(text.as_str()) } else { None })
            .collect();
        let setting = |name: &str| {
            let rest = settings.split_once(name).map(|(_, rest)| rest.trim_start());
            let word = rest.map(|rest| rest.split([';', ',']).next().unwrap_or_default().trim().to_owned());
            word.with_context(|| format!("the host was not seen to say `{name}`"))
        };
        let (role, schema) = (setting("SET LOCAL ROLE")?, setting("SET LOCAL search_path TO")?);
        let mut text = format!("\\set i random(1, {})\nBEGIN ISOLATION LEVEL SERIALIZABLE, READ WRITE;\n", alike.len());
        // What was given out so far: the name of the variable, and the value in each transaction.
        let mut given: Vec<(String, Vec<Value>)> = Vec::new();
        for (place, step) in model.iter().enumerate() {
            let Step::Run { text: sql, columns, .. } = step else { continue };
            let runs: Vec<&Step> = alike.iter().filter_map(|unit| unit.get(place)).collect();
            text.push_str(&with_values(sql, &runs, &given)?);
            if sql.contains(" RETURNING ") {
                text.push_str(&format!(" \\gset r{place}_\n"));
                for (index, column) in columns.iter().enumerate() {
                    let values = runs.iter().filter_map(|run| returned(run, index)).collect();
                    given.push((format!("r{place}_{column}"), values));
                }
            } else {
                text.push_str(";\n");
            }
        }
        text.push_str("COMMIT;\n");
        Ok(Self { text, round_trips: model.len(), statements: shape(model).len(), role, schema })
    }

    /// Runs it.
    pub(crate) async fn run(&self, url: &str, file: &Path, clients: usize, time: Duration) -> Result<Outcome> {
        std::fs::write(file, &self.text)?;
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get).min(clients);
        let output = Command::new("pgbench")
            .args(["--no-vacuum", "--protocol=prepared", "--max-tries=0", "--random-seed=rand"])
            .arg(format!("--client={clients}"))
            .arg(format!("--jobs={threads}"))
            .arg(format!("--time={}", time.as_secs().max(1)))
            .arg(format!("--file={}", file.display()))
            .arg(conninfo(url)?)
            .env("PGOPTIONS", format!("-c role={} -c search_path={},pg_temp", self.role, self.schema))
            .output()
            .await
            .context("pgbench cannot be started; it comes with PostgreSQL")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            bail!("pgbench failed: {}{said}", String::from_utf8_lossy(&output.stderr));
        }
        let behind = |name: &str| -> Option<f64> {
            let rest = said.lines().find_map(|line| line.strip_prefix(name))?;
            rest.split([' ', '(', '%']).find_map(|word| word.parse().ok())
        };
        let rate = behind("tps =").with_context(|| format!("pgbench did not say how fast it was: {said}"))?;
        let (done, retried) =
            (behind("number of transactions actually processed:"), behind("number of transactions retried:"));
        let retried_percent = 100.0 * retried.unwrap_or(0.0) / done.filter(|done| *done > 0.0).unwrap_or(1.0);
        Ok(Outcome { rate, retried_percent })
    }
}

/// The URL as libpq reads it.
fn conninfo(url: &str) -> Result<String> {
    let options: sqlx::postgres::PgConnectOptions = url.parse()?;
    let base = url.split('?').next().unwrap_or_default();
    Ok(match options.get_socket() {
        Some(folder) => format!("{base}?host={}", folder.display()),
        None => base.to_owned(),
    })
}

/// The statement with an expression for each placeholder.
fn with_values(sql: &str, runs: &[&Step], given: &[(String, Vec<Value>)]) -> Result<String> {
    let sql = sql.rsplit_once("\n--").map_or(sql, |(sql, _)| sql);
    let mut text = String::new();
    let mut parts = sql.split('$');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let place = number.parse::<usize>()?.checked_sub(1).context("a placeholder without number")?;
        let values: Vec<Value> = runs.iter().map(|run| bound(run, place)).collect::<Result<_>>()?;
        text.push_str(&expression(&values, given));
        text.push_str(rest);
    }
    Ok(text.replace('\n', " "))
}

/// What stands for a value that was one of these.
fn expression(values: &[Value], given: &[(String, Vec<Value>)]) -> String {
    if let Some((name, _)) = given.iter().rev().find(|(_, of)| of == values) {
        return format!("CAST(:{name} AS bigint)");
    }
    match values.first() {
        Some(Value::Many { values: first, kind }) => {
            let element = |index: usize| -> Vec<Value> {
                let many = |value: &Value| match value {
                    Value::Many { values, .. } => values.get(index).cloned().unwrap_or(Value::Null),
                    other => other.clone(),
                };
                values.iter().map(many).collect()
            };
            let elements: Vec<String> = (0..first.len()).map(|index| expression(&element(index), given)).collect();
            format!("CAST(ARRAY[{}] AS {kind}[])", elements.join(", "))
        }
        Some(first) if values.iter().all(|value| value == first) => literal(first),
        Some(Value::One { kind, .. }) => {
            let literals: Vec<String> = values.iter().map(literal).collect();
            // A literal of an array, which the server reads once.
            let quoted: Vec<String> =
                literals.iter().map(|text| format!("\"{}\"", text.trim_matches('\'').replace('"', "\\\""))).collect();
            format!("(CAST('{{{}}}' AS {kind}[]))[CAST(:i AS int)]", quoted.join(","))
        }
        _ => "NULL".to_owned(),
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::One { literal, .. } => literal.clone(),
        Value::Null | Value::Many { .. } => "NULL".to_owned(),
    }
}

/// The value that a transaction bound.
fn bound(run: &Step, place: usize) -> Result<Value> {
    let Step::Run { values, .. } = run else { bail!("no statement") };
    let (kind, bytes) = values.get(place).context("a placeholder without value")?;
    let read = || match ARRAYS.iter().find(|(array, _)| array == kind) {
        Some((_, element)) => array(*element, bytes.as_deref()?),
        None => one(*kind, bytes.as_deref()),
    };
    read().with_context(|| format!("a parameter of the type {kind}"))
}

fn one(kind: u32, bytes: Option<&[u8]>) -> Option<Value> {
    let Some(bytes) = bytes else { return Some(Value::Null) };
    let (literal, kind) = match kind {
        INT8 => (i64::from_be_bytes(bytes.try_into().ok()?).to_string(), "bigint"),
        TEXT => (format!("'{}'", std::str::from_utf8(bytes).ok()?.replace('\'', "''")), "text"),
        BOOL => (if bytes == [0] { "false" } else { "true" }.to_owned(), "boolean"),
        _ => return None,
    };
    Some(Value::One { literal, kind })
}

/// An array of one dimension: dimensions, whether it has NULLs, the type, its length, its first index; then the values.
fn array(kind: u32, bytes: &[u8]) -> Option<Value> {
    let mut reader = Reader(bytes);
    let head: Vec<u32> = (0..5).map(|_| reader.number()).collect::<Option<_>>()?;
    let values = (0..*head.get(3)?).map(|_| one(kind, reader.value()?.as_deref())).collect::<Option<_>>()?;
    let kind = if kind == INT8 {
        "bigint"
    } else if kind == TEXT {
        "text"
    } else {
        "boolean"
    };
    Some(Value::Many { values, kind })
}

/// The integer in a column of the only row that came back.
fn returned(run: &Step, column: usize) -> Option<Value> {
    let Step::Run { rows, .. } = run else { return None };
    one(INT8, rows.first()?.get(column)?.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(value: i64) -> (u32, Option<Vec<u8>>) {
        (INT8, Some(value.to_be_bytes().to_vec()))
    }

    fn text(value: &str) -> (u32, Option<Vec<u8>>) {
        (TEXT, Some(value.as_bytes().to_vec()))
    }

    fn unit(number: i64, name: &str) -> Vec<Step> {
        let begin =
            "BEGIN ISOLATION LEVEL SERIALIZABLE, READ WRITE; SET LOCAL ROLE r; SET LOCAL search_path TO s, pg_temp";
        let run = |text: &str, values, columns: &[&str], rows| {
            let columns = columns.iter().map(|name| (*name).to_owned()).collect();
            Step::Run { text: format!("{text}\n--s"), values, columns, rows }
        };
        vec![
            Step::Text(begin.to_owned()),
            run("UPDATE c SET n = n + $1 RETURNING n", vec![integer(1)], &["n"], vec![vec![integer(number).1]]),
            run("INSERT INTO e VALUES ($1, $2)", vec![integer(number), text(name)], &[], Vec::new()),
            Step::Text("COMMIT".to_owned()),
        ]
    }

    #[test]
    fn a_script_takes_what_was_given_out_and_picks_the_rest() {
        let steps = [unit(7, "it's"), unit(8, "b"), vec![Step::Text("SELECT 1".to_owned())]].concat();
        let script = Script::of(steps).expect("a script");
        assert_eq!((script.round_trips, script.statements), (4, 2));
        assert_eq!((&*script.role, &*script.schema), ("r", "s"));
        let expected = "\\set i random(1, 2)\nBEGIN ISOLATION LEVEL SERIALIZABLE, READ WRITE;\n\
            UPDATE c SET n = n + 1 RETURNING n \\gset r1_\n\
            INSERT INTO e VALUES (CAST(:r1_n AS bigint), (CAST('{\"it''s\",\"b\"}' AS text[]))[CAST(:i AS int)]);\nCOMMIT;\n";
        assert_eq!(script.text, expected);
        Script::of(Vec::new()).err().expect("nothing was posted");
    }
}
