// SPDX-License-Identifier: MIT OR Apache-2.0
//! Kill -9 while a tenant is taken in: it is not there afterwards, and nothing of it is.

use super::{act, blocking, export, import, start};
use conformance::backend::Backend;
use conformance::books::{self, ACCOUNTING};
use conformance::process::Process;
use conformance::random::Random;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// Kills in the whole test.
const KILLS: u64 = 6;

/// A kill comes at most so many microseconds after the import has begun to write.
const DELAY_US_MAX: u64 = 40_000;

fn process(directory: &Path) -> Process {
    let process = Process::start(env!("CARGO_BIN_EXE_conformance-host"), &Backend::Sqlite, directory, &[ACCOUNTING]);
    // Its operator's socket is there before it serves.
    process.client.get_now("/docs").unwrap();
    process
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_while_a_tenant_is_taken_in_leaves_nothing_of_it() {
    let source = start(&[ACCOUNTING, super::IMPORT]).await;
    let client = source.client.clone();
    blocking(move || {
        let input = json!({ "text": super::demo(), "options": { "initialise": "EUR" } });
        client.call("/api/import-journal/v1/importer/import", &input).unwrap().ok();
    })
    .await;
    let archive = export(source.directory.path(), "test").await;
    let expected = super::content(&archive);
    source.stop().await;
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().to_owned();
    let started = at.clone();
    let mut host = blocking(move || process(&started)).await;
    let own = host.client.clone();
    blocking(move || books::set_up(&own).unwrap()).await;
    let own = super::content(&export(&at, "test").await);
    let mut random = Random::new(11);
    let mut cut = 0;
    for kill in 0..KILLS {
        let name = format!("other-{kill}");
        let (part, place) = (at.join(format!("data/tenants/{name}.part")), at.join("data/tenants").join(&name));
        let importing = tokio::spawn({
            let (at, archive, name) = (at.clone(), archive.clone(), name.clone());
            async move { import(&at, &archive, &name, false).await }
        });
        // The file system has no event for it that could be awaited without another library.
        while !part.exists() && !place.exists() {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        // The moment is what is random here.
        tokio::time::sleep(Duration::from_micros(random.below(DELAY_US_MAX))).await;
        host.kill();
        let answered = importing.await.unwrap().is_ok();
        let started = at.clone();
        host = blocking(move || process(&started)).await;
        assert!(!part.exists(), "the start removes what was begun");
        let tenants = act(&at, "tenant.list", json!({})).await.unwrap();
        let listed = tenants["tenants"].as_array().unwrap().iter().find(|one| one["tenant"] == name.as_str());
        let known = listed.is_some_and(|one| one["served"] == true);
        assert!(known || !answered, "an import that was acknowledged is there");
        assert_eq!(super::content(&export(&at, "test").await), own, "its neighbour is as it was");
        if known {
            assert_eq!(super::content(&export(&at, &name).await), expected, "there, then wholly");
            continue;
        }
        // Begun and not recorded it is not served, says so, and is given up for the next.
        if let Some(listed) = listed {
            assert!(listed["why"].as_str().unwrap().contains("tenant import --replace"), "{listed}");
            let refused = import(&at, &archive, &name, false).await.unwrap_err();
            assert_eq!(refused.code, "unfinished", "{refused}");
        } else {
            assert!(!place.exists(), "what is there is said");
        }
        let again = import(&at, &archive, &name, listed.is_some()).await;
        assert_eq!(again.map(|taken| taken["tenant"].clone()), Ok(json!(name)));
        assert_eq!(super::content(&export(&at, &name).await), expected);
        cut += 1;
    }
    assert!(cut > 0, "no kill met an import");
}
