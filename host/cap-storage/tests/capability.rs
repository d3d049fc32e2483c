// SPDX-License-Identifier: MIT OR Apache-2.0
//! The capability as components meet it: what reaches the session, what comes back, and what becomes of savepoints and
//! calls, however they end.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a helper of a test is a test")]

mod bench;

use bench::{Bench, ROW_BYTES};
use kernel_types::{Effect, Limits};
use wasmtime::component::Val;

const INSERT: &str = "INSERT INTO t (a) VALUES (1)";

fn arguments(statement: &str, parameters: Vec<Val>) -> Vec<Val> {
    vec![Val::String(statement.to_owned()), Val::List(parameters)]
}

fn case(name: &str, payload: Option<Val>) -> Val {
    Val::Variant(name.to_owned(), payload.map(Box::new))
}

fn within(then: u32) -> Vec<Val> {
    vec![Val::String(INSERT.to_owned()), Val::List(vec![]), Val::U32(then)]
}

/// A result as one line: `ok ..`, or the error's case and its text.
fn short(result: &Val) -> String {
    match result {
        Val::Result(Ok(None)) => "ok".to_owned(),
        Val::Result(Ok(Some(value))) => format!("ok {value:?}"),
        Val::Result(Err(Some(error))) => match &**error {
            Val::Variant(name, Some(payload)) => match &**payload {
                Val::String(text) => format!("{name}: {text}"),
                Val::Record(fields) if name == "constraint" => format!("{name}: {fields:?}"),
                Val::Record(fields) => match &fields[0].1 {
                    Val::String(text) => format!("{name}: {text}"),
                    other => format!("{other:?}"),
                },
                other => format!("{name}: {other:?}"),
            },
            other => format!("{other:?}"),
        },
        other => format!("{other:?}"),
    }
}

/// Calls an operation of `a` that writes, with the default limits.
async fn check(function: &str, arguments: Vec<Val>, expected: &str, log: &[&str]) {
    let bench = Bench::new(Effect::Write, Limits::DEFAULT);
    let (result, seen) = bench.call("a", function, arguments).await;
    assert_eq!(short(&result.unwrap()), expected);
    assert_eq!(seen, log);
}

#[tokio::test]
async fn every_kind_of_value_crosses_both_ways() {
    let given = vec![
        case("null", None),
        case("boolean", Some(Val::Bool(true))),
        case("integer", Some(Val::S64(i64::MIN))),
        case("real", Some(Val::Float64(-0.5))),
        case("text", Some(Val::String("ü".to_owned()))),
        case("blob", Some(Val::List(vec![Val::U8(0), Val::U8(255)]))),
    ];
    let bench = Bench::new(Effect::Read, Limits::DEFAULT);
    let (result, log) = bench.call("a", "query", arguments("SELECT ?1, ?2, ?3, ?4, ?5, ?6", given.clone())).await;
    let Val::Result(Ok(Some(rows))) = result.unwrap() else { panic!("rows") };
    let columns = ["a", "b", "c", "d", "e", "f"].map(|name| Val::String(name.to_owned())).to_vec();
    let mut row = given;
    row[1] = case("integer", Some(Val::S64(1)));
    row[2] = case("integer", Some(Val::S64(-7)));
    row[3] = case("real", Some(Val::Float64(1.5)));
    let expected = Val::Record(vec![
        ("columns".to_owned(), Val::List(columns)),
        ("rows".to_owned(), Val::List(vec![Val::List(row)])),
    ]);
    assert_eq!(*rows, expected);
    let seen = "[Null, Boolean(true), Integer(-9223372036854775808), Real(-0.5), Text(\"ü\"), Blob([0, 255])]";
    assert!(log[0].ends_with(seen), "{log:?}");
}

