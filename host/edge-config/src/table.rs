// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table of keys in `docs/configuration.md`.

use crate::key::{Key, Places};
use crate::list::KEYS;

/// The table in Markdown.
#[must_use]
pub fn table() -> String {
    let head =
        "| key | takes | default | environment | in the boot digest | what it does |\n|---|---|---|---|---|---|\n";
    KEYS.iter().fold(head.to_owned(), |table, key| table + &row(key))
}

fn row(key: &Key) -> String {
    let takes = match key.unit {
        "" => key.kind.name().into_owned(),
        unit => format!("{}: {unit}", key.kind.name()),
    };
    let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
    let variable = key.variable().map(|variable| format!("`{variable}`")).unwrap_or_default();
    let digested = match (key.is_secret(), key.is_digested()) {
        (true, _) => "no: a secret",
        (_, true) => "yes",
        (_, false) => "no: of the machine",
    };
    let place = match key.places {
        Places::Everywhere => String::new(),
        places => format!(" ({})", places.name()),
    };
    let name = format!("`{}`{place}", key.name);
    format!("| {name} | {takes} | {default} | {variable} | {digested} | {} |\n", key.summary())
}
