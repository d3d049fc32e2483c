// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values that are written as text: in a JSON string, in a path, in a query.

use super::scalar::{finite, read_integer, special};
use super::{Lifter, expected};
use crate::fault::Place;
use crate::types::{Kind, Label, Members, Type};
use crate::{FaultCode, Format, name};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wasmtime::component::Val;

/// The value of a text from a path or a query.
pub(crate) fn value(lifter: &mut Lifter, ty: &Type, value: &str, place: &Place<'_>) -> Option<Val> {
    if lifter.is_done() || !lifter.charge(1, place) {
        return None;
    }
    match ty.kind() {
        Kind::Bool => match value {
            "true" => Some(Val::Bool(true)),
            "false" => Some(Val::Bool(false)),
            _ => refuse(lifter, FaultCode::WrongType, ty, value, place),
        },
        Kind::Integer(integer) => lifter.in_range(ty, *integer, read_integer(value), &name::quote(value), place),
        Kind::Float32 | Kind::Float64 => float(lifter, ty, value, place),
        Kind::Char => char(lifter, ty, value, place),
        Kind::Text(format) => string(lifter, ty, *format, value, place),
        Kind::Bytes => bytes(lifter, ty, value, place),
        Kind::Enum(cases) => case(lifter, ty, cases, value, place),
        // The binding lets no other type stand in a path or a query.
        _ => refuse(lifter, FaultCode::WrongType, ty, value, place),
    }
}

fn float(lifter: &mut Lifter, ty: &Type, value: &str, place: &Place<'_>) -> Option<Val> {
    if let Some(special) = special(ty, value) {
        return Some(special);
    }
    // Rust also reads `inf`, `+1` and `.5`; JSON does not.
    if !crate::json::is_number(value) {
        return refuse(lifter, FaultCode::WrongType, ty, value, place);
    }
    finite(ty, value).or_else(|| refuse(lifter, FaultCode::OutOfRange, ty, value, place))
}

pub(super) fn char(lifter: &mut Lifter, ty: &Type, value: &str, place: &Place<'_>) -> Option<Val> {
    let mut characters = value.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Some(Val::Char(character)),
        _ => refuse(lifter, FaultCode::WrongLength, ty, value, place),
    }
}

pub(super) fn string(
    lifter: &mut Lifter,
    ty: &Type,
    format: Option<Format>,
    value: &str,
    place: &Place<'_>,
) -> Option<Val> {
    if format.is_some_and(|format| !format.accepts(value)) {
        return refuse(lifter, FaultCode::WrongFormat, ty, value, place);
    }
    Some(Val::String(value.to_owned()))
}

pub(super) fn bytes(lifter: &mut Lifter, ty: &Type, value: &str, place: &Place<'_>) -> Option<Val> {
    if !lifter.charge(value.len() / 4 * 3, place) {
        return None;
    }
    match STANDARD.decode(value) {
        Ok(bytes) => Some(Val::List(bytes.into_iter().map(Val::U8).collect())),
        Err(_) => refuse(lifter, FaultCode::WrongFormat, ty, value, place),
    }
}

pub(super) fn case(
    lifter: &mut Lifter,
    ty: &Type,
    cases: &Members<Label>,
    value: &str,
    place: &Place<'_>,
) -> Option<Val> {
    if let Some(case) = cases.by_json(value) {
        return Some(Val::Enum(case.wit.clone()));
    }
    unknown_value(lifter, ty, value, cases.json_names(), place);
    None
}

/// Notes a text that is none of the names that a type knows.
pub(super) fn unknown_value<'k>(
    lifter: &mut Lifter,
    ty: &Type,
    value: &str,
    known: impl Iterator<Item = &'k str>,
    place: &Place<'_>,
) {
    let expected = expected(ty);
    let message = match name::nearest(value, known) {
        Some(nearest) => format!("there is no {}, did you mean `{nearest}`?", name::quote(value)),
        None => format!("expected {expected}, found {}", name::quote(value)),
    };
    lifter.faults.push(place.fault(FaultCode::UnknownValue, expected, message));
}

fn refuse(lifter: &mut Lifter, code: FaultCode, ty: &Type, value: &str, place: &Place<'_>) -> Option<Val> {
    lifter.refuse(code, ty, &name::quote(value), place)
}
