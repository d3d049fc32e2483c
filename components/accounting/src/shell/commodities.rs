// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex:accounting/commodities`.

use super::contract::commodities as contract;
use super::convert::page;
use super::{Platform, Problem};
use crate::Component;
use crate::domain::commodity::Commodity;
use crate::service::commodities;

impl From<contract::Commodity> for Commodity {
    fn from(contract::Commodity { code, name, decimals }: contract::Commodity) -> Self {
        Self { code, name, decimals }
    }
}

impl From<Commodity> for contract::Commodity {
    fn from(Commodity { code, name, decimals }: Commodity) -> Self {
        Self { code, name, decimals }
    }
}

impl contract::Guest for Component {
    fn create_commodity(commodity: contract::Commodity) -> Result<contract::Commodity, Problem> {
        Ok(commodities::create(&mut Platform, commodity.into())?.into())
    }

    fn create_commodities(commodities: Vec<contract::Commodity>) -> Result<u32, Problem> {
        let list: Vec<Commodity> = commodities.into_iter().map(Into::into).collect();
        Ok(commodities::create_many(&mut Platform, &list)?)
    }

    fn get_commodity(code: String) -> Result<contract::Commodity, Problem> {
        Ok(commodities::get(&mut Platform, &code)?.into())
    }

    fn list_commodities(limit: Option<u32>, cursor: Option<String>) -> Result<contract::CommodityPage, Problem> {
        let found = commodities::list(&mut Platform, limit, cursor.as_deref())?;
        Ok(contract::CommodityPage {
            commodities: found.items.into_iter().map(Into::into).collect(),
            page: page(found.next),
        })
    }
}
