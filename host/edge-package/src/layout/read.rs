// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads a layout back, step by step, trusting nothing that a step before has not checked. Lengths are compared with what is
//! allowed before anything is read; every digest is checked; no content is unpacked, because none is packed.

use super::{Content, Fault, Folder, Layout, ReadError, Step, claims};
use crate::attachment::Attachment;
use crate::json;
use crate::limits::{ATTACHMENTS_BYTES_MAX, ATTACHMENTS_MAX, INDEX_BYTES_MAX, LAYOUT_BYTES_MAX, MANIFEST_BYTES_MAX};
use crate::manifest::{Descriptor, ImageIndex, ImageManifest};
use crate::media;
use crate::package::Package;
use kernel_types::Digest;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LayoutFile {
    image_layout_version: String,
}

/// A manifest that the index names.
struct Named {
    place: String,
    descriptor: Descriptor,
    bytes: Vec<u8>,
    image: ImageManifest,
}

impl Layout {
    /// Reads the layout in a folder.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read(folder: &Path) -> Result<Self, ReadError> {
        Self::read_from(&Folder(folder.to_owned()))
    }

    /// Reads a layout.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read_from(content: &impl Content) -> Result<Self, ReadError> {
        check_layout(content)?;
        let index = read_index(content)?;
        let mut manifests = Vec::new();
        for descriptor in index.manifests {
            manifests.push(read_manifest(content, descriptor)?);
        }
        let (mut packages, attached): (Vec<_>, Vec<_>) =
            manifests.into_iter().partition(|named| named.image.subject.is_none());
        let found = packages.len();
        let (Some(package), true) = (packages.pop(), found == 1) else {
            return Err(ReadError::new(Step::Manifest, "`index.json`", Fault::Packages { found }));
        };
        claims::layers(&package.image, &package.place)?;
        let digest = package.descriptor.digest;
        let package = read_package(content, &package)?;
        let attachments = read_attachments(content, digest, attached)?;
        Ok(Self { package, attachments })
    }
}

fn check_layout(content: &impl Content) -> Result<(), ReadError> {
    let at = |fault: Fault| ReadError::new(Step::Layout, "`oci-layout`", fault);
    let bytes = content.read("oci-layout", LAYOUT_BYTES_MAX).map_err(|fault| at(fault.into()))?;
    let file: LayoutFile = json::read(&bytes).map_err(|fault| at(fault.into()))?;
    if file.image_layout_version == "1.0.0" { Ok(()) } else { Err(at(Fault::Version(file.image_layout_version))) }
}

fn read_index(content: &impl Content) -> Result<ImageIndex, ReadError> {
    let at = |fault: Fault| ReadError::new(Step::Index, "`index.json`", fault);
    let bytes = content.read("index.json", INDEX_BYTES_MAX).map_err(|fault| at(fault.into()))?;
    let index: ImageIndex = json::read(&bytes).map_err(|fault| at(fault.into()))?;
    claims::version(index.schema_version).map_err(at)?;
    claims::kind(index.media_type.as_deref().unwrap_or(media::IMAGE_INDEX), media::IMAGE_INDEX).map_err(at)?;
    let max = ATTACHMENTS_MAX.saturating_add(1);
    if index.manifests.len() > max {
        return Err(at(Fault::TooMany { found: index.manifests.len(), max }));
    }
    let mut seen = BTreeSet::new();
    for manifest in &index.manifests {
        let at = |fault: Fault| ReadError::new(Step::Index, claims::manifest_place(manifest), fault);
        claims::kind(&manifest.media_type, media::IMAGE_MANIFEST).map_err(at)?;
        claims::claim(manifest, MANIFEST_BYTES_MAX).map_err(at)?;
        if !seen.insert(manifest.digest) {
            return Err(at(Fault::Twice));
        }
    }
    Ok(index)
}

fn read_manifest(content: &impl Content, descriptor: Descriptor) -> Result<Named, ReadError> {
    let place = claims::manifest_place(&descriptor);
    let at = |fault: Fault| ReadError::new(Step::Manifest, place.clone(), fault);
    let bytes = read_blob(content, &descriptor).map_err(at)?;
    let image = claims::manifest(&bytes).map_err(at)?;
    Ok(Named { place, descriptor, bytes, image })
}

/// Reads the files, packs them again, and compares.
fn read_package(content: &impl Content, named: &Named) -> Result<Package, ReadError> {
    let mut files = BTreeMap::new();
    for layer in &named.image.layers {
        let title = layer.annotations.get(media::TITLE).cloned().unwrap_or_default();
        let bytes = read_blob(content, layer);
        let bytes = bytes.map_err(|fault| ReadError::new(Step::Contents, format!("`{title}`"), fault))?;
        files.insert(title, bytes);
    }
    let config = read_blob(content, &named.image.config);
    let config = config.map_err(|fault| ReadError::new(Step::Contents, "the config", fault))?;
    let at = |fault: Fault| ReadError::new(Step::Package, named.place.clone(), fault);
    let package = Package::of_files(files).map_err(|error| at(Fault::Package(Box::new(error))))?;
    if package.image_bytes() == named.bytes {
        return Ok(package);
    }
    let (read, made) = (&named.image, package.image());
    let differs = [
        ("list of layers", read.layers != made.layers),
        ("config", package.blobs().next().is_some_and(|(_, made)| made != config)),
        ("annotations", read.annotations != made.annotations),
    ];
    let what = differs.into_iter().find(|(_, differs)| *differs).map_or("JSON", |(what, _)| what);
    Err(at(Fault::Differs(what)))
}

fn read_attachments(content: &impl Content, package: Digest, named: Vec<Named>) -> Result<Vec<Attachment>, ReadError> {
    let mut room = ATTACHMENTS_BYTES_MAX;
    let mut attachments = Vec::with_capacity(named.len());
    for Named { place, image, .. } in named {
        let at = |fault: Fault| ReadError::new(Step::Attachments, place.clone(), fault);
        let payload = claims::attached(&image, package, room).map_err(at)?;
        room = room.saturating_sub(payload.size);
        let bytes = read_blob(content, payload).map_err(at)?;
        let media_type = payload.media_type.clone();
        attachments.push(Attachment {
            artifact_type: image.artifact_type.unwrap_or(image.config.media_type),
            media_type,
            payload: bytes,
            annotations: image.annotations,
        });
    }
    Ok(attachments)
}

/// Reads what a descriptor points to; its claim was checked before.
fn read_blob(content: &impl Content, descriptor: &Descriptor) -> Result<Vec<u8>, Fault> {
    let bytes = content.read(&blob_name(descriptor.digest), descriptor.size)?;
    let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if found != descriptor.size {
        return Err(Fault::Length { found, said: descriptor.size });
    }
    let found = Digest::of(&bytes);
    if found != descriptor.digest {
        return Err(Fault::Digest { found, said: descriptor.digest });
    }
    Ok(bytes)
}

/// The name of a blob's file in a layout.
pub(crate) fn blob_name(digest: Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}
