// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values of every type for columns of every type: what PostgreSQL keeps, SQLite keeps as well and as the same value. The other
//! way round PostgreSQL may refuse what SQLite converts without loss (docs/sql-subset.md, what is left to you).

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a helper of a test is a test")]

use cap_storage::{SqlError, Value};
use kernel_engine::Verdict;
use kernel_types::Effect;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::sync::{Arc, Mutex};
use storage_conformance::{Backend, show};

const TYPES: [&str; 5] = ["INTEGER", "REAL", "TEXT", "BLOB", "BOOLEAN"];

/// How a value comes to its column.
const WAYS: [&str; 5] =
    ["bound in VALUES", "written in VALUES", "bound in SET", "written in SET", "bound in DO UPDATE"];

fn value() -> impl Strategy<Value = Value> {
    let integer = prop_oneof![Just(0), Just(1), Just(i64::MIN), Just(i64::MAX), -9..100_i64, any::<i64>()];
    let whole = prop_oneof![Just(0.0), Just(1.0), Just(-0.0), Just(9e15), Just(1e19), Just(1e300)];
    let real = prop_oneof![Just(0.5), Just(1.5), Just(2.5), Just(-0.1), Just(5e-324), -1e6..1e6_f64];
    let text = prop_oneof![
        Just("1"),
        Just("-7"),
        Just("1.5"),
        Just("1e3"),
        Just(" 2 "),
        Just("true"),
        Just("t"),
        Just(""),
        Just("x"),
        Just("\\x00ff"),
        Just("0x10"),
        Just("NaN"),
        Just("9223372036854775808"),
        Just("ä'\\"),
    ];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        integer.prop_map(Value::Integer),
        whole.prop_map(Value::Real),
        real.prop_map(Value::Real),
        text.prop_map(|text| Value::Text(text.to_owned())),
        proptest::collection::vec(any::<u8>(), 0..4).prop_map(Value::Blob),
    ]
}

fn create() -> String {
    let columns: String = TYPES.iter().map(|kind| format!(", a_{kind} {kind}")).collect();
    format!("CREATE TABLE t (id INTEGER PRIMARY KEY{columns});")
}

/// A statement that gives a column of row 1 the value in this way, its parameters, and whether the row must be there before.
fn statement(way: usize, kind: &str, value: &Value) -> (String, Vec<Value>, bool) {
    let written = show(value);
    let bound = vec![value.clone()];
    match way {
        0 => (format!("INSERT INTO t (id, a_{kind}) VALUES (1, ?1)"), bound, false),
        1 => (format!("INSERT INTO t (id, a_{kind}) VALUES (1, {written})"), vec![], false),
        2 => (format!("UPDATE t SET a_{kind} = ?1 WHERE id = 1"), bound, true),
        3 => (format!("UPDATE t SET a_{kind} = ({written}) WHERE id = 1"), vec![], true),
        _ => {
            let set = format!("ON CONFLICT (id) DO UPDATE SET a_{kind} = ?1");
            (format!("INSERT INTO t (id) VALUES (1) {set}"), bound, true)
        }
    }
}

/// What becomes of each case on one back end: the value that is there afterwards, or the kind of the error.
async fn run(backend: &Backend, cases: &[(usize, usize, Value)]) -> Vec<Result<Value, String>> {
    let found = Arc::new(Mutex::new(Vec::new()));
    let (shared, cases) = (Arc::clone(&found), cases.to_vec());
    let work = move |sql: storage_conformance::Sql| async move {
        for (way, kind, value) in &cases {
            let kind = TYPES[*kind];
            let (text, parameters, row) = statement(*way, kind, value);
            sql.change("DELETE FROM t", &[]).await.unwrap();
            if row {
                sql.change("INSERT INTO t (id) VALUES (1)", &[]).await.unwrap();
            }
            let result = match sql.change(&text, &parameters).await {
                Ok(_) => Ok(sql.rows(&format!("SELECT a_{kind} FROM t"), &[]).await.unwrap()[0][0].clone()),
                Err(SqlError::Unavailable(detail)) => panic!("{text}: {detail}"),
                Err(error) => Err(error.to_string()),
            };
            shared.lock().unwrap().push(result);
        }
        Verdict::Rollback
    };
    assert_eq!(backend.unit(Effect::Write, work).await, Ok(Verdict::Rollback), "{}", backend.name);
    let found = found.lock().unwrap();
    found.clone()
}

#[test]
fn what_postgresql_keeps_sqlite_keeps_as_the_same() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(postgres) = runtime.block_on(Backend::postgres("conversion")) else { return };
    let sqlite = runtime.block_on(Backend::sqlite());
    for backend in [&sqlite, &postgres] {
        runtime.block_on(backend.migrate(&[&create()])).unwrap();
    }
    let cases = proptest::collection::vec((0..WAYS.len(), 0..TYPES.len(), value()), 20);
    let mut runner = TestRunner::new(Config { cases: 30, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&cases, |cases| {
        let there = runtime.block_on(run(&postgres, &cases));
        let here = runtime.block_on(run(&sqlite, &cases));
        for (((way, kind, value), here), there) in cases.iter().zip(&here).zip(&there) {
            let agree = there.is_err() || here == there;
            let (way, kind) = (WAYS[*way], TYPES[*kind]);
            prop_assert!(agree, "{} {way} for {kind}: SQLite {here:?}, PostgreSQL {there:?}", show(value));
            // A value of the column's own type is kept.
            let own = matches!(
                (kind, value),
                ("INTEGER", Value::Integer(_))
                    | ("REAL", Value::Real(_))
                    | ("TEXT", Value::Text(_))
                    | ("BLOB", Value::Blob(_))
                    | ("BOOLEAN", Value::Boolean(_))
                    | (_, Value::Null)
            );
            prop_assert!(!own || there.is_ok() && here.is_ok(), "{} {way} for {kind}: {here:?} {there:?}", show(value));
        }
        Ok(())
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
}
