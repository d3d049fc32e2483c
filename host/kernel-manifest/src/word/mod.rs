// SPDX-License-Identifier: MIT OR Apache-2.0
//! The texts of a manifest, each a type that cannot hold a wrong one: what is expected, which form JSON Schema is told, and
//! how it is parsed stand side by side. Nothing here knows where a text stands; `read` does.

mod choice;
mod cron;
mod file;
mod host;
mod id;
mod interface;
mod licence;
mod path;
mod text;

pub(crate) use kernel_types::text::is_kebab;

pub use cron::{Cron, CronField};
pub(crate) use file::DirectoryName;
pub use file::FilePath;
pub use host::{HostPattern, TimeZoneName};
pub use interface::{InterfaceName, WorldName};
pub use licence::Licence;
pub use path::{PathTemplate, Segment};
pub(crate) use text::{Description, Name, Reason, Title};

/// A lower-case kebab word ([`is_kebab`] says the same), as a regular expression without anchors.
pub(crate) const KEBAB: &str = "[a-z][a-z0-9]*(-[a-z0-9]+)*";

/// Numbers and suffixes of a semantic version, as on semver.org, as a regular expression without anchors.
pub(crate) const VERSION: &str = r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?";

/// The text in lower case and with hyphens, where that is all that it lacks.
pub(crate) fn kebab_remedy(text: &str, is_right: impl Fn(&str) -> bool) -> Option<String> {
    let kebab = text.to_lowercase().replace(['_', ' '], "-");
    is_right(&kebab).then(|| format!("write `{kebab}`"))
}

/// A fault for a text that is too long.
pub(crate) fn at_most(characters_max: usize, text: &str) -> Result<(), Option<String>> {
    if text.len() <= characters_max { Ok(()) } else { Err(Some(format!("longer than {characters_max} characters"))) }
}

/// A parsed text that shows as it was written.
macro_rules! shown_as_written {
    ($name:ident) => {
        impl $name {
            /// The text as the manifest has it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.text
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.text)
            }
        }
    };
}
use shown_as_written;
