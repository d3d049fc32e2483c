// SPDX-License-Identifier: MIT OR Apache-2.0
//! What one import may hold. Each limit has a sentence on why it has this value; exceeding one is a fault of the input that
//! names the limit. It does not limit time or memory: the host does.

/// Bytes of the whole text: twenty years of a busy company, and what the host hands over in one argument.
pub const TEXT_BYTES_MAX: usize = 32 << 20;

/// Bytes of one line: far more than any person writes; a file without line ends is no journal.
pub const LINE_BYTES_MAX: usize = 16 << 10;

/// Transactions of one import: it is one unit of work, and other writers of the tenant wait for its end.
pub const TRANSACTIONS_MAX: usize = 200_000;

/// Postings of one transaction, elided amounts written out: as many as the ledger takes in one entry.
pub const POSTINGS_MAX: usize = 1_000;

/// Different accounts of one import.
pub const ACCOUNTS_MAX: usize = 20_000;

/// Different commodities of one import: the papers of a large portfolio fit.
pub const COMMODITIES_MAX: usize = 2_000;

/// Aliases in force at one time: each account name of the file passes through all of them.
pub const ALIASES_MAX: usize = 100;

/// Depth of `apply account` blocks; account names grow with each.
pub const APPLIED_ACCOUNTS_MAX: usize = 16;

/// Characters of an account's full name, aliases applied: as many as a code of the ledger's accounts has.
pub const ACCOUNT_CHARACTERS_MAX: usize = 200;

/// Faults reported together: a person mends some, and imports again. What follows is counted no further.
pub const FAULTS_MAX: usize = 100;

/// Warnings of one kind reported singly; the rest is one line with their number.
pub const WARNINGS_PER_KIND_MAX: usize = 20;

/// Characters of the user's text that a message repeats.
pub const QUOTE_CHARACTERS_MAX: usize = 60;

/// Entries posted in one call: progress is reported after each, and the call's arguments stay within two megabytes.
pub const BATCH_ENTRIES_MAX: usize = 500;

/// Lines posted in one call, for entries with many.
pub const BATCH_LINES_MAX: usize = 5_000;

/// Characters of a description in the ledger.
pub const DESCRIPTION_CHARACTERS_MAX: usize = 500;

/// Characters of a document's number in the ledger.
pub const REFERENCE_CHARACTERS_MAX: usize = 100;

/// Bytes of an account's name on its way through the aliases: one that doubles at each would not stop by itself. What is longer
/// than an account's name may be, a later alias can still shorten.
pub const RENAMED_BYTES_MAX: usize = 4 << 10;

/// Work that the regular expressions of aliases may do on the names of one text, in bytes of compiled expression times bytes of
/// name: some seconds. A thousand names through a hundred simple expressions are a tenth of it.
pub const ALIAS_WORK_MAX: u64 = 10_000_000_000;

/// Digits of an amount or value in the ledger, those after the point included.
pub const AMOUNT_DIGITS_MAX: u32 = 18;

/// Characters of a commodity's code in the ledger.
pub const COMMODITY_CHARACTERS_MAX: usize = 32;

/// Decimals that a commodity of the ledger can have.
pub const DECIMALS_MAX: u8 = 12;

/// Characters of the option `source`: with the digest of a transaction it fits an external identifier of the ledger.
pub const SOURCE_CHARACTERS_MAX: usize = 40;

/// Commodities mapped and account types given by options.
pub const OPTION_ITEMS_MAX: usize = 1_000;

/// Fiscal years that one import creates: a lifetime of books; a date far off is a typing error.
pub const FISCAL_YEARS_MAX: usize = 100;
