// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compares the types of a binary with the WIT that it should have been built from, and copies the documentation over.
//!
//! A binary holds of an imported interface only what it uses; of an exported one, every function. So all that the binary has
//! must be in the WIT, and every function of an exported interface must be in the binary.

#![expect(clippy::indexing_slicing, reason = "an id of an arena comes from the arena that it indexes")]

use anyhow::{Error, Result, anyhow};
use wit_parser::{
    Function, FunctionKind, Handle, InterfaceId, PackageId, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner,
    WorldId, WorldItem,
};

/// Compares and documents every package of the binary; returns those that the WIT has, by name with version.
pub(super) fn packages(binary: &mut Resolve, world: WorldId, wit: &Resolve) -> Result<Vec<(PackageId, String)>> {
    let mut found: Vec<(PackageId, String)> = Vec::new();
    let interfaces: Vec<InterfaceId> = binary.interfaces.iter().map(|(id, _)| id).collect();
    for interface in interfaces {
        let (Some(name), Some(package)) = (binary.id_of(interface), binary.interfaces[interface].package) else {
            continue;
        };
        let package_name = binary.packages[package].name.clone();
        let Some(documented) = wit.package_names.get(&package_name).copied() else {
            if package_name.namespace == "wasi" {
                continue;
            }
            return Err(differs(name, "the WIT has no such package"));
        };
        let own_name = binary.interfaces[interface].name.clone().unwrap_or_default();
        let Some(own) = wit.packages[documented].interfaces.get(&own_name).copied() else {
            return Err(differs(name, "the WIT has no such interface"));
        };
        Comparison { binary, wit, name: &name }.interface(interface, own, is_exported(binary, world, interface))?;
        document(binary, interface, wit, own);
        if !found.iter().any(|(id, _)| *id == package) {
            binary.packages[package].docs = wit.packages[documented].docs.clone();
            found.push((package, package_name.to_string()));
        }
    }
    Ok(found)
}

fn differs(place: impl Into<String>, detail: impl Into<String>) -> Error {
    let (place, detail) = (place.into(), detail.into());
    anyhow!("the WIT and the binary differ at `{place}`: {detail}; build the component again from this WIT")
}

fn is_exported(resolve: &Resolve, world: WorldId, interface: InterfaceId) -> bool {
    let mut exports = resolve.worlds[world].exports.values();
    exports.any(|item| matches!(item, WorldItem::Interface { id, .. } if *id == interface))
}

struct Comparison<'c> {
    binary: &'c Resolve,
    wit: &'c Resolve,
    name: &'c str,
}

