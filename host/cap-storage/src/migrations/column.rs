// SPDX-License-Identifier: MIT OR Apache-2.0
//! Columns: their types, and what may stand behind a type.

use crate::Dialect;
use crate::subset::fault::{Checked, Fault, quoted};
use crate::subset::rewriter::{Allowed, Rewriter};
use sqlparser::ast::{ColumnDef, ColumnOption, ColumnOptionDef, DataType, ExactNumberInfo, Expr, Value, ValueWithSpan};

impl Rewriter<'_> {
    /// Appends a column of a CREATE TABLE.
    pub(super) fn column_definition(&mut self, column: &ColumnDef) -> Checked {
        let ColumnDef { name, data_type, options } = column;
        self.name(name)?;
        self.push(" ");
        let (sqlite, postgres) = column_type(data_type).map_err(|fault| fault.at_name(name))?;
        self.push(if self.dialect == Dialect::Postgres { postgres } else { sqlite });
        for ColumnOptionDef { name: constraint, option } in options {
            self.push(" ");
            let done = match option {
                ColumnOption::NotNull => {
                    self.push("NOT NULL");
                    Ok(())
                }
                ColumnOption::Null => {
                    self.push("NULL");
                    Ok(())
                }
                ColumnOption::Default(value) => self.default_value(value),
                ColumnOption::PrimaryKey(key) => self.primary_key(constraint.as_ref(), key, false),
                ColumnOption::Unique(unique) => self.unique(constraint.as_ref(), unique, false),
                ColumnOption::ForeignKey(key) => self.foreign_key(constraint.as_ref(), key, false),
                ColumnOption::Check(check) => self.check(constraint.as_ref(), check),
                other => {
                    let known = "NOT NULL, DEFAULT, PRIMARY KEY, UNIQUE, REFERENCES and CHECK";
                    Err(Fault::refused(format!("a column knows {known}, not `{}`", quoted(other))))
                }
            };
            done.map_err(|fault| fault.at_name(name))?;
        }
        if is_truth_value(data_type) && self.dialect == Dialect::Sqlite {
            self.truth_check(name)?;
        }
        Ok(())
    }

    /// Appends a column of an ALTER TABLE. The rows that exist get its default: SQLite adds no keys, and both engines
    /// need a value where NULL is not allowed.
    pub(super) fn added_column(&mut self, column: &ColumnDef) -> Checked {
        let options = || column.options.iter().map(|option| &option.option);
        if options().any(|option| matches!(option, ColumnOption::PrimaryKey(_) | ColumnOption::Unique(_))) {
            let fault = "a column that is added cannot be a key: add it, then CREATE UNIQUE INDEX";
            return Err(Fault::refused(fault).at_name(&column.name));
        }
        let has_default = options().any(|option| matches!(option, ColumnOption::Default(value) if !is_null(value)));
        if options().any(|option| matches!(option, ColumnOption::NotNull)) && !has_default {
            let fault = "a column that is added as NOT NULL needs a DEFAULT for the rows that exist";
            return Err(Fault::refused(fault).at_name(&column.name));
        }
        if options().any(|option| matches!(option, ColumnOption::ForeignKey(_))) && has_default {
            let fault = "a column that is added with REFERENCES begins as NULL: leave out the DEFAULT";
            return Err(Fault::refused(fault).at_name(&column.name));
        }
        self.column_definition(column)
    }

    fn default_value(&mut self, value: &Expr) -> Checked {
        let constant = match value {
            Expr::UnaryOp { op: _, expr } => matches!(**expr, Expr::Value(_)),
            other => matches!(other, Expr::Value(_)),
        };
        if !constant {
            return Err(Fault::refused("DEFAULT takes a value written out: what changes comes from the component"));
        }
        self.push("DEFAULT ");
        self.allowing(Allowed::SCHEMA, |this| this.expr(value))
    }
}

fn is_null(value: &Expr) -> bool {
    matches!(value, Expr::Value(ValueWithSpan { value: Value::Null, span: _ }))
}

fn is_truth_value(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Boolean | DataType::Bool)
}

/// The type on SQLite and on PostgreSQL.
fn column_type(data_type: &DataType) -> Checked<(&'static str, &'static str)> {
    let instead = match data_type {
        DataType::Integer(None) | DataType::BigInt(None) => return Ok(("INTEGER", "bigint")),
        DataType::Text => return Ok(("TEXT", "text COLLATE \"C\"")),
        DataType::Blob(None) => return Ok(("BLOB", "bytea")),
        DataType::Boolean | DataType::Bool => return Ok(("INTEGER", "boolean")),
        DataType::Real | DataType::DoublePrecision | DataType::Double(ExactNumberInfo::None) => {
            return Ok(("REAL", "double precision"));
        }
        DataType::Int(_)
        | DataType::SmallInt(_)
        | DataType::TinyInt(_)
        | DataType::Int2(_)
        | DataType::Int4(_)
        | DataType::Int8(_) => "INTEGER, which has 64 bits",
        DataType::Varchar(_) | DataType::Char(_) | DataType::CharacterVarying(_) | DataType::Character(_) => {
            "TEXT with CHECK (length(column) <= ...)"
        }
        DataType::Numeric(_) | DataType::Decimal(_) | DataType::Dec(_) => {
            "INTEGER and count in the smallest unit, or TEXT"
        }
        DataType::Date | DataType::Datetime(_) | DataType::Timestamp(..) | DataType::Time(..) => {
            "TEXT, '2026-02-28' or '2026-02-28T23:59:59Z'"
        }
        DataType::Uuid | DataType::JSON | DataType::JSONB => "TEXT",
        DataType::Bytea | DataType::Binary(_) | DataType::Varbinary(_) => "BLOB",
        _ => "INTEGER, REAL, TEXT, BLOB or BOOLEAN",
    };
    Err(Fault::refused(format!("the type `{}` is not in the subset: write {instead}", quoted(data_type))))
}
