// SPDX-License-Identifier: MIT OR Apache-2.0
//! Of everything that was given, what counts: the environment before the file, the file before the command line, the
//! command line before the default.

use crate::fault::{Collector, Fault, Faults};
use crate::file::File;
use crate::key::{Key, Places};
use crate::list::{KEYS, Values};
use crate::rules;
use crate::value::Value;
use kernel_types::text::{nearest, quote};
use std::collections::HashMap;
use std::ffi::OsString;
use std::ops::Deref;

/// How the variables begin that are ours: one that is no key's is refused, since it was meant for one.
const PREFIX: &str = "CORTEX_";

/// Variables that are not the host's: of commands that sign or speak to registries, of the signing service, and of
/// tests. Those that end in `_` stand for all that begin so.
pub const TOOLS: &[&str] = &[
    "CORTEX_AUTHORITY_",
    "CORTEX_BEAN_EXAMPLE",
    "CORTEX_KEY_",
    "CORTEX_REGISTRY_TOKEN",
    "CORTEX_REGISTRY_USER",
    "CORTEX_REQUIRE_SERVICES",
    "CORTEX_TEST_",
];

/// A key and its value as they were written on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The key.
    pub key: String,
    /// The value. It may be a secret.
    pub value: String,
}

/// All that was given.
#[derive(Clone, Debug, Default)]
pub struct Sources<'s> {
    /// The environment of the process; only variables that begin with `CORTEX_` are looked at.
    pub environment: &'s [(OsString, OsString)],
    /// The configuration file, where there is one and it may be believed.
    pub file: Option<&'s File>,
    /// What the command line says.
    pub command_line: &'s [Given],
}

/// Who gave a value, in the order in which they count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The environment.
    Environment,
    /// The configuration file.
    File,
    /// The command line.
    CommandLine,
    /// Nobody: it is the default.
    Default,
}

impl Source {
    /// Its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::File => "file",
            Self::CommandLine => "command line",
            Self::Default => "default",
        }
    }
}

/// The value of a key, and who gave it.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The key.
    pub key: &'static Key,
    /// Its value.
    pub value: Value,
    /// Who gave it.
    pub source: Source,
}

/// A value that was given and does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overridden {
    /// The key.
    pub key: &'static Key,
    /// Who gave the value that does not count.
    pub loser: Source,
    /// Who gave the one that does.
    pub winner: Source,
}

/// A configuration in which nothing is wrong.
#[derive(Clone, Debug)]
pub struct Configuration {
    settings: Vec<Setting>,
    overridden: Vec<Overridden>,
    values: Values,
}

impl Deref for Configuration {
    type Target = Values;

    fn deref(&self) -> &Values {
        &self.values
    }
}

impl Configuration {
    /// Every key, in the order of [`KEYS`].
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// The values that were given and do not count, and differ from the one that does.
    #[must_use]
    pub fn overridden(&self) -> &[Overridden] {
        &self.overridden
    }

    /// What a host behaves by, as one JSON object: every key without secrets and without what differs by machine on
    /// purpose.
    #[must_use]
    pub fn digested(&self) -> serde_json::Value {
        let digested = self.settings.iter().filter(|setting| setting.key.is_digested());
        digested.map(|setting| (setting.key.name.to_owned(), setting.value.json())).collect()
    }
}

type Found = HashMap<&'static str, Value>;

/// What counts of all that was given.
///
/// # Errors
/// All that is wrong with it: unknown names, wrong types, values out of their bounds, keys where they may not stand,
/// and values that do not fit each other.
pub fn resolve(sources: &Sources<'_>) -> Result<Configuration, Faults> {
    let mut faults = Collector::default();
    let configuration = collect(sources, &mut faults);
    if let Some(configuration) = &configuration {
        rules::check(configuration, &mut faults);
    }
    match configuration {
        Some(configuration) if faults.is_empty() => Ok(configuration),
        _ => Err(faults.into_faults()),
    }
}

/// What environment and command line say alone: where the file is, whom to believe, where commands find the host. A key
/// at fault has its default here, and whether values fit each other is not looked at: the file may say the rest.
///
/// # Errors
/// The faults stand beside what could be read; [`None`] where there are none.
#[must_use]
pub fn before_file(sources: &Sources<'_>) -> Option<(Configuration, Option<Faults>)> {
    let mut faults = Collector::default();
    let configuration = collect(&Sources { file: None, ..*sources }, &mut faults)?;
    let faults = (!faults.is_empty()).then(|| faults.into_faults());
    Some((configuration, faults))
}

