// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bad components: each is refused before anything of it runs, for what is wrong with it, and the host goes on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test is a test"
)]

#[path = "bad_component/binary.rs"]
mod binary;
#[path = "bad_component/manifest.rs"]
mod manifest;
#[path = "bad_component/store.rs"]
mod store;

use conformance::bundles::Draft;
use conformance::{TestHost, granted, wanted};
use kernel_types::{Grants, TenantId};
use serde_json::json;

const ECHO: &str = "conformance/guests/echo";

/// What installing a bundle is refused with; [`None`] where it is not.
async fn install(host: &TestHost, draft: &Draft) -> Option<String> {
    conformance::install(&host.host, draft.path()).await.err().map(|error| format!("{error:#}"))
}

fn tenant() -> TenantId {
    TenantId::parse("test").unwrap()
}

/// The host still serves what it served.
async fn assert_serves(host: &TestHost) {
    let answer = host.client.post("/api/echo/v1/echo/say", &json!({ "text": "still here" })).await;
    assert_eq!(answer.ok(), json!("still here"));
}

/// A manifest for a component `odd` that exports `test:odd/api@1.0.0` with `run`.
fn odd_manifest(more: &str) -> String {
    format!(
        "id: odd\nversion: 1.0.0\ntitle: Odd\ndescription: It is odd.\nlicence: MIT\nworld: test:odd/guest@1.0.0\n\
         operations:\n  api.run: {{ effect: read }}\n{more}"
    )
}

