// SPDX-License-Identifier: MIT OR Apache-2.0
//! The arguments of one call, gathered from the path, the query and the body of a request.

use crate::binding::{Binding, Leaf};
use crate::fault::Place;
use crate::json::{self, Document, Node, Token};
use crate::lift::{Lifter, text};
use crate::types::{Kind, Type};
use crate::{FaultCode, Faults, Operation, Source, name};
use std::borrow::Cow;
use wasmtime::component::Val;

/// Gathers the arguments of one call by name, and all faults with them.
///
/// ```no_run
/// use kernel_contract::{Arguments, Operation, Source};
///
/// fn call(operation: &Operation) -> Result<(), Box<dyn std::error::Error>> {
///     let binding = operation.binding(&["id"], &["dry-run"], true)?; // once, when the manifest is read
///     let mut arguments = Arguments::new(operation, &binding);
///     arguments.text(Source::Path, "id", "4711");
///     arguments.text(Source::Query, "dry_run", "true");
///     arguments.body(br#"{"lines": []}"#);
///     let values = arguments.finish()?; // or all faults of the request
///     Ok(())
/// }
/// ```
pub struct Arguments<'o> {
    operation: &'o Operation,
    binding: &'o Binding,
    lifter: Lifter,
    /// What the body gave, by parameter.
    slots: Vec<Slot>,
    /// What path and query gave, by leaf.
    texts: Vec<Texts>,
    /// Whether the body could not be read, so that nothing can be said of what is missing in it.
    body_unread: bool,
}

/// A parameter or field that a JSON object gives.
pub(crate) enum Slot {
    /// Not yet.
    Absent,
    /// Given, with a fault.
    Faulty,
    /// Given.
    Value(Val),
}

impl Slot {
    pub(crate) fn of(value: Option<Val>) -> Self {
        value.map_or(Self::Faulty, Self::Value)
    }
}

#[derive(Clone, Default)]
struct Texts {
    given: usize,
    values: Vec<Val>,
}

impl<'o> Arguments<'o> {
    /// Begins a call. The binding is of the same operation.
    #[must_use]
    pub fn new(operation: &'o Operation, binding: &'o Binding) -> Self {
        Self {
            operation,
            binding,
            lifter: Lifter::default(),
            slots: operation.parameters.iter().map(|_| Slot::Absent).collect(),
            texts: vec![Texts::default(); binding.leaves().len()],
            body_unread: false,
        }
    }

    /// A text from the path or the query, percent-decoded. Given again, it is the next element of a list. A placeholder of the
    /// path may be called as WIT calls the parameter.
    pub fn text(&mut self, source: Source, wanted: &str, value: &str) {
        let root = Place::root(source);
        let leaves = self.binding.leaves();
        let name = if source == Source::Path { Cow::Owned(name::snake(wanted)) } else { Cow::Borrowed(wanted) };
        let found = leaves.iter().enumerate().find(|(_, leaf)| leaf.source == source && leaf.name == name);
        let Some((index, leaf)) = found else {
            let known = leaves.iter().filter(|leaf| leaf.source == source).map(|leaf| leaf.name.as_str());
            return self.lifter.unknown(&root, wanted, "parameter", known);
        };
        with_place(leaf, &root, |place| {
            let Some(texts) = self.texts.get_mut(index) else { return };
            texts.given += 1;
            let Some(scalar) = scalar(&leaf.ty, texts.given) else {
                return self.lifter.faults.push(place.fault(
                    FaultCode::Duplicate,
                    "one value",
                    format!("`{}` stands in the {} more than once", leaf.name, source.name()),
                ));
            };
            if let Some(value) = text::value(&mut self.lifter, scalar, value, place) {
                texts.values.push(value);
            }
        });
    }

    /// The body: a JSON object of the parameters that come from it. Nothing at all is `{}`.
    pub fn body(&mut self, body: &[u8]) {
        if body.is_empty() {
            return;
        }
        match Document::parse(body) {
            Ok(document) => self.object(document.root()),
            Err(error) => {
                self.body_unread = true;
                let code = match error {
                    json::Error::Utf8 { .. } | json::Error::Syntax { .. } => FaultCode::MalformedJson,
                    json::Error::TooDeep { .. } => FaultCode::TooDeep,
                    json::Error::TooManyValues { .. } => FaultCode::TooManyValues,
                };
                let root = Place::root(Source::Body);
                self.lifter.faults.push(root.fault(code, "a JSON object of the parameters", error.to_string()));
            }
        }
    }

    fn object(&mut self, node: Node<'_>) {
        let root = Place::root(Source::Body);
        if !matches!(node.token(), Token::Object(_)) {
            self.body_unread = true;
            let expected = "a JSON object of the parameters";
            let message = format!("expected {expected}, found {}", node.describe());
            return self.lifter.faults.push(root.fault(FaultCode::WrongType, expected, message));
        }
        for (name, value) in node.members() {
            if self.lifter.is_done() {
                return;
            }
            self.json_field(name, value);
        }
    }

