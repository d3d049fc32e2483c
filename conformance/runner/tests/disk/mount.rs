// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small disks and files that nobody may write: mounted where the test runs as root and may mount, by the rights of the file where
//! it does not.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Something mounted, or a file whose rights were taken; as it was when this is dropped.
pub(crate) struct Mounted {
    path: PathBuf,
    undo: Undo,
}

enum Undo {
    Unmount { _folder: Option<tempfile::TempDir> },
    Rights,
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

fn left_out(what: &str) {
    let text = format!("NOT TESTED: {what}: this process may not mount\n");
    let _ = std::io::stderr().write_all(text.as_bytes());
}

impl Mounted {
    /// A disk of its own of so many bytes. `None`: it cannot be had, which was said.
    pub(crate) fn disk(bytes: u64, what: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let options = format!("size={bytes},mode=0700");
        if !run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", path.to_str().unwrap()]) {
            left_out(what);
            return None;
        }
        Some(Self { path, undo: Undo::Unmount { _folder: Some(folder) } })
    }

    /// Takes the right to write a file from everybody, root included.
    pub(crate) fn read_only(file: &Path, what: &str) -> Option<Self> {
        let path = file.to_owned();
        let rights = |mode| std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
        rights(0o400);
        if std::fs::File::options().append(true).open(file).is_err() {
            return Some(Self { path, undo: Undo::Rights });
        }
        rights(0o600);
        let name = file.to_str().unwrap();
        if !run("mount", &["--bind", name, name]) {
            left_out(what);
            return None;
        }
        let mounted = Self { path, undo: Undo::Unmount { _folder: None } };
        if !run("mount", &["-o", "remount,bind,ro", name]) {
            left_out(what);
            return None;
        }
        Some(mounted)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        match &self.undo {
            // Lazily: somebody may hold a file of it for a moment more.
            Undo::Unmount { .. } => {
                run("umount", &["--lazy", self.path.to_str().unwrap()]);
            }
            Undo::Rights => {
                let _ = std::fs::set_permissions(&self.path, std::fs::Permissions::from_mode(0o600));
            }
        }
    }
}

/// Writes a file until its disk has hardly any room.
pub(crate) fn fill(path: &Path) {
    let mut file = std::fs::File::create(path).unwrap();
    let block = [0_u8; 4 << 10];
    while file.write_all(&block).is_ok() {}
}
