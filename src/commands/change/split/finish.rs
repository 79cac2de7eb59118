//! `split finish`: removes the moved tables from the source, and everything that the split has created.

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;

use super::common::{self, MapChoice};
use crate::app::App;
use crate::commands::verify::verify_isolation::{self, VerifyReport, verify_services};
use martydb_context::targets;
use martydb_isolation::proof::Assessment;
use martydb_manifest::SplitMap;
use martydb_model::DesiredService;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::findings::Severity;
use martydb_model::units::counted;
use martydb_pg::server::{Access, Connection};
use martydb_split::{
    DatabaseTables, FinishRemoval, OldGrant, OldLogin, SourceSchema, SourceSnapshot, SplitPlan, SplitSides,
    begin_finish, clear_source, clear_target, old_grants, old_logins, open_inspecting, removal, remove_state,
    state_exists,
};
use martydb_ui::report::{Report, Style, printable};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub map: MapChoice,
    /// Name of the shared database, instead of typing it.
    #[arg(long, value_name = "DATABASE")]
    pub confirm: Option<String>,
    /// Show what would be removed; remove nothing.
    #[arg(long)]
    pub dry_run: bool,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<FinishedSplit> {
    let map = arguments.map.load(app)?;
    let access = common::source(app, &map).await?;
    let database = map.source.database.as_str();
    let mut session = common::locked(app, &access, database).await?;
    let services: Vec<DesiredService> =
        map.services.keys().map(|name| app.manifest.services[name].clone()).collect();
    if !state_exists(&mut session).await? {
        session.close().await;
        if is_over(app, &map, &access, &services).await? {
            return Ok(FinishedSplit {
                end: FinishEnd::Over,
                ..FinishedSplit::new(database, FinishRemoval::default())
            });
        }
        return Err(Error::usage(format!("no split of database \"{database}\" has begun"))
            .hint(format!("`{}` begins one", arguments.map.in_command("martydb split copy"))));
    }
    let due = removal(&mut session).await?;
    let mut report = FinishedSplit::new(database, due);
    report.read_access(&mut session, &services).await?;
    if arguments.dry_run {
        report.end = FinishEnd::Shown;
        session.close().await;
        return Ok(report);
    }
    consent(app, arguments, &report).await?;
    let verify = async || verify_services(app, &verify_isolation::Arguments::default(), &services).await;
    let before = verify().await?;
    if is_open(&before) {
        report.end = FinishEnd::Refused;
        report.verified = Some(Box::new(before));
        session.close().await;
        return Ok(report);
    }
    begin_finish(&mut session).await?;
    for service in &services {
        let mut sides = SplitSides::open(app, &access, database, service).await?;
        let end = clear_target(&mut sides).await;
        sides.close().await;
        report.warnings.extend(end?);
    }
    let schema = SourceSchema::suspend(app, &map).await;
    let cleared = clear_source(&mut session, app.lock_wait).await;
    report.warnings.extend(resume(app, schema, &cleared).await);
    cleared?;
    report.read_access(&mut session, &services).await?;
    report.verified = Some(Box::new(verify().await?));
    // Until here the same command would repeat everything.
    remove_state(&mut session).await?;
    session.close().await;
    Ok(report)
}

/// Keeps the definitions of the service that has the shared database. Returns the warning of a failure.
async fn resume(app: &App, schema: Result<Option<SourceSchema>>, cleared: &Result<()>) -> Option<String> {
    let kept = match schema {
        Ok(Some(schema)) => schema.resume(cleared, app.lock_wait).await,
        none => none.map(drop),
    };
    let unknown = "the schema of the service that has this database may appear as changed by hand";
    kept.err().map(|error| format!("{unknown}: {error}"))
}

/// Returns `true` if an earlier run has finished the split: no table of the map is in the source, and each service's
/// database has its tables.
pub(crate) async fn is_over(
    app: &App,
    map: &SplitMap,
    access: &Access,
    services: &[DesiredService],
) -> Result<bool> {
    let source = SourceSnapshot::open(access, map.source.database.as_str()).await?.into_catalog().await;
    if !SplitPlan::new(map, &source)?.is_empty() {
        return Ok(false);
    }
    for (service, target) in targets::for_services(app, services).await? {
        let mut session = open_inspecting(&target?).await?;
        let found = DatabaseTables::read(&mut session).await?;
        session.close().await;
        let patterns = &map.services[&service.name];
        let matches =
            |(schema, name): &(String, String)| patterns.iter().any(|one| one.matches(schema, name));
        if !found.tables.keys().any(matches) {
            return Ok(false);
        }
    }
    Ok(!services.is_empty())
}

/// Returns `true` if others can reach a service's data, or if that is unknown. Lesser findings, such as a login's access
/// to the shared database, which holds no data of a service any more, do not stop a finish.
fn is_open(verified: &VerifyReport) -> bool {
    let Assessment { findings, unread, failed, .. } = &verified.assessment;
    let unknown = !unread.is_empty() || !failed.is_empty() || verified.assessment.inconclusive() > 0;
    unknown || findings.iter().any(|finding| finding.severity >= Severity::High)
}

