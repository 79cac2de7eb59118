//! `schema`: prints JSON Schemas.

use clap::{Args, ValueEnum};

use crate::shipped_files::{BACKUP_SCHEMA, MANIFEST_SCHEMA, VERIFY_ISOLATION_SCHEMA};
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
    let text = match arguments.of {
        SchemaDocument::Manifest => MANIFEST_SCHEMA,
        SchemaDocument::VerifyIsolation => VERIFY_ISOLATION_SCHEMA,
        SchemaDocument::Backup => BACKUP_SCHEMA,
    };
    Ok(Document(text.to_owned()))
}
