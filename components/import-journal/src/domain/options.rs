// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a text is read and posted, as the caller wants it.

use super::journal::Kind;
use super::ledger::{FieldProblem, Problem, ProblemKind};
use super::limits::{OPTION_ITEMS_MAX, SOURCE_CHARACTERS_MAX};
use super::names::Account;
use std::collections::BTreeMap;

/// What may be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent permissions")]
pub struct Creation {
    /// Accounts.
    pub accounts: bool,
    /// Commodities.
    pub commodities: bool,
    /// Fiscal years.
    pub fiscal_years: bool,
    /// The journal.
    pub journal: bool,
}

impl Creation {
    /// Everything.
    pub const ALL: Self = Self { accounts: true, commodities: true, fiscal_years: true, journal: true };
}

/// The options of an import, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The journal.
    pub journal: String,
    /// Where the text comes from.
    pub source: String,
    /// The year of dates without one.
    pub default_year: Option<u16>,
    /// Kinds of accounts.
    pub account_types: BTreeMap<Account, Kind>,
    /// Symbols and what they are in the ledger.
    pub commodities: BTreeMap<String, String>,
    /// The functional currency of a ledger that is to be set up.
    pub initialise: Option<String>,
    /// What may be created.
    pub create: Creation,
    /// Whether prices are stored.
    pub store_prices: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            journal: "GJ".to_owned(),
            source: "journal".to_owned(),
            default_year: None,
            account_types: BTreeMap::new(),
            commodities: BTreeMap::new(),
            initialise: None,
            create: Creation::ALL,
            store_prices: false,
        }
    }
}

/// Options as the caller gives them; what is absent takes its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawOptions {
    /// The journal.
    pub journal: Option<String>,
    /// Where the text comes from.
    pub source: Option<String>,
    /// The year of dates without one.
    pub default_year: Option<u16>,
    /// Accounts and their kinds.
    pub account_types: Vec<(String, Kind)>,
    /// Symbols and what they are in the ledger.
    pub commodities: Vec<(String, String)>,
    /// The functional currency of a ledger that is to be set up.
    pub initialise: Option<String>,
    /// What may be created.
    pub create: Option<Creation>,
    /// Whether prices are stored.
    pub store_prices: Option<bool>,
}

impl RawOptions {
    /// Checks the options.
    ///
    /// # Errors
    /// All faults together.
    pub fn check(self) -> Result<Options, Problem> {
        let mut faults = Vec::new();
        let mut fault = |path: String, code: &str, message: String| {
            faults.push(FieldProblem { path: format!("/options/{path}"), code: code.to_owned(), message });
        };
        let defaults = Options::default();
        let source = self.source.unwrap_or(defaults.source);
        if source.trim().is_empty()
            || source.chars().count() > SOURCE_CHARACTERS_MAX
            || source.chars().any(char::is_control)
        {
            let message = format!("the source needs 1 to {SOURCE_CHARACTERS_MAX} characters on one line");
            fault("source".to_owned(), "invalid-source", message);
        }
        if self.default_year.is_some_and(|year| !(1..=9999).contains(&year)) {
            fault("default_year".to_owned(), "out-of-range", "a year is 1 to 9999".to_owned());
        }
        for (name, count) in [("account_types", self.account_types.len()), ("commodities", self.commodities.len())] {
            if count > OPTION_ITEMS_MAX {
                fault(name.to_owned(), "too-many", format!("{count} items are too many, at most {OPTION_ITEMS_MAX}"));
            }
        }
        let mut account_types = BTreeMap::new();
        for (index, (name, kind)) in self.account_types.into_iter().enumerate().take(OPTION_ITEMS_MAX) {
            match Account::new(&name) {
                Ok(account) => {
                    if account_types.insert(account, kind).is_some() {
                        let message = "the account is listed twice".to_owned();
                        fault(format!("account_types/{index}/account"), "duplicate", message);
                    }
                }
                Err(message) => fault(format!("account_types/{index}/account"), "account-name", message),
            }
        }
        let mut commodities = BTreeMap::new();
        for (index, (symbol, commodity)) in self.commodities.into_iter().enumerate().take(OPTION_ITEMS_MAX) {
            if commodities.insert(symbol, commodity).is_some() {
                fault(format!("commodities/{index}/symbol"), "duplicate", "the symbol is mapped twice".to_owned());
            }
        }
        if !faults.is_empty() {
            let message = "the options have faults".to_owned();
            return Err(Problem {
                kind: ProblemKind::Invalid,
                code: "invalid-options".to_owned(),
                message,
                fields: faults,
            });
        }
        Ok(Options {
            journal: self.journal.unwrap_or(defaults.journal),
            source,
            default_year: self.default_year,
            account_types,
            commodities,
            initialise: self.initialise,
            create: self.create.unwrap_or(Creation::ALL),
            store_prices: self.store_prices.unwrap_or(false),
        })
    }
}
