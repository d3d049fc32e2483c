// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `cortex up --demo` adds: this checkout's components, a tenant, its token, and a ledger to play with.

use super::client::{Client, Refusal, once};
use super::terminal::{self, Step};
use anyhow::{Context as _, Result};
use cortex::host::Host;
use cortex::running;
use kernel_types::{PermissionSet, TenantId};
use sdk_build::{Builder, Bundle, Environment};
use serde_json::{Value, json};
use std::sync::Arc;

/// The components of the demonstration.
const COMPONENTS: &[&str] = &["components/accounting", "components/import-journal"];

/// The tenant of the demonstration.
const TENANT: &str = "demo";

/// Builds the components of the checkout around the current directory.
pub(crate) fn build() -> Result<Vec<Bundle>> {
    let here = std::env::current_dir()?;
    let builder = Builder::around(&here, Environment::of_process())
        .context("--demo builds this project's components: run it inside the checkout")?;
    COMPONENTS.iter().map(|component| super::build::bundle(&builder, component.as_ref())).collect()
}

/// A tenant that can be called.
pub(crate) struct Demo {
    token: String,
    today: jiff::civil::Date,
}

/// Installs the bundles and enables them for the tenant.
pub(crate) async fn prepare(host: &Arc<Host>, bundles: &[Bundle], step: &Step) -> Result<Demo> {
    let tenant = TenantId::parse(TENANT)?;
    let mut choice = Vec::new();
    for bundle in bundles {
        step.say(&format!("installing {}", bundle.directory.display()));
        let installed = host.install(&bundle.directory).await?;
        // The person at this machine is the administrator: what the components ask for is granted.
        let grants = installed.wanted();
        choice.push((installed, grants));
    }
    host.create_tenant(&tenant).await?;
    for (component, report) in host.enable(&tenant, &choice).await? {
        if !report.ran.is_empty() {
            step.say(&format!("{component}: ran {}", report.ran.join(", ")));
        }
    }
    let known = running::token(host.layout(), &tenant)?.filter(|token| host.knows_token(&tenant, token));
    let token = match known {
        Some(token) => token,
        None => {
            let token = host.issue_token(&tenant, "administrator", PermissionSet::of(["*"])).await?;
            running::write_private(&host.layout().token(&tenant), format!("{token}\n").as_bytes())?;
            token
        }
    };
    Ok(Demo { token, today: jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date() })
}

impl Demo {
    /// Gives the tenant a ledger, once, and the fiscal year of today where it has none.
    pub(crate) fn fill(&self, url: &str) -> Result<()> {
        self.ledger(&Client::new(url, &self.token)).context("the demo ledger")
    }

    fn ledger(&self, client: &Client) -> Result<()> {
        let year =
            json!({ "code": self.today.year().to_string(), "starts_on": self.today.first_of_year().to_string() });
        let setup = json!({ "setup": {
            "functional_currency": "EUR",
            "balancing": "per_currency",
            "template": "trading",
            "fiscal_year": year,
            "journals": [],
        }});
        once(client, "/api/accounting/v1/settings/initialise", &setup, "already-initialised")?;
        let known = client.post("/api/accounting/v1/calendar/list-fiscal-years", "cortex-up", &json!({}))?;
        let known = known.map_err(Refusal::into_error)?;
        let today = self.today.to_string();
        let day = |year: &Value, key: &str| year.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        // Dates of ISO 8601 are in the order of their texts.
        let covers = |year: &Value| day(year, "starts_on") <= today && today <= day(year, "ends_on");
        if known.as_array().into_iter().flatten().any(covers) {
            return Ok(());
        }
        let created = client.post("/api/accounting/v1/fiscal-years", "cortex-up", &json!({ "fiscal_year": year }))?;
        created.map(|_| ()).map_err(Refusal::into_error)
    }

    /// Shows how to go on.
    pub(crate) fn print(&self, url: &str) {
        let token = &self.token;
        let curl = format!("curl -s -H 'authorization: Bearer {token}'");
        let entry = json!({ "entry": {
            "journal": "GJ",
            "date": self.today.to_string(),
            "description": "Cash sale",
            "lines": [
                { "account": "1010", "side": "debit", "amount": "119.00", "currency": "EUR" },
                { "account": "4010", "side": "credit", "amount": "119.00", "currency": "EUR" },
            ],
        }});
        terminal::line(&format!(
            "
Cortex answers at {url}     (documentation: {url}/docs)
token of tenant `{TENANT}`: {token}

Look at the chart of accounts, post an entry, and ask for the trial balance:

  {curl} {url}/api/accounting/v1/accounts
  {curl} -H 'content-type: application/json' -d '{entry}' {url}/api/accounting/v1/journal/post
  {curl} {url}/api/accounting/v1/reports/trial-balance

Press Ctrl-C to stop."
        ));
    }
}