/// Every key with its value, those at fault with their default; [`None`] where the list of keys is at odds with itself.
fn collect(sources: &Sources<'_>, faults: &mut Collector) -> Option<Configuration> {
    let environment = of_environment(sources.environment, faults);
    let file = sources.file.map(|file| file.read(faults)).unwrap_or_default();
    let command_line = of_command_line(sources.command_line, faults);
    let given = [(Source::Environment, environment), (Source::File, file), (Source::CommandLine, command_line)];
    let mut overridden = Vec::new();
    let settings: Vec<Setting> = KEYS.iter().map(|key| setting(key, &given, &mut overridden)).collect();
    let values = Values::of(settings.iter().map(|setting| &setting.value))?;
    Some(Configuration { settings, overridden, values })
}

fn setting(key: &'static Key, given: &[(Source, Found)], overridden: &mut Vec<Overridden>) -> Setting {
    let mut found = given.iter().filter_map(|(source, found)| Some((*source, found.get(key.name)?)));
    let Some((winner, value)) = found.next() else {
        let value = if key.default.is_empty() { None } else { key.kind.parse(key.default) };
        return Setting { key, value: value.unwrap_or(Value::Absent), source: Source::Default };
    };
    overridden.extend(found.filter(|(_, other)| *other != value).map(|(loser, _)| Overridden { key, loser, winner }));
    Setting { key, value: value.clone(), source: winner }
}

fn of_environment(variables: &[(OsString, OsString)], faults: &mut Collector) -> Found {
    let mut found = Found::new();
    let mut ours: Vec<_> = variables.iter().filter(|(name, _)| is_ours(name)).collect();
    ours.sort();
    for (name, value) in ours {
        let name = name.to_string_lossy();
        let fault = |expected: String, found: String, nearest| Fault {
            place: "the environment".to_owned(),
            key: quote(&name).trim_matches('`').to_owned(),
            expected,
            found,
            nearest,
        };
        let Some(key) = KEYS.iter().find(|key| key.variable().as_deref() == Some(&*name)) else {
            if let Some(key) = KEYS.iter().find(|key| key.variable().is_none() && key.derived_variable() == name) {
                faults.add(fault(format!("`{}` on the command line only", key.name), "it here".to_owned(), None));
                continue;
            }
            let known: Vec<String> = KEYS.iter().filter_map(Key::variable).collect();
            // A key whose variable has a name of its own is looked for under the usual one.
            let usual = KEYS.iter().find(|key| key.derived_variable() == name).and_then(Key::variable);
            let near = usual.or_else(|| nearest(&name, known.iter().map(String::as_str)).map(str::to_owned));
            faults.add(fault("the variable of a known key".to_owned(), "an unknown one".to_owned(), near));
            continue;
        };
        match value.to_str().and_then(|text| key.kind.parse(text)) {
            Some(value) => {
                found.insert(key.name, value);
            }
            None => faults.add(fault(key.kind.to_string(), shown(key, &value.to_string_lossy()), None)),
        }
    }
    found
}

/// Whether the variable is for the host.
fn is_ours(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    let tool = |tool: &&str| if tool.ends_with('_') { name.starts_with(tool) } else { name == *tool };
    name.starts_with(PREFIX) && !TOOLS.iter().any(tool)
}

fn of_command_line(given: &[Given], faults: &mut Collector) -> Found {
    let mut found = Found::new();
    for Given { key: name, value } in given {
        let fault = |expected: String, found: String, nearest| Fault {
            place: "the command line".to_owned(),
            key: quote(name).trim_matches('`').to_owned(),
            expected,
            found,
            nearest,
        };
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            let near = nearest(name, KEYS.iter().map(|key| key.name)).map(str::to_owned);
            faults.add(fault("a known key".to_owned(), "an unknown one".to_owned(), near));
            continue;
        };
        match key.kind.parse(value) {
            Some(_) if found.contains_key(key.name) => {
                faults.add(fault("each key once".to_owned(), "it again".to_owned(), None));
            }
            Some(value) => {
                found.insert(key.name, value);
            }
            None => faults.add(fault(key.kind.to_string(), shown(key, value), None)),
        }
    }
    found
}

/// What was found, for a fault.
fn shown(key: &Key, value: &str) -> String {
    match value {
        "" => "nothing; leave it out to have its default".to_owned(),
        _ if key.is_secret() => "something else, which is not shown".to_owned(),
        value => quote(value),
    }
}

impl Places {
    /// Its name for people and tools.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::NotInFile => "not in the file",
            Self::CommandLine => "command line only",
        }
    }
}
