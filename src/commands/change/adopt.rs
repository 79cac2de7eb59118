//! `adopt`: makes an existing database a service. Its keys and users go into the manifest, and one grouped plan shows
//! what `apply` would do. The server is only read.

mod choice;
mod next_commands;
mod redis;
mod report;

use std::fs;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use self::redis::RedisUseReport;
use self::report::{AdoptReport, ManifestEdit};
use crate::app::App;
use martydb_apply::adopt::{self, Declarations, ScanContext, ServiceKeys};
use martydb_apply::adopt::{AccessEntries, ServiceEntry};
use martydb_manifest::{self as manifest, DeclaredService, Manifest, ManifestDraft};
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, SchemaName, ServiceName};
use martydb_os::read_named_text;
use martydb_os::replace_file::{Readers, replace_file, unwritable};
use martydb_provision::{self as provision, PlanOptions, PlannedServer};
use martydb_ui::flags::{Global, OneService};
use martydb_ui::report::{Out, Report, Style};

#[derive(Debug, Clone, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub service: OneService,
    /// Database of the service [default: from the manifest].
    #[arg(long, value_name = "DATABASE")]
    pub database: Option<String>,
    /// Server of the database [default: from the manifest].
    #[arg(long, value_name = "SERVER")]
    pub server: Option<String>,
    /// Show how the manifest would change; write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Omit the first migration from the next commands.
    #[arg(long)]
    pub no_baseline: bool,
    /// Show which clients and prefixes of keys a Redis server of the manifest has now, and propose services.
    #[arg(long, conflicts_with_all = ["plain", "service", "database", "dry_run", "no_baseline"])]
    pub redis: bool,
}

/// Result of `adopt`.
#[derive(Serialize)]
#[serde(untagged)]
pub enum AdoptOutcome {
    Database(Box<AdoptReport>),
    Redis(RedisUseReport),
}

impl Report for AdoptOutcome {
    fn text(&self, style: &Style) -> String {
        match self {
            AdoptOutcome::Database(report) => report.text(style),
            AdoptOutcome::Redis(report) => report.text(style),
        }
    }
}

impl Arguments {
    fn name(&self) -> &str {
        self.service.name().unwrap_or_default()
    }

    /// Returns the command that writes what a dry run shows.
    fn write_command(&self, service: &ServiceName) -> String {
        let given = [("database", &self.database), ("server", &self.server)];
        let given = given.into_iter().filter_map(|(flag, value)| Some((flag, value.as_deref()?)));
        let quoted = |text| shlex::try_quote(text).unwrap_or_default().into_owned();
        let flags: String = given.map(|(flag, value)| format!(" --{flag} {}", quoted(value))).collect();
        format!("martydb adopt --service {service}{flags}")
    }

    fn with(&self, service: &ServiceName, server: String, database: String) -> Arguments {
        let service = OneService::new(service.as_str());
        Arguments { service, server: Some(server), database: Some(database), ..self.clone() }
    }
}

pub async fn run(
    global: &Global,
    environment: Environment,
    out: Arc<Out>,
    arguments: &Arguments,
) -> Result<AdoptOutcome> {
    let here = std::env::current_dir().unwrap_or_default();
    let path = manifest::find(global.manifest.as_deref(), &here)?;
    let before = ManifestDraft::read(&path, &global.env)?;
    if arguments.redis {
        let app = App::with_manifest(global, before.resolve(&environment)?, environment, out);
        return redis::run(&app, arguments.server.as_deref()).await.map(AdoptOutcome::Redis);
    }
    let report = of_database(global, environment, out, arguments, before).await?;
    Ok(AdoptOutcome::Database(Box::new(report)))
}

async fn of_database(
    global: &Global,
    environment: Environment,
    out: Arc<Out>,
    arguments: &Arguments,
    before: ManifestDraft,
) -> Result<AdoptReport> {
    let chosen = match arguments.service.name() {
        Some(_) => None,
        None => {
            Some(choice::database(global, &environment, &out, &before, arguments.server.as_deref()).await?)
        }
    };
    let (chosen_run, chosen) = match chosen {
        Some(chosen) => {
            (Some(chosen.app), Some(arguments.with(&chosen.service, chosen.server, chosen.database)))
        }
        None => (None, None),
    };
    let arguments = chosen.as_ref().unwrap_or(arguments);
    let (declared, place) = placed(&before, arguments, &environment)?;
    let draft = before.with_service(arguments.name(), &place.mapping())?;
    let manifest = draft.resolve(&environment)?;
    // The run of the choice knows the password that was typed for it.
    let mut app =
        chosen_run.unwrap_or_else(|| App::with_manifest(global, manifest.clone(), environment, out));
    app.context.manifest = manifest;
    let found = look(&app, arguments, declared.schemas.as_deref()).await?;
    let (declared, reasons) = (&found.declared.roles, found.reasons(&before, &app)?);
    let entry = place.with_keys(&found.keys).with_access(declared, &reasons, &found.service.database);
    let after = before.with_service(arguments.name(), &entry.mapping())?;
    app.context.manifest = completed(&after, &found, &entry, &app)?;
    let service = app.service(arguments.name())?.clone();
    let planned = planned(&app, &service).await?;
    let written = after.text != before.text && !arguments.dry_run;
    if written {
        write(&before, &after)?;
    }
    let baseline = !found.has_history && !arguments.no_baseline;
    let mut next = next_commands::commands(&app.manifest.env, &service, &planned, baseline);
    if arguments.dry_run && after.text != before.text {
        next.insert(0, arguments.write_command(&service.name));
    }
    let mut declared = found.declared;
    declared.notes.splice(0..0, found.keys.notes);
    Ok(AdoptReport::new(&service, declared, &planned, ManifestEdit { before, after, written }, next))
}

