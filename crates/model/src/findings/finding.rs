//! A finding: a breach, who can use it, its evidence, and the SQL that closes it.

use std::collections::{BTreeSet, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::kinds::{ByHand, CONNECT, FindingKind, GRANT_OPTION, KINDS, OF_ONE_SERVICE, Severity};
use crate::grants::{Fix, Repair, Securable, revoke, revoke_option};
use crate::sql::Statement;
use crate::{AclEntry, DesiredService, ServiceName};

/// Source of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Source")]
pub enum FindingSource {
    /// Login attempt.
    Probe,
    /// Catalogs of the server.
    Audit,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// Stable, kebab-case.
    pub id: &'static str,
    /// Severity of the finding.
    pub severity: Severity,
    /// Source of the evidence.
    pub kind: FindingSource,
    /// Exposed service; `None` if the whole server is exposed.
    pub service: Option<String>,
    /// The role that has access; `PUBLIC` for every role.
    pub role: String,
    /// The server.
    pub server: String,
    /// Replica of the server where it was found; `None` for the server itself.
    pub at: Option<String>,
    /// The database.
    pub database: Option<String>,
    /// Object in the database, if it is one.
    pub object: Option<String>,
    /// Evidence, for people.
    pub evidence: String,
    /// SQL that resolves it, or a comment with the reason why none does; only a note may have none.
    #[schemars(with = "Option<String>")]
    pub fix: Option<Fix>,
    /// Services that it exposes in addition to `service`.
    #[serde(skip)]
    pub exposes: ReachedServices,
}

/// Services that a finding exposes in addition to the one that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReachedServices {
    Services(BTreeSet<String>),
    /// Every service of the server.
    Server,
}

impl ReachedServices {
    /// Returns the union of both.
    fn and(self, other: ReachedServices) -> ReachedServices {
        match (self, other) {
            (ReachedServices::Services(some), ReachedServices::Services(more)) => {
                ReachedServices::Services(&some | &more)
            }
            _ => ReachedServices::Server,
        }
    }
}

