// SPDX-License-Identifier: MIT OR Apache-2.0
//! The statements of a post: those of `components/accounting/src/store`, in the order in which the component runs them for
//! an entry without external identifier in the functional currency. The tables are those of its migration.

/// The component's tables.
pub(crate) const SCHEMA: &str = include_str!("../../../../components/accounting/migrations/0001_ledger.sql");

/// The settings.
pub(crate) const SETTINGS: &str = "SELECT functional_currency, balancing FROM settings";

/// The journal.
pub(crate) const JOURNALS: &str = "SELECT code, name FROM journals WHERE code IN (?1)";

/// The period of a date.
pub(crate) const PERIODS: &str = "SELECT code, fiscal_year, starts_on, ends_on, state FROM periods \
    WHERE ends_on >= ?1 AND starts_on <= ?2 ORDER BY starts_on";

/// The accounts of three lines; the component fills the list up to a power of two by repeating the last.
pub(crate) const ACCOUNTS: &str =
    "SELECT id, code, name, kind, parent, currency, closed, version FROM accounts WHERE code IN (?1, ?2, ?3, ?4)";

/// How many accounts [`ACCOUNTS`] asks for.
pub(crate) const ACCOUNTS_ASKED: usize = 4;

/// Counts the entry in its period, which must be open.
pub(crate) const COUNT: &str = "UPDATE periods SET entry_count = entry_count + ?2 WHERE code = ?1 AND state = 'open'";

/// Adds to the balance of a day.
pub(crate) const DAILY: &str = "INSERT INTO balances_daily (posting_date, account_id, currency, value_currency, debit, \
    credit, value_debit, value_credit) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
    ON CONFLICT (posting_date, account_id, currency, value_currency) DO UPDATE SET \
    debit = debit + excluded.debit, credit = credit + excluded.credit, \
    value_debit = value_debit + excluded.value_debit, value_credit = value_credit + excluded.value_credit";

/// Adds to the balance of a month.
pub(crate) const MONTHLY: &str = "INSERT INTO balances_monthly (month, account_id, currency, value_currency, debit, \
    credit, value_debit, value_credit) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
    ON CONFLICT (month, account_id, currency, value_currency) DO UPDATE SET \
    debit = debit + excluded.debit, credit = credit + excluded.credit, \
    value_debit = value_debit + excluded.value_debit, value_credit = value_credit + excluded.value_credit";

/// Takes a number of the journal in the fiscal year.
pub(crate) const NUMBER: &str = "INSERT INTO entry_numbers (journal, fiscal_year, last_number) VALUES (?1, ?2, ?3) \
    ON CONFLICT (journal, fiscal_year) DO UPDATE SET last_number = last_number + excluded.last_number \
    RETURNING last_number";

/// Takes an identifier.
pub(crate) const IDENTIFIER: &str = "INSERT INTO identifiers (kind, last_id) VALUES (?1, ?2) \
    ON CONFLICT (kind) DO UPDATE SET last_id = last_id + excluded.last_id RETURNING last_id";

/// Writes the entry.
pub(crate) const ENTRY: &str = "INSERT INTO entries (id, journal, fiscal_year, number, period, posting_date, description, \
    document_date, reference, external_id, posted_at, posted_by) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

/// Writes a line.
pub(crate) const LINE: &str = "INSERT INTO entry_lines (entry_id, line_number, account_id, posting_date, side, amount, \
    currency, value, value_currency, rate, description) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
