// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every attack of the hostile guest, its input, and what becomes of it.

use serde_json::{Value, json};

/// What an attack ends with.
pub(crate) enum End {
    /// It is answered: this limit of the component is used up.
    Limit(&'static str),
    /// Its request is too long to be read.
    TooLong,
    /// It fails; the caller learns nothing but the request's id.
    Failed,
    /// The component was told so by the host and tells it on: status, code, and what the detail holds.
    Told(u16, &'static str, &'static str),
    /// The database does not take the statement: it is outside the subset, or no SQL.
    NoStatement,
    /// The database stops it for the size of its values, or before that for the time that it takes.
    TooLarge,
    /// It does no harm and is answered with this.
    Harmless(Value),
}

use End::{Failed, Harmless, Limit, NoStatement, Told, TooLarge, TooLong};

impl End {
    /// The limit that the end names.
    pub(crate) fn limit(&self) -> Option<&'static str> {
        match self {
            Limit(limit) => Some(limit),
            Told(429, _, detail) => Some(detail),
            _ => None,
        }
    }
}

/// Attack, input, end, and how many rows the table has more afterwards.
pub(crate) fn cases() -> Vec<(&'static str, Value, End, u64)> {
    let mut cases = of_the_engine();
    cases.extend(of_the_database());
    cases
}

fn of_the_engine() -> Vec<(&'static str, Value, End, u64)> {
    vec![
        ("spin", json!({}), Limit("cpu-ms-max"), 0),
        ("allocate", json!({ "mebibytes": 1_000 }), Limit("memory-bytes-max"), 0),
        ("allocate", json!({ "mebibytes": 4 }), Harmless(json!(4)), 0),
        ("recurse", json!({ "seed": "1" }), Limit("stack-bytes-max"), 0),
        // The engine sees an access outside the memory: it cannot know that a stack of the component's own ended there.
        ("recurse-in-memory", json!({ "seed": "1" }), Failed, 0),
        ("call-host", json!({ "times": "20000" }), Limit("host-calls-max"), 0),
        ("call-host", json!({ "times": "100" }), Harmless(json!("100")), 0),
        ("log-line", json!({ "bytes": 1_000_000 }), Limit("log-bytes-max"), 0),
        ("log-lines", json!({ "lines": 9_000 }), Limit("log-bytes-max"), 0),
        ("log-fields", json!({ "fields": 100, "bytes": 1_000 }), Limit("log-bytes-max"), 0),
        ("log-fields", json!({ "fields": 1_000_000, "bytes": 0 }), Limit("result-bytes-max"), 0),
        ("log-fields", json!({ "fields": 2_000, "bytes": 1_000_000 }), Limit("result-bytes-max"), 0),
        ("report-progress", json!({ "times": 9_999 }), Harmless(Value::Null), 0),
        ("report-progress", json!({ "times": 10_001 }), Limit("host-calls-max"), 0),
        ("return-bytes", json!({ "bytes": 9_000_000 }), Limit("result-bytes-max"), 0),
        ("return-aliases", json!({ "texts": 2_000, "bytes": 1_000_000 }), Limit("result-bytes-max"), 0),
        ("return-bad-date", json!({}), Failed, 0),
        ("wait-in-host", json!({ "milliseconds": 60_000 }), Limit("wall-ms-max"), 0),
        ("wait-in-callee", json!({ "milliseconds": 60_000 }), Limit("wall-ms-max"), 0),
        ("nest", json!({ "depth": 8 }), Harmless(json!(8)), 0),
        ("nest", json!({ "depth": 9 }), Limit("call-depth-max"), 0),
        ("call-with-text", json!({ "bytes": 2_000_000 }), Limit("argument-bytes-max"), 0),
        ("call-with-aliases", json!({ "texts": 10, "bytes": 200_000 }), Limit("argument-bytes-max"), 0),
        ("call-with-aliases", json!({ "texts": 2_000, "bytes": 1_000_000 }), Limit("result-bytes-max"), 0),
        ("take-texts", json!({ "texts": ["a", "b"] }), Harmless(json!("2")), 0),
        ("take-texts", json!({ "texts": vec!["x"; 400_000] }), TooLong, 0),
        ("call-often", json!({ "times": 100 }), Harmless(json!(100)), 0),
        ("call-often", json!({ "times": 201 }), Limit("host-calls-max"), 0),
        ("panic", json!({}), Failed, 0),
    ]
}

