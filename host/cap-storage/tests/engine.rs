// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the subset's page promises, run on a real SQLite: tables from migrations, statements as components write them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

use cap_storage::{Dialect, MigrationFile, Migrations, subset};
use kernel_types::ComponentId;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};

const SCHEMA: &str = "
    CREATE TABLE accounts (
        id INTEGER PRIMARY KEY,
        code TEXT NOT NULL UNIQUE,
        name TEXT,
        closed BOOLEAN NOT NULL DEFAULT FALSE,
        parent_id INTEGER REFERENCES accounts (id)
    );
    CREATE TABLE lines (
        entry INTEGER NOT NULL,
        number INTEGER NOT NULL,
        account_id INTEGER NOT NULL REFERENCES accounts,
        amount INTEGER NOT NULL CHECK (amount <> 0),
        rate REAL,
        note BLOB,
        PRIMARY KEY (entry, number)
    );
    CREATE INDEX lines_account ON lines (account_id, entry DESC);
    CREATE UNIQUE INDEX open_accounts ON accounts (name) WHERE closed = FALSE;
    INSERT INTO accounts (id, code, name, parent_id) VALUES
        (1, '1000', 'Cash', NULL), (2, '1100', 'bank', 1), (3, '2000', NULL, NULL), (4, '1110', 'Bank 2', 2);
    INSERT INTO lines (entry, number, account_id, amount) VALUES
        (1, 1, 1, 100), (1, 2, 2, -100), (2, 1, 2, 7), (2, 2, 3, -7);
";

fn shop() -> (Connection, ComponentId) {
    let component = ComponentId::parse("demo-shop").unwrap();
    let files = [MigrationFile { name: "0001_shop.sql", text: SCHEMA }];
    let migrations = Migrations::parse(Dialect::Sqlite, &component, &files).unwrap();
    let connection = Connection::open_in_memory().unwrap();
    for statement in migrations.as_slice().iter().flat_map(|migration| migration.statements()) {
        connection.execute_batch(statement).unwrap_or_else(|error| panic!("{error}: {statement}"));
    }
    (connection, component)
}

/// The rows as text, `a|b` each, joined by ` `; or the error.
fn run(connection: &Connection, component: &ComponentId, sql: &str, parameters: &[&str]) -> String {
    let statement = match subset::compile(Dialect::Sqlite, component, sql) {
        Ok(statement) => statement,
        Err(error) => return format!("refused: {error}"),
    };
    let integers = parameters.iter().map(|text| {
        text.parse::<i64>()
            .map_or_else(|_| rusqlite::types::Value::Text((*text).to_owned()), rusqlite::types::Value::Integer)
    });
    let rows = || -> rusqlite::Result<Vec<String>> {
        let mut prepared = connection.prepare(statement.sql())?;
        let columns = prepared.column_count();
        let mut rows = prepared.query(params_from_iter(integers))?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|index| match row.get_ref(index).unwrap() {
                ValueRef::Null => "-".to_owned(),
                ValueRef::Integer(integer) => integer.to_string(),
                ValueRef::Real(real) => format!("{real:?}"),
                ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                ValueRef::Blob(bytes) => format!("{bytes:?}"),
            });
            lines.push(values.collect::<Vec<_>>().join("|"));
        }
        Ok(lines)
    };
    rows().map_or_else(|error| format!("error: {error}"), |lines| lines.join(" "))
}

fn check(cases: &[(&str, &[&str], &str)]) {
    for (sql, parameters, expected) in cases {
        let (connection, component) = shop();
        assert_eq!(run(&connection, &component, sql, parameters), *expected, "{sql}");
    }
}

