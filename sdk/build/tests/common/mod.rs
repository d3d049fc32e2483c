// SPDX-License-Identifier: MIT OR Apache-2.0
//! A copy of the fixture workspace in a temporary folder, to build and to break.
#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage has failed")]

use sdk_build::{Builder, Bundle, Environment, Event};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A workspace with one component crate. Its name and id are the test's own: bundles lie in one folder for all.
pub(crate) struct Fixture {
    folder: TempDir,
}

impl Fixture {
    pub(crate) fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture");
        copy(&fixture, folder.path());
        // The same versions of packages as in this workspace: they are there, and compiled already.
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
        std::fs::copy(lock, folder.path().join("Cargo.lock")).unwrap();
        let this = Self { folder };
        this.edit("Cargo.toml", "name = \"greeter\"", &format!("name = \"{name}\""));
        this.edit("cortex.yaml", "id: greeter", &format!("id: {name}"));
        this
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn component(&self) -> PathBuf {
        self.workspace().join("components/greeter")
    }

    /// Replaces text in a file of the component; the text must be there.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.component().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "`{from}` is not in {}", path.display());
        std::fs::write(&path, text.replace(from, to)).unwrap();
    }

    /// A second component crate: the same but for its own name and folder.
    pub(crate) fn add_component(&self, folder: &str, name: &str) {
        let to = self.workspace().join("components").join(folder);
        copy(&self.component(), &to);
        self.edit("../../Cargo.toml", "components/greeter", "components/*");
        let cargo = std::fs::read_to_string(to.join("Cargo.toml")).unwrap();
        let lines = cargo
            .lines()
            .map(|line| if line.starts_with("name = ") { format!("name = \"{name}\"") } else { line.to_owned() });
        std::fs::write(to.join("Cargo.toml"), lines.collect::<Vec<_>>().join("\n")).unwrap();
    }

    pub(crate) fn builder(&self) -> Builder {
        Builder::new(self.workspace(), environment()).unwrap()
    }

    /// Builds; returns what was reported as well.
    pub(crate) fn build(&self) -> (anyhow::Result<Bundle>, Vec<Event>) {
        let mut events = Vec::new();
        let bundle = self.builder().build("components/greeter".as_ref(), &mut |event| events.push(event));
        (bundle, events)
    }

    /// The whole text of the error of a build that must fail.
    pub(crate) fn error(&self) -> String {
        format!("{:#}", self.build().0.unwrap_err())
    }
}

/// The process's surroundings with this workspace's target directory: guests share compiled packages there.
pub(crate) fn environment() -> Environment {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    Environment::of_process().with_target_directory(target)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
