// SPDX-License-Identifier: MIT OR Apache-2.0
//! What schemas and roles are called.
//!
//! | what | name |
//! |---|---|
//! | the host's own tables | `cortex` |
//! | functions of the portable subset | `cortex_sql` |
//! | the host's tables of a tenant | `cortex_t_<tenant>` |
//! | the tables of a component in a tenant | `cortex_c_<tenant>__<component>`, or `cortex_h_` and a digest where that is too long |
//! | the role of a component in a tenant | `cortex_r_` and a digest |
//!
//! Hyphens become underscores. An id has no underscore and never two hyphens in a row, so that the first `__` divides tenant
//! and component in one way only, and no two kinds of names begin alike. Every name consists of lower-case letters, digits
//! and underscores, within PostgreSQL's 63 bytes: none needs quoting. Roles belong to the whole server and not to one
//! database, so the installation, a UUID that the database keeps, is a part of their digest.

use kernel_types::{ComponentId, Digest, TenantId};

/// PostgreSQL cuts names behind this many bytes.
const NAME_BYTES_MAX: usize = 63;

/// Hexadecimal digits of a digest that stand in a name: 160 bits.
const DIGEST_DIGITS: usize = 40;

/// The schema of the host's tables of a tenant.
pub(crate) fn tenant_schema(tenant: &TenantId) -> String {
    format!("cortex_t_{}", tenant.as_str().replace('-', "_"))
}

/// The schema of a component's tables in a tenant.
pub(crate) fn component_schema(tenant: &TenantId, component: &ComponentId) -> String {
    let ids = format!("{tenant}__{component}").replace('-', "_");
    let readable = format!("cortex_c_{ids}");
    if readable.len() <= NAME_BYTES_MAX {
        return readable;
    }
    format!("cortex_h_{}", digest([tenant.as_str(), component.as_str()]))
}

/// The role that a component's statements run under in a tenant.
pub(crate) fn role(installation: &str, tenant: &TenantId, component: &ComponentId) -> String {
    format!("cortex_r_{}", digest([installation, tenant.as_str(), component.as_str()]))
}

fn digest<const N: usize>(parts: [&str; N]) -> String {
    Digest::of_parts(parts.map(str::as_bytes)).hex().chars().take(DIGEST_DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn names(tenant: &str, component: &str) -> [String; 3] {
        let (tenant, component) = (TenantId::parse(tenant).unwrap(), ComponentId::parse(component).unwrap());
        [tenant_schema(&tenant), component_schema(&tenant, &component), role("one", &tenant, &component)]
    }

    #[test]
    fn names_are_short_plain_and_never_shared() {
        let long = ["a".repeat(48), "a".repeat(47), format!("{}-b", "a".repeat(46))];
        let tenants = ["demo", "demo-shop", "demo-shop-x", "sql", "x", "t", "h"];
        let components = ["shop", "x-shop", "shop-x", "accounting", "import-journal", &"c".repeat(40)];
        let mut seen = HashSet::new();
        let mut schemas = HashSet::new();
        for tenant in tenants.into_iter().chain(long.iter().map(String::as_str)) {
            for component in components {
                let [of_tenant, of_component, role] = names(tenant, component);
                for name in [&of_tenant, &of_component, &role] {
                    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
                    assert!(plain && name.len() <= NAME_BYTES_MAX, "{name}");
                    assert!(name != "cortex" && name != "cortex_sql");
                }
                schemas.insert(of_tenant);
                assert!(seen.insert(of_component) && seen.insert(role), "{tenant} {component}");
            }
        }
        assert_eq!(schemas.len(), 10);
        assert!(schemas.is_disjoint(&seen));
    }

    #[test]
    fn a_readable_name_is_used_where_it_fits() {
        assert_eq!(names("demo", "import-journal")[1], "cortex_c_demo__import_journal");
        assert!(names(&"a".repeat(40), &"b".repeat(40))[1].starts_with("cortex_h_"));
    }

    #[test]
    fn two_installations_share_no_role() {
        let (tenant, component) = (TenantId::parse("demo").unwrap(), ComponentId::parse("shop").unwrap());
        assert_ne!(role("one", &tenant, &component), role("two", &tenant, &component));
    }
}
