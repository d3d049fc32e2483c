// SPDX-License-Identifier: MIT OR Apache-2.0
//! Counts what one invocation uses against its limits.

use kernel_types::{Limit, Limits};

/// A limit was used up. Carried as the cause of the trap that ends the invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{limit}` is used up: more than {value} {}", .limit.unit())]
pub struct Exceeded {
    /// Which limit.
    pub limit: Limit,
    /// Its value.
    pub value: u64,
}

/// What one invocation may use and has used.
pub(crate) struct Meter {
    limits: Limits,
    used: Limits,
    /// Whether the guest is in the host, and it is not known what for.
    in_host: bool,
}

impl Meter {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self { limits, used: Limits::NOTHING, in_host: false }
    }

    pub(crate) fn charge(&mut self, limit: Limit, amount: u64) -> wasmtime::Result<()> {
        self.may_call_host()?;
        let (value, used) = (self.limits.get(limit), self.used.get(limit).saturating_add(amount));
        self.used.set(limit, used);
        if used > value { Err(wasmtime::Error::new(Exceeded { limit, value })) } else { Ok(()) }
    }

    /// Counts an exit from the guest into the host, before it is known what for. One beyond the limit is let through until
    /// it shows what it is: the engine's own business is taken back, a call ends at its first charge or at its return.
    pub(crate) fn enter_host(&mut self) -> wasmtime::Result<()> {
        let (value, used) = (self.limits.host_calls_max, self.used.host_calls_max.saturating_add(1));
        (self.used.host_calls_max, self.in_host) = (used, true);
        if used > value.saturating_add(1) { Err(host_calls(value)) } else { Ok(()) }
    }

    /// The guest is in the host for no call of a capability or of another component: the engine looks at the clock, or
    /// grows a memory.
    pub(crate) fn no_host_call(&mut self) {
        if std::mem::take(&mut self.in_host) {
            self.used.host_calls_max = self.used.host_calls_max.saturating_sub(1);
        }
    }

    pub(crate) fn leave_host(&mut self) -> wasmtime::Result<()> {
        self.in_host = false;
        self.may_call_host()
    }

    /// Whether a call that has begun is one too many.
    pub(crate) fn may_call_host(&self) -> wasmtime::Result<()> {
        let value = self.limits.host_calls_max;
        if self.used.host_calls_max > value { Err(host_calls(value)) } else { Ok(()) }
    }

    pub(crate) const fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) const fn limit(&self, limit: Limit) -> u64 {
        self.limits.get(limit)
    }

    pub(crate) fn remaining(&self, limit: Limit) -> u64 {
        self.limits.get(limit).saturating_sub(self.used.get(limit))
    }
}

fn host_calls(value: u64) -> wasmtime::Error {
    wasmtime::Error::new(Exceeded { limit: Limit::HostCalls, value })
}

/// Bytes of one table entry: a pointer, as wasmtime keeps it.
const TABLE_ENTRY_BYTES: u64 = 8;

impl Meter {
    /// Counts growth of any memory or table against the one limit. A refusal is a trap that names the limit, rather than
    /// the `-1` that most allocators turn into an `unreachable` without a reason.
    fn grow(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
        bytes_each: u64,
    ) -> wasmtime::Result<bool> {
        self.no_host_call();
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let growth = u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX);
        self.charge(Limit::MemoryBytes, growth.saturating_mul(bytes_each))?;
        Ok(true)
    }
}

// How many instances, memories and tables one component may have is for the pool, see `settings`.
impl wasmtime::ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.grow(current, desired, maximum, 1)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.grow(current, desired, maximum, TABLE_ENTRY_BYTES)
    }
}
