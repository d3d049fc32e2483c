// SPDX-License-Identifier: MIT OR Apache-2.0
//! The search for a compiler on machines that are not this one: folders with scripts in place of programs.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage has failed")]

use sdk_build::{Builder, Environment, Toolchain, Way};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;

/// A machine: its programs in `bin`, toolchains below `toolchain`, the distribution below `system`.
struct Machine {
    folder: TempDir,
    is_root: bool,
    _alone: MutexGuard<'static, ()>,
}

/// One machine at a time: a process that another test forks while a script is written holds it open for writing, and the
/// system then refuses to start it.
static ALONE: Mutex<()> = Mutex::new(());

impl Machine {
    fn new() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let this = Self { folder: tempfile::tempdir().unwrap(), is_root: false, _alone: alone };
        this.file("workspace/Cargo.toml", "[workspace]\n");
        std::fs::create_dir_all(this.path("bin")).unwrap();
        this
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(path)
    }

    fn file(&self, path: &str, content: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// A program that is a script; each start is noted in `started`.
    fn program(self, path: &str, script: &str) -> Self {
        let root = self.path("");
        let root = root.display();
        self.file(path, &format!("#!/bin/sh\necho {path} \"$@\" >> {root}/started\nROOT={root}\n{script}\n"));
        std::fs::set_permissions(self.path(path), std::fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn with_file(self, path: &str) -> Self {
        self.file(path, "");
        self
    }

    /// A compiler whose sysroot is a folder of the machine.
    fn compiler(self, path: &str, sysroot: &str, release: &str) -> Self {
        let script = format!(
            "case \"$1\" in --print) echo $ROOT/{sysroot};; -vV) echo rustc {release}; echo release: {release};; esac"
        );
        self.program(path, &script)
    }

    fn with_cargo_and_rustc(self) -> Self {
        self.program("bin/cargo", "").compiler("bin/rustc", "toolchain", "1.95.0")
    }

    fn on_debian(self) -> Self {
        self.file("system/etc/os-release", "NAME=x\nID=debian\n");
        self
    }

    fn run_by_root(mut self) -> Self {
        self.is_root = true;
        self
    }

    fn find(&self) -> (anyhow::Result<Toolchain>, Vec<String>) {
        let variables = [("PATH", self.path("bin")), ("HOME", self.path("home"))];
        let mut environment = Environment::with_variables(variables, self.path("system"));
        if self.is_root {
            environment = environment.as_root();
        }
        let mut lines = Vec::new();
        let builder = Builder::new(self.path("workspace"), environment).unwrap();
        let found = builder.toolchain(&mut |event| lines.push(event.to_string()));
        (found, lines)
    }

    #[track_caller]
    fn fails_with(&self, parts: &[&str]) {
        let error = format!("{:#}", self.find().0.unwrap_err());
        for part in parts {
            assert!(error.contains(part), "`{part}` is not in: {error}");
        }
    }

    fn started(&self) -> String {
        std::fs::read_to_string(self.path("started")).unwrap_or_default()
    }
}

const CORE: &str = "lib/rustlib/wasm32-unknown-unknown/lib/libcore-0.rlib";
const LINKER: &str = "toolchain/lib/rustlib/host/bin/rust-lld";
const STD: &str = "library/std/Cargo.toml";
const FAILING_RUSTUP: &str = "echo info: trying >&2; echo 'error: could not download file' >&2; exit 1";

/// A distribution's compiler with a linker elsewhere; its sources are not linked.
fn distribution(release: &str) -> Machine {
    Machine::new()
        .with_cargo_and_rustc()
        .on_debian()
        .compiler("system/usr/bin/rustc", "system/usr", release)
        .with_file(LINKER)
        .with_file(&format!("system/usr/src/rustc-{release}/{STD}"))
}

#[test]
fn an_installed_target_is_taken_first() {
    let machine = Machine::new()
        .with_cargo_and_rustc()
        .program("bin/rustup", FAILING_RUSTUP)
        .with_file(&format!("toolchain/{CORE}"))
        .with_file(LINKER);
    let (found, lines) = machine.find();
    let found = found.unwrap();
    assert_eq!((found.way, found.linker), (Way::Installed, None));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("the installed target of rustc 1.95.0"), "{lines:?}");
    assert!(!machine.started().contains("rustup"));
}

#[test]
fn what_was_found_is_found_again_without_starting_a_program() {
    let machine = Machine::new().with_cargo_and_rustc().with_file(&format!("toolchain/{CORE}")).with_file(LINKER);
    let found = machine.find().0.unwrap();
    let started = machine.started();
    assert!(!started.is_empty());
    let (again, lines) = machine.find();
    assert_eq!((again.unwrap(), lines.len()), (found, 0));
    assert_eq!(machine.started(), started);

    // Another choice of toolchain, and a program that is another one now: asked again.
    machine.file("workspace/rust-toolchain.toml", "[toolchain]\nchannel = \"1.96\"\n");
    machine.find().0.unwrap();
    let after_choice = machine.started();
    assert_ne!(after_choice, started);
    let machine = machine.compiler("bin/rustc", "toolchain", "1.95.1-other");
    assert!(machine.find().0.unwrap().version.contains("1.95.1-other"));
}

#[test]
fn rustup_adds_the_target() {
    let add = format!(
        "case \"$1\" in target) /bin/mkdir -p $ROOT/toolchain/{folder}; : > $ROOT/toolchain/{CORE};; which) echo $ROOT/bin/rustc;; esac",
        folder = Path::new(CORE).parent().unwrap().display()
    );
    let machine = Machine::new().with_cargo_and_rustc().program("bin/rustup", &add);
    let (found, lines) = machine.find();
    assert_eq!(found.unwrap().way, Way::Added);
    assert!(lines[0].contains("added by rustup"), "{lines:?}");
    assert!(machine.started().contains("bin/rustup target add wasm32-unknown-unknown"));
}

#[test]
fn rustup_that_fails_is_reported_in_one_line_and_the_distribution_is_tried() {
    let machine = distribution("1.96.0").program("bin/rustup", FAILING_RUSTUP);
    let machine = machine.with_file(&format!("system/usr/lib/rustlib/src/rust/{STD}"));
    let (found, lines) = machine.find();
    let found = found.unwrap();
    assert_eq!(found.way, Way::Distribution);
    assert_eq!(found.linker, Some(machine.path(LINKER)));
    assert_eq!(found.rustc, machine.path("system/usr/bin/rustc"));
    let expected =
        "rustup target add wasm32-unknown-unknown: could not download file; trying the distribution's compiler";
    assert_eq!(lines[0], expected);
    assert!(lines[1].contains("the distribution's rustc 1.96.0"), "{lines:?}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn the_one_command_to_run_is_named() {
    Machine::new().fails_with(&["no `cargo` in the search path"]);
    Machine::new()
        .with_cargo_and_rustc()
        .fails_with(&["no `rustup`", "run `rustup target add wasm32-unknown-unknown`"]);
    let packages = "run `sudo apt-get install --no-install-recommends rustc-web rust-web-src`";
    Machine::new().with_cargo_and_rustc().on_debian().fails_with(&[packages]);
    // Too old for this workspace, though it is there.
    distribution("1.63.0").fails_with(&[packages]);
    distribution("1.96.0").fails_with(&["&& sudo ln -sfn", "usr/src/rustc-1.96.0", "lib/rustlib/src/rust"]);
    let machine = distribution("1.96.0").with_file(&format!("system/usr/lib/rustlib/src/rust/{STD}"));
    std::fs::remove_file(machine.path(LINKER)).unwrap();
    machine.fails_with(&["run `sudo apt-get install --no-install-recommends lld`"]);
}

#[test]
fn as_root_the_sources_are_linked() {
    let machine = distribution("1.96.0").run_by_root();
    let (found, lines) = machine.find();
    assert_eq!(found.unwrap().way, Way::Distribution);
    assert!(lines.iter().any(|line| line.starts_with("linked the sources")), "{lines:?}");
    let link = machine.path("system/usr/lib/rustlib/src/rust");
    assert_eq!(std::fs::read_link(link).unwrap(), machine.path("system/usr/src/rustc-1.96.0"));
}

#[test]
fn as_root_on_debian_missing_packages_are_installed_after_an_update() {
    // The first try fails until the lists are there, as on a fresh machine.
    let apt = format!(
        "case \"$1\" in\n\
         update) : > $ROOT/lists;;\n\
         install) [ -e $ROOT/lists ] || exit 100\n\
         /bin/mkdir -p $ROOT/system/usr/bin $ROOT/system/usr/lib/rustlib/src/rust/library/std\n\
         : > $ROOT/system/usr/lib/rustlib/src/rust/{STD}\n\
         /bin/cp $ROOT/package-rustc $ROOT/system/usr/bin/rustc;;\n\
         esac"
    );
    let machine = Machine::new()
        .with_cargo_and_rustc()
        .on_debian()
        .run_by_root()
        .with_file(LINKER)
        .compiler("package-rustc", "system/usr", "1.96.0")
        .program("bin/apt-get", &apt);
    let (found, lines) = machine.find();
    assert_eq!(found.unwrap().way, Way::Distribution);
    assert!(lines.iter().any(|line| line.contains("installing the packages rustc-web rust-web-src")), "{lines:?}");
    assert!(machine.started().contains("bin/apt-get update"));
}

#[test]
fn as_root_elsewhere_nothing_is_installed() {
    let machine = Machine::new().with_cargo_and_rustc().run_by_root().program("bin/apt-get", "");
    machine.fails_with(&["run `rustup target add wasm32-unknown-unknown`"]);
    assert!(!machine.started().contains("apt-get"));
}

#[test]
fn a_compiler_that_fails_is_quoted() {
    let machine = Machine::new().program("bin/cargo", "").program("bin/rustc", "echo broken library >&2; exit 1");
    machine.fails_with(&["--print sysroot` failed", "broken library"]);
}
