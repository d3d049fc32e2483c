// SPDX-License-Identifier: MIT OR Apache-2.0
//! A key in a token (a smart card, a security module) behind PKCS#11. The module is a library of the token's maker, loaded at run
//! time and trusted like this process itself. Each token has one thread here, which has the only session; whoever wants a
//! signature asks it and waits. Keys never leave the token.

use super::{Algorithm, Error, PublicKey, Signer};
use aws_lc_rs::digest::{SHA256, digest};
use const_oid::db::rfc5912::SECP_256_R_1;
use const_oid::db::rfc8410::ID_ED_25519;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Fault, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use der::asn1::{OctetString, UintRef};
use der::{Decode as _, Encode as _, Sequence};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The requests that may wait for one token: it signs one after the other, some take a tenth of a second.
pub const WAITING_MAX: usize = 64;

/// The bytes of a file with a PIN at most.
const PIN_BYTES_MAX: u64 = 256;

/// Where a key in a token is. It is the one with the role's name as its label.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TokenConfig {
    /// The library of the token's maker.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// A file with the PIN of its user.
    pub pin_file: PathBuf,
}

type Job = Box<dyn FnOnce(&Session) + Send>;

/// The tokens that are in use, each with its thread.
#[derive(Default)]
pub struct Tokens(HashMap<(PathBuf, String), Token>);

impl Tokens {
    /// The key with that label.
    ///
    /// # Errors
    /// Where module, token, PIN or key are not there.
    pub fn key(&mut self, config: &TokenConfig, label: &str) -> Result<TokenKey, Error> {
        let token = self.token(config)?;
        let wanted = label.to_owned();
        let name = config.token.clone();
        let (handle, public) = token.ask(move |session| find(session, &name, &wanted))?;
        Ok(TokenKey { token, handle, public })
    }

    /// Makes a key with that label, which must not be there.
    ///
    /// # Errors
    /// Where the token refuses, or has one.
    pub fn generate(&mut self, config: &TokenConfig, label: &str, algorithm: Algorithm) -> Result<(), Error> {
        let token = self.token(config)?;
        let (wanted, name) = (label.to_owned(), config.token.clone());
        token.ask(move |session| generate(session, &name, &wanted, algorithm))
    }

    fn token(&mut self, config: &TokenConfig) -> Result<Token, Error> {
        let place = (config.module.clone(), config.token.clone());
        if let Some(token) = self.0.get(&place) {
            return Ok(token.clone());
        }
        let token = Token::open(config)?;
        self.0.insert(place, token.clone());
        Ok(token)
    }
}

/// A token's thread. It ends when nobody can ask it any more.
#[derive(Clone)]
struct Token {
    name: String,
    jobs: SyncSender<Job>,
}

impl Token {
    fn open(config: &TokenConfig) -> Result<Self, Error> {
        let (jobs, waiting) = sync_channel(WAITING_MAX);
        let (ready, opened) = sync_channel(1);
        let own = config.clone();
        let thread = std::thread::Builder::new().name(String::from("pkcs11-token"));
        let started = thread.spawn(move || match open(&own) {
            Ok(session) => {
                let _ = ready.send(Ok(()));
                work(&session, &waiting);
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        });
        started.map_err(|error| fault(&config.token, &error))?;
        opened.recv().map_err(|_| fault(&config.token, &"its thread ended"))??;
        Ok(Self { name: config.token.clone(), jobs })
    }

    fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Session) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = sync_channel(1);
        let job: Job = Box::new(move |session| {
            let _ = answer.send(job(session));
        });
        self.jobs.send(job).map_err(|_| fault(&self.name, &"its thread ended"))?;
        answered.recv().map_err(|_| fault(&self.name, &"its thread ended"))?
    }
}

fn work(session: &Session, waiting: &Receiver<Job>) {
    while let Ok(job) = waiting.recv() {
        job(session);
    }
}

fn fault(token: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::Token { token: token.to_owned(), reason: reason.to_string() }
}

