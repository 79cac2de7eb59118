//! Runs that changed servers, as `history --record` prints them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::services::{History, PastEvent};

/// One run on one server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ServerRun {
    pub at: String,
    pub server: String,
    pub action: String,
    pub services: Vec<String>,
    pub by: String,
    pub host: String,
    pub outcome: String,
    pub note: Option<String>,
}

/// Returns the runs of each server as a lane of the time line.
pub(crate) fn lanes(records: &[ServerRun]) -> impl Iterator<Item = History> {
    let mut lanes: BTreeMap<String, Vec<PastEvent>> = BTreeMap::new();
    for run in records {
        let event = PastEvent {
            at: run.at.clone(),
            action: run.action.clone(),
            outcome: run.outcome.clone(),
            ..PastEvent::default()
        };
        lanes.entry(format!("server {}", run.server)).or_default().push(event);
    }
    lanes.into_iter().map(|(service, events)| History { service, events, error: None })
}
