// SPDX-License-Identifier: MIT OR Apache-2.0
//! Registries and signing services that are away, or say no.

use crate::desk::{Desk, IDENTITY, NAME, Registry, refused};
use crate::packaged;
use conformance::program;
use serde_json::{Value, json};
use signing_client::development::{Development, ISSUER};
use std::net::TcpListener;

/// An address of this machine at which nobody answers.
fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_is_away_or_says_no_is_told_of() {
    let desk = Desk::new();
    let registry = Registry::start().await;
    packaged(&desk, "echo.oci");
    desk.key("a.pem");
    desk.site(&json!([{ "namespace": NAME, "keys": ["any"] }]));
    let (layout, copy) = (desk.path("echo.oci"), desk.path("copy.oci"));
    let address = nobody();
    let away = format!("{address}/acme/echo:1");
    desk.refused(&["push", &layout, &away], &[&address, "Connection refused"]);
    desk.refused(&["pull", &away, "--out", &copy], &[&address, "Connection refused"]);
    desk.refused(&desk.verify(&away), &["Connection refused"]);
    // Nothing was refused, it failed: there is no verdict.
    let printed = desk.run(&[desk.verify(&away), vec![String::from("--json")]].concat());
    assert_eq!((printed.code, printed.out.as_str()), (Some(1), ""));

    let place = format!("{}/acme/echo:1", registry.address);
    desk.refused(&["push", &layout, &place], &["UNAUTHORIZED"]);
    let elsewhere = format!("{}/other/echo:1", registry.address);
    refused(&desk.as_pusher(&["push", &layout, &elsewhere]), &["does not give"]);
    desk.refused(&["pull", &place, "--out", &copy], &["the registry answers 404"]);
    let unsigned = desk.as_pusher(&["push", &layout, &place]);
    assert!(unsigned.ok && unsigned.err.contains("the package is not signed"), "{}", unsigned.err);
    let digest = format!("{}/acme/echo@sha256:{}", registry.address, "0".repeat(64));
    desk.refused(&["pull", &digest, "--out", &copy], &["the registry answers 404"]);
    for (wrong, expected) in
        [("acme/echo:1", "names no package in a registry"), ("localhost:1/echo", "neither tag nor digest")]
    {
        desk.refused(&["push", &layout, wrong], &[expected]);
        desk.refused(&["pull", wrong, "--out", &copy], &[expected]);
    }
    assert!(!desk.file("copy.oci").exists());
    // What is in the way is not replaced.
    desk.write("copy.oci", "mine");
    desk.refused(&["pull", &place, "--out", &copy], &["cannot write", "copy.oci"]);
    assert_eq!(desk.read("copy.oci"), "mine");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_proves_nobody_signs_nothing() {
    let desk = Desk::new();
    packaged(&desk, "echo.oci");
    let before = desk.read("echo.oci/index.json");
    let service = desk.service(IDENTITY).await;
    let (layout, config) = (desk.path("echo.oci"), desk.path("client_trust_config.json"));
    let sign = ["sign", &layout, "--client-trust-config", &config];
    let token_file = desk.path("token");
    let with_token = [sign.as_slice(), &["--identity-token-file", &token_file]].concat();
    let missing = ["there is no identity token", "`--identity-token-file`", "`SIGSTORE_ID_TOKEN`"];
    desk.refused(&sign, &missing);
    let good = desk.read("token");
    let forged = good.trim().rsplit_once('.').map(|(text, _)| format!("{text}.AAAA")).unwrap();
    // The same service under another identity signs tokens for somebody else: that is not this test's folder.
    let stranger = Development::start(&desk.file("stranger"), IDENTITY).await.unwrap();
    for (token, expected) in [
        (String::from("\n"), missing.as_slice()),
        (String::from("no token"), &["the identity token cannot be read"]),
        (forged, &["the identity token is not signed with the issuer's key"]),
        (stranger.token().unwrap(), &["the identity token is not signed with the issuer's key"]),
        ("x".repeat(20_000), &["the identity token", "is too large"]),
    ] {
        desk.write("token", &token);
        desk.refused(&with_token, expected);
    }
    std::fs::remove_file(desk.file("token")).unwrap();
    desk.refused(&with_token, &["the identity token", "cannot read", "No such file"]);

    // A service that is not the one of the trusted root: its signatures are thrown away.
    let mut mixed: Value = serde_json::from_str(&desk.read("client_trust_config.json")).unwrap();
    mixed["trustedRoot"] = stranger.trusted_root().clone();
    desk.write("token", &good);
    desk.write("mixed.json", &mixed.to_string());
    let mixed_file = desk.path("mixed.json");
    let from_mixed = ["sign", &layout, "--client-trust-config", &mixed_file];
    let from_mixed = [from_mixed.as_slice(), &["--identity-token-file", &token_file]].concat();
    desk.refused(&from_mixed, &["what was signed does not verify, so it is thrown away", "refused at "]);
    let remote = json!([{ "url": "http://signing.example.org", "majorApiVersion": 1 }]);
    mixed["signingConfig"]["caUrls"] = remote;
    let remote = mixed.to_string();
    for (spoiled, expected) in [
        (remote.as_str(), "would get the identity token without TLS"),
        ("{}", "signingConfig"),
        (
            "{\"signingConfig\":{\"caUrls\":[],\"rekorTlogUrls\":[],\"tsaUrls\":[]}}",
            "there is no certificate authority",
        ),
    ] {
        desk.write("spoiled.json", spoiled);
        let config = desk.path("spoiled.json");
        let sign = ["sign", &layout, "--client-trust-config", &config, "--identity-token-file", &desk.path("token")];
        desk.refused(&sign, &["spoiled.json`", expected]);
    }

    stranger.stop().await;
    service.stop().await;
    desk.refused(&with_token, &["error sending request"]);
    assert_eq!(desk.read("echo.oci/index.json"), before, "nothing was attached");
}

/// One process at a time has an authority; whoever is not let in says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_development_authority_that_is_in_use_is_not_shared() {
    let desk = Desk::new();
    packaged(&desk, "echo.oci");
    let (layout, folder) = (desk.path("echo.oci"), desk.path("authority"));
    let running = Development::start(&desk.file("authority"), IDENTITY).await.unwrap();
    desk.refused(&["sign", &layout, "--development", &folder], &["the development authority: ", "another process"]);
    running.stop().await;
    let bad = ["sign", &layout, "--development", &folder, "--identity", "nobody"];
    desk.refused(&bad, &["`nobody` is no address such as `ada@localhost`"]);
    let signed = program::printed(&mut desk.command(&["sign", &layout, "--development", &folder]));
    let expected = format!("signed by `developer@localhost` of `{ISSUER}`\n");
    assert!(signed.ok && signed.out.ends_with(&expected), "{}{}", signed.out, signed.err);
}
