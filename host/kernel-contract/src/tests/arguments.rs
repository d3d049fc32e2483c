// SPDX-License-Identifier: MIT OR Apache-2.0
//! Parameters from path, query and body.

use crate::testing::operation;
use crate::{Arguments, Operation, Source};
use std::sync::Arc;
use wasmtime::component::Val;

fn list() -> Arc<Operation> {
    operation(
        "enum state { open, half-closed } record span { starts-on: date, ends-on: option<date> }
        call: func(book-id: uuid, state: option<state>, tags: list<string>, years: option<list<u16>>, exact: bool, span: span,
            page: option<page-request>, ratio: f64);",
    )
}

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn lift(
    operation: &Operation,
    has_body: bool,
    query: &[&str],
    pairs: Pairs<'_>,
    body: &str,
) -> Result<Vec<Val>, String> {
    let binding = operation.binding(&["book-id"], query, has_body).unwrap();
    let mut arguments = Arguments::new(operation, &binding);
    for (name, value) in pairs {
        let source = if *name == "book-id" { Source::Path } else { Source::Query };
        arguments.text(source, name, value);
    }
    arguments.body(body.as_bytes());
    arguments.finish().map_err(|faults| {
        let texts = faults
            .as_slice()
            .iter()
            .map(|f| format!("{} {} {} {}", f.source.name(), f.pointer, f.code.as_str(), f.message));
        texts.collect::<Vec<_>>().join("\n")
    })
}

fn string(text: &str) -> Val {
    Val::String(text.to_owned())
}

fn some(value: Val) -> Val {
    Val::Option(Some(Box::new(value)))
}

fn span(ends_on: Val) -> Val {
    Val::Record(vec![("starts-on".to_owned(), string("2026-01-01")), ("ends-on".to_owned(), ends_on)])
}

const LEAST: Pairs<'static> = &[("book-id", ID), ("exact", "true"), ("span.starts_on", "2026-01-01"), ("ratio", "0.5")];

#[test]
fn texts_become_values_of_their_type() {
    let none = Val::Option(None);
    let least = lift(&list(), false, &[], LEAST, "").unwrap();
    let expected = [
        string(ID),
        none.clone(),
        Val::List(vec![]),
        none.clone(),
        Val::Bool(true),
        span(none.clone()),
        none.clone(),
        Val::Float64(0.5),
    ];
    assert_eq!(least, expected);
    let pairs = [
        LEAST,
        &[
            ("state", "half_closed"),
            ("tags", "a"),
            ("tags", ""),
            ("years", "2025"),
            ("years", "2026"),
            ("span.ends_on", "2026-12-31"),
            ("page.limit", "7"),
        ],
    ]
    .concat();
    let most = lift(&list(), false, &[], &pairs, "").unwrap();
    let page = Val::Record(vec![("limit".to_owned(), some(Val::U32(7))), ("cursor".to_owned(), none)]);
    let expected = [
        string(ID),
        some(Val::Enum("half-closed".to_owned())),
        Val::List(vec![string("a"), string("")]),
        some(Val::List(vec![Val::U16(2025), Val::U16(2026)])),
        Val::Bool(true),
        span(some(string("2026-12-31"))),
        some(page),
        Val::Float64(0.5),
    ];
    assert_eq!(most, expected);
}

fn check_fault(more: Pairs<'_>, expected: &str) {
    let replaced = |name: &str| more.iter().any(|(other, _)| *other == name);
    let kept: Vec<_> = LEAST.iter().filter(|(name, _)| !replaced(name)).copied().collect();
    let found = lift(&list(), false, &[], &[&kept, more].concat(), "").unwrap_err();
    assert!(found.contains(expected), "{more:?}: {found}");
    assert_eq!(found.lines().count(), 1, "{more:?}: {found}");
}

#[test]
fn faults_of_texts_have_their_source_and_place() {
    check_fault(&[("book-id", "7")], "path /book_id wrong-format expected a lower-case hyphenated UUID");
    check_fault(&[("exact", "yes")], "query /exact wrong-type expected true or false, found `yes`");
    check_fault(
        &[("exact", "true"), ("exact", "true")],
        "query /exact duplicate `exact` stands in the query more than once",
    );
    check_fault(&[("state", "opne")], "query /state unknown-value there is no `opne`, did you mean `open`?");
    check_fault(
        &[("years", "2025"), ("years", "x")],
        "query /years wrong-type expected an integer from 0 to 65535, found `x`",
    );
    check_fault(&[("years", "65536")], "query /years out-of-range");
    check_fault(&[("years", "+5")], "query /years wrong-type");
    check_fault(&[("span.starts_on", "x")], "query /span/starts_on wrong-format");
    check_fault(&[("span.ends", "x")], "query /span.ends unknown-field there is no parameter `span.ends`");
    check_fault(&[("page.limt", "1")], "there is no parameter `page.limt`, did you mean `page.limit`?");
    check_fault(
        &[("page.limit", "1001")],
        "query /page/limit out-of-range expected an integer from 1 to 1000, found `1001`",
    );
    for wrong in ["inf", "+1", ".5", "1.", "", "0x1", "1_0"] {
        check_fault(&[("ratio", wrong)], "query /ratio wrong-type");
    }
    check_fault(&[("ratio", "1e999")], "query /ratio out-of-range");
}

