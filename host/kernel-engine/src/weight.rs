// SPDX-License-Identifier: MIT OR Apache-2.0
//! How many bytes a component is handed when another one calls it. It counts what the callee must hold, not what it costs
//! the host: texts by their length, every other value and every place that refers to one by eight bytes.

use wasmtime::component::Val;

/// Bytes of a value without its text, and of the place of a text, list or case within another value.
const VALUE_BYTES: u64 = 8;

/// The bytes of these values together. Counting ends as soon as there are more than `enough`.
pub(crate) fn bytes(values: &[Val], enough: u64) -> u64 {
    let mut waiting: Vec<&Val> = values.iter().collect();
    let mut total = 0u64;
    while let Some(value) = waiting.pop() {
        total = total.saturating_add(VALUE_BYTES);
        match value {
            // A byte is a byte: a list of them is one value each here.
            Val::U8(_) | Val::S8(_) | Val::Bool(_) => total = total.saturating_sub(VALUE_BYTES).saturating_add(1),
            Val::String(text) => total = total.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX)),
            Val::List(items) | Val::Tuple(items) => waiting.extend(items),
            Val::Record(fields) => waiting.extend(fields.iter().map(|(_, value)| value)),
            Val::Variant(_, Some(payload)) | Val::Option(Some(payload)) => waiting.push(payload),
            Val::Result(Ok(Some(payload)) | Err(Some(payload))) => waiting.push(payload),
            _ => {}
        }
        if total > enough {
            break;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_count_by_their_length_and_other_values_by_eight() {
        let text = |length| Val::String("x".repeat(length));
        let cases = [
            (vec![], 0),
            (vec![Val::U64(1), Val::Char('x')], 16),
            (vec![text(100)], 108),
            (vec![Val::List(vec![Val::U8(1); 100])], 108),
            (vec![Val::Record(vec![("a".into(), text(1)), ("b".into(), Val::Option(None))])], 8 + 9 + 8),
            (vec![Val::Option(Some(Box::new(text(2))))], 8 + 10),
            (vec![Val::Result(Err(Some(Box::new(Val::Variant("a".into(), None)))))], 16),
        ];
        for (values, expected) in cases {
            assert_eq!(bytes(&values, u64::MAX), expected, "{values:?}");
        }
        let many = vec![text(1_000); 1_000];
        assert!((2_000..4_000).contains(&bytes(&many, 2_000)), "it counts no further than it must");
    }
}
