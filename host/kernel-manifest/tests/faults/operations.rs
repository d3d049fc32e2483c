// SPDX-License-Identifier: MIT OR Apache-2.0
//! Operations and their REST routes.

use super::Snapshot;
use expect_test::expect_file;

#[test]
fn names() {
    let mut faults = Snapshot::default();
    faults.edit("  account.list:\n", "  account-list:\n");
    faults.edit("  account.list:\n", "  account.list:\n    effect: read\n  account.list:\n");
    faults.edit("operations:\n", "operation:\n");
    faults.edit("operations:\n", "operations: 7\nviews2:\n");
    faults.matches(&expect_file!["snapshots/operations-names.txt"]);
}

#[test]
fn effect() {
    let mut faults = Snapshot::default();
    faults.edit("  journal.post:\n    effect: write\n", "  journal.post:\n");
    faults.edit("  journal.post:\n    effect: write\n", "  journal.post:\n    effect: writes\n");
    faults.edit("  journal.post:\n    effect: write\n", "  journal.post:\n    effect: [write]\n");
    faults.edit("  journal.post:\n    effect: write\n", "  journal.post:\n    efect: write\n");
    faults.edit("  journal.post:\n    effect: write\n", "  journal.post:\n    effect: write\n    hidden: true\n");
    faults.matches(&expect_file!["snapshots/operations-effect.txt"]);
}

#[test]
fn permission() {
    let mut faults = Snapshot::default();
    let line = "    permission: ledger.accounts.manage\n";
    faults.edit(line, "    permission: manage\n");
    faults.edit(line, "    permission: 1.5\n");
    faults.edit(line, "    permission: a.b.c.d.e.f.g.h.i\n");
    faults.edit(line, "    permissions: a.b\n");
    faults.matches(&expect_file!["snapshots/operations-permission.txt"]);
}

#[test]
fn rest_keys() {
    let mut faults = Snapshot::default();
    let line = "    rest: { method: POST, path: /accounts }\n";
    faults.edit(line, "    rest: {}\n");
    faults.edit(line, "    rest: POST /accounts\n");
    faults.edit(line, "    rest: { method: post, path: /accounts }\n");
    faults.edit(line, "    rest: { method: HEAD, path: /accounts }\n");
    faults.edit(line, "    rest: { method: 7, path: 8 }\n");
    faults.edit(line, "    rest: { method: POST, path: accounts }\n");
    faults.edit(line, "    rest: { method: POST, path: \"/accounts/{account_id}\" }\n");
    faults.edit(line, "    rest: { method: POST, path: \"/a/{id}/{id}\" }\n");
    faults.edit(line, "    rest: { method: POST, path: \"/a/{id\" }\n");
    faults.edit(line, "    rest: { method: POST, path: /accounts, querry: [a] }\n");
    faults.edit(line, "    rest: { method: POST, path: /accounts, query: page }\n");
    faults.edit(line, "    rest: { method: POST, path: /accounts, query: [dry_run, 3, page, page] }\n");
    faults.edit(line, "    rest: { method: POST, path: \"/a/{id}\", query: [id] }\n");
    faults.matches(&expect_file!["snapshots/operations-rest-keys.txt"]);
}

#[test]
fn a_method_promises_what_the_effect_keeps() {
    let mut faults = Snapshot::default();
    faults.edit("    rest: { method: POST, path: /accounts }\n", "    rest: { method: GET, path: /a }\n");
    let read = "    rest: { method: GET, path: \"/entries/{id}\" }\n";
    faults.edit(read, "    rest: { method: DELETE, path: \"/entries/{id}\" }\n");
    faults.matches(&expect_file!["snapshots/operations-a-method-promises-what-the-effect-keeps.txt"]);
}

#[test]
fn routes_collide() {
    let mut faults = Snapshot::default();
    let line = "    rest: { method: GET, path: /reports/trial-balance, query: [as-of] }\n";
    faults.edit(line, "    rest: { method: GET, path: \"/entries/{entry}\" }\n");
    faults.edit(line, "    rest: { method: POST, path: /journal/post }\n");
    faults.matches(&expect_file!["snapshots/operations-routes-collide.txt"]);
}
