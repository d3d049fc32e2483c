// SPDX-License-Identifier: MIT OR Apache-2.0
//! What comes of verifying: each signature that holds and each that does not, and whether they are enough.

use edge_package::ReadError;
use edge_package::remote::RemoteError;
use jiff::Timestamp;
use kernel_types::Digest;
use semver::Version;
use serde_json::{Value, json};
use signing_verify::{
    Artifact, Bundle, History, Kind, Policy, Refused, RevocationList, SignedAt, Signer, Step, TimeProof, Verified,
    Verifier, admit, check_revoked,
};

/// Bundles, verified one by one.
pub(super) struct Judged {
    name: String,
    digest: Digest,
    verified: Vec<(Digest, Verified)>,
    refused: Vec<(Digest, Option<Kind>, Refused)>,
}

/// The whole.
pub(super) struct Verdict {
    /// The name that it was verified for.
    pub(super) name: String,
    /// What was verified.
    pub(super) digest: Digest,
    /// Its version, where it is a package.
    version: Option<Version>,
    verified: Vec<(Digest, Verified)>,
    set_aside: Vec<(Digest, Option<Kind>, Refused)>,
    /// Why it must not be used, where it must not.
    pub(super) refused: Option<Refused>,
}

impl Judged {
    /// Verifies bundles, each with the digest by which it is named in reports.
    pub(super) fn new<'a>(
        bundles: impl Iterator<Item = (Digest, &'a [u8])>,
        artifact: &Artifact<'_>,
        verifier: &Verifier,
        policy: &Policy,
        now: Timestamp,
    ) -> Self {
        let (name, digest) = (artifact.name.to_owned(), artifact.digest);
        let mut judged = Self { name, digest, verified: Vec::new(), refused: Vec::new() };
        for (place, bytes) in bundles {
            let parsed = Bundle::parse(bytes);
            let kind = parsed.as_ref().ok().map(Bundle::kind);
            match parsed.and_then(|bundle| verifier.verify(&bundle, artifact, policy, now)) {
                Ok(verified) => judged.verified.push((place, verified)),
                Err(refused) => judged.refused.push((place, kind, refused)),
            }
        }
        judged
    }

    /// A package: whether all is there that the policy asks for. What others attached, and nobody asks for, is set
    /// aside.
    pub(super) fn admit(self, version: &Version, policy: &Policy, history: &History<'_>) -> Verdict {
        let artifact = Artifact { name: &self.name, digest: self.digest };
        let attestations = self.verified.iter().map(|(_, verified)| verified.clone()).collect();
        let refused = admit(&artifact, version, attestations, policy, history).err();
        let refused = refused.map(|refused| self.cause(refused, policy));
        self.verdict(Some(version.clone()), refused)
    }

    /// A file with the one signature that was made for it.
    pub(super) fn sign_off(self, revoked: Option<&RevocationList>) -> Verdict {
        let signed = self.verified.iter().any(|(_, verified)| verified.kind == Kind::Signature);
        let refused = match self.refused.first() {
            _ if signed => check_revoked(&self.digest, revoked).err(),
            Some((_, _, refused)) => Some(refused.clone()),
            None => Some(Refused {
                step: Step::Attestation,
                reason: String::from("the bundle says something about the file, but does not sign it"),
            }),
        };
        self.verdict(None, refused)
    }

    /// Where something is missing that is there but was refused, that refusal says more: the one that got furthest.
    fn cause(&self, refused: Refused, policy: &Policy) -> Refused {
        let Some(publisher) = policy.publisher(&self.name).ok().filter(|_| refused.step == Step::Attestation) else {
            return refused;
        };
        let holds = |kind: &Kind| self.verified.iter().any(|(_, verified)| verified.kind == *kind);
        let missing: Vec<Kind> = publisher.require.iter().copied().filter(|kind| !holds(kind)).collect();
        let about_it = |kind: &Option<Kind>| kind.is_none_or(|kind| missing.contains(&kind));
        let candidates = self.refused.iter().filter(|(_, kind, _)| about_it(kind));
        candidates.map(|(_, _, refused)| refused).max_by_key(|refused| refused.step).cloned().unwrap_or(refused)
    }

