// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which migrations are still to run, given those that a database has.

use super::{Migration, Migrations};
use kernel_types::Digest;

/// A migration that a database has, as the back end recorded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its number.
    pub number: u32,
    /// The digest of the file that ran.
    pub digest: Digest,
}

/// Why the migrations do not fit the database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A file that ran already was changed afterwards.
    #[error(
        "migration {number} `{name}` was changed after it ran: restore it, and put the change into a new migration"
    )]
    Changed {
        /// The migration's number.
        number: u32,
        /// The file's name now.
        name: String,
    },
    /// The record of the database has a gap: something else than Cortex wrote it.
    #[error("migration {number} is not recorded although later ones are: the record of the database is damaged")]
    Missing {
        /// The first number that is missing.
        number: u32,
    },
    /// The database is ahead: a newer version of the component ran here.
    #[error("the database has migration {applied}, the component knows {known}: install the newer version again")]
    Older {
        /// The newest migration of the database.
        applied: u32,
        /// The newest migration of the component.
        known: u32,
    },
}

impl Migrations {
    /// The migrations that are still to run, in order. `applied` may come in any order.
    ///
    /// # Errors
    /// Where the database has a migration that this version does not have in the same form.
    pub fn pending(&self, applied: &[Applied]) -> Result<&[Migration], PlanError> {
        let mut applied: Vec<Applied> = applied.to_vec();
        applied.sort_by_key(|row| row.number);
        let known = self.list.last().map_or(0, Migration::number);
        if let Some(newest) = applied.last().filter(|newest| newest.number > known) {
            return Err(PlanError::Older { applied: newest.number, known });
        }
        let mut files = self.list.iter();
        for row in &applied {
            let Some(file) = files.next() else { return Err(PlanError::Older { applied: row.number, known }) };
            if file.number != row.number {
                return Err(PlanError::Missing { number: file.number });
            }
            if file.digest != row.digest {
                return Err(PlanError::Changed { number: file.number, name: file.name.clone() });
            }
        }
        Ok(files.as_slice())
    }
}
