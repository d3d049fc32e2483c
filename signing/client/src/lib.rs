// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a publisher signs. Either way the result is a sigstore bundle v0.3, over an artifact or over an in-toto
//! statement:
//!
//! - [`Publisher`]: with an identity. A new key, a certificate for a token, a signature, a timestamp and a log entry from a
//!   signing service; the key is thrown away. What runs over the network is the `sigstore-sign` crate.
//! - [`ManagedKey`]: with a key of one's own and no service at all, for sites without a network.
//!
//! [`SignedBy`] is whom a bundle names; [`VerifyingKey`] what the owner of a key gives to those who verify.
//! [`development`] runs a whole signing service in this process, for one developer on one machine. Not here:
//! verification (`signing/verify`), and how an artifact becomes a digest.

pub mod development;
mod managed;
mod publisher;
mod signed_by;

pub use managed::{ManagedKey, PUBLIC_KEY_PEM_BYTES_MAX, VerifyingKey};
pub use publisher::{ANSWER_TIME_MAX, Publisher, Services};
pub use signed_by::SignedBy;
pub use sigstore_sign::Attestation;
pub use sigstore_types::{Bundle, Sha256Hash};

/// The type of in-toto statements in an envelope.
pub const STATEMENT_TYPE: &str = "application/vnd.in-toto+json";

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The token.
    #[error("the identity token cannot be read: {0}")]
    Token(#[source] sigstore_oidc::Error),
    /// A service.
    #[error("{0}")]
    Sign(#[from] sigstore_sign::Error),
    /// The key.
    #[error(transparent)]
    Key(#[from] signing_authority::keys::Error),
    /// The public key.
    #[error("the public key cannot be read: {0}")]
    PublicKey(#[source] sigstore_types::Error),
    /// The statement.
    #[error("the statement is no in-toto statement: {0}")]
    Statement(#[source] serde_json::Error),
    /// The configuration.
    #[error("the addresses of the signing service: {0}")]
    Services(String),
    /// The development authority.
    #[error("the development authority: {0}")]
    Development(String),
}
