//! `verify-down`: runs up, down, up in a scratch database, and compares the catalogs.

use clap::Args;
use serde::Serialize;

use super::migrating::plain_options;
use crate::app::App;
use crate::commands::support::per_service::{PerService, Services, map_concurrent};
use martydb_apply::scratch::Scratch;
use martydb_context::targets;
use martydb_migrate::files::folder;
use martydb_migrate::round_trip::{RoundTrip, RoundTripResult, ScratchSource, check_round_trips, folder_of};
use martydb_migrate::{DriftCheck, MigrationTarget, Options, Sizes};
use martydb_model::error::{ExitStatus, Result};
use martydb_model::sqlstate;
use martydb_model::{DesiredServer, DesiredService};
use martydb_pg::server::Access;
use martydb_pg::server::sessions::SessionList;
use martydb_ui::flags::Select;
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, error_text, printable};

#[derive(Debug, Clone, Args)]
#[command(disable_version_flag = true)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Check this version; may be repeated [default: pending versions].
    #[arg(long, value_name = "VERSION")]
    pub version: Vec<i64>,
    /// Check every version in the folder.
    #[arg(long, conflicts_with = "version")]
    pub every: bool,
}

/// Runs the round trips, and leaves no databases behind.
pub async fn run(app: &App, arguments: &Arguments) -> Result<VerifyDownReport> {
    let services = app.readable(&arguments.select)?;
    let options = plain_options(app);
    let mut work = vec![];
    for (service, target) in targets::for_services(app, &services).await? {
        let access = app.access(&service.server).await;
        let desired = app.manifest.desired(&service.server);
        work.push((service, desired, target.and_then(|target| Ok((target, access?)))));
    }
    let all = map_concurrent(app.jobs.count, work, |(service, desired, reached)| {
        let (arguments, options) = (arguments.clone(), options.clone());
        async move {
            let trips = round_trips(&service, &desired, reached, &arguments, &options).await;
            PerService::new(service.name.to_string(), trips.map(|migrations| RoundTrips { migrations }))
        }
    });
    let is_ci = app.environment.get("CI").is_some_and(|value| !matches!(value.as_str(), "" | "false" | "0"));
    let proof_is_due = is_ci && !arguments.every && arguments.version.is_empty();
    Ok(VerifyDownReport { all: Services { services: all.await }, proof_is_due })
}

async fn round_trips(
    service: &DesiredService,
    desired: &DesiredServer,
    reached: Result<(MigrationTarget, Access)>,
    arguments: &Arguments,
    options: &Options,
) -> Result<Vec<RoundTrip>> {
    let (target, access) = reached?;
    let chosen = chosen(&target, arguments, options).await?;
    if chosen.is_empty() {
        return Ok(vec![]);
    }
    let folder = folder_of(&target)?;
    let mut scratches = Scratches { access, desired, service, target, last: None };
    let result = check_round_trips(&mut scratches, &folder, &chosen, options).await;
    match scratches.last {
        Some(last) => last.remove_after(result).await,
        None => result,
    }
}

/// Scratch databases of one service, one at a time.
struct Scratches<'a> {
    access: Access,
    desired: &'a DesiredServer,
    service: &'a DesiredService,
    /// Own database of the service.
    target: MigrationTarget,
    last: Option<Scratch>,
}

impl ScratchSource for Scratches<'_> {
    async fn fresh(&mut self) -> Result<MigrationTarget> {
        if let Some(last) = self.last.take() {
            last.remove_after(Ok(())).await?;
        }
        let scratch = scratch_of(&self.access, self.desired, self.service).await?;
        let target = scratch.target(&self.target);
        self.last = Some(scratch);
        Ok(target)
    }
}

/// Makes a scratch database of a service whose roles exist.
///
/// # Errors
/// As [`Scratch::make`], with the command that creates the roles.
pub(crate) async fn scratch_of(
    access: &Access,
    desired: &DesiredServer,
    service: &DesiredService,
) -> Result<Scratch> {
    let made = Scratch::make(access, desired, service).await;
    made.map_err(|error| match error.sqlstate.as_deref() {
        Some(sqlstate::UNDEFINED_OBJECT) => error.hint(format!(
            "the roles of the service are missing: run `martydb apply --service {}`",
            service.name
        )),
        _ => error,
    })
}

