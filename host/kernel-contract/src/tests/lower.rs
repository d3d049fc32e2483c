// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Val` -> JSON: the text of each type, and what a component may not return.

use crate::testing::operation;
use crate::{FieldProblem, Outcome, Problem, ProblemKind, lower};
use wasmtime::component::Val;

fn lower(result: &str, value: Option<&Val>, bytes_max: usize) -> (Result<Outcome, lower::Error>, String) {
    let operation = operation(&format!(
        "record line {{ account: string, day: date, note: option<string> }}
        variant shape {{ point, box-of(line) }}
        enum colour {{ red, dark-green }}
        flags rights {{ can-read, can-write }}
        call: func(){result};"
    ));
    let mut out = b"kept".to_vec();
    let outcome = operation.lower(value, &mut out, bytes_max);
    let text = String::from_utf8(out).unwrap();
    (outcome, text.strip_prefix("kept").unwrap().to_owned())
}

fn check(ty: &str, value: Val, expected: &str) {
    let (outcome, text) = lower(&format!(" -> {ty}"), Some(&value), 1 << 20);
    assert_eq!((outcome, text.as_str()), (Ok(Outcome::Ok), expected), "{ty} {value:?}");
}

fn string(text: &str) -> Val {
    Val::String(text.to_owned())
}

fn some(value: Val) -> Val {
    Val::Option(Some(Box::new(value)))
}

