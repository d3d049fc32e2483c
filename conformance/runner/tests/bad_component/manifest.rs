// SPDX-License-Identifier: MIT OR Apache-2.0
//! Accounting's manifest, changed line by line: each change gives an error that names a line, or means the same, or
//! leaves out what may be left out. It never panics.

use crate::{ECHO, install};
use conformance::TestHost;
use conformance::bundles::{Draft, bundle};
use kernel_contract::{Contract, ImportKind};
use kernel_manifest::Manifest;

/// What may be left out of a manifest, by the first word of the line.
const OPTIONAL: &[&str] = &[
    "publisher",
    "permission",
    "rest",
    "query",
    "limits",
    "views",
    "memory-bytes-max",
    "cpu-ms-max",
    "wall-ms-max",
    "sql-ms-max",
    "argument-bytes-max",
    "result-bytes-max",
];

struct Subject {
    text: String,
    contract: Contract,
}

impl Subject {
    fn accounting() -> Self {
        let directory = bundle("components/accounting");
        let text = std::fs::read_to_string(directory.join("cortex.yaml")).unwrap();
        let contract = Contract::of_component(&std::fs::read(directory.join("component.wasm")).unwrap()).unwrap();
        Self { text, contract }
    }

    /// Reads a manifest as the installer does: by itself, then against the binary.
    fn read(&self, text: &str) -> Result<Manifest, String> {
        let manifest = Manifest::parse(text).map_err(|faults| faults.in_file("cortex.yaml").to_string())?;
        let operations = self.contract.operations().map(|operation| {
            let parameters = operation.parameters.iter().map(|parameter| parameter.label.wit.clone()).collect();
            (operation.name.clone(), parameters)
        });
        let imports = self.contract.imports().iter().filter(|import| import.kind == ImportKind::Functions);
        let checked = manifest.check_against(operations, imports.map(|import| import.id.as_str()));
        checked.map_err(|faults| faults.in_file("cortex.yaml").to_string())?;
        Ok(manifest)
    }

    /// The lines with one of them changed to these.
    fn with(&self, line: usize, changed: &[String]) -> String {
        let lines = self.text.lines().enumerate();
        let lines = lines.flat_map(|(n, old)| if n == line { changed.to_vec() } else { vec![old.to_owned()] });
        lines.fold(String::new(), |text, line| text + &line + "\n")
    }
}

fn names_a_line(error: &str) -> bool {
    error.lines().all(|line| {
        let place = line.strip_prefix("cortex.yaml:").and_then(|rest| rest.split_once(':'));
        place.is_some_and(|(number, _)| number.parse::<usize>().is_ok_and(|number| number > 0))
    })
}

fn word(line: &str) -> &str {
    line.trim_start_matches([' ', '-', '{']).split([':', ' ']).next().unwrap_or_default()
}

/// Makes a change to each line, and returns the lines whose change was accepted with another meaning.
fn accepted(subject: &Subject, change: impl Fn(&str) -> Option<Vec<String>>) -> Vec<String> {
    let original = subject.read(&subject.text).unwrap();
    let mut accepted = Vec::new();
    for (number, line) in subject.text.lines().enumerate() {
        let Some(changed) = change(line) else { continue };
        match subject.read(&subject.with(number, &changed)) {
            Err(error) => assert!(names_a_line(&error), "line {}, `{line}` as {changed:?}: {error}", number + 1),
            Ok(manifest) if format!("{manifest:?}") == format!("{original:?}") => {}
            Ok(_) => accepted.push(line.to_owned()),
        }
    }
    accepted
}

fn has_content(line: &str) -> bool {
    !line.trim().is_empty() && !line.trim_start().starts_with('#')
}

/// Whether a line continues the description, which may be any text.
fn is_text(line: &str) -> bool {
    line.starts_with("  ") && line.trim_start().starts_with(char::is_alphabetic) && !line.contains(": ")
        || line.contains("double-entry ledger: charts")
}

#[test]
fn a_line_that_is_missing_is_missed_or_may_be_left_out() {
    let subject = Subject::accounting();
    for line in accepted(&subject, |line| has_content(line).then(Vec::new)) {
        let optional = OPTIONAL.contains(&word(&line)) || line.trim_start().starts_with("- { id:");
        assert!(optional || is_text(&line), "`{line}` can be left out");
    }
}

#[test]
fn a_line_that_is_there_twice_is_a_fault() {
    let subject = Subject::accounting();
    let twice = |line: &str| has_content(line).then(|| vec![line.to_owned(), line.to_owned()]);
    let accepted = accepted(&subject, twice);
    assert!(accepted.iter().all(|line| is_text(line)), "{accepted:?}");
}