#[test]
fn reading() {
    check(&[
        ("SELECT accounts.code FROM accounts WHERE accounts.id = ?1", &["2"], "1100"),
        ("SELECT code FROM accounts ORDER BY name", &[], "2000 1110 1000 1100"),
        ("SELECT code FROM accounts ORDER BY name DESC", &[], "1100 1000 1110 2000"),
        ("SELECT code FROM accounts ORDER BY name NULLS LAST", &[], "1110 1000 1100 2000"),
        ("SELECT id FROM accounts ORDER BY id LIMIT ?1 OFFSET ?2", &["2", "1"], "2 3"),
        ("SELECT id FROM accounts ORDER BY id LIMIT ?1", &["-1"], ""),
        ("SELECT id FROM accounts ORDER BY id OFFSET 3", &[], "4"),
        ("SELECT id FROM accounts WHERE name LIKE 'BANK%' ORDER BY id", &[], "2 4"),
        ("SELECT id FROM accounts WHERE code LIKE '1!_00' ESCAPE '!'", &[], ""),
        (
            "SELECT id FROM accounts WHERE closed = FALSE AND closed IS NOT TRUE AND id IN (1, ?1) ORDER BY id",
            &["3"],
            "1 3",
        ),
        ("SELECT id FROM accounts WHERE (code, id) > (?1, ?2) ORDER BY code, id LIMIT 2", &["1100", "0"], "2 4"),
        ("SELECT id FROM accounts WHERE (id, code) IN (VALUES (1, '1000'), (2, 'x'))", &[], "1"),
        ("SELECT id FROM accounts WHERE name IS NOT DISTINCT FROM NULL", &[], "3"),
        (
            "SELECT upper(name), lower('ÄB'), length('äb'), substr('hello', -3, 2), trim('  x '), position('l' IN 'hello') FROM accounts WHERE id = 2",
            &[],
            "BANK|Äb|2|he|x|3",
        ),
        (
            "SELECT a.code, sum(l.amount) AS total, count(*) FROM accounts AS a JOIN lines AS l ON l.account_id = a.id GROUP BY a.code ORDER BY total DESC",
            &[],
            "1000|100|1 2000|-7|1 1100|-93|2",
        ),
        ("SELECT string_agg(code, ',' ORDER BY code DESC) FROM accounts", &[], "2000,1110,1100,1000"),
        (
            "SELECT entry, number, sum(amount) OVER (PARTITION BY entry ORDER BY number) FROM lines ORDER BY entry, number",
            &[],
            "1|1|100 1|2|0 2|1|7 2|2|0",
        ),
        ("SELECT sum(amount) FILTER (WHERE amount > 0) FROM lines", &[], "107"),
        (
            "SELECT code FROM accounts LEFT JOIN lines ON lines.account_id = accounts.id WHERE lines.entry IS NULL",
            &[],
            "1110",
        ),
        (
            "SELECT unknown FROM accounts",
            &[],
            "error: no such column: unknown in SELECT unknown FROM demo_shop__accounts AS accounts at offset 7",
        ),
        (
            "SELECT \"order\" FROM accounts",
            &[],
            "error: no such column: order in SELECT `order` FROM demo_shop__accounts AS accounts at offset 7",
        ),
    ]);
}

#[test]
fn names_and_scopes() {
    check(&[
        ("WITH accounts AS (SELECT id FROM accounts WHERE id < 3) SELECT count(*) FROM accounts", &[], "2"),
        (
            "WITH x AS (SELECT id FROM lines_of), lines_of AS (SELECT 1 AS id) SELECT id FROM x",
            &[],
            "error: no such table: demo_shop__lines_of",
        ),
        (
            "WITH RECURSIVE tree (id, depth) AS (SELECT id, 0 FROM accounts WHERE parent_id IS NULL UNION ALL SELECT accounts.id, tree.depth + 1 FROM accounts JOIN tree ON accounts.parent_id = tree.id) SELECT id, depth FROM tree ORDER BY id",
            &[],
            "1|0 2|1 3|0 4|2",
        ),
        (
            "WITH x AS (SELECT max(id) + 1 AS id FROM accounts) INSERT INTO accounts (id, code) SELECT id, 'new' FROM x RETURNING id",
            &[],
            "5",
        ),
        (
            "SELECT (SELECT count(*) FROM lines WHERE lines.account_id = accounts.id) AS n FROM accounts ORDER BY id",
            &[],
            "1 2 1 0",
        ),
    ]);
}

#[test]
fn joined_queries_keep_the_order_that_was_written() {
    check(&[
        ("SELECT 1 AS x UNION SELECT 2 EXCEPT SELECT 1", &[], "2"),
        ("SELECT 1 AS x UNION SELECT 2 INTERSECT SELECT 3", &[], "1"),
        ("(SELECT 1 AS x UNION SELECT 2) INTERSECT SELECT 2", &[], "2"),
        ("SELECT 3 AS x EXCEPT (SELECT 3 EXCEPT SELECT 3)", &[], "3"),
        (
            "(SELECT id FROM accounts ORDER BY id LIMIT 1) UNION ALL (SELECT id FROM accounts ORDER BY id DESC LIMIT 1)",
            &[],
            "1 4",
        ),
        ("VALUES (1, 'a'), (2, 'b') ORDER BY 1 DESC", &[], "2|b 1|a"),
        ("VALUES (1, 'a'), (2, 'b') LIMIT 1", &[], "1|a"),
        ("SELECT 9, 'z' UNION ALL VALUES (1, 'a'), (2, 'b') ORDER BY 1 LIMIT 2", &[], "1|a 2|b"),
        ("VALUES (1) UNION VALUES (2) EXCEPT VALUES (1)", &[], "2"),
    ]);
}

