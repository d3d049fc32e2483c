// SPDX-License-Identifier: MIT OR Apache-2.0
//! The compiled type tree: what a value of an operation looks like, in the form in which lifting, lowering and schemas
//! need it. Aliases are resolved; the name and documentation that the outermost alias gave are kept.

use crate::{format::Format, name};
use std::sync::Arc;

/// A type. Cheap to clone; shared wherever the contract names it twice.
#[derive(Clone, Debug)]
pub struct Type(pub(crate) Arc<Definition>);

/// What stands behind a [`Type`].
#[derive(Debug)]
pub struct Definition {
    /// Its name, where WIT gives it one.
    pub name: Option<TypeName>,
    /// Its documentation.
    pub docs: Option<String>,
    /// Its shape.
    pub kind: Kind,
    /// Whether it is `cortex:types/types.problem`, under whatever name.
    pub(crate) is_problem: bool,
    /// Nodes of its schema written out: itself and everything inside it that has no name of its own.
    pub(crate) nodes: usize,
    /// How deep it nests.
    pub(crate) depth: usize,
}

/// The name of a type: where it is defined, and how it is called there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeName {
    /// `namespace:package/interface@version`.
    pub interface: Arc<str>,
    /// The kebab-case name within the interface.
    pub name: Arc<str>,
}

/// The shape of a type.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `bool`
    Bool,
    /// `u8` to `s64`
    Integer(Integer),
    /// `f32`
    Float32,
    /// `f64`
    Float64,
    /// `char`
    Char,
    /// `string`, with a format where its name is a well-known one.
    Text(Option<Format>),
    /// `list<u8>`
    Bytes,
    /// `list<t>`
    List(Type),
    /// `list<t, n>`
    FixedList(Type, u32),
    /// `option<t>`
    Option(Type),
    /// `result<ok, error>`
    Result {
        /// What `ok` carries.
        ok: Option<Type>,
        /// What `error` carries.
        error: Option<Type>,
    },
    /// `tuple<a, b>`
    Tuple(Arc<[Type]>),
    /// `record`
    Record(Arc<Members<Field>>),
    /// `variant`
    Variant(Arc<Members<Case>>),
    /// `enum`
    Enum(Arc<Members<Label>>),
    /// `flags`
    Flags(Arc<Members<Label>>),
}

impl Kind {
    /// Calls `f` with each type directly inside.
    pub fn each_inner(&self, f: &mut dyn FnMut(&Type)) {
        match self {
            Self::List(inner) | Self::FixedList(inner, _) | Self::Option(inner) => f(inner),
            Self::Result { ok, error } => ok.iter().chain(error).for_each(f),
            Self::Tuple(types) => types.iter().for_each(f),
            Self::Record(fields) => fields.iter().for_each(|field| f(&field.ty)),
            Self::Variant(cases) => cases.iter().filter_map(|case| case.ty.as_ref()).for_each(f),
            Self::Bool
            | Self::Integer(_)
            | Self::Float32
            | Self::Float64
            | Self::Char
            | Self::Text(_)
            | Self::Bytes
            | Self::Enum(_)
            | Self::Flags(_) => {}
        }
    }

    /// How many names it has that are no types inside.
    pub(crate) fn names(&self) -> usize {
        match self {
            Self::Variant(cases) => cases.len(),
            Self::Enum(labels) | Self::Flags(labels) => labels.len(),
            _ => 0,
        }
    }
}

/// The width of an integer in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Width {
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
}

/// An integer type and the range of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer {
    /// The type in WIT.
    pub width: Width,
    /// The least value.
    pub minimum: i128,
    /// The greatest value.
    pub maximum: i128,
}

impl Integer {
    pub(crate) const fn of(width: Width) -> Self {
        let (minimum, maximum) = match width {
            Width::U8 => (0, u8::MAX as i128),
            Width::U16 => (0, u16::MAX as i128),
            Width::U32 => (0, u32::MAX as i128),
            Width::U64 => (0, u64::MAX as i128),
            Width::S8 => (i8::MIN as i128, i8::MAX as i128),
            Width::S16 => (i16::MIN as i128, i16::MAX as i128),
            Width::S32 => (i32::MIN as i128, i32::MAX as i128),
            Width::S64 => (i64::MIN as i128, i64::MAX as i128),
        };
        Self { width, minimum, maximum }
    }

