// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex:accounting/rates`.

use super::contract::rates::{ExchangeRate, Guest, RatePage};
use super::convert::page;
use super::{Platform, Problem};
use crate::Component;
use crate::domain::rate::DatedRate;
use crate::service::rates::{self, RateInput};

fn exchange_rate(currency: String, rate: DatedRate) -> ExchangeRate {
    ExchangeRate { currency, date: rate.date.to_string(), rate: rate.rate.text }
}

impl Guest for Component {
    fn set_rates(rates: Vec<ExchangeRate>) -> Result<u32, Problem> {
        let input = |ExchangeRate { currency, date, rate }| RateInput { currency, date, rate };
        let rates: Vec<RateInput> = rates.into_iter().map(input).collect();
        Ok(rates::set(&mut Platform, &rates)?)
    }

    fn get_rate(currency: String, date: String) -> Result<ExchangeRate, Problem> {
        let rate = rates::get(&mut Platform, &currency, &date)?;
        Ok(exchange_rate(currency, rate))
    }

    fn list_rates(
        currency: Option<String>,
        from_date: Option<String>,
        to_date: Option<String>,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<RatePage, Problem> {
        let days = (from_date.as_deref(), to_date.as_deref());
        let found = rates::list(&mut Platform, currency.as_deref(), days, limit, cursor.as_deref())?;
        let rates = found.items.into_iter().map(|(currency, rate)| exchange_rate(currency, rate)).collect();
        Ok(RatePage { rates, page: page(found.next) })
    }
}
