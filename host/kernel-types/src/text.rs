// SPDX-License-Identifier: MIT OR Apache-2.0
//! Other people's text in our messages: quoted, and compared with the words that are known.

/// Characters of somebody's input that a message repeats: enough to find it, too little to flood a terminal or a log.
pub const QUOTE_CHARACTERS_MAX: usize = 80;

/// Characters of a kebab word: it stands in URLs, in file names and in names of tables.
const KEBAB_CHARACTERS_MAX: usize = 64;

/// Whether the text is a lower-case kebab word of at most 64 characters: letters and digits, parts joined by single
/// hyphens, beginning with a letter.
#[must_use]
pub fn is_kebab(text: &str) -> bool {
    text.len() <= KEBAB_CHARACTERS_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

/// The text in backticks, on one line, control characters escaped, cut to [`QUOTE_CHARACTERS_MAX`].
#[must_use]
pub fn quote(text: &str) -> String {
    let mut characters = text.chars();
    let mut shown = String::new();
    for character in characters.by_ref().take(QUOTE_CHARACTERS_MAX) {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    let ellipsis = if characters.next().is_some() { "…" } else { "" };
    format!("`{shown}{ellipsis}`")
}

/// The known word that is closest to `word`, where one is close enough to be meant: up to a third of its letters and up to
/// three differ. Case does not matter, nor whether parts are joined by `-` or `_`.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |word: &str| word.to_lowercase().replace('_', "-");
    let wanted = plain(word);
    let near = |known: &'k str| {
        let distance_max = (known.chars().count() / 3).clamp(1, 3);
        // The comparison takes time proportional to the product of the lengths: what cannot be near is not compared.
        let comparable = wanted.len().abs_diff(known.len()) <= distance_max * char::MAX_LEN_UTF8;
        let distance = comparable.then(|| strsim::damerau_levenshtein(&wanted, &plain(known)))?;
        (distance <= distance_max).then_some((distance, known))
    };
    known.into_iter().filter_map(near).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_a_likely_one() {
        let known = ["amount", "currency", "account", "page_request", "id"];
        let cases: &[(&str, Option<&str>)] = &[
            ("amuont", Some("amount")),
            ("Amount", Some("amount")),
            ("page-request", Some("page_request")),
            ("curency", Some("currency")),
            ("ids", Some("id")),
            ("colour", None),
            ("", None),
            (&"a".repeat(1000), None),
        ];
        for (word, expected) in cases {
            assert_eq!(nearest(word, known), *expected, "{word}");
        }
    }

    #[test]
    fn a_quotation_is_short_and_has_no_control_characters() {
        assert_eq!(quote("a\nb"), "`a\\nb`");
        assert_eq!(quote(&"ü".repeat(80)).chars().count(), QUOTE_CHARACTERS_MAX + 2);
        assert_eq!(quote(&"ü".repeat(200)).chars().count(), QUOTE_CHARACTERS_MAX + 3);
    }

    #[test]
    fn a_kebab_word_has_its_alphabet_and_nothing_else() {
        for (text, right) in [("a1-2b", true), ("", false), ("a--b", false), ("1a", false), ("A", false), ("ä", false)]
        {
            assert_eq!(is_kebab(text), right, "{text}");
        }
        assert!(is_kebab(&"a".repeat(64)) && !is_kebab(&"a".repeat(65)));
    }
}
