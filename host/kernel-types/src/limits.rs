// SPDX-License-Identifier: MIT OR Apache-2.0
//! What one invocation of one component may use. Every limit is enforced, and `conformance/guests` holds a hostile guest
//! for each that proves it.

use serde::{Deserialize, Serialize};

macro_rules! limits {
    ($($(#[$doc:meta])* $field:ident: $variant:ident, $name:literal, $unit:literal, $default:expr, $maximum:expr;)*) => {
        /// The limits of one invocation. A component called from another has a set of its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct Limits {
            $($(#[$doc])* pub $field: u64,)*
        }

        /// Which limit was used up.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Limit {
            $($(#[$doc])* $variant,)*
        }

        impl Limits {
            /// What a component gets whose manifest says nothing.
            pub const DEFAULT: Self = Self { $($field: $default,)* };
            /// What no manifest can exceed; an operator may lower it.
            pub const HOST_MAXIMUM: Self = Self { $($field: $maximum,)* };
            /// What was used when nothing was.
            pub const NOTHING: Self = Self { $($field: 0,)* };
            /// Every limit, in order of declaration.
            pub const ALL: &'static [Limit] = &[$(Limit::$variant,)*];

            /// The value of one limit.
            #[must_use]
            pub const fn get(&self, limit: Limit) -> u64 {
                match limit { $(Limit::$variant => self.$field,)* }
            }

            /// Sets one limit.
            pub const fn set(&mut self, limit: Limit, value: u64) {
                match limit { $(Limit::$variant => self.$field = value,)* }
            }

            /// Each limit, the smaller of the two.
            #[must_use]
            pub fn lowered_to(&self, maximum: &Self) -> Self {
                Self { $($field: self.$field.min(maximum.$field),)* }
            }
        }

        impl Limit {
            /// Its name as the manifest writes it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The unit that its value counts.
            #[must_use]
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit,)* }
            }
        }
    };
}

limits! {
    /// All linear memories and tables of the component together. 64 MiB holds the largest import that the body limit
    /// admits, parsed.
    memory_bytes_max: MemoryBytes, "memory-bytes-max", "bytes", 64 << 20, 1 << 30;
    /// CPU time of the component itself, the host's work on its behalf included, its callees' excluded. A post takes well
    /// under one millisecond; a second is a defect.
    cpu_ms_max: CpuMs, "cpu-ms-max", "milliseconds", 1_000, 120_000;
    /// Time from the start of the invocation to its end, waiting included.
    wall_ms_max: WallMs, "wall-ms-max", "milliseconds", 10_000, 300_000;
    /// Calls out of the component: capabilities and other components.
    host_calls_max: HostCalls, "host-calls-max", "calls", 10_000, 10_000_000;
    /// Bytes of log messages, keys and values.
    log_bytes_max: LogBytes, "log-bytes-max", "bytes", 64 << 10, 16 << 20;
    /// Bytes of arguments: the body of a request, or the values that another component passes.
    argument_bytes_max: ArgumentBytes, "argument-bytes-max", "bytes", 1 << 20, 64 << 20;
    /// Bytes of the result, as it is lifted out of the component; the answers of its queries, as they are copied into it, count
    /// on their own against the same value.
    result_bytes_max: ResultBytes, "result-bytes-max", "bytes", 8 << 20, 256 << 20;
    /// Rows that queries return, over the whole invocation.
    sql_rows_max: SqlRows, "sql-rows-max", "rows", 100_000, 10_000_000;
    /// Time that the database works on the component's statements, over the whole invocation.
    sql_ms_max: SqlMs, "sql-ms-max", "milliseconds", 2_000, 120_000;
    /// How deep calls from component to component may nest below the outermost operation.
    call_depth_max: CallDepth, "call-depth-max", "calls", 8, 32;
    /// Wasm stack of the component. Deep recursion ends here, not in the host.
    stack_bytes_max: StackBytes, "stack-bytes-max", "bytes", 512 << 10, 512 << 10;
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_lies_below_the_host_maximum() {
        for limit in Limits::ALL {
            let (default, maximum) = (Limits::DEFAULT.get(*limit), Limits::HOST_MAXIMUM.get(*limit));
            assert!(default > 0 && default <= maximum, "{limit}: {default} > {maximum}");
        }
    }

    #[test]
    fn lowering_takes_the_smaller_of_each() {
        let mut wish = Limits::HOST_MAXIMUM;
        wish.cpu_ms_max = 5;
        let lowered = wish.lowered_to(&Limits::DEFAULT);
        assert_eq!(lowered.cpu_ms_max, 5);
        assert_eq!(lowered.memory_bytes_max, Limits::DEFAULT.memory_bytes_max);
    }
}
