//! `revision --collection`: writes the migration of a collection of documents from its schema in YAML.

mod checks;
mod schema;
mod texts;

use std::path::Path;

use super::{MigrationTemplate, Numbering, Written, planned, write_texts};
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};
use martydb_model::yaml;
use martydb_os::read_named_text;
use schema::CollectionSchema;

/// Most bytes of a schema.
const MAX_SCHEMA_BYTES: usize = 1 << 20;

/// Writes both files of the migration that creates the collection.
///
/// # Errors
/// If the file is not a schema of a collection; nothing is written then.
pub fn write(
    service: &DesiredService,
    file: &Path,
    message: Option<&str>,
    numbering: Numbering,
    templates: &[MigrationTemplate],
) -> Result<Written> {
    let schema = read(file)?;
    let message = message.map_or_else(|| format!("create {}", schema.name), str::to_owned);
    let planned = planned(service, &message, numbering)?;
    let wrong = |why: String| Error::usage(format!("{}: {why}", file.display()));
    let template = templates.iter().find(|one| one.name == "collection");
    let template = template.ok_or_else(|| wrong("the template of collections is missing".into()))?;
    let (up, down) = texts::write(&schema, &message, template).map_err(wrong)?;
    write_texts(&planned, &up, &down)?;
    Ok(planned)
}

fn read(path: &Path) -> Result<CollectionSchema> {
    let shown = path.display();
    let text = read_named_text(path);
    let text = text.map_err(|error| Error::usage(format!("cannot read the schema {shown}")).cause(error))?;
    if text.len() > MAX_SCHEMA_BYTES {
        return Err(Error::usage(format!("the schema {shown} has more than {MAX_SCHEMA_BYTES} bytes")));
    }
    yaml::check(&text, path)?;
    serde_yaml::from_str(&text).map_err(|error| {
        Error::usage(format!("{shown} is not a schema of a collection"))
            .cause(error)
            .hint("name: customer, and `fields`, `indexes`, `partitioning` and `search`, see docs/reference/data-service.md")
    })
}
