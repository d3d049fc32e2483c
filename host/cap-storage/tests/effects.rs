// SPDX-License-Identifier: MIT OR Apache-2.0
//! What each kind of statement of `docs/sql-subset.md` does to tables that are there, and to tables that are new; and
//! that the version before runs where that is said.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a helper of a test is a test")]

use cap_storage::migrations::{Effect, RollBack};
use cap_storage::{Dialect, MigrationFile, Migrations, subset};
use expect_test::expect;
use kernel_types::ComponentId;

/// What the version before made.
const BEFORE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT);
    CREATE TABLE u (id INTEGER PRIMARY KEY, a INTEGER);
    CREATE INDEX t_a ON t (a); CREATE UNIQUE INDEX t_b ON t (b);";

fn shop() -> ComponentId {
    ComponentId::parse("shop").unwrap()
}

fn migrations(dialect: Dialect, sql: &str) -> Migrations {
    let files = [("0001_before.sql", BEFORE), ("0002_case.sql", sql)];
    let files: Vec<_> = files.iter().map(|(name, text)| MigrationFile { name, text }).collect();
    Migrations::parse(dialect, &shop(), &files).unwrap()
}

fn effects(sql: &str) -> Vec<Effect> {
    let found = migrations(Dialect::Sqlite, sql).effects(1);
    assert_eq!(found, migrations(Dialect::Postgres, sql).effects(1), "{sql}");
    assert_eq!(found.is_additive(), found.as_slice().iter().all(Effect::is_additive), "{sql}");
    assert_eq!(Some(found.roll_back()), found.as_slice().iter().map(|effect| effect.roll_back).max(), "{sql}");
    assert_eq!((found.loses_data(), found.omitted()), (found.as_slice().iter().any(|effect| effect.loses_data), 0));
    found.as_slice().to_vec()
}

fn line(effect: &Effect) -> String {
    let Effect { does, loses_data, roll_back, why, .. } = effect;
    let lost = if *loses_data { ", loses data" } else { "" };
    let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    format!("{does} [{roll_back:?}{lost}{why}]")
}

/// Each statement alone, and what is said of it.
const ALONE: &[(&str, &str)] = &[
    ("CREATE TABLE v (id INTEGER PRIMARY KEY)", "creates table `v` [Runs]"),
    ("CREATE TABLE v (id INTEGER PRIMARY KEY, up INTEGER REFERENCES v)", "creates table `v` [Runs]"),
    (
        "CREATE TABLE v (id INTEGER PRIMARY KEY REFERENCES t)",
        "creates table `v` [MayFail: rows of `t` that rows of `v` refer to cannot be deleted]",
    ),
    (
        "CREATE TABLE v (id INTEGER PRIMARY KEY, FOREIGN KEY (id) REFERENCES t (id) ON DELETE RESTRICT)",
        "creates table `v` [MayFail: rows of `t` that rows of `v` refer to cannot be deleted]",
    ),
    (
        "CREATE TABLE v (id INTEGER PRIMARY KEY REFERENCES t ON DELETE CASCADE, u INTEGER REFERENCES u ON DELETE SET NULL)",
        "creates table `v` [Runs]",
    ),
    ("CREATE INDEX t_ab ON t (a, b)", "creates index `t_ab` on `t` [Runs]"),
    (
        "CREATE UNIQUE INDEX t_ab ON t (a, b)",
        "creates index `t_ab` on `t`, a key [MayFail: rows of `t` that are alike in the key are refused]",
    ),
    ("ALTER TABLE t ADD COLUMN c INTEGER", "adds column `c` to `t` [Runs]"),
    ("ALTER TABLE t ADD COLUMN \"c\" TEXT NOT NULL DEFAULT 'x'", "adds column `c` to `t` [Runs]"),
    ("ALTER TABLE t ADD COLUMN c BOOLEAN NOT NULL DEFAULT TRUE", "adds column `c` to `t` [Runs]"),
    (
        "ALTER TABLE t ADD COLUMN c INTEGER DEFAULT 5 CHECK (c > a)",
        "adds column `c` to `t` [MayFail: the CHECK of `c` holds for the rows that it writes, too]",
    ),
    (
        "ALTER TABLE t ADD COLUMN c INTEGER REFERENCES u",
        "adds column `c` to `t` [MayFail: rows of `u` that rows of `t` refer to cannot be deleted]",
    ),
    ("ALTER TABLE t ADD COLUMN c INTEGER REFERENCES u ON DELETE SET NULL", "adds column `c` to `t` [Runs]"),
    (
        "ALTER TABLE t DROP COLUMN a",
        "drops column `a` of `t` [Fails, loses data: it still reads and writes `a` of `t`]",
    ),
    (
        "ALTER TABLE t RENAME COLUMN a TO c",
        "renames column `a` of `t` to `c` [Fails: it still calls the column of `t` `a`]",
    ),
    ("ALTER TABLE T RENAME TO v", "renames table `t` to `v` [Fails: it still calls the table `t`]"),
    ("DROP TABLE t", "drops table `t` [Fails, loses data: it still reads and writes `t`]"),
    ("DROP INDEX t_a", "drops index `t_a` [Runs]"),
    (
        "DROP INDEX t_b",
        "drops index `t_b` [Fails: ON CONFLICT over this key fails, and rows that are alike in it are taken]",
    ),
    ("DROP INDEX t_c", "drops index `t_c` [Fails: no migration before this one makes the index]"),
    ("INSERT INTO t (id) VALUES (1)", "writes rows into `t` [MayFail: it finds rows in `t` that it did not write]"),
    (
        "INSERT INTO t (id) SELECT id FROM u",
        "writes rows into `t` [MayFail: it finds rows in `t` that it did not write]",
    ),
    (
        "WITH x AS (SELECT id FROM u) INSERT INTO t (id) SELECT id FROM x",
        "writes rows into `t` [MayFail: it finds rows in `t` that it did not write]",
    ),
    (
        "UPDATE t SET a = 1",
        "changes rows of `t` [MayFail, loses data: it finds rows of `t` changed, and what they held is gone]",
    ),
    ("DELETE FROM t WHERE a = 1", "deletes rows of `t` [MayFail, loses data: it misses rows of `t`]"),
];

