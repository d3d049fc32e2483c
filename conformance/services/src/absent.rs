// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests that did not run because a service is not there.

use std::io::Write as _;

/// Says that a test did not run, and how many did not so far, or fails where services are required. Written to the standard
/// error stream itself: what tests print is kept back where they pass.
///
/// # Panics
/// Where services are required.
pub fn note(test: &str, service: &str, reason: &str) {
    let required = std::env::var("CORTEX_REQUIRE_SERVICES").is_ok_and(|value| !matches!(value.as_str(), "" | "0"));
    assert!(!required, "`{test}` needs {service}, and CORTEX_REQUIRE_SERVICES says that it is there: {reason}");
    let count = count();
    let text = format!("NOT RUN ({count} so far): `{test}` needs {service}: {reason}\n");
    if runner().and_then(|mut runner| runner.write_all(text.as_bytes())).is_err() {
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

/// The error stream of nextest, where it runs the tests: it keeps all that a test writes to its own, and drops it where the test
/// passes.
fn runner() -> std::io::Result<std::fs::File> {
    if std::env::var_os("NEXTEST").is_none() {
        return Err(std::io::ErrorKind::NotFound.into());
    }
    let parent = std::os::unix::process::parent_id();
    std::fs::File::options().append(true).open(format!("/proc/{parent}/fd/2"))
}

/// Counts one more over all processes of this run of tests.
fn count() -> usize {
    let run = std::env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| std::process::id().to_string());
    let name = run.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>();
    let path = std::env::temp_dir().join(format!("cortex-tests-not-run-{name}"));
    let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(b"."));
    match written.and_then(|()| std::fs::metadata(&path)) {
        Ok(file) => usize::try_from(file.len()).unwrap_or(usize::MAX),
        Err(_) => 1,
    }
}
