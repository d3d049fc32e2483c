// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which parameter of an operation comes from which part of a request. Decided once, when a manifest is read.

use crate::types::{Kind, Label, Type};
use crate::{Operation, Source, name};

/// The places of an operation's parameters in a request.
#[derive(Clone, Debug)]
pub struct Binding {
    /// What path and query carry, as text.
    leaves: Vec<Leaf>,
    /// The source of each parameter.
    sources: Vec<Source>,
}

/// A text in the path or in the query: a parameter, or a field of a parameter that is a record.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Its name in the request: `id`, or `page_request.limit` for a field.
    pub name: String,
    /// [`Source::Path`] or [`Source::Query`].
    pub source: Source,
    /// Its type.
    pub ty: Type,
    /// Its documentation.
    pub docs: Option<String>,
    /// Whether it must be given.
    pub required: bool,
    /// The parameter that it is or belongs to, by position. The leaves of one are in the order of its fields.
    pub(crate) parameter: usize,
}

/// Why parameters cannot be bound so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such parameter.
    #[error("{operation} has no parameter {name}{hint}")]
    Unknown {
        /// The operation.
        operation: String,
        /// The name, in backticks.
        name: String,
        /// What it may have meant: `, did you mean ...`.
        hint: String,
    },
    /// Named twice.
    #[error("the parameter `{name}` of {operation} is bound twice: keep one of path and query")]
    Twice {
        /// The operation.
        operation: String,
        /// The parameter.
        name: String,
    },
    /// In no part of the request.
    #[error(
        "the parameter `{name}` of {operation} is in neither path nor query, and the method has no body: add it to one"
    )]
    Unplaced {
        /// The operation.
        operation: String,
        /// The parameter.
        name: String,
    },
    /// A type that has no form as text.
    #[error("the parameter `{name}` of {operation} cannot stand in the {place}: {remedy}")]
    Type {
        /// The operation.
        operation: String,
        /// The parameter, with the field where it is one.
        name: String,
        /// The part of the request.
        place: &'static str,
        /// What can stand there, and what to do.
        remedy: &'static str,
    },
}

const PATH_REMEDY: &str = "a path carries a bool, number, char, string or enum; use another method or parameter";
const QUERY_REMEDY: &str = "a query carries bools, numbers, chars, strings and enums, options and lists of these, and records \
                            of all these; use a method with a body";

impl Binding {
    /// The binding of the canonical route: everything comes from the body.
    #[must_use]
    pub fn canonical(operation: &Operation) -> Self {
        Self { leaves: Vec::new(), sources: vec![Source::Body; operation.parameters.len()] }
    }

    pub(crate) fn of(operation: &Operation, path: &[&str], query: &[&str], has_body: bool) -> Result<Self, Error> {
        let mut sources = vec![None; operation.parameters.len()];
        let named =
            path.iter().map(|name| (*name, Source::Path)).chain(query.iter().map(|name| (*name, Source::Query)));
        for (wanted, source) in named {
            let index = position(operation, wanted)?;
            if let Some(slot) = sources.get_mut(index)
                && slot.replace(source).is_some()
            {
                return Err(Error::Twice { operation: quoted(operation), name: name::snake(wanted) });
            }
        }
        let rest = match (has_body, query.is_empty()) {
            (true, _) => Some(Source::Body),
            (false, true) => Some(Source::Query),
            (false, false) => None,
        };
        let mut binding = Self { leaves: Vec::new(), sources: Vec::new() };
        for (index, (parameter, source)) in operation.parameters.iter().zip(sources).enumerate() {
            let source = source
                .or(rest)
                .ok_or_else(|| Error::Unplaced { operation: quoted(operation), name: parameter.label.json.clone() })?;
            binding.sources.push(source);
            binding.place(operation, index, &parameter.label, &parameter.ty, source)?;
        }
        Ok(binding)
    }

    fn place(
        &mut self,
        operation: &Operation,
        parameter: usize,
        label: &Label,
        ty: &Type,
        source: Source,
    ) -> Result<(), Error> {
        let refuse = |name: &str, place, remedy| {
            Err(Error::Type { operation: quoted(operation), name: name.to_owned(), place, remedy })
        };
        match source {
            Source::Body => return Ok(()),
            Source::Path if is_text(ty) => self.leaf(parameter, label, ty, source, true),
            Source::Path => return refuse(&label.json, "path", PATH_REMEDY),
            Source::Query if is_query(ty) => self.leaf(parameter, label, ty, source, true),
            Source::Query => {
                let (fields, required) = match ty.kind() {
                    Kind::Record(fields) => (fields, true),
                    Kind::Option(inner) => match inner.kind() {
                        Kind::Record(fields) => (fields, false),
                        _ => return refuse(&label.json, "query", QUERY_REMEDY),
                    },
                    _ => return refuse(&label.json, "query", QUERY_REMEDY),
                };
                for field in fields.iter() {
                    let mut inner = field.label.clone();
                    inner.json = format!("{}.{}", label.json, field.label.json);
                    if !is_query(&field.ty) {
                        return refuse(&inner.json, "query", QUERY_REMEDY);
                    }
                    self.leaf(parameter, &inner, &field.ty, source, required);
                }
            }
        }
        Ok(())
    }

    fn leaf(&mut self, parameter: usize, label: &Label, ty: &Type, source: Source, required: bool) {
        let required = required && !matches!(ty.kind(), Kind::Option(_) | Kind::List(_));
        let docs = label.docs.clone().or_else(|| ty.definition().docs.clone());
        self.leaves.push(Leaf { name: label.json.clone(), source, ty: ty.clone(), docs, required, parameter });
    }

    /// What path and query carry.
    #[must_use]
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// Where a parameter comes from, by its position.
    #[must_use]
    pub fn source(&self, parameter: usize) -> Source {
        self.sources.get(parameter).copied().unwrap_or(Source::Body)
    }

    /// Whether any parameter comes from the body.
    #[must_use]
    pub fn has_body(&self) -> bool {
        self.sources.contains(&Source::Body)
    }
}

fn quoted(operation: &Operation) -> String {
    format!("`{}`", operation.name)
}

fn position(operation: &Operation, wanted: &str) -> Result<usize, Error> {
    let json = name::snake(wanted);
    operation.parameters.position(&json, 0).ok_or_else(|| Error::Unknown {
        operation: quoted(operation),
        name: name::quote(wanted),
        hint: name::nearest(&json, operation.parameters.json_names())
            .map_or_else(String::new, |nearest| format!(", did you mean `{nearest}`?")),
    })
}

/// Whether a value has a form as one text.
fn is_text(ty: &Type) -> bool {
    matches!(
        ty.kind(),
        Kind::Bool
            | Kind::Integer(_)
            | Kind::Float32
            | Kind::Float64
            | Kind::Char
            | Kind::Text(_)
            | Kind::Bytes
            | Kind::Enum(_)
    )
}

/// Whether a value has a form as some texts of one name.
fn is_query(ty: &Type) -> bool {
    match ty.kind() {
        Kind::List(inner) => is_text(inner),
        Kind::Option(inner) => is_text(inner) || matches!(inner.kind(), Kind::List(inner) if is_text(inner)),
        _ => is_text(ty),
    }
}
