//! Databases that restores replaced, in the reports of `plan` and `apply`: they are not drift, and use disk space.

use serde::Serialize;

use martydb_provision::PlannedServer;
use martydb_ui::report::printable;

/// Replaced database, kept closed until it is discarded.
#[derive(Serialize)]
pub(crate) struct ReplacedDatabase {
    server: String,
    database: String,
    service: String,
}

/// Returns the replaced databases of one server.
pub(crate) fn replaced(planned: &PlannedServer) -> impl Iterator<Item = ReplacedDatabase> {
    planned.actual.databases.iter().filter_map(|(name, found)| {
        Some(ReplacedDatabase {
            server: planned.server.clone(),
            database: name.to_string(),
            service: planned.desired.replaced_service(found)?.to_owned(),
        })
    })
}

pub(crate) fn replaced_text(all: &[ReplacedDatabase]) -> String {
    let line = |one: &ReplacedDatabase| {
        let (database, service) = (printable(&one.database), printable(&one.service));
        format!("  database {database}, closed; `martydb restore {service} --discard-old` removes it\n")
    };
    let lines: String = all.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("\nReplaced by restores and kept:\n{lines}") }
}
