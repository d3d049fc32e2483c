// SPDX-License-Identifier: MIT OR Apache-2.0
//! Setting the ledger up.

use super::{calendar, chart, journals};
use crate::domain::books::{Balancing, Settings};
use crate::domain::calendar::FiscalYearInput;
use crate::domain::iso4217;
use crate::domain::journal::Journal;
use crate::domain::problem::{Answer, At, Faults, Problem, quote};
use crate::store::{self, Database};

/// What a new ledger begins with.
#[derive(Debug)]
pub(crate) struct Setup {
    /// The currency of the books.
    pub(crate) functional_currency: String,
    /// In which currencies entries balance.
    pub(crate) balancing: Balancing,
    /// The name of a shipped chart.
    pub(crate) template: Option<String>,
    /// The first fiscal year.
    pub(crate) fiscal_year: Option<FiscalYearInput>,
    /// The journals; empty: a general journal.
    pub(crate) journals: Vec<Journal>,
}

/// The settings; refused before the ledger was set up.
pub(crate) fn require(database: &mut dyn Database) -> Answer<Settings> {
    let none = || {
        Problem::conflict("ledger-not-initialised", "the ledger is not set up yet; call `settings.initialise` first")
    };
    store::settings::find(database)?.ok_or_else(none)
}

/// Sets the ledger up. Faults of the parts are reported together with the part that is reached first; a refusal leaves nothing,
/// because the unit of work is rolled back.
pub(crate) fn initialise(database: &mut dyn Database, setup: Setup) -> Answer<Settings> {
    if store::settings::find(database)?.is_some() {
        return Err(Problem::conflict("already-initialised", "the ledger is set up already"));
    }
    let top = At::Top;
    let at = top.key("setup");
    let mut problems = Vec::new();
    if iso4217::find(&setup.functional_currency).is_none() {
        let message = format!("{} is no currency of ISO 4217 such as `EUR`", quote(&setup.functional_currency));
        problems.push(Problem::invalid(&at.key("functional_currency"), "unknown-currency", message));
    }
    let settings = Settings { functional_currency: setup.functional_currency, balancing: setup.balancing };
    if problems.is_empty() {
        store::settings::insert(database, &settings)?;
    }
    let mut journals = setup.journals;
    if journals.is_empty() {
        journals.push(Journal { code: "GJ".to_owned(), name: "General journal".to_owned() });
    }
    problems.extend(journals::create_at(database, &journals, &at.key("journals")).err());
    if let Some(template) = &setup.template {
        problems.extend(chart::load_template_at(database, template, &at.key("template")).err());
    }
    if let Some(year) = &setup.fiscal_year {
        problems.extend(calendar::create_at(database, year, &at.key("fiscal_year")).err());
    }
    merge(problems)?;
    Ok(settings)
}

/// One refusal from those of all parts; a refusal without faults (of the database) goes first.
fn merge(problems: Vec<Problem>) -> Answer<()> {
    let mut faults = Faults::default();
    for problem in problems {
        if problem.faults.is_empty() {
            return Err(problem);
        }
        faults.absorb(problem);
    }
    faults.into_answer()
}
