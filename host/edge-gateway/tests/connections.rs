// SPDX-License-Identifier: MIT OR Apache-2.0
//! Connections and bodies: slow, broken, huge, pipelined, cut off.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use edge_gateway::Settings;
use kernel_types::Limits;
use support::client::{Answer, Connection, Draft};
use support::{Running, TOKEN, call};

const GREET: &str = r#"{"name": "Ada"}"#;

fn greet() -> Draft {
    call("calls/greet", GREET)
}

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::DEFAULT;
    change(&mut limits);
    limits
}

#[track_caller]
fn expect(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.problem().as_str()), (status, code), "{answer:?}");
}

/// A POST to `greet` whose head is as given and whose body is whatever follows.
fn head(headers: &str) -> String {
    format!(
        "POST /api/sample/v1/calls/greet HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n{headers}\r\n"
    )
}

#[tokio::test]
async fn a_connection_serves_request_after_request_and_pipelined_ones_in_order() {
    let gateway = Running::start().await;
    let mut connection = Connection::open(gateway.address).await;
    for _ in 0..3 {
        connection.send(greet().encode()).await;
        assert_eq!(connection.answer().await.unwrap().status, 200);
    }
    let names: Vec<String> = (0..20).map(|n| format!("n{n}")).collect();
    let mut pipeline = Vec::new();
    for name in &names {
        pipeline.extend(call("calls/greet", &format!(r#"{{"name": "{name}"}}"#)).header("X-Request-Id", name).encode());
    }
    connection.send(pipeline).await;
    for name in &names {
        let answer = connection.answer().await.unwrap();
        assert_eq!(answer.header("x-request-id"), Some(name.as_str()));
        assert_eq!(answer.json(), format!("hello {name}"));
    }
    // A refusal does not end the connection.
    connection.send(call("calls/greet", "{}").encode()).await;
    expect(&connection.answer().await.unwrap(), 400, "invalid-input");
    connection.send(greet().encode()).await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
    connection.send(greet().header("Connection", "close").encode()).await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
    assert!(connection.ended().await);
}

#[tokio::test]
async fn what_is_no_request_gets_a_bare_refusal_and_the_host_goes_on() {
    let gateway = Running::start().await;
    let huge = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    let fields = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(65));
    let uri = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(70_000));
    let cases: &[(&[u8], u16)] = &[
        (b"nonsense\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nName with space: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: a\r\n folded\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (huge.as_bytes(), 431),
        (fields.as_bytes(), 431),
        (uri.as_bytes(), 431),
    ];
    for (bytes, status) in cases {
        let mut connection = Connection::open(gateway.address).await;
        connection.send_some(bytes).await;
        let answer = connection.answer().await;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
        assert_eq!(answer.map(|answer| (answer.status, answer.body.len())), Some((*status, 0)), "{shown}");
    }
    assert_eq!(gateway.call("calls/greet", GREET).await.status, 200);
}

#[tokio::test]
async fn bodies_are_read_whole_however_they_are_framed() {
    let gateway = Running::start().await;
    let chunked = format!(
        "{}5\r\n{{\"nam\r\n1;ext=1\r\ne\r\n9\r\n\": \"Ada\"}}\r\n0\r\nTrailer: x\r\n\r\n",
        head("Transfer-Encoding: chunked\r\n")
    );
    let mut connection = Connection::open(gateway.address).await;
    connection.send(&chunked).await;
    assert_eq!(connection.answer().await.unwrap().json(), "hello Ada");
    // The two framings together: chunks count, the length does not (RFC 9112, section 6.3).
    connection.send(chunked.replace("Transfer-", "Content-Length: 3\r\nTransfer-")).await;
    assert_eq!(connection.answer().await.unwrap().json(), "hello Ada");
    // Byte by byte.
    let mut connection = Connection::open(gateway.address).await;
    for byte in greet().encode() {
        connection.send([byte]).await;
    }
    assert_eq!(connection.answer().await.unwrap().json(), "hello Ada");
    // Long, in many pieces.
    let long = "x".repeat(900_000);
    let answer = gateway.call("calls/greet", &format!(r#"{{"name": "{long}"}}"#)).await;
    assert_eq!(answer.json(), format!("hello {long}"));
    // The client waits to be asked.
    let mut connection = Connection::open(gateway.address).await;
    connection.send(head(&format!("Expect: 100-continue\r\nContent-Length: {}\r\n", GREET.len()))).await;
    connection.send(GREET).await;
    assert_eq!(connection.answer().await.unwrap().json(), "hello Ada");
}

#[tokio::test]
async fn broken_bodies_are_refused() {
    let gateway = Running::start().await;
    let cut = [head("Transfer-Encoding: chunked\r\n") + "5\r\n{\"nam\r\n", head("Content-Length: 1000\r\n") + GREET];
    for text in cut {
        let mut connection = Connection::open(gateway.address).await;
        connection.send(&text).await;
        connection.finish().await;
        // Who ends the connection early is not owed an answer; who gets one is told why.
        if let Some(answer) = connection.answer().await {
            expect(&answer, 400, "malformed-body");
        }
    }
    for chunks in ["zz\r\n", "-1\r\n", "5\r\nabcdefgh\r\n", "ffffffffffffffffff\r\n"] {
        let mut connection = Connection::open(gateway.address).await;
        connection.send(head("Transfer-Encoding: chunked\r\n") + chunks).await;
        expect(&connection.answer().await.unwrap(), 400, "malformed-body");
    }
    // A length that is too short cuts the JSON; what follows is no request.
    let mut connection = Connection::open(gateway.address).await;
    connection.send(head("Content-Length: 5\r\n") + GREET).await;
    expect(&connection.answer().await.unwrap(), 400, "invalid-input");
    assert_eq!(connection.answer().await.map(|answer| answer.status), Some(400));
    assert_eq!(gateway.called(), Vec::<String>::new());
}

#[tokio::test]
async fn huge_bodies_are_refused_and_the_refusal_arrives() {
    let gateway = Running::with(Settings::default(), limits(|l| l.argument_bytes_max = 1_000)).await;
    let fits = format!(r#"{{"name": "{}"}}"#, "x".repeat(988));
    assert_eq!(fits.len(), 1_000);
    assert_eq!(gateway.call("calls/greet", &fits).await.status, 200);
    let over = gateway.call("calls/greet", &fits.replace(' ', "  ")).await;
    expect(&over, 413, "body-too-large");
    assert!(over.text().contains("`argument-bytes-max`") && over.text().contains("1000 bytes"), "{}", over.text());
    // Announced, and sent without waiting: the answer must not be lost in the reset of the connection.
    let huge = format!(r#"{{"name": "{}"}}"#, "x".repeat(8_000_000));
    let answer = gateway.call("calls/greet", &huge).await;
    expect(&answer, 413, "body-too-large");
    assert_eq!(answer.header("connection"), Some("close"));
    // Not announced.
    let mut connection = Connection::open(gateway.address).await;
    connection.send(head("Transfer-Encoding: chunked\r\n")).await;
    for _ in 0..200 {
        connection.send_some(format!("10000\r\n{}\r\n", "x".repeat(0x10000))).await;
    }
    expect(&connection.answer().await.unwrap(), 413, "body-too-large");
    // Announced with more than there is memory for; refused by its head alone.
    let mut connection = Connection::open(gateway.address).await;
    connection.send(head("Expect: 100-continue\r\nContent-Length: 1000000000000\r\n")).await;
    expect(&connection.answer().await.unwrap(), 413, "body-too-large");
    assert_eq!(gateway.called().len(), 1);
}

#[tokio::test]
async fn the_hosts_own_limit_stands_above_that_of_the_operation() {
    let settings = Settings { body_bytes_max: 100, ..Settings::default() };
    let gateway = Running::with(settings, Limits::DEFAULT).await;
    let answer = gateway.call("calls/greet", &format!(r#"{{"name": "{}"}}"#, "x".repeat(100))).await;
    expect(&answer, 413, "body-too-large");
    assert!(answer.text().contains("`body-bytes-max`"), "{}", answer.text());
}

#[tokio::test]
async fn all_bodies_together_stay_within_the_memory_set_aside() {
    let settings = Settings { body_bytes_in_flight_max: 100_000, ..Settings::default() };
    let gateway = Running::with(settings, Limits::DEFAULT).await;
    let long = format!(r#"{{"name": "{}"}}"#, "x".repeat(60_000));
    let mut first = Connection::open(gateway.address).await;
    // All but the last byte: it holds its share until it is done.
    first.send(head(&format!("Content-Length: {}\r\n", long.len())) + &long[..long.len() - 1]).await;
    let mut second = gateway.call("calls/greet", &long).await;
    while second.status == 200 {
        // The first was not read yet.
        second = gateway.call("calls/greet", &long).await;
    }
    expect(&second, 503, "busy");
    assert_eq!(second.header("retry-after"), Some("1"));
    assert_eq!(gateway.call("calls/greet", GREET).await.status, 200, "short bodies are not counted");
    first.send(&long[long.len() - 1..]).await;
    assert_eq!(first.answer().await.unwrap().status, 200);
    assert_eq!(gateway.call("calls/greet", &long).await.status, 200, "the share was given back");
}

#[tokio::test]
async fn slow_and_idle_connections_end() {
    let settings = Settings { head_ms_max: 100, ..Settings::default() };
    let gateway = Running::with(settings, Limits::DEFAULT).await;
    let mut silent = Connection::open(gateway.address).await;
    assert!(silent.ended().await, "nothing came in time");
    let mut slow = Connection::open(gateway.address).await;
    slow.send("GET /healthz HTTP/1.1\r\nHost:").await;
    assert!(slow.answer().await.is_none(), "the head came too slowly");
    // On a busy machine even this request may come too late; then it is sent again.
    loop {
        let mut idle = Connection::open(gateway.address).await;
        idle.send_some(greet().encode()).await;
        if let Some(answer) = idle.answer().await {
            assert_eq!(answer.status, 200);
            assert!(idle.ended().await, "the connection was idle for too long");
            break;
        }
    }
}

#[tokio::test]
async fn a_body_that_trickles_is_refused() {
    let settings = Settings { body_ms_max: 100, ..Settings::default() };
    let gateway = Running::with(settings, Limits::DEFAULT).await;
    let mut trickle = Connection::open(gateway.address).await;
    trickle.send(head("Content-Length: 1000\r\n") + "{").await;
    expect(&trickle.answer().await.unwrap(), 408, "body-timeout");
    assert_eq!(gateway.called(), Vec::<String>::new());
}

#[tokio::test]
async fn a_deadline_ends_what_hangs() {
    let gateway = Running::with(Settings::default(), limits(|l| l.wall_ms_max = 50)).await;
    let abandoned = gateway.call("calls/hang", "").await;
    expect(&abandoned, 504, "deadline-exceeded");
    assert!(abandoned.text().contains("whether it took effect is not known"), "{}", abandoned.text());
    let gateway = Running::start().await;
    let impatient = call("calls/hang", "").header("X-Request-Timeout-Ms", "50");
    expect(&gateway.send(&impatient).await, 504, "deadline-exceeded");
    assert_eq!(gateway.call("calls/greet", GREET).await.status, 200);
}

#[tokio::test]
async fn a_client_that_goes_away_takes_its_call_with_it() {
    let gateway = Running::start().await;
    let mut connection = Connection::open(gateway.address).await;
    connection.send(call("calls/wait", "").encode()).await;
    gateway.host.waiting.notified().await;
    drop(connection);
    gateway.host.dropped.notified().await;
    // Its place is free again, and the host goes on.
    assert_eq!(gateway.call("calls/greet", GREET).await.status, 200);
}

#[tokio::test]
async fn a_panic_is_one_requests_own_misfortune() {
    let gateway = Running::start().await;
    let mut connection = Connection::open(gateway.address).await;
    for _ in 0..3 {
        connection.send(call("calls/fail", r#"{"how": "panic"}"#).encode()).await;
        expect(&connection.answer().await.unwrap(), 500, "internal");
        connection.send(greet().encode()).await;
        assert_eq!(connection.answer().await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_long_answer_arrives_whole_before_the_connection_ends() {
    let gateway = Running::start().await;
    let draft = call("calls/long", r#"{"bytes": 5000000}"#).header("Connection", "close");
    let answer = gateway.send(&draft).await;
    assert_eq!((answer.status, answer.body.len()), (200, 5_000_002));
}
