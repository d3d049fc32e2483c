// SPDX-License-Identifier: MIT OR Apache-2.0
//! Steps of a case as the guest takes them, and its answers as lines of a case.

use cap_storage::{Dialect, SavepointStep, StatementKind, Value, subset};
use conformance::client::Client;
use kernel_types::ComponentId;
use serde_json::{Value as Json, json};
use storage_conformance::Step;

/// The steps of one unit of work that were not sent yet.
#[derive(Default)]
pub(crate) struct Unit {
    steps: Vec<Json>,
    /// Where the outcome of each belongs.
    places: Vec<usize>,
    depth: u32,
}

impl Unit {
    /// Adds a step.
    pub(crate) fn take(&mut self, step: &Step, outcomes: &mut Vec<Option<Vec<String>>>) {
        let step = match step {
            Step::Savepoint(step) => self.savepoint(*step),
            Step::Statement { sql, lists, .. } => {
                let id = ComponentId::parse("demo-shop").unwrap();
                let kind = subset::compile(Dialect::Sqlite, &id, sql).map(|statement| statement.kind());
                let queries = matches!(kind, Ok(StatementKind::Query | StatementKind::ChangeReturning));
                let kind = if queries { "query" } else { "execute" };
                let lists: Vec<Vec<Json>> = lists.iter().map(|list| list.iter().map(to_json).collect()).collect();
                Some(json!({ kind: { "sql": sql, "parameters": lists } }))
            }
            Step::Comment(_) | Step::Migration(_) | Step::End { .. } => None,
        };
        if let Some(step) = step {
            self.places.push(outcomes.len());
            self.steps.push(step);
        }
        outcomes.push(None);
    }

    /// A step out of order: a component has no word for it, because it holds its savepoints as values (`hostile` drops them in
    /// the wrong order).
    fn savepoint(&mut self, step: SavepointStep) -> Option<Json> {
        let (expected, after, name) = match step {
            SavepointStep::Open { depth } => (self.depth + 1 == depth, depth, "open"),
            SavepointStep::Release { depth } => (self.depth == depth, depth - 1, "keep"),
            SavepointStep::Rollback { depth } => (self.depth == depth, depth - 1, "undo"),
        };
        expected.then(|| {
            self.depth = after;
            json!(name)
        })
    }

    /// Runs the steps in one operation.
    pub(crate) async fn end(&mut self, client: Option<&Client>, commit: bool, outcomes: &mut [Option<Vec<String>>]) {
        let Unit { steps, places, .. } = std::mem::take(self);
        if steps.is_empty() {
            return;
        }
        let operation = if commit { "run" } else { "run-and-undo" };
        let path = format!("/api/demo-shop/v1/cases/{operation}");
        let answer = client.expect("tables come first").post(&path, &json!({ "steps": steps })).await;
        let found = if commit {
            answer.ok()
        } else {
            assert_eq!(answer.status, 422, "{answer:?}");
            answer.body["value"].clone()
        };
        let found = found.as_array().expect("a list of outcomes");
        assert_eq!(found.len(), places.len());
        for (place, found) in places.into_iter().zip(found) {
            outcomes[place] = Some(outcome::lines(found));
        }
    }
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => json!("null"),
        Value::Boolean(truth) => json!({ "boolean": truth }),
        Value::Integer(integer) => json!({ "integer": integer.to_string() }),
        Value::Real(real) if real.is_nan() => json!({ "real": "NaN" }),
        Value::Real(real) if real.is_infinite() => {
            json!({ "real": if *real > 0.0 { "Infinity" } else { "-Infinity" } })
        }
        Value::Real(real) => json!({ "real": real }),
        Value::Text(text) => json!({ "text": text }),
        Value::Blob(bytes) => json!({ "blob": base64(bytes) }),
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Outcomes as the case files write them.
pub(crate) mod outcome {
    use cap_storage::Value;
    use serde_json::Value as Json;
    use storage_conformance::show;

    pub(crate) fn lines(outcome: &Json) -> Vec<String> {
        if let Some(touched) = outcome.get("touched") {
            return vec![format!("touched {}", touched.as_str().expect("a number"))];
        }
        if let Some(table) = outcome.get("rows") {
            let row = |row: &Json| {
                let values = row.as_array().expect("a row").iter();
                values.map(|value| show(&from_json(value))).collect::<Vec<_>>().join(", ")
            };
            let rows = table["rows"].as_array().expect("rows").iter().map(row);
            return std::iter::once(texts(&table["columns"]).join(", ")).chain(rows).collect();
        }
        let Some(failed) = outcome.get("failed") else { return Vec::new() };
        let (kind, text) = (failed["kind"].as_str().expect("a kind"), failed["text"].as_str().expect("a text"));
        vec![match kind {
            "unique" | "not-null" => format!("error {kind} {text} ({})", texts(&failed["columns"]).join(", ")),
            "unavailable" => format!("error unavailable: {text}"),
            kind => format!("error {kind}"),
        }]
    }

    /// Which kind of error a migration ended with: the cases know one.
    pub(crate) fn migration(text: &str) -> &'static str {
        assert!(text.contains("_tables.sql"), "{text}");
        "statement"
    }

    fn texts(list: &Json) -> Vec<String> {
        let list = list.as_array().expect("a list").iter();
        list.map(|text| text.as_str().expect("a text").to_owned()).collect()
    }

    fn from_json(value: &Json) -> Value {
        if value == "null" {
            return Value::Null;
        }
        let (kind, inside) = value.as_object().and_then(|object| object.iter().next()).expect("a value");
        let text = || inside.as_str().expect("a text").to_owned();
        match kind.as_str() {
            "boolean" => Value::Boolean(inside.as_bool().expect("a truth value")),
            "integer" => Value::Integer(text().parse().expect("an integer")),
            "real" => Value::Real(inside.as_f64().expect("a number")),
            "text" => Value::Text(text()),
            "blob" => {
                use base64::Engine as _;
                Value::Blob(base64::engine::general_purpose::STANDARD.decode(text()).expect("base64"))
            }
            _ => panic!("{value}"),
        }
    }
}
