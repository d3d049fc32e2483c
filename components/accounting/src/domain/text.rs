// SPDX-License-Identifier: MIT OR Apache-2.0
//! What texts and codes may look like.

use super::problem::{At, Faults, quote};

/// Characters of an entry's and of a line's description: a sentence or two.
pub(crate) const DESCRIPTION_CHARACTERS_MAX: usize = 500;
/// Characters of a document's number and of an external identifier: any system's identifier.
pub(crate) const REFERENCE_CHARACTERS_MAX: usize = 100;
/// Characters of a name of a journal or commodity.
pub(crate) const NAME_CHARACTERS_MAX: usize = 100;
/// Characters of an account's name.
pub(crate) const ACCOUNT_NAME_CHARACTERS_MAX: usize = 200;
/// Characters of an account's code: a deep path of names in plain-text books.
const ACCOUNT_CODE_CHARACTERS_MAX: usize = 200;
/// Characters of a commodity's code: a ticker symbol or a word.
const COMMODITY_CODE_CHARACTERS_MAX: usize = 32;
/// Characters of the code of a journal or fiscal year: it stands in the entry's number on paper.
const SHORT_CODE_CHARACTERS_MAX: usize = 16;

/// Checks free text: at most that many characters, no control characters but line breaks and tabs.
pub(crate) fn check_text(text: &str, characters_max: usize, at: &At<'_>, faults: &mut Faults) {
    let count = text.chars().count();
    if count > characters_max {
        faults.invalid(at, "too-long", format!("the text has {count} characters, at most {characters_max} are kept"));
    }
    if text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t')) {
        faults.invalid(at, "control-character", format!("{} has a control character", quote(text)));
    }
}

/// Checks a name or identifier: one line of text that is not blank.
pub(crate) fn check_name(text: &str, characters_max: usize, at: &At<'_>, faults: &mut Faults) {
    if text.trim().is_empty() {
        faults.invalid(at, "empty", "a text that is not blank is needed here");
    } else if text.chars().any(char::is_control) {
        faults.invalid(at, "control-character", format!("{} has a control character", quote(text)));
    } else {
        check_text(text, characters_max, at, faults);
    }
}

/// Whether it can be an account's code.
pub(crate) fn is_account_code(code: &str) -> bool {
    is_code(code, ACCOUNT_CODE_CHARACTERS_MAX) && !code.contains('/')
}

/// Whether it can be a commodity's code.
pub(crate) fn is_commodity_code(code: &str) -> bool {
    is_code(code, COMMODITY_CODE_CHARACTERS_MAX)
}

fn is_code(code: &str, characters_max: usize) -> bool {
    !code.is_empty()
        && code.trim() == code
        && code.chars().count() <= characters_max
        && !code.chars().any(char::is_control)
}

/// Whether it can be the code of a journal or a fiscal year.
pub(crate) fn is_short_code(code: &str) -> bool {
    (1..=SHORT_CODE_CHARACTERS_MAX).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
}

/// Checks the code of a journal or a fiscal year.
pub(crate) fn check_short_code(code: &str, at: &At<'_>, faults: &mut Faults) {
    if !is_short_code(code) {
        faults.invalid(
            at,
            "invalid-code",
            format!("{} is no code: write 1 to 16 of `A-Z`, `0-9`, `-`, `_`", quote(code)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_their_rules() {
        // (code, account, commodity, short)
        let cases = [
            ("1200", true, true, true),
            ("Assets:US:Bank of A", true, true, false),
            ("$", true, true, false),
            ("FY-26_A", true, true, true),
            ("a/b", false, true, false),
            ("", false, false, false),
            (" 1", false, false, false),
            ("1\n2", false, false, false),
            ("ABCDEFGHIJKLMNOPQ", true, true, false),
            ("Ausgaben:Büro", true, true, false),
        ];
        for (code, account, commodity, short) in cases {
            assert_eq!(
                (is_account_code(code), is_commodity_code(code), is_short_code(code)),
                (account, commodity, short),
                "{code:?}"
            );
        }
        assert!(!is_account_code(&"x".repeat(201)) && is_account_code(&"ü".repeat(200)));
    }

    #[test]
    fn texts_are_bounded_and_printable() {
        let cases = [("", 0), ("a\nb\tc", 0), ("a\0b", 1), ("x\u{1b}[0m", 1), ("123456", 1)];
        for (text, expected) in cases {
            let mut faults = Faults::default();
            check_text(text, 5, &At::Top, &mut faults);
            assert_eq!(faults.count(), expected, "{text:?}");
        }
        for (text, expected) in [("", 1), ("  ", 1), ("a\nb", 1), ("abc", 0)] {
            let mut faults = Faults::default();
            check_name(text, 5, &At::Top, &mut faults);
            assert_eq!(faults.count(), expected, "{text:?}");
        }
    }
}
