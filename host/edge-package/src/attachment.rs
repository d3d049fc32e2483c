// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is said about a package after it was made: a list of parts, provenance, signatures, reviews. Each is an artifact of
//! its own whose `subject` is the package (a *referrer*), so that adding one does not change the package's digest.

use crate::manifest::{Annotations, Descriptor, ImageManifest};
use crate::{json, media};

/// The content of an empty config.
const EMPTY: &[u8] = b"{}";

/// Something attached to a package. The payload is not looked into here; who trusts it, verifies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// What it is, for filters: [`media::IN_TOTO`], [`media::SIGSTORE_BUNDLE`].
    pub artifact_type: String,
    /// The payload's media type.
    pub media_type: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// Short texts about it, such as the type of a statement's predicate.
    pub annotations: Annotations,
}

impl Attachment {
    /// A payload of a type that is the artifact's as well.
    #[must_use]
    pub fn new(media_type: &str, payload: Vec<u8>) -> Self {
        let media_type = media_type.to_owned();
        Self { artifact_type: media_type.clone(), media_type, payload, annotations: Annotations::new() }
    }

    /// With a short text about it.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The manifest that attaches it to a package, and its bytes.
    #[must_use]
    pub fn image_bytes(&self, subject: &Descriptor) -> Vec<u8> {
        let subject = Descriptor { artifact_type: None, annotations: Annotations::new(), ..subject.clone() };
        json::write(&ImageManifest {
            schema_version: 2,
            media_type: Some(media::IMAGE_MANIFEST.to_owned()),
            artifact_type: Some(self.artifact_type.clone()),
            config: Descriptor::of(media::EMPTY, EMPTY),
            layers: vec![Descriptor::of(&self.media_type, &self.payload)],
            subject: Some(subject),
            annotations: self.annotations.clone(),
        })
    }

    /// How an index points to the manifest that attaches it.
    #[must_use]
    pub fn descriptor(&self, subject: &Descriptor) -> Descriptor {
        let mut descriptor = Descriptor::of(media::IMAGE_MANIFEST, &self.image_bytes(subject));
        descriptor.artifact_type = Some(self.artifact_type.clone());
        descriptor.annotations = self.annotations.clone();
        descriptor
    }

    /// Everything that the manifest points to.
    pub fn blobs(&self) -> impl Iterator<Item = (Descriptor, &[u8])> {
        let pairs = [(media::EMPTY, EMPTY), (self.media_type.as_str(), self.payload.as_slice())];
        pairs.into_iter().map(|(media_type, bytes)| (Descriptor::of(media_type, bytes), bytes))
    }
}
