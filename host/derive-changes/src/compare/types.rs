// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two types, side by side. What JSON does with them is `docs/json-mapping.md`; what the engine demands of them is that
//! they are equal, see `Prepared::check_call` of the engine.

use crate::change::{Change, Findings, Verdict, What};
use crate::limits::STEPS_MAX;
use crate::path::{Path, short};
use crate::words::{describe, describe_some};
use Verdict::{Breaking, Compatible};
use kernel_contract::{Definition, Format, Integer, Interface, Kind, Type};
use std::collections::{HashMap, HashSet};

/// Which way a value goes. What may come more freely in a request may not in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    /// From the caller.
    Request,
    /// To the caller.
    Answer,
}

impl Direction {
    /// Compatible where what was allowed is allowed still (in requests), or where nothing else comes than did (in
    /// answers).
    pub(super) fn verdict(self, takes_all: bool, gives_no_other: bool) -> Verdict {
        match self {
            Self::Request => Verdict::of(takes_all),
            Self::Answer => Verdict::of(gives_no_other),
        }
    }

    /// One sentence for each way.
    pub(super) fn pick<'t>(self, request: &'t str, answer: &'t str) -> &'t str {
        match self {
            Self::Request => request,
            Self::Answer => answer,
        }
    }
}

/// Two definitions by their addresses, which stay while the contracts are borrowed.
type Pair = (usize, usize);

/// One comparison, and what it found.
pub(crate) struct Walk<'c> {
    pub(crate) findings: Findings,
    interface: &'c str,
    operation: Option<String>,
    steps_left: usize,
    /// Pairs without any difference inside, found once for all.
    same: HashSet<Pair>,
    /// Pairs with a name that were looked at in this operation, and whether they differ.
    seen: HashMap<(Pair, Direction), bool>,
}

impl<'c> Walk<'c> {
    pub(crate) fn new() -> Self {
        Self {
            findings: Findings::new(),
            interface: "",
            operation: None,
            steps_left: STEPS_MAX,
            same: HashSet::new(),
            seen: HashMap::new(),
        }
    }

    /// Goes to an interface, or to a function of it.
    pub(crate) fn enter(&mut self, interface: &'c Interface, function: &str) {
        self.interface = interface.id.as_str();
        let name = || format!("{}.{}", short(interface.id.interface()), short(function));
        self.operation = (!function.is_empty()).then(name);
        self.seen.clear();
    }

    /// Notes a change; returns that there is one.
    pub(super) fn note(&mut self, path: &Path<'_>, what: What, http: Verdict, components: Verdict, why: &str) -> bool {
        let fit = match components {
            Compatible => "components that call it still fit",
            Breaking => "components that call it have to be built against the new version",
        };
        self.findings.push(Change {
            interface: path.interface(self.interface),
            item: path.item(),
            what,
            http,
            components,
            why: format!("{why}; {fit}"),
            operations: self.operation.iter().cloned().collect(),
        });
        true
    }

    /// Takes steps; false where none are left, and what was to be compared is not.
    pub(super) fn step(&mut self, count: usize) -> bool {
        if let Some(left) = self.steps_left.checked_sub(count) {
            self.steps_left = left;
            return true;
        }
        self.steps_left = 0;
        self.findings.incomplete();
        false
    }

    /// Compares two types; returns whether they differ. Types nest less deep than any stack, which the contract saw to.
    pub(crate) fn ty(&mut self, old: &'c Type, new: &'c Type, direction: Direction, path: &Path<'_>) -> bool {
        if !self.step(1) {
            return true;
        }
        let address = |ty: &Type| std::ptr::from_ref::<Definition>(ty.definition()).addr();
        let pair = (address(old), address(new));
        if self.same.contains(&pair) {
            return false;
        }
        let root = match (old.name(), new.name()) {
            (Some(old), Some(new)) if old.name == new.name => Some(Path::Type(old)),
            _ => None,
        };
        if let Some(root) = &root {
            if let Some(differs) = self.seen.get(&(pair, direction)) {
                return *differs;
            }
            let differs = self.kinds(old, new, direction, root);
            self.seen.insert((pair, direction), differs);
            if !differs {
                self.same.insert(pair);
            }
            return differs;
        }
        let differs = self.kinds(old, new, direction, path);
        if !differs {
            self.same.insert(pair);
        }
        differs
    }