#[test]
fn each_statement_is_said_in_words() {
    for (sql, expected) in ALONE {
        let found = effects(sql);
        assert_eq!(found.iter().map(line).collect::<Vec<_>>(), [*expected], "{sql}");
        assert_eq!((found[0].file.as_str(), found[0].statement), ("0002_case.sql", 1));
        assert_eq!(found[0].is_additive(), expected.ends_with("[Runs]"), "{sql}");
    }
}

/// What is in the list of statements of migrations is in the list above: every case that the subset accepts has an
/// effect.
#[test]
fn every_accepted_case_has_an_effect() {
    let mut count = 0;
    for block in include_str!("cases/migration.txt").split("\n\n") {
        if !block.lines().any(|line| line.starts_with("  => ")) {
            continue;
        }
        let sql = block.lines().filter(|line| !line.starts_with("  ")).collect::<Vec<_>>().join("\n");
        let file = [MigrationFile { name: "0001_case.sql", text: &sql }];
        let found = Migrations::parse(Dialect::Sqlite, &shop(), &file).unwrap();
        assert_eq!(found.effects(0).as_slice().len(), found.as_slice()[0].statements().len(), "{sql}");
        assert_eq!(found.effects(1).as_slice(), []);
        count += 1;
    }
    assert!(count > 20, "{count} cases are accepted");
}

#[test]
fn what_is_new_harms_nobody() {
    let sql = "CREATE TABLE v (id INTEGER PRIMARY KEY, a INTEGER);
        CREATE UNIQUE INDEX v_a ON v (a); INSERT INTO v (id) VALUES (1); UPDATE v SET a = 2; DELETE FROM v;
        ALTER TABLE v ADD COLUMN c INTEGER CHECK (c > 0); ALTER TABLE v DROP COLUMN c; DROP INDEX v_a;
        CREATE TABLE w (id INTEGER PRIMARY KEY REFERENCES v); ALTER TABLE v RENAME TO x; DELETE FROM x; DROP TABLE x;";
    for effect in effects(sql) {
        assert!(effect.is_additive(), "{}", line(&effect));
    }
    let refers = effects("CREATE TABLE v (id INTEGER PRIMARY KEY); ALTER TABLE v ADD COLUMN t INTEGER REFERENCES t;");
    assert_eq!(refers[1].roll_back, RollBack::MayFail);
    // The rows of a table that is made anew under the old name are new, the name is not.
    let again = effects("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY); DROP TABLE t; DELETE FROM t;");
    let found: Vec<_> = again.iter().map(|effect| effect.roll_back).collect();
    assert_eq!(found, [RollBack::Fails, RollBack::Runs, RollBack::Runs, RollBack::MayFail]);
}

