// SPDX-License-Identifier: MIT OR Apache-2.0
//! Links between pages lead somewhere: to a file of the tree, and to a heading in it where they name one. Links to the
//! outside are not followed: a test does not ask the network.

use crate::Fault;
use crate::tree::{SourceFile, Tree};
use std::collections::BTreeSet;

/// Every link that leads nowhere.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for page in tree.with_extension("md") {
        for (line, text) in prose(&page.text) {
            for target in targets(&text) {
                if let Some(message) = broken(tree, page, target) {
                    faults.push(Fault::at(&page.path, line, message));
                }
            }
        }
    }
    faults
}

/// The lines outside of code blocks, numbered from 1, without code spans.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            let spans = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
            lines.push((number, spans));
        }
    }
    lines
}

/// The targets of `[text](target)` in a line.
fn targets(line: &str) -> Vec<&str> {
    let parts = line.split("](").skip(1);
    parts.filter_map(|rest| rest.split(')').next()?.split_whitespace().next()).collect()
}

fn broken(tree: &Tree, page: &SourceFile, target: &str) -> Option<String> {
    let is_outside = target.contains("://") || target.starts_with("mailto:");
    if is_outside {
        return None;
    }
    let (path, heading) = target.split_once('#').map_or((target, None), |(path, heading)| (path, Some(heading)));
    let path = if path.is_empty() { page.path.clone() } else { resolved(&page.path, path) };
    let is_folder = || tree.files.iter().any(|file| file.path.starts_with(&format!("{path}/")));
    match (tree.files.iter().find(|file| file.path == path), heading) {
        (None, _) if path.is_empty() || is_folder() => None,
        (None, _) => Some(format!("the link `{target}` leads nowhere: there is no `{path}`")),
        (Some(file), Some(heading)) if file.extension() == "md" && !headings(&file.text).contains(heading) => {
            Some(format!("the link `{target}` leads nowhere: `{path}` has no such heading"))
        }
        _ => None,
    }
}

/// A path as it is seen from the folder of a page.
fn resolved(page: &str, target: &str) -> String {
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let from = if target.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in from.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_some() => {}
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// The names of a page's headings, as forges make them: lower case, hyphens for blanks, no punctuation.
fn headings(text: &str) -> BTreeSet<String> {
    let titles = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let name = |title: &str| {
        let kept = title.chars().filter(|character| character.is_alphanumeric() || " -_".contains(*character));
        kept.map(|character| if character == ' ' { '-' } else { character }).collect::<String>().to_lowercase()
    };
    titles.map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_files_folders_and_headings() {
        let cases = [
            ("[a](b.md)", true),
            ("[a](./b.md) and [c](absent.md)", false),
            ("[a](../README.md)", true),
            ("[a](b.md#the-first-part)", true),
            ("[a](b.md#the-last-part)", false),
            ("[a](#here-it-is)", true),
            ("[a](#nowhere)", false),
            ("[a](../host)", true),
            ("[a](../host/)", true),
            ("[a](../hosts)", false),
            ("[a](https://example.org/x)", true),
            ("`[a](absent.md)`", true),
            ("```\n[a](absent.md)\n```", true),
            ("[a](b.md \"title\")", true),
        ];
        for (text, right) in cases {
            let page = SourceFile::new("docs/a.md", format!("## Here, it is!\n{text}"));
            let other = SourceFile::new("docs/b.md", "# B\n## The `first` part");
            let files = vec![SourceFile::new("README.md", ""), page, other, SourceFile::new("host/x.rs", "")];
            assert_eq!(check(&Tree { root: "/".into(), files }).is_empty(), right, "{text}");
        }
    }
}
