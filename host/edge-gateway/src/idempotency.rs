// SPDX-License-Identifier: MIT OR Apache-2.0
//! The header `Idempotency-Key` (the draft of the IETF's HTTPAPI working group): a request that is sent again under the same key
//! takes effect once and is answered twice. The kernel keeps the answers; here the key is read, and the arguments are made a
//! digest of: of the values that were lifted, so that white space, the order of keys, and what stood in the path, the query
//! or the body make no difference.

use crate::headers::single;
use crate::problem::{Kind, Problem, Refusal};
use crate::uri::quoted;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use kernel_engine::Once;
use kernel_types::Digest;
use wasmtime::component::Val;

/// The request's key.
pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that an answer was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Characters of a key. A UUID has 36; 255 leaves room for a name with a meaning.
const KEY_CHARACTERS_MAX: usize = 255;

/// The longest answer that is kept, in bytes of JSON: thousands of receipts. A longer one is refused before it takes effect,
/// because it could not be given again.
pub(crate) const ANSWER_BYTES_MAX: usize = 4 << 20;

/// The start of the text that is made a digest of. A change of its form changes it.
const FORM: &[u8] = b"cortex-arguments-1";

/// The key of a request, where it has one: a structured field's string (RFC 8941, section 3.3.3) or the bare text, of visible
/// ASCII characters.
///
/// # Errors
/// Where the header is repeated or its value is neither.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = single(headers, &KEY)? else { return Ok(None) };
    let key = read(value).filter(|key| (1..=KEY_CHARACTERS_MAX).contains(&key.len()));
    key.map(Some).ok_or_else(|| {
        let shown = quoted(&String::from_utf8_lossy(value.as_bytes()));
        let detail = format_args!(
            "the header `{KEY}` is `{shown}`; write 1 to {KEY_CHARACTERS_MAX} visible ASCII characters, bare or in double \
             quotes: a new UUID for each thing that you want done"
        );
        Problem::new(Kind::MalformedHeader, detail)
    })
}

fn read(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?.trim_matches([' ', '\t']);
    let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let Some(inner) = text.strip_prefix('"') else {
        // What would divide a list or begin a parameter is written in quotes, so that no proxy takes it for one.
        return (visible(text) && !text.contains(['"', '\\', ',', ';'])).then(|| text.to_owned());
    };
    let inner = inner.strip_suffix('"')?;
    let mut key = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        key.push(match character {
            '"' => return None,
            '\\' => characters.next().filter(|escaped| ['"', '\\'].contains(escaped))?,
            other => other,
        });
    }
    visible(&key).then_some(key)
}

/// What the kernel is told of a request with this key and these arguments.
pub(crate) fn once(key: &str, arguments: &[Val]) -> Once {
    let mut bytes = FORM.to_vec();
    list(&mut bytes, arguments.iter());
    Once { key: key.into(), arguments: Digest::of(&bytes) }
}

/// A value as bytes that no other value has: a letter for its kind, then its own bytes, a length before what has one.
fn value(out: &mut Vec<u8>, value: &Val) {
    match value {
        Val::Bool(value) => fixed(out, b'b', &[u8::from(*value)]),
        Val::S8(value) => fixed(out, b'i', &i64::from(*value).to_le_bytes()),
        Val::S16(value) => fixed(out, b'i', &i64::from(*value).to_le_bytes()),
        Val::S32(value) => fixed(out, b'i', &i64::from(*value).to_le_bytes()),
        Val::S64(value) => fixed(out, b'i', &value.to_le_bytes()),
        Val::U8(value) => fixed(out, b'u', &u64::from(*value).to_le_bytes()),
        Val::U16(value) => fixed(out, b'u', &u64::from(*value).to_le_bytes()),
        Val::U32(value) => fixed(out, b'u', &u64::from(*value).to_le_bytes()),
        Val::U64(value) => fixed(out, b'u', &value.to_le_bytes()),
        Val::Float32(value) => fixed(out, b'f', &f64::from(*value).to_bits().to_le_bytes()),
        Val::Float64(value) => fixed(out, b'f', &value.to_bits().to_le_bytes()),
        Val::Char(value) => fixed(out, b'c', &u32::from(*value).to_le_bytes()),
        Val::String(value) => text(out, b's', value),
        Val::Enum(case) => text(out, b'e', case),
        Val::List(values) | Val::Tuple(values) | Val::FixedLengthList(values) => list(out, values.iter()),
        Val::Record(fields) => {
            length(out, b'r', fields.len());
            for (name, field) in fields {
                text(out, b'n', name);
                self::value(out, field);
            }
        }
        Val::Flags(names) => {
            length(out, b'g', names.len());
            names.iter().for_each(|name| text(out, b'n', name));
        }
        Val::Variant(case, payload) => {
            text(out, b'v', case);
            maybe(out, payload.as_deref());
        }
        Val::Option(payload) => maybe(out, payload.as_deref()),
        Val::Result(Ok(payload)) => {
            out.push(b'k');
            maybe(out, payload.as_deref());
        }
        Val::Result(Err(payload)) => {
            out.push(b'x');
            maybe(out, payload.as_deref());
        }
        // No argument that was lifted from JSON: resources, streams and what else is no plain value.
        other => text(out, b'o', &format!("{other:?}")),
    }
}

