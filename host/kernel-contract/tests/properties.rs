// SPDX-License-Identifier: MIT OR Apache-2.0
//! What holds for every value of every type: lowered, it lifts back to itself. That it fits the schemas is for
//! `derive-openapi` to test.
#![allow(clippy::unwrap_used, reason = "a helper of a test is a test")]

use contract_samples::values::operation_and_pair;
use kernel_contract::{Outcome, json};
use proptest::prelude::*;
use wasmtime::component::Val;

proptest! {
    // Each case makes a component: a hundred of them are some seconds.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn lowered_it_lifts_back((operation, x, rest) in operation_and_pair()) {
        let mut out = Vec::new();
        let result = Val::Tuple(vec![x.clone(), rest.clone()]);
        prop_assert_eq!(operation.lower(Some(&result), &mut out, usize::MAX).unwrap(), Outcome::Ok);
        // Floats are taken from the text as it was written, not through another library.
        let document = json::Document::parse(&out).unwrap();
        let texts: Vec<_> = document.root().elements().map(|node| source(&node)).collect();
        let body = format!("{{\"rest\":{},\"x\":{}}}", texts[1], texts[0]);
        prop_assert_eq!(operation.lift(body.as_bytes()).unwrap(), vec![x, rest]);
    }
}

/// Writes a node back as JSON text, numbers as they are.
fn source(node: &json::Node<'_>) -> String {
    use kernel_contract::json::Token;
    let list = |parts: Vec<String>| parts.join(",");
    match node.token() {
        Token::Null => "null".to_owned(),
        Token::Bool(value) => value.to_string(),
        Token::Number(text) => (*text).to_owned(),
        Token::Text(text) => serde_json::to_string(text).unwrap(),
        Token::Array(_) => format!("[{}]", list(node.elements().map(|node| source(&node)).collect())),
        Token::Object(_) => {
            let members =
                node.members().map(|(key, node)| format!("{}:{}", serde_json::to_string(key).unwrap(), source(&node)));
            format!("{{{}}}", list(members.collect()))
        }
    }
}
