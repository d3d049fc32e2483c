// SPDX-License-Identifier: MIT OR Apache-2.0
//! Migrations by example (`cases/migration.txt`, in the form of `statements.rs`), their files, and what is still to run.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test is a test")]

use cap_storage::migrations::{Applied, MigrationError, PlanError};
use cap_storage::{Dialect, MigrationFile, Migrations};
use expect_test::{expect, expect_file};
use kernel_types::{ComponentId, Digest};
use std::fmt::Write as _;

fn parse(dialect: Dialect, files: &[(&str, &str)]) -> Result<Migrations, MigrationError> {
    let files: Vec<_> = files.iter().map(|(name, text)| MigrationFile { name, text }).collect();
    Migrations::parse(dialect, &ComponentId::parse("demo-shop").unwrap(), &files)
}

fn outcome(dialect: Dialect, sql: &str) -> String {
    match parse(dialect, &[("0001_case.sql", sql)]) {
        Ok(migrations) => migrations.as_slice()[0].statements().join("; "),
        Err(MigrationError::Statement { line, column, message, .. }) => format!("{line}:{column}: {message}"),
        Err(other) => other.to_string(),
    }
}

#[test]
fn tables_and_indexes() {
    let cases = include_str!("cases/migration.txt");
    let mut out = String::new();
    for block in cases.split("\n\n") {
        let marks = ["  => ", "  pg ", "  !! "];
        let written: Vec<_> = block.lines().filter(|line| !marks.iter().any(|mark| line.starts_with(mark))).collect();
        let sql = written.join("\n").trim_matches('\n').to_owned();
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "{sql}");
        if sql.starts_with('#') {
            continue;
        }
        let refused = parse(Dialect::Sqlite, &[("0001_case.sql", &sql)]).is_err();
        let (sqlite, postgres) = (outcome(Dialect::Sqlite, &sql), outcome(Dialect::Postgres, &sql));
        let _ = writeln!(out, "  {} {sqlite}", if refused { "!!" } else { "=>" });
        if postgres != sqlite {
            let _ = writeln!(out, "  pg {postgres}");
        }
    }
    expect_file!["cases/migration.txt"].assert_eq(&out);
}

#[test]
fn what_is_accepted_can_run_on_sqlite() {
    let accepted = include_str!("cases/migration.txt").lines().filter_map(|line| line.strip_prefix("  => "));
    let mut count = 0;
    for sql in accepted {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for (name, columns) in [
            ("t", "id INTEGER PRIMARY KEY, a INTEGER, b TEXT, c TEXT"),
            ("u", "id INTEGER PRIMARY KEY, a INTEGER, UNIQUE (id, a)"),
        ] {
            if !sql.starts_with(&format!("CREATE TABLE demo_shop__{name} ")) {
                connection.execute_batch(&format!("CREATE TABLE demo_shop__{name} ({columns})")).unwrap();
            }
        }
        if sql.starts_with("DROP INDEX") {
            connection.execute_batch("CREATE INDEX demo_shop__t_old ON demo_shop__t (id)").unwrap();
        }
        connection.execute_batch(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        count += 1;
    }
    assert!(count > 20, "{count} cases are accepted");
}

#[test]
fn files_are_numbered_from_one_without_a_gap() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY);";
    let names = |names: &[&str]| {
        let files: Vec<_> = names.iter().map(|name| (*name, table)).collect();
        match parse(Dialect::Sqlite, &files) {
            Ok(migrations) => migrations.as_slice().iter().map(|m| format!("{}={}", m.number(), m.name())).collect(),
            Err(error) => vec![error.to_string()],
        }
    };
    let cases: &[(&[&str], &str)] = &[
        (&[], ""),
        (&["0001_a.sql"], "1=0001_a.sql"),
        (&["0002_b.sql", "0001_a.sql"], "1=0001_a.sql 2=0002_b.sql"),
        (&["0002_b.sql"], "migration 2 follows 0: number the files from 0001 without a gap, each once"),
        (&["0000_a.sql"], "migration 0 follows 0: number the files from 0001 without a gap, each once"),
        (&["0001_a.sql", "0003_c.sql"], "migration 3 follows 1: number the files from 0001 without a gap, each once"),
        (&["0001_a.sql", "0001_b.sql"], "migration 1 follows 1: number the files from 0001 without a gap, each once"),
    ];
    for (given, expected) in cases {
        assert_eq!(names(given).join(" "), *expected);
    }
    for name in [
        "",
        "a.sql",
        "1_a.sql",
        "00001_a.sql",
        "0001.sql",
        "0001_.sql",
        "0001_A.sql",
        "0001_a.txt",
        "0001-a.sql",
        "../0001_a.sql",
        "0001_a/b.sql",
        "+001_a.sql",
    ] {
        let error = parse(Dialect::Sqlite, &[(name, table)]).unwrap_err();
        assert_eq!(error, MigrationError::Name(name.to_owned()));
    }
}

