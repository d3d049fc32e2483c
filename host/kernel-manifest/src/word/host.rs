// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hosts that a component may reach, and time zones by name.

use super::{at_most, shown_as_written};
use crate::read::Word;
use serde_json::{Value, json};
use std::borrow::Cow;

/// How long a host name may be, in characters (RFC 1035 section 2.3.4), with a wildcard and a port.
const HOST_CHARACTERS_MAX: usize = 262;

/// How long the name of a time zone may be, in characters; the longest in the IANA database has 32.
const ZONE_CHARACTERS_MAX: usize = 64;

/// One label of a host name as a regular expression without anchors (RFC 1123 section 2.1, lower case).
const LABEL: &str = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";

/// A host, `api.example.com`, the hosts below one, `*.example.com`, and a port where only that is meant, `:8443`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPattern {
    text: String,
    host: String,
    below: bool,
    port: Option<u16>,
}

shown_as_written!(HostPattern);

impl HostPattern {
    /// The host, without wildcard and port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, where only one is meant; the scheme's own otherwise.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether a host name is meant: the host itself, or with the wildcard those below it, at any depth.
    #[must_use]
    pub fn matches_host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        match host.strip_suffix(&self.host) {
            Some("") => !self.below,
            Some(rest) => self.below && rest.ends_with('.') && rest.len() > 1,
            None => false,
        }
    }
}

fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

impl Word for HostPattern {
    fn expected() -> Cow<'static, str> {
        "a host in lower case with an optional port, such as `api.example.com`, `*.example.com` or `localhost:8443`"
            .into()
    }

    fn keywords() -> Value {
        let pattern = format!(r"^(\*\.)?{LABEL}(\.{LABEL})*(:[1-9][0-9]{{0,4}})?$");
        json!({ "type": "string", "pattern": pattern, "maxLength": HOST_CHARACTERS_MAX })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        at_most(HOST_CHARACTERS_MAX, text)?;
        if text.contains('/') {
            return Err(Some("a host has no scheme and no path".to_owned()));
        }
        let (name, port) = match text.split_once(':') {
            None => (text, None),
            Some((name, port)) => match port.parse::<u16>() {
                Ok(number) if number > 0 && number.to_string() == port => (name, Some(number)),
                _ => return Err(Some("the port is no number from 1 to 65535".to_owned())),
            },
        };
        let (below, host) = match name.strip_prefix("*.") {
            Some(host) => (true, host),
            None => (false, name),
        };
        if !host.split('.').all(is_label) {
            return Err(None);
        }
        Ok(Self { text: text.to_owned(), host: host.to_owned(), below, port })
    }
}

/// A time zone by its IANA name, `Europe/Vienna`. That it exists is for the host's time zone database to say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TimeZoneName {
    text: String,
}

shown_as_written!(TimeZoneName);

impl Default for TimeZoneName {
    fn default() -> Self {
        Self { text: "UTC".to_owned() }
    }
}

impl Word for TimeZoneName {
    fn expected() -> Cow<'static, str> {
        "an IANA time zone, such as `UTC` or `Europe/Vienna`".into()
    }

    fn keywords() -> Value {
        let part = "[A-Za-z][A-Za-z0-9_+-]*";
        json!({ "type": "string", "pattern": format!("^{part}(/{part}){{0,2}}$"), "maxLength": ZONE_CHARACTERS_MAX })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-');
        let part = |part: &str| part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.bytes().all(allowed);
        let right = text.len() <= ZONE_CHARACTERS_MAX && text.split('/').count() <= 3 && text.split('/').all(part);
        if right { Ok(Self { text: text.to_owned() }) } else { Err(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_its_hosts_and_no_other() {
        let cases: &[(&str, &str, bool)] = &[
            ("example.com", "example.com", true),
            ("example.com", "EXAMPLE.com", true),
            ("example.com", "api.example.com", false),
            ("example.com", "badexample.com", false),
            ("*.example.com", "api.example.com", true),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "badexample.com", false),
            ("*.example.com", ".example.com", false),
            ("*.example.com", "example.com.evil.org", false),
        ];
        for (pattern, host, matches) in cases {
            assert_eq!(HostPattern::parse(pattern).unwrap().matches_host(host), *matches, "{pattern} ? {host}");
        }
    }

    #[test]
    fn hosts_are_names_with_a_port_at_most() {
        assert_eq!(HostPattern::parse("a.b:8443").unwrap().port(), Some(8443));
        for wrong in [
            "", "*", "*.", "a.", ".a", "a..b", "-a", "a-", "A.b", "a:0", "a:65536", "a:", "a:080", "a/b", "ä.at",
            "*.*.a",
        ] {
            assert!(HostPattern::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn zones_have_the_form_of_iana_names() {
        for right in ["UTC", "Europe/Vienna", "America/Argentina/Buenos_Aires", "Etc/GMT+5"] {
            assert!(TimeZoneName::parse(right).is_ok(), "{right}");
        }
        for wrong in ["", "+02:00", "Europe/", "/UTC", "Europe//Vienna", "a/b/c/d", "../etc", "Europe Vienna"] {
            assert!(TimeZoneName::parse(wrong).is_err(), "{wrong}");
        }
    }
}
