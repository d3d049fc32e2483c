// SPDX-License-Identifier: MIT OR Apache-2.0
//! What counts of all that was given, and what is said of what is wrong with it.

#![allow(clippy::unwrap_used, reason = "a helper of a test is a test")]

use edge_config::{Configuration, Faults, File, Given, Source, Sources, json_schema, resolve};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use proptest::sample::select;
use std::ffi::OsString;

fn given(
    environment: &[(&str, &str)],
    file: Option<(&str, &str)>,
    command_line: &[(&str, &str)],
) -> Result<Configuration, Faults> {
    let environment: Vec<(OsString, OsString)> =
        environment.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let file = file.map(|(name, text)| File { name: name.into(), text: text.into() });
    let command_line: Vec<Given> =
        command_line.iter().map(|(key, value)| Given { key: (*key).into(), value: (*value).into() }).collect();
    resolve(&Sources { environment: &environment, file: file.as_ref(), command_line: &command_line })
}

fn check(faults: Result<Configuration, Faults>, expected: &Expect) {
    expected.assert_eq(&faults.unwrap_err().to_string());
}

fn source(configuration: &Configuration, name: &str) -> Source {
    configuration.settings().iter().find(|setting| setting.key.name == name).unwrap().source
}

#[test]
fn the_environment_comes_before_the_file_the_file_before_the_command_line() {
    let environment = ("CORTEX_GATEWAY_DRAIN_MS_MAX", "1");
    let file = ("host.yaml", "gateway:\n  drain-ms-max: 2\n");
    let command_line = ("gateway.drain-ms-max", "3");
    let key = "gateway.drain-ms-max";
    let cases = [
        (given(&[environment], Some(file), &[command_line]), 1, Source::Environment),
        (given(&[environment], None, &[command_line]), 1, Source::Environment),
        (given(&[], Some(file), &[command_line]), 2, Source::File),
        (given(&[], None, &[command_line]), 3, Source::CommandLine),
        (given(&[], None, &[]), 20_000, Source::Default),
    ];
    for (configuration, value, from) in cases {
        let configuration = configuration.unwrap();
        assert_eq!((configuration.gateway_drain_ms_max, source(&configuration, key)), (value, from));
    }
    let configuration = given(&[environment], Some(file), &[command_line]).unwrap();
    let overridden: Vec<_> =
        configuration.overridden().iter().map(|one| (one.key.name, one.loser, one.winner)).collect();
    let expected = [(key, Source::File, Source::Environment), (key, Source::CommandLine, Source::Environment)];
    assert_eq!(overridden, expected);
    let same = given(&[environment], None, &[("gateway.drain-ms-max", "1")]).unwrap();
    assert!(same.overridden().is_empty(), "what is given twice alike is not worth a word");
}

#[test]
fn yaml_and_json_say_the_same() {
    let yaml = "# a comment\nlisten: 127.0.0.1:1\nlog: { level: info, file: /var/log/x }\ntrust:\n  revocations-max-age: 24h\n";
    let json = "{\n\t\"trust\": {\"revocations-max-age\": \"1d\"},\n\t\"log\": {\"file\": \"/var\\/log\\u002fx\", \"level\": \"info\"},\n\t\"listen\": \"127.0.0.1:1\"\n}\n";
    let values = [("host.yaml", yaml), ("host.yml", yaml), ("host.json", json)].map(|file| {
        let configuration = given(&[], Some(file), &[]).unwrap();
        configuration.settings().iter().map(|setting| setting.value.clone()).collect::<Vec<_>>()
    });
    assert_eq!(values[0], values[1]);
    assert_eq!(values[0], values[2]);
    assert!(given(&[], Some(("empty.yaml", "# nothing yet\n")), &[]).is_ok());
}

