// SPDX-License-Identifier: MIT OR Apache-2.0
//! Names of WIT interfaces and worlds, with or without their version.

use super::{KEBAB, VERSION, at_most, is_kebab, shown_as_written};
use crate::read::Word;
use semver::Version;
use serde_json::{Value, json};
use std::borrow::Cow;

/// How long a qualified name may be, in characters.
const CHARACTERS_MAX: usize = 200;

/// A WIT interface, `cortex:storage/sql`, or one version of it, `cortex:storage/sql@1.0.0`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InterfaceName {
    text: String,
    name: String,
    version: Option<Version>,
}

shown_as_written!(InterfaceName);

impl InterfaceName {
    /// `namespace:package/interface`, without the version.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `namespace:package`.
    #[must_use]
    pub fn package(&self) -> &str {
        self.name.split_once('/').map_or("", |(package, _)| package)
    }

    /// The interface's own name.
    #[must_use]
    pub fn interface(&self) -> &str {
        self.name.split_once('/').map_or("", |(_, interface)| interface)
    }

    /// The version; absent where any is meant.
    #[must_use]
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// Whether an import or export of a binary (`cortex:storage/sql@1.0.0`) is meant: the same name, and the same version
    /// where one is given.
    #[must_use]
    pub fn covers(&self, interface: &str) -> bool {
        let (name, version) = split_version(interface);
        let same = |own: &Version| version.and_then(|v| Version::parse(v).ok()).is_some_and(|v| v == *own);
        name == self.name && self.version.as_ref().is_none_or(same)
    }
}

fn split_version(text: &str) -> (&str, Option<&str>) {
    text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)))
}

/// Splits `namespace:package/item@version` and checks each part.
fn qualified(text: &str) -> Result<(&str, Option<Version>), Option<String>> {
    at_most(CHARACTERS_MAX, text)?;
    let (name, version) = split_version(text);
    let (package, item) = name.split_once('/').ok_or(None)?;
    let (namespace, package) = package.split_once(':').ok_or(None)?;
    if ![namespace, package, item].into_iter().all(is_kebab) {
        return Err(None);
    }
    let version = version.map(Version::parse).transpose().map_err(|error| Some(error.to_string()))?;
    Ok((name, version))
}

impl Word for InterfaceName {
    fn expected() -> Cow<'static, str> {
        "an interface `namespace:package/interface`, with or without a version, such as `cortex:storage/sql@1.0.0`"
            .into()
    }

    fn keywords() -> Value {
        let pattern = format!("^{KEBAB}:{KEBAB}/{KEBAB}(@{VERSION})?$");
        json!({ "type": "string", "pattern": pattern, "maxLength": CHARACTERS_MAX })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        let (name, version) = qualified(text)?;
        Ok(Self { text: text.to_owned(), name: name.to_owned(), version })
    }
}

/// A WIT world by its own name, `component`, or qualified, `cortex:ledger/component@1.0.0`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WorldName {
    text: String,
}

shown_as_written!(WorldName);

impl WorldName {
    /// The world's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        let (name, _) = split_version(&self.text);
        name.split_once('/').map_or(name, |(_, world)| world)
    }
}

impl Word for WorldName {
    fn expected() -> Cow<'static, str> {
        "a WIT world, such as `component` or `cortex:ledger/component@1.0.0`".into()
    }

    fn keywords() -> Value {
        let pattern = format!("^({KEBAB}|{KEBAB}:{KEBAB}/{KEBAB}(@{VERSION})?)$");
        json!({ "type": "string", "pattern": pattern, "maxLength": CHARACTERS_MAX })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        if !is_kebab(text) {
            qualified(text)?;
        }
        Ok(Self { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_covers_its_versions() {
        let cases: &[(&str, &str, bool)] = &[
            ("cortex:storage/sql", "cortex:storage/sql@1.0.0", true),
            ("cortex:storage/sql", "cortex:storage/sql", true),
            ("cortex:storage/sql@1.0.0", "cortex:storage/sql@1.0.0", true),
            ("cortex:storage/sql@1.0.0", "cortex:storage/sql@1.0.1", false),
            ("cortex:storage/sql@1.0.0", "cortex:storage/sql", false),
            ("cortex:storage/sql", "cortex:storage/sql2@1.0.0", false),
            ("cortex:storage/sql", "cortex:storage", false),
        ];
        for (declared, imported, covered) in cases {
            let declared = InterfaceName::parse(declared).unwrap();
            assert_eq!(declared.covers(imported), *covered, "{declared} ? {imported}");
        }
    }

    #[test]
    fn names_come_apart() {
        let name = InterfaceName::parse("cortex:storage/sql@1.0.0-rc.1").unwrap();
        assert_eq!((name.name(), name.package(), name.interface()), ("cortex:storage/sql", "cortex:storage", "sql"));
        assert_eq!(name.version().unwrap().to_string(), "1.0.0-rc.1");
        for (text, world) in [("component", "component"), ("a:b/c", "c"), ("a:b/c@1.0.0", "c")] {
            assert_eq!(WorldName::parse(text).unwrap().name(), world);
        }
        for wrong in ["", "a:b", "a/b", "a:b/c@1", "A:b/c", "a:b/c/d", "a:b/c@", "a::b/c", "a:b/c@1.0.0@1.0.0"] {
            assert!(InterfaceName::parse(wrong).is_err(), "{wrong}");
            assert!(WorldName::parse(wrong).is_err(), "{wrong}");
        }
    }
}
