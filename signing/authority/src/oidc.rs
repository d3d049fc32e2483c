// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who asks: an OpenID Connect token of a configured issuer, verified with that issuer's keys. Only what the configuration names
//! counts: the token's own word about its algorithm or its keys is never followed.

use crate::jwks::{self, KeySource};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, errors::ErrorKind};
use serde::{Deserialize, Serialize};

/// The bytes of a token at most.
pub const TOKEN_BYTES_MAX: usize = 16 << 10;

/// The seconds by which an issuer's clock may differ from ours.
pub const CLOCK_LEEWAY_SECONDS: u64 = 30;

/// The seconds that a token may be valid at most, from its issue: what lives longer is no proof of somebody's presence.
pub const TOKEN_LIFE_SECONDS_MAX: u64 = 24 * 3_600;

/// The characters of an identity at most.
pub const IDENTITY_BYTES_MAX: usize = 512;

/// The issuers at most.
pub const ISSUERS_MAX: usize = 32;

/// An issuer whose tokens are believed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IssuerConfig {
    /// The claim `iss`, which every certificate then carries.
    pub url: String,
    /// The claim `aud`: tokens that were made for others are refused.
    pub audience: String,
    /// What of a token is the identity.
    pub identity: IdentityClaim,
    /// Where its keys are.
    pub keys: KeySource,
}

/// What of a token is the identity.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum IdentityClaim {
    /// The claim `email`, which the issuer must have verified.
    Email,
    /// The claim `sub`, a URI that begins so. The prefix ends with `/` or `:`, so that no other name can begin with it.
    Uri {
        /// The beginning.
        prefix: String,
    },
}

/// Somebody, as a token proved them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who says so.
    pub issuer: String,
    /// Who it is.
    pub subject: Subject,
}

/// The name of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An address of electronic mail.
    Email(String),
    /// A URI.
    Uri(String),
}

impl Identity {
    /// The text that is signed as proof of possession: the address, or the URI.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.subject {
            Subject::Email(text) | Subject::Uri(text) => text,
        }
    }
}

/// Why a token proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error(
        "there is no identity token: send it as `credentials.oidcIdentityToken`, or in the header `Authorization: Bearer`"
    )]
    Absent,
    /// Too long.
    #[error("the identity token has more than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    /// Not a token.
    #[error("the identity token is no signed JSON Web Token with one of the algorithms RS256, ES256 and EdDSA")]
    Malformed,
    /// Nobody whom we believe.
    #[error("the issuer `{0}` of the identity token is not configured")]
    Issuer(String),
    /// No such key.
    #[error("the issuer has no key that fits the identity token")]
    Key,
    /// The keys.
    #[error("the issuer's keys cannot be had: {0}")]
    Keys(#[from] jwks::Error),
    /// The signature.
    #[error("the identity token is not signed with the issuer's key")]
    Signature,
    /// For others.
    #[error("the identity token is for another audience; it must be for `{0}`")]
    Audience(String),
    /// Over.
    #[error("the identity token has expired")]
    Expired,
    /// Not yet.
    #[error("the identity token is not valid yet")]
    Early,
    /// A claim.
    #[error("the identity token's claim `{claim}` {reason}")]
    Claim {
        /// Which.
        claim: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
}

#[derive(Deserialize)]
struct Unverified {
    iss: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
    iat: u64,
    email: Option<String>,
    email_verified: Option<bool>,
}

/// The issuers.
pub struct Issuers {
    configured: Vec<(IssuerConfig, jwks::Keys)>,
}

impl Issuers {
    /// Those of the configuration.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(configs: Vec<IssuerConfig>) -> Result<Self, String> {
        if configs.len() > ISSUERS_MAX {
            return Err(format!("there are {} issuers, at most {ISSUERS_MAX}", configs.len()));
        }
        let mut configured: Vec<(IssuerConfig, jwks::Keys)> = Vec::new();
        for config in configs {
            if configured.iter().any(|(other, _)| other.url == config.url) {
                return Err(format!("the issuer `{}` is there twice", config.url));
            }
            if let IdentityClaim::Uri { prefix } = &config.identity
                && !prefix.ends_with(['/', ':'])
            {
                return Err(format!("the prefix `{prefix}` of the issuer `{}` must end with `/` or `:`", config.url));
            }
            let keys = jwks::Keys::new(&config.url, config.keys.clone())?;
            configured.push((config, keys));
        }
        Ok(Self { configured })
    }

    /// The configured issuers.
    pub fn configs(&self) -> impl Iterator<Item = &IssuerConfig> {
        self.configured.iter().map(|(config, _)| config)
    }

    /// Who a token proves.
    ///
    /// # Errors
    /// Why it proves nobody.
    pub async fn verify(&self, token: &str) -> Result<Identity, Error> {
        if token.is_empty() {
            return Err(Error::Absent);
        }
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Error::TooLong);
        }
        let header = decode_header(token).map_err(|_| Error::Malformed)?;
        if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA) {
            return Err(Error::Malformed);
        }
        let claimed: Unverified =
            jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| Error::Malformed)?;
        let found = self.configured.iter().find(|(config, _)| config.url == claimed.iss);
        let (config, keys) = found.ok_or_else(|| Error::Issuer(claimed.iss.chars().take(200).collect()))?;
        let key =
            keys.find(header.kid.as_deref(), |key| algorithm(key) == Some(header.alg)).await?.ok_or(Error::Key)?;
        let claims = claims(token, &key, header.alg, config)?;
        identity(claims, config)
    }
}

