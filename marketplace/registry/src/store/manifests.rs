// SPDX-License-Identifier: MIT OR Apache-2.0
//! Manifests, the tags that name them, and what is attached to what.

use super::{Store, files};
use crate::error::{Code, Refusal};
use crate::manifest::{self, Manifest};
use crate::name::{Reference, Repository};
use crate::settings::Deletion;
use kernel_types::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What lists say of a manifest; kept beside its bytes, so that a list need not read those.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// What it is: a manifest or an index.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub size: u64,
    /// What the whole is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Short texts about it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The tags.
    pub tags: Vec<String>,
    /// Whether more follow.
    pub more: bool,
}

impl Store {
    /// Keeps a manifest; returns its digest, and what it is attached to.
    ///
    /// # Errors
    /// Where it is none, or names what the repository does not have, or a limit is reached.
    pub fn put_manifest(
        &self,
        repository: &Repository,
        reference: &Reference,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<(Digest, Option<Digest>), Refusal> {
        let parsed = Manifest::parse(media_type, bytes)?;
        let digest = Digest::of(bytes);
        if let Reference::Digest(said) = reference
            && *said != digest
        {
            return Err(Refusal::new(Code::DigestInvalid, format!("the manifest's digest is {digest}, not {said}")));
        }
        let _gate = self.gate.read();
        self.check_complete(repository, &parsed)?;
        let list = self.make_folder(repository, "manifests")?;
        let place = list.join(digest.hex());
        if !place.is_file() {
            self.check_count(files::names(&list)?.len(), self.settings.manifests_max, "manifests in a repository")?;
            if let Some(subject) = parsed.subject {
                let attached = files::names(&self.folder(repository, "referrers").join(subject.hex()))?;
                self.check_count(attached.len(), self.settings.referrers_max, "manifests attached to one")?;
            }
        }
        self.keep_bytes(digest, bytes)?;
        if let Some(subject) = parsed.subject {
            let folder = self.make_folder(repository, &format!("referrers/{}", subject.hex()))?;
            files::mark(&folder.join(digest.hex()))?;
        }
        let meta = Meta {
            media_type: media_type.to_owned(),
            digest,
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            artifact_type: parsed.artifact_type,
            annotations: parsed.annotations,
        };
        let meta = serde_json::to_vec(&meta).map_err(std::io::Error::other)?;
        files::write(&self.root, &place, &meta)?;
        if let Reference::Tag(tag) = reference {
            self.put_tag(repository, tag, digest)?;
        }
        Ok((digest, parsed.subject))
    }

    /// Refuses a manifest that names what is not there.
    fn check_complete(&self, repository: &Repository, parsed: &Manifest) -> Result<(), Refusal> {
        let is_there = |digest: &&Digest| !self.has_blob(repository, **digest);
        let absent = parsed.blobs.iter().find(is_there).map(|digest| ("blob", digest));
        let list = self.folder(repository, "manifests");
        let manifests = parsed.manifests.iter().find(|digest| !list.join(digest.hex()).is_file());
        match absent.or(manifests.map(|digest| ("manifest", digest))) {
            None => Ok(()),
            Some((what, digest)) => {
                let text = format!("the manifest names the {what} {digest}, which `{repository}` does not have");
                Err(Refusal::new(Code::ManifestBlobUnknown, text))
            }
        }
    }

    fn keep_bytes(&self, digest: Digest, bytes: &[u8]) -> Result<(), Refusal> {
        let place = self.make_blob_folder(digest)?;
        let _placing = self.placing.lock();
        if place.is_file() {
            return Ok(());
        }
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.reserve(length)?;
        files::write(&self.root, &place, bytes).map_err(|error| {
            self.give_back(length);
            Refusal::from(error)
        })
    }

    fn put_tag(&self, repository: &Repository, tag: &str, digest: Digest) -> Result<(), Refusal> {
        let folder = self.make_folder(repository, "tags")?;
        let place = folder.join(tag);
        match files::read(&place)? {
            Some(old) if old == digest.to_string().as_bytes() => return Ok(()),
            // The tags by which registries of old list what is attached have to move.
            Some(_) if !self.settings.moving_tags && !tag.starts_with("sha256-") => {
                let text = format!("the tag `{tag}` names another manifest, and tags do not move here");
                return Err(Refusal::new(Code::Denied, text));
            }
            Some(_) => {}
            None => {
                self.check_count(files::names(&folder)?.len(), self.settings.manifests_max, "tags in a repository")?;
            }
        }
        Ok(files::write(&self.root, &place, digest.to_string().as_bytes())?)
    }

    fn check_count(&self, found: usize, max: usize, what: &str) -> Result<(), Refusal> {
        if found < max {
            return Ok(());
        }
        Err(Refusal::new(Code::Denied, format!("there are {found} {what}, the most that this registry keeps")))
    }

    /// What lists say of a manifest.
    ///
    /// # Errors
    /// Where there is none.
    pub fn manifest(&self, repository: &Repository, reference: &Reference) -> Result<Meta, Refusal> {
        let _gate = self.gate.read();
        self.find(repository, reference)
    }

    fn find(&self, repository: &Repository, reference: &Reference) -> Result<Meta, Refusal> {
        let digest = match reference {
            Reference::Digest(digest) => Some(*digest),
            Reference::Tag(tag) => self.tag(repository, tag)?,
        };
        let list = self.folder(repository, "manifests");
        let meta = digest.map(|digest| files::read(&list.join(digest.hex()))).transpose()?.flatten();
        let meta = meta.and_then(|meta| serde_json::from_slice(&meta).ok());
        meta.ok_or_else(|| {
            let name = match reference {
                Reference::Digest(digest) => digest.to_string(),
                Reference::Tag(tag) => tag.clone(),
            };
            Refusal::new(Code::ManifestUnknown, format!("`{repository}` has no manifest `{name}`"))
        })
    }

    fn tag(&self, repository: &Repository, tag: &str) -> Result<Option<Digest>, Refusal> {
        let text = files::read(&self.folder(repository, "tags").join(tag))?;
        Ok(text.and_then(|text| std::str::from_utf8(&text).ok()?.parse().ok()))
    }

    /// The bytes of a manifest.
    ///
    /// # Errors
    /// Where they are not there.
    pub fn manifest_bytes(&self, meta: &Meta) -> Result<Vec<u8>, Refusal> {
        Ok(std::fs::read(self.blob_path(meta.digest))?)
    }

    /// Takes a tag away, or a manifest with every tag that names it.
    ///
    /// # Errors
    /// Where it is not there, or the policy keeps it.
    pub fn delete_manifest(&self, repository: &Repository, reference: &Reference) -> Result<(), Refusal> {
        let _gate = self.gate.write();
        let meta = self.find(repository, reference)?;
        let tags = self.folder(repository, "tags");
        match reference {
            Reference::Tag(tag) => drop(files::remove(&tags.join(tag))?),
            Reference::Digest(_) if self.settings.deletion < Deletion::Everything => {
                return Err(Refusal::new(Code::Unsupported, "this registry lets tags be deleted, and no manifests"));
            }
            Reference::Digest(digest) => {
                for tag in files::names(&tags)? {
                    if self.tag(repository, &tag)? == Some(*digest) {
                        files::remove(&tags.join(tag))?;
                    }
                }
                let bytes = self.manifest_bytes(&meta)?;
                let subject = Manifest::parse(&meta.media_type, &bytes).ok().and_then(|parsed| parsed.subject);
                files::remove(&self.folder(repository, "manifests").join(digest.hex()))?;
                if let Some(subject) = subject {
                    let folder = self.folder(repository, "referrers").join(subject.hex());
                    files::remove(&folder.join(digest.hex()))?;
                    // Not empty where others are attached.
                    let _ = std::fs::remove_dir(folder);
                }
            }
        }
        Ok(())
    }

    /// The tags of a repository after one, in order, at most so many.
    ///
    /// # Errors
    /// Where there is no such repository.
    pub fn tags(&self, repository: &Repository, after: Option<&str>, max: usize) -> Result<Page, Refusal> {
        let _gate = self.gate.read();
        self.check_known(repository)?;
        // The specification orders without regard to case.
        let key = |tag: &str| (tag.to_ascii_lowercase(), tag.to_owned());
        let mut tags = files::names(&self.folder(repository, "tags"))?;
        tags.retain(|tag| after.is_none_or(|after| key(tag) > key(after)));
        tags.sort_by_cached_key(|tag| key(tag));
        let more = tags.len() > max;
        tags.truncate(max);
        Ok(Page { tags, more })
    }

    /// What is attached to a manifest, which need not be there itself.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn referrers(&self, repository: &Repository, subject: Digest) -> Result<Vec<Meta>, Refusal> {
        let _gate = self.gate.read();
        let mut names = files::names(&self.folder(repository, "referrers").join(subject.hex()))?;
        names.sort();
        let mut metas = Vec::with_capacity(names.len());
        for name in names {
            let Ok(digest) = format!("sha256:{name}").parse() else { continue };
            // A mark without a manifest is from a push that was cut.
            match self.find(repository, &Reference::Digest(digest)) {
                Ok(meta) => metas.push(meta),
                Err(refusal) if refusal.code == Code::ManifestUnknown => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(metas)
    }

    /// The digests that a repository's manifests name, their own included.
    pub(super) fn named(&self, repository: &Repository) -> Result<Vec<Digest>, Refusal> {
        let mut named = Vec::new();
        for name in files::names(&self.folder(repository, "manifests"))? {
            let Ok(digest) = format!("sha256:{name}").parse::<Digest>() else { continue };
            named.push(digest);
            let meta = self.find(repository, &Reference::Digest(digest))?;
            let parsed = manifest::Manifest::parse(&meta.media_type, &self.manifest_bytes(&meta)?)?;
            named.extend(parsed.blobs);
        }
        Ok(named)
    }
}
