// SPDX-License-Identifier: MIT OR Apache-2.0
//! The store: all tenants of one directory, and how a unit of work finds its tenant's database.

use crate::connection::{Connection, Purpose};
use crate::directory::Layout;
use crate::error::StoreError;
use crate::queue::{Answer, Job, Pushed, unavailable, unit};
use crate::settings::Settings;
use crate::stats::{Counters, Stats, add};
use crate::tenant::Tenant;
use crate::{host_tables, reader, sweeper, writer};
use kernel_engine::{BoxFuture, TransactError, Transactor, Verdict, Work};
use kernel_types::{Effect, TenantId};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};

/// The embedded database: one SQLite file for each tenant. Cheap to clone; all clones are the same store.
#[derive(Clone)]
pub struct SqliteStore(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) runtime: Handle,
    pub(crate) counters: Arc<Counters>,
    /// Threads for writers.
    pub(crate) writers: Arc<Semaphore>,
    /// Turns true when units that run must end.
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) stopper: watch::Sender<bool>,
    pub(crate) closing: AtomicBool,
    readers: Arc<Semaphore>,
    writers_waiting: Arc<AtomicUsize>,
    activity: Arc<Activity>,
    tenants: Mutex<HashMap<TenantId, Arc<Tenant>>>,
    pub(crate) layout: Layout,
    opened_at: Instant,
}

/// How many threads work for the store.
#[derive(Default)]
struct Activity {
    threads: AtomicUsize,
    changed: Notify,
}

/// While it lives, a thread works for the store.
pub(crate) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.threads.fetch_sub(1, AcqRel);
        self.0.changed.notify_waiters();
    }
}

/// While it lives, a writer waits for a thread.
pub(crate) struct WriterWaits(Arc<AtomicUsize>);

impl Drop for WriterWaits {
    fn drop(&mut self) {
        self.0.fetch_sub(1, AcqRel);
    }
}

impl SqliteStore {
    /// Opens the store in a directory, which is made where it is missing, and locks it. To be called inside a tokio
    /// runtime, which lends its threads.
    ///
    /// # Errors
    /// Where the directory cannot be used, another process uses it, or the settings contradict each other.
    pub fn open(directory: &Path, settings: Settings) -> Result<Self, StoreError> {
        settings.check()?;
        let runtime = Handle::try_current().map_err(|_| StoreError::NoRuntime)?;
        let layout = Layout::open(directory)?;
        let (stopper, stop) = watch::channel(false);
        let inner = Arc::new(Inner {
            writers: Arc::new(Semaphore::new(settings.writers_max)),
            readers: Arc::new(Semaphore::new(settings.readers_max)),
            settings,
            runtime,
            counters: Arc::new(Counters::default()),
            stop,
            stopper,
            closing: AtomicBool::new(false),
            writers_waiting: Arc::new(AtomicUsize::new(0)),
            activity: Arc::new(Activity::default()),
            tenants: Mutex::new(HashMap::new()),
            layout,
            opened_at: Instant::now(),
        });
        sweeper::start(&inner);
        Ok(Self(inner))
    }

    /// The tenants, sorted.
    ///
    /// # Errors
    /// Where the directory cannot be read.
    pub fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        self.0.layout.list()
    }

    /// Whether the store holds the tenant.
    #[must_use]
    pub fn has_tenant(&self, tenant: &TenantId) -> bool {
        self.0.layout.database(tenant).is_file()
    }

    /// Makes a tenant with an empty database. Returns whether it is new; an existing one is left as it is.
    ///
    /// # Errors
    /// Where its files cannot be made or opened.
    pub async fn create_tenant(&self, tenant: &TenantId) -> Result<bool, StoreError> {
        let (inner, id) = (Arc::clone(&self.0), tenant.clone());
        let created = self.0.runtime.spawn_blocking(move || inner.layout.create(&id)).await;
        let created = created.map_err(|error| unavailable(error.to_string()))??;
        self.write_host(tenant, |_| Ok(())).await?;
        Ok(created)
    }

    /// What the store has done since it was opened.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.counters.read()
    }
}

impl Transactor for SqliteStore {
    fn run(
        &self,
        tenant: &TenantId,
        effect: Effect,
        deadline: Instant,
        work: Work,
    ) -> BoxFuture<'static, Result<Verdict, TransactError>> {
        let (inner, tenant) = (Arc::clone(&self.0), tenant.clone());
        Box::pin(async move {
            let tenant = inner.tenant(&tenant).map_err(|error| unavailable(error.to_string()))?;
            inner.submit(tenant, effect, deadline, Job::Unit(work)).await
        })
    }
}

impl Inner {
    /// The tenant, where its database exists.
    pub(crate) fn tenant(&self, id: &TenantId) -> Result<Arc<Tenant>, StoreError> {
        if let Some(tenant) = self.tenants.lock().get(id) {
            return Ok(Arc::clone(tenant));
        }
        let path = self.layout.database(id);
        if !path.is_file() {
            return Err(StoreError::UnknownTenant(id.clone()));
        }
        let new = || Arc::new(Tenant::new(id.clone(), path, self.settings.readers_per_tenant_max));
        Ok(Arc::clone(self.tenants.lock().entry(id.clone()).or_insert_with(new)))
    }

