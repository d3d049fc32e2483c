// SPDX-License-Identifier: MIT OR Apache-2.0
//! The turns of one tenant in this host. Units that write take turns, first come first served: the second of two at the same
//! counter would wait for the first in the server, then fail, and be run again. Waiting here costs no connection and wastes
//! no work. It is no lock: what two hosts do at the same time, the server's serializable transactions keep apart.
//!
//! A unit that ends while others wait hands its connection on to the next: the pool would test it with a round trip first.

use crate::settings::Settings;
use kernel_engine::TransactError;
use kernel_types::Effect;
use parking_lot::Mutex;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The longest that a caller is told to stay away, in milliseconds.
const RETRY_MS_MAX: u64 = 60_000;

/// How often a connection is handed on before it goes back to the pool, which looks at its age.
const HANDED_ON_MAX: u32 = 256;

/// One tenant.
pub(crate) struct Turns {
    writers: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    next: Arc<Mutex<Next>>,
    waiting_max: usize,
    /// How long the last unit that wrote took, in microseconds: what a caller is told when there is no room.
    unit_us: Arc<AtomicU64>,
}

/// A connection that was handed on, and how often.
pub(crate) struct HandedOn {
    pub(crate) connection: PoolConnection<Postgres>,
    pub(crate) times: u32,
}

/// What lies ready for the next unit that writes. Nothing does while none waits: the pool must not lack it.
#[derive(Default)]
struct Next {
    waiting: usize,
    connection: Option<HandedOn>,
}

/// The right to run one unit. Given back when it is dropped.
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
    /// The connection of the unit before.
    pub(crate) handed_on: Option<HandedOn>,
    begun: Instant,
    unit_us: Option<Arc<AtomicU64>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(unit_us) = &self.unit_us {
            unit_us.store(u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX), Relaxed);
        }
    }
}

/// While it lives, a unit waits.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// While it lives, a unit waits that takes what is handed on.
struct Expecting(Arc<Mutex<Next>>);

impl Expecting {
    fn new(next: &Arc<Mutex<Next>>) -> Self {
        let mut locked = next.lock();
        locked.waiting = locked.waiting.saturating_add(1);
        Self(Arc::clone(next))
    }
}

impl Drop for Expecting {
    fn drop(&mut self) {
        let mut next = self.0.lock();
        next.waiting = next.waiting.saturating_sub(1);
        let unwanted = if next.waiting == 0 { next.connection.take() } else { None };
        drop(next);
        // Giving it back to the pool takes another lock.
        drop(unwanted);
    }
}

impl Turns {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            writers: Arc::new(Semaphore::new(settings.writers_per_tenant_max)),
            readers: Arc::new(Semaphore::new(settings.readers_per_tenant_max)),
            waiting: Arc::new(AtomicUsize::new(0)),
            next: Arc::default(),
            waiting_max: settings.queue_units_max,
            unit_us: Arc::new(AtomicU64::new(0)),
        }
    }

    /// Waits for a turn.
    pub(crate) async fn take(&self, effect: Effect) -> Result<Turn, TransactError> {
        let waiting = self.waiting.fetch_add(1, Relaxed);
        let guard = Waiting(Arc::clone(&self.waiting));
        if waiting >= self.waiting_max {
            return Err(self.busy(waiting));
        }
        let semaphore = match effect {
            Effect::Write => &self.writers,
            Effect::Read => &self.readers,
        };
        let expecting = (effect == Effect::Write).then(|| Expecting::new(&self.next));
        let permit = Arc::clone(semaphore).acquire_owned().await;
        let handed_on = expecting.as_ref().and_then(|expecting| expecting.0.lock().connection.take());
        drop(expecting);
        drop(guard);
        // The semaphores are never closed.
        let permit = permit.map_err(|_| self.busy(waiting))?;
        let unit_us = (effect == Effect::Write).then(|| Arc::clone(&self.unit_us));
        Ok(Turn { _permit: permit, handed_on, begun: Instant::now(), unit_us })
    }

    /// Hands a connection on to the next unit that writes, where one waits and the pool has others; else returns it. The caller
    /// has its turn.
    pub(crate) fn hand_on(
        &self,
        connection: PoolConnection<Postgres>,
        times: u32,
        pool_has_more: bool,
    ) -> Option<PoolConnection<Postgres>> {
        let mut next = self.next.lock();
        let wanted = next.waiting > 0 && next.connection.is_none() && pool_has_more && times < HANDED_ON_MAX;
        if !wanted {
            return Some(connection);
        }
        next.connection = Some(HandedOn { connection, times: times.saturating_add(1) });
        None
    }

    fn busy(&self, waiting: usize) -> TransactError {
        let units = u32::try_from(waiting).unwrap_or(u32::MAX);
        let time = Duration::from_micros(self.unit_us.load(Relaxed)).saturating_mul(units);
        let retry_after_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, RETRY_MS_MAX);
        TransactError::Busy { retry_after_ms }
    }
}
