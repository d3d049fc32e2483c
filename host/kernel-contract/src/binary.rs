// SPDX-License-Identifier: MIT OR Apache-2.0
//! A component's bytes before anything is believed of them: what they are, how they nest, what they import and export.
//!
//! `wit_parser`'s decoder reads types well and hostile bytes badly: it allocates what a length claims, recurses as deep as
//! types nest, skips imports that are no WIT, and asserts. So an outline is taken first, with bounds, by a walk that does
//! neither; the decoder then only sees bytes that passed.

mod nesting;

use crate::{Error, docs, limits, name};
use wasmparser::{ComponentExport, ComponentImport, ComponentTypeRef, Parser, Payload, SectionLimited, TypeBounds};
use wit_parser::decoding::DecodedWasm;
use wit_parser::{Resolve, WorldId};

/// What stands at the outermost level of a component.
#[derive(Debug, Default)]
pub(crate) struct Outline<'a> {
    /// The names of all imported instances, in order.
    pub(crate) imports: Vec<&'a str>,
    /// The names of all exported instances, in order.
    pub(crate) exports: Vec<&'a str>,
    /// The section with the documentation.
    pub(crate) docs: Option<&'a [u8]>,
}

/// The types of a component, with documentation.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Every package that the component names, as far as it uses it.
    pub resolve: Resolve,
    /// The world whose imports and exports are the component's.
    pub world: WorldId,
}

/// Walks over the bytes and refuses what is no component or beyond a limit.
pub(crate) fn outline(bytes: &[u8]) -> Result<Outline<'_>, Error> {
    if bytes.len() > limits::COMPONENT_BYTES_MAX {
        return Err(Error::TooLarge { bytes: bytes.len(), bytes_max: limits::COMPONENT_BYTES_MAX });
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(Error::NotWasm);
    }
    if Parser::is_core_wasm(bytes) {
        return Err(Error::CoreModule);
    }
    let mut outline = Outline::default();
    let mut wit_package = WitPackage::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| malformed(&error))? {
            Payload::ModuleSection { unchecked_range: inner, .. }
            | Payload::ComponentSection { unchecked_range: inner, .. } => {
                // The parser takes the end of the bytes for the end of what is nested.
                if usize::try_from(inner.end).is_ok_and(|end| end > bytes.len()) {
                    let detail = "what is nested here is cut off".to_owned();
                    return Err(Error::Malformed { offset: inner.start, detail });
                }
                depth = depth.saturating_add(1);
                if depth > limits::NESTING_DEPTH_MAX {
                    return Err(Error::TooDeep { depth_max: limits::NESTING_DEPTH_MAX });
                }
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentTypeSection(section) => nesting::check(bytes, &section)?,
            Payload::ComponentImportSection(section) if depth == 0 => outline.import(section)?,
            Payload::ComponentExportSection(section) if depth == 0 => outline.export(section, &mut wit_package)?,
            Payload::CustomSection(section) if depth == 0 && section.name() == docs::SECTION => {
                outline.document(section.data())?;
            }
            _ => {}
        }
    }
    match wit_package {
        WitPackage { types: 0, refused: None } => Ok(outline),
        WitPackage { types: 0, refused: Some(error) } => Err(error),
        // All a package of WIT exports is types.
        WitPackage { refused: Some(error), .. } if !outline.exports.is_empty() => Err(error),
        WitPackage { .. } => Err(Error::WitPackage),
    }
}

/// What is exported beside instances.
#[derive(Default)]
struct WitPackage {
    types: usize,
    refused: Option<Error>,
}

impl<'a> Outline<'a> {
    fn count(&self) -> Result<(), Error> {
        if self.imports.len().saturating_add(self.exports.len()) < limits::EXTERNS_MAX {
            return Ok(());
        }
        Err(Error::TooManyExterns { externs_max: limits::EXTERNS_MAX })
    }

