// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the builder may know of the process and the machine around it.
//!
//! The builder itself never reads the environment: the binary's wiring (or a test) hands this in. The commands that it
//! starts see the variables in here and no others, so that flags meant for the host's own build do not leak into a
//! guest's.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The variables that a started command may see, by exact name.
const PASSED: &[&str] = &[
    "ALL_PROXY",
    "CARGO_HOME",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "PATH",
    "RUSTUP_AUTO_INSTALL",
    "RUSTUP_DIST_SERVER",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "RUSTUP_UPDATE_ROOT",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "USER",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The variables that a started command may see, by how their names begin: where cargo gets packages from.
const PASSED_PREFIXES: &[&str] = &["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTRIES_", "CARGO_REGISTRY_"];

/// The surroundings of a build.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The variables for the commands that are started.
    variables: BTreeMap<OsString, OsString>,
    /// Cargo's target directory, where it is not `target` in the workspace.
    target_directory: Option<PathBuf>,
    /// Whether packages of the distribution may be installed and links be made below `/usr`.
    is_root: bool,
    /// Where the distribution's files begin: `/`, or another place in a test.
    system_root: PathBuf,
}

impl Environment {
    /// The surroundings of this process. For the binary's wiring and for tests.
    #[must_use]
    pub fn of_process() -> Self {
        let variables = std::env::vars_os().filter(|(name, _)| is_passed(name)).collect();
        let target_directory = std::env::var_os("CARGO_TARGET_DIR").filter(|path| !path.is_empty()).map(PathBuf::from);
        Self { variables, target_directory, is_root: runs_as_root(), system_root: PathBuf::from("/") }
    }

    /// Surroundings with nothing in them but the variables; not root, and the distribution's files below `system_root`.
    #[must_use]
    pub fn with_variables<N: Into<OsString>, V: Into<OsString>>(
        variables: impl IntoIterator<Item = (N, V)>,
        system_root: impl Into<PathBuf>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, target_directory: None, is_root: false, system_root: system_root.into() }
    }

    /// The same with a variable set.
    #[must_use]
    pub fn and_variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The same with another target directory for cargo.
    #[must_use]
    pub fn with_target_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.target_directory = Some(directory.into());
        self
    }

    /// The same as root: packages of the distribution may be installed.
    #[must_use]
    pub const fn as_root(mut self) -> Self {
        self.is_root = true;
        self
    }

    /// Cargo's target directory for a workspace.
    pub(crate) fn target_directory(&self, workspace: &Path) -> PathBuf {
        self.target_directory.as_ref().map_or_else(|| workspace.join("target"), |path| workspace.join(path))
    }

    /// The variables for the commands that are started.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Whether packages of the distribution may be installed.
    pub(crate) const fn is_root(&self) -> bool {
        self.is_root
    }

    /// A path of the distribution, given without the leading slash.
    pub(crate) fn system(&self, path: &str) -> PathBuf {
        self.system_root.join(path)
    }

    /// The first executable file of that name in the search path.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        self.find_all(program).next()
    }

    /// All executable files of that name in the search path, in its order.
    pub(crate) fn find_all(&self, program: &str) -> impl Iterator<Item = PathBuf> {
        let path = self.variable("PATH").unwrap_or_default().to_owned();
        let directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let program = program.to_owned();
        directories.into_iter().map(move |directory| directory.join(&program)).filter(|file| is_executable(file))
    }

    /// Where cargo keeps the sources of packages.
    pub(crate) fn cargo_home(&self) -> Option<PathBuf> {
        self.home("CARGO_HOME", ".cargo")
    }

    /// Where rustup keeps toolchains.
    pub(crate) fn rustup_home(&self) -> Option<PathBuf> {
        self.home("RUSTUP_HOME", ".rustup")
    }

    /// The value of a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    fn home(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        match self.variable(variable) {
            Some(path) if !path.is_empty() => Some(PathBuf::from(path)),
            _ => self.variable("HOME").map(|home| Path::new(home).join(below_home)),
        }
    }
}

fn is_passed(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| PASSED.contains(&name) || PASSED_PREFIXES.iter().any(|p| name.starts_with(p)))
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

/// The owner of `/proc/self` is the effective user; only Linux has distributions that we install packages on.
#[cfg(target_os = "linux")]
fn runs_as_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    Path::new("/proc/self").metadata().is_ok_and(|data| data.uid() == 0)
}

#[cfg(not(target_os = "linux"))]
const fn runs_as_root() -> bool {
    false
}
