//! A plan: its steps, its prunable steps, and the admin's privilege gaps.

use super::action::{Action, Verb};
use super::loss::Loss;
use super::object::Object;
use super::stage::{Risk, Stage};
use martydb_model::{DbName, RoleName, ServerName, ServiceName};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Service of the step; `None` for the server as a whole.
    pub service: Option<ServiceName>,
    /// Database of the step.
    pub database: Option<DbName>,
    pub stage: Stage,
    pub action: Action,
    /// Desired and actual state, for people.
    pub reason: String,
    pub risk: Risk,
    /// Relation whose change of owner it belongs to, see `ownership`.
    pub part_of: Option<Object>,
}

impl Step {
    /// Returns `true` if it takes something from a login: a privilege, a password or the login itself. A replica that has
    /// not replayed it still accepts what was taken.
    pub fn takes(&self) -> bool {
        let changes = matches!(self.action, Action::AlterRole { .. } | Action::SetPassword { .. });
        changes || matches!(self.action.verb(), Verb::Revoke | Verb::Drop)
    }

    /// Returns the new database if an old one may be meant.
    pub fn makes_doubtful_database(&self) -> Option<&DbName> {
        match &self.action {
            Action::CreateDatabase { database, .. } if self.risk == Risk::Caution => Some(database),
            _ => None,
        }
    }

    /// Returns `true` for the copy of a database, which needs programs instead of a statement.
    pub fn is_copy(&self) -> bool {
        matches!(self.action, Action::CopyDatabase { .. })
    }

    /// Returns the login whose password is replaced because the secret store has lost it; clients may be using it.
    pub fn replaces_password(&self) -> Option<&RoleName> {
        match &self.action {
            Action::SetPassword { role, .. } if self.risk == Risk::Destructive => Some(role),
            _ => None,
        }
    }
}

/// Database of which a service gets a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyOrigin {
    pub server: ServerName,
    pub database: DbName,
    /// Size in bytes; `None` if the admin may not read it.
    pub bytes: Option<i64>,
}

/// An action that the admin lacks the privilege for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "Limit")]
pub struct PrivilegeGap {
    /// Key of the server in the manifest.
    pub server: String,
    /// Service of the action; null for the server as a whole.
    pub service: Option<String>,
    /// The action.
    pub what: String,
    /// The reason.
    pub why: String,
    /// A request to a DBA.
    pub grant: Option<String>,
    /// The request as statements, if it consists of such.
    #[serde(skip)]
    pub request: Option<DbaRequest>,
    /// A migration of the service closes the gap: it creates the table that the privilege is for.
    #[serde(skip)]
    pub awaits_migration: bool,
}

impl PrivilegeGap {
    /// Returns a gap that no DBA can close.
    pub fn without_grant(
        server: &str,
        service: Option<&ServiceName>,
        what: String,
        why: String,
    ) -> PrivilegeGap {
        let (server, service) = (server.to_owned(), service.map(ToString::to_string));
        PrivilegeGap { server, service, what, why, grant: None, request: None, awaits_migration: false }
    }
}

/// Statements that a DBA can run in place of the admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbaRequest {
    /// Database in which they run; `None` for any database of the server.
    pub database: Option<DbName>,
    pub statements: Vec<String>,
}

impl DbaRequest {
    /// Returns the statements in one line.
    pub fn text(&self) -> String {
        let all = self.statements.join("; ");
        self.database.as_ref().map_or(all.clone(), |database| format!("in database {database}: {all}"))
    }
}

/// Changes that one server needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// Removals of undeclared objects and privileges, only for `--prune`.
    pub prunable: Vec<Step>,
    /// Privilege gaps of the admin.
    pub limits: Vec<PrivilegeGap>,
    /// Privileges that logins lose because they hold them only through PUBLIC or a group.
    pub losses: Vec<Loss>,
}

impl Plan {
    /// Returns the steps for what is declared, and those that remove what no longer is.
    pub fn parts(&self) -> (&[Step], &[Step]) {
        let rights = |action: &Action| matches!(action, Action::Grant { .. } | Action::Revoke { .. });
        let leaving =
            |step: &Step| step.service.is_none() && step.stage != Stage::Prepare && !rights(&step.action);
        self.steps.split_at(self.steps.iter().position(leaving).unwrap_or(self.steps.len()))
    }
}
