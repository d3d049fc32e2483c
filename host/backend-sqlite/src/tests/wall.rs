// SPDX-License-Identifier: MIT OR Apache-2.0
//! The second wall alone: statements and migrations as a broken first wall might let them through. Each is refused by the
//! engine, and what the component may do is shown beside it.

use super::fixture::{Fixture, PLENTY, Sql, component};
use cap_storage::{SqlError, StatementKind};
use kernel_engine::Verdict;
use kernel_types::Effect;

/// Two components with data, and a host document.
async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    let safe =
        ["CREATE TABLE bank__safe (id INTEGER PRIMARY KEY, secret TEXT)", "INSERT INTO bank__safe VALUES (1, 's')"];
    fixture.migrate("bank", &[("0001_safe.sql", &safe)]).await.unwrap();
    fixture.store.write_host(&fixture.tenant, |tables| tables.put("grant", "bank", "{}")).await.unwrap();
    fixture.add(1).await.unwrap();
    fixture
}

async fn run(sql: &Sql, statement: &str) -> Result<usize, SqlError> {
    // As whatever kind the first wall might take it for.
    let query = sql.query_as(statement, StatementKind::Query, &[], &mut { PLENTY }).await;
    let returning = sql.query_as(statement, StatementKind::ChangeReturning, &[], &mut { PLENTY }).await;
    let change = sql.execute(statement, &[vec![]]).await;
    match (query, returning, change) {
        (Ok(rows), _, _) | (_, Ok(rows), _) => Ok(rows.rows.len()),
        (_, _, Ok(_)) => Ok(0),
        (Err(error), Err(_), Err(_)) => Err(error),
    }
}

