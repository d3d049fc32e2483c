// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a component may use of the database: rows, bytes, time. Counted down, and the statement that goes beyond fails.

use super::fixture::{ENDLESS_CHANGE, ENDLESS_QUERY, Fixture, PLENTY, Sql};
use cap_storage::{Budget, SqlError, StatementKind};
use kernel_engine::Verdict;
use kernel_types::Effect;
use std::time::Duration;

/// Ten rows of an integer and four letters: 10 * (16 + 16 + 4) bytes.
const TEN: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT i, 'abcd' FROM n";

async fn query(sql: &Sql, text: &str, mut budget: Budget) -> (Result<usize, &'static str>, Budget) {
    let result = sql.query_as(text, StatementKind::Query, &[], &mut budget).await;
    let result = result.map(|rows| rows.rows.len()).map_err(|error| match error {
        SqlError::LimitExceeded { limit, .. } => limit,
        other => panic!("{other:?}"),
    });
    (result, budget)
}

#[tokio::test]
async fn rows_bytes_and_time_are_counted_and_end_the_statement() {
    let fixture = Fixture::new().await;
    for effect in [Effect::Read, Effect::Write] {
        let work = |sql: Sql| async move {
            for (rows, bytes, expected) in [
                (10, 360, Ok(10)),
                (9, 360, Err("sql-rows-max")),
                (0, 360, Err("sql-rows-max")),
                (10, 359, Err("result-bytes-max")),
            ] {
                let (result, left) = query(&sql, TEN, Budget { rows, bytes, ..PLENTY }).await;
                assert_eq!(result, expected, "{rows} rows, {bytes} bytes");
                assert!(left.time < PLENTY.time);
                if expected.is_ok() {
                    assert_eq!((left.rows, left.bytes), (0, 0));
                }
            }
            let short = Budget { time: Duration::from_millis(5), ..PLENTY };
            let (result, left) = query(&sql, ENDLESS_QUERY, short).await;
            assert_eq!((result, left.time), (Err("sql-ms-max"), Duration::ZERO));
            assert_eq!(query(&sql, TEN, left).await.0, Err("sql-ms-max"), "nothing is left");
            // The unit goes on with what another component of it may use.
            assert_eq!(query(&sql, TEN, PLENTY).await.0, Ok(10));
            Verdict::Commit
        };
        assert_eq!(fixture.unit(effect, work).await, Ok(Verdict::Commit), "{effect:?}");
    }
}

#[tokio::test]
async fn a_change_that_takes_too_long_is_undone_and_the_unit_goes_on() {
    let fixture = Fixture::new().await;
    let work = |sql: Sql| async move {
        sql.add(1).await.unwrap();
        let mut short = Budget { time: Duration::from_millis(5), ..PLENTY };
        let error = sql.execute_within(ENDLESS_CHANGE, &[vec![]], &mut short).await.unwrap_err();
        assert_eq!(error, SqlError::LimitExceeded { limit: "sql-ms-max", value: 5 });
        assert_eq!(sql.items().await, [1]);
        sql.add(2).await.unwrap();
        Verdict::Commit
    };
    assert_eq!(fixture.unit(Effect::Write, work).await, Ok(Verdict::Commit));
    assert_eq!(fixture.items().await, [1, 2]);
}