/// Identity of a finding: id, database, role, object and service.
pub type FindingKey = (&'static str, Option<String>, String, Option<String>, Option<String>);

impl Finding {
    pub fn is(&self, kind: &FindingKind) -> bool {
        self.id == kind.id
    }

    /// Returns `true` if the finding is that a login can connect to the database.
    pub fn is_connect(&self) -> bool {
        CONNECT.iter().any(|kind| self.is(kind))
    }

    /// Returns `true` if it exposes one of these services.
    pub fn exposes_any(&self, services: &HashSet<&str>) -> bool {
        let is_named = self.service.as_deref().is_none_or(|name| services.contains(name));
        is_named
            || match &self.exposes {
                ReachedServices::Services(others) => {
                    others.iter().any(|name| services.contains(name.as_str()))
                }
                ReachedServices::Server => true,
            }
    }

    /// Returns `true` if it exposes one of these services, and no other and not the whole server.
    pub fn exposes_only(&self, services: &BTreeSet<String>) -> bool {
        let ReachedServices::Services(others) = &self.exposes else { return false };
        self.service.as_ref().is_some_and(|name| services.contains(name)) && others.is_subset(services)
    }

    /// Returns the server, or its replica, for people.
    pub fn server_in_words(&self) -> String {
        match &self.at {
            Some(replica) => format!("replica {replica} of server {}", self.server),
            None => format!("server {}", self.server),
        }
    }

    /// Merges another part of the same finding: they are reported and closed as one.
    pub fn merge(&mut self, other: Finding) {
        if !self.evidence.contains(&other.evidence) {
            self.evidence = format!("{}; {}", self.evidence, other.evidence);
        }
        self.severity = self.severity.max(other.severity);
        self.exposes = std::mem::replace(&mut self.exposes, ReachedServices::Server).and(other.exposes);
        match (&mut self.fix, other.fix) {
            (Some(fix), Some(more)) => fix.add(more),
            (fix, more) => *fix = fix.take().or(more),
        }
        let reason = KINDS.iter().find(|kind| self.is(kind)).map(|kind| kind.by_hand.comment());
        if let (Some(fix), Some(reason)) = (&mut self.fix, reason) {
            fix.drop_reason(&reason);
        }
    }

    /// Returns the identity that merges findings: probes and catalogs report the same breach in different words.
    pub fn key(&self) -> FindingKey {
        (self.id, self.database.clone(), self.role.clone(), self.object.clone(), self.service.clone())
    }
}

/// Role of findings that concern every role.
pub const PUBLIC: &str = "PUBLIC";

/// A finding without its server's name.
pub struct FindingBuilder {
    finding: Finding,
    by_hand: ByHand,
    repairs: Vec<Repair>,
    advice: Vec<String>,
}

/// Returns a line of a fix that is not a statement.
fn comment(step: &str) -> String {
    let plain: String = step.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("-- {plain}")
}

impl ByHand {
    fn comment(self) -> String {
        self.addressed(self.step)
    }

    /// Returns a step as a comment that says which person takes it.
    fn addressed(self, step: &str) -> String {
        comment(&format!("for {}: {step}", self.person))
    }
}

impl FindingKind {
    /// Starts a finding of this kind about a role: from the catalog, with the usual severity.
    pub fn of(&self, role: impl Into<String>) -> FindingBuilder {
        let finding = Finding {
            id: self.id,
            severity: self.severity,
            kind: FindingSource::Audit,
            service: None,
            role: role.into(),
            server: String::new(),
            at: None,
            database: None,
            object: None,
            evidence: self.title.into(),
            fix: None,
            exposes: match OF_ONE_SERVICE.iter().any(|kind| kind.id == self.id) {
                true => ReachedServices::Services(BTreeSet::new()),
                false => ReachedServices::Server,
            },
        };
        FindingBuilder { finding, by_hand: self.by_hand, repairs: vec![], advice: vec![] }
    }
}

impl FindingBuilder {
    pub fn at(mut self, severity: Severity) -> Self {
        self.finding.severity = severity;
        self
    }

    pub fn by(mut self, source: FindingSource) -> Self {
        self.finding.kind = source;
        self
    }

    /// Sets the exposed service.
    pub fn service(self, service: Option<&DesiredService>) -> Self {
        self.service_name(service.map(|service| &service.name))
    }

    /// Sets the exposed service by its name.
    pub fn service_name(mut self, service: Option<&ServiceName>) -> Self {
        self.finding.service = service.map(ToString::to_string);
        self
    }

    /// Sets the services that it exposes in addition to its own, where its kind does not decide that.
    pub fn exposing(mut self, exposes: ReachedServices) -> Self {
        self.finding.exposes = exposes;
        self
    }

    pub fn database(mut self, database: impl ToString) -> Self {
        self.finding.database = Some(database.to_string());
        self
    }

    pub fn object(mut self, object: impl Into<String>) -> Self {
        self.finding.object = Some(object.into());
        self
    }

    pub fn evidence(mut self, evidence: impl Into<String>) -> Self {
        self.finding.evidence = evidence.into();
        self
    }

    /// Adds a REVOKE of the privilege, or only of its grant option, to the fix.
    pub fn revoking(self, entry: &AclEntry, column: Option<&str>, on: &Securable<'_>) -> Self {
        let taking = if self.finding.is(GRANT_OPTION) { revoke_option } else { revoke };
        self.fix(taking(entry, column, on))
    }

    /// Adds a repair to the fix, in the finding's database or anywhere.
    pub fn fix(mut self, repair: impl Into<Option<Repair>>) -> Self {
        self.repairs.extend(repair.into());
        self
    }

    pub fn fixes(mut self, repairs: Vec<Repair>) -> Self {
        self.repairs.extend(repairs);
        self
    }

    /// Adds advice to the fix, as a comment: a step that no statement can take.
    pub fn advice(mut self, step: &str) -> Self {
        self.advice.push(comment(step));
        self
    }

    /// Adds a statement that `--fix` does not execute, because the admin may not.
    pub fn asking(mut self, statement: &Statement) -> Self {
        self.advice.push(format!("{statement};"));
        self
    }

    /// Adds advice to reload the server's configuration files after the previous steps.
    pub fn reload(mut self) -> Self {
        self.advice.push("SELECT pg_reload_conf();".into());
        self
    }

    /// Completes the finding. One that ends the run with 4 and has no statement says which person closes it, and how.
    pub fn on(mut self, server: &str) -> Finding {
        if self.finding.severity > Severity::Low && self.repairs.is_empty() {
            match self.advice.first_mut() {
                None => self.advice.push(self.by_hand.comment()),
                Some(first) => *first = self.by_hand.addressed(first.trim_start_matches("-- ")),
            }
        }
        let fix = Fix::with_advice(self.repairs, self.advice);
        Finding { server: server.into(), fix, ..self.finding }
    }
}
