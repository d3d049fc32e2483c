// SPDX-License-Identifier: MIT OR Apache-2.0
//! The statements of `cortex:accounting/reports`.

use super::contract::reports::{
    BalanceSheetReport, ProfitAndLossReport, StatementRow, StatementRowKind, StatementSection,
};
use super::convert::amounts;
use crate::domain::decimal::format_minor;
use crate::domain::statement::{self, Section};
use crate::service::Decimals;
use crate::service::statements::{BalanceSheet, ProfitAndLoss};

fn row(row: statement::StatementRow, decimals: &Decimals) -> StatementRow {
    let places = decimals.of(&row.currency);
    let kind = match row.kind {
        statement::RowKind::Account => StatementRowKind::Account,
        statement::RowKind::EarlierYearsResult => StatementRowKind::EarlierYearsResult,
        statement::RowKind::CurrentYearResult => StatementRowKind::CurrentYearResult,
    };
    StatementRow {
        kind,
        account: row.account,
        name: row.name,
        level: row.level,
        currency: row.currency,
        amount: format_minor(row.amount, places),
        total: format_minor(row.total, places),
    }
}

fn section(section: Section, decimals: &Decimals) -> StatementSection {
    StatementSection {
        rows: section.rows.into_iter().map(|item| row(item, decimals)).collect(),
        totals: amounts(section.totals, decimals),
    }
}

/// A profit and loss statement with its amounts as decimals.
pub(super) fn profit_and_loss(report: ProfitAndLoss) -> ProfitAndLossReport {
    let decimals = report.decimals;
    ProfitAndLossReport {
        from_date: report.from.to_string(),
        to_date: report.to.to_string(),
        income: section(report.income, &decimals),
        expenses: section(report.expenses, &decimals),
        profit: amounts(report.profit, &decimals),
    }
}

/// A balance sheet with its amounts as decimals.
pub(super) fn balance_sheet(report: BalanceSheet) -> BalanceSheetReport {
    let decimals = report.decimals;
    BalanceSheetReport {
        as_of: report.as_of.to_string(),
        assets: section(report.assets, &decimals),
        liabilities: section(report.liabilities, &decimals),
        equity: section(report.equity, &decimals),
        liabilities_and_equity: amounts(report.liabilities_and_equity, &decimals),
    }
}
