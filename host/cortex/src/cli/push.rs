// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex push`: a package from a layout to a registry.

use super::package::description;
use super::terminal::{self, Step};
use anyhow::{Context as _, Result};
use edge_package::Layout;
use edge_package::remote::{Credentials, Place, Remote};
use std::path::PathBuf;

/// What to push, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Push {
    /// The folder of the layout that `cortex package` made.
    #[arg(value_name = "LAYOUT")]
    layout: PathBuf,
    /// Where: `registry.example.org/acme/accounting:1.0.0`.
    #[arg(value_name = "PLACE")]
    place: String,
    #[command(flatten)]
    reach: Reach,
    /// Prints one object of JSON.
    #[arg(long)]
    json: bool,
}

/// How a registry is reached.
#[derive(Debug, clap::Args)]
pub(crate) struct Reach {
    /// The user that a token is sent with; registries of this project look at the token only.
    #[arg(long, value_name = "USER", default_value = "cortex", env = "CORTEX_REGISTRY_USER")]
    user: String,
    /// The token. It belongs into the environment: arguments can be read by everybody on a machine.
    #[arg(long, value_name = "TOKEN", env = "CORTEX_REGISTRY_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Speaks HTTP without TLS to another machine than this one.
    #[arg(long)]
    plain_http: bool,
}

impl Reach {
    pub(super) fn remote(&self, place: &str) -> Result<Remote> {
        let credentials = match &self.token {
            Some(token) => Credentials::Token { user: self.user.clone(), token: token.clone() },
            None => Credentials::Anonymous,
        };
        Ok(Remote::new(Place::parse(place)?, &credentials, self.plain_http)?)
    }
}

impl Push {
    pub(crate) fn run(self) -> Result<()> {
        let layout = Layout::read(&self.layout);
        let layout = layout.with_context(|| format!("`{}` cannot be pushed", self.layout.display()))?;
        let remote = self.reach.remote(&self.place)?;
        let step = Step::begin(&format!("pushing to {}", self.place));
        if super::sign::bundles(&layout).next().is_none() {
            step.say("the package is not signed: `cortex sign` signs it, and pushed again its signatures are added");
        }
        let pushed = runtime()?.block_on(remote.push(&layout))?;
        step.done(&format!("pushed {} contents, {} bytes", pushed.blobs, pushed.bytes));
        if self.json {
            let mut object = description(&layout);
            if let Some(fields) = object.as_object_mut() {
                fields.insert(String::from("place"), self.place.into());
                fields.insert(String::from("blobsSent"), pushed.blobs.into());
                fields.insert(String::from("bytesSent"), pushed.bytes.into());
                fields.insert(String::from("listsReferrers"), pushed.lists_referrers.into());
            }
            terminal::line(&object.to_string());
        } else {
            terminal::line(&format!("{} {}", pushed.digest, self.place));
        }
        Ok(())
    }
}

/// What a push or a pull runs on.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
