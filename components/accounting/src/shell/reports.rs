// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex:accounting/reports`.

use super::contract::reports::{
    BalanceSheetReport, CurrencyBalance, GeneralLedgerReport, Guest, LedgerLine, Movement, ProfitAndLossReport,
    TrialBalanceReport, TrialBalanceRow, TrialBalanceTotal,
};
use super::convert::{dimensions, page, unsigned};
use super::{Platform, Problem, statements};
use crate::Component;
use crate::domain::decimal::format_minor;
use crate::domain::trial_balance;
use crate::service::reports::{self, AccountBalance, Days};
use crate::service::settings::require;
use crate::service::{Decimals, statements as operations};
use crate::store;
use crate::store::lines::AccountLine;

fn movement(movement: &trial_balance::Movement, decimals: u32) -> Movement {
    let text = |minor| format_minor(minor, decimals);
    Movement {
        opening: text(movement.opening),
        debit: text(movement.debit),
        credit: text(movement.credit),
        closing: text(movement.closing()),
    }
}

fn balance(row: AccountBalance, decimals: &Decimals) -> CurrencyBalance {
    CurrencyBalance {
        balance: format_minor(row.balance, decimals.of(&row.currency)),
        currency: row.currency,
        value: format_minor(row.value, decimals.of(&row.value_currency)),
        value_currency: row.value_currency,
    }
}

fn ledger_line((line, after): (AccountLine, AccountBalance), decimals: &Decimals) -> LedgerLine {
    LedgerLine {
        entry: unsigned(line.place.entry),
        journal: line.journal,
        fiscal_year: line.fiscal_year,
        number: u32::try_from(line.number).unwrap_or(u32::MAX),
        line: u32::try_from(line.place.line).unwrap_or_default(),
        date: line.place.date.to_string(),
        description: line.description,
        reference: line.reference,
        side: line.side.into(),
        amount: format_minor(line.amount.into(), decimals.of(&line.currency)),
        currency: line.currency,
        value: format_minor(line.value.into(), decimals.of(&line.value_currency)),
        value_currency: line.value_currency,
        dimensions: dimensions(line.dimensions),
        balance: balance(after, decimals),
    }
}

impl Guest for Component {
    fn trial_balance(
        from_date: Option<String>,
        as_of: Option<String>,
        period: Option<String>,
    ) -> Result<TrialBalanceReport, Problem> {
        require(&mut Platform)?;
        let span = reports::span(&mut Platform, &Days { from_date, as_of, period })?;
        let accounts = store::accounts::all(&mut Platform)?;
        let built = reports::trial_balance(&mut Platform, span, &accounts)?;
        let decimals = reports::decimals_of(&mut Platform, &built)?;
        let row = |row: trial_balance::Row<'_>| TrialBalanceRow {
            account: row.account.code.clone(),
            name: row.account.name.clone(),
            kind: row.account.kind.into(),
            amounts: movement(&row.amounts, decimals.of(&row.currency)),
            currency: row.currency,
            values: movement(&row.values, decimals.of(&row.value_currency)),
            value_currency: row.value_currency,
        };
        let total = |(currency, values): (String, trial_balance::Movement)| {
            let values = movement(&values, decimals.of(&currency));
            TrialBalanceTotal { currency, values }
        };
        Ok(TrialBalanceReport {
            from_date: span.from.map(|date| date.to_string()),
            to_date: span.to.to_string(),
            rows: built.rows.into_iter().map(row).collect(),
            totals: built.totals.into_iter().map(total).collect(),
        })
    }

    fn account_balance(account: String, as_of: Option<String>) -> Result<Vec<CurrencyBalance>, Problem> {
        let (balances, decimals) = reports::account_balance(&mut Platform, &account, as_of.as_deref())?;
        Ok(balances.into_iter().map(|row| balance(row, &decimals)).collect())
    }

    fn general_ledger(
        account: String,
        from_date: Option<String>,
        as_of: Option<String>,
        period: Option<String>,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<GeneralLedgerReport, Problem> {
        let days = Days { from_date, as_of, period };
        let ledger = reports::general_ledger(&mut Platform, &account, &days, limit, cursor.as_deref())?;
        let decimals = ledger.decimals;
        let balances = |rows: Vec<AccountBalance>| rows.into_iter().map(|row| balance(row, &decimals)).collect();
        Ok(GeneralLedgerReport {
            account: ledger.account.code,
            name: ledger.account.name,
            kind: ledger.account.kind.into(),
            from_date: ledger.span.from.map(|date| date.to_string()),
            to_date: ledger.span.to.to_string(),
            opening: balances(ledger.opening),
            lines: ledger.lines.into_iter().map(|line| ledger_line(line, &decimals)).collect(),
            closing: balances(ledger.closing),
            page: page(ledger.next),
        })
    }

    fn profit_and_loss(
        from_date: Option<String>,
        as_of: Option<String>,
        period: Option<String>,
    ) -> Result<ProfitAndLossReport, Problem> {
        let days = Days { from_date, as_of, period };
        Ok(statements::profit_and_loss(operations::profit_and_loss(&mut Platform, &days)?))
    }

    fn balance_sheet(as_of: Option<String>, period: Option<String>) -> Result<BalanceSheetReport, Problem> {
        Ok(statements::balance_sheet(operations::balance_sheet(
            &mut Platform,
            &Days { from_date: None, as_of, period },
        )?))
    }
}
