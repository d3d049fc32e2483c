// SPDX-License-Identifier: MIT OR Apache-2.0
//! The second wall alone: statements and migrations as a broken first wall might let them through. Each is refused by the
//! server's own roles, and what the component may do is shown beside it.

use super::fixture::{Fixture, PLENTY, Sql, tenant};
use cap_storage::migrations::MigrateError;
use cap_storage::{SqlError, StatementKind};
use kernel_engine::Verdict;
use kernel_types::Effect;
use std::time::{Duration, Instant};

const SAFE: &[&str] = &[
    "CREATE TABLE bank__safe (id bigint PRIMARY KEY, secret text)",
    "INSERT INTO bank__safe VALUES (1, 's')",
    "CREATE INDEX bank__safe_secret ON bank__safe (secret)",
];

/// Two components with data, and the first of them in another tenant too.
async fn fixture(test: &str) -> Option<Fixture> {
    let fixture = Fixture::new(test).await?;
    fixture.migrate("bank", &[("0001_safe.sql", SAFE)]).await.unwrap();
    fixture.store.create_tenant(&tenant("other")).await.unwrap();
    // The tables of the hosts' own are there, so that they can be reached for.
    drop(fixture.store.state().await.unwrap());
    fixture.migrate_in("other", "shop", &[("0001_item.sql", &[super::fixture::ITEM])]).await.unwrap();
    fixture.add(1).await.unwrap();
    Some(fixture)
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
    "SELECT * FROM cortex_c_demo__bank.bank__safe",
    "SELECT count(*) FROM cortex_c_demo__bank.bank__safe",
    "SELECT 1 FROM cortex_c_demo__bank.bank__safe",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM cortex_c_demo__bank.bank__safe)",
    "SELECT id FROM shop__item UNION ALL SELECT id FROM cortex_c_demo__bank.bank__safe",
    "SELECT (SELECT secret FROM cortex_c_demo__bank.bank__safe) FROM shop__item",
    "WITH c AS (SELECT secret FROM cortex_c_demo__bank.bank__safe) SELECT * FROM c",
    "SELECT ctid FROM cortex_c_demo__bank.bank__safe",
    "SELECT cortex_c_demo__bank.bank__safe FROM cortex_c_demo__bank.bank__safe",
    // what the hosts remember
    "SELECT text FROM cortex_host.documents",
    "SELECT bytes FROM cortex_host.blob_parts",
    "INSERT INTO cortex_host.documents VALUES ('tenant', 'mine', 1, '{}')",
    "UPDATE cortex_host.documents SET text = '{}'",
    "DELETE FROM cortex_host.blobs",
    // another tenant's
    "SELECT * FROM cortex_c_other__shop.shop__item",
    "INSERT INTO cortex_c_other__shop.shop__item (id) VALUES (7)",
    // and written
    "INSERT INTO cortex_c_demo__bank.bank__safe VALUES (2, 'x')",
    "INSERT INTO shop__item SELECT id, secret FROM cortex_c_demo__bank.bank__safe",
    "INSERT INTO shop__item VALUES (6, 'x') RETURNING (SELECT secret FROM cortex_c_demo__bank.bank__safe)",
    "UPDATE cortex_c_demo__bank.bank__safe SET secret = 'x'",
    "UPDATE shop__item SET name = s.secret FROM cortex_c_demo__bank.bank__safe s",
    "DELETE FROM cortex_c_demo__bank.bank__safe",
    "WITH gone AS (DELETE FROM cortex_c_demo__bank.bank__safe RETURNING secret) SELECT * FROM gone",
    // the host's tables
    "SELECT * FROM cortex.tenants",
    "SELECT * FROM cortex.installation",
    "SELECT * FROM cortex_t_demo.cortex_migrations",
    "DELETE FROM cortex_t_demo.cortex_migrations",
    "SELECT * FROM cortex_t_demo.cortex_answers",
    "SELECT id FROM shop__item WHERE EXISTS (SELECT 1 FROM cortex_t_demo.cortex_answers)",
    "INSERT INTO cortex_t_demo.cortex_answers (key, fingerprint, answer) VALUES ('', '', '')",
    "UPDATE cortex_t_demo.cortex_answers SET answer = ''",
    "DELETE FROM cortex_t_demo.cortex_answers",
    "INSERT INTO cortex.tenants (tenant) VALUES ('x')",
    // what lies beneath: passwords, statistics with values of rows, files, other databases
    "SELECT * FROM pg_catalog.pg_authid",
    "SELECT * FROM pg_catalog.pg_statistic",
    "SELECT pg_catalog.pg_read_file('/etc/passwd')",
    "SELECT pg_catalog.pg_ls_dir('.')",
    "SELECT pg_catalog.lo_import('/etc/passwd')",
    "SELECT pg_catalog.query_to_xml('SELECT * FROM cortex_c_demo__bank.bank__safe', true, false, '')",
    "SELECT pg_catalog.table_to_xml('cortex_c_demo__bank.bank__safe', true, false, '')",
    // out of the role, by a statement, a function, a view
    "SET ROLE postgres",
    "RESET ROLE",
    "SET LOCAL ROLE NONE",
    "SET SESSION AUTHORIZATION DEFAULT",
    "SELECT pg_catalog.set_config('role', 'none', true)",
    "SELECT pg_catalog.set_config('role', 'none', true), pg_catalog.query_to_xml('SELECT 1', true, false, '')",
    "SELECT pg_catalog.set_config('search_path', 'cortex', false)",
    "UPDATE pg_catalog.pg_settings SET setting = 'none' WHERE name = 'role'",
    "DO $$ BEGIN SET ROLE none; END $$",
    // transactions, settings, definitions, other servers
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT x",
    "ROLLBACK TO SAVEPOINT c0",
    "RELEASE SAVEPOINT c0",
    "SELECT 1; COMMIT",
    "SET statement_timeout TO 0",
    "CREATE TABLE shop__more (id bigint)",
    "CREATE TEMP TABLE shop__more (id bigint)",
    "SELECT * INTO shop__more FROM shop__item",
    "SELECT * INTO TEMP shop__more FROM shop__item",
    "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
    "DROP TABLE shop__item",
    "DROP TABLE cortex_c_demo__bank.bank__safe",
    "ALTER TABLE shop__item ADD COLUMN x text",
    "TRUNCATE shop__item",
    "LOCK TABLE shop__item",
    "COPY shop__item TO STDOUT",
    "COPY shop__item TO PROGRAM 'true'",
    "GRANT ALL ON shop__item TO PUBLIC",
    "EXPLAIN SELECT * FROM shop__item",
    "LISTEN x",
    "CALL x()",
    "PREPARE x AS SELECT 1",
    "DECLARE x CURSOR FOR SELECT 1",
    "DISCARD ALL",
    "VACUUM",
    "ANALYZE",
    "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = session_user",
];

