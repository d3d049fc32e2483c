// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex up` with a configuration: which value counts, whose file is believed, what the boot log says of it, and that
//! a request that hangs does not keep the host from ending.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test is a test"
)]

#[path = "up/daemon.rs"]
mod daemon;
#[path = "up/plain.rs"]
mod plain;
#[path = "up/site.rs"]
mod site;

use conformance::program::{command, run};
use daemon::Daemon;
use plain::Plain;
use serde_json::{Value, json};
use site::Site;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

const LISTEN: &[&str] = &["up", "--listen", "127.0.0.1:0"];

/// What a command prints as JSON, and whether it succeeded.
fn printed(directory: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> (bool, Value) {
    let output = command(directory, arguments).envs(environment.iter().copied()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.success(), value)
}

/// The digests of the starts in a directory, verified.
fn boots(directory: &Path) -> Vec<String> {
    let (ok, log) = printed(directory, &[], &["log", "boot", "--json"]);
    assert!(ok && log["verified"] == true, "{log}");
    log["boots"].as_array().unwrap().iter().map(|boot| boot["digest"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_environment_comes_before_the_file_and_the_file_before_the_command_line() {
    let site = Site::new();
    let file = site.signed("host.yaml", "gateway: { drain-ms-max: 2, head-ms-max: 200 }\n");
    let environment = [("CORTEX_GATEWAY_DRAIN_MS_MAX", "1")];
    let given =
        ["--set", "gateway.drain-ms-max=3", "--set", "gateway.head-ms-max=300", "--set", "gateway.body-ms-max=300"];
    let show: Vec<&str> = ["config", "show", "--json", "--config", &file].into_iter().chain(given).collect();
    let (ok, shown) = printed(site.directory(), &[&environment[..], &site.trust()].concat(), &show);
    assert!(ok && shown["file"]["signed"] == true, "{shown}");
    let value = |key: &str| (shown["values"][key]["value"].clone(), shown["values"][key]["source"].clone());
    assert_eq!(value("gateway.drain-ms-max"), (json!(1), json!("environment")));
    assert_eq!(value("gateway.head-ms-max"), (json!(200), json!("file")));
    assert_eq!(value("gateway.body-ms-max"), (json!(300), json!("command-line")));
    // A host says so where the command line does not count.
    let arguments: Vec<&str> = [LISTEN, &["--config", &file], &given].concat();
    let host = Plain::start(site.directory(), &[&environment[..], &site.trust()].concat(), &arguments);
    let (ended, log) = host.terminate();
    assert_eq!(ended, Some(0), "{log}");
    for key in ["gateway.drain-ms-max", "gateway.head-ms-max"] {
        assert!(log.contains("does not count") && log.contains(key), "{log}");
    }
    assert!(!log.contains("gateway.body-ms-max"), "{log}");
}

/// Nothing of a file is used whose signer may not sign it, and the step that refused it is named.
#[test]
fn a_file_is_used_with_the_signature_of_one_who_may_sign_it() {
    let site = Site::new();
    let file = site.signed("host.yaml", "gateway: { drain-ms-max: 5000 }\n");
    let arguments = [LISTEN, &["--config", &file]].concat();
    let host = Plain::start(site.directory(), &site.trust(), &arguments);
    let (_, log) = host.terminate();
    assert!(log.contains("signed by the key"), "{log}");

    let refused = |environment: &[(&str, &str)], arguments: &[&str], expected: &str| {
        let output = command(site.directory(), arguments).envs(environment.iter().copied()).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(expected), "{expected}: {error}");
        assert!(output.stdout.is_empty() && !error.contains("boot:"), "nothing was started: {error}");
    };
    refused(&[], &arguments, "CORTEX_TRUST_POLICY");
    let unsigned = site.write("unsigned.yaml", "gateway: { drain-ms-max: 5000 }\n");
    refused(&site.trust(), &[LISTEN, &["--config", &unsigned]].concat(), "has no signature");
    let changed = site.signed("changed.yaml", "gateway: { drain-ms-max: 5000 }\n");
    site.write("changed.yaml", "gateway: { drain-ms-max: 5001 }\n");
    refused(&site.trust(), &[LISTEN, &["--config", &changed]].concat(), "refused at digest");
    let foreign = site.signed_by_another("foreign.yaml", "gateway: { drain-ms-max: 5000 }\n");
    refused(&site.trust(), &[LISTEN, &["--config", &foreign]].concat(), "refused at identity");
    site.write("changed.yaml.sigstore.json", "{}");
    refused(&site.trust(), &[LISTEN, &["--config", &changed]].concat(), "refused at bundle");
    let root = site.write("root.json", "{}");
    let roots = [&site.trust()[..], &[("CORTEX_TRUST_ROOTS", root.as_str())]].concat();
    refused(&roots, &arguments, "refused at trust-root");
    // A file cannot say whom to believe, nor that it need not be signed.
    for text in ["trust: { policy: mine.json }\n", "development: true\n"] {
        let file = site.signed("itself.yaml", text);
        refused(&site.trust(), &[LISTEN, &["--config", &file]].concat(), "command line");
    }
    // Without a signature in development only, said loudly; what is signed is verified there too.
    let host = Plain::start(site.directory(), &[], &[LISTEN, &["--config", &unsigned, "--development"]].concat());
    let (_, log) = host.terminate();
    assert!(log.contains("is not signed and taken for development only"), "{log}");
    let foreign = [LISTEN, &["--config", &foreign, "--development"]].concat();
    refused(&site.trust(), &foreign, "refused at identity");
}

/// Whatever is wrong is told together, before anything is started, and as JSON for programs.
#[test]
fn all_that_is_wrong_is_told_before_anything_is_started() {
    let site = Site::new();
    let file = site.write("host.yaml", "gateway:\n  drian-ms-max: 5\nlisten: 5\n");
    let environment = [("CORTEX_STORE_IDLE", "5"), ("CORTEX_LOG_FORMAT", "json")];
    let arguments = ["up", "--config", &file, "--development", "--set", "engine.instances-max=0"];
    let output = command(site.directory(), &arguments).envs(environment).output().unwrap();
    let log: Value = serde_json::from_slice(&output.stderr).expect("one line of JSON");
    for expected in [
        "did you mean `CORTEX_STORE_IDLE_MS`",
        "host.yaml:2:3",
        "did you mean `gateway.drain-ms-max`",
        "host.yaml:3:9",
        "engine.instances-max",
    ] {
        assert!(log["message"].as_str().unwrap().contains(expected), "{expected}: {log}");
    }
    assert!(!site.directory().join("data").exists());
    let check = ["config", "check", "--json", "--config", &file, "--development"];
    let (ok, checked) = printed(site.directory(), &environment[..1], &check);
    assert!(!ok && checked["faults"].as_array().unwrap().len() == 3, "{checked}");
    // A variable that was meant for the host is refused by every command.
    let output = command(site.directory(), &["tenant", "list"]).env("CORTEX_DIRECTRY", "x").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `CORTEX_DIRECTORY`"));
    let output = command(site.directory(), &["config", "keys"]).env("CORTEX_REQUIRE_SERVICES", "1").output().unwrap();
    assert!(output.status.success());
}

/// The database's URL has a password: in nothing that is printed or kept is it found.
#[test]
fn a_secret_is_printed_and_kept_nowhere() {
    let site = Site::new();
    let url = "postgres://ada:hunter2@127.0.0.1:1/books";
    let environment =
        [("CORTEX_DATABASE_URL", url), ("CORTEX_DATABASE_CONNECTION_WAIT_MS_MAX", "200"), ("CORTEX_LOG", "info")];
    for arguments in [&["config", "show", "--all"][..], &["config", "show", "--json"], &["config", "check"], LISTEN] {
        let output = command(site.directory(), arguments).envs(environment).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        assert!(!text.is_empty() && !String::from_utf8_lossy(&text).contains("hunter2"), "{arguments:?}");
    }
    let Some(database) = services::postgres("a_secret_is_printed_and_kept_nowhere") else { return };
    let host = Plain::start(site.directory(), &[("CORTEX_DATABASE_URL", &database.url)], LISTEN);
    let (_, log) = host.terminate();
    let kept = std::fs::read_to_string(site.directory().join("boot.log")).unwrap();
    assert!(
        kept.contains("\"database\":\"postgresql\"") && !kept.contains(&database.url) && !log.contains(&database.url)
    );
}

/// Hosts in other directories, on other ports, told the same in other ways: one digest. Told anything else: another
/// one.
#[test]
fn equal_inputs_have_equal_digests_wherever_they_are_given() {
    let site = Site::new();
    let yaml =
        site.signed("host.yaml", "# ours\nlog: { level: info, format: json }\ngateway: { drain-ms-max: 5000 }\n");
    let json = site
        .signed("host.json", "{\"gateway\":{\"drain-ms-max\":5000},\"log\":{\"format\":\"json\",\"level\":\"info\"}}");
    let set = ["--set", "gateway.drain-ms-max=5000", "--log", "info", "--log-format", "json"];
    let environment = [("CORTEX_GATEWAY_DRAIN_MS_MAX", "5000"), ("CORTEX_LOG", "info"), ("CORTEX_LOG_FORMAT", "json")];
    let trust = site.trust();
    let digest = |environment: &[(&str, &str)], arguments: &[&str]| {
        let directory = tempfile::tempdir().unwrap();
        let host = Plain::start(directory.path(), &[environment, &trust].concat(), &[LISTEN, arguments].concat());
        let (ended, log) = host.terminate();
        assert_eq!(ended, Some(0), "{log}");
        let boots = boots(directory.path());
        let first: Value = serde_json::from_str(log.lines().next().unwrap()).expect("JSON");
        assert_eq!(
            (first["message"].as_str(), first["digest"].as_str()),
            (Some("boot"), Some(boots[0].as_str())),
            "{log}"
        );
        boots[0].clone()
    };
    let same = [
        digest(&[], &["--config", &yaml]),
        digest(&[], &["--config", &json]),
        digest(&[], &set),
        digest(&environment, &[]),
        digest(&environment[..1], &set[2..]),
    ];
    assert!(same.iter().all(|digest| *digest == same[0]), "{same:?}");
    assert_ne!(digest(&environment[1..], &[]), same[0]);
    assert_ne!(digest(&environment, &["--set", "store.idle-ms=1000"]), same[0]);
}

/// With components: two demonstrations are alike, and another component makes another digest.
#[test]
fn what_tenants_enabled_is_part_of_the_digest_and_each_start_is_kept() {
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let up = ["up", "--demo", "--listen", "127.0.0.1:0"];
    for directory in &directories {
        let mut daemon = Daemon::start(directory.path(), &up);
        assert_eq!(daemon.terminate(), Some(0));
        if directory.path() == directories[0].path() {
            // Whom a host trusts is a part of what it is started with; each directory would make an authority of its own.
            for part in ["trust", "authority"] {
                let (from, to) = (directory.path().join(part), directories[1].path());
                assert!(std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
            }
        }
    }
    let first = boots(directories[0].path());
    assert_eq!(first, boots(directories[1].path()));
    let other = tempfile::tempdir().unwrap();
    assert_eq!(Daemon::start(other.path(), &up).terminate(), Some(0));
    assert_ne!(boots(other.path()), first, "it trusts somebody else");
    let here = directories[0].path();
    let mut daemon = Daemon::start(here, &up);
    daemon.kill();
    let host = Plain::start(here, &[], LISTEN);
    host.terminate();
    assert_eq!(boots(here), [first[0].clone(), first[0].clone(), first[0].clone()]);
    let empty = tempfile::tempdir().unwrap();
    Plain::start(empty.path(), &[], LISTEN).terminate();
    assert_ne!(boots(empty.path())[0], first[0]);

    // Whoever changes the log is seen.
    let log = std::fs::read_to_string(here.join("boot.log")).unwrap();
    std::fs::write(here.join("boot.log"), log.replacen("embedded", "Embedded", 1)).unwrap();
    let printed = run(here, &["log", "boot"]);
    assert!(!printed.ok && printed.err.contains("line 1 of the boot log"), "{}{}", printed.out, printed.err);
    let lines: Vec<&str> = log.lines().collect();
    std::fs::write(here.join("boot.log"), format!("{}\n{}\n", lines[0], lines[2])).unwrap();
    let printed = run(here, &["log", "boot"]);
    assert!(!printed.ok && printed.err.contains("line 2 of the boot log"), "{}{}", printed.out, printed.err);
}

#[test]
fn every_line_goes_into_the_file_and_the_first_is_the_boot_line() {
    let directory = tempfile::tempdir().unwrap();
    let (all, errors) = (directory.path().join("all.log"), directory.path().join("errors.log"));
    let file = format!("log.file={}", all.display());
    let error_file = format!("log.error-file={}", errors.display());
    let arguments =
        [LISTEN, &["--set", &file, "--set", &error_file, "--set", "log.level=cortex::access=info"]].concat();
    let host = Plain::start(directory.path(), &[], &arguments);
    let answer = ureq::get(format!("{}/healthz", host.url)).call().unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    host.terminate();
    let lines: Vec<Value> =
        std::fs::read_to_string(&all).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["message"], "boot");
    assert!(lines.iter().any(|line| line["request_id"] == id.as_str()), "{lines:?}");
    assert_eq!(std::fs::read_to_string(&errors).unwrap(), "", "nothing failed");
    let printed = run(directory.path(), &[LISTEN, &["--set", "log.file=/proc/none"]].concat());
    assert!(!printed.ok && printed.err.contains("log.file"), "{}", printed.err);
}

/// The body of a request never comes. Its connection may stay for ten seconds, and the host has less than one to end.
#[test]
fn a_request_that_hangs_is_cut_at_the_deadline() {
    const DRAIN: Duration = Duration::from_millis(700);
    let directory = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(
        directory.path(),
        &["up", "--demo", "--listen", "127.0.0.1:0", "--set", "gateway.drain-ms-max=700"],
    );
    let address = daemon.printed.url.strip_prefix("http://").unwrap().to_owned();
    let mut hanging = TcpStream::connect(&address).unwrap();
    let token = &daemon.printed.token;
    write!(
        hanging,
        "POST /api/accounting/v1/journal/post HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         expect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n"
    )
    .unwrap();
    // The host asks for the body: it is at work on the request.
    let mut answer = [0; 12];
    hanging.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    let begin = Instant::now();
    assert_eq!(daemon.terminate(), Some(0));
    let took = begin.elapsed();
    assert!(took >= DRAIN && took < Duration::from_secs(8), "{took:?}");
    let mut rest = String::new();
    let _ = hanging.read_to_string(&mut rest);
    assert!(!rest.contains("HTTP/1.1 200"), "{rest}");
}