impl Comparison<'_> {
    fn interface(&self, binary: InterfaceId, wit: InterfaceId, exported: bool) -> Result<()> {
        let (binary, wit) = (&self.binary.interfaces[binary], &self.wit.interfaces[wit]);
        for (name, id) in &binary.types {
            let other = wit.types.get(name).ok_or_else(|| self.differs(name, "the WIT has no such type"))?;
            self.definition(*id, *other).map_err(|detail| self.differs(name, detail))?;
        }
        for (name, function) in &binary.functions {
            let other = wit.functions.get(name).ok_or_else(|| self.differs(name, "the WIT has no such function"))?;
            self.function(function, other).map_err(|detail| self.differs(name, detail))?;
        }
        match wit.functions.keys().find(|name| exported && !binary.functions.contains_key(name.as_str())) {
            Some(name) => Err(self.differs(name, "the binary does not export this function")),
            None => Ok(()),
        }
    }

    fn differs(&self, item: &str, detail: impl Into<String>) -> Error {
        differs(format!("{}.{item}", self.name), detail)
    }

    fn function(&self, binary: &Function, wit: &Function) -> std::result::Result<(), String> {
        let is_async = |kind: &FunctionKind| {
            use FunctionKind::{AsyncFreestanding, AsyncMethod, AsyncStatic};
            matches!(kind, AsyncFreestanding | AsyncMethod(_) | AsyncStatic(_))
        };
        if is_async(&binary.kind) != is_async(&wit.kind) {
            return Err("one is async, the other is not".to_owned());
        }
        if binary.params.len() != wit.params.len() {
            return Err(format!("the binary has {} parameters, the WIT {}", binary.params.len(), wit.params.len()));
        }
        for (binary, wit) in binary.params.iter().zip(&wit.params) {
            if binary.name != wit.name {
                return Err(format!("the binary calls a parameter `{}`, the WIT `{}`", binary.name, wit.name));
            }
            self.ty(&binary.ty, &wit.ty).map_err(|detail| format!("parameter `{}`: {detail}", binary.name))?;
        }
        self.maybe(binary.result.as_ref(), wit.result.as_ref()).map_err(|detail| format!("the result: {detail}"))
    }

    /// Compares two types of one name.
    fn definition(&self, binary: TypeId, wit: TypeId) -> std::result::Result<(), String> {
        let (binary_end, wit_end) = (origin(self.binary, binary), origin(self.wit, wit));
        if binary_end == binary && wit_end == wit {
            return self.kind(&self.binary.types[binary], &self.wit.types[wit]);
        }
        self.ty(&Type::Id(binary_end), &Type::Id(wit_end))
    }

    fn ty(&self, binary: &Type, wit: &Type) -> std::result::Result<(), String> {
        let (Type::Id(binary), Type::Id(wit)) = (binary, wit) else {
            return if binary == wit { Ok(()) } else { Err(self.unlike(binary, wit)) };
        };
        let (binary, wit) = (origin(self.binary, *binary), origin(self.wit, *wit));
        match (full_name(self.binary, binary), full_name(self.wit, wit)) {
            (None, None) => self.kind(&self.binary.types[binary], &self.wit.types[wit]),
            // Types with names are compared where they are defined.
            (Some(binary), Some(wit)) if binary == wit => Ok(()),
            _ => Err(self.unlike(&Type::Id(binary), &Type::Id(wit))),
        }
    }

    fn unlike(&self, binary: &Type, wit: &Type) -> String {
        format!("it is {} in the binary, {} in the WIT", describe(self.binary, binary), describe(self.wit, wit))
    }

    fn maybe(&self, binary: Option<&Type>, wit: Option<&Type>) -> std::result::Result<(), String> {
        match (binary, wit) {
            (None, None) => Ok(()),
            (Some(binary), Some(wit)) => self.ty(binary, wit),
            (Some(_), None) => Err("the WIT has none".to_owned()),
            (None, Some(_)) => Err("the binary has none".to_owned()),
        }
    }

    fn kind(&self, binary: &TypeDef, wit: &TypeDef) -> std::result::Result<(), String> {
        match (&binary.kind, &wit.kind) {
            (TypeDefKind::Record(a), TypeDefKind::Record(b)) => {
                names(a.fields.iter().map(|f| &f.name), b.fields.iter().map(|f| &f.name))?;
                a.fields.iter().zip(&b.fields).try_for_each(|(a, b)| {
                    self.ty(&a.ty, &b.ty).map_err(|detail| format!("field `{}`: {detail}", a.name))
                })
            }
            (TypeDefKind::Variant(a), TypeDefKind::Variant(b)) => {
                names(a.cases.iter().map(|c| &c.name), b.cases.iter().map(|c| &c.name))?;
                a.cases.iter().zip(&b.cases).try_for_each(|(a, b)| {
                    self.maybe(a.ty.as_ref(), b.ty.as_ref()).map_err(|detail| format!("case `{}`: {detail}", a.name))
                })
            }
            (TypeDefKind::Enum(a), TypeDefKind::Enum(b)) => {
                names(a.cases.iter().map(|c| &c.name), b.cases.iter().map(|c| &c.name))
            }
            (TypeDefKind::Flags(a), TypeDefKind::Flags(b)) => {
                names(a.flags.iter().map(|f| &f.name), b.flags.iter().map(|f| &f.name))
            }
            (TypeDefKind::Tuple(a), TypeDefKind::Tuple(b)) if a.types.len() == b.types.len() => {
                a.types.iter().zip(&b.types).try_for_each(|(a, b)| self.ty(a, b))
            }
            (TypeDefKind::Result(a), TypeDefKind::Result(b)) => {
                self.maybe(a.ok.as_ref(), b.ok.as_ref())?;
                self.maybe(a.err.as_ref(), b.err.as_ref())
            }
            (TypeDefKind::FixedLengthList(a, n), TypeDefKind::FixedLengthList(b, m)) if n == m => self.ty(a, b),
            (TypeDefKind::Option(a), TypeDefKind::Option(b))
            | (TypeDefKind::List(a), TypeDefKind::List(b))
            | (TypeDefKind::Type(a), TypeDefKind::Type(b)) => self.ty(a, b),
            (TypeDefKind::Map(a, c), TypeDefKind::Map(b, d)) => self.ty(a, b).and_then(|()| self.ty(c, d)),
            (TypeDefKind::Future(a), TypeDefKind::Future(b)) | (TypeDefKind::Stream(a), TypeDefKind::Stream(b)) => {
                self.maybe(a.as_ref(), b.as_ref())
            }
            (TypeDefKind::Resource, TypeDefKind::Resource) => Ok(()),
            (TypeDefKind::Handle(Handle::Own(a)), TypeDefKind::Handle(Handle::Own(b)))
            | (TypeDefKind::Handle(Handle::Borrow(a)), TypeDefKind::Handle(Handle::Borrow(b))) => {
                self.ty(&Type::Id(*a), &Type::Id(*b))
            }
            (a, b) => Err(format!("it is a {} in the binary, another {} in the WIT", a.as_str(), b.as_str())),
        }
    }
}

