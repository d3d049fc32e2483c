// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values as the cases write them: `NULL`, `TRUE`, `12`, `1.5`, `'it''s'`, `X'00ff'`; in texts `\n`, `\u{..}` and `\\`.

use cap_storage::{Parameters, Value};
use std::fmt::Write as _;

/// Reads values that are divided by commas.
///
/// # Panics
/// Where the text is no list of values.
#[must_use]
pub fn parse_list(text: &str) -> Parameters {
    let mut values = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (value, after) = one(rest);
        values.push(value);
        let after = after.trim_start();
        rest = after.strip_prefix(',').map_or(after, str::trim_start);
        assert!(rest.len() < after.len() || after.is_empty(), "`{after}` follows a value without a comma");
    }
    values
}

fn one(text: &str) -> (Value, &str) {
    if let Some(rest) = text.strip_prefix("X'") {
        let (digits, rest) = rest.split_once('\'').expect("a blob ends with a quote");
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits");
        return (Value::Blob((0..digits.len()).step_by(2).map(byte).collect()), rest);
    }
    if let Some(inside) = text.strip_prefix('\'') {
        let mut end = 0;
        loop {
            end += inside[end..].find('\'').expect("a text ends with a quote");
            if !inside[end + 1..].starts_with('\'') {
                return (Value::Text(unescape(&inside[..end].replace("''", "'"))), &inside[end + 1..]);
            }
            end += 2;
        }
    }
    let (word, rest) = text.split_at(text.find(',').unwrap_or(text.len()));
    let value = match word.trim() {
        "NULL" => Value::Null,
        "TRUE" => Value::Boolean(true),
        "FALSE" => Value::Boolean(false),
        "NaN" => Value::Real(f64::NAN),
        "Infinity" => Value::Real(f64::INFINITY),
        number if number.contains(['.', 'e']) => Value::Real(number.parse().expect("a number")),
        number => Value::Integer(number.parse().unwrap_or_else(|_| panic!("`{number}` is no value"))),
    };
    (value, rest)
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        rest = if let Some(after) = after.strip_prefix('n') {
            out.push('\n');
            after
        } else if let Some(after) = after.strip_prefix("u{") {
            let (digits, after) = after.split_once('}').expect("`\\u{..}`");
            let code = u32::from_str_radix(digits, 16).expect("hexadecimal digits");
            out.push(char::from_u32(code).expect("a character"));
            after
        } else {
            out.push('\\');
            after.strip_prefix('\\').expect("`\\\\`, `\\n` or `\\u{..}`")
        };
    }
    out + rest
}

/// A value as the cases write it.
#[must_use]
pub fn show(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(truth) => truth.to_string().to_uppercase(),
        Value::Integer(integer) => integer.to_string(),
        Value::Real(real) => format!("{real:?}"),
        Value::Text(text) => {
            let mut out = String::from("'");
            for c in text.chars() {
                match c {
                    '\'' => out.push_str("''"),
                    '\\' => out.push_str("\\\\"),
                    '\n' => out.push_str("\\n"),
                    c if c.is_control() || c == '\u{feff}' => {
                        let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
                    }
                    c => out.push(c),
                }
            }
            out + "'"
        }
        Value::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("X'{digits}'")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_written() {
        let text = "NULL, 12, -9223372036854775808, 1.5, 1e300, 'it''s, \\u{1f600} \\n \\\\', X'00ff', ''";
        let values = parse_list(text);
        let shown: Vec<String> = values.iter().map(show).collect();
        assert_eq!(parse_list(&shown.join(", ")), values);
        assert_eq!(values.len(), 8);
        assert_eq!(values[5], Value::Text("it's, \u{1f600} \n \\".into()));
        assert_eq!(parse_list("TRUE, FALSE"), [Value::Boolean(true), Value::Boolean(false)]);
        assert!(parse_list("").is_empty());
    }
}
