//! `repair`: accepts edited files, clears failed records and records what was made by hand, after showing it, with who did it and why.

use clap::Args;
use serde::Serialize;

use super::diff;
use super::migrating::{Watch, plain_options};
use crate::app::App;
use crate::commands::support::choice;
use martydb_apply::run_record::RunRecord;
use martydb_context::targets;
use martydb_migrate::{
    EventSender, MigrationTarget, Options, RepairKind, Repairable, SchemaDrift, SchemaState,
};
use martydb_model::DesiredService;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::units::{counted, listed};
use martydb_provision::run_records;
use martydb_ui::flags::OneService;
use martydb_ui::report::{Report, Style, printable};

#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub struct Arguments {
    #[command(flatten)]
    pub service: OneService,
    /// Only this version; default: all that need repair. A pending one is recorded as applied if the database has what it makes.
    #[arg(long, value_name = "VERSION")]
    pub version: Option<i64>,
    /// Accept the schema as it is: changes made by hand are expected from then on.
    #[arg(long, conflicts_with = "version")]
    pub schema: bool,
    /// Reason, stored in the history.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<RepairReport> {
    if arguments.reason.trim().is_empty() {
        return Err(
            Error::usage("the reason is empty").hint("specify it with --reason: it is stored in the history")
        );
    }
    let service = choice::service(app, &arguments.service).await?;
    let options = plain_options(app);
    let name = service.name.to_string();
    let (_, target) = targets::for_services(app, std::slice::from_ref(&service)).await?.remove(0);
    let target = target?;
    if arguments.schema {
        return accept_schema(app, &name, &target, arguments.reason.trim(), &options).await;
    }
    let found = martydb_migrate::examine(&target, arguments.version, &options).await?;
    for item in found.iter().filter(|item| item.wrong == RepairKind::AppliedByHand) {
        demand_in_database(app, &service, item).await?;
    }
    let mut compared = None;
    if !found.is_empty() {
        if found.iter().any(|item| item.wrong == RepairKind::Edited) {
            let end_state = compare_end_state(app, &service, &target).await;
            app.out.note(&end_state.in_words(&name));
            compared = Some(end_state);
        }
        ask(app, &name, &found).await?;
        let watch = Watch::new(&app.out);
        let (events, receiver) = EventSender::channel();
        let work = martydb_migrate::repair(&target, &found, arguments.reason.trim(), &options, &events);
        let record = recorded(app, &service).await;
        let end = watch.follow(&name, receiver, work).await;
        if let Some(record) = &record {
            run_records::end_of(record, &counted(found.len(), "migration"), &end).await;
        }
        end?;
    }
    Ok(RepairReport { service: name, repaired: found, compared, schema_drift: None, was_unknown: false })
}

/// Accepts the schema as it is, after showing what was changed by hand.
async fn accept_schema(
    app: &App,
    name: &str,
    target: &MigrationTarget,
    reason: &str,
    options: &Options,
) -> Result<RepairReport> {
    let (accepted, question) = match martydb_migrate::schema_state(target, app.lock_wait).await? {
        SchemaState::Same => (vec![], String::new()),
        SchemaState::Drifted(all) => {
            let labels = all.iter().map(SchemaDrift::label).collect::<Vec<_>>().join("\n");
            app.out.show(&labels);
            (all, format!("Accept this in the schema of {name}?"))
        }
        SchemaState::Unknown(reason) => {
            app.out.note(&format!("{name}: objects changed by hand are not known: {reason}"));
            (vec![], format!("Accept the schema of {name} as it is?"))
        }
    };
    if !question.is_empty() {
        let would = format!("the schema of {name} would be accepted as it is");
        app.confirm(&question, &would, "review the above, then add -y").await?;
        martydb_migrate::accept_schema(target, reason, options).await?;
    }
    let service = name.to_owned();
    let (was_unknown, schema_drift) = (accepted.is_empty() && !question.is_empty(), Some(accepted));
    Ok(RepairReport { service, repaired: vec![], compared: None, schema_drift, was_unknown })
}

