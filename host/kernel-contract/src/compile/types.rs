// SPDX-License-Identifier: MIT OR Apache-2.0
//! From decoded types to our own tree.

#![expect(clippy::indexing_slicing, reason = "an id of an arena comes from the arena that it indexes")]

use crate::limits::{TYPE_DEPTH_MAX, TYPE_NODES_MAX};
use crate::types::{Case, Definition, Field, Integer, Kind, Label, Members, Type, TypeName, Width};
use crate::{Error, Format, name};
use std::collections::HashMap;
use std::sync::Arc;
use wit_parser::{Handle, Resolve, TypeDef, TypeDefKind, TypeId, TypeOwner};

/// The interface whose names carry formats, without its version.
const WELL_KNOWN: &str = "cortex:types/types";

/// Compiles each type once.
pub(super) struct Compiler<'r> {
    pub(super) resolve: &'r Resolve,
    compiled: HashMap<TypeId, Type>,
    /// Types that are being compiled, one inside the other, aliases included.
    level: usize,
}

impl<'r> Compiler<'r> {
    pub(super) fn new(resolve: &'r Resolve) -> Self {
        Self { resolve, compiled: HashMap::new(), level: 0 }
    }

    /// Compiles a type. `place` is for errors: what uses it, in backticks.
    pub(super) fn ty(&mut self, ty: &wit_parser::Type, place: &str) -> Result<Type, Error> {
        use wit_parser::Type as Wit;
        let integer = |width| Kind::Integer(Integer::of(width));
        let kind = match ty {
            Wit::Id(id) => return self.id(*id, place),
            Wit::Bool => Kind::Bool,
            Wit::U8 => integer(Width::U8),
            Wit::U16 => integer(Width::U16),
            Wit::U32 => integer(Width::U32),
            Wit::U64 => integer(Width::U64),
            Wit::S8 => integer(Width::S8),
            Wit::S16 => integer(Width::S16),
            Wit::S32 => integer(Width::S32),
            Wit::S64 => integer(Width::S64),
            Wit::F32 => Kind::Float32,
            Wit::F64 => Kind::Float64,
            Wit::Char => Kind::Char,
            Wit::String => Kind::Text(None),
            Wit::ErrorContext => return Err(refused(place, "an `error-context`")),
        };
        finish(None, None, kind, false, place)
    }

    /// Compiles a type by its id.
    pub(super) fn id(&mut self, id: TypeId, place: &str) -> Result<Type, Error> {
        if let Some(ty) = self.compiled.get(&id) {
            return Ok(ty.clone());
        }
        // An alias is a level here and none of the type: a chain of them is as long as its author likes.
        if self.level > 2 * TYPE_DEPTH_MAX {
            return Err(too_deep(place));
        }
        self.level = self.level.saturating_add(1);
        let ty = self.definition(id, place);
        self.level = self.level.saturating_sub(1);
        let ty = ty?;
        self.compiled.insert(id, ty.clone());
        Ok(ty)
    }

    fn definition(&mut self, id: TypeId, place: &str) -> Result<Type, Error> {
        let definition = &self.resolve.types[id];
        let name = self.name(definition);
        let named = name.as_ref().map(|name| name::quote(&format!("{}.{}", name.interface, name.name)));
        let place = named.as_deref().unwrap_or(place);
        let docs = definition.docs.contents.clone();
        if let TypeDefKind::Type(target) = &definition.kind {
            let target = self.ty(target, place)?;
            return self.alias(name, docs, &target, place);
        }
        let kind = self.kind(definition, place)?;
        let (kind, is_problem) = match name.as_ref().and_then(well_known) {
            Some(known) => well_known_kind(known, kind, place)?,
            None => (kind, false),
        };
        finish(name, docs, kind, is_problem, place)
    }