/// Not one of these may succeed for the component `shop`, in either kind of unit.
const HOSTILE: &[&str] = &[
    // another component's table, read
    "SELECT * FROM bank__safe",
    "SELECT count(*) FROM bank__safe",
    "SELECT 1 FROM main.bank__safe",
    "SELECT count(*) FROM main.bank__safe",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM bank__safe)",
    "SELECT count(*) FROM BANK__SAFE",
    "SELECT id FROM shop__item UNION ALL SELECT id FROM bank__safe",
    "SELECT (SELECT secret FROM bank__safe) FROM shop__item",
    "SELECT i.id FROM shop__item i JOIN bank__safe s ON s.id = i.id",
    "SELECT i.id FROM shop__item i, bank__safe",
    "WITH c AS (SELECT secret FROM bank__safe) SELECT * FROM c",
    "WITH bank__safe AS (SELECT 1) SELECT count(*) FROM bank__safe",
    "WITH RECURSIVE c (x) AS (SELECT secret FROM bank__safe UNION SELECT x FROM c) SELECT count(*) FROM c",
    "SELECT max(id) OVER () FROM bank__safe",
    "VALUES ((SELECT secret FROM bank__safe))",
    // and written
    "INSERT INTO bank__safe VALUES (2, 'x')",
    "INSERT INTO bank__safe (id) VALUES (2) RETURNING id",
    "INSERT INTO shop__item SELECT id, secret FROM bank__safe",
    "INSERT INTO shop__item VALUES (5, 'x') ON CONFLICT (id) DO UPDATE SET name = (SELECT secret FROM bank__safe)",
    "INSERT INTO shop__item VALUES (6, 'x') RETURNING (SELECT secret FROM bank__safe)",
    "REPLACE INTO bank__safe VALUES (1, 'x')",
    "UPDATE bank__safe SET secret = 'x'",
    "UPDATE shop__item SET name = (SELECT secret FROM bank__safe)",
    "UPDATE shop__item SET name = s.secret FROM bank__safe s",
    "DELETE FROM bank__safe",
    "DELETE FROM shop__item WHERE name IN (SELECT secret FROM bank__safe)",
    // the host's tables
    "SELECT * FROM cortex_documents",
    "SELECT count(*) FROM cortex_documents",
    "SELECT count(*) FROM CORTEX_DOCUMENTS",
    "INSERT INTO cortex_documents VALUES ('grant', 'shop', '{}')",
    "DELETE FROM cortex_migrations",
    // the catalogue and the engine's own tables
    "SELECT * FROM sqlite_master",
    "SELECT count(*) FROM sqlite_master",
    "SELECT count(*) FROM sqlite_schema",
    "SELECT count(*) FROM Sqlite_Schema",
    "SELECT * FROM sqlite_temp_master",
    "SELECT * FROM temp.sqlite_master",
    "DELETE FROM shop__item WHERE name IN (SELECT sql FROM sqlite_master)",
    "UPDATE sqlite_master SET sql = ''",
    "SELECT * FROM pragma_table_info('bank__safe')",
    "SELECT count(*) FROM pragma_table_info('bank__safe')",
    "SELECT * FROM pragma_database_list",
    "SELECT count(*) FROM dbstat",
    "SELECT * FROM dbstat",
    "SELECT * FROM json_each('[1]')",
    "SELECT count(*) FROM json_each('[1]')",
    "SELECT * FROM fts5vocab",
    // the answers that the host keeps
    "SELECT * FROM cortex_answers",
    "SELECT count(*) FROM main.cortex_answers",
    "SELECT id FROM shop__item WHERE EXISTS (SELECT 1 FROM cortex_answers)",
    "INSERT INTO cortex_answers (key, fingerprint, answer, recorded_at_ms) VALUES (x'00', x'00', x'00', 0)",
    "UPDATE cortex_answers SET answer = x'00'",
    "DELETE FROM cortex_answers",
    // other files, settings, transactions, definitions
    "ATTACH DATABASE '/tmp/x.sqlite' AS x",
    "ATTACH DATABASE ':memory:' AS x",
    "DETACH DATABASE main",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA query_only = OFF",
    "PRAGMA writable_schema = ON",
    "PRAGMA defer_foreign_keys = ON",
    "PRAGMA table_info(bank__safe)",
    "PRAGMA user_version",
    "BEGIN",
    "COMMIT",
    "END",
    "ROLLBACK",
    "SAVEPOINT x",
    "RELEASE cortex_unit",
    "ROLLBACK TO cortex_unit",
    "VACUUM",
    "VACUUM INTO '/tmp/x.sqlite'",
    "ANALYZE",
    "REINDEX",
    "EXPLAIN SELECT * FROM bank__safe",
    "CREATE TABLE shop__more (id INTEGER)",
    "CREATE TABLE shop__more AS SELECT * FROM shop__item",
    "CREATE TEMP TABLE shop__more (id INTEGER)",
    "CREATE INDEX shop__item_name ON shop__item (name)",
    "CREATE VIEW shop__view AS SELECT * FROM bank__safe",
    "CREATE TEMP VIEW shop__view AS SELECT * FROM bank__safe",
    "CREATE TRIGGER shop__t AFTER INSERT ON shop__item BEGIN DELETE FROM bank__safe; END",
    "CREATE TEMP TRIGGER shop__t AFTER INSERT ON bank__safe BEGIN SELECT 1; END",
    "CREATE VIRTUAL TABLE shop__fts USING fts5(x)",
    "DROP TABLE shop__item",
    "DROP TABLE bank__safe",
    "ALTER TABLE shop__item ADD COLUMN x TEXT",
    // functions that are not pure
    "SELECT load_extension('/tmp/x.so')",
    "SELECT random()",
    "SELECT hex(randomblob(4))",
    "SELECT datetime('now')",
    "SELECT CURRENT_TIMESTAMP",
    "SELECT last_insert_rowid()",
    "SELECT changes()",
    "SELECT sqlite_version()",
    "SELECT zeroblob(1000000000)",
    "SELECT printf('%1000000s', 'x')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT sqlite_rename_table(1, 2, 3, 4, 5, 6, 7)",
    "SELECT sqlite_compileoption_get(1)",
];

const HARMLESS: &[&str] = &[
    "SELECT id, name FROM shop__item",
    "SELECT count(*) FROM shop__item",
    "SELECT count(*) FROM main.shop__item",
    "SELECT i.id FROM shop__item i LEFT JOIN shop__item j ON j.id = i.id WHERE i.name LIKE 'i%'",
    "WITH c AS (SELECT id FROM shop__item) SELECT count(*) FROM c",
    "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3) SELECT sum(x) FROM c",
    "SELECT row_number() OVER (ORDER BY id), lower(coalesce(name, '')) FROM shop__item",
    "SELECT count(*) FROM (SELECT DISTINCT name FROM shop__item)",
    "VALUES (1, 'a'), (2, 'b')",
];

