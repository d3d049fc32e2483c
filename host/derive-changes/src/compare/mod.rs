// SPDX-License-Identifier: MIT OR Apache-2.0
//! Interfaces and functions of two contracts, side by side.

mod members;
mod types;

pub(crate) use types::Walk;

use crate::change::{Changes, Verdict, What};
use crate::path::Path;
use crate::words::{describe, describe_some};
use Verdict::{Breaking, Compatible};
use kernel_contract::{Contract, Failure, Interface, Operation, Output, Type};
use std::collections::HashMap;
use types::Direction;

/// All that callers of a component can see of the change from one version to another. It looks at
/// [`crate::limits::STEPS_MAX`] pairs at most; the contracts may be anybody's.
#[must_use]
pub fn changes(old: &Contract, new: &Contract) -> Changes {
    let mut walk = Walk::new();
    for interface in old.interfaces() {
        match same_name(new, interface) {
            Some(now) => walk.interfaces(interface, now),
            None => {
                walk.enter(interface, "");
                let why = "its paths are gone";
                walk.note(&Path::Function(interface.id.interface()), What::Removed, Breaking, Breaking, why);
            }
        }
    }
    for interface in new.interfaces().iter().filter(|interface| same_name(old, interface).is_none()) {
        walk.enter(interface, "");
        let why = "it is offered beside what was there";
        walk.note(&Path::Function(interface.id.interface()), What::Added, Compatible, Compatible, why);
    }
    walk.findings.finish()
}

/// The interface of the same own name, of which a component has at most one: paths are made of it.
pub(crate) fn same_name<'c>(contract: &'c Contract, interface: &Interface) -> Option<&'c Interface> {
    contract.interfaces().iter().find(|other| other.id.interface() == interface.id.interface())
}

/// The functions of an interface by name: there may be many.
pub(crate) fn by_name(interface: &Interface) -> HashMap<&str, &Operation> {
    interface.operations.iter().map(|operation| (operation.name.function(), &**operation)).collect()
}

impl<'c> Walk<'c> {
    fn interfaces(&mut self, old: &'c Interface, new: &'c Interface) {
        self.enter(old, "");
        if old.id != new.id {
            let (from, to) = (old.id.to_string(), new.id.to_string());
            let same_paths = old.id.major() == new.id.major();
            let why = if same_paths {
                "paths stay, for they name the major version only"
            } else {
                "paths name the major version, and the old ones are gone"
            };
            let path = Path::Function(old.id.interface());
            self.note(&path, What::Changed { from, to }, Verdict::of(same_paths), Breaking, why);
        }
        let (was, is) = (by_name(old), by_name(new));
        for operation in &old.operations {
            self.enter(old, operation.name.function());
            match is.get(operation.name.function()) {
                Some(now) => self.operation(operation, now),
                None => {
                    let path = Path::Function(operation.name.function());
                    self.note(&path, What::Removed, Breaking, Breaking, "its path is gone");
                }
            }
        }
        for operation in new.operations.iter().filter(|operation| !was.contains_key(operation.name.function())) {
            self.enter(old, operation.name.function());
            let path = Path::Function(operation.name.function());
            self.note(&path, What::Added, Compatible, Compatible, "it is offered beside what was there");
        }
    }

    /// Compares what callers of a function see.
    pub(crate) fn operation(&mut self, old: &'c Operation, new: &'c Operation) {
        let function = old.name.function();
        self.parameters(function, &old.parameters, &new.parameters);
        if let (Output::Fallible { failure: was, .. }, Output::Fallible { failure: is, .. }) =
            (&old.output, &new.output)
        {
            self.answers(function, "ok", old.output.ok(), new.output.ok());
            self.failures(function, was, is);
            return;
        }
        self.answers(function, "value", old.output.ok(), new.output.ok());
        let failure = |output: &Output| match output {
            Output::Value(_) => None,
            Output::Fallible { failure, .. } => Some(format!("fails with {}", describe_failure(failure))),
        };
        let (from, to) = (failure(&old.output), failure(&new.output));
        if from != to {
            let path = Path::Answer(function, "error");
            let never = || "never fails".to_owned();
            let what = What::Changed { from: from.unwrap_or_else(never), to: to.unwrap_or_else(never) };
            let why = "callers are ready for problems anyway, for the host has some of its own";
            self.note(&path, what, Compatible, Breaking, why);
        }
    }

    fn answers(&mut self, function: &'c str, part: &'static str, old: Option<&'c Type>, new: Option<&'c Type>) {
        let path = Path::Answer(function, part);
        match (old, new) {
            (None, None) => {}
            (Some(old), Some(new)) => {
                self.ty(old, new, Direction::Answer, &path);
            }
            _ => {
                let what = What::Changed { from: describe_some(old), to: describe_some(new) };
                self.note(&path, what, Breaking, Breaking, "answers have another status, with or without a body");
            }
        }
    }

    fn failures(&mut self, function: &'c str, old: &'c Failure, new: &'c Failure) {
        let path = Path::Answer(function, "error");
        let is_problem = |failure: &Failure| matches!(failure, Failure::Problem(_));
        if is_problem(old) != is_problem(new) {
            // A record of the same fields is the same type to components, whatever its name is.
            let what = What::Changed { from: describe_failure(old), to: describe_failure(new) };
            self.note(&path, what, Breaking, Compatible, "refusals have another status and another form");
        }
        match (failure_type(old), failure_type(new)) {
            (None, None) => {}
            (Some(old), Some(new)) => {
                self.ty(old, new, Direction::Answer, &path);
            }
            (old, new) => {
                let what = What::Changed { from: describe_some(old), to: describe_some(new) };
                self.note(&path, what, Breaking, Breaking, "refusals have another form");
            }
        }
    }
}

fn failure_type(failure: &Failure) -> Option<&Type> {
    match failure {
        Failure::Problem(ty) => Some(ty),
        Failure::Other(ty) => ty.as_ref(),
    }
}

fn describe_failure(failure: &Failure) -> String {
    match failure {
        Failure::Problem(_) => "problem".to_owned(),
        Failure::Other(ty) => ty.as_ref().map_or_else(|| "nothing".to_owned(), describe),
    }
}
