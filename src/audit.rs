//! The catalogue audit: what every login can effectively do, against what the manifest declares.
//!
//! Deny by default: a right, membership, attribute, setting or kind of object that the contract does not give is a
//! finding, known or not. `look` reads; everything else here is pure over what was read.

mod closing;
mod code;
mod defaults;
pub mod docs;
pub mod facts;
mod found;
mod hba;
pub mod kinds;
mod live;
mod look;
mod memberships;
mod owners;
mod rights;
mod secrets;
mod settings;
mod who;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::model::{ActualServer, DesiredServer};
use crate::probe::{Finding, Key};
pub(crate) use defaults::{declared as declared_by_default, revoke_default};
use facts::Facts;
use found::{Found, Look};
pub(crate) use found::{privilege, revoke, revoke_option};
use who::Roles;

pub use closing::closing;
pub use facts::{NotExamined, Unread};
pub use kinds::{KINDS, Kind};
pub use look::look;

/// Judges one server. `known` says whose password of the store a text holds.
pub fn audit(
    desired: &DesiredServer,
    actual: &ActualServer,
    facts: &Facts,
    known: &dyn Fn(&str) -> Option<String>,
) -> Vec<Finding> {
    let look = Look { desired, actual, facts, roles: Roles::new(desired, actual) };
    let mut out: Vec<Found> = vec![];
    memberships::audit(&look, &mut out);
    rights::audit(&look, &mut out);
    owners::audit(&look, &mut out);
    defaults::audit(&look, &mut out);
    code::audit(&look, &mut out);
    settings::audit(&look, &mut out);
    live::audit(&look, &mut out);
    secrets::audit(&look, known, &mut out);
    hba::audit(&look, &mut out);
    let mut findings = merged(out.into_iter().map(|found| found.on(&desired.name)));
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.key().cmp(&b.key())));
    findings
}

/// What is held in several parts, right by right, is one finding that says and closes all of them.
fn merged(all: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut known: BTreeMap<Key, Finding> = BTreeMap::new();
    for mut finding in all {
        match known.entry(finding.key()) {
            Entry::Vacant(place) => drop(place.insert(finding)),
            Entry::Occupied(mut place) => {
                let first = place.get_mut();
                if !first.evidence.contains(&finding.evidence) {
                    first.evidence = format!("{}; {}", first.evidence, finding.evidence);
                }
                let mut close = std::mem::take(&mut first.close);
                finding.close.retain(|statement| !close.contains(statement));
                close.append(&mut finding.close);
                let severity = first.severity.max(finding.severity);
                *first = Finding { severity, ..first.clone() }.closed_by(close);
            }
        }
    }
    known.into_values().collect()
}
