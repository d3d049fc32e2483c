// SPDX-License-Identifier: MIT OR Apache-2.0
//! Strict reading of paths and queries: percent-encoding (RFC 3986, section 2.1) and `application/x-www-form-urlencoded`
//! queries as browsers write them (`+` is a space in a query and a plus in a path).
//!
//! Nothing is repaired: a lone `%`, hexadecimal digits that are none, and bytes that are no UTF-8 are faults. `.` and `..`
//! have no meaning here, since no path names a file. A `%2F` is a character of its segment and divides nothing.

use std::borrow::Cow;

/// Parameters in one query. More than any operation has; it bounds the work that a long query can ask for.
pub(crate) const QUERY_PARAMETERS_MAX: usize = 128;

/// What is wrong with a path or a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UriFault {
    /// A `%` without two hexadecimal digits.
    #[error("`{0}` holds a `%` that is not followed by two hexadecimal digits; write `%25` for a percent sign")]
    Percent(String),
    /// The decoded bytes are no text.
    #[error("`{0}` is not UTF-8 once its `%` codes are decoded")]
    Utf8(String),
    /// Too many parameters.
    #[error("the query has more than {QUERY_PARAMETERS_MAX} parameters")]
    Parameters,
}

/// The text cut to what an error may quote.
pub(crate) fn quoted(text: &str) -> String {
    /// Enough to recognise one's own input, too little to fill a log.
    const CHARACTERS_MAX: usize = 80;
    let mut short: String = text.chars().take(CHARACTERS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn decode(text: &str, plus_is_space: bool) -> Result<Cow<'_, str>, UriFault> {
    if !text.bytes().any(|byte| byte == b'%' || (plus_is_space && byte == b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' if plus_is_space => b' ',
            b'%' => {
                let pair = [rest.next(), rest.next()].map(|digit| digit.and_then(hexadecimal));
                let [Some(high), Some(low)] = pair else { return Err(UriFault::Percent(quoted(text))) };
                (high << 4) | low
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| UriFault::Utf8(quoted(text)))
}

const fn hexadecimal(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// One segment of a path.
///
/// # Errors
/// Where its percent-encoding is broken.
pub(crate) fn segment(text: &str) -> Result<Cow<'_, str>, UriFault> {
    decode(text, false)
}

/// Names and values of a query.
pub(crate) type Parameters<'q> = Vec<(Cow<'q, str>, Cow<'q, str>)>;

/// The parameters of a query in order. A name without `=` has an empty value; empty parts between `&` are skipped.
///
/// # Errors
/// The first broken part.
pub(crate) fn query(text: &str) -> Result<Parameters<'_>, UriFault> {
    let mut parameters = Vec::new();
    for part in text.split('&').filter(|part| !part.is_empty()) {
        if parameters.len() == QUERY_PARAMETERS_MAX {
            return Err(UriFault::Parameters);
        }
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        parameters.push((decode(name, true)?, decode(value, true)?));
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn segments_are_decoded_strictly() {
        let percent = |text: &str| Err(UriFault::Percent(text.into()));
        let utf8 = |text: &str| Err(UriFault::Utf8(text.into()));
        let cases: &[(&str, Result<&str, UriFault>)] = &[
            ("", Ok("")),
            ("journal", Ok("journal")),
            ("a%20b", Ok("a b")),
            ("a+b", Ok("a+b")),
            ("%2e%2E", Ok("..")),
            ("a%2Fb", Ok("a/b")),
            ("%252F", Ok("%2F")),
            ("%C3%A4", Ok("ä")),
            ("%00", Ok("\0")),
            ("%", percent("%")),
            ("%2", percent("%2")),
            ("%zz", percent("%zz")),
            ("%u00e4", percent("%u00e4")),
            ("%+1", percent("%+1")),
            ("%FF", utf8("%FF")),
            ("%C0%AF", utf8("%C0%AF")),
            ("%ED%A0%80", utf8("%ED%A0%80")),
        ];
        for (text, expected) in cases {
            assert_eq!(segment(text).as_deref().map_err(Clone::clone), expected.clone(), "{text}");
        }
    }

    #[test]
    fn queries_are_read_as_browsers_write_them() {
        let read = |text| query(text).map(|pairs| pairs.iter().map(|(n, v)| format!("{n}={v};")).collect::<String>());
        let cases: &[(&str, &str)] = &[
            ("", ""),
            ("&&", ""),
            ("a=1&b=2", "a=1;b=2;"),
            ("a=1&a=2", "a=1;a=2;"),
            ("a", "a=;"),
            ("a=b=c", "a=b=c;"),
            ("a+b=c+d%2Be", "a b=c d+e;"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).as_deref(), Ok(*expected), "{text}");
        }
        assert!(matches!(query("a=%"), Err(UriFault::Percent(_))));
        assert!(matches!(query("%ff=1"), Err(UriFault::Utf8(_))));
        assert_eq!(query(&"a&".repeat(QUERY_PARAMETERS_MAX + 1)), Err(UriFault::Parameters));
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_comes_back(text in any::<String>()) {
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert_eq!(segment(&encoded).unwrap(), text);
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = segment(&text);
            let _ = query(&text);
        }
    }
}
