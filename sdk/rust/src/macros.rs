// SPDX-License-Identifier: MIT OR Apache-2.0
//! The macros: bindings of a component's world, parameters of a statement, lines in the log.

/// Generates the bindings of a component's own world, with the platform's interfaces taken from this crate: their types
/// are then the same in all crates, and the conversions of this crate apply to them.
///
/// `platform` lists what the world uses, directly or through others: `types`, `sql`, `context`, `log`, `progress`. Paths
/// are relative to the crate's Cargo.toml, packages before those that use them; further options of
/// `wit_bindgen::generate!` may follow.
///
/// ```text
/// mod bindings {
///     cortex_sdk::bindings!({
///         world: "cortex:stock-component/stock",
///         path: ["../../wit/types-1.0.0", "../../wit/storage-1.0.0", "../../wit/stock-1.0.0", "wit"],
///         platform: [types, sql],
///     });
/// }
/// ```
#[macro_export]
macro_rules! bindings {
    ({ world: $world:tt, path: $path:tt, platform: [$($name:ident),* $(,)?] $(, $($rest:tt)*)? }) => {
        $crate::bindings!(@with [$($name)*] [] { world: $world, path: $path, generate_all, $($($rest)*)? });
    };
    (@with [types $($more:ident)*] [$($with:tt)*] $options:tt) => {
        $crate::bindings!(@with [$($more)*] [$($with)* "cortex:types/types@1.0.0": ::cortex_sdk::types,] $options);
    };
    (@with [sql $($more:ident)*] [$($with:tt)*] $options:tt) => {
        $crate::bindings!(@with [$($more)*] [$($with)* "cortex:storage/sql@1.0.0": ::cortex_sdk::sql,] $options);
    };
    (@with [context $($more:ident)*] [$($with:tt)*] $options:tt) => {
        $crate::bindings!(@with [$($more)*] [$($with)* "cortex:context/context@1.0.0": ::cortex_sdk::context,] $options);
    };
    (@with [log $($more:ident)*] [$($with:tt)*] $options:tt) => {
        $crate::bindings!(@with [$($more)*] [$($with)* "cortex:log/log@1.0.0": ::cortex_sdk::log,] $options);
    };
    (@with [progress $($more:ident)*] [$($with:tt)*] $options:tt) => {
        $crate::bindings!(@with [$($more)*] [$($with)* "cortex:log/progress@1.0.0": ::cortex_sdk::progress,] $options);
    };
    (@with [] [$($with:tt)*] { $($options:tt)* }) => {
        $crate::wit_bindgen::generate!({
            $($options)*
            with: { $($with)* },
            runtime_path: "::cortex_sdk::wit_bindgen::rt",
        });
    };
}

/// The parameters of a statement: values of Rust that are values of SQL.
///
/// ```
/// use cortex_sdk::{Value, params};
/// assert_eq!(params!["cash", 7], [Value::Text("cash".into()), Value::Integer(7)]);
/// ```
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        ::std::vec::Vec::<$crate::Value>::from([$($crate::Value::from($value)),*])
    };
}

/// Writes a line of a level: `log_line!(Info, "posted {count} entries"; journal = code)`. Names of fields become kebab.
#[macro_export]
macro_rules! log_line {
    ($level:ident, $format:literal $(, $argument:expr)* $(; $($key:ident = $value:expr),* $(,)?)?) => {
        $crate::log::write(
            $crate::log::Level::$level,
            &::std::format!($format $(, $argument)*),
            &[$($($crate::log::Field {
                key: ::std::stringify!($key).replace('_', "-"),
                value: ::std::string::ToString::to_string(&$value),
            }),*)?],
        )
    };
}

/// Logs what failed: `error!("cannot close the year"; year = 2026)`.
#[macro_export]
macro_rules! error {
    ($($line:tt)*) => { $crate::log_line!(Error, $($line)*) };
}

/// Logs what may need attention.
#[macro_export]
macro_rules! warn {
    ($($line:tt)*) => { $crate::log_line!(Warn, $($line)*) };
}

/// Logs what an operator wants to know of normal work.
#[macro_export]
macro_rules! info {
    ($($line:tt)*) => { $crate::log_line!(Info, $($line)*) };
}

/// Logs for finding defects.
#[macro_export]
macro_rules! debug {
    ($($line:tt)*) => { $crate::log_line!(Debug, $($line)*) };
}

/// Logs for tracing single steps.
#[macro_export]
macro_rules! trace {
    ($($line:tt)*) => { $crate::log_line!(Trace, $($line)*) };
}
