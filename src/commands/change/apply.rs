//! `apply`: changes the servers to match the manifest. `plan` is its dry run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use futures_util::future::join_all;
use serde::Serialize;

use super::plan::{self, PlanReport};
use super::plan_file::{self, SavedPlan};
use crate::app::App;
use crate::commands::support::change::{Change, Changes, ServerError};
use crate::commands::support::choice;
use crate::commands::support::companion::CompanionApplied;
use crate::commands::support::companions;
use crate::commands::support::confirmation::Confirmation;
use crate::commands::support::report_enum::report_enum;
use martydb_apply::converge::Converged;
use martydb_apply::replicas::{self, Replay};
use martydb_model::DesiredService;
use martydb_model::error::{Error, ExitStatus, Kind, Result};
use martydb_model::units::counted;
use martydb_plan::{Risk, StepOutcome};
use martydb_provision::run_records;
use martydb_provision::{self as provision, PlanOptions, PlanScope, PlannedServer, Plans, planned};
use martydb_provision::{losses_text, lost_rights};
use martydb_ui::flags::Select;
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, printable};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Apply exactly this plan, saved by `plan --out`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["service", "all", "prune", "check_logins"])]
    pub plan: Option<PathBuf>,
    /// Also remove undeclared privileges on managed objects, and undeclared roles and databases that have this
    /// manifest's marker.
    #[arg(long)]
    pub prune: bool,
    /// Also test every stored password, and reset those that the server rejects.
    #[arg(long)]
    pub check_logins: bool,
    /// Show the plan; change nothing.
    #[arg(long, conflicts_with = "plan")]
    pub dry_run: bool,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

