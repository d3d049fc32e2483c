// SPDX-License-Identifier: MIT OR Apache-2.0
//! The file under damage. What every state does is tested in `conformance/storage`.

use super::*;
use cap_state::Expect;
use std::os::unix::fs::PermissionsExt as _;

fn put(name: &str) -> [Change; 1] {
    [Change::put(Key::new("test", name).unwrap(), "{}", Expect::Anything)]
}

#[tokio::test]
async fn a_damaged_file_is_refused_by_name_and_never_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.sqlite");
    let state = SqliteState::open(&path).await.unwrap();
    state.commit(&put("a")).await.unwrap();
    state.close().await;
    assert!(matches!(state.commit(&put("a")).await, Err(StateError::Unavailable(_))), "it is closed");
    let good = std::fs::read(&path).unwrap();
    let later = {
        let copy = directory.path().join("later.sqlite");
        std::fs::write(&copy, &good).unwrap();
        Connection::open(&copy).unwrap().execute_batch("PRAGMA user_version = 9").unwrap();
        std::fs::read(copy).unwrap()
    };
    let text = b"this is no database, and was none before. ".repeat(500);
    for (damage, expected) in [
        (Vec::new(), "state.sqlite"),
        (text, "state.sqlite"),
        (good[..good.len() / 2].to_vec(), "state.sqlite"),
        (later, "layout 9"),
    ] {
        std::fs::write(&path, &damage).unwrap();
        let error = match SqliteState::open(&path).await {
            // What a cut file lacks may be found out only when it is read.
            Ok(state) => state.changes(Revision::default()).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(!matches!(error, StateError::Unavailable(_)) && error.to_string().contains(expected), "{error}");
    }
    std::fs::write(&path, good).unwrap();
    let state = SqliteState::open(&path).await.unwrap();
    assert_eq!(state.changes(Revision::default()).await.unwrap().documents.len(), 1);
}

#[tokio::test]
async fn a_blob_that_was_changed_is_not_handed_out_and_can_be_put_right() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.sqlite");
    let state = SqliteState::open(&path).await.unwrap();
    let digest = state.put_blob(b"bytes").await.unwrap();
    Connection::open(&path).unwrap().execute("UPDATE blobs SET bytes = x'00'", []).unwrap();
    assert!(matches!(state.blob(&digest).await, Err(StateError::Damaged(_))));
    state.put_blob(b"bytes").await.unwrap();
    assert_eq!(state.blob(&digest).await.unwrap().unwrap(), b"bytes");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_leftover_of_a_start_that_was_killed_is_no_hindrance() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.sqlite");
    std::fs::write(path.with_extension("new"), "half").unwrap();
    SqliteState::open(&path).await.unwrap().commit(&put("a")).await.unwrap();
    assert!(!path.with_extension("new").exists());
}