#[test]
fn all_that_is_wrong_is_told_together_with_its_place() {
    let file = "\
listne: 127.0.0.1:80
listen: localhost:80
gateway:
  drain-ms-max: 700000
  head-ms-max: \"100\"
  head-bytes-max:
  head-ms-max: 100
  conections-max: 5
engine: 5
drain-ms-max: 5
log.level: info
development: true
trust: { policy: p.json, revocations-max-age: 7 }
log: { format: jsn, level: 5, files-max: true }
";
    check(
        given(
            &[
                ("CORTEX_LISTNE", "x"),
                ("CORTEX_LOG_FORMAT", "xml"),
                ("CORTEX_DEVELOPMENT", "true"),
                ("CORTEX_LOG_LEVEL", "info"),
                ("CORTEX_REGISTRY_TOKEN", "not the host's"),
                ("CORTEX_TEST_ANYTHING", "not the host's"),
                ("PATH", "x"),
                ("CORTEX_STORE_IDLE_MS", ""),
            ],
            Some(("host.yaml", file)),
            &[("listn", "x"), ("store.idle-ms", "many"), ("listen", "127.0.0.1:1"), ("listen", "127.0.0.1:2")],
        ),
        &expect![[r#"
            the environment: `CORTEX_DEVELOPMENT`: expected `development` on the command line only, found it here
            the environment: `CORTEX_LISTNE`: expected the variable of a known key, found an unknown one; did you mean `CORTEX_LISTEN`?
            the environment: `CORTEX_LOG_FORMAT`: expected one of `text` or `json`, found `xml`
            the environment: `CORTEX_LOG_LEVEL`: expected the variable of a known key, found an unknown one; did you mean `CORTEX_LOG`?
            the environment: `CORTEX_STORE_IDLE_MS`: expected a whole number from 100 to 86400000, found nothing; leave it out to have its default
            host.yaml:1:1: `listne`: expected a known key, found `listne`; did you mean `listen`?
            host.yaml:2:9: `listen`: expected an address such as `127.0.0.1:8080`, found `localhost:80`
            host.yaml:4:17: `gateway.drain-ms-max`: expected a whole number from 0 to 600000, found the number `700000`
            host.yaml:5:16: `gateway.head-ms-max`: expected a whole number from 100 to 600000, found the text `100`; write it without quotes
            host.yaml:6:17: `gateway.head-bytes-max`: expected a whole number from 4096 to 1048576, found nothing; leave the key out to have its default
            host.yaml:7:3: `gateway.head-ms-max`: expected each key once, found `head-ms-max` again, first in line 5
            host.yaml:8:3: `gateway.conections-max`: expected a known key, found `conections-max`; did you mean `gateway.connections-max`?
            host.yaml:9:9: `engine`: expected a mapping from keys to values, found a single value
            host.yaml:10:1: `drain-ms-max`: expected a known key, found `drain-ms-max`; did you mean `gateway.drain-ms-max`?
            host.yaml:11:1: `log.level`: expected a known key, with its section on a line before it, found `log.level`; did you mean `log.level`?
            host.yaml:12:1: `development`: expected it on the command line, where the host finds it before it reads the file, found it in the file
            host.yaml:13:10: `trust.policy`: expected it in `CORTEX_TRUST_POLICY` or on the command line, where the host finds it before it reads the file, found it in the file
            host.yaml:13:47: `trust.revocations-max-age`: expected a time from 1m to 366d with its unit, such as `90s`, `15m`, `12h` or `7d`, found the number `7`
            host.yaml:14:16: `log.format`: expected one of `text` or `json`, found `jsn`
            host.yaml:14:28: `log.level`: expected a text of one line, at most 1000 characters, found the number `5`; put it in quotes
            host.yaml:14:42: `log.files-max`: expected a whole number from 1 to 1000, found the boolean `true`
            the command line: `listn`: expected a known key, found an unknown one; did you mean `listen`?
            the command line: `store.idle-ms`: expected a whole number from 100 to 86400000, found `many`
            the command line: `listen`: expected each key once, found it again"#]],
    );
}

#[test]
fn a_file_that_cannot_be_read_is_one_fault() {
    check(
        given(&[], Some(("host.json", "listen: 127.0.0.1:80")), &[]),
        &expect!["host.json:1:1: expected JSON, found a text that is none"],
    );
    check(
        given(&[], Some(("host.toml", "listen = 5")), &[]),
        &expect!["host.toml:1:1: expected a file whose name ends in `.yaml`, `.yml` or `.json`, found another name"],
    );
    check(
        given(&[], Some(("host.yaml", "a: &b 5\n")), &[]),
        &expect!["host.yaml:1:4: expected the value alone, found an anchor (`&name`); anchors are not allowed"],
    );
    check(
        given(&[], Some(("host.yaml", "- listen\n")), &[]),
        &expect!["host.yaml:1:1: expected a mapping from keys to values, found a list"],
    );
    check(
        given(&[], Some(("host.yaml", &"a: {".repeat(100))), &[]),
        &expect!["host.yaml:1:61: expected at most 16 levels of nesting, found one more"],
    );
    let many: String = (0..1_000).map(|number| format!("wrong-{number}: 1\n")).collect();
    let faults = given(&[], Some(("host.yaml", &many)), &[]).unwrap_err();
    assert_eq!((faults.as_slice().len(), faults.omitted()), (100, 900));
}

#[test]
fn values_have_to_fit_each_other() {
    check(
        given(
            &[],
            Some((
                "host.yaml",
                "store: { connections-max: 5, checkpoint-wal-bytes-max: 65536 }\nlog: { file: a, error-file: a }\n",
            )),
            &[("gateway.requests-in-flight-max", "1")],
        ),
        &expect![[r#"
            the configuration: `store.connections-max`: expected at least `store.writers-max` and `store.readers-max` together, found 5
            the configuration: `store.checkpoint-wal-bytes-max`: expected at least `store.checkpoint-wal-bytes`, found 65536
            the configuration: `gateway.tenant-requests-in-flight-max`: expected at most `gateway.requests-in-flight-max`, found 512
            the configuration: `log.error-file`: expected another file than `log.file`, found the same"#]],
    );
}

/// Wherever it is given, rightly or wrongly, and whatever is done with it.
#[test]
fn a_secret_is_never_shown() {
    const SECRET: &str = "hunter2";
    let url = "postgres://ada:hunter2@localhost/books";
    let right = [
        given(&[("CORTEX_DATABASE_URL", url)], None, &[]),
        given(&[], Some(("host.yaml", &format!("database: {{ url: '{url}' }}"))), &[("database.url", "hunter2")]),
        given(&[], None, &[("database.url", url)]),
    ];
    for configuration in right {
        let configuration = configuration.unwrap();
        assert_eq!(configuration.database_url.as_ref().unwrap().expose(), url);
        let shown: String =
            configuration.settings().iter().map(|one| format!("{}{}", one.value.text(), one.value.json())).collect();
        let all = format!("{shown}{configuration:?}{}", configuration.digested());
        assert!(!all.contains(SECRET), "{all}");
    }
    let control = format!("{url}\u{7}");
    let wrong = [
        given(&[("CORTEX_DATABASE_URL", &control)], None, &[]),
        given(&[("CORTEX_DATABASE_ULR", url)], None, &[]),
        given(&[], Some(("host.yaml", &format!("database: {url}"))), &[]),
        given(&[], Some(("host.yaml", &format!("database: {{ url: [\"{url}\"] }}"))), &[]),
        given(&[], Some(("host.yaml", &format!("database: {{ url: \"{url}\\n\" }}"))), &[]),
        given(&[], Some(("host.yaml", &format!("database: {{ ulr: \"{url}\" }}"))), &[]),
        given(&[], Some(("host.json", &format!("{{\"database\": {{\"url\": \"{url}\"}}"))), &[]),
        given(&[], None, &[("database.url", &control)]),
        given(&[], None, &[("database.ulr", url)]),
    ];
    for faults in wrong {
        let faults = faults.unwrap_err();
        assert!(!format!("{faults}{faults:?}").contains(SECRET), "{faults}");
    }
}

/// What an editor is told is what the reader takes.
#[test]
fn the_schema_and_the_reader_agree() {
    let schema = jsonschema::validator_for(&json_schema()).unwrap();
    let cases = [
        ("{}", true),
        (r#"{"listen": "127.0.0.1:80", "gateway": {"drain-ms-max": 5}}"#, true),
        (r#"{"trust": {"revocations-max-age": "5d"}, "log": {"format": "json"}}"#, true),
        (r#"{"trust": {"revocations-max-age": 5}}"#, false),
        (r#"{"trust": {"policy": "p"}}"#, false),
        (r#"{"development": true}"#, false),
        (r#"{"directory": "x"}"#, false),
        (r#"{"gateway": {"drain-ms-max": "5"}}"#, false),
        (r#"{"gateway": {"drain-ms-max": 999999999}}"#, false),
        (r#"{"gateway": 5}"#, false),
        (r#"{"gatewy": {}}"#, false),
        (r#"{"log": {"format": "xml"}}"#, false),
        (r#"[]"#, false),
    ];
    for (text, right) in cases {
        assert_eq!(schema.is_valid(&serde_json::from_str(text).unwrap()), right, "schema: {text}");
        assert_eq!(given(&[], Some(("host.json", text)), &[]).is_ok(), right, "reader: {text}");
    }
}

/// Pieces of which a file may consist, rightly or wrongly.
fn piece() -> impl Strategy<Value = String> {
    let pieces = vec![
        "gateway:",
        "  drain-ms-max: ",
        "5",
        "\"5\"",
        "log: {",
        "}",
        "[",
        "]",
        "level: info",
        "\n",
        "  ",
        ": ",
        ", ",
        "- ",
        "\t",
        "~",
        "database:",
        "  url: ",
        "'",
        "\"",
        "listen: 127.0.0.1:1",
        "trust:",
        "  revocations-max-age: 1d",
        "&a ",
        "*a",
        "!t ",
        "# ",
        "---\n",
    ];
    prop_oneof![8 => select(pieces).prop_map(str::to_owned), 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever a file holds, it is a configuration or refused with its place.
    #[test]
    fn any_text_is_a_configuration_or_refused(
        pieces in prop::collection::vec(piece(), 0..40), name in select(vec!["h.yaml", "h.json"]),
    ) {
        let text = pieces.concat();
        if let Err(faults) = given(&[], Some((name, &text)), &[]) {
            prop_assert!(!faults.as_slice().is_empty());
            for fault in faults.as_slice() {
                prop_assert!(fault.place.starts_with(name), "{fault}");
                prop_assert!(fault.to_string().lines().count() == 1, "{fault}");
            }
        }
    }

    /// Whatever the environment and the command line hold.
    #[test]
    fn any_variable_and_option_counts_or_is_refused(
        name in "(CORTEX_)?[A-Z_]{0,12}", value in any::<String>(), key in "[a-z.-]{0,20}",
        known in select(edge_config::KEYS.to_vec()),
    ) {
        let _ = given(&[(&name, &value)], None, &[(&key, &value)]);
        let _ = given(&[], None, &[(known.name, &value)]);
    }
}
