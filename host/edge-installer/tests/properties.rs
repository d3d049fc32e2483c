// SPDX-License-Identifier: MIT OR Apache-2.0
//! Consents and lists from anywhere: whatever the bytes, they are refused or are exactly what was signed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

use edge_installer::{Consent, GRANT_FORMAT, SignedGrant};
use jiff::Timestamp;
use kernel_types::{ComponentId, Digest, Grant, Grants, TenantId};
use proptest::prelude::*;
use std::sync::LazyLock;

static CONSENT: LazyLock<(Consent, SignedGrant)> = LazyLock::new(|| {
    let consent = Consent {
        format: GRANT_FORMAT.to_owned(),
        grant: Grant {
            tenant: tenant(),
            component: ComponentId::parse("ledger").unwrap(),
            digest: Digest::of(b"package"),
            capabilities: Grants::of(["cortex:storage/sql", "cortex:log/log"]),
        },
        calls: ["acme:rates/rates".to_owned()].into(),
        plan: Digest::of(b"plan"),
        granted_at: Timestamp::UNIX_EPOCH,
    };
    let signed = signed_samples::signer().consent(&consent).unwrap();
    (consent, signed)
});

fn tenant() -> TenantId {
    TenantId::parse("demo").unwrap()
}

/// What a site makes of a consent.
fn accepted(text: &str, bundle: &str) -> Option<Consent> {
    let signed = SignedGrant { text: text.into(), bundle: bundle.into() };
    let accepted = signed_samples::trust().accept(&signed, &tenant(), Timestamp::now());
    accepted.ok().map(|granted| granted.consent().clone())
}

#[test]
fn what_was_signed_is_what_is_accepted_for_its_tenant_alone() {
    let (consent, signed) = &*CONSENT;
    assert_eq!(accepted(&signed.text, &signed.bundle).as_ref(), Some(consent));
    let other = TenantId::parse("other").unwrap();
    signed_samples::trust().accept(signed, &other, Timestamp::now()).unwrap_err();
    edge_installer::Trust::nobody().accept(signed, &tenant(), Timestamp::now()).unwrap_err();
}

proptest! {
    #[test]
    fn any_texts_are_refused(text in any::<String>(), bundle in any::<String>()) {
        prop_assert_eq!(accepted(&text, &bundle), None);
        prop_assert_eq!(accepted(&text, &CONSENT.1.bundle), None);
        prop_assert_eq!(accepted(&CONSENT.1.text, &bundle), None);
    }

    #[test]
    fn a_changed_byte_is_refused_or_changes_nothing(in_text in any::<bool>(), at in any::<prop::sample::Index>(), to in 0x20_u8..0x7f) {
        let (consent, signed) = &*CONSENT;
        let mut parts = [signed.text.as_bytes().to_vec(), signed.bundle.as_bytes().to_vec()];
        let part = &mut parts[usize::from(!in_text)];
        let at = at.index(part.len());
        let changed = part[at] != to;
        part[at] = to;
        let [text, bundle] = parts.map(|part| String::from_utf8(part).unwrap());
        let found = accepted(&text, &bundle);
        prop_assert!(!in_text || !changed || found.is_none(), "another text under the same signature");
        // A member of a bundle that says nothing about the signature may change; what was agreed to may not.
        prop_assert!(found.is_none_or(|found| found == *consent));
    }

    #[test]
    fn a_list_of_any_text_is_refused(text in any::<Vec<u8>>(), bundle in any::<Vec<u8>>()) {
        let accepted = signed_samples::trust().accept_list(&text, &bundle, None, Timestamp::now());
        prop_assert!(accepted.is_err());
    }
}