#[test]
fn a_fault_names_file_line_and_column() {
    let text =
        "-- tables\nCREATE TABLE t (id INTEGER PRIMARY KEY);\n\n  CREATE TABLE u (\n    id VARCHAR(3) PRIMARY KEY\n);";
    let error = parse(Dialect::Sqlite, &[("0001_tables.sql", text)]).unwrap_err().to_string();
    expect!["`0001_tables.sql` line 5, column 5: the type `VARCHAR(3)` is not in the subset: write TEXT with CHECK (length(column) <= ...)"].assert_eq(&error);
    let long = parse(Dialect::Sqlite, &[("0001_long.sql", &"-- x\n".repeat(300_000))]).unwrap_err();
    assert!(matches!(&long, MigrationError::Limit(text) if text.contains("0001_long.sql")), "{long}");
    let many = parse(Dialect::Sqlite, &[("0001_many.sql", &"DROP TABLE t;".repeat(1_001))]).unwrap_err();
    assert!(matches!(&many, MigrationError::Limit(_)), "{many}");
}

#[test]
fn the_digest_is_of_the_text_whatever_its_line_ends() {
    let digest = |text: &str| parse(Dialect::Sqlite, &[("0001_a.sql", text)]).unwrap().as_slice()[0].digest();
    let text = "-- one\nCREATE TABLE t (id INTEGER PRIMARY KEY);\n";
    assert_eq!(digest(text), Digest::of(text.as_bytes()));
    assert_eq!(digest(&text.replace('\n', "\r\n")), digest(text));
    assert_ne!(digest(&text.replace("one", "two")), digest(text));
    assert_eq!(parse(Dialect::Postgres, &[("0001_a.sql", text)]).unwrap().as_slice()[0].digest(), digest(text));
}

#[test]
fn what_is_still_to_run() {
    let table = |n: u32| format!("CREATE TABLE t{n} (id INTEGER PRIMARY KEY);");
    let texts = [table(1), table(2), table(3)];
    let files = [("0001_a.sql", texts[0].as_str()), ("0002_b.sql", &texts[1]), ("0003_c.sql", &texts[2])];
    let migrations = parse(Dialect::Sqlite, &files).unwrap();
    let had = |number: u32, text: &str| Applied { number, digest: Digest::of(text.as_bytes()) };
    let pending = |applied: &[Applied]| {
        migrations.pending(applied).map(|list| list.iter().map(|migration| migration.number()).collect::<Vec<_>>())
    };
    assert_eq!(pending(&[]), Ok(vec![1, 2, 3]));
    assert_eq!(pending(&[had(1, &texts[0])]), Ok(vec![2, 3]));
    assert_eq!(pending(&[had(3, &texts[2]), had(1, &texts[0]), had(2, &texts[1])]), Ok(vec![]));
    let changed = PlanError::Changed { number: 2, name: "0002_b.sql".to_owned() };
    assert_eq!(pending(&[had(1, &texts[0]), had(2, "DROP TABLE t1")]), Err(changed));
    assert_eq!(pending(&[had(2, &texts[1])]), Err(PlanError::Missing { number: 1 }));
    assert_eq!(pending(&[had(1, &texts[0]), had(3, &texts[2])]), Err(PlanError::Missing { number: 2 }));
    assert_eq!(pending(&[had(1, &texts[0]), had(4, "x")]), Err(PlanError::Older { applied: 4, known: 3 }));
    assert_eq!(pending(&[had(1, &texts[0]), had(1, &texts[0])]), Err(PlanError::Missing { number: 2 }));
    let none = parse(Dialect::Sqlite, &[]).unwrap();
    assert_eq!(none.pending(&[had(1, "x")]), Err(PlanError::Older { applied: 1, known: 0 }));
}
