//! `schema`: JSON Schemas, generated from the Rust types, so that they cannot lag behind.

use clap::{Args, ValueEnum};

use martydb_model::error::Result;
use martydb_ui::report::Document;

#[derive(Debug, Args)]
pub struct Arguments {
    /// What it describes.
    #[arg(value_enum, default_value = "manifest", value_name = "DOCUMENT")]
    pub of: Of,
}

/// A document with a published schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Of {
    /// The manifest.
    Manifest,
    /// What `verify-isolation -o json` prints.
    VerifyIsolation,
    /// The `manifest.json` of a backup.
    Backup,
}

pub fn run(arguments: &Arguments) -> Result<Document> {
    Ok(Document(match arguments.of {
        Of::Manifest => martydb_config::manifest::json_schema(),
        Of::VerifyIsolation => super::verify::json_schema(),
        Of::Backup => martydb_config::backup_store::json_schema(),
    }))
}
