// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages of lists: how many items, and where the next page begins.

use super::date::Date;
use super::problem::{Answer, At, Problem, quote};

/// Items of one page at the most, as `cortex:types/page-request` says.
pub(crate) const LIMIT_MAX: u32 = 1_000;
/// Items of one page where nothing is said.
pub(crate) const LIMIT_DEFAULT: u32 = 100;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// The cursor of the next page; none on the last.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// A page from up to `limit + 1` items: the one too many says that a page follows, which begins after the last kept.
    pub(crate) fn cut(mut items: Vec<T>, limit: u32, cursor: impl FnOnce(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}

/// The limit of a page.
pub(crate) fn limit(wanted: Option<u32>, default: u32, max: u32) -> Answer<u32> {
    match wanted.unwrap_or(default) {
        limit if (1..=max).contains(&limit) => Ok(limit),
        limit => Err(Problem::invalid(
            &At::Top.key("limit"),
            "limit-out-of-range",
            format!("`{limit}` is out of range: 1 to {max}"),
        )),
    }
}

/// A place in a list by date: the last item of the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its posting date.
    pub(crate) date: Date,
    /// Its entry.
    pub(crate) entry: i64,
    /// Its line; 0 in lists of entries.
    pub(crate) line: i64,
}

impl Place {
    /// The place as a cursor.
    pub(crate) fn to_cursor(self) -> String {
        format!("{}.{}.{}", self.date, self.entry, self.line)
    }

    /// Reads a cursor.
    pub(crate) fn parse(cursor: &str) -> Answer<Self> {
        let mut parts = cursor.split('.');
        let place = (|| {
            let date = Date::parse(parts.next()?)?;
            let entry = parts.next()?.parse().ok()?;
            let line = parts.next()?.parse().ok()?;
            parts.next().is_none().then_some(Self { date, entry, line })
        })();
        place.ok_or_else(|| invalid_cursor(cursor))
    }
}

/// The refusal of a cursor that this ledger did not make.
pub(crate) fn invalid_cursor(cursor: &str) -> Problem {
    let message = format!("{} is no cursor: give the `next` of the page before, or none", quote(cursor));
    Problem::invalid(&At::Top.key("cursor"), "invalid-cursor", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_and_foreign_ones_are_refused() {
        let place = Place { date: Date::new(2026, 2, 28).expect("exists"), entry: 17, line: 3 };
        assert_eq!(Place::parse(&place.to_cursor()), Ok(place));
        for wrong in ["", "x", "2026-02-28", "2026-02-28.1", "2026-02-30.1.1", "2026-02-28.1.1.1", "2026-02-28.a.1"] {
            assert_eq!(Place::parse(wrong).map_err(|problem| problem.code), Err("invalid-cursor"), "{wrong}");
        }
    }

    #[test]
    fn a_page_ends_where_items_end() {
        let name = |number: &u32| number.to_string();
        assert_eq!(Page::cut(vec![1, 2, 3], 2, name), Page { items: vec![1, 2], next: Some("2".to_owned()) });
        assert_eq!(Page::cut(vec![1, 2], 2, name), Page { items: vec![1, 2], next: None });
        assert_eq!(Page::cut(vec![], 2, name), Page { items: vec![], next: None });
        assert_eq!((limit(None, 7, 10), limit(Some(10), 7, 10)), (Ok(7), Ok(10)));
        assert!(limit(Some(0), 7, 10).is_err() && limit(Some(11), 7, 10).is_err());
    }
}
