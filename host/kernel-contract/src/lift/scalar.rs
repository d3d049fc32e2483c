// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values that are one JSON value: booleans, numbers, characters, strings and bytes.

use super::{Lifter, text};
use crate::fault::Place;
use crate::json::{Node, Token};
use crate::types::{Integer, Kind, Type, Width};
use crate::{FaultCode, Format};
use wasmtime::component::Val;

impl Lifter {
    pub(super) fn bool(&mut self, ty: &Type, node: Node<'_>, place: &Place<'_>) -> Option<Val> {
        match node.token() {
            Token::Bool(value) => Some(Val::Bool(*value)),
            _ => self.wrong_type(ty, node, place),
        }
    }

    pub(super) fn integer(&mut self, ty: &Type, integer: Integer, node: Node<'_>, place: &Place<'_>) -> Option<Val> {
        let value = match node.token() {
            // `-0` is the integer zero to JSON; as text it is not canonical.
            Token::Number("-0") => Ok(0),
            Token::Number(number) => read_integer(number),
            Token::Text(text) if integer.is_wide() => read_integer(text),
            _ => return self.wrong_type(ty, node, place),
        };
        self.in_range(ty, integer, value, &node.describe(), place)
    }

    pub(super) fn in_range(
        &mut self,
        ty: &Type,
        integer: Integer,
        value: Result<i128, FaultCode>,
        found: &str,
        place: &Place<'_>,
    ) -> Option<Val> {
        let code = match value {
            Ok(value) if (integer.minimum..=integer.maximum).contains(&value) => return to_val(integer.width, value),
            Ok(_) => FaultCode::OutOfRange,
            Err(code) => code,
        };
        self.refuse(code, ty, found, place)
    }

    pub(super) fn float(&mut self, ty: &Type, node: Node<'_>, place: &Place<'_>) -> Option<Val> {
        match node.token() {
            Token::Number(number) => {
                finite(ty, number).or_else(|| self.refuse(FaultCode::OutOfRange, ty, &node.describe(), place))
            }
            Token::Text(text) => special(ty, text).or_else(|| self.wrong_type(ty, node, place)),
            _ => self.wrong_type(ty, node, place),
        }
    }

    pub(super) fn char(&mut self, ty: &Type, node: Node<'_>, place: &Place<'_>) -> Option<Val> {
        match node.token() {
            Token::Text(value) => text::char(self, ty, value, place),
            _ => self.wrong_type(ty, node, place),
        }
    }

    pub(super) fn string(
        &mut self,
        ty: &Type,
        format: Option<Format>,
        node: Node<'_>,
        place: &Place<'_>,
    ) -> Option<Val> {
        match node.token() {
            Token::Text(value) => text::string(self, ty, format, value, place),
            _ => self.wrong_type(ty, node, place),
        }
    }

    pub(super) fn bytes(&mut self, ty: &Type, node: Node<'_>, place: &Place<'_>) -> Option<Val> {
        match node.token() {
            Token::Text(value) => text::bytes(self, ty, value, place),
            _ => self.wrong_type(ty, node, place),
        }
    }
}

/// Reads `0` or digits without a leading zero, with `-` before other than zero. Never through a float.
pub(super) fn read_integer(text: &str) -> Result<i128, FaultCode> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = match digits.as_bytes() {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !canonical {
        return Err(FaultCode::WrongType);
    }
    text.parse().map_err(|_| FaultCode::OutOfRange)
}

/// The float of that type nearest to a JSON number; `None` beyond its range.
pub(super) fn finite(ty: &Type, number: &str) -> Option<Val> {
    match ty.kind() {
        Kind::Float32 => number.parse().ok().filter(|value: &f32| value.is_finite()).map(Val::Float32),
        _ => number.parse().ok().filter(|value: &f64| value.is_finite()).map(Val::Float64),
    }
}

/// The floats of that type that are no JSON numbers.
pub(super) fn special(ty: &Type, text: &str) -> Option<Val> {
    let (narrow, wide) = match text {
        "NaN" => (f32::NAN, f64::NAN),
        "Infinity" => (f32::INFINITY, f64::INFINITY),
        "-Infinity" => (f32::NEG_INFINITY, f64::NEG_INFINITY),
        _ => return None,
    };
    Some(if matches!(ty.kind(), Kind::Float32) { Val::Float32(narrow) } else { Val::Float64(wide) })
}

fn to_val(width: Width, value: i128) -> Option<Val> {
    Some(match width {
        Width::U8 => Val::U8(value.try_into().ok()?),
        Width::U16 => Val::U16(value.try_into().ok()?),
        Width::U32 => Val::U32(value.try_into().ok()?),
        Width::U64 => Val::U64(value.try_into().ok()?),
        Width::S8 => Val::S8(value.try_into().ok()?),
        Width::S16 => Val::S16(value.try_into().ok()?),
        Width::S32 => Val::S32(value.try_into().ok()?),
        Width::S64 => Val::S64(value.try_into().ok()?),
    })
}
