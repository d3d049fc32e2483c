// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `cortex up --demo` adds: this checkout's components, a tenant, its token, and a ledger to play with.

use super::client::{Client, Refusal, once};
use super::component::DEVELOPER;
use super::sign::sign_all;
use super::signatory::Signatory;
use super::terminal::{self, Step};
use anyhow::{Context as _, Result};
use cortex::host::Host;
use cortex::layout::Layout as Home;
use cortex::running;
use edge_installer::SignedGrant;
use edge_package::statement::{Origin, statements};
use edge_package::{Layout, Package};
use kernel_types::{Digest, PermissionSet, TenantId};
use sdk_build::{Builder, Bundle, Environment};
use serde_json::{Value, json};
use signing_client::development::ISSUER;
use std::sync::Arc;
use std::time::Duration;

/// The components of the demonstration.
const COMPONENTS: &[&str] = &["components/accounting", "components/import-journal"];

/// How often a component is tried to be enabled beside another host that does the same.
const TRIES_MAX: u32 = 8;

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

/// Lets this machine's own authority sign for the developer who sits here: trusted by this directory and by nobody
/// else.
pub(crate) async fn trust(home: &Home) -> Result<()> {
    let trust = home.trust();
    if !trust.join("policy.json").exists() {
        let signatory = Signatory::development(&home.authority(), DEVELOPER).await?;
        signatory.stop().await;
        std::fs::create_dir_all(trust.join("roots"))?;
        std::fs::copy(home.authority().join("trusted_root.json"), trust.join("roots/development.json"))?;
        let developer = json!({ "issuer": ISSUER, "subject": DEVELOPER });
        let publisher = |namespace: &str| json!({ "namespace": namespace, "identities": [&developer] });
        let policy = json!({ "publishers": [publisher("*"), publisher("cortex/*")] });
        running::write_private(&trust.join("policy.json"), format!("{policy:#}\n").as_bytes())?;
    }
    Ok(())
}

/// Signs and installs what is new, and agrees to it for the tenant. The person at this machine is publisher and
/// administrator.
pub(crate) async fn prepare(host: &Arc<Host>, bundles: &[Bundle], step: &Step) -> Result<Demo> {
    let tenant = TenantId::parse(TENANT)?;
    host.create_tenant(&tenant).await?;
    // The authority is started for the first signature, and never where nothing changed.
    let mut signatory: Option<Signatory> = None;
    for bundle in bundles {
        let package = Package::of_directory(&bundle.directory)?;
        let digest = package.digest();
        if !host.is_installed(&digest) {
            step.say(&format!("signing and installing {}", bundle.directory.display()));
            let statements = statements(&package, &Origin::default())?;
            let attachments = statements.iter().map(|statement| statement.attachment()).collect();
            let mut layout = Layout { package, attachments };
            sign_all(signing(&mut signatory, host).await?, &mut layout).await?;
            // What is built anew has the version that it had.
            host.install(layout, true).await?;
        }
        for tries in 1.. {
            if host.has_enabled(&tenant, &digest).await? {
                break;
            }
            match agree(host, &tenant, &digest, signing(&mut signatory, host).await?, step).await {
                // Another host on the same database may just have changed what the plan is about.
                Err(error) if tries < TRIES_MAX => {
                    step.say(&format!("looking again: {error:#}"));
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
                done => done?,
            }
        }
    }
    if let Some(signatory) = signatory {
        signatory.stop().await;
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

/// Agrees to the package for the tenant, as its administrator.
async fn agree(host: &Host, tenant: &TenantId, package: &Digest, by: &Signatory, step: &Step) -> Result<()> {
    let plan = host.plan(tenant, package).await?;
    let text = plan.consent(jiff::Timestamp::now()).text()?;
    let bundle = String::from_utf8(by.sign(text.as_bytes()).await?.bytes)?;
    let grant = SignedGrant { text: text.into(), bundle: bundle.into() };
    for (component, report) in host.enable_package(tenant, package, grant).await? {
        if !report.ran.is_empty() {
            step.say(&format!("{component}: ran {}", report.ran.join(", ")));
        }
    }
    Ok(())
}

async fn signing<'a>(signatory: &'a mut Option<Signatory>, host: &Host) -> Result<&'a Signatory> {
    if signatory.is_none() {
        *signatory = Some(Signatory::development(&host.layout().authority(), DEVELOPER).await?);
    }
    signatory.as_ref().context("it was just started")
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
