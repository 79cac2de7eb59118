//! Results and progress of `upgrade`, `downgrade` and `baseline`.

mod rehearsal;
mod renewed;
mod repeat_limit;
mod schema;
mod watch;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
pub(crate) use schema::settle_schemas;
use serde::Serialize;
pub(crate) use watch::Watch;

use crate::app::App;
use crate::commands::support::per_service::{errors_text, map_concurrent};
use crate::commands::support::relative_path::relative_path;
use martydb_migrate::files::folder::load;
use martydb_migrate::files::{Direction, MigrationFolder, Mode};
use martydb_migrate::{
    Ended, EventSender, Execution, Goal, MigrationId, MigrationOutcome, MigrationTarget, Operator, Options,
    PlannedFile, read_files,
};
use martydb_model::error::{ExitStatus, Kind, Result};
use martydb_model::{DesiredService, ServiceName};
use martydb_pg::server::connect;
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, printable};

/// Returns the options of a run without flags of the command.
pub(crate) fn plain_options(app: &App) -> Options {
    Options { lock_wait: app.lock_wait, ..Options::new(Operator::current()) }
}

/// Folders of migrations by service. Each is read once: what was checked is what runs.
pub(crate) type MigrationFolders = BTreeMap<ServiceName, Arc<MigrationFolder>>;

/// Logs in once at each of several servers, before the first migration. A single one refuses every session of the run itself.
///
/// # Errors
/// If one of them is too old: the run touches none of them.
pub(crate) async fn refuse_old(targets: &[(DesiredService, Result<MigrationTarget>)]) -> Result<()> {
    let reachable =
        targets.iter().filter_map(|(service, target)| Some((&service.server, target.as_ref().ok()?)));
    let firsts: BTreeMap<&String, &MigrationTarget> = reachable.rev().collect();
    if firsts.len() < 2 {
        return Ok(());
    }
    let logins = firsts.values().map(|target| async move {
        let login = connect(&target.endpoint, &target.login, target.database.as_str()).await;
        login.err().filter(|error| error.kind == Kind::TooOld)
    });
    join_all(logins).await.into_iter().flatten().next().map_or(Ok(()), Err)
}

/// Runs the migrations of each service; a second time where a rotation changed the password after it had been read.
///
/// # Errors
/// If a server is too old, and the run has touched none.
pub(crate) async fn migrate_each(
    app: &App,
    folders: &MigrationFolders,
    targets: Vec<(DesiredService, Result<MigrationTarget>)>,
    goal: Goal,
    options: &Options,
) -> Result<Vec<MigrationOutcome>> {
    let watch = Watch::new(&app.out);
    let mut outcomes = migrate_once(app, &watch, folders, targets.clone(), goal, options).await;
    let mut errors = outcomes.iter().filter_map(|outcome| outcome.error.as_ref());
    let old = errors.find(|error| error.kind == Kind::TooOld);
    let touched = |outcome: &MigrationOutcome| !(outcome.applied.is_empty() && outcome.repeatable.is_empty());
    if let Some(old) = old.filter(|_| !outcomes.iter().any(touched)) {
        return Err(old.clone());
    }
    let rejected = targets.into_iter().zip(&outcomes).filter_map(|((service, target), outcome)| {
        let target = target.ok().filter(|_| renewed::is_password_rejected(outcome))?;
        Some((service, target))
    });
    let rejected: Vec<_> = rejected.collect();
    if rejected.is_empty() {
        return Ok(outcomes);
    }
    let again = renewed::targets(app, &rejected).await;
    let again = again.into_iter().map(|(service, target)| (service, Ok(target))).collect();
    for outcome in migrate_once(app, &watch, folders, again, goal, options).await {
        if let Some(former) = outcomes.iter_mut().find(|former| former.service == outcome.service) {
            *former = outcome;
        }
    }
    Ok(outcomes)
}

async fn migrate_once(
    app: &App,
    watch: &Arc<Watch>,
    folders: &MigrationFolders,
    targets: Vec<(DesiredService, Result<MigrationTarget>)>,
    goal: Goal,
    options: &Options,
) -> Vec<MigrationOutcome> {
    let one = |(service, target): (DesiredService, Result<MigrationTarget>)| {
        let (options, watch) = (options.clone(), watch.clone());
        let folder = folders.get(&service.name).cloned().unwrap_or_else(|| load_shared(&service));
        async move {
            let name = service.name.to_string();
            match target {
                Ok(target) => {
                    let (events, receiver) = EventSender::channel();
                    let work = martydb_migrate::run_folder(&target, &folder, goal, &options, &events);
                    let outcome = watch.follow(&name, receiver, work).await;
                    watch.ended(&outcome);
                    outcome
                }
                Err(error) => MigrationOutcome::new(&name).failed(error),
            }
        }
    };
    map_concurrent(app.jobs.count, targets, one).await
}

