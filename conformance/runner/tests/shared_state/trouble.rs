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

/// The longest that a host is let live before it is killed, in milliseconds: it has installed and enabled by then, or
/// not.
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

/// A backup is put back under running hosts: both go by what is there, also by what is not there any more, and hear of
/// what comes after, though its revisions are those of before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_back_is_learned_anew() {
    let Some(backend) = Backend::postgres("a_database_that_goes_back_is_learned_anew") else { return };
    let one = first(&backend, &[ECHO]).await;
    let other = TestHost::beside(&backend, &one.client.token).await;
    say(&other.client).await.ok();
    let test = TenantId::parse("test").unwrap();
    let early = one.host.issue_token(&test, "early", PermissionSet::of(["*"])).await.unwrap();
    database(&backend).execute(
        "CREATE TABLE public.saved AS SELECT * FROM cortex_host.documents;
         CREATE TABLE public.at AS SELECT revision FROM cortex_host.installation",
    );
    assert!(one.host.revoke_token(&early).await.unwrap());
    let mut late = Vec::new();
    for name in ["late-1", "late-2", "late-3"] {
        late.push(provide(&one, name).await.unwrap());
    }
    answers("the tenant of later is served there", &at(&other, &late[2]), 200).await;
    database(&backend).execute(
        "BEGIN; DELETE FROM cortex_host.documents; INSERT INTO cortex_host.documents SELECT * FROM public.saved;
         UPDATE cortex_host.installation SET revision = (SELECT revision FROM public.at);
         DROP TABLE public.saved; DROP TABLE public.at; COMMIT",
    );
    for host in [&one, &other] {
        for token in &late {
            answers("the tenant of later is gone", &at(host, token), 401).await;
        }
        answers("what was taken back later is back", &at(host, &early), 200).await;
        assert_eq!(host.host.tenants(), 1);
    }
    let fresh = provide(&one, "fresh").await.unwrap();
    for host in [&one, &other] {
        answers("what came after is in force", &at(host, &fresh), 200).await;
    }
}

/// Bundles whose bytes do not come keep nobody waiting but who needs them, and are had when they come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_that_does_not_come_holds_up_no_other() {
    let Some(backend) = Backend::postgres("a_bundle_that_does_not_come_holds_up_no_other") else { return };
    let one = first(&backend, &[ECHO]).await;
    let mut slow = Vec::new();
    for number in 1..=2 {
        let draft = super::echo_of(&format!("7.{number}.0"));
        let installed = conformance::install(&one.host, draft.path()).await.unwrap();
        let name = TenantId::parse(&format!("slow-{number}")).unwrap();
        one.host.create_tenant(&name).await.unwrap();
        one.host.enable(&name, &[conformance::wanted(&name, &installed)]).await.unwrap();
        let token = one.host.issue_token(&name, "tester", PermissionSet::of(["*"])).await.unwrap();
        slow.push((token, installed.digest()));
    }
    // Each of their parts takes ten minutes.
    let hung: Vec<_> = slow.iter().map(|(_, digest)| format!("'{digest}'")).collect();
    let hang = format!(
        "ALTER TABLE cortex_host.blob_parts RENAME TO blob_parts_kept;
         CREATE VIEW cortex_host.blob_parts AS SELECT digest, number, bytes FROM cortex_host.blob_parts_kept
         WHERE digest NOT IN (SELECT text::json ->> 'blob' FROM cortex_host.documents WHERE kind = 'component' AND name IN ({})) OR (SELECT pg_catalog.pg_sleep(600)) IS NOT NULL",
        hung.join(", ")
    );
    database(&backend).execute(Box::leak(hang.into_boxed_str()));
    let begin = std::time::Instant::now();
    let other = TestHost::beside(&backend, &one.client.token).await;
    answers("who needs another one is served", &other.client, 200).await;
    assert!(begin.elapsed() < Duration::from_secs(60), "it waited for what does not come");
    for (token, _) in &slow {
        assert_eq!(say(&at(&other, token)).await.status, 503);
    }
    database(&backend)
        .execute("DROP VIEW cortex_host.blob_parts; ALTER TABLE cortex_host.blob_parts_kept RENAME TO blob_parts");
    for (token, _) in &slow {
        answers("they are served when it comes", &at(&other, token), 200).await;
    }
}
