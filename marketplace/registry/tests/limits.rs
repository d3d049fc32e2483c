// SPDX-License-Identifier: MIT OR Apache-2.0
//! Too much, too slow, cut off, killed: what is kept stays whole, and what is not is gone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test is a test")]

mod support;

use cortex_registry::{IMAGE_MANIFEST, Settings, Store};
use kernel_types::Digest;
use reqwest::Method;
use serde_json::json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};
use support::{Registry, TOKEN, code, header, settings};

#[tokio::test]
async fn every_limit_is_refused_by_name() {
    let small = Settings {
        blob_bytes_max: 100,
        manifest_bytes_max: 2_000,
        storage_bytes_max: 2_000,
        uploads_max: 2,
        repositories_max: 2,
        manifests_max: 2,
        referrers_max: 1,
        ..settings()
    };
    let registry = Registry::with(small).await;
    let place = registry.begin("a").await;
    let answer = registry.request(Method::PATCH, &place).body("x".repeat(101)).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), code(answer).await.as_str()), (413, "SIZE_INVALID"));
    let second = registry.begin("a").await;
    let answer = registry.request(Method::POST, "/v2/a/blobs/uploads/").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), code(answer).await.as_str()), (429, "TOOMANYREQUESTS"));
    for place in [place, second] {
        assert_eq!(registry.request(Method::DELETE, &place).send().await.unwrap().status(), 204);
    }
    assert_eq!(registry.store.used_bytes(), 0);

    let image = registry.image("a", b"layer").await;
    let large = json!({ "x": "y".repeat(2_000) });
    assert_eq!(code(registry.put_manifest("a", "1", &large).await).await, "SIZE_INVALID");
    assert_eq!(registry.put_manifest("a", "1", &image).await.status(), 201);
    let attach = |name: &str| {
        let mut attached = image.clone();
        attached["subject"] = json!({ "mediaType": IMAGE_MANIFEST, "digest": Digest::of(b"x"), "size": 1 });
        attached["annotations"] = json!({ "name": name });
        attached
    };
    assert_eq!(registry.put_manifest("a", "2", &attach("one")).await.status(), 201);
    // One manifest more than two, one attached more than one: either refuses.
    assert_eq!(code(registry.put_manifest("a", "3", &attach("two")).await).await, "DENIED");
    assert_eq!(code(registry.put_manifest("a", "3", &image).await).await, "DENIED", "a third tag");

    registry.put_blob("b", b"{}").await;
    let place = registry.begin("c").await;
    let put = registry.request(Method::PUT, &format!("{place}?digest={}", Digest::of(b"z"))).body("z");
    assert_eq!(code(put.send().await.unwrap()).await, "DENIED", "a third repository");

    let mut refused = false;
    for number in 0..40 {
        let place = registry.begin("a").await;
        let bytes = format!("{number:0>100}");
        let put =
            registry.request(Method::PUT, &format!("{place}?digest={}", Digest::of(bytes.as_bytes()))).body(bytes);
        let answer = put.send().await.unwrap();
        if answer.status() != 201 {
            let body = answer.text().await.unwrap();
            assert!(body.contains("the registry is full"), "{body}");
            refused = true;
            break;
        }
    }
    assert!(refused && registry.store.used_bytes() <= 2_000);
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_cut_and_can_go_on() {
    let registry = Registry::with(Settings { idle_ms_max: 3_000, ..settings() }).await;
    let place = registry.begin("a").await;
    let address = registry.address.clone();
    let path = place.clone();
    // Six bytes of eleven, and then silence.
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!(
            "PATCH {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: 11\r\n\r\nhello "
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.contains("nothing came for 3000 milliseconds"), "{answer}");
    let status = registry.get(&place).await;
    assert_eq!(header(&status, "range"), "0-5");
    let digest = Digest::of(b"hello world");
    let rest = registry.request(Method::PUT, &format!("{place}?digest={digest}")).body("world");
    assert_eq!(rest.send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn an_upload_survives_a_restart_and_is_gone_on_with() {
    let registry = Registry::start().await;
    let place = registry.begin("a").await;
    assert_eq!(registry.request(Method::PATCH, &place).body("hello ").send().await.unwrap().status(), 202);
    let registry = registry.again(settings()).await;
    assert_eq!(registry.store.used_bytes(), 6);
    assert_eq!(header(&registry.get(&place).await, "range"), "0-5");
    let digest = Digest::of(b"hello world");
    let rest = registry.request(Method::PUT, &format!("{place}?digest={digest}")).body("world");
    assert_eq!(rest.send().await.unwrap().status(), 201);
    let registry = registry.again(settings()).await;
    assert_eq!(registry.get(&format!("/v2/a/blobs/{digest}")).await.text().await.unwrap(), "hello world");
    assert_eq!(registry.store.used_bytes(), 11);
}

#[tokio::test]
async fn a_store_belongs_to_one_registry() {
    let registry = Registry::start().await;
    let error = Store::open(registry.folder.path(), settings()).unwrap_err();
    assert!(error.to_string().contains("another registry runs"), "{error}");
}

#[tokio::test]
async fn a_collection_removes_what_nothing_names() {
    let registry =
        Registry::with(Settings { unreferenced_seconds_max: 60, upload_seconds_max: 60, ..settings() }).await;
    let kept = registry.put_image("a", "1", b"kept").await;
    let gone = registry.put_image("a", "2", b"gone").await;
    let attached = {
        let mut attached = registry.image("a", b"signature").await;
        attached["subject"] = json!({ "mediaType": IMAGE_MANIFEST, "digest": kept, "size": 1 });
        attached
    };
    assert_eq!(registry.put_manifest("a", "s", &attached).await.status(), 201);
    registry.put_blob("a", b"never named").await;
    registry.put_blob("b", b"shared").await;
    let place = registry.begin("a").await;
    let delete = registry.request(Method::DELETE, &format!("/v2/a/manifests/{gone}")).send().await.unwrap();
    assert_eq!(delete.status(), 202);
    let store = registry.store.clone();
    let collect = |at: SystemTime| {
        let store = store.clone();
        async move { tokio::task::spawn_blocking(move || store.collect(at).unwrap()).await.unwrap() }
    };
    // Young: only the deleted manifest's own bytes are nobody's.
    let now = collect(SystemTime::now()).await;
    assert_eq!((now.uploads, now.links, now.blobs), (0, 0, 1));
    let later = collect(SystemTime::now() + Duration::from_secs(120)).await;
    assert_eq!((later.uploads, later.links, later.blobs), (1, 3, 3), "`gone`, `never named`, `shared`");
    assert_eq!(registry.get(&place).await.status(), 404);
    assert_eq!(registry.get(&format!("/v2/a/blobs/{}", Digest::of(b"gone"))).await.status(), 404);
    for kept in ["kept", "signature", "{}"] {
        assert_eq!(registry.get(&format!("/v2/a/blobs/{}", Digest::of(kept.as_bytes()))).await.status(), 200, "{kept}");
    }
    assert_eq!(registry.get(&format!("/v2/a/manifests/{kept}")).await.status(), 200);
    assert_eq!(collect(SystemTime::now() + Duration::from_secs(120)).await, cortex_registry::Collected::default());
}

/// The program, on a folder; its address.
fn program(folder: &std::path::Path, tokens: &std::path::Path) -> (std::process::Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cortex-registry"))
        .args(["serve", "--anonymous-pull", "--listen", "127.0.0.1:0", "--root"])
        .arg(folder)
        .arg("--tokens")
        .arg(tokens)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    (child, address)
}

#[tokio::test]
async fn killed_while_blobs_come_in_it_has_each_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, format!("push * {}\n", Digest::of(TOKEN.as_bytes()))).unwrap();
    let root = folder.path().join("root");
    let http = reqwest::Client::new();
    let blob = |number: usize| format!("{number:08}").repeat(40_000).into_bytes();
    let mut acknowledged = Vec::new();
    for round in 0..5usize {
        let (mut child, address) = program(&root, &tokens);
        let push = |number: usize| {
            let (http, address, bytes) = (http.clone(), address.clone(), blob(number));
            async move {
                let digest = Digest::of(&bytes);
                let url = format!("http://{address}/v2/a/blobs/uploads/?digest={digest}");
                let sent = http.post(url).bearer_auth(TOKEN).body(bytes).send().await;
                sent.ok().filter(|answer| answer.status() == 201).map(|_| digest)
            }
        };
        let mut tasks: tokio::task::JoinSet<_> = (0..12).map(|number| push(round * 100 + number)).collect();
        // Killed in the middle: when the first few are through.
        for _ in 0..3 {
            acknowledged.extend(tasks.join_next().await.unwrap().unwrap());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        while let Some(done) = tasks.join_next().await {
            acknowledged.extend(done.unwrap());
        }
    }
    assert!(acknowledged.len() >= 15);
    let (mut child, address) = program(&root, &tokens);
    for digest in &acknowledged {
        let answer = http.get(format!("http://{address}/v2/a/blobs/{digest}")).send().await.unwrap();
        assert_eq!(Digest::of(&answer.bytes().await.unwrap()), *digest, "what was acknowledged is there");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // Whatever has a name is what its name says.
    let mut contents = 0;
    for shard in std::fs::read_dir(root.join("blobs")).unwrap() {
        for file in std::fs::read_dir(shard.unwrap().path()).unwrap() {
            let file = file.unwrap();
            let digest = Digest::of(&std::fs::read(file.path()).unwrap());
            assert_eq!(digest.hex(), file.file_name().to_str().unwrap());
            contents += 1;
        }
    }
    assert!(contents >= acknowledged.len());
}
