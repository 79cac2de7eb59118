//! `drop`: removes a service's database and roles from its server.

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::commands::support::change::{Change, Changes, ServerError, changes_table};
use crate::commands::support::choice;
use crate::commands::support::companion::CompanionTeardown;
use crate::commands::support::companions::companion_of;
use martydb_apply::converge::{Planner, Policy, converge};
use martydb_apply::replicas::{self, Replay};
use martydb_apply::teardown::Teardown;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::{DesiredService, Jobs, ServiceExposure};
use martydb_pg::server::Access;
use martydb_plan::teardown::AdoptedDatabase;
use martydb_plan::{Action, Step, StepOutcome};
use martydb_provision::run_records;
use martydb_secrets::{CredentialKey, LockedStore};
use martydb_ui::flags::OneService;
use martydb_ui::report::{Report, Style, error_text};

/// Note on objects elsewhere that were the service's.
const REASSIGNED: &str = "objects of the roles in other databases now belong to the role for orphans: `martydb apply` \
     takes over those in a service's schemas that run no code with their owner's privileges";

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub service: OneService,
    /// Name of the service again, instead of typing it.
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
    /// Also drop a database that existed before this manifest.
    #[arg(long)]
    pub adopted: bool,
    /// Show what would be removed; remove nothing.
    #[arg(long)]
    pub dry_run: bool,
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<DropReport> {
    let service = &choice::service(app, &arguments.service).await?;
    if !arguments.dry_run {
        early_refusal(app, service, arguments.confirm.as_deref())?;
    }
    let access = app.admin(&service.server).await?;
    let desired = app.manifest.desired(&service.server);
    let adopted = if arguments.adopted { AdoptedDatabase::Drop } else { AdoptedDatabase::Keep };
    let mut teardown = Teardown::new(&access, &desired, service, adopted);
    let due = teardown.remaining(&[]).await?.steps;
    if teardown.keeps_database() && !due.is_empty() {
        let words = "existed before this manifest and is kept; --adopted drops it, too";
        app.out.note(&format!("database \"{}\" {words}", service.database));
    }
    let major = teardown.actual().major();
    let companion = match companion_of(app, service)? {
        Some(companion) => Some(companion.teardown(service).await?),
        None => None,
    };
    let mut changes: Vec<Change> =
        due.iter().map(|step| Change::new(&service.server, step, major, None)).collect();
    changes.extend(companion.iter().flat_map(|teardown| teardown.changes.clone()));
    let mut report = DropReport {
        all: Changes { changes, ..Changes::default() },
        service: service.name.to_string(),
        server: service.server.clone(),
        dry: arguments.dry_run,
        shown: false,
    };
    if arguments.dry_run {
        return Ok(report);
    }
    if arguments.confirm.is_none() {
        app.out.show(&report.listing(&app.out.message_style()));
        let asked = format!("Type the service's name to remove all of this: {}", service.name);
        typed(&martydb_ui::prompt::text(&asked).await?, service)?;
        report.shown = true;
    }
    // The store's lock is taken first: a run that holds a server waits for nothing else.
    let held = app.lock_store().await?;
    let record = run_records::of_server(app, &access, std::slice::from_ref(service), "drop");
    let policy = Policy { lock_wait: Some(app.lock_wait), jobs: Jobs::ONE, record: Some(&record) };
    let done = converge(&access, &mut teardown, &policy).await;
    if done.steps.is_empty() {
        done.end.clone()?;
    }
    // The list may have changed since it was shown.
    let change = |(step, end): &(Step, StepOutcome)| Change::new(&service.server, step, major, Some(*end));
    report.all.changes = done.steps.iter().map(change).collect();
    if done.steps.iter().any(|(step, _)| matches!(step.action, Action::Reassign { .. })) {
        app.out.note(REASSIGNED);
    }
    let end = await_replay(app, &access, service, done.end).await;
    run_records::end_with(&record, &done.steps, &end).await;
    report.all.errors.extend(end.err().map(|error| ServerError::new(&service.server, &error)));
    if report.all.errors.is_empty() {
        report.finish(app, service, companion, &held).await?;
    }
    Ok(report)
}

