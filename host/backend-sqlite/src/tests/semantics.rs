// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a statement returns and which error it ends with: one table each.

use super::fixture::{Fixture, Sql};
use cap_storage::{SavepointStep, StatementKind, Value};
use expect_test::{Expect, expect};
use kernel_engine::Verdict;
use kernel_types::Effect;

const TABLES: &[&str] = &[
    "CREATE TABLE shop__kind (code TEXT PRIMARY KEY, label TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE shop__part (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL REFERENCES shop__kind (code), amount INTEGER NOT NULL CHECK (amount > 0),
        a INTEGER, b INTEGER, UNIQUE (a, b)) STRICT",
    "INSERT INTO shop__kind (code, label) VALUES ('x', 'iks')",
    "INSERT INTO shop__part (id, kind, amount, a, b) VALUES (1, 'x', 5, 1, 1)",
];

/// Runs `act` in a unit of its own and compares what it returns.
async fn check<T, F, R>(fixture: &Fixture, effect: Effect, act: F, expected: Expect)
where
    T: std::fmt::Debug + Send + 'static,
    F: FnOnce(Sql) -> R + Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let work = move |sql: Sql| async move {
        sender.send(format!("{:?}", act(sql).await)).unwrap();
        Verdict::Rollback
    };
    assert_eq!(fixture.unit(effect, work).await, Ok(Verdict::Rollback));
    expected.assert_eq(&receiver.await.unwrap());
}

async fn change(fixture: &Fixture, sql: &'static str, row: Vec<Value>, expected: Expect) {
    check(fixture, Effect::Write, move |session| async move { session.execute(sql, &[row]).await }, expected).await;
}

async fn query(fixture: &Fixture, sql: &'static str, row: Vec<Value>, expected: Expect) {
    check(fixture, Effect::Read, move |session| async move { session.query(sql, &row).await }, expected).await;
}

async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.migrate("shop", &[("0001_item.sql", &[super::fixture::ITEM]), ("0002_part.sql", TABLES)]).await.unwrap();
    fixture
}

