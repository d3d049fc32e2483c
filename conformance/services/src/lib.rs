// SPDX-License-Identifier: MIT OR Apache-2.0
//! Services that tests need and do not bring along: how a test gets a PostgreSQL database of its own, or says that it
//! did not run.
//!
//! The server is the one of `CORTEX_TEST_POSTGRES_URL` (whose role must be allowed to create databases and roles), else
//! the one at the standard socket or port of this machine, else one that is started here from the binaries on `PATH`,
//! in a temporary folder, for all tests of this user, and that ends by itself when none has used it for a while. Where
//! none of them can be had a test counts itself as not run, loudly; with `CORTEX_REQUIRE_SERVICES=1` it fails.
//!
//! For faults there is a server that one test may stop and freeze ([`OwnServer`]), and a line to a server that fails in
//! the ways that lines do ([`Proxy`]).

#![allow(clippy::expect_used, clippy::panic, reason = "a helper of tests fails by panicking")]

mod absent;
mod database;
mod own;
pub mod packages;
mod private;
mod proxy;
mod server;

pub use absent::note as note_absent;
pub use database::Database;
pub use own::OwnServer;
pub use private::private;
pub use proxy::{Line, Proxy};
pub use server::Server;

use std::sync::OnceLock;

/// An empty database of its own for the test of this name, dropped with the value. `None`: there is no server, the test
/// was counted as not run, and it should return.
///
/// # Panics
/// Where there is none and `CORTEX_REQUIRE_SERVICES` says that there must be, or where the server cannot make a
/// database.
#[must_use]
pub fn postgres(test: &str) -> Option<Database> {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    match SERVER.get_or_init(server::find) {
        Ok(server) => Some(Database::create(server)),
        Err(reason) => {
            absent::note(test, "PostgreSQL", reason);
            None
        }
    }
}