#[tokio::test]
async fn hostile_statements_are_refused_by_the_engine_alone() {
    let fixture = fixture().await;
    for effect in [Effect::Write, Effect::Read] {
        let work = |sql: Sql| async move {
            for statement in HOSTILE {
                let result = run(&sql, statement).await;
                let refused = matches!(&result, Err(SqlError::Refused { .. } | SqlError::Syntax { .. }));
                assert!(refused, "{statement}: {result:?}");
            }
            for statement in HARMLESS {
                assert!(run(&sql, statement).await.unwrap() > 0, "{statement}");
            }
            Verdict::Commit
        };
        assert_eq!(fixture.unit(effect, work).await, Ok(Verdict::Commit), "{effect:?}");
    }
    assert_eq!(fixture.items().await, [1]);
}

#[tokio::test]
async fn a_statement_compiled_for_one_component_is_not_anothers() {
    let fixture = fixture().await;
    for effect in [Effect::Write, Effect::Read] {
        let work = |sql: Sql| async move {
            let bank = sql.of("bank");
            let statement = "SELECT secret FROM bank__safe";
            for _ in 0..3 {
                assert_eq!(bank.query(statement, &[]).await.unwrap().rows.len(), 1);
                // The very same text, from the same connection's cache.
                assert!(matches!(sql.query(statement, &[]).await, Err(SqlError::Refused { .. })));
            }
            Verdict::Commit
        };
        assert_eq!(fixture.unit(effect, work).await, Ok(Verdict::Commit));
    }
}

/// What a component's statement was permitted before a schema change is asked anew when the engine compiles it again.
#[tokio::test]
async fn a_statement_is_checked_again_after_the_tables_changed() {
    let fixture = fixture().await;
    let count = |sql: Sql| async move {
        assert_eq!(sql.query("SELECT * FROM shop__item", &[]).await.unwrap().rows.len(), 1);
        Verdict::Commit
    };
    fixture.unit(Effect::Write, count).await.unwrap();
    let files: &[(&str, &[&str])] =
        &[("0001_item.sql", &[super::fixture::ITEM]), ("0002_x.sql", &["ALTER TABLE shop__item ADD COLUMN x INTEGER"])];
    fixture.migrate("shop", files).await.unwrap();
    let columns = |sql: Sql| async move {
        assert_eq!(sql.query("SELECT * FROM shop__item", &[]).await.unwrap().columns, ["id", "name", "x"]);
        Verdict::Commit
    };
    fixture.unit(Effect::Write, columns).await.unwrap();
}

/// Not one of these may be a migration of `shop`.
const HOSTILE_MIGRATIONS: &[&str] = &[
    "CREATE TABLE bank__more (id INTEGER)",
    "CREATE TABLE more (id INTEGER)",
    "CREATE TABLE cortex_more (id INTEGER)",
    "CREATE TABLE SHOP__more (id INTEGER)",
    "CREATE TEMP TABLE shop__more (id INTEGER)",
    "CREATE TABLE shop__more AS SELECT * FROM bank__safe",
    "CREATE TABLE shop__more AS SELECT sql FROM sqlite_master",
    "CREATE TABLE shop__more AS SELECT name FROM sqlite_master WHERE type = 'table'",
    "CREATE TABLE shop__more AS SELECT count(*) AS n FROM bank__safe",
    "INSERT INTO shop__item SELECT 9, sql FROM sqlite_master",
    "INSERT INTO shop__item SELECT id, secret FROM bank__safe",
    "DELETE FROM shop__item WHERE name IN (SELECT sql FROM sqlite_master)",
    "UPDATE shop__item SET name = (SELECT sql FROM sqlite_master)",
    "UPDATE shop__item SET name = m.sql FROM sqlite_master m",
    "DELETE FROM sqlite_master",
    "UPDATE sqlite_master SET sql = ''",
    "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 1, '')",
    "CREATE INDEX shop__i ON bank__safe (secret)",
    "CREATE INDEX bank__i ON shop__item (name)",
    "CREATE INDEX bank__i ON bank__safe (secret)",
    "CREATE VIEW shop__v AS SELECT * FROM shop__item",
    "CREATE VIEW shop__v AS SELECT * FROM bank__safe",
    "CREATE TRIGGER shop__t AFTER INSERT ON bank__safe BEGIN DELETE FROM shop__item; END",
    "CREATE TRIGGER shop__t AFTER INSERT ON shop__item BEGIN DELETE FROM bank__safe; END",
    "CREATE VIRTUAL TABLE shop__v USING fts5(x)",
    "CREATE TABLE shop__more (id INTEGER REFERENCES bank__safe (id))",
    "CREATE TABLE shop__more (id INTEGER REFERENCES cortex_documents (key))",
    "CREATE TABLE shop__more (id INTEGER PRIMARY KEY, up INTEGER REFERENCES shop__more (id) DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TABLE shop__more (id INTEGER DEFAULT (random()))",
    "CREATE TABLE shop__more (id TEXT DEFAULT CURRENT_TIMESTAMP)",
    "CREATE TABLE shop__more (id TEXT DEFAULT ('a' || hex(randomblob(4)) || 'b'))",
    "ALTER TABLE shop__item ADD COLUMN x TEXT DEFAULT ('it''s' || upper('('))",
    "DROP TABLE bank__safe",
    "DROP TABLE cortex_documents",
    "ALTER TABLE bank__safe ADD COLUMN x TEXT",
    "ALTER TABLE shop__item RENAME TO bank__item",
    "ALTER TABLE bank__safe RENAME TO shop__safe",
    "PRAGMA writable_schema = ON",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA user_version = 7",
    "ATTACH DATABASE '/tmp/x.sqlite' AS x",
    "VACUUM",
    "COMMIT",
    "SAVEPOINT x",
    "RELEASE cortex_unit",
    "SELECT load_extension('/tmp/x.so')",
    "DELETE FROM cortex_migrations",
];

