// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex up --demo` as a newcomer runs it, in a directory of its own on a free port: what it prints works when
//! pasted, it ends in order, and it starts again after anything that can happen to it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test is a test"
)]

#[path = "up/daemon.rs"]
mod daemon;

use conformance::books;
use conformance::bundles::workspace;
use conformance::client::Client;
use conformance::eventually::eventually;
use conformance::program::{installed, run};
use conformance::wire::Request;
use daemon::Daemon;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

const UP: &[&str] = &["up", "--demo", "--listen", "127.0.0.1:0"];

/// Runs a printed line as a person does who pastes it.
fn pasted(line: &str) -> Value {
    let output = Command::new("sh").arg("-c").arg(line).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{line} prints `{text}`: {error}"))
}

#[test]
fn what_a_newcomer_sees_works_and_goes_on_after_a_stop_and_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(directory.path(), UP);
    let printed = daemon.printed.clone();
    assert_eq!(printed.curl.len(), 3, "{printed:?}");
    if installed("curl", "--version", "the printed lines, pasted") {
        let accounts = pasted(&printed.curl[0]);
        assert!(accounts["accounts"].as_array().unwrap().len() > 10, "{accounts}");
        let entry = pasted(&printed.curl[1]);
        assert_eq!(
            (entry["number"].as_u64(), entry["lines"][0]["amount"].as_str()),
            (Some(1), Some("119.00")),
            "{entry}"
        );
        let report = pasted(&printed.curl[2]);
        assert_eq!(report["totals"][0]["values"]["debit"], "119.00", "{report}");
        assert_eq!(pasted(&printed.curl[1])["number"], 2, "pasted again it posts again");
    }
    let before = books::entries(&daemon.client).unwrap();

    // A second host on the same directory is refused, and the first one is still found.
    let second = run(directory.path(), UP);
    assert!(!second.ok && second.err.contains("another"), "{}", second.err);
    assert!(second.err.contains(directory.path().to_str().unwrap()), "{}", second.err);
    assert_import(directory.path(), true);

    assert_eq!(daemon.terminate(), Some(0), "it ends in order");
    assert_import(directory.path(), false);

    let mut daemon = Daemon::start(directory.path(), UP);
    assert_eq!(daemon.printed.token, printed.token, "the same token");
    assert_eq!(books::entries(&daemon.client).unwrap()[..before.len()], before);
    daemon.kill();
    assert_import(directory.path(), false);

    let daemon = Daemon::start(directory.path(), UP);
    assert_eq!(daemon.printed.token, printed.token, "the same token");
    assert_eq!(books::entries(&daemon.client).unwrap()[..before.len()], before);
}

/// `cortex import --check` finds the running host, or says that none runs.
fn assert_import(directory: &Path, found: bool) {
    let file = directory.join("one.journal");
    std::fs::write(&file, "2024-01-01 x\n  Assets:Cash  1 EUR\n  Income:Sales\n").unwrap();
    let printed = run(directory, &["import", file.to_str().unwrap(), "--tenant", "demo", "--check"]);
    assert_eq!(printed.ok, found, "{}{}", printed.out, printed.err);
    assert!(found || printed.err.contains("cortex up"), "{}", printed.err);
    assert!(!printed.err.contains("panicked"), "{}", printed.err);
}

/// A request that runs when the host is asked to end is answered; afterwards nobody is.
#[test]
fn a_running_request_is_answered_before_the_host_ends() {
    let directory = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(directory.path(), UP);
    let file = workspace().join("components/import-journal/demo/studio.journal");
    let input = json!({ "text": std::fs::read_to_string(file).unwrap() }).to_string();
    let request = Request::new("POST", "/api/import-journal/v1/importer/import").token(&daemon.printed.token);
    let request = request.header("X-Request-Id", "the-import").json(input);
    let url = daemon.printed.url.clone();
    let running = std::thread::spawn(move || request.send(&url).answer);
    while daemon.client.get_now("/api/_requests/the-import/progress").unwrap().status != 200 {
        assert!(!running.is_finished(), "{:?}", running.join());
    }
    assert_eq!(daemon.terminate(), Some(0));
    assert_eq!(running.join().unwrap().ok()["transactions"], 2_000);
    let daemon = Daemon::start(directory.path(), UP);
    assert_eq!(books::entries(&daemon.client).unwrap().len(), 2_000);
}