    fn import(&mut self, section: SectionLimited<'a, ComponentImport<'a>>) -> Result<(), Error> {
        for import in section {
            let import = import.map_err(|error| malformed(&error))?;
            self.count()?;
            let what = match import.ty {
                ComponentTypeRef::Instance(_) if import.name.implements.is_some() => {
                    "an instance under a name of its own"
                }
                ComponentTypeRef::Instance(_) => {
                    self.imports.push(import.name.name);
                    continue;
                }
                // A world that uses a type of an interface imports both; the type asks for nothing.
                ComponentTypeRef::Type(TypeBounds::Eq(_)) => continue,
                ComponentTypeRef::Type(TypeBounds::SubResource) => "a resource",
                ComponentTypeRef::Func(_) => "a plain function",
                ComponentTypeRef::Value(_) => "a value",
                ComponentTypeRef::Module(_) => "a core module",
                ComponentTypeRef::Component(_) => "a component",
            };
            return Err(Error::Import { name: name::quote(import.name.name), what: what.to_owned() });
        }
        Ok(())
    }

    fn export(
        &mut self,
        section: SectionLimited<'a, ComponentExport<'a>>,
        wit_package: &mut WitPackage,
    ) -> Result<(), Error> {
        use wasmparser::ComponentExternalKind as External;
        for export in section {
            let export = export.map_err(|error| malformed(&error))?;
            self.count()?;
            let what = match export.kind {
                External::Instance if export.name.implements.is_some() => "an instance under a name of its own",
                External::Instance => {
                    self.exports.push(export.name.name);
                    continue;
                }
                External::Func => "a plain function",
                External::Value => "a value",
                External::Module => "a core module",
                External::Component => "a component",
                External::Type => {
                    wit_package.types = wit_package.types.saturating_add(1);
                    "a type"
                }
            };
            let error = Error::Export { name: name::quote(export.name.name), what: what.to_owned() };
            if export.kind != External::Type {
                return Err(error);
            }
            wit_package.refused.get_or_insert(error);
        }
        Ok(())
    }

    fn document(&mut self, data: &'a [u8]) -> Result<(), Error> {
        if self.docs.replace(data).is_some() {
            return Err(docs::Error::Twice.into());
        }
        Ok(())
    }
}

/// Reads the types of a component and the documentation that it carries, for those who describe it. What a contract
/// refuses beyond that, such as a type that cannot cross the boundary, is not refused here.
///
/// # Errors
/// Where the bytes are no component, exceed a limit of this crate, or the documentation does not fit the types.
pub fn decode(bytes: &[u8]) -> Result<Decoded, Error> {
    documented(bytes, &outline(bytes)?)
}

/// Reads the types of a component that has an outline, and its documentation.
pub(crate) fn documented(bytes: &[u8], outline: &Outline<'_>) -> Result<Decoded, Error> {
    let mut decoded = types(bytes)?;
    if let Some(section) = outline.docs {
        docs::inject(section, &mut decoded.resolve)?;
    }
    Ok(decoded)
}

/// Reads the types of a component that has an outline.
fn types(bytes: &[u8]) -> Result<Decoded, Error> {
    // The decoder asserts where a component is valid but no WIT could have made it. That is the component's fault and
    // must not end the host; nothing that the decoder held outlives the call.
    let decoded = std::panic::catch_unwind(|| wit_parser::decoding::decode(bytes));
    match decoded {
        Ok(Ok(DecodedWasm::Component(resolve, world))) => Ok(Decoded { resolve, world }),
        Ok(Ok(DecodedWasm::WitPackage(..))) => Err(Error::WitPackage),
        Ok(Err(error)) => Err(match error.downcast_ref::<wasmparser::Error>() {
            Some(error) => malformed(error),
            None => Error::Decode { detail: bounded(&format!("{error:#}")) },
        }),
        Err(_) => Err(Error::Decode { detail: "no WIT describes them".to_owned() }),
    }
}

fn malformed(error: &wasmparser::Error) -> Error {
    Error::Malformed { offset: error.offset(), detail: bounded(error.message()) }
}

/// A message of a library, which may quote the input at length.
pub(crate) fn bounded(message: &str) -> String {
    const CHARACTERS_MAX: usize = 300;
    let mut text: String = message.chars().take(CHARACTERS_MAX).collect();
    if message.chars().nth(CHARACTERS_MAX).is_some() {
        text.push('…');
    }
    text
}
