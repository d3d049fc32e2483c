// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an import needs of the ledger, in the domain's own words. The shell implements it with `cortex:accounting`; tests
//! implement it in memory.

use super::date::Date;
use super::decimal::Decimal;
use super::journal::Kind;

/// The class of a refusal, as in `cortex:types`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The input breaks a rule.
    Invalid,
    /// What is named does not exist.
    NotFound,
    /// The state of what exists forbids it.
    Conflict,
    /// The caller may not.
    Denied,
    /// A limit is exceeded.
    LimitExceeded,
    /// Something cannot answer now.
    Unavailable,
    /// A defect.
    Internal,
}

/// A fault at a place of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// A JSON Pointer.
    pub path: String,
    /// What, for programs.
    pub code: String,
    /// What, for people.
    pub message: String,
}

/// Why something was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The class.
    pub kind: ProblemKind,
    /// What, for programs.
    pub code: String,
    /// What, for people.
    pub message: String,
    /// The faults by place.
    pub fields: Vec<FieldProblem>,
}

impl Problem {
    /// A refusal without places.
    #[must_use]
    pub fn new(kind: ProblemKind, code: &str, message: impl Into<String>) -> Self {
        Self { kind, code: code.to_owned(), message: message.into(), fields: Vec::new() }
    }
}

/// What holds for the ledger as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The currency of the books.
    pub functional_currency: String,
    /// Whether entries balance in each currency by itself; otherwise in the functional currency only.
    pub per_currency: bool,
}

/// An account that the ledger has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerAccount {
    /// Its code.
    pub code: String,
    /// Its kind.
    pub kind: Kind,
    /// Whether it takes no entries.
    pub closed: bool,
}

/// An account to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// Its code: the full name.
    pub code: String,
    /// Its name: the last part of the full name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// The account above it, where that has the same kind.
    pub parent: Option<String>,
}

/// A commodity to declare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCommodity {
    /// Its code.
    pub code: String,
    /// The decimals of its amounts.
    pub decimals: u8,
}

/// A fiscal year that the ledger has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiscalYear {
    /// Its code.
    pub code: String,
    /// Its first day.
    pub starts_on: Date,
    /// Its last day.
    pub ends_on: Date,
}

/// An exchange rate into the functional currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// What is valued.
    pub currency: String,
    /// The first day on which it holds.
    pub date: Date,
    /// The value of one unit.
    pub rate: Decimal,
}

/// A line to post. It is a debit if `debit`; amounts are not negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryLine {
    /// The account's code.
    pub account: String,
    /// Whether it stands on the debit side.
    pub debit: bool,
    /// The amount, with the currency's decimals.
    pub amount: Decimal,
    /// The currency of the amount.
    pub currency: String,
    /// The value and its currency, where it is not the amount itself.
    pub value: Option<(Decimal, String)>,
    /// What the line says beyond the entry.
    pub description: Option<String>,
}

/// An entry to post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The line of its transaction in the text.
    pub text_line: u32,
    /// The places in the text that its lines come from: line and column.
    pub places: Vec<super::fault::Place>,
    /// The posting date.
    pub date: Date,
    /// What happened.
    pub description: String,
    /// The date of the document.
    pub document_date: Option<Date>,
    /// The number of the document.
    pub reference: Option<String>,
    /// The identifier by which it is known again.
    pub external_id: String,
    /// The lines.
    pub lines: Vec<EntryLine>,
}

/// A balance of the ledger, debit minus credit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerBalance {
    /// The account.
    pub account: String,
    /// The currency.
    pub currency: String,
    /// How much.
    pub balance: Decimal,
}

type Answer<T> = Result<T, Problem>;

/// The ledger. Every method is one question or one order; what it refuses, it refuses with a [`Problem`].
#[expect(clippy::missing_errors_doc, reason = "each fails with the ledger's own refusal")]
pub trait Ledger {
    /// The settings; none where the ledger is not initialised.
    fn settings(&mut self) -> Answer<Option<Settings>>;
    /// Sets the ledger up, balancing per currency, with one journal.
    fn initialise(&mut self, currency: &str, journal: &str) -> Answer<()>;
    /// The decimals of a currency; none where it is not known.
    fn decimals(&mut self, code: &str) -> Answer<Option<u8>>;
    /// Declares commodities.
    fn create_commodities(&mut self, commodities: &[NewCommodity]) -> Answer<()>;
    /// All accounts.
    fn accounts(&mut self) -> Answer<Vec<LedgerAccount>>;
    /// Creates accounts, each parent before its children.
    fn create_accounts(&mut self, accounts: &[NewAccount]) -> Answer<()>;
    /// Whether there is such a journal.
    fn has_journal(&mut self, code: &str) -> Answer<bool>;
    /// Creates a journal.
    fn create_journal(&mut self, code: &str) -> Answer<()>;
    /// All fiscal years, in order of time.
    fn fiscal_years(&mut self) -> Answer<Vec<FiscalYear>>;
    /// Creates a fiscal year of monthly periods.
    fn create_fiscal_year(&mut self, year: &FiscalYear) -> Answer<()>;
    /// The stored rate that holds on a day.
    fn rate(&mut self, currency: &str, date: Date) -> Answer<Option<Decimal>>;
    /// Stores rates.
    fn set_rates(&mut self, rates: &[Rate]) -> Answer<()>;
    /// The external identifiers of the entries between two days, both included.
    fn external_ids(&mut self, first: Date, last: Date) -> Answer<Vec<String>>;
    /// Posts entries to a journal, all or none.
    fn post(&mut self, journal: &str, entries: &[LedgerEntry]) -> Answer<()>;
    /// All balances that are not zero.
    fn balances(&mut self) -> Answer<Vec<LedgerBalance>>;
    /// Tells the waiting user how far the import has come.
    fn progress(&mut self, done: usize, total: usize);
}
