// SPDX-License-Identifier: MIT OR Apache-2.0
//! Names: `kebab-case` of WIT to `snake_case` of JSON, the nearest of several names, and quoting what a caller wrote.

pub(crate) use kernel_types::text::{nearest, quote};

/// `kebab-case` -> `snake_case`. WIT names hold no `_`, so two names never meet.
pub(crate) fn snake(kebab: &str) -> String {
    kebab.replace('-', "_")
}

/// Names as a sentence holds them: "`a`, `b` or `c`", at most twelve of them.
pub(crate) fn alternatives<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const NAMES_MAX: usize = 12;
    let mut names: Vec<&str> = names.into_iter().take(NAMES_MAX + 1).collect();
    if names.len() > NAMES_MAX {
        names.truncate(NAMES_MAX);
        return format!("`{}` or others", names.join("`, `"));
    }
    match names.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => format!("`{last}`"),
        Some((last, rest)) => format!("`{}` or `{last}`", rest.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_read_as_a_sentence() {
        assert_eq!(alternatives([]), "nothing");
        assert_eq!(alternatives(["a"]), "`a`");
        assert_eq!(alternatives(["a", "b", "c"]), "`a`, `b` or `c`");
        assert!(alternatives(std::iter::repeat_n("x", 40)).ends_with("`x` or others"));
    }
}
