// SPDX-License-Identifier: MIT OR Apache-2.0
//! The files of the workspace, read once. Build output and the version control's own folder are left out, as
//! `.gitignore` names them; files that are no UTF-8 are kept by name only.

use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};

/// How many files the tree may have: a second wall against reading a folder that should have been left out.
const FILES_MAX: usize = 20_000;

/// A file.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Its path from the workspace's folder, parts joined by `/`.
    pub path: String,
    /// Its text; empty where it is no UTF-8.
    pub text: String,
}

impl SourceFile {
    /// A file that exists in a test only.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// What follows the last dot of its name.
    #[must_use]
    pub fn extension(&self) -> &str {
        Path::new(&self.path).extension().and_then(|extension| extension.to_str()).unwrap_or_default()
    }

    /// Its name without the folders.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// The workspace.
#[derive(Debug, Clone)]
pub struct Tree {
    /// Its folder.
    pub root: PathBuf,
    /// Its files, sorted by path.
    pub files: Vec<SourceFile>,
}

impl Tree {
    /// Reads this workspace.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub fn read() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.canonicalize().context("the workspace's folder is not there")?;
        let ignored = std::fs::read_to_string(root.join(".gitignore")).context("cannot read `.gitignore`")?;
        let ignored: Vec<&str> = ignored.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let mut files = Vec::new();
        collect(&root, "", &ignored, &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { root, files })
    }

    /// The files whose names end so.
    pub fn with_extension<'a>(&'a self, extension: &'a str) -> impl Iterator<Item = &'a SourceFile> {
        self.files.iter().filter(move |file| file.extension() == extension)
    }
}

fn collect(folder: &Path, prefix: &str, ignored: &[&str], files: &mut Vec<SourceFile>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            bail!("a name in `{}` is no UTF-8", folder.display());
        };
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        if name == ".git" || ignored.iter().any(|pattern| is_ignored(pattern, &path, &name)) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &path, ignored, files)?;
        } else if entry.file_type()?.is_file() {
            let text = std::fs::read(entry.path()).with_context(|| format!("cannot read `{path}`"))?;
            files.push(SourceFile { path, text: String::from_utf8(text).unwrap_or_default() });
        }
        if files.len() > FILES_MAX {
            bail!("the tree has more than {FILES_MAX} files");
        }
    }
    Ok(())
}

/// The patterns of `.gitignore` that this tree uses: `/name` at the top, `*.extension` and `name` anywhere.
fn is_ignored(pattern: &str, path: &str, name: &str) -> bool {
    match (pattern.strip_prefix('/'), pattern.strip_prefix('*')) {
        (Some(top), _) => path == top.trim_end_matches('/'),
        (None, Some(end)) => name.ends_with(end),
        (None, None) => !pattern.starts_with('#') && name == pattern.trim_end_matches('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::is_ignored;

    #[test]
    fn ignored_files_are_left_out() {
        let cases = [
            ("/target", "target", true),
            ("/target", "sdk/target", false),
            ("*.wasm", "a/b.wasm", true),
            ("*.wasm", "a/wasm", false),
            ("node_modules/", "a/node_modules", true),
            ("# target", "target", false),
        ];
        for (pattern, path, expected) in cases {
            let name = path.rsplit('/').next().unwrap();
            assert_eq!(is_ignored(pattern, path, name), expected, "{pattern} {path}");
        }
    }
}
