// SPDX-License-Identifier: MIT OR Apache-2.0
//! A manifest against the binary that it came with: nothing that the binary exports goes undeclared, nothing that it
//! imports either, and nothing is declared that is not there. A capability that is asked for and not used is refused: what
//! an administrator grants for nothing is what an attacker uses later.

use crate::capability::{is_free, is_platform};
use crate::fault::{Collector, Faults, Place};
use crate::word::InterfaceName;
use crate::{Manifest, Operation};
use kernel_types::OperationName;
use kernel_types::text::quote;
use std::collections::{BTreeMap, BTreeSet};

/// An interface that a manifest declares, and where.
pub(crate) struct Declared<'m> {
    pub(crate) section: &'static str,
    pub(crate) interface: &'m InterfaceName,
    pub(crate) place: &'m Place,
}

impl Manifest {
    /// Compares the manifest with the binary: the functions that it exports, each with the names of its parameters as WIT
    /// writes them, and the interfaces **with functions** that it imports (`cortex:storage/sql@1.0.0`). The interfaces of
    /// `cortex:types` may be among them and are passed over.
    ///
    /// # Errors
    /// Everything that does not fit. What the manifest does not mention at all has the place of the whole file.
    pub fn check_against<I>(
        &self,
        exports: impl IntoIterator<Item = (OperationName, Vec<String>)>,
        imports: impl IntoIterator<Item = I>,
    ) -> Result<(), Faults>
    where
        I: AsRef<str>,
    {
        let mut faults = Collector::default();
        let exports: BTreeMap<_, _> = exports.into_iter().collect();
        let imports: BTreeSet<String> = imports.into_iter().map(|import| import.as_ref().to_owned()).collect();
        self.check_exports(&exports, &mut faults);
        self.check_imports(&imports, &mut faults);
        faults.finish(Some(()))
    }

    /// The place of a section; the whole file where there is none.
    fn section(&self, section: &str) -> Place {
        let place = self.sections.iter().find(|place| place.path == section).cloned();
        place.unwrap_or_else(|| Place { line: 1, column: 1, path: section.to_owned() })
    }

    fn check_exports(&self, exports: &BTreeMap<OperationName, Vec<String>>, faults: &mut Collector) {
        let delivered: BTreeSet<&str> = self.exports().map(|declared| declared.interface.interface()).collect();
        let is_operation = |name: &OperationName| !delivered.contains(name.interface());
        for name in exports.keys().filter(|name| is_operation(name) && !self.operations.contains_key(*name)) {
            let near = faults.nearest(
                name.as_str(),
                self.operations.keys().filter(|own| !exports.contains_key(*own)).map(AsRef::as_ref),
            );
            let expected = format!("the operation `{name}`, which the component exports, with its effect");
            faults.add_near(&self.section("operations"), expected, "no such key", near);
        }
        for (name, operation) in &self.operations {
            match exports.get(name) {
                Some(parameters) => self.check_parameters(name, operation, parameters, faults),
                None => {
                    let near = faults
                        .nearest(name.as_str(), exports.keys().filter(|name| is_operation(name)).map(AsRef::as_ref));
                    let expected = "an operation that the component exports";
                    faults.add_near(&operation.place, expected, format!("`{name}`"), near);
                }
            }
        }
        for declared in self.exports() {
            let interface = declared.interface.interface();
            if !exports.keys().any(|name| name.interface() == interface) {
                let found = format!("`{}`", declared.interface);
                faults.add(
                    declared.place,
                    format!("in `{}` an interface that the component exports", declared.section),
                    found,
                );
            }
        }
    }

    fn check_parameters(
        &self,
        name: &OperationName,
        operation: &Operation,
        parameters: &[String],
        faults: &mut Collector,
    ) {
        if let Some(rest) = &operation.rest {
            for used in rest.path.parameters().chain(rest.query.iter().map(String::as_str)) {
                if !parameters.iter().any(|parameter| parameter == used) {
                    let near = faults.nearest(used, parameters.iter().map(String::as_str));
                    faults.add_near(&rest.place, format!("parameters of `{name}`"), quote(used), near);
                }
            }
            let is_sent = |p: &&String| rest.query.contains(p) || rest.path.parameters().any(|own| own == p.as_str());
            if !rest.method.has_body() && !rest.query.is_empty() {
                for parameter in parameters.iter().filter(|parameter| !is_sent(parameter)) {
                    let expected =
                        format!("the parameter `{parameter}` in path or query, as `{}` has no body", rest.method);
                    faults.add(&rest.place, expected, "it in neither");
                }
            }
        }
        for schedule in self.schedules.iter().filter(|schedule| schedule.operation == *name && !parameters.is_empty()) {
            let found = format!("`{name}`, which takes `{}`", parameters.join("`, `"));
            faults.add(&schedule.place, "an operation without parameters", found);
        }
    }

    fn check_imports(&self, imports: &BTreeSet<String>, faults: &mut Collector) {
        for import in imports.iter().filter(|import| !is_free(import)) {
            if self.imports().any(|declared| declared.interface.covers(import)) {
                continue;
            }
            let section = section_of(import);
            let unused =
                self.imports().filter(|declared| !imports.iter().any(|import| declared.interface.covers(import)));
            let near = faults.nearest(import, unused.map(|declared| declared.interface.as_str()));
            let expected = format!("`{import}`, which the component imports, with the reason for it");
            faults.add_near(&self.section(section), expected, "no declaration of it", near);
        }
        for declared in self.imports() {
            if !imports.iter().any(|import| declared.interface.covers(import)) {
                let near = faults.nearest(declared.interface.as_str(), imports.iter().map(String::as_str));
                let expected = format!("in `{}` only what the component imports", declared.section);
                let found = format!("`{}`, which it does not import", declared.interface);
                faults.add_near(declared.place, expected, found, near);
            }
        }
    }
}

/// The section that an import belongs to.
fn section_of(import: &str) -> &'static str {
    let (name, _) = import.split_once('@').unwrap_or((import, ""));
    match name.split_once('/') {
        _ if is_platform(import) => "capabilities",
        Some((_, "events")) => "publishes",
        Some((_, "hooks")) => "hooks.offers",
        _ => "calls",
    }
}
