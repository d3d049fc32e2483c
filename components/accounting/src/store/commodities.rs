// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table `commodities`: the declared ones; those of ISO 4217 are in no table.

use super::{Database, Row, Value, change_many, select, select_in};
use crate::domain::commodity::Commodity;
use crate::domain::iso4217;
use crate::domain::problem::Answer;
use std::collections::{BTreeMap, BTreeSet};

const COLUMNS: &str = "SELECT code, name, decimals FROM commodities";

fn read(row: &mut Row) -> Answer<Commodity> {
    Ok(Commodity { code: row.text()?, name: row.text()?, decimals: row.small()? })
}

/// The declared ones among some codes.
pub(crate) fn find<'a>(
    database: &mut dyn Database,
    codes: impl IntoIterator<Item = &'a str>,
) -> Answer<Vec<Commodity>> {
    let codes: BTreeSet<&str> = codes.into_iter().filter(|code| iso4217::find(code).is_none()).collect();
    select_in(database, &format!("{COLUMNS} WHERE code IN ("), codes.into_iter().map(Value::from), read)
}

/// The decimals of the declared ones among some codes.
pub(crate) fn decimals<'a>(
    database: &mut dyn Database,
    codes: impl IntoIterator<Item = &'a str>,
) -> Answer<BTreeMap<String, u8>> {
    Ok(find(database, codes)?.into_iter().map(|commodity| (commodity.code, commodity.decimals)).collect())
}

/// Writes declared ones.
pub(crate) fn insert(database: &mut dyn Database, commodities: &[Commodity]) -> Answer<()> {
    let rows: Vec<Vec<Value>> = commodities
        .iter()
        .map(|commodity| vec![(&commodity.code).into(), (&commodity.name).into(), i64::from(commodity.decimals).into()])
        .collect();
    change_many(database, "INSERT INTO commodities (code, name, decimals) VALUES (?1, ?2, ?3)", &rows)
}

/// Up to `count` declared ones behind a code.
pub(crate) fn list(database: &mut dyn Database, after: &str, count: i64) -> Answer<Vec<Commodity>> {
    select(database, &format!("{COLUMNS} WHERE code > ?1 ORDER BY code LIMIT ?2"), &[after.into(), count.into()], read)
}
