// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rust source seen from far away: code without comments, texts and tests. No parser: enough of the lexical structure (The
//! Rust Reference, "Lexical structure") to not take a word in a comment for one in the code.

/// The code with the content of comments, string and character literals replaced by blanks; lines stay where they are.
#[must_use]
pub fn code(source: &str) -> String {
    let mut output = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(character) = rest.chars().next() {
        let length = skipped(rest, output.chars().next_back());
        let (taken, after) = rest.split_at(length.unwrap_or(character.len_utf8()));
        match length {
            Some(_) => output.extend(taken.chars().map(|character| if character == '\n' { '\n' } else { ' ' })),
            None => output.push_str(taken),
        }
        rest = after;
    }
    output
}

/// How many bytes of comment or literal the text begins with.
fn skipped(text: &str, before: Option<char>) -> Option<usize> {
    let in_word = before.is_some_and(|character| character.is_alphanumeric() || character == '_');
    let bytes = text.as_bytes();
    match bytes {
        [b'/', b'/', ..] => Some(text.find('\n').unwrap_or(text.len())),
        [b'/', b'*', ..] => Some(block_comment(text)),
        [b'"', ..] => Some(1 + quoted(text.get(1..)?, '"')),
        [b'\'', ..] => character_literal(text),
        [b'r', b'"' | b'#', ..] if !in_word => raw(text, 1),
        [b'b' | b'c', b'r', b'"' | b'#', ..] if !in_word => raw(text, 2),
        _ => None,
    }
}

/// A block comment; they nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut position = 0;
    while let Some(rest) = text.get(position..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            position += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            position += 2;
            if depth == 0 {
                return position;
            }
        } else {
            position += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The bytes up to and with the closing quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (position, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return position + character.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// A character literal; a lifetime is none.
fn character_literal(text: &str) -> Option<usize> {
    let rest = text.get(1..)?;
    let first = rest.chars().next()?;
    if first == '\\' {
        return Some(1 + quoted(rest, '\''));
    }
    rest.get(first.len_utf8()..)?.starts_with('\'').then(|| 2 + first.len_utf8())
}

/// A raw string whose `#` and quote begin at that byte; a raw identifier is none.
fn raw(text: &str, prefix: usize) -> Option<usize> {
    let rest = text.get(prefix..)?;
    let hashes = rest.bytes().take_while(|byte| *byte == b'#').count();
    let body = rest.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |position| position + end.len());
    Some(prefix + hashes + 1 + length)
}

/// The code without items that are compiled for tests only; lines stay where they are.
#[must_use]
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut output = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        let (before, from) = rest.split_at(start);
        let (item, after) = from.split_at(item_length(from));
        output.push_str(before);
        output.extend(item.chars().map(|character| if character == '\n' { '\n' } else { ' ' }));
        rest = after;
    }
    output.push_str(rest);
    output
}

/// The bytes of an item with its attributes: up to its semicolon, or to the brace that closes its first one.
fn item_length(code: &str) -> usize {
    let mut depth = 0_usize;
    for (position, character) in code.char_indices() {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && character == '}' {
                    return position + 1;
                }
            }
            ';' if depth == 0 => return position + 1,
            _ => {}
        }
    }
    code.len()
}

/// Whether a file is compiled for tests only, by its place.
#[must_use]
pub fn is_test_file(path: &str) -> bool {
    let in_folder = path.split('/').rev().skip(1).any(|part| ["tests", "benches", "examples", "fuzz"].contains(&part));
    in_folder || path.ends_with("/tests.rs") || path.ends_with("/testing.rs")
}

/// The lines with code on them, numbered from 1.
pub fn lines(code: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(code.lines()).filter(|(_, line)| !line.trim().is_empty())
}

/// Whether the word stands in the line as a word of its own.
#[must_use]
pub fn has_word(line: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(position, _)| {
        let before = line.get(..position).and_then(|text| text.chars().next_back());
        let after = line.get(position + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_blanked_and_code_stays() {
        let cases = [
            ("a // unsafe\nb", "a          \nb"),
            ("a /* x /* y */ z */ b", "a                   b"),
            ("f(\"unsafe \\\" x\") b", "f(             ) b"),
            ("let c = '\"'; d", "let c =    ; d"),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("r#\"a \" b\"# c", "           c"),
            ("br\"x\" c", "      c"),
            ("r#type c", "r#type c"),
            ("var\"x\"", "var   "),
            ("'\\'' a '\\u{1}' b", "     a         b"),
            ("\"é\" x", "    x"),
        ];
        for (source, expected) in cases {
            let found = code(source);
            assert_eq!(found.trim_end(), expected.trim_end(), "{source}");
            assert_eq!(found.lines().count(), source.lines().count());
        }
    }

    #[test]
    fn items_for_tests_are_left_out() {
        let source = "a\n#[cfg(test)]\nmod tests {\n  fn f() { x[0]; }\n}\nb\n#[cfg(test)]\nmod other;\nc\n";
        let words: Vec<String> = lines(&without_tests(source)).map(|(n, line)| format!("{n}{line}")).collect();
        assert_eq!(words, ["1a", "6b", "9c"]);
        for (path, expected) in [
            ("host/a/tests/b.rs", true),
            ("host/a/src/tests.rs", true),
            ("host/a/src/tests/b.rs", true),
            ("host/a/src/contests.rs", false),
            ("host/a/src/lib.rs", false),
        ] {
            assert_eq!(is_test_file(path), expected, "{path}");
        }
    }

    #[test]
    fn a_word_is_found_as_a_word() {
        for (line, expected) in [("unsafe {", true), ("(unsafe_code)", false), ("x.unsafe", true), ("nunsafe", false)] {
            assert_eq!(has_word(line, "unsafe"), expected, "{line}");
        }
    }
}