#[tokio::test]
async fn statements_reach_the_session_rewritten_or_not_at_all() {
    let text = |text: &str| case("text", Some(Val::String(text.to_owned())));
    check(
        "execute",
        arguments("DELETE FROM t WHERE a = ?1", vec![text("x")]),
        "ok U64(1)",
        &["a execute DELETE FROM a__t AS t WHERE a = ?1 [[Text(\"x\")]]", "commit"],
    )
    .await;
    let list = |texts: &[&str]| Val::List(texts.iter().map(|t| text(t)).collect());
    let many = |lists: Vec<Val>| vec![Val::String("DELETE FROM t WHERE a = ?1".to_owned()), Val::List(lists)];
    check(
        "execute-many",
        many(vec![list(&["x"]), list(&["y"])]),
        "ok U64(2)",
        &["a execute DELETE FROM a__t AS t WHERE a = ?1 [[Text(\"x\")], [Text(\"y\")]]", "commit"],
    )
    .await;
    check("execute-many", many(vec![]), "ok U64(0)", &["commit"]).await;
    check(
        "execute-many",
        many(vec![list(&["x"]), list(&[])]),
        "parameter: list 2: the statement has 1 placeholders, 0 parameters are given",
        &["rollback"],
    )
    .await;
    let refused = [
        (
            "query",
            "SELECT a FROM other__t",
            vec![],
            "refused: `other__t` is no name here: never two underscores in a row: they divide the component from the table",
        ),
        ("query", "SELEC", vec![], "syntax: expected: an SQL statement, found: SELEC"),
        ("query", "DELETE FROM t", vec![], "refused: the statement returns no rows: use `execute`, or RETURNING"),
        ("execute", "SELECT 1", vec![], "refused: the statement returns rows: use `query`"),
        ("execute", "DELETE FROM t RETURNING a", vec![], "refused: the statement returns rows: use `query`"),
        (
            "execute",
            "DELETE FROM t WHERE a = ?1",
            vec![],
            "parameter: the statement has 1 placeholders, 0 parameters are given",
        ),
        ("query", "SELECT 1", vec![text("x")], "parameter: the statement has 0 placeholders, 1 parameters are given"),
        (
            "query",
            "SELECT ?1, ?2",
            vec![text("x"), text("a\0b")],
            "parameter: parameter 2 is a text with U+0000: pass it as a blob",
        ),
        (
            "query",
            "SELECT ?1",
            vec![case("real", Some(Val::Float64(f64::NAN)))],
            "parameter: parameter 1 is no finite number: SQL has no NaN and no infinity",
        ),
    ];
    for (function, statement, parameters, expected) in refused {
        check(function, arguments(statement, parameters), expected, &["rollback"]).await;
    }
}

#[tokio::test]
async fn errors_of_the_session_are_told_in_full() {
    let fields =
        "[(\"kind\", Enum(\"foreign-key\")), (\"table\", String(\"t\")), (\"columns\", List([String(\"a\")]))]";
    let log = |word: &str| format!("a execute DELETE FROM a__t AS t WHERE a = '{word}' [[]]");
    check(
        "execute",
        arguments("DELETE FROM t WHERE a = 'constraint'", vec![]),
        &format!("constraint: {fields}"),
        &[&log("constraint"), "rollback"],
    )
    .await;
    check(
        "execute",
        arguments("DELETE FROM t WHERE a = 'unavailable'", vec![]),
        "unavailable: the disk is full",
        &[&log("unavailable"), "rollback"],
    )
    .await;
}

#[tokio::test]
async fn an_operation_that_reads_changes_nothing() {
    let bench = Bench::new(Effect::Read, Limits::DEFAULT);
    let change = "refused: the operation is declared `effect: read`: it can change nothing";
    let savepoint = "refused: an operation that only reads has nothing to return to: it needs no savepoint";
    for (function, arguments, expected) in [
        ("execute", arguments(INSERT, vec![]), change),
        ("execute-many", vec![Val::String(INSERT.to_owned()), Val::List(vec![])], change),
        ("query", arguments("DELETE FROM t RETURNING a", vec![]), change),
        ("open", vec![Val::U32(1), Val::U32(0)], savepoint),
    ] {
        let (result, log) = bench.call("a", function, arguments).await;
        assert_eq!((short(&result.unwrap()).as_str(), log), (expected, vec!["rollback".to_owned()]), "{function}");
    }
}

#[tokio::test]
async fn rows_bytes_and_time_are_limited_and_a_limit_is_an_error_not_a_trap() {
    let with = |change: &dyn Fn(&mut Limits)| {
        let mut limits = Limits::DEFAULT;
        change(&mut limits);
        limits
    };
    for (limits, expected) in [
        (with(&|limits| limits.sql_rows_max = 0), Some("`sql-rows-max` is used up: the statement had 0 rows")),
        (
            with(&|limits| limits.result_bytes_max = ROW_BYTES - 1),
            Some("`result-bytes-max` is used up: the statement had 9999 bytes"),
        ),
        (with(&|limits| limits.sql_ms_max = 0), Some("`sql-ms-max` is used up: the statement had 0 milliseconds")),
        (with(&|limits| limits.sql_ms_max = 1), None),
    ] {
        let bench = Bench::new(Effect::Read, limits);
        let (result, _) = bench.call("a", "query", arguments("SELECT 1", vec![])).await;
        let text = short(&result.unwrap());
        let rest = "left; ask for less, or raise it in the manifest";
        match expected {
            Some(expected) => assert_eq!(text, format!("limit-exceeded: {expected} {rest}")),
            None => assert!(text.starts_with("ok"), "{text}"),
        }
    }
}

