// SPDX-License-Identifier: MIT OR Apache-2.0
//! The boot digest is equal for equal inputs and for no others; a boot log shows whatever was done to it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

use edge_config::boot::{Document, Link, TrustDigests, Verification, line, record, verify};
use edge_config::{Configuration, File, Given, KEYS, Key, Kind, Places, Sources, resolve};
use jiff::Timestamp;
use kernel_types::Digest;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Map, Value, json};
use signing_client::ManagedKey;
use std::collections::BTreeSet;
use std::ffi::OsString;

/// A value of the key that is not its default.
fn another(key: &Key) -> String {
    match key.kind {
        Kind::Integer(least, most) => {
            let default: u64 = key.default.parse().unwrap();
            if default < most { default + 1 } else { least.max(default - 1) }.to_string()
        }
        Kind::Boolean => "true".into(),
        Kind::Choice(words) => words.iter().find(|word| **word != key.default).unwrap().to_string(),
        Kind::Address => "127.0.0.1:9".into(),
        Kind::Duration(..) => "3h".into(),
        Kind::Text | Kind::Secret => "debug".into(),
        Kind::Path | Kind::Paths(_) => format!("elsewhere/{}", key.name),
    }
}

/// Where each key of a choice is given.
#[derive(Clone, Copy, Debug)]
enum Way {
    Environment,
    File,
    CommandLine,
}

fn scalar(key: &Key, text: &str) -> Value {
    match key.kind {
        Kind::Integer(..) | Kind::Boolean => serde_json::from_str(text).unwrap(),
        _ => text.into(),
    }
}

/// The choice, each key by its way, the file in one of the formats and in the order in which the keys come.
fn configuration(chosen: &[(&Key, Way)], as_json: bool) -> Configuration {
    let (mut environment, mut command_line, mut file) = (Vec::<(OsString, OsString)>::new(), Vec::new(), Map::new());
    for (key, way) in chosen {
        let value = another(key);
        match (way, key.places) {
            (Way::Environment, Places::Everywhere | Places::NotInFile) => {
                environment.push((key.variable().unwrap().into(), value.into()));
            }
            (Way::File, Places::Everywhere) => {
                let value = scalar(key, &value);
                match key.name.split_once('.') {
                    None => drop(file.insert(key.name.into(), value)),
                    Some((section, name)) => {
                        file.entry(section).or_insert_with(|| json!({}))[name] = value;
                    }
                }
            }
            _ => command_line.push(Given { key: key.name.into(), value }),
        }
    }
    let text = if as_json { serde_json::to_string_pretty(&file).unwrap() } else { yaml(&file) };
    let file = File { name: if as_json { "h.json" } else { "h.yaml" }.into(), text };
    let sources = Sources { environment: &environment, file: Some(&file), command_line: &command_line };
    resolve(&sources).unwrap_or_else(|faults| panic!("{faults}\n{}", file.text))
}

fn yaml(file: &Map<String, Value>) -> String {
    let mut text = String::from("# written by hand\n");
    for (key, value) in file {
        match value.as_object() {
            None => text += &format!("{key}: {value}\n"),
            Some(section) => {
                text += &format!("{key}:\n");
                for (key, value) in section {
                    text += &format!("    {key}:   {value} # so\n");
                }
            }
        }
    }
    text
}

fn components(names: &[u8]) -> BTreeSet<Digest> {
    names.iter().map(|name| Digest::of(&[*name])).collect()
}

fn digest(configuration: &Configuration) -> Digest {
    Document::new("1.0.0", configuration, &TrustDigests::default(), &components(&[1, 2])).digest()
}

/// Keys that may all be given at once: what would break a rule between two keys is left alone.
fn free_keys() -> Vec<&'static Key> {
    let bound =
        ["store.writers-max", "store.readers-max", "store.connections-max", "gateway.tenant-requests-in-flight-max"];
    KEYS.iter().filter(|key| !bound.contains(&key.name)).collect()
}