fn of_the_database() -> Vec<(&'static str, Value, End, u64)> {
    let too_slow = Told(429, "limit-exceeded", "sql-ms-max");
    let too_many_rows = Told(429, "limit-exceeded", "sql-rows-max");
    let too_many_bytes = || Told(429, "limit-exceeded", "result-bytes-max");
    vec![
        ("read-rows", json!({ "rows": "1000" }), Harmless(json!("1000")), 0),
        ("read-rows", json!({ "rows": "1000000" }), too_many_rows, 0),
        ("slow-statement", json!({}), too_slow, 0),
        ("many-statements", json!({ "statements": 400 }), Harmless(json!("400")), 0),
        ("many-statements", json!({ "statements": 501 }), Limit("host-calls-max"), 0),
        ("double-value", json!({ "times": 5 }), Harmless(json!("32000")), 0),
        ("double-value", json!({ "times": 40 }), TooLarge, 0),
        ("read-bytes", json!({ "rows": 10, "bytes": 100_000 }), Harmless(json!("10")), 0),
        ("read-bytes", json!({ "rows": 100, "bytes": 100_000 }), too_many_bytes(), 0),
        ("pass-aliases", json!({ "texts": 500, "bytes": 1_000_000 }), Limit("result-bytes-max"), 0),
        ("pass-aliases", json!({ "texts": 1, "bytes": 1_000_000 }), Harmless(json!("1000000")), 0),
        ("pass-odd-value", json!({ "which": 0 }), Told(422, "parameter", "NaN"), 0),
        ("pass-odd-value", json!({ "which": 1 }), Told(422, "parameter", "infinit"), 0),
        ("pass-odd-value", json!({ "which": 2 }), Told(422, "parameter", "U+0000"), 0),
        ("pass-odd-value", json!({ "which": 3 }), Told(422, "parameter", "parameters"), 0),
        ("open-savepoints", json!({ "savepoints": 5 }), Harmless(json!(5)), 0),
        ("open-savepoints", json!({ "savepoints": 5_000 }), Harmless(json!(32)), 0),
        ("mix-savepoints", json!({ "id": "100" }), Harmless(json!(2)), 0),
        ("write-in-read", json!({}), Told(403, "refused", "effect: read"), 0),
        ("call-write-in-read", json!({}), Failed, 0),
        ("write-then-refuse", json!({ "id": "10" }), Told(422, "refused-on-purpose", "as asked"), 0),
        ("write-then-panic", json!({ "id": "11" }), Failed, 0),
        ("write-then-spin", json!({ "id": "12" }), Limit("cpu-ms-max"), 0),
        ("swallow-error-of-callee", json!({ "id": "13" }), Harmless(json!("1")), 1),
        ("leave-savepoint-open", json!({ "id": "15" }), Harmless(json!("1")), 0),
        // Its own row and the last callee's stay; those of the callees that refuse or leave a savepoint open do not.
        ("call-inside-savepoint", json!({ "id": "30" }), Harmless(json!("1")), 2),
        ("write", json!({ "id": "16" }), Harmless(json!("1")), 1),
        ("write", json!({ "id": "16" }), Told(409, "constraint", "entries"), 0),
        ("run-statement", json!({ "statement": "SELECT count(*) FROM entries" }), Harmless(json!("4")), 0),
        ("count", json!({}), Harmless(json!("4")), 0),
    ]
}

