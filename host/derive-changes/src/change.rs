// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is said of a change, and how it is gathered.

use crate::limits::{CHANGES_MAX, OPERATIONS_LISTED_MAX};
use serde::Serialize;
use std::collections::HashMap;
use std::fmt;

/// What a change means for one kind of consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// What was right before is right now, and means the same.
    Compatible,
    /// Something that was right before is refused now, or is answered in a way that its caller does not know.
    Breaking,
}

impl Verdict {
    pub(crate) const fn of(compatible: bool) -> Self {
        if compatible { Self::Compatible } else { Self::Breaking }
    }

    /// `compatible` or `breaking`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compatible => "compatible",
            Self::Breaking => "breaking",
        }
    }
}

/// What happened to an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The new version has it, the installed one has not.
    Added,
    /// The installed version has it, the new one has not.
    Removed,
    /// Both have it.
    Changed {
        /// In the installed version.
        from: String,
        /// In the new one.
        to: String,
    },
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The interface, as the installed version has it.
    pub interface: String,
    /// The interface's own name, a function, or a place in a type: `post(dry-run)`, `post -> ok`,
    /// `entry.lines[].amount`.
    pub item: String,
    /// What happened to it.
    pub what: What,
    /// For callers over HTTP.
    pub http: Verdict,
    /// For components that import what is affected.
    pub components: Verdict,
    /// Why, for an administrator.
    pub why: String,
    /// The operations that it is about, where it is about any, at most [`OPERATIONS_LISTED_MAX`].
    pub operations: Vec<String>,
}

/// All that changed, in the order of the installed contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changes {
    http: Verdict,
    components: Verdict,
    complete: bool,
    omitted: usize,
    changes: Vec<Change>,
}

impl Changes {
    /// The changes, at most [`CHANGES_MAX`].
    #[must_use]
    pub fn as_slice(&self) -> &[Change] {
        &self.changes
    }

    /// How many more there are.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// Whether everything was compared. Where not, both verdicts are [`Verdict::Breaking`].
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether no caller can see a difference.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.complete
    }

    /// The worst for callers over HTTP.
    #[must_use]
    pub fn http(&self) -> Verdict {
        self.http
    }

    /// The worst for components.
    #[must_use]
    pub fn components(&self) -> Verdict {
        self.components
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "nothing changes for callers");
        }
        let mut interface = None;
        for change in &self.changes {
            if interface != Some(&change.interface) {
                writeln!(f, "{}", change.interface)?;
                interface = Some(&change.interface);
            }
            write!(f, "  {} ", change.item)?;
            match &change.what {
                What::Added => write!(f, "is added")?,
                What::Removed => write!(f, "is removed")?,
                What::Changed { from, to } => write!(f, "was `{from}`, is `{to}`")?,
            }
            writeln!(f, " [HTTP: {}, components: {}]", change.http.as_str(), change.components.as_str())?;
            writeln!(f, "    {}", change.why)?;
            // The item of a function says which it is.
            let says = |operation: &String| operation.rsplit_once('.').is_some_and(|(_, name)| change.item == name);
            if !change.operations.is_empty() && !change.operations.iter().any(says) {
                writeln!(f, "    in {}", change.operations.join(", "))?;
            }
        }
        if self.omitted > 0 {
            writeln!(f, "and {} more changes", self.omitted)?;
        }
        if !self.complete {
            writeln!(f, "the contracts are too large to be compared as a whole: the rest counts as breaking")?;
        }
        Ok(())
    }
}

/// What makes two findings the same change.
type Key = (String, String, What, Verdict, Verdict, String);

/// Changes as they are found.
#[derive(Debug)]
pub(crate) struct Findings {
    found: Changes,
    known: HashMap<Key, usize>,
}

impl Findings {
    pub(crate) fn new() -> Self {
        let found = Changes {
            http: Verdict::Compatible,
            components: Verdict::Compatible,
            complete: true,
            omitted: 0,
            changes: Vec::new(),
        };
        Self { found, known: HashMap::new() }
    }

    /// Notes a change; one that is known is noted for another operation.
    pub(crate) fn push(&mut self, change: Change) {
        let found = &mut self.found;
        found.http = found.http.max(change.http);
        found.components = found.components.max(change.components);
        let Change { interface, item, what, http, components, why, .. } = &change;
        let key = (interface.clone(), item.clone(), what.clone(), *http, *components, why.clone());
        if let Some(known) = self.known.get(&key).and_then(|index| found.changes.get_mut(*index)) {
            for operation in change.operations {
                if known.operations.len() < OPERATIONS_LISTED_MAX && !known.operations.contains(&operation) {
                    known.operations.push(operation);
                }
            }
        } else if found.changes.len() < CHANGES_MAX {
            self.known.insert(key, found.changes.len());
            found.changes.push(change);
        } else {
            found.omitted = found.omitted.saturating_add(1);
        }
    }

    /// Notes that something was not compared.
    pub(crate) fn incomplete(&mut self) {
        self.found.complete = false;
        self.found.http = Verdict::Breaking;
        self.found.components = Verdict::Breaking;
    }

    /// The first change that breaks components.
    pub(crate) fn first_breaking(&self) -> Option<&Change> {
        self.found.changes.iter().find(|change| change.components == Verdict::Breaking)
    }

    pub(crate) fn finish(self) -> Changes {
        let mut found = self.found;
        // Types that several functions use are found wherever the first of them stands.
        found.changes.sort_by(|one, other| one.interface.cmp(&other.interface));
        found
    }
}
