//! `restore`: replaces a service's database with a backup; the former database is kept closed until it is discarded.

mod discard;
mod from;
mod preview;
mod report;

use std::path::{Path, PathBuf};

use clap::Args;

use super::backup::store::{BackupStore, FetchedBackup};
use crate::app::App;
use crate::commands::support::choice;
use crate::commands::verify::verify_isolation::{self, verify_services};
use martydb_backup::move_service::owner_session;
use martydb_backup::{
    self as backup, HeadAgainstFiles, LoadSource, RestoreLocation, RestoreTarget, compare_head,
};
use martydb_context::targets;
use martydb_migrate::MigrationTarget;
use martydb_migrate::files::folder;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{List, Statement, stmt};
use martydb_model::{DbName, DesiredService};
use martydb_os::read_named_text;
use martydb_pg::server::execute;
use martydb_provision::run_records;
use martydb_provision::{self as provision, PlanOptions};
use martydb_ui::flags::OneService;

pub use report::RestoreReport;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub service: OneService,
    /// Backup, as `backup list` names it, or `latest`.
    ///
    /// Without it, a terminal offers the list.
    #[arg(long, value_name = "ID")]
    pub from: Option<String>,
    /// Restore into another database of this name, which only the admin can connect to.
    #[arg(long = "as", value_name = "NAME", value_parser = database)]
    pub restore_as: Option<DbName>,
    /// Restore only this table, with its rows and what it needs, into the database of --as; may be repeated.
    #[arg(long = "table", value_name = "SCHEMA.NAME", requires = "restore_as")]
    pub tables: Vec<String>,
    /// SQL to run as the service's owner before the restored database opens.
    #[arg(long, value_name = "FILE")]
    pub anonymize: Option<PathBuf>,
    /// Kinds of differences of the schema from the record that are accepted, such as `comment`; never of rows.
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kind, hide_short_help = true)]
    pub accept: Vec<String>,
    /// Show what a restore would do; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Remove the databases that restores of this service have replaced; restore nothing.
    #[arg(long, conflicts_with_all = ["from", "restore_as", "tables", "anonymize", "accept", "dry_run"])]
    pub discard_old: bool,
}

fn database(text: &str) -> Result<DbName, String> {
    DbName::new(text).map_err(|error| format!("it {error}"))
}

fn kind(text: &str) -> Result<String, String> {
    let kinds: Vec<String> = backup::acceptable_kinds().collect();
    match kinds.iter().any(|kind| kind == text) {
        true => Ok(text.to_owned()),
        false => Err(format!("the kinds are {}", kinds.join(", "))),
    }
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<RestoreReport> {
    let service = &choice::service(app, &arguments.service).await?;
    if arguments.discard_old {
        return discard::run(app, service).await;
    }
    let from = &from::backup(app, service, arguments.from.as_deref()).await?;
    Restoring { app, service, arguments, from }.restore().await
}

struct Restoring<'a> {
    app: &'a App,
    service: &'a DesiredService,
    arguments: &'a Arguments,
    from: &'a str,
}

