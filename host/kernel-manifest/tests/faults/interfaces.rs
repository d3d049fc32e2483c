// SPDX-License-Identifier: MIT OR Apache-2.0
//! Capabilities, calls, events and hooks.

use super::Snapshot;
use expect_test::expect_file;

const CALL: &str = "  - interface: cortex:currencies/rates@1.0.0\n";
const CALL_REASON: &str = "    reason: Converts entries in a foreign currency.\n";
const SECRETS: &str = "    scope:\n      secrets: [tax-office-key]\n";

#[test]
fn an_interface_is_named_in_full() {
    let mut faults = Snapshot::default();
    faults.edit("  - interface: cortex:storage/sql@1.0.0\n    reason", "  - reason");
    faults.edit(CALL, "  - interface: rates\n");
    faults.edit(CALL, "  - interface: 1.0\n");
    faults.edit(CALL, "  - interface: cortex:currencies/rates@1.0\n");
    faults.edit(CALL, &format!("  - interface: a:b/{}@1.0.0\n", "c".repeat(200)));
    faults.edit(CALL, "  - interfaces: cortex:currencies/rates@1.0.0\n");
    faults.matches(&expect_file!["snapshots/interfaces-an-interface-is-named-in-full.txt"]);
}

#[test]
fn a_reason_is_a_sentence() {
    let mut faults = Snapshot::default();
    faults.edit(CALL_REASON, "");
    faults.edit(CALL_REASON, "    reason: because\n");
    faults.edit(CALL_REASON, "    reason: becausebecause\n");
    faults.edit(CALL_REASON, "    reason: { why: not }\n");
    faults.edit(CALL_REASON, &format!("    reason: {}\n", "why not ".repeat(40)));
    faults.edit(CALL_REASON, "    reasons: Converts entries.\n");
    faults.matches(&expect_file!["snapshots/interfaces-a-reason-is-a-sentence.txt"]);
}

#[test]
fn a_list_is_a_list() {
    let mut faults = Snapshot::default();
    for section in ["capabilities", "calls", "publishes", "subscribes"] {
        let text = format!("{section}: cortex:storage/sql");
        let faults = kernel_manifest::Manifest::parse(&text).unwrap_err().to_string();
        let expected = format!("1:{}: `{section}`: expected a list, found `cortex:storage/sql`", section.len() + 3);
        assert!(faults.lines().any(|line| line == expected), "{faults}");
    }
    faults.edit("hooks:\n", "hooks: []\nhook:\n");
    faults.edit("  offers:\n", "  offer:\n");
    faults.edit("calls:\n", "calls:\n  - rates\n");
    faults.matches(&expect_file!["snapshots/interfaces-a-list-is-a-list.txt"]);
}

#[test]
fn a_scope_is_given_where_it_is_asked_for() {
    let mut faults = Snapshot::default();
    faults.edit(SECRETS, "");
    faults.edit(SECRETS, "    scope: all\n");
    faults.edit(SECRETS, "    scope: {}\n");
    faults.edit(SECRETS, "    scope: { secrets: [] }\n");
    faults.edit(SECRETS, "    scope: { secrets: [Key, 7] }\n");
    faults.edit(SECRETS, "    scope: { secrets: [key], hosts: [example.com] }\n");
    faults.edit(SECRETS, "    scope: { secret: [key] }\n");
    faults.edit(
        "    reason: Keeps the accounts, entries and balances of the books.\n",
        "    reason: Keeps the accounts.\n    scope: { buckets: [a] }\n",
    );
    faults.edit(
        "cortex:secrets/store@1.0.0\n    reason: Signs exports for the tax office with its key.\n    scope:\n      secrets: [tax-office-key]",
        "wasi:http/outgoing-handler@0.2.3\n    reason: Sends them to the tax office.\n    scope: { hosts: [\"https://a.at/\", A.at, \"a.at:0\"] }"
    );
    faults.matches(&expect_file!["snapshots/interfaces-a-scope-is-given-where-it-is-asked-for.txt"]);
}

#[test]
fn an_interface_stands_in_its_section_once() {
    let mut faults = Snapshot::default();
    faults.edit(CALL, "  - interface: cortex:storage/sql\n");
    faults.edit("  - interface: cortex:context/context\n", "  - interface: cortex:storage/sql\n");
    faults.edit("  - interface: cortex:context/context\n", "  - interface: cortex:types/types@1.0.0\n");
    faults.edit("  - interface: cortex:invoicing/events@1.0.0\n", "  - interface: cortex:contacts/hooks@2.0.0\n");
    faults.matches(&expect_file!["snapshots/interfaces-an-interface-stands-in-its-section-once.txt"]);
}
