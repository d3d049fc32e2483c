// SPDX-License-Identifier: MIT OR Apache-2.0
//! The platform's interfaces as the [`Host`] of the operations. Natively the imports do not exist: the tests put an SQLite database in
//! their place.

use crate::bindings::cortex::storage::sql::Error;
use crate::service::Host;
use crate::store::{Database, Value};

/// What the component reaches outside itself.
pub(crate) struct Platform;

#[cfg(not(test))]
mod real {
    use super::{Database, Error, Host, Platform, Value};
    use crate::bindings::cortex::context::context;
    use crate::bindings::cortex::storage::sql;

    impl Database for Platform {
        fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Error> {
            sql::query(statement, parameters).map(|rows| rows.rows)
        }

        fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Error> {
            sql::execute(statement, parameters)
        }

        fn execute_many(&mut self, statement: &str, parameters: &[Vec<Value>]) -> Result<u64, Error> {
            sql::execute_many(statement, parameters)
        }
    }

    impl Host for Platform {
        fn now(&mut self) -> String {
            context::now()
        }

        fn subject(&mut self) -> String {
            context::get_caller().subject
        }
    }
}

#[cfg(test)]
mod stand_in {
    use super::{Database, Error, Host, Platform, Value};
    use crate::tests::database::with_current;

    impl Database for Platform {
        fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Error> {
            with_current(|database| database.query(statement, parameters))
        }

        fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Error> {
            with_current(|database| database.execute(statement, parameters))
        }

        fn execute_many(&mut self, statement: &str, parameters: &[Vec<Value>]) -> Result<u64, Error> {
            with_current(|database| database.execute_many(statement, parameters))
        }
    }

    impl Host for Platform {
        fn now(&mut self) -> String {
            with_current(Host::now)
        }

        fn subject(&mut self) -> String {
            with_current(Host::subject)
        }
    }
}
