// SPDX-License-Identifier: MIT OR Apache-2.0
//! Entries: what the caller gives, and what may be posted. A [`Checked`] entry is balanced, in an open period, on open accounts; it
//! is made by [`check`] and by [`Checked::reversal`] only.

use super::books::Books;
use super::calendar::{Period, PeriodState, check_date};
use super::date::Date;
use super::dimension::{self, Dimension};
use super::problem::{At, Faults, quote};
use super::text::{DESCRIPTION_CHARACTERS_MAX, REFERENCE_CHARACTERS_MAX, check_name, check_text};
use super::valuation;

/// Lines of one entry: the payroll of a large firm; more are several entries.
pub(crate) const LINES_MAX: usize = 1_000;

/// Characters of a code or number in a draft: no valid one is longer.
const DRAFT_FIELD_CHARACTERS_MAX: usize = 200;

/// The side of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The left side.
    Debit,
    /// The right side.
    Credit,
}

impl Side {
    /// The other side.
    pub(crate) const fn opposite(self) -> Self {
        match self {
            Self::Debit => Self::Credit,
            Self::Credit => Self::Debit,
        }
    }

    /// An amount on this side as a signed number, debit positive.
    pub(crate) const fn signed(self, amount: i64) -> i64 {
        match self {
            Self::Debit => amount,
            Self::Credit => -amount,
        }
    }
}

/// A line as the caller gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineInput {
    /// The account's code.
    pub(crate) account: String,
    /// The side.
    pub(crate) side: Side,
    /// The amount.
    pub(crate) amount: String,
    /// The currency of the amount.
    pub(crate) currency: Option<String>,
    /// The value of one unit.
    pub(crate) rate: Option<String>,
    /// The value of the amount.
    pub(crate) value: Option<String>,
    /// The currency of rate and value.
    pub(crate) value_currency: Option<String>,
    /// What the line says.
    pub(crate) description: Option<String>,
    /// What it belongs to beside its account.
    pub(crate) dimensions: Vec<Dimension>,
}

/// An entry as the caller gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryInput {
    /// The journal.
    pub(crate) journal: String,
    /// The posting date.
    pub(crate) date: String,
    /// What happened.
    pub(crate) description: String,
    /// The date of the document.
    pub(crate) document_date: Option<String>,
    /// The number of the document.
    pub(crate) reference: Option<String>,
    /// The caller's own identifier.
    pub(crate) external_id: Option<String>,
    /// The lines.
    pub(crate) lines: Vec<LineInput>,
}

/// A line that may be posted. Amount and value are not negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The account's key in the database.
    pub(crate) account_id: i64,
    /// The account's code.
    pub(crate) account: String,
    /// The side.
    pub(crate) side: Side,
    /// Minor units of `currency`.
    pub(crate) amount: i64,
    /// The currency of the amount.
    pub(crate) currency: String,
    /// Minor units of `value_currency`.
    pub(crate) value: i64,
    /// The currency of the value.
    pub(crate) value_currency: String,
    /// The rate that made the value, as it was given.
    pub(crate) rate: Option<String>,
    /// What the line says.
    pub(crate) description: Option<String>,
    /// What it belongs to beside its account, by name.
    pub(crate) dimensions: Vec<Dimension>,
}

/// An entry that may be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The journal.
    pub(crate) journal: String,
    /// The posting date.
    pub(crate) date: Date,
    /// The period of the posting date.
    pub(crate) period: String,
    /// The fiscal year of the posting date.
    pub(crate) fiscal_year: String,
    /// What happened.
    pub(crate) description: String,
    /// The date of the document.
    pub(crate) document_date: Option<Date>,
    /// The number of the document.
    pub(crate) reference: Option<String>,
    /// The caller's own identifier.
    pub(crate) external_id: Option<String>,
    /// Who last changed the draft that it comes from.
    pub(crate) drafted_by: Option<String>,
    lines: Vec<Line>,
}

impl Checked {
    /// The lines: balanced in every value currency.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The opposite of posted lines, on a day whose period was found open: every amount on the other side.
    pub(crate) fn reversal(
        journal: String,
        description: String,
        reference: Option<String>,
        day: (Date, &Period),
        posted: Vec<Line>,
    ) -> Self {
        let (date, period) = day;
        let lines = posted.into_iter().map(|line| Line { side: line.side.opposite(), ..line }).collect();
        let (period, fiscal_year) = (period.code.clone(), period.fiscal_year.clone());
        Self {
            journal,
            date,
            period,
            fiscal_year,
            description,
            document_date: None,
            reference,
            external_id: None,
            drafted_by: None,
            lines,
        }
    }
}

