// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex sign`: a package with every statement that is attached to it, or any other file.
//!
//! Of a package its image manifest is signed, so that what is signed has the package's digest; each in-toto statement
//! is signed as it is, in an envelope. The bundles are attached to the package. Signing again adds nothing: what the
//! same signer has signed, and what still verifies, is left as it is; what does not is replaced.

use super::package::description;
use super::signatory::{Choice, Signatory, described, signed_by};
use super::terminal::{self, Step};
use super::{key, push};
use anyhow::{Context as _, Result, bail};
use edge_package::limits::ATTACHMENTS_MAX;
use edge_package::statement::Statement;
use edge_package::{Attachment, Layout, media};
use kernel_types::Digest;
use serde_json::{Value, json};
use signing_client::SignedBy;
use signing_verify::{BUNDLE_BYTES_MAX, Verified};
use std::path::{Path, PathBuf};

/// Bytes of another file than a package: as many as a list of revocations may have, and more than any policy has.
pub(super) const FILE_BYTES_MAX: u64 = 64 << 20;

/// What to sign, and who signs.
#[derive(Debug, clap::Args)]
#[group(id = "what", required = true, multiple = false, args = ["layout", "file"])]
pub(crate) struct Sign {
    /// The folder of the layout that `cortex package` made; what is signed is attached to the package in it.
    #[arg(value_name = "LAYOUT")]
    layout: Option<PathBuf>,
    /// Signs another file: a policy, a configuration, a list of revocations.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The bundle of that file; the file's name with `.sigstore.json` where none is named.
    #[arg(long, value_name = "FILE", conflicts_with = "layout")]
    out: Option<PathBuf>,
    #[command(flatten)]
    choice: Choice,
    /// Prints one object of JSON.
    #[arg(long)]
    json: bool,
}

impl Sign {
    pub(crate) fn run(self) -> Result<()> {
        push::runtime()?.block_on(async {
            match (&self.layout, &self.file) {
                (Some(folder), None) => self.sign_layout(folder).await,
                (None, Some(file)) => self.sign_file(file).await,
                _ => bail!("name a layout, or a file with `--file`"),
            }
        })
    }

    async fn sign_layout(&self, folder: &Path) -> Result<()> {
        let layout = Layout::read(folder);
        let mut layout = layout.with_context(|| format!("`{}` cannot be signed", folder.display()))?;
        let signatory = self.choice.signatory().await?;
        let step = Step::begin(&format!("signing {}", layout.package.digest()));
        let signed = sign_all(&signatory, &mut layout).await;
        signatory.stop().await;
        let signed = signed?;
        if signed.iter().any(|one| one.is_new) {
            layout.write(folder).with_context(|| format!("cannot write `{}`", folder.display()))?;
        }
        let new = signed.iter().filter(|one| one.is_new).count();
        step.done(&format!("{new} signatures were added, {} were there", signed.len().saturating_sub(new)));
        if self.json {
            let list = signed.iter().map(Outcome::described).collect::<Vec<_>>();
            terminal::line(&key::with(description(&layout), "signatures", list.into()).to_string());
        } else {
            let manifest = layout.package.manifest();
            let by = signed.first().map(|one| one.by.to_string()).unwrap_or_default();
            terminal::line(&format!(
                "{} {} {}, signed by {by}",
                layout.package.digest(),
                manifest.id,
                manifest.version
            ));
        }
        Ok(())
    }

    async fn sign_file(&self, file: &Path) -> Result<()> {
        let content = terminal::read(file, FILE_BYTES_MAX)?;
        let digest = Digest::of(&content);
        let out = self.out.clone().unwrap_or_else(|| bundle_of(file));
        let known = if out.exists() { terminal::read(&out, bytes_max(BUNDLE_BYTES_MAX))? } else { Vec::new() };
        if !known.is_empty() && signed_by(&known).is_none() {
            bail!("`{}` is there and is no bundle: name another file with `--out`", out.display());
        }
        let signatory = self.choice.signatory().await?;
        let holds = signatory.own(&known, digest).is_some_and(|verified| verified.statement.is_none());
        let signed = if holds { None } else { Some(signatory.sign(&content).await) };
        let expected = signatory.expected().clone();
        signatory.stop().await;
        let (by, is_new) = match signed.transpose()? {
            Some(signed) => {
                write(&out, &signed.bytes).with_context(|| format!("cannot write `{}`", out.display()))?;
                (signed.by, true)
            }
            None => (expected, false),
        };
        if self.json {
            let object = json!({
                "digest": digest, "file": file.display().to_string(), "bundle": out.display().to_string(),
                "signer": described(&by), "new": is_new,
            });
            terminal::line(&object.to_string());
        } else {
            terminal::line(&format!("{digest} {}, signed by {by}", out.display()));
        }
        Ok(())
    }
}

