//! Catalog audit: compares the effective privileges of every login with the manifest.
//!
//! Deny by default: a privilege, membership, attribute, setting or kind of object that the contract does not
//! grant is a finding, known or not. Pure: [`martydb_catalog`] has read everything.

mod builtins;
mod code;
mod context;
mod database_privileges;
mod declared_access;
pub mod defaults;
mod definer_views;
mod extensions;
mod foreign_servers;
mod hba;
mod memberships;
mod owners;
mod privileges;
mod reach;
mod roles;
mod search_paths;
mod secrets;
mod sessions;
mod settings;
#[cfg(test)]
pub mod testing;

use std::collections::BTreeMap;

use crate::reach::AccessGraph;
pub(crate) use code::verifier_readers;
pub(crate) use context::Audit;
use context::Database;
use martydb_catalog::{CatalogObject, KnownPasswords, Snapshot};
use martydb_model::DesiredServer;
use martydb_model::findings::{Finding, FindingBuilder, FindingKey};
use reach::BoundedFunctions;

/// Returns the findings of one server, the most severe first.
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
    settings::judge(&audit, &mut out);
    sessions::judge(&audit, &mut out);
    secrets::judge(&audit, known, &mut out);
    hba::judge(&audit, &mut out);
    reach::judge(&audit, &functions(&audit, code::is_bounded), &mut out);
    let mut findings = merged(out.into_iter().map(|found| found.on(&desired.name)));
    findings.iter_mut().for_each(|finding| withhold(finding, known));
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.key().cmp(&b.key())));
    findings
}

/// Returns the SECURITY DEFINER functions that give their callers nothing, by database, with their arguments.
pub(crate) fn bounded_functions(desired: &DesiredServer, snapshot: &Snapshot) -> BoundedFunctions {
    functions(&Audit::new(desired, snapshot), code::gives_nothing)
}

fn functions(
    audit: &Audit<'_>,
    is_among: impl Fn(&Database<'_>, &CatalogObject) -> bool,
) -> BoundedFunctions {
    let of = |db: &Database<'_>| {
        let bounded = db.catalog.objects.iter().filter(|item| is_among(db, item));
        bounded.map(|item| item.display.clone()).collect()
    };
    audit.databases().map(|db| (db.name.to_owned(), of(&db))).collect()
}

/// Returns everything that the logins can reach: roles and objects on the paths, and lines of pg_hba.conf that
/// need no password.
pub fn access_graph(desired: &DesiredServer, snapshot: &Snapshot) -> AccessGraph {
    let audit = Audit::new(desired, snapshot);
    let mut graph = reach::graph(&audit, &functions(&audit, code::is_bounded));
    graph.edges.extend(hba::passwordless_edges(&audit));
    graph
}

/// Withholds evidence that contains a stored password: it quotes settings, names and the like, and any of them
/// may be one.
fn withhold(finding: &mut Finding, known: KnownPasswords<'_>) {
    if known(&finding.evidence).is_some() {
        finding.evidence =
            "the evidence is not shown because it contains a password of the secret store".into();
    }
}

/// Merges findings about single privileges of the same kind into one, with a fix for all of them.
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
