// SPDX-License-Identifier: MIT OR Apache-2.0
//! What migrations do to the tables, in words, and what becomes of the version before if its code comes back.
//!
//! Only the statements are looked at, not the rows: whether a key is broken by what a table holds, the migration finds when it
//! runs. The version before is taken to name its columns; code that writes `*` sees one that was added.

use super::Migrations;
use super::change::{Change, Reference};
use std::collections::{HashMap, HashSet};

/// What the code of the version before can do on the tables as a statement leaves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RollBack {
    /// All that it could before.
    Runs,
    /// All that it could before, unless rows are in the way: [`Effect::why`] says which.
    MayFail,
    /// What names that table or column fails.
    Fails,
}

/// What one statement of a migration does.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Effect {
    /// The file's name.
    pub file: String,
    /// Which statement of the file, from 1.
    pub statement: usize,
    /// What it does, for an administrator: ``creates table `accounts` ``.
    pub does: String,
    /// Whether it takes away what nothing brings back but a backup.
    pub loses_data: bool,
    /// What the version before can do then.
    pub roll_back: RollBack,
    /// Why not all that it could before.
    pub why: Option<String>,
}

impl Effect {
    /// Whether it only adds: nothing is lost, and the version before runs on the new tables as it did.
    #[must_use]
    pub fn is_additive(&self) -> bool {
        self.roll_back == RollBack::Runs && !self.loses_data
    }
}

/// What becomes of data and of the version before.
struct Outcome {
    loses_data: bool,
    roll_back: RollBack,
    why: Option<String>,
}

impl Outcome {
    const fn runs() -> Self {
        Self { loses_data: false, roll_back: RollBack::Runs, why: None }
    }

    const fn may_fail(why: String) -> Self {
        Self { loses_data: false, roll_back: RollBack::MayFail, why: Some(why) }
    }

    const fn fails(why: String) -> Self {
        Self { loses_data: false, roll_back: RollBack::Fails, why: Some(why) }
    }

    fn loses(self) -> Self {
        Self { loses_data: true, ..self }
    }
}

impl Migrations {
    /// What the migrations behind the first `from` do, statement by statement: those that a database with `from` of them has
    /// still to run.
    #[must_use]
    pub fn effects(&self, from: usize) -> Vec<Effect> {
        let mut tables = Tables::default();
        let mut effects = Vec::new();
        for (position, migration) in self.list.iter().enumerate() {
            for (number, change) in (1..).zip(&migration.changes) {
                let pending = position >= from;
                let Outcome { loses_data, roll_back, why } = tables.apply(change, pending);
                if pending {
                    let (file, does) = (migration.name.clone(), change.to_string());
                    effects.push(Effect { file, statement: number, does, loses_data, roll_back, why });
                }
            }
        }
        effects
    }
}

/// The tables as far as the statements tell.
#[derive(Default)]
struct Tables {
    /// Those that the version before does not know.
    new: HashSet<String>,
    /// The indexes: of which table, and whether they are keys.
    indexes: HashMap<String, (String, bool)>,
}

impl Tables {
    /// Applies a statement; `pending` where the version before does not have it.
    fn apply(&mut self, change: &Change, pending: bool) -> Outcome {
        let outcome = self.outcome(change);
        match change {
            Change::CreateTable { table, .. } if pending => drop(self.new.insert(table.clone())),
            Change::DropTable { table } => {
                self.new.remove(table);
                self.indexes.retain(|_, (of, _)| of != table);
            }
            Change::RenameTable { table, to } => {
                if self.new.remove(table) {
                    self.new.insert(to.clone());
                }
                for (of, _) in self.indexes.values_mut().filter(|(of, _)| of == table) {
                    of.clone_from(to);
                }
            }
            Change::CreateIndex { index, table, unique } => {
                self.indexes.insert(index.clone(), (table.clone(), *unique));
            }
            Change::DropIndex { index } => drop(self.indexes.remove(index)),
            _ => {}
        }
        outcome
    }

    fn outcome(&self, change: &Change) -> Outcome {
        // What the version before does not know cannot harm it, but for what it refers to.
        if change.table().is_some_and(|table| self.new.contains(table)) && !matches!(change, Change::AddColumn { .. }) {
            return Outcome::runs();
        }
        match change {
            Change::CreateTable { table, references } => self.refers(table, references),
            Change::AddColumn { table, column, references, has_check } => {
                if *has_check && !self.new.contains(table) {
                    let why = format!("the CHECK of `{column}` holds for the rows that it writes, too");
                    return Outcome::may_fail(why);
                }
                self.refers(table, references)
            }
            Change::CreateIndex { table, unique: true, .. } => {
                Outcome::may_fail(format!("rows of `{table}` that are alike in the key are refused"))
            }
            Change::CreateIndex { unique: false, .. } => Outcome::runs(),
            Change::DropIndex { index } => match self.indexes.get(index) {
                Some((table, _)) if self.new.contains(table) => Outcome::runs(),
                Some((_, false)) => Outcome::runs(),
                Some((table, true)) => Outcome::fails(format!(
                    "ON CONFLICT of `{table}` over this key fails, and rows alike in it are taken"
                )),
                // No migration made it, so that this one fails.
                None => Outcome::fails("no migration before this one makes the index".to_owned()),
            },
            Change::DropTable { table } => Outcome::fails(format!("it still reads and writes `{table}`")).loses(),
            Change::DropColumn { table, column } => {
                Outcome::fails(format!("it still reads and writes `{column}` of `{table}`")).loses()
            }
            Change::RenameTable { table, .. } => Outcome::fails(format!("it still calls the table `{table}`")),
            Change::RenameColumn { table, column, .. } => {
                Outcome::fails(format!("it still calls the column of `{table}` `{column}`"))
            }
            Change::Insert { table } => Outcome::may_fail(format!("it finds rows in `{table}` that it did not write")),
            Change::Update { table } => Outcome::may_fail(format!("it finds rows of `{table}` changed")).loses(),
            Change::Delete { table } => Outcome::may_fail(format!("it misses rows of `{table}`")).loses(),
        }
    }

    /// Rows of one table hold those of another, which the version before may want to delete.
    fn refers(&self, table: &str, references: &[Reference]) -> Outcome {
        let holds = |reference: &&Reference| {
            reference.holds && reference.table != table && !self.new.contains(&reference.table)
        };
        match references.iter().find(holds) {
            Some(Reference { table: other, .. }) => {
                Outcome::may_fail(format!("rows of `{other}` that rows of `{table}` refer to cannot be deleted"))
            }
            None => Outcome::runs(),
        }
    }
}
