// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values made of other values.

use super::{Lifter, text};
use crate::FaultCode;
use crate::argument::Slot;
use crate::fault::Place;
use crate::json::{Node, Token};
use crate::types::{Case, Field, Label, Members, Type};
use wasmtime::component::Val;

impl Lifter {
    pub(super) fn list(&mut self, ty: &Type, element: &Type, node: Node<'_>, place: &Place<'_>) -> Option<Vec<Val>> {
        let Token::Array(count) = node.token() else {
            return self.wrong_type(ty, node, place);
        };
        let mut values = Vec::with_capacity(*count);
        for (index, node) in node.elements().enumerate() {
            if self.is_done() {
                return None;
            }
            values.extend(self.value(element, node, &place.index(index)));
        }
        (values.len() == *count).then_some(values)
    }

    pub(super) fn fixed_list(
        &mut self,
        ty: &Type,
        element: &Type,
        length: u32,
        node: Node<'_>,
        place: &Place<'_>,
    ) -> Option<Val> {
        let values = self.list(ty, element, node, place)?;
        if u32::try_from(values.len()) == Ok(length) {
            return Some(Val::FixedLengthList(values));
        }
        self.refuse(FaultCode::WrongLength, ty, &format!("an array of {}", values.len()), place)
    }

    pub(super) fn tuple(&mut self, ty: &Type, types: &[Type], node: Node<'_>, place: &Place<'_>) -> Option<Val> {
        let Token::Array(count) = node.token() else { return self.wrong_type(ty, node, place) };
        if *count != types.len() {
            return self.refuse(FaultCode::WrongLength, ty, &format!("an array of {count}"), place);
        }
        let mut values = Vec::with_capacity(*count);
        for (index, (ty, node)) in types.iter().zip(node.elements()).enumerate() {
            values.extend(self.value(ty, node, &place.index(index)));
        }
        (values.len() == *count).then_some(Val::Tuple(values))
    }

    pub(super) fn option(&mut self, ty: &Type, inner: &Type, node: Node<'_>, place: &Place<'_>) -> Option<Val> {
        if matches!(node.token(), Token::Null) {
            return Some(Val::Option(None));
        }
        if !inner.is_nullable() {
            return self.value(inner, node, place).map(|value| Val::Option(Some(Box::new(value))));
        }
        let (_, value) = self.single(ty, &["some"], node, place)?;
        let value = self.value(inner, value, &place.name("some"))?;
        Some(Val::Option(Some(Box::new(value))))
    }

    pub(super) fn result(
        &mut self,
        ty: &Type,
        ok: Option<&Type>,
        error: Option<&Type>,
        node: Node<'_>,
        place: &Place<'_>,
    ) -> Option<Val> {
        let (name, value) = self.single(ty, &["ok", "error"], node, place)?;
        let (inner, is_ok) = if name == "ok" { (ok, true) } else { (error, false) };
        let place = place.name(name);
        let value = match inner {
            Some(inner) => Some(Box::new(self.value(inner, value, &place)?)),
            None if matches!(value.token(), Token::Null) => None,
            None => {
                let message = format!("`{name}` carries nothing: expected null, found {}", value.describe());
                self.faults.push(place.fault(FaultCode::WrongType, "null", message));
                return None;
            }
        };
        Some(Val::Result(if is_ok { Ok(value) } else { Err(value) }))
    }

    /// The member of an object that must have one of the names and no other.
    fn single<'d>(
        &mut self,
        ty: &Type,
        names: &[&'static str],
        node: Node<'d>,
        place: &Place<'_>,
    ) -> Option<(&'d str, Node<'d>)> {
        let Token::Object(count) = node.token() else {
            return self.wrong_type(ty, node, place);
        };
        for (name, _) in node.members().filter(|(name, _)| !names.contains(name)) {
            if self.is_done() {
                return None;
            }
            self.unknown(place, name, "field", names.iter().copied());
        }
        if *count != 1 {
            return self.refuse(FaultCode::WrongLength, ty, &format!("an object with {count} fields"), place);
        }
        node.members().next().filter(|(name, _)| names.contains(name))
    }

