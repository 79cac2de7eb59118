//! Common start of the steps of a split: the map, and the connection to the shared database.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::app::App;
use martydb_context::targets;
use martydb_manifest::SplitMap;
use martydb_migrate::MigrationTarget;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::suggest::hint;
use martydb_model::units::counted;
use martydb_model::{DesiredService, ServiceName};
use martydb_pg::server::{Access, Connection, lock};
use martydb_split::{
    CopyTarget, LOCK, SplitCopy, SplitPlan, SplitRun, SplitService, read_relations, read_run, read_services,
    state_exists,
};
use martydb_ui::report::printable;

/// Name of the map beside the manifest.
const FILE: &str = "split.yaml";

/// Problem of a map without tables.
pub(crate) const EMPTY: &str = "the map assigns no table of the source to a service";

/// Choice of the map.
#[derive(Debug, Clone, Args)]
pub struct MapChoice {
    /// Map [default: split.yaml beside the manifest].
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
}

impl MapChoice {
    pub fn path(&self, app: &App) -> PathBuf {
        self.map.clone().unwrap_or_else(|| app.manifest.home().join(FILE))
    }

    /// Returns a command, with `--map` unless it is the default.
    pub(crate) fn in_command(&self, command: &str) -> String {
        let flag = self.map.as_ref().map(|path| format!(" --map {}", path.display()));
        format!("{command}{}", flag.unwrap_or_default())
    }

    pub fn load(&self, app: &App) -> Result<SplitMap> {
        SplitMap::load(&self.path(app), &app.manifest, &app.environment)
    }
}

/// Returns the admin's access to the server of the shared database.
pub(crate) async fn source(app: &App, map: &SplitMap) -> Result<Access> {
    match &map.source.elsewhere {
        Some(server) => app.and_server(&map.source.server, server).admin(&map.source.server).await,
        None => app.admin(&map.source.server).await,
    }
}

/// Returns a session of the admin in the source that holds the lock of the split.
///
/// # Errors
/// If another command holds the lock.
pub(crate) async fn locked(app: &App, access: &Access, database: &str) -> Result<Connection> {
    let mut session = access.write(database).await?;
    let what = format!("the split of database \"{database}\"");
    lock::acquire(&mut session, LOCK, app.lock_wait, &what).await?;
    Ok(session)
}

/// Refuses an incomplete plan.
///
/// # Errors
/// With the open questions; `undone` is the omitted action.
pub(crate) fn complete(plan: &SplitPlan, map: &MapChoice, undone: &str) -> Result<()> {
    if plan.is_complete() {
        return Ok(());
    }
    let (open, unanswered) = (plan.open.len(), plan.unanswered().count());
    Err(Error::new(Kind::Divergent, format!("the plan of the split is not complete, so {undone}"))
        .causes(plan.is_empty().then_some(EMPTY))
        .causes((open > 0).then(|| format!("{} unassigned", counted(open, "table"))))
        .causes((unanswered > 0).then(|| format!("{} without an answer", counted(unanswered, "edge"))))
        .hint(format!("`{}` shows them", map.in_command("martydb split plan"))))
}

/// Split in progress: a session that holds its lock, and the input of the steps after the copy.
pub(crate) struct SplitSession {
    pub session: Connection,
    pub access: Access,
    pub database: String,
    pub split: SplitRun,
    pub services: Vec<SplitService>,
    targets: BTreeMap<String, Result<MigrationTarget>>,
    map: MapChoice,
    jobs: usize,
    wait: Duration,
}

impl SplitSession {
    /// # Errors
    /// If no copy has begun, or another command holds the lock.
    pub(crate) async fn open(app: &App, choice: &MapChoice, jobs: usize) -> Result<SplitSession> {
        let map = choice.load(app)?;
        let access = source(app, &map).await?;
        let database = map.source.database.to_string();
        let mut session = locked(app, &access, &database).await?;
        let split = match state_exists(&mut session).await? {
            true => read_run(&mut session).await?,
            false => None,
        };
        let Some(split) = split else {
            let what = format!("no copy of database \"{database}\" has begun");
            return Err(Error::operation(what)
                .hint(format!("run `{}` first", choice.in_command("martydb split copy"))));
        };
        let services: Vec<DesiredService> =
            map.services.keys().map(|name| app.manifest.services[name].clone()).collect();
        let targets = targets::for_services(app, &services).await?.into_iter();
        let targets = targets.map(|(service, target)| (service.name.to_string(), target)).collect();
        let services = read_services(&mut session).await?;
        let (map, wait) = (choice.clone(), app.lock_wait);
        Ok(SplitSession { session, access, database, split, services, targets, map, jobs, wait })
    }

    /// Returns the services of these names, or all without names.
    ///
    /// # Errors
    /// If a service is not part of the split.
    pub(crate) fn chosen(&self, names: &[String]) -> Result<Vec<SplitService>> {
        let known: Vec<&str> = self.services.iter().map(|one| one.name.as_str()).collect();
        if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(Error::usage(format!("service \"{name}\" is not part of the split"))
                .hint(hint(name, "services", &known)));
        }
        let chosen = |one: &&SplitService| names.is_empty() || names.contains(&one.name);
        Ok(self.services.iter().filter(chosen).cloned().collect())
    }

    /// Returns a service with its database and its tables.
    ///
    /// # Errors
    /// If the map does not contain the service, or its server is unreachable.
    pub(crate) async fn target(&mut self, service: &SplitService) -> Result<CopyTarget> {
        let name = ServiceName::new(&service.name).map_err(|error| Error::operation(error.to_string()))?;
        let target = self.targets.get(&service.name).cloned().unwrap_or_else(|| {
            Err(Error::usage(format!(
                "the map does not contain service \"{}\", which is part of the split",
                service.name
            )))
        });
        let relations = read_relations(&mut self.session, &service.name).await?;
        Ok(CopyTarget { service: name, target: target?, relations, phase: service.phase })
    }

    pub(crate) fn copy(&self) -> SplitCopy<'_> {
        SplitCopy {
            access: &self.access,
            database: &self.database,
            run: &self.split,
            jobs: self.jobs,
            wait: self.wait,
            cutover: self.map.in_command("martydb split cutover"),
        }
    }
}

/// Lists the triggers and rules that are disabled at the source.
pub(crate) fn disabled_text(disabled: &[String]) -> String {
    if disabled.is_empty() {
        return String::new();
    }
    let lines: String = disabled.iter().map(|one| format!("  {}\n", printable(one))).collect();
    format!(
        "\nDisabled in the shared database, because they write into tables that are closed there:\n{lines}"
    )
}
