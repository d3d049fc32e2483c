// SPDX-License-Identifier: MIT OR Apache-2.0
//! As much of HTTP/1.1 as a load generator needs: requests made beforehand, one kept connection, answers with a content
//! length. Cheap, because client and server share the machine's processors.

use anyhow::{Context as _, Result, bail};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The text of a request that posts JSON.
pub(crate) fn post(path: &str, token: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// The text of a request that reads.
pub(crate) fn get(path: &str, token: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n")
}

/// A connection that is kept between requests.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    /// The status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// The body of an answer that must be ok.
    pub(crate) fn ok(&self) -> Result<&[u8]> {
        if !(200..300).contains(&self.status) {
            bail!("answered {}: {}", self.status, String::from_utf8_lossy(self.body));
        }
        Ok(self.body)
    }
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 << 10) })
    }

    /// Sends a request and reads all of its answer.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.read().await?;
            if let Some(head) = Head::parse(&self.buffer)? {
                break head;
            }
        };
        let end = head.bytes.saturating_add(head.length);
        while self.buffer.len() < end {
            self.read().await?;
        }
        let body = self.buffer.get(head.bytes..end).context("an answer is longer than announced")?;
        Ok(Answer { status: head.status, body })
    }

    async fn read(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed a connection");
        }
        Ok(())
    }
}

/// What is to be known of the head of an answer.
#[derive(Debug, PartialEq)]
struct Head {
    status: u16,
    /// Its own length.
    bytes: usize,
    /// The length of the body.
    length: usize,
}

impl Head {
    /// None where the head is not complete.
    fn parse(text: &[u8]) -> Result<Option<Self>> {
        let Some(end) = text.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let head = std::str::from_utf8(text.get(..end).unwrap_or_default())?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("an answer without status")?;
        let length = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(Ok(0), |(_, value)| value.trim().parse())?;
        Ok(Some(Self { status: status.parse()?, bytes: end.saturating_add(4), length }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        let complete = |status, bytes, length| Some(Head { status, bytes, length });
        for (text, expected) in [
            ("", None),
            ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n", None),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", complete(200, 38, 5)),
            ("HTTP/1.1 204 No Content\r\nx: y\r\n\r\n", complete(204, 33, 0)),
        ] {
            assert_eq!(Head::parse(text.as_bytes()).expect(text), expected, "{text}");
        }
        Head::parse(b"HTTP/1.1 200 OK\r\ncontent-length: five\r\n\r\n").expect_err("five is no number");
    }
}
