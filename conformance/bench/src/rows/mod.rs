// SPDX-License-Identifier: MIT OR Apache-2.0
//! The topics that are measured, one file each. The list here is the order of the table.

mod active;
mod call;
mod disk;
mod install;
mod large;
mod noop;
mod post;
mod post_many;
mod post_postgres;
mod start;
mod tenants;
mod tenants_postgres;
mod trial_balance;

use crate::Context;
use crate::table::Table;
use anyhow::Result;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Topic {
    /// What a sync of the disk costs, as context.
    Disk,
    /// One call in process.
    Call,
    /// Large arguments.
    Large,
    /// An operation that does nothing, over HTTP.
    Noop,
    /// Single entries, posted over HTTP.
    Post,
    /// Single entries, posted over HTTP, on PostgreSQL.
    PostPostgres,
    /// Many entries in one call.
    PostMany,
    /// The trial balance over a million lines.
    TrialBalance,
    /// Many tenants that are used in turn.
    Active,
    /// What idle tenants hold.
    Tenants,
    /// What tenants cost on PostgreSQL.
    TenantsPostgres,
    /// Verifying and installing a signed package.
    Install,
    /// Compiling, installing, starting.
    Start,
}

impl Topic {
    /// Every topic, in the order of the table.
    pub(crate) const ALL: &[Self] = &[
        Self::Disk,
        Self::Call,
        Self::Large,
        Self::Noop,
        Self::Post,
        Self::PostPostgres,
        Self::PostMany,
        Self::TrialBalance,
        Self::Active,
        Self::Tenants,
        Self::TenantsPostgres,
        Self::Install,
        Self::Start,
    ];

    /// What it is called in progress lines.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Disk => "a sync of the disk",
            Self::Call => "one call in process",
            Self::Large => "large arguments",
            Self::Noop => "an operation that does nothing, over HTTP",
            Self::Post => "single entries over HTTP",
            Self::PostPostgres => "single entries over HTTP on PostgreSQL",
            Self::PostMany => "many entries in one call",
            Self::TrialBalance => "the trial balance over a million lines",
            Self::Active => "two hundred active tenants",
            Self::Tenants => "idle tenants",
            Self::TenantsPostgres => "a thousand tenants on PostgreSQL",
            Self::Install => "installing a signed package",
            Self::Start => "compiling, installing, starting",
        }
    }

    /// Measures it.
    pub(crate) async fn measure(self, context: &Context, table: &mut Table) -> Result<()> {
        match self {
            Self::Disk => disk::measure(context, table),
            Self::Call => call::measure(context, table).await,
            Self::Large => large::measure(context, table).await,
            Self::Noop => noop::measure(context, table).await,
            Self::Post => post::measure(context, table).await,
            Self::PostPostgres => post_postgres::measure(context, table).await,
            Self::PostMany => post_many::measure(context, table).await,
            Self::TrialBalance => trial_balance::measure(context, table).await,
            Self::Active => active::measure(context, table).await,
            Self::TenantsPostgres => tenants_postgres::measure(context, table).await,
            Self::Tenants => tenants::measure(context, table).await,
            Self::Install => install::measure(context, table).await,
            Self::Start => start::measure(context, table).await,
        }
    }
}
