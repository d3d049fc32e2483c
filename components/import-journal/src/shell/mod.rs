// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the host calls: options and reports in the contract's types and in the domain's.

mod convert;
mod remote;

use crate::Component;
use crate::bindings::exports::cortex::import_journal::importer::{
    CommodityTotal, Created, Creation, Guest, ImportOptions, Report,
};
use crate::domain::{importer, options, report};
use convert::{kind_to_domain, problem_to_contract};
use cortex_sdk::Problem;
use remote::Remote;

impl Guest for Component {
    fn check(text: String, options: Option<ImportOptions>) -> Result<Report, Problem> {
        cortex_sdk::log_panics();
        let options = checked(options)?;
        importer::check(&text, &options, &mut Remote).map(report_to_contract).map_err(problem_to_contract)
    }

    fn import(text: String, options: Option<ImportOptions>) -> Result<Report, Problem> {
        cortex_sdk::log_panics();
        let options = checked(options)?;
        let report = importer::import(&text, &options, &mut Remote).map_err(problem_to_contract)?;
        cortex_sdk::info!(
            "imported a journal";
            source = options.source, transactions = report.transactions, accounts = report.created.accounts
        );
        Ok(report_to_contract(report))
    }
}

fn checked(options: Option<ImportOptions>) -> Result<options::Options, Problem> {
    let raw = options.map(options_to_domain).unwrap_or_default();
    raw.check().map_err(problem_to_contract)
}

/// Whether a flag is set.
fn has(flags: Creation, flag: Creation) -> bool {
    flags.bits() & flag.bits() != 0
}

fn options_to_domain(options: ImportOptions) -> options::RawOptions {
    let types = options.account_types.unwrap_or_default().into_iter();
    let commodities = options.commodities.unwrap_or_default().into_iter();
    options::RawOptions {
        journal: options.journal,
        source: options.source,
        default_year: options.default_year,
        account_types: types.map(|declared| (declared.account, kind_to_domain(declared.kind))).collect(),
        commodities: commodities.map(|mapping| (mapping.symbol, mapping.commodity)).collect(),
        initialise: options.initialise,
        create: options.create.map(|create| options::Creation {
            accounts: has(create, Creation::ACCOUNTS),
            commodities: has(create, Creation::COMMODITIES),
            fiscal_years: has(create, Creation::FISCAL_YEARS),
            journal: has(create, Creation::JOURNAL),
        }),
        store_prices: options.store_prices,
    }
}

fn report_to_contract(report: report::Report) -> Report {
    let total = |total: report::CommodityTotal| CommodityTotal {
        symbol: total.symbol,
        commodity: total.commodity,
        lines: total.lines,
        debit: total.debit.to_string(),
        credit: total.credit.to_string(),
    };
    Report {
        transactions: report.transactions,
        lines: report.lines,
        assertions: report.assertions,
        first_date: report.first_date.map(|date| date.to_string()),
        last_date: report.last_date.map(|date| date.to_string()),
        totals: report.totals.into_iter().map(total).collect(),
        created: Created {
            ledger: report.created.ledger,
            journal: report.created.journal,
            accounts: report.created.accounts,
            commodities: report.created.commodities,
            fiscal_years: report.created.fiscal_years,
            rates: report.created.rates,
        },
        verified_balances: report.verified_balances,
        warnings: report.warnings,
    }
}
