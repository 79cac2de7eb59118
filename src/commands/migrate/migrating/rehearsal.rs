//! Report of a rehearsal, as text.

use martydb_migrate::{MigrationOutcome, RehearsedMigration};
use martydb_model::units::bytes;
use martydb_ui::report::printable;

/// Returns the effects of each file, and the files that were left out.
pub(crate) fn rehearsed(outcomes: &[MigrationOutcome]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        let service = &outcome.service;
        outcome.rehearsed.iter().for_each(|one| text += &migration(service, one));
        for one in &outcome.skipped {
            let line = format!("{service} V{} {}: not rehearsed: {}", one.version, one.name, one.reason);
            text += &format!("\n{}\n", printable(&line));
        }
    }
    text
}

fn migration(service: &str, one: &RehearsedMigration) -> String {
    let locks = one.locks.iter().map(|lock| format!("{} on {}", lock.mode, lock.relation));
    let rewrites = one.rewrites.iter().map(|rewrite| {
        let rows = rewrite.rows.map_or_else(|| "rows unknown".into(), |rows| format!("about {rows} rows"));
        format!("{} ({rows}, {})", rewrite.relation, bytes(rewrite.bytes))
    });
    let line = |what: &str, all: Vec<String>| match all.is_empty() {
        true => String::new(),
        false => format!("  {what}: {}\n", printable(&all.join(", "))),
    };
    let head = format!("{service} V{} {}: {} ms", one.version, one.name, one.duration_ms);
    format!(
        "\n{}\n{}{}{}",
        printable(&head),
        line("locks", locks.collect()),
        line("cancels readers at standbys, after max_standby_streaming_delay", one.standby_conflicts.clone()),
        line("rewrites", rewrites.collect())
    )
}
