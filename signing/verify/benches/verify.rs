// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the verification of one bundle costs, from its bytes, with the trusted roots parsed before. `cargo bench -p signing-verify`.
#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing, reason = "a report, and it has to run")]

use kernel_types::Digest;
use signing_verify::{Artifact, Bundle, Keys, Policy, TrustRoot, Verifier};
use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUNDS: usize = 1_000;

fn measure(what: &str, run: impl Fn()) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            run();
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!(
        "{what}: median {:?}, 99 % {:?}, most {:?}",
        times[ROUNDS / 2],
        times[ROUNDS * 99 / 100],
        times[ROUNDS - 1]
    );
}

fn main() {
    let now = "2026-11-20T00:00:00Z".parse().unwrap();
    let public = include_bytes!("../tests/foreign/public-root.json");
    let staging = include_bytes!("../tests/foreign/staging-root.json");
    let roots = vec![TrustRoot::parse(public).unwrap(), TrustRoot::parse(staging).unwrap()];
    let verifier = Verifier::new(roots, Keys::default()).unwrap();
    let policy = br#"{"publishers": [{"namespace": "*", "identities": [
        {"issuer": "https://github.com/login/oauth", "subject": "*@goto.fi"},
        {"issuer": "https://token.actions.githubusercontent.com", "subject": "https://github.com/sigstore-conformance/*"}
    ]}]}"#;
    let policy = Policy::parse(policy).unwrap();
    let a_txt = "sha256:a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf".parse().unwrap();
    let cases: [(&str, &[u8], Digest); 3] = [
        (
            "signature, timestamp, second of two roots",
            include_bytes!("../tests/foreign/staging-signature.sigstore.json"),
            Digest::of(include_bytes!("../tests/foreign/staging-signature.txt")),
        ),
        (
            "provenance, timestamp, second of two roots",
            include_bytes!("../tests/foreign/staging-provenance.sigstore.json"),
            a_txt,
        ),
        (
            "provenance, time of the log, first of two roots",
            include_bytes!("../tests/foreign/public-provenance.sigstore.json"),
            a_txt,
        ),
    ];
    for (what, bytes, digest) in cases {
        let artifact = Artifact { name: "acme/ledger", digest };
        measure(what, || {
            let bundle = Bundle::parse(black_box(bytes)).unwrap();
            black_box(verifier.verify(&bundle, &artifact, &policy, now).unwrap());
        });
    }
    measure("a trusted root, once", || drop(black_box(TrustRoot::parse(black_box(public)).unwrap())));
}
