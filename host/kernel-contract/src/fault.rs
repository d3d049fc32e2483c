// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is wrong with a request, all of it, each with its place.

use crate::limits::FAULTS_MAX;
use std::fmt;

/// Where in the request a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The JSON body.
    Body,
    /// A part of the path.
    Path,
    /// The query string.
    Query,
}

impl Source {
    /// Its name in an error.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Path => "path",
            Self::Query => "query",
        }
    }
}

/// What kind of fault it is, for programs. Stable between versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultCode {
    /// The body is no JSON text, or no UTF-8.
    MalformedJson,
    /// The body nests deeper than any type.
    TooDeep,
    /// More values than one call may have.
    TooManyValues,
    /// A value of another type is expected.
    WrongType,
    /// A number outside the range of its type.
    OutOfRange,
    /// A text outside its well-known format.
    WrongFormat,
    /// A list or text of another length is expected.
    WrongLength,
    /// None of the names that the type knows.
    UnknownValue,
    /// A field that the type does not have.
    UnknownField,
    /// A field or parameter given twice.
    Duplicate,
    /// A required field or parameter that is not there.
    Missing,
}

impl FaultCode {
    /// Lower-case kebab.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedJson => "malformed-json",
            Self::TooDeep => "too-deep",
            Self::TooManyValues => "too-many-values",
            Self::WrongType => "wrong-type",
            Self::OutOfRange => "out-of-range",
            Self::WrongFormat => "wrong-format",
            Self::WrongLength => "wrong-length",
            Self::UnknownValue => "unknown-value",
            Self::UnknownField => "unknown-field",
            Self::Duplicate => "duplicate",
            Self::Missing => "missing",
        }
    }
}

impl serde::Serialize for FaultCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One fault of a request.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// Which part of the request holds it.
    pub source: Source,
    /// Where: a JSON Pointer (RFC 6901) into the operation's input, the object of its parameters: `/lines/3/amount`.
    pub pointer: String,
    /// What, for programs.
    pub code: FaultCode,
    /// What would have been right: `an integer from 0 to 255`.
    pub expected: String,
    /// What, for people: the fault and the remedy, the caller's input in backticks.
    pub message: String,
}

/// All faults of a request: at least one, at most [`FAULTS_MAX`]; what is beyond is counted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Faults {
    faults: Vec<Fault>,
    omitted: usize,
}

impl Faults {
    /// The faults, in the order in which they were found.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.faults
    }

    /// How many more there are than are listed. Where values were too many to look at, those are not counted.
    #[must_use]
    pub const fn omitted(&self) -> usize {
        self.omitted
    }

    pub(crate) fn push(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{} `{}`: {}", fault.source.name(), fault.pointer, fault.message)?;
        }
        if self.omitted > 0 {
            write!(f, "; and {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// A place in the input, as a chain on the stack: it costs nothing until a fault needs it as text.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    segment: Segment<'p>,
    source: Source,
}

#[derive(Clone, Copy)]
enum Segment<'p> {
    Root,
    Name(&'p str),
    Index(usize),
}

impl<'p> Place<'p> {
    pub(crate) const fn root(source: Source) -> Self {
        Self { parent: None, segment: Segment::Root, source }
    }

    pub(crate) const fn name(&'p self, name: &'p str) -> Self {
        Self { parent: Some(self), segment: Segment::Name(name), source: self.source }
    }

    pub(crate) const fn index(&'p self, index: usize) -> Self {
        Self { parent: Some(self), segment: Segment::Index(index), source: self.source }
    }

    /// The place as a JSON Pointer, RFC 6901.
    pub(crate) fn pointer(&self) -> String {
        let mut segments = Vec::new();
        let mut place = Some(self);
        while let Some(here) = place {
            segments.push(here.segment);
            place = here.parent;
        }
        let mut pointer = String::new();
        for segment in segments.into_iter().rev() {
            match segment {
                Segment::Root => {}
                Segment::Name(name) => {
                    pointer.push('/');
                    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                }
                Segment::Index(index) => {
                    pointer.push('/');
                    pointer.push_str(&index.to_string());
                }
            }
        }
        pointer
    }

    pub(crate) fn fault(&self, code: FaultCode, expected: impl Into<String>, message: impl Into<String>) -> Fault {
        Fault { source: self.source, pointer: self.pointer(), code, expected: expected.into(), message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_json_pointer() {
        let root = Place::root(Source::Body);
        let lines = root.name("li/n~es");
        let line = lines.index(3);
        assert_eq!(root.pointer(), "");
        assert_eq!(line.name("amount").pointer(), "/li~1n~0es/3/amount");
    }

    #[test]
    fn faults_beyond_the_limit_are_counted() {
        let mut faults = Faults::default();
        for _ in 0..FAULTS_MAX + 7 {
            faults.push(Place::root(Source::Query).fault(FaultCode::Missing, "x", "y"));
        }
        assert_eq!((faults.as_slice().len(), faults.omitted()), (FAULTS_MAX, 7));
        assert!(faults.to_string().ends_with("; and 7 more"));
    }
}
