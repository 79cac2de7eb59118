//! Access that a plan revokes from logins, as text and for scripts.

use schemars::JsonSchema;
use serde::Serialize;

use super::plan::PlannedServer;
use martydb_model::sql::Statement;
use martydb_model::text::printable;
use martydb_model::units::{counted, first_of};
use martydb_model::{Activity, ActualServer, DbName, RoleName};
use martydb_plan::{LOGINS_NAMED, Loss};

/// Number of objects whose statements are shown.
const MAX_SHOWN: usize = 3;

/// Revoked privilege, as scripts see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LostPrivilege {
    /// Server.
    server: String,
    /// Service; null for the server as a whole.
    service: Option<String>,
    /// Database.
    database: String,
    /// Privilege, as text.
    right: String,
    /// Previous source of the privilege: PUBLIC, or a group.
    from: String,
    /// Logins with no other source of the privilege.
    logins: Vec<AffectedLogin>,
    /// Statements that keep the privilege for them.
    keep: Vec<String>,
    /// `true` if a level of `access:` grants it.
    #[serde(skip)]
    is_declarable: bool,
}

/// Login that loses a privilege, with its sessions in that database.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct AffectedLogin {
    /// Name of the login.
    role: String,
    /// Number of its open sessions there.
    sessions: usize,
    /// Time of their last activity (UTC); null without sessions, or if the admin may not see it.
    last_activity: Option<String>,
}

/// Returns the privileges that a plan revokes from logins with no other source of them.
pub fn lost_rights(planned: &PlannedServer) -> Vec<LostPrivilege> {
    planned
        .plan
        .losses
        .iter()
        .map(|loss| LostPrivilege::new(&planned.server, loss, &planned.actual))
        .collect()
}

impl LostPrivilege {
    fn new(server: &str, loss: &Loss, actual: &ActualServer) -> LostPrivilege {
        let mut logins: Vec<_> =
            loss.roles.iter().map(|role| AffectedLogin::new(role, &loss.database, actual)).collect();
        // Logins with open sessions come first.
        logins.sort_by_key(|loser| loser.sessions == 0);
        LostPrivilege {
            server: server.to_owned(),
            service: loss.service.as_ref().map(ToString::to_string),
            database: loss.database.to_string(),
            right: loss.what(),
            from: loss.from.to_string(),
            logins,
            keep: loss.grants().iter().map(Statement::shown).map(str::to_owned).collect(),
            is_declarable: loss.is_declarable(),
        }
    }

    /// Returns the logins and their sessions, shortened to the first if there are many.
    pub fn who(&self) -> String {
        first_of(&self.logins.iter().map(AffectedLogin::in_words).collect::<Vec<_>>(), LOGINS_NAMED)
    }

    /// Returns the statements that keep the privilege, shortened if there are many.
    pub fn statements(&self) -> String {
        match self.keep.len() {
            some if some <= MAX_SHOWN => self.keep.join("; "),
            many => {
                format!("{}; and {} more statements (`plan -o json` has them all)", self.keep[0], many - 1)
            }
        }
    }

    fn how(&self) -> String {
        let declare = if self.is_declarable { "; or declare them under `access:`" } else { "" };
        self.statements() + declare
    }

    /// Returns the privilege and its source.
    pub fn what(&self) -> String {
        format!("{} from {}", self.right, self.from)
    }
}

impl AffectedLogin {
    fn new(role: &RoleName, database: &DbName, actual: &ActualServer) -> AffectedLogin {
        let is_here = |found: &&Activity| found.role == *role && found.database == *database;
        let found = actual.activity.iter().find(is_here);
        AffectedLogin {
            role: role.to_string(),
            sessions: found.map_or(0, |found| found.sessions),
            last_activity: found.and_then(|found| found.last.clone()),
        }
    }

    fn in_words(&self) -> String {
        let sessions = counted(self.sessions, "session");
        match &self.last_activity {
            _ if self.sessions == 0 => self.role.clone(),
            Some(last) => format!("{} ({sessions}, last active {last})", self.role),
            None => format!("{} ({sessions}, whose activity the admin may not see)", self.role),
        }
    }
}

/// Returns the section of a report; empty if no login loses access.
pub fn losses_text(losses: &[LostPrivilege]) -> String {
    if losses.is_empty() {
        return String::new();
    }
    let mut text = String::from("\nRevoked from logins with no other source of it:\n");
    for loss in losses {
        let (what, who, how) = (loss.what(), loss.who(), loss.how());
        text += &format!("  {}: {}\n    to keep: {}\n", printable(&what), printable(&who), printable(&how));
    }
    text
}
