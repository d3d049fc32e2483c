// SPDX-License-Identifier: MIT OR Apache-2.0
//! The ledger behind `cortex:accounting`. Lists are read page by page, long ones are written in pieces.

use super::convert::{entry_to_contract, kind_to_contract, kind_to_domain, problem_to_domain};
use crate::bindings::cortex::accounting::{calendar, chart, commodities, journal, journals, rates, reports, settings};
use crate::domain::date::Date;
use crate::domain::decimal::Decimal;
use crate::domain::ledger::{
    FiscalYear, Ledger, LedgerAccount, LedgerBalance, LedgerEntry, NewAccount, NewCommodity, Problem, ProblemKind,
    Rate, Settings,
};
use cortex_sdk::types;

/// Items of a page: as many as the ledger gives at once.
const PAGE_ITEMS: u32 = 1_000;

/// Pages that are read of one list: a million items. Beyond it the ledger itself still refuses what it has already.
const PAGES_MAX: usize = 1_000;

/// Accounts created in one call.
const ACCOUNTS_PER_CALL: usize = 10_000;

/// Commodities declared in one call.
const COMMODITIES_PER_CALL: usize = 1_000;

/// Rates stored in one call.
const RATES_PER_CALL: usize = 10_000;

/// The day by which every entry is posted.
const END_OF_TIME: &str = "9999-12-31";

type Answer<T> = Result<T, Problem>;

/// The ledger of the tenant.
#[derive(Debug, Default)]
pub(super) struct Remote;

/// Reads all pages of a list.
fn all_pages<T>(
    mut page: impl FnMut(Option<&str>) -> Result<(Vec<T>, Option<String>), types::Problem>,
) -> Answer<Vec<T>> {
    let (mut all, mut cursor) = (Vec::new(), None::<String>);
    for _ in 0..PAGES_MAX {
        let (items, next) = page(cursor.as_deref()).map_err(problem_to_domain)?;
        all.extend(items);
        match next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    Ok(all)
}

/// None where the ledger does not know what was asked for.
fn found<T>(answer: Result<T, types::Problem>) -> Answer<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(problem) if problem.kind == types::ProblemKind::NotFound => Ok(None),
        Err(problem) => Err(problem_to_domain(problem)),
    }
}

fn decimal(text: &str) -> Answer<Decimal> {
    text.parse().map_err(|_| unexpected("decimal", text))
}

fn date(text: &str) -> Answer<Date> {
    text.parse().map_err(|()| unexpected("date", text))
}

fn unexpected(what: &str, text: &str) -> Problem {
    Problem::new(
        ProblemKind::Internal,
        "unexpected-answer",
        format!("the ledger answered `{text}`, which is no {what}"),
    )
}

impl Ledger for Remote {
    fn settings(&mut self) -> Answer<Option<Settings>> {
        match settings::get_settings() {
            Ok(settings) => Ok(Some(Settings {
                functional_currency: settings.functional_currency,
                per_currency: settings.balancing == settings::Balancing::PerCurrency,
            })),
            Err(problem) if problem.code == "ledger-not-initialised" => Ok(None),
            Err(problem) => Err(problem_to_domain(problem)),
        }
    }

    fn initialise(&mut self, currency: &str, journal: &str) -> Answer<()> {
        settings::initialise(&settings::LedgerSetup {
            functional_currency: currency.to_owned(),
            balancing: Some(settings::Balancing::PerCurrency),
            template: None,
            fiscal_year: None,
            journals: Some(vec![journal_input(journal)]),
        })
        .map(drop)
        .map_err(problem_to_domain)
    }

    fn decimals(&mut self, code: &str) -> Answer<Option<u8>> {
        Ok(found(commodities::get_commodity(code))?.map(|commodity| commodity.decimals))
    }

    fn create_commodities(&mut self, new: &[NewCommodity]) -> Answer<()> {
        for piece in new.chunks(COMMODITIES_PER_CALL) {
            let commodity = |new: &NewCommodity| commodities::Commodity {
                code: new.code.clone(),
                name: new.code.clone(),
                decimals: new.decimals,
            };
            commodities::create_commodities(&piece.iter().map(commodity).collect::<Vec<_>>())
                .map_err(problem_to_domain)?;
        }
        Ok(())
    }

