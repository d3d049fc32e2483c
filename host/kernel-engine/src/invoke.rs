// SPDX-License-Identifier: MIT OR Apache-2.0
//! One invocation: permission, unit of work, a fresh store and instance, the call, the verdict.

use crate::answers::{AnswerBook, Writing};
use crate::cpu::{CpuTime, Timed};
use crate::error::{InvokeError, classify};
use crate::kernel::Kernel;
use crate::meter::{Exceeded, Meter};
use crate::prepare::{Prepared, Target};
use crate::signature::COST_USUAL_PERCENT;
use crate::unit::{Request, TransactError, Unit, Verdict, Work};
use crate::{Extensions, Invocation, again};
use kernel_types::{Digest, InterfaceId, Limit};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::{ResourceTable, Val};
use wasmtime::{CallHook, Store, UpdateDeadline};

/// How soon a component that was withdrawn is cut, also one that waits for the host.
pub const WITHDRAWAL: Duration = Duration::from_millis(250);

/// What an operation returned, and whether its unit of work was committed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The operation's result, where it has one and was run. `Val::Result(Err(..))` is a refusal: nothing was changed.
    pub result: Option<Val>,
    /// The result as it was written down before the commit, where that was asked for and it is no refusal.
    pub written: Option<Vec<u8>>,
    /// It is the answer of an earlier request with the same key. Nothing was run.
    pub replayed: bool,
}

/// Everything that one component's run needs to know.
pub(crate) struct Frame<'a> {
    pub(crate) kernel: &'a Kernel,
    pub(crate) unit: &'a Unit,
    pub(crate) prepared: &'a Prepared,
    pub(crate) target: &'a Target,
    pub(crate) depth: u64,
}

impl Kernel {
    /// Runs an operation for a request, in a unit of work of its own. When this returns `Ok` with anything but an error
    /// result from an operation that writes, its changes are durable. Dropping the future abandons and rolls back.
    ///
    /// `writing` is for operations that write: the result is written down before the commit and, under a key, kept with
    /// it.
    ///
    /// # Errors
    /// See [`InvokeError`]; nothing was changed, in every case.
    pub async fn invoke(
        &self,
        request: Request,
        prepared: &Arc<Prepared>,
        interface: &InterfaceId,
        function: &str,
        arguments: Vec<Val>,
        writing: Option<Writing>,
    ) -> Result<Answer, InvokeError> {
        let target = prepared.target(interface, function)?;
        let (tenant, effect) = (request.caller.tenant.clone(), target.effect);
        let wall = Duration::from_millis(target.limits.wall_ms_max);
        let deadline = Instant::now().checked_add(wall).map_or(request.deadline, |wall| wall.min(request.deadline));
        let (kernel, prepared, interface) = (self.clone(), Arc::clone(prepared), interface.clone());
        let keyed = writing.as_ref().is_some_and(|writing| writing.once.is_some());
        let call = Call { kernel, request, prepared, interface, function: function.to_owned(), arguments, writing };
        if !call.prepared.needs_transaction && !keyed {
            return call.run(Extensions::default(), Purpose::Run).await;
        }
        let call = Arc::new(call);
        let mut run = 1_u32;
        loop {
            let slot = Arc::new(Mutex::new(None));
            let done = self.0.transactor.run(&tenant, effect, deadline, work(&call, &slot, Purpose::Run)).await;
            let result = slot.lock().take();
            let Err(TransactError::Conflict { detail }) = &done else {
                let outcome = answer(done, result);
                if !keyed || !may_be_of_a_neighbour(&outcome) {
                    return outcome;
                }
                // The same request may run at another host, whose commit this one met: then its answer is there by now.
                let slot = Arc::new(Mutex::new(None));
                let done = self.0.transactor.run(&tenant, effect, deadline, work(&call, &slot, Purpose::Recall)).await;
                let found = answer(done, slot.lock().take());
                return found.ok().filter(|found| found.replayed).map_or(outcome, Ok);
            };
            run = run.saturating_add(1);
            let pause = again::pause(run);
            if run > again::RUNS_MAX || deadline.saturating_duration_since(Instant::now()) <= pause {
                return answer(done, None);
            }
            let request_id = call.request.id.as_str();
            tracing::debug!(target: "cortex::conflict", request_id, run, detail, "a unit of work runs again");
            tokio::time::sleep(pause).await;
        }
    }
}

/// What the caller is told, given how the unit of work ended and what its outermost operation returned.
fn answer(done: Result<Verdict, TransactError>, result: Option<Outcome>) -> Result<Answer, InvokeError> {
    match (done, result) {
        (_, Some(Err(error))) => Err(error),
        (Err(error), _) => Err(error.into()),
        (Ok(in_force), Some(Ok(answer))) if in_force == answer.verdict() => Ok(answer),
        (Ok(_), Some(Ok(_))) => Err(defect("the back end ended the unit of work otherwise than its work said").into()),
        (Ok(_), None) => Err(InvokeError::Deadline),
    }
}

