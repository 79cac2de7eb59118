//! A plan as a value: steps, what only `--prune` touches, and what the admin lacks privileges for.

use super::action::Action;
use super::loss::Loss;
use super::object::Object;
use super::stage::{Risk, Stage};
use martydb_model::{DbName, RoleName, ServerName, ServiceName};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The service it is for; `None` for the server as a whole.
    pub service: Option<ServiceName>,
    /// The database it is about.
    pub database: Option<DbName>,
    pub stage: Stage,
    pub action: Action,
    /// Wanted and found, in words.
    pub reason: String,
    pub risk: Risk,
    /// The relation whose change of owner it is part of, see `takeover`.
    pub part_of: Option<Object>,
}

impl Step {
    /// The new database, if an old one may be what was meant.
    pub fn makes_doubtful_database(&self) -> Option<&DbName> {
        match &self.action {
            Action::CreateDatabase { database, .. } if self.risk == Risk::Caution => Some(database),
            _ => None,
        }
    }

    /// Whether it is the copy of a database, which takes programs and not a statement.
    pub fn is_copy(&self) -> bool {
        matches!(self.action, Action::CopyDatabase { .. })
    }

    /// The login whose password, which clients may be using, is replaced because the secret store has lost it.
    pub fn replaces_password(&self) -> Option<&RoleName> {
        match &self.action {
            Action::SetPassword { role, .. } if self.risk == Risk::Destructive => Some(role),
            _ => None,
        }
    }
}

/// The database of which a service gets a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyOrigin {
    pub server: ServerName,
    pub database: DbName,
    /// How large it is; `None` where the admin may not know.
    pub bytes: Option<i64>,
}

/// Something the admin may not do on this server.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "Limit")]
pub struct PrivilegeGap {
    /// The server's key in the manifest.
    pub server: String,
    /// The service it is for; null for the server as a whole.
    pub service: Option<String>,
    /// What cannot be done.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What to ask a DBA for.
    pub grant: Option<String>,
    /// The same as statements, where it consists of such.
    #[serde(skip)]
    pub request: Option<DbaRequest>,
}

impl PrivilegeGap {
    /// One for which there is nothing to ask a DBA for.
    pub fn without_grant(
        server: &str,
        service: Option<&ServiceName>,
        what: String,
        why: String,
    ) -> PrivilegeGap {
        let (server, service) = (server.to_owned(), service.map(ToString::to_string));
        PrivilegeGap { server, service, what, why, grant: None, request: None }
    }
}

/// What a DBA can run in the admin's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbaRequest {
    /// Where; `None` for any database of the server.
    pub database: Option<DbName>,
    pub statements: Vec<String>,
}

impl DbaRequest {
    /// In one line.
    pub fn text(&self) -> String {
        let all = self.statements.join("; ");
        self.database.as_ref().map_or(all.clone(), |database| format!("in database {database}: {all}"))
    }
}

/// What has to change on one server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// What others have, which only `--prune` touches.
    pub prunable: Vec<Step>,
    /// What the admin may not do.
    pub limits: Vec<PrivilegeGap>,
    /// What logins lose that they hold by PUBLIC or by a group alone.
    pub losses: Vec<Loss>,
}

impl Plan {
    /// The steps for what is declared, and those that remove what no longer is.
    pub fn parts(&self) -> (&[Step], &[Step]) {
        let rights = |action: &Action| matches!(action, Action::Grant { .. } | Action::Revoke { .. });
        let leaving =
            |step: &Step| step.service.is_none() && step.stage != Stage::Prepare && !rights(&step.action);
        self.steps.split_at(self.steps.iter().position(leaving).unwrap_or(self.steps.len()))
    }
}
