// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makes every transaction of a journal sum to zero, or says why it does not, and checks the balance assertions.
//!
//! The order is hledger's: transactions without balance assignments are balanced first; then all postings go by date, those of
//! one day in the order of the text, assignments are computed and assertions checked against exact balances on the way.
//! One thing differs from hledger 1.25: a transaction with a balance assignment keeps the costs of its other postings.

use super::date::Date;
use super::decimal::{Decimal, Overflow};
use super::fault::{Code, Fault, Faults, Place};
use super::infer;
use super::journal::{Amount, Assertion, Cost, Journal, Kind, Posting, Price, Status, Transaction};
use super::names::{Account, Commodity};
use super::running::{Mixed, Running, add};
use std::collections::BTreeMap;

/// Where a line's amount comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The text has it.
    Written,
    /// A balance assignment: it may have more decimals than anyone wrote.
    Assigned,
    /// What the other lines leave open: it may have more decimals than anyone wrote.
    Elided,
}

/// A posting whose amount is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where its posting stands.
    pub place: Place,
    /// The account.
    pub account: Account,
    /// The amount.
    pub amount: Amount,
    /// What the whole amount costs, with its sign; exact, not rounded.
    pub cost: Option<Amount>,
    /// Where the amount comes from.
    pub origin: Origin,
    /// The posting's comment.
    pub comment: String,
}

impl Line {
    /// For how much the line counts in the transaction's sum.
    #[must_use]
    pub fn value(&self) -> &Amount {
        self.cost.as_ref().unwrap_or(&self.amount)
    }
}

/// A transaction that sums to zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The line of its date.
    pub line: u32,
    /// Its date.
    pub date: Date,
    /// The secondary date.
    pub secondary_date: Option<Date>,
    /// The mark behind the date.
    pub status: Status,
    /// The code.
    pub code: String,
    /// Payee and note.
    pub description: String,
    /// Its postings; one with several commodities was written out.
    pub lines: Vec<Line>,
}

/// The books that a journal holds.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// The transactions, in order of the text.
    pub entries: Vec<Entry>,
    /// Types that `account` directives declare.
    pub declared_kinds: BTreeMap<Account, Kind>,
    /// Market prices.
    pub prices: Vec<Price>,
    /// The decimal places to which each commodity is balanced.
    pub display_places: BTreeMap<Commodity, u8>,
    /// How many balance assertions hold.
    pub assertions: usize,
}

/// Balances a journal. The faults found while reading are given along: where there are any, transactions are still
/// balanced, but assertions are not checked, since what could not be read would make them fail.
pub fn balance(journal: Journal, mut faults: Faults) -> (Books, Faults) {
    let complete = faults.is_empty();
    let Journal { transactions, declared_kinds, prices, display_places, .. } = journal;
    let mut books = Books { declared_kinds, prices, display_places, ..Books::default() };
    let mut slots: Vec<Slot> = Vec::with_capacity(transactions.len());
    for transaction in transactions {
        if faults.is_full() {
            return (books, faults);
        }
        if transaction.postings.iter().any(is_assignment) {
            slots.push(Slot::Postponed(transaction));
            continue;
        }
        match complete_entry(&transaction, &[], &books.display_places) {
            Ok(entry) => slots.push(Slot::Balanced(entry, transaction.postings)),
            Err(fault) => faults.add(fault),
        }
    }
    if complete && faults.is_empty() {
        run(slots, &mut books, &mut faults);
    }
    (books, faults)
}

enum Slot {
    Balanced(Entry, Vec<Posting>),
    Postponed(Transaction),
}

/// One thing that happens on a day.
enum Event {
    /// The lines of a posting (a range of its entry's), then its assertion.
    Posting { slot: usize, first: usize, count: usize, assertion: Option<Assertion> },
    /// A transaction with balance assignments.
    Transaction { slot: usize },
}

fn is_assignment(posting: &Posting) -> bool {
    posting.amount.is_none() && posting.assertion.is_some()
}

