// SPDX-License-Identifier: MIT OR Apache-2.0
//! The OpenAPI document: every route of it answers, every reference resolves, and REST routes answer as it says.

use crate::{IMPORT, blocking};
use conformance::TestHost;
use conformance::books::{self, ACCOUNTING, path};
use conformance::client::Client;
use conformance::openapi::Document;
use conformance::wire::Request;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_of_the_document_answers_as_it_says() {
    let host = TestHost::start(&[ACCOUNTING, IMPORT]).await;
    let (client, url) = (host.client.clone(), host.url.clone());
    blocking(move || {
        let mut document = Document::of(&client);
        assert_eq!(document.broken_references(), Vec::<String>::new());
        let routes = document.routes();
        assert!(routes.len() > 60, "{}", routes.len());
        // Before the ledger is set up and after it: refusals and answers.
        for round in 0..2 {
            for (method, template) in &routes {
                let target = template.replace(['{', '}'], "");
                let mut request = Request::new(method, &target).token(&client.token);
                if method == "POST" || method == "PUT" {
                    request = request.json("{}");
                }
                let answer = request.send(&url).answer;
                // No route of ours takes a text like `code` for an identifier of nothing: 404 can only mean that.
                let missing = answer.status == 404 && answer.code() == "unknown-route";
                assert!(!missing && answer.status != 405, "{method} {template} does not exist: {answer:?}");
                // A route without a body in the document says so to `{}`.
                if answer.code() == "malformed-body" {
                    continue;
                }
                let mismatch = document.mismatch(method, template, None, &answer);
                assert_eq!(mismatch, None, "round {round}: {method} {template} -> {answer:?}");
            }
            if round == 0 {
                books::set_up(&client).unwrap();
            }
        }
    })
    .await;
}

/// The way of one entry over the REST routes of the manifest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_routes_fit_the_document() {
    let host = TestHost::start(&[ACCOUNTING]).await;
    let (client, url) = (host.client.clone(), host.url.clone());
    blocking(move || {
        books::set_up(&client).unwrap();
        let mut document = Document::of(&client);
        let entry = |date: &str, id: &str| json!({ "entry": books::entry(date, id) });
        let close = json!({ "account": { "code": "1999", "name": "New", "kind": "asset" } });
        for (method, template, target, input, status) in [
            ("POST", "accounts", "accounts", Some(close), 200),
            ("GET", "accounts/{code}", "accounts/1999", None, 200),
            ("POST", "accounts/{code}/close", "accounts/1999/close", None, 200),
            ("GET", "accounts/{code}", "accounts/nothing", None, 404),
            ("GET", "accounts", "accounts?kind=asset&limit=3", None, 200),
            ("POST", "journal/entries", "journal/entries", Some(entry("2026-02-01", "a")), 200),
            ("POST", "journal/entries", "journal/entries", Some(entry("2026-02-01", "a")), 409),
            ("GET", "journal/entries/{id}", "journal/entries/1", None, 200),
            ("GET", "journal/entries", "journal/entries?external_id=a", None, 200),
            ("GET", "journals/{journal}/{fiscal_year}/{number}", "journals/GJ/2026/1", None, 200),
            ("POST", "journal/entries/{id}/reverse", "journal/entries/1/reverse", Some(json!({})), 200),
            ("POST", "journal/entries/{id}/reverse", "journal/entries/1/reverse", Some(json!({})), 409),
            ("POST", "periods/{code}/close", "periods/2026-02/close", None, 200),
            ("POST", "journal/entries", "journal/entries", Some(entry("2026-02-02", "b")), 409),
            ("POST", "journal/drafts", "journal/drafts", Some(entry("2026-02-02", "b")), 200),
            ("GET", "journal/drafts/{id}", "journal/drafts/1", None, 200),
            ("DELETE", "journal/drafts/{id}", "journal/drafts/1?version=1", None, 204),
            ("GET", "reports/trial-balance", "reports/trial-balance?period=2026", None, 200),
            ("GET", "reports/trial-balance", "reports/trial-balance?as_of=2026-02-30", None, 400),
            ("GET", "accounts/{account}/ledger", "accounts/1010/ledger?as_of=2026-12-31", None, 200),
            ("GET", "accounts/{account}/balance", "accounts/1010/balance?as_of=2026-12-31", None, 200),
            ("GET", "reports/balance-sheet", "reports/balance-sheet?as_of=2026-12-31", None, 200),
            ("GET", "reports/profit-and-loss", "reports/profit-and-loss?as_of=2026-12-31", None, 200),
            ("GET", "settings", "settings", None, 200),
            ("GET", "templates", "templates", None, 200),
            ("GET", "fiscal-years", "fiscal-years", None, 200),
        ] {
            let mut request = Request::new(method, &path(target)).token(&client.token);
            if let Some(input) = &input {
                request = request.json(input.to_string());
            }
            let answer = request.send(&url).answer;
            assert_eq!(answer.status, status, "{method} {target}: {answer:?}");
            let mismatch = document.mismatch(method, &path(template), input.as_ref(), &answer);
            assert_eq!(mismatch, None, "{method} {target} -> {answer:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_and_health_are_served_to_anybody_and_load_nothing_from_elsewhere() {
    let host = TestHost::start(&[ACCOUNTING]).await;
    let url = host.url.clone();
    blocking(move || {
        for target in ["/docs", "/", "/healthz", "/readyz"] {
            let reply = Request::new("GET", target).send(&url);
            assert_eq!(reply.answer.status, 200, "{target}: {reply:?}");
            let text = match &reply.answer.body {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let elsewhere = ["src=\"http", "href=\"http", "url(http", "@import", "//cdn"];
            assert!(elsewhere.iter().all(|link| !text.contains(link)), "{target} loads something from elsewhere");
        }
        let reply = Request::new("GET", "/docs").send(&url);
        assert!(reply.header("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'")));
        let nobody = Client::new(&url, "nobody").get_now("/openapi.json").unwrap();
        assert_eq!((nobody.status, nobody.code()), (401, "unauthenticated"));
    })
    .await;
}
