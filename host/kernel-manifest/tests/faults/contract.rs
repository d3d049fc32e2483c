// SPDX-License-Identifier: MIT OR Apache-2.0
//! A manifest beside a binary that it does not fit.

use super::{LEDGER, Snapshot};
use expect_test::expect_file;
use kernel_manifest::Manifest;
use kernel_types::OperationName;

/// What the binary of the complete example exports.
const EXPORTS: &[(&str, &[&str])] = &[
    ("account.list", &["kind", "page"]),
    ("account.create", &["account"]),
    ("journal.get-entry", &["id"]),
    ("journal.post", &["id"]),
    ("journal.post-many", &["entries"]),
    ("period.close-due", &[]),
    ("report.trial-balance", &["as-of"]),
    ("events.invoice-sent", &["invoice"]),
    ("hooks.before-delete", &["contact"]),
];

/// What it imports.
const IMPORTS: &[&str] = &[
    "cortex:types/types@1.0.0",
    "cortex:storage/sql@1.0.0",
    "cortex:context/context@1.4.0",
    "cortex:secrets/store@1.0.0",
    "cortex:currencies/rates@1.0.0",
    "cortex:ledger/events@1.0.0",
    "cortex:ledger/hooks@1.0.0",
];

fn compare(text: &str, exports: &[(&str, &[&str])], imports: &[&str]) -> String {
    let manifest = Manifest::parse(text).unwrap_or_else(|faults| panic!("{faults}"));
    let exports = exports.iter().map(|(name, parameters)| {
        (OperationName::parse(name).unwrap(), parameters.iter().map(|p| (*p).to_owned()).collect())
    });
    match manifest.check_against(exports, imports) {
        Ok(()) => "fits".to_owned(),
        Err(faults) => faults.to_string(),
    }
}

/// The example with an export replaced (or left out, or added).
#[track_caller]
fn check_export(faults: &mut Snapshot, from: Option<&str>, to: Option<(&str, &[&str])>) {
    let mut exports: Vec<_> = EXPORTS.iter().filter(|(name, _)| Some(*name) != from).copied().collect();
    exports.extend(to);
    faults.add(&format!("export {from:?} => {to:?}"), &compare(LEDGER, &exports, IMPORTS));
}

/// The example with an import replaced.
#[track_caller]
fn check_import(faults: &mut Snapshot, from: Option<&str>, to: Option<&str>) {
    let mut imports: Vec<_> = IMPORTS.iter().filter(|name| Some(**name) != from).copied().collect();
    imports.extend(to);
    faults.add(&format!("import {from:?} => {to:?}"), &compare(LEDGER, EXPORTS, &imports));
}

#[test]
fn the_example_fits_its_binary() {
    assert_eq!(compare(LEDGER, EXPORTS, IMPORTS), "fits");
}

#[test]
fn exports_are_declared_and_declarations_exported() {
    let mut faults = Snapshot::default();
    check_export(&mut faults, None, Some(("account.close", &["id"])));
    check_export(&mut faults, Some("account.create"), None);
    check_export(&mut faults, Some("account.create"), Some(("account.creates", &[])));
    check_export(&mut faults, Some("events.invoice-sent"), None);
    check_export(&mut faults, Some("hooks.before-delete"), None);
    faults.matches(&expect_file!["snapshots/contract-exports-are-declared-and-declarations-exported.txt"]);
}

#[test]
fn routes_and_schedules_fit_the_parameters() {
    let mut faults = Snapshot::default();
    check_export(&mut faults, Some("journal.get-entry"), Some(("journal.get-entry", &["entry-id"])));
    check_export(&mut faults, Some("account.list"), Some(("account.list", &["kinds", "page"])));
    check_export(&mut faults, Some("account.list"), Some(("account.list", &["kind", "page", "filter"])));
    check_export(&mut faults, Some("period.close-due"), Some(("period.close-due", &["until", "dry-run"])));
    faults.matches(&expect_file!["snapshots/contract-routes-and-schedules-fit-the-parameters.txt"]);
}

#[test]
fn imports_are_declared_and_declarations_imported() {
    let mut faults = Snapshot::default();
    check_import(&mut faults, None, Some("cortex:log/log@1.0.0"));
    check_import(&mut faults, None, Some("wasi:clocks/wall-clock@0.2.3"));
    check_import(&mut faults, None, Some("cortex:inventory/stock@1.0.0"));
    check_import(&mut faults, None, Some("cortex:inventory/events@1.0.0"));
    check_import(&mut faults, None, Some("cortex:inventory/hooks@1.0.0"));
    check_import(&mut faults, Some("cortex:storage/sql@1.0.0"), None);
    check_import(&mut faults, Some("cortex:storage/sql@1.0.0"), Some("cortex:storage/sql@1.1.0"));
    check_import(&mut faults, Some("cortex:currencies/rates@1.0.0"), None);
    check_import(&mut faults, Some("cortex:ledger/events@1.0.0"), Some("cortex:ledger/event@1.0.0"));
    check_import(&mut faults, Some("cortex:ledger/hooks@1.0.0"), None);
    faults.matches(&expect_file!["snapshots/contract-imports-are-declared-and-declarations-imported.txt"]);
}