/// Goes through all postings by date.
fn run(mut slots: Vec<Slot>, books: &mut Books, faults: &mut Faults) {
    let mut running = Running::default();
    for (_, event) in events(&slots) {
        if faults.is_full() {
            return;
        }
        let outcome = match event {
            Event::Posting { slot, first, count, assertion } => {
                let Some(Slot::Balanced(entry, _)) = slots.get(slot) else { continue };
                let lines = entry.lines.iter().skip(first).take(count);
                books.assertions = books.assertions.saturating_add(usize::from(assertion.is_some()));
                post_and_check(lines, assertion.as_ref(), &mut running, Place::line(entry.line))
            }
            Event::Transaction { slot } => match slots.get_mut(slot) {
                Some(place @ Slot::Postponed(_)) => assign(place, books, &mut running),
                _ => continue,
            },
        };
        match outcome {
            Ok(found) => found.into_iter().for_each(|fault| faults.add(fault)),
            Err(fault) => faults.add(fault),
        }
    }
    let balanced = |slot| if let Slot::Balanced(entry, _) = slot { Some(entry) } else { None };
    books.entries = slots.into_iter().filter_map(balanced).collect();
}

/// All events by date, in the order of the text within a day.
fn events(slots: &[Slot]) -> Vec<(Date, Event)> {
    let mut events = Vec::new();
    for (slot, content) in slots.iter().enumerate() {
        match content {
            Slot::Postponed(transaction) => events.push((transaction.date, Event::Transaction { slot })),
            Slot::Balanced(entry, postings) => {
                let mut first = 0;
                for posting in postings {
                    let count = entry.lines.iter().skip(first).take_while(|line| line.place == posting.place).count();
                    let date = posting.date.unwrap_or(entry.date);
                    events.push((date, Event::Posting { slot, first, count, assertion: posting.assertion.clone() }));
                    first = first.saturating_add(count);
                }
            }
        }
    }
    events.sort_by_key(|(date, _)| *date);
    events
}

fn post_and_check<'a>(
    lines: impl Iterator<Item = &'a Line>,
    assertion: Option<&Assertion>,
    running: &mut Running,
    place: Place,
) -> Result<Vec<Fault>, Fault> {
    let mut account = None;
    for line in lines {
        running
            .post(&line.account, &line.amount.commodity, line.amount.quantity)
            .map_err(|error| overflow(place, error))?;
        account = Some(&line.account);
    }
    let (Some(account), Some(assertion)) = (account, assertion) else { return Ok(Vec::new()) };
    let fault = running.check(account, assertion).map_err(|error| overflow(assertion.place, error))?;
    Ok(fault.into_iter().collect())
}

/// Computes the balance assignments of a transaction, checks its assertions, and balances it.
fn assign(slot: &mut Slot, books: &mut Books, running: &mut Running) -> Result<Vec<Fault>, Fault> {
    let Slot::Postponed(transaction) = slot else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let mut assigned = Vec::with_capacity(transaction.postings.len());
    for posting in &transaction.postings {
        let (amounts, fault) = assign_posting(posting, running).map_err(|error| overflow(posting.place, error))?;
        found.extend(fault?);
        books.assertions = books.assertions.saturating_add(usize::from(posting.assertion.is_some()));
        assigned.push(amounts);
    }
    let entry = complete_entry(transaction, &assigned, &books.display_places)?;
    let elided = transaction.postings.iter().find(|posting| posting.amount.is_none() && posting.assertion.is_none());
    for line in entry.lines.iter().filter(|line| elided.is_some_and(|posting| posting.place == line.place)) {
        let posted = running.post(&line.account, &line.amount.commodity, line.amount.quantity);
        posted.map_err(|error| overflow(line.place, error))?;
    }
    let postings = std::mem::take(&mut transaction.postings);
    *slot = Slot::Balanced(entry, postings);
    Ok(found)
}

type Assigned = Option<Mixed>;

