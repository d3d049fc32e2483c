// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes a layout: all of it or nothing, the same bytes for the same package.

use super::read::blob_name;
use super::{LAYOUT, Layout, Memory};
use crate::directory;
use crate::json;
use crate::manifest::ImageIndex;
use kernel_types::Digest;
use std::path::Path;

impl Layout {
    /// The files of the layout by name.
    #[must_use]
    pub fn content(&self) -> Memory {
        let subject = self.package.descriptor();
        let mut files = Memory::default();
        files.put(self.package.image_bytes());
        for (_, bytes) in self.package.blobs() {
            files.put(bytes);
        }
        for attachment in &self.attachments {
            files.put(&attachment.image_bytes(&subject));
            for (_, bytes) in attachment.blobs() {
                files.put(bytes);
            }
        }
        files.finish(self.index());
        files
    }

    /// Writes the layout to a folder. A layout in its place is replaced as a whole; anything else is left alone.
    ///
    /// # Errors
    /// Where something else is in its place, or the system refuses.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        directory::check_may_replace(folder, "oci-layout")?;
        let new = directory::sibling(folder, "part");
        directory::remove(&new)?;
        let blobs = new.join("blobs/sha256");
        std::fs::create_dir_all(&blobs)?;
        for (name, bytes) in &self.content().0 {
            directory::write(&new.join(name), bytes)?;
        }
        for folder in [blobs.as_path(), &new.join("blobs"), &new] {
            directory::sync(folder)?;
        }
        directory::replace(&new, folder)
    }
}

impl Memory {
    /// Puts a content under its digest.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.0.insert(blob_name(Digest::of(bytes)), bytes.to_vec());
    }

    /// Whether there is a content.
    pub(crate) fn has(&self, digest: Digest) -> bool {
        self.0.contains_key(&blob_name(digest))
    }

    /// Makes a layout of the contents.
    pub(crate) fn finish(&mut self, index: ImageIndex) {
        self.0.insert(String::from("oci-layout"), LAYOUT.to_vec());
        self.0.insert(String::from("index.json"), json::write(&index));
    }
}
