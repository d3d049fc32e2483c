// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is wrong with a configuration, all of it together.

use std::fmt;

/// How many faults are kept. A configuration with more is most likely none.
pub(crate) const FAULTS_MAX: usize = 100;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// Where: `host.yaml:3:5`, `the environment`, `the command line`, `the configuration`.
    pub place: String,
    /// The key, or the environment variable; empty where it is about the whole.
    pub key: String,
    /// What would be right there.
    pub expected: String,
    /// What stands there instead. Never a secret.
    pub found: String,
    /// The known name that is closest to what stands there, where one is close.
    pub nearest: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, key, expected, found, nearest } = self;
        write!(f, "{place}: ")?;
        if !key.is_empty() {
            write!(f, "`{key}`: ")?;
        }
        write!(f, "expected {expected}, found {found}")?;
        match nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

/// All that is wrong with a configuration: at least one fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    list: Vec<Fault>,
    omitted: usize,
}

impl Faults {
    /// The faults: those of the environment, of the file and of the command line, in this order.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.list
    }

    /// How many more there are.
    #[must_use]
    pub const fn omitted(&self) -> usize {
        self.omitted
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.list.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{fault}")?;
        }
        match self.omitted {
            0 => Ok(()),
            omitted => write!(f, "\nand {omitted} more; mend these first"),
        }
    }
}

impl std::error::Error for Faults {}

/// Collects faults.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    list: Vec<Fault>,
    omitted: usize,
}

impl Collector {
    pub(crate) fn add(&mut self, fault: Fault) {
        if self.list.len() < FAULTS_MAX { self.list.push(fault) } else { self.omitted = self.omitted.saturating_add(1) }
    }

    pub(crate) fn omit(&mut self, count: usize) {
        self.omitted = self.omitted.saturating_add(count);
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn into_faults(self) -> Faults {
        Faults { list: self.list, omitted: self.omitted }
    }
}
