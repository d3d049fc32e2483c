// SPDX-License-Identifier: MIT OR Apache-2.0
//! Schemas as people and tools read them.
#![allow(clippy::unwrap_used, reason = "a helper of a test is a test")]

use contract_samples::{contract, operation};
use derive_openapi::schema;
use expect_test::{Expect, expect};

fn check(value: &serde_json::Value, expected: Expect) {
    assert!(jsonschema::meta::is_valid(value), "{value:#}");
    expected.assert_eq(&serde_json::to_string_pretty(value).unwrap());
}

const ITEMS: &str = "
    /// Where it stands.
    enum state {
        /// Not yet.
        draft,
        /// For good.
        half-posted }
    /// A line.
    record line {
        /// What it is worth.
        value: money, count: u64, note: option<string> }
    /// Finds lines.
    ///
    /// Slowly.
    call: func(lines: list<line>, since: option<date>, state: state) -> result<option<line>, string>;";

#[test]
fn the_schema_of_an_input() {
    check(
        &schema::input(&operation(ITEMS)),
        expect![[r##"
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "test.call input",
          "type": "object",
          "properties": {
            "lines": {
              "type": "array",
              "items": {
                "$ref": "#/$defs/Line"
              }
            },
            "since": {
              "anyOf": [
                {
                  "$ref": "#/$defs/Date"
                },
                {
                  "type": "null"
                }
              ]
            },
            "state": {
              "$ref": "#/$defs/State"
            }
          },
          "required": [
            "lines",
            "state"
          ],
          "additionalProperties": false,
          "description": "Finds lines.\n\nSlowly.",
          "$defs": {
            "CurrencyCode": {
              "title": "CurrencyCode",
              "type": "string",
              "pattern": "^[A-Z]{3}$",
              "examples": [
                "EUR"
              ],
              "description": "An ISO 4217 alphabetic currency code: three upper-case letters, `EUR`."
            },
            "Date": {
              "title": "Date",
              "type": "string",
              "format": "date",
              "pattern": "^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}$",
              "examples": [
                "2026-02-28"
              ],
              "description": "A calendar date in the proleptic Gregorian calendar, RFC 3339 `full-date`: `2026-02-28`, years 0001 to 9999."
            },
            "Decimal": {
              "title": "Decimal",
              "type": "string",
              "pattern": "^(?!-0(?:\\.0+)?$)-?(?:0(?:\\.[0-9]{1,38})?|(?=(?:[0-9]\\.?){1,38}$)[1-9][0-9]*(?:\\.[0-9]+)?)$",
              "examples": [
                "1234.50"
              ],
              "description": "An exact decimal number as text: `-?(0|[1-9][0-9]*)(\\.[0-9]+)?`, at most 38 significant digits, never an exponent,\nnever `-0`. Trailing zeros are kept: `1.50` and `1.5` are the same number written twice."
            },
            "Line": {
              "title": "Line",
              "type": "object",
              "properties": {
                "value": {
                  "$ref": "#/$defs/Money",
                  "description": "What it is worth."
                },
                "count": {
                  "type": [
                    "string",
                    "integer"
                  ],
                  "format": "uint64",
                  "pattern": "^(?:0|[1-9][0-9]{0,19})$",
                  "minimum": 0,
                  "maximum": 18446744073709551615
                },
                "note": {
                  "anyOf": [
                    {
                      "type": "string"
                    },
                    {
                      "type": "null"
                    }
                  ]
                }
              },
              "required": [
                "value",
                "count"
              ],
              "additionalProperties": false,
              "description": "A line."
            },
            "Money": {
              "title": "Money",
              "type": "object",
              "properties": {
                "amount": {
                  "$ref": "#/$defs/Decimal",
                  "description": "The amount in major units, `12.34`."
                },
                "currency": {
                  "$ref": "#/$defs/CurrencyCode",
                  "description": "The currency of the amount."
                }
              },
              "required": [
                "amount",
                "currency"
              ],
              "additionalProperties": false,
              "description": "An amount in a currency. The amount has at most as many decimals as the currency's minor unit (ISO 4217)."
            },
            "State": {
              "title": "State",
              "type": "string",
              "enum": [
                "draft",
                "half_posted"
              ],
              "description": "Where it stands.\n\n- `draft`: Not yet.\n- `half_posted`: For good."
            }
          }
        }"##]],
    );
}

#[test]
fn the_schema_of_an_output() {
    let operation = operation(ITEMS);
    check(
        &schema::output(&operation),
        expect![[r##"
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "test.call output",
          "anyOf": [
            {
              "$ref": "#/$defs/Line"
            },
            {
              "type": "null"
            }
          ],
          "$defs": {
            "CurrencyCode": {
              "title": "CurrencyCode",
              "type": "string",
              "pattern": "^[A-Z]{3}$",
              "examples": [
                "EUR"
              ],
              "description": "An ISO 4217 alphabetic currency code: three upper-case letters, `EUR`."
            },
            "Decimal": {
              "title": "Decimal",
              "type": "string",
              "pattern": "^(?!-0(?:\\.0+)?$)-?(?:0(?:\\.[0-9]{1,38})?|(?=(?:[0-9]\\.?){1,38}$)[1-9][0-9]*(?:\\.[0-9]+)?)$",
              "examples": [
                "1234.50"
              ],
              "description": "An exact decimal number as text: `-?(0|[1-9][0-9]*)(\\.[0-9]+)?`, at most 38 significant digits, never an exponent,\nnever `-0`. Trailing zeros are kept: `1.50` and `1.5` are the same number written twice."
            },
            "Line": {
              "title": "Line",
              "type": "object",
              "properties": {
                "value": {
                  "$ref": "#/$defs/Money",
                  "description": "What it is worth."
                },
                "count": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(?:0|[1-9][0-9]{0,19})$"
                },
                "note": {
                  "anyOf": [
                    {
                      "type": "string"
                    },
                    {
                      "type": "null"
                    }
                  ]
                }
              },
              "required": [
                "value",
                "count",
                "note"
              ],
              "additionalProperties": false,
              "description": "A line."
            },
            "Money": {
              "title": "Money",
              "type": "object",
              "properties": {
                "amount": {
                  "$ref": "#/$defs/Decimal",
                  "description": "The amount in major units, `12.34`."
                },
                "currency": {
                  "$ref": "#/$defs/CurrencyCode",
                  "description": "The currency of the amount."
                }
              },
              "required": [
                "amount",
                "currency"
              ],
              "additionalProperties": false,
              "description": "An amount in a currency. The amount has at most as many decimals as the currency's minor unit (ISO 4217)."
            }
          }
        }"##]],
    );
    check(
        &schema::error(&operation).unwrap(),
        expect![[r#"
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "test.call error",
          "type": "string"
        }"#]],
    );
}

#[test]
fn names_that_meet_are_told_apart() {
    let contract = contract(
        "package a:a@1.0.0;
        interface one { record item { a: u8 } } interface two { record item { b: u8 } record shelf { items: list<item> } }
        interface all { use one.{item}; use two.{shelf}; f: func(x: item, y: shelf); }
        world w { export all; }",
    );
    let schema = schema::input(contract.operation(&"all.f".parse().unwrap()).unwrap());
    let keys: Vec<_> = schema["$defs"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["Item", "Shelf", "TwoItem"]);
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&serde_json::json!({ "x": { "a": 1 }, "y": { "items": [{ "b": 1 }] } })));
    assert!(!validator.is_valid(&serde_json::json!({ "x": { "b": 1 }, "y": { "items": [{ "a": 1 }] } })));
}

#[test]
fn an_operation_without_parameters_takes_an_empty_object() {
    let operation = operation("call: func();");
    let validator = jsonschema::validator_for(&schema::input(&operation)).unwrap();
    assert!(validator.is_valid(&serde_json::json!({})));
    assert!(!validator.is_valid(&serde_json::json!({ "a": 1 })));
    assert_eq!(schema::output(&operation)["type"], "null");
    assert_eq!(schema::error(&operation), None);
}
