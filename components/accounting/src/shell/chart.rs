// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex:accounting/chart`.

use super::contract::chart as contract;
use super::contract::ledger::AccountKind;
use super::convert::page;
use super::{Platform, Problem};
use crate::Component;
use crate::domain::account::{Account, AccountInput};
use crate::domain::template::TEMPLATES;
use crate::service::chart;

impl From<Account> for contract::Account {
    fn from(account: Account) -> Self {
        let Account { id: _, code, name, kind, parent, currency, closed, version } = account;
        Self { code, name, kind: kind.into(), parent, currency, closed, version }
    }
}

impl contract::Guest for Component {
    fn list_templates() -> Result<Vec<contract::Template>, Problem> {
        let mut templates = Vec::new();
        for template in &TEMPLATES {
            let accounts = u32::try_from(template.accounts()?.accounts.len()).unwrap_or(u32::MAX);
            templates.push(contract::Template {
                name: template.name.to_owned(),
                title: template.title.to_owned(),
                accounts,
            });
        }
        Ok(templates)
    }

    fn load_template(template: String) -> Result<u32, Problem> {
        Ok(chart::load_template(&mut Platform, &template)?)
    }

    fn load_csv(csv: String) -> Result<u32, Problem> {
        Ok(chart::load_csv(&mut Platform, &csv)?)
    }

    fn create_account(account: contract::AccountInput) -> Result<contract::Account, Problem> {
        Ok(chart::create_one(&mut Platform, account.into())?.into())
    }

    fn create_accounts(accounts: Vec<contract::AccountInput>) -> Result<u32, Problem> {
        let accounts: Vec<AccountInput> = accounts.into_iter().map(Into::into).collect();
        Ok(chart::create_many(&mut Platform, &accounts)?)
    }

    fn get_account(code: String) -> Result<contract::Account, Problem> {
        Ok(chart::get(&mut Platform, &code)?.into())
    }

    fn update_account(
        code: String,
        version: u32,
        name: String,
        parent: Option<String>,
    ) -> Result<contract::Account, Problem> {
        Ok(chart::update(&mut Platform, &code, version, name, parent)?.into())
    }

    fn close_account(code: String) -> Result<contract::Account, Problem> {
        Ok(chart::set_closed(&mut Platform, &code, true)?.into())
    }

    fn reopen_account(code: String) -> Result<contract::Account, Problem> {
        Ok(chart::set_closed(&mut Platform, &code, false)?.into())
    }

    fn list_accounts(
        kind: Option<AccountKind>,
        closed: Option<bool>,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<contract::AccountPage, Problem> {
        let kind = kind.map(Into::into);
        let found = chart::list(&mut Platform, kind, closed, limit, cursor.as_deref())?;
        Ok(contract::AccountPage {
            accounts: found.items.into_iter().map(Into::into).collect(),
            page: page(found.next),
        })
    }
}
