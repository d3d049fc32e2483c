// SPDX-License-Identifier: MIT OR Apache-2.0
//! A test gets a database of its own, from a server that is there or that is started for it.

#![allow(clippy::unwrap_used, reason = "a test")]

use sqlx::Connection as _;

#[test]
fn each_test_gets_an_empty_database_that_is_gone_afterwards() {
    let Some(database) = services::postgres("each_test_gets_an_empty_database") else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = database.url.clone();
    runtime.block_on(async {
        let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
        let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
        let tables: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await.unwrap();
        assert_eq!(tables, 0);
    });
    let other = services::postgres("each_test_gets_an_empty_database").unwrap();
    assert_ne!(other.url, url);
    drop(database);
    assert!(runtime.block_on(sqlx::PgConnection::connect(&url)).is_err());
}

#[test]
fn a_server_is_started_where_the_programs_are() {
    match services::private() {
        Ok(server) => assert!(server.superuser),
        Err(reason) => assert!(reason.contains("not on PATH"), "{reason}"),
    }
}
