// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls of operations through real connections: what goes in, what comes out, and every way of going wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::client::Draft;
use support::contract::SECRET;
use support::{POWERLESS, Running, TOKEN, call, request_id};

/// An answer to a call: a result, or the code of a problem with the codes and pointers of its faults.
async fn check(gateway: &Running, draft: &Draft, status: u16, expected: Value) {
    let answer = gateway.send(draft).await;
    assert_eq!(answer.status, status, "{draft:?} {:?}", String::from_utf8_lossy(&answer.body));
    assert!(answer.header("x-request-id").is_some());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let found = match status {
        200 => {
            assert_eq!(answer.header("content-type"), Some("application/json"));
            answer.json()
        }
        204 => {
            assert_eq!((answer.body.len(), answer.header("content-type")), (0, None));
            Value::Null
        }
        _ => {
            let code = answer.problem();
            let faults = answer.json()["errors"].as_array().cloned().unwrap_or_default();
            let faults = faults
                .iter()
                .map(|fault| format!("{} {}", fault["code"].as_str().unwrap(), fault["pointer"].as_str().unwrap()));
            json!([code, faults.collect::<Vec<_>>()])
        }
    };
    assert_eq!(found, expected, "{draft:?} {:?}", String::from_utf8_lossy(&answer.body));
}

