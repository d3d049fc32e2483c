// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a manifest claims, checked before anything that it names is read or fetched.

use super::{Fault, ReadError, Step};
use crate::json;
use crate::limits::{ATTACHMENT_BYTES_MAX, CONFIG_BYTES_MAX, FILES_MAX, MANIFEST_BYTES_MAX, PACKAGE_BYTES_MAX};
use crate::manifest::{Descriptor, ImageManifest};
use crate::media;
use crate::path::{self, Role};
use kernel_types::Digest;
use std::collections::BTreeSet;

/// The largest that an empty config may be.
const EMPTY_BYTES_MAX: u64 = 64;

/// Reads a package's manifest and checks what it claims.
pub(crate) fn package(descriptor: &Descriptor, bytes: &[u8]) -> Result<ImageManifest, ReadError> {
    let place = manifest_place(descriptor);
    let at = |step: Step| move |fault: Fault| ReadError::new(step, manifest_place(descriptor), fault);
    claim(descriptor, MANIFEST_BYTES_MAX).map_err(at(Step::Manifest))?;
    let image = manifest(bytes).map_err(at(Step::Manifest))?;
    if image.subject.is_some() {
        return Err(at(Step::Manifest)(Fault::Packages { found: 0 }));
    }
    layers(&image, &place)?;
    Ok(image)
}

/// Reads the manifest of something attached to that package and checks what it claims.
pub(crate) fn attachment(bytes: &[u8], package: Digest, room: u64) -> Result<ImageManifest, Fault> {
    let image = manifest(bytes)?;
    attached(&image, package, room)?;
    Ok(image)
}

/// Checks what the manifest of something attached claims; returns its payload.
pub(super) fn attached(image: &ImageManifest, package: Digest, room: u64) -> Result<&Descriptor, Fault> {
    if let Some(subject) = image.subject.as_ref().filter(|subject| subject.digest != package) {
        return Err(Fault::Subject(subject.digest));
    }
    let [payload] = image.layers.as_slice() else { return Err(Fault::Payloads(image.layers.len())) };
    claim(&image.config, EMPTY_BYTES_MAX)?;
    claim(payload, ATTACHMENT_BYTES_MAX)?;
    claim(payload, room)?;
    Ok(payload)
}

/// Reads a manifest.
pub(super) fn manifest(bytes: &[u8]) -> Result<ImageManifest, Fault> {
    let image: ImageManifest = json::read(bytes)?;
    version(image.schema_version)?;
    kind(image.media_type.as_deref().unwrap_or_default(), media::IMAGE_MANIFEST)?;
    Ok(image)
}

/// Everything that can be known of a package's layers before one is read.
pub(super) fn layers(image: &ImageManifest, place: &str) -> Result<(), ReadError> {
    let at = |fault: Fault| ReadError::new(Step::Layers, place, fault);
    kind(image.artifact_type.as_deref().unwrap_or_default(), media::PACKAGE).map_err(at)?;
    kind(&image.config.media_type, media::WASM_CONFIG).map_err(at)?;
    claim(&image.config, CONFIG_BYTES_MAX).map_err(at)?;
    if image.layers.len() > FILES_MAX {
        return Err(at(Fault::TooMany { found: image.layers.len(), max: FILES_MAX }));
    }
    let mut paths = BTreeSet::new();
    let mut total = 0u64;
    for (number, layer) in image.layers.iter().enumerate() {
        let title = layer.annotations.get(media::TITLE).map(String::as_str).unwrap_or_default();
        let shown: String = title.chars().take(250).collect();
        let at = |fault: Fault| ReadError::new(Step::Layers, format!("layer {number}, `{shown}`"), fault);
        let Some(role) = Role::of_media_type(&layer.media_type) else {
            let expected = if number == 0 { media::WASM } else { "one of a package's files" };
            return Err(at(Fault::Type { found: layer.media_type.chars().take(100).collect(), expected }));
        };
        claim(layer, role.bytes_max()).map_err(at)?;
        path::check(title).map_err(|fault| at(fault.into()))?;
        if !paths.insert(title) {
            return Err(at(Fault::Twice));
        }
        total = total.saturating_add(layer.size);
        if total > PACKAGE_BYTES_MAX {
            return Err(at(Fault::Claim { claimed: total, bytes_max: PACKAGE_BYTES_MAX }));
        }
    }
    Ok(())
}

/// How a manifest is named in an error.
pub(super) fn manifest_place(descriptor: &Descriptor) -> String {
    format!("manifest {}", descriptor.digest)
}

pub(super) fn version(version: u32) -> Result<(), Fault> {
    if version == 2 { Ok(()) } else { Err(Fault::Version(version.to_string())) }
}

pub(super) fn kind(found: &str, expected: &'static str) -> Result<(), Fault> {
    if found == expected {
        return Ok(());
    }
    Err(Fault::Type { found: found.chars().take(100).collect(), expected })
}

pub(super) fn claim(descriptor: &Descriptor, bytes_max: u64) -> Result<(), Fault> {
    let claimed = descriptor.size;
    if claimed <= bytes_max { Ok(()) } else { Err(Fault::Claim { claimed, bytes_max }) }
}
