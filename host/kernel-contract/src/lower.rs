// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Val` -> JSON, led by the type, straight into a buffer.
//!
//! Values come from a component, whose types the engine has checked; its texts are checked here for the well-known formats.
//! A value outside the contract is a defect of the component and gives nothing to the caller.

use crate::fault::Place;
use crate::json::write_string;
use crate::operation::{Failure, Output};
use crate::types::{Case, Field, Integer, Kind, Label, Members, Type, Width};
use crate::{Format, Problem, Source, name, problem_from_val};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::Write;
use wasmtime::component::Val;

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It went well; the JSON of its answer was appended.
    Ok,
    /// It refused, with a `cortex:types/types.problem`; nothing was appended.
    Refused(Problem),
    /// It refused, with an error of its own type, whose JSON was appended.
    Error,
}

/// Why a result cannot be given to the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than the caller's limit allows.
    #[error("the answer has more than {bytes_max} bytes as JSON: ask for less at once")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// Outside the component's own contract.
    #[error("the component broke its contract at `{pointer}` of its result: {detail}")]
    Defect {
        /// A JSON Pointer into the result.
        pointer: String,
        /// What is wrong, for the operator.
        detail: String,
    },
}

pub(crate) fn outcome(
    output: &Output,
    result: Option<&Val>,
    out: &mut Vec<u8>,
    bytes_max: usize,
) -> Result<Outcome, Error> {
    let start = out.len();
    let mut writer = Writer { out, start, bytes_max };
    let outcome = writer.outcome(output, result);
    if outcome.is_err() {
        out.truncate(start);
    }
    outcome
}

struct Writer<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    bytes_max: usize,
}

