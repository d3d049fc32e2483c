// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the operations cost: how many statements a post runs, and that no report on balances reads the lines.

use super::calls::ok;
use super::database::{integers, with_current};
use super::setup::{ledger, line, post, simple};
use serde_json::{Value, json};

fn statements(operation: &str, arguments: Value) -> Vec<String> {
    with_current(|database| database.statements.clear());
    ok(operation, arguments);
    with_current(|database| std::mem::take(&mut database.statements))
}

#[test]
fn a_post_runs_few_statements_and_many_entries_hardly_more() {
    ledger("functional");
    let one = statements("journal.post", json!({ "entry": simple("2026-01-01", "1") }));
    assert!(one.len() <= 11, "{one:#?}");
    let many = statements("journal.post-many", json!({ "entries": vec![simple("2026-01-01", "1"); 500] }));
    assert!(many.len() <= 11, "{many:#?}");
    assert_eq!(integers("SELECT count(*) FROM entries"), [501]);
}

#[test]
fn no_report_on_balances_reads_the_lines() {
    ledger("functional");
    for date in ["2026-01-01", "2026-02-10", "2026-02-11"] {
        post(&simple(date, "1"));
    }
    let reports = [
        ("reports.trial-balance", json!({ "as_of": "2026-02-10" })),
        ("reports.trial-balance", json!({ "period": "2026-02" })),
        ("reports.profit-and-loss", json!({ "as_of": "2026-02-10" })),
        ("reports.balance-sheet", json!({ "as_of": "2026-02-10" })),
        ("reports.account-balance", json!({ "account": "cash", "as_of": "2026-02-10" })),
    ];
    for (operation, arguments) in reports {
        let ran = statements(operation, arguments);
        assert!(!ran.iter().any(|statement| statement.contains("entry_lines")), "{operation}: {ran:#?}");
    }
}

/// Every statement on lines, entries and days goes by an index: a larger ledger is not slower to post into or to page through.
#[test]
fn no_statement_scans_a_table_that_grows() {
    ledger("functional");
    let first = post(&simple("2026-01-01", "1"));
    post(&simple("2026-01-02", "1"));
    let mut ran = statements(
        "journal.post",
        json!({ "entry": { "journal": "GJ", "date": "2026-01-03", "description": "x",
        "external_id": "x", "lines": [line("cash", "debit", "1"), line("bank", "credit", "1")] } }),
    );
    ran.extend(statements("journal.reverse", json!({ "id": first })));
    ran.extend(statements("journal.get-entry", json!({ "id": first })));
    let page = ok("reports.general-ledger", json!({ "account": "cash", "as_of": "2026-12-30", "limit": 1 }));
    ran.extend(statements(
        "reports.general-ledger",
        json!({ "account": "cash", "as_of": "2026-12-30", "cursor": page["page"]["next"] }),
    ));
    ran.extend(statements("reports.trial-balance", json!({ "as_of": "2026-12-30" })));
    let page = ok("journal.list-entries", json!({ "limit": 1 }));
    ran.extend(statements("journal.list-entries", json!({ "cursor": page["page"]["next"] })));
    ran.extend(statements("journal.list-entries", json!({ "account": "cash", "external_id": "x" })));
    with_current(|database| {
        for statement in ran {
            let mut plan = database.connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).expect(&statement);
            let nothing = vec![rusqlite::types::Value::Null; plan.parameter_count()];
            let steps: Vec<String> = plan
                .query_map(rusqlite::params_from_iter(nothing), |row| row.get(3))
                .and_then(Iterator::collect)
                .expect(&statement);
            for step in steps {
                let grows =
                    ["entries", "entry_lines", "line_dimensions", "balances_daily", "reversals", " e", " l", " d"];
                let scans = step.starts_with("SCAN") && grows.iter().any(|table| step.ends_with(table));
                assert!(!scans, "{step}: {statement}");
            }
        }
    });
}
