// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `docs/publishing.md` tells to type, typed.

use crate::desk::{Desk, Registry, TOKEN};
use conformance::bundles::workspace;
use conformance::program::{cortex, installed};
use std::process::Command;

/// The lines of a page that are for the shell, in their order.
fn shell_lines(page: &str) -> String {
    let mut lines = String::new();
    let mut inside = false;
    for line in page.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => lines.extend([line, "\n"]),
            _ => {}
        }
    }
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_about_publishing_can_be_typed_as_it_stands() {
    if !installed("git", "--version", "the page about publishing, typed") {
        return;
    }
    let desk = Desk::new();
    let registry = Registry::start().await;
    let page = std::fs::read_to_string(workspace().join("docs/publishing.md")).unwrap();
    let lines = shell_lines(&page);
    assert!(lines.lines().count() > 20 && lines.contains("localhost:5000"), "{lines}");
    let lines = lines.replace("localhost:5000", &registry.address);
    // Inside a checkout, as the page says; what it makes goes into a folder of the test's own.
    let lines = lines.replace("components/accounting", workspace().join("components/accounting").to_str().unwrap());
    let root = workspace().display().to_string();
    let is_checkout = Command::new("git").args(["-C", &root, "rev-parse", "HEAD"]).output().unwrap().status.success();
    let commit = if is_checkout { format!("git -C '{root}' rev-parse HEAD") } else { String::from("echo 0123abcd") };
    let lines = lines.replace("git rev-parse HEAD", &commit);
    let path = format!("{}:{}", cortex().parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    shell.args(["-e", "-u", "-o", "pipefail", "-c", &lines]).current_dir(desk.file("."));
    shell.env("PATH", path).env("CORTEX_REGISTRY_TOKEN", TOKEN);
    let output = shell.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    // Verified from the registry, from the folder, and the file.
    assert_eq!((out.matches("\nverified\n").count(), out.matches("\"verified\":true").count()), (2, 1), "{out}");
}
