// SPDX-License-Identifier: MIT OR Apache-2.0
//! What checking and printing share: the text that grows, the names in scope, the placeholders, what is allowed here.
//!
//! Checking and printing are one walk: what no rule prints cannot reach the engine. Nodes are taken apart field by field,
//! never with `..`, so that a new version of sqlparser with a new field does not compile until somebody decides.

use super::fault::{Checked, Fault, quoted};
use super::keyword::push_name;
use crate::limits::{NESTING_DEPTH_MAX, PHYSICAL_NAME_BYTES_MAX, PLACEHOLDERS_MAX, REWRITTEN_BYTES_MAX};
use crate::{Dialect, name};
use kernel_types::ComponentId;
use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};

/// What an expression may hold where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// `count(*)` and its like.
    pub(crate) aggregates: bool,
    /// `row_number() OVER (...)` and its like.
    pub(crate) windows: bool,
    /// Subqueries.
    pub(crate) subqueries: bool,
    /// Placeholders.
    pub(crate) placeholders: bool,
}

impl Allowed {
    /// A condition or a value: no aggregates.
    pub(crate) const ROW: Self = Self { aggregates: false, windows: false, subqueries: true, placeholders: true };
    /// The columns of a SELECT and its ORDER BY.
    pub(crate) const PROJECTION: Self = Self { aggregates: true, windows: true, subqueries: true, placeholders: true };
    /// HAVING.
    pub(crate) const GROUP: Self = Self { aggregates: true, windows: false, subqueries: true, placeholders: true };
    /// RETURNING: values of the changed row only.
    pub(crate) const RETURNING: Self =
        Self { aggregates: false, windows: false, subqueries: false, placeholders: true };
    /// CHECK and the condition of an index: the row itself, nothing else.
    pub(crate) const SCHEMA: Self = Self { aggregates: false, windows: false, subqueries: false, placeholders: false };
}

/// How columns are printed where they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    /// As they are written.
    AsWritten,
    /// With this qualifier where they have none: in DO UPDATE a bare name could mean the old row or the new one.
    QualifiedBy(String),
    /// Without a qualifier: in a CHECK and in the condition of an index.
    Unqualified,
    /// Of this table only; on SQLite without a qualifier, because its RETURNING knows no alias.
    Of(String),
}

/// Checks and prints one statement.
pub(crate) struct Rewriter<'a> {
    pub(crate) dialect: Dialect,
    pub(super) component: &'a ComponentId,
    pub(crate) out: String,
    /// The names of WITH that are in scope, innermost last.
    pub(super) with_names: Vec<String>,
    seen: Vec<bool>,
    pub(crate) allowed: Allowed,
    pub(crate) columns: Columns,
    depth: usize,
}

impl<'a> Rewriter<'a> {
    pub(crate) fn new(dialect: Dialect, component: &'a ComponentId) -> Self {
        Self {
            dialect,
            component,
            out: String::with_capacity(512),
            with_names: Vec::new(),
            seen: Vec::new(),
            allowed: Allowed::PROJECTION,
            columns: Columns::AsWritten,
            depth: 0,
        }
    }