#[test]
fn a_column_that_was_added_may_be_filled() {
    let add = "ALTER TABLE t ADD COLUMN c INTEGER; ALTER TABLE t RENAME COLUMN c TO d;";
    for (sql, expected) in [
        ("UPDATE t SET d = a", RollBack::Runs),
        ("WITH x AS (SELECT id FROM u) UPDATE t SET \"d\" = 1 WHERE id IN (SELECT id FROM x)", RollBack::Runs),
        ("UPDATE t SET d = a, b = 'x'", RollBack::MayFail),
        ("UPDATE u SET a = 1", RollBack::MayFail),
        ("ALTER TABLE t DROP COLUMN d", RollBack::Runs),
        ("ALTER TABLE t DROP COLUMN d; ALTER TABLE t DROP COLUMN a", RollBack::Fails),
    ] {
        let found = effects(&format!("{add} {sql}"));
        assert!(found.iter().take(2).all(Effect::is_additive), "{sql}");
        assert_eq!(found.last().unwrap().roll_back, expected, "{sql}");
    }
    // What the version before added itself, it knows.
    let files = [("0001_a.sql", BEFORE), ("0002_b.sql", add), ("0003_c.sql", "UPDATE t SET d = a")];
    let files: Vec<_> = files.iter().map(|(name, text)| MigrationFile { name, text }).collect();
    let found = Migrations::parse(Dialect::Sqlite, &shop(), &files).unwrap();
    assert_eq!(found.effects(2).roll_back(), RollBack::MayFail);
    assert!(found.effects(1).is_additive());
}

#[test]
fn a_table_is_made_anew_in_the_usual_way() {
    let sql = "CREATE TABLE t_new (id INTEGER PRIMARY KEY, a TEXT);
        INSERT INTO t_new (id) SELECT id FROM t; DROP TABLE t; ALTER TABLE t_new RENAME TO t;";
    let lines: Vec<_> = effects(sql).iter().map(line).collect();
    expect![[r#"
        creates table `t_new` [Runs]
        writes rows into `t_new` [Runs]
        drops table `t` [Fails, loses data: it still reads and writes `t`]
        renames table `t_new` to `t` [Runs]"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn an_administrator_reads_it() {
    let sql = "CREATE TABLE v (id INTEGER PRIMARY KEY); ALTER TABLE t DROP COLUMN a; DELETE FROM u;";
    expect![[r#"
        0002_case.sql: creates table `v`; the version before runs on it
        0002_case.sql: drops column `a` of `t`: data is lost; the version before fails: it still reads and writes `a` of `t`
        0002_case.sql: deletes rows of `u`: data is lost; the version before may fail: it misses rows of `u`
    "#]].assert_eq(&migrations(Dialect::Sqlite, sql).effects(1).to_string());
}

#[test]
fn what_is_listed_is_bounded_and_ends() {
    let texts: Vec<String> = (0..12)
        .map(|file| {
            (0..1_000)
                .map(|n| format!("CREATE TABLE t{file}_{n} (id INTEGER PRIMARY KEY); "))
                .take(500)
                .collect::<String>()
                + &format!("ALTER TABLE t{file}_0 RENAME TO x{file}_0; ALTER TABLE x{file}_0 RENAME TO t{file}_0;")
                    .repeat(250)
        })
        .collect();
    let names: Vec<String> = (1..=12).map(|number| format!("{number:04}_a.sql")).collect();
    let files: Vec<_> = names.iter().zip(&texts).map(|(name, text)| MigrationFile { name, text }).collect();
    let found = Migrations::parse(Dialect::Sqlite, &shop(), &files).unwrap();
    let effects = found.effects(0);
    assert_eq!((effects.as_slice().len(), effects.omitted()), (10_000, 2_000));
    assert!(effects.to_string().ends_with("and 2000 more statements\n"));
    assert_eq!(found.effects(2).as_slice().len(), 10_000);
    assert_eq!(found.effects(3).omitted(), 0);
}

/// The version before writes, reads and deletes on the tables after each statement that is additive.
#[test]
fn the_version_before_runs_where_that_is_said() {
    let mut ran = 0;
    for (sql, _) in ALONE.iter().filter(|(_, said)| said.ends_with("[Runs]")) {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        let migrations = migrations(Dialect::Sqlite, sql);
        for statement in migrations.as_slice().iter().flat_map(|migration| migration.statements()) {
            connection.execute_batch(statement).unwrap();
        }
        for own in [
            "INSERT INTO t (id, a, b) VALUES (1, 1, 'x'), (2, 1, 'y')",
            "INSERT INTO t (id, a, b) VALUES (3, 7, 'x') ON CONFLICT (b) DO UPDATE SET a = excluded.a",
            "INSERT INTO u (id, a) VALUES (1, 1)",
            "UPDATE t SET b = 'z' WHERE id = 2",
            "SELECT id, a, b FROM t",
            "DELETE FROM t",
            "DELETE FROM u",
        ] {
            let statement = subset::compile(Dialect::Sqlite, &shop(), own).unwrap();
            connection.execute_batch(statement.sql()).unwrap_or_else(|error| panic!("{sql}: {own}: {error}"));
        }
        ran += 1;
    }
    assert!(ran > 8, "{ran} statements are additive");
}
