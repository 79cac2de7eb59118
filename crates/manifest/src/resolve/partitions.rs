//! Tables that `martydb partitions` maintains.

use super::scope::Scope;
use super::unique::ServiceMap;
use crate::raw::RawPartitions;
use martydb_model::error::Result;
use martydb_model::sql::MAX_IDENTIFIER_BYTES;
use martydb_model::suggest::hint;
use martydb_model::units::duration;
use martydb_model::{DesiredService, PartitionedTable, SchemaName};

/// Periods made ahead by default: a job that does not run for a week loses nothing.
const AHEAD: u32 = 7;

/// Most periods ahead; each is a table that every query of the parent plans.
const MOST_AHEAD: u32 = 366;

/// Adds the partitioned tables to each service that declares some.
pub(crate) fn all(scope: &Scope, services: &mut ServiceMap) -> Result<()> {
    if !scope.raw.defaults.partitions.is_empty() {
        return Err(scope
            .error(["defaults", "partitions"], "partitions belong to the tables of one service")
            .hint("write them under the service"));
    }
    for (name, own) in &scope.raw.services {
        let Some(own) = own.as_ref().filter(|own| !own.partitions.is_empty()) else { continue };
        let Some(service) = services.values_mut().find(|service| service.name.as_str() == name) else {
            continue;
        };
        let tables = own.partitions.iter().map(|(table, raw)| partitioned(scope, service, table, raw));
        service.partitions = tables.collect::<Result<_>>()?;
    }
    Ok(())
}

fn partitioned(
    scope: &Scope,
    service: &DesiredService,
    text: &str,
    raw: &RawPartitions,
) -> Result<PartitionedTable> {
    let wrong = |key: &str, message: String| {
        let path = ["services", service.name.as_str(), "partitions", text, key];
        scope.sources.error_at(if key.is_empty() { &path[..4] } else { &path[..] }, message)
    };
    let (schema, table) =
        name_of(service, text).map_err(|(message, hint)| wrong("", message).hint_if(hint))?;
    let is_outbox = service.outbox.as_ref().is_some_and(|box_| box_.schema == schema && box_.table == table);
    if is_outbox {
        let message = format!("{text} is the outbox of {}", service.name);
        return Err(wrong("", message).hint("`martydb relay clean` makes and drops its partitions"));
    }
    let ahead = raw.ahead.unwrap_or(AHEAD);
    if ahead > MOST_AHEAD {
        return Err(wrong("ahead", format!("{ahead} is more than {MOST_AHEAD}")));
    }
    let keep = match raw.keep.as_deref().map(|text| (text, duration(text))) {
        Some((text, None)) => return Err(wrong("keep", format!("\"{text}\" is not a time such as 90d"))),
        given => given.and_then(|(_, keep)| keep),
    };
    let key = raw.key.clone();
    if key.is_empty() || key.len() > MAX_IDENTIFIER_BYTES || key.contains('\0') {
        return Err(wrong("key", format!("\"{key}\" is not a valid column name")));
    }
    Ok(PartitionedTable { schema, table, key, by: raw.by, ahead, keep, removal: raw.drop })
}

/// Parses `schema.table`.
///
/// # Errors
/// The reason, and a hint.
fn name_of(
    service: &DesiredService,
    text: &str,
) -> std::result::Result<(SchemaName, String), (String, Option<String>)> {
    let malformed = || (format!("\"{text}\" is not a schema.table"), None);
    let (schema, table) = text.split_once('.').ok_or_else(malformed)?;
    if table.is_empty() || table.contains(['.', '\0']) || table.len() > MAX_IDENTIFIER_BYTES {
        return Err(malformed());
    }
    let declared: Vec<&str> = service.schemas.iter().map(SchemaName::as_str).collect();
    match service.schemas.iter().find(|declared| declared.as_str() == schema) {
        Some(schema) => Ok((schema.clone(), table.to_owned())),
        None => {
            let message = format!("\"{schema}\" is not a schema of {}", service.name);
            Err((message, Some(hint(schema, "schemas", &declared))))
        }
    }
}