impl Writer<'_> {
    fn outcome(&mut self, output: &Output, result: Option<&Val>) -> Result<Outcome, Error> {
        let root = Place::root(Source::Body);
        match (output, result) {
            (Output::Value(ty), value) => self.maybe(ty.as_ref(), value, &root).map(|()| Outcome::Ok),
            (Output::Fallible { ok, .. }, Some(Val::Result(Ok(value)))) => {
                self.maybe(ok.as_ref(), value.as_deref(), &root).map(|()| Outcome::Ok)
            }
            (Output::Fallible { failure: Failure::Other(ty), .. }, Some(Val::Result(Err(value)))) => {
                self.maybe(ty.as_ref(), value.as_deref(), &root).map(|()| Outcome::Error)
            }
            (Output::Fallible { failure: Failure::Problem(_), .. }, Some(Val::Result(Err(Some(value))))) => {
                problem_from_val(value).map(Outcome::Refused).ok_or_else(|| mismatch(&root, "a problem"))
            }
            (Output::Fallible { .. }, _) => Err(mismatch(&root, "a result")),
        }
    }

    fn maybe(&mut self, ty: Option<&Type>, value: Option<&Val>, place: &Place<'_>) -> Result<(), Error> {
        match (ty, value) {
            (None, None) => self.bytes(b"null"),
            (Some(ty), Some(value)) => self.value(ty, value, place),
            (None, Some(_)) => Err(mismatch(place, "nothing")),
            (Some(_), None) => Err(mismatch(place, "a value")),
        }
    }

    fn value(&mut self, ty: &Type, value: &Val, place: &Place<'_>) -> Result<(), Error> {
        match (ty.kind(), value) {
            (Kind::Bool, Val::Bool(value)) => self.bytes(if *value { b"true" } else { b"false" }),
            (Kind::Integer(integer), value) => self.integer(*integer, value, place),
            (Kind::Float32, Val::Float32(value)) => self.float(value.is_finite(), f64::from(*value), value),
            (Kind::Float64, Val::Float64(value)) => self.float(value.is_finite(), *value, value),
            (Kind::Char, Val::Char(value)) => self.text(value.encode_utf8(&mut [0; 4])),
            (Kind::Text(format), Val::String(value)) => self.string(*format, value, place),
            (Kind::Bytes, Val::List(values)) => self.base64(values, place),
            (Kind::List(element), Val::List(values)) => self.list(element, values, place),
            (Kind::FixedList(element, _), Val::FixedLengthList(values)) => self.list(element, values, place),
            (Kind::Option(_), Val::Option(None)) => self.bytes(b"null"),
            (Kind::Option(inner), Val::Option(Some(value))) if inner.is_nullable() => {
                self.wrapped("some", |writer| writer.value(inner, value, &place.name("some")))
            }
            (Kind::Option(inner), Val::Option(Some(value))) => self.value(inner, value, place),
            (Kind::Result { ok, .. }, Val::Result(Ok(value))) => {
                self.wrapped("ok", |writer| writer.maybe(ok.as_ref(), value.as_deref(), &place.name("ok")))
            }
            (Kind::Result { error, .. }, Val::Result(Err(value))) => {
                self.wrapped("error", |writer| writer.maybe(error.as_ref(), value.as_deref(), &place.name("error")))
            }
            (Kind::Tuple(types), Val::Tuple(values)) if types.len() == values.len() => {
                let pairs = types.iter().zip(values).enumerate();
                self.separated(b'[', b']', pairs, |writer, (index, (ty, value))| {
                    writer.value(ty, value, &place.index(index))
                })
            }
            (Kind::Record(fields), Val::Record(values)) => self.record(fields, values, place),
            (Kind::Variant(cases), Val::Variant(case, value)) => self.variant(cases, case, value.as_deref(), place),
            (Kind::Enum(cases), Val::Enum(case)) => match cases.by_wit(case) {
                Some(label) => self.text(&label.json),
                None => Err(mismatch(place, "one of the cases")),
            },
            (Kind::Flags(names), Val::Flags(flags)) => {
                // The engine lifts flags in the order of their type: one walk over both.
                let mut rest = flags.iter().peekable();
                let set = names.iter().filter(|label| rest.next_if(|flag| **flag == label.wit).is_some());
                let set: Vec<&Label> = set.collect();
                if set.len() != flags.len() {
                    return Err(mismatch(place, "flags of its type, in its order"));
                }
                self.separated(b'[', b']', set.into_iter(), |writer, label| writer.text(&label.json))
            }
            _ => Err(mismatch(place, &crate::lift::expected(ty))),
        }
    }

    fn integer(&mut self, integer: Integer, value: &Val, place: &Place<'_>) -> Result<(), Error> {
        let number = match (integer.width, value) {
            (Width::U8, Val::U8(value)) => i128::from(*value),
            (Width::U16, Val::U16(value)) => i128::from(*value),
            (Width::U32, Val::U32(value)) => i128::from(*value),
            (Width::U64, Val::U64(value)) => i128::from(*value),
            (Width::S8, Val::S8(value)) => i128::from(*value),
            (Width::S16, Val::S16(value)) => i128::from(*value),
            (Width::S32, Val::S32(value)) => i128::from(*value),
            (Width::S64, Val::S64(value)) => i128::from(*value),
            _ => return Err(mismatch(place, "an integer")),
        };
        if !(integer.minimum..=integer.maximum).contains(&number) {
            let (minimum, maximum) = (integer.minimum, integer.maximum);
            return Err(defect(place, format!("expected an integer from {minimum} to {maximum}, found `{number}`")));
        }
        if integer.is_wide() {
            self.formatted(format_args!("\"{number}\""))
        } else {
            // Narrow integers fit 64 bits, whose digits come out faster.
            i64::try_from(number).map_or(Ok(()), |number| self.formatted(format_args!("{number}")))
        }
    }

    /// Writes a float in the fewest digits that read back as the same number of its own width.
    fn float(&mut self, is_finite: bool, wide: f64, value: &dyn std::fmt::Debug) -> Result<(), Error> {
        if is_finite {
            self.formatted(format_args!("{value:?}"))
        } else if wide.is_nan() {
            self.bytes(b"\"NaN\"")
        } else if wide > 0.0 {
            self.bytes(b"\"Infinity\"")
        } else {
            self.bytes(b"\"-Infinity\"")
        }
    }

    fn string(&mut self, format: Option<Format>, value: &str, place: &Place<'_>) -> Result<(), Error> {
        match format {
            Some(format) if !format.accepts(value) => {
                Err(defect(place, format!("expected {}, found {}", format.expected(), name::quote(value))))
            }
            _ => self.text(value),
        }
    }

    fn base64(&mut self, values: &[Val], place: &Place<'_>) -> Result<(), Error> {
        if values.len() > self.left()? {
            return Err(Error::TooLarge { bytes_max: self.bytes_max });
        }
        let mut bytes = Vec::with_capacity(values.len());
        for value in values {
            let Val::U8(byte) = value else { return Err(mismatch(place, "bytes")) };
            bytes.push(*byte);
        }
        self.text(&STANDARD.encode(bytes))
    }

    fn list(&mut self, element: &Type, values: &[Val], place: &Place<'_>) -> Result<(), Error> {
        self.separated(b'[', b']', values.iter().enumerate(), |writer, (index, value)| {
            writer.value(element, value, &place.index(index))
        })
    }

    fn record(&mut self, fields: &Members<Field>, values: &[(String, Val)], place: &Place<'_>) -> Result<(), Error> {
        let matches =
            fields.len() == values.len() && fields.iter().zip(values).all(|(f, (name, _))| f.label.wit == *name);
        if !matches {
            return Err(mismatch(place, "a record with the fields of its type"));
        }
        self.separated(b'{', b'}', fields.iter().zip(values), |writer, (field, (_, value))| {
            writer.key(&field.label.json);
            writer.value(&field.ty, value, &place.name(&field.label.json))
        })
    }

    fn variant(
        &mut self,
        cases: &Members<Case>,
        case: &str,
        value: Option<&Val>,
        place: &Place<'_>,
    ) -> Result<(), Error> {
        let case = cases.by_wit(case).ok_or_else(|| mismatch(place, "one of the cases"))?;
        let name = &case.label.json;
        match (&case.ty, value) {
            (None, None) => self.text(name),
            (Some(ty), Some(value)) => self.wrapped(name, |writer| writer.value(ty, value, &place.name(name))),
            _ => Err(mismatch(place, "the value that its case carries")),
        }
    }

    /// An object with one member.
    fn wrapped(&mut self, name: &str, write: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.out.push(b'{');
        self.key(name);
        write(self)?;
        self.out.push(b'}');
        self.left().map(|_| ())
    }

    fn separated<T>(
        &mut self,
        open: u8,
        close: u8,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.out.push(open);
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            write(self, item)?;
        }
        self.out.push(close);
        self.left().map(|_| ())
    }

    /// A name and its colon. Names of WIT hold nothing that JSON escapes.
    fn key(&mut self, name: &str) {
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn text(&mut self, text: &str) -> Result<(), Error> {
        if text.len() > self.left()? {
            return Err(Error::TooLarge { bytes_max: self.bytes_max });
        }
        write_string(self.out, text);
        self.left().map(|_| ())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.extend_from_slice(bytes);
        self.left().map(|_| ())
    }

    fn formatted(&mut self, arguments: std::fmt::Arguments<'_>) -> Result<(), Error> {
        // Writing into a vector cannot fail.
        let _ = self.out.write_fmt(arguments);
        self.left().map(|_| ())
    }

    /// The bytes that may still be written.
    fn left(&self) -> Result<usize, Error> {
        let written = self.out.len().saturating_sub(self.start);
        self.bytes_max.checked_sub(written).ok_or(Error::TooLarge { bytes_max: self.bytes_max })
    }
}

fn defect(place: &Place<'_>, detail: String) -> Error {
    Error::Defect { pointer: place.pointer(), detail }
}

fn mismatch(place: &Place<'_>, expected: &str) -> Error {
    defect(place, format!("expected {expected}, found a value of another type"))
}