fn load_shared(service: &DesiredService) -> Arc<MigrationFolder> {
    Arc::new(load(&service.migrations))
}

/// Reads the folders of all services, valid or not.
pub(crate) fn load_folders(services: &[DesiredService]) -> MigrationFolders {
    services.iter().map(|service| (service.name.clone(), load_shared(service))).collect()
}

/// Reads the folders of all services; their files must be valid.
///
/// # Errors
/// The outcomes of a run whose files are invalid for some services: all others are skipped, and no server is touched.
pub(crate) async fn read_folders(
    app: &App,
    services: &[DesiredService],
    goal: Goal,
    options: &Options,
) -> Result<MigrationFolders, Vec<MigrationOutcome>> {
    let one = |service: DesiredService| {
        let options = options.clone();
        async move {
            let read = read_files(&service.migrations, service.name.as_str(), goal, &options);
            (service.name, read)
        }
    };
    let (mut folders, mut outcomes) = (MigrationFolders::new(), vec![]);
    for (name, read) in map_concurrent(app.jobs.count, services.to_vec(), one).await {
        let outcome = MigrationOutcome::new(name.as_str());
        outcomes.push(match read {
            Ok(folder) => {
                folders.insert(name, Arc::new(folder));
                MigrationOutcome { ended: Ended::Skipped, ..outcome }
            }
            Err(error) => outcome.failed(error),
        });
    }
    if folders.len() == services.len() { Ok(folders) } else { Err(outcomes) }
}

/// Notes services whose folder of migrations does not exist: it may be misspelt in the manifest.
pub(crate) fn note_missing_folders(app: &App, services: &[DesiredService]) {
    for service in services.iter().filter(|service| !service.migrations.exists()) {
        app.out.note(&format!("note: {}", no_folder(service.name.as_str(), &service.migrations)));
    }
}

/// Returns the sentence about a folder of migrations that does not exist.
pub(crate) fn no_folder(service: &str, folder: &Path) -> String {
    format!("{service} has no migrations: the folder {} does not exist", relative_path(folder))
}

/// Writes `schema.sql` of the services that require it and whose run succeeded. A failure is only a warning: the
/// migrations are applied.
pub(crate) async fn write_schemas(
    app: &App,
    targets: &[(DesiredService, Result<MigrationTarget>)],
    outcomes: &[MigrationOutcome],
) {
    for ((service, target), outcome) in targets.iter().zip(outcomes) {
        if let (true, Ok(target), Ended::Ok) = (service.dump_schema, target, outcome.ended)
            && let Err(error) = martydb_migrate::write_schema(target, outcome.to, app.lock_wait).await
        {
            app.out.note(&format!("{}: warning: no schema.sql: {error}", service.name));
        }
    }
}

#[derive(Serialize)]
pub struct UpgradeReport {
    #[serde(rename = "services")]
    outcomes: Vec<MigrationOutcome>,
    #[serde(skip)]
    execution: Execution,
    /// Words for done, and for nothing to do.
    #[serde(skip)]
    pub words: (&'static str, &'static str),
}

impl UpgradeReport {
    pub fn new(outcomes: Vec<MigrationOutcome>, direction: Direction, execution: Execution) -> UpgradeReport {
        let words = match (direction, execution) {
            (_, Execution::Rehearsal) => ("rehearsed", "up to date"),
            (Direction::Up, Execution::Real) => ("migrated", "up to date"),
            (Direction::Up, Execution::Dry) => ("would be applied", "up to date"),
            (Direction::Down, Execution::Real) => ("reverted", "nothing to revert"),
            (Direction::Down, Execution::Dry) => ("would be reverted", "nothing to revert"),
        };
        UpgradeReport { outcomes, execution, words }
    }

    fn count(&self, outcome: &MigrationOutcome) -> usize {
        match self.execution {
            Execution::Real => outcome.applied.len() + outcome.repeatable.len(),
            Execution::Dry => outcome.planned.len() + outcome.repeatable_planned.len(),
            Execution::Rehearsal => outcome.rehearsed.len(),
        }
    }

