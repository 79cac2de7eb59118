//! Changes as `plan`, `apply`, `drop` and `verify-isolation` report them, for people and for scripts.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::json;

use crate::error::{Error, ExitStatus};
use crate::plan::{PrivilegeGap, Risk, Step, StepOutcome, Verb, locked, passwordless, script};
use crate::provision::PlannedServer;
use crate::report::{Cell, Paint, Style, Table, error_text, printable};
use crate::sql::Script;
use crate::units::counted;

/// As the manual names it. <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>
const LOCK: &str = "ACCESS EXCLUSIVE";

/// One change as scripts see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Change {
    /// The server.
    pub server: String,
    /// The service it is for; null for the server as a whole.
    pub service: Option<String>,
    /// The database it is about.
    database: Option<String>,
    /// What kind of change it is.
    action: Verb,
    /// What is changed.
    object: String,
    /// Wanted and found, in words.
    reason: String,
    /// How much it can hurt.
    risk: Risk,
    /// The statement, secrets redacted.
    #[schemars(with = "String")]
    sql: Script,
    /// The lock that it takes on a relation against everybody who uses it; null for most.
    lock: Option<&'static str>,
    /// How it ended; absent where nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<StepOutcome>,
}

impl Change {
    /// A step with the SQL it stands for, secrets redacted.
    pub fn new(server: &str, step: &Step, major: u32, outcome: Option<StepOutcome>) -> Change {
        Change {
            server: server.to_owned(),
            service: step.service.as_ref().map(ToString::to_string),
            database: step.database.as_ref().map(ToString::to_string),
            action: step.action.verb(),
            object: step.action.object(),
            reason: step.reason.clone(),
            risk: step.risk,
            sql: script(&step.action, major, &passwordless),
            lock: locked(&step.action).map(|_| LOCK),
            outcome,
        }
    }

    /// For a question: what it is, why, and the statement, which no other command shows.
    pub fn in_words(&self) -> String {
        let words = format!("{}: {}: {}", self.risk.name(), self.object, self.reason);
        format!("{}\n  {}", printable(&words), self.statement())
    }

    /// Where the statement runs, and the statement, on one line.
    pub fn statement(&self) -> String {
        let place = match &self.database {
            Some(database) => format!("in {database}"),
            None => format!("on server {}", self.server),
        };
        printable(&format!("{place}: {};", self.sql.on_one_line()))
    }

    /// For a summary: object, risk, statement, outcome.
    pub fn cells(&self) -> [String; 4] {
        let outcome = self.outcome.map_or("", StepOutcome::word);
        [
            self.object.clone(),
            self.risk.name().into(),
            self.sql.to_string().replace('\n', " "),
            outcome.into(),
        ]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    create: usize,
    change: usize,
    destroy: usize,
}

impl Summary {
    pub fn of(changes: &[Change]) -> Summary {
        let count = |verb: Verb| changes.iter().filter(|change| change.action == verb).count();
        let (create, destroy) = (count(Verb::Create), count(Verb::Drop));
        Summary { create, change: changes.len() - create - destroy, destroy }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to create, {} to change, {} to destroy", self.create, self.change, self.destroy)
    }
}

/// What went wrong on a server.
#[derive(Serialize, JsonSchema)]
pub struct ServerError {
    #[serde(flatten)]
    pub error: Error,
    /// The server's key in the manifest.
    pub server: String,
}

impl ServerError {
    pub fn new(server: &str, error: &Error) -> ServerError {
        ServerError { error: error.clone(), server: server.to_owned() }
    }

    pub fn worst(errors: &[ServerError]) -> ExitStatus {
        ExitStatus::worst(errors.iter().map(|failed| failed.error.kind.status()))
    }

    /// For standard error.
    pub fn text(errors: &[ServerError], style: &Style) -> String {
        let one = |failed: &ServerError| {
            format!("server {}:\n{}\n", failed.server, error_text(&failed.error, style))
        };
        errors.iter().map(one).collect()
    }
}

/// The document of `plan`, `apply` and `drop`.
#[derive(Default)]
pub struct Changes {
    pub changes: Vec<Change>,
    pub prunable: Vec<Change>,
    pub limits: Vec<PrivilegeGap>,
    pub errors: Vec<ServerError>,
}

impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let document = json!({
            "changes": self.changes,
            "prunable": self.prunable,
            "limits": self.limits,
            "summary": Summary::of(&self.changes),
            "errors": self.errors,
        });
        document.serialize(serializer)
    }
}

impl Changes {
    /// Everything of a plan but the changes themselves.
    pub fn add_rest(&mut self, planned: &PlannedServer) {
        let (server, major) = (&planned.server, planned.actual.major());
        self.prunable.extend(planned.plan.prunable.iter().map(|step| Change::new(server, step, major, None)));
        self.limits.extend(planned.plan.limits.iter().cloned());
        self.errors.extend(planned.unread().iter().map(|(_, error)| ServerError::new(server, error)));
    }

    /// What the changes will do to those who use the relations.
    pub fn locks(&self) -> String {
        let mut locked: Vec<_> = self.changes.iter().filter(|change| change.lock.is_some()).collect();
        locked.dedup_by_key(|change| (&change.database, &change.object));
        match locked.len() {
            0 => String::new(),
            some => format!(
                "`apply` takes an {LOCK} lock on {}, one at a time and for a moment each.\nNo session waits behind it for \
                 longer than 0.2 s; where a relation is in use for longer, `apply` tries again for two minutes.\n",
                counted(some, "relation")
            ),
        }
    }

    /// What an empty plan says; it is no promise where limits stand in the way.
    pub fn nothing_to_do(&self) -> &'static str {
        if self.limits.is_empty() {
            "Nothing to do: the servers are as the manifest says.\n"
        } else {
            "No applicable changes; the rest needs privileges that the admin lacks: see the limits below.\n"
        }
    }

    /// What stands below the changes.
    pub fn rest(&self) -> String {
        let mut text = String::new();
        if !self.prunable.is_empty() {
            text += "\nNot declared and left alone:\n";
            for change in &self.prunable {
                text += &format!("  {}\n", printable(&change.reason));
            }
        }
        text + &limits_text(&self.limits)
    }

    /// What went wrong, for standard error.
    pub fn messages(&self, style: &Style) -> String {
        ServerError::text(&self.errors, style)
    }
}

pub fn changes_table(changes: &[Change], style: &Style) -> String {
    let mut table = Table::new(&["service", "action", "object", "risk", "why"]).spare(&["object"]);
    for change in changes {
        let risk = match change.risk {
            Risk::Safe => Cell::new("safe", Paint::Dim),
            Risk::Caution => Cell::new("caution", Paint::Warn),
            Risk::Destructive => Cell::new("destructive", Paint::Bad),
        };
        let service = change.service.clone().unwrap_or_else(|| format!("({})", change.server));
        table.row([
            service.into(),
            change.action.name().into(),
            printable(&change.object).into(),
            risk,
            printable(&change.reason).into(),
        ]);
    }
    table.render(style)
}

pub fn limits_text(limits: &[PrivilegeGap]) -> String {
    let mut text = String::new();
    for limit in limits {
        let of = limit.service.as_ref().map_or_else(String::new, |service| format!(" for {service}"));
        let words = format!("cannot {}{of} on server {}: {}", limit.what, limit.server, limit.why);
        text += &format!("\nlimit: {}\n", printable(&words));
        if let Some(grant) = &limit.grant {
            text += &format!("       ask a DBA for: {}\n", printable(grant));
        }
    }
    text
}
