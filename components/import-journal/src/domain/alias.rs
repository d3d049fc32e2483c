// SPDX-License-Identifier: MIT OR Apache-2.0
//! `alias OLD=NEW`, `alias /REGEX/=REPLACEMENT` and `apply account`: how written names become account names.
//!
//! Regular expressions are those of the `regex-lite` crate, without regard to case: where alternatives overlap, the first one
//! that matches wins, while hledger takes the longest.

use super::limits::{ALIAS_WORK_MAX, ALIASES_MAX, RENAMED_BYTES_MAX};
use regex_lite::{Regex, RegexBuilder};
use std::collections::HashMap;

/// Bytes that one compiled expression may take: a few hundred characters of pattern. The first that suffices says what the
/// expression costs: the time for a name grows with both.
const REGEX_BYTES: [usize; 7] = [1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10];

#[derive(Debug)]
enum Alias {
    Basic { old: String, new: String },
    Pattern { pattern: Regex, bytes: usize, replacement: String },
}

/// What is in force at a place of the text.
#[derive(Debug, Default)]
pub(super) struct Renaming {
    aliases: Vec<Alias>,
    /// What the aliases made of names so far.
    renamed: HashMap<String, String>,
    /// What they did for it, as [`ALIAS_WORK_MAX`] counts it.
    work: u64,
    /// The accounts of open `apply account` blocks, outermost first.
    pub(super) applied: Vec<String>,
}

impl Renaming {
    /// Takes the text of an `alias` directive behind the keyword.
    pub(super) fn add_alias(&mut self, text: &str) -> Result<(), String> {
        if self.aliases.len() >= ALIASES_MAX {
            return Err(format!("more than {ALIASES_MAX} aliases are in force: end some with `end aliases`"));
        }
        let alias = match text.strip_prefix('/') {
            Some(rest) => pattern_alias(rest)?,
            None => {
                let (old, new) = text.split_once('=').ok_or("expected `alias OLD = NEW`")?;
                Alias::Basic { old: old.trim().to_owned(), new: new.trim().to_owned() }
            }
        };
        self.aliases.push(alias);
        self.renamed.clear();
        Ok(())
    }

    /// Takes `end aliases`.
    pub(super) fn end_aliases(&mut self) {
        self.aliases.clear();
        self.renamed.clear();
    }

    /// The account name that a written name stands for: the applied accounts before it, then each alias, the newest first.
    ///
    /// # Errors
    /// The aliases make the name longer than [`RENAMED_BYTES_MAX`], or have done more than [`ALIAS_WORK_MAX`].
    pub(super) fn resolve(&mut self, written: &str) -> Result<String, String> {
        let mut name = self.applied.join(":");
        if !name.is_empty() {
            name.push(':');
        }
        name.push_str(written);
        if self.aliases.is_empty() {
            return Ok(name);
        }
        if let Some(renamed) = self.renamed.get(&name) {
            return Ok(renamed.clone());
        }
        let renamed = self.rename(name.clone())?;
        self.renamed.insert(name, renamed.clone());
        Ok(renamed)
    }

    fn rename(&mut self, mut name: String) -> Result<String, String> {
        for alias in self.aliases.iter().rev() {
            self.work = self.work.saturating_add(alias.work(&name));
            if self.work > ALIAS_WORK_MAX {
                return Err(
                    "the regular expressions of the aliases take too long: write fewer or simpler ones".to_owned()
                );
            }
            name = alias.apply(name).filter(|name| name.len() <= RENAMED_BYTES_MAX).ok_or_else(|| {
                format!("the aliases make this name longer than {RENAMED_BYTES_MAX} bytes: mend them")
            })?;
        }
        Ok(name)
    }
}

impl Alias {
    fn work(&self, name: &str) -> u64 {
        let work = match self {
            Self::Basic { .. } => 0,
            Self::Pattern { bytes, .. } => bytes.saturating_mul(name.len().saturating_add(1)),
        };
        u64::try_from(work).unwrap_or(u64::MAX)
    }

    /// The renamed name; none where it grew beyond all bounds on the way.
    fn apply(&self, name: String) -> Option<String> {
        match self {
            Self::Basic { old, new } => match name.strip_prefix(old.as_str()) {
                Some("") => Some(new.clone()),
                Some(below) if below.starts_with(':') => Some(format!("{new}{below}")),
                _ => Some(name),
            },
            Self::Pattern { pattern, replacement, .. } => replace_all(pattern, &name, replacement),
        }
    }
}

/// `Regex::replace_all`, which stops where the result gets too long.
fn replace_all(pattern: &Regex, name: &str, replacement: &str) -> Option<String> {
    let mut replaced = String::new();
    let mut copied = 0;
    for captures in pattern.captures_iter(name) {
        let found = captures.get(0)?;
        replaced.push_str(name.get(copied..found.start())?);
        captures.expand(replacement, &mut replaced);
        copied = found.end();
        if replaced.len() > RENAMED_BYTES_MAX {
            return None;
        }
    }
    replaced.push_str(name.get(copied..)?);
    Some(replaced)
}