    fn kinds(&mut self, old: &'c Type, new: &'c Type, direction: Direction, path: &Path<'_>) -> bool {
        match (old.kind(), new.kind()) {
            (Kind::Bool, Kind::Bool)
            | (Kind::Char, Kind::Char)
            | (Kind::Bytes, Kind::Bytes)
            | (Kind::Float32, Kind::Float32)
            | (Kind::Float64, Kind::Float64) => false,
            (Kind::Integer(was), Kind::Integer(is)) => self.integers((old, *was), (new, *is), direction, path),
            (Kind::Float32, Kind::Float64) | (Kind::Float64, Kind::Float32) => {
                let wider = matches!(new.kind(), Kind::Float64);
                let why = direction.pick("requests are read with another precision", "answers have another precision");
                self.note(path, changed(old, new), direction.verdict(wider, !wider), Breaking, why)
            }
            (Kind::Text(was), Kind::Text(is)) => self.formats((old, *was), (new, *is), direction, path),
            (Kind::List(_) | Kind::FixedList(..), Kind::List(_) | Kind::FixedList(..)) => {
                self.lists(old, new, direction, path)
            }
            (Kind::Bytes, Kind::List(element)) | (Kind::List(element), Kind::Bytes) if is_byte(element) => {
                let why = "bytes are base64 in JSON, and lists of numbers under another name are arrays";
                self.note(path, changed(old, new), Breaking, Compatible, why)
            }
            (Kind::Option(_), _) | (_, Kind::Option(_)) => self.options(old, new, direction, path),
            (Kind::Result { ok, error }, Kind::Result { ok: is_ok, error: is_error }) => {
                let first = self.payloads(ok.as_ref(), is_ok.as_ref(), direction, &Path::Name(path, "ok"));
                self.payloads(error.as_ref(), is_error.as_ref(), direction, &Path::Name(path, "error")) | first
            }
            (Kind::Tuple(was), Kind::Tuple(is)) if was.len() == is.len() => {
                let mut differs = false;
                for (number, (was, is)) in was.iter().zip(is.iter()).enumerate() {
                    differs |= self.ty(was, is, direction, &Path::Part(path, number));
                }
                differs
            }
            (Kind::Record(was), Kind::Record(is)) => self.fields(was, is, direction, path),
            (Kind::Variant(was), Kind::Variant(is)) => self.cases(was, is, direction, path),
            (Kind::Enum(was), Kind::Enum(is)) => self.labels("case", was, is, direction, path),
            (Kind::Flags(was), Kind::Flags(is)) => self.labels("flag", was, is, direction, path),
            _ => {
                let why = direction.pick("requests are read as another type", "answers are of another type");
                self.note(path, changed(old, new), Breaking, Breaking, why)
            }
        }
    }

    /// Lists, of any length or of a fixed one.
    fn lists(&mut self, old: &'c Type, new: &'c Type, direction: Direction, path: &Path<'_>) -> bool {
        match (old.kind(), new.kind()) {
            (Kind::List(was), Kind::List(is)) => self.ty(was, is, direction, &Path::Element(path)),
            (Kind::FixedList(was, length), Kind::FixedList(is, now)) => {
                let other = length != now
                    && self.note(path, changed(old, new), Breaking, Breaking, "another number of elements is written");
                self.ty(was, is, direction, &Path::Element(path)) | other
            }
            (Kind::List(was), Kind::FixedList(is, _)) | (Kind::FixedList(was, _), Kind::List(is)) => {
                let freer = matches!(new.kind(), Kind::List(_));
                let why = direction.pick("requests may have another length", "answers may have another length");
                self.note(path, changed(old, new), direction.verdict(freer, !freer), Breaking, why);
                self.ty(was, is, direction, &Path::Element(path));
                true
            }
            _ => false,
        }
    }