fn ways() -> impl Strategy<Value = Vec<Way>> {
    prop::collection::vec(select(vec![Way::Environment, Way::File, Way::CommandLine]), KEYS.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn who_gave_a_value_in_which_order_and_format_makes_no_difference(
        chosen in subsequence(free_keys(), 0..free_keys().len()),
        one in ways(), two in ways(), as_json in any::<[bool; 2]>(), seed in any::<u64>(),
    ) {
        let first: Vec<_> = chosen.iter().copied().zip(one).collect();
        let mut second: Vec<_> = chosen.iter().copied().zip(two).collect();
        second.sort_by_key(|(key, _)| Digest::of(format!("{seed}{}", key.name).as_bytes()));
        let digests = [digest(&configuration(&first, as_json[0])), digest(&configuration(&second, as_json[1]))];
        prop_assert_eq!(digests[0], digests[1]);
    }

    #[test]
    fn another_value_makes_a_difference_where_it_should(
        chosen in subsequence(free_keys(), 1..free_keys().len()), ways in ways(), other in any::<Index>(),
    ) {
        let all: Vec<_> = chosen.iter().copied().zip(ways).collect();
        let mut fewer = all.clone();
        let (key, _) = fewer.remove(other.index(all.len()));
        let differ = digest(&configuration(&all, true)) != digest(&configuration(&fewer, true));
        // That there is a database is part of the digest; which it is, is not.
        prop_assert_eq!(differ, key.is_digested() || key.name == "database.url", "{}", key.name);
    }
}

#[test]
fn another_version_component_or_trust_makes_another_digest() {
    let configuration = configuration(&[], false);
    let (none, some) = (TrustDigests::default(), components(&[1, 2]));
    let of = |trust: &TrustDigests, components: &BTreeSet<Digest>, version: &str| {
        Document::new(version, &configuration, trust, components).digest()
    };
    let file = Digest::of(b"file");
    let trusts = [
        TrustDigests { policy: Some(file), ..none.clone() },
        TrustDigests { keys: Some(file), ..none.clone() },
        TrustDigests { roots: [file].into(), ..none.clone() },
    ];
    let mut digests = vec![of(&none, &some, "1.0.0"), of(&none, &some, "1.0.1"), of(&none, &components(&[1]), "1.0.0")];
    digests.push(of(&none, &components(&[1, 2, 3]), "1.0.0"));
    digests.extend(trusts.iter().map(|trust| of(trust, &some, "1.0.0")));
    let different: BTreeSet<_> = digests.iter().collect();
    assert_eq!(different.len(), digests.len());
    assert_eq!(of(&none, &components(&[2, 1]), "1.0.0"), digests[0]);
}

/// What the format says is a promise: the digest of a fixed document does not change with the code that makes it.
#[test]
fn the_form_of_the_document_is_fixed() {
    let configuration = configuration(&[], false);
    let document = Document::new("1.0.0", &configuration, &TrustDigests::default(), &components(&[]));
    let members: Vec<&String> = document.json().as_object().unwrap().keys().collect();
    assert_eq!(members, ["components", "configuration", "database", "format", "host", "trust"]);
    assert_eq!(
        document.json()["configuration"].as_object().unwrap().len(),
        KEYS.iter().filter(|key| key.is_digested()).count()
    );
    assert_eq!(document.json()["trust"], json!({ "keys": null, "policy": null, "roots": [] }));
    let abc: Value = json!({ "b": [1, true], "a": "\u{e9}" });
    let text = serde_json_canonicalizer::to_vec(&abc).unwrap();
    assert_eq!(text, "{\"a\":\"\u{e9}\",\"b\":[1,true]}".as_bytes());
}

fn now() -> Timestamp {
    "2026-11-20T00:00:00Z".parse().unwrap()
}

struct Log {
    key: ManagedKey,
    lines: Vec<Vec<u8>>,
}

impl Log {
    fn new(starts: u8) -> Self {
        let key = ManagedKey::generate().unwrap();
        let mut log = Self { key, lines: Vec::new() };
        for start in 0..starts {
            let configuration = configuration(&[], false);
            let document = Document::new("1.0.0", &configuration, &TrustDigests::default(), &components(&[start]));
            log.append(&document);
        }
        log
    }

    fn append(&mut self, document: &Document) {
        let previous = self.lines.last().map(|line| Link::of(line).unwrap());
        let record = record(document, now(), previous.as_ref());
        self.lines.push(line(&record, &self.key.sign(&record).unwrap().to_json().unwrap()).unwrap());
    }

    fn bytes(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect()
    }
}

fn check(log: &Log, bytes: &[u8]) -> Result<usize, String> {
    let (public_key, hint) = (log.key.public_key_pem(), log.key.hint());
    let boots = verify(bytes, &Verification { public_key: &public_key, key_hint: &hint, now: now() });
    boots.map(|boots| boots.len()).map_err(|fault| fault.to_string())
}

fn refused(log: &Log, bytes: &[u8], expected: &str) {
    let error = check(log, bytes).unwrap_err();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_log_shows_what_was_done_to_it() {
    let log = Log::new(4);
    assert_eq!(check(&log, &log.bytes()), Ok(4));
    assert_eq!(check(&log, b""), Ok(0));
    let without = |gone: usize| {
        let mut lines = log.lines.clone();
        lines.remove(gone);
        Log { key: ManagedKey::generate().unwrap(), lines }.bytes()
    };
    refused(&log, &without(1), "line 2 of the boot log: it does not go on");
    assert_eq!(check(&log, &without(0)), Ok(3), "it goes on from another file");
    assert_eq!(check(&log, &without(3)), Ok(3), "what is missing at the end only a digest kept elsewhere shows");
    let mut swapped = Log { key: ManagedKey::generate().unwrap(), lines: log.lines.clone() };
    swapped.lines.swap(1, 2);
    refused(&log, &swapped.bytes(), "line 2");
    let torn = &log.bytes()[..log.bytes().len() - 1];
    refused(&log, torn, "line 4 of the boot log: it was not written to its end");
    let spaced = String::from_utf8(log.bytes()).unwrap().replacen("{\"bundle\"", "{ \"bundle\"", 1);
    refused(&log, spaced.as_bytes(), "canonical");
    let mut doubled = log.bytes();
    doubled.splice(1..1, *b"\"bundle\":{},");
    refused(&log, &doubled, "canonical");
    // A record that somebody else signed, in its right place.
    let mut foreign = Log { key: ManagedKey::generate().unwrap(), lines: log.lines[..2].to_vec() };
    let document = Document::new("1.0.0", &configuration(&[], false), &TrustDigests::default(), &components(&[9]));
    foreign.append(&document);
    refused(&log, &foreign.bytes(), "line 3 of the boot log: refused at identity");
    // One whose digest is not that of its document, signed by the host itself.
    let mut wrong: Value = serde_json::from_slice(&record(&document, now(), None)).unwrap();
    wrong["digest"] = json!(Digest::of(b"another"));
    let wrong = serde_json_canonicalizer::to_vec(&wrong).unwrap();
    let wrong = line(&wrong, &log.key.sign(&wrong).unwrap().to_json().unwrap()).unwrap();
    refused(&log, &[&wrong[..], b"\n"].concat(), "boot digest is not that of its document");
}

/// Any byte of it. In the last line a member of the bundle that nobody signs may change, until the next line covers it:
/// what is read is the same all the same.
#[test]
fn no_byte_of_a_log_changes_what_is_read_unseen() {
    let log = Log::new(2);
    let bytes = log.bytes();
    let (public_key, hint) = (log.key.public_key_pem(), log.key.hint());
    let with = Verification { public_key: &public_key, key_hint: &hint, now: now() };
    let right = verify(&bytes, &with).unwrap();
    let last = log.lines[0].len() + 1;
    let bundle_end = last + bytes[last..].windows(9).position(|part| part == b"\"record\":").unwrap();
    for at in (0..bytes.len()).step_by(5) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        match verify(&changed, &with) {
            Ok(boots) => assert!((last..bundle_end).contains(&at) && boots == right, "byte {at}"),
            Err(fault) => assert!(fault.line > 0, "byte {at}: {fault}"),
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_log_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let log = Log { key: ManagedKey::generate().unwrap(), lines: Vec::new() };
        let _ = check(&log, &bytes);
        let _ = Link::of(&bytes);
    }
}
