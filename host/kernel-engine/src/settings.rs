// SPDX-License-Identifier: MIT OR Apache-2.0
//! The only `wasmtime::Config`. Every switch stands here with its reason; nothing else in the host configures the engine.

use kernel_types::Limits;
use std::time::Duration;
use wasmtime::{Config, Enabled, OptLevel, PoolingAllocationConfig, Result};

/// How often a running guest is looked at: the grain of `cpu-ms-max`, and the longest that one guest keeps others of its
/// thread waiting. At 5 ms the look costs a guest well under one part in a thousand.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// Stack of a guest's fiber: the wasm stack, and as much again with room for the host functions that run on top of it
/// (SQL is parsed there).
const FIBER_STACK_BYTES: usize = 2 << 20;

/// Linear memory that stays mapped between two uses of a slot, so that a fresh instance does not page-fault. Most of a
/// domain component's working set fits; what is beyond is given back to the system.
const RESIDENT_MEMORY_BYTES: usize = 1 << 20;

/// Table entries (8 bytes each) that stay mapped, likewise.
const RESIDENT_TABLE_BYTES: usize = 16 << 10;

/// Core instances in one component. A Rust component has three (its module and two that `wit-component` adds); a composed
/// one has more.
const CORE_INSTANCES_PER_COMPONENT_MAX: u32 = 32;

/// Memories and tables in one component, likewise.
const MEMORIES_PER_COMPONENT_MAX: u32 = 8;

/// How much of the machine the engine may take.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Invocations that may run at the same time in the whole host, callees included. Each reserves address space, not
    /// memory. Past it, requests are told to retry. One tenant has at most three quarters of them.
    pub instances_max: u32,
    /// What no component may exceed, whatever its manifest says.
    pub limits_max: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self { instances_max: 500, limits_max: Limits::HOST_MAXIMUM }
    }
}

impl Settings {
    /// What one tenant may use of [`Settings::instances_max`]: enough to use the machine alone, not enough to keep others
    /// from it.
    pub(crate) const fn tenant_instances_max(&self) -> u32 {
        self.instances_max.saturating_sub(self.instances_max / 4)
    }

    pub(crate) fn config(&self) -> Result<Config> {
        let bytes = |value: u64| usize::try_from(value).map_err(wasmtime::Error::new);
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(self.instances_max)
            .total_core_instances(self.instances_max.saturating_mul(4))
            .total_memories(self.instances_max.saturating_mul(2))
            .total_tables(self.instances_max.saturating_mul(3))
            .total_stacks(self.instances_max)
            .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT_MAX)
            .max_memories_per_component(MEMORIES_PER_COMPONENT_MAX)
            .max_tables_per_component(MEMORIES_PER_COMPONENT_MAX)
            .max_memory_size(bytes(self.limits_max.memory_bytes_max)?)
            .linear_memory_keep_resident(RESIDENT_MEMORY_BYTES)
            .table_keep_resident(RESIDENT_TABLE_BYTES)
            .pagemap_scan(Enabled::Auto);
        let mut config = Config::new();
        config
            .cranelift_opt_level(OptLevel::Speed)
            // A guest checks the bounds of its memory itself, rather than running into protected pages. With those, a guest that
            // grows its memory (each one that allocates) changes the protection of pages twice per invocation: a lock of the
            // whole process and a flush on every processor. Measured on two: 4.6 of 10.2 us of a call that does nothing, and
            // half of all throughput under load; the checks cost a domain component some 3 % of its own time. They also
            // make the address space of a memory its largest size instead of over 4 GiB.
            .signals_based_traps(false)
            .memory_guard_size(0)
            .memory_reservation(self.limits_max.memory_bytes_max)
            .epoch_interruption(true)
            .concurrency_support(false)
            .max_wasm_stack(bytes(self.limits_max.stack_bytes_max)?)
            .async_stack_size(FIBER_STACK_BYTES)
            .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(32))
            .allocation_strategy(wasmtime::InstanceAllocationStrategy::Pooling(pool));
        Ok(config)
    }
}