/// The one algorithm that a key is for.
fn algorithm(key: &Jwk) -> Option<Algorithm> {
    match &key.algorithm {
        AlgorithmParameters::RSA(_) => Some(Algorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Some(Algorithm::ES256),
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Some(Algorithm::EdDSA),
        _ => None,
    }
}

fn claims(token: &str, key: &Jwk, algorithm: Algorithm, config: &IssuerConfig) -> Result<Claims, Error> {
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[&config.audience]);
    validation.set_issuer(&[&config.url]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    validation.leeway = CLOCK_LEEWAY_SECONDS;
    validation.validate_nbf = true;
    let key = DecodingKey::from_jwk(key).map_err(|_| Error::Key)?;
    decode::<Claims>(token, &key, &validation).map(|data| data.claims).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Error::Signature,
        ErrorKind::InvalidAudience => Error::Audience(config.audience.clone()),
        ErrorKind::ExpiredSignature => Error::Expired,
        ErrorKind::ImmatureSignature => Error::Early,
        ErrorKind::MissingRequiredClaim(claim) => match claim.as_str() {
            "exp" => Error::Claim { claim: "exp", reason: "is missing" },
            "aud" => Error::Claim { claim: "aud", reason: "is missing" },
            _ => Error::Claim { claim: "sub", reason: "is missing" },
        },
        _ => Error::Malformed,
    })
}

fn identity(claims: Claims, config: &IssuerConfig) -> Result<Identity, Error> {
    let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default();
    if claims.iat > now.saturating_add(CLOCK_LEEWAY_SECONDS) {
        return Err(Error::Early);
    }
    if claims.exp.saturating_sub(claims.iat) > TOKEN_LIFE_SECONDS_MAX {
        return Err(Error::Claim { claim: "exp", reason: "is more than a day after `iat`" });
    }
    let subject = match &config.identity {
        IdentityClaim::Email => {
            let email = claims.email.ok_or(Error::Claim { claim: "email", reason: "is missing" })?;
            if claims.email_verified != Some(true) {
                return Err(Error::Claim { claim: "email_verified", reason: "is not true" });
            }
            let is_address = email
                .split_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
            if !is_address {
                return Err(Error::Claim { claim: "email", reason: "is no address" });
            }
            Subject::Email(printable("email", email)?)
        }
        IdentityClaim::Uri { prefix } => {
            if !claims.sub.starts_with(prefix) || claims.sub.len() == prefix.len() {
                return Err(Error::Claim { claim: "sub", reason: "does not begin as this issuer's identities do" });
            }
            Subject::Uri(printable("sub", claims.sub)?)
        }
    };
    Ok(Identity { issuer: config.url.clone(), subject })
}

/// Names in certificates are plain ASCII.
fn printable(claim: &'static str, text: String) -> Result<String, Error> {
    if text.len() > IDENTITY_BYTES_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::Claim { claim, reason: "has other characters than printable ASCII, or more than 512" });
    }
    Ok(text)
}
