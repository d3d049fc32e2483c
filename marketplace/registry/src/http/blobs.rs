// SPDX-License-Identifier: MIT OR Apache-2.0
//! Blobs on their way out: whole, a range, or only their length.

use super::{Answer, Asked, CONTENT_DIGEST, empty, set};
use crate::access::Right;
use crate::error::{Code, Refusal};
use crate::name;
use crate::settings::Deletion;
use axum::body::Body;
use axum::http::{Method, Response, StatusCode, header};
use bytes::Bytes;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

/// Bytes that are read from disk at a time.
const PIECE_BYTES: usize = 256 << 10;

impl Asked<'_> {
    pub(super) async fn blob(&self, name: &str, digest: &str) -> Answer {
        match self.parts.method {
            Method::GET | Method::HEAD => self.read_blob(name, digest).await,
            Method::DELETE => {
                let repository = self.repository(name, Right::Delete)?;
                let digest = name::digest(digest)?;
                self.check_deletion(Deletion::Everything)?;
                self.blocking(move |store| store.delete_blob(&repository, digest)).await?;
                Ok(empty(StatusCode::ACCEPTED))
            }
            _ => Err(self.unsupported()),
        }
    }

    async fn read_blob(&self, name: &str, digest: &str) -> Answer {
        let repository = self.repository(name, Right::Pull)?;
        let digest = name::digest(digest)?;
        let (file, length) = self.blocking(move |store| store.blob(&repository, digest)).await?;
        let asked = self.header(header::RANGE).and_then(|range| Range::parse(range, length));
        let (start, bytes, status) = match asked {
            None => (0, length, StatusCode::OK),
            Some(Ok(range)) => (range.start, range.bytes, StatusCode::PARTIAL_CONTENT),
            Some(Err(refusal)) => {
                let mut response = axum::response::IntoResponse::into_response(refusal);
                set(&mut response, header::CONTENT_RANGE, &format!("bytes */{length}"));
                return Ok(response);
            }
        };
        let is_head = self.parts.method == Method::HEAD;
        let body = if is_head { Body::empty() } else { stream(file, start, bytes) };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        if status == StatusCode::PARTIAL_CONTENT {
            let end = start.saturating_add(bytes).saturating_sub(1);
            set(&mut response, header::CONTENT_RANGE, &format!("bytes {start}-{end}/{length}"));
        }
        set(&mut response, header::CONTENT_LENGTH, &bytes.to_string());
        set(&mut response, header::CONTENT_TYPE, "application/octet-stream");
        set(&mut response, header::ACCEPT_RANGES, "bytes");
        set(&mut response, header::ETAG, &format!("\"{digest}\""));
        set(&mut response, CONTENT_DIGEST, &digest.to_string());
        Ok(response)
    }
}

/// A range of a content.
#[derive(Debug, PartialEq, Eq)]
struct Range {
    start: u64,
    bytes: u64,
}

impl Range {
    /// Reads `bytes=0-9`, `bytes=10-` or `bytes=-5`. Anything else is ignored, as HTTP has it; several ranges as well.
    fn parse(text: &str, length: u64) -> Option<Result<Self, Refusal>> {
        let (start, end) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
        let last = length.saturating_sub(1);
        let (start, end) = match (start, end) {
            ("", end) => (length.saturating_sub(end.parse().ok()?), last),
            (start, "") => (start.parse().ok()?, last),
            (start, end) => (start.parse().ok()?, end.parse::<u64>().ok()?.min(last)),
        };
        if start >= length {
            return Some(Err(Refusal::new(Code::RangeInvalid, format!("the blob has {length} bytes"))));
        }
        let bytes = end.checked_sub(start)?.saturating_add(1);
        Some(Ok(Self { start, bytes }))
    }
}

/// A part of a file as a body, read piece by piece as the client takes it.
fn stream(file: File, start: u64, bytes: u64) -> Body {
    let pieces = futures_util::stream::try_unfold((file, start, bytes), |(mut file, at, left)| async move {
        if left == 0 {
            return Ok::<_, std::io::Error>(None);
        }
        let read = tokio::task::spawn_blocking(move || {
            let wanted = usize::try_from(left).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
            let mut piece = vec![0; wanted];
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut piece)?;
            Ok::<_, std::io::Error>((piece, file))
        });
        let (piece, file) = read.await.map_err(std::io::Error::other)??;
        let read = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        Ok(Some((Bytes::from(piece), (file, at.saturating_add(read), left.saturating_sub(read)))))
    });
    Body::from_stream(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_http() {
        let range = |start, bytes| Some(Ok((start, bytes)));
        let cases = [
            ("bytes=0-9", range(0, 10)),
            ("bytes=5-", range(5, 95)),
            ("bytes=-5", range(95, 5)),
            ("bytes=-500", range(0, 100)),
            ("bytes=90-900", range(90, 10)),
            ("bytes=100-", Some(Err(()))),
            ("bytes=-0", Some(Err(()))),
            ("bytes=9-5", None),
            ("bytes=0-1,3-4", None),
            ("lines=0-1", None),
            ("bytes=x-y", None),
        ];
        for (text, expected) in cases {
            let found = Range::parse(text, 100).map(|found| found.map(|r| (r.start, r.bytes)).map_err(drop));
            assert_eq!(found, expected, "{text}");
        }
        assert!(matches!(Range::parse("bytes=0-", 0), Some(Err(_))));
    }
}
