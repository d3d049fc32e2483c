// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex config`: what a host would be configured with here, and all that can be configured.

use super::configuration::{Loaded, Outside, Signature, Wanted};
use super::{logging, terminal};
use anyhow::{Result, bail};
use edge_config::{Faults, Given, KEYS, Key, Kind, Setting, Source, json_schema};
use serde_json::{Value, json};

/// What to do.
#[derive(Debug, clap::Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    action: Action,

    /// Prints the result as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Shows what counts, and who gave it. Secrets are not shown.
    Show {
        #[command(flatten)]
        wanted: Wanted,
        /// Shows defaults as well.
        #[arg(long)]
        all: bool,
    },
    /// Checks the configuration and its signature, and names every fault.
    Check {
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Lists every key with its type, its default and what it does.
    Keys {
        /// Prints the JSON Schema of the file, for editors.
        #[arg(long)]
        schema: bool,
    },
}

impl Config {
    pub(crate) fn run(self, common: &[Given]) -> Result<()> {
        match self.action {
            Action::Keys { schema: true } => print(&json_schema()),
            Action::Keys { schema: false } if self.json => print(&KEYS.iter().map(described).collect()),
            Action::Keys { schema: false } => KEYS.iter().for_each(explain),
            Action::Show { wanted, all } => show(&load(common, &wanted)?, all, self.json),
            Action::Check { wanted } => return check(load(common, &wanted), self.json),
        }
        Ok(())
    }
}

fn load(common: &[Given], wanted: &Wanted) -> Result<Loaded> {
    let outside = Outside::read(common, wanted)?;
    logging::start(&outside.configuration)?;
    outside.load()
}

fn print(value: &Value) {
    terminal::line(&format!("{value:#}"));
}

fn described(key: &Key) -> Value {
    let optional = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
    json!({
        "name": key.name,
        "type": key.kind.name(),
        "unit": optional(key.unit),
        "default": optional(key.default),
        "environment": key.variable(),
        "places": key.places.name(),
        "secret": key.is_secret(),
        "in-boot-digest": key.is_digested(),
        "summary": key.summary(),
    })
}

fn explain(key: &Key) {
    let unit = if key.unit.is_empty() { String::new() } else { format!(" {}", key.unit) };
    let kind = match key.kind {
        Kind::Integer(least, most) => format!("{least} to {most}{unit}"),
        kind => kind.name().replace('`', ""),
    };
    let default = if key.default.is_empty() { String::new() } else { format!(", default {}", key.default) };
    let variable = key.variable().map(|variable| format!(", {variable}")).unwrap_or_default();
    terminal::line(&format!("{} ({kind}{default}{variable})\n    {}", key.name, key.summary()));
}

fn show(loaded: &Loaded, all: bool, json: bool) {
    let wanted = |setting: &&Setting| all || setting.source != Source::Default;
    let settings: Vec<_> = loaded.configuration.settings().iter().filter(wanted).collect();
    if json {
        let shown = |setting: &&Setting| json!({ "value": setting.value.json(), "source": setting.source });
        let values: serde_json::Map<_, _> =
            settings.iter().map(|setting| (setting.key.name.to_owned(), shown(setting))).collect();
        return print(&json!({ "file": file(loaded), "values": values }));
    }
    terminal::line(&format!("# {}", loaded.signature.describe()));
    for setting in settings {
        let from = setting.source.name();
        terminal::line(&format!("{} = {}    # {from}", setting.key.name, setting.value.text()));
    }
}

fn file(loaded: &Loaded) -> Value {
    match &loaded.file {
        None => Value::Null,
        Some(path) => json!({
            "name": path.display().to_string(),
            "signed": loaded.signature != Signature::Unsigned,
            "signature": loaded.signature.describe(),
        }),
    }
}

fn check(loaded: Result<Loaded>, json: bool) -> Result<()> {
    match loaded {
        Ok(loaded) if json => print(&json!({ "ok": true, "file": file(&loaded) })),
        Ok(loaded) => terminal::line(&format!("nothing is wrong ({})", loaded.signature.describe())),
        Err(error) if json => {
            let faults = error.downcast_ref::<Faults>().map(Faults::as_slice).unwrap_or_default();
            print(&json!({ "ok": false, "error": cortex::text::chain(&error), "faults": faults }));
            bail!("the configuration is not right");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}
