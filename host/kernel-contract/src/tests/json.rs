// SPDX-License-Identifier: MIT OR Apache-2.0
//! The JSON reader, beside `serde_json` and alone.

use crate::json::{Document, Error, Node, Token, write_string};
use crate::limits;
use proptest::prelude::*;
use serde_json::Value;

fn check_error(text: &[u8], expected: &str) {
    let error = Document::parse(text).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn errors_say_where_and_what() {
    check_error(b"", "line 1, column 1: expected a JSON value, found the end of the text");
    check_error("\u{feff}{}".as_bytes(), "found a byte order mark");
    check_error(b"{\n  \"a\": 1,\n}", "line 3, column 1: expected a name in double quotes, found `}`");
    check_error("{\"ä\" 1}".as_bytes(), "line 1, column 6: expected `:`, found `1`");
    check_error(b"[1 2]", "expected `,` or `]`, found `2`");
    check_error(b"[1,]", "expected a JSON value, found `]`");
    check_error(b"{\"a\":1", "expected `,` or `}`, found the end of the text");
    check_error(b"\"a", "expected `\"` at the end of a string");
    check_error(b"\"\n\"", "expected a control character to be escaped");
    check_error(br#""\x""#, "expected an escape");
    check_error(br#""\u12g4""#, "expected four hexadecimal digits");
    for lone in [r#""\ud800""#, r#""\udc00""#, r#""\ud800\ud800""#, r#""\ud800x""#, r#""\ud800\u0041""#] {
        check_error(lone.as_bytes(), "a pair of surrogates");
    }
    for number in ["-", "01", "1.", ".5", "+1", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity", "00", "--1"] {
        assert!(Document::parse(number.as_bytes()).is_err(), "{number}");
    }
    for word in ["True", "nul", "nulll", "tru", "undefined", "'a'", "/**/1", "1//"] {
        assert!(Document::parse(word.as_bytes()).is_err(), "{word}");
    }
}

#[test]
fn depth_and_values_are_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Document::parse(nested(limits::JSON_DEPTH_MAX).as_bytes()).is_ok());
    let too_deep = nested(limits::JSON_DEPTH_MAX + 1);
    assert!(matches!(Document::parse(too_deep.as_bytes()), Err(Error::TooDeep { offset: 64, .. })));
    assert!(matches!(Document::parse("[".repeat(10_000_000).as_bytes()), Err(Error::TooDeep { .. })));
    assert!(matches!(Document::parse("{\"a\":".repeat(1_000_000).as_bytes()), Err(Error::TooDeep { .. })));
    let many = |count: usize| format!("[{}0]", "0,".repeat(count - 2));
    assert!(Document::parse(many(limits::JSON_VALUES_MAX).as_bytes()).is_ok());
    assert!(matches!(Document::parse(many(limits::JSON_VALUES_MAX + 1).as_bytes()), Err(Error::TooManyValues { .. })));
}

#[test]
fn numbers_and_equal_keys_are_kept_as_written() {
    let document = Document::parse(br#"{"a":1.50e+2,"a":-0,"b":[],"c":{}}"#).unwrap();
    let members: Vec<_> = document.root().members().map(|(key, node)| (key, node.token().clone())).collect();
    assert_eq!(
        members,
        [("a", Token::Number("1.50e+2")), ("a", Token::Number("-0")), ("b", Token::Array(0)), ("c", Token::Object(0))]
    );
    assert_eq!(*document.root().token(), Token::Object(4));
}

fn to_value(node: Node<'_>) -> Value {
    match node.token() {
        Token::Null => Value::Null,
        Token::Bool(value) => Value::Bool(*value),
        Token::Number(text) => serde_json::from_str(text).unwrap(),
        Token::Text(text) => Value::String(text.clone().into_owned()),
        Token::Array(_) => Value::Array(node.elements().map(to_value).collect()),
        Token::Object(_) => {
            Value::Object(node.members().map(|(key, value)| (key.to_owned(), to_value(value))).collect())
        }
    }
}

fn arbitrary() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            proptest::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn it_reads_what_serde_json_writes(value in arbitrary(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert_eq!(to_value(Document::parse(text.as_bytes()).unwrap().root()), value);
    }

    #[test]
    fn it_accepts_what_serde_json_accepts(text in r#"([\[\]{}:,"\\ \n]|[0-9.eE+-]{1,4}|null|true|false|"a"|\\u[0-9a-f]{4}|\\n|é|\u{1})*"#) {
        let theirs = serde_json::from_str::<Value>(&text);
        match Document::parse(text.as_bytes()) {
            Ok(document) => match theirs {
                Ok(theirs) => prop_assert_eq!(to_value(document.root()), theirs),
                // Theirs turns every number into a double.
                Err(error) => prop_assert!(error.to_string().contains("out of range"), "{} {}", text, error),
            },
            Err(error) => prop_assert!(theirs.is_err(), "{} {}", text, error),
        }
    }

    #[test]
    fn a_written_string_reads_back(text in any::<String>()) {
        let mut out = Vec::new();
        write_string(&mut out, &text);
        prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text.as_str());
        let document = Document::parse(&out).unwrap();
        prop_assert_eq!(document.root().token(), &Token::Text(text.into()));
    }
}