    pub(super) fn record(
        &mut self,
        ty: &Type,
        fields: &Members<Field>,
        node: Node<'_>,
        place: &Place<'_>,
    ) -> Option<Val> {
        if !matches!(node.token(), Token::Object(_)) {
            return self.wrong_type(ty, node, place);
        }
        let mut slots: Vec<Slot> = Vec::with_capacity(fields.len());
        slots.resize_with(fields.len(), || Slot::Absent);
        let mut hint = 0;
        let mut complete = true;
        for (name, value) in node.members() {
            if self.is_done() {
                return None;
            }
            let found = fields.position(name, hint);
            let Some((slot, field, index)) = found.and_then(|i| Some((slots.get_mut(i)?, fields.get(i)?, i))) else {
                self.unknown(place, name, "field", fields.json_names());
                complete = false;
                continue;
            };
            hint = index.saturating_add(1);
            let place = place.name(name);
            if matches!(slot, Slot::Absent) {
                *slot = Slot::of(self.value(&field.ty, value, &place));
            } else {
                self.duplicate(&place, name);
                complete = false;
            }
        }
        let mut members = Vec::with_capacity(fields.len());
        for (field, slot) in fields.iter().zip(slots) {
            let value = match slot {
                Slot::Value(value) => Some(value),
                Slot::Faulty => None,
                Slot::Absent => self.absent(&field.ty, &place.name(&field.label.json), "field"),
            };
            members.extend(value.map(|value| (field.label.wit.clone(), value)));
        }
        (complete && members.len() == fields.len()).then_some(Val::Record(members))
    }

    pub(super) fn variant(
        &mut self,
        ty: &Type,
        cases: &Members<Case>,
        node: Node<'_>,
        place: &Place<'_>,
    ) -> Option<Val> {
        let (name, value) = match node.token() {
            Token::Text(name) => (name.as_ref(), None),
            Token::Object(1) => node.members().next().map(|(name, value)| (name, Some(value)))?,
            Token::Object(count) => {
                return self.refuse(FaultCode::WrongLength, ty, &format!("an object with {count} fields"), place);
            }
            _ => return self.wrong_type(ty, node, place),
        };
        let Some(case) = cases.by_json(name) else {
            text::unknown_value(self, ty, name, cases.json_names(), place);
            return None;
        };
        let wit = case.label.wit.clone();
        match (&case.ty, value) {
            (None, None) => Some(Val::Variant(wit, None)),
            (Some(inner), Some(value)) => {
                let value = self.value(inner, value, &place.name(name))?;
                Some(Val::Variant(wit, Some(Box::new(value))))
            }
            (inner, _) => {
                let (expected, carries) = match inner {
                    Some(_) => (format!("an object with `{name}`"), "a value"),
                    None => (format!("the string `{name}`"), "nothing"),
                };
                let message = format!("`{name}` carries {carries}: write {expected}");
                self.faults.push(place.fault(FaultCode::WrongType, expected, message));
                None
            }
        }
    }

    pub(super) fn enumeration(
        &mut self,
        ty: &Type,
        cases: &Members<Label>,
        node: Node<'_>,
        place: &Place<'_>,
    ) -> Option<Val> {
        match node.token() {
            Token::Text(name) => text::case(self, ty, cases, name, place),
            _ => self.wrong_type(ty, node, place),
        }
    }

    pub(super) fn flags(
        &mut self,
        ty: &Type,
        names: &Members<Label>,
        node: Node<'_>,
        place: &Place<'_>,
    ) -> Option<Val> {
        let Token::Array(_) = node.token() else { return self.wrong_type(ty, node, place) };
        let mut set = vec![false; names.len()];
        let mut complete = true;
        for (index, node) in node.elements().enumerate() {
            if self.is_done() || !self.charge(1, place) {
                return None;
            }
            let place = place.index(index);
            let Token::Text(name) = node.token() else {
                let message = format!("expected a string, found {}", node.describe());
                self.faults.push(place.fault(FaultCode::WrongType, "a string", message));
                complete = false;
                continue;
            };
            match names.position(name, index).and_then(|i| set.get_mut(i)) {
                Some(slot) if !*slot => *slot = true,
                Some(_) => {
                    self.duplicate(&place, name);
                    complete = false;
                }
                None => {
                    text::unknown_value(self, ty, name, names.json_names(), &place);
                    complete = false;
                }
            }
        }
        // In the order of the type, whatever the order of the request.
        let chosen = names.iter().zip(set).filter(|(_, set)| *set).map(|(label, _)| label.wit.clone());
        complete.then(|| Val::Flags(chosen.collect()))
    }
}
