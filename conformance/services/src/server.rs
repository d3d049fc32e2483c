// SPDX-License-Identifier: MIT OR Apache-2.0
//! The PostgreSQL server of the tests.

use crate::private;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use std::future::Future;
use std::str::FromStr as _;
use std::time::Duration;

/// How long a server may take to answer before it counts as not there.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// Where sockets are by convention: Debian's and PostgreSQL's own.
const SOCKETS: &[&str] = &["/var/run/postgresql", "/tmp"];

/// The port by convention.
const PORT: u16 = 5432;

/// A server on which databases can be made.
pub struct Server {
    pub(crate) options: PgConnectOptions,
    /// Whether the role may do everything.
    pub superuser: bool,
}

/// Finds a server, or says why there is none.
pub(crate) fn find() -> Result<Server, String> {
    if let Some(url) = std::env::var("CORTEX_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty()) {
        let options = PgConnectOptions::from_str(&url).map_err(|error| format!("CORTEX_TEST_POSTGRES_URL: {error}"))?;
        return Server::reach(options).map_err(|error| format!("CORTEX_TEST_POSTGRES_URL: {error}"));
    }
    for options in local() {
        if let Ok(server) = Server::reach(options) {
            return Ok(server);
        }
    }
    private::private()
        .map_err(|error| format!("no server at the standard socket or port, and none can be started: {error}"))
}

/// What a server of this machine might be reached by.
fn local() -> Vec<PgConnectOptions> {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok();
    let users = [user.as_deref().unwrap_or("root"), "postgres"];
    let mut found = Vec::new();
    for user in users {
        let base = PgConnectOptions::new_without_pgpass().port(PORT).username(user).database("postgres");
        let sockets =
            SOCKETS.iter().filter(|folder| std::path::Path::new(folder).join(format!(".s.PGSQL.{PORT}")).exists());
        found.extend(sockets.map(|folder| base.clone().socket(folder)));
        found.push(base.host("127.0.0.1"));
    }
    found
}

impl Server {
    /// Connects, and asks whether the role may make databases and roles.
    pub(crate) fn reach(options: PgConnectOptions) -> Result<Self, String> {
        let options = options.disable_statement_logging();
        let asked = block_on({
            let options = options.clone();
            async move {
                let mut connection = options.connect().await?;
                let query = "SELECT rolsuper, rolcreatedb AND rolcreaterole FROM pg_roles WHERE rolname = current_user";
                let rights: (bool, bool) = sqlx::query_as(query).fetch_one(&mut connection).await?;
                connection.close().await?;
                Ok::<_, sqlx::Error>(rights)
            }
        });
        match asked {
            Some(Ok((superuser, may))) if superuser || may => Ok(Self { options, superuser }),
            Some(Ok(_)) => Err("its role may not create databases and roles".to_owned()),
            Some(Err(error)) => Err(error.to_string()),
            None => Err(format!("it did not answer within {} seconds", ANSWER_WAIT.as_secs())),
        }
    }
}

/// Runs a future to its end on a thread and a runtime of its own, wherever the caller stands; `None` where it took too long.
pub(crate) fn block_on<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Option<T> {
    block_on_for(ANSWER_WAIT, future)
}

/// Likewise, with its time.
pub(crate) fn block_on_for<T: Send + 'static>(
    time: Duration,
    future: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { tokio::time::timeout(time, future).await.ok() })
    });
    thread.join().expect("no panic")
}
