// SPDX-License-Identifier: MIT OR Apache-2.0
//! One function of an exported interface, ready to be called with JSON.

use crate::binding::{self, Binding};
use crate::types::{Label, Members, Type};
use crate::{Arguments, Faults, Outcome, lower};
use kernel_types::{InterfaceId, OperationName};
use wasmtime::component::Val;

/// One operation: a function of an interface that a component exports.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `interface.function`.
    pub name: OperationName,
    /// The interface with its package and version.
    pub interface: InterfaceId,
    /// The documentation of the function.
    pub docs: Option<String>,
    /// Whether WIT marks it `@deprecated`.
    pub deprecated: bool,
    /// Its parameters, in order.
    pub parameters: Members<Parameter>,
    /// What it returns.
    pub output: Output,
}

/// A parameter of an operation.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name. WIT has no documentation of parameters.
    pub label: Label,
    /// Its type.
    pub ty: Type,
}

/// What an operation returns.
#[derive(Clone, Debug)]
pub enum Output {
    /// A value, or nothing; it cannot fail.
    Value(Option<Type>),
    /// `result<ok, failure>`.
    Fallible {
        /// What it returns when all went well; `None` for `_`.
        ok: Option<Type>,
        /// What it returns when it refuses.
        failure: Failure,
    },
}

/// What an operation returns when it refuses.
#[derive(Clone, Debug)]
pub enum Failure {
    /// `cortex:types/types.problem`: the outcome is [`Outcome::Refused`].
    Problem(Type),
    /// Any other type, or none: the outcome is [`Outcome::Error`].
    Other(Option<Type>),
}

impl Output {
    /// The type of the answer when all went well; `None` where there is none, and the JSON is `null`.
    #[must_use]
    pub fn ok(&self) -> Option<&Type> {
        match self {
            Self::Value(ok) | Self::Fallible { ok, .. } => ok.as_ref(),
        }
    }
}

impl Operation {
    /// Reads the arguments from a JSON object of the parameters by their `snake_case` names. An empty body is `{}`.
    ///
    /// # Errors
    /// All faults of the body.
    pub fn lift(&self, body: &[u8]) -> Result<Vec<Val>, Faults> {
        let binding = Binding::canonical(self);
        let mut arguments = Arguments::new(self, &binding);
        arguments.body(body);
        arguments.finish()
    }

    /// Binds the parameters to the places of a REST request; done once, when the manifest is read. `path` names the
    /// placeholders of the path, `query` the parameters in the query string; both as WIT or as JSON writes them. What neither
    /// names comes from the body where the method has one. Where it has none and `query` is empty, it comes from the query.
    ///
    /// # Errors
    /// Where a name is no parameter or stands twice, a parameter has no place, or a type that a path or query cannot carry.
    pub fn binding(&self, path: &[&str], query: &[&str], has_body: bool) -> Result<Binding, binding::Error> {
        Binding::of(self, path, query, has_body)
    }

    /// Writes the result of the call as JSON: appends it to `out`, unless the outcome is [`Outcome::Refused`].
    /// `result` is `None` for a function without result; its JSON is `null`.
    ///
    /// # Errors
    /// Where the JSON has more than `bytes_max` bytes, or the component returned a value outside its own contract. `out` is
    /// then as it was.
    pub fn lower(&self, result: Option<&Val>, out: &mut Vec<u8>, bytes_max: usize) -> Result<Outcome, lower::Error> {
        lower::outcome(&self.output, result, out, bytes_max)
    }

    /// The parameter of that `snake_case` name.
    #[must_use]
    pub fn parameter(&self, json_name: &str) -> Option<&Parameter> {
        self.parameters.by_json(json_name)
    }
}
