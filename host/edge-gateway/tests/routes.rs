// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which request leads where, and who may: every route of the host and of a tenant, with its denial beside it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use edge_gateway::{Access, HOST_ROUTES, Progress};
use std::sync::atomic::Ordering;
use support::client::{Answer, Draft};
use support::{EXPIRED, HOMELESS, OTHER, POWERLESS, Running, TOKEN, call, request_id, tenant};

/// The status and, where it is a problem, its code.
fn outcome(answer: &Answer) -> String {
    let problem = answer.header("content-type") == Some("application/problem+json");
    if problem { format!("{} {}", answer.status, answer.problem()) } else { answer.status.to_string() }
}

async fn check(gateway: &Running, draft: &Draft, expected: &str) -> Answer {
    let answer = gateway.send(draft).await;
    assert_eq!(outcome(&answer), expected, "{draft:?} {:?}", String::from_utf8_lossy(&answer.body));
    assert!(answer.header("x-request-id").is_some(), "{draft:?}");
    answer
}

/// A ratchet: whoever adds a route of the host has to say here what those hear who may not see it.
#[tokio::test]
async fn every_route_of_the_host_is_open_or_denied_as_it_says() {
    let gateway = Running::start().await;
    for route in HOST_ROUTES {
        let path = route.path.replace("{id}", "some-request");
        let (open, denied) = match route.path {
            "/" | "/healthz" | "/readyz" | "/docs" => ("200", None),
            "/openapi.json" => ("200", Some("401 unauthenticated")),
            "/api/_requests/{id}/progress" => ("404 unknown-request", Some("401 unauthenticated")),
            other => panic!("`{other}` has no test of its denial: write it here"),
        };
        assert_eq!(route.access == Access::Caller, denied.is_some(), "{path}");
        check(&gateway, &Draft::new("GET", &path).token(TOKEN), open).await;
        check(&gateway, &Draft::new("GET", &path), denied.unwrap_or(open)).await;
        for token in [EXPIRED, HOMELESS, "unknown"] {
            check(&gateway, &Draft::new("GET", &path).token(token), denied.unwrap_or(open)).await;
        }
        if denied.is_none() {
            check(&gateway, &Draft::new("POST", &path), "405 method-not-allowed").await;
            let options = check(&gateway, &Draft::new("OPTIONS", &path), "204").await;
            assert_eq!(options.header("allow"), Some("GET, HEAD, OPTIONS"));
        } else {
            check(&gateway, &Draft::new("POST", &path), "401 unauthenticated").await;
            check(&gateway, &Draft::new("POST", &path).token(TOKEN), "405 method-not-allowed").await;
        }
        let (get, head) =
            (gateway.send(&Draft::new("GET", &path)).await, gateway.send(&Draft::new("HEAD", &path)).await);
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
}

/// The same for every route of every operation, derived or of the manifest.
#[tokio::test]
async fn every_route_of_a_tenant_is_denied_to_all_but_its_callers() {
    let gateway = Running::start().await;
    let contract = support::contract::sample();
    let mut routes: Vec<(String, String)> = contract
        .operations()
        .map(|each| ("POST".into(), format!("/api/sample/v1/{}", each.name.as_str().replace('.', "/"))))
        .collect();
    for operation in contract.operations() {
        if let Some(rest) = support::contract::rest(operation.name.as_str()) {
            let path = rest.path.replace("{entry-id}", "7").replace("{entry_id}", "7").replace("{name}", "x");
            routes.push((rest.method.to_string(), format!("/api/sample/v1{path}")));
        }
    }
    let served = gateway.host.routes();
    assert_eq!(routes.len(), served.len(), "{served:?}");
    for (method, path) in &routes {
        let draft = Draft::new(method, path);
        let challenge = check(&gateway, &draft, "401 unauthenticated").await;
        assert!(challenge.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")));
        for token in [EXPIRED, HOMELESS, "unknown"] {
            check(&gateway, &draft.clone().token(token), "401 unauthenticated").await;
        }
        check(&gateway, &draft.clone().token(POWERLESS), "403 permission-denied").await;
        check(&gateway, &draft.clone().token(OTHER), "404 unknown-route").await;
        let twice = draft.clone().token(TOKEN).token(TOKEN);
        check(&gateway, &twice, "400 malformed-header").await;
        let basic = draft.clone().header("Authorization", format!("Basic {TOKEN}"));
        check(&gateway, &basic, "401 unauthenticated").await;
    }
    assert_eq!(gateway.called(), Vec::<String>::new());
}

#[tokio::test]
async fn unknown_routes_name_the_nearest_to_callers_only() {
    let gateway = Running::start().await;
    let path = "/api/sample/v1/calls/great";
    let answer = check(&gateway, &Draft::new("POST", path).token(TOKEN), "404 unknown-route").await;
    assert!(answer.text().contains("`/api/sample/v1/calls/greet`"), "{}", answer.text());
    let other = check(&gateway, &Draft::new("POST", path).token(OTHER), "404 unknown-route").await;
    assert!(!other.text().contains("greet`"), "{}", other.text());
    check(&gateway, &Draft::new("POST", path), "401 unauthenticated").await;
    let outside = check(&gateway, &Draft::new("GET", "/openapi.jsn"), "404 unknown-route").await;
    assert!(!outside.text().contains("openapi.json"), "{}", outside.text());
    let known = check(&gateway, &Draft::new("GET", "/openapi.jsn").token(TOKEN), "404 unknown-route").await;
    assert!(known.text().contains("`/openapi.json`"), "{}", known.text());
    for path in [
        "/api",
        "/api/",
        "/api/sample",
        "/api/sample/v1/calls/greet/",
        "/api/sample/v1//calls/greet",
        "/api/sample/v2/calls/greet",
        "/api/sample/v1/calls/../calls/greet",
        "/api/sample/v1/calls/%2e%2e/calls/greet",
        "/api/sample/v1/calls%2Fgreet",
        "/api/Sample/v1/calls/greet",
        "/api/sample/v1/calls/greet%00",
        "/api/_requests/x",
        "//healthz",
        "/healthz/",
        "/favicon.ico",
    ] {
        check(&gateway, &Draft::new("POST", path).token(TOKEN), "404 unknown-route").await;
    }
    check(&gateway, &Draft::new("POST", "/api/sample/v1/calls/%67reet").token(TOKEN).json(r#"{"name": "x"}"#), "200")
        .await;
    let script = "/api/<script>alert(1)</script>".replace(['<', '>'], "");
    check(&gateway, &Draft::new("GET", &script).token(TOKEN), "404 unknown-route").await;
    let long = format!("/api/{}", "x".repeat(5_000));
    let answer = check(&gateway, &Draft::new("GET", &long).token(TOKEN), "404 unknown-route").await;
    assert!(answer.body.len() < 1_000, "the path is quoted in part only");
}

#[tokio::test]
async fn methods_are_as_the_route_says() {
    let gateway = Running::start().await;
    let entries = |method: &str| Draft::new(method, "/api/sample/v1/entries/7").token(TOKEN);
    let refused = check(&gateway, &entries("PATCH"), "405 method-not-allowed").await;
    assert_eq!(refused.header("allow"), Some("DELETE, GET, HEAD, OPTIONS, PUT"));
    let options = check(&gateway, &entries("OPTIONS"), "204").await;
    assert_eq!(options.header("allow"), Some("DELETE, GET, HEAD, OPTIONS, PUT"));
    assert_eq!(options.header("access-control-allow-origin"), None);
    check(&gateway, &entries("BREW"), "405 method-not-allowed").await;
    let get = Draft::new("GET", "/api/sample/v1/calls/greet").token(TOKEN);
    let refused = check(&gateway, &get, "405 method-not-allowed").await;
    assert_eq!(refused.header("allow"), Some("OPTIONS, POST"));
    let head = check(&gateway, &entries("HEAD"), "200").await;
    assert_eq!(head.body.len(), 0);
    let preflight = entries("OPTIONS").header("Origin", "null").header("Access-Control-Request-Method", "PUT");
    let answer = check(&gateway, &preflight, "204").await;
    assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("access-control")), "{answer:?}");
}

#[tokio::test]
async fn headers_are_read_strictly() {
    let gateway = Running::start().await;
    let greet = || Draft::new("POST", "/api/sample/v1/calls/greet").token(TOKEN);
    let body = r#"{"name": "Ada"}"#;
    check(&gateway, &greet().bytes(body), "415 unsupported-media-type").await;
    for media in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=utf-16",
        "*/*",
    ] {
        check(&gateway, &greet().header("Content-Type", media).bytes(body), "415 unsupported-media-type").await;
    }
    check(&gateway, &greet().json(body).header("Content-Encoding", "gzip"), "415 unsupported-media-type").await;
    check(&gateway, &greet().json(body).header("Content-Type", "application/json"), "400 malformed-header").await;
    check(&gateway, &greet().json(body).header("X-Request-Timeout-Ms", "soon"), "400 malformed-header").await;
    check(&gateway, &greet().json(body).header("X-Request-Timeout-Ms", "0"), "400 malformed-header").await;
    let twice = greet().json(body).header("X-Request-Timeout-Ms", "1000").header("X-Request-Timeout-Ms", "1000");
    check(&gateway, &twice, "400 malformed-header").await;
    check(&gateway, &greet().json(body).header("Accept", "text/html"), "200").await;
    let own = check(&gateway, &greet().json(body).header("X-Request-Id", "a.b:c-d_e"), "200").await;
    assert_eq!(own.header("x-request-id"), Some("a.b:c-d_e"));
    let replaced = check(&gateway, &greet().json(body).header("X-Request-Id", "a b"), "200").await;
    assert_eq!(replaced.header("x-request-id").map(str::len), Some(36));
    let problem = check(&gateway, &greet().json("{").header("X-Request-Id", "my-id"), "400 invalid-input").await;
    assert_eq!(problem.json()["request_id"], "my-id");
}

#[tokio::test]
async fn readiness_follows_the_host() {
    let gateway = Running::start().await;
    check(&gateway, &Draft::new("GET", "/readyz"), "200").await;
    gateway.host.unready.store(true, Ordering::SeqCst);
    let answer = check(&gateway, &Draft::new("GET", "/readyz"), "503 unavailable").await;
    assert!(answer.text().contains("migrations run") && answer.header("retry-after").is_some());
    check(&gateway, &Draft::new("GET", "/healthz"), "200").await;
}

#[tokio::test]
async fn progress_is_told_within_the_tenant_only() {
    let gateway = Running::start().await;
    let progress = Progress { done: 4_000, total: Some(10_000), unit: "entries".into() };
    gateway.host.progress.lock().unwrap().insert((tenant("demo"), request_id("import:1")), progress);
    let draft = Draft::new("GET", "/api/_requests/import:1/progress");
    let answer = check(&gateway, &draft.clone().token(TOKEN), "200").await;
    assert_eq!(answer.text(), r#"{"done":4000,"total":10000,"unit":"entries"}"#);
    let encoded = Draft::new("GET", "/api/_requests/import%3A1/progress").token(TOKEN);
    check(&gateway, &encoded, "200").await;
    check(&gateway, &draft.clone().token(OTHER), "404 unknown-request").await;
    check(&gateway, &draft, "401 unauthenticated").await;
    for (id, expected) in [("other", "404 unknown-request"), ("%zz", "400 malformed-path"), ("", "404 unknown-request")]
    {
        check(&gateway, &Draft::new("GET", &format!("/api/_requests/{id}/progress")).token(TOKEN), expected).await;
    }
}

#[tokio::test]
async fn the_openapi_document_is_that_of_the_callers_tenant() {
    let gateway = Running::start().await;
    let document = check(&gateway, &Draft::new("GET", "/openapi.json").token(TOKEN), "200").await.json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{document}");
    for (method, path) in gateway.host.routes() {
        let path = path.replace("entry-id", "entry_id");
        assert!(
            document["paths"][&path][method.to_lowercase()].is_object(),
            "{method} {path} in {}",
            document["paths"]
        );
    }
    let other = check(&gateway, &Draft::new("GET", "/openapi.json").token(OTHER), "200").await.json();
    let operations = other["paths"]
        .as_object()
        .map_or(0, |paths| paths.keys().filter(|path| path.starts_with("/api/sample")).count());
    assert_eq!(operations, 0, "{other}");
}

#[tokio::test]
async fn pages_are_whole_and_protected() {
    let gateway = Running::start().await;
    for (path, title) in [("/", "<title>Cortex</title>"), ("/docs", "<title>Cortex API</title>")] {
        let page = check(&gateway, &Draft::new("GET", path), "200").await;
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.text().contains(title));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    }
}

#[tokio::test]
async fn another_tenants_component_cannot_be_told_from_none() {
    let gateway = Running::start().await;
    let there = gateway.send(&call("calls/greet", "{}").header("X-Request-Id", "same")).await;
    assert_eq!(outcome(&there), "400 invalid-input");
    let mut seen = Vec::new();
    for path in ["/api/sample/v1/calls/greet", "/api/absent/v1/calls/greet"] {
        let draft = Draft::new("POST", path).token(OTHER).header("X-Request-Id", "same").json("{}");
        let answer = check(&gateway, &draft, "404 unknown-route").await;
        seen.push(answer.text().replace("sample", "absent"));
    }
    assert_eq!(seen.first(), seen.last());
}
