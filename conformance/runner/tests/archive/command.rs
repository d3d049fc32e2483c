// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex backup`, `restore` and `tenant`, as a person runs them: with a host that runs, and with none.

use super::{blocking, start};
use conformance::books::{self, ACCOUNTING, entry, path};
use conformance::program::command;
use serde_json::{Value, json};
use std::path::Path;

/// Runs the program; its standard output, or its standard error where it fails.
async fn run(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    let (directory, arguments) =
        (directory.to_owned(), arguments.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
    blocking(move || {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let mut command = command(&directory, &arguments);
        command.env_remove("CORTEX_DATABASE_URL");
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    })
    .await
}

async fn json_of(directory: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&run(directory, arguments).await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_running_host_is_restored_into_another_directory() {
    let host = start(&[ACCOUNTING]).await;
    let second = host.tenant("second", &[ACCOUNTING]).await;
    for (client, count) in [(host.client.clone(), 3), (second, 5)] {
        blocking(move || {
            books::set_up(&client).unwrap();
            for number in 0..count {
                let body = json!({ "entry": entry("2026-03-01", &number.to_string()) });
                client.call(&path("journal/post"), &body).unwrap().ok();
            }
        })
        .await;
    }
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (host.directory.path(), folder.path().join("backup"));
    let to_text = to.to_str().unwrap();
    // What an attempt before left half done is no archive.
    std::fs::create_dir(&to).unwrap();
    std::fs::write(to.join("second.cortex.part"), "half").unwrap();
    let index = json_of(from, &["backup", "--to", to_text, "--json"]).await;
    let archives = index["archives"].as_array().unwrap();
    assert_eq!(archives.iter().map(|one| &one["tenant"]).collect::<Vec<_>>(), ["second", "test"]);
    assert!(!to.join("second.cortex.part").exists());
    let again = run(from, &["backup", "--to", to_text]).await.unwrap_err();
    assert!(again.contains("choose another directory"), "{again}");
    let listed = json_of(from, &["tenant", "list", "--json"]).await;
    assert_eq!(listed["tenants"].as_array().unwrap().len(), 2);

    // Nothing is taken in of a backup that is damaged anywhere.
    let home = folder.path().join("home");
    let sound = std::fs::read(to.join("test.cortex")).unwrap();
    let index = std::fs::read_to_string(to.join("backup.json")).unwrap();
    let mut damaged = sound.clone();
    damaged[sound.len() / 3] ^= 4;
    let restore = ["restore", "--from", to_text];
    std::fs::write(to.join("test.cortex"), &damaged).unwrap();
    let error = run(&home, &restore).await.unwrap_err();
    assert!(error.contains("damaged") && error.contains("nothing was taken in"), "{error}");
    std::fs::copy(to.join("second.cortex"), to.join("test.cortex")).unwrap();
    let error = run(&home, &restore).await.unwrap_err();
    assert!(error.contains("is not the archive that the index"), "{error}");
    std::fs::write(to.join("test.cortex"), &sound).unwrap();
    std::fs::write(to.join("backup.json"), index.replacen("\"rows\": ", "\"rows\": 1", 1)).unwrap();
    let error = run(&home, &restore).await.unwrap_err();
    assert!(error.contains("damaged"), "{error}");
    std::fs::write(to.join("backup.json"), index).unwrap();
    assert!(!home.exists(), "the directory of the host was not even made");

    // Without a host, in process; then the tenants are there. A directory that trusts nobody takes nothing in.
    let error = run(&home, &restore).await.unwrap_err();
    assert!(error.contains("no publisher may sign"), "{error}");
    signed_samples::write_trust(&home).unwrap();
    let taken = json_of(&home, &["restore", "--from", to_text, "--json", "--tenant", "test"]).await;
    assert_eq!(taken["tenants"].as_array().unwrap().len(), 1);
    let error = run(&home, &restore).await.unwrap_err();
    assert!(error.contains("`test` has data already") && error.contains("--replace"), "{error}");
    run(&home, &["restore", "--from", to_text, "--replace"]).await.unwrap();
    let file = folder.path().join("one.cortex");
    let one = json_of(&home, &["tenant", "export", "second", "--to", file.to_str().unwrap(), "--json"]).await;
    assert_eq!(
        super::content(&std::fs::read(&file).unwrap()),
        super::content(&std::fs::read(to.join("second.cortex")).unwrap())
    );
    let another = ["tenant", "import", file.to_str().unwrap(), "--as", "third", "--json"];
    let error = run(from, &another).await.unwrap_err();
    assert!(error.contains("who agrees?"), "{error}");
    let (key, passphrase) = signed_samples::key_files(folder.path()).unwrap();
    let by = ["--key", key.to_str().unwrap(), "--passphrase-file", passphrase.to_str().unwrap()];
    let error = run(from, &[&another[..], &by].concat()).await.unwrap_err();
    assert!(error.contains("nobody can be asked here") && error.contains("may use cortex:"), "{error}");
    let imported = json_of(from, &[&another[..], &by, &["--yes"]].concat()).await;
    assert_eq!(imported["rows"], one["rows"]);
    let token = run(from, &["tenant", "token", "third"]).await.unwrap();
    let third = conformance::client::Client::new(&host.url, token.trim());
    blocking(move || assert_eq!(books::entries(&third).unwrap().len(), 5)).await;
    host.stop().await;
}

/// One tenant that cannot be written does not keep the others from being written, and is said; what an attempt before
/// left is not taken for what is there now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_says_what_it_misses_and_holds_the_rest() {
    let host = start(&[ACCOUNTING]).await;
    let second = host.tenant("second", &[ACCOUNTING]).await;
    blocking(move || books::set_up(&second).unwrap()).await;
    let directory = host.directory.clone();
    let from = directory.path();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backup");
    let to_text = to.to_str().unwrap();
    run(from, &["backup", "--to", to_text]).await.unwrap();
    let stale = std::fs::read(to.join("second.cortex")).unwrap();
    host.stop().await;
    signed_samples::write_trust(from).unwrap();
    // As an attempt before left it, of another time.
    std::fs::remove_file(to.join("backup.json")).unwrap();
    let state = rusqlite::Connection::open(from.join("state.sqlite")).unwrap();
    let whole: String = state
        .query_row("SELECT text FROM documents WHERE kind = 'tenant' AND name = 'test'", [], |row| row.get(0))
        .unwrap();
    let set = |text: &str| {
        let sql = "UPDATE documents SET text = ?1 WHERE kind = 'tenant' AND name = 'test'";
        assert_eq!(state.execute(sql, [text]).unwrap(), 1);
    };
    set("{}");
    for _ in 0..2 {
        // Again in the same directory: a backup that is not whole is written anew.
        let error = run(from, &["backup", "--to", to_text]).await.unwrap_err();
        assert!(error.contains("tenant `test` is not in the backup") && error.contains("not served"), "{error}");
        assert!(!to.join("test.cortex").exists(), "what is not of now is not there");
        let index: Value = serde_json::from_slice(&std::fs::read(to.join("backup.json")).unwrap()).unwrap();
        assert_eq!(index["missing"][0]["tenant"], "test");
        let archives: Vec<_> = index["archives"].as_array().unwrap().iter().map(|one| &one["tenant"]).collect();
        assert_eq!(archives, ["second"]);
    }
    assert_ne!(std::fs::read(to.join("second.cortex")).unwrap(), stale, "it is of now");
    let home = folder.path().join("home");
    signed_samples::write_trust(&home).unwrap();
    let said = run(&home, &["restore", "--from", to_text]).await.unwrap();
    assert!(said.contains("tenant `test` is not in the backup"), "{said}");
    let error = run(&home, &["restore", "--from", to_text, "--tenant", "test"]).await.unwrap_err();
    assert!(error.contains("holds no tenant `test`"), "{error}");
    set(&whole);
    run(from, &["backup", "--to", to_text]).await.unwrap();
    let again = run(from, &["backup", "--to", to_text]).await.unwrap_err();
    assert!(again.contains("holds a whole backup"), "{again}");
}

/// A directory whose host uses PostgreSQL is not opened as one with files.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_without_the_database_is_told_to_name_it() {
    let Some((host, database)) = super::on_postgres(&[ACCOUNTING]).await else { return };
    let directory = host.directory.clone();
    host.stop().await;
    let error = run(directory.path(), &["tenant", "list"]).await.unwrap_err();
    assert!(error.contains("name it with `--database-url`"), "{error}");
    assert!(!directory.path().join("data/tenants").exists() && !directory.path().join("state.sqlite").exists());
    signed_samples::write_trust(directory.path()).unwrap();
    let listed = run(directory.path(), &["tenant", "--database-url", &database.url, "list"]).await.unwrap();
    assert!(listed.contains("test: accounting"), "{listed}");
}
