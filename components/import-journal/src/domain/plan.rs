// SPDX-License-Identifier: MIT OR Apache-2.0
//! Turns balanced transactions into entries of the ledger: sides, units, values, texts, identifiers.

use super::balance::{Books, Entry, Line};
use super::conversion::{Functional, convert};
use super::cursor::is_space;
use super::date::Date;
use super::decimal::{Decimal, Overflow};
use super::fault::{Code, Fault, Faults, Place, Warnings, quote};
use super::identity::Identities;
use super::journal::Amount;
use super::ledger::{EntryLine, LedgerEntry};
use super::limits::{DESCRIPTION_CHARACTERS_MAX, REFERENCE_CHARACTERS_MAX};
use super::names::Commodity;
use super::report::CommodityTotal;
use super::resolve::Commodities;
use super::valuation::{self, Valued};
use std::collections::BTreeMap;

/// What entries are made with.
pub(super) struct Planner<'a> {
    /// The commodities in the ledger.
    pub(super) commodities: &'a Commodities,
    /// The functional currency, where the ledger balances in it only.
    pub(super) functional: Option<Functional<'a>>,
    /// Gives each transaction its identifier.
    pub(super) identities: Identities,
    /// What was left out or changed.
    pub(super) warnings: &'a mut Warnings,
    totals: BTreeMap<Commodity, CommodityTotal>,
}

impl<'a> Planner<'a> {
    /// A planner that has planned nothing.
    pub(super) fn new(
        commodities: &'a Commodities,
        functional: Option<Functional<'a>>,
        source: &str,
        warnings: &'a mut Warnings,
    ) -> Self {
        Self { commodities, functional, identities: Identities::new(source), warnings, totals: BTreeMap::new() }
    }

    /// The entries of books. `rate` gives the value of one unit of a currency in the functional one on a day.
    pub(super) fn entries(
        &mut self,
        books: &Books,
        faults: &mut Faults,
        mut rate: impl FnMut(&Commodity, Date) -> Option<Decimal>,
    ) -> Vec<LedgerEntry> {
        let mut entries = Vec::with_capacity(books.entries.len());
        for entry in &books.entries {
            match self.entry(entry, &mut rate) {
                Ok(planned) => entries.extend(planned),
                Err(fault) => faults.add(fault),
            }
            if faults.is_full() {
                break;
            }
        }
        entries
    }

    /// What the entries have of each commodity.
    pub(super) fn totals(self) -> Vec<CommodityTotal> {
        self.totals.into_values().collect()
    }

    fn entry(
        &mut self,
        entry: &Entry,
        rate: &mut impl FnMut(&Commodity, Date) -> Option<Decimal>,
    ) -> Result<Option<LedgerEntry>, Fault> {
        // Of transactions without effect too, so that the numbers of those alike do not depend on it.
        let external_id = self.identities.next(entry);
        let coded = self.coded(entry)?;
        let mut valued = valuation::value(&coded, &self.commodities.decimals)?;
        if let Some(functional) = self.functional {
            convert(&coded, &mut valued, functional, |commodity| rate(commodity, entry.date))?;
        }
        let mut lines = Vec::with_capacity(coded.lines.len());
        let mut places = Vec::with_capacity(coded.lines.len());
        for ((line, original), valued) in coded.lines.iter().zip(&entry.lines).zip(valued) {
            if let Some(ledger_line) = self.line(line, valued)? {
                self.count(&original.amount.commodity, &ledger_line)
                    .map_err(|error| super::balance::overflow(line.place, error))?;
                lines.push(ledger_line);
                places.push(line.place);
            }
        }
        match lines.len() {
            0 => {
                self.warnings.add(
                    "no-effect",
                    entry.line,
                    "a transaction without any amount other than zero was left out",
                );
                return Ok(None);
            }
            1 => {
                let message = "the transaction moves one account only: an entry of the ledger needs two lines";
                return Err(Fault::new(Place::line(entry.line), Code::Unsupported, message));
            }
            _ => {}
        }
        let description = self.text(&entry.description, DESCRIPTION_CHARACTERS_MAX, entry.line);
        let reference = self.text(&entry.code, REFERENCE_CHARACTERS_MAX, entry.line);
        Ok(Some(LedgerEntry {
            text_line: entry.line,
            places,
            date: entry.date,
            description,
            document_date: entry.secondary_date.filter(|date| *date != entry.date),
            reference: (!reference.is_empty()).then_some(reference),
            external_id,
            lines,
        }))
    }

    /// The entry with the ledger's codes in place of symbols.
    fn coded(&self, entry: &Entry) -> Result<Entry, Fault> {
        let mut coded = entry.clone();
        for line in &mut coded.lines {
            let place = line.place;
            for amount in std::iter::once(&mut line.amount).chain(line.cost.as_mut()) {
                self.code(amount, place)?;
            }
        }
        Ok(coded)
    }

    fn code(&self, amount: &mut Amount, place: Place) -> Result<(), Fault> {
        match self.commodities.codes.get(&amount.commodity) {
            Some(code) => amount.commodity = code.clone(),
            None if amount.quantity.is_zero() => {}
            None => {
                let message = format!("the commodity {} is not known to the ledger", quote(amount.commodity.as_str()));
                return Err(Fault::new(place, Code::Commodity, message));
            }
        }
        Ok(())
    }

    /// The line in the ledger; none where it moves nothing.
    fn line(&mut self, line: &Line, valued: Valued) -> Result<Option<EntryLine>, Fault> {
        let sign = match &valued.value {
            Some((value, _)) if valued.amount.is_zero() => value.signum(),
            _ => valued.amount.signum(),
        };
        if sign == 0 {
            return Ok(None);
        }
        let positive = |number: Decimal| if number.signum() < 0 { number.checked_neg() } else { Ok(number) };
        let fit = |error: Overflow| super::balance::overflow(line.place, error);
        let value = match valued.value {
            Some((value, currency)) => Some((positive(value).map_err(fit)?, currency.as_str().to_owned())),
            None => None,
        };
        let comment = self.text(&line.comment, DESCRIPTION_CHARACTERS_MAX, line.place.line);
        Ok(Some(EntryLine {
            account: line.account.as_str().to_owned(),
            debit: sign > 0,
            amount: positive(valued.amount).map_err(fit)?,
            currency: line.amount.commodity.as_str().to_owned(),
            value,
            description: (!comment.is_empty()).then_some(comment),
        }))
    }

    fn count(&mut self, symbol: &Commodity, line: &EntryLine) -> Result<(), Overflow> {
        let total = self.totals.entry(symbol.clone()).or_insert_with(|| CommodityTotal {
            symbol: symbol.as_str().to_owned(),
            commodity: line.currency.clone(),
            lines: 0,
            debit: Decimal::ZERO,
            credit: Decimal::ZERO,
        });
        total.lines = total.lines.saturating_add(1);
        let side = if line.debit { &mut total.debit } else { &mut total.credit };
        *side = side.checked_add(line.amount)?;
        Ok(())
    }

    /// A text as the ledger keeps it: no control characters, at most so many characters.
    fn text(&mut self, text: &str, characters_max: usize, line: u32) -> String {
        let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let plain = plain.trim_matches(is_space);
        if plain.chars().count() <= characters_max {
            return plain.to_owned();
        }
        let message = format!("{} was cut off after {characters_max} characters", quote(plain));
        self.warnings.add("text-cut-off", line, message);
        plain.chars().take(characters_max).collect()
    }
}
