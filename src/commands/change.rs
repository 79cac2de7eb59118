//! Changes as `plan`, `apply`, `drop` and `verify-isolation` report them, for people and for scripts.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::converge::StepOutcome;
use crate::error::Error;
use crate::plan::{PrivilegeGap, Risk, Step, Verb, passwordless, script};
use crate::report::printable;
use crate::report::{Cell, Paint, Style, Table, error_json};
use crate::sql::Script;

/// One change as scripts see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Change {
    /// The server.
    server: String,
    /// The service it is for; null for the server as a whole.
    service: Option<String>,
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
    /// How it ended; absent where nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<StepOutcome>,
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

    pub fn ended(&mut self, outcome: StepOutcome) {
        self.outcome = Some(outcome);
    }

    pub fn outcome(&self) -> Option<StepOutcome> {
        self.outcome
    }

    pub fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    pub fn server(&self) -> &str {
        &self.server
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

/// What an empty plan says; it is no promise where limits stand in the way.
pub fn nothing_to_do(limits: &[PrivilegeGap]) -> &'static str {
    if limits.is_empty() {
        "Nothing to do: the servers are as the manifest says.\n"
    } else {
        "No applicable changes; the rest needs privileges that the admin lacks: see the limits below.\n"
    }
}

/// The keys that plan and apply share.
pub fn plan_keys(changes: &[Change], prunable: &[Change], limits: &[PrivilegeGap]) -> Map<String, Value> {
    let document = json!({
        "changes": changes,
        "prunable": prunable,
        "limits": limits,
        "summary": Summary::of(changes),
    });
    match document {
        Value::Object(map) => map,
        _ => unreachable!("built as an object"),
    }
}

pub fn errors(failed: &[(String, Error)]) -> Value {
    let all = failed.iter().map(|(server, error)| {
        let mut value = error_json(error);
        value["server"] = server.clone().into();
        value
    });
    all.collect()
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

pub fn side_notes(prunable: &[Change], limits: &[PrivilegeGap]) -> String {
    let mut text = String::new();
    if !prunable.is_empty() {
        text += "\nNot declared and left alone:\n";
        for change in prunable {
            text += &format!("  {}\n", printable(&change.reason));
        }
    }
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
