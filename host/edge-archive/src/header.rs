// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two documents of an archive: the header, its first member, says what is coming; the index, its last, what came.

use crate::error::ArchiveError;
use crate::limits::{COLUMNS_MAX, COMPONENTS_MAX, TABLES_MAX};
use cap_storage::transfer::{Column, Table};
use kernel_types::{ComponentId, Digest, TenantId};
use serde::{Deserialize, Serialize};

/// What every archive says that it is.
pub const FORMAT: &str = "cortex-archive";

/// The form that this version reads and writes; a change of it is a new number.
pub const VERSION: u32 = 2;

/// The name of the header.
pub(crate) const HEADER: &str = "archive.json";

/// The name of the index.
pub(crate) const INDEX: &str = "index.json";

/// What an archive holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// The tenant.
    pub tenant: TenantId,
    /// When the snapshot was taken, in RFC 3339 form.
    pub taken_at: String,
    /// The version of the host that wrote it.
    pub host: String,
    /// The components that the tenant had enabled, by id.
    pub components: Vec<Component>,
    /// Components that have tables but were not enabled: their data is not in the archive.
    pub left_out: Vec<ComponentId>,
}

/// An enabled component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Its id.
    pub id: ComponentId,
    /// Its version.
    pub version: String,
    /// The digest of its package. Its files in the archive are the package's OCI layout, with its signatures.
    pub digest: Digest,
    /// The consent of the tenant's administrator, as it was signed. The archive does not vouch for it.
    pub consent: Consent,
    /// The migrations that ran.
    pub migrations: Vec<Migration>,
    /// Its tables, by name.
    pub tables: Vec<Shape>,
}

/// A consent: a text and the sigstore bundle over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The text.
    pub text: String,
    /// The bundle.
    pub bundle: String,
}

/// A migration that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// Its number, from 1.
    pub number: u32,
    /// The digest of its file.
    pub digest: Digest,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Its name, as the component says it.
    pub name: String,
    /// Its columns: the order of the values of a row.
    pub columns: Vec<Column>,
    /// The columns of its primary key: the order of the rows.
    pub key: Vec<String>,
}

/// What an archive holds, member for member, in their order; itself not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// The members.
    pub members: Vec<Member>,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its rows, where it holds rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

impl Index {
    /// Rows, over all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.members.iter().filter_map(|member| member.rows).fold(0, u64::saturating_add)
    }
}

impl Header {
    /// Reads and checks a header.
    pub(crate) fn read(text: &[u8]) -> Result<Self, ArchiveError> {
        #[derive(Deserialize)]
        struct Form {
            format: String,
            version: u64,
        }
        let wrong = |error: serde_json::Error| ArchiveError::document(HEADER, error.to_string());
        // Whoever wrote it later may have changed everything but this.
        let form: Form = serde_json::from_slice(text).map_err(wrong)?;
        if form.format != FORMAT || form.version != u64::from(VERSION) {
            let format: String = form.format.chars().take(40).collect();
            let found = format!("{format} {}", form.version);
            return Err(ArchiveError::Version { found, known: format!("{FORMAT} {VERSION}") });
        }
        let header: Self = serde_json::from_slice(text).map_err(wrong)?;
        header.check()?;
        Ok(header)
    }

    /// The tables of all components, in the order of their rows.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        let tables = self.components.iter().flat_map(|component| {
            component.tables.iter().map(|shape| Table {
                component: component.id.clone(),
                name: shape.name.clone(),
                columns: shape.columns.clone(),
                key: shape.key.clone(),
            })
        });
        tables.collect()
    }

    pub(crate) fn check(&self) -> Result<(), ArchiveError> {
        let wrong = |detail: String| Err(ArchiveError::document(HEADER, detail));
        if self.components.len() > COMPONENTS_MAX {
            return Err(ArchiveError::too_large("the list of components", COMPONENTS_MAX as u64, "components"));
        }
        if !self.components.is_sorted_by(|one, next| one.id < next.id) {
            return wrong("the components are not in order, or one is there twice".to_owned());
        }
        for Component { id, tables, .. } in &self.components {
            if tables.len() > TABLES_MAX {
                return Err(ArchiveError::too_large(
                    format!("the list of tables of `{id}`"),
                    TABLES_MAX as u64,
                    "tables",
                ));
            }
            if !tables.is_sorted_by(|one, next| one.name < next.name) {
                return wrong(format!("the tables of `{id}` are not in order, or one is there twice"));
            }
            for Shape { name, columns, key } in tables {
                let columns_named = columns.iter().map(|column| &column.name).chain([name]).all(|name| is_plain(name));
                let known = key.iter().all(|key| columns.iter().any(|column| column.name == *key));
                if !columns_named || columns.len() > COLUMNS_MAX || key.is_empty() || !known {
                    return wrong(format!("a table of `{id}` is not as tables of the portable subset are"));
                }
            }
        }
        Ok(())
    }
}

/// Whether a text can be the name of a table or a column.
fn is_plain(name: &str) -> bool {
    let alphabet = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    alphabet && (1..=63).contains(&name.len())
}