fn line(day: &str) -> Val {
    let fields = [("account", string("1")), ("day", string(day)), ("note", Val::Option(None))];
    Val::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[test]
fn every_type_has_its_text() {
    check("bool", Val::Bool(true), "true");
    check("u8", Val::U8(255), "255");
    check("s32", Val::S32(i32::MIN), "-2147483648");
    check("u64", Val::U64(u64::MAX), "\"18446744073709551615\"");
    check("s64", Val::S64(i64::MIN), "\"-9223372036854775808\"");
    check("f32", Val::Float32(0.1), "0.1");
    check("f64", Val::Float64(0.1), "0.1");
    check("f64", Val::Float64(-0.0), "-0.0");
    check("f64", Val::Float64(1e300), "1e300");
    check("f64", Val::Float64(f64::NAN), "\"NaN\"");
    check("f32", Val::Float32(f32::INFINITY), "\"Infinity\"");
    check("f64", Val::Float64(f64::NEG_INFINITY), "\"-Infinity\"");
    check("char", Val::Char('"'), r#""\"""#);
    check("string", string("ä\u{1}\u{1f}\n\\/"), r#""ä\u0001\u001f\n\\/""#);
    check("list<u8>", Val::List(vec![Val::U8(0), Val::U8(255)]), "\"AP8=\"");
    check("list<u16>", Val::List(vec![Val::U16(1), Val::U16(2)]), "[1,2]");
    check("list<u16, 2>", Val::FixedLengthList(vec![Val::U16(1), Val::U16(2)]), "[1,2]");
    check("option<u8>", Val::Option(None), "null");
    check("option<u8>", some(Val::U8(1)), "1");
    check("option<option<u8>>", Val::Option(None), "null");
    check("option<option<u8>>", some(Val::Option(None)), r#"{"some":null}"#);
    check("option<option<u8>>", some(some(Val::U8(1))), r#"{"some":1}"#);
    check("list<result<u8>>", Val::List(vec![Val::Result(Err(None))]), r#"[{"error":null}]"#);
    check("list<result<u8>>", Val::List(vec![Val::Result(Ok(Some(Box::new(Val::U8(1)))))]), r#"[{"ok":1}]"#);
    check("tuple<u8, bool>", Val::Tuple(vec![Val::U8(1), Val::Bool(false)]), "[1,false]");
    check("line", line("2026-02-28"), r#"{"account":"1","day":"2026-02-28","note":null}"#);
    check("shape", Val::Variant("point".into(), None), "\"point\"");
    let boxed = Val::Variant("box-of".into(), Some(Box::new(line("2026-02-28"))));
    check("shape", boxed, r#"{"box_of":{"account":"1","day":"2026-02-28","note":null}}"#);
    check("colour", Val::Enum("dark-green".into()), "\"dark_green\"");
    check("rights", Val::Flags(vec!["can-read".into(), "can-write".into()]), r#"["can_read","can_write"]"#);
}

#[test]
fn outcomes_are_told_apart() {
    let (none, text) = lower("", None, 10);
    assert_eq!((none, text.as_str()), (Ok(Outcome::Ok), "null"));
    let (ok, text) = lower(" -> result<_, problem>", Some(&Val::Result(Ok(None))), 10);
    assert_eq!((ok, text.as_str()), (Ok(Outcome::Ok), "null"));
    let (ok, text) = lower(" -> result<u8, problem>", Some(&Val::Result(Ok(Some(Box::new(Val::U8(7)))))), 10);
    assert_eq!((ok, text.as_str()), (Ok(Outcome::Ok), "7"));
    let refusal = Val::Result(Err(Some(Box::new(problem("not-found")))));
    let (refused, text) = lower(" -> result<u8, problem>", Some(&refusal), 10);
    let expected = Problem {
        kind: ProblemKind::NotFound,
        code: "no-account".to_owned(),
        message: "there is none".to_owned(),
        fields: vec![FieldProblem { path: "/x".to_owned(), code: "c".to_owned(), message: "m".to_owned() }],
    };
    assert_eq!((refused, text.as_str()), (Ok(Outcome::Refused(expected)), ""));
    let (error, text) = lower(" -> result<u8, string>", Some(&Val::Result(Err(Some(Box::new(string("no")))))), 10);
    assert_eq!((error, text.as_str()), (Ok(Outcome::Error), "\"no\""));
    let (error, text) = lower(" -> result<u8>", Some(&Val::Result(Err(None))), 10);
    assert_eq!((error, text.as_str()), (Ok(Outcome::Error), "null"));
}

fn problem(kind: &str) -> Val {
    let record =
        |fields: &[(&str, Val)]| Val::Record(fields.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect());
    let field = record(&[("path", string("/x")), ("code", string("c")), ("message", string("m"))]);
    record(&[
        ("kind", Val::Enum(kind.to_owned())),
        ("code", string("no-account")),
        ("message", string("there is none")),
        ("fields", Val::List(vec![field])),
    ])
}

#[test]
fn every_kind_of_problem_is_known() {
    for kind in ProblemKind::ALL {
        assert_eq!(crate::problem_from_val(&problem(kind.as_str())).unwrap().kind, *kind);
    }
    assert_eq!(crate::problem_from_val(&problem("other")), None);
    assert_eq!(crate::problem_from_val(&Val::U8(1)), None);
    let types = include_str!("../../../../wit/types-1.0.0/types.wit");
    let cases = types.split("enum problem-kind {").nth(1).unwrap().split('}').next().unwrap();
    let cases: Vec<_> = cases.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("//")).collect();
    assert_eq!(cases, ProblemKind::ALL.iter().map(|kind| format!("{},", kind.as_str())).collect::<Vec<_>>());
}

fn check_defect(ty: &str, value: Option<Val>, expected: &str) {
    let (outcome, text) = lower(ty, value.as_ref(), 1 << 20);
    let error = outcome.unwrap_err();
    assert!(matches!(error, lower::Error::Defect { .. }) && error.to_string().contains(expected), "{ty}: {error}");
    assert_eq!(text, "", "nothing is left of what was written");
}

#[test]
fn a_value_outside_the_contract_is_a_defect_of_the_component() {
    let lines = Val::List(vec![line("2026-02-28"), line("2026-02-30")]);
    check_defect(
        " -> list<line>",
        Some(lines),
        "at `/1/day` of its result: expected a calendar date such as `2026-02-28`",
    );
    check_defect(" -> decimal", Some(string("1e3")), "expected a decimal number");
    let page = Val::Record(vec![("limit".into(), some(Val::U32(0))), ("cursor".into(), Val::Option(None))]);
    check_defect(
        " -> page-request",
        Some(page),
        "at `/limit` of its result: expected an integer from 1 to 1000, found `0`",
    );
    check_defect(" -> u8", Some(Val::U16(1)), "expected");
    check_defect(" -> u8", Some(string("1")), "expected an integer");
    check_defect(" -> string", Some(Val::U8(1)), "expected a string");
    check_defect(" -> u8", None, "expected a value");
    check_defect("", Some(Val::U8(1)), "expected nothing");
    check_defect(" -> result<u8, problem>", Some(Val::U8(1)), "expected a result");
    check_defect(" -> result<u8, problem>", Some(Val::Result(Err(Some(Box::new(string("x")))))), "expected a problem");
    check_defect(" -> colour", Some(Val::Enum("blue".into())), "expected one of the cases");
    check_defect(
        " -> shape",
        Some(Val::Variant("point".into(), Some(Box::new(Val::U8(1))))),
        "expected the value that its case",
    );
    check_defect(" -> line", Some(Val::Record(vec![])), "expected a record with the fields of its type");
    check_defect(" -> rights", Some(Val::Flags(vec!["can-fly".into()])), "expected flags of its type");
    check_defect(" -> list<u8>", Some(Val::List(vec![Val::U16(1)])), "expected bytes");
}

#[test]
fn an_answer_that_is_too_long_is_refused_and_leaves_nothing() {
    let cases = [
        ("string", string("12345678")),
        ("list<u8>", Val::List(vec![Val::U8(1); 8])),
        ("list<u16>", Val::List(vec![Val::U16(1); 8])),
        ("list<u64>", Val::List(vec![Val::U64(1); 8])),
        ("u64", Val::U64(u64::MAX)),
        ("option<option<u8>>", some(Val::Option(None))),
    ];
    for (ty, value) in cases {
        let ty = format!(" -> {ty}");
        let (outcome, text) = lower(&ty, Some(&value), 9);
        assert_eq!((outcome, text.as_str()), (Err(lower::Error::TooLarge { bytes_max: 9 }), ""), "{ty}");
        let (_, full) = lower(&ty, Some(&value), 100);
        assert!(lower(&ty, Some(&value), full.len()).0.is_ok(), "{ty}");
        assert!(lower(&ty, Some(&value), full.len() - 1).0.is_err(), "{ty}");
    }
}
