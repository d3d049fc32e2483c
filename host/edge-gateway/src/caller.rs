// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one place where a [`Caller`] is made: from a bearer token, through the credential that it names; or the host
//! itself, for what it does of its own accord.
//!
//! The tenant comes from the credential and from nowhere else: no path, header or body can name one. Tokens are looked
//! up by their SHA-256 digest; who does not know a token cannot choose its digest, so the time that the look-up takes
//! tells nothing, and the last comparison takes the same time whatever differs. Passwords, signed tokens and
//! certificates are not understood here yet.

use crate::backplane::Backplane;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use kernel_types::{Caller, CallerKind, Digest, Permission, PermissionSet, Subject, TenantId};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// Bytes of a token. Ours have about fifty; 512 leaves room for other forms and keeps hashing cheap.
const TOKEN_BYTES_MAX: usize = 512;

/// What is kept of a credential: whose it is and what it allows, and the token's digest instead of the token.
#[derive(Debug)]
pub struct Credential {
    record: Record,
    caller: OnceLock<Arc<Caller>>,
}

/// The fields of a [`Credential`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The credential's identifier, for the log and the audit log; no secret.
    pub id: Arc<str>,
    /// SHA-256 of the token's bytes.
    pub token: Digest,
    /// The tenant that issued it.
    pub tenant: TenantId,
    /// Whom it stands for.
    pub subject: Subject,
    /// What kind of party that is.
    pub kind: CallerKind,
    /// A name to show to people; may be empty.
    pub display_name: Arc<str>,
    /// The roles held.
    pub roles: BTreeSet<Arc<str>>,
    /// What it allows.
    pub permissions: PermissionSet,
    /// When it ends; [`None`] for one that lasts until it is revoked.
    pub expires_at: Option<SystemTime>,
}

impl From<Record> for Credential {
    fn from(record: Record) -> Self {
        Self { record, caller: OnceLock::new() }
    }
}

impl Credential {
    /// What is kept.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// The caller that the credential stands for; made once for each credential, so that a request costs no allocation.
    fn caller(&self) -> Arc<Caller> {
        let record = &self.record;
        let make = || {
            Arc::new(Caller {
                tenant: record.tenant.clone(),
                subject: record.subject.clone(),
                kind: record.kind,
                display_name: Arc::clone(&record.display_name),
                roles: record.roles.clone(),
                permissions: record.permissions.clone(),
                credential: Arc::clone(&record.id),
                on_behalf_of: None,
            })
        };
        Arc::clone(self.caller.get_or_init(make))
    }
}

/// The host itself, when it calls a tenant's component and nobody asked it to: with the one permission that the call
/// needs, so that what is called can call nothing of others in the host's name. No request of the world becomes this
/// caller.
#[must_use]
pub fn host_caller(tenant: &TenantId, permission: &Permission) -> Arc<Caller> {
    Arc::new(Caller {
        tenant: tenant.clone(),
        subject: Subject("cortex:host".into()),
        kind: CallerKind::System,
        display_name: "".into(),
        roles: BTreeSet::new(),
        permissions: PermissionSet::of([permission.0.as_ref()]),
        credential: "host".into(),
        on_behalf_of: None,
    })
}

/// Why a request has no caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unauthenticated {
    /// There is no `Authorization` header.
    #[error("this needs a token; send it in the header `Authorization: Bearer <token>`")]
    Missing,
    /// More than one was sent; which is meant cannot be known.
    #[error("the header `Authorization` occurs more than once; send it once")]
    Repeated,
    /// The header is not of the form that is understood.
    #[error("the header `Authorization` is not of the form `Bearer <token>`")]
    Malformed,
    /// No credential has this token, or it was revoked, has ended, or its tenant is gone. Which of these is not said.
    #[error("the token is not valid; it may have ended or been revoked")]
    Invalid,
}

/// The caller of a request.
pub(crate) fn authenticate<B: Backplane + ?Sized>(
    backplane: &B,
    headers: &HeaderMap,
    now: SystemTime,
) -> Result<Arc<Caller>, Unauthenticated> {
    let token = bearer_token(headers)?;
    let digest = Digest::of(token);
    let credential = backplane.credential(&digest).ok_or(Unauthenticated::Invalid)?;
    let record = credential.record();
    let ended = record.expires_at.is_some_and(|end| end <= now);
    if ended || !same(record.token.as_bytes(), digest.as_bytes()) {
        return Err(Unauthenticated::Invalid);
    }
    Ok(credential.caller())
}

/// The token of RFC 6750, section 2.1: the scheme's case does not matter, the token's alphabet is `b64token`.
fn bearer_token(headers: &HeaderMap) -> Result<&[u8], Unauthenticated> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Unauthenticated::Missing)?;
    if values.next().is_some() {
        return Err(Unauthenticated::Repeated);
    }
    let (scheme, token) = value.as_bytes().split_at_checked(7).ok_or(Unauthenticated::Malformed)?;
    let token = token.trim_ascii_start();
    let unpadded = token.iter().rposition(|byte| *byte != b'=').and_then(|last| token.get(..=last)).unwrap_or_default();
    let valid = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    let formed = !unpadded.is_empty() && token.len() <= TOKEN_BYTES_MAX && unpadded.iter().all(valid);
    if scheme.eq_ignore_ascii_case(b"bearer ") && formed { Ok(token) } else { Err(Unauthenticated::Malformed) }
}

/// Whether two digests are the same, in a time that does not depend on where they differ.
fn same(left: &[u8; 32], right: &[u8; 32]) -> bool {
    std::hint::black_box(left.iter().zip(right).fold(0, |differing, (l, r)| differing | (l ^ r))) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn check(values: &[&'static [u8]], expected: Result<&str, Unauthenticated>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        assert_eq!(bearer_token(&headers), expected.map(str::as_bytes), "{values:?}");
    }

    #[test]
    fn a_bearer_token_is_read_strictly() {
        use Unauthenticated::{Malformed, Missing, Repeated};
        check(&[], Err(Missing));
        check(&[b"Bearer abc"], Ok("abc"));
        check(&[b"bEARER abc=="], Ok("abc=="));
        check(&[b"Bearer   a.b-c_d~e+f/g"], Ok("a.b-c_d~e+f/g"));
        check(&[b"Bearer abc", b"Bearer abc"], Err(Repeated));
        check(&[b""], Err(Malformed));
        check(&[b"Bearer"], Err(Malformed));
        check(&[b"Bearer "], Err(Malformed));
        check(&[b"Bearer =="], Err(Malformed));
        check(&[b"Bearerabc"], Err(Malformed));
        check(&[b"Basic abc"], Err(Malformed));
        check(&[b"Bearer a b"], Err(Malformed));
        check(&[b"Bearer a,Bearer b"], Err(Malformed));
        check(&[b"Bearer a=b"], Err(Malformed));
        check(&[b"Bearer \xc3\xa4"], Err(Malformed));
        let long: &'static [u8] = format!("Bearer {}", "a".repeat(TOKEN_BYTES_MAX + 1)).leak().as_bytes();
        check(&[long], Err(Malformed));
    }

    #[test]
    fn digests_compare_as_a_whole() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        assert!(same(a.as_bytes(), a.as_bytes()));
        assert!(!same(a.as_bytes(), b.as_bytes()));
    }
}