    /// `use` repeats a name, and means the same type; any other alias is a type of its own of the same kind.
    fn alias(
        &mut self,
        name: Option<TypeName>,
        docs: Option<String>,
        target: &Type,
        place: &str,
    ) -> Result<Type, Error> {
        let Some(name) = name else { return Ok(target.clone()) };
        if target.name().is_some_and(|target| target.name == name.name) {
            return Ok(target.clone());
        }
        let inner = target.definition();
        let docs = docs.or_else(|| inner.docs.clone());
        let (kind, is_problem) = match well_known(&name) {
            Some(known) => well_known_kind(known, inner.kind.clone(), place)?,
            None => (inner.kind.clone(), inner.is_problem),
        };
        finish(Some(name), docs, kind, is_problem, place)
    }

    fn name(&self, definition: &TypeDef) -> Option<TypeName> {
        let TypeOwner::Interface(owner) = definition.owner else { return None };
        let name = definition.name.as_deref()?;
        Some(TypeName { interface: self.resolve.id_of(owner)?.into(), name: name.into() })
    }

    fn kind(&mut self, definition: &TypeDef, place: &str) -> Result<Kind, Error> {
        Ok(match &definition.kind {
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter().map(|field| {
                    Ok(Field {
                        label: Label::new(&field.name, field.docs.contents.clone()),
                        ty: self.ty(&field.ty, place)?,
                    })
                });
                Kind::Record(Arc::new(Members::new(fields.collect::<Result<_, Error>>()?)))
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().map(|case| {
                    Ok(Case {
                        label: Label::new(&case.name, case.docs.contents.clone()),
                        ty: case.ty.as_ref().map(|ty| self.ty(ty, place)).transpose()?,
                    })
                });
                Kind::Variant(Arc::new(Members::new(cases.collect::<Result<_, Error>>()?)))
            }
            TypeDefKind::Enum(cases) => {
                let cases = cases.cases.iter().map(|case| Label::new(&case.name, case.docs.contents.clone()));
                Kind::Enum(Arc::new(Members::new(cases.collect())))
            }
            TypeDefKind::Flags(flags) => {
                let flags = flags.flags.iter().map(|flag| Label::new(&flag.name, flag.docs.contents.clone()));
                Kind::Flags(Arc::new(Members::new(flags.collect())))
            }
            TypeDefKind::Tuple(tuple) => {
                Kind::Tuple(tuple.types.iter().map(|ty| self.ty(ty, place)).collect::<Result<_, _>>()?)
            }
            TypeDefKind::Option(inner) => Kind::Option(self.ty(inner, place)?),
            TypeDefKind::Result(result) => Kind::Result {
                ok: result.ok.as_ref().map(|ty| self.ty(ty, place)).transpose()?,
                error: result.err.as_ref().map(|ty| self.ty(ty, place)).transpose()?,
            },
            TypeDefKind::List(wit_parser::Type::U8) => Kind::Bytes,
            TypeDefKind::List(element) => Kind::List(self.ty(element, place)?),
            TypeDefKind::FixedLengthList(element, length) => Kind::FixedList(self.ty(element, place)?, *length),
            TypeDefKind::Resource => return Err(refused(place, "a resource")),
            TypeDefKind::Handle(Handle::Own(_)) => return Err(refused(place, "an `own` handle of a resource")),
            TypeDefKind::Handle(Handle::Borrow(_)) => return Err(refused(place, "a `borrow` of a resource")),
            TypeDefKind::Map(..) => return Err(refused(place, "a `map`")),
            TypeDefKind::Future(_) => return Err(refused(place, "a `future`")),
            TypeDefKind::Stream(_) => return Err(refused(place, "a `stream`")),
            TypeDefKind::Type(_) | TypeDefKind::Unknown => {
                return Err(Error::Decode { detail: format!("{place} is a type of no kind") });
            }
        })
    }
}

/// The name of a well-known type.
fn well_known(name: &TypeName) -> Option<(&str, &str)> {
    let (interface, version) = name.interface.split_once('@')?;
    (interface == WELL_KNOWN).then_some((&*name.name, version))
}

