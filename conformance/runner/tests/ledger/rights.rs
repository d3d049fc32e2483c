// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a caller may do: the denial beside each permission, also where another component calls on the caller's behalf.

use crate::{IMPORT, blocking};
use conformance::TestHost;
use conformance::books::{self, ACCOUNTING, path};
use conformance::bundles::bundle;
use conformance::client::Client;
use kernel_manifest::Manifest;
use serde_json::json;

/// Who holds every permission of accounting but one is refused exactly the operations of that one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_operation_needs_its_permission_and_no_other() {
    let host = TestHost::start(&[ACCOUNTING]).await;
    let manifest = std::fs::read_to_string(bundle(ACCOUNTING).join("cortex.yaml")).unwrap();
    let manifest = Manifest::parse(&manifest).unwrap();
    let permissions: std::collections::BTreeSet<_> =
        manifest.operations.values().map(|operation| operation.permission.0.to_string()).collect();
    assert!(permissions.len() > 5, "{permissions:?}");
    for missing in &permissions {
        let others: Vec<_> = permissions.iter().filter(|one| *one != missing).map(String::as_str).collect();
        let client = host.with_permissions(&others).await;
        for (name, operation) in &manifest.operations {
            let answer = client.post(&path(&name.as_str().replace('.', "/")), &json!({ "no_such": 1 })).await;
            let denied = *operation.permission.0 == **missing;
            // Who may call hears of the parameter; who may not hears that, and nothing else.
            let expected = if denied { (403, "permission-denied") } else { (400, "invalid-input") };
            assert_eq!((answer.status, answer.code()), expected, "{name} without {missing}: {answer:?}");
            assert!(!denied || answer.detail().contains(missing.as_str()), "{answer:?}");
        }
    }
    let nobody = host.with_permissions(&[]).await;
    let answer = nobody.post(&path("settings/get-settings"), &json!({})).await;
    assert_eq!((answer.status, answer.code()), (403, "permission-denied"));
}

const JOURNAL: &str = "2026-01-05 Sale\n    Assets:Cash    119.00 EUR\n    Income:Sales  -119.00 EUR\n";

fn import(client: &Client, function: &str) -> conformance::client::Answer {
    let input = json!({ "text": JOURNAL, "options": { "initialise": "EUR" } });
    client.call(&format!("/api/import-journal/v1/importer/{function}"), &input).unwrap()
}

/// A component has no rights of its own: what it calls is called by the caller of the request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_cannot_do_for_a_caller_what_the_caller_may_not() {
    let host = TestHost::start(&[ACCOUNTING, IMPORT]).await;
    let weak = host.with_permissions(&["import-journal.*"]).await;
    let almost = host.with_permissions(&["import-journal.*", "accounting.settings.*", "accounting.chart.*"]).await;
    let reader = host.with_permissions(&["import-journal.check", "accounting.*"]).await;
    let client = host.client.clone();
    blocking(move || {
        for (name, caller, expected) in [
            ("no right on the ledger", &weak, "accounting."),
            ("rights on a part of it", &almost, "accounting."),
            ("the right to check only", &reader, "import-journal.import"),
        ] {
            let answer = import(caller, "import");
            assert_eq!((answer.status, answer.code()), (403, "permission-denied"), "{name}: {answer:?}");
            assert!(answer.detail().contains(expected), "{name}: {answer:?}");
            let settings = client.call(&path("settings/get-settings"), &json!({})).unwrap();
            assert_eq!(settings.code(), "ledger-not-initialised", "{name} wrote something");
        }
        import(&client, "import").ok();
        assert_eq!(books::entries(&client).unwrap().len(), 1);
    })
    .await;
}

/// `check` is declared to read. It asks the ledger and cannot write to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_that_reads_leaves_no_trace() {
    let host = TestHost::start(&[ACCOUNTING, IMPORT]).await;
    let client = host.client.clone();
    blocking(move || {
        books::set_up(&client).unwrap();
        let before = books::entries(&client).unwrap();
        let report = import(&client, "check").ok();
        assert_eq!(report["transactions"], 1);
        assert_eq!(books::entries(&client).unwrap(), before);
        assert_eq!(client.call(&path("chart/get-account"), &json!({ "code": "Assets:Cash" })).unwrap().status, 404);
    })
    .await;
}
