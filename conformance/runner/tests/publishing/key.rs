// SPDX-License-Identifier: MIT OR Apache-2.0
//! Keys: made, shown, handed to a site; and what protects nothing, refused.

use crate::desk::{Desk, PASSPHRASE};
use conformance::eventually::eventually;
use conformance::program::installed;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

const UNTIL: &str = "9000-01-01T00:00:00Z";

fn mode(desk: &Desk, name: &str, mode: u32) {
    std::fs::set_permissions(desk.file(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_key_is_made_shown_and_handed_to_a_site() {
    let desk = Desk::new();
    let (file, passphrase) = (desk.path("a.pem"), desk.path("passphrase"));
    let printed = desk.done(&["key", "generate", "--out", &file, "--passphrase-file", &passphrase]);
    let (id, named) = printed.trim().split_once(' ').unwrap();
    assert_eq!(named, file);
    let made = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(made & 0o777, 0o600);
    assert!(desk.read("a.pem").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));

    let show = ["key", "show", &file, "--passphrase-file", &passphrase];
    let shown = desk.done(&show);
    let (first, pem) = shown.split_once('\n').unwrap();
    assert_eq!(first, id);
    assert_eq!(desk.json(&show), json!({ "id": id, "publicKey": pem }));
    // The public half says the same, and takes no passphrase.
    desk.write("a.pub", pem);
    assert_eq!(desk.done(&["key", "show", &desk.path("a.pub")]), shown);

    let entry =
        ["key", "entry", &desk.path("a.pub"), "--namespace", "acme/*", "--namespace", "echo", "--not-after", UNTIL];
    let whole: Value = serde_json::from_str(&desk.done(&[entry.as_slice(), &["--whole"]].concat())).unwrap();
    let alone: Value = serde_json::from_str(&desk.done(&entry)).unwrap();
    for (value, is_whole) in [(&whole["keys"][0], true), (&alone, false)] {
        assert_eq!((value["id"].as_str(), value["public-key"].as_str()), (Some(id), Some(pem)), "{is_whole}");
        assert_eq!((&value["namespaces"], &value["not-after"]), (&json!(["acme/*", "echo"]), &json!(UNTIL)));
    }
    assert_eq!(whole["keys"].as_array().unwrap().len(), 1);
    assert_eq!(
        desk.json(&[entry.as_slice(), &["--not-before", alone["not-before"].as_str().unwrap()]].concat()),
        alone
    );

    // Other people's tools read the same key with the same passphrase.
    if installed("openssl", "version", "a key file, read by OpenSSL") {
        let source = format!("file:{passphrase}");
        let mut openssl = Command::new("openssl");
        let output = openssl.args(["pkey", "-in", &file, "-passin", &source, "-pubout"]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), pem, "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn what_protects_nothing_or_cannot_be_read_is_refused() {
    let desk = Desk::new();
    desk.key("a.pem");
    let path = |name: &str| desk.path(name);
    let kept = desk.read("a.pem");
    let generate = |out: &str, passphrase: &str, expected: &[&str]| {
        desk.refused(&["key", "generate", "--out", &path(out), "--passphrase-file", &path(passphrase)], expected);
    };
    generate("a.pem", "passphrase", &["is there already"]);
    assert_eq!(desk.read("a.pem"), kept);
    desk.write("empty", "\n");
    generate("b.pem", "empty", &["is empty, and an empty passphrase protects nothing"]);
    generate("b.pem", "absent", &["the passphrase: cannot read", "No such file"]);
    generate("no/folder/b.pem", "passphrase", &["cannot be written", "No such file"]);
    let nobody = ["key", "generate", "--out", &path("b.pem")];
    desk.refused(&nobody, &["there is no passphrase", "`--passphrase-file`", "`CORTEX_KEY_PASSPHRASE_FILE`"]);
    assert!(!desk.file("b.pem").exists());

    let show = |key: &str, passphrase: &str, expected: &[&str]| {
        desk.refused(&["key", "show", &path(key), "--passphrase-file", &path(passphrase)], expected);
    };
    desk.write("wrong", "another passphrase");
    show("a.pem", "wrong", &["a.pem`: the passphrase is not its own"]);
    show("absent.pem", "passphrase", &["cannot read", "absent.pem", "No such file"]);
    mode(&desk, "a.pem", 0o640);
    show("a.pem", "passphrase", &["a.pem`: others than its owner may use it; set its mode to 600"]);
    mode(&desk, "a.pem", 0o600);
    desk.write("text.pem", "not a key");
    mode(&desk, "text.pem", 0o600);
    show("text.pem", "passphrase", &["text.pem`: it is no PEM of one block"]);
    desk.write("bad.pub", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    show("bad.pub", "passphrase", &["bad.pub`", "the public key cannot be used"]);

    let entry = |arguments: &[&str], expected: &[&str]| {
        let start = ["key", "entry", &path("a.pem"), "--passphrase-file", &path("passphrase")];
        desk.refused(&[start.as_slice(), arguments].concat(), expected);
    };
    entry(&["--namespace", "ac*", "--not-after", UNTIL], &["no key file could hold that", "`ac*` is no pattern"]);
    let ended = "2020-01-01T00:00:00Z";
    entry(&["--namespace", "acme/*", "--not-after", ended], &["its validity ends before it begins"]);
}

#[test]
fn what_is_not_understood_is_answered_with_two() {
    let desk = Desk::new();
    for arguments in [
        ["key", "entry", "a.pem", "--namespace", "acme/*"].as_slice(),
        &["key", "entry", "a.pem", "--not-after", UNTIL],
        &["key", "entry", "a.pem", "--namespace", "acme/*", "--not-after", "tomorrow"],
        &["key", "generate"],
        &["key", "generate", "--out", "x", "--passphrase", "on the command line"],
        &["sign", "a.oci"],
        &["sign", "--key", "a.pem"],
        &["sign", "a.oci", "--file", "x", "--key", "a.pem"],
        &["sign", "a.oci", "--key", "a.pem", "--development", "b"],
        &["sign", "a.oci", "--key", "a.pem", "--identity", "ada@example.org"],
        &["sign", "a.oci", "--key", "a.pem", "--identity-token-file", "token"],
        &["sign", "a.oci", "--development", "b", "--identity-token-file", "token"],
        &["sign", "a.oci", "--client-trust-config", "a.json", "--identity", "ada@example.org"],
        &["sign", "a.oci", "--key", "a.pem", "--out", "x"],
        &["sign", "a.oci", "--client-trust-config", "a.json", "--identity-token", "on the command line"],
        &["verify", "a.oci"],
        &["verify", "--file", "x", "--policy", "p"],
        &["verify", "--policy", "p"],
        &["log", "fsck", "folder"],
        &["log"],
        &["unknown"],
    ] {
        let printed = desk.run(arguments);
        assert_eq!((printed.code, printed.out.as_str()), (Some(2), ""), "{arguments:?}: {}", printed.err);
        assert!(printed.err.starts_with("error: ") || printed.err.contains("Usage: "), "{}", printed.err);
    }
    let help = desk.done(&["--help"]);
    assert!(help.contains("Exit codes: 0 done, 1 refused or failed, 2 not understood."), "{help}");
}

/// On a terminal the passphrase is asked for, and not shown.
#[test]
fn a_passphrase_is_asked_for_on_a_terminal() {
    if !installed("script", "--version", "a passphrase that is typed at a terminal") {
        return;
    }
    let desk = Desk::new();
    let file = desk.path("typed.pem");
    let generate = ["key", "generate", "--out", &file];
    let (code, seen) = typed(&desk, &generate, &[PASSPHRASE, "something else"]);
    assert!(code == Some(1) && seen.contains("the two passphrases differ; nothing was made"), "{seen}");
    let (code, seen) = typed(&desk, &generate, &[""]);
    assert!(code == Some(1) && seen.contains("an empty passphrase protects nothing"), "{seen}");
    assert!(!desk.file("typed.pem").exists());
    let (code, seen) = typed(&desk, &generate, &[PASSPHRASE, PASSPHRASE]);
    assert!(code == Some(0) && !seen.contains(PASSPHRASE), "{seen}");
    assert!(seen.contains("Passphrase for the new key") && seen.contains("The same again"), "{seen}");
    let (code, seen) = typed(&desk, &["key", "show", &file], &[PASSPHRASE]);
    assert!(code == Some(0) && seen.contains("-----BEGIN PUBLIC KEY-----") && !seen.contains(PASSPHRASE), "{seen}");
    // The same passphrase from a file opens what was typed.
    desk.done(&["key", "show", &file, "--passphrase-file", &desk.path("passphrase")]);
}

/// Runs a command at a terminal where somebody types a line for each question; its exit code, and what was to be seen.
fn typed(desk: &Desk, arguments: &[&str], lines: &[&str]) -> (Option<i32>, String) {
    let command = desk.command(arguments);
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let line = format!("tty > '{}'; exec {}", desk.path("tty"), words.join(" "));
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--echo", "always", "--command", &line, "/dev/null"]);
    let mut running = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut output) = (running.stdin.take().unwrap(), running.stdout.take().unwrap());
    let mut seen = Vec::new();
    for line in lines {
        let start = seen.len();
        while !seen[start..].ends_with(b": ") {
            let mut byte = [0];
            assert_eq!(output.read(&mut byte).unwrap(), 1, "no question: {}", String::from_utf8_lossy(&seen));
            seen.push(byte[0]);
        }
        let tty = desk.read("tty");
        eventually("a terminal that shows nothing of what is typed", || {
            let state = Command::new("stty").args(["-F", tty.trim(), "-a"]).output().unwrap();
            String::from_utf8_lossy(&state.stdout).contains(" -echo ").then_some(())
        });
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
    output.read_to_end(&mut seen).unwrap();
    (running.wait().unwrap().code(), String::from_utf8(seen).unwrap())
}