    /// Where at least one is an option. JSON has its value bare, but for that of an option in an option.
    fn options(&mut self, old: &'c Type, new: &'c Type, direction: Direction, path: &Path<'_>) -> bool {
        match (old.kind(), new.kind()) {
            (Kind::Option(was), Kind::Option(is)) if was.is_nullable() == is.is_nullable() => {
                self.ty(was, is, direction, path)
            }
            (Kind::Option(was), Kind::Option(_)) => {
                let deeper = !was.is_nullable();
                let why = if deeper { "JSON wraps what was bare" } else { "JSON has bare what was wrapped" };
                self.note(path, changed(old, new), Breaking, Breaking, why)
            }
            (_, Kind::Option(is)) => {
                let bare = !is.is_nullable();
                let why = match direction {
                    _ if !bare => "JSON wraps what was bare",
                    Direction::Request => "requests may leave it out",
                    Direction::Answer => "answers may have null in its place",
                };
                self.note(path, changed(old, new), direction.verdict(bare, false), Breaking, why);
                if bare {
                    self.ty(old, is, direction, path);
                }
                true
            }
            (Kind::Option(was), _) => {
                let bare = !was.is_nullable();
                let why = match direction {
                    _ if !bare => "JSON has bare what was wrapped",
                    Direction::Request => "requests that leave it out are refused",
                    Direction::Answer => "answers always have it",
                };
                self.note(path, changed(old, new), direction.verdict(false, bare), Breaking, why);
                if bare {
                    self.ty(was, new, direction, path);
                }
                true
            }
            _ => false,
        }
    }

    /// What a case carries.
    pub(super) fn payloads(
        &mut self,
        old: Option<&'c Type>,
        new: Option<&'c Type>,
        direction: Direction,
        path: &Path<'_>,
    ) -> bool {
        match (old, new) {
            (None, None) => false,
            (Some(old), Some(new)) => self.ty(old, new, direction, path),
            _ => {
                let what = What::Changed { from: describe_some(old), to: describe_some(new) };
                self.note(path, what, Breaking, Breaking, "it is written with a value, or without one")
            }
        }
    }

    fn integers(
        &mut self,
        (old, was): (&'c Type, Integer),
        (new, is): (&'c Type, Integer),
        direction: Direction,
        path: &Path<'_>,
    ) -> bool {
        if was == is {
            return false;
        }
        let within = |inner: Integer, outer: Integer| outer.minimum <= inner.minimum && inner.maximum <= outer.maximum;
        // Wide integers are written as text, and read from a number as well.
        let reads_on = is.is_wide() || !was.is_wide();
        let takes_all = within(was, is) && reads_on;
        let gives_no_other = within(is, was) && was.is_wide() == is.is_wide();
        let why = match direction {
            Direction::Request if takes_all => "requests are taken as before, and more are",
            Direction::Request => "requests with numbers beyond the new range, or in the old form, are refused",
            Direction::Answer if gives_no_other => "answers have such numbers as before, and fewer",
            Direction::Answer => "answers may have numbers beyond the old range, or in another form",
        };
        let components = Verdict::of(was.width == is.width);
        self.note(path, changed(old, new), direction.verdict(takes_all, gives_no_other), components, why)
    }

    fn formats(
        &mut self,
        (old, was): (&'c Type, Option<Format>),
        (new, is): (&'c Type, Option<Format>),
        direction: Direction,
        path: &Path<'_>,
    ) -> bool {
        if was == is {
            return false;
        }
        let why = match direction {
            Direction::Request if is.is_none() => "requests are taken with any text",
            Direction::Request => "requests with a text of another form are refused",
            Direction::Answer if was.is_none() => "answers have texts of one form",
            Direction::Answer => "answers may have texts of another form",
        };
        // It is text to a component, of whatever form.
        let verdict = direction.verdict(is.is_none(), was.is_none());
        self.note(path, changed(old, new), verdict, Compatible, why)
    }
}

fn is_byte(ty: &Type) -> bool {
    matches!(ty.kind(), Kind::Integer(Integer { width: kernel_contract::Width::U8, .. }))
}

/// From one type to another, in words. Where both are said alike they differ inside or in their kind.
pub(super) fn changed(old: &Type, new: &Type) -> What {
    What::Changed { from: describe(old), to: describe(new) }
}
