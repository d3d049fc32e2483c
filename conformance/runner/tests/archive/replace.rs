// SPDX-License-Identifier: MIT OR Apache-2.0
//! A tenant that is replaced by one with other components, while the host is killed, the client leaves, or another host
//! serves it: what it has enabled is always what its tables are for. It is as it was, or new, or it is not served and
//! says so.

use super::{act, blocking, content, export, import, start, try_export, upload};
use conformance::TestHost;
use conformance::backend::Backend;
use conformance::books::{self, ACCOUNTING, entry, path};
use conformance::client::Client;
use conformance::eventually::eventually_async;
use conformance::process::Process;
use conformance::random::Random;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

conformance::on_each_backend!(
    a_kill_leaves_the_old_or_the_new_or_says_so,
    a_client_that_leaves_changes_nothing,
    what_the_archive_does_not_hold_is_not_dropped_unless_told_so,
);

/// Kills on each back end.
const KILLS: u64 = 10;

/// How long it writes its files and then records them, about, in microseconds.
const WRITES_US_MAX: u64 = 30_000;

/// Clients that leave.
const LEAVE: u64 = 8;

/// The tenant that is replaced.
const NAME: &str = "books";

/// Two archives of tenants that have no component in common, and what each holds.
struct Archives {
    one: (Vec<u8>, Value),
    other: (Vec<u8>, Value),
}

async fn archives() -> Archives {
    let source = start(&[ACCOUNTING]).await;
    let client = source.client.clone();
    blocking(move || {
        books::set_up(&client).unwrap();
        let entries: Vec<_> = (0..400).map(|number| entry("2026-03-01", &number.to_string())).collect();
        client.call(&path("journal/post-many"), &json!({ "entries": entries })).unwrap().ok();
    })
    .await;
    super::round::enable_types(&source, "zoo").await;
    let (one, other) = (export(source.directory.path(), "test").await, export(source.directory.path(), "zoo").await);
    source.stop().await;
    let (of_one, of_other) = (content(&one), content(&other));
    Archives { one: (one, of_one), other: (other, of_other) }
}

async fn listed(directory: &Path) -> Option<Value> {
    let tenants = act(directory, "tenant.list", json!({})).await.unwrap();
    tenants["tenants"].as_array().unwrap().iter().find(|one| one["tenant"] == NAME).cloned()
}

/// Checks that the tenant is wholly one of two, or is not served and says so; returns what it is.
async fn whole(directory: &Path, old: &Value, new: &Value) -> Option<Value> {
    let listed = listed(directory).await.expect("it does not vanish");
    if listed["served"] == false {
        assert!(listed["why"].as_str().unwrap().contains("tenant import --replace"), "{listed}");
        return None;
    }
    let exported = match try_export(directory, NAME).await {
        // It began to be replaced between the two questions.
        Err(refused) if refused.code == "suspended" => return None,
        exported => exported.unwrap(),
    };
    let found = content(&exported);
    assert!(found == *old || found == *new, "{listed} is neither what it was nor what it should become");
    Some(found)
}

async fn process(backend: &Backend, directory: &Path) -> Process {
    let (backend, directory) = (backend.clone(), directory.to_owned());
    blocking(move || {
        let process = Process::start(env!("CARGO_BIN_EXE_conformance-host"), &backend, &directory, &[]);
        process.client.get_now("/docs").unwrap();
        process
    })
    .await
}

async fn token(directory: &Path) -> String {
    let input = json!({ "tenant": NAME, "subject": "tester", "permissions": ["*"] });
    act(directory, "tenant.token", input).await.unwrap()["token"].as_str().unwrap().to_owned()
}

