// SPDX-License-Identifier: MIT OR Apache-2.0
//! The JSON Schema of `cortex.yaml` for editors. It comes from the same description as the reader; what concerns more than
//! one key, and the inner form of some texts, only the reader checks (`docs/manifest.md` lists it).

use crate::raw::ManifestRecord;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The JSON Schema (2020-12) of a manifest. The copy in `schema/cortex.schema.json` is what editors read.
#[must_use]
pub fn json_schema() -> Value {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<ManifestRecord>();
    schema.to_value()
}
