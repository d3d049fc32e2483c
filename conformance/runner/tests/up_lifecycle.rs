// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hooks of components: in which order the host calls them, as whom, what a failure means for a tenant, and that they
//! are nobody else's to call.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test is a test"
)]

#[path = "up/plain.rs"]
mod plain;

use conformance::bundles::{Draft, bundle};
use conformance::client::Client;
use conformance::eventually::eventually;
use conformance::program::command;
use cortex::host::Host;
use kernel_types::{PermissionSet, TenantId};
use plain::Plain;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use std::time::{Duration, Instant};

const NOTED: &str = "conformance/guests/lifecycle";
const ASKING: &str = "conformance/guests/lifecycle-caller";

/// A host's directory with tenants that enabled the components, and a token of each.
fn prepare(directory: &Path, tenants: &[&str], components: &[PathBuf]) -> HashMap<String, String> {
    conformance::share_code(directory);
    // For the hosts that are started as programs.
    signed_samples::write_trust(directory).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let host = Host::open(&conformance::settings(directory)).await.unwrap();
        let mut all = Vec::new();
        for component in components {
            all.push(conformance::install(&host, component).await.unwrap_or_else(|error| panic!("{error:#}")));
        }
        let mut tokens = HashMap::new();
        for name in tenants {
            let tenant = TenantId::parse(name).unwrap();
            host.create_tenant(&tenant).await.unwrap();
            let choice: Vec<_> = all.iter().map(|installed| conformance::wanted(&tenant, installed)).collect();
            host.enable(&tenant, &choice).await.unwrap_or_else(|error| panic!("{error:#}"));
            let token = host.issue_token(&tenant, "tester", PermissionSet::of(["*"])).await.unwrap();
            tokens.insert((*name).to_owned(), token);
        }
        host.close().await;
        tokens
    })
}

/// A running host whose log can be read while it runs.
struct Logged {
    host: Plain,
    log: PathBuf,
}

impl Logged {
    fn start(directory: &Path, set: &[&str]) -> Self {
        let log = directory.join("host.log");
        let _ = std::fs::remove_file(&log);
        let file = format!("log.file={}", log.display());
        let mut arguments =
            vec!["up", "--listen", "127.0.0.1:0", "--log", "warn,cortex::component=info", "--set", &file];
        arguments.extend(set.iter().flat_map(|set| ["--set", *set]));
        Self { host: Plain::start(directory, &[], &arguments), log }
    }

