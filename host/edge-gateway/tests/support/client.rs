// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small HTTP/1.1 client that sends exactly the bytes it is given, so that a test can send what no real client would.

use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let first = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "`{name}` occurs twice in {self:?}");
        first
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The problem's code; checks that everything about it fits together.
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], self.status, "{body}");
        let code = body["code"].as_str().expect("a code").to_owned();
        let uri = body["type"].as_str().expect("a type");
        assert!(uri.starts_with("urn:cortex:problem:") && uri.ends_with(&code), "{body}");
        for member in ["title", "detail"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member} in {body}");
        }
        if let Some(id) = self.header("x-request-id") {
            assert_eq!(body["request_id"], id, "{body}");
        }
        code
    }
}

/// A connection.
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.expect("the gateway listens"), read: Vec::new() }
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("the gateway reads");
    }

    /// Sends what it can; the gateway may have stopped reading.
    pub async fn send_some(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Says that nothing more will be sent.
    pub async fn finish(&mut self) {
        self.stream.shutdown().await.expect("the connection is open");
    }

    /// The next answer; `None` where the connection ended instead.
    pub async fn answer(&mut self) -> Option<Answer> {
        self.answer_to("GET").await
    }

    /// The next answer, to a request of that method.
    pub async fn answer_to(&mut self, method: &str) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break at;
            }
            if !self.more().await {
                assert!(self.read.is_empty(), "half an answer: {:?}", String::from_utf8_lossy(&self.read));
                return None;
            }
        };
        let head = String::from_utf8(self.read.drain(..end + 4).collect()).expect("a head in ASCII");
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status").parse().expect("a number");
        let header = |line: &str| line.split_once(": ").map(|(k, v)| (k.to_owned(), v.to_owned())).expect("a header");
        let mut answer = Answer { status, headers: lines.map(header).collect(), body: Vec::new() };
        if status == 100 {
            return Box::pin(self.answer_to(method)).await;
        }
        let length = answer.header("content-length").map_or(0, |text| text.parse().expect("a length"));
        let length = if method == "HEAD" { 0 } else { length };
        while self.read.len() < length {
            assert!(self.more().await, "the body broke off after {} of {length} bytes", self.read.len());
        }
        answer.body = self.read.drain(..length).collect();
        Some(answer)
    }

    /// Whether the gateway ended the connection, without another byte.
    pub async fn ended(&mut self) -> bool {
        !self.more().await
    }

    async fn more(&mut self) -> bool {
        let mut buffer = vec![0; 64 << 10];
        match self.stream.read(&mut buffer).await {
            Ok(0) | Err(_) => false,
            Ok(length) => {
                self.read.extend_from_slice(&buffer[..length]);
                true
            }
        }
    }
}

/// A request as text, with its `Content-Length` where it has a body.
#[derive(Clone, Debug)]
pub struct Draft {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Draft {
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            headers: vec![("Host".into(), "cortex".into())],
            body: Vec::new(),
        }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// A body without any header about it but its length.
    pub fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// A JSON body.
    pub fn json(self, body: impl Into<Vec<u8>>) -> Self {
        self.header("Content-Type", "application/json").bytes(body)
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path).into_bytes();
        for (name, value) in &self.headers {
            text.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        if !self.body.is_empty() {
            text.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(&self.body);
        text
    }

    /// Sends it on a connection of its own.
    pub async fn send(&self, address: SocketAddr) -> Answer {
        let mut connection = Connection::open(address).await;
        connection.send_some(self.encode()).await;
        connection.answer_to(&self.method).await.unwrap_or_else(|| panic!("no answer to {self:?}"))
    }
}
