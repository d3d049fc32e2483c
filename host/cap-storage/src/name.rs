// SPDX-License-Identifier: MIT OR Apache-2.0
//! Names: which identifiers a component may use, and what its tables and indexes are called in the database.
//!
//! The physical name of a table is the component's id with `_` for `-`, two underscores, the table's own name:
//! `import_journal__batches`. An id has no underscore and a name has never two in a row, so the first `__` of a physical
//! name divides it in one way only: no two components share a physical name, and a prefix comparison is a wall.

use crate::limits::PHYSICAL_NAME_BYTES_MAX;
use kernel_types::ComponentId;

/// What stands between the component and the table in a physical name.
pub(crate) const SEPARATOR: &str = "__";

/// Columns that an engine adds by itself; a table of the subset has none of that name.
const SYSTEM_COLUMNS: &[&str] =
    &["rowid", "oid", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "true", "false", "excluded"];

/// The prefix of every table and index of the component: `accounting__`.
#[must_use]
pub fn namespace(component: &ComponentId) -> String {
    let mut name = component.as_str().replace('-', "_");
    name.push_str(SEPARATOR);
    name
}

/// The name in the database of a component's table or index. Any text may be given: only a name that passed the subset
/// was ever created.
#[must_use]
pub fn physical_name(component: &ComponentId, name: &str) -> String {
    let mut physical = namespace(component);
    physical.push_str(name);
    physical
}

/// The name that the component knows, where the physical name is one of its own.
#[must_use]
pub fn logical_name<'a>(component: &ComponentId, physical: &'a str) -> Option<&'a str> {
    let id = component.as_str();
    let (head, rest) = (physical.get(..id.len())?, physical.get(id.len()..)?);
    let same = head.bytes().zip(id.bytes()).all(|(a, b)| a == b || (a == b'_' && b == b'-'));
    let name = rest.strip_prefix(SEPARATOR)?;
    (same && !name.is_empty()).then_some(name)
}

/// Why a text is no name of the subset, if it is none. `text` is folded to lower case already where it was not quoted.
pub(crate) fn fault_of(text: &str) -> Option<&'static str> {
    let first = text.bytes().next();
    if text.len() > PHYSICAL_NAME_BYTES_MAX {
        return Some("at most 63 characters");
    }
    let alphabet = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !alphabet || !first.is_some_and(|b| b.is_ascii_lowercase()) {
        return Some("lower-case letters, digits and underscores, beginning with a letter");
    }
    if text.contains(SEPARATOR) {
        return Some("never two underscores in a row: they divide the component from the table");
    }
    if text.starts_with("sqlite_") || text.starts_with("pg_") {
        return Some("`sqlite_` and `pg_` belong to the databases themselves");
    }
    if SYSTEM_COLUMNS.contains(&text) {
        return Some("it has a meaning of its own in SQLite or PostgreSQL");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_lower_case_snake_and_belongs_to_nobody_else() {
        let long = "a".repeat(64);
        let cases: &[(&str, bool)] = &[
            ("accounts", true),
            ("a", true),
            ("a1_b2", true),
            ("ends_", true),
            (&"a".repeat(63), true),
            (&long, false),
            ("", false),
            ("Accounts", false),
            ("1a", false),
            ("_a", false),
            ("a__b", false),
            ("a-b", false),
            ("a b", false),
            ("a\"b", false),
            ("ä", false),
            ("a\0", false),
            ("sqlite_master", false),
            ("pg_class", false),
            ("rowid", false),
            ("_rowid_", false),
            ("ctid", false),
            ("excluded", false),
        ];
        for (name, ok) in cases {
            assert_eq!(fault_of(name).is_none(), *ok, "{name:?}");
        }
    }

    #[test]
    fn a_physical_name_belongs_to_one_component() {
        let id = |text| ComponentId::parse(text).unwrap();
        assert_eq!(physical_name(&id("import-journal"), "batches"), "import_journal__batches");
        assert_eq!(logical_name(&id("import-journal"), "import_journal__batches"), Some("batches"));
        for (component, physical) in [
            ("import", "import_journal__batches"),
            ("import-journal", "import__batches"),
            ("import-journal", "import_journal__"),
            ("import-journal", "import_journal_batches"),
            ("import-journal", "importxjournal__batches"),
            ("a", "ä__b"),
            ("a", ""),
        ] {
            assert_eq!(logical_name(&id(component), physical), None, "{component} {physical}");
        }
    }
}
