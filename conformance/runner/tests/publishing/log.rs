// SPDX-License-Identifier: MIT OR Apache-2.0
//! The log of a signing service: audited with its own keys, or by anybody who has the trusted root and a copy.

use crate::desk::{Desk, IDENTITY};
use serde_json::{Value, json};
use std::path::Path;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target)
        } else {
            drop(std::fs::copy(entry.path(), target))
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_audited_and_what_was_changed_is_found() {
    let desk = Desk::new();
    let service = desk.service(IDENTITY).await;
    let publisher = service.publisher().unwrap();
    for number in 0..5_u8 {
        publisher.sign(&service.token().unwrap(), &[number]).await.unwrap();
    }
    let (folder, root, secret) =
        (desk.path("service"), desk.path("trusted_root.json"), desk.path("service/passphrase"));
    copy(&desk.file("service/log"), &desk.file("copy"));
    let log = "authority.cortex.invalid";
    // Beside the running service, with its keys or without; and a copy.
    let with_keys = ["log", "fsck", &folder, "--passphrase-file", &secret];
    let with_root = ["log", "fsck", &folder, "--trusted-root", &root];
    let of_copy = ["log", "fsck", &desk.path("copy"), "--trusted-root", &root];
    let mut reports = Vec::new();
    for arguments in [with_keys.as_slice(), &with_root, &of_copy] {
        assert_eq!(desk.done(arguments), format!("the log `{log}` with 5 entries is sound\n"));
        reports.push(desk.json(arguments));
    }
    assert!(reports.iter().all(|report| *report == reports[0]), "{reports:?}");
    let report = &reports[0];
    assert_eq!((&report["log"], &report["entries"], &report["sound"]), (&json!(log), &json!(5), &json!(true)));
    assert_eq!((&report["root"], &report["findings"]), (&report["signedRoot"], &json!([])));

    let newest = ["log", "checkpoint", &folder, "--trusted-root", &root];
    let note = desk.done(&newest);
    assert_eq!(note.lines().take(2).collect::<Vec<_>>(), [log, "5"]);
    assert_eq!(note.lines().nth(2), report["root"].as_str());
    let as_json = desk.json(&newest);
    assert_eq!((&as_json["log"], &as_json["entries"], &as_json["root"]), (&json!(log), &json!(5), &report["root"]));
    assert_eq!(as_json["note"].as_str(), Some(&*note));
    assert_eq!(desk.done(&["log", "checkpoint", &folder, "--passphrase-file", &secret]), note);
    service.stop().await;

    desk.refused(
        &["log", "fsck", &folder, "--passphrase-file", &desk.path("passphrase")],
        &["the passphrase is not its own"],
    );
    desk.refused(
        &["log", "fsck", &desk.path("nothing"), "--trusted-root", &root],
        &["has no checkpoint, so it is no log"],
    );
    desk.write("wrong.json", "{}");
    desk.refused(
        &["log", "fsck", &folder, "--trusted-root", &desk.path("wrong.json")],
        &["wrong.json` is no trusted root"],
    );
    desk.write("empty.json", "{\"tlogs\":[]}");
    let empty = ["log", "checkpoint", &folder, "--trusted-root", &desk.path("empty.json")];
    desk.refused(&empty, &["knows no log with a key of Ed25519"]);
    // The same name with another key: not this log.
    let stranger = signing_client::development::Development::start(&desk.file("stranger"), IDENTITY).await.unwrap();
    desk.write("stranger.json", &stranger.trusted_root().to_string());
    stranger.stop().await;
    let other = ["log", "checkpoint", &folder, "--trusted-root", &desk.path("stranger.json")];
    desk.refused(&other, &["the checkpoint is not signed with the log's key"]);

    // One bit of an entry, then of the checkpoint.
    let entries = files(&desk.file("copy/tile/entries"));
    let [tile] = entries.as_slice() else { panic!("{entries:?}") };
    let sound = std::fs::read(tile).unwrap();
    let mut spoiled = sound.clone();
    spoiled[40] ^= 1;
    std::fs::write(tile, spoiled).unwrap();
    let printed = desk.run(&[of_copy.as_slice(), &["--json"]].concat());
    let report: Value = serde_json::from_str(&printed.out).unwrap();
    assert_eq!((printed.code, &report["sound"]), (Some(1), &json!(false)));
    assert_ne!(report["root"], report["signedRoot"]);
    let findings = report["findings"].to_string();
    assert!(
        findings.contains("the hash 0 of the tile") && findings.contains("is not the one that was signed"),
        "{findings}"
    );
    desk.refused(&of_copy, &["the log is not what was signed"]);
    std::fs::write(tile, sound).unwrap();
    desk.done(&of_copy);
    desk.write("copy/checkpoint", &desk.read("copy/checkpoint").replacen("\n5\n", "\n4\n", 1));
    desk.refused(&of_copy, &["the checkpoint is not signed with the log's key"]);
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
