// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex:accounting/journals`.

use super::contract::journals::{Guest, JournalInfo, JournalInput};
use super::{Platform, Problem};
use crate::Component;
use crate::domain::journal::Journal;
use crate::service::journals;

impl From<JournalInput> for Journal {
    fn from(JournalInput { code, name }: JournalInput) -> Self {
        Self { code, name }
    }
}

impl From<Journal> for JournalInfo {
    fn from(Journal { code, name }: Journal) -> Self {
        Self { code, name }
    }
}

impl Guest for Component {
    fn create_journal(journal: JournalInput) -> Result<JournalInfo, Problem> {
        Ok(journals::create(&mut Platform, journal.into())?.into())
    }

    fn get_journal(code: String) -> Result<JournalInfo, Problem> {
        Ok(journals::get(&mut Platform, &code)?.into())
    }

    fn list_journals() -> Result<Vec<JournalInfo>, Problem> {
        Ok(journals::list(&mut Platform)?.into_iter().map(Into::into).collect())
    }
}