/// Every file of a directory that a host left.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Whatever file is damaged: the host says which in one message, or does without it. It never starts with an empty
/// ledger.
#[test]
fn a_damaged_directory_is_told_of_and_nothing_is_thrown_away() {
    let directory = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(directory.path(), UP);
    let mut entry = json!({ "entry": books::entry(&daemon.today(), "kept") });
    entry["entry"]["lines"] = json!([
        { "account": "1000", "side": "debit", "amount": "1.00" },
        { "account": "4000", "side": "credit", "amount": "1.00" },
    ]);
    daemon.client.call(&books::path("journal/post"), &entry).unwrap().ok();
    assert_eq!(daemon.terminate(), Some(0));
    let state = directory.path().join("state.sqlite");
    let database = files(&directory.path().join("data")).into_iter().max_by_key(|file| file.metadata().unwrap().len());
    let database = database.unwrap();
    for (name, file, damage) in [
        ("text", &state, b"this is no state, and was none before".repeat(500)),
        ("nothing", &state, Vec::new()),
        ("text", &database, b"this is no database, and was none before".repeat(500)),
    ] {
        let kept = std::fs::read(file).unwrap();
        std::fs::write(file, &damage).unwrap();
        let printed = run(directory.path(), UP);
        assert!(!printed.ok && printed.out.is_empty(), "{name} of {}: {}", file.display(), printed.out);
        let named = file.file_name().unwrap().to_str().unwrap();
        let told = printed.err.contains(named) || printed.err.contains("database") && printed.err.contains("demo");
        assert!(told && !printed.err.contains("panicked"), "{name} of {named}: {}", printed.err);
        assert_eq!(std::fs::read(file).unwrap(), damage, "{named} was replaced");
        std::fs::write(file, kept).unwrap();
    }
    // What can be made again is made again.
    for file in files(&directory.path().join("code")) {
        std::fs::write(file, b"no code").unwrap();
    }
    let daemon = Daemon::start(directory.path(), UP);
    assert_eq!(books::entries(&daemon.client).unwrap().len(), 1);
}

/// Two hosts that trust the same and never heard of each other, started at once on one database: one tenant, and each
/// prints a token that both know.
#[test]
fn two_hosts_on_one_database_share_the_demonstration() {
    let Some(database) = services::postgres("two_hosts_on_one_database_share_the_demonstration") else { return };
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let trusting = tempfile::tempdir().unwrap();
    assert_eq!(Daemon::start(trusting.path(), UP).terminate(), Some(0));
    for (directory, part) in directories.iter().flat_map(|directory| [(directory, "trust"), (directory, "authority")]) {
        let copied = Command::new("cp").arg("-a").arg(trusting.path().join(part)).arg(directory.path()).status();
        assert!(copied.unwrap().success());
    }
    let starting = directories.each_ref().map(|directory| {
        let (path, url) = (directory.path().to_owned(), database.url.clone());
        std::thread::spawn(move || Daemon::start(&path, &[UP, &["--database-url", &url]].concat()))
    });
    let mut daemons = starting.map(|daemon| daemon.join().unwrap());
    let tokens = daemons.each_ref().map(|daemon| daemon.printed.token.clone());
    let today = daemons[0].today();
    let mut numbers = Vec::new();
    for daemon in &daemons {
        for token in &tokens {
            let client = Client::new(&daemon.printed.url, token);
            let mut entry = json!({ "entry": books::entry(&today, &format!("shared-{}", numbers.len())) });
            entry["entry"]["lines"] = json!([
                { "account": "1000", "side": "debit", "amount": "1.00" },
                { "account": "4000", "side": "credit", "amount": "1.00" },
            ]);
            // The other one's token is in force here soon after it was printed there.
            let posted = eventually("the token is known", || {
                let answer = client.call(&books::path("journal/post"), &entry).unwrap();
                (answer.status != 401).then_some(answer)
            });
            numbers.push(posted.ok()["number"].as_u64().unwrap());
        }
    }
    assert_eq!(numbers, [1, 2, 3, 4]);
    for daemon in &mut daemons {
        assert_eq!(daemon.terminate(), Some(0));
    }
}

#[test]
fn an_address_that_cannot_be_used_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (listen, expected) in [(address.as_str(), "--listen"), ("nowhere", "nowhere"), ("127.0.0.1:99999", "99999")] {
        let printed = run(directory.path(), &["up", "--listen", listen]);
        assert!(!printed.ok && printed.out.is_empty(), "{listen}: {}", printed.out);
        assert!(printed.err.contains(expected), "{listen}: {}", printed.err);
    }
    let file = directory.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let printed = run(&file, &["up", "--listen", "127.0.0.1:0"]);
    assert!(!printed.ok && printed.err.contains(file.to_str().unwrap()), "{}", printed.err);
}