    fn accounts(&mut self) -> Answer<Vec<LedgerAccount>> {
        let accounts = all_pages(|cursor| {
            let page = chart::list_accounts(None, None, Some(PAGE_ITEMS), cursor)?;
            Ok((page.accounts, page.page.next))
        })?;
        let account = |account: chart::Account| LedgerAccount {
            code: account.code,
            kind: kind_to_domain(account.kind),
            closed: account.closed,
        };
        Ok(accounts.into_iter().map(account).collect())
    }

    fn create_accounts(&mut self, accounts: &[NewAccount]) -> Answer<()> {
        for piece in accounts.chunks(ACCOUNTS_PER_CALL) {
            let account = |new: &NewAccount| chart::AccountInput {
                code: new.code.clone(),
                name: new.name.clone(),
                kind: kind_to_contract(new.kind),
                parent: new.parent.clone(),
                currency: None,
            };
            chart::create_accounts(&piece.iter().map(account).collect::<Vec<_>>()).map_err(problem_to_domain)?;
        }
        Ok(())
    }

    fn has_journal(&mut self, code: &str) -> Answer<bool> {
        Ok(found(journals::get_journal(code))?.is_some())
    }

    fn create_journal(&mut self, code: &str) -> Answer<()> {
        journals::create_journal(&journal_input(code)).map(drop).map_err(problem_to_domain)
    }

    fn fiscal_years(&mut self) -> Answer<Vec<FiscalYear>> {
        let years = calendar::list_fiscal_years().map_err(problem_to_domain)?;
        let year = |year: calendar::FiscalYear| {
            Ok(FiscalYear { code: year.code, starts_on: date(&year.starts_on)?, ends_on: date(&year.ends_on)? })
        };
        years.into_iter().map(year).collect()
    }

    fn create_fiscal_year(&mut self, year: &FiscalYear) -> Answer<()> {
        calendar::create_fiscal_year(&calendar::FiscalYearInput {
            code: year.code.clone(),
            starts_on: year.starts_on.to_string(),
            ends_on: Some(year.ends_on.to_string()),
            periods: None,
        })
        .map(drop)
        .map_err(problem_to_domain)
    }

    fn rate(&mut self, currency: &str, day: Date) -> Answer<Option<Decimal>> {
        found(rates::get_rate(currency, &day.to_string()))?.map(|rate| decimal(&rate.rate)).transpose()
    }

    fn set_rates(&mut self, rates: &[Rate]) -> Answer<()> {
        for piece in rates.chunks(RATES_PER_CALL) {
            let rate = |rate: &Rate| rates::ExchangeRate {
                currency: rate.currency.clone(),
                date: rate.date.to_string(),
                rate: rate.rate.to_string(),
            };
            rates::set_rates(&piece.iter().map(rate).collect::<Vec<_>>()).map_err(problem_to_domain)?;
        }
        Ok(())
    }

    fn external_ids(&mut self, first: Date, last: Date) -> Answer<Vec<String>> {
        let (first, last) = (first.to_string(), last.to_string());
        let entries = all_pages(|cursor| {
            let page = journal::list_entries(
                None,
                None,
                Some(first.as_str()),
                Some(last.as_str()),
                None,
                None,
                Some(PAGE_ITEMS),
                cursor,
            )?;
            Ok((page.entries, page.page.next))
        })?;
        Ok(entries.into_iter().filter_map(|entry| entry.external_id).collect())
    }

    fn post(&mut self, journal: &str, entries: &[LedgerEntry]) -> Answer<()> {
        let entries: Vec<_> = entries.iter().map(|entry| entry_to_contract(journal, entry)).collect();
        journal::post_many(&entries).map(drop).map_err(problem_to_domain)
    }

    fn balances(&mut self) -> Answer<Vec<LedgerBalance>> {
        let report = reports::trial_balance(None, Some(END_OF_TIME), None).map_err(problem_to_domain)?;
        let balance = |row: reports::TrialBalanceRow| {
            Ok(LedgerBalance { balance: decimal(&row.amounts.closing)?, account: row.account, currency: row.currency })
        };
        report.rows.into_iter().map(balance).collect()
    }

    fn progress(&mut self, done: usize, total: usize) {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        cortex_sdk::progress::report(number(done), Some(number(total)), "transactions");
    }
}

fn journal_input(code: &str) -> journals::JournalInput {
    let name = if code == "GJ" { "General journal" } else { code };
    journals::JournalInput { code: code.to_owned(), name: name.to_owned() }
}
