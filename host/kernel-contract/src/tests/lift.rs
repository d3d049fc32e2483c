// SPDX-License-Identifier: MIT OR Apache-2.0
//! JSON -> `Val`: what each type accepts, and what each fault says.

use crate::testing::operation;
use crate::{Fault, Operation, limits};
use std::sync::Arc;
use wasmtime::component::Val;

const TYPES: &str = "
    record line { account: string, amount: decimal, note: option<string> }
    record empty-ish { a: option<u8>, b: option<option<u8>> }
    variant shape { point, circle(f64), box-of(line) }
    enum colour { red, dark-green }
    flags rights { can-read, can-write, may-own }";

fn with(ty: &str) -> Arc<Operation> {
    operation(&format!("{TYPES} call: func(x: {ty});"))
}

fn lift(operation: &Operation, json: &str) -> Result<Val, String> {
    match operation.lift(format!("{{\"x\":{json}}}").as_bytes()) {
        Ok(values) => Ok(values.into_iter().next().unwrap()),
        Err(faults) => {
            let texts = faults.as_slice().iter().map(text);
            Err(texts.collect::<Vec<_>>().join("\n"))
        }
    }
}

fn text(fault: &Fault) -> String {
    format!("{} {} {}", fault.pointer, fault.code.as_str(), fault.message)
}

/// Each JSON text is lifted to the value beside it.
fn check(ty: &str, cases: &[(&str, Val)]) {
    let operation = with(ty);
    for (json, expected) in cases {
        assert_eq!(lift(&operation, json).as_ref(), Ok(expected), "{ty} {json}");
    }
}

/// Each JSON text has one fault: its pointer below `/x`, its code, and a part of its message.
fn check_faults(ty: &str, cases: &[(&str, &str)]) {
    let operation = with(ty);
    for (json, expected) in cases {
        let Err(found) = lift(&operation, json) else { panic!("{ty} accepts {json}") };
        assert!(found.contains(expected), "{ty} {json}: {found}");
        assert_eq!(found.lines().count(), 1, "{ty} {json}: {found}");
    }
}

fn string(text: &str) -> Val {
    Val::String(text.to_owned())
}

fn some(value: Val) -> Val {
    Val::Option(Some(Box::new(value)))
}

