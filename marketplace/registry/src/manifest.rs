// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the registry has to know of a manifest: what it names, what it is attached to, and what lists say of it. Everything
//! else in it is its author's.

use crate::error::{Code, Refusal};
use kernel_types::Digest;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// An OCI image manifest.
pub const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image index.
pub const IMAGE_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What a manifest may name.
const DESCRIPTORS_MAX: usize = 10_000;
/// Bytes of the annotations that lists repeat.
const ANNOTATIONS_BYTES_MAX: usize = 16 << 10;

/// What the registry knows of a manifest.
#[derive(Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Blobs that it names.
    pub blobs: BTreeSet<Digest>,
    /// Manifests that it names.
    pub manifests: BTreeSet<Digest>,
    /// What it is attached to.
    pub subject: Option<Digest>,
    /// What the whole is: what it says, else the type of its config.
    pub artifact_type: Option<String>,
    /// Short texts about it.
    pub annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text {
    schema_version: u32,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: Digest,
    size: u64,
}

impl Manifest {
    /// Reads a manifest of that media type.
    ///
    /// # Errors
    /// Where it is none, or another type stands in it.
    pub fn parse(media_type: &str, bytes: &[u8]) -> Result<Self, Refusal> {
        let fault = |text: String| Refusal::new(Code::ManifestInvalid, text);
        let text: Text = serde_json::from_slice(bytes).map_err(|error| fault(format!("no manifest: {error}")))?;
        if text.schema_version != 2 {
            return Err(fault(format!("schema version {} is not taken, only 2", text.schema_version)));
        }
        if let Some(inside) = text.media_type.as_deref().filter(|inside| *inside != media_type) {
            return Err(fault(format!("the manifest says that it is `{inside}`, the request says `{media_type}`")));
        }
        let (blobs, manifests, config) = match (media_type, text.config, text.layers, text.manifests) {
            (IMAGE_MANIFEST, Some(config), Some(layers), None) => {
                let config_type = config.media_type.clone();
                (std::iter::once(config).chain(layers).collect(), Vec::new(), Some(config_type))
            }
            (IMAGE_INDEX, None, None, Some(manifests)) => (Vec::new(), manifests, None),
            (IMAGE_MANIFEST, ..) => return Err(fault("an image manifest has `config` and `layers`".to_owned())),
            (IMAGE_INDEX, ..) => return Err(fault("an image index has `manifests`".to_owned())),
            (other, ..) => {
                let other: String = other.chars().take(100).collect();
                return Err(fault(format!("`{other}` is not taken: push OCI image manifests and image indexes")));
            }
        };
        if blobs.len().saturating_add(manifests.len()) > DESCRIPTORS_MAX {
            return Err(fault(format!("a manifest names at most {DESCRIPTORS_MAX} others")));
        }
        let too_large = |descriptor: &&Descriptor| i64::try_from(descriptor.size).is_err();
        if blobs.iter().chain(&manifests).chain(&text.subject).any(|descriptor| too_large(&descriptor)) {
            return Err(fault(String::from("a descriptor's size is larger than 2^63")));
        }
        let annotations = text.annotations.unwrap_or_default();
        let length = annotations
            .iter()
            .fold(0, |sum: usize, (key, value)| sum.saturating_add(key.len()).saturating_add(value.len()));
        if length > ANNOTATIONS_BYTES_MAX {
            return Err(fault(format!(
                "the annotations have {length} bytes, at most {ANNOTATIONS_BYTES_MAX} are kept"
            )));
        }
        let digests = |list: Vec<Descriptor>| list.into_iter().map(|descriptor| descriptor.digest).collect();
        Ok(Self {
            blobs: digests(blobs),
            manifests: digests(manifests),
            subject: text.subject.map(|subject| subject.digest),
            artifact_type: text.artifact_type.filter(|text| !text.is_empty()).or(config),
            annotations,
        })
    }
}
