//! Breaches of the matrix as findings: who can connect, why, and what closes it.

use std::collections::{BTreeMap, BTreeSet};

use super::access_paths::{AccessPath, access_paths};
use super::inferred::WAY;
use crate::findings::{
    FOREIGN_CONNECT, Finding, FindingBuilder, MAINTENANCE_CONNECT, PUBLIC, SeenBy, TEMPLATE_CONNECT,
    UNMANAGED_CONNECT,
};
use crate::grants::Repair;
use crate::model::{ActualServer, DatabaseKind};
use crate::probe::{Probe, ProbeDatabase, ProbeLogin, Task, Verdict};
use crate::units::{counted, listed};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A login was accepted.
    Login,
    /// The login could not be tried; the catalogue says that it would be accepted.
    Catalogue,
}

/// One finding for each database to which PUBLIC may connect, and one for each login that has a path of its own.
pub fn findings(task: &Task, probes: &[&Probe], server: &ActualServer, basis: Basis) -> Vec<Finding> {
    let logins: BTreeMap<&str, &ProbeLogin> =
        task.logins.iter().map(|login| (login.role.as_str(), login)).collect();
    let mut entrants: BTreeMap<&str, Vec<&ProbeLogin>> = BTreeMap::new();
    for probe in probes.iter().filter(|probe| probe.outcome == Verdict::Breach) {
        entrants.entry(&probe.database).or_default().push(logins[probe.role.as_str()]);
    }
    let of_database = |database: &ProbeDatabase| {
        let entrants = entrants.get(database.name.as_str()).map_or(&[][..], Vec::as_slice);
        Breach { task, database, server, basis }.findings(entrants)
    };
    task.databases.iter().flat_map(of_database).collect()
}

/// One database to which logins can connect that must not.
struct Breach<'a> {
    task: &'a Task,
    database: &'a ProbeDatabase,
    server: &'a ActualServer,
    basis: Basis,
}

impl Breach<'_> {
    fn findings(&self, entrants: &[&ProbeLogin]) -> Vec<Finding> {
        let mut public: Option<AccessPath> = None;
        let mut found = vec![];
        for login in entrants {
            let paths = access_paths(self.server, &login.role, &self.database.name).into_iter();
            let (of_public, own): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_public);
            // What only PUBLIC explains is one finding for all, not one for each login of the server.
            if of_public.is_empty() || !own.is_empty() {
                let who = format!("{} of {}", login.role, login.service);
                found.push(self.finding(login.role.as_str(), &who, 1, own));
            }
            public = public.or(of_public.into_iter().next());
        }
        if let Some(path) = public {
            let services: BTreeSet<_> = entrants.iter().map(|login| login.service.as_str()).collect();
            let services: Vec<_> = services.into_iter().collect();
            let who = format!("{} of {}", counted(entrants.len(), "login"), listed(&services));
            found.insert(0, self.finding(PUBLIC, &who, entrants.len(), vec![path]));
        }
        found
    }

    fn finding(&self, role: &str, who: &str, logins: usize, paths: Vec<AccessPath>) -> Finding {
        let (kind, service) = match &self.database.kind {
            DatabaseKind::Service(service) => (FOREIGN_CONNECT, Some(service)),
            DatabaseKind::Maintenance => (MAINTENANCE_CONNECT, None),
            DatabaseKind::Template => (TEMPLATE_CONNECT, None),
            DatabaseKind::Unmanaged => (UNMANAGED_CONNECT, None),
        };
        let why: Vec<&str> = paths.iter().map(|path| path.why.as_str()).collect();
        let why = if why.is_empty() { String::new() } else { format!(": {}", why.join(", and ")) };
        let (source, seen) = match (self.basis, logins) {
            (Basis::Login, 1) => (SeenBy::Probe, format!("{who} was let in{why}")),
            (Basis::Login, _) => (SeenBy::Probe, format!("{who} were let in{why}")),
            (Basis::Catalogue, _) => {
                (SeenBy::Audit, format!("{WAY}, since the password is not known: {who} would be let in{why}"))
            }
        };
        let found = kind.of(role).by(source).service_name(service).database(&self.database.name).seen(seen);
        // Each once, in the order of their text.
        let repairs = paths.into_iter().map(|path| (path.repair.statement().to_string(), path.repair));
        let repairs: BTreeMap<String, Repair> = repairs.collect();
        repairs.into_values().fold(found, FindingBuilder::fix).on(&self.task.server)
    }
}
