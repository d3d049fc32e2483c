// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a value of a type is, in words, for errors.

use crate::name::alternatives;
use crate::types::{Kind, Type};

/// "an integer from 0 to 255": reads on after "expected".
pub(crate) fn expected(ty: &Type) -> String {
    match ty.kind() {
        Kind::Bool => "true or false".to_owned(),
        Kind::Integer(integer) => {
            let wide = if integer.is_wide() { ", as a string or a number without point and exponent" } else { "" };
            format!("an integer from {} to {}{wide}", integer.minimum, integer.maximum)
        }
        Kind::Float32 => "a number within the range of a 32-bit float, `NaN`, `Infinity` or `-Infinity`".to_owned(),
        Kind::Float64 => "a number within the range of a 64-bit float, `NaN`, `Infinity` or `-Infinity`".to_owned(),
        Kind::Char => "a string of one character".to_owned(),
        Kind::Text(None) => "a string".to_owned(),
        Kind::Text(Some(format)) => format.expected().to_owned(),
        Kind::Bytes => "bytes as a base64 string (RFC 4648, with padding)".to_owned(),
        Kind::List(_) => "an array".to_owned(),
        Kind::FixedList(_, length) => format!("an array of {length}"),
        Kind::Option(inner) if inner.is_nullable() => "null or an object with `some`".to_owned(),
        Kind::Option(inner) => format!("null or {}", expected(inner)),
        Kind::Result { .. } => "an object with either `ok` or `error`".to_owned(),
        Kind::Tuple(types) => format!("an array of {}", types.len()),
        Kind::Record(_) => "an object".to_owned(),
        Kind::Variant(cases) => {
            let names = |carries: bool| {
                let cases = cases.iter().filter(move |case| case.ty.is_some() == carries);
                cases.map(|case| case.label.json.as_str())
            };
            match (names(false).next(), names(true).next()) {
                (None, _) => format!("an object with one of {}", alternatives(names(true))),
                (_, None) => alternatives(names(false)),
                _ => format!("{}, or an object with one of {}", alternatives(names(false)), alternatives(names(true))),
            }
        }
        Kind::Enum(cases) => alternatives(cases.json_names()),
        Kind::Flags(names) => format!("an array of some of {}, each at most once", alternatives(names.json_names())),
    }
}