    /// Appends text of our own.
    pub(crate) fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Appends a comma-separated list.
    pub(crate) fn list<T>(&mut self, items: &[T], mut one: impl FnMut(&mut Self, &T) -> Checked) -> Checked {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            one(self, item)?;
        }
        Ok(())
    }

    /// Appends what `inside` prints, in parentheses.
    pub(crate) fn parenthesised(&mut self, inside: impl FnOnce(&mut Self) -> Checked) -> Checked {
        self.push("(");
        inside(self)?;
        self.push(")");
        Ok(())
    }

    /// Runs `inside` one level deeper. Here the depth of the walk and the length of what it prints are bounded.
    pub(crate) fn nested<T>(&mut self, inside: impl FnOnce(&mut Self) -> Checked<T>) -> Checked<T> {
        if self.depth >= NESTING_DEPTH_MAX {
            let fault = format!("the statement nests deeper than {NESTING_DEPTH_MAX} levels: name parts in a WITH");
            return Err(Fault::refused(fault));
        }
        self.bounded()?;
        self.depth = self.depth.saturating_add(1);
        let result = inside(self);
        self.depth = self.depth.saturating_sub(1);
        result
    }

    /// Bounds the length of what is printed. What is printed twice asks for it at each level.
    pub(super) fn bounded(&self) -> Checked {
        if self.out.len() <= REWRITTEN_BYTES_MAX {
            return Ok(());
        }
        let fault = format!("the statement grows beyond {REWRITTEN_BYTES_MAX} bytes: divisions nest too deep");
        Err(Fault::refused(fault))
    }

    /// Runs `inside` where other things are allowed.
    pub(crate) fn allowing<T>(&mut self, allowed: Allowed, inside: impl FnOnce(&mut Self) -> Checked<T>) -> Checked<T> {
        let before = std::mem::replace(&mut self.allowed, allowed);
        let result = inside(self);
        self.allowed = before;
        result
    }

    /// Runs `inside` where columns are printed another way.
    pub(crate) fn with_columns<T>(
        &mut self,
        columns: Columns,
        inside: impl FnOnce(&mut Self) -> Checked<T>,
    ) -> Checked<T> {
        let before = std::mem::replace(&mut self.columns, columns);
        let result = inside(self);
        self.columns = before;
        result
    }

    /// What `inside` prints, taken out of the text: for what is printed twice.
    pub(super) fn captured(&mut self, inside: impl FnOnce(&mut Self) -> Checked) -> Checked<String> {
        let start = self.out.len();
        inside(self)?;
        Ok(self.out.split_off(start))
    }

    /// Appends a column, an alias, or the name of a WITH.
    pub(crate) fn name(&mut self, ident: &Ident) -> Checked {
        let name = checked_name(ident)?;
        push_name(&mut self.out, self.dialect, &name);
        Ok(())
    }

    /// Appends a name that was checked before.
    pub(crate) fn known_name(&mut self, name: &str) {
        push_name(&mut self.out, self.dialect, name);
    }

    /// Appends a table or an index of the component by its physical name, and returns its own.
    pub(crate) fn object(&mut self, object: &ObjectName) -> Checked<String> {
        let ident = single(object)?;
        let name = checked_name(ident)?;
        let physical = name::physical_name(self.component, &name);
        if physical.len() > PHYSICAL_NAME_BYTES_MAX {
            let rest = PHYSICAL_NAME_BYTES_MAX.saturating_sub(physical.len().saturating_sub(name.len()));
            let fault = format!("`{name}` is too long: a table or an index here has at most {rest} characters");
            return Err(Fault::refused(fault).at_name(ident));
        }
        if physical.starts_with("sqlite_") {
            let fault =
                "a component whose id begins with `sqlite` can have no tables: SQLite keeps their names for itself";
            return Err(Fault::refused(fault).at_name(ident));
        }
        self.push(&physical);
        Ok(name)
    }

    /// Appends a placeholder. `text` is as written: `?7`.
    pub(super) fn placeholder(&mut self, text: &str) -> Checked {
        if !self.allowed.placeholders {
            return Err(Fault::refused("a placeholder cannot stand here: write the value itself"));
        }
        let digits = text.strip_prefix('?').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        let digits = digits.filter(|digits| !digits.starts_with('0'));
        let Some(number) = digits.and_then(|digits| digits.parse::<u16>().ok()) else {
            let fault = format!("`{}` is no placeholder: write `?1`, `?2` and so on", quoted(text));
            return Err(Fault::refused(fault));
        };
        if number > PLACEHOLDERS_MAX {
            let fault = format!("`?{number}` is beyond `?{PLACEHOLDERS_MAX}`: use `execute-many` for many rows");
            return Err(Fault::refused(fault));
        }
        let index = usize::from(number).saturating_sub(1);
        if self.seen.len() <= index {
            self.seen.resize(index.saturating_add(1), false);
        }
        if let Some(seen) = self.seen.get_mut(index) {
            *seen = true;
        }
        self.push(if self.dialect == Dialect::Postgres { "$" } else { "?" });
        self.push(&number.to_string());
        Ok(())
    }

    /// The text and the number of its placeholders.
    pub(crate) fn finish(self) -> Checked<(String, u16)> {
        if let Some(index) = self.seen.iter().position(|seen| !seen) {
            let (missing, last) = (index.saturating_add(1), self.seen.len());
            let fault =
                format!("`?{last}` is there and `?{missing}` is not: number placeholders from `?1` without a gap");
            return Err(Fault::refused(fault));
        }
        self.bounded()?;
        let count = u16::try_from(self.seen.len()).unwrap_or(u16::MAX);
        Ok((self.out, count))
    }
}

/// The name as it is compared and printed: folded to lower case where it was not quoted, and refused where it is none.
pub(crate) fn checked_name(ident: &Ident) -> Checked<String> {
    let name = match ident.quote_style {
        None => ident.value.to_ascii_lowercase(),
        Some('"') => ident.value.clone(),
        Some(_) => {
            return Err(Fault::refused("a text is no name: write names plainly or in double quotes").at_name(ident));
        }
    };
    match name::fault_of(&name) {
        None => Ok(name),
        Some(rule) => Err(Fault::refused(format!("`{}` is no name here: {rule}", quoted(&name))).at_name(ident)),
    }
}

/// The only part of a name that must have one.
pub(crate) fn single(object: &ObjectName) -> Checked<&Ident> {
    match object.0.as_slice() {
        [ObjectNamePart::Identifier(ident)] => Ok(ident),
        _ => {
            let fault =
                format!("`{}` has a qualifier: a component has one namespace, write the bare name", quoted(object));
            Err(Fault::refused(fault).at(object))
        }
    }
}
