// SPDX-License-Identifier: MIT OR Apache-2.0
//! From a registry: the manifest first; what it claims is checked before anything else is fetched; a content that breaks
//! off is gone on with; and what came is read as any layout is.

use super::push::list_tag;
use super::reach::transport;
use super::{Remote, RemoteError};
use crate::json;
use crate::layout::{Fault, Layout, Memory, ReadError, Step, claims};
use crate::limits::{ATTACHMENTS_BYTES_MAX, ATTACHMENTS_MAX, INDEX_BYTES_MAX, MANIFEST_BYTES_MAX};
use crate::manifest::{Descriptor, ImageIndex, ImageManifest};
use crate::media;
use futures_util::StreamExt as _;
use kernel_types::Digest;
use oci_client::RegistryOperation;
use oci_client::client::BlobResponse;
use std::time::Duration;

/// How often a content is asked for before a pull is given up.
const ATTEMPTS_MAX: u32 = 5;
/// How long the first pause between two attempts is; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(100);

/// What was pulled.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// The package, with what is attached to it.
    pub layout: Layout,
    /// What is attached as well and was left out, each with the reason: it is none of what is attached to packages.
    pub skipped: Vec<String>,
}

impl Remote {
    /// Pulls a package with what is attached to it.
    ///
    /// # Errors
    /// See [`RemoteError`].
    pub async fn pull(&self) -> Result<Pulled, RemoteError> {
        Self::within(self.pull_all()).await
    }

    async fn pull_all(&self) -> Result<Pulled, RemoteError> {
        let token = self.log_in(RegistryOperation::Pull).await?;
        let token = token.as_deref();
        let tag = self.place.reference.tag().map(str::to_owned);
        let name = self.place.digest.map(|digest| digest.to_string()).or(tag).unwrap_or_default();
        let bytes = self.manifest(&name, token).await?;
        let package = Descriptor::of(media::IMAGE_MANIFEST, &bytes);
        if let Some(wanted) = self.place.digest.filter(|wanted| *wanted != package.digest) {
            return Err(RemoteError::Other { what: self.place.to_string(), found: package.digest, wanted });
        }
        let image = claims::package(&package, &bytes)?;
        let mut files = Memory::default();
        files.put(&bytes);
        for descriptor in std::iter::once(&image.config).chain(&image.layers) {
            self.fetch(descriptor, &mut files).await?;
        }
        let mut manifests = vec![package.clone()];
        let mut skipped = Vec::new();
        let mut room = ATTACHMENTS_BYTES_MAX;
        for descriptor in self.referrers(package.digest, token, &mut skipped).await? {
            let place = format!("{}", descriptor.digest);
            if manifests.len() > ATTACHMENTS_MAX {
                skipped.push(format!("{place}: more than {ATTACHMENTS_MAX} are attached"));
                break;
            }
            if manifests.iter().any(|known| known.digest == descriptor.digest) {
                continue;
            }
            match self.attachment(&descriptor, &package, room, token).await? {
                Ok((bytes, image)) => {
                    for descriptor in std::iter::once(&image.config).chain(&image.layers) {
                        room = room.saturating_sub(descriptor.size);
                        self.fetch(descriptor, &mut files).await?;
                    }
                    files.put(&bytes);
                    manifests.push(Descriptor::of(media::IMAGE_MANIFEST, &bytes));
                }
                Err(reason) => skipped.push(format!("{place}: {reason}")),
            }
        }
        files.finish(ImageIndex::of(manifests));
        Ok(Pulled { layout: Layout::read_from(&files)?, skipped })
    }

    /// The bytes of a manifest by tag or digest.
    async fn manifest(&self, name: &str, token: Option<&str>) -> Result<Vec<u8>, RemoteError> {
        let path = format!("manifests/{name}");
        let answer = self.get(&path, media::IMAGE_MANIFEST, token, MANIFEST_BYTES_MAX).await?;
        let absent = || RemoteError::Refused {
            what: self.place.to_string(),
            status: 404,
            text: format!("it has no manifest `{name}`"),
        };
        answer.map(|answer| answer.bytes).ok_or_else(absent)
    }

