// SPDX-License-Identifier: MIT OR Apache-2.0
//! A capability that lets a guest wait inside the host: real capabilities wait for other machines.

use kernel_engine::{Capability, Invocation};
use std::time::Duration;
use wasmtime::component::Linker;

/// `cortex:hostile/wait@1.0.0`.
pub struct Wait;

impl Capability for Wait {
    fn interfaces(&self) -> &'static [&'static str] {
        &["cortex:hostile/wait@1.0.0"]
    }

    fn link(&self, interface: &str, linker: &mut Linker<Invocation>) -> wasmtime::Result<()> {
        linker.instance(interface)?.func_wrap_async("wait", |_, (milliseconds,): (u32,)| {
            Box::new(async move {
                tokio::time::sleep(Duration::from_millis(milliseconds.into())).await;
                Ok(())
            })
        })
    }
}
