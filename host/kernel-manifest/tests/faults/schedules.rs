// SPDX-License-Identifier: MIT OR Apache-2.0
//! Schedules and views.

use super::Snapshot;
use expect_test::expect_file;

#[test]
fn schedule_name() {
    let mut faults = Snapshot::default();
    faults.edit("  - name: close-month\n    operation", "  - operation");
    faults.edit("  - name: close-month\n", "  - name: Close month\n");
    faults.edit("  - name: close-month\n", "  - name: false\n");
    faults.edit("  - name: close-month\n", &format!("  - name: {}\n", "a".repeat(65)));
    faults.edit(
        "schedules:\n",
        "schedules:\n  - { name: close-month, operation: period.close-due, cron: \"* * * * *\" }\n",
    );
    faults.matches(&expect_file!["snapshots/schedules-schedule-name.txt"]);
}

#[test]
fn schedule_operation() {
    let mut faults = Snapshot::default();
    faults.edit("    operation: period.close-due\n", "");
    faults.edit("    operation: period.close-due\n", "    operation: period.close-dues\n");
    faults.edit("    operation: period.close-due\n", "    operation: nothing.like-it\n");
    faults.edit("    operation: period.close-due\n", "    operation: close\n");
    faults.edit("    operation: period.close-due\n", "    operation: 1.5\n");
    faults.matches(&expect_file!["snapshots/schedules-schedule-operation.txt"]);
}

#[test]
fn schedule_time() {
    let mut faults = Snapshot::default();
    let cron = "    cron: \"0 3 1 * *\"\n";
    faults.edit(cron, "");
    faults.edit(cron, "    cron: 5\n");
    faults.edit(cron, "    cron: \"0 3 1 *\"\n");
    faults.edit(cron, "    cron: \"0 24 1 * *\"\n");
    faults.edit(cron, "    cron: \"0 0 30 2 *\"\n");
    faults.edit("    time-zone: Europe/Vienna\n", "    time-zone: +01:00\n");
    faults.edit("    time-zone: Europe/Vienna\n", "    time-zone: 1\n");
    faults.edit("    time-zone: Europe/Vienna\n", "    timezone: Europe/Vienna\n");
    faults.edit("    missed: run-once\n", "    missed: run\n");
    faults.edit("    missed: run-once\n", "    missed: runonce\n");
    faults.edit("    missed: run-once\n", "    missed: no\n");
    faults.edit("    missed: run-once\n", "    missed: true\n");
    faults.matches(&expect_file!["snapshots/schedules-schedule-time.txt"]);
}

#[test]
fn views() {
    let mut faults = Snapshot::default();
    faults.edit("  - id: accounts\n    title", "  - title");
    faults.edit("  - id: accounts\n", "  - id: new-account\n");
    faults.edit("  - id: accounts\n", "  - id: 1\n");
    faults.edit("    title: Chart of accounts\n", "");
    faults.edit("    title: Chart of accounts\n", "    title: []\n");
    faults.edit("    operation: account.list\n", "");
    faults.edit("    operation: account.list\n", "    operation: acount.list\n");
    faults.edit("    operation: account.list\n", "    operation: account.create\n");
    faults.edit("    kind: list\n", "");
    faults.edit("    kind: list\n", "    kind: lists\n");
    faults.edit("    kind: list\n", "    kind: 1\n");
    faults.edit("    kind: list\n", "    kind: list\n    colour: red\n");
    faults.edit("views:\n", "view:\n");
    faults.matches(&expect_file!["snapshots/schedules-views.txt"]);
}
