//! Changes as `plan`, `apply`, `drop` and `verify-isolation` report them, as text and for scripts.

mod replaced_databases;
mod statements;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::json;

use martydb_model::error::{Error, ExitStatus};
use martydb_model::units::{counted, listed};
use martydb_plan::grouping::{StepGroup, folded};
use martydb_plan::{DbaRequest, PASSWORDLESS, PrivilegeGap, Risk, Step, StepOutcome, Verb, locked, script};
use martydb_provision::PlannedServer;
use martydb_provision::{LostPrivilege, lost_rights};
use martydb_ui::report::{Cell, Paint, ReportColumn, Style, error_text, printable, wrapped};
use replaced_databases::{ReplacedDatabase, replaced_text};

pub use statements::Statements;

/// Lock mode, as the manual names it. <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>
const LOCK: &str = "ACCESS EXCLUSIVE";

/// Change in machine-readable output.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Change {
    /// The server.
    pub server: String,
    /// Service of the change; null for the server as a whole.
    pub service: Option<String>,
    /// Database of the change.
    pub database: Option<String>,
    /// Kind of the change.
    pub action: Verb,
    /// Changed object.
    pub object: String,
    /// Desired and actual state, in words.
    pub reason: String,
    /// Risk of the change.
    pub risk: Risk,
    /// Statement, with secrets redacted.
    #[schemars(with = "String")]
    pub sql: Statements,
    /// Lock on a relation that blocks all other sessions; null for most changes.
    pub lock: Option<&'static str>,
    /// Outcome; absent if nothing was executed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<StepOutcome>,
}

impl Change {
    pub fn is_safe(&self) -> bool {
        self.risk == Risk::Safe
    }

    /// Creates the change of a step, with its SQL; secrets are redacted.
    pub fn new(server: &str, step: &Step, major: u32, outcome: Option<StepOutcome>) -> Change {
        Change {
            server: server.to_owned(),
            service: step.service.as_ref().map(ToString::to_string),
            database: step.database.as_ref().map(ToString::to_string),
            action: step.action.verb(),
            object: step.action.object(),
            reason: step.reason.clone(),
            risk: step.risk,
            sql: Statements::from(&script(&step.action, major, &PASSWORDLESS)),
            lock: locked(&step.action).map(|_| LOCK),
            outcome,
        }
    }

    /// Returns the service, or the server for a change that belongs to none.
    pub(crate) fn owner_label(&self) -> String {
        self.service.clone().unwrap_or_else(|| format!("({})", self.server))
    }

    /// Returns object, reason and statement, for a prompt: no other command shows them.
    pub(crate) fn in_words(&self) -> String {
        let words = format!("{}: {}: {}", self.risk.name(), self.object, self.reason);
        format!("{}\n  {}", printable(&words), self.statement())
    }

    /// Returns the database and the statement, on one line.
    pub fn statement(&self) -> String {
        let place = match &self.database {
            Some(database) => format!("in {database}"),
            None => format!("on server {}", self.server),
        };
        printable(&format!("{place}: {};", self.sql.on_one_line()))
    }

    /// Returns object, risk, statement and outcome, for a summary.
    pub fn cells(&self) -> [String; 4] {
        let outcome = self.outcome.map_or("", StepOutcome::word);
        [
            self.object.clone(),
            self.risk.name().into(),
            self.sql.on_one_line().replace('\n', " "),
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
    pub fn new<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Summary {
        let mut summary = Summary { create: 0, change: 0, destroy: 0 };
        for change in changes {
            match change.action {
                Verb::Create | Verb::Copy => summary.create += 1,
                Verb::Drop => summary.destroy += 1,
                _ => summary.change += 1,
            }
        }
        summary
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to create, {} to change, {} to destroy", self.create, self.change, self.destroy)
    }
}

/// Error of a server.
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

    pub(crate) fn worst(errors: &[ServerError]) -> ExitStatus {
        ExitStatus::of_errors(errors.iter().map(|failed| &failed.error))
    }

    /// Returns the errors as text, for standard error.
    pub fn text(errors: &[ServerError], style: &Style) -> String {
        let one = |failed: &ServerError| {
            format!("server {}:\n{}\n", failed.server, error_text(&failed.error, style))
        };
        errors.iter().map(one).collect()
    }
}

/// Document of `plan`, `apply` and `drop`.
#[derive(Default)]
pub(crate) struct Changes {
    pub changes: Vec<Change>,
    pub prunable: Vec<Change>,
    /// Undeclared objects that are not changed, as text with equal ones folded.
    pub left_alone: Vec<String>,
    pub limits: Vec<PrivilegeGap>,
    pub losses: Vec<LostPrivilege>,
    pub replaced: Vec<ReplacedDatabase>,
    pub errors: Vec<ServerError>,
}

impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let document = json!({
            "changes": self.changes,
            "prunable": self.prunable,
            "limits": self.limits,
            "losses": self.losses,
            "replaced_databases": self.replaced,
            "summary": Summary::new(&self.changes),
            "errors": self.errors,
        });
        document.serialize(serializer)
    }
}

