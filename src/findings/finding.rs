//! What an operator has to act on: a breach, who can use it, how it was seen, and the SQL that closes it.

use schemars::JsonSchema;
use serde::Serialize;

use super::kinds::{CONNECT, FindingKind};
use super::severity::Severity;
use crate::grants::Fix;

/// What saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Source")]
pub enum SeenBy {
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
    pub kind: SeenBy,
    /// Who is exposed; `None` where it is the whole server.
    pub service: Option<String>,
    /// The role that has access; `PUBLIC` for every role.
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
    #[schemars(with = "Option<String>")]
    pub fix: Option<Fix>,
}

/// Id, database, role, object and service.
pub type FindingKey = (&'static str, Option<String>, String, Option<String>, Option<String>);

impl Finding {
    pub fn is(&self, kind: &FindingKind) -> bool {
        self.id == kind.id
    }

    /// Whether it says that a login can connect to the database.
    pub fn is_connect(&self) -> bool {
        CONNECT.iter().any(|kind| self.is(kind))
    }

    /// Adds another part of the same finding: what is held in several parts is told and closed as one.
    pub fn merge(&mut self, other: Finding) {
        if !self.evidence.contains(&other.evidence) {
            self.evidence = format!("{}; {}", self.evidence, other.evidence);
        }
        self.severity = self.severity.max(other.severity);
        match (&mut self.fix, other.fix) {
            (Some(fix), Some(more)) => fix.add(more),
            (fix, more) => *fix = fix.take().or(more),
        }
    }

    /// What makes two findings one: the probes and the catalogue see the same hole each in their way.
    pub fn key(&self) -> FindingKey {
        (self.id, self.database.clone(), self.role.clone(), self.object.clone(), self.service.clone())
    }
}
