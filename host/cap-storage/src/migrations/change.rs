// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a statement of a migration is about, once it has passed the subset: a few names, kept beside its text.

use crate::subset::fault::{Checked, Fault};
use crate::subset::rewriter::{checked_name, single};
use sqlparser::ast::{
    AlterTableOperation, AssignmentTarget, ColumnDef, ColumnOption, CreateTable, ForeignKeyConstraint, FromTable,
    Insert, ObjectName, ObjectType, ReferentialAction, RenameTableNameKind, SetExpr, Statement, TableConstraint,
    TableFactor, TableObject,
};
use std::fmt;

/// A statement, as far as others care: which table, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    CreateTable {
        table: String,
        references: Vec<Reference>,
    },
    DropTable {
        table: String,
    },
    RenameTable {
        table: String,
        to: String,
    },
    AddColumn {
        table: String,
        column: String,
        references: Vec<Reference>,
        has_check: bool,
    },
    DropColumn {
        table: String,
        column: String,
    },
    RenameColumn {
        table: String,
        column: String,
        to: String,
    },
    CreateIndex {
        index: String,
        table: String,
        unique: bool,
    },
    DropIndex {
        index: String,
    },
    Insert {
        table: String,
    },
    /// With the columns that it sets.
    Update {
        table: String,
        columns: Vec<String>,
    },
    Delete {
        table: String,
    },
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The table that it refers to.
    pub(crate) table: String,
    /// Whether a row cannot be deleted that one refers to.
    pub(crate) holds: bool,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateTable { table, .. } => write!(f, "creates table `{table}`"),
            Self::DropTable { table } => write!(f, "drops table `{table}`"),
            Self::RenameTable { table, to } => write!(f, "renames table `{table}` to `{to}`"),
            Self::AddColumn { table, column, .. } => write!(f, "adds column `{column}` to `{table}`"),
            Self::DropColumn { table, column } => {
                write!(f, "drops column `{column}` of `{table}`")
            }
            Self::RenameColumn { table, column, to } => write!(f, "renames column `{column}` of `{table}` to `{to}`"),
            Self::CreateIndex { index, table, unique } => {
                let key = if *unique { ", a key" } else { "" };
                write!(f, "creates index `{index}` on `{table}`{key}")
            }
            Self::DropIndex { index } => write!(f, "drops index `{index}`"),
            Self::Insert { table } => write!(f, "writes rows into `{table}`"),
            Self::Update { table, .. } => write!(f, "changes rows of `{table}`"),
            Self::Delete { table } => write!(f, "deletes rows of `{table}`"),
        }
    }
}

impl Change {
    /// The table that it changes; none for DROP INDEX, which does not name it.
    pub(crate) fn table(&self) -> Option<&str> {
        match self {
            Self::CreateTable { table, .. }
            | Self::DropTable { table }
            | Self::RenameTable { table, .. }
            | Self::AddColumn { table, .. }
            | Self::DropColumn { table, .. }
            | Self::RenameColumn { table, .. }
            | Self::CreateIndex { table, .. }
            | Self::Insert { table }
            | Self::Update { table, .. }
            | Self::Delete { table } => Some(table),
            Self::DropIndex { .. } => None,
        }
    }

    /// What a statement is that passed the subset of migrations.
    ///
    /// # Errors
    /// Where it is one that the subset cannot have let pass.
    pub(super) fn of(statement: &Statement) -> Checked<Self> {
        match statement {
            Statement::CreateTable(table) => create_table(table),
            Statement::CreateIndex(index) => {
                let name = index.name.as_ref().ok_or_else(unknown)?;
                let (index_name, table) = (text(name)?, text(&index.table_name)?);
                Ok(Self::CreateIndex { index: index_name, table, unique: index.unique })
            }
            Statement::AlterTable(alter) => {
                let table = text(&alter.name)?;
                match alter.operations.as_slice() {
                    [operation] => altered(table, operation),
                    _ => Err(unknown()),
                }
            }
            Statement::Drop { object_type, names, .. } => match (object_type, names.as_slice()) {
                (ObjectType::Table, [name]) => Ok(Self::DropTable { table: text(name)? }),
                (ObjectType::Index, [name]) => Ok(Self::DropIndex { index: text(name)? }),
                _ => Err(unknown()),
            },
            Statement::Insert(Insert { table: TableObject::TableName(name), .. }) => {
                Ok(Self::Insert { table: text(name)? })
            }
            Statement::Update(update) => {
                let columns = update.assignments.iter().map(|assignment| match &assignment.target {
                    AssignmentTarget::ColumnName(column) => text(column),
                    AssignmentTarget::Tuple(_) => Err(unknown()),
                });
                let columns = columns.collect::<Checked<_>>()?;
                Ok(Self::Update { table: relation(&update.table.relation)?, columns })
            }
            Statement::Delete(delete) => match &delete.from {
                FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from) => match from.as_slice() {
                    [one] => Ok(Self::Delete { table: relation(&one.relation)? }),
                    _ => Err(unknown()),
                },
            },
            // A change behind a WITH.
            Statement::Query(query) => match &*query.body {
                SetExpr::Insert(inner) | SetExpr::Update(inner) | SetExpr::Delete(inner) => Self::of(inner),
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }
}

/// The subset and this page list the same statements; a statement that is on one alone is a defect that must not pass.
fn unknown() -> Fault {
    Fault::refused("a migration has statements whose effect can be told: see `docs/sql-subset.md`")
}

fn text(name: &ObjectName) -> Checked<String> {
    checked_name(single(name)?)
}

fn relation(relation: &TableFactor) -> Checked<String> {
    match relation {
        TableFactor::Table { name, .. } => text(name),
        _ => Err(unknown()),
    }
}

fn create_table(table: &CreateTable) -> Checked<Change> {
    let mut references = Vec::new();
    for column in &table.columns {
        references.append(&mut of_column(column)?);
    }
    for constraint in &table.constraints {
        if let TableConstraint::ForeignKey(key) = constraint {
            references.push(reference(key)?);
        }
    }
    Ok(Change::CreateTable { table: text(&table.name)?, references })
}

fn of_column(column: &ColumnDef) -> Checked<Vec<Reference>> {
    let keys = column.options.iter().filter_map(|option| match &option.option {
        ColumnOption::ForeignKey(key) => Some(reference(key)),
        _ => None,
    });
    keys.collect()
}

fn reference(key: &ForeignKeyConstraint) -> Checked<Reference> {
    let lets_go = matches!(key.on_delete, Some(ReferentialAction::Cascade | ReferentialAction::SetNull));
    Ok(Reference { table: text(&key.foreign_table)?, holds: !lets_go })
}

fn altered(table: String, operation: &AlterTableOperation) -> Checked<Change> {
    match operation {
        AlterTableOperation::AddColumn { column_def, .. } => {
            let has_check = column_def.options.iter().any(|one| matches!(one.option, ColumnOption::Check(_)));
            let (column, references) = (checked_name(&column_def.name)?, of_column(column_def)?);
            Ok(Change::AddColumn { table, column, references, has_check })
        }
        AlterTableOperation::DropColumn { column_names, .. } => match column_names.as_slice() {
            [column] => Ok(Change::DropColumn { table, column: checked_name(column)? }),
            _ => Err(unknown()),
        },
        AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
            let (column, to) = (checked_name(old_column_name)?, checked_name(new_column_name)?);
            Ok(Change::RenameColumn { table, column, to })
        }
        AlterTableOperation::RenameTable { table_name: RenameTableNameKind::To(new) } => {
            Ok(Change::RenameTable { table, to: text(new)? })
        }
        _ => Err(unknown()),
    }
}