/// Gives a well-known type its format, and checks that it is what its name says.
fn well_known_kind((known, version): (&str, &str), kind: Kind, place: &str) -> Result<(Kind, bool), Error> {
    let mismatch = |what: &str| Error::Type {
        place: place.to_owned(),
        what: what.to_owned(),
        remedy: "the component was built from another `cortex:types` than this host knows".to_owned(),
    };
    if !version.starts_with("1.") {
        return Err(mismatch("an unknown major version"));
    }
    if let Some(format) = Format::ALL.iter().find(|format| format.name() == known) {
        return match kind {
            Kind::Text(_) => Ok((Kind::Text(Some(*format)), false)),
            _ => Err(mismatch("a type that is no string for a text format")),
        };
    }
    match (known, &kind) {
        ("page-request", Kind::Record(fields)) => Ok((page_request(fields), false)),
        ("problem", Kind::Record(fields)) => {
            let names: Vec<&str> = fields.iter().map(|field| field.label.wit.as_str()).collect();
            let [kind_of, code, message, list] = &fields[..] else {
                return Err(mismatch("a problem with other fields"));
            };
            let right = names == ["kind", "code", "message", "fields"]
                && matches!(kind_of.ty.kind(), Kind::Enum(_))
                && matches!(code.ty.kind(), Kind::Text(_))
                && matches!(message.ty.kind(), Kind::Text(_))
                && matches!(list.ty.kind(), Kind::List(_));
            if right { Ok((kind, true)) } else { Err(mismatch("a problem with other fields")) }
        }
        ("page-request" | "problem", _) => Err(mismatch("a type that is no record")),
        _ => Ok((kind, false)),
    }
}

/// Items that one page may have, as `cortex:types` says.
const PAGE_LIMIT_MAX: i128 = 1_000;

fn page_request(fields: &Members<Field>) -> Kind {
    let bounded = fields.iter().map(|field| {
        let mut field = field.clone();
        if let ("limit", Kind::Option(inner)) = (field.label.wit.as_str(), field.ty.kind())
            && let Kind::Integer(integer) = inner.kind()
        {
            let limit = Kind::Integer(Integer { minimum: 1, maximum: PAGE_LIMIT_MAX, ..*integer });
            field.ty = bare(Kind::Option(bare(limit, 1)), 2);
        }
        field
    });
    Kind::Record(Arc::new(Members::new(bounded.collect())))
}

fn bare(kind: Kind, nodes: usize) -> Type {
    Type(Arc::new(Definition { name: None, docs: None, kind, is_problem: false, nodes, depth: nodes }))
}

/// Measures a type and refuses one that is too large.
fn finish(
    name: Option<TypeName>,
    docs: Option<String>,
    kind: Kind,
    is_problem: bool,
    place: &str,
) -> Result<Type, Error> {
    let (mut nodes, mut depth) = (1_usize, 0_usize);
    kind.each_inner(&mut |inner| {
        let inner = inner.definition();
        nodes = nodes.saturating_add(if inner.name.is_some() { 1 } else { inner.nodes });
        depth = depth.max(inner.depth);
    });
    let depth = depth.saturating_add(1);
    if depth > TYPE_DEPTH_MAX {
        return Err(too_deep(place));
    }
    if nodes.saturating_add(kind.names()) > TYPE_NODES_MAX {
        let what = format!("a type of more than {TYPE_NODES_MAX} parts");
        return Err(Error::Type { place: place.to_owned(), what, remedy: "divide it".to_owned() });
    }
    Ok(Type(Arc::new(Definition { name, docs, kind, is_problem, nodes, depth })))
}

fn too_deep(place: &str) -> Error {
    let what = format!("a type nested more than {TYPE_DEPTH_MAX} deep");
    Error::Type { place: place.to_owned(), what, remedy: "flatten it".to_owned() }
}

fn refused(place: &str, what: &str) -> Error {
    let remedy =
        "what crosses the boundary between components is plain values; pass an identifier or a list".to_owned();
    Error::Type { place: place.to_owned(), what: what.to_owned(), remedy }
}
