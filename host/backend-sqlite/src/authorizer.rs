// SPDX-License-Identifier: MIT OR Apache-2.0
//! The second wall: what SQLite asks while it compiles a statement, and what we answer.
//!
//! It does not read SQL and does not trust what cap-storage made of it. Whatever text arrives, a component reaches the
//! tables whose names begin with its own prefix, the functions listed here, and nothing else.

use cap_storage::logical_name;
use kernel_types::ComponentId;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// Who runs a statement.
#[derive(Debug, Default)]
pub(crate) enum Policy {
    /// No statement is running.
    #[default]
    Nothing,
    /// The host's own statements, which contain nothing from outside.
    Host,
    /// A statement of a component.
    Component(ComponentId, Access),
}

/// What a component may do with its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read.
    Read,
    /// Read and change rows.
    Write,
    /// Change rows, and make, alter and drop tables and indexes, as far as this statement shows.
    Migrate(Definition),
}

/// What the engine has told of a statement of a migration so far. The catalogue may be touched only by the engine itself
/// while it carries out a definition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Definition {
    /// A table or index of the component's own is made. Such a statement can hold a SELECT (`CREATE TABLE .. AS`).
    creates: bool,
    /// One is dropped. Such a statement holds no expression.
    drops: bool,
    /// One is altered. Such a statement holds no SELECT but those that the engine makes up itself.
    alters: bool,
}

/// Functions of SQL that are pure: the same arguments, the same result, nothing touched. Sorted; lower case.
pub(crate) const FUNCTIONS: &[&str] = &[
    "abs",
    "avg",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "dense_rank",
    "first_value",
    "glob",
    "group_concat",
    "hex",
    "ifnull",
    "iif",
    "instr",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "lower",
    "ltrim",
    "max",
    "min",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "quote",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "total",
    "trim",
    "typeof",
    "unicode",
    "upper",
];

/// Functions that the engine uses itself while it alters a table. SQL from outside cannot call them: the engine knows
/// them as internal.
const ALTER_FUNCTIONS: &[&str] = &[
    "printf",
    "raise",
    "sqlite_add_constraint",
    "sqlite_drop_column",
    "sqlite_drop_constraint",
    "sqlite_fail",
    "sqlite_find_constraint",
    "sqlite_rename_column",
    "sqlite_rename_quotefix",
    "sqlite_rename_table",
    "sqlite_rename_test",
];

/// Tables of the engine that a definition touches.
const CATALOGUE: &[&str] = &[
    "sqlite_master",
    "sqlite_schema",
    "sqlite_temp_master",
    "sqlite_temp_schema",
    "sqlite_sequence",
    "sqlite_stat1",
    "sqlite_stat4",
];

/// Table-valued functions of the engine: under these names no common table expression is accepted either.
const ENGINE_TABLES: &[&str] = &[
    "bytecode",
    "completion",
    "dbstat",
    "fts3tokenize",
    "generate_series",
    "json_each",
    "json_tree",
    "jsonb_each",
    "jsonb_tree",
    "tables_used",
];

impl Policy {
    /// Answers one question of the engine.
    pub(crate) fn decide(&mut self, context: &AuthContext<'_>) -> Authorization {
        let permitted = match self {
            Self::Nothing => false,
            Self::Host => host(context),
            Self::Component(component, access) => of_component(component, access, context),
        };
        if permitted { Authorization::Allow } else { Authorization::Deny }
    }
}

/// The host's statements are fixed texts; other files are none of their business all the same.
fn host(context: &AuthContext<'_>) -> bool {
    !matches!(
        context.action,
        AuthAction::Attach { .. }
            | AuthAction::Detach { .. }
            | AuthAction::CreateVtable { .. }
            | AuthAction::Function { function_name: "load_extension" }
    )
}

fn of_component(component: &ComponentId, access: &mut Access, context: &AuthContext<'_>) -> bool {
    let main = matches!(context.database_name, None | Some("main"));
    match context.action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => may_call(access, function_name),
        AuthAction::Read { table_name, column_name } => {
            (main && owns(component, table_name))
                || (column_name.is_empty() && context.database_name.is_none() && is_common_table(table_name))
                || access.definition().is_some_and(|definition| definition.may_read(table_name, column_name))
        }
        AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name } => {
            (*access != Access::Read && main && owns(component, table_name))
                || access.definition().is_some_and(|definition| definition.may_change(table_name, &context.action))
        }
        _ => match access {
            Access::Migrate(definition) => definition.may_define(component, main, &context.action),
            Access::Read | Access::Write => false,
        },
    }
}

impl Access {
    fn definition(&self) -> Option<&Definition> {
        match self {
            Self::Migrate(definition) => Some(definition),
            Self::Read | Self::Write => None,
        }
    }
}

