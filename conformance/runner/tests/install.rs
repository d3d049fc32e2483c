// SPDX-License-Identifier: MIT OR Apache-2.0
//! Nothing unsigned runs, nothing is granted without consent, what is revoked ends, and an upgrade fails no request.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a helper of a test is a test"
)]

#[path = "install/command.rs"]
mod command;
#[path = "install/consent.rs"]
mod consent;
#[path = "install/revoked.rs"]
mod revoked;
#[path = "install/unsigned.rs"]
mod unsigned;
#[path = "install/upgrade.rs"]
mod upgrade;

use conformance::TestHost;
use conformance::bundles::Draft;
use conformance::client::{Answer, Client};
use edge_package::{Layout, Package};
use kernel_types::TenantId;
use serde_json::json;

const ECHO: &str = "conformance/guests/echo";

fn test() -> TenantId {
    TenantId::parse("test").unwrap()
}

/// Echo under another version, which makes it another package.
fn echo_of(version: &str) -> Draft {
    let draft = Draft::copy_of(ECHO);
    draft.change("cortex.yaml", "version: \"1.0.0\"", &format!("version: \"{version}\""));
    draft
}

/// The signed package of a draft.
fn signed(draft: &Draft) -> Layout {
    signed_samples::package(draft.path()).unwrap()
}

fn package(draft: &Draft) -> Package {
    Package::of_directory(draft.path()).unwrap()
}

async fn say(client: &Client) -> Answer {
    client.post("/api/echo/v1/echo/say", &json!({ "text": "hello" })).await
}

/// The step at which an install was refused, and the whole text.
async fn refused(host: &TestHost, layout: Layout) -> (String, String) {
    let error = host.host.install(layout, false).await.err().expect("it is refused");
    let step = error.downcast_ref::<edge_installer::Refusal>().map(edge_installer::Refusal::step);
    (step.unwrap_or_else(|| "no step".to_owned()), format!("{error:#}"))
}
