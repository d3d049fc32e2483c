// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which other components would break. They are enabled beside the installed version, so that each is linked to it now
//! and has the types that it has: what it imports by name is all that has to be known of it.

use crate::change::{Findings, Verdict, What};
use crate::compare::{self, Walk};
use crate::limits::FAULTS_MAX;
use crate::path::short;
use kernel_contract::{Contract, Import, ImportKind, Interface, Operation, Provider};
use kernel_types::ComponentId;
use serde::Serialize;
use std::collections::HashMap;
use std::fmt;

/// A component that would not be linked with the new version, or would give it one argument for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Break {
    /// The component.
    pub component: ComponentId,
    /// Where it would break, at most [`FAULTS_MAX`].
    pub faults: Vec<Fault>,
    /// How many more faults there are.
    pub omitted: usize,
}

/// Where a component would break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The interface that it imports.
    pub interface: String,
    /// The function of it; absent where the whole interface is at fault.
    pub function: Option<String>,
    /// The place in the function's types, as in [`crate::Change::item`]; absent where the function itself is gone.
    pub item: Option<String>,
    /// Why, for an administrator.
    pub why: String,
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "`{}` would break:", self.component)?;
        for Fault { interface, function, item, why } in &self.faults {
            write!(f, "  {interface}")?;
            if let Some(function) = function {
                write!(f, " {function}")?;
            }
            if let Some(item) = item {
                write!(f, ", at {item}")?;
            }
            writeln!(f, ": {why}")?;
        }
        if self.omitted > 0 {
            writeln!(f, "  and at {} more places", self.omitted)?;
        }
        Ok(())
    }
}

/// The components that would break if the new version took the place of the old one, in the order in which they are
/// given. Each is to be linked with the old version now. Interfaces that the old version does not offer are not its
/// business.
pub fn breaks<'a>(
    old: &Contract,
    new: &Contract,
    consumers: impl IntoIterator<Item = (&'a ComponentId, &'a Contract)>,
) -> Vec<Break> {
    let (functions, faults, walk) = (HashMap::new(), HashMap::new(), Walk::new());
    let mut known = Known { old, new, functions, faults, walk };
    let mut breaks = Vec::new();
    for (component, contract) in consumers {
        let mut found = Break { component: component.clone(), faults: Vec::new(), omitted: 0 };
        for import in contract.imports() {
            // Types alone are linked to nothing.
            if import.provider == Provider::Domain && import.kind == ImportKind::Functions {
                known.import(import, &mut found);
            }
        }
        if !found.faults.is_empty() {
            breaks.push(found);
        }
    }
    breaks
}

/// What is known of functions by now: several components call the same ones.
struct Known<'c> {
    old: &'c Contract,
    new: &'c Contract,
    /// Functions of the old and of the new version, by interface.
    functions: HashMap<&'c str, (Functions<'c>, Functions<'c>)>,
    faults: HashMap<(&'c str, &'c str), Option<Fault>>,
    /// One for all functions, for it knows what is the same, and what all of it may cost.
    walk: Walk<'c>,
}

type Functions<'c> = HashMap<&'c str, &'c Operation>;

impl<'c> Known<'c> {
    fn import(&mut self, import: &Import, found: &mut Break) {
        let by_id = |contract: &'c Contract| contract.interfaces().iter().find(|interface| interface.id == import.id);
        let Some(old) = by_id(self.old) else { return };
        let Some(new) = by_id(self.new) else {
            let why = match compare::same_name(self.new, old) {
                Some(other) => format!("there is `{}` instead, and components are linked to one version", other.id),
                None => "the new version does not offer it".to_owned(),
            };
            return found.push(Fault { interface: import.id.to_string(), function: None, item: None, why });
        };
        let Self { functions, faults, walk, .. } = self;
        let by_name = || (compare::by_name(old), compare::by_name(new));
        let (before, now) = functions.entry(old.id.as_str()).or_insert_with(by_name);
        for name in &import.functions {
            let Some(was) = before.get(name.as_str()) else { continue };
            let is = now.get(name.as_str()).copied();
            let key = (old.id.as_str(), was.name.function());
            let fault = faults.entry(key).or_insert_with(|| function(walk, old, was, is));
            if let Some(fault) = fault {
                found.push(fault.clone());
            }
        }
    }
}

impl Break {
    fn push(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }
}

/// What is wrong with a function for those who call it.
fn function<'c>(
    walk: &mut Walk<'c>,
    interface: &'c Interface,
    old: &'c Operation,
    new: Option<&'c Operation>,
) -> Option<Fault> {
    let name = old.name.function();
    let fault = |item: Option<String>, why: String| {
        Some(Fault { interface: interface.id.to_string(), function: Some(short(name)), item, why })
    };
    let Some(new) = new else { return fault(None, "the new version does not have it".to_owned()) };
    walk.enter(interface, name);
    walk.operation(old, new);
    let findings = std::mem::replace(&mut walk.findings, Findings::new());
    if let Some(change) = findings.first_breaking() {
        let why = match &change.what {
            What::Added => "it is new".to_owned(),
            What::Removed => "it is gone".to_owned(),
            What::Changed { from, to } => format!("it was `{from}`, is `{to}`"),
        };
        return fault(Some(change.item.clone()), why);
    }
    if findings.finish().components() == Verdict::Breaking {
        let why = "its types are too large to be compared: nobody can say that it fits";
        return fault(None, why.to_owned());
    }
    None
}
