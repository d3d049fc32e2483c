// SPDX-License-Identifier: MIT OR Apache-2.0
//! Removes what nothing names any more.

use super::{Store, files};
use crate::error::Refusal;
use crate::name::Repository;
use kernel_types::Digest;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

/// What a collection removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Uploads that nobody went on with.
    pub uploads: usize,
    /// Blobs that a repository had and no manifest in it named.
    pub links: usize,
    /// Contents that no repository had.
    pub blobs: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Store {
    /// Removes old uploads, blobs that no manifest of their repository names and that are old enough, and contents that no
    /// repository has. Nothing is pushed meanwhile.
    ///
    /// # Errors
    /// Where the system refuses; what was removed is removed.
    pub fn collect(&self, now: SystemTime) -> Result<Collected, Refusal> {
        let _gate = self.gate.write();
        let mut collected = Collected { uploads: self.expire_uploads(now)?, ..Collected::default() };
        let mut live = BTreeSet::new();
        let age = Duration::from_secs(self.settings.unreferenced_seconds_max);
        for folder in files::names(&self.root.join("repositories"))? {
            let Some(repository) = Repository::of_folder(&folder) else { continue };
            let named: BTreeSet<Digest> = self.named(&repository)?.into_iter().collect();
            let links = self.folder(&repository, "blobs");
            for name in files::names(&links)? {
                let Ok(digest) = format!("sha256:{name}").parse::<Digest>() else { continue };
                let link = links.join(&name);
                let made = std::fs::metadata(&link)?.modified()?;
                let is_old = now.duration_since(made).is_ok_and(|since| since > age);
                if !named.contains(&digest) && is_old {
                    files::remove(&link)?;
                    collected.links = collected.links.saturating_add(1);
                } else {
                    live.insert(digest);
                }
            }
            live.extend(named);
        }
        let blobs = self.root.join("blobs");
        for folder in files::names(&blobs)? {
            for name in files::names(&blobs.join(&folder))? {
                let path = blobs.join(&folder).join(&name);
                if format!("sha256:{name}").parse().is_ok_and(|digest: Digest| live.contains(&digest)) {
                    continue;
                }
                let bytes = std::fs::metadata(&path)?.len();
                files::remove(&path)?;
                self.give_back(bytes);
                collected.blobs = collected.blobs.saturating_add(1);
                collected.bytes = collected.bytes.saturating_add(bytes);
            }
        }
        Ok(collected)
    }
}
