// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex import`, the program, against a running host.

use crate::{IMPORT, assert_imported, blocking, demo};
use conformance::TestHost;
use conformance::books::{self, ACCOUNTING};
use conformance::bundles::workspace;
use conformance::program::run;
use cortex::layout::Layout;
use cortex::running::{Running, write_private};
use kernel_types::TenantId;
use serde_json::{Value, json};
use std::path::Path;

/// Lets the program find the host, as `cortex up` does.
fn announce(host: &TestHost) -> cortex::running::Announced {
    let layout = Layout::at(host.directory.path());
    let token = layout.token(&TenantId::parse("test").unwrap());
    write_private(&token, host.client.token.as_bytes()).unwrap();
    Running { url: host.url.clone(), process: std::process::id() }.announce(&layout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_imports_a_file_and_says_what_it_did() {
    let host = TestHost::start(&[ACCOUNTING, IMPORT]).await;
    let announced = announce(&host);
    let (directory, client) = (host.directory.path().to_owned(), host.client.clone());
    blocking(move || {
        let file = workspace().join(IMPORT).join("demo/studio.journal");
        let arguments = ["import", file.to_str().unwrap(), "--tenant", "test", "--initialise", "EUR"];
        let checked = run(&directory, &[arguments.as_slice(), &["--check"]].concat());
        assert!(checked.ok && checked.out.contains("would post 2000 transactions"), "{}{}", checked.out, checked.err);
        let settings = client.call(&books::path("settings/get-settings"), &json!({})).unwrap();
        assert_eq!(settings.code(), "ledger-not-initialised", "a check changed something");
        let imported = run(&directory, &[arguments.as_slice(), &["--json"]].concat());
        assert!(imported.ok, "{}", imported.err);
        let report: Value = serde_json::from_str(&imported.out).unwrap();
        assert_imported(&client, &demo(), &report);
        let again = run(&directory, &arguments);
        assert!(!again.ok && again.err.starts_with("importing") && again.err.contains("error: "), "{}", again.err);
        assert!(again.err.contains("409") && again.out.is_empty(), "{}{}", again.out, again.err);
    })
    .await;
    drop(announced);
}

/// What goes wrong is said in one message, on standard error, with a failing status, and nothing is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_says_what_is_wrong() {
    let host = TestHost::start(&[ACCOUNTING, IMPORT]).await;
    let announced = announce(&host);
    let directory = host.directory.path().to_owned();
    blocking(move || {
        let files = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| {
            let path = files.path().join(name);
            std::fs::write(&path, content).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let faulty = write("faulty.journal", b"2024-01-01 x\n  a  1 EUR\n  b  2 EUR\n");
        let latin = write("latin.journal", b"2024-01-01 caf\xe9\n  a  1 EUR\n  b\n");
        let good = write("good.journal", b"2024-01-01 x\n  Assets:Cash  1 EUR\n  Income:Sales\n");
        let missing = files.path().join("missing.journal").to_str().unwrap().to_owned();
        let empty = tempfile::tempdir().unwrap();
        let cases: [(&str, &Path, Vec<&str>, &[&str]); 8] = [
            (
                "a faulty file",
                &directory,
                vec![&faulty, "--tenant", "test", "--initialise", "EUR"],
                &["line 1, column 1", "422"],
            ),
            ("a file in Latin-1", &directory, vec![&latin, "--tenant", "test"], &["latin.journal", "UTF-8"]),
            ("a file that is not there", &directory, vec![&missing, "--tenant", "test"], &["missing.journal"]),
            ("a folder", &directory, vec![files.path().to_str().unwrap(), "--tenant", "test"], &["cannot read"]),
            ("a ledger that is not set up", &directory, vec![&good, "--tenant", "test"], &["initialise"]),
            ("another tenant", &directory, vec![&good, "--tenant", "other"], &["token", "`other`"]),
            ("a tenant that is no name", &directory, vec![&good, "--tenant", "../x"], &["tenant"]),
            ("no host", empty.path(), vec![&good, "--tenant", "test"], &["no host runs", "cortex up"]),
        ];
        for (name, directory, arguments, expected) in cases {
            let printed = run(directory, &[vec!["import"], arguments].concat());
            assert!(!printed.ok && printed.out.is_empty(), "{name}: {}", printed.out);
            for part in expected {
                assert!(printed.err.contains(part), "{name}: `{part}` is not in: {}", printed.err);
            }
            assert!(!printed.err.contains("panicked"), "{name}: {}", printed.err);
        }
    })
    .await;
    let settings = host.client.post(&books::path("settings/get-settings"), &json!({})).await;
    assert_eq!(settings.code(), "ledger-not-initialised", "something was written");
    drop(announced);
}
