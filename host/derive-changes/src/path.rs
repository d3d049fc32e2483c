// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where in a contract something stands, as a person would point to it.

use crate::limits::{ITEM_CHARACTERS_MAX, NAME_CHARACTERS_MAX};
use kernel_contract::TypeName;
use std::fmt::Write as _;

/// A place. It begins at the innermost type that has a name in both versions, because that is where the change was
/// made.
pub(crate) enum Path<'a> {
    /// A function.
    Function(&'a str),
    /// A parameter of a function.
    Parameter(&'a str, &'a str),
    /// What a function answers, or a part of it.
    Answer(&'a str, &'static str),
    /// A type with a name.
    Type(&'a TypeName),
    /// A field, case or flag.
    Name(&'a Path<'a>, &'a str),
    /// Each element of a list.
    Element(&'a Path<'a>),
    /// A part of a tuple.
    Part(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// The interface that it is in; `own` where it begins at a function.
    pub(crate) fn interface(&self, own: &str) -> String {
        match self {
            Self::Function(_) | Self::Parameter(..) | Self::Answer(..) => cut(own, ITEM_CHARACTERS_MAX),
            Self::Type(name) => cut(&name.interface, ITEM_CHARACTERS_MAX),
            Self::Name(parent, _) | Self::Element(parent) | Self::Part(parent, _) => parent.interface(own),
        }
    }

    /// As text: `post(entry).lines[].amount`, `post -> ok.number`, `entry.note`.
    pub(crate) fn item(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        cut(&text, ITEM_CHARACTERS_MAX)
    }

    fn write(&self, out: &mut String) {
        // Writing into a text cannot fail.
        let _ = match self {
            Self::Function(name) => write!(out, "{}", short(name)),
            Self::Parameter(function, name) => write!(out, "{}({})", short(function), short(name)),
            Self::Answer(function, part) => write!(out, "{} -> {part}", short(function)),
            Self::Type(name) => write!(out, "{}", short(&name.name)),
            Self::Name(parent, name) => {
                parent.write(out);
                write!(out, ".{}", short(name))
            }
            Self::Element(parent) => {
                parent.write(out);
                write!(out, "[]")
            }
            Self::Part(parent, number) => {
                parent.write(out);
                write!(out, ".{number}")
            }
        };
    }
}

/// A name, cut to a bounded length.
pub(crate) fn short(name: &str) -> String {
    cut(name, NAME_CHARACTERS_MAX)
}

fn cut(text: &str, characters_max: usize) -> String {
    let mut short: String = text.chars().take(characters_max).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