    /// What is attached, as the registry lists it, or the list beside it.
    async fn referrers(
        &self,
        subject: Digest,
        token: Option<&str>,
        skipped: &mut Vec<String>,
    ) -> Result<Vec<Descriptor>, RemoteError> {
        let listed = self.get(&format!("referrers/{subject}"), media::IMAGE_INDEX, token, INDEX_BYTES_MAX).await?;
        let listed = match listed {
            Some(listed) => Some(listed),
            None => {
                let path = format!("manifests/{}", list_tag(subject));
                self.get(&path, media::IMAGE_INDEX, token, INDEX_BYTES_MAX).await?
            }
        };
        let Some(listed) = listed else { return Ok(Vec::new()) };
        if listed.has_more() {
            skipped.push(String::from("the registry lists more on further pages, which are not read"));
        }
        let index = json::read::<ImageIndex>(&listed.bytes);
        let index =
            index.map_err(|fault| ReadError::new(Step::Attachments, "the list of referrers", Fault::Json(fault)))?;
        Ok(index.manifests)
    }

    /// The manifest of something attached, if it is what may be attached to a package.
    async fn attachment(
        &self,
        descriptor: &Descriptor,
        package: &Descriptor,
        room: u64,
        token: Option<&str>,
    ) -> Result<Result<(Vec<u8>, ImageManifest), String>, RemoteError> {
        if descriptor.media_type != media::IMAGE_MANIFEST || descriptor.size > MANIFEST_BYTES_MAX {
            return Ok(Err(String::from("it is no image manifest, or a very large one")));
        }
        let bytes = self.manifest(&descriptor.digest.to_string(), token).await?;
        let found = Digest::of(&bytes);
        if found != descriptor.digest {
            let what = format!("the manifest {}", descriptor.digest);
            return Err(RemoteError::Other { what, found, wanted: descriptor.digest });
        }
        Ok(match claims::attachment(&bytes, package.digest, room) {
            Ok(image) => Ok((bytes, image)),
            Err(fault) => Err(fault.to_string()),
        })
    }

    /// Fetches a content, going on where it broke off; never more than its descriptor says.
    async fn fetch(&self, descriptor: &Descriptor, files: &mut Memory) -> Result<(), RemoteError> {
        if files.has(descriptor.digest) {
            return Ok(());
        }
        let what = format!("fetching {}", descriptor.digest);
        let mut bytes = Vec::new();
        let mut pause = PAUSE;
        for attempt in 1..=ATTEMPTS_MAX {
            let failed = match self.fetch_rest(descriptor, &what, &mut bytes).await {
                Ok(()) => break,
                Err(error @ RemoteError::Transport { .. }) if attempt < ATTEMPTS_MAX => error,
                Err(error) => return Err(error),
            };
            tracing::debug!(%failed, attempt, "going on");
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        let found = Digest::of(&bytes);
        if found != descriptor.digest {
            return Err(RemoteError::Other { what, found, wanted: descriptor.digest });
        }
        files.put(&bytes);
        Ok(())
    }

    async fn fetch_rest(&self, descriptor: &Descriptor, what: &str, bytes: &mut Vec<u8>) -> Result<(), RemoteError> {
        let have = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if have >= descriptor.size {
            return Ok(());
        }
        let digest = descriptor.digest.to_string();
        let asked = self.client.pull_blob_stream_partial(&self.place.reference, digest.as_str(), have, None).await;
        let mut stream = match asked.map_err(|error| transport(what, &error))? {
            BlobResponse::Partial(stream) => stream,
            BlobResponse::Full(stream) => {
                bytes.clear();
                stream
            }
        };
        while let Some(more) = stream.next().await {
            bytes.extend_from_slice(&more.map_err(|error| transport(what, &error))?);
            if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > descriptor.size {
                return Err(RemoteError::TooLong { what: what.to_owned(), bytes_max: descriptor.size });
            }
        }
        let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if found == descriptor.size {
            return Ok(());
        }
        let cause = format!("it ended after {found} of {} bytes", descriptor.size);
        Err(RemoteError::Transport { what: what.to_owned(), cause })
    }
}