/// Reads `REGEX/ = REPLACEMENT`; `\/` is a slash within the expression, `\1` a group within the replacement.
fn pattern_alias(text: &str) -> Result<Alias, String> {
    let mut pattern = String::new();
    let mut rest = text.chars();
    loop {
        match rest.next().ok_or("expected `/` behind the regular expression")? {
            '/' => break,
            '\\' => match rest.next() {
                Some('/') => pattern.push('/'),
                Some(c) => pattern.extend(['\\', c]),
                None => return Err("expected `/` behind the regular expression".to_owned()),
            },
            c => pattern.push(c),
        }
    }
    let replacement = rest.as_str().trim_start().strip_prefix('=').ok_or("expected `=` behind `/REGEX/`")?.trim_start();
    let replacement = group_references(replacement);
    let mut refusal = String::new();
    for bytes in REGEX_BYTES {
        match RegexBuilder::new(&pattern).case_insensitive(true).size_limit(bytes).build() {
            Ok(pattern) => return Ok(Alias::Pattern { pattern, bytes, replacement }),
            Err(error) => refusal = format!("the regular expression cannot be used: {error}"),
        }
    }
    Err(refusal)
}

/// `\1` as `regex-lite` writes it, `${1}`.
fn group_references(replacement: &str) -> String {
    let mut text = String::new();
    let mut characters = replacement.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, characters.peek().copied().filter(char::is_ascii_digit)) {
            ('\\', Some(digit)) => {
                characters.next();
                text.extend(['$', '{', digit, '}']);
            }
            ('$', _) => text.push_str("$$"),
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_rewrite_names() {
        for (aliases, applied, written, expected) in [
            (&["a=b"][..], &[][..], "a", "b"),
            (&["a = b:c "], &[], "a:x", "b:c:x"),
            (&["a=b"], &[], "ab", "ab"),
            (&["b=c", "a=b"], &[], "a", "c"),
            (&["a=b", "b=c"], &[], "a", "b"),
            (
                &["/^(.+):bank:([^:]+):(.*)/ = \\1:\\2 \\3"],
                &[],
                "assets:Bank:wells fargo:checking",
                "assets:wells fargo checking",
            ),
            (&["/a\\/b/=$1"], &[], "x a/b y", "x $1 y"),
            (&[], &["x", "y:z"], "a", "x:y:z:a"),
            (&["x:a=b"], &["x"], "a", "b"),
            (&["/x*/=-"], &[], "axb", "-a-b-"),
            (&["/é/=e"], &[], "é:é", "e:e"),
        ] {
            let mut renaming =
                Renaming { applied: applied.iter().map(|&name| str::to_owned(name)).collect(), ..Renaming::default() };
            for alias in aliases {
                renaming.add_alias(alias).unwrap();
            }
            assert_eq!(renaming.resolve(written).as_deref(), Ok(expected), "{aliases:?} {applied:?} {written}");
        }
    }

    /// A hundred bytes of aliases could ask for a name longer than any memory.
    #[test]
    fn names_that_grow_without_end_are_refused() {
        for (aliases, written) in [
            (vec!["/a/=aaaaaaaaaa".to_owned(); 30], "a".to_owned()),
            (vec!["/(.*)/=\\1\\1".to_owned(); 40], "Assets:A".to_owned()),
            (vec![format!("//={}", "x".repeat(16_000))], "y".repeat(16_000)),
            (vec![format!("a={}", "b".repeat(5_000))], "a".to_owned()),
        ] {
            let mut renaming = Renaming::default();
            for alias in &aliases {
                renaming.add_alias(alias).unwrap();
            }
            let message = renaming.resolve(&written).unwrap_err();
            assert!(message.starts_with("the aliases make this name longer than 4096 bytes"), "{message}");
        }
    }

    /// What matters is the work for new names: one name costs once, however often it occurs.
    #[test]
    fn expressions_that_take_too_long_are_refused() {
        let mut renaming = Renaming::default();
        for number in 0..100 {
            renaming.add_alias(&format!("/^({}{number})+$/=x", "(a|b|c)*".repeat(60))).unwrap();
        }
        let name = |number: usize| format!("Assets:{}:{number}", "abc".repeat(50));
        for _ in 0..10_000 {
            assert_eq!(renaming.resolve(&name(0)), Ok(name(0)));
        }
        let refused = (1..1_000).find_map(|number| renaming.resolve(&name(number)).err());
        assert!(refused.is_some_and(|message| message.contains("take too long")));
        let mut simple = Renaming::default();
        for number in 0..100 {
            simple.add_alias(&format!("/^assets:bank {number}:([^:]+)$/=assets:\\1")).unwrap();
        }
        for number in 0..1_000 {
            let name = format!("Assets:Bank:Checking account {number}");
            assert_eq!(simple.resolve(&name), Ok(name));
        }
    }

    #[test]
    fn what_is_no_alias() {
        for text in ["a", "/a", "/a\\", "/a/b", "/a(/=b"] {
            assert!(Renaming::default().add_alias(text).is_err(), "{text}");
        }
        let mut renaming = Renaming::default();
        let full = (0..=ALIASES_MAX).map(|_| renaming.add_alias("a=b")).filter(Result::is_err).count();
        assert_eq!(full, 1);
    }
}
