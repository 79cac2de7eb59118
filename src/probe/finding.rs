//! What an operator has to act on: a breach, who can use it, how it was seen, and the SQL that closes it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::matrix::Probe;
use super::task::{DatabaseKind, ProbeDatabase, ProbeLogin, Task};
use super::verdict::Verdict;
use super::ways::{Way, ways_in};
use crate::model::{ActualServer, RoleName};
use crate::sql::Statement;
use crate::units::counted;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Some login can do what it was not given.
    Medium,
    /// A service's data is one step away.
    High,
    /// A service's data is within reach.
    Critical,
}

impl Severity {
    /// The word in JSON and text.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// What saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A login.
    Probe,
    /// The catalogue.
    Audit,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// Stable, kebab-case.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What saw it.
    pub kind: Source,
    /// Who is exposed; `None` where it is the whole server.
    pub service: Option<String>,
    /// Who gets in; `PUBLIC` for everybody.
    pub role: String,
    /// The server.
    pub server: String,
    /// The database.
    pub database: Option<String>,
    /// The object in it, if it is one.
    pub object: Option<String>,
    /// How it was seen.
    pub evidence: String,
    /// The SQL that closes it; `None` where it takes a human to decide.
    pub fix: Option<String>,
    /// The same as statements, for `--fix`.
    #[serde(skip)]
    pub close: Vec<Statement>,
}

/// Id, database, role, object and service.
pub type Key = (&'static str, Option<String>, String, Option<String>, Option<String>);

impl Finding {
    /// With the statements that close it, and the same as text.
    pub fn closed_by(mut self, close: Vec<Statement>) -> Finding {
        let texts: Vec<String> = close.iter().map(|statement| format!("{statement};")).collect();
        self.fix = (!texts.is_empty()).then(|| texts.join("\n"));
        self.close = close;
        self
    }

    /// What makes two findings one: the probes and the catalogue see the same hole each in their way.
    pub fn key(&self) -> Key {
        (self.id, self.database.clone(), self.role.clone(), self.object.clone(), self.service.clone())
    }
}

/// What a breach of each kind of database is called.
fn class(kind: &DatabaseKind) -> (&'static str, Severity) {
    match kind {
        DatabaseKind::Service(_) => ("foreign-database-connect", Severity::Critical),
        DatabaseKind::Maintenance => ("maintenance-database-connect", Severity::Medium),
        DatabaseKind::Template => ("template-database-connect", Severity::Medium),
        DatabaseKind::Unmanaged => ("unmanaged-database-connect", Severity::Medium),
    }
}

/// One finding for each database that everybody gets into, and one for each login that gets in besides.
pub fn findings(task: &Task, probes: &[Probe], server: Option<&ActualServer>) -> Vec<Finding> {
    let mut breaches: BTreeMap<&str, Vec<&Probe>> = BTreeMap::new();
    for probe in probes.iter().filter(|probe| probe.outcome == Verdict::Breach) {
        breaches.entry(&probe.database).or_default().push(probe);
    }
    let logins: BTreeMap<&str, &ProbeLogin> =
        task.logins.iter().map(|login| (login.role.as_str(), login)).collect();
    let of_database = |database: &ProbeDatabase| {
        let seen = breaches.get(database.name.as_str()).map_or(&[][..], Vec::as_slice);
        let entrants: Vec<_> = seen.iter().map(|probe| logins[probe.role.as_str()]).collect();
        in_one(task, database, &entrants, server)
    };
    task.databases.iter().flat_map(of_database).collect()
}

fn in_one(
    task: &Task,
    database: &ProbeDatabase,
    entrants: &[&ProbeLogin],
    server: Option<&ActualServer>,
) -> Vec<Finding> {
    let mut public: Option<Way> = None;
    let mut found = vec![];
    for login in entrants {
        let ways = server.map_or(vec![], |server| ways_in(server, &login.role, &database.name));
        let (everybody, own): (Vec<_>, Vec<_>) = ways.into_iter().partition(Way::is_public);
        // What only PUBLIC explains is one finding for all, not one for each login of the server.
        if everybody.is_empty() || !own.is_empty() {
            let evidence = format!("{} of {} was let in{}", login.role, login.service, because(&own));
            let fix = closing(&own, server, &login.role, database);
            found.push(finding(task, database, login.role.to_string(), evidence, fix));
        }
        public = public.or(everybody.into_iter().next());
    }
    if let Some(way) = public {
        let who: BTreeSet<_> = entrants.iter().map(|login| login.service.as_str()).collect();
        let who: Vec<_> = who.into_iter().collect();
        let logins = counted(entrants.len(), "login");
        let verb = if entrants.len() == 1 { "was" } else { "were" };
        let evidence = format!("{logins} of {} {verb} let in: {}", listed(&who), way.describe());
        let fix = closing(&[way], server, &entrants[0].role, database);
        found.insert(0, finding(task, database, "PUBLIC".into(), evidence, fix));
    }
    found
}

fn finding(
    task: &Task,
    database: &ProbeDatabase,
    role: String,
    evidence: String,
    close: Vec<Statement>,
) -> Finding {
    let (id, severity) = class(&database.kind);
    let service = match &database.kind {
        DatabaseKind::Service(service) => Some(service.to_string()),
        _ => None,
    };
    let database = Some(database.name.to_string());
    let server = task.server.clone();
    Finding {
        id,
        severity,
        kind: Source::Probe,
        service,
        role,
        server,
        database,
        object: None,
        evidence,
        fix: None,
        close: vec![],
    }
    .closed_by(close)
}

fn because(ways: &[Way]) -> String {
    match ways {
        [] => String::new(),
        ways => format!(": {}", ways.iter().map(Way::describe).collect::<Vec<_>>().join(", and ")),
    }
}

fn closing(
    ways: &[Way],
    server: Option<&ActualServer>,
    role: &RoleName,
    database: &ProbeDatabase,
) -> Vec<Statement> {
    let major = server.map_or(0, ActualServer::major);
    let all: BTreeMap<String, Statement> = ways
        .iter()
        .map(|way| way.fix(major, role, &database.name))
        .map(|fix| (fix.to_string(), fix))
        .collect();
    all.into_values().collect()
}

/// The first few of a list, and how many more there are.
pub fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 4;
    match names.len() {
        n if n > SHOWN + 1 => format!("{} and {} more", names[..SHOWN].join(", "), n - SHOWN),
        _ => names.join(", "),
    }
}
