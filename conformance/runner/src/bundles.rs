// SPDX-License-Identifier: MIT OR Apache-2.0
//! Components of the checkout as bundles, built where they are not up to date, and bundles changed for the worse.

use sdk_build::{Builder, Environment};
use std::path::{Path, PathBuf};

/// The checkout that the tests belong to.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders above this crate").to_owned()
}

/// Cargo's folder for this profile, `target/debug`: test programs lie in its `deps`, programs in itself.
#[must_use]
pub fn profile_directory() -> PathBuf {
    let program = std::env::current_exe().expect("the test has a program");
    let mut folders = program.ancestors().skip(1);
    let own = folders.next().expect("a program lies in a folder");
    if own.ends_with("deps") { folders.next().expect("deps lies in a folder").to_owned() } else { own.to_owned() }
}

/// Builds a component crate of the checkout, where it is not up to date, and returns its bundle's directory. A directory
/// that holds a bundle is returned as it is.
#[must_use]
pub fn bundle(crate_directory: &str) -> PathBuf {
    if Path::new(crate_directory).join("component.wasm").is_file() {
        return PathBuf::from(crate_directory);
    }
    let builder = Builder::new(workspace(), Environment::of_process()).expect("the checkout is a workspace");
    let built = builder.build(crate_directory.as_ref(), &mut |_| {});
    built.unwrap_or_else(|error| panic!("{crate_directory} cannot be built: {error:#}")).directory
}

/// A bundle of a test's own: a copy that may be changed, or one made of text.
pub struct Draft(tempfile::TempDir);

impl Draft {
    /// A copy of a component's bundle.
    #[must_use]
    pub fn copy_of(crate_directory: &str) -> Self {
        let draft = Self(tempfile::tempdir().expect("a temporary directory"));
        copy(&bundle(crate_directory), draft.path()).expect("a bundle can be copied");
        draft
    }

    /// A bundle of a manifest and a component in the text format.
    #[must_use]
    pub fn of_text(manifest: &str, component: &str) -> Self {
        let draft = Self(tempfile::tempdir().expect("a temporary directory"));
        draft.write("cortex.yaml", manifest.as_bytes());
        draft.write("component.wasm", &wat::parse_str(component).unwrap_or_else(|error| panic!("{error}")));
        draft
    }

    /// The bundle of a folder that holds `cortex.yaml` and `component.wat`, relative to the checkout.
    #[must_use]
    pub fn of_folder(folder: &str) -> Self {
        let folder = workspace().join(folder);
        let read = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self::of_text(&read("cortex.yaml"), &read("component.wat"))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where it is, as [`bundle`] takes it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path().to_str().expect("a temporary directory has a plain name")
    }

    /// Reads one of its text files.
    #[must_use]
    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Replaces one of its files.
    pub fn write(&self, file: &str, content: &[u8]) {
        std::fs::write(self.path().join(file), content).unwrap_or_else(|error| panic!("{file}: {error}"));
    }

    /// Changes one of its text files, which must change.
    pub fn change(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} does not hold `{from}`");
        self.write(file, text.replacen(from, to, 1).as_bytes());
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