/// The bundle beside a file.
pub(super) fn bundle_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sigstore.json");
    PathBuf::from(name)
}

/// A limit as files are read with it.
pub(super) fn bytes_max(limit: usize) -> u64 {
    u64::try_from(limit).unwrap_or(u64::MAX)
}

/// What became of one signature.
pub(super) struct Outcome {
    predicate_type: Option<String>,
    by: SignedBy,
    is_new: bool,
}

impl Outcome {
    fn described(&self) -> Value {
        json!({ "predicateType": self.predicate_type, "signer": described(&self.by), "new": self.is_new })
    }
}

pub(super) async fn sign_all(signatory: &Signatory, layout: &mut Layout) -> Result<Vec<Outcome>> {
    let digest = layout.package.digest();
    let image = layout.package.image_bytes().to_vec();
    let mut outcomes = vec![sign_one(signatory, layout, None, &image).await?];
    let plain = layout.attachments.iter().filter(|one| one.artifact_type == media::IN_TOTO);
    for payload in plain.map(|one| one.payload.clone()).collect::<Vec<_>>() {
        let statement = Statement::parse(&payload).context("an attached statement")?;
        if !statement.is_about(digest) {
            bail!("the attached statement `{}` is about something else; package again", statement.predicate_type);
        }
        outcomes.push(sign_one(signatory, layout, Some(&statement), &payload).await?);
    }
    if layout.attachments.len() > ATTACHMENTS_MAX {
        bail!("{} would be attached to the package, at most {ATTACHMENTS_MAX}", layout.attachments.len());
    }
    Ok(outcomes)
}

/// Signs the package, or a statement, unless the signer did.
async fn sign_one(
    signatory: &Signatory,
    layout: &mut Layout,
    statement: Option<&Statement>,
    bytes: &[u8],
) -> Result<Outcome> {
    let digest = layout.package.digest();
    let predicate_type = statement.map(|statement| statement.predicate_type.clone());
    let says_it = |verified: &Verified| match (&verified.statement, statement) {
        (None, None) => true,
        (Some(known), Some(wanted)) => {
            known.predicate_type == wanted.predicate_type && known.predicate == wanted.predicate
        }
        _ => false,
    };
    let is_known = bundles(layout).any(|one| signatory.own(&one.payload, digest).is_some_and(|known| says_it(&known)));
    if is_known {
        return Ok(Outcome { predicate_type, by: signatory.expected().clone(), is_new: false });
    }
    let signed = match statement {
        None => signatory.sign(bytes).await?,
        Some(_) => signatory.sign_statement(bytes, digest).await?,
    };
    let new = attachment(signed.bytes, predicate_type.as_deref());
    // What the same signer said of the same before, and what is said to be his and does not hold.
    layout.attachments.retain(|old| {
        let is_own =
            old.artifact_type == media::SIGSTORE_BUNDLE && signed_by(&old.payload).as_ref() == Some(&signed.by);
        !is_own
            || old.annotations != new.annotations
            || signatory.own_as(&signed.by, &old.payload, digest).is_some_and(|known| !says_it(&known))
    });
    layout.attachments.push(new);
    Ok(Outcome { predicate_type, by: signed.by, is_new: true })
}

/// The bundles that are attached to a package.
pub(super) fn bundles(layout: &Layout) -> impl Iterator<Item = &Attachment> {
    layout.attachments.iter().filter(|one| one.artifact_type == media::SIGSTORE_BUNDLE)
}

/// A bundle as an attachment, with the annotations by which other tools find it.
fn attachment(bundle: Vec<u8>, predicate_type: Option<&str>) -> Attachment {
    let content = if predicate_type.is_some() { media::DSSE_ENVELOPE } else { media::MESSAGE_SIGNATURE };
    Attachment::new(media::SIGSTORE_BUNDLE, bundle)
        .with(media::BUNDLE_CONTENT, content)
        .with(media::BUNDLE_PREDICATE_TYPE, predicate_type.unwrap_or(media::SIGNATURE_PREDICATE))
}

/// Writes a file, all of it or nothing.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::fs::Permissions;
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A signature is for everybody: as readable as any new file.
    let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
