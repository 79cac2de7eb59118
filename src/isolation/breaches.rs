//! Breaches of the matrix as findings: who can connect, why, and what closes it.

use std::collections::{BTreeMap, BTreeSet};

use super::access_paths::{AccessPath, access_paths};
use super::inferred::WAY;
use crate::findings::{
    FOREIGN_CONNECT, Finding, FindingBuilder, FindingKind, MAINTENANCE_CONNECT, PUBLIC, SeenBy,
    TEMPLATE_CONNECT, UNMANAGED_CONNECT,
};
use crate::grants::Repair;
use crate::model::{ActualServer, DatabaseKind, RoleName};
use crate::probe::{Probe, ProbeDatabase, ProbeLogin, Task, Verdict};
use crate::units::{counted, listed};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A login was accepted.
    Login,
    /// The login could not be tried; the catalogue says that it would be accepted.
    Catalogue,
}

impl Basis {
    fn source(self) -> SeenBy {
        match self {
            Basis::Login => SeenBy::Probe,
            Basis::Catalogue => SeenBy::Audit,
        }
    }

    fn evidence(self, who: &str, logins: usize, why: &str) -> String {
        match (self, logins) {
            (Basis::Login, 1) => format!("{who} was let in{why}"),
            (Basis::Login, _) => format!("{who} were let in{why}"),
            (Basis::Catalogue, _) => {
                format!("{WAY}, since the password is not known: {who} would be let in{why}")
            }
        }
    }
}

fn kind(database: &DatabaseKind) -> &'static FindingKind {
    match database {
        DatabaseKind::Service(_) => FOREIGN_CONNECT,
        DatabaseKind::Maintenance => MAINTENANCE_CONNECT,
        DatabaseKind::Template => TEMPLATE_CONNECT,
        DatabaseKind::Unmanaged => UNMANAGED_CONNECT,
    }
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
            let paths = access_paths(self.server, &login.role, &self.database.name);
            let (of_public, own): (Vec<_>, Vec<_>) = paths.into_iter().partition(AccessPath::is_public);
            // What only PUBLIC explains is one finding for all, not one for each login of the server.
            if of_public.is_empty() || !own.is_empty() {
                let why: Vec<_> = own.iter().map(AccessPath::describe).collect();
                let why = if why.is_empty() { String::new() } else { format!(": {}", why.join(", and ")) };
                let evidence = self.basis.evidence(&format!("{} of {}", login.role, login.service), 1, &why);
                found.push(self.finding(login.role.as_str(), evidence, self.repairs(&own, &login.role)));
            }
            public = public.or(of_public.into_iter().next());
        }
        if let Some(path) = public {
            let services: BTreeSet<_> = entrants.iter().map(|login| login.service.as_str()).collect();
            let services: Vec<_> = services.into_iter().collect();
            let who = format!("{} of {}", counted(entrants.len(), "login"), listed(&services));
            let why = format!(": {}", path.describe());
            let evidence = self.basis.evidence(&who, entrants.len(), &why);
            found.insert(0, self.finding(PUBLIC, evidence, self.repairs(&[path], &entrants[0].role)));
        }
        found
    }

    fn finding(&self, role: &str, evidence: String, repairs: Vec<Repair>) -> Finding {
        let service = match &self.database.kind {
            DatabaseKind::Service(service) => Some(service),
            _ => None,
        };
        let found = kind(&self.database.kind).of(role).by(self.basis.source()).service_name(service);
        let found = found.database(&self.database.name).seen(evidence);
        repairs.into_iter().fold(found, FindingBuilder::fix).on(&self.task.server)
    }

    /// Each once, in the order of their text.
    fn repairs(&self, paths: &[AccessPath], role: &RoleName) -> Vec<Repair> {
        let repairs = paths.iter().map(|path| path.fix(self.server.major(), role, &self.database.name));
        let all: BTreeMap<String, Repair> =
            repairs.map(|repair| (repair.statement().to_string(), repair)).collect();
        all.into_values().collect()
    }
}
