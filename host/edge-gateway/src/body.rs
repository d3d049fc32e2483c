// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads a request's body into memory: bounded in length, in time, in how slowly it may come, and in how much of all
//! bodies lies in memory at once.
//!
//! Compressed bodies are not understood: a short one could stand for a very long one.

use crate::guard::{Memory, Share};
use crate::problem::{Kind, Problem, Refusal};
use crate::settings::Settings;
use bytes::{Bytes, BytesMut};
use hyper::body::{Body as _, Incoming};
use std::pin::Pin;
use tokio::time::{Instant, timeout_at};

/// A body up to this length is not counted: with it, all requests in flight together need less than the smallest host has.
const UNCOUNTED_BYTES_MAX: usize = 16 << 10;

/// How much is set aside at once for a body that announces its length. The announcement may be a lie.
const AHEAD_BYTES_MAX: u64 = 256 << 10;

/// A body in memory, and its share of what all bodies may take.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    _share: Option<Share>,
}

/// What bounds a body.
pub(crate) struct Bounds<'a> {
    /// The operation's limit.
    pub(crate) bytes_max: u64,
    /// What that limit is called in the manifest.
    pub(crate) limit: &'static str,
    /// The host's limits.
    pub(crate) settings: &'a Settings,
    /// What all bodies share.
    pub(crate) memory: &'a Memory,
}

/// Reads all of it.
///
/// # Errors
/// Where it is too long, too slow, or breaks off, and where the host has no room for it now.
pub(crate) async fn read(mut body: Incoming, bounds: &Bounds<'_>) -> Result<Body, Refusal> {
    if body.is_end_stream() {
        return Ok(Body { bytes: Bytes::new(), _share: None });
    }
    let declared = body.size_hint().exact();
    let mut share = bounds.admit(None, declared.unwrap_or(0))?;
    let started = Instant::now();
    let (mut first, mut rest, mut received) = (Bytes::new(), BytesMut::new(), 0_u64);
    loop {
        let deadline = started.checked_add(bounds.settings.body_time(received)).unwrap_or(started);
        let frame = timeout_at(deadline, std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx))).await;
        let Some(frame) = frame.map_err(|_| bounds.too_slow(received))? else { break };
        let Ok(data) = frame.map_err(broken_off)?.into_data() else { continue };
        received = received.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        share = bounds.admit(share, received)?;
        // A short body comes in one piece; it is not copied.
        if first.is_empty() && rest.is_empty() {
            first = data;
            continue;
        }
        if rest.is_empty() {
            rest.reserve(usize::try_from(declared.unwrap_or(0).min(AHEAD_BYTES_MAX)).unwrap_or(0));
            rest.extend_from_slice(&first);
        }
        rest.extend_from_slice(&data);
    }
    Ok(Body { bytes: if rest.is_empty() { first } else { rest.freeze() }, _share: share })
}

impl Bounds<'_> {
    /// Whether a body of so many bytes may lie in memory.
    fn admit(&self, share: Option<Share>, bytes: u64) -> Result<Option<Share>, Refusal> {
        let max = self.bytes_max.min(self.settings.body_bytes_max);
        let limit = if max < self.bytes_max { "the host's `body-bytes-max`" } else { self.limit };
        let length = usize::try_from(bytes).ok().filter(|_| bytes <= max);
        let Some(length) = length else {
            let detail = format_args!("the body has {bytes} bytes or more; {limit} is {max} bytes");
            return Err(Problem::new(Kind::BodyTooLarge, detail));
        };
        if length <= UNCOUNTED_BYTES_MAX {
            return Ok(share);
        }
        let mut share = share.unwrap_or_else(|| self.memory.share());
        if share.grow_to(length, self.settings.body_bytes_in_flight_max) {
            return Ok(Some(share));
        }
        let detail = "the host has no room for a body of this length now; send it again";
        Err(Problem::new(Kind::Busy, detail).retry_after(self.settings.retry_after_seconds))
    }

    fn too_slow(&self, received: u64) -> Refusal {
        let (base, rate) = (self.settings.body_ms_max, self.settings.body_bytes_per_second_min);
        let detail = format_args!(
            "only {received} bytes of the body came in time; it has {base} ms, and a second more for each {rate} bytes"
        );
        Problem::new(Kind::BodyTimeout, detail)
    }
}

fn broken_off(error: hyper::Error) -> Refusal {
    tracing::debug!(%error, "a body broke off");
    Problem::new(Kind::MalformedBody, "the body broke off before its announced end, or its chunks are malformed")
}
