// SPDX-License-Identifier: MIT OR Apache-2.0
//! The request headers that change how an operation is served: how long the caller waits, and what the body is.

use crate::problem::{Kind, Problem, Refusal};
use crate::uri::quoted;
use hyper::HeaderMap;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use std::time::Duration;

/// How long the caller waits, in milliseconds from the arrival of the request.
pub(crate) const TIMEOUT: HeaderName = HeaderName::from_static("x-request-timeout-ms");

/// How long the caller waits, where it says so. It can only shorten what the operation may take.
///
/// # Errors
/// Where the header is repeated or no whole number from 1.
pub(crate) fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Refusal> {
    /// Digits that are read: more than any time in milliseconds has.
    const DIGITS_MAX: usize = 12;
    let Some(value) = single(headers, &TIMEOUT)? else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let digits = (1..=DIGITS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u64>() {
        Ok(ms @ 1..) if digits => Ok(Some(Duration::from_millis(ms))),
        _ => {
            let shown = quoted(&String::from_utf8_lossy(value.as_bytes()));
            let detail =
                format_args!("the header `{TIMEOUT}` is `{shown}`; write a whole number of milliseconds from 1");
            Err(Problem::new(Kind::MalformedHeader, detail))
        }
    }
}

/// Checks that a body is said to be JSON in UTF-8, not compressed.
///
/// # Errors
/// Where it is said to be anything else, or nothing is said.
pub(crate) fn json_body(headers: &HeaderMap) -> Result<(), Refusal> {
    if let Some(coding) = single(headers, &CONTENT_ENCODING)?
        && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        let shown = quoted(&String::from_utf8_lossy(coding.as_bytes()));
        let detail = format_args!("the header `content-encoding` is `{shown}`; send the body as it is");
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    let unsupported = |what: &str| {
        let detail = format_args!("{what}; send `Content-Type: application/json`");
        Err(Problem::new(Kind::UnsupportedMediaType, detail))
    };
    match single(headers, &CONTENT_TYPE)? {
        Some(value) if value.as_bytes() == b"application/json" || is_json(value) => Ok(()),
        Some(value) => {
            let shown = quoted(&String::from_utf8_lossy(value.as_bytes()));
            unsupported(&format!("the body's media type is `{shown}`"))
        }
        None => unsupported("the body has no media type"),
    }
}

/// `application/json`, whatever its case, with no parameter but `charset=utf-8` (which RFC 8259 does not define, but many
/// clients send).
fn is_json(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let mut parts = text.split(';').map(str::trim);
    let json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    let utf8 = |parameter: &str| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
    };
    json && parts.all(|parameter| parameter.is_empty() || utf8(parameter))
}

/// The value of a header that may stand once.
///
/// # Errors
/// Where it is repeated.
pub(crate) fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h HeaderValue>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        let detail = format_args!("the header `{name}` occurs more than once; send it once");
        return Err(Problem::new(Kind::MalformedHeader, detail));
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| (name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap()));
        let mut headers = HeaderMap::new();
        values.for_each(|(name, value)| {
            headers.append(name, value);
        });
        headers
    }

    #[test]
    fn a_timeout_is_a_whole_number_from_one() {
        let check = |values: &[&str], expected: Option<Option<u64>>| {
            let read = timeout(&headers(&TIMEOUT, values)).ok();
            assert_eq!(read, expected.map(|ms| ms.map(Duration::from_millis)), "{values:?}");
        };
        check(&[], Some(None));
        check(&["1"], Some(Some(1)));
        check(&["007"], Some(Some(7)));
        check(&["999999999999"], Some(Some(999_999_999_999)));
        for wrong in ["", "0", "-1", "+1", "1.5", "1e3", "1s", " ", "1000000000000", "ä", "NaN"] {
            check(&[wrong], None);
        }
        check(&["5", "5"], None);
    }

    #[test]
    fn only_plain_json_is_a_body() {
        let check = |values: &[&str], accepted: bool| {
            assert_eq!(json_body(&headers(&CONTENT_TYPE, values)).is_ok(), accepted, "{values:?}");
        };
        check(&["application/json"], true);
        check(&["Application/JSON; charset=UTF-8"], true);
        check(&["application/json;charset=\"utf-8\""], true);
        check(&["application/json;"], true);
        check(&[], false);
        check(&["application/json; charset=latin-1"], false);
        check(&["application/json; version=2"], false);
        check(&["application/jsonx"], false);
        check(&["application/problem+json"], false);
        check(&["text/plain"], false);
        check(&["application/x-www-form-urlencoded"], false);
        check(&["application/json", "application/json"], false);
        check(&["\u{e4}"], false);
    }

    #[test]
    fn a_compressed_body_is_refused() {
        let mut all = headers(&CONTENT_TYPE, &["application/json"]);
        all.insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
        assert!(json_body(&all).is_ok());
        all.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(json_body(&all).unwrap_err().code, "unsupported-media-type");
    }
}
