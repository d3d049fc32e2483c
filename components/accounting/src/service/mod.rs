// SPDX-License-Identifier: MIT OR Apache-2.0
//! The operations of the ledger: read what a rule needs, ask the rule, write what it says. No bindings of the interfaces that the
//! component exports; they run natively over any [`Host`].

pub(crate) mod books;
pub(crate) mod calendar;
pub(crate) mod chart;
pub(crate) mod commodities;
pub(crate) mod drafts;
pub(crate) mod entries;
pub(crate) mod journals;
pub(crate) mod posting;
pub(crate) mod rates;
pub(crate) mod reports;
pub(crate) mod settings;
pub(crate) mod statements;

use crate::domain::iso4217;
use crate::domain::problem::Answer;
use crate::store::{self, Database};
use std::collections::BTreeMap;

/// What the component can reach: its database, and what it may know of the request.
pub(crate) trait Host: Database {
    /// The time of the request, as `cortex:types/date-time`.
    fn now(&mut self) -> String;
    /// The subject of the caller.
    fn subject(&mut self) -> String;
}

/// The decimals of the currencies of an answer.
#[derive(Debug, Default)]
pub(crate) struct Decimals(BTreeMap<String, u8>);

impl Decimals {
    /// Reads what is needed for some currencies.
    pub(crate) fn load<'a>(database: &mut dyn Database, currencies: impl IntoIterator<Item = &'a str>) -> Answer<Self> {
        Ok(Self(store::commodities::decimals(database, currencies)?))
    }

    /// Those of declared commodities.
    pub(crate) fn declared(commodities: BTreeMap<String, u8>) -> Self {
        Self(commodities)
    }

    /// The decimals of a currency that was loaded.
    pub(crate) fn of(&self, currency: &str) -> u32 {
        let iso = iso4217::find(currency).map(|(decimals, _)| decimals);
        iso.or_else(|| self.0.get(currency).copied()).unwrap_or_default().into()
    }
}