#[tokio::test]
async fn time_below_a_millisecond_adds_up() {
    // Three statements of 0.7 ms each in one unit: `b` changes, `a` changes, `b` changes.
    let run = async |milliseconds: u64| {
        let mut limits = Limits::DEFAULT;
        limits.sql_ms_max = milliseconds;
        let (result, _) = Bench::new(Effect::Write, limits).call("b", "run", within(1)).await;
        short(&result.unwrap())
    };
    assert_eq!(run(2).await, "ok U64(1)");
    assert!(run(1).await.starts_with("limit-exceeded: `sql-ms-max`"));
}

#[tokio::test]
async fn a_savepoint_is_kept_undone_or_forgotten() {
    let insert = "a execute INSERT INTO a__t AS t (a) VALUES (1) [[]]";
    for (then, log) in [
        (0, ["open 1", insert, "rollback 1", "commit"]),
        (1, ["open 1", insert, "release 1", "commit"]),
        (2, ["open 1", insert, "rollback 1", "commit"]),
        (3, ["open 1", insert, "rollback 1", "commit"]),
    ] {
        check("within", within(then), "ok U64(1)", &log).await;
    }
}

#[tokio::test]
async fn savepoints_nest_and_end_from_the_inside() {
    let open = |count, then| vec![Val::U32(count), Val::U32(then)];
    check("open", open(3, 3), "ok", &["open 1", "open 2", "open 3", "release 3", "release 2", "release 1", "commit"])
        .await;
    check("open", open(2, 0), "ok", &["open 1", "open 2", "rollback 2", "rollback 1", "commit"]).await;
    let newer = "refused: a newer savepoint is open: this one is rolled back with it; end the newest first";
    check("open", open(2, 1), newer, &["open 1", "open 2", "rollback 2", "rollback 1", "rollback"]).await;
    let gone = "refused: the savepoint is gone: one that surrounds it was rolled back";
    check("open", open(2, 2), gone, &["open 1", "open 2", "rollback 2", "rollback 1", "rollback"]).await;
    let bench = Bench::new(Effect::Write, Limits::DEFAULT);
    let (result, _) = bench.call("a", "open", open(33, 0)).await;
    assert_eq!(short(&result.unwrap()), "refused: 32 savepoints are open: end some first");
    let (result, _) = bench.call("a", "open", open(32, 3)).await;
    assert_eq!(short(&result.unwrap()), "ok");
}

#[tokio::test]
async fn a_call_that_fails_leaves_nothing_and_one_that_changes_nothing_costs_nothing() {
    let (own, others) =
        ("b execute INSERT INTO b__t AS t (a) VALUES (1) [[]]", "a execute INSERT INTO a__t AS t (a) VALUES (1) [[]]");
    let bench = Bench::new(Effect::Write, Limits::DEFAULT);
    let cases: [(u32, &[&str]); 4] = [
        // It leaves a savepoint open: undone, and the rest of the call is kept.
        (0, &[own, "open 1", "open 2", others, "rollback 2", "release 1", own, "commit"]),
        (1, &[own, "open 1", "open 2", others, "release 2", "release 1", own, "commit"]),
        // It answers with an error, which its caller ignores: what it did is undone, what the caller did is kept.
        (4, &[own, "open 1", others, "rollback 1", own, "commit"]),
        // It traps: nothing of the unit remains.
        (5, &[own, "open 1", others, "rollback"]),
    ];
    for (then, expected) in cases {
        let (result, log) = bench.call("b", "run", within(then)).await;
        assert_eq!(log, expected, "{then}");
        assert_eq!(result.is_ok(), then != 5, "{then}");
    }
    // A call that is refused before it changes anything opens no savepoint.
    let refused = vec![Val::String("SELECT 1".to_owned()), Val::List(vec![]), Val::U32(4)];
    let (_, log) = bench.call("b", "run", refused).await;
    assert_eq!(log, ["rollback"]);
}
