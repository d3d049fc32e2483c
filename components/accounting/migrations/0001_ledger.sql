-- SPDX-License-Identifier: MIT OR Apache-2.0
-- The ledger. Amounts and values are integers: minor units of their currency. Dates are texts that sort by time.
-- The tables entries, entry_lines and reversals are only ever inserted into: what is posted never changes.

CREATE TABLE settings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    functional_currency TEXT NOT NULL,
    balancing TEXT NOT NULL CHECK (balancing IN ('functional', 'per-currency'))
);

-- The last identifier of each kind that was given away.
CREATE TABLE identifiers (
    kind TEXT PRIMARY KEY,
    last_id INTEGER NOT NULL
);

CREATE TABLE commodities (
    code TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    decimals INTEGER NOT NULL CHECK (decimals BETWEEN 0 AND 12)
);

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('asset', 'liability', 'equity', 'income', 'expense')),
    parent TEXT,
    currency TEXT,
    closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE fiscal_years (
    code TEXT PRIMARY KEY,
    starts_on TEXT NOT NULL UNIQUE,
    ends_on TEXT NOT NULL UNIQUE,
    CHECK (starts_on <= ends_on)
);

-- entry_count is raised by each post, under the condition that the period is open: the last wall before a closed period.
CREATE TABLE periods (
    code TEXT PRIMARY KEY,
    fiscal_year TEXT NOT NULL REFERENCES fiscal_years (code),
    starts_on TEXT NOT NULL UNIQUE,
    ends_on TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'locked')),
    entry_count INTEGER NOT NULL DEFAULT 0,
    CHECK (starts_on <= ends_on)
);

CREATE TABLE journals (
    code TEXT PRIMARY KEY,
    name TEXT NOT NULL
);

-- The last number of each journal and fiscal year.
CREATE TABLE entry_numbers (
    journal TEXT NOT NULL,
    fiscal_year TEXT NOT NULL,
    last_number INTEGER NOT NULL,
    PRIMARY KEY (journal, fiscal_year)
);

CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    journal TEXT NOT NULL REFERENCES journals (code),
    fiscal_year TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    period TEXT NOT NULL REFERENCES periods (code),
    posting_date TEXT NOT NULL,
    description TEXT NOT NULL,
    document_date TEXT,
    reference TEXT,
    external_id TEXT UNIQUE,
    posted_at TEXT NOT NULL,
    posted_by TEXT NOT NULL,
    drafted_by TEXT,
    UNIQUE (journal, fiscal_year, number)
);
CREATE INDEX entries_by_date ON entries (posting_date, id);
CREATE INDEX entries_by_reference ON entries (reference);

-- side: 0 debit, 1 credit.
CREATE TABLE entry_lines (
    entry_id INTEGER NOT NULL REFERENCES entries (id),
    line_number INTEGER NOT NULL CHECK (line_number > 0),
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    posting_date TEXT NOT NULL,
    side INTEGER NOT NULL CHECK (side IN (0, 1)),
    amount INTEGER NOT NULL CHECK (amount BETWEEN 0 AND 999999999999999999),
    currency TEXT NOT NULL,
    value INTEGER NOT NULL CHECK (value BETWEEN 0 AND 999999999999999999),
    value_currency TEXT NOT NULL,
    rate TEXT,
    description TEXT,
    PRIMARY KEY (entry_id, line_number)
);
CREATE INDEX entry_lines_by_account ON entry_lines (account_id, posting_date, entry_id, line_number);

-- What lines belong to beside their accounts. Most lines have none.
CREATE TABLE line_dimensions (
    entry_id INTEGER NOT NULL,
    line_number INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (entry_id, line_number, name),
    FOREIGN KEY (entry_id, line_number) REFERENCES entry_lines (entry_id, line_number)
);
CREATE INDEX line_dimensions_by_value ON line_dimensions (name, value, entry_id);

CREATE TABLE reversals (
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id),
    reversal_id INTEGER NOT NULL UNIQUE REFERENCES entries (id)
);

CREATE TABLE drafts (
    id INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    journal TEXT NOT NULL,
    posting_date TEXT NOT NULL,
    description TEXT NOT NULL,
    document_date TEXT,
    reference TEXT,
    external_id TEXT,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    updated_by TEXT NOT NULL
);

CREATE TABLE draft_lines (
    draft_id INTEGER NOT NULL,
    line_number INTEGER NOT NULL,
    account TEXT NOT NULL,
    side INTEGER NOT NULL CHECK (side IN (0, 1)),
    amount TEXT NOT NULL,
    currency TEXT,
    rate TEXT,
    value TEXT,
    value_currency TEXT,
    description TEXT,
    PRIMARY KEY (draft_id, line_number)
);

-- As they were given, faulty as they may be: a name may occur twice.
CREATE TABLE draft_line_dimensions (
    draft_id INTEGER NOT NULL,
    line_number INTEGER NOT NULL,
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (draft_id, line_number, place)
);

CREATE TABLE rates (
    currency TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    rate TEXT NOT NULL,
    PRIMARY KEY (currency, valid_from)
);

-- Maintained balances: sums by day and by month ('2026-03'). A balance at the end of a day is the months before it and the
-- days of its own month. The CHECKs stop a sum long before 64 bits overflow.
CREATE TABLE balances_daily (
    posting_date TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    currency TEXT NOT NULL,
    value_currency TEXT NOT NULL,
    debit INTEGER NOT NULL CHECK (debit BETWEEN 0 AND 4000000000000000000),
    credit INTEGER NOT NULL CHECK (credit BETWEEN 0 AND 4000000000000000000),
    value_debit INTEGER NOT NULL CHECK (value_debit BETWEEN 0 AND 4000000000000000000),
    value_credit INTEGER NOT NULL CHECK (value_credit BETWEEN 0 AND 4000000000000000000),
    PRIMARY KEY (posting_date, account_id, currency, value_currency)
);

CREATE TABLE balances_monthly (
    account_id INTEGER NOT NULL,
    month TEXT NOT NULL,
    currency TEXT NOT NULL,
    value_currency TEXT NOT NULL,
    debit INTEGER NOT NULL CHECK (debit BETWEEN 0 AND 4000000000000000000),
    credit INTEGER NOT NULL CHECK (credit BETWEEN 0 AND 4000000000000000000),
    value_debit INTEGER NOT NULL CHECK (value_debit BETWEEN 0 AND 4000000000000000000),
    value_credit INTEGER NOT NULL CHECK (value_credit BETWEEN 0 AND 4000000000000000000),
    PRIMARY KEY (account_id, month, currency, value_currency)
);
