// SPDX-License-Identifier: MIT OR Apache-2.0
//! The signing service for publishers. A publisher who proves an identity with an OpenID Connect token gets a certificate for
//! ten minutes, signs, has the signature stamped with the time, and logs it where everybody can see it. What comes of it
//! verifies with the stock tools of sigstore, whose formats these are.
//!
//! ```text
//! request, oidc, jwks   who asks, and whether the key is theirs
//! ca, sct               certificates, each with a certificate timestamp        Fulcio's  POST /api/v2/signingCert
//! tsa                   timestamps (RFC 3161)                                            POST /api/v1/timestamp
//! log                   the transparency log                                   Rekor's   POST /api/v2/log/entries
//! trust                 what verifiers must know: trusted_root, ClientTrustConfig
//! keys                  one key for each role, in encrypted files or in a PKCS#11 token
//! folder, command       where all that lies; the command line
//! http, limits          routes, connections, bounds
//! ```
//!
//! Not here: signing itself (`signing/client`), verification of bundles (`signing/verify`), a search over the log, witnesses, and
//! the login of people, which is the issuers' task.

mod base64_bytes;
pub mod ca;
pub mod certificate;
pub mod command;
pub mod folder;
pub mod http;
pub mod jwks;
pub mod keys;
pub mod limits;
pub mod log;
pub mod oidc;
pub mod request;
mod sct;
pub mod trust;
pub mod tsa;

pub use certificate::now;