/// `-y` does not confirm a finish.
async fn consent(app: &App, arguments: &Arguments, report: &FinishedSplit) -> Result<()> {
    let database = &report.database;
    let typed = match &arguments.confirm {
        Some(confirm) => confirm.clone(),
        None if app.can_ask => {
            app.out.show(&report.listing());
            let asked = format!("Type the shared database's name to remove all of this from it: {database}");
            martydb_ui::prompt::text(&asked).await?
        }
        None => {
            return Err(Error::usage(format!("finishing the split of \"{database}\" needs its name, nothing was touched"))
                .cause("the moved tables would be removed from it, and a rollback would be impossible; -y is not enough for that")
                .hint(format!("review it with --dry-run, then add --confirm {database}")));
        }
    };
    if typed == *database {
        return Ok(());
    }
    Err(Error::usage(format!("\"{typed}\" is not \"{database}\", nothing was touched")))
}

/// Progress of a finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FinishEnd {
    Removed,
    /// Dry run.
    Shown,
    /// The services are not isolated.
    Refused,
    /// An earlier run has finished the split.
    Over,
}

/// Tables, views and dependent objects that a finish removed, or would remove.
#[derive(Serialize)]
pub struct FinishedSplit {
    database: String,
    #[serde(flatten)]
    removed: FinishRemoval,
    warnings: Vec<String>,
    #[serde(skip)]
    end: FinishEnd,
    #[serde(rename = "verify_isolation")]
    verified: Option<Box<VerifyReport>>,
}

impl FinishedSplit {
    fn new(database: &str, removed: FinishRemoval) -> FinishedSplit {
        let database = database.to_owned();
        FinishedSplit { database, removed, warnings: vec![], end: FinishEnd::Removed, verified: None }
    }

    /// Reads the logins that can still connect to the shared database, and the grants by which the services' can.
    async fn read_access(&mut self, session: &mut Connection, services: &[DesiredService]) -> Result<()> {
        let own: BTreeSet<String> =
            services.iter().flat_map(|service| service.own_roles()).map(|role| role.to_string()).collect();
        let FinishRemoval { logins, open_to, .. } = &mut self.removed;
        let (of_services, others) =
            old_logins(session).await?.into_iter().partition::<Vec<_>, _>(|one| own.contains(&one.role));
        *logins = others;
        *open_to = old_grants(session).await?;
        let grants = |one: &OldGrant| one.grantee == "PUBLIC" || own.contains(&one.grantee);
        open_to.retain(|one| !of_services.is_empty() && grants(one));
        Ok(())
    }

    fn counted(&self) -> String {
        let FinishRemoval { tables, views, dependents, .. } = &self.removed;
        let (tables, views) = (counted(tables.len(), "table"), counted(views.len(), "view"));
        match dependents.len() {
            0 => format!("{tables} and {views}"),
            many => format!("{tables}, {views} and {}", counted(many, "dependent object")),
        }
    }

    fn listing(&self) -> String {
        let FinishRemoval { tables, views, dependents, .. } = &self.removed;
        let mut text = format!("{} of database {}:\n", self.counted(), self.database);
        tables.iter().for_each(|table| text += &format!("  table {}\n", printable(table)));
        views.iter().for_each(|view| text += &format!("  view {}\n", printable(view)));
        dependents.iter().for_each(|one| text += &format!("  {} {}\n", one.kind, printable(&one.name)));
        text + &self.rest()
    }

    /// Lists the remaining objects of the shared database, and the logins that reach it.
    fn rest(&self) -> String {
        let FinishRemoval { stays, logins, open_to, disabled, .. } = &self.removed;
        let mut text = String::new();
        if !stays.is_empty() {
            text += &format!("\nRemaining in database {}:\n", self.database);
            stays.iter().for_each(|one| text += &format!("  {} {}\n", one.kind, printable(&one.name)));
        }
        if !logins.is_empty() {
            text += "\nLogins that reach it:\n";
            logins.iter().for_each(|one| text += &login(one));
        }
        if !open_to.is_empty() {
            text += "\nThe services' logins reach it, until you run:\n";
            open_to.iter().for_each(|one| text += &format!("  {}\n", printable(&one.revoke)));
        }
        if !disabled.is_empty() {
            text += "\nDisabled, because they write into the removed tables:\n";
            disabled.iter().for_each(|one| text += &format!("  {}\n", printable(one)));
        }
        text
    }
}

fn login(one: &OldLogin) -> String {
    let databases: Vec<_> = one.databases.iter().map(|name| printable(name)).collect();
    let tables = counted(usize::try_from(one.tables).unwrap_or_default(), "table");
    format!("  {}: reaches {}; {tables} here\n", printable(&one.role), databases.join(", "))
}

impl Report for FinishedSplit {
    fn text(&self, style: &Style) -> String {
        let verified = self.verified.as_ref().map(|report| report.text(style)).unwrap_or_default();
        match self.end {
            FinishEnd::Shown => self.listing() + "\nNothing was removed: this was a dry run.\n",
            FinishEnd::Refused => {
                format!("{verified}\nNothing was removed: the services are not isolated.\n")
            }
            FinishEnd::Removed => {
                let removed = format!("Removed {} from database {}.\n", self.counted(), self.database);
                format!("{removed}{}\n{verified}", self.rest())
            }
            FinishEnd::Over => format!(
                "The split is finished: database {} has no table of the map, and each service has its own.\n",
                self.database
            ),
        }
    }

    fn messages(&self, style: &Style) -> String {
        let warned = self.warnings.iter().map(|warning| format!("warning: {}\n", printable(warning)));
        let verified = self.verified.as_ref().map(|report| report.messages(style)).unwrap_or_default();
        warned.collect::<String>() + &verified
    }

    fn status(&self) -> ExitStatus {
        let open = self.verified.as_ref().filter(|report| is_open(report)).map(|report| report.status());
        open.map_or(ExitStatus::Success, |status| ExitStatus::worst([status, ExitStatus::Isolation]))
    }
}
