//! `schema`: prints JSON Schemas, which are generated from the Rust types.

use clap::{Args, ValueEnum};

use martydb_model::error::Result;
use martydb_ui::report::Document;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Document to describe.
    #[arg(value_enum, default_value = "manifest", value_name = "DOCUMENT")]
    pub of: SchemaDocument,
}

/// Document with a published schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaDocument {
    /// Manifest.
    Manifest,
    /// Output of `verify-isolation -o json`.
    VerifyIsolation,
    /// `manifest.json` of a backup.
    Backup,
}

pub fn run(arguments: &Arguments) -> Result<Document> {
    Ok(Document(match arguments.of {
        SchemaDocument::Manifest => martydb_config::manifest::json_schema(),
        SchemaDocument::VerifyIsolation => super::verify::json_schema(),
        SchemaDocument::Backup => martydb_config::backup_store::json_schema(),
    }))
}