const HARMLESS: &[&str] = &[
    "SELECT id, name FROM shop__item",
    "SELECT count(*) FROM shop__item",
    "SELECT count(*) FROM cortex_c_demo__shop.shop__item",
    "SELECT i.id FROM shop__item i LEFT JOIN shop__item j ON j.id = i.id WHERE i.name ILIKE 'i%'",
    "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3) SELECT cortex_sql.sum(x::bigint) FROM c",
    "VALUES (1, 'a'), (2, 'b')",
];

#[tokio::test]
async fn hostile_statements_are_refused_by_the_server_alone() {
    let Some(fixture) = fixture("hostile_statements_are_refused_by_the_server_alone").await else { return };
    for effect in [Effect::Write, Effect::Read] {
        let superuser = fixture.database.superuser;
        let work = move |sql: Sql| async move {
            for statement in HOSTILE {
                if !superuser && statement.contains("set_config") {
                    continue;
                }
                let result = run(&sql, statement).await;
                let refused = matches!(&result, Err(SqlError::Refused { .. } | SqlError::Syntax { .. }));
                assert!(refused, "{effect:?} {statement}: {result:?}");
            }
            for statement in HARMLESS {
                assert!(run(&sql, statement).await.unwrap() > 0, "{statement}");
            }
            Verdict::Commit
        };
        let deadline = Instant::now() + Duration::from_secs(120);
        assert_eq!(
            fixture.unit_until(&fixture.tenant, effect, deadline, work).await,
            Ok(Verdict::Commit),
            "{effect:?}"
        );
    }
    assert_eq!(fixture.items().await, [1]);
}

#[tokio::test]
async fn a_statement_prepared_for_one_component_is_not_anothers() {
    let Some(fixture) = fixture("a_statement_prepared_for_one_component_is_not_anothers").await else { return };
    let work = |sql: Sql| async move {
        let bank = sql.of("bank");
        let statement = "SELECT secret FROM bank__safe";
        for _ in 0..3 {
            assert_eq!(bank.query(statement, &[]).await.unwrap().rows.len(), 1);
            // The very same text, on the same connection.
            assert!(matches!(sql.query(statement, &[]).await, Err(SqlError::Syntax { .. })));
            let named = "SELECT secret FROM cortex_c_demo__bank.bank__safe";
            assert_eq!(bank.query(named, &[]).await.unwrap().rows.len(), 1);
            assert!(matches!(sql.query(named, &[]).await, Err(SqlError::Refused { .. })));
        }
        Verdict::Commit
    };
    assert_eq!(fixture.unit(Effect::Write, work).await, Ok(Verdict::Commit));
}

