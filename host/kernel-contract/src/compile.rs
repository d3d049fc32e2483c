// SPDX-License-Identifier: MIT OR Apache-2.0
//! From decoded WIT to the contract: which imports, which operations, which types; and what is refused.

#![expect(clippy::indexing_slicing, reason = "an id of an arena comes from the arena that it indexes")]

mod types;

use crate::binary::{Decoded, Outline};
use crate::contract::{Contract, Import, ImportKind, Interface, Provider};
use crate::operation::{Failure, Operation, Output, Parameter};
use crate::types::{Kind, Label, Members};
use crate::{Error, name};
use kernel_types::{InterfaceId, OperationName};
use std::sync::Arc;
use types::Compiler;
use wit_parser::{Function, FunctionKind, Resolve, Stability, TypeDefKind, WorldItem, WorldKey};

/// Compiles the contract of a decoded component.
pub(crate) fn contract(decoded: &Decoded, outline: &Outline<'_>) -> Result<Contract, Error> {
    let Decoded { resolve, world } = decoded;
    let world = &resolve.worlds[*world];
    let mut compiler = Compiler::new(resolve);
    let mut imports = Vec::with_capacity(outline.imports.len());
    for name in &outline.imports {
        let id =
            InterfaceId::parse(name).map_err(|_| Error::Import { name: name::quote(name), what: unversioned() })?;
        imports.push(import(&mut compiler, id, find(resolve, &world.imports, name)?)?);
    }
    let mut interfaces: Vec<Interface> = Vec::with_capacity(outline.exports.len());
    for name in &outline.exports {
        let id =
            InterfaceId::parse(name).map_err(|_| Error::Export { name: name::quote(name), what: unversioned() })?;
        if Provider::of_package(id.package()) == Provider::Platform {
            return Err(Error::ExportsPlatform { name: name::quote(name) });
        }
        if interfaces.iter().any(|other| other.id.interface() == id.interface()) {
            return Err(Error::DuplicateInterface { interface: id.interface().to_owned() });
        }
        interfaces.push(interface(&mut compiler, id, find(resolve, &world.exports, name)?)?);
    }
    Ok(Contract { imports, interfaces })
}

fn unversioned() -> String {
    "no interface with a version".to_owned()
}

/// The decoded interface that the binary calls `name`.
fn find(
    resolve: &Resolve,
    items: &wit_parser::IndexMap<WorldKey, WorldItem>,
    name: &str,
) -> Result<wit_parser::InterfaceId, Error> {
    let found = items.iter().find_map(|(key, item)| match (key, item) {
        (WorldKey::Interface(id), WorldItem::Interface { .. }) if resolve.id_of(*id).as_deref() == Some(name) => {
            Some(*id)
        }
        _ => None,
    });
    found.ok_or_else(|| Error::Decode { detail: format!("{} is not among the decoded interfaces", name::quote(name)) })
}

fn import(compiler: &mut Compiler<'_>, id: InterfaceId, decoded: wit_parser::InterfaceId) -> Result<Import, Error> {
    let interface = &compiler.resolve.interfaces[decoded];
    let has_resource =
        interface.types.values().any(|ty| matches!(compiler.resolve.types[*ty].kind, TypeDefKind::Resource));
    let kind = if interface.functions.is_empty() && !has_resource { ImportKind::Types } else { ImportKind::Functions };
    let provider = Provider::of_package(id.package());
    if provider == Provider::Domain {
        self::interface(compiler, id.clone(), decoded)?;
    }
    Ok(Import { id, functions: interface.functions.keys().cloned().collect(), kind, provider })
}

fn interface(
    compiler: &mut Compiler<'_>,
    id: InterfaceId,
    decoded: wit_parser::InterfaceId,
) -> Result<Interface, Error> {
    let interface = &compiler.resolve.interfaces[decoded];
    let place = name::quote(id.as_str());
    let types = interface.types.values().map(|ty| compiler.id(*ty, &place)).collect::<Result<_, _>>()?;
    let operations = (interface.functions.values())
        .map(|function| operation(compiler, &id, function).map(Arc::new))
        .collect::<Result<_, _>>()?;
    Ok(Interface { id, docs: interface.docs.contents.clone(), types, operations })
}

fn operation(compiler: &mut Compiler<'_>, interface: &InterfaceId, function: &Function) -> Result<Operation, Error> {
    let place = name::quote(&format!("{interface}.{}", function.name));
    if function.kind != FunctionKind::Freestanding {
        let what = if function.kind == FunctionKind::AsyncFreestanding { "async" } else { "a method of a resource" };
        let remedy = "an operation is a plain function".to_owned();
        return Err(Error::Type { place, what: what.to_owned(), remedy });
    }
    let name = OperationName::new(interface.interface(), &function.name)
        .map_err(|source| Error::Name { place: place.clone(), source })?;
    let mut parameters = Vec::with_capacity(function.params.len());
    for parameter in &function.params {
        parameters
            .push(Parameter { label: Label::new(&parameter.name, None), ty: compiler.ty(&parameter.ty, &place)? });
    }
    Ok(Operation {
        name,
        interface: interface.clone(),
        docs: function.docs.contents.clone(),
        deprecated: match &function.stability {
            Stability::Unstable { deprecated, .. } | Stability::Stable { deprecated, .. } => deprecated.is_some(),
            Stability::Unknown => false,
        },
        parameters: Members::new(parameters),
        output: output(compiler, function, &place)?,
    })
}

fn output(compiler: &mut Compiler<'_>, function: &Function, place: &str) -> Result<Output, Error> {
    let Some(result) = &function.result else { return Ok(Output::Value(None)) };
    let ty = compiler.ty(result, place)?;
    let Kind::Result { ok, error } = ty.kind() else { return Ok(Output::Value(Some(ty))) };
    let failure = match error {
        Some(error) if error.definition().is_problem => Failure::Problem(error.clone()),
        error => Failure::Other(error.clone()),
    };
    Ok(Output::Fallible { ok: ok.clone(), failure })
}
