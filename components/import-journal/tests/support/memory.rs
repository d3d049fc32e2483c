// SPDX-License-Identifier: MIT OR Apache-2.0
//! A ledger in memory that keeps the promises of `cortex:accounting`: it refuses what that refuses, so that an import that
//! would break a rule there breaks it here.

use import_journal::domain::date::Date;
use import_journal::domain::decimal::Decimal;
use import_journal::domain::ledger::{
    EntryLine, FieldProblem, FiscalYear, Ledger, LedgerAccount, LedgerBalance, LedgerEntry, NewAccount, NewCommodity,
    Problem, ProblemKind, Rate, Settings,
};
use std::collections::{BTreeMap, BTreeSet};

/// The decimals of the currencies of ISO 4217 that the tests use.
const ISO: &[(&str, u8)] = &[("EUR", 2), ("USD", 2), ("CHF", 2), ("GBP", 2), ("JPY", 0)];

#[derive(Clone, Debug, Default)]
pub struct Memory {
    pub settings: Option<Settings>,
    pub commodities: BTreeMap<String, u8>,
    pub accounts: BTreeMap<String, LedgerAccount>,
    pub parents: BTreeMap<String, Option<String>>,
    pub journals: BTreeSet<String>,
    pub years: Vec<FiscalYear>,
    pub rates: BTreeMap<(String, Date), Decimal>,
    pub entries: Vec<LedgerEntry>,
    pub reports: Vec<(usize, usize)>,
    /// A fault of this ledger: it keeps less than it was given.
    pub loses_a_line: bool,
}

impl Memory {
    /// A ledger that is set up with a journal `GJ`.
    pub fn set_up(currency: &str, per_currency: bool) -> Self {
        Self {
            settings: Some(Settings { functional_currency: currency.to_owned(), per_currency }),
            journals: BTreeSet::from(["GJ".to_owned()]),
            ..Self::default()
        }
    }

    fn decimals_of(&self, code: &str) -> Option<u8> {
        let iso = ISO.iter().find(|(iso, _)| *iso == code).map(|(_, decimals)| *decimals);
        iso.or_else(|| self.commodities.get(code).copied())
    }

    /// Lines as text: `Assets:Cash D 1.00 EUR` and, where it is another, the value.
    pub fn lines(&self) -> Vec<String> {
        let line = |line: &EntryLine| {
            let side = if line.debit { "D" } else { "C" };
            let value =
                line.value.as_ref().map(|(value, currency)| format!(" = {value} {currency}")).unwrap_or_default();
            format!("{} {side} {} {}{value}", line.account, line.amount, line.currency)
        };
        self.entries.iter().flat_map(|entry| &entry.lines).map(line).collect()
    }

    fn check(&self, entry: &LedgerEntry, at: &str, faults: &mut Vec<FieldProblem>) {
        let mut fault = |path: String, code: &str, message: String| {
            faults.push(FieldProblem { path: format!("{at}{path}"), code: code.to_owned(), message });
        };
        if !self.years.iter().any(|year| (year.starts_on..=year.ends_on).contains(&entry.date)) {
            fault("/date".to_owned(), "no-period", format!("`{}` lies in no fiscal year", entry.date));
        }
        if self.entries.iter().any(|other| other.external_id == entry.external_id)
            || entry.external_id.chars().count() > 100
        {
            fault("/external-id".to_owned(), "external-id-taken", "taken".to_owned());
        }
        if !(2..=1_000).contains(&entry.lines.len()) || entry.description.chars().count() > 500 {
            fault("/lines".to_owned(), "lines", "2 to 1,000 lines".to_owned());
        }
        let settings = self.settings.as_ref().expect("set up");
        let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
        for (index, line) in entry.lines.iter().enumerate() {
            let mut fault = |key: &str, code: &str, message: &str| {
                fault(format!("/lines/{index}/{key}"), code, message.to_owned());
            };
            if self.accounts.get(&line.account).is_none_or(|account| account.closed) {
                fault("account", "unknown-account", "no such account, or closed");
            }
            let (value, currency) = line.value.as_ref().map_or((line.amount, line.currency.as_str()), |(v, c)| (*v, c));
            for (number, code) in [(line.amount, line.currency.as_str()), (value, currency)] {
                let decimals = self.decimals_of(code);
                if decimals.is_none_or(|decimals| number.normalised().places() > decimals) || number.signum() < 0 {
                    fault("amount", "invalid-amount", &format!("{number} {code}: {decimals:?}"));
                }
            }
            if line.amount.is_zero() && line.value.is_none() {
                fault("amount", "zero-amount", "zero");
            }
            if !settings.per_currency && currency != settings.functional_currency {
                fault("value", "no-value", "a value in the functional currency is needed");
            }
            let signed = if line.debit { value } else { value.checked_neg().expect("fits") };
            let sum = sums.entry(currency).or_insert(Decimal::ZERO);
            *sum = sum.checked_add(signed).expect("fits");
        }
        if sums.values().any(|sum| !sum.is_zero()) {
            fault(String::new(), "unbalanced", format!("{sums:?}"));
        }
    }
}

type Answer<T> = Result<T, Problem>;

fn refused(code: &str) -> Problem {
    Problem::new(ProblemKind::Conflict, code, code)
}