/// Not one of these may be a migration of `shop`.
const HOSTILE_MIGRATIONS: &[&str] = &[
    "CREATE TABLE cortex_c_demo__bank.more (id bigint)",
    "CREATE TABLE cortex.more (id bigint)",
    "CREATE TABLE public.more (id bigint)",
    "CREATE TEMP TABLE shop__more (id bigint)",
    "CREATE TABLE pg_temp.shop__more (id bigint)",
    "CREATE TABLE shop__more AS SELECT * FROM cortex_c_demo__bank.bank__safe",
    "CREATE TABLE shop__more (id bigint REFERENCES cortex_c_demo__bank.bank__safe (id))",
    "CREATE TABLE shop__more (LIKE cortex_c_demo__bank.bank__safe)",
    "INSERT INTO shop__item SELECT id, secret FROM cortex_c_demo__bank.bank__safe",
    "CREATE INDEX shop__i ON cortex_c_demo__bank.bank__safe (secret)",
    "CREATE VIEW shop__v AS SELECT * FROM cortex_c_demo__bank.bank__safe",
    "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
    "CREATE TRIGGER t AFTER INSERT ON shop__item EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE r AS ON INSERT TO shop__item DO ALSO DELETE FROM shop__item",
    "DROP TABLE cortex_c_demo__bank.bank__safe",
    "DROP TABLE cortex_t_demo.cortex_migrations",
    "DROP INDEX cortex_c_demo__bank.bank__safe_secret",
    "ALTER TABLE cortex_c_demo__bank.bank__safe ADD COLUMN x text",
    "ALTER TABLE shop__item SET SCHEMA cortex_c_demo__bank",
    "ALTER TABLE shop__item OWNER TO postgres",
    "DELETE FROM cortex_t_demo.cortex_migrations",
    "SET ROLE none",
    "RESET ROLE",
    "COMMIT",
    "ROLLBACK",
    "SELECT pg_catalog.set_config('role', 'none', true)",
    "DO $$ BEGIN NULL; END $$",
    "CREATE TABLE shop__more (id bigint); COMMIT",
    "GRANT ALL ON shop__item TO PUBLIC",
    "CREATE SCHEMA more",
    "CREATE EXTENSION plpgsql",
];

const HARMLESS_MIGRATIONS: &[&str] = &[
    "CREATE TABLE shop__a (id bigint PRIMARY KEY, name text NOT NULL UNIQUE, n bigint CHECK (n > 0))",
    "CREATE TABLE shop__b (a bigint NOT NULL REFERENCES shop__a (id), k text, PRIMARY KEY (a, k))",
    "CREATE INDEX shop__b_k ON shop__b (k)",
    "INSERT INTO shop__a (id, name, n) VALUES (1, 'x', 1)",
    "INSERT INTO shop__b (a, k) SELECT id, name FROM shop__a",
    "ALTER TABLE shop__a ADD COLUMN note text",
    "ALTER TABLE shop__a RENAME COLUMN note TO remark",
    "ALTER TABLE shop__a DROP COLUMN remark",
    "ALTER TABLE shop__item ADD COLUMN size bigint NOT NULL DEFAULT 3",
    "UPDATE shop__a SET n = 4",
    "DROP INDEX shop__b_k",
    "DELETE FROM shop__b",
    "DROP TABLE shop__b",
];

#[tokio::test]
async fn hostile_migrations_are_refused_by_the_server_alone() {
    let Some(fixture) = fixture("hostile_migrations_are_refused_by_the_server_alone").await else { return };
    for hostile in HOSTILE_MIGRATIONS {
        let files: &[(&str, &[&str])] = &[("0001_item.sql", &[super::fixture::ITEM]), ("0002_x.sql", &[hostile])];
        let error = fixture.migrate("shop", files).await;
        assert!(matches!(error, Err(MigrateError::Statement { .. })), "{hostile}: {error:?}");
    }
    assert_eq!(fixture.items().await, [1]);
    let files: &[(&str, &[&str])] = &[("0001_item.sql", &[super::fixture::ITEM]), ("0002_x.sql", HARMLESS_MIGRATIONS)];
    assert_eq!(fixture.migrate("shop", files).await.unwrap().newest, 2);
    assert_eq!(fixture.items().await, [1]);
}

#[tokio::test]
async fn a_component_whose_name_begins_like_another_reaches_nothing_of_it() {
    let test = "a_component_whose_name_begins_like_another_reaches_nothing_of_it";
    let Some(fixture) = fixture(test).await else { return };
    for id in ["sho", "shop-item", "shopp", "cortex"] {
        fixture.migrate(id, &[]).await.unwrap();
    }
    let work = |sql: Sql| async move {
        for id in ["sho", "shop-item", "shopp", "cortex", "never-enabled"] {
            for statement in ["SELECT count(*) FROM shop__item", "SELECT count(*) FROM cortex_c_demo__shop.shop__item"]
            {
                let error = sql.of(id).query(statement, &[]).await.unwrap_err();
                assert!(matches!(error, SqlError::Refused { .. } | SqlError::Syntax { .. }), "{id}: {error:?}");
            }
        }
        Verdict::Commit
    };
    fixture.unit(Effect::Read, work).await.unwrap();
}
