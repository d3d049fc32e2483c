// SPDX-License-Identifier: MIT OR Apache-2.0
//! To a registry: contents first, then what is attached, the tag last, so that whoever finds the tag finds everything.

use super::reach::transport;
use super::{Remote, RemoteError};
use crate::json;
use crate::layout::Layout;
use crate::limits::INDEX_BYTES_MAX;
use crate::manifest::{Descriptor, ImageIndex};
use crate::media;
use kernel_types::Digest;
use oci_client::{Reference, RegistryOperation};
use reqwest::header::HeaderValue;
use std::collections::BTreeSet;

/// What was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The package.
    pub digest: Digest,
    /// Contents that the registry did not have.
    pub blobs: usize,
    /// Bytes of those.
    pub bytes: u64,
    /// Whether the registry lists itself what is attached; else a list was written beside (the fallback of the
    /// specification, which two who push at the same time can spoil).
    pub lists_referrers: bool,
}

impl Remote {
    /// Pushes a package with what is attached to it.
    ///
    /// # Errors
    /// See [`RemoteError`].
    pub async fn push(&self, layout: &Layout) -> Result<Pushed, RemoteError> {
        Self::within(self.push_all(layout)).await
    }

    async fn push_all(&self, layout: &Layout) -> Result<Pushed, RemoteError> {
        let package = layout.package.descriptor();
        if let Some(wanted) = self.place.digest.filter(|wanted| *wanted != package.digest) {
            return Err(RemoteError::Other { what: self.place.to_string(), found: package.digest, wanted });
        }
        let token = self.log_in(RegistryOperation::Push).await?;
        let mut sent = Sent::default();
        for (descriptor, bytes) in layout.package.blobs() {
            self.push_blob(descriptor, bytes, &mut sent).await?;
        }
        let by_digest = self.place.by_digest(package.digest);
        self.push_manifest(&by_digest, layout.package.image_bytes(), media::IMAGE_MANIFEST).await?;
        let mut attached = Vec::new();
        for attachment in &layout.attachments {
            for (descriptor, bytes) in attachment.blobs() {
                self.push_blob(&descriptor, bytes, &mut sent).await?;
            }
            let descriptor = attachment.descriptor(&package);
            let by_digest = self.place.by_digest(descriptor.digest);
            self.push_manifest(&by_digest, &attachment.image_bytes(&package), media::IMAGE_MANIFEST).await?;
            attached.push(descriptor);
        }
        let path = format!("referrers/{}", package.digest);
        let listed = self.get(&path, media::IMAGE_INDEX, token.as_deref(), INDEX_BYTES_MAX).await?;
        if listed.is_none() && !attached.is_empty() {
            self.push_list(package.digest, attached, token.as_deref()).await?;
        }
        if self.place.reference.tag().is_some() {
            let tag = self.place.by_tag(self.place.reference.tag().unwrap_or_default().to_owned());
            self.push_manifest(&tag, layout.package.image_bytes(), media::IMAGE_MANIFEST).await?;
        }
        let lists_referrers = listed.is_some();
        Ok(Pushed { digest: package.digest, blobs: sent.blobs, bytes: sent.bytes, lists_referrers })
    }

    async fn push_blob(&self, descriptor: &Descriptor, bytes: &[u8], sent: &mut Sent) -> Result<(), RemoteError> {
        let digest = descriptor.digest.to_string();
        if !sent.seen.insert(descriptor.digest) {
            return Ok(());
        }
        let failed = |error: oci_client::errors::OciDistributionError| transport(&format!("pushing {digest}"), &error);
        let reference = &self.place.reference;
        if self.client.blob_exists(reference, &digest).await.map_err(failed)? {
            return Ok(());
        }
        self.client.push_blob(reference, bytes.to_vec(), &digest).await.map_err(failed)?;
        sent.blobs = sent.blobs.saturating_add(1);
        sent.bytes = sent.bytes.saturating_add(descriptor.size);
        Ok(())
    }

    async fn push_manifest(&self, at: &Reference, bytes: &[u8], media_type: &'static str) -> Result<(), RemoteError> {
        let pushed = self.client.push_manifest_raw(at, bytes.to_vec(), HeaderValue::from_static(media_type)).await;
        pushed.map(drop).map_err(|error| transport(&format!("pushing the manifest {}", at.whole()), &error))
    }

    /// Adds to the list that stands under a tag made of the digest, where a registry keeps none itself.
    async fn push_list(&self, subject: Digest, new: Vec<Descriptor>, token: Option<&str>) -> Result<(), RemoteError> {
        let tag = list_tag(subject);
        let path = format!("manifests/{tag}");
        let old = self.get(&path, media::IMAGE_INDEX, token, INDEX_BYTES_MAX).await?;
        let old = old.and_then(|answer| json::read::<ImageIndex>(&answer.bytes).ok());
        let mut manifests = old.map(|index| index.manifests).unwrap_or_default();
        for descriptor in new {
            if !manifests.iter().any(|known| known.digest == descriptor.digest) {
                manifests.push(descriptor);
            }
        }
        let index = json::write(&ImageIndex::of(manifests));
        self.push_manifest(&self.place.by_tag(tag), &index, media::IMAGE_INDEX).await
    }
}

/// What was sent or found there.
#[derive(Default)]
struct Sent {
    seen: BTreeSet<Digest>,
    blobs: usize,
    bytes: u64,
}

/// The tag of the list of what is attached to a manifest.
pub(super) fn list_tag(subject: Digest) -> String {
    format!("sha256-{}", subject.hex())
}
