// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls from component to component: an import of a domain interface goes to the provider that the tenant enabled, in a
//! store of its own, in the same unit of work, under the same caller.

use crate::error::{Carried, InvokeError, classify};
use crate::invoke::{Frame, defect, run};
use crate::{Invocation, Kernel, Unit};
use kernel_types::{Effect, InterfaceId, Limit};
use std::sync::Arc;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Val};

/// Defines each function of a domain interface as a call.
pub(crate) fn link(
    linker: &mut Linker<Invocation>,
    interface: &InterfaceId,
    functions: &[String],
) -> wasmtime::Result<()> {
    let mut instance = linker.instance(interface.as_str())?;
    for function in functions {
        let (interface, name): (InterfaceId, Arc<str>) = (interface.clone(), function.as_str().into());
        instance.func_new_async(function, move |store, _type, arguments, results| {
            let (interface, name) = (interface.clone(), Arc::clone(&name));
            Box::new(async move {
                call(store, &interface, &name, arguments, results)
                    .await
                    .map_err(|error| wasmtime::Error::new(Carried(error)))
            })
        })?;
    }
    Ok(())
}

async fn call(
    mut store: StoreContextMut<'_, Invocation>,
    interface: &InterfaceId,
    function: &Arc<str>,
    arguments: &[Val],
    results: &mut [Val],
) -> Result<(), InvokeError> {
    let caller = store.data_mut();
    let component = caller.component.clone();
    let operation = Arc::clone(&caller.operation);
    let limits = caller.meter.limits();
    caller.meter.may_call_host().map_err(|error| classify(error, &component, &operation, &limits))?;
    let depth = caller.depth.saturating_add(1);
    let allowed = caller.meter.limit(Limit::CallDepth);
    if depth > allowed {
        return Err(InvokeError::exceeded(&component, Limit::CallDepth, allowed));
    }
    let (kernel, unit, effect) = (caller.kernel.clone(), caller.unit.clone(), caller.effect);
    let provider = kernel.0.directory.provider(unit.tenant(), interface).ok_or_else(|| InvokeError::NoProvider {
        component: component.clone(),
        interface: interface.as_str().into(),
    })?;
    let target = provider.target(interface, function)?;
    if effect == Effect::Read && target.effect == Effect::Write {
        return Err(InvokeError::WriteInRead { component, operation: Arc::clone(&target.name) });
    }
    let allowed = target.limits.argument_bytes_max;
    if crate::weight::bytes(arguments, allowed) > allowed {
        return Err(InvokeError::exceeded(&provider.id, Limit::ArgumentBytes, allowed));
    }
    caller.cpu.look();
    let time = Arc::clone(&caller.cpu);
    let writes = target.effect == Effect::Write;
    if writes {
        around(&kernel, &unit, None).await?;
    }
    let frame = Frame { kernel: &kernel, unit: &unit, prepared: &provider, target, depth };
    let (result, used) = run(frame, arguments).await;
    time.exclude(&used);
    let result = result?;
    if writes {
        around(&kernel, &unit, Some(!matches!(result, Some(Val::Result(Err(_)))))).await?;
    }
    match (result, results) {
        (Some(value), [slot]) => *slot = value,
        (None, []) => {}
        _ => {
            return Err(InvokeError::Trapped {
                component: provider.id.clone(),
                operation: Arc::clone(&target.name),
                detail: "provider and caller disagree on the function's result".into(),
            });
        }
    }
    Ok(())
}

/// Tells every capability that a call that may write begins, or that it ended and whether to keep what it changed.
async fn around(kernel: &Kernel, unit: &Unit, ended: Option<bool>) -> Result<(), InvokeError> {
    for capability in &kernel.0.capabilities {
        let step = match ended {
            None => capability.call_begins(unit),
            Some(keep) => capability.call_ended(unit, keep),
        };
        if let Some(step) = step {
            step.await.map_err(|error| defect(format!("{error:#}")))?;
        }
    }
    Ok(())
}
