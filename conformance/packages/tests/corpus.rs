// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each forged package is refused at its step, its twin without the fault is accepted, and nothing is left behind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use hostile_packages::{World, all, refused};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn each_is_refused_at_its_step_and_its_twin_is_not() {
    let world = World::new().await;
    let directory = tempfile::tempdir().unwrap();
    let host = cortex::host::Host::open(&cortex::host::Settings::at(directory.path())).await.unwrap();
    let mut wrong = Vec::new();
    for case in all() {
        for with_fault in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let layout = folder.path().join("layout");
            let site = case.write(&world, &layout, with_fault);
            let refusal = refused(&layout, &site, host.registry());
            let step = refusal.as_ref().map(edge_installer::Refusal::step);
            if step.as_deref() != with_fault.then_some(case.step) {
                let what = if with_fault { "with its fault" } else { "without it" };
                wrong.push(format!("`{}` {what}, to be refused at {}: {refusal:?}", case.name, case.step));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The steps that judge a package. Those that judge the site's own files have tests beside them.
const STEPS: &[&str] = &[
    "layout",
    "index",
    "manifest",
    "layers",
    "contents",
    "package",
    "attachments",
    "bundle",
    "timestamp",
    "certificate-chain",
    "sct",
    "log-inclusion",
    "signature",
    "digest",
    "identity",
    "attestation",
    "revoked",
    "rollback",
    "check",
];

#[test]
fn no_step_is_without_a_case_and_no_name_is_there_twice() {
    let cases = all();
    let names: BTreeSet<_> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len());
    let steps: BTreeSet<_> = cases.iter().map(|case| case.step).collect();
    assert_eq!(steps, STEPS.iter().copied().collect());
}