#[test]
fn a_key_in_another_spelling_is_a_fault() {
    let subject = Subject::accounting();
    let misspelt = |line: &str| {
        let key = word(line);
        (has_content(line) && line.contains(&format!("{key}:")))
            .then(|| vec![line.replacen(key, &format!("{key}x"), 1)])
    };
    assert_eq!(accepted(&subject, misspelt), Vec::<String>::new());
}

#[test]
fn a_value_of_another_kind_is_a_fault() {
    let subject = Subject::accounting();
    for value in ["[]", "{}", "null", "~", "true", "-1", "1.5", "\"\"", "!!binary aGk=", "&a b", "*a", "|", "\u{7f}"] {
        let replaced = |line: &str| {
            let (key, old) = line.split_once(": ")?;
            (has_content(line) && !is_text(line) && !old.starts_with('>')).then(|| vec![format!("{key}: {value}")])
        };
        for line in accepted(&subject, replaced) {
            // A text takes most values, and what may be left out may be empty.
            let text = ["title", "description", "reason"].contains(&word(&line));
            assert!(text || OPTIONAL.contains(&word(&line)), "`{line}` may be {value}");
        }
    }
}

#[test]
fn a_line_at_another_depth_is_a_fault_or_means_the_same() {
    let subject = Subject::accounting();
    for shift in ["\t", " ", "   ", "- "] {
        let shifted = accepted(&subject, |line| has_content(line).then(|| vec![format!("{shift}{line}")]));
        assert!(shifted.iter().all(|line| is_text(line)), "{shift:?}: {shifted:?}");
    }
}

#[test]
fn a_manifest_that_is_cut_never_panics() {
    let subject = Subject::accounting();
    let places: Vec<_> = subject.text.char_indices().map(|(place, _)| place).step_by(29).collect();
    for place in places {
        if let Err(error) = subject.read(&subject.text[..place]) {
            assert!(names_a_line(&error), "cut at {place}: {error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_that_is_not_the_binarys_is_refused_by_line() {
    let host = TestHost::start(&[]).await;
    let cases = [
        ("  echo.say:\n    effect: read\n", "", "echo.say"),
        ("  echo.say:", "  echo.shout:", "echo.shout"),
        ("  echo.say:", "  chorus.say:", "chorus.say"),
        ("    effect: read", "    effect: reed", "effect"),
        ("    effect: read", "    effect: read\n    rest: { method: GET, path: \"/say/{word}\" }", "word"),
        ("    effect: read", "    effect: read\n    rest: { method: GET, path: /say, query: [word] }", "word"),
        ("    effect: read", "    effect: read\n    rest: { method: BREW, path: /say }", "method"),
        ("    effect: read", "    effect: read\n    limits: { cpu-ms-max: 999999999 }", "cpu-ms-max"),
        ("    effect: read", "    effect: read\n    limits: { cpu-ms-max: 0 }", "cpu-ms-max"),
        ("    effect: read", "    effect: read\n    limits: { warp-max: 9 }", "warp-max"),
        ("id: echo", "id: Echo", "id"),
        ("id: echo", "id: ../echo", "id"),
        ("version: \"1.0.0\"", "version: one", "version"),
        ("licence: MIT OR Apache-2.0", "licence: MIT OR", "licence"),
        ("licence: MIT OR Apache-2.0", "license: MIT", "licence"),
        ("limits:", "migrations: ../../etc\nlimits:", "migrations"),
        ("limits:", "schedules:\n  - { id: nightly, cron: \"0 3 * * *\", operation: echo.say }\nlimits:", "schedules"),
    ];
    for (from, to, expected) in cases {
        let draft = Draft::copy_of(ECHO);
        draft.change("cortex.yaml", from, to);
        let refused = install(&host, &draft).await.unwrap_or_else(|| panic!("`{to}` is installed"));
        assert!(refused.contains(expected), "`{to}`: {refused}");
    }
    for text in [
        "",
        "\0",
        "- a\n",
        "a: &a [*a]\n",
        "a: [[[[",
        "%YAML 9.9\n---\na",
        "\u{feff}id: echo\n",
        "id: !!js/function x\n",
    ] {
        let draft = Draft::copy_of(ECHO);
        draft.write("cortex.yaml", text.as_bytes());
        let refused = install(&host, &draft).await.unwrap_or_else(|| panic!("{text:?} is installed"));
        assert!(refused.contains("cortex.yaml:"), "{text:?}: {refused}");
    }
    let draft = Draft::copy_of(ECHO);
    draft.write("cortex.yaml", b"id: \xff\xfe\n");
    assert!(install(&host, &draft).await.unwrap().contains("cortex.yaml"));
}