/// Statements of an attacker, and what becomes of each: the subset's own tests hold the long list, these go all the way.
pub(crate) fn statements() -> Vec<(String, End)> {
    let refused = |statement: &str| (statement.to_owned(), Told(403, "refused", ""));
    let unknown = |statement: &str| (statement.to_owned(), Told(500, "syntax", ""));
    let mut statements = vec![
        refused("SELECT name FROM sqlite_master"),
        refused("SELECT name FROM \"sqlite_schema\""),
        refused("SELECT name FROM main.sqlite_master"),
        refused("SELECT * FROM temp.entries"),
        refused("SELECT * FROM pragma_table_info('entries')"),
        refused("PRAGMA journal_mode"),
        refused("ATTACH 'x' AS y"),
        refused("VACUUM"),
        unknown("VACUUM INTO 'x'"),
        refused("BEGIN"),
        refused("COMMIT"),
        refused("SAVEPOINT x"),
        refused("DROP TABLE entries"),
        refused("CREATE TABLE t (id INTEGER PRIMARY KEY)"),
        refused("SELECT load_extension('x')"),
        refused("SELECT readfile('/etc/passwd')"),
        refused("SELECT sqlite_version()"),
        refused("SELECT randomblob(1000000000)"),
        refused("SELECT zeroblob(2000000000)"),
        refused("SELECT printf('%1000000000d', 1)"),
        refused("SELECT 1; DELETE FROM entries"),
        refused("SELECT * FROM hostile__entries"),
        unknown("SELECT * FROM cortex_migrations"),
        unknown("SELECT * FROM accounting"),
        refused(""),
        unknown("SELECT"),
        refused("\u{0}"),
        unknown("SELECT 'open"),
        (
            "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t".to_owned(),
            Told(429, "limit-exceeded", "sql-rows-max"),
        ),
        (
            "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t".to_owned(),
            Told(429, "limit-exceeded", "sql-ms-max"),
        ),
    ];
    statements.extend(bombs().into_iter().map(|statement| (statement, NoStatement)));
    statements
}

/// Statements whose size or nesting is the attack.
fn bombs() -> Vec<String> {
    let around = |open: &str, middle: &str, close: &str, times: usize| {
        format!("SELECT {}{middle}{}", open.repeat(times), close.repeat(times))
    };
    let list = |item: &str, separator: &str, times: usize| vec![item; times].join(separator);
    // Each level uses the one below so often: written out, it would take gigabytes.
    let nested = (0..9).fold("SELECT note AS x FROM entries".to_owned(), |inner, _| {
        format!("SELECT {} AS x FROM ({inner}) q", list("x", " || ", 20))
    });
    let named: Vec<_> = (1..9)
        .map(|level| {
            let from: Vec<_> = (0..20).map(|index| format!("c{} a{index}", level - 1)).collect();
            format!("c{level} AS (SELECT a0.n FROM {})", from.join(" CROSS JOIN "))
        })
        .collect();
    vec![
        format!("SELECT length(x) FROM ({nested}) q"),
        format!("WITH c0 AS (SELECT 1 AS n), {} SELECT count(*) FROM c8", named.join(", ")),
        around("(", "1", ")", 20_000),
        around("(SELECT ", "1", ")", 2_000),
        around("NOT ", "1", "", 5_000),
        around("- ", "1", "", 5_000),
        around("abs(", "1", ")", 2_000),
        around("CASE WHEN 1 = 1 THEN ", "1", " END", 2_000),
        format!("SELECT {}", list("1", " + ", 3_000)),
        format!("SELECT {}", list("'a'", " || ", 3_000)),
        format!("SELECT 1 WHERE {}", list("1 = 1", " AND ", 1_500)),
        format!("SELECT 1 WHERE 1 IN ({})", list("1", ", ", 30_000)),
        format!("SELECT {}", list("1", ", ", 30_000)),
        list("SELECT 1", " UNION ALL ", 1_000),
        format!("SELECT 1 FROM {}", list("entries", " CROSS JOIN ", 500)),
        format!("INSERT INTO entries (id, note) VALUES {}", list("(1, 'x')", ", ", 10_000)),
        format!("SELECT '{}'", "x".repeat(500_000)),
        format!("SELECT /* {} */ 1", "x".repeat(500_000)),
        format!("SELECT \"{}\" FROM entries", "x".repeat(50_000)),
    ]
}
