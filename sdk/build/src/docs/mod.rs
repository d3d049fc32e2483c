// SPDX-License-Identifier: MIT OR Apache-2.0
//! Puts the documentation of WIT into a component that was built from it, as the section that `kernel_contract::docs`
//! describes and reads.

mod compare;

use anyhow::{Context as _, Result, bail};
use kernel_contract::docs::SECTION;
use kernel_contract::{Decoded, decode, limits};
use std::collections::BTreeMap;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wasmparser::{Chunk, Parser, Payload};
use wit_parser::{PackageMetadata, Resolve};

/// Puts the documentation of `documented` into a component that was built from it; what was there before is replaced.
///
/// Packages of the namespace `wasi` that `documented` does not have are left without documentation: language runtimes import
/// them beside the component's own WIT.
///
/// # Errors
/// Where the bytes are no component, or where the component's types and functions are not those of `documented`.
pub fn embed(component: &[u8], documented: &Resolve) -> Result<Vec<u8>> {
    let mut embedded = without_section(component, SECTION).context("the component cannot be read back")?;
    let Decoded { mut resolve, world } = decode(&embedded)?;
    let mut packages = BTreeMap::new();
    let documented = compare::packages(&mut resolve, world, documented)?;
    without_licences(&mut resolve);
    for (id, name) in documented {
        packages.insert(name, PackageMetadata::extract(&resolve, id));
    }
    let data = serde_json::to_vec(&packages)?;
    if data.len() > limits::DOCS_BYTES_MAX {
        bail!("the documentation has {} bytes, at most {} are read", data.len(), limits::DOCS_BYTES_MAX);
    }
    CustomSection { name: SECTION.into(), data: data.as_slice().into() }.append_to_component(&mut embedded);
    Ok(embedded)
}

/// Takes the line of the licence, with which a file begins, out of the documentation of what stands first in the file: to the
/// parser of WIT every comment before an item is one about the item.
fn without_licences(resolve: &mut Resolve) {
    let packages = resolve.packages.iter_mut().map(|(_, package)| &mut package.docs);
    let interfaces = resolve.interfaces.iter_mut().map(|(_, interface)| &mut interface.docs);
    for docs in packages.chain(interfaces) {
        let Some(text) = docs.contents.as_deref().filter(|text| text.starts_with("SPDX-License-Identifier:")) else {
            continue;
        };
        let rest = text.split_once('\n').map(|(_, rest)| rest.to_owned());
        docs.contents = rest.filter(|rest| !rest.is_empty());
    }
}

/// The component without its top-level custom sections of that name.
fn without_section(bytes: &[u8], name: &str) -> Result<Vec<u8>> {
    let mut kept = Vec::with_capacity(bytes.len());
    let mut parser = Parser::new(0);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (consumed, keep) = match parser.parse(rest, true)? {
            Chunk::NeedMoreData(_) => break,
            Chunk::Parsed { consumed, payload } => match payload {
                Payload::CustomSection(section) => (consumed, section.name() != name),
                Payload::ModuleSection { unchecked_range: inner, .. }
                | Payload::ComponentSection { unchecked_range: inner, .. } => {
                    let length = usize::try_from(inner.end.saturating_sub(inner.start)).unwrap_or(usize::MAX);
                    (consumed.saturating_add(length), true)
                }
                _ => (consumed, true),
            },
        };
        let (section, after) = rest.split_at_checked(consumed).unwrap_or((rest, &[]));
        if keep {
            kept.extend_from_slice(section);
        }
        if consumed == 0 {
            break;
        }
        rest = after;
    }
    Ok(kept)
}
