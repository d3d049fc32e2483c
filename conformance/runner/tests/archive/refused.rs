// SPDX-License-Identifier: MIT OR Apache-2.0
//! What cannot be taken in leaves nothing, and what is asked wrongly is told so.

use super::{act, export, import, on_postgres, opened, operator, start};
use conformance::TestHost;
use conformance::books::ACCOUNTING;
use edge_archive::{Archive, Header, Writer};
use edge_operator::{Operator as _, Request};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Every file below a directory, but for what the databases and the cache of machine code keep for themselves.
fn files(directory: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&path));
            found.insert(path);
        } else if !path.extension().is_some_and(|kind| kind == "sqlite-wal" || kind == "sqlite-shm") {
            found.insert(path);
        }
    }
    found
}

/// An archive with the same content, but for what is changed.
fn changed(archive: &Archive, header: &Header, file: impl Fn(&str, &[u8]) -> Vec<u8>) -> Vec<u8> {
    tokio::task::block_in_place(|| write(archive, header, file))
}

fn write(archive: &Archive, header: &Header, file: impl Fn(&str, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), header).unwrap();
    archive
        .files(|component, path, content| {
            writer.file(component, path, &file(path, content)).map_err(|error| std::io::Error::other(error.to_string()))
        })
        .unwrap();
    let (sender, mut receiver) = cap_storage::transfer::rows();
    std::thread::scope(|scope| {
        scope.spawn(|| archive.feed(sender));
        while let Some(batch) = receiver.blocking_next().unwrap() {
            writer.rows(batch.table, &batch.rows).unwrap();
        }
    });
    writer.finish().unwrap().2
}

async fn check(host: &TestHost) {
    let directory = host.directory.path();
    let sound = export(directory, "test").await;
    let archive = opened(&sound);
    let same = |_: &str, content: &[u8]| content.to_vec();
    let mut version = sound.clone();
    let middle = sound.len() / 2;
    version[middle] ^= 1;
    let mut damaged = vec![
        ("archive", version),
        ("archive", sound[..sound.len() - 1].to_vec()),
        ("archive", sound[..middle].to_vec()),
        ("archive", Vec::new()),
        ("archive", [sound.as_slice(), b"x"].concat()),
    ];
    let other = |path: &str, content: &[u8]| {
        if path.starts_with("blobs/") && content.starts_with(b"\0asm") { b"\0asm".to_vec() } else { content.to_vec() }
    };
    damaged.push(("component", changed(&archive, archive.header(), other)));
    // The migrations make other tables than the rows are for.
    let mut header = archive.header().clone();
    header.components[0].tables[0].columns[0].name = "other".to_owned();
    header.components[0].tables[0].key = vec!["other".to_owned()];
    damaged.push(("archive", changed(&archive, &header, same)));
    let mut header = archive.header().clone();
    header.components[0].migrations[0].number = 2;
    damaged.push(("component", changed(&archive, &header, same)));
    let before = (act(directory, "tenant.list", json!({})).await.unwrap(), files(directory));
    for (code, bytes) in damaged {
        let refused = import(directory, &bytes, "other", false).await.unwrap_err();
        assert_eq!(refused.code, code, "{refused}");
        assert_eq!((act(directory, "tenant.list", json!({})).await.unwrap(), files(directory)), before, "{refused}");
        let refused = import(directory, &bytes, "test", true).await.unwrap_err();
        assert_eq!(refused.code, code, "{refused}");
        assert_eq!((act(directory, "tenant.list", json!({})).await.unwrap(), files(directory)), before, "{refused}");
    }
    // And the tenant is as it was.
    assert_eq!(super::content(&export(directory, "test").await), super::content(&sound));
    import(directory, &sound, "other", false).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_taken_in_leaves_nothing() {
    let host = start(&[ACCOUNTING]).await;
    check(&host).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_likewise() {
    let Some((host, _database)) = on_postgres(&[ACCOUNTING]).await else { return };
    check(&host).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_says_what_is_wrong() {
    let host = start(&[]).await;
    let directory = host.directory.path();
    let socket = cortex::layout::Layout::at(directory).operator();
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let cases: &[(&str, Value, &str)] = &[
        ("nothing", json!({}), "unknown-action"),
        ("tenant.export", json!({}), "invalid-input"),
        ("tenant.export", json!({ "tenant": "../x" }), "invalid-input"),
        ("tenant.export", json!({ "tenant": "nobody" }), "unknown-tenant"),
        ("tenant.export", json!({ "tenant": "test", "more": 1 }), "invalid-input"),
        ("tenant.import", json!({}), "invalid-request"),
        ("tenant.token", json!({ "tenant": "nobody", "subject": "x", "permissions": [] }), "unknown-tenant"),
        ("tenant.create", json!({ "tenant": "test" }), "tenant-exists"),
        ("status", json!([1]), "invalid-input"),
    ];
    for (action, input, code) in cases {
        let refusal = operator(directory).call(Request::new(action, input.clone())).await.err().unwrap();
        assert_eq!(refusal.code, *code, "{action} {input}: {refusal}");
    }
    assert_eq!(act(directory, "tenant.create", json!({ "tenant": "ünder" })).await.unwrap_err().code, "invalid-input");
    act(directory, "tenant.create", json!({ "tenant": "new" })).await.unwrap();
    let status = act(directory, "status", json!({})).await.unwrap();
    assert_eq!((&status["tenants"], &status["ready"]), (&json!(2), &json!(true)));
    host.stop().await;
    assert!(!socket.exists());
}
