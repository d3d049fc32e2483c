// SPDX-License-Identifier: MIT OR Apache-2.0
//! A host that was hurt while it was stopped: it starts, serves whom it can, says what is wrong and how to mend it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a helper of a test is a test")]

use cap_state::{Change, Expect, Key, State as _};
use cortex::Chosen;
use cortex::host::{Host, Settings};
use edge_gateway::Backplane as _;
use edge_registry::{EnableError, Installed};
use kernel_types::{ComponentId, Grants, TenantId};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

/// Writes a bundle whose component exports, and perhaps imports, an interface.
fn bundle(directory: &Path, id: &str, version: &str, items: &str, world: &str, manifest: &str) -> PathBuf {
    let path = directory.join(format!("{id}-{version}"));
    fs::create_dir_all(&path).unwrap();
    let wit = format!(
        "package test:{id}@1.0.0;
         interface api {{ {items} }}
         world guest {{ {world} }}"
    );
    fs::write(path.join("component.wasm"), contract_samples::documented(&wit)).unwrap();
    let manifest = format!(
        "id: {id}\nversion: {version}\ntitle: Test\ndescription: A test.\nlicence: MIT\nworld: test:{id}/guest@1.0.0\n{manifest}"
    );
    fs::write(path.join("cortex.yaml"), manifest).unwrap();
    path
}

fn provider(directory: &Path, id: &str, version: &str) -> PathBuf {
    let operations = "operations:\n  api.call: { effect: write }\n";
    bundle(directory, id, version, "call: func(x: u32) -> u32;", "export api;", operations)
}

async fn open(directory: &Path) -> Arc<Host> {
    let settings = Settings { trust: signed_samples::trust(), ..Settings::at(&directory.join("home")) };
    Host::open(&settings).await.unwrap()
}

/// Signs a bundle and installs it.
async fn install(host: &Host, bundle: &Path) -> Arc<Installed> {
    host.install(signed_samples::package(bundle).unwrap(), true).await.unwrap()
}

/// A component with the consent to these capabilities.
fn granted(name: &str, installed: &Arc<Installed>, grants: &Grants) -> Chosen {
    let grant = signed_samples::grant(&tenant(name), installed, grants);
    Chosen { installed: Arc::clone(installed), grant }
}

fn wanted(name: &str, installed: &Arc<Installed>) -> Chosen {
    granted(name, installed, &installed.wanted())
}

/// The file in which the host remembers, opened as somebody else would.
fn remembered(directory: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(directory.join("home/state.sqlite")).unwrap()
}

async fn enable(host: &Host, name: &str, bundles: &[&PathBuf]) {
    host.create_tenant(&tenant(name)).await.unwrap();
    let mut choice = Vec::new();
    for bundle in bundles {
        let installed = install(host, bundle).await;
        choice.push(wanted(name, &installed));
    }
    host.enable(&tenant(name), &choice).await.unwrap();
}

/// The name of the file in a layout that holds the component of a bundle.
fn blob(bundle: &Path) -> String {
    kernel_types::Digest::of(&fs::read(bundle.join("component.wasm")).unwrap()).hex()
}

