// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a registry allows: limits with their units, who may do what, and what may be taken away again.

use crate::access::Access;

/// The settings of a registry.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bytes of one blob. A component may have 64 MiB; other artifacts of a house are larger.
    pub blob_bytes_max: u64,
    /// Bytes of a manifest; the specification asks for at least four mebibytes.
    pub manifest_bytes_max: u64,
    /// Bytes of all blobs and uploads together.
    pub storage_bytes_max: u64,
    /// Uploads that are open at a time.
    pub uploads_max: usize,
    /// Seconds after which an upload that nobody went on with is given up.
    pub upload_seconds_max: u64,
    /// Repositories.
    pub repositories_max: usize,
    /// Tags of one repository, and manifests in it: a list of them is read whole.
    pub manifests_max: usize,
    /// What may be attached to one manifest: the answer lists all of it.
    pub referrers_max: usize,
    /// Connections at a time; more wait.
    pub connections_max: usize,
    /// Milliseconds in which a client must send or take something; one that does not is cut.
    pub idle_ms_max: u64,
    /// Seconds in which what was uploaded must be named by a manifest, before a collection may remove it.
    pub unreferenced_seconds_max: u64,
    /// Who may do what.
    pub access: Access,
    /// What may be deleted.
    pub deletion: Deletion,
    /// Whether a tag may be moved to another manifest.
    pub moving_tags: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            blob_bytes_max: 1 << 30,
            manifest_bytes_max: 4 << 20,
            storage_bytes_max: 64 << 30,
            uploads_max: 256,
            upload_seconds_max: 24 * 3600,
            repositories_max: 10_000,
            manifests_max: 10_000,
            referrers_max: 1_000,
            connections_max: 256,
            idle_ms_max: 30_000,
            unreferenced_seconds_max: 24 * 3600,
            access: Access::default(),
            deletion: Deletion::Nothing,
            moving_tags: true,
        }
    }
}

/// What may be deleted, by whoever has the right `delete`. What others installed should stay where they found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deletion {
    /// Nothing.
    Nothing,
    /// Tags: what they named stays, and can be had by its digest.
    Tags,
    /// Tags, manifests and blobs.
    Everything,
}

impl std::str::FromStr for Deletion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "nothing" => Ok(Self::Nothing),
            "tags" => Ok(Self::Tags),
            "everything" => Ok(Self::Everything),
            other => Err(format!("`{other}` is no policy: write `nothing`, `tags` or `everything`")),
        }
    }
}
