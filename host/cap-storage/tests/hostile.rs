// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whatever a component writes, what is compiled stays in its namespace: looked at by a second parser (`cap_storage::fuzz`)
//! and by SQLite itself, whose authorizer reports every table that a statement would touch.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test is a test")]

mod support;

use cap_storage::{Dialect, StatementKind, fuzz, namespace, subset};
use kernel_types::ComponentId;
use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use std::sync::{Arc, Mutex};
use support::{DICTIONARY, corpus, grammar, mutated};

/// Own tables, another component's, and one whose name begins as ours does.
const TABLES: &str = "
    CREATE TABLE demo_shop__t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, kind TEXT) STRICT, WITHOUT ROWID;
    CREATE TABLE demo_shop__u (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, kind TEXT) STRICT, WITHOUT ROWID;
    CREATE TABLE demo_shop__accounts (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, kind TEXT) STRICT, WITHOUT ROWID;
    CREATE TABLE other__t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER);
    CREATE TABLE demo_shop_x__t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER);
    CREATE TABLE demo__t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER);
    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER);
";

/// A database, and what its authorizer saw that no statement of the component may do.
struct Witness {
    connection: Connection,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Witness {
    fn new(component: &ComponentId) -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        let (seen, prefix) = (Arc::new(Mutex::new(Vec::new())), namespace(component));
        let record = Arc::clone(&seen);
        let hook = move |context: AuthContext<'_>| {
            if let Some(what) = outside(&context, &prefix) {
                record.lock().unwrap().push(what);
            }
            Authorization::Allow
        };
        connection.authorizer(Some(hook)).unwrap();
        Self { connection, seen }
    }

    /// Lets SQLite plan the statement; returns whether it could, and what of it lies outside.
    fn plan(&self, sql: &str) -> (bool, Vec<String>) {
        let planned = self.connection.prepare(sql).is_ok();
        (planned, std::mem::take(&mut *self.seen.lock().unwrap()))
    }
}

fn outside(context: &AuthContext<'_>, prefix: &str) -> Option<String> {
    let own = |table: &str| table.starts_with(prefix) && !table[prefix.len()..].contains("__");
    let inside = match &context.action {
        AuthAction::Select | AuthAction::Recursive => true,
        // A subquery is read under its alias, or under no name.
        AuthAction::Read { table_name, .. } => {
            own(table_name) || !table_name.contains("__") && context.database_name.is_none()
        }
        AuthAction::Insert { table_name } | AuthAction::Delete { table_name } => own(table_name),
        AuthAction::Update { table_name, .. } => own(table_name),
        AuthAction::Function { function_name } => FUNCTIONS.contains(function_name),
        _ => false,
    };
    (!inside).then(|| format!("{:?} in {:?}", context.action, context.database_name))
}

const FUNCTIONS: &[&str] = &[
    "abs",
    "avg",
    "coalesce",
    "count",
    "dense_rank",
    "first_value",
    "instr",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "lower",
    "ltrim",
    "max",
    "min",
    "ntile",
    "nullif",
    "rank",
    "replace",
    "row_number",
    "rtrim",
    "string_agg",
    "substr",
    "sum",
    "trim",
    "upper",
];

/// Compiles, and checks what was compiled; returns whether it was, and whether SQLite could plan it.
fn check(component: &ComponentId, witness: &Witness, sql: &str) -> (bool, bool) {
    let Ok(statement) = subset::compile(Dialect::Sqlite, component, sql) else { return (false, false) };
    fuzz::check_statement(component, &statement);
    let (planned, seen) = witness.plan(statement.sql());
    assert_eq!(seen, Vec::<String>::new(), "{sql}\n{}", statement.sql());
    if planned && statement.kind() == StatementKind::Query {
        let prepared = witness.connection.prepare(statement.sql()).unwrap();
        assert!(prepared.readonly(), "a query changes nothing: {}", statement.sql());
    }
    (true, planned)
}

/// Runs many cases on one database, and asserts that they are worth something: enough of them compile and run.
fn check_all(name: &str, cases: impl Strategy<Value = String>, count: u32, compiled_min: u32, planned_min: u32) {
    let component = ComponentId::parse("demo-shop").unwrap();
    let witness = Witness::new(&component);
    let config = ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let counts = std::cell::Cell::new((0, 0));
    runner
        .run(&cases, |sql| {
            let (is_compiled, is_planned) = check(&component, &witness, &sql);
            let (compiled, planned) = counts.get();
            counts.set((compiled + u32::from(is_compiled), planned + u32::from(is_planned)));
            Ok(())
        })
        .unwrap();
    let (compiled, planned) = counts.get();
    assert!(
        compiled >= compiled_min && planned >= planned_min,
        "{name}: {compiled} compiled, {planned} planned of {count}"
    );
}

#[test]
fn statements_of_the_grammar_stay_in_the_namespace() {
    check_all("grammar", any::<[u8; 96]>().prop_map(|bytes| grammar(&bytes)), 3_000, 300, 100);
}

#[test]
fn mutated_statements_stay_in_the_namespace() {
    let corpus = corpus();
    let mutations = prop::collection::vec((any::<u16>(), any::<u16>(), 0_u8..5), 0..5);
    let cases = (0..corpus.len(), mutations).prop_map(move |(index, mutations)| mutated(&corpus[index], &mutations));
    check_all("mutations", cases, 3_000, 300, 50);
}

#[test]
fn token_soup_stays_in_the_namespace() {
    let token = prop::sample::select(DICTIONARY);
    let cases = prop::collection::vec(token, 1..30).prop_map(|tokens| format!("SELECT {}", tokens.join(" ")));
    check_all("soup", cases, 2_000, 1, 0);
}

#[test]
fn no_text_makes_the_compiler_panic() {
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200))| {
        fuzz::fuzz_one(text.as_bytes());
        fuzz::fuzz_one(&bytes);
    });
}

#[test]
fn the_harness_sees_what_lies_outside() {
    let component = ComponentId::parse("demo-shop").unwrap();
    let witness = Witness::new(&component);
    for sql in [
        "SELECT a FROM other__t",
        "SELECT a FROM demo_shop_x__t",
        "SELECT a FROM demo__t",
        "SELECT a FROM t",
        "SELECT name FROM sqlite_master",
        "SELECT name FROM sqlite_schema",
        "SELECT name FROM pragma_table_info('t')",
        "SELECT value FROM json_each('[1]')",
        "SELECT random()",
        "DELETE FROM other__t",
        "INSERT INTO demo_shop__t (id, a) SELECT id, a FROM other__t",
        "PRAGMA table_list",
        "ATTACH ':memory:' AS other",
        "CREATE TABLE demo_shop__new (a)",
        "SAVEPOINT a",
    ] {
        let (planned, seen) = witness.plan(sql);
        assert!(planned && !seen.is_empty(), "{sql}");
    }
}
