// SPDX-License-Identifier: MIT OR Apache-2.0
//! The request's identifier: the caller's own where it sent a valid one, else a new one. It goes into the log, into the
//! unit of work and into the answer.

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use kernel_types::RequestId;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::SystemTime;

/// The header that carries it, both ways.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The identifier of this request. An invalid one is replaced, not refused: it is a courtesy, and who sent it sees in the
/// answer which one counts. A repeated one is replaced too, since which of them is meant cannot be known.
pub(crate) fn of(headers: &HeaderMap, now: SystemTime) -> RequestId {
    let mut values = headers.get_all(REQUEST_ID).iter();
    let sent = values.next().filter(|_| values.next().is_none());
    let sent = sent.and_then(|value| value.to_str().ok()).and_then(|text| RequestId::parse(text).ok());
    sent.unwrap_or_else(|| generate(now))
}

/// A UUID, version 7: unique, and sortable by time. Its random part comes from a hash with keys that the system's generator
/// made once for the thread: unique is enough, since the identifier is no secret, and the system is not asked for each request.
fn generate(now: SystemTime) -> RequestId {
    // Each new state has other keys; nothing is hashed.
    let [high, low] = [0; 2].map(|_: u8| RandomState::new().build_hasher().finish().to_le_bytes());
    let mut random = [0; 10];
    for (byte, from) in random.iter_mut().zip(high.into_iter().chain(low)) {
        *byte = from;
    }
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let id = uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid();
    let mut buffer = uuid::Uuid::encode_buffer();
    let text = id.hyphenated().encode_lower(&mut buffer);
    #[expect(clippy::expect_used, reason = "hexadecimal digits and hyphens are in the alphabet of request ids")]
    RequestId::parse(text).expect("a uuid is a request id")
}

/// As the value of the answer's header.
pub(crate) fn header_value(id: &RequestId) -> Option<HeaderValue> {
    HeaderValue::from_str(id.as_str()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_identifier_is_kept_and_any_other_replaced() {
        let check = |sent: &[&'static str], kept: bool| {
            let mut headers = HeaderMap::new();
            for value in sent {
                headers.append(REQUEST_ID, HeaderValue::from_static(value));
            }
            let id = of(&headers, SystemTime::now());
            assert_eq!(sent.first().is_some_and(|first| id.as_str() == *first), kept, "{sent:?}");
            assert!(header_value(&id).is_some());
        };
        check(&["a"], true);
        check(&["trace:1.2_3-4"], true);
        check(&[], false);
        check(&[""], false);
        check(&["a b"], false);
        check(&["a\"b"], false);
        check(&["a", "b"], false);
        check(&[&*"x".repeat(129).leak()], false);
    }

    #[test]
    fn identifiers_are_unique_and_sort_by_time() {
        let at = |ms| SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(ms);
        let ids: std::collections::BTreeSet<_> = (0..10_000).map(|_| generate(at(5)).as_str().to_owned()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| uuid::Uuid::parse_str(id).unwrap().get_version_num() == 7));
        assert!(ids.last().unwrap().as_str() < generate(at(6)).as_str());
        assert_ne!(std::thread::spawn(move || generate(at(5))).join().unwrap(), generate(at(5)));
    }
}