/// Returns the service's declaration in the manifest, and the keys it needs before the database can be inspected.
fn placed(
    draft: &ManifestDraft,
    arguments: &Arguments,
    environment: &Environment,
) -> Result<(DeclaredService, ServiceEntry)> {
    let name = arguments.name();
    ServiceName::new(name.to_owned()).map_err(|error| Error::usage(format!("service \"{name}\" {error}")))?;
    let declared = draft.service(name, environment)?;
    let is_new = declared.is_none();
    let declared = declared.unwrap_or_default();
    let mut entry = ServiceEntry::default();
    if let Some(server) = &arguments.server {
        entry.server = Some(server.clone()).filter(|_| declared.server.as_ref() != Some(server));
        refuse_other("server", name, server, declared.server.as_ref().filter(|_| !is_new))?;
    }
    let by_template = draft.has_database_template(environment)?;
    entry.database = match &arguments.database {
        None => (is_new && !by_template).then(|| name.to_owned()),
        Some(database) => {
            refuse_other("database", name, database, declared.database.as_ref())?;
            Some(database.clone()).filter(|_| declared.database.is_none())
        }
    };
    Ok((declared, entry))
}

fn refuse_other(what: &str, service: &str, named: &str, declared: Option<&String>) -> Result<()> {
    match declared.filter(|declared| *declared != named) {
        None => Ok(()),
        Some(other) => Err(Error::usage(format!("service \"{service}\" is declared with another {what}"))
            .cause(format!("the manifest has {other}, the command line {named}"))
            .hint(format!("omit --{what}, or adopt it as another service"))),
    }
}

/// State of the server, and the keys derived from it.
struct Observed {
    service: DesiredService,
    keys: ServiceKeys,
    declared: Declarations,
    /// `true` if the database has a martydb history.
    has_history: bool,
}

async fn look(app: &App, arguments: &Arguments, declared: Option<&[String]>) -> Result<Observed> {
    let service = app.service(arguments.name())?.clone();
    let access = app.admin(&service.server).await?;
    let desired = app.manifest.desired(&service.server);
    let survey = adopt::survey(&access, &desired, &service).await?;
    let mut scene = ScanContext {
        desired: &desired,
        service: &service,
        actual: &survey.actual,
        contents: &survey.contents,
        sessions: &survey.sessions,
    };
    let keys = adopt::declare(&scene, declared);
    let named = keys.schemas.iter().flatten().filter_map(|name| SchemaName::new(name.clone()).ok());
    let schemas: Vec<SchemaName> = named.collect();
    let completed = DesiredService {
        schemas: if schemas.is_empty() { service.search_path.clone() } else { schemas },
        ..service.clone()
    };
    scene.service = &completed;
    let declared = adopt::adopted_roles(&scene);
    let has_history =
        survey.contents.schemas.keys().any(|name| name.as_str() == martydb_model::contract::HISTORY_SCHEMA);
    Ok(Observed { keys, declared, has_history, service: completed })
}

impl Observed {
    /// Returns the entries of roles that other services of the server declare: a role has one reason.
    fn reasons(&self, draft: &ManifestDraft, app: &App) -> Result<AccessEntries> {
        let here = app.manifest.access.get(&self.service.server);
        let mut raw = draft.access(&app.environment)?;
        raw.retain(|role, _| here.is_some_and(|here| here.keys().any(|known| known.as_str() == role)));
        Ok(raw)
    }
}

/// Returns the completed manifest. Fails if an overlay hides a new key.
fn completed(draft: &ManifestDraft, found: &Observed, entry: &ServiceEntry, app: &App) -> Result<Manifest> {
    let wrong =
        |error: Error| error.while_doing("the completed manifest would be invalid, nothing was written");
    let manifest = draft.resolve(&app.environment).map_err(wrong)?;
    let is_whole = manifest.services.get(&found.service.name).is_some_and(|service| {
        let has_role = |role: &String| service.access.iter().any(|grant| grant.role.as_str() == role);
        let wanted = found.keys.extensions.iter().flatten();
        service.search_path == found.service.schemas
            && wanted.clone().all(|one| service.installs(&one.name))
            && found.keys.settings.keys().all(|name| service.settings.contains_key(name))
            && found.keys.database_settings.keys().all(|name| service.parameters.settings.contains_key(name))
            && entry.access.keys().all(has_role)
    });
    if is_whole { Ok(manifest) } else { Err(draft.by_hand(found.service.name.as_str(), &entry.mapping())) }
}

async fn planned(app: &App, service: &DesiredService) -> Result<PlannedServer> {
    let plans = provision::plan(app, std::slice::from_ref(service), PlanOptions::default()).await;
    let (_, planned) = plans.into_iter().next().ok_or_else(|| Error::operation("no server to plan for"))?;
    planned
}

/// Writes the file atomically and keeps its permissions.
fn write(before: &ManifestDraft, after: &ManifestDraft) -> Result<()> {
    let path = fs::canonicalize(&before.place.path).map_err(unwritable(&before.place.path))?;
    let now = read_named_text(&path).map_err(unwritable(&path))?;
    if now != before.text {
        return Err(Error::operation(format!(
            "{} changed during the run, nothing was written",
            path.display()
        ))
        .hint("run the command again"));
    }
    let kept = fs::metadata(&path).map(|found| found.permissions());
    replace_file(&path, &after.text, Readers::All)
        .and_then(|()| fs::set_permissions(&path, kept?))
        .map_err(unwritable(&path))
}