fn names<'n>(
    binary: impl Iterator<Item = &'n String> + Clone,
    wit: impl Iterator<Item = &'n String> + Clone,
) -> std::result::Result<(), String> {
    if binary.clone().eq(wit.clone()) {
        return Ok(());
    }
    let (binary, wit) = (list(binary), list(wit));
    Err(format!("it has {binary} in the binary, {wit} in the WIT"))
}

fn list<'n>(names: impl Iterator<Item = &'n String>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The type behind a chain of aliases.
fn origin(resolve: &Resolve, mut id: TypeId) -> TypeId {
    while let TypeDefKind::Type(Type::Id(next)) = resolve.types[id].kind {
        id = next;
    }
    id
}

fn full_name(resolve: &Resolve, id: TypeId) -> Option<String> {
    let definition = &resolve.types[id];
    let name = definition.name.as_ref()?;
    match definition.owner {
        TypeOwner::Interface(interface) => Some(format!("{}.{name}", resolve.id_of(interface)?)),
        TypeOwner::World(_) | TypeOwner::None => Some(name.clone()),
    }
}

fn describe(resolve: &Resolve, ty: &Type) -> String {
    match ty {
        Type::Id(id) => {
            let id = origin(resolve, *id);
            match full_name(resolve, id) {
                Some(name) => format!("`{name}`"),
                None => format!("a {}", resolve.types[id].kind.as_str()),
            }
        }
        primitive => format!("`{}`", format!("{primitive:?}").to_lowercase()),
    }
}

/// Copies documentation and stability to the same items, which are known to be there.
fn document(binary: &mut Resolve, interface: InterfaceId, wit: &Resolve, own: InterfaceId) {
    let source = &wit.interfaces[own];
    let target = &mut binary.interfaces[interface];
    target.docs = source.docs.clone();
    target.stability = source.stability.clone();
    for (name, function) in &mut target.functions {
        if let Some(source) = source.functions.get(name) {
            function.docs = source.docs.clone();
            function.stability = source.stability.clone();
        }
    }
    let types: Vec<(TypeId, TypeId)> =
        target.types.iter().filter_map(|(name, id)| Some((*id, *source.types.get(name)?))).collect();
    for (target, source) in types {
        document_type(&mut binary.types[target], &wit.types[source]);
    }
}

fn document_type(target: &mut TypeDef, source: &TypeDef) {
    target.docs = source.docs.clone();
    target.stability = source.stability.clone();
    match (&mut target.kind, &source.kind) {
        (TypeDefKind::Record(target), TypeDefKind::Record(source)) => {
            target.fields.iter_mut().zip(&source.fields).for_each(|(t, s)| t.docs = s.docs.clone());
        }
        (TypeDefKind::Variant(target), TypeDefKind::Variant(source)) => {
            target.cases.iter_mut().zip(&source.cases).for_each(|(t, s)| t.docs = s.docs.clone());
        }
        (TypeDefKind::Enum(target), TypeDefKind::Enum(source)) => {
            target.cases.iter_mut().zip(&source.cases).for_each(|(t, s)| t.docs = s.docs.clone());
        }
        (TypeDefKind::Flags(target), TypeDefKind::Flags(source)) => {
            target.flags.iter_mut().zip(&source.flags).for_each(|(t, s)| t.docs = s.docs.clone());
        }
        _ => {}
    }
}