/// Whether an outcome may have been caused by the same request, which took effect elsewhere meanwhile.
fn may_be_of_a_neighbour(outcome: &Outcome) -> bool {
    match outcome {
        Ok(answer) => answer.verdict() == Verdict::Rollback,
        Err(error) => !matches!(error, InvokeError::KeyReused | InvokeError::Denied { .. } | InvokeError::Deadline),
    }
}

impl Answer {
    /// What becomes of the work of an operation that was answered like this. A replay commits as well: what it found
    /// may be a part of the same transaction still.
    fn verdict(&self) -> Verdict {
        if matches!(self.result, Some(Val::Result(Err(_)))) { Verdict::Rollback } else { Verdict::Commit }
    }
}

type Outcome = Result<Answer, InvokeError>;
type Slot = Arc<Mutex<Option<Outcome>>>;

/// What a back end or a capability must not do.
pub(crate) fn defect(detail: impl Into<String>) -> TransactError {
    TransactError::Unavailable { detail: detail.into(), retry_after_ms: 1_000 }
}

/// What is asked for: the same for each run of its unit of work.
struct Call {
    kernel: Kernel,
    request: Request,
    prepared: Arc<Prepared>,
    interface: InterfaceId,
    function: String,
    arguments: Vec<Val>,
    writing: Option<Writing>,
}

/// What a unit of work is opened for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To run the operation, unless it was answered before.
    Run,
    /// To look up the answer only.
    Recall,
}

fn work(call: &Arc<Call>, slot: &Slot, purpose: Purpose) -> Work {
    let (slot, call) = (Arc::clone(slot), Arc::clone(call));
    Box::new(move |opened| {
        Box::pin(async move {
            let answer = call.run(opened, purpose).await;
            let verdict = answer.as_ref().map_or(Verdict::Rollback, Answer::verdict);
            *slot.lock() = Some(answer);
            verdict
        })
    })
}

impl Call {
    /// Runs the outermost operation in the unit that was opened, or finds what it was answered before under the same
    /// key.
    async fn run(&self, opened: Extensions, purpose: Purpose) -> Outcome {
        let Self { kernel, request, prepared, interface, function, arguments, writing } = self;
        let target = prepared.target(interface, function)?;
        let unit = Unit::new(request.clone(), target.effect, opened);
        let frame = Frame { kernel, unit: &unit, prepared, target, depth: 0 };
        let once = match writing.as_ref().and_then(|writing| writing.once.as_ref()) {
            Some(once) => {
                permit(&frame)?;
                let key = Digest::of_parts([request.caller.subject.0.as_bytes(), once.key.as_bytes()]);
                let operation = format!("{} {interface} {function}", prepared.id);
                let fingerprint = Digest::of_parts([operation.as_bytes(), once.arguments.as_bytes()]);
                let book = unit
                    .extensions()
                    .get::<Box<dyn AnswerBook>>()
                    .ok_or_else(|| defect("the back end keeps no answers"))?;
                match book.recall(key).await? {
                    Some((known, bytes)) if known == *fingerprint.as_bytes() => {
                        return Ok(Answer { result: None, written: Some(bytes), replayed: true });
                    }
                    Some(_) => return Err(InvokeError::KeyReused),
                    None if purpose == Purpose::Recall => return Ok(Answer::default()),
                    None => Some((book, key, fingerprint)),
                }
            }
            None => None,
        };
        let mut answer = Answer { result: run(frame, arguments).await.0?, ..Answer::default() };
        if let Some(writing) = writing
            && answer.verdict() == Verdict::Commit
        {
            let bytes = (writing.write)(answer.result.as_ref()).map_err(InvokeError::Unwritable)?;
            if let Some((book, key, fingerprint)) = once {
                book.record(key, fingerprint, &bytes).await?;
            }
            answer.written = Some(bytes);
        }
        Ok(answer)
    }
}

/// Runs one component in a store of its own, and returns its result and the processor time that it used.
pub(crate) async fn run(frame: Frame<'_>, arguments: &[Val]) -> (Result<Option<Val>, InvokeError>, Arc<CpuTime>) {
    let time = Arc::new(CpuTime::default());
    let result = run_timed(&frame, arguments, &time).await;
    (result, time)
}

