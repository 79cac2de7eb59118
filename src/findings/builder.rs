//! How a rule says what it found.

use super::finding::{Finding, SeenBy};
use super::kinds::{FindingKind, GRANT_OPTION};
use super::severity::Severity;
use crate::grants::{Fix, Repair, Securable, revoke, revoke_option};
use crate::model::{AclEntry, ServiceName};

/// The role of findings that are about every role.
pub const PUBLIC: &str = "PUBLIC";

/// A finding that does not name its server yet.
pub struct FindingBuilder {
    finding: Finding,
    repairs: Vec<Repair>,
}

impl FindingKind {
    /// This kind about this role: seen in the catalogue, and as severe as usual.
    pub fn of(&self, role: impl Into<String>) -> FindingBuilder {
        let finding = Finding {
            id: self.id,
            severity: self.severity,
            kind: SeenBy::Audit,
            service: None,
            role: role.into(),
            server: String::new(),
            database: None,
            object: None,
            evidence: self.title.into(),
            fix: None,
        };
        FindingBuilder { finding, repairs: vec![] }
    }
}

impl FindingBuilder {
    pub fn at(mut self, severity: Severity) -> Self {
        self.finding.severity = severity;
        self
    }

    pub fn by(mut self, source: SeenBy) -> Self {
        self.finding.kind = source;
        self
    }

    /// The service that is exposed.
    pub fn service_name(mut self, service: Option<&ServiceName>) -> Self {
        self.finding.service = service.map(ToString::to_string);
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

    pub fn seen(mut self, evidence: impl Into<String>) -> Self {
        self.finding.evidence = evidence.into();
        self
    }

    /// Takes what it is about: the privilege, or only its grant option.
    pub fn revoking(self, entry: &AclEntry, column: Option<&str>, on: &Securable<'_>) -> Self {
        let taking = if self.finding.is(GRANT_OPTION) { revoke_option } else { revoke };
        let repair = taking(entry, column, on);
        self.fix(repair)
    }

    /// Closes it, with other repairs or alone, in the finding's database or anywhere.
    pub fn fix(mut self, repair: impl Into<Option<Repair>>) -> Self {
        self.repairs.extend(repair.into());
        self
    }

    pub fn on(self, server: &str) -> Finding {
        Finding { server: server.into(), fix: Fix::new(self.repairs), ..self.finding }
    }
}
