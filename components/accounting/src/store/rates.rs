// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table `rates`.

use super::{Database, Row, Value, change_many, select};
use crate::domain::date::Date;
use crate::domain::problem::{Answer, At, Faults, Problem};
use crate::domain::rate::{DatedRate, Rate};

fn read_rate(row: &mut Row) -> Answer<DatedRate> {
    let (date, text) = (row.date()?, row.text()?);
    let rate = Rate::check(&text, &At::Top, &mut Faults::default());
    rate.map(|rate| DatedRate { date, rate }).ok_or_else(|| Problem::internal("a stored rate is no rate"))
}

/// The rates of a currency that hold on some day from `first` to `last`, in order of time.
pub(crate) fn between(database: &mut dyn Database, currency: &str, first: Date, last: Date) -> Answer<Vec<DatedRate>> {
    let statement = "SELECT valid_from, rate FROM rates WHERE currency = ?1 AND valid_from <= ?3 AND valid_from >= \
        coalesce((SELECT max(older.valid_from) FROM rates AS older WHERE older.currency = ?1 AND older.valid_from <= ?2), ?2) \
        ORDER BY valid_from";
    select(database, statement, &[currency.into(), first.to_string().into(), last.to_string().into()], read_rate)
}

/// Writes rates; one of the same currency and day is replaced.
pub(crate) fn upsert(database: &mut dyn Database, rates: &[(String, DatedRate)]) -> Answer<()> {
    let rows: Vec<Vec<Value>> = rates
        .iter()
        .map(|(currency, rate)| vec![currency.into(), rate.date.to_string().into(), (&rate.rate.text).into()])
        .collect();
    let statement = "INSERT INTO rates (currency, valid_from, rate) VALUES (?1, ?2, ?3) \
        ON CONFLICT (currency, valid_from) DO UPDATE SET rate = excluded.rate";
    change_many(database, statement, &rows)
}

/// Up to `count` rates behind a currency and day; empty texts filter nothing.
pub(crate) fn list(
    database: &mut dyn Database,
    currency: &str,
    days: (&str, &str),
    after: (&str, &str),
    count: i64,
) -> Answer<Vec<(String, DatedRate)>> {
    let statement = "SELECT currency, valid_from, rate FROM rates WHERE (?1 = '' OR currency = ?1) \
        AND (?2 = '' OR valid_from >= ?2) AND (?3 = '' OR valid_from <= ?3) \
        AND (currency > ?4 OR (currency = ?4 AND valid_from > ?5)) ORDER BY currency, valid_from LIMIT ?6";
    let parameters = [currency.into(), days.0.into(), days.1.into(), after.0.into(), after.1.into(), count.into()];
    select(database, statement, &parameters, |row| Ok((row.text()?, read_rate(row)?)))
}
