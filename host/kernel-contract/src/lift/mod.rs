// SPDX-License-Identifier: MIT OR Apache-2.0
//! JSON -> `Val`, led by the type. It goes on after a fault, so that all are found.

mod compound;
mod expected;
mod scalar;
pub(crate) mod text;

use crate::fault::Place;
use crate::json::Node;
use crate::limits::{FAULTS_MAX, LIFTED_VALUES_MAX};
use crate::types::{Kind, Type};
use crate::{FaultCode, Faults, name};
use wasmtime::component::Val;

pub(crate) use expected::expected;

/// Lifts the values of one request and gathers its faults.
pub(crate) struct Lifter {
    pub(crate) faults: Faults,
    values_left: usize,
    exhausted: bool,
}

impl Default for Lifter {
    fn default() -> Self {
        Self { faults: Faults::default(), values_left: LIFTED_VALUES_MAX, exhausted: false }
    }
}

impl Lifter {
    /// Whether it is no use to look further: no more values may be made, or no more faults are listed.
    pub(crate) fn is_done(&self) -> bool {
        self.exhausted || self.faults.as_slice().len() >= FAULTS_MAX
    }

    /// The value of a node. `None` where it is at fault; the fault is noted then.
    pub(crate) fn value(&mut self, ty: &Type, node: Node<'_>, place: &Place<'_>) -> Option<Val> {
        if self.is_done() || !self.charge(1, place) {
            return None;
        }
        match ty.kind() {
            Kind::Bool => self.bool(ty, node, place),
            Kind::Integer(integer) => self.integer(ty, *integer, node, place),
            Kind::Float32 | Kind::Float64 => self.float(ty, node, place),
            Kind::Char => self.char(ty, node, place),
            Kind::Text(format) => self.string(ty, *format, node, place),
            Kind::Bytes => self.bytes(ty, node, place),
            Kind::List(element) => self.list(ty, element, node, place).map(Val::List),
            Kind::FixedList(element, length) => self.fixed_list(ty, element, *length, node, place),
            Kind::Option(inner) => self.option(ty, inner, node, place),
            Kind::Result { ok, error } => self.result(ty, ok.as_ref(), error.as_ref(), node, place),
            Kind::Tuple(types) => self.tuple(ty, types, node, place),
            Kind::Record(fields) => self.record(ty, fields, node, place),
            Kind::Variant(cases) => self.variant(ty, cases, node, place),
            Kind::Enum(cases) => self.enumeration(ty, cases, node, place),
            Kind::Flags(names) => self.flags(ty, names, node, place),
        }
    }

    /// What an absent field or parameter is: none, or a fault.
    pub(crate) fn absent(&mut self, ty: &Type, place: &Place<'_>, what: &str) -> Option<Val> {
        if self.is_done() || !self.charge(1, place) {
            return None;
        }
        if ty.is_nullable() {
            return Some(Val::Option(None));
        }
        let expected = expected(ty);
        let message = format!("the {what} is missing: give {expected}");
        self.faults.push(place.fault(FaultCode::Missing, expected, message));
        None
    }

    /// Notes a name that is none of the known ones.
    pub(crate) fn unknown<'k>(
        &mut self,
        parent: &Place<'_>,
        unknown: &str,
        what: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) {
        // A name of this length is no misspelt one; its pointer would only carry the caller's text about.
        const NAME_BYTES_MAX: usize = 128;
        let quoted = name::quote(unknown);
        let message = match name::nearest(unknown, known.clone()) {
            Some(nearest) => format!("there is no {what} {quoted}, did you mean `{nearest}`?"),
            None => format!("there is no {what} {quoted}: leave it out"),
        };
        let named = parent.name(unknown);
        let place = if unknown.len() <= NAME_BYTES_MAX { &named } else { parent };
        let expected = name::alternatives(known);
        self.faults.push(place.fault(FaultCode::UnknownField, expected, message));
    }

    /// Notes a name that was given before.
    pub(crate) fn duplicate(&mut self, place: &Place<'_>, name: &str) {
        let message = format!("{} is given twice: which of the two counts?", name::quote(name));
        self.faults.push(place.fault(FaultCode::Duplicate, "each name once", message));
    }

    /// Notes a value of another type; gives none.
    fn wrong_type<T>(&mut self, ty: &Type, node: Node<'_>, place: &Place<'_>) -> Option<T> {
        self.refuse(FaultCode::WrongType, ty, &node.describe(), place)
    }

    /// Notes a fault whose message is "expected .., found .."; gives none.
    fn refuse<T>(&mut self, code: FaultCode, ty: &Type, found: &str, place: &Place<'_>) -> Option<T> {
        let expected = expected(ty);
        let message = format!("expected {expected}, found {found}");
        self.faults.push(place.fault(code, expected, message));
        None
    }

    /// Counts values that are about to be made.
    fn charge(&mut self, values: usize, place: &Place<'_>) -> bool {
        if let Some(left) = self.values_left.checked_sub(values) {
            self.values_left = left;
            return true;
        }
        self.exhausted = true;
        let expected = format!("at most {LIFTED_VALUES_MAX} values in one request");
        let message = format!(
            "there are more than {LIFTED_VALUES_MAX} values, single bytes and absent fields counted: send less at once"
        );
        self.faults.push(place.fault(FaultCode::TooManyValues, expected, message));
        false
    }
}
