// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex:accounting/calendar`.

use super::contract::calendar as contract;
use super::{Platform, Problem};
use crate::Component;
use crate::domain::calendar::{FiscalYear, FiscalYearInput, Period, PeriodLength, PeriodState, Step};
use crate::service::calendar;

impl From<contract::FiscalYearInput> for FiscalYearInput {
    fn from(input: contract::FiscalYearInput) -> Self {
        let periods = match input.periods {
            Some(contract::PeriodLength::Quarterly) => PeriodLength::Quarterly,
            Some(contract::PeriodLength::Monthly) | None => PeriodLength::Monthly,
        };
        Self { code: input.code, starts_on: input.starts_on, ends_on: input.ends_on, periods }
    }
}

impl From<Period> for contract::Period {
    fn from(period: Period) -> Self {
        let state = match period.state {
            PeriodState::Open => contract::PeriodState::Open,
            PeriodState::Closed => contract::PeriodState::Closed,
            PeriodState::Locked => contract::PeriodState::Locked,
        };
        Self { code: period.code, starts_on: period.starts_on.to_string(), ends_on: period.ends_on.to_string(), state }
    }
}

impl From<FiscalYear> for contract::FiscalYear {
    fn from(year: FiscalYear) -> Self {
        let periods = year.periods.into_iter().map(Into::into).collect();
        Self { code: year.code, starts_on: year.starts_on.to_string(), ends_on: year.ends_on.to_string(), periods }
    }
}

impl contract::Guest for Component {
    fn create_fiscal_year(fiscal_year: contract::FiscalYearInput) -> Result<contract::FiscalYear, Problem> {
        Ok(calendar::create(&mut Platform, &fiscal_year.into())?.into())
    }

    fn get_fiscal_year(code: String) -> Result<contract::FiscalYear, Problem> {
        Ok(calendar::get(&mut Platform, &code)?.into())
    }

    fn list_fiscal_years() -> Result<Vec<contract::FiscalYear>, Problem> {
        Ok(calendar::list(&mut Platform)?.into_iter().map(Into::into).collect())
    }

    fn close_period(code: String) -> Result<contract::Period, Problem> {
        Ok(calendar::step_period(&mut Platform, &code, Step::Close)?.into())
    }

    fn open_period(code: String) -> Result<contract::Period, Problem> {
        Ok(calendar::step_period(&mut Platform, &code, Step::Open)?.into())
    }

    fn lock_period(code: String) -> Result<contract::Period, Problem> {
        Ok(calendar::step_period(&mut Platform, &code, Step::Lock)?.into())
    }

    fn close_fiscal_year(code: String) -> Result<contract::FiscalYear, Problem> {
        Ok(calendar::step_year(&mut Platform, &code, Step::Close)?.into())
    }

    fn lock_fiscal_year(code: String) -> Result<contract::FiscalYear, Problem> {
        Ok(calendar::step_year(&mut Platform, &code, Step::Lock)?.into())
    }
}