impl Restoring<'_> {
    async fn restore(&self) -> Result<RestoreReport> {
        let Restoring { app, service, arguments, from } = *self;
        let anonymize = arguments.anonymize.as_deref().map(read).transpose()?;
        let store = BackupStore::open(app)?;
        let (_, target) = targets::for_services(app, std::slice::from_ref(service)).await?.remove(0);
        let target = target?;
        let (access, desired) = (app.admin(&service.server).await?, app.manifest.desired(&service.server));
        if !arguments.dry_run {
            self.ask().await?;
        }
        let fetched = store.fetch(app, from).await?;
        let head = self.fits(&fetched)?;
        let place = arguments.restore_as.clone().map_or(RestoreLocation::Service, RestoreLocation::As);
        let to = RestoreTarget {
            access: &access,
            desired: &desired,
            service,
            target: &target,
            jobs: store.jobs(),
        };
        let tables = backup::choose(&fetched.record, from, &arguments.tables)?;
        // The file runs as the owner, who may not change the audit.
        let audit = anonymize.is_none() || !tables.is_empty();
        let accept = &arguments.accept;
        let source =
            LoadSource { folder: fetched.path(), record: &fetched.record, tables: &tables, accept, audit };
        if arguments.dry_run {
            return preview::run(&to, (source, from), &arguments.restore_as, &fetched, head).await;
        }
        let before = |database| anonymized(&target, database, anonymize.as_deref());
        let record = run_records::of_server(app, &access, std::slice::from_ref(service), "restore");
        record.begin().await;
        let end = backup::restore(&to, source, from, &place, app.lock_wait, before).await;
        run_records::end_of(&record, &self.recorded(), &end).await;
        let end = end?;
        let mut report = RestoreReport::new(self.service, from, &arguments.restore_as, end, &fetched, head);
        if arguments.restore_as.is_none() {
            report.plan_changes = Some(self.plan_changes().await?);
            let services = std::slice::from_ref(service);
            let mut verified =
                verify_services(app, &verify_isolation::Arguments::default(), services).await?;
            // A restore changes nothing of the server.
            verified.assessment.findings.retain(|finding| finding.service.is_some());
            report.verified = Some(verified);
        }
        Ok(report)
    }

    /// Returns the restored backup for the record, with the database if it is not the service's.
    fn recorded(&self) -> String {
        match &self.arguments.restore_as {
            Some(name) => format!("{} as database {name}", self.from),
            None => self.from.to_owned(),
        }
    }

    /// A restore ends the service's sessions and replaces its rows.
    async fn ask(&self) -> Result<()> {
        let Restoring { app, service, arguments, from } = *self;
        if arguments.restore_as.is_some() {
            return Ok(());
        }
        let name = &service.name;
        let question = format!(
            "Replace database \"{}\" with {from}? Sessions of service \"{name}\" are ended; the former database is kept, closed, under another name",
            service.database
        );
        let would = format!("the database of service \"{name}\" would be replaced");
        app.confirm(
            &question,
            &would,
            "first restore into another database with --as NAME to review it, then add -y",
        )
        .await
    }

    /// Checks that the backup belongs to the service, and that its migrations are no newer than the files.
    fn fits(&self, fetched: &FetchedBackup) -> Result<HeadAgainstFiles> {
        let service = self.service;
        if fetched.service() != service.name.as_str() {
            return Err(Error::operation(format!(
                "{} is a backup of service \"{}\"",
                self.from,
                fetched.service()
            ))
            .cause(format!("the requested service is \"{}\"", service.name)));
        }
        let files = folder::load_valid(&service.migrations, service.name.as_str())?;
        match compare_head(service, &files, fetched.record.migration_head) {
            // The database is only read; no migration runs in it.
            Err(_) if self.arguments.restore_as.is_some() => Ok(HeadAgainstFiles::Same),
            end => end,
        }
    }

    /// Returns the number of changes that `apply` would make now.
    async fn plan_changes(&self) -> Result<usize> {
        let services = std::slice::from_ref(self.service);
        let mut plans = provision::plan(self.app, services, PlanOptions::default()).await;
        let Some((_, planned)) = plans.pop() else { return Ok(0) };
        let own = |step: &&martydb_plan::Step| step.service.as_ref() == Some(&self.service.name);
        Ok(planned?.plan.steps.iter().filter(own).count())
    }
}

fn read(path: &Path) -> Result<String> {
    read_named_text(path)
        .map_err(|error| Error::usage(format!("cannot read {}", path.display())).cause(error))
}

/// Runs the service's SQL as its owner in one transaction.
async fn anonymized(target: &MigrationTarget, database: DbName, text: Option<&str>) -> Result<()> {
    let Some(text) = text else { return Ok(()) };
    let here = MigrationTarget { database, ..target.clone() };
    let mut session = owner_session::as_owner(&here).await?;
    let path = stmt!("SET search_path = {schemas}", schemas = List(target.search_path.clone()));
    execute(&mut session, &path).await?;
    let end = execute(&mut session, &Statement::from_migration_file(text)).await;
    session.close().await;
    end.map(drop).map_err(|error| error.while_doing("the file of --anonymize failed"))
}
