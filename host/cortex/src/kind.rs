// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which kind of store a directory's tenants are in, as a word in a file: a command that was told of no database must
//! not find an empty store where the host uses PostgreSQL, and a host that was told of one must not leave the files
//! behind.

use crate::layout::Layout;
use anyhow::{Context as _, Result, bail};
use cap_storage::Dialect;
use std::io::Write as _;
use std::path::Path;

const SQLITE: &str = "sqlite";
const POSTGRES: &str = "postgres";

fn word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
    }
}

/// Refuses a store of another kind than the directory's. Nothing was made then.
pub(crate) fn check(layout: &Layout, dialect: Dialect) -> Result<()> {
    let directory = layout.root().display();
    match (known(layout)?.as_deref(), dialect) {
        (Some(POSTGRES), Dialect::Sqlite) => bail!(
            "the tenants of `{directory}` are in a PostgreSQL database: name it with `--database-url` or in `CORTEX_DATABASE_URL`"
        ),
        (Some(SQLITE), Dialect::Postgres) => bail!(
            "the tenants of `{directory}` are in files below it: leave out `--database-url` and `CORTEX_DATABASE_URL`, or choose \
             another directory"
        ),
        (None | Some(SQLITE | POSTGRES), _) => Ok(()),
        (Some(_), _) => bail!("`{}` is no word of this version: use a newer one", layout.store().display()),
    }
}

/// Writes the word down, where it is not there.
pub(crate) fn remember(layout: &Layout, dialect: Dialect) -> Result<()> {
    let path = layout.store();
    if path.exists() {
        return Ok(());
    }
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(layout.root())?;
        writeln!(file, "{}", word(dialect))?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        std::fs::File::open(layout.root())?.sync_all()
    };
    write().with_context(|| format!("cannot write `{}`", path.display()))
}

/// What the directory says, or shows where a version before has used it; `None`: nothing.
fn known(layout: &Layout) -> Result<Option<String>> {
    let path = layout.store();
    match std::fs::read_to_string(&path) {
        Ok(text) => return Ok(Some(text.trim_end().to_owned())),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot read `{}`", path.display()));
        }
        Err(_) => {}
    }
    // The embedded store makes this folder before anything else, and each of its tenants is in it.
    let tenants = layout.data().join("tenants");
    if has_something(&tenants) {
        return Ok(Some(SQLITE.to_owned()));
    }
    let installed = layout.root().join("components");
    let elsewhere = !tenants.exists() && has_something(&installed);
    Ok(elsewhere.then(|| POSTGRES.to_owned()))
}

fn has_something(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_directory_keeps_its_kind_of_store() {
        let directory = tempfile::tempdir().unwrap();
        let layout = Layout::at(directory.path());
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            check(&layout, dialect).unwrap();
        }
        remember(&layout, Dialect::Postgres).unwrap();
        remember(&layout, Dialect::Postgres).unwrap();
        check(&layout, Dialect::Postgres).unwrap();
        let error = check(&layout, Dialect::Sqlite).unwrap_err().to_string();
        assert!(error.contains("--database-url") && error.contains("are in a PostgreSQL database"), "{error}");
        fs::write(layout.store(), "sqlite\n").unwrap();
        check(&layout, Dialect::Sqlite).unwrap();
        let error = check(&layout, Dialect::Postgres).unwrap_err().to_string();
        assert!(error.contains("leave out `--database-url`"), "{error}");
        fs::write(layout.store(), "other\n").unwrap();
        assert!(check(&layout, Dialect::Sqlite).unwrap_err().to_string().contains("use a newer one"));
    }

    #[test]
    fn a_directory_of_a_version_before_shows_its_kind() {
        let of = |folders: &[&str]| {
            let directory = tempfile::tempdir().unwrap();
            for folder in folders {
                fs::create_dir_all(directory.path().join(folder)).unwrap();
            }
            known(&Layout::at(directory.path())).unwrap()
        };
        assert_eq!(of(&["data/tenants/demo", "components/x"]).as_deref(), Some(SQLITE));
        assert_eq!(of(&["data", "components/x"]).as_deref(), Some(POSTGRES));
        // A host without tenants, or one on PostgreSQL in which a command was told of no database.
        assert_eq!(of(&["data/tenants", "components/x"]), None);
        assert_eq!(of(&["data"]), None);
    }
}