    /// Returns the heading of its text in a report of several steps.
    pub(crate) fn heading(&self) -> &'static str {
        let ended = |wanted: bool| self.outcomes.iter().any(|one| (one.ended == Ended::Ok) == wanted);
        match (ended(false), ended(true)) {
            (false, _) => "Migrated",
            (true, true) => "Migrated in part",
            (true, false) => "Not migrated",
        }
    }

    fn word(&self, outcome: &MigrationOutcome) -> Cell {
        let done = if self.execution == Execution::Real { Paint::Good } else { Paint::Warn };
        match (outcome.ended, self.count(outcome)) {
            (Ended::Ok, _) if !outcome.skipped.is_empty() => Cell::new("rehearsed in part", Paint::Warn),
            (Ended::Failed, _) => Cell::new(failed_word(outcome), Paint::Bad),
            (Ended::Skipped, _) if is_not_imported(outcome) => Cell::new("not imported", Paint::Bad),
            (Ended::Skipped, _) => Cell::new("skipped", Paint::Warn),
            (Ended::Ok, 0) => Cell::new(self.words.1, Paint::Dim),
            (Ended::Ok, _) => Cell::new(self.words.0, done),
        }
    }
}

pub(crate) fn columns<'a>() -> Vec<ReportColumn<(&'a UpgradeReport, &'a MigrationOutcome)>> {
    vec![
        ReportColumn::new("service", "service", |(_, outcome), _| outcome.service.as_str().into()),
        ReportColumn::new("from", "from", |(_, outcome), _| Cell::optional(outcome.from)),
        ReportColumn::new("to", "to", |(_, outcome), _| Cell::optional(outcome.to)),
        ReportColumn::shown("migrations", |(report, outcome), _| Cell::number(report.count(outcome))),
        ReportColumn::key("applied"),
        ReportColumn::key("repeatable"),
        ReportColumn::new("outcome", "outcome", |(report, outcome), _| report.word(outcome)),
        ReportColumn::key("error.message"),
    ]
}

fn is_not_imported(outcome: &MigrationOutcome) -> bool {
    outcome.error.as_ref().is_some_and(|error| error.kind == Kind::NotImported)
}

fn failed_word(outcome: &MigrationOutcome) -> &'static str {
    match outcome.error.as_ref().map(|error| error.kind) {
        Some(Kind::Divergent) => "divergent",
        Some(Kind::Unreachable) => "unreachable",
        Some(Kind::Locked) => "locked",
        Some(Kind::Interrupted) => "interrupted",
        _ => "failed",
    }
}

impl Report for UpgradeReport {
    fn text(&self, style: &Style) -> String {
        let rows = self.outcomes.iter().map(|outcome| (self, outcome));
        let mut text = ReportColumn::table(columns(), &[], rows, style).render(style);
        if self.execution == Execution::Dry {
            text += &planned(&self.outcomes);
        }
        text + &rehearsal::rehearsed(&self.outcomes)
    }

    fn messages(&self, style: &Style) -> String {
        let errors = self.outcomes.iter().map(|outcome| (outcome.service.as_str(), outcome.error.as_ref()));
        errors_text(errors, style)
    }

    fn status(&self) -> ExitStatus {
        let changed = |outcome: &MigrationOutcome| {
            self.execution == Execution::Real
                && !(outcome.applied.is_empty() && outcome.repeatable.is_empty())
        };
        let worst = ExitStatus::worst(self.outcomes.iter().map(MigrationOutcome::status));
        worst.after_changes(self.outcomes.iter().any(changed))
    }
}

/// Returns one file as a dry run shows it: a comment with its origin, and the text that would be sent.
fn script(service: &str, file: &PlannedFile) -> String {
    let mode = match file.mode {
        Mode::Transaction => "in a transaction",
        Mode::NoTransaction => "outside a transaction",
    };
    let end = if file.sql.ends_with('\n') { "" } else { "\n" };
    let id = MigrationId { version: file.version, name: file.name.clone() };
    let head = printable(&format!("{service} {}, {mode}: {}", id.label(), file.file));
    format!("\n-- {head}\n{}{end}", file.sql)
}

pub(crate) fn planned(outcomes: &[MigrationOutcome]) -> String {
    let files = |outcome: &'_ MigrationOutcome| -> String {
        let all = outcome.planned.iter().chain(&outcome.repeatable_planned);
        all.map(|file| script(&outcome.service, file)).collect()
    };
    outcomes.iter().map(files).collect()
}