async fn chosen(target: &MigrationTarget, arguments: &Arguments, options: &Options) -> Result<Vec<i64>> {
    let folder = folder::load_valid(&target.folder, target.service.as_str())?;
    let all: Vec<i64> = folder.migrations.iter().map(|migration| migration.version).collect();
    if arguments.every {
        return Ok(all);
    }
    if let Some(unknown) = arguments.version.iter().find(|version| !all.contains(version)) {
        return Err(folder.has_no(*unknown, &target.service));
    }
    if !arguments.version.is_empty() {
        return Ok(arguments.version.clone());
    }
    let sessions = SessionList::default();
    let status =
        martydb_migrate::status(target, Sizes::Skipped, DriftCheck::Skipped, options.lock_wait, &sessions)
            .await;
    match status.error {
        Some(error) => Err(error),
        None => Ok(status.pending.iter().map(|item| item.version).collect()),
    }
}

#[derive(Default, Serialize)]
pub(crate) struct RoundTrips {
    migrations: Vec<RoundTrip>,
}

pub fn columns<'a>() -> Vec<ReportColumn<(&'a str, &'a RoundTrip)>> {
    vec![
        ReportColumn::new("service", "service", |(service, _), _| service.into()),
        ReportColumn::new("version", "version", |(_, one), _| Cell::number(one.version)),
        ReportColumn::new("name", "name", |(_, one), _| one.name.as_str().into()),
        ReportColumn::new("outcome", "proof", |(_, one), _| word(one.outcome)),
        ReportColumn::key("skipped"),
        ReportColumn::key("error.message"),
    ]
}

fn word(result: RoundTripResult) -> Cell {
    match result {
        RoundTripResult::Ok => Cell::new("up, down, up", Paint::Good),
        RoundTripResult::Differs => Cell::new("differs", Paint::Bad),
        RoundTripResult::Failed => Cell::new("failed", Paint::Bad),
        RoundTripResult::Skipped => Cell::new("skipped", Paint::Dim),
    }
}

#[derive(Serialize)]
pub struct VerifyDownReport {
    #[serde(flatten)]
    all: Services<RoundTrips>,
    /// Set for a run in CI that chose the pending versions: behind `upgrade` there are none, and the job would prove
    /// nothing.
    #[serde(skip)]
    proof_is_due: bool,
}

impl VerifyDownReport {
    fn has_failed(&self) -> bool {
        self.all.services.iter().any(|found| found.error.is_some())
    }

    fn checked_none(&self) -> bool {
        !self.has_failed() && self.all.services.iter().all(|found| found.answer.migrations.is_empty())
    }
}

impl Report for VerifyDownReport {
    fn text(&self, style: &Style) -> String {
        let all = self.all.services.iter();
        let all =
            all.flat_map(|found| found.answer.migrations.iter().map(|one| (found.service.as_str(), one)));
        let below: String = all.clone().map(|(service, one)| details(service, one, style)).collect();
        let table = ReportColumn::table(columns(), &[], all, style);
        match table.is_empty() {
            true if self.checked_none() => {
                "No migration was checked: none is pending; --every checks all.\n".into()
            }
            true => below,
            false => table.render(style) + &below,
        }
    }

    fn messages(&self, style: &Style) -> String {
        self.all.errors_text(style)
    }

    fn status(&self) -> ExitStatus {
        if self.proof_is_due && self.checked_none() {
            return ExitStatus::Differences;
        }
        let trips =
            self.all.services.iter().flat_map(|found| &found.answer.migrations).map(|one| match &one.error {
                Some(error) => error.kind.status(),
                None if one.outcome == RoundTripResult::Differs => ExitStatus::Differences,
                None => ExitStatus::Success,
            });
        ExitStatus::worst(trips.chain([self.all.worst_status()]))
    }
}

fn details(service: &str, one: &RoundTrip, style: &Style) -> String {
    let title = format!("\n{service} V{}__{}", one.version, printable(&one.name));
    let mut text = String::new();
    for (when, differences) in
        [("after the down file", &one.after_down), ("after the second up", &one.after_up)]
    {
        if !differences.is_empty() {
            text += &format!("{title}, {when}:\n");
            text += &differences.iter().map(|difference| format!("  {difference}\n")).collect::<String>();
        }
    }
    if let Some(why) = &one.skipped {
        text += &format!("{title}: skipped: {}\n", printable(why));
    }
    if let Some(error) = &one.error {
        text += &format!("{title}:\n{}\n", error_text(error, style));
    }
    text
}
