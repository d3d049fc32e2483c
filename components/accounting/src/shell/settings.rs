// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex:accounting/settings`.

use super::contract::settings::{self as contract, LedgerSettings, LedgerSetup};
use super::{Platform, Problem};
use crate::Component;
use crate::domain::books::{Balancing, Settings};
use crate::domain::journal::Journal;
use crate::service::settings::{self, Setup};

impl From<Settings> for LedgerSettings {
    fn from(settings: Settings) -> Self {
        let balancing = match settings.balancing {
            Balancing::Functional => contract::Balancing::Functional,
            Balancing::PerCurrency => contract::Balancing::PerCurrency,
        };
        Self { functional_currency: settings.functional_currency, balancing }
    }
}

impl contract::Guest for Component {
    fn initialise(setup: LedgerSetup) -> Result<LedgerSettings, Problem> {
        let balancing = match setup.balancing {
            Some(contract::Balancing::PerCurrency) => Balancing::PerCurrency,
            Some(contract::Balancing::Functional) | None => Balancing::Functional,
        };
        let setup = Setup {
            functional_currency: setup.functional_currency,
            balancing,
            template: setup.template,
            fiscal_year: setup.fiscal_year.map(Into::into),
            journals: setup.journals.unwrap_or_default().into_iter().map(Journal::from).collect(),
        };
        Ok(settings::initialise(&mut Platform, setup)?.into())
    }

    fn get_settings() -> Result<LedgerSettings, Problem> {
        Ok(settings::require(&mut Platform)?.into())
    }
}