    fn verdict(self, version: Option<Version>, refused: Option<Refused>) -> Verdict {
        let Self { name, digest, verified, refused: set_aside } = self;
        Verdict { name, digest, version, verified, set_aside, refused }
    }
}

impl Verdict {
    /// For people: what holds, what does not, and what follows.
    pub(super) fn lines(&self) -> Vec<String> {
        let version = self.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        let mut lines = vec![format!("{}{version} {}", self.name, self.digest)];
        for (_, verified) in &self.verified {
            let when = verified.signed_at.map_or_else(
                || String::from("at a time that nothing proves"),
                |SignedAt { time, proof }| format!("at {time}, proven by {}", proof_name(proof)),
            );
            lines.push(format!("  {}: signed by {}, {when}", what(verified), signer_text(&verified.signer)));
        }
        for (place, _, refused) in &self.set_aside {
            lines.push(format!("  not taken: {place}: {refused}"));
        }
        lines.push(String::from(if self.refused.is_none() { "verified" } else { "REFUSED" }));
        lines
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let attestations = self.verified.iter().map(|(place, verified)| {
            json!({
                "bundle": place,
                "kind": verified.kind,
                "predicateType": verified.statement.as_ref().map(|statement| &statement.predicate_type),
                "signer": signer_json(&verified.signer),
                "signedAt": verified.signed_at.map(|at| at.time.to_string()),
                "provenBy": verified.signed_at.map(|at| proof_name(at.proof)),
            })
        });
        let set_aside = self.set_aside.iter().map(|(place, kind, refused)| {
            let mut object = refusal(refused);
            if let Some(members) = object.as_object_mut() {
                members.insert(String::from("bundle"), json!(place));
                members.insert(String::from("kind"), json!(kind));
            }
            object
        });
        json!({
            "name": self.name,
            "version": self.version.as_ref().map(ToString::to_string),
            "digest": self.digest,
            "verified": self.refused.is_none(),
            "refused": self.refused.as_ref().map(refusal),
            "attestations": attestations.collect::<Vec<_>>(),
            "setAside": set_aside.collect::<Vec<_>>(),
        })
    }
}

/// The same for what was refused before any signature was looked at, where it was: a package that is none, or a file of
/// the site. `None` for what failed otherwise.
pub(super) fn refused_early(error: &anyhow::Error) -> Option<Value> {
    let refused = error.chain().find_map(|cause| {
        let remote = || match cause.downcast_ref::<RemoteError>() {
            Some(RemoteError::Package(package)) => Some(package),
            _ => None,
        };
        match (cause.downcast_ref::<Refused>(), cause.downcast_ref::<ReadError>().or_else(remote)) {
            (Some(refused), _) => Some(refusal(refused)),
            (None, Some(read)) => Some(json!({
                "step": read.step.to_string(),
                "reason": format!("{}: {}", read.place, read.fault),
                "advice": "fetch the package again, and tell the publisher if it stays so",
            })),
            (None, None) => None,
        }
    })?;
    Some(json!({
        "name": null, "version": null, "digest": null, "verified": false, "refused": refused,
        "attestations": [], "setAside": [],
    }))
}

fn refusal(refused: &Refused) -> Value {
    json!({ "step": refused.step.name(), "reason": refused.reason, "advice": refused.step.advice() })
}

fn what(verified: &Verified) -> String {
    match (verified.kind, &verified.statement) {
        (Kind::Signature, _) => String::from("signature"),
        (Kind::Provenance, _) => String::from("provenance"),
        (Kind::Sbom, _) => String::from("sbom"),
        (Kind::Other, statement) => {
            statement.as_ref().map(|statement| statement.predicate_type.clone()).unwrap_or_default()
        }
    }
}

fn proof_name(proof: TimeProof) -> &'static str {
    match proof {
        TimeProof::Timestamp => "timestamp",
        TimeProof::Log => "log",
    }
}

fn signer_text(signer: &Signer) -> String {
    match signer {
        Signer::Key(id) => format!("the key `{id}`"),
        Signer::Holder(holder) => format!("`{}` of `{}`", holder.subject, holder.issuer),
    }
}

fn signer_json(signer: &Signer) -> Value {
    match signer {
        Signer::Key(id) => json!({ "key": id }),
        Signer::Holder(holder) => json!({ "issuer": holder.issuer, "subject": holder.subject }),
    }
}