#[test]
fn arithmetic() {
    check(&[
        (
            "SELECT 7 / 2, -7 / 2, 7 % 3, -7 % 3, 2 + 3 * 4, (2 + 3) * 4, 10 - 3 - 2, -9223372036854775808",
            &[],
            "3|-3|1|-1|14|20|5|-9223372036854775808",
        ),
        ("SELECT 7 / ?1", &["0"], "error: integer overflow"),
        ("SELECT 7 % ?1", &["0"], "error: integer overflow"),
        ("SELECT 7 / (4 / (1 / ?1))", &["2"], "error: integer overflow"),
        ("SELECT 7 / ?1, 7 / CAST(NULL AS INTEGER)", &["2"], "3|-"),
        ("SELECT CASE WHEN ?1 = 0 THEN 0 ELSE 7 / ?1 END", &["0"], "0"),
        ("SELECT sum(x.column1) FROM (VALUES (9223372036854775807), (1)) AS x", &[], "error: integer overflow"),
        ("SELECT 1 = 1 AND NOT 1 = 2, 1 < 2 = TRUE", &[], "1|1"),
    ]);
}

#[test]
fn changing() {
    check(&[
        (
            "INSERT INTO accounts (id, code, name) VALUES (?1, ?2, 'x') ON CONFLICT (code) DO UPDATE SET name = name || excluded.name RETURNING accounts.id, name AS new_name",
            &["9", "1000"],
            "1|Cashx",
        ),
        ("INSERT INTO accounts (id, code) SELECT id, code FROM accounts ON CONFLICT DO NOTHING RETURNING id", &[], ""),
        ("UPDATE accounts AS a SET name = a.code || '!' WHERE a.id < 3 RETURNING a.id, name", &[], "1|1000! 2|1100!"),
        (
            "UPDATE accounts SET name = x.total FROM (SELECT account_id, CAST(sum(amount) AS TEXT) AS total FROM lines GROUP BY account_id) AS x WHERE x.account_id = accounts.id AND accounts.id = 2 RETURNING accounts.name",
            &[],
            "-93",
        ),
        ("DELETE FROM lines AS l WHERE l.entry = 2 RETURNING *", &[], "2|1|2|7|-|- 2|2|3|-7|-|-"),
        ("DELETE FROM accounts WHERE id = 1", &[], "error: FOREIGN KEY constraint failed"),
        (
            "INSERT INTO accounts (code) VALUES ('no key')",
            &[],
            "error: NOT NULL constraint failed: demo_shop__accounts.id",
        ),
        (
            "INSERT INTO accounts (id, code, closed) VALUES (9, 'x', 2)",
            &[],
            "error: CHECK constraint failed: closed IN (0, 1)",
        ),
        (
            "INSERT INTO accounts (id, code) VALUES (1, 'x')",
            &[],
            "error: UNIQUE constraint failed: demo_shop__accounts.id",
        ),
        (
            "INSERT INTO accounts (id, code, name) VALUES (9, 'x', 'Cash')",
            &[],
            "error: UNIQUE constraint failed: demo_shop__accounts.name",
        ),
        (
            "INSERT INTO lines (entry, number, account_id, amount) VALUES (9, 1, 1, 0)",
            &[],
            "error: CHECK constraint failed: amount <> 0",
        ),
        (
            "UPDATE lines SET amount = 'x'",
            &[],
            "error: cannot store TEXT value in INTEGER column demo_shop__lines.amount",
        ),
        (
            "UPDATE lines SET amount = 9223372036854775807 + 1",
            &[],
            "error: cannot store REAL value in INTEGER column demo_shop__lines.amount",
        ),
    ]);
}

