// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a line belongs to beside its account: names and values that are the caller's own. The ledger keeps them and does not
//! reckon by them.

use super::problem::{At, Faults, quote};
use super::text::check_name;
use std::collections::BTreeSet;

/// Dimensions of one line: cost centre, project, partner, item and tax code leave room for as many again.
pub(crate) const DIMENSIONS_MAX: usize = 16;
/// Characters of a name.
const NAME_CHARACTERS_MAX: usize = 50;
/// Characters of a value: a code of any system.
const VALUE_CHARACTERS_MAX: usize = 100;

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Dimension {
    /// Which dimension.
    pub(crate) name: String,
    /// The value in it.
    pub(crate) value: String,
}

/// Checks the dimensions of a line that is to be posted, given at a place.
pub(crate) fn check(dimensions: &[Dimension], at: &At<'_>, faults: &mut Faults) {
    let mut names = BTreeSet::new();
    for (index, dimension) in dimensions.iter().take(DIMENSIONS_MAX).enumerate() {
        let at = at.item(index);
        check_name(&dimension.name, NAME_CHARACTERS_MAX, &at.key("name"), faults);
        check_name(&dimension.value, VALUE_CHARACTERS_MAX, &at.key("value"), faults);
        if !names.insert(dimension.name.as_str()) {
            let message = format!("the line has the dimension {} already; give each once", quote(&dimension.name));
            faults.invalid(&at.key("name"), "duplicate-dimension", message);
        }
    }
}

/// Checks that a line has not too many: what a draft must keep to as well.
pub(crate) fn check_count(dimensions: &[Dimension], at: &At<'_>, faults: &mut Faults) {
    if dimensions.len() > DIMENSIONS_MAX {
        let message = format!("{} dimensions are too many, at most {DIMENSIONS_MAX}", dimensions.len());
        faults.invalid(at, "too-many-dimensions", message);
    }
}

/// The dimensions of a posted line: by name.
pub(crate) fn sorted(mut dimensions: Vec<Dimension>) -> Vec<Dimension> {
    dimensions.sort();
    dimensions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_case(dimensions: &[(&str, &str)], expected: &[&str]) {
        let dimensions: Vec<Dimension> = dimensions
            .iter()
            .map(|(name, value)| Dimension { name: (*name).to_owned(), value: (*value).to_owned() })
            .collect();
        let mut faults = Faults::default();
        check_count(&dimensions, &At::Top, &mut faults);
        check(&dimensions, &At::Top, &mut faults);
        let found: Vec<String> =
            faults.into_list().into_iter().map(|fault| format!("{} {}", fault.path, fault.code)).collect();
        assert_eq!(found, expected, "{dimensions:?}");
    }

    #[test]
    fn names_and_values_follow_their_rules() {
        check_case(&[], &[]);
        check_case(&[("project", "P-1"), ("Kostenstelle", "47 11"), ("customer", "'; DROP TABLE entries;--")], &[]);
        check_case(&[("", "x"), ("x", " ")], &["/0/name empty", "/1/value empty"]);
        check_case(&[("a\0", "x")], &["/0/name control-character"]);
        check_case(&[(&"n".repeat(51), &"v".repeat(101))], &["/0/name too-long", "/0/value too-long"]);
        check_case(&[("a", "1"), ("b", "1"), ("a", "2")], &["/2/name duplicate-dimension"]);
        let many: Vec<String> = (0..17).map(|number| number.to_string()).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "x")).collect();
        check_case(&many, &[" too-many-dimensions"]);
        check_case(&many[..16], &[]);
    }
}