/// Checks an entry. None where a fault was found; every fault is noted.
pub(crate) fn check(input: &EntryInput, books: &Books, at: &At<'_>, faults: &mut Faults) -> Option<Checked> {
    let before = faults.count();
    check_texts(input, at, faults);
    if !books.journals.contains(&input.journal) {
        let message = format!("there is no journal {}; create it with `create-journal`", quote(&input.journal));
        faults.invalid(&at.key("journal"), "unknown-journal", message);
    }
    let document_date =
        input.document_date.as_ref().and_then(|date| check_date(date, &at.key("document_date"), faults));
    let day = check_date(&input.date, &at.key("date"), faults)
        .and_then(|date| check_period(date, books, &at.key("date"), faults).map(|period| (date, period)));
    let date = day.map(|(date, _)| date);
    let lines = valuation::check_lines(&input.lines, date, books, &at.key("lines"), faults);
    if faults.count() > before {
        return None;
    }
    let (date, period) = day?;
    Some(Checked {
        journal: input.journal.clone(),
        date,
        period: period.code.clone(),
        fiscal_year: period.fiscal_year.clone(),
        description: input.description.clone(),
        document_date,
        reference: input.reference.clone(),
        external_id: input.external_id.clone(),
        drafted_by: None,
        lines: lines?,
    })
}

/// Finds the period of a posting date; a fault where there is none or where it takes no entry.
pub(crate) fn check_period<'a>(date: Date, books: &'a Books, at: &At<'_>, faults: &mut Faults) -> Option<&'a Period> {
    let Some(period) = books.period(date) else {
        faults.invalid(
            at,
            "no-period",
            format!("`{date}` lies in no fiscal year; create one with `create-fiscal-year`"),
        );
        return None;
    };
    let (code, message) = match period.state {
        PeriodState::Open => return Some(period),
        PeriodState::Closed => {
            ("period-closed", format!("`{date}` lies in the period {}, which is closed", quote(&period.code)))
        }
        PeriodState::Locked => {
            ("period-locked", format!("`{date}` lies in the period {}, which is locked for good", quote(&period.code)))
        }
    };
    faults.conflict(at, code, message);
    None
}

/// Checks what a draft must keep to, faulty as it may be otherwise: texts of a bounded length, without control characters.
pub(crate) fn check_draft(input: &EntryInput, at: &At<'_>, faults: &mut Faults) {
    check_texts(input, at, faults);
    let short = |text: &str, at: &At<'_>, faults: &mut Faults| check_text(text, DRAFT_FIELD_CHARACTERS_MAX, at, faults);
    short(&input.journal, &at.key("journal"), faults);
    short(&input.date, &at.key("date"), faults);
    short(input.document_date.as_deref().unwrap_or_default(), &at.key("document_date"), faults);
    let lines = at.key("lines");
    for (index, line) in input.lines.iter().take(LINES_MAX).enumerate() {
        let at = lines.item(index);
        short(&line.account, &at.key("account"), faults);
        short(&line.amount, &at.key("amount"), faults);
        let optional = [
            ("currency", &line.currency),
            ("rate", &line.rate),
            ("value", &line.value),
            ("value_currency", &line.value_currency),
        ];
        for (field, text) in optional {
            short(text.as_deref().unwrap_or_default(), &at.key(field), faults);
        }
        for (index, dimension) in line.dimensions.iter().enumerate() {
            let at = at.key("dimensions");
            short(&dimension.name, &at.item(index).key("name"), faults);
            short(&dimension.value, &at.item(index).key("value"), faults);
        }
    }
}

/// Checks what an entry says in words, and that its lines are not too many: what a draft must keep to.
pub(crate) fn check_texts(input: &EntryInput, at: &At<'_>, faults: &mut Faults) {
    check_text(&input.description, DESCRIPTION_CHARACTERS_MAX, &at.key("description"), faults);
    let references = [("reference", &input.reference), ("external_id", &input.external_id)];
    for (field, text) in references {
        if let Some(text) = text {
            check_name(text, REFERENCE_CHARACTERS_MAX, &at.key(field), faults);
        }
    }
    let lines = at.key("lines");
    for (index, line) in input.lines.iter().enumerate() {
        let at = lines.item(index);
        if let Some(text) = &line.description {
            check_text(text, DESCRIPTION_CHARACTERS_MAX, &at.key("description"), faults);
        }
        dimension::check_count(&line.dimensions, &at.key("dimensions"), faults);
    }
    if input.lines.len() > LINES_MAX {
        let message = format!("{} lines are too many, at most {LINES_MAX}; split the entry", input.lines.len());
        faults.invalid(&lines, "too-many-lines", message);
    }
}