async fn run_timed(frame: &Frame<'_>, arguments: &[Val], time: &Arc<CpuTime>) -> Result<Option<Val>, InvokeError> {
    permit(frame)?;
    frame.prepared.check_in_force()?;
    let (target, request) = (frame.target, frame.unit.request());
    let parts = &frame.kernel.0;
    let share = parts.shares.take(frame.unit.tenant(), parts.engine.tenant_instances_max);
    let _share = share.ok_or(InvokeError::Exhausted)?;
    let wall = Duration::from_millis(target.limits.wall_ms_max);
    let own = Instant::now().checked_add(wall).unwrap_or(request.deadline);
    let deadline = own.min(request.deadline);
    let mut call = Timed::new(Box::pin(instantiate_and_call(frame, arguments, Arc::clone(time))), Arc::clone(time));
    loop {
        let look = Instant::now().checked_add(WITHDRAWAL).map_or(deadline, |look| look.min(deadline));
        if let Ok(result) = tokio::time::timeout_at(look.into(), &mut call).await {
            return result.map_err(|error| classify(error, &frame.prepared.id, &target.name, &target.limits));
        }
        frame.prepared.check_in_force()?;
        if Instant::now() < deadline {
            continue;
        }
        let exceeded = InvokeError::exceeded(&frame.prepared.id, Limit::WallMs, target.limits.wall_ms_max);
        return Err(if own <= request.deadline { exceeded } else { InvokeError::Deadline });
    }
}

/// The caller's right to the operation.
fn permit(frame: &Frame<'_>) -> Result<(), InvokeError> {
    let (Target { name, permission, .. }, caller) = (frame.target, &frame.unit.request().caller);
    if caller.permissions.allows(permission) {
        return Ok(());
    }
    let (component, operation) = (frame.prepared.id.clone(), Arc::clone(name));
    Err(InvokeError::Denied { component, operation, permission: permission.clone() })
}

async fn instantiate_and_call(
    frame: &Frame<'_>,
    arguments: &[Val],
    time: Arc<CpuTime>,
) -> wasmtime::Result<Option<Val>> {
    let mut store = store(frame, time);
    let instance = frame.prepared.instance.instantiate_async(&mut store).await?;
    let function = instance
        .get_func(&mut store, frame.target.export)
        .ok_or_else(|| wasmtime::Error::msg("the export vanished between linking and the call"))?;
    let mut results = [Val::Bool(false)];
    let results = if frame.target.has_result { &mut results[..] } else { &mut [] };
    function.call_async(&mut store, arguments, results).await?;
    for capability in &frame.kernel.0.capabilities {
        if let Some(end) = capability.end(store.data_mut()) {
            end.await?;
        }
    }
    Ok(results.first_mut().map(|result| std::mem::replace(result, Val::Bool(false))))
}

fn store(frame: &Frame<'_>, time: Arc<CpuTime>) -> Store<Invocation> {
    let limits = frame.target.limits;
    let invocation = Invocation {
        kernel: frame.kernel.clone(),
        unit: frame.unit.clone(),
        component: frame.prepared.id.clone(),
        operation: Arc::clone(&frame.target.name),
        effect: frame.target.effect,
        depth: frame.depth,
        meter: Meter::new(limits),
        cpu: time,
        table: ResourceTable::new(),
    };
    let mut store = Store::new(&frame.kernel.engine().wasm, invocation);
    store.limiter(|invocation| &mut invocation.meter);
    // What the limit counts is what the host holds, within a factor that is the same for all types.
    let usual = limits.result_bytes_max.saturating_mul(COST_USUAL_PERCENT);
    let counted = usual.checked_div(frame.prepared.cost_percent).unwrap_or(limits.result_bytes_max);
    store.set_hostcall_fuel(usize::try_from(counted).unwrap_or(usize::MAX));
    store.call_hook(|mut context, hook| match hook {
        CallHook::CallingHost => context.data_mut().meter.enter_host(),
        CallHook::ReturningFromHost => context.data_mut().meter.leave_host(),
        CallHook::CallingWasm | CallHook::ReturningFromWasm => Ok(()),
    });
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| tick(context.data_mut()));
    store
}

/// Looks at a running guest: stops one that used up its processor time, and lets others of its thread run.
fn tick(invocation: &mut Invocation) -> wasmtime::Result<UpdateDeadline> {
    invocation.meter.no_host_call();
    let used_ns = invocation.cpu.look();
    let value = invocation.meter.limit(Limit::CpuMs);
    if used_ns / 1_000_000 > value {
        return Err(wasmtime::Error::new(Exceeded { limit: Limit::CpuMs, value }));
    }
    if used_ns == 0 {
        // The first tick: a short run that it happens to fall into is not sent behind all others for that.
        return Ok(UpdateDeadline::Continue(1));
    }
    // Tokio's own yield puts the guest behind every ready task and behind the sockets of its thread; waking the guest's
    // task at once would leave the sockets unserved for sixty ticks.
    Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
}
