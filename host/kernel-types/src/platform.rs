// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which packages of WIT are the platform's own. Their interfaces are capabilities: the host offers them or nobody does,
//! and no component may export one. Whether the host at hand offers one is not known here; linking finds out.

/// The packages of the platform in the namespace `cortex`, those of capabilities to come included; every other package
/// there is a domain's.
pub const PACKAGES: &[&str] = &[
    "cortex:context",
    "cortex:files",
    "cortex:http",
    "cortex:inference",
    "cortex:log",
    "cortex:secrets",
    "cortex:storage",
    "cortex:types",
];

/// Whether a package, `namespace:package`, is the platform's: one of [`PACKAGES`] or any of the namespace `wasi`.
#[must_use]
pub fn is_platform(package: &str) -> bool {
    package.starts_with("wasi:") || PACKAGES.contains(&package)
}

#[cfg(test)]
mod tests {
    use super::{PACKAGES, is_platform};

    #[test]
    fn packages_are_told_apart() {
        let cases = [
            ("wasi:io", true),
            ("cortex:accounting", false),
            ("acme:storage", false),
            ("cortex:storages", false),
            ("cortex:storage/sql", false),
            ("wasix:io", false),
            ("wasi", false),
            ("", false),
        ];
        for (package, expected) in cases {
            assert_eq!(is_platform(package), expected, "{package}");
        }
        assert!(PACKAGES.iter().all(|package| is_platform(package)));
    }
}
