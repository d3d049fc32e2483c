// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a host is configured, whose configuration it takes, and how it says afterwards what it was started with.
//!
//! ```text
//! environment, file, command line ---- resolve ---> Configuration: every key with its value and where that came from
//! file + its bundle + Trust ---- Trust::verify ---> Verified: signed under `cortex/configuration`
//! Configuration + components ---- Document ---> the boot digest ---- Record ---> a line of boot.log
//! ```
//!
//! Every key stands in one list, in `list`. Parsing, [`table`] (the one in `docs/configuration.md`), [`json_schema`]
//! and `cortex config keys` come from it.
//!
//! ```
//! use edge_config::{File, Sources, resolve};
//!
//! let file = File { name: "host.yaml".into(), text: "gateway:\n  drian-ms-max: 5000\n".into() };
//! let faults = resolve(&Sources { file: Some(&file), ..Sources::default() }).unwrap_err();
//! assert!(faults.to_string().contains("host.yaml:2:3: `gateway.drian-ms-max`"));
//! assert!(faults.to_string().contains("did you mean `gateway.drain-ms-max`?"));
//! ```
//!
//! There is no IO here: the binary reads the environment, the files and the clock. Nothing is reloaded while a host
//! runs.

pub mod boot;
mod fault;
mod file;
mod key;
mod list;
mod resolve;
mod rules;
mod schema;
mod table;
mod trust;
mod value;

pub use fault::{Fault, Faults};
pub use file::File;
pub use key::{Key, Kind, Places, Scope};
pub use list::{KEYS, Values};
pub use resolve::{Configuration, Given, Overridden, Setting, Source, Sources, TOOLS, before_file, resolve};
pub use schema::json_schema;
pub use table::table;
pub use trust::{CONFIGURATION_NAME, Trust};
pub use value::{LogFormat, Secret, Value};