impl Ledger for Memory {
    fn settings(&mut self) -> Answer<Option<Settings>> {
        Ok(self.settings.clone())
    }

    fn initialise(&mut self, currency: &str, journal: &str) -> Answer<()> {
        if self.settings.is_some() {
            return Err(refused("already-initialised"));
        }
        *self = Self { commodities: std::mem::take(&mut self.commodities), ..Self::set_up(currency, true) };
        self.journals = BTreeSet::from([journal.to_owned()]);
        Ok(())
    }

    fn decimals(&mut self, code: &str) -> Answer<Option<u8>> {
        self.settings.as_ref().ok_or_else(|| refused("ledger-not-initialised"))?;
        Ok(self.decimals_of(code))
    }

    fn create_commodities(&mut self, commodities: &[NewCommodity]) -> Answer<()> {
        for new in commodities {
            if self.decimals_of(&new.code).is_some() || new.decimals > 12 {
                return Err(refused("commodity-exists"));
            }
            self.commodities.insert(new.code.clone(), new.decimals);
        }
        Ok(())
    }

    fn accounts(&mut self) -> Answer<Vec<LedgerAccount>> {
        self.settings.as_ref().ok_or_else(|| refused("ledger-not-initialised"))?;
        Ok(self.accounts.values().cloned().collect())
    }

    fn create_accounts(&mut self, accounts: &[NewAccount]) -> Answer<()> {
        for new in accounts {
            let parent =
                new.parent.as_ref().map(|parent| self.accounts.get(parent).ok_or_else(|| refused("unknown-parent")));
            if parent.transpose()?.is_some_and(|parent| parent.kind != new.kind) {
                return Err(refused("parent-of-another-kind"));
            }
            let account = LedgerAccount { code: new.code.clone(), kind: new.kind, closed: false };
            if self.accounts.insert(new.code.clone(), account).is_some() {
                return Err(refused("account-exists"));
            }
            self.parents.insert(new.code.clone(), new.parent.clone());
        }
        Ok(())
    }

    fn has_journal(&mut self, code: &str) -> Answer<bool> {
        Ok(self.journals.contains(code))
    }

    fn create_journal(&mut self, code: &str) -> Answer<()> {
        if self.journals.insert(code.to_owned()) { Ok(()) } else { Err(refused("journal-exists")) }
    }

    fn fiscal_years(&mut self) -> Answer<Vec<FiscalYear>> {
        self.settings.as_ref().ok_or_else(|| refused("ledger-not-initialised"))?;
        Ok(self.years.clone())
    }

    fn create_fiscal_year(&mut self, year: &FiscalYear) -> Answer<()> {
        if self
            .years
            .iter()
            .any(|other| other.code == year.code || other.starts_on <= year.ends_on && year.starts_on <= other.ends_on)
        {
            return Err(refused("fiscal-year-exists"));
        }
        self.years.push(year.clone());
        self.years.sort_by_key(|year| year.starts_on);
        Ok(())
    }

    fn rate(&mut self, currency: &str, date: Date) -> Answer<Option<Decimal>> {
        let known = self.rates.iter().filter(|((code, day), _)| code == currency && *day <= date);
        Ok(known.max_by_key(|((_, day), _)| *day).map(|(_, rate)| *rate))
    }

    fn set_rates(&mut self, rates: &[Rate]) -> Answer<()> {
        self.rates.extend(rates.iter().map(|rate| ((rate.currency.clone(), rate.date), rate.rate)));
        Ok(())
    }

    fn external_ids(&mut self, first: Date, last: Date) -> Answer<Vec<String>> {
        let inside = self.entries.iter().filter(|entry| (first..=last).contains(&entry.date));
        Ok(inside.map(|entry| entry.external_id.clone()).collect())
    }

    fn post(&mut self, journal: &str, entries: &[LedgerEntry]) -> Answer<()> {
        assert!(entries.len() <= 10_000 && self.journals.contains(journal));
        let mut faults = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            self.check(entry, &format!("/entries/{index}"), &mut faults);
        }
        if !faults.is_empty() {
            let (kind, code) = (ProblemKind::Invalid, "invalid-entries".to_owned());
            return Err(Problem { kind, code, message: "the entries have faults".to_owned(), fields: faults });
        }
        self.entries.extend(entries.iter().cloned());
        Ok(())
    }

    fn balances(&mut self) -> Answer<Vec<LedgerBalance>> {
        let mut sums: BTreeMap<(&str, &str), Decimal> = BTreeMap::new();
        for line in self.entries.iter().flat_map(|entry| &entry.lines).skip(usize::from(self.loses_a_line)) {
            let sum = sums.entry((&line.account, &line.currency)).or_insert(Decimal::ZERO);
            let amount = if line.debit { line.amount } else { line.amount.checked_neg().expect("fits") };
            *sum = sum.checked_add(amount).expect("fits");
        }
        let balance = |((account, currency), balance): ((&str, &str), Decimal)| LedgerBalance {
            account: account.to_owned(),
            currency: currency.to_owned(),
            balance,
        };
        Ok(sums.into_iter().map(balance).collect())
    }

    fn progress(&mut self, done: usize, total: usize) {
        self.reports.push((done, total));
    }
}
