// SPDX-License-Identifier: MIT OR Apache-2.0
//! What it costs to let a package in: verifying it offline, and installing it, with compiling and without.

use crate::Context;
use crate::measure::{median, milliseconds};
use crate::table::{Line, Table, Target};
use anyhow::{Context as _, Result};
use cortex::host::{Host, Settings};
use edge_installer::{Signed, Trust};
use edge_package::statement::{Origin, statements};
use edge_package::{Attachment, Layout, Package, media};
use jiff::Timestamp;
use serde_json::json;
use signing_client::development::{Development, ISSUER};
use signing_verify::{Keys, Policy, TrustRoot, Verifier};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Bytes of the component.
const COMPONENT_BYTES: usize = 1 << 20;

/// Verifications in a round.
const VERIFICATIONS: u32 = 100;

/// Who signs.
const IDENTITY: &str = "bench@localhost";

/// Measures it.
pub(crate) async fn measure(context: &Context, table: &mut Table) -> Result<()> {
    let place = context.scratch.join("install");
    std::fs::create_dir_all(&place)?;
    let (layout, trust) = signed(&context.bundles.accounting.directory, &place.join("authority")).await?;
    let bytes = layout.pack().len();
    let layout = Arc::new(layout);
    let mut verified = Vec::new();
    for _ in 0..context.rounds {
        let begin = Instant::now();
        for _ in 0..VERIFICATIONS {
            Signed::of(Arc::clone(&layout), &trust, Timestamp::now())?;
        }
        verified.push(milliseconds(begin.elapsed()) / f64::from(VERIFICATIONS));
    }
    table.add(Line {
        what:
            "verify a package offline: signature, provenance, list of parts, each with certificate, timestamp and log"
                .to_owned(),
        measured: median(verified),
        unit: "ms",
        target: Some(Target::AtMost(10.0)),
        note: format!("{bytes} bytes with what is attached; hashing them is not in it"),
        ..Line::default()
    });
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for round in 0..context.rounds {
        let [first, second] = ["cold", "warm"].map(|name| place.join(format!("{name}-{round}")));
        cold.push(install(&first, &trust, &layout).await?);
        // Another host that has the machine code already, and nothing else.
        std::fs::create_dir_all(&second)?;
        std::os::unix::fs::symlink(first.join("code"), second.join("code"))?;
        warm.push(install(&second, &trust, &layout).await?);
    }
    let line = |what: &str, times: Vec<f64>, target: Option<Target>, note: &str| Line {
        what: what.to_owned(),
        measured: median(times),
        unit: "ms",
        target,
        note: note.to_owned(),
        ..Line::default()
    };
    let note = "from bytes read to remembered: read, verified, checked, rehearsed, linked on trial, synced to disk";
    table.add(line(
        "install a signed component of 1 MiB, machine code kept",
        warm,
        Some(Target::AtMost(2_000.0)),
        note,
    ));
    table.add(line("the same, compiled", cold, None, "the ledger's 657 kB of code, padded"));
    Ok(())
}

/// Installs a package in a new host; returns how long that took, in milliseconds.
async fn install(directory: &Path, trust: &Trust, layout: &Layout) -> Result<f64> {
    let host = Host::open(&Settings { trust: trust.clone(), ..Settings::at(directory) }).await?;
    let packed = layout.pack();
    let begin = Instant::now();
    host.install(Layout::unpack(&packed)?, false).await?;
    let time = milliseconds(begin.elapsed());
    host.close().await;
    Ok(time)
}

/// The ledger as a package of the wanted size, signed with an identity at a signing service, its statements too; and a
/// site that trusts it.
async fn signed(bundle: &Path, authority: &Path) -> Result<(Layout, Trust)> {
    let mut files = Package::of_directory(bundle)?.files().clone();
    let component = files.get_mut("component.wasm").context("a package has a component")?;
    pad(component);
    let package = Package::of_files(files)?;
    let service = Development::start(authority, IDENTITY).await?;
    let publisher = service.publisher()?;
    let bundle = publisher.sign(&service.token()?, package.image_bytes()).await?;
    let mut attachments = vec![Attachment::new(media::SIGSTORE_BUNDLE, bundle.to_json()?.into_bytes())];
    for statement in statements(&package, &Origin::default())? {
        let attachment = statement.attachment();
        let bundle = publisher.sign_statement(&service.token()?, &attachment.payload).await?;
        attachments.push(Attachment::new(media::SIGSTORE_BUNDLE, bundle.to_json()?.into_bytes()));
    }
    let root = TrustRoot::parse(service.trusted_root().to_string().as_bytes())?;
    service.stop().await;
    let publisher = json!({
        "namespace": "*", "identities": [{ "issuer": ISSUER, "subject": IDENTITY }],
        "require": ["signature", "provenance", "sbom"],
    });
    let policy = Policy::parse(json!({ "publishers": [publisher] }).to_string().as_bytes())?;
    Ok((Layout { package, attachments }, Trust::new(Verifier::new(vec![root], Keys::default())?, policy, None)))
}

/// Fills a component up with a custom section that nobody reads.
fn pad(component: &mut Vec<u8>) {
    const NAME: &[u8] = b"\x07padding";
    let missing = COMPONENT_BYTES.saturating_sub(component.len()).saturating_sub(NAME.len() + 6);
    let mut length = missing + NAME.len();
    component.push(0);
    for last in [false, false, false, false, true] {
        let low = u8::try_from(length & 0x7f).unwrap_or_default();
        component.push(if last { low } else { low | 0x80 });
        length >>= 7;
    }
    component.extend_from_slice(NAME);
    component.resize(component.len() + missing, 0);
}
