// SPDX-License-Identifier: MIT OR Apache-2.0
//! What migrations do to the tables, in words, and what becomes of the version before if its code comes back.
//!
//! Only the statements are looked at, not the rows: whether a key is broken by what a table holds, the migration finds
//! when it runs. The version before is taken to name its columns; code that writes `*` sees one that was added.

use super::Migrations;
use super::change::{Change, Reference};
use crate::limits::EFFECTS_MAX;
use std::collections::{HashMap, HashSet};
use std::fmt;

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
    /// Whether it takes away what nothing brings back but a backup, where no statement before has moved it.
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

/// What migrations do, statement by statement.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Effects {
    roll_back: RollBack,
    loses_data: bool,
    omitted: usize,
    effects: Vec<Effect>,
}

impl Effects {
    /// The effects in order, at most [`EFFECTS_MAX`].
    #[must_use]
    pub fn as_slice(&self) -> &[Effect] {
        &self.effects
    }

    /// How many more there are.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// The worst for the version before.
    #[must_use]
    pub fn roll_back(&self) -> RollBack {
        self.roll_back
    }

    /// Whether any of them loses data.
    #[must_use]
    pub fn loses_data(&self) -> bool {
        self.loses_data
    }

    /// Whether all of them only add.
    #[must_use]
    pub fn is_additive(&self) -> bool {
        self.roll_back == RollBack::Runs && !self.loses_data
    }

    fn push(&mut self, effect: impl FnOnce() -> Effect, roll_back: RollBack, loses_data: bool) {
        self.roll_back = self.roll_back.max(roll_back);
        self.loses_data |= loses_data;
        if self.effects.len() < EFFECTS_MAX {
            self.effects.push(effect());
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }
}

impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Effect { file, does, loses_data, roll_back, why, .. } in &self.effects {
            write!(f, "{file}: {does}")?;
            if *loses_data {
                write!(f, ": data is lost")?;
            }
            let roll_back = match roll_back {
                RollBack::Runs => "the version before runs on it",
                RollBack::MayFail => "the version before may fail",
                RollBack::Fails => "the version before fails",
            };
            write!(f, "; {roll_back}")?;
            match why {
                Some(why) => writeln!(f, ": {why}")?,
                None => writeln!(f)?,
            }
        }
        if self.omitted > 0 {
            writeln!(f, "and {} more statements", self.omitted)?;
        }
        Ok(())
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
    /// What the migrations behind the first `from` do, statement by statement: those that a database with `from` of
    /// them has still to run.
    #[must_use]
    pub fn effects(&self, from: usize) -> Effects {
        let mut tables = Tables::default();
        let mut found = Effects { roll_back: RollBack::Runs, loses_data: false, omitted: 0, effects: Vec::new() };
        for (position, migration) in self.list.iter().enumerate() {
            let pending = position >= from;
            for (statement, change) in (1..).zip(&migration.changes) {
                let Outcome { loses_data, roll_back, why } = tables.outcome(change);
                tables.apply(change, pending);
                if pending {
                    let (file, does) = (migration.name.clone(), change.to_string());
                    let effect = || Effect { file, statement, does, loses_data, roll_back, why };
                    found.push(effect, roll_back, loses_data);
                }
            }
        }
        found
    }
}

/// The tables as far as the statements tell.
#[derive(Default)]
struct Tables {
    /// Which table has that name now. A table keeps its place when it is renamed.
    places: HashMap<String, usize>,
    tables: Vec<Table>,
    /// Of which table an index is, and whether it is a key.
    indexes: HashMap<String, (usize, bool)>,
}

#[derive(Default)]
struct Table {
    /// Whether the version before does not know it.
    is_new: bool,
    /// Columns that the version before does not know, of a table that it knows.
    new_columns: HashSet<String>,
}

