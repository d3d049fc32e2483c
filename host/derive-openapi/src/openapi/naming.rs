// SPDX-License-Identifier: MIT OR Apache-2.0
//! Names of schemas in the document: the same whichever other components are enabled, so that generated clients stay the same.

use crate::schema::{Direction, Naming, pascal};
use kernel_contract::TypeName;
use std::collections::HashSet;

/// `accounting.journal.Entry`, `acme.fleet.v2.cars.Car`, and `Money` for the types of `cortex:types`. The input of a type
/// whose input and output differ is called `..Input`.
pub(super) struct Shared {
    taken: HashSet<String>,
}

impl Shared {
    /// No names but those that the document itself takes.
    pub(super) fn new(reserved: impl IntoIterator<Item = String>) -> Self {
        Self { taken: reserved.into_iter().collect() }
    }
}

impl Naming for Shared {
    fn key(&mut self, name: &TypeName, direction: Direction, differs: bool) -> String {
        let input = if differs && direction == Direction::Input { "Input" } else { "" };
        let base = format!("{}{}{input}", prefix(&name.interface), pascal(&name.name));
        // Two components that were built from different minor versions of one package have two types of one name.
        let version = name.interface.rsplit_once('@').map_or("", |(_, version)| version);
        let mut candidates = [base.clone(), format!("{base}.{version}")].into_iter();
        let key = candidates.find(|key| !self.taken.contains(key)).unwrap_or_else(|| {
            // The same type name from one package version, twice: nothing that a contract can hold.
            (2_u64..).map(|number| format!("{base}.{number}")).find(|key| !self.taken.contains(key)).unwrap_or(base)
        });
        self.taken.insert(key.clone());
        key
    }

    fn reference(&self, key: &str) -> String {
        format!("#/components/schemas/{key}")
    }
}

fn prefix(interface: &str) -> String {
    let (path, version) = interface.split_once('@').unwrap_or((interface, ""));
    let (package, interface) = path.split_once('/').unwrap_or((path, ""));
    let (namespace, package) = package.split_once(':').unwrap_or(("", package));
    let major = version.split_once('.').map_or(version, |(major, _)| major);
    match (namespace, package, major) {
        ("cortex", "types", "1") => String::new(),
        ("cortex", _, "1") => format!("{package}.{interface}."),
        (_, _, "1") => format!("{namespace}.{package}.{interface}."),
        _ => format!("{namespace}.{package}.v{major}.{interface}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_stable_and_unique() {
        let mut naming = Shared::new([]);
        let mut key = |interface: &str, name: &str, direction, differs| {
            naming.key(&TypeName { interface: interface.into(), name: name.into() }, direction, differs)
        };
        let output = Direction::Output;
        assert_eq!(key("cortex:types/types@1.0.0", "money", output, false), "Money");
        assert_eq!(key("cortex:accounting/journal@1.0.0", "entry", output, true), "accounting.journal.Entry");
        assert_eq!(
            key("cortex:accounting/journal@1.0.0", "entry", Direction::Input, true),
            "accounting.journal.EntryInput"
        );
        assert_eq!(key("cortex:accounting/journal@1.1.0", "entry", output, true), "accounting.journal.Entry.1.1.0");
        assert_eq!(key("cortex:accounting/journal@2.0.0", "entry", output, true), "cortex.accounting.v2.journal.Entry");
        assert_eq!(key("acme:fleet/cars@1.0.0", "car", output, true), "acme.fleet.cars.Car");
    }
}