#[test]
fn what_is_missing_is_named_all_at_once() {
    let found = lift(&list(), false, &[], &[("span.ends_on", "2026-01-01")], "").unwrap_err();
    let places: Vec<_> = found.lines().map(|line| line.split(' ').take(3).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        places,
        ["path /book_id missing", "query /exact missing", "query /span/starts_on missing", "query /ratio missing"]
    );
}

#[test]
fn path_query_and_body_work_together() {
    let post =
        operation("call: func(book-id: string, dry-run: option<bool>, lines: list<string>, note: option<string>);");
    let run = |pairs: Pairs<'_>, body: &str| lift(&post, true, &["dry-run"], pairs, body);
    let ok = run(&[("book-id", "a/b"), ("dry_run", "true")], r#"{"lines":["x"]}"#).unwrap();
    assert_eq!(ok, [string("a/b"), some(Val::Bool(true)), Val::List(vec![string("x")]), Val::Option(None)]);
    let cases = [
        (
            r#"{"lines":[],"book_id":"c"}"#,
            "body /book_id unknown-field `book_id` comes from the path: leave it out of the body",
        ),
        (r#"{"lines":[],"lins":1}"#, "body /lins unknown-field there is no parameter `lins`, did you mean `lines`?"),
        (r#"{"lines":[],"lines":[]}"#, "body /lines duplicate"),
        ("", "body /lines missing"),
        ("{", "body  malformed-json"),
        ("7", "body  wrong-type expected a JSON object of the parameters"),
    ];
    for (body, expected) in cases {
        let found = run(&[("book-id", "a")], body).unwrap_err();
        assert!(found.contains(expected), "{body}: {found}");
        assert_eq!(found.lines().count(), 1, "{body}: {found}");
    }
    let all = run(&[("book-id", "a"), ("lines", "x")], r#"{"note":1}"#).unwrap_err();
    assert_eq!(all.lines().count(), 3, "{all}");
}

#[test]
fn the_canonical_route_takes_no_query() {
    let operation = operation("call: func(a: option<u8>);");
    let binding = crate::Binding::canonical(&operation);
    let mut arguments = Arguments::new(&operation, &binding);
    arguments.text(Source::Query, "a", "1");
    assert!(arguments.finish().unwrap_err().to_string().contains("there is no parameter `a`"));
}

#[test]
fn a_binding_that_cannot_work_is_refused_when_it_is_made() {
    let operation = operation(
        "record inner { deep: money } call: func(id: u32, note: option<string>, lines: list<money>, inner: inner, o: option<option<u8>>);",
    );
    let cases: &[(&[&str], &[&str], bool, &str)] = &[
        (&["ID"], &[], true, "`test.call` has no parameter `ID`, did you mean `id`?"),
        (&["id", "id"], &[], true, "the parameter `id` of `test.call` is bound twice"),
        (&["id"], &["id"], true, "bound twice"),
        (&["note"], &[], true, "`note` of `test.call` cannot stand in the path"),
        (&["lines"], &[], true, "`lines` of `test.call` cannot stand in the path"),
        (&["id"], &["lines"], true, "`lines` of `test.call` cannot stand in the query"),
        (&["id"], &["inner"], true, "`inner.deep` of `test.call` cannot stand in the query"),
        (&["id"], &["o"], true, "`o` of `test.call` cannot stand in the query"),
        (&["id"], &["note"], false, "the parameter `lines` of `test.call` is in neither path nor query"),
        (&["id"], &[], false, "cannot stand in the query"),
    ];
    for (path, query, has_body, expected) in cases {
        let error = operation.binding(path, query, *has_body).unwrap_err().to_string();
        assert!(error.contains(expected), "{path:?} {query:?}: {error}");
    }
    assert!(operation.binding(&["id"], &["note"], true).unwrap().has_body());
}