report_enum! {
    /// Result of `apply`, or of its dry run.
    AppliedOrPlanned { Applied(ApplyReport), Planned(PlanReport) }
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<AppliedOrPlanned> {
    if arguments.dry_run {
        let Arguments { select, prune, check_logins, .. } = arguments;
        let arguments = plan::Arguments {
            select: select.clone(),
            prune: *prune,
            check_logins: *check_logins,
            ..plan::Arguments::default()
        };
        return plan::run(app, &arguments).await.map(AppliedOrPlanned::Planned);
    }
    execute(app, arguments).await.map(AppliedOrPlanned::Applied)
}

async fn execute(app: &App, arguments: &Arguments) -> Result<ApplyReport> {
    let confirmation = arguments.confirmation;
    if let Some(path) = &arguments.plan {
        let saved = plan_file::read(app, path)?;
        return provision_services(app, &saved.services, saved.options, confirmation, Some(&saved)).await;
    }
    let services = choice::services(app, &arguments.select)
        .await
        .map_err(|error| error.hint_if(saved_plan(&arguments.select)))?;
    // A rejected password is a reason to replace it, and the other logins show it only when they are tried.
    let check_logins = arguments.check_logins || confirmation.reset_passwords;
    let options = PlanOptions { prune: arguments.prune, check_logins, exact: false };
    provision_services(app, &services, options, confirmation, None).await
}

/// Returns the hint for a file that is named like a service.
fn saved_plan(select: &Select) -> Option<String> {
    let file = select.named().find(|name| Path::new(name).is_file())?;
    Some(format!("to apply a saved plan: `martydb apply --plan {}`", printable(file)))
}

/// Plans, prompts if other users could be affected, and applies.
pub(crate) async fn provision_services(
    app: &App,
    services: &[DesiredService],
    options: PlanOptions,
    confirmation: Confirmation,
    saved: Option<&SavedPlan>,
) -> Result<ApplyReport> {
    let plans = provision::refuse_standbys(provision::plan(app, services, options).await);
    refuse_old(&plans)?;
    let companions = companions::plan(app, services).await?;
    if let Some(saved) = saved {
        saved.check(&plans, &companions)?;
    }
    provision::check_passwords(&app.store, &plans)?;
    confirmation.check(app, &plans, &companions).await?;
    provision::examine_moves(app, &plans).await?;
    ask(app, &plans, &companions.grave(confirmation.close_default)).await?;
    let records = run_records::of_plans(app, &plans, services, "apply");
    let scope = PlanScope { records: Some(&records), ..PlanScope::new(app, services, options, app.yes) };
    let needs_store = |planned: &PlannedServer| provision::makes_passwords(&planned.plan);
    let mut held = None;
    if planned(&plans).any(|(_, planned)| needs_store(planned)) {
        held = Some(Arc::new(app.lock_store().await?));
    }
    let one = |planned| {
        // Each server that needs the store releases the store's lock when it is done.
        let (scope, held) = (&scope, held.clone().filter(|_| needs_store(planned)));
        async move { provision::apply(scope, planned, held).await }
    };
    let all: Vec<_> = planned(&plans).map(|(_, planned)| one(planned)).collect();
    drop(held);
    let mut done = join_all(all).await;
    provision::move_services(app, &scope, &plans, &mut done).await;
    await_replay(app, &plans, &mut done).await;
    for ((server, _), done) in planned(&plans).zip(&done) {
        run_records::end_with(&records[server], &done.steps, &done.end).await;
    }
    let mut done = done.into_iter();
    let (all, services) = (Changes::default(), services.to_vec());
    let mut report = ApplyReport { all, services, stopped: vec![], unread: vec![] };
    for (server, planned) in &plans {
        match planned {
            Ok(planned) => report.add(planned, done.next().expect("every plan was applied")),
            Err(error) => report.stop(server, error),
        }
    }
    report.add_companions(app, companions.apply(app, confirmation.close_default).await?);
    Ok(report)
}

/// # Errors
/// If one of the servers is too old: the run touches none of them.
fn refuse_old(plans: &Plans) -> Result<()> {
    let mut errors = plans.iter().filter_map(|(_, planned)| planned.as_ref().err());
    errors.find(|error| error.kind == Kind::TooOld).map_or(Ok(()), |error| Err(error.clone()))
}

/// Waits until the replicas of each server refuse what was taken there.
async fn await_replay(app: &App, plans: &Plans, done: &mut [Converged]) {
    let took = |done: &Converged| {
        done.steps.iter().any(|(step, outcome)| *outcome == StepOutcome::Ok && step.takes())
    };
    let each = planned(plans).zip(done).filter(|(_, done)| done.end.is_ok() && took(done));
    join_all(each.map(async |((server, planned), done)| {
        let replicas = replicas::of_server(app, server).await;
        let replay = Replay::new(&planned.access, &replicas, app.lock_wait);
        done.end = replay.wait("privileges, passwords and logins that were taken still work").await;
    }))
    .await;
}

async fn ask(app: &App, plans: &Plans, on_companions: &[Change]) -> Result<()> {
    let steps = planned(plans).flat_map(|(_, planned)| &planned.plan.steps);
    let grave: Vec<_> = steps.filter(|step| step.risk > Risk::Safe).collect();
    let count = grave.len() + on_companions.len();
    if count == 0 {
        return Ok(());
    }
    let shown = grave.iter().map(|step| (step.risk, step.action.object(), &step.reason));
    let others = on_companions.iter().map(|change| (change.risk, change.object.clone(), &change.reason));
    for (risk, object, reason) in shown.chain(others) {
        app.out.eprint(&printable(&format!("{}: {object}: {reason}", risk.name())));
    }
    let losses: Vec<_> = planned(plans).flat_map(|(_, planned)| lost_rights(planned)).collect();
    if !losses.is_empty() {
        app.out.eprint(losses_text(&losses).trim());
    }
    let felt = format!("{} can affect other users of this server", counted(count, "change"));
    let question = format!("{felt}. Make {}?", if count == 1 { "it" } else { "them" });
    app.confirm(&question, &felt, "look at them with `martydb plan`, then add -y").await
}

#[derive(Serialize)]
pub struct ApplyReport {
    #[serde(flatten)]
    all: Changes,
    #[serde(skip)]
    services: Vec<DesiredService>,
    /// Servers on which the run stopped.
    #[serde(skip)]
    stopped: Vec<String>,
    /// Services whose database could not be read.
    #[serde(skip)]
    unread: Vec<String>,
}

/// Service, server, database, and the number of changes with their outcome.
type AppliedRow<'a> = (String, &'a str, &'a str, (usize, Cell));

impl ApplyReport {
    fn add(&mut self, planned: &PlannedServer, applied: Converged) {
        let (server, major) = (&planned.server, planned.actual.major());
        let steps = applied.steps.iter();
        self.all.changes.extend(steps.map(|(step, end)| Change::new(server, step, major, Some(*end))));
        self.all.add_rest(planned);
        self.unread.extend(planned.unread().iter().map(|(service, _)| service.to_string()));
        if let Err(error) = &applied.end {
            self.stop(server, error);
        }
    }

    fn add_companions(&mut self, app: &App, done: CompanionApplied) {
        done.notes.iter().for_each(|note| app.out.note(&printable(note)));
        self.stopped.extend(done.errors.iter().map(|failed| failed.server.clone()));
        self.all.changes.extend(done.changes);
        self.all.errors.extend(done.errors);
    }

    fn stop(&mut self, server: &str, error: &Error) {
        self.stopped.push(server.to_owned());
        self.all.errors.push(ServerError::new(server, error));
    }

    fn table(&self, style: &Style) -> String {
        let columns: Vec<ReportColumn<AppliedRow<'_>>> = vec![
            ReportColumn::shown("service", |(service, ..), _| service.into()),
            ReportColumn::shown("server", |(_, server, ..), _| server.into()),
            ReportColumn::shown("database", |(_, _, database, _), _| database.into()),
            ReportColumn::shown("changes", |(_, _, _, (count, _)), _| Cell::number(count)),
            ReportColumn::shown("outcome", |(_, _, _, (_, outcome)), _| outcome.clone()),
        ];
        let mut rows = vec![];
        for service in &self.services {
            let outcome = self.outcome(&service.server, Some(service.name.as_str()));
            rows.push((service.name.to_string(), &*service.server, service.database.as_str(), outcome));
        }
        // Companions of a service.
        let is_on_companion = |change: &&Change| {
            change.service.as_ref().is_some_and(|name| {
                self.services.iter().any(|one| one.name.as_str() == name && one.server != change.server)
            })
        };
        let elsewhere = self.all.changes.iter().filter(is_on_companion);
        let places: BTreeSet<_> =
            elsewhere.map(|change| (&change.service, &change.server, &change.database)).collect();
        for (service, server, place) in places {
            let outcome = self.outcome(server, service.as_deref());
            rows.push((
                service.clone().unwrap_or_default(),
                server,
                place.as_deref().unwrap_or_default(),
                outcome,
            ));
        }
        // Servers with changes that belong to no service.
        let whole = self.all.changes.iter().filter(|change| change.service.is_none());
        for server in whole.map(|change| &change.server).collect::<BTreeSet<_>>() {
            rows.push((format!("({server})"), server, "", self.outcome(server, None)));
        }
        let server = |(_, server, ..): &AppliedRow<'_>| (*server).to_owned();
        ReportColumn::table_by_server(columns, &[], rows, server, style).render(style)
    }

    fn outcome(&self, server: &str, service: Option<&str>) -> (usize, Cell) {
        let here: Vec<_> = self.all.changes.iter().filter(|change| change.server == server).collect();
        let mine = |change: &&&Change| change.service.as_deref() == service;
        let ended = |end| here.iter().filter(mine).filter(|change| change.outcome == Some(end)).count();
        let done = ended(StepOutcome::Ok);
        let unread = service.is_some_and(|service| self.unread.iter().any(|name| name == service));
        let unreached = here.is_empty() && self.stopped.iter().any(|name| name == server);
        let cell = if unread || ended(StepOutcome::Failed) > 0 {
            Cell::new("failed", Paint::Bad)
        } else if unreached || ended(StepOutcome::Skipped) > 0 {
            Cell::new("skipped", Paint::Warn)
        } else if done == 0 {
            Cell::new("unchanged", Paint::Dim)
        } else {
            Cell::new("provisioned", Paint::Good)
        };
        (done, cell)
    }

    /// Removes the limits that end once a migration has made a table, and returns them as text.
    pub(crate) fn take_awaited_tables(&mut self) -> Vec<String> {
        let awaited = self.all.limits.extract_if(.., |limit| limit.awaits_migration);
        awaited.map(|limit| format!("limit: cannot {}: {}", limit.what, limit.why)).collect()
    }

    pub(crate) fn has_changed(&self) -> bool {
        self.all.changes.iter().any(|change| change.outcome == Some(StepOutcome::Ok))
    }

    /// Returns the heading of its text in a report of several steps.
    pub(crate) fn heading(&self) -> &'static str {
        match (self.failed(), self.has_changed()) {
            (false, _) => "Provisioned",
            (true, true) => "Provisioned in part",
            (true, false) => "Not provisioned",
        }
    }

    pub fn failed(&self) -> bool {
        !self.all.errors.is_empty()
    }
}

impl Report for ApplyReport {
    fn text(&self, style: &Style) -> String {
        let nothing = self.all.changes.is_empty() && !self.failed();
        let text = if nothing { self.all.nothing_to_do(style) } else { self.table(style) };
        text + &self.all.rest(style)
    }

    fn messages(&self, style: &Style) -> String {
        self.all.messages(style)
    }

    fn status(&self) -> ExitStatus {
        ServerError::worst(&self.all.errors).after_changes(self.has_changed())
    }
}