#[test]
fn every_column_has_the_name_that_the_page_promises() {
    let (connection, component) = shop();
    for (sql, expected) in [
        (
            "SELECT a.id, code, lower(a.name), count(*) OVER (), 1 + 1, (a.id), 'x', substr(code, 1) FROM accounts AS a",
            "id code lower count column_5 id column_7 substr",
        ),
        (
            "SELECT * FROM accounts AS a JOIN lines AS l ON l.account_id = a.id",
            "id code name closed parent_id entry number account_id amount rate note",
        ),
        ("SELECT x.* FROM (SELECT max(id), a.code FROM accounts AS a GROUP BY a.code) AS x", "max code"),
        ("VALUES (1, 2)", "column1 column2"),
        ("INSERT INTO accounts (id, code) VALUES (8, 'y') RETURNING accounts.code, id + 1, id", "code column_2 id"),
    ] {
        let statement = subset::compile(Dialect::Sqlite, &component, sql).unwrap();
        let prepared = connection.prepare(statement.sql()).unwrap();
        assert_eq!(prepared.column_names().join(" "), expected, "{sql}");
    }
}

#[test]
fn the_deepest_and_longest_statements_of_the_subset_are_ones_for_the_engine() {
    let (connection, component) = shop();
    let nested = |depth: usize| format!("SELECT {}1{}", "(1 + ".repeat(depth), ")".repeat(depth));
    let selects = |depth: usize| format!("SELECT {}1{}", "(SELECT ".repeat(depth), ")".repeat(depth));
    let chain = |terms: usize, op: &str| format!("SELECT {}", vec!["1"; terms].join(op));
    let unions = |count: usize| vec!["SELECT 1 AS x"; count].join(" UNION ALL ");
    let joins = |count: usize| {
        format!("SELECT 1 FROM {}", (0..count).map(|n| format!("accounts AS a{n}")).collect::<Vec<_>>().join(", "))
    };
    for (sql, accepted) in [
        (nested(15), true),
        (nested(60), false),
        (selects(5), true),
        (selects(60), false),
        (chain(400, " AND "), true),
        (chain(2_000, " AND "), false),
        (chain(2_990, " - "), false),
        (chain(2_990, "="), false),
        (chain(2_990, " || "), false),
        (chain(20, " - "), true),
        (format!("SELECT {}1", "NOT ".repeat(2_900)), false),
        (format!("SELECT {}1", "- ".repeat(2_900)), false),
        (format!("SELECT 1{}", " IS NULL".repeat(1_900)), false),
        (format!("SELECT 1{}", "::text".repeat(1_900)), false),
        (format!("SELECT a{}", "[1]".repeat(1_900)), false),
        (format!("SELECT {}", "(".repeat(5_000)), false),
        (format!("SELECT 1 FROM {}", "(".repeat(5_000)), false),
        (format!("SELECT {}", "CASE ".repeat(5_000)), false),
        (format!("SELECT {}", "f(".repeat(5_000)), false),
        (format!("SELECT 1 / {}1{}", "(1 / ".repeat(30), ")".repeat(30)), false),
        (format!("SELECT 1 / {}1{}", "(id / ".repeat(4), ")".repeat(4)), true),
        (unions(50), true),
        (unions(51), false),
        (unions(1_500), false),
        (joins(20), true),
        (joins(21), false),
        (format!("SELECT '{}'", "x".repeat(70_000)), false),
        (format!("SELECT 1 IN ({})", vec!["1"; 2_900].join(", ")), true),
    ] {
        let head: String = sql.chars().take(40).collect();
        let compiled = subset::compile(Dialect::Sqlite, &component, &sql);
        assert_eq!(compiled.is_ok(), accepted, "{head}: {:?}", compiled.err());
        if let Ok(statement) = compiled {
            let outcome = connection.prepare(statement.sql()).map(drop);
            let known = matches!(&outcome, Err(error) if error.to_string().starts_with("no such column"));
            assert!(outcome.is_ok() || known, "{head}: {outcome:?}");
        }
    }
}

#[test]
fn compiling_needs_no_stack_of_the_caller() {
    let deep = format!("SELECT {}", vec!["1"; 2_990].join(" - "));
    let compile = move || {
        let component = ComponentId::parse("demo").unwrap();
        subset::compile(Dialect::Sqlite, &component, &deep).is_err()
    };
    assert!(std::thread::Builder::new().stack_size(64 << 10).spawn(compile).unwrap().join().unwrap());
}
