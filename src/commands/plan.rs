//! `plan`: what `apply` would change, and why.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::saved;
use crate::error::{Error, ExitStatus, Result};
use crate::flags::Select;
use crate::plan::{Limit, Plan, Risk, Step, Verb, passwordless, statement};
use crate::provision::{self, Planned, Reach};
use crate::report::printable;
use crate::report::{Cell, Look, Paint, Report, Table, error_json, error_text};
use crate::run::Run;
use crate::server::apply::Outcome;

/// Flags of `plan`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to look at.
    #[command(flatten)]
    pub select: Select,
    /// Exit with 3 if anything differs.
    #[arg(long)]
    pub check: bool,
    /// Also try every stored password.
    #[arg(long)]
    pub check_logins: bool,
    /// Also remove what nobody declares.
    #[arg(long)]
    pub prune: bool,
    /// Save the plan, without secrets, for `apply --plan`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Plans and changes nothing.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services = run.readable(&arguments.select)?;
    let reach = Reach { prune: arguments.prune, check_logins: arguments.check_logins, exact: false };
    let planned = provision::plan(run, &services, reach).await;
    if let Some(path) = &arguments.out {
        saved::write(run, path, &services, reach, &planned)?;
        run.out.note(&format!("Saved. Do it with: martydb apply --plan {}", path.display()));
    }
    Ok(Box::new(PlanReport::new(&planned, arguments.check)))
}

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
    sql: String,
    /// How it ended; absent where nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
}

impl Change {
    /// A step with the SQL it stands for, secrets redacted.
    pub fn new(server: &str, step: &Step, major: u32, outcome: Option<Outcome>) -> Change {
        Change {
            server: server.to_owned(),
            service: step.service.as_ref().map(ToString::to_string),
            database: step.database.as_ref().map(ToString::to_string),
            action: step.action.verb(),
            object: step.action.object(),
            reason: step.reason.clone(),
            risk: step.risk,
            sql: statement(&step.action, major, &passwordless).to_string(),
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
        printable(&format!("{place}: {};", self.sql.replace(";\n", "; ")))
    }

    /// For a summary: object, risk, statement, outcome.
    pub fn cells(&self) -> [String; 4] {
        let outcome = self.outcome.map_or("", Outcome::word);
        [self.object.clone(), self.risk.name().into(), self.sql.replace('\n', " "), outcome.into()]
    }

    /// Says how it ended.
    pub fn ended(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }

    /// Whether it was done.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// The service it is for.
    pub fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// The server it is on.
    pub fn server(&self) -> &str {
        &self.server
    }
}

/// How many changes of each sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    create: usize,
    change: usize,
    destroy: usize,
}

impl Summary {
    /// Counts.
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

/// The plans of all servers.
pub struct PlanReport {
    changes: Vec<Change>,
    prunable: Vec<Change>,
    limits: Vec<Limit>,
    failed: Vec<(String, Error)>,
    check: bool,
}

impl PlanReport {
    fn new(planned: &[(String, Result<Planned>)], check: bool) -> PlanReport {
        let mut report =
            PlanReport { changes: vec![], prunable: vec![], limits: vec![], failed: vec![], check };
        for (server, planned) in planned {
            match planned {
                Ok(planned) => {
                    report.add(server, &planned.plan, planned.actual.major());
                    let unread = planned.unread().into_iter();
                    report.failed.extend(unread.map(|(_, error)| (server.clone(), error)));
                }
                Err(error) => report.failed.push((server.clone(), error.clone())),
            }
        }
        report
    }

    fn add(&mut self, server: &str, plan: &Plan, major: u32) {
        self.changes.extend(plan.steps.iter().map(|step| Change::new(server, step, major, None)));
        self.prunable.extend(plan.prunable.iter().map(|step| Change::new(server, step, major, None)));
        self.limits.extend(plan.limits.iter().cloned());
    }
}

impl Report for PlanReport {
    fn json(&self) -> Map<String, Value> {
        let mut document = plan_keys(&self.changes, &self.prunable, &self.limits);
        document.insert("errors".into(), errors(&self.failed));
        document
    }

    fn text(&self, look: &Look) -> String {
        let mut text = String::new();
        if !self.changes.is_empty() {
            text += &changes_table(&self.changes, look);
            text += &format!("\nPlan: {}.\n", Summary::of(&self.changes));
        } else if self.failed.is_empty() {
            text += nothing_to_do(&self.limits);
        }
        text += &side_notes(&self.prunable, &self.limits);
        for (server, error) in &self.failed {
            text += &format!("\nserver {server}:\n{}\n", error_text(error, look));
        }
        text
    }

    fn status(&self) -> ExitStatus {
        let found = if self.check && !self.changes.is_empty() {
            ExitStatus::Differences
        } else {
            ExitStatus::Success
        };
        ExitStatus::worst(self.failed.iter().map(|(_, error)| error.kind.status()).chain([found]))
    }
}

/// What an empty plan says; it is no promise where limits stand in the way.
pub fn nothing_to_do(limits: &[Limit]) -> &'static str {
    match limits.is_empty() {
        true => "Nothing to do: the servers are as the manifest says.\n",
        false => "Nothing to do but what the admin may not: see the limits below.\n",
    }
}

/// The keys that plan and apply share.
pub fn plan_keys(changes: &[Change], prunable: &[Change], limits: &[Limit]) -> Map<String, Value> {
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

/// Servers that could not be worked on.
pub fn errors(failed: &[(String, Error)]) -> Value {
    let all = failed.iter().map(|(server, error)| {
        let mut value = error_json(error);
        value["server"] = server.clone().into();
        value
    });
    all.collect()
}

/// Changes for people.
pub fn changes_table(changes: &[Change], look: &Look) -> String {
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
    table.render(look)
}

/// What is not drift and yet worth knowing.
pub fn side_notes(prunable: &[Change], limits: &[Limit]) -> String {
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
