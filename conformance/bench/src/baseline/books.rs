// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules between the statements, the same for both ledgers by hand, and the empty books that they begin with.

use super::entry::{Side, Valued};
use super::{Refusal, sql};
use crate::ledger;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::Path;

/// A row of [`sql::PERIODS`].
pub(crate) type PeriodRow = (String, String, String, String, String);

/// A row of [`sql::ACCOUNTS`].
pub(crate) type AccountRow = (i64, String, String, String, Option<String>, Option<String>, i64, i64);

/// What an entry adds to the balance of an account.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    pub(crate) debit: i64,
    pub(crate) credit: i64,
}

/// An entry with what the database said.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The period, and its fiscal year.
    pub(crate) period: (String, String),
    /// The keys of the accounts, line by line.
    pub(crate) accounts: Vec<i64>,
    /// What is added, by account.
    pub(crate) sums: BTreeMap<i64, Sums>,
    /// When it is posted.
    pub(crate) posted_at: String,
}

/// The codes for [`sql::ACCOUNTS`]: each once, filled up by repeating the last.
pub(crate) fn codes(entry: &Valued) -> Result<Vec<&str>, Refusal> {
    let mut codes: Vec<&str> = entry.lines.iter().map(|line| line.account.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let last = *codes.last().ok_or("an entry without lines")?;
    if codes.len() > sql::ACCOUNTS_ASKED {
        return Err("the benchmark's ledger takes four accounts at the most".to_owned());
    }
    codes.resize(sql::ACCOUNTS_ASKED, last);
    Ok(codes)
}

impl Plan {
    /// What can be checked with what the database said.
    pub(crate) fn check(
        entry: &Valued,
        journals: &[(String, String)],
        periods: Vec<PeriodRow>,
        accounts: &[AccountRow],
    ) -> Result<Self, Refusal> {
        if !journals.iter().any(|(code, _)| *code == entry.journal) {
            return Err("the journal is unknown".to_owned());
        }
        let Some((period, fiscal_year, .., state)) = periods.into_iter().next() else {
            return Err("the date lies in no period".to_owned());
        };
        if state != "open" {
            return Err("the period is closed".to_owned());
        }
        let mut sums: BTreeMap<i64, Sums> = BTreeMap::new();
        let mut keys = Vec::with_capacity(entry.lines.len());
        for line in &entry.lines {
            let account = accounts.iter().find(|account| account.1 == line.account).ok_or("an account is unknown")?;
            if account.6 != 0 {
                return Err("an account is closed".to_owned());
            }
            let sums = sums.entry(account.0).or_default();
            let sum = if line.side == Side::Debit { &mut sums.debit } else { &mut sums.credit };
            *sum = sum.checked_add(line.amount).ok_or("the amounts are too large")?;
            keys.push(account.0);
        }
        let posted_at = jiff::Timestamp::now().to_string();
        Ok(Self { period: (period, fiscal_year), accounts: keys, sums, posted_at })
    }
}

/// Makes a database file with the books of [`ledger`].
pub(crate) fn create(file: &Path) -> Result<()> {
    let mut connection = rusqlite::Connection::open(file)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(sql::SCHEMA)?;
    transaction.execute("INSERT INTO settings VALUES (1, ?1, 'functional')", [ledger::CURRENCY])?;
    transaction.execute("INSERT INTO journals VALUES (?1, 'General journal')", [ledger::JOURNAL])?;
    for year in ledger::YEARS {
        let days = [year.to_owned(), format!("{year}-01-01"), format!("{year}-12-31")];
        transaction.execute("INSERT INTO fiscal_years VALUES (?1, ?2, ?3)", days)?;
        for (code, first, last) in ledger::months(year) {
            let values = [code.as_str(), year, &first, &last];
            transaction.execute("INSERT INTO periods VALUES (?1, ?2, ?3, ?4, 'open', 0)", values)?;
        }
    }
    for (number, kind) in (0..ledger::ACCOUNTS).zip(ledger::KINDS.iter().cycle()) {
        let (code, name) = (ledger::account(number), format!("Account number {number}"));
        transaction.execute("INSERT INTO accounts (code, name, kind) VALUES (?1, ?2, ?3)", (code, name, kind))?;
    }
    transaction.execute("INSERT INTO identifiers VALUES ('account', ?1)", [i64::try_from(ledger::ACCOUNTS)?])?;
    transaction.commit()?;
    Ok(())
}
