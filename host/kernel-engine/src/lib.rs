// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine: the only place that knows wasmtime's configuration, and the only one that runs a component.
//!
//! [`Engine`] compiles a component once ([`CodeCache`] keeps its machine code); [`Kernel::prepare`] links it with
//! exactly the capabilities that were granted and the calls that were declared; [`Kernel::invoke`] runs one operation
//! in a unit of work: a fresh store and instance for the component and for each one that it calls, every limit armed,
//! commit on ok, roll-back on an error result, a trap, a limit, a deadline or a dropped future.
//!
//! What is deliberately not here: databases (a back end implements [`Transactor`]), platform interfaces (capabilities
//! implement [`Capability`]), JSON and HTTP, and any knowledge of what a component is for.

mod again;
mod answers;
mod call;
mod capability;
mod code_cache;
mod cpu;
mod engine;
mod error;
mod invocation;
mod invoke;
mod kernel;
mod meter;
mod prepare;
mod rehearse;
mod settings;
mod share;
mod signature;
mod unit;
mod weight;

pub use answers::{AnswerBook, Once, Recorded, Write, Writing};
pub use capability::Capability;
pub use code_cache::{CodeCache, Origin};
pub use engine::{CompileError, Compiled, Engine, EngineError};
pub use error::InvokeError;
pub use invocation::Invocation;
pub use invoke::{Answer, WITHDRAWAL};
pub use kernel::{Directory, Kernel};
pub use meter::Exceeded;
pub use prepare::{ComponentSpec, ImportFault, LinkError, OperationSpec, Prepared};
pub use rehearse::RehearseError;
pub use settings::Settings;
pub use unit::{BoxFuture, Extensions, Request, TransactError, Transactor, Unit, Verdict, Work};
