//! The catalogue audit: what every login can effectively do, against what the manifest declares.
//!
//! Deny by default: a privilege, membership, attribute, setting or kind of object that the contract does not give is a
//! finding, known or not. Pure: [`crate::catalog`] has read everything.

mod builtins;
mod code;
mod context;
mod database_privileges;
pub mod defaults;
mod definer_views;
mod extensions;
mod foreign_servers;
mod hba;
mod jobs;
mod memberships;
mod owners;
mod privileges;
mod reach;
mod roles;
mod secrets;
mod sessions;
mod settings;

use std::collections::BTreeMap;

use crate::catalog::{KnownPasswords, Snapshot};
use crate::reach::AccessGraph;
use context::Audit;
use martydb_model::DesiredServer;
use martydb_model::findings::{Finding, FindingBuilder, FindingKey};

/// What the catalogues of one server show, the worst first.
pub fn audit(desired: &DesiredServer, snapshot: &Snapshot, known: KnownPasswords<'_>) -> Vec<Finding> {
    let audit = Audit::new(desired, snapshot);
    let mut out: Vec<FindingBuilder> = vec![];
    memberships::judge(&audit, &mut out);
    database_privileges::judge(&audit, &mut out);
    privileges::judge(&audit, &mut out);
    owners::judge(&audit, &mut out);
    defaults::judge(&audit, &mut out);
    code::judge(&audit, &mut out);
    builtins::judge(&audit, &mut out);
    foreign_servers::judge(&audit, &mut out);
    extensions::judge(&audit, &mut out);
    jobs::judge(&audit, &mut out);
    settings::judge(&audit, &mut out);
    sessions::judge(&audit, &mut out);
    secrets::judge(&audit, known, &mut out);
    hba::judge(&audit, &mut out);
    reach::judge(&audit, &mut out);
    let mut findings = merged(out.into_iter().map(|found| found.on(&desired.name)));
    findings.iter_mut().for_each(|finding| withhold(finding, known));
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.key().cmp(&b.key())));
    findings
}

/// What every login can reach: the roles and objects on its ways, and the lines of pg_hba.conf that ask for no password.
pub fn access_graph(desired: &DesiredServer, snapshot: &Snapshot) -> AccessGraph {
    let audit = Audit::new(desired, snapshot);
    let mut graph = reach::graph(&audit);
    graph.edges.extend(hba::open_doors(&audit));
    graph
}

/// Evidence quotes values of settings, names and the like, and any of them can be a password.
fn withhold(finding: &mut Finding, known: KnownPasswords<'_>) {
    if known(&finding.evidence).is_some() {
        finding.evidence = "the evidence holds a password of the secret store and is not shown".into();
    }
}

/// What is held in several parts, privilege by privilege, is one finding that tells and closes all of them.
fn merged(all: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut known: BTreeMap<FindingKey, Finding> = BTreeMap::new();
    for finding in all {
        match known.get_mut(&finding.key()) {
            Some(known) => known.merge(finding),
            None => drop(known.insert(finding.key(), finding)),
        }
    }
    known.into_values().collect()
}