/// Posts one posting of a transaction with assignments: what it assigns, and the fault of its assertion.
fn assign_posting(
    posting: &Posting,
    running: &mut Running,
) -> Result<(Assigned, Result<Option<Fault>, Fault>), Overflow> {
    let amounts = match (&posting.amount, &posting.assertion) {
        (None, Some(_)) if posting.date.is_some() => {
            let message = "a balance assignment cannot have a date of its own: write its amount, or remove the date";
            return Ok((None, Err(Fault::new(posting.place, Code::Unsupported, message))));
        }
        (None, Some(assertion)) => Some(running.assigned(&posting.account, assertion)?),
        (Some(amount), _) => {
            running.post(&posting.account, &amount.commodity, amount.quantity)?;
            None
        }
        (None, None) => return Ok((None, Ok(None))),
    };
    for (commodity, quantity) in amounts.iter().flatten() {
        running.post(&posting.account, commodity, *quantity)?;
    }
    let fault = match &posting.assertion {
        Some(assertion) => running.check(&posting.account, assertion)?,
        None => None,
    };
    Ok((amounts, Ok(fault)))
}

/// Makes the entry of a transaction: costs, missing amounts, the sum checked. `assigned` holds what each posting's balance
/// assignment was computed to, where there are any.
fn complete_entry(
    transaction: &Transaction,
    assigned: &[Assigned],
    display_places: &BTreeMap<Commodity, u8>,
) -> Result<Entry, Fault> {
    let place = Place::line(transaction.line);
    let lines = infer::complete(transaction, lines(transaction, assigned)?, display_places)?;
    let mut sums = Mixed::new();
    for line in &lines {
        let value = line.value();
        add(&mut sums, &value.commodity, value.quantity).map_err(|error| overflow(place, error))?;
    }
    infer::check_zero(transaction, &sums, display_places)?;
    Ok(Entry {
        line: transaction.line,
        date: transaction.date,
        secondary_date: transaction.secondary_date,
        status: transaction.status,
        code: transaction.code.clone(),
        description: transaction.description.clone(),
        lines,
    })
}

/// The lines of the postings whose amounts are written or assigned; nothing where the amount is left to be computed.
fn lines(transaction: &Transaction, assigned: &[Assigned]) -> Result<Vec<Option<Vec<Line>>>, Fault> {
    let mut all = Vec::with_capacity(transaction.postings.len());
    for (index, posting) in transaction.postings.iter().enumerate() {
        let assignment = assigned.get(index).and_then(Option::as_ref);
        let lines = match (&posting.amount, assignment) {
            (Some(amount), _) => Some(vec![line(posting, amount.clone(), posting.cost.as_ref(), Origin::Written)?]),
            (None, Some(amounts)) => Some(assigned_lines(posting, amounts)?),
            (None, None) => None,
        };
        all.push(lines);
    }
    Ok(all)
}

fn assigned_lines(posting: &Posting, amounts: &Mixed) -> Result<Vec<Line>, Fault> {
    let asserted = posting.assertion.as_ref();
    let mut lines = Vec::with_capacity(amounts.len().max(1));
    for (commodity, quantity) in amounts {
        let cost = asserted.filter(|assertion| assertion.amount.commodity == *commodity).and_then(|a| a.cost.as_ref());
        lines.push(line(
            posting,
            Amount { quantity: *quantity, commodity: commodity.clone() },
            cost,
            Origin::Assigned,
        )?);
    }
    if let (true, Some(assertion)) = (lines.is_empty(), asserted) {
        let zero = Amount { quantity: Decimal::ZERO, commodity: assertion.amount.commodity.clone() };
        lines.push(line(posting, zero, None, Origin::Assigned)?);
    }
    Ok(lines)
}

fn line(posting: &Posting, amount: Amount, cost: Option<&Cost>, origin: Origin) -> Result<Line, Fault> {
    let cost = match cost {
        None => None,
        Some(Cost::Total(total)) => Some(total.clone()),
        Some(Cost::Unit(unit)) => {
            let quantity =
                amount.quantity.checked_mul(unit.quantity).map_err(|error| overflow(posting.place, error))?;
            Some(Amount { quantity, commodity: unit.commodity.clone() })
        }
    };
    let (place, account, comment) = (posting.place, posting.account.clone(), posting.comment.clone());
    Ok(Line { place, account, amount, cost, origin, comment })
}

/// A number that does not fit.
pub(super) fn overflow(place: Place, error: Overflow) -> Fault {
    Fault::new(place, Code::Number, format!("{error}: use numbers with fewer digits"))
}