#[tokio::test]
async fn every_value_comes_back_as_it_was_given() {
    let fixture = fixture().await;
    query(
        &fixture,
        "SELECT ?1 AS a, ?2 AS b, ?3 AS c, ?4 AS d, ?5 AS e, ?6 AS f",
        vec![
            Value::Null,
            Value::Boolean(true),
            Value::Integer(i64::MIN),
            Value::Real(0.1),
            Value::Text("Größe".into()),
            Value::Blob(vec![0, 255]),
        ],
        expect![[
            r#"Ok(Rows { columns: ["a", "b", "c", "d", "e", "f"], rows: [[Null, Integer(1), Integer(-9223372036854775808), Real(0.1), Text("Größe"), Blob([0, 255])]] })"#
        ]],
    )
    .await;
    query(
        &fixture,
        "SELECT id FROM shop__part WHERE id = ?1",
        vec![Value::Integer(9)],
        expect![[r#"Ok(Rows { columns: ["id"], rows: [] })"#]],
    )
    .await;
}

#[tokio::test]
async fn a_change_says_how_many_rows_it_touched() {
    let fixture = fixture().await;
    change(&fixture, "UPDATE shop__part SET amount = 6", vec![], expect!["Ok(1)"]).await;
    change(&fixture, "DELETE FROM shop__part WHERE id = ?1", vec![Value::Integer(2)], expect!["Ok(0)"]).await;
    let many = |session: Sql| async move {
        let rows: Vec<_> = (10..20).map(|id| vec![Value::Integer(id)]).collect();
        session.execute("INSERT INTO shop__item (id, name) VALUES (?1, 'n')", &rows).await
    };
    check(&fixture, Effect::Write, many, expect!["Ok(10)"]).await;
    let none = |session: Sql| async move { session.execute("DELETE FROM shop__item", &[]).await };
    check(&fixture, Effect::Write, none, expect!["Ok(0)"]).await;
}

#[tokio::test]
async fn a_broken_rule_names_the_table_and_columns_of_the_component() {
    let fixture = fixture().await;
    let part = "INSERT INTO shop__part (id, kind, amount, a, b) VALUES (?1, ?2, ?3, ?4, ?5)";
    let row = |id: i64, kind: &str, amount: Value, a: i64, b: i64| {
        vec![Value::Integer(id), Value::Text(kind.into()), amount, Value::Integer(a), Value::Integer(b)]
    };
    let five = Value::Integer(5);
    for (values, expected) in [
        (
            row(1, "x", five.clone(), 2, 2),
            expect![[r#"Err(Constraint { kind: Unique, table: "part", columns: ["id"] })"#]],
        ),
        (
            row(2, "x", five.clone(), 1, 1),
            expect![[r#"Err(Constraint { kind: Unique, table: "part", columns: ["a", "b"] })"#]],
        ),
        (row(2, "y", five, 2, 2), expect![[r#"Err(Constraint { kind: ForeignKey, table: "", columns: [] })"#]]),
        (row(2, "x", Value::Integer(0), 2, 2), expect![[r#"Err(Constraint { kind: Check, table: "", columns: [] })"#]]),
        (
            row(2, "x", Value::Null, 2, 2),
            expect![[r#"Err(Constraint { kind: NotNull, table: "part", columns: ["amount"] })"#]],
        ),
        (
            row(2, "x", Value::Text("five".into()), 2, 2),
            expect![[r#"Err(Constraint { kind: DataType, table: "part", columns: ["amount"] })"#]],
        ),
    ] {
        change(&fixture, part, values, expected).await;
    }
    let kind = "DELETE FROM shop__kind";
    change(&fixture, kind, vec![], expect![[r#"Err(Constraint { kind: ForeignKey, table: "", columns: [] })"#]]).await;
}

#[tokio::test]
async fn a_fault_of_a_statement_is_told_in_the_components_own_names() {
    let fixture = fixture().await;
    for (sql, row, expected) in [
        (
            "SELECT * FROM shop__absent",
            vec![],
            expect![[r#"Err(Syntax { message: "no such table: absent", position: None })"#]],
        ),
        (
            "SELECT absent FROM shop__part",
            vec![],
            expect![[r#"Err(Syntax { message: "no such column: absent", position: None })"#]],
        ),
        (
            "SELECT \"absent\" FROM shop__part",
            vec![],
            expect![[
                r#"Err(Syntax { message: "no such column: \"absent\" - should this be a string literal in single-quotes?", position: None })"#
            ]],
        ),
        ("SELECT FROM", vec![], expect![[r#"Err(Syntax { message: "near \"FROM\": syntax error", position: None })"#]]),
        (
            "SELECT sum(9223372036854775807) FROM (SELECT 1 UNION ALL SELECT 2)",
            vec![],
            expect![[r#"Err(Arithmetic("the result does not fit 64 bits"))"#]],
        ),
        (
            "SELECT abs(-9223372036854775807 - 1)",
            vec![],
            expect![[r#"Err(Arithmetic("the result does not fit 64 bits"))"#]],
        ),
        ("SELECT 1e308 * 10", vec![], expect![[r#"Err(Arithmetic("the result is no finite number"))"#]]),
        (
            "SELECT CAST(x'ff' AS TEXT)",
            vec![],
            expect![[
                r#"Err(Refused { message: "a column yields bytes that are no text: do not cast a blob to text", position: None })"#
            ]],
        ),
        ("SELECT ?1", vec![], expect![[r#"Err(Parameter("0 parameters are given, the statement takes 1"))"#]]),
        (
            "SELECT ?1",
            vec![Value::Null; 2],
            expect![[r#"Err(Parameter("2 parameters are given, the statement takes 1"))"#]],
        ),
        (
            "SELECT ?1",
            vec![Value::Real(f64::NAN)],
            expect![[r#"Err(Parameter("parameter 1 is `NaN`: only finite numbers can be stored"))"#]],
        ),
        (
            "SELECT ?1",
            vec![Value::Text("a\0b".into())],
            expect![[r#"Err(Parameter("parameter 1 is a text that holds U+0000: use a blob"))"#]],
        ),
        (
            "SELECT 1; SELECT 2",
            vec![],
            expect![[
                r#"Err(Refused { message: "one statement at a time: send the second one by itself", position: None })"#
            ]],
        ),
    ] {
        query(&fixture, sql, row, expected).await;
    }
}

#[tokio::test]
async fn a_failed_statement_changes_nothing_and_the_unit_goes_on() {
    let fixture = fixture().await;
    let work = |sql: Sql| async move {
        sql.add(1).await.unwrap();
        let rows = [2, 3, 1].map(|id| vec![Value::Integer(id)]);
        sql.execute("INSERT INTO shop__item (id, name) VALUES (?1, 'n')", &rows).await.unwrap_err();
        sql.execute("INSERT INTO shop__item (id, name) SELECT 7, 'n' UNION ALL SELECT 1, 'n'", &[vec![]])
            .await
            .unwrap_err();
        let returning = "INSERT INTO shop__item (id, name) SELECT 8, 'n' UNION ALL SELECT 9, 'n' RETURNING id";
        let mut one_row = cap_storage::Budget { rows: 1, ..super::fixture::PLENTY };
        sql.query_as(returning, StatementKind::ChangeReturning, &[], &mut one_row).await.unwrap_err();
        sql.add(4).await.unwrap();
        Verdict::Commit
    };
    assert_eq!(fixture.unit(Effect::Write, work).await, Ok(Verdict::Commit));
    assert_eq!(fixture.items().await, [1, 4]);
}

#[tokio::test]
async fn a_change_can_return_rows() {
    let fixture = fixture().await;
    let act = |sql: Sql| async move {
        let returning = "INSERT INTO shop__item (id, name) VALUES (?1, 'n') RETURNING id, name";
        sql.query_as(returning, StatementKind::ChangeReturning, &[Value::Integer(3)], &mut { super::fixture::PLENTY })
            .await
    };
    let rows = expect![[r#"Ok(Rows { columns: ["id", "name"], rows: [[Integer(3), Text("n")]] })"#]];
    check(&fixture, Effect::Write, act, rows).await;
}

#[tokio::test]
async fn savepoints_nest_and_keep_or_undo_what_is_inside() {
    let fixture = fixture().await;
    let work = |sql: Sql| async move {
        let [open, release, rollback] = [
            |depth| SavepointStep::Open { depth },
            |depth| SavepointStep::Release { depth },
            |depth| SavepointStep::Rollback { depth },
        ];
        sql.add(1).await.unwrap();
        sql.savepoint(open(1)).await.unwrap();
        sql.add(2).await.unwrap();
        sql.savepoint(open(2)).await.unwrap();
        sql.add(3).await.unwrap();
        for wrong in [open(2), open(4), release(1), rollback(1), rollback(3), open(0), release(0)] {
            sql.savepoint(wrong).await.unwrap_err();
        }
        sql.savepoint(rollback(2)).await.unwrap();
        assert_eq!(sql.items().await, [1, 2]);
        sql.savepoint(release(1)).await.unwrap();
        sql.savepoint(open(1)).await.unwrap();
        sql.add(4).await.unwrap();
        sql.savepoint(rollback(1)).await.unwrap();
        Verdict::Commit
    };
    assert_eq!(fixture.unit(Effect::Write, work).await, Ok(Verdict::Commit));
    assert_eq!(fixture.items().await, [1, 2]);
}

#[tokio::test]
async fn a_session_is_empty_after_its_unit() {
    let fixture = fixture().await;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let work = move |sql: Sql| async move {
        sender.send(sql).map_err(drop).unwrap();
        Verdict::Commit
    };
    fixture.unit(Effect::Write, work).await.unwrap();
    let error = receiver.await.unwrap().add(1).await.unwrap_err();
    assert_eq!(error.to_string(), "the database is unavailable: the unit of work has ended");
    assert!(fixture.items().await.is_empty());
}
