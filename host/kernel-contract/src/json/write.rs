// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes JSON strings.

/// Appends `text` as a JSON string: escaped is what RFC 8259 demands and nothing else.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    const HEXADECIMAL: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else { break };
        rest = after;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x8 => out.extend_from_slice(b"\\b"),
            0xc => out.extend_from_slice(b"\\f"),
            control => {
                let low = HEXADECIMAL.get(usize::from(control & 0xf)).copied().unwrap_or(b'0');
                out.extend_from_slice(if *control < 0x10 { b"\\u000" } else { b"\\u001" });
                out.push(low);
            }
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}