/// Waits until no replica accepts the service's logins, if the removal ended well.
///
/// # Errors
/// That of the removal, or if a replica may still accept them.
async fn await_replay(app: &App, access: &Access, service: &DesiredService, end: Result<()>) -> Result<()> {
    let replicas = replicas::of_server(app, &service.server).await;
    let what = format!("the database and the logins of \"{}\" still work", service.name);
    match end {
        Ok(()) => Replay::new(access, &replicas, app.lock_wait).wait(&what).await,
        failed => failed,
    }
}

/// Refuses the run before any connection. `-y` does not confirm a drop.
fn early_refusal(app: &App, service: &DesiredService, confirm: Option<&str>) -> Result<()> {
    let name = &service.name;
    match confirm {
        Some(confirm) => typed(confirm, service),
        None if app.can_ask => Ok(()),
        None => Err(Error::usage(format!("dropping \"{name}\" needs its name, nothing was touched"))
            .cause("the database and all its data would be lost; -y is not enough for that")
            .hint(format!("look with --dry-run, then add --confirm {name}"))),
    }
}

fn typed(text: &str, service: &DesiredService) -> Result<()> {
    if text == service.name.as_str() {
        return Ok(());
    }
    Err(Error::usage(format!("\"{text}\" is not \"{}\", nothing was touched", service.name))
        .hint(format!("to drop it, repeat its name: --confirm {}", service.name)))
}

#[derive(Serialize)]
pub struct DropReport {
    #[serde(flatten)]
    all: Changes,
    #[serde(skip)]
    service: String,
    #[serde(skip)]
    server: String,
    #[serde(skip)]
    dry: bool,
    /// `true` if the list was shown before a prompt, and need not be repeated.
    #[serde(skip)]
    shown: bool,
}

impl DropReport {
    /// Removes the service's users and keys on its Redis server, and its passwords.
    async fn finish(
        &mut self,
        app: &App,
        service: &DesiredService,
        companion: Option<CompanionTeardown>,
        held: &LockedStore<'_>,
    ) -> Result<()> {
        let mut keys: Vec<CredentialKey> = CredentialKey::for_service(service).collect();
        let desired = app.manifest.desired(&service.server);
        let serving = service.serve.iter().flat_map(ServiceExposure::own_logins);
        let serving = serving.filter_map(|role| desired.access.get(role));
        keys.extend(serving.filter_map(|login| CredentialKey::of_access(&service.server, login)));
        if let Some(teardown) = companion {
            keys.extend(teardown.keys);
            let done = teardown.execution.await;
            self.all.changes.extend(done.changes);
            self.all.errors.extend(done.errors);
        }
        if !self.all.errors.is_empty() {
            return Ok(());
        }
        if !held.forget(&keys).await? {
            app.out.note("the secret store still contains the passwords of the service: remove them there");
        }
        let name = &service.name;
        app.out.note(&format!("remove {name} from the manifest, or the next apply recreates it"));
        Ok(())
    }

    fn listing(&self, style: &Style) -> String {
        if self.all.changes.is_empty() {
            return format!("Nothing of {} is left on server {}.\n", self.service, self.server);
        }
        changes_table(&self.all.changes, style)
    }
}

impl Report for DropReport {
    fn text(&self, style: &Style) -> String {
        if self.shown && self.all.errors.is_empty() {
            return "Removed.\n".into();
        }
        let mut text = self.listing(style);
        text += match (self.all.changes.is_empty(), self.dry, self.all.errors.is_empty()) {
            (true, _, _) => "",
            (_, true, _) => "\nNothing was removed: this was a dry run.\n",
            (_, false, true) => "\nRemoved.\n",
            (_, false, false) => "\nRemoved in part: run the same command again to continue.\n",
        };
        text
    }

    fn messages(&self, style: &Style) -> String {
        self.all.errors.iter().map(|failed| format!("{}\n", error_text(&failed.error, style))).collect()
    }

    fn status(&self) -> ExitStatus {
        ServerError::worst(&self.all.errors)
    }
}
