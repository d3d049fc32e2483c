// SPDX-License-Identifier: MIT OR Apache-2.0
//! INSERT, UPDATE, DELETE and RETURNING.

use super::fault::{Checked, Fault};
use super::from::plain_table;
use super::rewriter::{Allowed, Columns, Rewriter, checked_name, single};
use crate::StatementKind;
use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, FromTable, SelectItem, TableFactor, TableWithJoins, Update,
    UpdateTableFromKind,
};

impl Rewriter<'_> {
    pub(super) fn update(&mut self, update: &Update) -> Checked<StatementKind> {
        let Update {
            update_token: _,
            optimizer_hints,
            table: TableWithJoins { relation, joins },
            assignments,
            from,
            selection,
            returning,
            output,
            or,
            order_by,
            limit,
        } = update;
        let foreign = !optimizer_hints.is_empty()
            || !joins.is_empty()
            || output.is_some()
            || or.is_some()
            || !order_by.is_empty()
            || limit.is_some();
        if foreign {
            return Err(Fault::refused("write UPDATE table SET ... FROM ... WHERE ... RETURNING ..."));
        }
        self.push("UPDATE ");
        let (name, alias) = plain_table(relation)?;
        let own = checked_name(single(name)?)?;
        let table = self.table(name, alias)?;
        self.push(" SET ");
        self.assignments(&own, assignments)?;
        match from {
            None => {}
            Some(UpdateTableFromKind::AfterSet(from)) => {
                self.push(" FROM ");
                self.from(from)?;
            }
            Some(UpdateTableFromKind::BeforeSet(_)) => return Err(Fault::refused("write FROM behind SET")),
        }
        self.condition(" WHERE ", Allowed::ROW, selection.as_ref())?;
        self.returning(returning.as_deref(), table)
    }

    pub(super) fn delete(&mut self, delete: &Delete) -> Checked<StatementKind> {
        let Delete {
            delete_token: _,
            optimizer_hints,
            tables,
            from,
            using,
            selection,
            returning,
            output,
            order_by,
            limit,
        } = delete;
        let foreign = !optimizer_hints.is_empty()
            || !tables.is_empty()
            || using.is_some()
            || output.is_some()
            || !order_by.is_empty()
            || limit.is_some();
        let FromTable::WithFromKeyword(from) = from else {
            return Err(Fault::refused("write DELETE FROM table"));
        };
        let [TableWithJoins { relation, joins }] = from.as_slice() else {
            return Err(Fault::refused("DELETE names one table"));
        };
        if foreign || !joins.is_empty() {
            return Err(Fault::refused("write DELETE FROM table WHERE ... RETURNING ..."));
        }
        self.push("DELETE FROM ");
        let table = self.target(relation)?;
        self.condition(" WHERE ", Allowed::ROW, selection.as_ref())?;
        self.returning(returning.as_deref(), table)
    }

    /// Appends the table that is changed, and returns its alias. A name of WITH is never meant here.
    fn target(&mut self, relation: &TableFactor) -> Checked<String> {
        let (name, alias) = plain_table(relation)?;
        self.table(name, alias)
    }

    /// Appends `column = value, ...`. `table` is as the component calls it.
    pub(super) fn assignments(&mut self, table: &str, assignments: &[Assignment]) -> Checked {
        self.allowing(Allowed::ROW, |this| {
            this.list(assignments, |this, Assignment { target, value }| {
                let AssignmentTarget::ColumnName(column) = target else {
                    return Err(Fault::refused("write `column = value` for each column").at(value));
                };
                let column = single(column)?;
                this.name(column)?;
                this.push(" = ");
                this.assigned(table, column, value)
            })
        })
    }

    /// Appends RETURNING, and says what the whole statement is.
    pub(super) fn returning(&mut self, returning: Option<&[SelectItem]>, table: String) -> Checked<StatementKind> {
        let Some(items) = returning else { return Ok(StatementKind::Change) };
        self.push(" RETURNING ");
        let qualified = items.iter().find(|item| matches!(item, SelectItem::QualifiedWildcard(..)));
        if let Some(item) = qualified {
            return Err(Fault::refused("write RETURNING *").at(item));
        }
        self.allowing(Allowed::RETURNING, |this| {
            this.with_columns(Columns::Of(table), |this| this.projection(items, true))
        })?;
        Ok(StatementKind::ChangeReturning)
    }
}
