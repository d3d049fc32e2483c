// SPDX-License-Identifier: MIT OR Apache-2.0
//! `state.json`, in which hosts of before remembered everything: read once, taken over into the state, and put aside.

use crate::bundle::Bundle;
use crate::state::Remembered;
use crate::state::{Choice, ComponentRecord, CredentialRecord, TenantRecord, records};
use cap_state::limits::CHANGES_MAX;
use cap_state::{Change, StateError};
use cap_storage::Dialect;
use kernel_types::{ComponentId, Digest, Grants, TenantId};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The form of the file.
const VERSION: u32 = 1;

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    /// The installed bundles by their digest, and the component that each is.
    components: BTreeMap<Digest, ComponentId>,
    /// What each tenant enabled: the bundle, and what was granted to it.
    tenants: BTreeMap<TenantId, BTreeMap<ComponentId, (Digest, Grants)>>,
    /// The credentials, by identifier.
    credentials: BTreeMap<Arc<str>, CredentialRecord>,
}

/// Why the file cannot be taken over. It stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The system refuses.
    #[error("`{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not what hosts wrote.
    #[error("`{path}` is not the state of a host: {detail}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// What it says cannot be remembered.
    #[error("`{path}` cannot be taken over: {source}")]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StateError,
    },
}

/// Takes a `state.json` over, where there is one, and renames it to `state.json.imported`. What is remembered already wins, so
/// that it can be done again after a crash. `bundle` says where an installed bundle lies.
///
/// # Errors
/// Where the file cannot be read or is damaged, or the state cannot be written.
pub async fn import(
    remembered: &Remembered,
    path: &Path,
    dialect: Dialect,
    bundle: impl Fn(&Digest) -> PathBuf,
) -> Result<bool, ImportError> {
    let io = |source| ImportError::Io { path: path.to_owned(), source };
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(io(error)),
    };
    let file = parse(&text).map_err(|detail| ImportError::Form { path: path.to_owned(), detail })?;
    let state = |source| ImportError::State { path: path.to_owned(), source };
    let mut changes = Vec::new();
    for (digest, id) in &file.components {
        // One whose files were damaged must be installed again, as it had to be before.
        let version = match Bundle::load(&bundle(digest), dialect).ok().filter(|bundle| bundle.digest() == *digest) {
            Some(bundle) => {
                remembered.state().put_blob(&bundle.files().pack()).await.map_err(state)?;
                bundle.manifest().version.to_string()
            }
            None => String::new(),
        };
        changes.push(
            records::absent(records::component_key(digest), &ComponentRecord { id: id.clone(), version })
                .map_err(state)?,
        );
    }
    for (tenant, components) in file.tenants {
        let chosen = components.into_iter().map(|(id, (bundle, grants))| (id, Choice { bundle, grants }));
        changes.push(
            records::absent(
                records::tenant_key(&tenant),
                &TenantRecord { components: chosen.collect(), importing: None },
            )
            .map_err(state)?,
        );
    }
    for (id, credential) in &file.credentials {
        changes.push(records::absent(records::credential_key(id), credential).map_err(state)?);
    }
    for some in changes.chunks(CHANGES_MAX) {
        commit(remembered, some).await.map_err(state)?;
    }
    std::fs::rename(path, path.with_extension("json.imported")).map_err(io)?;
    Ok(true)
}

/// Makes the changes that are not made yet.
async fn commit(remembered: &Remembered, changes: &[Change]) -> Result<(), StateError> {
    match remembered.state().commit(changes).await {
        Err(StateError::Conflict { .. }) => {}
        done => return done.map(drop),
    }
    for change in changes {
        match remembered.state().commit(std::slice::from_ref(change)).await {
            Ok(_) | Err(StateError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn parse(text: &[u8]) -> Result<File, String> {
    let file: File = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if file.version != VERSION {
        return Err(format!("version {} instead of {VERSION}", file.version));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_refused() {
        for (text, expected) in [
            ("", "EOF"),
            ("{}", "version"),
            (r#"{"version":2,"components":{},"tenants":{},"credentials":{}}"#, "version 2 instead of 1"),
            (r#"{"version":1,"components":{},"tenants":{"../x":{}},"credentials":{}}"#, "tenant id"),
            (r#"{"version":1,"components":{},"tenants":{},"credentials":{},"more":1}"#, "unknown field `more`"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
