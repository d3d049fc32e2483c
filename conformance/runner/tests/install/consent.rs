// SPDX-License-Identifier: MIT OR Apache-2.0
//! Consent: to a plan that was seen, by one who may, for one tenant, one package and what it may reach.

use crate::{ECHO, echo_of, say, signed, test};
use conformance::TestHost;
use conformance::bundles::Draft;
use cortex::Chosen;
use edge_installer::{Action, Plan};
use jiff::Timestamp;
use kernel_types::{Digest, TenantId};
use serde_json::json;
use signed_samples::{Signer, signer, trust_of};
use std::sync::Arc;

/// Agrees to a plan as this signer.
fn agreed(host: &TestHost, plan: &Plan, by: &Signer) -> Chosen {
    let grant = by.consent(&plan.consent(Timestamp::now())).unwrap();
    Chosen { installed: installed(host, &plan.to.package), grant }
}

fn installed(host: &TestHost, package: &Digest) -> Arc<edge_registry::Installed> {
    host.host.installed(package).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_says_what_would_change() {
    let host = TestHost::start(&[ECHO]).await;
    let accounting = host.host.install(signed(&Draft::copy_of("components/accounting")), false).await.unwrap();
    let import = host.host.install(signed(&Draft::copy_of("components/import-journal")), false).await.unwrap();
    let plan = host.host.plan(&test(), &import.digest()).await.unwrap();
    assert_eq!(
        (plan.action, plan.from.is_none(), plan.name.as_str()),
        (Action::Enable, true, "cortex-project/import-journal")
    );
    assert!(
        !plan.calls.is_empty() && plan.calls.iter().all(|call| call.provider.is_none()),
        "nobody provides the ledger yet"
    );
    let ledger = host.host.plan(&test(), &accounting.digest()).await.unwrap();
    host.host.enable_one(&test(), &agreed(&host, &ledger, signer())).await.unwrap();
    let again = host.host.plan(&test(), &import.digest()).await.unwrap();
    assert!(again.calls.iter().all(|call| call.provider.as_ref().is_some_and(|id| id.as_str() == "accounting")));
    assert_ne!(plan.digest(), again.digest());
    assert!(!ledger.capabilities.is_empty());
    assert!(!ledger.migrations.as_slice().is_empty() && ledger.capabilities.iter().all(|capability| capability.new));
    let text = ledger.to_string();
    for part in [
        "enable `accounting` 1.0.0 for tenant `test`",
        "cortex:storage/sql",
        "its binary imports nothing but",
        "0001",
        "signed by key",
    ] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let every: Vec<_> = accounting.manifest().capabilities.iter().map(|capability| capability.reason.clone()).collect();
    assert!(every.iter().all(|reason| text.contains(reason.as_str())), "the author's reasons");
    // The same plan, the same digest; in JSON as well.
    let json = serde_json::to_value(&again).unwrap();
    assert_eq!(json["to"]["package"], json!(import.digest()));
    assert_eq!(host.host.plan(&test(), &import.digest()).await.unwrap().digest(), again.digest());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_agreed_to_is_not_put_into_force() {
    let host = TestHost::start(&[ECHO]).await;
    let stranger = Signer::new().unwrap();
    let newer = host.host.install(signed(&echo_of("1.1.0")), false).await.unwrap();
    let newest = host.host.install(signed(&echo_of("1.2.0")), false).await.unwrap();
    let plan = host.host.plan(&test(), &newer.digest()).await.unwrap();
    let consent = plan.consent(Timestamp::now());
    let by = |signer: &Signer, change: &dyn Fn(&mut edge_installer::Consent)| {
        let mut consent = consent.clone();
        change(&mut consent);
        Chosen { installed: Arc::clone(&newer), grant: signer.consent(&consent).unwrap() }
    };
    let other_tenant = TenantId::parse("other").unwrap();
    let mut spoiled = by(signer(), &|_| {}).grant;
    spoiled.text = spoiled.text.replace("context", "contexts").into();
    let cases = [
        ("a stranger's", by(&stranger, &|_| {}), "identity"),
        (
            "for another tenant",
            by(signer(), &|consent| consent.grant.tenant = other_tenant.clone()),
            "for tenant `other`",
        ),
        ("for another package", by(signer(), &|consent| consent.grant.digest = newest.digest()), "the consent is for"),
        (
            "of another format",
            by(signer(), &|consent| consent.format = "cortex-grant-v0".to_owned()),
            "cortex-grant-v1",
        ),
        ("to another plan", by(signer(), &|consent| consent.plan = Digest::of(b"other")), "look at the plan again"),
        ("changed after it was signed", Chosen { installed: Arc::clone(&newer), grant: spoiled }, "refused at digest"),
    ];
    for (name, chosen, expected) in cases {
        let error = host.host.enable_one(&test(), &chosen).await.err().unwrap_or_else(|| panic!("{name}"));
        assert!(format!("{error:#}").contains(expected), "{name}: {error:#}");
        assert_eq!(
            host.host.plan(&test(), &newer.digest()).await.unwrap().digest(),
            plan.digest(),
            "{name}: nothing changed"
        );
        assert_eq!(say(&host.client).await.ok(), json!("hello"));
    }
    host.host.enable_one(&test(), &agreed(&host, &plan, signer())).await.unwrap();
    assert_eq!(host.host.plan(&test(), &newest.digest()).await.unwrap().from.unwrap().package, newer.digest());
    // What was agreed to once is not agreed to for ever: the plan is another one now.
    let stale = agreed(&host, &plan, signer());
    host.host
        .enable_one(&test(), &agreed(&host, &host.host.plan(&test(), &newest.digest()).await.unwrap(), signer()))
        .await
        .unwrap();
    let error = host.host.enable_one(&test(), &stale).await.unwrap_err();
    assert!(format!("{error:#}").contains("look at the plan again"), "{error:#}");
}

/// Publishers publish, and administrators consent: neither may do the other's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_consents_to_nothing_and_an_administrator_publishes_nothing() {
    let (publisher, administrator) = (Signer::new().unwrap(), Signer::new().unwrap());
    let rule = |namespace: &str, key: &Signer| json!({ "namespace": namespace, "keys": [key.key().hint()], "key-time": "unproven" });
    let policy = json!({ "publishers": [rule("echo", &publisher), rule("cortex/grants/*", &administrator)] });
    let keys = [publisher.entry(&["*", "cortex/*"]), administrator.entry(&["*", "cortex/*"])];
    let trust = trust_of(&policy, &keys, None).unwrap();
    let host = TestHost::start_with(&[], |settings| settings.trust = trust).await;
    let package = edge_package::Package::of_directory(Draft::copy_of(ECHO).path()).unwrap();
    let error = host.host.install(administrator.package(package.clone()).unwrap(), false).await.err().unwrap();
    assert!(format!("{error:#}").contains("refused at identity"), "{error:#}");
    let echo = host.host.install(publisher.package(package).unwrap(), false).await.unwrap();
    let plan = host.host.plan(&test(), &echo.digest()).await.unwrap();
    let error = host.host.enable_one(&test(), &agreed(&host, &plan, &publisher)).await.unwrap_err();
    assert!(format!("{error:#}").contains("may not sign for `cortex/grants/*`"), "{error:#}");
    host.host.enable_one(&test(), &agreed(&host, &plan, &administrator)).await.unwrap();
    assert_eq!(say(&host.client).await.ok(), json!("hello"));
    host.host.disable(&test(), &echo.manifest().id).await.unwrap();
    assert_eq!(say(&host.client).await.status, 404);
}
