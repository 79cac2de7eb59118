//! `diff`: compares the schemas of two environments, or of migration files and a database.

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::commands::support::per_service::{PerService, Services, map_concurrent};
use martydb_apply::scratch::Scratch;
use martydb_context::targets;
use martydb_migrate::history::{Catalog, Difference};
use martydb_migrate::normalize_expressions;
use martydb_migrate::{EventSender, Goal, MigrationTarget, Operator, Options};
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::units::counted;
use martydb_model::{DesiredServer, DesiredService, RoleName};
use martydb_pg::server::Access;
use martydb_ui::flags::Select;
use martydb_ui::report::{Report, Style, indented, printable};

#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// First side: an environment, `database` (of this environment) or `files` (a scratch database built from them).
    #[arg(long, value_name = "SIDE")]
    pub from: String,
    /// Second side, with the same choices.
    #[arg(long, value_name = "SIDE")]
    pub to: String,
}

/// Reads both sides of each service and writes to neither: `files` is a scratch database.
pub async fn run(app: &App, arguments: &Arguments) -> Result<DiffReport> {
    let services = app.readable(&arguments.select)?;
    if arguments.from == arguments.to {
        return Err(Error::usage(format!("both sides are \"{}\"", arguments.from)));
    }
    let (before, after) =
        (sides(app, &arguments.from, &services).await?, sides(app, &arguments.to, &services).await?);
    let options = Options { lock_wait: app.lock_wait, ..Options::new(Operator::current()) };
    let work: Vec<_> = services.into_iter().zip(before.into_iter().zip(after)).collect();
    let all = map_concurrent(app.jobs.count, work, |(service, (before, after))| {
        let options = options.clone();
        async move {
            let found = compare(before, after, &options, &service.maintained_tables()).await;
            let answer = found.map(|differences| Differences { differences });
            PerService::new(service.name.to_string(), answer)
        }
    });
    Ok(DiffReport {
        from: arguments.from.clone(),
        to: arguments.to.clone(),
        found: Services { services: all.await },
    })
}

/// Source of one side of a service.
enum Side {
    Database(Box<MigrationTarget>),
    Files(Box<(MigrationTarget, Access, DesiredServer, DesiredService)>),
}

/// Returns a side for each service, or the reason why it has none.
async fn sides(app: &App, name: &str, services: &[DesiredService]) -> Result<Vec<Result<Side>>> {
    match name {
        "database" => databases(app, services).await,
        "files" => files(app, services).await,
        environment => {
            let there = app.in_environment(environment).map_err(|error| {
                error.hint("a side is an environment of the manifest, `database` or `files`")
            })?;
            let found: Vec<Result<DesiredService>> =
                services.iter().map(|service| there.service(service.name.as_str()).cloned()).collect();
            let known: Vec<DesiredService> = found.iter().flatten().cloned().collect();
            let mut sides = databases(&there, &known).await?.into_iter();
            let side = |service: Result<DesiredService>| {
                service
                    .and_then(|_| sides.next().unwrap_or_else(|| Err(Error::operation("it has no database"))))
            };
            Ok(found.into_iter().map(side).collect())
        }
    }
}

async fn databases(app: &App, services: &[DesiredService]) -> Result<Vec<Result<Side>>> {
    let all = targets::for_services(app, services).await?;
    Ok(all.into_iter().map(|(_, target)| target.map(|target| Side::Database(Box::new(target)))).collect())
}

async fn files(app: &App, services: &[DesiredService]) -> Result<Vec<Result<Side>>> {
    let mut all = vec![];
    for (service, target) in targets::for_services(app, services).await? {
        let access = app.access(&service.server).await;
        let desired = app.manifest.desired(&service.server);
        all.push(target.and_then(|target| Ok(Side::Files(Box::new((target, access?, desired, service))))));
    }
    Ok(all)
}

/// Returns how a service's database differs from the end state of its files up to a version.
pub(crate) async fn from_files(app: &App, service: &DesiredService, to: i64) -> Result<Vec<Difference>> {
    let all = std::slice::from_ref(service);
    let options = Options { lock_wait: app.lock_wait, to: Some(to), ..Options::new(Operator::current()) };
    let (before, after) = (files(app, all).await?.remove(0), databases(app, all).await?.remove(0));
    compare(before, after, &options, &service.maintained_tables()).await
}

async fn compare(
    before: Result<Side>,
    after: Result<Side>,
    options: &Options,
    maintained: &[String],
) -> Result<Vec<Difference>> {
    let (before, after) = (before?, after?);
    let before = ReadSide::read(before, options).await?;
    let after = match ReadSide::read(after, options).await {
        Ok(after) => after,
        Err(error) => return before.remove_after(Err(error)).await,
    };
    let found = differences(&before, &after, options, maintained).await;
    before.remove_after(after.remove_after(found).await).await
}