    fn lines(log: &Path) -> Vec<Value> {
        // The last line may still be written.
        let text = std::fs::read_to_string(log).unwrap();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Waits for a line.
    fn wait(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        eventually(what, || Self::lines(&self.log).into_iter().find(&is))
    }

    /// Ends the host and returns all lines.
    fn end(self) -> Vec<Value> {
        let (code, errors) = self.host.terminate();
        assert_eq!(code, Some(0), "{errors}");
        Self::lines(&self.log)
    }
}

/// What the components of a tenant told, in order: `component hook`.
fn told(lines: &[Value], tenant: &str) -> Vec<String> {
    let of_tenant = lines.iter().filter(|line| line["target"] == "cortex::component" && line["tenant"] == tenant);
    of_tenant
        .map(|line| format!("{} {}", line["component"].as_str().unwrap(), line["message"].as_str().unwrap()))
        .collect()
}

fn is_failure(line: &Value, tenant: &str, hook: &str) -> bool {
    line["level"] == "ERROR" && line["tenant"] == tenant && line["hook"] == hook
}

#[test]
fn hooks_are_called_in_the_order_of_calls_and_nothing_starts_before_them() {
    let directory = tempfile::tempdir().unwrap();
    // Two callers, whose ids come before that of what they call.
    let second = Draft::copy_of(ASKING);
    second.change("cortex.yaml", "id: asking", "id: also-asking");
    let components = [bundle(ASKING), bundle(NOTED), second.path().to_owned()];
    let tenants = ["first", "late", "reaching", "refusing", "stuck"];
    let tokens = prepare(directory.path(), &tenants, &components);
    let host = Logged::start(directory.path(), &["hooks.preboot-ms-max=3000"]);
    let answer = |tenant: &str| {
        let client = Client::new(&host.host.url, &tokens[tenant]);
        client.call("/api/noted/v1/book/starts", &json!({})).unwrap()
    };
    assert_eq!(answer("first").ok(), json!("1"), "committed before the host answered");
    for tenant in ["refusing", "stuck"] {
        assert_eq!(answer(tenant).status, 503, "{tenant}");
    }
    for tenant in ["late", "reaching"] {
        host.wait("a failure of on-boot", |line| is_failure(line, tenant, "on-boot"));
        assert_eq!(answer(tenant).ok(), json!("1"), "{tenant} is served all the same");
    }
    host.wait("the last hook", |line| {
        line["tenant"] == "first" && line["component"] == "asking" && line["message"] == "on-boot"
    });
    // They are no operations: no route, and no entry in the documentation.
    let client = Client::new(&host.host.url, &tokens["first"]);
    assert_eq!(client.call("/api/noted/v1/lifecycle/on-shutdown", &json!({})).unwrap().status, 404);
    let document = client.get_now("/openapi.json").unwrap().ok().to_string();
    assert!(document.contains("/book/starts") && !document.contains("lifecycle/on-") && !document.contains("on-boot"));

    let lines = host.end();
    let forwards = ["noted", "also-asking", "asking"];
    let backwards = ["asking", "also-asking", "noted"];
    let all = |components: [&str; 3], hook: &str| components.map(|component| format!("{component} {hook}"));
    let expected = [all(forwards, "on-preboot"), all(forwards, "on-boot"), all(backwards, "on-shutdown")].concat();
    assert_eq!(told(&lines, "first"), expected);
    assert_eq!(told(&lines, "late"), expected, "a refusal later keeps nobody from being called");
    assert_eq!(told(&lines, "reaching"), expected, "nothing was reached");
    for tenant in ["refusing", "stuck"] {
        assert_eq!(told(&lines, tenant), ["noted on-preboot"], "what comes after a failure is not called");
    }
    let failure = |tenant: &str, hook: &str| {
        let line =
            lines.iter().find(|line| is_failure(line, tenant, hook)).unwrap_or_else(|| panic!("{tenant} {hook}"));
        line["error"].as_str().unwrap().to_owned()
    };
    assert!(failure("refusing", "on-preboot").contains("not-today"));
    assert!(!failure("stuck", "on-preboot").is_empty());
    assert!(failure("late", "on-boot").contains("too-late"));
    // The host's caller holds no permission for what others offer.
    assert!(failure("reaching", "on-boot").contains("noted.book.starts"), "{}", failure("reaching", "on-boot"));
    let subject = lines.iter().find(|line| line["message"] == "on-preboot" && line["component"] == "noted").unwrap();
    assert!(subject["fields"].as_str().unwrap().contains("subject=cortex:host"), "{subject}");

    // The same order the next time, and what was refused left nothing.
    let again = Logged::start(directory.path(), &["hooks.preboot-ms-max=3000"]);
    again.wait("the last hook", |line| {
        line["tenant"] == "first" && line["component"] == "asking" && line["message"] == "on-boot"
    });
    let client = Client::new(&again.host.url, &tokens["first"]);
    assert_eq!(client.call("/api/noted/v1/book/starts", &json!({})).unwrap().ok(), json!("2"));
    assert_eq!(told(&again.end(), "first"), expected);
}

/// Who waits for a hook that hangs need not.
#[test]
fn a_signal_ends_a_host_that_has_not_answered_yet() {
    let directory = tempfile::tempdir().unwrap();
    prepare(directory.path(), &["stuck"], &[bundle(NOTED)]);
    let log = directory.path().join("host.log");
    let file = format!("log.file={}", log.display());
    let arguments = ["up", "--listen", "127.0.0.1:0", "--log", "cortex::component=info", "--set", &file];
    let mut host = command(directory.path(), &arguments).stderr(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    eventually("the hook runs", || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        text.contains("on-preboot").then_some(())
    });
    let begin = Instant::now();
    let asked = Command::new("kill").args(["-TERM", &host.id().to_string()]).status().unwrap();
    assert!(asked.success());
    assert_eq!(host.wait().unwrap().code(), Some(1), "it says that it never answered");
    // The hook itself has thirty seconds.
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
    let mut printed = String::new();
    host.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert!(!printed.contains("listening"), "{printed}");
}

/// Nor does one who ends a host wait for longer than was said, however many tenants hang.
#[test]
fn a_host_ends_within_its_time_whatever_hooks_do() {
    let directory = tempfile::tempdir().unwrap();
    prepare(directory.path(), &["first", "slow-to-end"], &[bundle(NOTED)]);
    let host = Logged::start(directory.path(), &["hooks.shutdown-ms-max=1000"]);
    host.wait("the last hook", |line| line["tenant"] == "first" && line["message"] == "on-boot");
    let begin = Instant::now();
    let lines = host.end();
    let took = begin.elapsed();
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(15), "{took:?}");
    assert!(lines.iter().any(|line| is_failure(line, "slow-to-end", "on-shutdown")), "{lines:?}");
    assert_eq!(told(&lines, "first"), ["noted on-preboot", "noted on-boot", "noted on-shutdown"]);
}