#[tokio::test]
async fn results_are_json_and_nothing_is_no_content() {
    let gateway = Running::start().await;
    check(&gateway, &call("calls/greet", r#"{"name": "Ada"}"#), 200, json!("hello Ada")).await;
    check(&gateway, &call("calls/greet", "{\"name\": \"\\u0000\u{1F600}\\\"\"}"), 200, json!("hello \0\u{1F600}\""))
        .await;
    check(&gateway, &call("calls/no-op", "{}"), 204, Value::Null).await;
    check(&gateway, &call("calls/no-op", ""), 204, Value::Null).await;
    let bare = Draft::new("POST", "/api/sample/v1/calls/no-op").token(TOKEN);
    check(&gateway, &bare, 204, Value::Null).await;
    let charset = bare.header("Content-Type", "application/json; charset=utf-8").bytes("{}");
    check(&gateway, &charset, 204, Value::Null).await;
}

#[tokio::test]
async fn well_known_formats_are_checked_and_records_are_objects() {
    let gateway = Running::start().await;
    let line = |amount: &str, currency: &str| {
        format!(r#"{{"account": "1200", "amount": {{"amount": "{amount}", "currency": "{currency}"}}}}"#)
    };
    let entry = |date: &str, lines: &[String]| {
        format!(r#"{{"entry": {{"date": "{date}", "text": "t", "lines": [{}]}}}}"#, lines.join(","))
    };
    let good = entry("2026-02-28", &[line("1.50", "EUR"), line("-1.50", "EUR")]);
    let booked = json!({"id": "01890a5d-ac96-774b-bcce-b302099a8057", "number": "18446744073709551615"});
    check(&gateway, &call("calls/book", &good), 200, booked).await;
    let bad = entry("2026-02-29", &[line("1.5", "EUR"), line("1e3", "EUR"), line("1", "euro"), line("1", "EUR")]);
    let answer = gateway.call("calls/book", &bad).await;
    assert_eq!((answer.status, answer.problem().as_str()), (400, "invalid-input"));
    let errors = answer.json()["errors"].clone();
    let pointers: Vec<_> = errors.as_array().unwrap().iter().map(|each| each["pointer"].as_str().unwrap()).collect();
    for place in ["/entry/date", "/entry/lines/1/amount", "/entry/lines/2/amount"] {
        assert!(pointers.iter().any(|pointer| pointer.starts_with(place)), "{place} in {errors}");
    }
    assert!(!pointers.iter().any(|pointer| pointer.starts_with("/entry/lines/3")), "{errors}");
}

#[tokio::test]
async fn bad_bodies_are_refused_with_every_fault_and_nothing_is_called() {
    let gateway = Running::start().await;
    let cases: &[(&str, &[u8], &[&str])] = &[
        ("calls/greet", b"{", &["malformed-json "]),
        ("calls/greet", b"\"Ada\"", &["wrong-type "]),
        ("calls/greet", b"[]", &["wrong-type "]),
        ("calls/greet", b"null", &["wrong-type "]),
        ("calls/greet", b"{} {}", &["malformed-json "]),
        ("calls/greet", b"{'name': 1}", &["malformed-json "]),
        ("calls/greet", b"{\"name\": \"\xff\"}", &["malformed-json "]),
        ("calls/greet", b"{\"name\": \"\\ud800\"}", &["malformed-json "]),
        ("calls/greet", b"\xef\xbb\xbf{\"name\": \"Ada\"}", &["malformed-json "]),
        ("calls/greet", b"{\"name\": 1}", &["wrong-type /name"]),
        ("calls/greet", b"{\"name\": \"a\", \"name\": \"b\"}", &["duplicate /name"]),
        ("calls/greet", b"{\"nmae\": \"a\"}", &["unknown-field /nmae", "missing /name"]),
        ("calls/greet", b"{}", &["missing /name"]),
        ("calls/no-op", b"{\"x\": 1}", &["unknown-field /x"]),
        ("calls/numbers", b"{\"big\": NaN, \"small\": 1, \"ratio\": 1}", &["malformed-json "]),
        ("calls/numbers", b"{\"big\": \"18446744073709551616\", \"small\": 1, \"ratio\": 1}", &["out-of-range /big"]),
        (
            "calls/numbers",
            b"{\"big\": -1, \"small\": 128, \"ratio\": 1e999}",
            &["out-of-range /big", "out-of-range /small", "out-of-range /ratio"],
        ),
        (
            "calls/numbers",
            b"{\"big\": 1.5, \"small\": \"1\", \"ratio\": true}",
            &["wrong-type /big", "wrong-type /small", "wrong-type /ratio"],
        ),
        ("calls/nested", b"{\"tree\": [[\"a\", 1], 2]}", &["wrong-type /tree/0/1", "wrong-type /tree/1"]),
        ("calls/refuse", b"{\"kind\": \"nonsense\"}", &["unknown-value /kind"]),
    ];
    for (operation, body, faults) in cases {
        let draft = Draft { body: body.to_vec(), ..call(operation, "") };
        check(&gateway, &draft, 400, json!(["invalid-input", faults])).await;
    }
    let deep = format!("{{\"tree\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    check(&gateway, &call("calls/nested", &deep), 400, json!(["invalid-input", ["too-deep "]])).await;
    assert_eq!(gateway.called(), Vec::<String>::new());
}

#[tokio::test]
async fn numbers_at_the_edges_arrive_whole() {
    let gateway = Running::start().await;
    let edge = r#"{"big": "18446744073709551615", "small": -128, "ratio": -0.1}"#;
    check(&gateway, &call("calls/numbers", edge), 200, json!("18446744073709551615")).await;
    // 2^53 + 1, which a reader through floating point would round: not here.
    let odd = r#"{"big": 9007199254740993, "small": 127, "ratio": 1e10}"#;
    check(&gateway, &call("calls/numbers", odd), 200, json!("9007199254740993")).await;
}

#[tokio::test]
async fn rest_routes_take_parameters_from_path_query_and_body() {
    let gateway = Running::start().await;
    let rest = |method: &str, path: &str| Draft::new(method, &format!("/api/sample/v1{path}")).token(TOKEN);
    let told = |text: &str| json!(text);
    check(&gateway, &rest("GET", "/entries/7"), 200, told("entries.get [U64(7)]")).await;
    check(&gateway, &rest("GET", "/entries"), 200, told("entries.find [Option(None), Option(None)]")).await;
    let find = told(r#"entries.find [Option(Some(String("a b&c"))), Option(Some(U8(5)))]"#);
    check(&gateway, &rest("GET", "/entries?text=a+b%26c&limit=5"), 200, find.clone()).await;
    check(&gateway, &rest("GET", "/entries?limit=5&text=a%20b%26c&"), 200, find).await;
    let renamed = told(r#"entries.rename [U64(7), String("x")]"#);
    check(&gateway, &rest("PUT", "/entries/7").json(r#"{"name": "x"}"#), 200, renamed).await;
    check(&gateway, &rest("DELETE", "/entries/7"), 204, Value::Null).await;
    check(&gateway, &rest("POST", "/entries").json(r#"{"name": "x"}"#), 200, told(r#"entries.create [String("x")]"#))
        .await;
    for (path, name) in [("a%2Fb", "a/b"), ("%C3%A4+%2B", "ä++"), ("..", ".."), ("%25", "%"), ("a%3Fb%23", "a?b#")] {
        let by_name = told(&format!("entries.by-name [String({name:?})]"));
        check(&gateway, &rest("GET", &format!("/entries/by-name/{path}")), 200, by_name).await;
    }
    // The derived route of the same operation takes the same by body.
    let derived = told("entries.get [U64(7)]");
    check(&gateway, &call("entries/get", r#"{"entry_id": 7}"#), 200, derived).await;

    let invalid = |faults: &[&str]| json!(["invalid-input", faults]);
    check(&gateway, &rest("GET", "/entries/x"), 400, invalid(&["wrong-type /entry_id"])).await;
    check(&gateway, &rest("GET", "/entries/-1"), 400, invalid(&["out-of-range /entry_id"])).await;
    check(
        &gateway,
        &rest("GET", "/entries?limit=256&txt=a"),
        400,
        invalid(&["out-of-range /limit", "unknown-field /txt"]),
    )
    .await;
    check(&gateway, &rest("GET", "/entries?limit=1&limit=2"), 400, invalid(&["duplicate /limit"])).await;
    check(&gateway, &rest("GET", "/entries/7?entry_id=8"), 400, invalid(&["unknown-field /entry_id"])).await;
    let twice = rest("PUT", "/entries/7").json(r#"{"name": "x", "entry_id": 8}"#);
    check(&gateway, &twice, 400, invalid(&["unknown-field /entry_id"])).await;
    check(&gateway, &rest("GET", "/entries/7").json("{}"), 400, json!(["malformed-body", []])).await;
    let derived = Draft { path: "/api/sample/v1/calls/greet?name=Ada".into(), ..call("calls/greet", "{}") };
    check(&gateway, &derived, 400, invalid(&["unknown-field /name", "missing /name"])).await;
    for (path, code) in [
        ("/entries/%zz", "malformed-path"),
        ("/entries/%ff", "malformed-path"),
        ("/entries/%C0%AF", "malformed-path"),
        ("/entries?text=%", "malformed-query"),
        ("/entries?text=%ff", "malformed-query"),
    ] {
        check(&gateway, &rest("GET", path), 400, json!([code, []])).await;
    }
    let many = format!("/entries?{}", "text=a&".repeat(200));
    check(&gateway, &rest("GET", &many), 400, json!(["malformed-query", []])).await;
}

#[tokio::test]
async fn refusals_of_components_have_the_status_of_their_kind() {
    let gateway = Running::start().await;
    let kinds = [
        ("invalid", 422),
        ("not_found", 404),
        ("conflict", 409),
        ("denied", 403),
        ("limit_exceeded", 429),
        ("unavailable", 503),
        ("internal", 500),
    ];
    let faults = ["unknown-account /lines/0/account", "unknown-account /lines/2/account"];
    for (kind, status) in kinds {
        let draft = call("calls/refuse", &format!(r#"{{"kind": "{kind}"}}"#));
        check(&gateway, &draft, status, json!(["period-closed", faults])).await;
        let answer = gateway.send(&draft).await;
        assert_eq!(answer.json()["type"], "urn:cortex:problem:sample:period-closed");
        assert_eq!(answer.json()["detail"], "the period `2026-01` is closed; reopen it or post later");
        assert_eq!(answer.header("retry-after").is_some(), kind == "unavailable");
    }
    let answer = gateway.call("calls/refuse-otherwise", "").await;
    assert_eq!((answer.status, answer.problem()), (422, "error".into()));
    assert!(answer.json()["value"].to_string().contains("451"), "{:?}", answer.text());
}

#[tokio::test]
async fn failures_tell_callers_what_they_can_act_on_and_nothing_else() {
    let gateway = Running::start().await;
    let cases: &[(&str, u16, &str, &str)] = &[
        ("memory-bytes-max", 429, "limit-exceeded", "`memory-bytes-max` is used up: more than 4711 bytes"),
        ("cpu-ms-max", 429, "limit-exceeded", "`cpu-ms-max` is used up: more than 4711 milliseconds"),
        ("wall-ms-max", 504, "deadline-exceeded", "`wall-ms-max`"),
        ("host-calls-max", 429, "limit-exceeded", "`host-calls-max`"),
        ("log-bytes-max", 429, "limit-exceeded", "`log-bytes-max`"),
        ("argument-bytes-max", 413, "body-too-large", "`argument-bytes-max`"),
        ("result-bytes-max", 429, "limit-exceeded", "`result-bytes-max`"),
        ("sql-rows-max", 429, "limit-exceeded", "`sql-rows-max`"),
        ("sql-ms-max", 429, "limit-exceeded", "`sql-ms-max`"),
        ("call-depth-max", 429, "limit-exceeded", "`call-depth-max`"),
        ("stack-bytes-max", 429, "limit-exceeded", "`stack-bytes-max`"),
        ("trap", 500, "component-failed", "`sample` failed in `calls.fail`"),
        ("panic", 500, "internal", "under the request id"),
        ("denied", 403, "permission-denied", "`other.ledger.post`"),
        ("write-in-read", 500, "component-failed", "writes"),
        ("no-provider", 503, "unavailable", "`test:other/ledger@1.0.0`"),
        ("unknown-operation", 500, "internal", "under the request id"),
        ("exhausted", 503, "busy", "as many invocations"),
        ("deadline", 504, "deadline-exceeded", "nothing was changed"),
        ("transact-deadline", 504, "deadline-exceeded", "nothing was changed"),
        ("transact-busy", 503, "busy", "send it again"),
        ("transact-unavailable", 503, "unavailable", "nothing was changed"),
    ];
    for (how, status, code, part) in cases {
        let answer = gateway.call("calls/fail", &format!(r#"{{"how": "{how}"}}"#)).await;
        assert_eq!((answer.status, answer.problem().as_str()), (*status, *code), "{how}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(part), "{how}: {detail}");
        assert!(!answer.text().contains(SECRET) && !answer.text().contains("/srv"), "{how}: {}", answer.text());
        let retry = match *how {
            "exhausted" | "transact-unavailable" => Some("1"),
            "transact-busy" => Some("2"),
            _ => None,
        };
        assert_eq!(answer.header("retry-after"), retry, "{how}");
    }
    for limit in kernel_types::Limits::ALL {
        assert!(cases.iter().any(|(how, ..)| *how == limit.name()), "{limit} has no case");
    }
    let broken = gateway.call("calls/broken", "").await;
    assert_eq!((broken.status, broken.problem().as_str()), (500, "component-failed"));
    assert!(broken.text().contains("nothing was changed"), "{}", broken.text());
    // The host goes on.
    check(&gateway, &call("calls/greet", r#"{"name": "Ada"}"#), 200, json!("hello Ada")).await;
}

#[tokio::test]
async fn the_caller_the_time_and_the_identifier_reach_the_operation() {
    let gateway = Running::start().await;
    let draft = call("calls/greet", r#"{"name": "Ada"}"#)
        .header("X-Request-Id", "trace:7")
        .header("X-Request-Timeout-Ms", "2000");
    let before = std::time::Instant::now();
    let answer = gateway.send(&draft).await;
    assert_eq!((answer.status, answer.header("x-request-id")), (200, Some("trace:7")));
    let calls = gateway.host.calls.lock().unwrap();
    let (_, request, _) = calls.first().unwrap();
    assert_eq!(request.id, request_id("trace:7"));
    assert_eq!(request.caller.tenant.as_str(), "demo");
    assert_eq!(request.caller.subject.0.as_ref(), "alice");
    assert_eq!(request.caller.credential.as_ref(), format!("id-of-{TOKEN}"), "the identifier, never the token");
    assert!(
        request.deadline >= before && request.deadline <= std::time::Instant::now() + std::time::Duration::from_secs(2)
    );
}

#[tokio::test]
async fn nothing_is_read_or_called_without_permission() {
    let gateway = Running::start().await;
    let mut draft = call("calls/greet", "no json at all");
    draft.headers.retain(|(name, _)| name != "Authorization");
    check(&gateway, &draft, 401, json!(["unauthenticated", []])).await;
    check(&gateway, &draft.token(POWERLESS), 403, json!(["permission-denied", []])).await;
    assert_eq!(gateway.called(), Vec::<String>::new());
}

/// The document promises a form of refusals; what is really sent has it.
#[tokio::test]
async fn refusals_have_the_form_that_the_document_promises() {
    let gateway = Running::start().await;
    let document = gateway.send(&Draft::new("GET", "/openapi.json").token(TOKEN)).await.json();
    let mut schema = json!({"$ref": "#/components/schemas/Refusal"});
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert!(!validator.is_valid(&json!({"type": "x"})), "the schema asks for something");
    let drafts = [
        call("calls/refuse", r#"{"kind": "conflict"}"#),
        call("calls/refuse-otherwise", ""),
        call("calls/fail", r#"{"how": "trap"}"#),
        call("calls/fail", r#"{"how": "cpu-ms-max"}"#),
        call("calls/greet", r#"{"nmae": 1}"#),
        call("calls/greet", "{"),
        call("calls/absent", ""),
        Draft::new("GET", "/api/sample/v1/entries/x").token(TOKEN),
        Draft::new("GET", "/api/sample/v1/entries/7"),
        Draft::new("GET", "/api/sample/v1/entries/7").token(POWERLESS),
    ];
    for draft in &drafts {
        let body = gateway.send(draft).await.json();
        let errors: Vec<_> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{body}");
    }
}

#[tokio::test]
async fn a_key_goes_with_what_was_asked_for_however_it_was_written() {
    let gateway = Running::start().await;
    let send = async |key: &str, body: &str| {
        let draft = call("calls/numbers", body).header("Idempotency-Key", key);
        assert_eq!(gateway.send(&draft).await.status, 200, "{key} {body}");
        gateway.host.onces.lock().unwrap().last().cloned().unwrap().expect("a key")
    };
    let first = send("k", r#"{"big": "1", "small": 2, "ratio": 0.5}"#).await;
    assert_eq!(&*first.key, "k");
    for (key, body) in
        [("\"k\"", "{\"ratio\":5e-1,\n \"small\":2,\"big\":\"1\"}"), ("k", r#"{"small": 2, "big": 1, "ratio": 0.50}"#)]
    {
        assert_eq!(send(key, body).await, first, "{key} {body}");
    }
    for (key, body) in [
        ("l", r#"{"big": "1", "small": 2, "ratio": 0.5}"#),
        ("k", r#"{"big": "2", "small": 2, "ratio": 0.5}"#),
        ("k", r#"{"big": "1", "small": 2, "ratio": -0.5}"#),
    ] {
        assert_ne!(send(key, body).await, first, "{key} {body}");
    }
    // The place of a parameter makes no difference.
    let once = async |draft: Draft| {
        let answer = gateway.send(&draft.token(TOKEN).header("Idempotency-Key", "k")).await;
        assert_eq!(answer.status, 200);
        gateway.host.onces.lock().unwrap().last().cloned().unwrap()
    };
    let rest = once(Draft::new("PUT", "/api/sample/v1/entries/7").json(r#"{"name": "a"}"#)).await;
    let body = r#"{"name": "a", "entry_id": 7}"#;
    assert_eq!(once(Draft::new("POST", "/api/sample/v1/entries/rename").json(body)).await, rest);
}

#[tokio::test]
async fn a_bad_key_is_refused_before_the_body_and_a_missing_one_is_none() {
    let gateway = Running::start().await;
    let long = "k".repeat(256);
    for bad in ["", " ", "a b", "\"", "\"\"", "\"a", "a\"", "a,b", "a;b", "\"a\";b", "\"a\\b\"", "\u{e4}", &long] {
        let draft = call("calls/greet", r#"{"name": "Ada"}"#).header("Idempotency-Key", bad);
        check(&gateway, &draft, 400, json!(["malformed-header", []])).await;
    }
    let twice = call("calls/greet", r#"{"name": "Ada"}"#).header("Idempotency-Key", "a").header("Idempotency-Key", "a");
    check(&gateway, &twice, 400, json!(["malformed-header", []])).await;
    assert_eq!(gateway.called(), Vec::<String>::new());
    check(&gateway, &call("calls/greet", r#"{"name": "Ada"}"#), 200, json!("hello Ada")).await;
    assert_eq!(*gateway.host.onces.lock().unwrap(), [None]);
}