/// Only a scratch database may read expressions again: the others are not written to.
async fn differences(
    before: &ReadSide,
    after: &ReadSide,
    options: &Options,
    maintained: &[String],
) -> Result<Vec<Difference>> {
    let mut former = before.catalog.without_partitions(maintained);
    let mut later = after.catalog.without_partitions(maintained);
    if before.scratch.is_some() || after.scratch.is_some() {
        // `apply` grants them, and files do not.
        for (owner, roles) in [&before.further, &after.further].into_iter().flatten() {
            former = martydb_migrate::without_roles(former, owner, roles);
            later = martydb_migrate::without_roles(later, owner, roles);
        }
    }
    if let Some((_, target)) = after.scratch.as_ref().or(before.scratch.as_ref()) {
        former = normalize_expressions(target, options.lock_wait, former, &later).await?;
    }
    Ok(former.differences(&later))
}

/// A side that was read, with its scratch database.
struct ReadSide {
    catalog: Catalog,
    scratch: Option<(Scratch, MigrationTarget)>,
    /// Owner of a database's objects, and roles to which the manifest gives access to them.
    further: Option<(RoleName, Vec<RoleName>)>,
}

impl ReadSide {
    async fn read(side: Side, options: &Options) -> Result<ReadSide> {
        match side {
            Side::Database(target) => {
                let catalog = decided(&target, martydb_migrate::catalog(&target, options.lock_wait).await?);
                let further = Some((target.owner.clone(), target.further.clone()));
                Ok(ReadSide { catalog, scratch: None, further })
            }
            Side::Files(parts) => {
                let (own, access, desired, service) = *parts;
                let scratch = Scratch::make(&access, &desired, &service).await?;
                let target = scratch.target(&own);
                match built(&target, options).await {
                    Ok(catalog) => Ok(ReadSide { catalog, scratch: Some((scratch, target)), further: None }),
                    Err(error) => scratch.remove_after(Err(error)).await,
                }
            }
        }
    }

    async fn remove_after<T>(self, result: Result<T>) -> Result<T> {
        match self.scratch {
            Some((scratch, _)) => scratch.remove_after(result).await,
            None => result,
        }
    }
}

async fn built(target: &MigrationTarget, options: &Options) -> Result<Catalog> {
    match martydb_migrate::run(target, Goal::Upgrade, options, &EventSender::ignored()).await.error {
        Some(error) => Err(error.while_doing("cannot apply the files to an empty database")),
        None => Ok(decided(target, martydb_migrate::catalog(target, options.lock_wait).await?)),
    }
}

fn decided(target: &MigrationTarget, catalog: Catalog) -> Catalog {
    martydb_migrate::without_decided(catalog, &target.owner, &target.schemas)
}

#[derive(Default, Serialize)]
pub(crate) struct Differences {
    differences: Vec<Difference>,
}

#[derive(Serialize)]
pub struct DiffReport {
    from: String,
    to: String,
    #[serde(flatten)]
    found: Services<Differences>,
}

impl DiffReport {
    fn line(&self, one: &Difference) -> String {
        let (kind, name) = (&one.kind, printable(&one.name));
        match (&one.before, &one.after) {
            (None, _) => format!("  {kind} {name} is only in {}\n", self.to),
            (_, None) => format!("  {kind} {name} is only in {}\n", self.from),
            (Some(before), Some(after)) => format!(
                "  {kind} {name} differs\n    {}: {}\n    {}: {}\n",
                self.from,
                indented(before, 6),
                self.to,
                indented(after, 6)
            ),
        }
    }
}

impl Report for DiffReport {
    fn text(&self, style: &Style) -> String {
        let mut text = String::new();
        for one in &self.found.services {
            let differences = &one.answer.differences;
            match (differences.len(), &one.error) {
                (_, Some(_)) => {}
                (0, None) => text += &format!("{}: no difference\n", one.service),
                (n, None) => {
                    text += &format!("{}: {}\n", one.service, counted(n, "difference"));
                    text += &differences.iter().map(|difference| self.line(difference)).collect::<String>();
                }
            }
        }
        text + &self.found.errors_text(style)
    }

    fn status(&self) -> ExitStatus {
        let differ = self.found.services.iter().any(|one| !one.answer.differences.is_empty());
        let found = if differ { ExitStatus::Differences } else { ExitStatus::Success };
        ExitStatus::worst([self.found.worst_status(), found])
    }
}
