// SPDX-License-Identifier: MIT OR Apache-2.0
//! Requests byte by byte, as no client library would send them.

use crate::client::Answer;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// A request that is written as it stands.
#[derive(Clone, Debug)]
pub struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    length: bool,
    breaks_off: bool,
}

impl Request {
    /// A request with this method and target and nothing else.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        let line = format!("{method} {target} HTTP/1.1");
        Self { line, headers: vec![("Host".into(), "test".into())], body: Vec::new(), length: true, breaks_off: false }
    }

    /// Adds a header; the same one can be added twice.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds the header of a bearer token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// Sets a body of JSON.
    #[must_use]
    pub fn json(self, body: impl Into<Vec<u8>>) -> Self {
        self.header("Content-Type", "application/json").body(body)
    }

    /// Sets the body alone.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Leaves the length of the body unsaid.
    #[must_use]
    pub const fn without_length(mut self) -> Self {
        self.length = false;
        self
    }

    /// Breaks off after the body, however long it was said to be.
    #[must_use]
    pub const fn breaking_off(mut self) -> Self {
        self.breaks_off = true;
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.line);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.length && !self.body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        text.push_str("Connection: close\r\n\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends it on a connection of its own and reads the answer.
    #[must_use]
    pub fn send(&self, url: &str) -> Reply {
        exchange(url, &self.bytes(), self.breaks_off)
    }
}

/// An answer with its headers.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status and body; status 0 where the connection was closed without an answer.
    pub answer: Answer,
    headers: Vec<(String, String)>,
}

impl Reply {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The faults that a problem lists, as `pointer code`.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let listed = self.answer.body["errors"].as_array().into_iter().flatten();
        let text = |fault: &Value, key: &str| fault[key].as_str().unwrap_or_default().to_owned();
        listed.map(|fault| format!("{} {}", text(fault, "pointer"), text(fault, "code"))).collect()
    }
}

/// Sends bytes on a connection of their own, says that no more come where it `breaks_off`, and reads until the host closes.
#[must_use]
pub fn exchange(url: &str, bytes: &[u8], breaks_off: bool) -> Reply {
    let address = url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("the host listens");
    // A host that has heard enough may close before all is written.
    let _ = stream.write_all(bytes);
    if breaks_off {
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
    let mut received = Vec::new();
    let _ = stream.read_to_end(&mut received);
    parse(&received)
}

fn parse(received: &[u8]) -> Reply {
    let end = received.windows(4).position(|part| part == b"\r\n\r\n");
    let Some(end) = end else { return Reply { answer: Answer { status: 0, body: Value::Null }, headers: Vec::new() } };
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let headers: Vec<_> = lines.filter_map(header).collect();
    let text = String::from_utf8_lossy(&received[end + 4..]).into_owned();
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
    Reply { answer: Answer { status: status.unwrap_or(0), body }, headers }
}
