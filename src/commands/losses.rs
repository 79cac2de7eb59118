//! Who loses what by a plan, for people and for scripts.

use schemars::JsonSchema;
use serde::Serialize;

use martydb_model::sql::Statement;
use martydb_model::units::{counted, first_of};
use martydb_model::{Activity, ActualServer, DbName, RoleName};
use martydb_provision::plan::{LOGINS_NAMED, Loss};
use martydb_provision::provision::PlannedServer;
use martydb_ui::report::printable;

/// Of how many objects the statements are shown.
const SHOWN: usize = 3;

/// One right that goes, as scripts see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LostRight {
    /// The server.
    server: String,
    /// The service it is for; null for the server as a whole.
    service: Option<String>,
    /// The database it is about.
    database: String,
    /// The right in words.
    right: String,
    /// Who loses it: PUBLIC, or a group.
    from: String,
    /// The logins that hold it by nothing else.
    logins: Vec<Loser>,
    /// The statements that keep it for them.
    keep: Vec<String>,
}

/// A login that loses a right, with what it has open in that database.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Loser {
    /// The login.
    role: String,
    /// Its open sessions there.
    sessions: usize,
    /// When one of them last did something (UTC); null without sessions, or where the admin may not see it.
    last_activity: Option<String>,
}

/// What a plan takes from logins that have it by nothing else.
pub fn lost_rights(planned: &PlannedServer) -> Vec<LostRight> {
    planned.plan.losses.iter().map(|loss| LostRight::new(&planned.server, loss, &planned.actual)).collect()
}

impl LostRight {
    fn new(server: &str, loss: &Loss, actual: &ActualServer) -> LostRight {
        let mut logins: Vec<_> =
            loss.roles.iter().map(|role| Loser::new(role, &loss.database, actual)).collect();
        // Those who are there now come first.
        logins.sort_by_key(|loser| loser.sessions == 0);
        LostRight {
            server: server.to_owned(),
            service: loss.service.as_ref().map(ToString::to_string),
            database: loss.database.to_string(),
            right: loss.what(),
            from: loss.from.to_string(),
            logins,
            keep: loss.grants().iter().map(Statement::shown).map(str::to_owned).collect(),
        }
    }

    /// The logins and their sessions, the first of them where there are many.
    pub fn who(&self) -> String {
        first_of(&self.logins.iter().map(Loser::in_words).collect::<Vec<_>>(), LOGINS_NAMED)
    }

    /// What keeps the right for them, where that is not much.
    pub fn statements(&self) -> String {
        match self.keep.len() {
            some if some <= SHOWN => self.keep.join("; "),
            many => {
                format!("{}; and {} more statements (`plan -o json` has them all)", self.keep[0], many - 1)
            }
        }
    }

    fn how(&self) -> String {
        let declare = if self.service.is_some() { "; or declare them under `access:`" } else { "" };
        self.statements() + declare
    }

    /// The right, and by what it is held.
    pub fn what(&self) -> String {
        format!("{} from {}", self.right, self.from)
    }
}

impl Loser {
    fn new(role: &RoleName, database: &DbName, actual: &ActualServer) -> Loser {
        let is_here = |found: &&Activity| found.role == *role && found.database == *database;
        let found = actual.activity.iter().find(is_here);
        Loser {
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

/// The section of a report; empty where no login loses anything.
pub fn losses_text(losses: &[LostRight]) -> String {
    if losses.is_empty() {
        return String::new();
    }
    let mut text = String::from("\nTaken from logins that hold it by nothing else:\n");
    for loss in losses {
        let (what, who, how) = (loss.what(), loss.who(), loss.how());
        text += &format!("  {}: {}\n    to keep: {}\n", printable(&what), printable(&who), printable(&how));
    }
    text
}
