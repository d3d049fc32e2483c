// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table `settings`: one row, written once.

use super::{Database, Row, select};
use crate::domain::books::{Balancing, Settings};
use crate::domain::problem::Answer;

const BALANCING: [(Balancing, &str); 2] =
    [(Balancing::Functional, "functional"), (Balancing::PerCurrency, "per-currency")];

/// The settings; none before the ledger was set up.
pub(crate) fn find(database: &mut dyn Database) -> Answer<Option<Settings>> {
    let read = |row: &mut Row| {
        let functional_currency = row.text()?;
        let balancing =
            row.named(|name| BALANCING.iter().find(|(_, known)| *known == name).map(|(balancing, _)| *balancing))?;
        Ok(Settings { functional_currency, balancing })
    };
    Ok(select(database, "SELECT functional_currency, balancing FROM settings", &[], read)?.pop())
}

/// Writes the settings.
pub(crate) fn insert(database: &mut dyn Database, settings: &Settings) -> Answer<()> {
    let balancing =
        BALANCING.iter().find(|(balancing, _)| *balancing == settings.balancing).map_or("", |(_, name)| name);
    let statement = "INSERT INTO settings (id, functional_currency, balancing) VALUES (1, ?1, ?2)";
    database.execute(statement, &[(&settings.functional_currency).into(), balancing.into()])?;
    Ok(())
}
