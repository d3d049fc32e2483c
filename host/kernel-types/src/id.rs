// SPDX-License-Identifier: MIT OR Apache-2.0
//! Identifiers, one type each, so that none can be passed for another.

use crate::text::{QUOTE_CHARACTERS_MAX, is_kebab};
use std::fmt;
use std::sync::Arc;

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is no {what}: {rule}")]
pub struct IdError {
    /// The text, cut to 80 characters.
    pub value: String,
    /// The kind of identifier that was expected.
    pub what: &'static str,
    /// The rule that the text breaks.
    pub rule: &'static str,
}

impl IdError {
    fn new(value: &str, what: &'static str, rule: &'static str) -> Self {
        Self { value: value.chars().take(QUOTE_CHARACTERS_MAX).collect(), what, rule }
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses the text.
            ///
            /// # Errors
            /// Where the text breaks the rule of this kind of identifier.
            pub fn parse(value: &str) -> Result<Self, IdError> {
                let check: fn(&str) -> bool = $check;
                if check(value) { Ok(Self(value.into())) } else { Err(IdError::new(value, $what, $rule)) }
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(value: &str) -> Result<Self, IdError> {
                Self::parse(value)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A tenant. It names a directory and a database, so its alphabet is small.
    TenantId,
    "tenant id",
    "lower-case letters, digits and single hyphens, beginning with a letter, at most 48 characters",
    |value| is_kebab(value) && value.len() <= 48
);

id!(
    /// A component, by the name that the manifest gives. It stands in table names and in URLs.
    ComponentId,
    "component id",
    "lower-case letters, digits and single hyphens, beginning with a letter, at most 40 characters",
    |value| is_kebab(value) && value.len() <= 40
);

id!(
    /// Who publishes a component: the namespace of its name, in which a policy says who may sign. `cortex` is the
    /// host's own.
    PublisherId,
    "publisher",
    "lower-case letters, digits and single hyphens, beginning with a letter, at most 40 characters, and not `cortex`",
    |value| is_kebab(value) && value.len() <= 40 && value != "cortex"
);

id!(
    /// A WIT interface with its version, `cortex:accounting/journal@1.0.0`.
    InterfaceId,
    "interface id",
    "`namespace:package/interface@major.minor.patch`",
    |value| {
        let Some((path, version)) = value.rsplit_once('@') else { return false };
        let Some((package, interface)) = path.split_once('/') else { return false };
        let Some((namespace, name)) = package.split_once(':') else { return false };
        // As Semantic Versioning writes them: digits without a sign and without a leading zero.
        let number = |n: &str| n.bytes().all(|b| b.is_ascii_digit()) && (n == "0" || !n.starts_with('0'));
        let numbers = version.split('.').filter(|n| number(n) && n.parse::<u64>().is_ok()).count();
        [namespace, name, interface].into_iter().all(|part| is_kebab(&part.to_ascii_lowercase()))
            && numbers == 3
            && version.split('.').count() == 3
    }
);

impl InterfaceId {
    /// `namespace:package`.
    #[must_use]
    pub fn package(&self) -> &str {
        self.0.split_once('/').map_or("", |(package, _)| package)
    }

    /// The interface's own name.
    #[must_use]
    pub fn interface(&self) -> &str {
        let path = self.0.split_once('/').map_or("", |(_, rest)| rest);
        path.split_once('@').map_or("", |(name, _)| name)
    }

    /// `major.minor.patch`.
    #[must_use]
    pub fn version(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, version)| version)
    }

    /// The major version: within one, a later version accepts what an earlier one did.
    #[must_use]
    pub fn major(&self) -> u64 {
        self.version().split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0)
    }
}

id!(
    /// A request, as it appears in the log, in the trace and in the answer.
    RequestId,
    "request id",
    "letters, digits, `-`, `_`, `.` and `:`, 1 to 128 characters",
    |value| {
        (1..=128).contains(&value.len())
            && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
    }
);

id!(
    /// An operation within its component: `interface.function`, `journal.post`.
    OperationName,
    "operation name",
    "`interface.function` in lower-case kebab words",
    |value| value.split_once('.').is_some_and(|(interface, function)| is_kebab(interface) && is_kebab(function))
);

impl OperationName {
    /// Joins an interface's own name and a function's name.
    ///
    /// # Errors
    /// Where one of them is no lower-case kebab word.
    pub fn new(interface: &str, function: &str) -> Result<Self, IdError> {
        Self::parse(&format!("{interface}.{function}"))
    }

    /// The interface's own name.
    #[must_use]
    pub fn interface(&self) -> &str {
        self.0.split_once('.').map_or("", |(interface, _)| interface)
    }

    /// The function's name.
    #[must_use]
    pub fn function(&self) -> &str {
        self.0.split_once('.').map_or("", |(_, function)| function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_accept_their_alphabet_and_nothing_else() {
        let cases: &[(&str, bool)] = &[
            ("demo", true),
            ("a", true),
            ("import-journal", true),
            ("a1-2b", true),
            ("", false),
            ("-a", false),
            ("a-", false),
            ("a--b", false),
            ("1a", false),
            ("A", false),
            ("a_b", false),
            ("a/b", false),
            ("..", false),
            ("a.b", false),
            ("ä", false),
            ("a\0", false),
        ];
        for (text, ok) in cases {
            assert_eq!(TenantId::parse(text).is_ok(), *ok, "tenant {text:?}");
            assert_eq!(ComponentId::parse(text).is_ok(), *ok, "component {text:?}");
        }
        assert!(ComponentId::parse(&"a".repeat(40)).is_ok());
        assert!(ComponentId::parse(&"a".repeat(41)).is_err());
    }

    #[test]
    fn an_interface_id_comes_apart() {
        let id = InterfaceId::parse("cortex:accounting/journal@1.2.3").unwrap();
        assert_eq!(
            (id.package(), id.interface(), id.version(), id.major()),
            ("cortex:accounting", "journal", "1.2.3", 1)
        );
        for wrong in [
            "journal",
            "a:b/c",
            "a:b@1.0.0",
            "a:b/c@1.0",
            "a:b/c@x.0.0",
            "a:b/c@1.0.0.0",
            "a:b/c@+1.0.0",
            "a:b/c@01.0.0",
            "a:b/c@1..0",
            "a:b/c@1.0.99999999999999999999",
        ] {
            assert!(InterfaceId::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_error_quotes_at_most_eighty_characters() {
        assert_eq!(TenantId::parse(&"Ü".repeat(500)).unwrap_err().value.chars().count(), 80);
    }
}
