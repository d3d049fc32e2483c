// SPDX-License-Identifier: MIT OR Apache-2.0
//! Currencies and commodities: what counts as one, and how many decimals its amounts have.

use super::iso4217;
use super::problem::{At, Faults, quote};
use super::text::{NAME_CHARACTERS_MAX, check_name, is_commodity_code};
use std::collections::BTreeSet;

/// Decimals of a commodity: enough for a hundredth of a satoshi and a microgram in a tonne, and six digits remain before the point.
const DECIMALS_MAX: u8 = 12;

/// A currency or commodity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commodity {
    /// Its code.
    pub(crate) code: String,
    /// Its name.
    pub(crate) name: String,
    /// The decimals of its amounts.
    pub(crate) decimals: u8,
}

impl Commodity {
    /// The ISO 4217 currency with that code.
    pub(crate) fn iso(code: &str) -> Option<Self> {
        iso4217::find(code).map(|(decimals, name)| Self { code: code.to_owned(), name: name.to_owned(), decimals })
    }
}

/// Checks a commodity that is to be declared.
pub(crate) fn check(commodity: &Commodity, taken: &BTreeSet<String>, at: &At<'_>, faults: &mut Faults) {
    let code = &commodity.code;
    if !is_commodity_code(code) {
        faults.invalid(
            &at.key("code"),
            "invalid-code",
            format!("{} is no code: 1 to 32 characters, no space around", quote(code)),
        );
    } else if let Some(iso) = Commodity::iso(code) {
        let message = format!("{} is the currency {} of ISO 4217 and needs no declaration", quote(code), iso.name);
        faults.conflict(&at.key("code"), "iso-currency", message);
    } else if taken.contains(code) {
        faults.conflict(&at.key("code"), "commodity-exists", format!("{} is declared already", quote(code)));
    }
    check_name(&commodity.name, NAME_CHARACTERS_MAX, &at.key("name"), faults);
    if commodity.decimals > DECIMALS_MAX {
        let message = format!("{} decimals are too many, at most {DECIMALS_MAX}", commodity.decimals);
        faults.invalid(&at.key("decimals"), "too-many-decimals", message);
    }
}
