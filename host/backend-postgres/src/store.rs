// SPDX-License-Identifier: MIT OR Apache-2.0
//! The store: all tenants of one database, and how a unit of work finds its tenant.

use crate::error::StoreError;
use crate::health::Health;
use crate::settings::Settings;
use crate::tenant::Tenant;
use crate::turn::Turns;
use crate::{health, layout, name, unit};
use kernel_engine::{BoxFuture, TransactError, Transactor, Verdict, Work};
use kernel_types::{ComponentId, Effect, TenantId};
use parking_lot::Mutex;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use std::collections::HashMap;
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A PostgreSQL database with the tenants of an installation. Cheap to clone; all clones are the same store. Other
/// hosts may have opened the same database.
#[derive(Clone)]
pub struct PostgresStore(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) pool: PgPool,
    pub(crate) health: Health,
    /// What tells this database's roles from those of another one on the same server.
    installation: String,
    tenants: Mutex<HashMap<TenantId, Arc<Tenant>>>,
    /// Turns true when units that run must end.
    stopper: watch::Sender<bool>,
    stop: watch::Receiver<bool>,
}

/// How long a caller should stay away from a database that cannot answer, in milliseconds: long enough for a restart to
/// be noticed, short enough for a person to wait.
const UNAVAILABLE_RETRY_MS: u64 = 1_000;

/// The answer where the database failed.
pub(crate) fn unavailable(detail: impl Into<String>) -> TransactError {
    TransactError::Unavailable { detail: detail.into(), retry_after_ms: UNAVAILABLE_RETRY_MS }
}

impl PostgresStore {
    /// Opens the database that the URL names (`postgres://user:password@host:port/database`) and makes what the host
    /// needs in it where that is missing. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// Where the server cannot be reached, its version or the database's encoding does not serve, the role of the URL
    /// may not do what the host must, or a later version of Cortex has been here.
    pub async fn open(url: &str, settings: Settings) -> Result<Self, StoreError> {
        settings.check()?;
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(StoreError::Url("it is no URL of a PostgreSQL database".to_owned()));
        }
        let options = PgConnectOptions::from_str(url).map_err(|error| StoreError::Url(error.to_string()))?;
        let options = options
            .application_name("cortex")
            .statement_cache_capacity(settings.statements_per_connection_max)
            // Statements are the components' own: they and their values stay out of the host's log.
            .disable_statement_logging();
        let connection_settings = Arc::<str>::from(layout::connection_settings(&settings));
        let probe = options.clone();
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections_max)
            .acquire_timeout(Duration::from_millis(settings.connection_wait_ms_max))
            .idle_timeout(Duration::from_millis(settings.idle_ms))
            .max_lifetime(Duration::from_millis(settings.connection_age_ms_max))
            // A unit finds out with its first statement, and takes another connection then.
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                let text = AssertSqlSafe(Arc::clone(&connection_settings));
                Box::pin(async move { connection.execute(sqlx::raw_sql(text)).await.map(drop) })
            })
            .connect_with(options)
            .await?;
        let installation = layout::prepare(&pool).await?;
        let (stopper, stop) = watch::channel(false);
        let tenants = Mutex::new(HashMap::new());
        let inner = Arc::new(Inner { settings, pool, health: Health::new(), installation, tenants, stopper, stop });
        health::start(&inner, probe);
        Ok(Self(inner))
    }

    /// The tenants, sorted.
    ///
    /// # Errors
    /// Where the database cannot answer.
    pub async fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        let query = sqlx::query_scalar::<_, String>("SELECT tenant FROM cortex.tenants ORDER BY tenant");
        let names = query.fetch_all(&self.0.pool).await?;
        // What no tenant id can be was not written by this host.
        Ok(names.iter().filter_map(|name| TenantId::parse(name).ok()).collect())
    }

    /// Whether the store holds the tenant.
    ///
    /// # Errors
    /// Where the database cannot answer.
    pub async fn has_tenant(&self, tenant: &TenantId) -> Result<bool, StoreError> {
        match self.0.tenant(tenant).await {
            Ok(_) => Ok(true),
            Err(StoreError::UnknownTenant(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes a tenant without components. Returns whether it is new; an existing one is left as it is.
    ///
    /// # Errors
    /// Where the database cannot answer or refuses.
    pub async fn create_tenant(&self, tenant: &TenantId) -> Result<bool, StoreError> {
        let created = layout::create_tenant(&self.0, tenant).await?;
        self.0.tenant(tenant).await?;
        Ok(created)
    }

    /// Whether the database answered when it was asked last, at most `probe_ms` and `probe_wait_ms_max` ago. While it
    /// does not, every unit of work is refused at once.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.0.health.is_up()
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections_open(&self) -> u32 {
        self.0.pool.size()
    }

    /// Lets units that run end until `deadline`, cuts the others, and closes every connection. Returns whether none was
    /// cut.
    pub async fn shutdown(&self, deadline: Instant) -> bool {
        // Closing waits until every connection came back.
        let closing = self.0.pool.close();
        tokio::pin!(closing);
        if tokio::time::timeout_at(deadline.into(), &mut closing).await.is_ok() {
            return true;
        }
        self.0.stopper.send_replace(true);
        closing.await;
        false
    }
}

impl Transactor for PostgresStore {
    fn run(
        &self,
        tenant: &TenantId,
        effect: Effect,
        deadline: Instant,
        work: Work,
    ) -> BoxFuture<'static, Result<Verdict, TransactError>> {
        let (inner, id) = (Arc::clone(&self.0), tenant.clone());
        Box::pin(async move { unit::run(inner, id, effect, deadline, work).await })
    }
}

impl Inner {
    /// The tenant, where the database holds it. Known ones are not asked for again: none is removed while hosts run.
    pub(crate) async fn tenant(&self, id: &TenantId) -> Result<Arc<Tenant>, StoreError> {
        if let Some(tenant) = self.tenants.lock().get(id) {
            return Ok(Arc::clone(tenant));
        }
        let query = sqlx::query_scalar::<_, bool>("SELECT EXISTS (SELECT 1 FROM cortex.tenants WHERE tenant = $1)");
        if !query.bind(id.as_str()).fetch_one(&self.pool).await? {
            return Err(StoreError::UnknownTenant(id.clone()));
        }
        let mut tenants = self.tenants.lock();
        let tenant = tenants.entry(id.clone());
        let made = || Tenant {
            id: id.clone(),
            turns: Turns::new(&self.settings),
            self_references: Mutex::default(),
            answers: AtomicU64::new(0),
            answer_bytes: AtomicU64::new(0),
        };
        let tenant = tenant.or_insert_with(|| Arc::new(made()));
        Ok(Arc::clone(tenant))
    }

    /// The role of a component in a tenant.
    pub(crate) fn role(&self, tenant: &TenantId, component: &ComponentId) -> String {
        name::role(&self.installation, tenant, component)
    }

    /// Resolves when units that run must end.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as this does.
        let _ = self.stop.clone().wait_for(|stop| *stop).await;
    }
}