const HARMLESS_MIGRATIONS: &[&str] = &[
    "CREATE TABLE shop__a (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, n INTEGER CHECK (n > 0)) STRICT",
    "CREATE TABLE shop__b (a INTEGER NOT NULL REFERENCES shop__a (id), k TEXT, PRIMARY KEY (a, k)) STRICT, WITHOUT ROWID",
    "CREATE INDEX shop__b_k ON shop__b (k)",
    "CREATE UNIQUE INDEX shop__a_n ON shop__a (n, lower(name)) WHERE n > 5",
    "INSERT INTO shop__a (name, n) VALUES ('x', 1)",
    "INSERT INTO shop__b (a, k) SELECT id, name FROM shop__a",
    "ALTER TABLE shop__a ADD COLUMN note TEXT",
    "ALTER TABLE shop__a ADD COLUMN size INTEGER NOT NULL DEFAULT 3 CHECK (size > 0)",
    "ALTER TABLE shop__a RENAME COLUMN note TO remark",
    "ALTER TABLE shop__a DROP COLUMN remark",
    "ALTER TABLE shop__a ADD COLUMN odd TEXT NOT NULL DEFAULT 'it''s (not) CURRENT'",
    "CREATE TABLE shop__c (id INTEGER PRIMARY KEY)",
    "ALTER TABLE shop__c RENAME TO shop__d",
    "UPDATE shop__a SET size = 4",
    "DROP INDEX shop__b_k",
    "DELETE FROM shop__b",
    "DROP TABLE shop__b",
    "DROP TABLE shop__a",
    "DROP TABLE shop__d",
];

#[tokio::test]
async fn hostile_migrations_are_refused_by_the_engine_alone() {
    let fixture = fixture().await;
    for hostile in HOSTILE_MIGRATIONS {
        let files: &[(&str, &[&str])] = &[("0001_item.sql", &[super::fixture::ITEM]), ("0002_x.sql", &[hostile])];
        let error = fixture.migrate("shop", files).await;
        assert!(matches!(error, Err(cap_storage::migrations::MigrateError::Statement { .. })), "{hostile}: {error:?}");
    }
    fixture.store.read_host(&fixture.tenant, |tables| tables.get("grant", "bank")).await.unwrap().unwrap();
    assert_eq!(fixture.items().await, [1]);
}

#[tokio::test]
async fn harmless_migrations_run() {
    let fixture = fixture().await;
    let files: &[(&str, &[&str])] = &[("0001_item.sql", &[super::fixture::ITEM]), ("0002_x.sql", HARMLESS_MIGRATIONS)];
    assert_eq!(fixture.migrate("shop", files).await.unwrap().newest, 2);
}

#[tokio::test]
async fn a_component_whose_name_begins_like_another_reaches_nothing_of_it() {
    let fixture = fixture().await;
    let work = |sql: Sql| async move {
        for id in ["sho", "shop-item", "shopp", "s", "cortex", "sqlite", "main"] {
            let error = sql.of(id).query("SELECT count(*) FROM shop__item", &[]).await.unwrap_err();
            assert!(matches!(error, SqlError::Refused { .. }), "{id}: {error:?}");
        }
        Verdict::Commit
    };
    fixture.unit(Effect::Read, work).await.unwrap();
    assert_eq!(component("shop").as_str(), "shop");
}