impl Changes {
    /// Adds everything of a plan except its changes.
    pub(crate) fn add_rest(&mut self, planned: &PlannedServer) {
        let (server, major) = (&planned.server, planned.actual.major());
        self.prunable.extend(planned.plan.prunable.iter().map(|step| Change::new(server, step, major, None)));
        self.left_alone.extend(left_alone(&planned.plan.prunable));
        self.limits.extend(planned.plan.limits.iter().cloned());
        self.losses.extend(lost_rights(planned));
        self.replaced.extend(replaced_databases::replaced(planned));
        self.errors.extend(planned.unread().iter().map(|(_, error)| ServerError::new(server, error)));
    }

    /// Returns the effect of the changes on sessions that use the relations.
    pub(crate) fn locks(&self) -> String {
        let mut locked: Vec<_> = self.changes.iter().filter(|change| change.lock.is_some()).collect();
        locked.dedup_by_key(|change| (&change.database, &change.object));
        match locked.len() {
            0 => String::new(),
            some => format!(
                "`apply` takes an {LOCK} lock on {}, one at a time and for a moment each.\nNo other session waits for it for \
                 longer than 0.2 s; while a relation is in use for longer, `apply` retries for two minutes.\n",
                counted(some, "relation")
            ),
        }
    }

    /// Returns the text of an empty plan; it does not claim success if the admin lacks privileges.
    pub(crate) fn nothing_to_do(&self, style: &Style) -> String {
        let text = if self.limits.is_empty() {
            "Nothing to do: the servers match the manifest."
        } else {
            "No applicable changes; the admin lacks privileges for the rest: see the limits below."
        };
        wrapped(text, "", style)
    }

    /// Returns the text below the changes, with equal lines folded.
    pub(crate) fn rest(&self, style: &Style) -> String {
        let left_alone = self.left_alone.iter().map(String::as_str);
        left_alone_text(left_alone, style) + &replaced_text(&self.replaced) + &limits_text(&self.limits)
    }

    /// Returns the text below the changes, unfolded.
    pub(crate) fn full_rest(&self, style: &Style) -> String {
        let left_alone = self.prunable.iter().map(|change| change.reason.as_str());
        left_alone_text(left_alone, style) + &replaced_text(&self.replaced) + &limits_text(&self.limits)
    }

    /// Returns the errors, for standard error.
    pub(crate) fn messages(&self, style: &Style) -> String {
        ServerError::text(&self.errors, style)
    }
}

fn left_alone_text<'a>(lines: impl Iterator<Item = &'a str>, style: &Style) -> String {
    let lines: String =
        lines.map(|line| wrapped(&format!("  {}", printable(line)), "      ", style)).collect();
    if lines.is_empty() { lines } else { format!("\nNot declared and left alone:\n{lines}") }
}

/// Describes the existing objects that only `--prune` would remove; a single one is shown with its reason.
fn left_alone(steps: &[Step]) -> Vec<String> {
    // An unusable privilege is never folded with a usable one.
    let end = |step: &Step| step.reason.split_once(DEAD).map(|(_, why)| format!("{DEAD}{why}"));
    let lines = grouped_by(steps, end).into_iter().flat_map(|alike| {
        let why = end(alike[0]).unwrap_or_default();
        let line = move |(group, alone): (StepGroup, Option<&Step>)| {
            alone.map_or_else(|| as_held(&group.what) + &why, |step| step.reason.clone())
        };
        folded(alike).into_iter().map(line).collect::<Vec<_>>()
    });
    lines.collect()
}

/// Text before the reason why a privilege is unusable.
const DEAD: &str = "; dead: ";

/// Returns the text of a revoking step, reworded for the existing state.
pub(crate) fn as_held(what: &str) -> String {
    what.replacen(" loses ", " holds ", 1).replacen(" is no longer a member of ", " is a member of ", 1)
}

pub(crate) fn changes_table(changes: &[Change], style: &Style) -> String {
    let server = |change: &&Change| change.server.clone();
    ReportColumn::table_by_server(columns(), &[], changes, server, style).render(style)
}

/// Columns of the changes of a plan.
pub fn columns<'a>() -> Vec<ReportColumn<&'a Change>> {
    vec![
        ReportColumn::key("server"),
        ReportColumn::new("service", "service", |change, _| change.owner_label().into()),
        ReportColumn::key("database"),
        ReportColumn::new("action", "action", |change, _| change.action.name().into()),
        ReportColumn::new("object", "object", |change, _| printable(&change.object).into()),
        ReportColumn::new("risk", "risk", |change, _| risk(change.risk)),
        ReportColumn::new("reason", "why", |change, _| printable(&change.reason).into()),
        ReportColumn::key("sql"),
    ]
}

