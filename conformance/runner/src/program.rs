// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program `cortex` itself, run as a person runs it.

use crate::bundles::{profile_directory, workspace};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::SystemTime;

/// What the program is made of, beside `Cargo.lock`: folders of the checkout.
const SOURCES: &[&str] = &["host", "sdk/build", "signing"];

/// The program, built where it is missing or older than its sources. Cargo does not build another package's program for
/// a test.
///
/// # Panics
/// Where it cannot be built.
#[must_use]
pub fn cortex() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let program = profile_directory().join("cortex");
        if !is_fresh(&program) {
            build(&program);
        }
        program
    })
}

fn build(program: &Path) {
    let target = profile_directory().parent().expect("the profile's folder lies in the target's").to_owned();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "cortex", "--bin", "cortex"]).current_dir(workspace());
    command.arg("--target-dir").arg(target);
    if profile_directory().ends_with("release") {
        command.arg("--release");
    }
    let status = command.status().expect("cargo runs");
    assert!(status.success(), "`cortex` cannot be built; try `cargo build -p cortex`");
    assert!(program.is_file(), "cargo did not make `{}`", program.display());
    // Cargo leaves a program alone that would be the same.
    let file = std::fs::File::open(program).expect("the program can be opened");
    let _ = file.set_modified(SystemTime::now());
}

fn is_fresh(program: &Path) -> bool {
    let Some(built) = modified(program) else { return false };
    let lock = modified(&workspace().join("Cargo.lock"));
    let sources = SOURCES.iter().filter_map(|folder| newest(&workspace().join(folder)));
    sources.chain(lock).all(|source| source <= built)
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// When the newest file below a folder was changed, tests left out.
fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let of = |entry: std::fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() && entry.file_name() == "tests" => None,
        Ok(kind) if kind.is_dir() => newest(&entry.path()),
        _ => modified(&entry.path()),
    };
    entries.filter_map(of).max()
}

/// A command of the program on a host's directory, with nothing of this process's own settings.
#[must_use]
pub fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(cortex());
    command.arg("--directory").arg(directory).args(arguments).current_dir(workspace());
    for (variable, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CORTEX_")) {
        command.env_remove(variable);
    }
    command.env_remove("SIGSTORE_ID_TOKEN");
    command
}

/// What a command that ends printed.
pub struct Printed {
    /// Whether it succeeded.
    pub ok: bool,
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

/// Runs a command to its end.
#[must_use]
pub fn run(directory: &Path, arguments: &[&str]) -> Printed {
    printed(&mut command(directory, arguments))
}

/// Runs a command that was prepared to its end.
#[must_use]
pub fn printed(command: &mut Command) -> Printed {
    let Output { status, stdout, stderr } = command.output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Printed { ok: status.success(), code: status.code(), out: text(&stdout), err: text(&stderr) }
}

/// Whether a program that a comparison needs is installed. Says loudly what is left out where it is not.
#[must_use]
pub fn installed(program: &str, version_argument: &str, left_out: &str) -> bool {
    let found = Command::new(program).arg(version_argument).output().is_ok_and(|output| output.status.success());
    if !found {
        // To the stream itself: what is printed by a test that passes is not shown.
        let text = format!("NOT COMPARED: {left_out}: `{program}` is not installed\n");
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
    found
}

/// Likewise for a program that `CORTEX_REQUIRE_SERVICES=1` makes a must.
///
/// # Panics
/// Where it is a must and not there.
#[must_use]
pub fn available(program: &str, version_argument: &str, left_out: &str) -> bool {
    let found = installed(program, version_argument, left_out);
    let required = std::env::var("CORTEX_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
    assert!(found || !required, "CORTEX_REQUIRE_SERVICES=1, and `{program}` is not installed");
    found
}
