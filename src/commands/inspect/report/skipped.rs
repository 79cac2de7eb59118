//! Parts that a report does not look at, or not in full. Pure.

use serde_json::Value;

use martydb_report::values::{SkipNote, Skipped};

/// Most events of all services together: with more a page of a thousand services would be too large.
const MAX_EVENTS: usize = 4000;

/// Returns the number of events that each service has in the report.
pub(crate) fn events_each(services: usize) -> usize {
    (MAX_EVENTS / services.max(1)).max(2)
}

/// Returns what the proof of isolation skipped, and what the report leaves out of the history and of the services.
pub(crate) fn listed(
    isolation: &Value,
    history: &Value,
    limit: usize,
    backups_unknown: bool,
) -> Vec<Skipped> {
    let notes =
        |key: &str| serde_json::from_value::<Vec<SkipNote>>(isolation[key].clone()).unwrap_or_default();
    let skipped = |note: SkipNote| Skipped { what: note.what, why: note.why, grant: note.grant };
    let unread =
        |note: SkipNote| Skipped { why: format!("without an answer: {}", note.why), ..skipped(note) };
    // First what this report cuts: its page shows the first rows only.
    let mut all = vec![];
    let is_cut = |one: &&Value| one["events"].as_array().is_some_and(|events| events.len() >= limit);
    let cut = history.as_array().into_iter().flatten().filter(is_cut).count();
    if cut > 0 {
        let why = format!("the page has the newest {limit} of each; {cut} may have more");
        all.push(Skipped {
            what: "older migration events".into(),
            why,
            grant: Some("martydb history".into()),
        });
    }
    if backups_unknown {
        let why = "their store did not answer; the reason is on standard error".into();
        all.push(Skipped { what: "ages of backups".into(), why, grant: None });
    }
    all.extend(notes("not_examined").into_iter().map(skipped));
    all.extend(notes("unread").into_iter().map(unread));
    all
}
