// SPDX-License-Identifier: MIT OR Apache-2.0
//! How much the gateway takes on at a time, and how it stops.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use edge_gateway::{Drained, Settings};
use kernel_types::Limits;
use support::client::{Answer, Connection, Draft};
use support::{Running, call};

const GREET: &str = r#"{"name": "Ada"}"#;

fn greet() -> Draft {
    call("calls/greet", GREET)
}

#[track_caller]
fn expect(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.problem().as_str()), (status, code), "{answer:?}");
}

#[tokio::test]
async fn connections_are_bounded() {
    let settings = Settings { connections_max: 2, ..Settings::default() };
    let gateway = Running::with(settings, Limits::DEFAULT).await;
    let (mut one, mut two) = (Connection::open(gateway.address).await, Connection::open(gateway.address).await);
    for connection in [&mut one, &mut two] {
        connection.send(greet().encode()).await;
        assert_eq!(connection.answer().await.unwrap().status, 200);
    }
    let mut three = Connection::open(gateway.address).await;
    three.send_some(greet().encode()).await;
    let refused = three.answer().await.unwrap();
    expect(&refused, 503, "busy");
    assert_eq!((refused.header("retry-after"), refused.header("connection")), (Some("1"), Some("close")));
    drop(one);
    // Its place is free as soon as its end is seen.
    loop {
        let mut next = Connection::open(gateway.address).await;
        next.send_some(greet().encode()).await;
        match next.answer().await.unwrap().status {
            200 => break,
            status => assert_eq!(status, 503),
        }
    }
}

#[tokio::test]
async fn requests_in_flight_are_bounded_for_the_host_and_for_each_tenant() {
    for (settings, status, code) in [
        (Settings { requests_in_flight_max: 1, ..Settings::default() }, 503, "busy"),
        (Settings { tenant_requests_in_flight_max: 1, ..Settings::default() }, 429, "too-many-requests"),
    ] {
        let gateway = Running::with(settings, Limits::DEFAULT).await;
        let mut first = Connection::open(gateway.address).await;
        first.send(call("calls/wait", "").encode()).await;
        gateway.host.waiting.notified().await;
        let refused = gateway.call("calls/greet", GREET).await;
        expect(&refused, status, code);
        assert_eq!(refused.header("retry-after"), Some("1"));
        let other = Draft::new("POST", "/api/sample/v1/calls/greet").token(support::OTHER);
        let (expected, code) = if status == 429 { (404, "unknown-route") } else { (503, "busy") };
        expect(&gateway.send(&other).await, expected, code);
        assert_eq!(gateway.send(&Draft::new("GET", "/healthz")).await.status, 200, "the host still says that it lives");
        gateway.host.proceed.notify_one();
        assert_eq!(first.answer().await.unwrap().status, 200);
        assert_eq!(gateway.call("calls/greet", GREET).await.status, 200);
    }
}

#[tokio::test]
async fn stopping_lets_requests_end_and_accepts_no_more() {
    let mut gateway = Running::start().await;
    let mut idle = Connection::open(gateway.address).await;
    idle.send(greet().encode()).await;
    assert_eq!(idle.answer().await.unwrap().status, 200);
    let mut busy = Connection::open(gateway.address).await;
    busy.send(call("calls/wait", "").encode()).await;
    gateway.host.waiting.notified().await;
    gateway.stop();
    assert!(idle.ended().await, "an idle connection ends at once");
    assert!(tokio::net::TcpStream::connect(gateway.address).await.is_err(), "nothing more is accepted");
    gateway.host.proceed.notify_one();
    let answer = busy.answer().await.unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert_eq!(gateway.drained().await, Drained::Completely);
}

#[tokio::test]
async fn stopping_cuts_what_does_not_end() {
    let settings = Settings { drain_ms_max: 50, ..Settings::default() };
    let gateway = Running::with(settings, Limits::DEFAULT).await;
    let host = std::sync::Arc::clone(&gateway.host);
    let mut busy = Connection::open(gateway.address).await;
    busy.send(call("calls/wait", "").encode()).await;
    host.waiting.notified().await;
    assert_eq!(gateway.drained().await, Drained::Cut(1));
    host.dropped.notified().await;
    assert!(busy.answer().await.is_none());
}
