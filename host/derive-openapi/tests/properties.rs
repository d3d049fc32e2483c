// SPDX-License-Identifier: MIT OR Apache-2.0
//! Schemas and the typed lift and lower agree: what is written fits, what lifts is valid, for values of every type.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a helper of a test is a test")]

use contract_samples::operation;
use contract_samples::values::operation_and_pair;
use derive_openapi::schema::{self, format};
use kernel_contract::{Format, Operation, Outcome};
use proptest::prelude::*;
use serde_json::Value;
use std::sync::{Arc, LazyLock};
use wasmtime::component::Val;

fn validator(schema: &Value) -> jsonschema::Validator {
    assert!(jsonschema::meta::is_valid(schema), "{schema:#}");
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(schema)
        .unwrap_or_else(|error| panic!("{error}\n{schema:#}"))
}

fn assert_valid(schema: &Value, instance: &Value) {
    let validator = validator(schema);
    let errors: Vec<_> = validator.iter_errors(instance).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{instance:#}\n{schema:#}");
}

proptest! {
    // Each case makes a component: a hundred of them are some seconds.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn lowered_it_fits_the_schema((operation, x, rest) in operation_and_pair()) {
        let mut out = Vec::new();
        let result = Val::Tuple(vec![x, rest]);
        prop_assert_eq!(operation.lower(Some(&result), &mut out, usize::MAX).unwrap(), Outcome::Ok);
        let answer: Value = serde_json::from_slice(&out).unwrap();
        assert_valid(&schema::output(&operation), &answer);
        // What is written can be read: the answer is a valid request.
        let request = serde_json::json!({ "x": answer[0], "rest": answer[1] });
        assert_valid(&schema::input(&operation), &request);
    }
}

/// An operation that takes a bit of everything.
static MIXED: LazyLock<Arc<Operation>> = LazyLock::new(|| {
    operation(
        "record r { a: option<u8>, b: s64, c: option<option<bool>>, d: list<u8> }
        variant v { x, y(r), z(f32) } enum e { one, two-three } flags f { p, q }
        call: func(r: option<r>, v: option<v>, e: option<e>, f: option<f>, t: option<tuple<u8, char>>, q: option<result<_, date>>,
            m: option<decimal>);",
    )
});

fn json() -> impl Strategy<Value = Value> {
    let words = proptest::sample::select(&[
        "x",
        "y",
        "z",
        "one",
        "two_three",
        "p",
        "q",
        "1",
        "AA==",
        "2026-01-01",
        "1.5",
        "-0",
        "NaN",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-2..300_i64).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
    ];
    let keys = proptest::sample::select(&["a", "b", "c", "d", "x", "y", "z", "some", "ok", "error"]);
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            proptest::collection::vec((keys.clone(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_lifts_is_valid(key in proptest::sample::select(&["r", "v", "e", "f", "t", "q", "m"]), value in json()) {
        static VALIDATOR: LazyLock<jsonschema::Validator> = LazyLock::new(|| validator(&schema::input(&MIXED)));
        let request = serde_json::json!({ key: value });
        if MIXED.lift(request.to_string().as_bytes()).is_ok() {
            prop_assert!(VALIDATOR.is_valid(&request), "{}", request);
        }
    }

    #[test]
    fn formats_and_their_patterns_agree(
        format in proptest::sample::select(Format::ALL),
        text in r"-?[0-9]{0,3}\.?[0-9]{0,40}|[A-Z]{2,4}|[0-9]{4}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,10})?Z)?|[0-9a-fA-F]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ) {
        let mut schema = serde_json::json!({ "type": "string", "pattern": format::pattern(format) });
        if let Some(name) = format::name(format) {
            schema["format"] = name.into();
        }
        let leap_second = text.get(17..19) == Some("60");
        if !leap_second {
            prop_assert_eq!(format.accepts(&text), validator(&schema).is_valid(&Value::from(text.as_str())), "{:?} {}", format, text);
        }
    }
}
