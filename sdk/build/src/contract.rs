// SPDX-License-Identifier: MIT OR Apache-2.0
//! The WIT that a component was made from: read from its sources, and compared with the types in the binary, so that the
//! documentation that is shipped with the binary speaks of the same contract. The types themselves are compared by
//! [`crate::docs`], the world here.
//!
//! It does not judge the contract (which versions may change: `conformance/tidy`; what may be imported: the host).

use anyhow::{Context as _, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use wit_parser::{PackageName, Resolve, UnresolvedPackageGroup, WorldId, WorldItem, WorldKey};

/// How many packages of WIT a workspace may hold: a hundred domains with a few versions each.
const PACKAGES_MAX: usize = 1_000;

/// The packages of WIT that a component's world needs.
#[derive(Debug)]
pub struct Contract {
    resolve: Resolve,
    world: WorldId,
}

impl Contract {
    /// Reads the package in the component's `wit/`, and of `wit/*` in the workspace and `wit/deps/*` those that it needs.
    ///
    /// `world` is the own name of the world that the component implements.
    ///
    /// # Errors
    /// Where a package does not parse, or names one that is not there, or there is no such world.
    pub fn read(component: &Path, workspace: &Path, world: &str) -> Result<Self> {
        let own = component.join("wit");
        let main = parse(&own)?;
        let mut known = BTreeMap::new();
        for folder in packages(&workspace.join("wit"))?.into_iter().chain(packages(&own.join("deps"))?) {
            let group = parse(&folder)?;
            known.insert(text(&group.main.name), group);
        }
        let needed = needed(&main, known)?;
        let mut resolve = Resolve::default();
        let package = resolve
            .push_groups(main, needed)
            .map_err(|error| anyhow::anyhow!("{error}"))
            .with_context(|| format!("the packages that `{}` needs do not fit together", own.display()))?;
        let worlds = resolve.packages.get(package).map(|package| &package.worlds);
        let worlds = worlds.context("the package is lost")?;
        let Some(world) = worlds.get(world).copied() else {
            let all: Vec<&str> = worlds.keys().map(String::as_str).collect();
            bail!("`{}` has no world `{world}`; it has: {}", own.display(), all.join(", "));
        };
        Ok(Self { resolve, world })
    }

    /// The packages.
    #[must_use]
    pub const fn resolve(&self) -> &Resolve {
        &self.resolve
    }

    /// Compares a component's binary with the sources, and puts their documentation into it.
    ///
    /// # Errors
    /// Where they are not the same contract: names the interface and the function or type that differs.
    pub fn embed(&self, component: &[u8]) -> Result<Vec<u8>> {
        let decoded = wit_component::decode(component).context("the component cannot be read back")?;
        let wit_component::DecodedWasm::Component(binary, world) = decoded else {
            bail!("the binary is a package of WIT, not a component");
        };
        compare(&self.resolve, self.world, &binary, world)
            .context("the WIT sources and the binary are not the same contract")?;
        crate::docs::embed(component, &self.resolve)
    }
}

/// The folders of packages in a folder, sorted; none where it is not there.
fn packages(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", folder.display())),
    };
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    let mut folders: Vec<PathBuf> = paths.into_iter().filter(|path| path.is_dir()).collect();
    folders.sort();
    if folders.len() > PACKAGES_MAX {
        bail!("`{}` holds more than {PACKAGES_MAX} packages", folder.display());
    }
    Ok(folders)
}

fn parse(folder: &Path) -> Result<UnresolvedPackageGroup> {
    if !folder.is_dir() {
        bail!("there is no folder `{}` with the world of the component", folder.display());
    }
    UnresolvedPackageGroup::parse_dir(folder).with_context(|| format!("cannot parse the WIT in `{}`", folder.display()))
}