fn record(fields: &[(&str, Val)]) -> Val {
    Val::Record(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

#[test]
fn narrow_integers() {
    check("u8", &[("0", Val::U8(0)), ("255", Val::U8(255)), ("-0", Val::U8(0))]);
    check("s8", &[("-128", Val::S8(-128)), ("127", Val::S8(127))]);
    check("u16", &[("65535", Val::U16(65535))]);
    check("s16", &[("-32768", Val::S16(-32768))]);
    check("u32", &[("4294967295", Val::U32(u32::MAX))]);
    check("s32", &[("-2147483648", Val::S32(i32::MIN))]);
    check_faults(
        "u8",
        &[
            ("256", "/x out-of-range expected an integer from 0 to 255, found the number `256`"),
            ("-1", "/x out-of-range"),
            ("1.0", "/x wrong-type expected an integer from 0 to 255, found the number `1.0`"),
            ("1e2", "/x wrong-type"),
            ("1E0", "/x wrong-type"),
            ("99999999999999999999999999999999999999999999", "/x out-of-range"),
            ("\"1\"", "/x wrong-type expected an integer from 0 to 255, found the string `1`"),
            ("true", "/x wrong-type"),
            ("null", "/x wrong-type expected an integer from 0 to 255, found null"),
            ("[1]", "found an array"),
            ("{}", "found an object"),
        ],
    );
}

#[test]
fn wide_integers_are_exact() {
    let above = (1_u64 << 53) + 1;
    check(
        "u64",
        &[
            ("9007199254740993", Val::U64(above)),
            ("\"9007199254740993\"", Val::U64(above)),
            ("\"18446744073709551615\"", Val::U64(u64::MAX)),
            ("18446744073709551615", Val::U64(u64::MAX)),
            ("\"0\"", Val::U64(0)),
        ],
    );
    check(
        "s64",
        &[("\"-9223372036854775808\"", Val::S64(i64::MIN)), ("-9007199254740993", Val::S64(-9007199254740993))],
    );
    check_faults(
        "s64",
        &[
            (
                "1e3",
                "/x wrong-type expected an integer from -9223372036854775808 to 9223372036854775807, as a string or a number",
            ),
            ("1.0", "/x wrong-type"),
            ("\"1.0\"", "/x wrong-type"),
            ("\"007\"", "/x wrong-type"),
            ("\"+1\"", "/x wrong-type"),
            ("\"-0\"", "/x wrong-type"),
            ("\"\"", "/x wrong-type"),
            ("\" 1\"", "/x wrong-type"),
            ("\"١\"", "/x wrong-type"),
            ("9223372036854775808", "/x out-of-range"),
            ("\"-9223372036854775809\"", "/x out-of-range"),
        ],
    );
}

#[test]
fn floats() {
    check(
        "f64",
        &[
            ("1", Val::Float64(1.0)),
            ("-0.0", Val::Float64(-0.0)),
            ("-0", Val::Float64(-0.0)),
            ("1e308", Val::Float64(1e308)),
            ("5e-324", Val::Float64(5e-324)),
            ("\"NaN\"", Val::Float64(f64::NAN)),
            ("\"Infinity\"", Val::Float64(f64::INFINITY)),
            ("\"-Infinity\"", Val::Float64(f64::NEG_INFINITY)),
        ],
    );
    check(
        "f32",
        &[("0.1", Val::Float32(0.1)), ("3.4028235e38", Val::Float32(f32::MAX)), ("\"NaN\"", Val::Float32(f32::NAN))],
    );
    check_faults(
        "f64",
        &[
            ("1e309", "/x out-of-range"),
            ("\"nan\"", "/x wrong-type"),
            ("\"1\"", "/x wrong-type"),
            ("true", "/x wrong-type"),
        ],
    );
    check_faults("f32", &[("3.5e38", "/x out-of-range expected a number within the range of a 32-bit float")]);
}

#[test]
fn texts() {
    check("bool", &[("true", Val::Bool(true)), ("false", Val::Bool(false))]);
    check_faults("bool", &[("\"true\"", "expected true or false, found the string `true`"), ("1", "wrong-type")]);
    check("char", &[("\"ä\"", Val::Char('ä')), (r#""\ud83d\ude00""#, Val::Char('😀'))]);
    check_faults(
        "char",
        &[
            ("\"\"", "/x wrong-length expected a string of one character"),
            ("\"ab\"", "wrong-length"),
            ("1", "wrong-type"),
        ],
    );
    check("string", &[(r#""a\n\"\\\/\u00e9\b\f\r\t""#, string("a\n\"\\/é\u{8}\u{c}\r\t")), ("\"\"", string(""))]);
    check_faults("string", &[("1", "expected a string, found the number `1`")]);
    check("list<u8>", &[("\"\"", Val::List(vec![])), ("\"AP8=\"", Val::List(vec![Val::U8(0), Val::U8(255)]))]);
    for wrong in ["\"AP8\"", "\"AP9=\"", "\"AP-_\"", "\"A\"", "\" AP8=\""] {
        check_faults("list<u8>", &[(wrong, "/x wrong-format expected bytes as a base64 string")]);
    }
    check_faults("list<u8>", &[("[1]", "/x wrong-type")]);
}

#[test]
fn well_known_formats() {
    check("decimal", &[("\"-12.50\"", string("-12.50"))]);
    check_faults(
        "decimal",
        &[
            ("12.5", "/x wrong-type expected a decimal number such as `-12.50`"),
            ("\"1e3\"", "/x wrong-format expected a decimal number such as `-12.50`: no exponent"),
            ("\"-0\"", "/x wrong-format"),
        ],
    );
    check_faults(
        "date",
        &[("\"2026-02-29\"", "/x wrong-format expected a calendar date such as `2026-02-28` (RFC 3339)")],
    );
    check_faults("date-time", &[("\"2026-02-28\"", "/x wrong-format expected an instant in UTC")]);
    check_faults("uuid", &[("\"X\"", "/x wrong-format expected a lower-case hyphenated UUID")]);
    check_faults(
        "currency-code",
        &[("\"eur\"", "/x wrong-format expected a currency code of three upper-case letters")],
    );
    check_faults("money", &[(r#"{"amount":"1","currency":"EU"}"#, "/x/currency wrong-format")]);
    check(
        "option<page-request>",
        &[(r#"{"limit":1000}"#, some(record(&[("limit", some(Val::U32(1000))), ("cursor", Val::Option(None))])))],
    );
    check_faults(
        "page-request",
        &[
            (r#"{"limit":0}"#, "/x/limit out-of-range expected an integer from 1 to 1000, found the number `0`"),
            (r#"{"limit":1001}"#, "/x/limit out-of-range"),
        ],
    );
}

#[test]
fn options() {
    check("option<u8>", &[("null", Val::Option(None)), ("1", some(Val::U8(1)))]);
    check(
        "option<option<u8>>",
        &[
            ("null", Val::Option(None)),
            (r#"{"some":null}"#, some(Val::Option(None))),
            (r#"{"some":1}"#, some(some(Val::U8(1)))),
        ],
    );
    check("option<option<option<u8>>>", &[(r#"{"some":{"some":1}}"#, some(some(some(Val::U8(1)))))]);
    check_faults("option<u8>", &[("\"1\"", "expected an integer from 0 to 255, found the string `1`")]);
    check_faults(
        "option<option<u8>>",
        &[
            ("1", "expected null or an object with `some`, found the number `1`"),
            ("{}", "found an object with 0 fields"),
            (r#"{"some":1,"some":2}"#, "found an object with 2 fields"),
        ],
    );
    let operation =
        operation(&format!("{TYPES} call: func(x: option<u8>, y: option<option<string>>, z: option<line>);"));
    assert_eq!(operation.lift(b"").unwrap(), vec![Val::Option(None); 3]);
    assert_eq!(operation.lift(b"{}").unwrap(), vec![Val::Option(None); 3]);
}

#[test]
fn records() {
    let line = record(&[("account", string("1000")), ("amount", string("1.50")), ("note", Val::Option(None))]);
    check(
        "line",
        &[
            (r#"{"account":"1000","amount":"1.50"}"#, line.clone()),
            (r#"{"note":null,"amount":"1.50","account":"1000"}"#, line.clone()),
            (r#" { "\u0061ccount" : "1000" , "amount" : "1.50" } "#, line),
        ],
    );
    check("empty-ish", &[("{}", record(&[("a", Val::Option(None)), ("b", Val::Option(None))]))]);
    check_faults(
        "line",
        &[
            ("[]", "/x wrong-type expected an object, found an array"),
            (r#"{"account":"1"}"#, "/x/amount missing the field is missing: give a decimal number"),
            (
                r#"{"account":"1","amount":"1","amuont":"1"}"#,
                "/x/amuont unknown-field there is no field `amuont`, did you mean `amount`?",
            ),
            (
                r#"{"account":"1","amount":"1","a/b~c":1}"#,
                "/x/a~1b~0c unknown-field there is no field `a/b~c`: leave it out",
            ),
            (r#"{"account":"1","amount":"1","account":"2"}"#, "/x/account duplicate `account` is given twice"),
            (r#"{"account":"1","amount":"1","account":false}"#, "/x/account duplicate"),
        ],
    );
    let long = format!(r#"{{"account":"1","amount":"1","{}":1}}"#, "x".repeat(10_000));
    let Err(fault) = lift(&with("line"), &long) else { panic!("a long name was accepted") };
    assert!(fault.len() < 300 && fault.starts_with("/x unknown-field"), "{fault}");
}

#[test]
fn a_record_of_many_fields_finds_each_in_any_order() {
    let fields: Vec<String> = (0..40).map(|n| format!("field-{n}")).collect();
    let wit: Vec<String> = fields.iter().map(|name| format!("{name}: u32")).collect();
    let operation = operation(&format!("record wide {{ {} }} call: func(x: wide);", wit.join(", ")));
    let members: Vec<String> = (0..40).rev().map(|n| format!("\"field_{n}\":{n}")).collect();
    let value = lift(&operation, &format!("{{{}}}", members.join(","))).unwrap();
    let expected: Vec<(String, Val)> = fields.into_iter().zip(0..).map(|(name, n)| (name, Val::U32(n))).collect();
    assert_eq!(value, Val::Record(expected));
    let Err(fault) = lift(&operation, r#"{"field-7":1}"#) else { panic!("a name in kebab case was accepted") };
    assert!(fault.contains("did you mean `field_7`?"), "{fault}");
}

#[test]
fn variants_and_enums() {
    let case = |name: &str, value: Option<Val>| Val::Variant(name.to_owned(), value.map(Box::new));
    check(
        "shape",
        &[
            ("\"point\"", case("point", None)),
            (r#"{"circle":1.5}"#, case("circle", Some(Val::Float64(1.5)))),
            (
                r#"{"box_of":{"account":"1","amount":"1"}}"#,
                case(
                    "box-of",
                    Some(record(&[("account", string("1")), ("amount", string("1")), ("note", Val::Option(None))])),
                ),
            ),
        ],
    );
    check_faults(
        "shape",
        &[
            ("\"circle\"", "/x wrong-type `circle` carries a value: write an object with `circle`"),
            (r#"{"point":null}"#, "/x wrong-type `point` carries nothing: write the string `point`"),
            ("\"pont\"", "/x unknown-value there is no `pont`, did you mean `point`?"),
            (
                r#"{"cube":1}"#,
                "/x unknown-value expected `point`, or an object with one of `circle` or `box_of`, found `cube`",
            ),
            (r#"{"circle":1,"point":1}"#, "/x wrong-length"),
            ("{}", "found an object with 0 fields"),
            ("null", "/x wrong-type"),
            (r#"{"circle":"x"}"#, "/x/circle wrong-type"),
        ],
    );
    check("colour", &[("\"red\"", Val::Enum("red".into())), ("\"dark_green\"", Val::Enum("dark-green".into()))]);
    check_faults(
        "colour",
        &[
            ("\"dark-green\"", "/x unknown-value there is no `dark-green`, did you mean `dark_green`?"),
            ("\"blue\"", "/x unknown-value expected `red` or `dark_green`, found `blue`"),
            ("0", "/x wrong-type expected `red` or `dark_green`, found the number `0`"),
        ],
    );
}

#[test]
fn flags_results_and_sequences() {
    let flags = |names: &[&str]| Val::Flags(names.iter().map(|name| (*name).to_owned()).collect());
    check("rights", &[("[]", flags(&[])), (r#"["may_own","can_read"]"#, flags(&["can-read", "may-own"]))]);
    check_faults(
        "rights",
        &[
            (r#"["may_own","may_own"]"#, "/x/1 duplicate `may_own` is given twice"),
            (r#"["can_red"]"#, "/x/0 unknown-value there is no `can_red`, did you mean `can_read`?"),
            ("[1]", "/x/0 wrong-type expected a string, found the number `1`"),
            ("\"may_own\"", "/x wrong-type expected an array of some of `can_read`, `can_write` or `may_own`"),
        ],
    );
    check(
        "result<u8>",
        &[(r#"{"ok":1}"#, Val::Result(Ok(Some(Box::new(Val::U8(1)))))), (r#"{"error":null}"#, Val::Result(Err(None)))],
    );
    check_faults(
        "result<u8>",
        &[
            (r#"{"error":1}"#, "/x/error wrong-type `error` carries nothing: expected null, found the number `1`"),
            (r#"{"err":1}"#, "/x/err unknown-field"),
            (r#"{"ok":1,"error":null}"#, "/x wrong-length expected an object with either `ok` or `error`"),
            ("\"ok\"", "/x wrong-type"),
        ],
    );
    check("tuple<u8, string>", &[(r#"[1,"a"]"#, Val::Tuple(vec![Val::U8(1), string("a")]))]);
    check_faults(
        "tuple<u8, string>",
        &[("[1]", "/x wrong-length expected an array of 2, found an array of 1"), ("{}", "wrong-type")],
    );
    check("list<u16>", &[("[]", Val::List(vec![])), ("[1,2]", Val::List(vec![Val::U16(1), Val::U16(2)]))]);
    check_faults("list<u16>", &[("[1,\"2\",3]", "/x/1 wrong-type"), ("1", "/x wrong-type expected an array")]);
    check("list<u16, 2>", &[("[1,2]", Val::FixedLengthList(vec![Val::U16(1), Val::U16(2)]))]);
    check_faults("list<u16, 2>", &[("[1]", "/x wrong-length expected an array of 2, found an array of 1")]);
}

#[test]
fn all_faults_come_together() {
    let operation = with("list<line>");
    let json = r#"[{"account":1,"amount":"x","extra":0},{"amount":"1"},{"account":"a","amount":"1","note":7}]"#;
    let Err(found) = lift(&operation, json) else { panic!("accepted") };
    let found: Vec<_> = found.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        found,
        [
            "/x/0/account wrong-type",
            "/x/0/amount wrong-format",
            "/x/0/extra unknown-field",
            "/x/1/account missing",
            "/x/2/note wrong-type"
        ]
    );
}

#[test]
fn faults_and_values_are_bounded() {
    let many = format!("[{}]", vec!["true"; 5_000].join(","));
    let faults = with("list<u8, 5000>").lift(format!("{{\"x\":{many}}}").as_bytes()).unwrap_err();
    assert_eq!(faults.as_slice().len(), limits::FAULTS_MAX);
    // A short text that would become very many values.
    let fields: Vec<String> = (0..900).map(|n| format!("field-{n}: option<string>")).collect();
    let operation = operation(&format!("record wide {{ {} }} call: func(x: list<wide>);", fields.join(", ")));
    let body = format!("{{\"x\":[{}]}}", vec!["{}"; 20_000].join(","));
    let faults = operation.lift(body.as_bytes()).unwrap_err();
    let [fault] = faults.as_slice() else { panic!("{faults}") };
    assert_eq!(fault.code, crate::FaultCode::TooManyValues);
    let bytes = format!("{{\"x\":\"{}\"}}", "AAAA".repeat(400_000));
    let faults = with("list<u8>").lift(bytes.as_bytes()).unwrap_err();
    assert_eq!(faults.as_slice()[0].code, crate::FaultCode::TooManyValues);
}

#[test]
fn a_body_that_is_no_object_has_one_fault() {
    let operation = with("string");
    let cases: &[(&[u8], &str)] = &[
        (b"[]", " wrong-type expected a JSON object of the parameters, found an array"),
        (b"null", " wrong-type expected a JSON object of the parameters, found null"),
        (b"{\"x\":\"a\"} {}", " malformed-json line 1, column 11: expected the end of the text, found `{`"),
        (b"{\"x\":\"\xff\"}", " malformed-json the text is not UTF-8: the byte at offset 6 cannot stand there"),
        (b" ", " malformed-json line 1, column 2: expected a JSON value, found the end of the text"),
        (b"{\"y\":1}", "/y unknown-field"),
    ];
    for (body, expected) in cases {
        let faults = operation.lift(body).unwrap_err();
        let found = text(&faults.as_slice()[0]);
        assert!(found.starts_with(expected), "{found}");
    }
    assert!(text(&operation.lift(b"").unwrap_err().as_slice()[0]).starts_with("/x missing the parameter is missing"));
}
