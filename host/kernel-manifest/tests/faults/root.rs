// SPDX-License-Identifier: MIT OR Apache-2.0
//! Keys at the top level.

use super::Snapshot;
use expect_test::expect_file;

#[test]
fn missing_keys_are_reported_together() {
    let mut faults = Snapshot::default();
    faults.text("{}");
    faults.matches(&expect_file!["snapshots/root-missing-keys-are-reported-together.txt"]);
}

#[test]
fn id() {
    let mut faults = Snapshot::default();
    faults.edit("id: ledger\n", "");
    faults.edit("id: ledger\n", "id: Ledger\n");
    faults.edit("id: ledger\n", "id: 7\n");
    faults.edit("id: ledger\n", "id:\n");
    faults.edit("id: ledger\n", &format!("id: {}\n", "a".repeat(90)));
    faults.edit("id: ledger\n", "id: ledger\nidd: ledger\n");
    faults.matches(&expect_file!["snapshots/root-id.txt"]);
}

#[test]
fn version() {
    let mut faults = Snapshot::default();
    faults.edit("version: 1.0.0\n", "");
    faults.edit("version: 1.0.0\n", "version: 1.0\n");
    faults.edit("version: 1.0.0\n", "version: \"1.0\"\n");
    faults.edit("version: 1.0.0\n", "version: 1\n");
    faults.edit("version: 1.0.0\n", "version: 01.0.0\n");
    faults.edit("version: 1.0.0\n", "version: v1.0.0\n");
    faults.edit("version: 1.0.0\n", "version: [1, 0, 0]\n");
    faults.edit("version: 1.0.0\n", "version: 99999999999999999999.0.0\n");
    faults.edit("version: 1.0.0\n", &format!("version: 1.0.0-{}\n", "a".repeat(64)));
    faults.matches(&expect_file!["snapshots/root-version.txt"]);
}

#[test]
fn title_and_description() {
    let mut faults = Snapshot::default();
    faults.edit("title: Ledger\n", "");
    faults.edit("title: Ledger\n", "title: \" \"\n");
    faults.edit("title: Ledger\n", "title: 12\n");
    faults.edit("title: Ledger\n", "title: true\n");
    faults.edit("title: Ledger\n", &format!("title: {}\n", "L".repeat(81)));
    faults.edit("title: Ledger\n", "title: \"Led\\nger\"\n");
    faults.edit("title: Ledger\n", "title: Ledger\nsubtitle: Books\n");
    faults.edit("description: >-\n", "about: >-\n");
    faults.text("description: \"a\\0b\"");
    faults.text(&format!("description: {}", "ä".repeat(2_001)));
    faults.matches(&expect_file!["snapshots/root-title-and-description.txt"]);
}

#[test]
fn licence() {
    let mut faults = Snapshot::default();
    faults.edit("licence: MIT OR Apache-2.0\n", "");
    faults.edit("licence: MIT OR Apache-2.0\n", "licence: MIT or Apache-2.0\n");
    faults.edit("licence: MIT OR Apache-2.0\n", "licence: MIT/Apache-2.0\n");
    faults.edit("licence: MIT OR Apache-2.0\n", "licence: {}\n");
    faults.edit("licence: MIT OR Apache-2.0\n", "license: MIT OR Apache-2.0\n");
    faults.matches(&expect_file!["snapshots/root-licence.txt"]);
}

#[test]
fn world() {
    let mut faults = Snapshot::default();
    faults.edit("world: cortex:ledger/component@1.0.0\n", "");
    faults.edit("world: cortex:ledger/component@1.0.0\n", "world: cortex:ledger/component@1\n");
    faults.edit("world: cortex:ledger/component@1.0.0\n", "world: The World\n");
    faults.edit("world: cortex:ledger/component@1.0.0\n", "world: 1.5\n");
    faults.edit("world: cortex:ledger/component@1.0.0\n", &format!("world: a:b/{}\n", "c".repeat(200)));
    faults.matches(&expect_file!["snapshots/root-world.txt"]);
}

#[test]
fn migrations_and_schemas() {
    let mut faults = Snapshot::default();
    faults.edit("migrations: migrations\n", "migrations: ../other\n");
    faults.edit("migrations: migrations\n", "migrations: 7\n");
    faults.edit("migrations: migrations\n", &format!("migrations: {}\n", "m".repeat(65)));
    faults.edit("migrations: migrations\n", "migration: migrations\n");
    let entry = "  chart-of-accounts: schemas/chart-of-accounts.schema.json\n";
    faults.edit(entry, "  - schemas/chart.json\n");
    faults.edit(entry, "  chart: /etc/passwd\n");
    faults.edit(entry, "  chart: ../chart.json\n");
    faults.edit(entry, "  chart: schemas\\chart.json\n");
    faults.edit(entry, "  chart: schemas/chart.yaml\n");
    faults.edit(entry, "  Chart_Of: schemas/chart.json\n");
    faults.edit(entry, "  chart: null\n");
    faults.matches(&expect_file!["snapshots/root-migrations-and-schemas.txt"]);
}