/// What the gateway would find: whether the tenant is served, and whether it is known and cannot be.
fn served(host: &Host, name: &str) -> (bool, bool) {
    (host.view(&tenant(name)).is_some(), host.suspended(&tenant(name)).is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_damaged_component_keeps_its_own_tenants_waiting_and_nobody_else() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (provider(directory.path(), "one", "1.0.0"), provider(directory.path(), "two", "1.0.0"));
    let unused = provider(directory.path(), "unused", "1.0.0");
    let host = open(directory.path()).await;
    enable(&host, "first", &[&one]).await;
    enable(&host, "both", &[&one, &two]).await;
    enable(&host, "second", &[&two]).await;
    let unused = install(&host, &unused).await.digest();
    let digest = install(&host, &one).await.digest();
    let path = host.layout().component(&digest);
    fs::remove_dir_all(host.layout().component(&unused)).unwrap();
    host.close().await;
    drop(host);
    let layer = path.join("blobs/sha256").join(blob(&one));
    let damages: &[&dyn Fn()] = &[
        &|| fs::remove_dir_all(&path).unwrap(),
        &|| fs::write(&layer, "cut").unwrap(),
        &|| fs::write(path.join("index.json"), "{}").unwrap(),
        &|| fs::remove_file(&layer).unwrap(),
    ];
    // What lies in the directory is made again from what is remembered.
    for damage in damages {
        damage();
        let host = open(directory.path()).await;
        assert_eq!((served(&host, "first"), served(&host, "both")), ((true, false), (true, false)));
        host.close().await;
    }
    let losses = ["DELETE FROM blobs", "UPDATE blobs SET bytes = x'00'"];
    for (damage, loss) in damages.iter().zip(losses.iter().cycle()) {
        damage();
        let kept = remembered(directory.path());
        let lost = kept.execute(&format!("{loss} WHERE digest IN (SELECT json_extract(text, '$.blob') FROM documents WHERE kind = 'component' AND name = ?1)"), [&digest.to_string()]);
        assert_eq!(lost.unwrap(), 1);
        let host = open(directory.path()).await;
        assert_eq!(served(&host, "first"), (false, true));
        assert_eq!(served(&host, "both"), (false, true));
        assert_eq!(served(&host, "second"), (true, false));
        assert_eq!(served(&host, "unknown"), (false, false));
        install(&host, &one).await;
        assert_eq!((served(&host, "first"), served(&host, "both")), ((true, false), (true, false)));
        host.close().await;
        drop(host);
        let host = open(directory.path()).await;
        assert_eq!((served(&host, "first"), served(&host, "both")), ((true, false), (true, false)), "it stays mended");
        host.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_that_cannot_be_remembered_is_not_put_into_force() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (provider(directory.path(), "one", "1.0.0"), provider(directory.path(), "one", "1.1.0"));
    let host = open(directory.path()).await;
    enable(&host, "first", &[&one]).await;
    let version = |host: &Host| {
        let set = host.registry().providers().get(&tenant("first")).unwrap();
        set.component(&ComponentId::parse("one").unwrap()).unwrap().installed.manifest().version.to_string()
    };
    let newer = install(&host, &two).await;
    // Somebody else holds the file for longer than the host waits.
    let other = remembered(directory.path());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let choice = [wanted("first", &newer)];
    host.enable(&tenant("first"), &choice).await.unwrap_err();
    assert_eq!(version(&host), "1.0.0");
    other.execute_batch("ROLLBACK").unwrap();
    host.enable(&tenant("first"), &choice).await.unwrap();
    assert_eq!(version(&host), "1.1.0");
    host.close().await;
    drop(host);
    let host = open(directory.path()).await;
    assert_eq!(version(&host), "1.1.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_that_contradicts_itself_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let host = open(directory.path()).await;
    let at = directory.path();
    let one = install(&host, &provider(at, "one", "1.0.0")).await;
    let newer = install(&host, &provider(at, "one", "1.1.0")).await;
    let calls = |id: &str, ty: &str| {
        let wit = format!(
            "package test:{id}@1.0.0;
             interface api {{ call: func() -> u32; }}
             world guest {{ import test:one/api@1.0.0; export api; }}
             package test:one@1.0.0 {{ interface api {{ call: func(x: {ty}) -> u32; }} }}"
        );
        let path = at.join(id);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("component.wasm"), contract_samples::documented(&wit)).unwrap();
        let manifest = format!(
            "id: {id}\nversion: 1.0.0\ntitle: Test\ndescription: A test.\nlicence: MIT\nworld: test:{id}/guest@1.0.0\n\
             operations:\n  api.call: {{ effect: write }}\ncalls:\n  - interface: test:one/api\n    reason: It is what the test is about.\n"
        );
        fs::write(path.join("cortex.yaml"), manifest).unwrap();
        path
    };
    let good = install(&host, &calls("good", "u32")).await;
    let other = install(&host, &calls("other", "s64")).await;
    host.create_tenant(&tenant("first")).await.unwrap();
    let wanted = |installed: &Arc<Installed>| wanted("first", installed);
    for (choice, expected) in [
        (vec![wanted(&one), wanted(&good)], None),
        (vec![wanted(&good)], Some("enable a component that provides it")),
        (vec![wanted(&one), wanted(&newer)], Some("chosen twice")),
        (vec![wanted(&one), wanted(&other)], Some("has with other types")),
        (vec![granted("first", &one, &Grants::default())], None),
        (vec![], None),
    ] {
        let error = host.enable(&tenant("first"), &choice).await.err();
        let text = error.as_ref().map(|error| format!("{error:#}")).unwrap_or_default();
        assert!(text.contains(expected.unwrap_or_default()) && text.is_empty() == expected.is_none(), "{text}");
        assert!(error.is_none_or(|error| error.is::<EnableError>()));
    }
    let nobody = host.enable(&tenant("nobody"), &[]).await.unwrap_err().to_string();
    assert!(nobody.contains("create it first"), "{nobody}");
}

/// A start reads what is remembered, and asks no tenant's database anything.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_tenants_are_served_from_the_start() {
    const TENANTS: usize = 1_000;
    let directory = tempfile::tempdir().unwrap();
    let host = open(directory.path()).await;
    let installed = install(&host, &provider(directory.path(), "one", "1.0.0")).await;
    host.close().await;
    drop(host);
    let state = backend_sqlite::SqliteState::open(&directory.path().join("home/state.sqlite")).await.unwrap();
    let change = |number: usize| {
        let name = format!("tenant-{number}");
        let grant = signed_samples::grant(&tenant(&name), &installed, &Grants::default());
        let (package, accepted_at, before) = (installed.digest(), jiff::Timestamp::now(), None);
        let choice = edge_registry::Choice { package, grant, accepted_at, before };
        let components = [(installed.manifest().id.clone(), choice)].into();
        let text = serde_json::to_string(&edge_registry::TenantRecord { components, importing: None }).unwrap();
        Change::put(Key::new("tenant", &name).unwrap(), text, Expect::Absent)
    };
    let changes: Vec<_> = (0..TENANTS).map(change).collect();
    for some in changes.chunks(cap_state::limits::CHANGES_MAX) {
        state.commit(some).await.unwrap();
    }
    state.close().await;
    let begin = std::time::Instant::now();
    let host = open(directory.path()).await;
    println!("a start with {TENANTS} tenants: {:?}", begin.elapsed());
    assert_eq!(host.tenants(), TENANTS);
    assert!((0..TENANTS).all(|number| served(&host, &format!("tenant-{number}")) == (true, false)));
    let set = |number: usize| host.registry().providers().get(&tenant(&format!("tenant-{number}"))).unwrap();
    assert!(Arc::ptr_eq(&set(0), &set(TENANTS - 1)), "tenants with the same choice share it");
}

/// Waits for what becomes so by itself.
async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let begin = std::time::Instant::now();
    while !is() {
        assert!(begin.elapsed().as_secs() < 60, "it does not come: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// What was remembered is put back under a running host: it goes by what is there, also by what is not there any more,
/// and hears of what comes after.
#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_goes_back_is_learned_anew() {
    let directory = tempfile::tempdir().unwrap();
    let one = provider(directory.path(), "one", "1.0.0");
    let host = open(directory.path()).await;
    enable(&host, "first", &[&one]).await;
    let early = host.issue_token(&tenant("first"), "early", kernel_types::PermissionSet::of(["*"])).await.unwrap();
    let file = remembered(directory.path());
    file.execute_batch(
        "CREATE TABLE saved AS SELECT * FROM documents; CREATE TABLE at AS SELECT revision FROM installation",
    )
    .unwrap();
    assert!(host.revoke_token(&early).await.unwrap());
    let late = host.issue_token(&tenant("first"), "late", kernel_types::PermissionSet::of(["*"])).await.unwrap();
    for name in ["second", "third", "fourth"] {
        enable(&host, name, &[&one]).await;
    }
    host.enable(&tenant("first"), &[]).await.unwrap();
    let components = |name: &str| host.registry().providers().get(&tenant(name)).map(|set| set.components().len());
    assert_eq!((components("first"), components("second")), (Some(0), Some(1)));
    file.execute_batch(
        "BEGIN IMMEDIATE; DELETE FROM documents; INSERT INTO documents SELECT * FROM saved;
         UPDATE installation SET revision = (SELECT revision FROM at); DROP TABLE saved; DROP TABLE at; COMMIT",
    )
    .unwrap();
    eventually("the tenants of later are gone", || components("second").is_none()).await;
    assert_eq!((components("first"), served(&host, "second")), (Some(1), (false, false)));
    assert_eq!((host.knows_token(&tenant("first"), &early), host.knows_token(&tenant("first"), &late)), (true, false));
    // Fewer commits than were lost, and each is in force.
    enable(&host, "second", &[]).await;
    assert_eq!((components("second"), host.tenants()), (Some(0), 2));
    host.enable(&tenant("first"), &[]).await.unwrap();
    assert_eq!(components("first"), Some(0));
    host.close().await;
}

/// What this machine's disk cannot do now says nothing of a component: it is tried again.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_for_a_while_makes_no_component_unusable() {
    let directory = tempfile::tempdir().unwrap();
    let one = provider(directory.path(), "one", "1.0.0");
    let host = open(directory.path()).await;
    enable(&host, "first", &[&one]).await;
    host.close().await;
    drop(host);
    let components = directory.path().join("home/components");
    fs::remove_dir_all(&components).unwrap();
    fs::write(&components, "something in the way").unwrap();
    let host = open(directory.path()).await;
    assert_eq!(served(&host, "first"), (false, true));
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    assert_eq!(served(&host, "first"), (false, true), "it was tried again meanwhile");
    fs::remove_file(&components).unwrap();
    eventually("it is served", || served(&host, "first") == (true, false)).await;
    host.close().await;
}