    /// One parameter from the body, by its JSON name.
    pub fn json_field(&mut self, wanted: &str, value: Node<'_>) {
        let root = Place::root(Source::Body);
        let hint = self.slots.iter().position(|slot| matches!(slot, Slot::Absent)).unwrap_or(0);
        let found = self.operation.parameters.position(wanted, hint);
        let Some((index, parameter)) = found.and_then(|i| self.operation.parameters.get(i).map(|p| (i, p))) else {
            return self.lifter.unknown(&root, wanted, "parameter", self.operation.parameters.json_names());
        };
        let place = root.name(wanted);
        let source = self.binding.source(index);
        if source != Source::Body {
            return self.lifter.faults.push(place.fault(
                FaultCode::UnknownField,
                format!("`{wanted}` in the {} only", source.name()),
                format!("`{wanted}` comes from the {}: leave it out of the body", source.name()),
            ));
        }
        let Some(slot) = self.slots.get_mut(index) else { return };
        if matches!(slot, Slot::Absent) {
            *slot = Slot::of(self.lifter.value(&parameter.ty, value, &place));
        } else {
            self.lifter.duplicate(&place, wanted);
        }
    }

    /// The arguments in the order of the parameters.
    ///
    /// # Errors
    /// All faults.
    pub fn finish(mut self) -> Result<Vec<Val>, Faults> {
        let mut values = Vec::with_capacity(self.slots.len());
        for (index, slot) in std::mem::take(&mut self.slots).into_iter().enumerate() {
            let Some(parameter) = self.operation.parameters.get(index) else { continue };
            let value = match (self.binding.source(index), slot) {
                (Source::Body, Slot::Value(value)) => Some(value),
                (Source::Body, Slot::Faulty) => None,
                (Source::Body, Slot::Absent) if self.body_unread => None,
                (Source::Body, Slot::Absent) => {
                    let root = Place::root(Source::Body);
                    self.lifter.absent(&parameter.ty, &root.name(&parameter.label.json), "parameter")
                }
                (Source::Path | Source::Query, _) => self.gather_texts(index, &parameter.ty),
            };
            values.extend(value);
        }
        if self.lifter.faults.is_empty() { Ok(values) } else { Err(self.lifter.faults) }
    }

    fn gather_texts(&mut self, parameter: usize, ty: &Type) -> Option<Val> {
        let binding = self.binding;
        let leaves = binding.leaves().iter().enumerate().filter(|(_, leaf)| leaf.parameter == parameter);
        let record = match ty.kind() {
            Kind::Record(fields) => Some((fields, false)),
            Kind::Option(inner) => match inner.kind() {
                Kind::Record(fields) => Some((fields, true)),
                _ => None,
            },
            _ => None,
        };
        let Some((fields, optional)) = record else {
            return leaves.map(|(index, leaf)| self.leaf(index, leaf)).next().flatten();
        };
        let given = leaves.clone().any(|(index, _)| self.texts.get(index).is_some_and(|texts| texts.given > 0));
        if optional && !given {
            return Some(Val::Option(None));
        }
        // Every leaf is looked at before the first that is missing ends it: all faults are wanted.
        let values: Vec<Option<Val>> = leaves.map(|(index, leaf)| self.leaf(index, leaf)).collect();
        let values: Option<Vec<Val>> = values.into_iter().collect();
        let members = fields.iter().zip(values?).map(|(field, value)| (field.label.wit.clone(), value)).collect();
        let record = Val::Record(members);
        Some(if optional { Val::Option(Some(Box::new(record))) } else { record })
    }

    fn leaf(&mut self, index: usize, leaf: &Leaf) -> Option<Val> {
        let texts = self.texts.get_mut(index).map(std::mem::take).unwrap_or_default();
        with_place(leaf, &Place::root(leaf.source), |place| self.gathered(&leaf.ty, texts, place))
    }

    fn gathered(&mut self, ty: &Type, mut texts: Texts, place: &Place<'_>) -> Option<Val> {
        match ty.kind() {
            Kind::Option(_) if texts.given == 0 => Some(Val::Option(None)),
            Kind::Option(inner) => self.gathered(inner, texts, place).map(|value| Val::Option(Some(Box::new(value)))),
            // Where one was at fault, that is known already.
            Kind::List(_) => (texts.values.len() == texts.given).then_some(Val::List(texts.values)),
            _ if texts.given == 0 => self.lifter.absent(ty, place, "parameter"),
            _ => texts.values.pop(),
        }
    }
}

/// The type of one text of a leaf that was given for the `given`-th time; `None` where that is once too often.
fn scalar(ty: &Type, given: usize) -> Option<&Type> {
    match ty.kind() {
        Kind::Option(inner) => scalar(inner, given),
        Kind::List(inner) => Some(inner),
        _ => (given == 1).then_some(ty),
    }
}

/// Calls `f` with the place of a leaf: `page_request.limit` is `/page_request/limit`.
fn with_place<T>(leaf: &Leaf, root: &Place<'_>, f: impl FnOnce(&Place<'_>) -> T) -> T {
    match leaf.name.split_once('.') {
        Some((parameter, field)) => f(&root.name(parameter).name(field)),
        None => f(&root.name(&leaf.name)),
    }
}
