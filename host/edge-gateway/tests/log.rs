// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the gateway writes into the log: one line for each request, the reason of each failure under the request id, and
//! nothing that is secret.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::Value;
use std::io::Write;
use std::sync::{Arc, Mutex};
use support::client::{Connection, Draft};
use support::contract::SECRET;
use support::{Running, TOKEN, call};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines of a target about a request.
    fn about(&self, target: &str, request_id: &str) -> Vec<Value> {
        let lines = self.text();
        let values = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        values.filter(|line| line["target"] == target && line["fields"]["request_id"] == request_id).collect()
    }
}

/// The runtime of these tests has one thread, so that the subscriber of the thread sees everything.
fn listen() -> (Lines, tracing::subscriber::DefaultGuard) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE).with_writer(lines.clone());
    (lines, tracing::subscriber::set_default(subscriber.finish()))
}

#[tokio::test]
async fn each_request_has_one_line_and_secrets_have_none() {
    let (lines, _guard) = listen();
    let gateway = Running::start().await;
    let secret = "SECRET-in-the-body";
    let cases = [
        (
            call("calls/greet", &format!(r#"{{"name": "{secret}"}}"#)),
            "INFO",
            200,
            Value::Null,
            "/api/sample/v1/calls/greet",
        ),
        (call("calls/greet", secret), "INFO", 400, "invalid-input".into(), "/api/sample/v1/calls/greet"),
        (
            Draft::new("GET", &format!("/api/sample/v1/entries?text={secret}")).token(TOKEN),
            "INFO",
            200,
            Value::Null,
            "/api/sample/v1/entries",
        ),
        (
            Draft::new("GET", &format!("/api/sample/v1/entries/by-name/{secret}")).token(TOKEN),
            "INFO",
            200,
            Value::Null,
            "/api/sample/v1/entries/by-name/{name}",
        ),
        (Draft::new("GET", &format!("/{secret}")), "INFO", 404, "unknown-route".into(), "-"),
        (
            call("calls/fail", r#"{"how": "trap"}"#),
            "ERROR",
            500,
            "component-failed".into(),
            "/api/sample/v1/calls/fail",
        ),
        (Draft::new("GET", "/healthz"), "INFO", 200, Value::Null, "/healthz"),
    ];
    for (number, (draft, level, status, problem, route)) in cases.into_iter().enumerate() {
        let id = format!("request-{number}");
        let answer = gateway.send(&draft.clone().header("X-Request-Id", &id)).await;
        assert_eq!(answer.status, status, "{draft:?}");
        let about = lines.about("cortex::access", &id);
        let [line] = about.as_slice() else { panic!("not one line: {about:?}") };
        assert_eq!((&line["level"], &line["fields"]["status"]), (&level.into(), &status.into()), "{line}");
        assert_eq!((&line["fields"]["problem"], &line["fields"]["route"]), (&problem, &route.into()), "{line}");
        assert!(line["fields"]["duration_us"].is_u64(), "{line}");
        let known = draft.headers.iter().any(|(name, _)| name == "Authorization");
        assert_eq!(line["fields"]["tenant"], if known { "demo" } else { "-" }, "{line}");
    }
    let text = lines.text();
    assert!(!text.contains(secret), "{text}");
    assert!(!text.contains(TOKEN), "{text}");
}

#[tokio::test]
async fn the_reason_of_a_failure_stands_under_the_request_id() {
    let (lines, _guard) = listen();
    let gateway = Running::start().await;
    for how in ["trap", "panic", "transact-unavailable"] {
        let answer =
            gateway.send(&call("calls/fail", &format!(r#"{{"how": "{how}"}}"#)).header("X-Request-Id", how)).await;
        assert!(!answer.text().contains(SECRET));
        let about = lines.about("cortex::fault", how);
        assert!(about.iter().any(|line| line.to_string().contains(SECRET)), "{how}: {about:?}");
    }
}

#[tokio::test]
async fn an_abandoned_request_has_a_line_too() {
    let (lines, _guard) = listen();
    let gateway = Running::start().await;
    let mut connection = Connection::open(gateway.address).await;
    connection.send(call("calls/wait", "").header("X-Request-Id", "gone").encode()).await;
    gateway.host.waiting.notified().await;
    drop(connection);
    gateway.host.dropped.notified().await;
    // The call is dropped just before its request; a further answer comes after both.
    assert_eq!(gateway.send(&Draft::new("GET", "/healthz")).await.status, 200);
    let about = lines.about("cortex::access", "gone");
    let [line] = about.as_slice() else { panic!("not one line: {about:?}") };
    assert_eq!(line["fields"]["message"], "abandoned");
}