/// Begins the record of the run. A repair needs no admin: without its login there is none.
async fn recorded(app: &App, service: &DesiredService) -> Option<RunRecord> {
    let access = app.access(&service.server).await.ok()?;
    let record = run_records::of_server(app, &access, std::slice::from_ref(service), "repair");
    record.begin().await;
    Some(record)
}

/// The database beside the end state of the files, which an edit that is accepted does not change.
#[derive(Debug, Serialize)]
struct EndState {
    /// Objects that differ; `null` if they were not compared.
    differences: Option<Vec<String>>,
    /// Reason why they were not compared.
    not_compared: Option<String>,
}

impl EndState {
    fn in_words(&self, service: &str) -> String {
        match (&self.differences, &self.not_compared) {
            (Some(none), _) if none.is_empty() => {
                format!("{service}: the database is as the files up to its version leave it")
            }
            (Some(some), _) => format!(
                "{service}: warning: the database is not as the files leave it, and stays so: {}\n  hint: `martydb diff -s {service} --from \
                 files --to database` shows each difference",
                listed(some)
            ),
            (None, why) => format!(
                "{service}: warning: the database was not compared with the files: {}",
                why.as_deref().unwrap_or_default()
            ),
        }
    }
}

/// Builds the files up to the database's version in a scratch database, and compares.
async fn compare_end_state(app: &App, service: &DesiredService, target: &MigrationTarget) -> EndState {
    let found = async {
        let current = martydb_migrate::current(target, app.lock_wait).await?;
        diff::from_files(app, service, current.unwrap_or_default()).await
    };
    match found.await {
        Ok(found) => {
            let names = found.iter().map(|one| printable(&format!("{} {}", one.kind, one.name)));
            EndState { differences: Some(names.collect()), not_compared: None }
        }
        Err(error) => EndState { differences: None, not_compared: Some(printable(&error.to_string())) },
    }
}

/// Refuses to record a pending file if the database differs from the files' end state.
async fn demand_in_database(app: &App, service: &DesiredService, item: &Repairable) -> Result<()> {
    let found = diff::from_files(app, service, item.version).await?;
    if found.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> =
        found.iter().map(|one| printable(&format!("{} {}", one.kind, one.name))).collect();
    let file = format!("V{}__{}", item.version, item.name);
    Err(Error::new(Kind::Divergent, format!("the database of {} is not as its files up to {file} leave it", service.name))
        .first_causes(&lines)
        .hint(format!("`martydb upgrade {}` runs the file; `martydb diff -s {0} --from files --to database` shows each difference", service.name)))
}

async fn ask(app: &App, service: &str, found: &[Repairable]) -> Result<()> {
    if !app.yes {
        app.out.show(shown(found).trim_end());
    }
    let migrations = counted(found.len(), "migration");
    let question = format!("Accept this for {migrations} of {service}?");
    let would = format!("the above would be accepted for {migrations} of {service}");
    app.confirm(&question, &would, "review the above, then add -y").await
}

fn shown(found: &[Repairable]) -> String {
    let one = |item: &Repairable| {
        let diff = item.diff.as_deref().unwrap_or_default();
        format!("{}\n{diff}", printable(&format!("V{}__{}: {}", item.version, item.name, item.what)))
    };
    found.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[derive(Serialize)]
pub struct RepairReport {
    service: String,
    repaired: Vec<Repairable>,
    /// `null` if no edit was accepted.
    compared: Option<EndState>,
    /// Changes of the schema that were accepted; `null` without `--schema`.
    schema_drift: Option<Vec<SchemaDrift>>,
    /// Set if it was not known what had changed.
    #[serde(skip)]
    was_unknown: bool,
}

impl Report for RepairReport {
    fn text(&self, _: &Style) -> String {
        match self.schema_drift.as_deref() {
            Some([]) if self.was_unknown => {
                return format!("Accepted the schema of {} as it is.\n", self.service);
            }
            Some(all @ [_, ..]) => {
                let objects = counted(all.len(), "object");
                return format!("Accepted {objects} in the schema of {}.\n", self.service);
            }
            _ => {}
        }
        if self.repaired.is_empty() {
            return format!("Nothing to repair in {}.\n", self.service);
        }
        let migrations = counted(self.repaired.len(), "migration");
        format!("{}\nRepaired {migrations} of {}.\n", shown(&self.repaired), self.service)
    }
}