impl Definition {
    /// Definitions that a migration may carry out: tables and indexes of its own, no views, no triggers.
    fn may_define(&mut self, component: &ComponentId, main: bool, action: &AuthAction<'_>) -> bool {
        match *action {
            // Here the engine names the database in the action, and at times a column in the place of the database.
            AuthAction::AlterTable { database_name, table_name } => {
                set(&mut self.alters, database_name == "main" && owns(component, table_name))
            }
            _ if !main => false,
            AuthAction::CreateTable { table_name } => set(&mut self.creates, owns(component, table_name)),
            AuthAction::CreateIndex { index_name, table_name } => {
                set(&mut self.creates, owns(component, table_name) && owns_index(component, index_name))
            }
            AuthAction::DropTable { table_name } => set(&mut self.drops, owns(component, table_name)),
            AuthAction::DropIndex { index_name, table_name } => {
                set(&mut self.drops, owns(component, table_name) && owns_index(component, index_name))
            }
            // The engine fills the index that it has just made, and checks the rows of a table that got a constraint.
            AuthAction::Reindex { index_name } => self.creates && owns_index(component, index_name),
            AuthAction::Pragma { pragma_name, .. } => self.alters && pragma_name == "quick_check",
            _ => false,
        }
    }

    /// What the engine reads of its catalogue while it carries out a definition.
    fn may_read(self, table: &str, column: &str) -> bool {
        let catalogue = CATALOGUE.contains(&table);
        (self.creates && catalogue && column == "ROWID")
            || (self.drops && catalogue)
            || (self.alters && (catalogue || table == "pragma_quick_check"))
    }

    /// What the engine writes of its catalogue. An INSERT or DELETE comes before it names what it defines; where SQL from
    /// outside asks for one, the engine itself refuses, because the catalogue is not writable.
    fn may_change(self, table: &str, action: &AuthAction<'_>) -> bool {
        CATALOGUE.contains(&table)
            && (self.creates || self.drops || self.alters || !matches!(action, AuthAction::Update { .. }))
    }
}

/// Remembers a definition that is permitted.
fn set(flag: &mut bool, permitted: bool) -> bool {
    *flag |= permitted;
    permitted
}

fn may_call(access: &Access, function: &str) -> bool {
    let alters = access.definition().is_some_and(|definition| definition.alters);
    FUNCTIONS.binary_search(&function).is_ok() || (alters && ALTER_FUNCTIONS.contains(&function))
}

/// Whether a physical name belongs to a component: its prefix, then at least one character. No two components share a
/// prefix and none is a prefix of another, see [`logical_name`].
pub(crate) fn owns(component: &ComponentId, name: &str) -> bool {
    logical_name(component, name).is_some()
}

/// The same for an index, also one that the engine makes by itself for a key.
pub(crate) fn owns_index(component: &ComponentId, name: &str) -> bool {
    owns(component, name.strip_prefix("sqlite_autoindex_").unwrap_or(name))
}

/// Whether a name can only be a common table expression or a subquery of the statement itself, when the engine reports it
/// as read without a column and without a database. Every real table has `__` in its name or begins with `cortex_` or
/// `sqlite_`; the engine's table-valued functions are listed.
fn is_common_table(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let reserved = ["cortex_", "sqlite_", "pragma_", "fts", "rtree"].iter().any(|prefix| lower.starts_with(prefix));
    !reserved && !lower.contains("__") && !ENGINE_TABLES.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_owns_its_prefix_and_nothing_like_it() {
        let cases = [
            ("import-journal", "import_journal__runs", true),
            ("import-journal", "import_journal__", false),
            ("import-journal", "import_journal_runs", false),
            ("import-journal", "IMPORT_JOURNAL__runs", false),
            ("a", "ab__c", false),
            ("ab", "a", false),
            ("a", "é", false),
            ("cortex", "cortex_documents", false),
            ("sqlite", "sqlite_master", false),
        ];
        for (component, name, own) in cases {
            assert_eq!(owns(&ComponentId::parse(component).unwrap(), name), own, "{component} {name}");
        }
    }

    #[test]
    fn only_a_name_that_no_real_table_can_have_is_a_common_table_expression() {
        for (name, common) in [
            ("totals", true),
            ("other__entries", false),
            ("cortex_documents", false),
            ("CORTEX_documents", false),
            ("Sqlite_Master", false),
            ("pragma_table_info", false),
            ("dbstat", false),
            ("JSON_EACH", false),
        ] {
            assert_eq!(is_common_table(name), common, "{name}");
        }
    }

    #[test]
    fn the_functions_are_sorted_and_touch_nothing() {
        assert!(FUNCTIONS.is_sorted());
        for harmful in
            ["load_extension", "random", "randomblob", "datetime", "current_timestamp", "changes", "zeroblob"]
        {
            assert!(!FUNCTIONS.contains(&harmful), "{harmful}");
        }
    }
}
