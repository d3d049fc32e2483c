// SPDX-License-Identifier: MIT OR Apache-2.0
//! One of the hosts is killed, or cannot use what the other one can; the connections to the database are lost.

use super::{ECHO, answers, at, first, say};
use conformance::TestHost;
use conformance::backend::Backend;
use conformance::bundles::bundle;
use conformance::eventually::eventually_async;
use conformance::process::Process;
use conformance::random::Random;
use kernel_types::{PermissionSet, TenantId};
use std::process::Stdio;
use std::time::Duration;

fn database(backend: &Backend) -> &services::Database {
    let Backend::Postgres(database) = backend else { panic!("a database") };
    database
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_cannot_use_a_component_leaves_that_tenant_waiting_and_no_other() {
    let test = "a_host_that_cannot_use_a_component_leaves_that_tenant_waiting_and_no_other";
    let Some(backend) = Backend::postgres(test) else { return };
    let one = first(&backend, &[ECHO]).await;
    let empty = one.tenant("empty", &[]).await;
    database(&backend).execute("UPDATE cortex_host.blob_parts SET bytes = '\\x00'");
    let other = TestHost::beside(&backend, &one.client.token).await;
    let answer = say(&other.client).await;
    assert_eq!((answer.status, answer.code()), (503, "unavailable"), "{answer:?}");
    assert_eq!(at(&other, &empty.token).get("/openapi.json").await.status, 200);
    say(&one.client).await.ok();
    // Installed again, on the host that can, it is put right for both.
    conformance::install(&one.host, &bundle(ECHO)).await.unwrap();
    answers("it is served again", &other.client, 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changed_while_the_connections_were_lost_is_caught_up_with() {
    let Some(backend) = Backend::postgres("what_changed_while_the_connections_were_lost_is_caught_up_with") else {
        return;
    };
    let one = first(&backend, &[ECHO]).await;
    let other = TestHost::beside(&backend, &one.client.token).await;
    for round in 0..3 {
        database(&backend).disconnect_all();
        // Who may come in, and what there is, is known without the database.
        assert_eq!(other.client.get("/openapi.json").await.status, 200);
        let name = format!("late-{round}");
        // The first words on connections that are gone fail; asked again they do not.
        let token = eventually_async("the database is reached again", async || provide(&one, &name).await.ok()).await;
        answers("it is served there", &at(&other, &token), 200).await;
    }
}

/// Makes a tenant with echo, and returns a token of it.
async fn provide(host: &TestHost, name: &str) -> anyhow::Result<String> {
    let tenant = TenantId::parse(name)?;
    host.host.create_tenant(&tenant).await?;
    let installed = conformance::install(&host.host, &bundle(ECHO)).await?;
    host.host.enable(&tenant, &[conformance::wanted(&tenant, &installed)]).await?;
    host.host.issue_token(&tenant, "tester", PermissionSet::of(["*"])).await
}

/// The longest that a host is let live before it is killed, in milliseconds: it has installed and enabled by then, or not.
const LIFE_MS_MAX: u64 = 1_500;

#[test]
fn a_host_that_is_killed_while_it_installs_leaves_nothing_that_hinders_another() {
    let test = "a_host_that_is_killed_while_it_installs_leaves_nothing_that_hinders_another";
    let Some(backend) = Backend::postgres(test) else { return };
    let program = env!("CARGO_BIN_EXE_conformance-host");
    let mut random = Random::new(0x0005_7a7e);
    for _ in 0..6 {
        let directory = tempfile::tempdir().unwrap();
        let mut command =
            Process::command(program, &backend, directory.path(), &[ECHO, conformance::books::ACCOUNTING]);
        command.stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(random.below(LIFE_MS_MAX)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let components = [ECHO, conformance::books::ACCOUNTING];
    let process = Process::start(program, &backend, directory.path(), &components);
    let answer = process.client.call("/api/echo/v1/echo/say", &serde_json::json!({ "text": "hello" })).unwrap();
    assert_eq!(answer.ok(), "hello");
    conformance::books::set_up(&process.client).unwrap();
}
