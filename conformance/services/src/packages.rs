// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs of others that tests compare with, in exact versions, from the registries of their languages: installed
//! once, below what cargo builds.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// How long one of them may take to be installed.
pub const INSTALL_SECONDS: &str = "300";

/// Runs a command to its end.
///
/// # Errors
/// Why it failed, with what it said.
pub fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// Installs into a folder, once for all tests of all processes.
///
/// # Errors
/// Why it cannot be installed.
pub fn installed(folder: PathBuf, install: impl FnOnce(&Path) -> Result<(), String>) -> Result<PathBuf, String> {
    let done = folder.join("installed");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let lock = File::create(folder.with_extension("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if !done.exists() {
        fs::remove_dir_all(&folder).and_then(|()| fs::create_dir_all(&folder)).map_err(|error| error.to_string())?;
        install(&folder)?;
        File::create(&done).map_err(|error| error.to_string())?;
    }
    Ok(folder)
}

/// Makes a Python of its own with the packages of a list (`requirements.txt`), and nothing that the list does not name.
///
/// # Errors
/// Why it cannot be made.
pub fn python(folder: &Path, requirements: &Path) -> Result<(), String> {
    run(Command::new("timeout").arg(INSTALL_SECONDS).args(["python3", "-m", "venv"]).arg(folder))?;
    let options = ["install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--requirement"];
    let mut install = Command::new("timeout");
    install.arg(INSTALL_SECONDS).arg(folder.join("bin/pip")).args(options).arg(requirements);
    run(&mut install).map(drop)
}
