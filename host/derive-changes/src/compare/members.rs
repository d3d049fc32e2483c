// SPDX-License-Identifier: MIT OR Apache-2.0
//! What has names: parameters, fields, cases, flags.

use super::types::{Direction, Walk};
use crate::change::{Verdict, What};
use crate::path::{Path, short};
use Verdict::{Breaking, Compatible};
use kernel_contract::{Case, Field, Label, Members, Parameter};

/// Whether the names that both have stand in the same order.
fn in_order<T: AsRef<Label>>(old: &Members<T>, new: &Members<T>) -> bool {
    let mut hint = 0_usize;
    let mut last = None;
    for member in old.iter() {
        let Some(position) = new.position(&member.as_ref().json, hint) else { continue };
        if last.is_some_and(|last| position < last) {
            return false;
        }
        last = Some(position);
        hint = position.saturating_add(1);
    }
    true
}

/// The name that took the place of a parameter's: neither list has the other's name.
fn renamed<'c>(old: &Members<Parameter>, new: &'c Members<Parameter>, index: usize) -> Option<&'c Parameter> {
    let (was, is) = (old.get(index)?, new.get(index)?);
    let apart = new.by_wit(&was.label.wit).is_none() && old.by_wit(&is.label.wit).is_none();
    (apart && old.len() == new.len()).then_some(is)
}

impl<'c> Walk<'c> {
    /// Parameters: JSON has them by name, components by place.
    pub(super) fn parameters(&mut self, function: &'c str, old: &'c Members<Parameter>, new: &'c Members<Parameter>) {
        if !self.step(old.len().saturating_add(new.len())) {
            return;
        }
        for (index, parameter) in old.iter().enumerate() {
            let path = Path::Parameter(function, &parameter.label.wit);
            if let Some(now) = new.by_wit(&parameter.label.wit) {
                self.ty(&parameter.ty, &now.ty, Direction::Request, &path);
            } else if let Some(now) = renamed(old, new, index) {
                let what = What::Changed { from: short(&parameter.label.wit), to: short(&now.label.wit) };
                let why = "requests that give it by the old name are refused";
                self.note(&path, what, Breaking, Compatible, why);
                self.ty(&parameter.ty, &now.ty, Direction::Request, &path);
            } else {
                self.note(&path, What::Removed, Breaking, Breaking, "requests that still give it are refused");
            }
        }
        for (index, parameter) in new.iter().enumerate() {
            if old.by_wit(&parameter.label.wit).is_some() || renamed(new, old, index).is_some() {
                continue;
            }
            let path = Path::Parameter(function, &parameter.label.wit);
            self.added(&path, parameter.ty.is_nullable(), Direction::Request);
        }
        if !in_order(old, new) {
            // Where the types are alike the engine would link, and the caller would give one for the other.
            self.reordered(&Path::Function(function), "parameters");
        }
    }

    pub(super) fn fields(
        &mut self,
        old: &'c Members<Field>,
        new: &'c Members<Field>,
        direction: Direction,
        path: &Path<'_>,
    ) -> bool {
        if !self.step(old.len().saturating_add(new.len())) {
            return true;
        }
        let mut differs = false;
        for field in old.iter() {
            let path = Path::Name(path, &field.label.wit);
            differs |= match new.by_wit(&field.label.wit) {
                Some(now) => self.ty(&field.ty, &now.ty, direction, &path),
                None => {
                    let why = direction.pick("requests that still give it are refused", "answers no longer have it");
                    self.note(&path, What::Removed, Breaking, Breaking, why)
                }
            };
        }
        for field in new.iter().filter(|field| old.by_wit(&field.label.wit).is_none()) {
            differs |= self.added(&Path::Name(path, &field.label.wit), field.ty.is_nullable(), direction);
        }
        differs | (!in_order(old, new) && self.reordered(path, "fields"))
    }

    pub(super) fn cases(
        &mut self,
        old: &'c Members<Case>,
        new: &'c Members<Case>,
        direction: Direction,
        path: &Path<'_>,
    ) -> bool {
        if !self.step(old.len().saturating_add(new.len())) {
            return true;
        }
        let mut differs = self.names("case", old, new, direction, path);
        for case in old.iter() {
            if let Some(now) = new.by_wit(&case.label.wit) {
                let path = Path::Name(path, &case.label.wit);
                differs |= self.payloads(case.ty.as_ref(), now.ty.as_ref(), direction, &path);
            }
        }
        differs
    }

    pub(super) fn labels(
        &mut self,
        word: &str,
        old: &'c Members<Label>,
        new: &'c Members<Label>,
        direction: Direction,
        path: &Path<'_>,
    ) -> bool {
        self.step(old.len().saturating_add(new.len())).then(|| self.names(word, old, new, direction, path))
            != Some(false)
    }

    /// Names that a value can be.
    fn names<T: AsRef<Label>>(
        &mut self,
        word: &str,
        old: &Members<T>,
        new: &Members<T>,
        direction: Direction,
        path: &Path<'_>,
    ) -> bool {
        let mut differs = false;
        for label in old.iter().map(AsRef::as_ref).filter(|label| new.by_wit(&label.wit).is_none()) {
            let why = direction.pick("requests with it are refused", "answers no longer have it");
            let verdict = direction.verdict(false, true);
            let why = format!("the {word} is gone: {why}");
            differs |= self.note(&Path::Name(path, &label.wit), What::Removed, verdict, Breaking, &why);
        }
        for label in new.iter().map(AsRef::as_ref).filter(|label| old.by_wit(&label.wit).is_none()) {
            let why = direction.pick("requests may have it", "answers may have it, and callers do not know it");
            let verdict = direction.verdict(true, false);
            let why = format!("the {word} is new: {why}");
            differs |= self.note(&Path::Name(path, &label.wit), What::Added, verdict, Breaking, &why);
        }
        differs | (!in_order(old, new) && self.reordered(path, &format!("{word}s")))
    }

    fn added(&mut self, path: &Path<'_>, may_be_left_out: bool, direction: Direction) -> bool {
        let why = match direction {
            Direction::Request if may_be_left_out => "requests may leave it out",
            Direction::Request => "requests without it are refused",
            Direction::Answer => "answers have one field more, which only those refuse who allow no other",
        };
        self.note(path, What::Added, direction.verdict(may_be_left_out, true), Breaking, why)
    }

    fn reordered(&mut self, path: &Path<'_>, what: &str) -> bool {
        let what = What::Changed { from: format!("{what} in one order"), to: "in another".to_owned() };
        self.note(path, what, Compatible, Breaking, "JSON has them by name")
    }
}