/// What a manifest cannot make of a hook, and a component not of the interface.
#[test]
fn hooks_are_nobody_elses() {
    let refused = |draft: &Draft, expected: &str| {
        let directory = tempfile::tempdir().unwrap();
        conformance::share_code(directory.path());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let host = Host::open(&conformance::settings(directory.path())).await.unwrap();
            let error = conformance::install(&host, draft.path()).await.err().expect("it is refused");
            assert!(format!("{error:#}").contains(expected), "{error:#}");
            host.close().await;
        });
    };
    let routed = Draft::copy_of(NOTED);
    routed.change("cortex.yaml", "operations:\n", "operations:\n  lifecycle.on-boot: { effect: write }\n");
    refused(&routed, "an operation that the component exports");
    let other = Draft::copy_of(NOTED);
    let component = r#"(component
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (instance $e (export "on-boot" (func $f)))
        (export "cortex:lifecycle/lifecycle@1.0.0" (instance $e)))"#;
    other.write("component.wasm", &wat::parse_str(component).unwrap());
    let manifest = "id: other\nversion: 1.0.0\ntitle: T\ndescription: T.\nlicence: MIT\nworld: guest\noperations: {}\n";
    other.write("cortex.yaml", manifest.as_bytes());
    refused(&other, "in another form");

    // A component that calls the interface finds nobody who provides it.
    let reaching =
        r#"(component (import "cortex:lifecycle/lifecycle@1.0.0" (instance (export "on-shutdown" (func)))))"#;
    let manifest = "id: reaching\nversion: 1.0.0\ntitle: T\ndescription: T.\nlicence: MIT\nworld: guest\noperations: {}\n\
                    calls:\n  - interface: cortex:lifecycle/lifecycle@1.0.0\n    reason: To end others.\n";
    let reaching = Draft::of_text(manifest, reaching);
    let directory = tempfile::tempdir().unwrap();
    conformance::share_code(directory.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let host = Host::open(&conformance::settings(directory.path())).await.unwrap();
        let tenant = TenantId::parse("first").unwrap();
        host.create_tenant(&tenant).await.unwrap();
        let noted = conformance::install(&host, &bundle(NOTED)).await.unwrap();
        let reaching = conformance::install(&host, reaching.path()).await.unwrap_or_else(|error| panic!("{error:#}"));
        let choice = [noted, reaching].map(|component| conformance::wanted(&tenant, &component));
        let error = host.enable(&tenant, &choice).await.expect_err("it is refused");
        assert!(format!("{error:#}").contains("calls `cortex:lifecycle/lifecycle@1.0.0`"), "{error:#}");
        host.close().await;
    });
}