async fn a_kill_leaves_the_old_or_the_new_or_says_so(backend: Backend) {
    let archives = archives().await;
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let mut host = process(&backend, at).await;
    import(at, &archives.one.0, NAME, false).await.unwrap();
    let token = token(at).await;
    let begun = Instant::now();
    import(at, &archives.other.0, NAME, true).await.unwrap();
    // Twice as long as it took: some kills come when all is done.
    let longest = u64::try_from(begun.elapsed().as_micros()).unwrap() * 2;
    let (mut old, mut new) = (&archives.other, &archives.one);
    let mut random = Random::new(0x1a7e);
    let mut met = 0;
    for kill in 0..KILLS {
        let importing = tokio::spawn({
            let (at, archive) = (at.to_owned(), new.0.clone());
            async move { import(&at, &archive, NAME, true).await }
        });
        // The moment is what is random here. Most of an import reads the archive; with files, it can be seen when it
        // writes.
        let mut delay = random.below(longest);
        if kill % 2 == 1 && matches!(backend, Backend::Sqlite) {
            let part = at.join(format!("data/tenants/{NAME}.part"));
            while !part.exists() && !importing.is_finished() {
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
            delay = if part.exists() { random.below(WRITES_US_MAX) } else { 0 };
        }
        tokio::time::sleep(Duration::from_micros(delay)).await;
        host.kill();
        let answered = importing.await.unwrap().is_ok();
        host = process(&backend, at).await;
        let Some(found) = whole(at, &old.1, &new.1).await else {
            met += 1;
            assert!(!answered, "what was acknowledged is served");
            let client = Client::new(host.client.url(), &token);
            let refused = blocking(move || client.get_now("/openapi.json").unwrap()).await;
            assert_eq!((refused.status, refused.code()), (503, "unavailable"), "{refused:?}");
            assert!(refused.detail().contains("taken in from an archive"), "{refused:?}");
            let refused = import(at, &new.0, NAME, false).await.unwrap_err();
            assert_eq!(refused.code, "unfinished", "{refused}");
            import(at, &new.0, NAME, true).await.unwrap();
            assert_eq!(whole(at, &new.1, &new.1).await.as_ref(), Some(&new.1), "and that finishes it");
            (old, new) = (new, old);
            continue;
        };
        assert!(!answered || found == new.1, "what was acknowledged is there");
        if found == new.1 {
            (old, new) = (new, old);
        }
    }
    assert!(met > 0, "no kill met an import");
}

async fn a_client_that_leaves_changes_nothing(backend: Backend) {
    let archives = archives().await;
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let host = process(&backend, at).await;
    import(at, &archives.one.0, NAME, false).await.unwrap();
    let begun = Instant::now();
    import(at, &archives.other.0, NAME, true).await.unwrap();
    let longest = u64::try_from(begun.elapsed().as_micros()).unwrap();
    let mut random = Random::new(5);
    let (mut old, mut new) = (&archives.other, &archives.one);
    let mut left = 0;
    for _ in 0..LEAVE {
        let leaving = import(at, &new.0, NAME, true);
        let left_after = Duration::from_micros(random.below(longest));
        left += usize::from(tokio::time::timeout(left_after, leaving).await.is_err());
        // What was begun ends by itself: it is served again, as one or the other.
        eventually_async("it is served again", async || whole(at, &old.1, &new.1).await).await;
        // The next one may be told to wait for it.
        eventually_async("no import runs any more", async || match import(at, &new.0, NAME, true).await {
            Err(refused) if refused.code == "busy" => None,
            done => Some(done.unwrap()),
        })
        .await;
        assert_eq!(whole(at, &new.1, &new.1).await.as_ref(), Some(&new.1));
        (old, new) = (new, old);
    }
    assert!(left > 0, "nobody left");
    drop(host);
}

async fn what_the_archive_does_not_hold_is_not_dropped_unless_told_so(backend: Backend) {
    let archives = archives().await;
    let host = TestHost::start_on(&backend, &[ACCOUNTING]).await;
    host.client.get("/docs").await;
    let at = host.directory.path();
    let before = content(&export(at, "test").await);
    // Disabled, its data is left out of an archive, which says so, and is not dropped for one either.
    super::round::enable_types(&host, "test").await;
    let archive = export(at, "test").await;
    let left_out = super::opened(&archive).header().left_out.clone();
    assert_eq!(left_out.iter().map(ToString::to_string).collect::<Vec<_>>(), ["accounting"]);
    for archive in [&archive, &archives.other.0] {
        let refused = upload(at, archive, json!({ "tenant": "test", "replace": true })).await.unwrap_err();
        assert_eq!(refused.code, "left-out", "{refused}");
        assert!(refused.message.contains("`accounting`") && refused.message.contains("--drop-left-out"), "{refused}");
    }
    let bundle = conformance::bundles::bundle(ACCOUNTING);
    let installed = conformance::install(&host.host, &bundle).await.unwrap();
    let tenant = kernel_types::TenantId::parse("test").unwrap();
    host.host.enable(&tenant, &[conformance::wanted(&tenant, &installed)]).await.unwrap();
    let after = content(&export(at, "test").await);
    assert_eq!((&after["components"], &after["members"]), (&before["components"], &before["members"]));
    let told = json!({ "tenant": "test", "replace": true, "drop_left_out": true });
    upload(at, &archives.other.0, told).await.unwrap();
    assert_eq!(content(&export(at, "test").await), archives.other.1);
    host.stop().await;
}

/// The other host hears that a tenant is being replaced before its tables are: it answers with the old ones, not at
/// all, or with the new ones, and never as an operation that met tables which it does not know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_host_stops_serving_while_it_is_replaced() {
    let test = "another_host_stops_serving_while_it_is_replaced";
    let Some(backend) = Backend::postgres(test) else { return };
    let archives = archives().await;
    let one = TestHost::start_on(&backend, &[]).await;
    one.client.get("/docs").await;
    import(one.directory.path(), &archives.one.0, NAME, false).await.unwrap();
    let token = token(one.directory.path()).await;
    let other = TestHost::beside(&backend, &token).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let client = other.client.clone();
    let asking = tokio::spawn(async move {
        let mut found = std::collections::BTreeMap::new();
        while !*stopped.borrow() {
            let answer = client.get("/api/accounting/v1/accounts").await;
            *found.entry(answer.status).or_insert(0) += 1;
        }
        found
    });
    for archive in [&archives.other, &archives.one, &archives.other] {
        import(one.directory.path(), &archive.0, NAME, true).await.unwrap();
    }
    stop.send(true).unwrap();
    let found = asking.await.unwrap();
    // Served, not served now, and not enabled any more.
    assert!(found.keys().all(|status| [200, 503, 404].contains(status)), "{found:?}");
    assert!(found.contains_key(&503), "{found:?}");
    one.stop().await;
    other.stop().await;
}
