// SPDX-License-Identifier: MIT OR Apache-2.0
//! The host's own role needs no more than the README says.

use super::fixture::{Fixture, Sql};
use crate::{PostgresStore, Settings, StoreError};
use cap_state::{Change, Expect, Key, State as _};
use cap_storage::Schema as _;
use kernel_engine::Verdict;
use kernel_types::Effect;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use std::time::{Duration, Instant};

/// The statements that the README gives to the administrator, with names of the test's own.
fn readme(role: &str, database: &str) -> String {
    let readme = include_str!("../../README.md");
    let block = readme.split("```sql").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let lines = block.lines().filter(|line| !line.starts_with("--") && !line.starts_with("CREATE DATABASE"));
    let text = lines.collect::<Vec<_>>().join("\n").replace("DATABASE cortex", &format!("DATABASE {database}"));
    text.replace("ROLE cortex", &format!("ROLE {role}")).replace("TO cortex;", &format!("TO {role};"))
}

#[tokio::test]
async fn a_host_role_without_superpowers_does_everything() {
    let Some(database) = services::postgres("a_host_role_without_superpowers_does_everything") else { return };
    if !database.superuser {
        // The role of all other tests is such a one then.
        return;
    }
    let name = database.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let role = format!("{name}_host");
    let mut admin = sqlx::PgConnection::connect(&database.url).await.unwrap();
    admin.execute(sqlx::raw_sql(AssertSqlSafe(readme(&role, &name)))).await.unwrap();
    let mut url = database.url.clone();
    let user = url.find("://").unwrap() + 3..url.find('@').unwrap();
    url.replace_range(user, &role);

    let store = PostgresStore::open(&url, Settings::default()).await.unwrap();
    let fixture = Fixture { tenant: super::fixture::tenant("demo"), store, database };
    assert!(fixture.store.create_tenant(&fixture.tenant).await.unwrap());
    assert!(!fixture.store.create_tenant(&fixture.tenant).await.unwrap());
    let state = fixture.store.state().await.unwrap();
    let change = Change::put(Key::new("test", "a").unwrap(), "{}", Expect::Absent);
    state.commit(&[change]).await.unwrap();
    state.put_blob(b"bytes").await.unwrap();
    state.close().await;
    fixture.migrate("shop", &[("0001.sql", &[super::fixture::ITEM])]).await.unwrap();
    fixture.add(1).await.unwrap();
    let more = "ALTER TABLE shop__item ADD COLUMN x text";
    fixture.migrate("shop", &[("0001.sql", &[super::fixture::ITEM]), ("0002.sql", &[more])]).await.unwrap();
    let work = |sql: Sql| async move {
        for hostile in
            ["SELECT * FROM cortex.tenants", "SELECT set_config('role', 'none', true)", "DROP TABLE shop__item"]
        {
            sql.query(hostile, &[]).await.unwrap_err();
        }
        sql.add(2).await.unwrap();
        Verdict::Commit
    };
    assert_eq!(fixture.unit(Effect::Write, work).await, Ok(Verdict::Commit));
    assert_eq!(fixture.items().await, [1, 2]);
    let removed = fixture.store.remove(&fixture.tenant, &super::fixture::component("shop")).await.unwrap();
    assert_eq!(removed.tables, ["item"]);
    fixture.migrate("shop", &[("0001.sql", &[super::fixture::ITEM])]).await.unwrap();
    assert!(fixture.items().await.is_empty());

    fixture.store.remove(&fixture.tenant, &super::fixture::component("shop")).await.unwrap();
    fixture.store.shutdown(Instant::now() + Duration::from_secs(10)).await;
    let gone = format!("REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}; DROP ROLE {role}");
    admin.execute(sqlx::raw_sql(AssertSqlSafe(gone))).await.unwrap();
    admin.close().await.unwrap();
}

#[tokio::test]
async fn a_database_that_does_not_serve_is_refused() {
    let url = "postgres://nobody@127.0.0.1:1/none";
    let soon = Settings { connection_wait_ms_max: 100, ..Settings::default() };
    let error = PostgresStore::open(url, soon).await.err().unwrap();
    assert!(matches!(error, StoreError::Database(_)), "{error}");
    assert!(matches!(PostgresStore::open("mysql://x", Settings::default()).await.err().unwrap(), StoreError::Url(_)));
    let none = Settings { connections_max: 0, ..Settings::default() };
    assert!(matches!(PostgresStore::open(url, none).await.err().unwrap(), StoreError::Setting { .. }));
    let Some(fixture) = Fixture::new("a_database_that_does_not_serve_is_refused").await else { return };
    let mut other = sqlx::PgConnection::connect(&fixture.database.url).await.unwrap();
    other.execute("UPDATE cortex.installation SET layout = 99").await.unwrap();
    other.close().await.unwrap();
    let error = PostgresStore::open(&fixture.database.url, Settings::default()).await.err().unwrap();
    assert!(matches!(error, StoreError::Layout { found: 99, .. }), "{error}");
}
