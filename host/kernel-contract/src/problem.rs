// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex:types/types.problem` in Rust: why a component refused an operation.

use wasmtime::component::Val;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident, $name:literal;)*) => {
        /// The class of a refusal. Which HTTP status it becomes is the gateway's decision.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemKind {
            $($(#[$doc])* $variant,)*
        }

        impl ProblemKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in WIT, lower-case kebab.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The kind of that name in WIT.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

kinds! {
    /// The input breaks a rule that the caller can see and mend.
    Invalid, "invalid";
    /// What the input names does not exist, or the caller may not know of it.
    NotFound, "not-found";
    /// The state of what exists forbids it.
    Conflict, "conflict";
    /// The caller may not do this.
    Denied, "denied";
    /// A declared limit is exceeded.
    LimitExceeded, "limit-exceeded";
    /// Something that the operation depends on cannot answer now.
    Unavailable, "unavailable";
    /// A defect of the component.
    Internal, "internal";
}

/// One fault of the input.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FieldProblem {
    /// Where: a JSON Pointer into the operation's input; empty for the input as a whole.
    pub path: String,
    /// What, for programs.
    pub code: String,
    /// What, for people.
    pub message: String,
}

/// A refusal by a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The class of the refusal.
    pub kind: ProblemKind,
    /// The refusal, for programs.
    pub code: String,
    /// The refusal, for people.
    pub message: String,
    /// The faults, by place.
    pub fields: Vec<FieldProblem>,
}

/// Reads a value of type `cortex:types/types.problem`; `None` where the value has another shape.
#[must_use]
pub fn problem_from_val(value: &Val) -> Option<Problem> {
    let [kind, code, message, fields] = members(value, ["kind", "code", "message", "fields"])?;
    let Val::Enum(kind) = kind else { return None };
    let Val::List(fields) = fields else { return None };
    Some(Problem {
        kind: ProblemKind::parse(kind)?,
        code: text(code)?,
        message: text(message)?,
        fields: fields.iter().map(field_problem).collect::<Option<_>>()?,
    })
}

fn field_problem(value: &Val) -> Option<FieldProblem> {
    let [path, code, message] = members(value, ["path", "code", "message"])?;
    Some(FieldProblem { path: text(path)?, code: text(code)?, message: text(message)? })
}

fn members<'v, const N: usize>(value: &'v Val, names: [&str; N]) -> Option<[&'v Val; N]> {
    let Val::Record(fields) = value else { return None };
    let fields: &[(String, Val); N] = fields.as_slice().try_into().ok()?;
    fields
        .iter()
        .zip(names)
        .all(|((name, _), wanted)| name == wanted)
        .then(|| fields.each_ref().map(|(_, value)| value))
}

fn text(value: &Val) -> Option<String> {
    match value {
        Val::String(text) => Some(text.clone()),
        _ => None,
    }
}