fn open(config: &TokenConfig) -> Result<Session, Error> {
    let fault = |reason: &dyn std::fmt::Display| fault(&config.token, reason);
    let module = Pkcs11::new(&config.module);
    let module = module.map_err(|error| fault(&format!("the module `{}`: {error}", config.module.display())))?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // Another token of the same module is in use.
        Ok(()) | Err(Fault::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(fault(&error)),
    }
    let slots = module.get_slots_with_initialized_token().map_err(|error| fault(&error))?;
    let mut named = slots
        .into_iter()
        .filter(|slot| module.get_token_info(*slot).is_ok_and(|info| info.label().trim_end() == config.token));
    let slot = named.next().ok_or_else(|| fault(&"it is not there"))?;
    if named.next().is_some() {
        return Err(fault(&"there are two of that label"));
    }
    let session = module.open_rw_session(slot).map_err(|error| fault(&error))?;
    let pin = AuthPin::new(pin(&config.pin_file).map_err(|error| fault(&error))?.into());
    match session.login(UserType::User, Some(&pin)) {
        Ok(()) | Err(Fault::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
        Err(error) => Err(fault(&format!("the PIN is not taken: {error}"))),
    }
}

fn pin(path: &Path) -> Result<String, String> {
    use std::io::Read as _;
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    file.take(PIN_BYTES_MAX).read_to_string(&mut text).map_err(|error| format!("`{}`: {error}", path.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// The private key with a label, and the public key of the same label.
fn find(session: &Session, token: &str, label: &str) -> Result<(ObjectHandle, PublicKey), Error> {
    let one = |class: ObjectClass| {
        let wanted = [Attribute::Class(class), Attribute::Label(label.as_bytes().to_vec())];
        let found = session.find_objects(&wanted).map_err(|error| fault(token, &error))?;
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(fault(token, &format!("it has no {class} with the label `{label}`"))),
            _ => Err(fault(token, &format!("it has several {class}s with the label `{label}`"))),
        }
    };
    let (private, public) = (one(ObjectClass::PRIVATE_KEY)?, one(ObjectClass::PUBLIC_KEY)?);
    let read = session.get_attributes(public, &[AttributeType::EcParams, AttributeType::EcPoint]);
    let read = read.map_err(|error| fault(token, &error))?;
    let parameters = read.iter().find_map(|one| if let Attribute::EcParams(bytes) = one { Some(bytes) } else { None });
    let point = read.iter().find_map(|one| if let Attribute::EcPoint(bytes) = one { Some(bytes) } else { None });
    let (Some(parameters), Some(point)) = (parameters, point) else {
        return Err(fault(token, &format!("the key `{label}` is no key on a curve")));
    };
    let algorithm =
        if *parameters == curve(Algorithm::EcdsaP256Sha256) { Algorithm::EcdsaP256Sha256 } else { Algorithm::Ed25519 };
    // The point is wrapped, as the standard says; some modules hand it out bare.
    let point = OctetString::from_der(point).map_or_else(|_| point.clone(), |point| point.as_bytes().to_vec());
    let public =
        PublicKey::from_raw(algorithm, &point).map_err(|error| fault(token, &format!("the key `{label}`: {error}")))?;
    Ok((private, public))
}

/// A curve, as parameters name it.
fn curve(algorithm: Algorithm) -> Vec<u8> {
    let oid = match algorithm {
        Algorithm::EcdsaP256Sha256 => SECP_256_R_1,
        Algorithm::Ed25519 => ID_ED_25519,
    };
    oid.to_der().unwrap_or_default()
}

fn generate(session: &Session, token: &str, label: &str, algorithm: Algorithm) -> Result<(), Error> {
    let label_attribute = Attribute::Label(label.as_bytes().to_vec());
    let there = session.find_objects(std::slice::from_ref(&label_attribute)).map_err(|error| fault(token, &error))?;
    if !there.is_empty() {
        return Err(fault(token, &format!("it has an object with the label `{label}` already")));
    }
    let (mechanism, kind) = match algorithm {
        Algorithm::EcdsaP256Sha256 => (Mechanism::EccKeyPairGen, KeyType::EC),
        Algorithm::Ed25519 => (Mechanism::EccEdwardsKeyPairGen, KeyType::EC_EDWARDS),
    };
    let public = [
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::KeyType(kind),
        Attribute::Verify(true),
        Attribute::EcParams(curve(algorithm)),
        label_attribute.clone(),
    ];
    let private = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        label_attribute,
    ];
    let made = session.generate_key_pair(&mechanism, &public, &private);
    made.map(drop).map_err(|error| fault(token, &format!("it makes no key `{label}`: {error}")))
}

/// A key in a token.
pub struct TokenKey {
    token: Token,
    handle: ObjectHandle,
    public: PublicKey,
}

impl Signer for TokenKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let (handle, algorithm, name) = (self.handle, self.public.algorithm(), self.token.name.clone());
        let message = match algorithm {
            Algorithm::EcdsaP256Sha256 => digest(&SHA256, message).as_ref().to_vec(),
            Algorithm::Ed25519 => message.to_vec(),
        };
        let signature = self.token.ask(move |session| {
            let mechanism = match algorithm {
                Algorithm::EcdsaP256Sha256 => Mechanism::Ecdsa,
                Algorithm::Ed25519 => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)),
            };
            session.sign(&mechanism, handle, &message).map_err(|error| fault(&name, &error))
        })?;
        match algorithm {
            Algorithm::EcdsaP256Sha256 => in_der(&signature).ok_or(Error::Signature),
            Algorithm::Ed25519 => Ok(signature),
        }
    }
}

#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// The two numbers of a signature, which a token puts one behind the other.
fn in_der(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = signature.split_at_checked(32).filter(|(_, s)| s.len() == 32)?;
    EcdsaSignature { r: UintRef::new(r).ok()?, s: UintRef::new(s).ok()? }.to_der().ok()
}