    /// Whether JSON carries it as text, because a double cannot hold all its values.
    #[must_use]
    pub const fn is_wide(self) -> bool {
        matches!(self.width, Width::U64 | Width::S64)
    }
}

/// A name in WIT and in JSON, with its documentation.
#[derive(Clone, Debug)]
pub struct Label {
    /// `kebab-case`, as WIT has it.
    pub wit: String,
    /// `snake_case`, as JSON has it.
    pub json: String,
    /// Its documentation.
    pub docs: Option<String>,
}

impl Label {
    pub(crate) fn new(wit: &str, docs: Option<String>) -> Self {
        Self { wit: wit.to_owned(), json: name::snake(wit), docs }
    }
}

/// A field of a record.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub label: Label,
    /// Its type.
    pub ty: Type,
}

/// A case of a variant.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub label: Label,
    /// What it carries.
    pub ty: Option<Type>,
}

impl Type {
    /// Its definition.
    #[must_use]
    pub fn definition(&self) -> &Definition {
        &self.0
    }

    /// Its shape.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// Its name, where WIT gives it one.
    #[must_use]
    pub fn name(&self) -> Option<&TypeName> {
        self.0.name.as_ref()
    }

    /// Whether its JSON may be `null`. An option of such a type wraps its value, see `docs/json-mapping.md`.
    #[must_use]
    pub fn is_nullable(&self) -> bool {
        matches!(self.kind(), Kind::Option(_))
    }
}

/// Items with names: the fields of a record, the cases of a variant. Found by either name.
#[derive(Clone, Debug)]
pub struct Members<T> {
    items: Box<[T]>,
    /// The items by their JSON name, where there are too many to try each.
    sorted: Box<[usize]>,
}

/// Up to this many items, trying each is faster than searching.
const TRIED_EACH_MAX: usize = 12;

impl<T: AsRef<Label>> Members<T> {
    pub(crate) fn new(items: Vec<T>) -> Self {
        let mut sorted: Vec<usize> = if items.len() > TRIED_EACH_MAX { (0..items.len()).collect() } else { Vec::new() };
        sorted.sort_by_key(|index| items.get(*index).map(|item| item.as_ref().json.clone()));
        Self { items: items.into(), sorted: sorted.into() }
    }

    /// The position of the item with that JSON name. Callers mostly write in order: `hint` is tried first.
    #[must_use]
    pub fn position(&self, json: &str, hint: usize) -> Option<usize> {
        if self.items.get(hint).is_some_and(|item| item.as_ref().json == json) {
            return Some(hint);
        }
        if self.sorted.is_empty() {
            return self.items.iter().position(|item| item.as_ref().json == json);
        }
        let name = |index: &usize| self.items.get(*index).map_or("", |item| item.as_ref().json.as_str());
        let found = self.sorted.binary_search_by(|index| name(index).cmp(json)).ok()?;
        self.sorted.get(found).copied()
    }

    /// The item with that JSON name.
    #[must_use]
    pub fn by_json(&self, json: &str) -> Option<&T> {
        self.position(json, 0).and_then(|index| self.items.get(index))
    }

    /// The item with that WIT name.
    #[must_use]
    pub fn by_wit(&self, wit: &str) -> Option<&T> {
        if self.sorted.is_empty() {
            return self.items.iter().find(|item| item.as_ref().wit == wit);
        }
        self.by_json(&name::snake(wit)).filter(|item| item.as_ref().wit == wit)
    }

    /// The JSON names, in order.
    pub fn json_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.items.iter().map(|item| item.as_ref().json.as_str())
    }
}

impl<T> std::ops::Deref for Members<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

macro_rules! labelled {
    ($($ty:ty),*) => {
        $(impl AsRef<Label> for $ty {
            fn as_ref(&self) -> &Label {
                &self.label
            }
        })*
    };
}

labelled!(Field, Case, crate::Parameter);

impl AsRef<Label> for Label {
    fn as_ref(&self) -> &Label {
        self
    }
}
