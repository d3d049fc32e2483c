// SPDX-License-Identifier: MIT OR Apache-2.0
//! INSERT.

use super::fault::{Checked, Fault};
use super::query::{Parts, parts};
use super::rewriter::{Allowed, Columns, Rewriter, single};
use crate::StatementKind;
use sqlparser::ast::{
    ConflictTarget, DoUpdate, Insert, ObjectName, OnConflict, OnConflictAction, OnInsert, Query, SetExpr, TableObject,
};

impl Rewriter<'_> {
    pub(super) fn insert(&mut self, insert: &Insert) -> Checked<StatementKind> {
        let Insert {
            insert_token: _,
            optimizer_hints,
            or,
            ignore,
            into,
            table,
            table_alias,
            columns,
            overwrite,
            source,
            assignments,
            partitioned,
            after_columns,
            has_table_keyword,
            on,
            returning,
            output,
            replace_into,
            priority,
            insert_alias,
            settings,
            format_clause,
            multi_table_insert_type,
            multi_table_into_clauses,
            multi_table_when_clauses,
            multi_table_else_clause,
        } = insert;
        if or.is_some() || *replace_into || *ignore {
            return Err(Fault::refused("write INSERT ... ON CONFLICT (columns) DO UPDATE SET ... or DO NOTHING"));
        }
        let foreign = !optimizer_hints.is_empty()
            || !into
            || table_alias.is_some()
            || *overwrite
            || !assignments.is_empty()
            || partitioned.is_some()
            || !after_columns.is_empty()
            || *has_table_keyword
            || output.is_some()
            || priority.is_some()
            || insert_alias.is_some()
            || settings.is_some()
            || format_clause.is_some()
            || multi_table_insert_type.is_some()
            || !multi_table_into_clauses.is_empty()
            || !multi_table_when_clauses.is_empty()
            || multi_table_else_clause.is_some();
        let (TableObject::TableName(name), Some(source), false) = (table, source.as_deref(), foreign) else {
            return Err(Fault::refused("write INSERT INTO table (columns) VALUES ... or SELECT ..."));
        };
        if columns.is_empty() {
            return Err(Fault::refused("name the columns: INSERT INTO table (columns) ...").at(name));
        }
        self.push("INSERT INTO ");
        let table = self.table(name, None)?;
        self.push(" (");
        self.list(columns, |this, column| this.name(single(column)?))?;
        self.push(") ");
        self.source(source, on.is_some(), &table, columns)?;
        if let Some(on) = on {
            self.on_conflict(on, &table)?;
        }
        self.returning(returning.as_deref(), table)
    }

    /// Appends the rows. SQLite would take the ON of ON CONFLICT behind a SELECT for a join's: such a query becomes a
    /// subquery with a WHERE.
    fn source(&mut self, source: &Query, conflict: bool, table: &str, columns: &[ObjectName]) -> Checked {
        let Parts { with, body, order, limit } = parts(source)?;
        let bare = with.is_none() && order.is_empty() && limit.is_none();
        match body {
            SetExpr::Values(values) if bare => {
                self.allowing(Allowed::ROW, |this| this.values(values, Some((table, columns))))
            }
            _ if conflict => {
                self.push("SELECT * FROM (");
                self.query(source, true)?;
                self.push(") AS source WHERE TRUE");
                Ok(())
            }
            _ => self.query(source, false),
        }
    }

    fn on_conflict(&mut self, on: &OnInsert, table: &str) -> Checked {
        let OnInsert::OnConflict(OnConflict { conflict_target, action }) = on else {
            return Err(Fault::refused("write ON CONFLICT (columns) DO UPDATE SET ... or DO NOTHING"));
        };
        self.push(" ON CONFLICT");
        match conflict_target {
            None => {}
            Some(ConflictTarget::Columns(columns)) => {
                self.push(" (");
                self.list(columns, Self::name)?;
                self.push(")");
            }
            Some(ConflictTarget::OnConstraint(name)) => {
                return Err(Fault::refused("write ON CONFLICT (columns)").at(name));
            }
        }
        match action {
            OnConflictAction::DoNothing => {
                self.push(" DO NOTHING");
                Ok(())
            }
            OnConflictAction::DoUpdate(_) if conflict_target.is_none() => {
                Err(Fault::refused("DO UPDATE needs the columns: ON CONFLICT (columns)"))
            }
            OnConflictAction::DoUpdate(DoUpdate { assignments, selection }) => {
                self.push(" DO UPDATE SET ");
                self.with_columns(Columns::QualifiedBy(table.to_owned()), |this| {
                    this.assignments(table, assignments)?;
                    this.condition(" WHERE ", Allowed::ROW, selection.as_ref())
                })
            }
        }
    }
}
