//! The manifest's JSON Schema, for editors.

/// Generated from the Rust types, so that it cannot lag behind them.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(super::raw::RawManifest);
    serde_json::to_string_pretty(&schema).expect("a schema is plain JSON") + "\n"
}
