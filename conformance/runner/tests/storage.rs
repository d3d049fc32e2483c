// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cases of `conformance/storage` through a component: the guest runs each unit of work as one operation, called
//! through HTTP, and what came of its statements must be what the case files say, row for row, on each back end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test is a test"
)]

#[path = "storage/guest.rs"]
mod guest;

use conformance::TestHost;
use conformance::backend::Backend;
use conformance::bundles::{Draft, workspace};
use guest::{Unit, outcome};
use kernel_types::TenantId;
use serde_json::json;
use storage_conformance::{Step, expected, parse};

conformance::on_each_backend!(
    /// Every file but `limits`: what is left of a budget is counted for a whole run of a component, and tested by
    /// `hostile`.
    every_case_holds_through_a_component
);

const GUEST: &str = "conformance/guests/storage";

async fn every_case_holds_through_a_component(backend: Backend) {
    let folder = workspace().join("conformance/storage/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 10, "{files:?}");
    let host = TestHost::start_on(&backend, &[]).await;
    let mut statements = 0;
    for file in files.iter().filter(|file| !file.ends_with("limits.txt")) {
        let text = std::fs::read_to_string(file).unwrap();
        let name = file.file_stem().unwrap().to_str().unwrap().replace('_', "-");
        let found = render(&host, &format!("t-{name}"), &parse(&text)).await;
        let steps = expected(&text, matches!(backend, Backend::Postgres(_)));
        assert_eq!(found.len(), steps.len(), "{name}");
        for ((block, expected), found) in steps.iter().zip(&found) {
            // What a component cannot say is not held against it.
            let Some(found) = found else { continue };
            assert_eq!(found, expected, "{name}, on {}: {block}", backend.name());
            statements += usize::from(!expected.is_empty());
        }
    }
    assert!(statements > 150, "{statements}");
}

/// What came of each step of a file, in lines; `None` where a component cannot take the step.
async fn render(host: &TestHost, tenant: &str, steps: &[Step]) -> Vec<Option<Vec<String>>> {
    let mut outcomes = Vec::new();
    let mut migrations: Vec<String> = Vec::new();
    let mut client = None;
    let mut unit = Unit::default();
    // Made before the first statement, also where a file has no tables.
    let tables = steps.iter().take_while(|step| matches!(step, Step::Comment(_) | Step::Migration(_)));
    if !tables.clone().any(|step| matches!(step, Step::Migration(_))) {
        client = Some(enable(host, tenant, &migrations).await.unwrap());
    }
    for step in steps {
        match step {
            Step::Comment(_) => outcomes.push(Some(Vec::new())),
            Step::Migration(text) => {
                unit.end(client.as_ref(), true, &mut outcomes).await;
                migrations.push(text.clone());
                match enable(host, tenant, &migrations).await {
                    Ok(made) => {
                        client = Some(made);
                        outcomes.push(Some(Vec::new()));
                    }
                    Err(text) => {
                        migrations.pop();
                        outcomes.push(Some(vec![format!("migration failed: {}", outcome::migration(&text))]));
                    }
                }
            }
            Step::End { commit } => {
                unit.end(client.as_ref(), *commit, &mut outcomes).await;
                outcomes.push(Some(Vec::new()));
            }
            Step::Savepoint(_) | Step::Statement { .. } => unit.take(step, &mut outcomes),
        }
    }
    unit.end(client.as_ref(), true, &mut outcomes).await;
    outcomes
}

/// Enables the guest with these migrations for a tenant.
async fn enable(host: &TestHost, tenant: &str, migrations: &[String]) -> Result<conformance::client::Client, String> {
    let texts = migrations.to_vec();
    let draft = tokio::task::spawn_blocking(move || {
        let draft = Draft::copy_of(GUEST);
        std::fs::create_dir_all(draft.path().join("migrations")).unwrap();
        for (text, number) in texts.iter().zip(1..) {
            draft.write(&format!("migrations/{number:04}_tables.sql"), text.as_bytes());
        }
        let count = texts.len();
        draft.change("cortex.yaml", "version: \"1.0.0\"", &format!("version: \"1.0.{count}\""));
        draft
    });
    let draft = draft.await.unwrap();
    let tenant = TenantId::parse(tenant).unwrap();
    let permissions = kernel_types::PermissionSet::of(["*"]);
    host.host.create_tenant(&tenant).await.unwrap();
    let installed = conformance::install(&host.host, draft.path()).await.map_err(|error| format!("{error:#}"))?;
    let choice = [conformance::wanted(&tenant, &installed)];
    host.host.enable(&tenant, &choice).await.map_err(|error| format!("{error:#}"))?;
    let token = host.host.issue_token(&tenant, "tester", permissions).await.unwrap();
    Ok(conformance::client::Client::new(&host.url, &token))
}

/// A guest that cannot be wrong shows nothing: its answers are compared with lines, and lines differ.
#[test]
fn an_outcome_is_read_from_the_guests_answer() {
    let rows = json!({ "rows": { "columns": ["a", "b"], "rows": [[{ "integer": "1" }, "null"], [{ "text": "x" }, { "blob": "AP8=" }]] } });
    assert_eq!(outcome::lines(&rows), ["a, b", "1, NULL", "'x', X'00ff'"]);
    let failed = json!({ "failed": { "kind": "unique", "text": "t", "columns": ["a", "b"] } });
    assert_eq!(outcome::lines(&failed), ["error unique t (a, b)"]);
}
