// SPDX-License-Identifier: MIT OR Apache-2.0
//! Operations on commodities.

use super::settings::require;
use crate::domain::commodity::{self, Commodity};
use crate::domain::page::{self, Page};
use crate::domain::problem::{Answer, At, Faults, Problem, quote};
use crate::domain::text::is_commodity_code;
use crate::store::{self, Database};
use std::collections::BTreeSet;

/// Commodities that one call declares: those of a large portfolio.
const COMMODITIES_AT_ONCE_MAX: usize = 1_000;

/// Declares one commodity, given in `commodity`.
pub(crate) fn create(database: &mut dyn Database, commodity: Commodity) -> Answer<Commodity> {
    require(database)?;
    let taken = taken(database, std::slice::from_ref(&commodity))?;
    let mut faults = Faults::default();
    commodity::check(&commodity, &taken, &At::Top.key("commodity"), &mut faults);
    faults.into_answer()?;
    store::commodities::insert(database, std::slice::from_ref(&commodity))?;
    Ok(commodity)
}

/// Declares many commodities, given in `commodities`.
pub(crate) fn create_many(database: &mut dyn Database, commodities: &[Commodity]) -> Answer<u32> {
    require(database)?;
    let top = At::Top;
    let at = top.key("commodities");
    if commodities.len() > COMMODITIES_AT_ONCE_MAX {
        let message =
            format!("{} commodities are too many, at most {COMMODITIES_AT_ONCE_MAX} at once", commodities.len());
        return Err(Problem::invalid(&at, "too-many-commodities", message));
    }
    let mut taken = taken(database, commodities)?;
    let mut faults = Faults::default();
    for (index, commodity) in commodities.iter().enumerate() {
        commodity::check(commodity, &taken, &at.item(index), &mut faults);
        taken.insert(commodity.code.clone());
    }
    faults.into_answer()?;
    store::commodities::insert(database, commodities)?;
    Ok(u32::try_from(commodities.len()).unwrap_or(u32::MAX))
}

fn taken(database: &mut dyn Database, commodities: &[Commodity]) -> Answer<BTreeSet<String>> {
    let codes = commodities.iter().map(|commodity| commodity.code.as_str()).filter(|code| is_commodity_code(code));
    Ok(store::commodities::find(database, codes)?.into_iter().map(|commodity| commodity.code).collect())
}

/// One currency or commodity.
pub(crate) fn get(database: &mut dyn Database, code: &str) -> Answer<Commodity> {
    require(database)?;
    if let Some(iso) = Commodity::iso(code) {
        return Ok(iso);
    }
    let found = if is_commodity_code(code) { store::commodities::find(database, [code])?.pop() } else { None };
    let none = || Problem::not_found("unknown-currency", format!("there is no currency or commodity {}", quote(code)));
    found.ok_or_else(none)
}

/// The declared commodities.
pub(crate) fn list(database: &mut dyn Database, limit: Option<u32>, cursor: Option<&str>) -> Answer<Page<Commodity>> {
    require(database)?;
    let limit = page::limit(limit, page::LIMIT_DEFAULT, page::LIMIT_MAX)?;
    let after = cursor.unwrap_or_default();
    if !after.is_empty() && !is_commodity_code(after) {
        return Err(page::invalid_cursor(after));
    }
    let items = store::commodities::list(database, after, i64::from(limit) + 1)?;
    Ok(Page::cut(items, limit, |commodity| commodity.code.clone()))
}
