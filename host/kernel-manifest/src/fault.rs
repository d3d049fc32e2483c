// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is wrong with a manifest, all of it together, each fault with its place.

use kernel_types::text::nearest;
use std::fmt;

/// How many faults are kept. A file with more is most likely no manifest at all; the rest is counted only.
pub const FAULTS_MAX: usize = 100;

/// A place in a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The path of keys, `operations["journal.post"].rest.path` or `capabilities[0].reason`; empty for the whole file.
    pub path: String,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What would be right there.
    pub expected: String,
    /// What stands there instead.
    pub found: String,
    /// The known word that is closest to what stands there, where one is close.
    pub nearest: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, expected, found, nearest } = self;
        write!(f, "{}:{}: ", place.line, place.column)?;
        if !place.path.is_empty() {
            write!(f, "`{}`: ", place.path)?;
        }
        write!(f, "expected {expected}, found {found}")?;
        match nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

/// All that is wrong with a manifest: at least one fault, by place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    list: Vec<Fault>,
    omitted: usize,
}

impl Faults {
    /// The faults in the order of their places, at most [`FAULTS_MAX`].
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.list
    }

    /// How many more there are.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// The faults as lines that begin with the file's name, as compilers write them and editors follow them.
    pub fn in_file<'f>(&'f self, file: &'f str) -> impl fmt::Display + 'f {
        fmt::from_fn(move |f| self.write(f, &format!("{file}:")))
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, prefix: &str) -> fmt::Result {
        for (index, fault) in self.list.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{prefix}{fault}")?;
        }
        match self.omitted {
            0 => Ok(()),
            omitted => write!(f, "\nand {omitted} more; mend these first"),
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "")
    }
}

impl std::error::Error for Faults {}

/// Collects faults while a manifest is read.
#[derive(Debug, Default)]
pub struct Collector {
    list: Vec<Fault>,
    omitted: usize,
}

impl Collector {
    /// Adds a fault.
    pub fn add(&mut self, place: &Place, expected: impl Into<String>, found: impl Into<String>) {
        self.add_near(place, expected, found, None);
    }

    /// The known word that is close to `word`, where there is one; not looked for any more once faults are only
    /// counted.
    pub fn nearest<'w>(&self, word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<String> {
        (self.list.len() < FAULTS_MAX).then(|| nearest(word, known).map(str::to_owned)).flatten()
    }

    /// Adds a fault and the known word nearest to what was found.
    pub fn add_near(
        &mut self,
        place: &Place,
        expected: impl Into<String>,
        found: impl Into<String>,
        nearest: Option<String>,
    ) {
        if self.list.len() == FAULTS_MAX {
            self.omitted += 1;
            return;
        }
        self.list.push(Fault { place: place.clone(), expected: expected.into(), found: found.into(), nearest });
    }

    /// The value where there is no fault, or else the faults. A value that is missing is a fault by itself.
    ///
    /// # Errors
    /// The faults.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Faults> {
        match value {
            Some(value) if self.list.is_empty() => return Ok(value),
            None if self.list.is_empty() => {
                let start = Place { line: 1, column: 1, path: String::new() };
                self.add(&start, "a manifest", "something that cannot be read");
            }
            _ => {}
        }
        self.list.sort();
        Err(Faults { list: self.list, omitted: self.omitted })
    }
}