fn fixed(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    out.push(kind);
    out.extend_from_slice(bytes);
}

fn length(out: &mut Vec<u8>, kind: u8, length: usize) {
    fixed(out, kind, &u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
}

fn text(out: &mut Vec<u8>, kind: u8, value: &str) {
    length(out, kind, value.len());
    out.extend_from_slice(value.as_bytes());
}

fn list<'v>(out: &mut Vec<u8>, values: impl ExactSizeIterator<Item = &'v Val>) {
    length(out, b'l', values.len());
    values.for_each(|each| value(out, each));
}

fn maybe(out: &mut Vec<u8>, payload: Option<&Val>) {
    match payload {
        None => out.push(b'-'),
        Some(payload) => {
            out.push(b'+');
            value(out, payload);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(values: &[&str]) -> Option<Option<String>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(KEY, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        key(&headers).ok()
    }

    #[test]
    fn a_key_is_bare_or_a_string_of_visible_characters() {
        let check =
            |value: &str, expected: &str| assert_eq!(keys(&[value]), Some(Some(expected.to_owned())), "{value}");
        assert_eq!(keys(&[]), Some(None));
        check("a", "a");
        check("\"a\"", "a");
        check("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324");
        check("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "8e03978e-40d5-43dd-bc93-6894a57f9324");
        check("order:4711/2026_%=+~", "order:4711/2026_%=+~");
        check(r#""a\"b\\c,d;e""#, r#"a"b\c,d;e"#);
        check(&"k".repeat(255), &"k".repeat(255));
        let long = "k".repeat(256);
        for wrong in [
            "", "\"\"", "\"", "a b", "\"a b\"", "a,b", "a;b=1", "\"a\";b", "\"a", "a\"", "\"a\\b\"", "\"a\\\"", "ä",
            &long,
        ] {
            assert_eq!(keys(&[wrong]), None, "{wrong}");
        }
        assert_eq!(keys(&["a", "a"]), None);
    }

    fn some_value() -> impl Strategy<Value = Val> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Val::Bool),
            any::<i64>().prop_map(Val::S64),
            any::<u64>().prop_map(Val::U64),
            "[ab]{0,2}".prop_map(Val::String),
            "[ab]{1,2}".prop_map(Val::Enum),
            prop::collection::vec("[ab]", 0..2).prop_map(Val::Flags),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Val::List),
                prop::option::of(inner.clone()).prop_map(|value| Val::Option(value.map(Box::new))),
                prop::collection::vec(("[ab]", inner.clone()), 0..3).prop_map(Val::Record),
                ("[ab]", prop::option::of(inner)).prop_map(|(case, value)| Val::Variant(case, value.map(Box::new))),
            ]
        })
    }

    proptest! {
        #[test]
        fn different_arguments_have_different_digests(
            one in prop::collection::vec(some_value(), 0..3),
            other in prop::collection::vec(some_value(), 0..3),
        ) {
            prop_assert_eq!(once("k", &one) == once("k", &other), one == other);
            prop_assert_eq!(once("k", &one), once("k", &one.clone()));
        }

        #[test]
        fn whatever_is_visible_comes_back_from_a_string(key in "[!-~]{1,255}") {
            let written = format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""));
            prop_assert_eq!(keys(&[written.as_str()]), Some(Some(key)));
        }
    }
}