impl Tables {
    fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(*self.places.get(name)?)
    }

    fn is_new(&self, table: &str) -> bool {
        self.table(table).is_some_and(|table| table.is_new)
    }

    fn is_new_column(&self, table: &str, column: &str) -> bool {
        self.table(table).is_some_and(|table| table.is_new || table.new_columns.contains(column))
    }

    /// The place of a table. One that no statement made is one that the version before knows.
    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        self.places.insert(name.to_owned(), self.tables.len());
        self.tables.push(Table::default());
        self.tables.len().saturating_sub(1)
    }

    fn columns(&mut self, table: &str) -> Option<&mut HashSet<String>> {
        let place = self.place(table);
        self.tables.get_mut(place).map(|table| &mut table.new_columns)
    }

    /// Applies a statement; `pending` where the version before does not have it.
    fn apply(&mut self, change: &Change, pending: bool) {
        match change {
            Change::CreateTable { table, .. } => {
                self.places.insert(table.clone(), self.tables.len());
                self.tables.push(Table { is_new: pending, new_columns: HashSet::new() });
            }
            Change::DropTable { table } => drop(self.places.remove(table)),
            Change::RenameTable { table, to } => {
                let place = self.place(table);
                self.places.remove(table);
                self.places.insert(to.clone(), place);
            }
            Change::AddColumn { table, column, .. } if pending => {
                self.columns(table).map(|columns| columns.insert(column.clone()));
            }
            Change::DropColumn { table, column } => {
                self.columns(table).map(|columns| columns.remove(column));
            }
            Change::RenameColumn { table, column, to } => {
                if let Some(columns) = self.columns(table)
                    && columns.remove(column)
                {
                    columns.insert(to.clone());
                }
            }
            Change::CreateIndex { index, table, unique } => {
                let place = self.place(table);
                self.indexes.insert(index.clone(), (place, *unique));
            }
            Change::DropIndex { index } => drop(self.indexes.remove(index)),
            Change::AddColumn { .. } | Change::Insert { .. } | Change::Update { .. } | Change::Delete { .. } => {}
        }
    }

    /// What a statement does that is not applied yet.
    fn outcome(&self, change: &Change) -> Outcome {
        // What the version before does not know cannot harm it, but for what it refers to.
        let table_is_new = change.table().is_some_and(|table| self.is_new(table));
        if table_is_new && !matches!(change, Change::AddColumn { .. } | Change::CreateTable { .. }) {
            return Outcome::runs();
        }
        match change {
            Change::CreateTable { table, references } => self.refers(table, references),
            Change::AddColumn { column, has_check: true, .. } if !table_is_new => {
                Outcome::may_fail(format!("the CHECK of `{column}` holds for the rows that it writes, too"))
            }
            Change::AddColumn { table, references, .. } => self.refers(table, references),
            Change::CreateIndex { table, unique: true, .. } => {
                Outcome::may_fail(format!("rows of `{table}` that are alike in the key are refused"))
            }
            Change::CreateIndex { unique: false, .. } => Outcome::runs(),
            Change::DropIndex { index } => match self.indexes.get(index) {
                Some((place, true)) if self.tables.get(*place).is_none_or(|table| !table.is_new) => Outcome::fails(
                    "ON CONFLICT over this key fails, and rows that are alike in it are taken".to_owned(),
                ),
                Some(_) => Outcome::runs(),
                // So that this migration fails.
                None => Outcome::fails("no migration before this one makes the index".to_owned()),
            },
            Change::DropColumn { table, column } | Change::RenameColumn { table, column, .. }
                if self.is_new_column(table, column) =>
            {
                Outcome::runs()
            }
            // As a column that was added is filled.
            Change::Update { table, columns } if columns.iter().all(|column| self.is_new_column(table, column)) => {
                Outcome::runs()
            }
            Change::DropTable { table } => Outcome::fails(format!("it still reads and writes `{table}`")).loses(),
            Change::DropColumn { table, column } => {
                Outcome::fails(format!("it still reads and writes `{column}` of `{table}`")).loses()
            }
            Change::RenameTable { table, .. } => Outcome::fails(format!("it still calls the table `{table}`")),
            Change::RenameColumn { table, column, .. } => {
                Outcome::fails(format!("it still calls the column of `{table}` `{column}`"))
            }
            Change::Insert { table } => Outcome::may_fail(format!("it finds rows in `{table}` that it did not write")),
            Change::Update { table, .. } => {
                Outcome::may_fail(format!("it finds rows of `{table}` changed, and what they held is gone")).loses()
            }
            Change::Delete { table } => Outcome::may_fail(format!("it misses rows of `{table}`")).loses(),
        }
    }

    /// Rows of one table hold those of another, which the version before may want to delete.
    fn refers(&self, table: &str, references: &[Reference]) -> Outcome {
        let holds =
            |reference: &&Reference| reference.holds && reference.table != table && !self.is_new(&reference.table);
        match references.iter().find(holds) {
            Some(Reference { table: other, .. }) => {
                Outcome::may_fail(format!("rows of `{other}` that rows of `{table}` refer to cannot be deleted"))
            }
            None => Outcome::runs(),
        }
    }
}
