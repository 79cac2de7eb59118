//! Extent of the login attempts: which pairs of a login and a database are tried, by the size of the server.

use super::observations::{Extent, ServerContext};
use super::sample::{AccessRules, CONFIDENCE, MOST_PAIRS, detectable, draw};
use crate::probe::{OtherDatabases, ProbeCoverage, ProbeExtent, ProbeSelection, Task};
use martydb_catalog::NotExamined;
use martydb_model::error::{Error, Result};

/// Extent of the attempts, once the size of the server is known.
pub(crate) struct SettledExtent {
    pub extent: Extent,
    pub coverage: ProbeCoverage,
    /// Note on the pairs that a sample leaves out.
    pub note: Option<NotExamined>,
}

/// Decides which pairs of a login and a database are tried.
///
/// # Errors
/// If the system has no random numbers for a sample.
pub(crate) fn settle(context: &mut ServerContext, wanted: Extent) -> Result<SettledExtent> {
    let ServerContext { task, catalog, .. } = context;
    let (foreign, logins) = (OtherDatabases::new(task), task.logins.len());
    let pairs = logins + (0..logins).map(|login| foreign.count(login)).sum::<usize>();
    let rules = AccessRules { server: &catalog.actual, hba: catalog.hba.as_deref() };
    let (extent, selection, share) = match wanted {
        Extent::Auto => match draw(task, &foreign, &rules, MOST_PAIRS, random()?) {
            Some(sample) => (Extent::Sample, ProbeSelection::Chosen(sample.foreign), Some(sample.share)),
            None => (Extent::Full, ProbeSelection::All, None),
        },
        Extent::Sample => (Extent::Sample, ProbeSelection::one_each(task), None),
        extent => (extent, ProbeSelection::All, None),
    };
    let left = match &selection {
        ProbeSelection::All => 0,
        ProbeSelection::Chosen(chosen) => pairs - logins - chosen.iter().map(Vec::len).sum::<usize>(),
    };
    task.selection = selection;
    let covered = match extent {
        Extent::None => ProbeExtent::None,
        Extent::Sample if left > 0 => ProbeExtent::Sample,
        _ => ProbeExtent::Full,
    };
    let note = (covered == ProbeExtent::Sample).then(|| left_pairs(task, left, pairs, share));
    Ok(SettledExtent { extent, coverage: ProbeCoverage { extent: covered, pairs }, note })
}

/// Returns the note on the pairs that a sample leaves out.
fn left_pairs(task: &Task, left: usize, pairs: usize, share: Option<f64>) -> NotExamined {
    let what = format!("{left} of {pairs} pairs of a login and a database on server {}", task.server);
    let why = match share {
        Some(share) => format!(
            "{} were tried, drawn at random: had {} more been open, at least one would have been found with a probability \
             of {CONFIDENCE} %; `--probes full` tries all",
            pairs - left,
            detectable(share)
        ),
        None => "--probes sample tries each login at one other database".into(),
    };
    NotExamined::new(what, why)
}

fn random() -> Result<u64> {
    getrandom::u64().map_err(|error| Error::operation("cannot get random numbers").cause(error))
}
