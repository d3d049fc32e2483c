// SPDX-License-Identifier: MIT OR Apache-2.0
//! The second way: rustup installs the target. It is asked once and must fail fast: a machine without network goes on to
//! the third way within seconds.

use super::{Inquiry, TARGET, Toolchain, Way};
use crate::process;
use anyhow::{Context as _, Result, bail};
use std::path::Path;
use std::time::Duration;

/// How long rustup may take: it downloads about 20 MB, and gives up by itself where there is no connection at all.
const ADD_TIME_MAX: Duration = Duration::from_secs(120);

/// Adds the target to the toolchain that rustup chooses in the workspace.
pub(super) fn add_target(inquiry: &Inquiry<'_>) -> Result<Toolchain> {
    let Some(rustup) = inquiry.environment.find("rustup") else { bail!("no `rustup` in the search path") };
    let mut command = process::command(&rustup, inquiry.environment, inquiry.workspace);
    command.args(["target", "add", TARGET]).env("RUSTUP_MAX_RETRIES", "0");
    let outcome = process::run(command, ADD_TIME_MAX, &mut |_| {})?;
    if !outcome.success {
        bail!("{}", first_error(&outcome.stderr));
    }
    let rustc = inquiry.ask(&rustup, &["which", "rustc"])?;
    inquiry
        .installed(Path::new(rustc.trim()), Way::Added)?
        .context("rustup reports success, but the target is not there")
}

/// The line that says what went wrong, among rustup's reports of what it does.
fn first_error(stderr: &str) -> &str {
    let mut lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines.clone().find_map(|line| line.strip_prefix("error: "));
    error.or_else(|| lines.next_back()).unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use super::first_error;

    #[test]
    fn one_line_says_why_rustup_failed() {
        let cases = [
            ("info: downloading\nerror: could not download file\n\nCaused by:\n  dns", "could not download file"),
            ("something odd\nand more", "and more"),
            ("", "no reason given"),
        ];
        for (stderr, line) in cases {
            assert_eq!(first_error(stderr), line);
        }
    }
}