/// A component that imports this as well.
fn odd_component(import: &str) -> String {
    format!(
        "(component {import} (core module $m (func (export \"run\"))) (core instance $i (instantiate $m))
         (func $run (canon lift (core func $i \"run\"))) (instance $e (export \"run\" (func $run)))
         (export \"test:odd/api@1.0.0\" (instance $e)))"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_that_are_not_declared_or_not_offered_are_named() {
    let host = TestHost::start(&[ECHO]).await;
    let log = "(import \"cortex:log/log@1.0.0\" (instance (export \"write\" (func))))";
    let other = "(import \"other:ledger/journal@1.0.0\" (instance (export \"post\" (func))))";
    let wasi = "(import \"wasi:cli/environment@0.2.0\" (instance (export \"run\" (func))))";
    let future = "(import \"cortex:storage/sql@9.0.0\" (instance (export \"query\" (func))))";
    let bare = "(import \"run\" (func))";
    let capability = |name: &str| format!("capabilities:\n  - {{ interface: \"{name}\", reason: It wants to. }}\n");
    for (name, manifest, component, expected) in [
        ("nothing odd", String::new(), "", &[][..]),
        ("an undeclared capability", String::new(), log, &["cortex:log/log"][..]),
        ("an undeclared call", String::new(), other, &["other:ledger/journal"]),
        ("an undeclared interface of WASI", String::new(), wasi, &["wasi:cli/environment"]),
        ("a declared interface of WASI", capability("wasi:cli/environment"), wasi, &["wasi:cli/environment"]),
        ("a version that does not exist", capability("cortex:storage/sql"), future, &["cortex:storage/sql@9.0.0"]),
        ("a function of another type", capability("cortex:log/log"), log, &["odd", "write"]),
        ("an import outside an interface", String::new(), bare, &["run"]),
        ("a capability that is not imported", capability("cortex:log/log"), "", &["cortex:log/log"]),
        ("a capability that nobody has", capability("cortex:magic/wand"), "", &["cortex:magic/wand"]),
    ] {
        let draft = Draft::of_text(&odd_manifest(&manifest), &odd_component(component));
        let refused = install(&host, &draft).await;
        assert_eq!(refused.is_some(), !expected.is_empty(), "{name}: {refused:?}");
        let refused = refused.unwrap_or_default();
        assert!(expected.iter().all(|part| refused.contains(part)), "{name}: {refused}");
        assert_serves(&host).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_capability_that_was_not_granted_is_named_and_the_tenant_keeps_what_it_had() {
    let host = TestHost::start(&[ECHO]).await;
    let hostile = Draft::copy_of("conformance/guests/hostile");
    // The harness offers no `wait` here: the host cannot even try to link it.
    let refused = install(&host, &hostile).await.expect("an interface that nobody offers");
    assert!(refused.contains("cortex:hostile/wait"), "{refused}");
    let accounting = Draft::copy_of("components/accounting");
    let installed = conformance::install(&host.host, accounting.path()).await.unwrap();
    let grants = Grants::of(["cortex:context/context"]);
    let refused =
        host.host.enable(&tenant(), &[granted(&tenant(), &installed, &grants)]).await.expect_err("no storage");
    let text = format!("{refused:#}");
    assert!(text.contains("cortex:storage/sql") && text.contains("grant"), "{text}");
    assert_serves(&host).await;
    let answer = host.client.post("/api/accounting/v1/settings/get-settings", &json!({})).await;
    assert_eq!((answer.status, answer.code()), (404, "unknown-route"), "nothing of it is enabled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_interface_has_one_provider_and_a_call_has_one_at_all() {
    let host = TestHost::start(&[ECHO]).await;
    let twin = Draft::copy_of(ECHO);
    twin.change("cortex.yaml", "id: echo", "id: echo-twin");
    let echo = conformance::install(&host.host, Draft::copy_of(ECHO).path()).await.unwrap();
    let twin = conformance::install(&host.host, twin.path()).await.unwrap();
    let choice = [wanted(&tenant(), &echo), wanted(&tenant(), &twin)];
    let refused = format!("{:#}", host.host.enable(&tenant(), &choice).await.expect_err("two providers"));
    for part in ["cortex:echo/echo@1.0.0", "`echo`", "`echo-twin`"] {
        assert!(refused.contains(part), "{refused}");
    }
    let import = conformance::install(&host.host, Draft::copy_of("components/import-journal").path()).await.unwrap();
    let choice = [wanted(&tenant(), &echo), wanted(&tenant(), &import)];
    let refused = format!("{:#}", host.host.enable(&tenant(), &choice).await.expect_err("nobody provides the ledger"));
    assert!(refused.contains("import-journal") && refused.contains("cortex:accounting/"), "{refused}");
    assert_serves(&host).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_was_changed_after_it_ran_is_refused() {
    let host = TestHost::start(&[ECHO, "components/accounting"]).await;
    let echo = conformance::install(&host.host, Draft::copy_of(ECHO).path()).await.unwrap();
    let draft = Draft::copy_of("components/accounting");
    let first = std::fs::read_dir(draft.path().join("migrations")).unwrap().next().unwrap().unwrap().file_name();
    let file = format!("migrations/{}", first.to_str().unwrap());
    let original = draft.read(&file);
    let more = "CREATE TABLE more (id INTEGER PRIMARY KEY NOT NULL);\n";
    for (name, change, expected) in [
        ("a table more in an old file", Some((file.as_str(), format!("{original}{more}"))), Some("changed")),
        ("a table more in a new file", Some(("migrations/0002_more.sql", more.to_owned())), None),
        ("the new file is gone again, and what it added stays", None, None),
    ] {
        draft.write(&file, original.as_bytes());
        let _ = std::fs::remove_file(draft.path().join("migrations/0002_more.sql"));
        if let Some((file, text)) = change {
            draft.write(file, text.as_bytes());
        }
        let installed =
            conformance::install(&host.host, draft.path()).await.unwrap_or_else(|error| panic!("{name}: {error:#}"));
        let choice = [wanted(&tenant(), &echo), wanted(&tenant(), &installed)];
        let refused = host.host.enable(&tenant(), &choice).await.err().map(|error| format!("{error:#}"));
        assert_eq!(refused.is_some(), expected.is_some(), "{name}: {refused:?}");
        let refused = refused.unwrap_or_default();
        assert!(refused.contains(expected.unwrap_or_default()), "{name}: {refused}");
        assert_serves(&host).await;
        let answer = host.client.post("/api/accounting/v1/settings/get-settings", &json!({})).await;
        assert_eq!(answer.code(), "ledger-not-initialised", "{name}: the tenant still has its ledger");
    }
}