    /// Runs a job of a tenant and waits for its end.
    pub(crate) async fn submit(
        self: Arc<Self>,
        tenant: Arc<Tenant>,
        effect: Effect,
        deadline: Instant,
        job: Job,
    ) -> Answer {
        if self.closing.load(Acquire) {
            return Err(unavailable("the store is shutting down".into()));
        }
        tenant.touch(self.now_ms());
        match effect {
            Effect::Write => self.write(tenant, deadline, job).await,
            Effect::Read => self.read(tenant, deadline, job).await,
        }
    }

    async fn write(self: Arc<Self>, tenant: Arc<Tenant>, deadline: Instant, job: Job) -> Answer {
        let (pending, waiting) = unit(job, deadline);
        match tenant.queue.push(pending, self.settings.queue_units_max) {
            Pushed::Queued => {}
            Pushed::First => writer::start(self, tenant),
            Pushed::Full(error) => {
                add(&self.counters.refused_busy, 1);
                return Err(error);
            }
        }
        waiting.answer().await
    }

    async fn read(self: Arc<Self>, tenant: Arc<Tenant>, deadline: Instant, job: Job) -> Answer {
        if !tenant.ready.load(Acquire) {
            // Opened for writing once: the log of a process that was killed is recovered, the host's tables are there.
            let nothing = Job::Host(Box::new(|_| Verdict::Rollback));
            Arc::clone(&self).write(Arc::clone(&tenant), deadline, nothing).await?;
        }
        let permits = async {
            let own = Arc::clone(&tenant.readers).acquire_owned().await;
            (own, Arc::clone(&self.readers).acquire_owned().await)
        };
        let Ok(permits) = tokio::time::timeout_at(deadline.into(), permits).await else {
            return Err(TransactError::Deadline);
        };
        let (pending, waiting) = unit(job, deadline);
        let (runtime, busy) = (self.runtime.clone(), self.busy());
        runtime.spawn_blocking(move || {
            reader::run(&self, &tenant, pending);
            drop((self, tenant, permits));
            // Last: whoever waits for quiet finds nothing of the store in use.
            drop(busy);
        });
        waiting.answer().await
    }

    /// Opens a connection of a tenant, after making room for it.
    pub(crate) fn open(&self, tenant: &Tenant, purpose: Purpose) -> Result<Connection, StoreError> {
        self.make_room(tenant);
        let error = |e: rusqlite::Error| StoreError::database(&tenant.id, &e);
        let counters = Arc::clone(&self.counters);
        let connection = Connection::open(&tenant.path, purpose, &self.settings, counters).map_err(error)?;
        if purpose == Purpose::Write && !tenant.ready.load(Acquire) {
            host_tables::prepare(&connection, &tenant.id)?;
            tenant.ready.store(true, std::sync::atomic::Ordering::Release);
        }
        Ok(connection)
    }

    /// Closes idle connections of the least recently used tenants until there is room for one more.
    fn make_room(&self, keep: &Tenant) {
        while self.connections_open() >= self.settings.connections_max {
            let tenants: Vec<_> = self.tenants.lock().values().map(Arc::clone).collect();
            let idle = tenants.iter().filter(|tenant| tenant.id != keep.id && tenant.has_idle_connections());
            let Some(oldest) = idle.min_by_key(|tenant| tenant.used_at_ms()) else { return };
            if oldest.close_idle() == 0 {
                return;
            }
        }
    }

    /// Closes the connections of every tenant that was not used for a while.
    pub(crate) fn sweep(&self, now: Instant) {
        let now_ms = self.ms_at(now);
        let tenants: Vec<_> = self.tenants.lock().values().map(Arc::clone).collect();
        for tenant in tenants {
            if tenant.used_at_ms().saturating_add(self.settings.idle_ms) <= now_ms {
                tenant.close_idle();
            }
        }
    }

    /// Closes every connection that nobody uses.
    pub(crate) fn close_all(&self) {
        let tenants: Vec<_> = self.tenants.lock().drain().map(|(_, tenant)| tenant).collect();
        for tenant in tenants {
            tenant.close_idle();
        }
    }

    /// Waits until no thread works for the store.
    pub(crate) async fn quiet(&self) {
        loop {
            let changed = self.activity.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.activity.threads.load(Acquire) == 0 {
                return;
            }
            changed.await;
        }
    }

    pub(crate) fn busy(&self) -> Busy {
        self.activity.threads.fetch_add(1, AcqRel);
        Busy(Arc::clone(&self.activity))
    }

    pub(crate) fn writer_waits(&self) -> WriterWaits {
        self.writers_waiting.fetch_add(1, AcqRel);
        WriterWaits(Arc::clone(&self.writers_waiting))
    }

    /// Whether another tenant's writer waits for a thread.
    pub(crate) fn writers_wait(&self) -> bool {
        self.writers_waiting.load(Acquire) > 0
    }

    pub(crate) fn connections_open(&self) -> usize {
        let counters = &self.counters;
        let open = counters.opened.load(Relaxed).saturating_sub(counters.closed.load(Relaxed));
        usize::try_from(open).unwrap_or(usize::MAX)
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.ms_at(Instant::now())
    }

    fn ms_at(&self, at: Instant) -> u64 {
        let since: Duration = at.saturating_duration_since(self.opened_at);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
