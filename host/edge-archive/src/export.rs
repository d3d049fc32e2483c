// SPDX-License-Identifier: MIT OR Apache-2.0
//! From a snapshot to an archive.

use crate::error::ArchiveError;
use crate::header::{Component, Consent, FORMAT, Header, Migration, Shape, VERSION};
use crate::writer::Writer;
use cap_storage::transfer::Snapshot;
use kernel_types::{ComponentId, Digest, TenantId};
use std::collections::BTreeMap;
use std::io::Write;

/// An enabled component with everything that another host needs to make its tables and run it.
pub struct Bundle {
    /// Its id.
    pub id: ComponentId,
    /// Its version.
    pub version: String,
    /// The digest of its package.
    pub digest: Digest,
    /// What its tenant's administrator agreed to.
    pub consent: Consent,
    /// The files of the package's layout, by name.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Summary {
    /// The tenant.
    pub tenant: TenantId,
    /// The digest in the seal.
    pub digest: Digest,
    /// Rows, over all tables.
    pub rows: u64,
}

/// Writes a tenant. Blocks its thread for as long as the snapshot gives rows and the output takes bytes.
///
/// # Errors
/// Where the snapshot ends early, a row cannot be written, or the output fails: what was written is no archive.
pub fn export<W: Write>(
    tenant: &TenantId,
    taken_at: &str,
    host: &str,
    mut bundles: Vec<Bundle>,
    mut snapshot: Snapshot,
    out: W,
) -> Result<(Summary, W), ArchiveError> {
    bundles.sort_by(|one, next| one.id.cmp(&next.id));
    let contents = &snapshot.contents;
    let component = |bundle: &Bundle| {
        let applied = contents.applied.get(&bundle.id).into_iter().flatten();
        let tables = contents.tables.iter().filter(|table| table.component == bundle.id);
        Component {
            id: bundle.id.clone(),
            version: bundle.version.clone(),
            digest: bundle.digest,
            consent: bundle.consent.clone(),
            migrations: applied.map(|one| Migration { number: one.number, digest: one.digest }).collect(),
            tables: tables
                .map(|table| Shape { name: table.name.clone(), columns: table.columns.clone(), key: table.key.clone() })
                .collect(),
        }
    };
    let enabled = |id: &&ComponentId| bundles.iter().any(|bundle| bundle.id == **id);
    let header = Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        tenant: tenant.clone(),
        taken_at: taken_at.to_owned(),
        host: host.to_owned(),
        components: bundles.iter().map(component).collect(),
        left_out: contents.applied.keys().filter(|id| !enabled(id)).cloned().collect(),
    };
    let mut writer = Writer::new(out, &header)?;
    for bundle in &bundles {
        for (path, content) in &bundle.files {
            writer.file(&bundle.id, path, content)?;
        }
    }
    drop(bundles);
    while let Some(batch) = snapshot.rows.blocking_next()? {
        writer.rows(batch.table, &batch.rows)?;
    }
    let (digest, index, out) = writer.finish()?;
    Ok((Summary { tenant: tenant.clone(), digest, rows: index.rows() }, out))
}
