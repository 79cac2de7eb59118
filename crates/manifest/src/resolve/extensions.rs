//! The key `extensions`.

use super::scope::Scope;
use crate::raw::RawExtension;
use martydb_model::contract::HISTORY_SCHEMA;
use martydb_model::error::Result;
use martydb_model::{DesiredExtension, SERVE_SCHEMA, SchemaName};

/// Returns the extensions as declared; the server decides later which of them it can install.
pub(super) fn resolve(scope: &Scope, service: &str, all: &[RawExtension]) -> Result<Vec<DesiredExtension>> {
    let mut resolved: Vec<DesiredExtension> = vec![];
    for (index, raw) in all.iter().enumerate() {
        let (name, schema) = match raw {
            RawExtension::Name(name) => (name, None),
            RawExtension::Map(map) => (&map.name, map.schema.as_ref()),
        };
        let wrong = |why: String| {
            let element = ["services", service, "extensions", &index.to_string()];
            scope.error(element, format!("extension \"{name}\" {why}"))
        };
        if name.is_empty() {
            return Err(wrong("has no name".into()));
        }
        if resolved.iter().any(|one| one.name == *name) {
            return Err(wrong("is declared twice".into()));
        }
        let checked = |text: &String| {
            let schema = SchemaName::new(text.clone())
                .map_err(|error| wrong(format!("names the schema \"{text}\": it {error}")))?;
            match [HISTORY_SCHEMA, SERVE_SCHEMA, "information_schema"].contains(&schema.as_str()) {
                true => Err(wrong(format!("names the schema \"{text}\", which is reserved"))),
                false => Ok(schema),
            }
        };
        let schema = schema.map(checked).transpose()?;
        resolved.push(DesiredExtension { name: name.clone(), schema });
    }
    Ok(resolved)
}

/// Returns the schemas of the search path without those that an extension names: these belong to the admin. The first and
/// `public` are the service's in any case.
pub(super) fn own_schemas(path: &[SchemaName], extensions: &[DesiredExtension]) -> Vec<SchemaName> {
    let named = |schema: &SchemaName| extensions.iter().any(|one| one.schema.as_ref() == Some(schema));
    let is_own =
        |(at, schema): &(usize, &SchemaName)| *at == 0 || schema.as_str() == "public" || !named(schema);
    path.iter().enumerate().filter(is_own).map(|(_, schema)| schema.clone()).collect()
}