/// The packages that the main one needs, directly and through others.
fn needed(
    main: &UnresolvedPackageGroup,
    mut known: BTreeMap<String, UnresolvedPackageGroup>,
) -> Result<Vec<UnresolvedPackageGroup>> {
    let foreign = |group: &UnresolvedPackageGroup| -> Vec<String> {
        let nested = group.nested.iter().flat_map(|package| package.foreign_deps.keys());
        group.main.foreign_deps.keys().chain(nested).map(text).collect()
    };
    let mut seen: Vec<String> =
        std::iter::once(&main.main).chain(&main.nested).map(|package| text(&package.name)).collect();
    let all = known.keys().cloned().collect::<Vec<_>>().join(", ");
    let mut open = foreign(main);
    let mut needed = Vec::new();
    while let Some(name) = open.pop() {
        if seen.contains(&name) {
            continue;
        }
        let Some(group) = known.remove(&name) else {
            bail!("no package `{name}` in the workspace's `wit/`; there are: {all}");
        };
        open.extend(foreign(&group));
        seen.push(name);
        needed.push(group);
    }
    Ok(needed)
}

fn text(name: &PackageName) -> String {
    name.to_string()
}

/// Compares the outlines of two worlds: what the binary exports must be what the sources export, no more and no less; what
/// it imports must be among what the sources import, because the linker drops what is not used.
fn compare(sources: &Resolve, source: WorldId, binary: &Resolve, world: WorldId) -> Result<()> {
    let source = sources.worlds.get(source).context("no world")?;
    let binary_world = binary.worlds.get(world).context("no world")?;
    let (declared, exported) = (items(sources, &source.exports), items(binary, &binary_world.exports));
    let name = &source.name;
    if let Some(missing) = declared.difference(&exported).next() {
        bail!("world `{name}` exports `{missing}`, the binary does not");
    }
    if let Some(extra) = exported.difference(&declared).next() {
        bail!("the binary exports `{extra}`, world `{name}` does not");
    }
    let (declared, imported) = (items(sources, &source.imports), items(binary, &binary_world.imports));
    if let Some(extra) = imported.difference(&declared).next() {
        bail!("the binary imports `{extra}`, world `{name}` does not");
    }
    Ok(())
}

/// The names of the items of one side of a world.
fn items<'a>(resolve: &Resolve, items: impl IntoIterator<Item = (&'a WorldKey, &'a WorldItem)>) -> BTreeSet<String> {
    items.into_iter().map(|(key, _)| resolve.name_world_key(key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: &str = "
        package fixture:bank@1.0.0;

        interface types { record money { amount: s64, currency: string } }
        interface accounts { use types.{money}; balance: func(name: string) -> money; }
        interface clock { now: func() -> u64; }

        world bank {
            import clock;
            export accounts;
            export ping: func() -> bool;
        }
    ";

    fn resolve(text: &str) -> (Resolve, WorldId) {
        let mut resolve = Resolve::default();
        let package = resolve.push_source("test.wit", text).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        (resolve, world)
    }

    fn check(binary: &str) -> Result<()> {
        let ((sources, source), (binary, world)) = (resolve(SOURCES), resolve(binary));
        compare(&sources, source, &binary, world)
    }

    #[test]
    fn an_import_may_be_left_out_and_nothing_else() {
        check(SOURCES).unwrap();
        check(&SOURCES.replace("import clock;", "")).unwrap();
        let cases = [
            ("export ping: func() -> bool;", "", "world `bank` exports `ping`, the binary does not"),
            ("export accounts;", "", "world `bank` exports `fixture:bank/accounts@1.0.0`, the binary does not"),
            ("export accounts;", "export accounts; export clock;", "the binary exports `fixture:bank/clock@1.0.0`"),
            ("import clock;", "import clock; import log: func();", "the binary imports `log`"),
            ("@1.0.0", "@1.0.1", "world `bank` exports `fixture:bank/accounts@1.0.0`, the binary does not"),
        ];
        for (from, to, expected) in cases {
            assert!(SOURCES.contains(from), "{from}");
            let error = format!("{:#}", check(&SOURCES.replace(from, to)).unwrap_err());
            assert!(error.contains(expected), "`{expected}` is not in: {error}");
        }
    }

    #[test]
    fn what_is_no_component_is_refused() {
        let (resolve, world) = resolve(SOURCES);
        let contract = Contract { resolve, world };
        assert!(contract.embed(b"").is_err());
        assert!(contract.embed(b"\0asm\x01\0\0\0").is_err());
    }
}