/// Returns the keys of executed changes: those of a plan, with the outcome behind the risk.
pub(crate) fn executed_keys() -> Vec<&'static str> {
    let outcome = |key| if key == "risk" { vec![key, "outcome"] } else { vec![key] };
    ReportColumn::keys(columns()).into_iter().flat_map(outcome).collect()
}

/// Returns a table with one line per service.
pub(crate) fn summary_table(changes: &[Change], style: &Style) -> String {
    let columns: Vec<ReportColumn<(Vec<&Change>, Summary)>> = vec![
        ReportColumn::shown("service", |(all, _), _| all[0].owner_label().into()),
        ReportColumn::shown("server", |(all, _), _| all[0].server.as_str().into()),
        ReportColumn::shown("create", |(_, counts), _| Cell::number(counts.create)),
        ReportColumn::shown("change", |(_, counts), _| Cell::number(counts.change)),
        ReportColumn::shown("destroy", |(_, counts), _| Cell::number(counts.destroy)),
        ReportColumn::shown("risk", |(all, _), _| {
            risk(all.iter().map(|change| change.risk).max().unwrap_or(Risk::Safe))
        }),
    ];
    let groups = grouped_by(changes, |change| (&change.server, &change.service)).into_iter();
    let rows = groups.map(|all| (all.clone(), Summary::new(all)));
    let server = |(all, _): &(Vec<&Change>, Summary)| all[0].server.clone();
    ReportColumn::table_by_server(columns, &[], rows, server, style).render(style)
}

pub(crate) fn risk(risk: Risk) -> Cell {
    Cell::new(risk.name(), risk_paint(risk))
}

pub(crate) fn risk_paint(risk: Risk) -> Paint {
    match risk {
        Risk::Safe => Paint::Dim,
        Risk::Caution => Paint::Warn,
        Risk::Destructive => Paint::Bad,
    }
}

/// Returns the number of changes of each risk, as text; empty if all are safe.
pub fn risks(changes: &[Change]) -> String {
    let of = |risk| changes.iter().filter(|change| change.risk == risk).count();
    let counts = [Risk::Safe, Risk::Caution, Risk::Destructive].map(|risk| (of(risk), risk.name()));
    if counts[1].0 + counts[2].0 == 0 {
        return String::new();
    }
    let words = counts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}"));
    format!(" By risk: {}.", words.collect::<Vec<_>>().join(", "))
}

/// Maximum length of a shown request to a DBA, in characters.
const LONGEST_REQUEST: usize = 400;

/// Groups items with the same key, in the order of the first of each.
pub(crate) fn grouped_by<'a, T, K: Ord>(items: &'a [T], key: impl Fn(&'a T) -> K) -> Vec<Vec<&'a T>> {
    let (mut groups, mut known): (Vec<Vec<&T>>, BTreeMap<K, usize>) = Default::default();
    for item in items {
        let at = *known.entry(key(item)).or_insert(groups.len());
        if at == groups.len() {
            groups.push(vec![]);
        }
        groups[at].push(item);
    }
    groups
}

pub(crate) fn limits_text(limits: &[PrivilegeGap]) -> String {
    let mut text = String::new();
    // Their only difference is the service.
    let key = |limit: &'_ PrivilegeGap| {
        (
            limit.server.clone(),
            limit.service.is_some(),
            limit.what.clone(),
            limit.why.clone(),
            limit.grant.clone(),
        )
    };
    for all in grouped_by(limits, key) {
        let (limit, services) =
            (all[0], all.iter().filter_map(|one| one.service.as_deref()).collect::<Vec<_>>());
        let of = if services.is_empty() { String::new() } else { format!(" for {}", listed(&services)) };
        let words = format!("cannot {}{of} on server {}: {}", limit.what, limit.server, limit.why);
        text += &format!("\nlimit: {}\n", printable(&words));
        if let Some(grant) = &limit.grant {
            let asked = limit.request.as_ref().and_then(shortened).unwrap_or_else(|| grant.clone());
            text += &format!("       ask a DBA for: {}\n", printable(&asked));
        }
    }
    text
}

/// Shortens long statements, which go to a file.
fn shortened(request: &DbaRequest) -> Option<String> {
    let many = request.statements.len() > 3 && request.text().len() > LONGEST_REQUEST;
    let database = request.database.as_ref().map_or(String::new(), |name| format!(" in database {name}"));
    let statements = counted(request.statements.len(), "statement");
    many.then(|| format!("{statements}{database}; `martydb plan --out-sql FILE` writes them down"))
}
