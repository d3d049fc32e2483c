// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bodies: taken in pieces, within limits of size and time.

use crate::error::{Code, Refusal};
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use std::time::Duration;
use tokio::time::timeout;

/// The next piece of a body; `None` at its end.
pub(super) async fn next(body: &mut Body, idle_ms_max: u64) -> Result<Option<Bytes>, Refusal> {
    loop {
        let frame = timeout(Duration::from_millis(idle_ms_max), body.frame()).await;
        let Ok(frame) = frame else {
            let text = format!("nothing came for {idle_ms_max} milliseconds; ask where the upload ended and go on");
            return Err(Refusal::new(Code::BlobUploadInvalid, text));
        };
        match frame {
            None => return Ok(None),
            Some(Err(_)) => {
                return Err(Refusal::new(Code::BlobUploadInvalid, "the connection broke; go on from there"));
            }
            // Trailers are not asked for.
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) if !data.is_empty() => return Ok(Some(data)),
                _ => {}
            },
        }
    }
}

/// The whole of a small body.
pub(super) async fn whole(mut body: Body, bytes_max: u64, idle_ms_max: u64) -> Result<Bytes, Refusal> {
    let mut all = BytesMut::new();
    while let Some(bytes) = next(&mut body, idle_ms_max).await? {
        let length = u64::try_from(all.len().saturating_add(bytes.len())).unwrap_or(u64::MAX);
        if length > bytes_max {
            return Err(Refusal::new(Code::SizeInvalid, format!("a manifest has at most {bytes_max} bytes")));
        }
        all.extend_from_slice(&bytes);
    }
    Ok(all.freeze())
}
