// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is checked in beside the code says the same as the code.

use crate::json_schema;
use kernel_types::{Limit, Limits};
use serde_json::Value;

const MANIFEST_PAGE: &str = include_str!("../../../../docs/manifest.md");

#[test]
fn the_schema_for_editors_is_current() {
    // `UPDATE_EXPECT=1 cargo test -p kernel-manifest` writes it anew.
    let text = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
    expect_test::expect_file!["../../schema/cortex.schema.json"].assert_eq(&text);
}

/// Calls `visit` for each property of each object in the schema.
fn properties(schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match schema {
        Value::Object(map) => {
            for (name, property) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
                visit(name, property);
            }
            map.values().for_each(|inner| properties(inner, visit));
        }
        Value::Array(items) => items.iter().for_each(|inner| properties(inner, visit)),
        _ => {}
    }
}

#[test]
fn the_page_describes_every_key_and_so_does_the_schema() {
    let mut count = 0;
    properties(&json_schema(), &mut |name, property| {
        count += 1;
        let (quoted, inside) = (format!("`{name}`"), format!("`{name}: "));
        assert!(MANIFEST_PAGE.contains(&quoted) || MANIFEST_PAGE.contains(&inside), "docs/manifest.md lacks `{name}`");
        let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
        assert!(description.len() > 10 && description.ends_with('.'), "`{name}`: {description:?}");
    });
    assert!(count > 40, "{count}");
}

#[test]
fn the_page_lists_the_limits_as_they_are() {
    let amount = |limit: Limit, value: u64| match value {
        _ if limit.unit() != "bytes" => value.to_string(),
        value if value >= 1 << 30 => format!("{} GiB", value >> 30),
        value if value >= 1 << 20 => format!("{} MiB", value >> 20),
        value => format!("{} KiB", value >> 10),
    };
    for limit in Limits::ALL.iter().copied().filter(|limit| *limit != Limit::StackBytes) {
        let (default, maximum) = (Limits::DEFAULT.get(limit), Limits::HOST_MAXIMUM.get(limit));
        let row = format!("| `{limit}` | {} | {} | {} |", limit.unit(), amount(limit, default), amount(limit, maximum));
        assert!(MANIFEST_PAGE.contains(&row), "docs/manifest.md lacks the row {row}");
    }
}

#[test]
fn the_example_on_the_page_is_right() {
    let (_, rest) = MANIFEST_PAGE.split_once("```yaml\nid: greeter").expect("the page has the smallest manifest");
    let (yaml, _) = rest.split_once("```").expect("the block ends");
    crate::Manifest::parse(&format!("id: greeter{yaml}")).unwrap_or_else(|faults| panic!("{faults}"));
}

#[test]
fn the_defaults_of_the_schema_are_those_of_the_reader() {
    let written = crate::Manifest::parse(super::LEDGER).unwrap();
    let mut silent = super::to_json(super::LEDGER);
    let mut defaults = Vec::new();
    properties(&json_schema(), &mut |name, property| {
        defaults.extend(property.get("default").map(|default| (name.to_owned(), default.clone())));
    });
    let expected = [("migrations", "migrations"), ("time-zone", "UTC"), ("missed", "run-once")];
    for (name, default) in expected {
        assert!(defaults.contains(&(name.to_owned(), Value::from(default))), "{name}: {defaults:?}");
    }
    assert_eq!(defaults.len(), expected.len(), "{defaults:?}");
    silent.as_object_mut().unwrap().remove("migrations");
    for key in ["time-zone", "missed"] {
        silent["schedules"][0].as_object_mut().unwrap().remove(key);
    }
    let silent = crate::Manifest::parse(&silent.to_string()).unwrap();
    assert_eq!((silent.migrations.as_str(), silent.schedules[0].time_zone.as_str()), ("migrations", "UTC"));
    assert_eq!(silent.schedules[0].missed, written.schedules[0].missed);
}
