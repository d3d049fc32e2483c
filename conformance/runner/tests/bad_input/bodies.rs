// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bodies that are wrong, and what is said of each.

use conformance::books;
use serde_json::{Value, json};

/// Name, operation, body, status, code, and the faults as `pointer code`.
type Case = (&'static str, &'static str, Vec<u8>, u16, &'static str, Vec<&'static str>);

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = no_json();
    cases.extend(wrong_values());
    cases.extend(broken_rules());
    cases
}

/// What is no JSON, or JSON of a monstrous shape.
fn no_json() -> Vec<Case> {
    let post = |name, body: &[u8], faults: &[&'static str]| -> Case {
        (name, "journal/post", body.to_vec(), 400, "invalid-input", faults.to_vec())
    };
    let malformed = |name, body: &[u8]| post(name, body, &[" malformed-json"]);
    let deep = |open: &str, times| open.repeat(times).into_bytes();
    vec![
        post("an empty object", b"{}", &["/entry missing"]),
        post("null", b"null", &[" wrong-type"]),
        post("an array", b"[]", &[" wrong-type"]),
        post("a string", b"\"entry\"", &[" wrong-type"]),
        post("a number", b"1", &[" wrong-type"]),
        malformed("half an object", b"{\"entry\":"),
        malformed("two values", b"{} {}"),
        malformed("a byte order mark", b"\xef\xbb\xbf{}"),
        malformed("a comment", b"{} // no"),
        malformed("a trailing comma", b"{\"entry\": {},}"),
        malformed("single quotes", b"{'entry': {}}"),
        malformed("NaN", b"{\"entry\": NaN}"),
        malformed("Infinity", b"{\"entry\": -Infinity}"),
        malformed("a leading zero", b"{\"entry\": 01}"),
        malformed("a leading plus", b"{\"entry\": +1}"),
        malformed("hexadecimal", b"{\"entry\": 0x10}"),
        malformed("a control character", b"{\"entry\": \"a\nb\"}"),
        malformed("a lone surrogate", b"{\"entry\": \"\\ud800\"}"),
        malformed("bytes that are no UTF-8", b"{\"entry\": \"\xff\xfe\"}"),
        malformed("an overlong encoding", b"{\"entry\": \"\xc0\xaf\"}"),
        malformed("an encoded surrogate", b"{\"entry\": \"\xed\xa0\x80\"}"),
        malformed("a zero byte", b"{\"entry\": \0}"),
        malformed("binary", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
        post("deep arrays", &deep("[", 100_000), &[" too-deep"]),
        post("deep objects", &deep("{\"entry\":", 50_000), &[" too-deep"]),
    ]
}

fn with(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut input = json!({ "entry": books::entry("2026-02-01", "bad") });
    change(&mut input);
    input.to_string().into_bytes()
}

/// JSON that does not fit the types. The faults of one request come together.
fn wrong_values() -> Vec<Case> {
    let post = |name, faults: &[&'static str], change: fn(&mut Value)| -> Case {
        (name, "journal/post", with(change), 400, "invalid-input", faults.to_vec())
    };
    let id = |name, fault, body: &str| -> Case {
        (name, "journal/get-entry", format!("{{\"id\": {body}}}").into_bytes(), 400, "invalid-input", vec![fault])
    };
    let number = |name, fault, body: &str| -> Case {
        let body = format!("{{\"journal\": \"GJ\", \"fiscal_year\": \"2026\", \"number\": {body}}}");
        (name, "journal/find-entry", body.into_bytes(), 400, "invalid-input", vec![fault])
    };
    let twice = b"{\"id\": \"1\", \"id\": \"2\"}".to_vec();
    vec![
        post("an unknown parameter", &["/entries unknown-field"], |input| input["entries"] = json!([])),
        post("an unknown field", &["/entry/colour unknown-field"], |input| input["entry"]["colour"] = json!("red")),
        post("a field in another spelling", &["/entry/externalId unknown-field"], |input| {
            input["entry"]["externalId"] = json!("x");
        }),
        post("a missing field", &["/entry/date missing"], |input| {
            drop(input["entry"].as_object_mut().unwrap().remove("date"))
        }),
        post("a number for a text", &["/entry/description wrong-type"], |input| {
            input["entry"]["description"] = json!(1)
        }),
        post("a number for a decimal", &["/entry/lines/0/amount wrong-type"], |input| {
            input["entry"]["lines"][0]["amount"] = json!(119.0);
        }),
        post("an object for a list", &["/entry/lines wrong-type"], |input| input["entry"]["lines"] = json!({})),
        post("null in a list", &["/entry/lines/1 wrong-type"], |input| input["entry"]["lines"][1] = Value::Null),
        post("a case that does not exist", &["/entry/lines/0/side unknown-value"], |input| {
            input["entry"]["lines"][0]["side"] = json!("left");
        }),
        post("a case in capitals", &["/entry/lines/0/side unknown-value"], |input| {
            input["entry"]["lines"][0]["side"] = json!("Debit");
        }),
        post("a day that does not exist", &["/entry/date wrong-format"], |input| {
            input["entry"]["date"] = json!("2026-02-30")
        }),
        post("a year of five digits", &["/entry/date wrong-format"], |input| {
            input["entry"]["date"] = json!("12026-01-01")
        }),
        post(
            "many faults together",
            &[
                "/entry/date wrong-format",
                "/entry/lines/0/side unknown-value",
                "/entry/lines/1/amount wrong-format",
                "/entry/lines/2/account wrong-type",
                "/entry/lines/2/colour unknown-field",
            ],
            |input| {
                input["entry"]["date"] = json!("yesterday");
                input["entry"]["lines"][0]["side"] = json!("");
                input["entry"]["lines"][1]["amount"] = json!("1e3");
                input["entry"]["lines"][2]["account"] = json!(["2050"]);
                input["entry"]["lines"][2]["colour"] = json!("red");
            },
        ),
        ("a field twice", "journal/get-entry", twice, 400, "invalid-input", vec!["/id duplicate"]),
        id("2^64", "/id out-of-range", "18446744073709551616"),
        id("2^64 as text", "/id out-of-range", "\"18446744073709551616\""),
        id("a negative identifier", "/id out-of-range", "-1"),
        id("an identifier with decimals", "/id wrong-type", "1.0"),
        id("an identifier with an exponent", "/id wrong-type", "1e2"),
        id("an identifier as words", "/id wrong-type", "\"one\""),
        id("an empty identifier", "/id wrong-type", "\"\""),
        id("an identifier with a leading zero", "/id wrong-type", "\"01\""),
        id("an identifier that is true", "/id wrong-type", "true"),
        id("an identifier of many digits", "/id out-of-range", &"9".repeat(10_000)),
        number("2^32", "/number out-of-range", "4294967296"),
        number("a 32-bit number as text", "/number wrong-type", "\"1\""),
        number("a negative number", "/number out-of-range", "-1"),
        number("a number beyond all", "/number wrong-type", "1e400"),
    ]
}

/// What fits the types and breaks a rule of the ledger.
fn broken_rules() -> Vec<Case> {
    let post = |name, status, code, faults: &[&'static str], change: fn(&mut Value)| -> Case {
        (name, "journal/post", with(change), status, code, faults.to_vec())
    };
    let amount = |name, fault: &'static str, amount: &str| -> Case {
        let body = with(|input| input["entry"]["lines"][0]["amount"] = json!(amount));
        let (_, code) = fault.split_once(' ').unwrap();
        let (status, code) = if code == "wrong-format" { (400, "invalid-input") } else { (422, code) };
        (name, "journal/post", body, status, code, vec![fault])
    };
    let text = |name, fault: &'static str, place: &str, text: &str| -> Case {
        let body = with(|input| *input.pointer_mut(place).unwrap() = json!(text));
        let (_, code) = fault.split_once(' ').unwrap();
        (name, "journal/post", body, 422, code, vec![fault])
    };
    vec![
        amount("NaN as a decimal", "/entry/lines/0/amount wrong-format", "NaN"),
        amount("an empty decimal", "/entry/lines/0/amount wrong-format", ""),
        amount("a decimal with a comma", "/entry/lines/0/amount wrong-format", "1,000.00"),
        amount("a decimal with an exponent", "/entry/lines/0/amount wrong-format", "1e3"),
        amount("a decimal with spaces", "/entry/lines/0/amount wrong-format", " 1"),
        amount("a decimal in other digits", "/entry/lines/0/amount wrong-format", "\u{661}"),
        amount("a decimal of 39 digits", "/entry/lines/0/amount wrong-format", &"9".repeat(39)),
        amount("negative zero", "/entry/lines/0/amount wrong-format", "-0"),
        amount("a negative amount", "/entry/lines/0/amount negative-amount", "-1"),
        amount("an amount of half a cent", "/entry/lines/0/amount too-many-decimals", "0.005"),
        amount("an amount of 38 digits", "/entry/lines/0/amount amount-too-large", &"9".repeat(38)),
        post("an unbalanced entry", 422, "unbalanced", &["/entry/lines unbalanced"], |input| {
            input["entry"]["lines"][0]["amount"] = json!("119.01");
        }),
        post("no lines", 422, "too-few-lines", &["/entry/lines too-few-lines"], |input| {
            input["entry"]["lines"] = json!([])
        }),
        text("U+0000 in a text", "/entry/description control-character", "/entry/description", "a\0b"),
        text("U+0000 in a code", "/entry/journal unknown-journal", "/entry/journal", "G\0"),
        text("a text too long", "/entry/description too-long", "/entry/description", &"x".repeat(100_000)),
        text("an account as a path", "/entry/lines/0/account unknown-account", "/entry/lines/0/account", "../../etc"),
        text("an account as SQL", "/entry/lines/0/account unknown-account", "/entry/lines/0/account", "' OR 1 = 1 --"),
        text(
            "an account of emoji",
            "/entry/lines/0/account unknown-account",
            "/entry/lines/0/account",
            &"\u{1f4a3}".repeat(500),
        ),
        post(
            "an external id that is taken",
            409,
            "external-id-taken",
            &["/entry/external_id external-id-taken"],
            |input| {
                input["entry"]["external_id"] = json!("first");
            },
        ),
    ]
}
