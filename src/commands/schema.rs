//! `schema`: prints JSON Schemas, which are generated from the Rust types.

use clap::{Args, ValueEnum};

use martydb_model::error::Result;
use martydb_ui::report::Document;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Document to describe.
    #[arg(value_enum, default_value = "manifest", value_name = "DOCUMENT")]
    pub of: Of,
}

/// Document with a published schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Of {
    /// Manifest.
    Manifest,
    /// Output of `verify-isolation -o json`.
    VerifyIsolation,
    /// `manifest.json` of a backup.
    Backup,
}

pub fn run(arguments: &Arguments) -> Result<Document> {
    Ok(Document(match arguments.of {
        Of::Manifest => martydb_config::manifest::json_schema(),
        Of::VerifyIsolation => super::verify::json_schema(),
        Of::Backup => martydb_config::backup_store::json_schema(),
    }))
}
