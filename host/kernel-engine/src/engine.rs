// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine: compiles components, and moves the clock that interrupts them.

use crate::settings::{Settings, TICK};
use kernel_types::{Digest, Limits};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Compiles and holds components. One per process; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) wasm: wasmtime::Engine,
    pub(crate) limits_max: Limits,
    pub(crate) tenant_instances_max: u32,
}

/// A component as machine code, and the digest of the binary that it came from.
#[derive(Clone)]
pub struct Compiled {
    pub(crate) component: wasmtime::component::Component,
    pub(crate) digest: Digest,
    pub(crate) withdrawn: Arc<AtomicBool>,
}

impl Compiled {
    pub(crate) fn new(component: wasmtime::component::Component, digest: Digest) -> Self {
        Self { component, digest, withdrawn: Arc::default() }
    }

    /// Ends it for good: whatever is linked from it runs no more, and what runs is cut within [`crate::WITHDRAWAL`].
    pub fn withdraw(&self) {
        self.withdrawn.store(true, Ordering::Release);
    }

    /// The digest of the component's binary.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// Why a binary cannot be compiled.
#[derive(Debug, thiserror::Error)]
#[error("the component cannot be compiled: {0:#}")]
pub struct CompileError(pub(crate) wasmtime::Error);

/// Why the engine cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the engine cannot be made on this machine: {0:#}")]
pub struct EngineError(wasmtime::Error);

impl Engine {
    /// Makes the engine and starts its ticker.
    ///
    /// # Errors
    /// Where the machine cannot give what the settings ask for: address space, or a supported processor.
    pub fn new(settings: &Settings) -> Result<Self, EngineError> {
        let config = settings.config().map_err(EngineError)?;
        let wasm = wasmtime::Engine::new(&config).map_err(EngineError)?;
        tick(wasm.weak()).map_err(|error| EngineError(wasmtime::Error::new(error)))?;
        let tenant_instances_max = settings.tenant_instances_max();
        Ok(Self { wasm, limits_max: settings.limits_max, tenant_instances_max })
    }

    /// Compiles a component. Takes seconds of processor time for a large one; see [`crate::CodeCache`].
    ///
    /// # Errors
    /// Where the bytes are no component or use a feature that the engine does not offer.
    pub fn compile(&self, bytes: &[u8]) -> Result<Compiled, CompileError> {
        let component = wasmtime::component::Component::from_binary(&self.wasm, bytes).map_err(CompileError)?;
        Ok(Compiled::new(component, Digest::of(bytes)))
    }

    /// What machine code depends on: the engine's version, its settings and the processor's features. Code that was
    /// made under one fingerprint is never loaded under another.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        struct Collect(Vec<u8>);
        impl Hasher for Collect {
            fn finish(&self) -> u64 {
                0
            }
            fn write(&mut self, bytes: &[u8]) {
                self.0.extend_from_slice(bytes);
            }
        }
        let mut collect = Collect(Vec::new());
        self.wasm.precompile_compatibility_hash().hash(&mut collect);
        Digest::of(&collect.0)
    }
}

/// Starts the thread that advances the epoch. It ends with the engine.
fn tick(engine: wasmtime::EngineWeak) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name("epoch".into());
    let ticks = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    thread.spawn(ticks).map(drop)
}
