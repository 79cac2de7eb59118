//! `split schema`: writes the first migration of each service from the source's DDL, or compares existing migrations
//! with it.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::common::{self, MapChoice};
use crate::app::App;
use crate::commands::migrate::baseline::from_database::{provided, put};
use crate::commands::migrate::migrating::plain_options;
use crate::commands::support::per_service::{PerService, errors_text};
use crate::commands::support::relative_path::relative_path;
use martydb_apply::scratch::Scratch;
use martydb_context::targets;
use martydb_manifest::SplitMap;
use martydb_migrate::dump::first_migration;
use martydb_migrate::files::folder;
use martydb_migrate::history::{Catalog, Difference};
use martydb_migrate::normalize_expressions;
use martydb_migrate::{EventSender, Goal, MigrationTarget};
use martydb_model::DesiredService;
use martydb_model::error::{Error, ExitStatus, Kind, Result};
use martydb_os::replace_file::unwritable;
use martydb_split::DumpedSource;
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, indented, printable, progress};

/// Name of the file; its folder during the check begins with a dot, which hides it from the migrations.
const FILE: &str = "V1__from_shared_database.sql";
const DRAFT: &str = ".martydb-split";

/// Way out if no file can be written.
pub(crate) const BY_HAND: &str = "make it part of an extension that `extensions:` lists, drop from the source what needs it, or write the service's \
                                  first migration by hand; `martydb split schema` then compares it with the source";

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub map: MapChoice,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<SplitSchemas> {
    let map = arguments.map.load(app)?;
    let access = common::source(app, &map).await?;
    let services: Vec<DesiredService> =
        map.services.keys().map(|name| app.manifest.services[name].clone()).collect();
    let targets = targets::for_services(app, &services).await?;
    let Some(like) = targets.iter().find_map(|(_, target)| target.as_ref().ok()) else {
        return Err(Error::usage("the map contains no service with a reachable server"));
    };
    let dumped = DumpedSource::read(&access, &map, like).await?;
    common::complete(&dumped.plan, &arguments.map, "nothing was written")?;
    let mut all = vec![];
    let writing = progress("proving", "schemas");
    writing.expect(targets.len());
    for (service, target) in targets {
        let one = async { one(app, &map, &dumped, &service, &target?).await };
        let one = writing.run(service.name.as_str(), one).await;
        let stopped = one.as_ref().is_err_and(|error| error.kind == Kind::Interrupted);
        all.push(PerService::new(service.name.to_string(), one));
        if stopped {
            break;
        }
    }
    Ok(SplitSchemas { services: all })
}

/// Returns `true` if the service has migrations of its own.
pub(crate) fn has_files(service: &DesiredService) -> bool {
    !folder::load(&service.migrations).all().is_empty()
}

async fn one(
    app: &App,
    map: &SplitMap,
    dumped: &DumpedSource,
    service: &DesiredService,
    target: &MigrationTarget,
) -> Result<SplitSchema> {
    if target.login.password.is_none() {
        return Err(Error::new(Kind::NotProvisioned, format!("{} has no logins yet", service.name))
            .hint("run `martydb apply --all`: the schema is checked in a scratch database of the service"));
    }
    let has_files = has_files(service);
    let script = dumped.script(&service.name, has_files).await?;
    if !script.refused.is_empty() {
        return Err(Error::operation(format!("cannot write the schema of {}", service.name))
            .causes(script.refused)
            .hint(BY_HAND));
    }
    let head = format!(
        "-- {}\n-- martydb: irreversible: it was there before the split\n\n",
        printable(&format!(
            "Out of the shared database {}, by pg_dump {}.",
            map.source.database, dumped.version
        ))
    );
    let first = first_migration(&script.text, &provided(service), &head)
        .map_err(|why| Error::operation("cannot parse the output of pg_dump").cause(why))?;
    let undone: String = script.afterwards.iter().map(|line| format!("\n{line}\n")).collect();
    let draft = target.folder.join(DRAFT);
    let _absent = fs::remove_dir_all(&draft);
    put(&draft.join(FILE), &(first.text.clone() + &undone))?;
    let proven = prove(app, service, target, &draft, has_files).await;
    let mut made =
        SplitSchema { left_out: first.left_out, undeclared: first.undeclared, ..SplitSchema::default() };
    match proven? {
        None => {
            let file = target.folder.join(FILE);
            fs::rename(draft.join(FILE), &file).map_err(unwritable(&file))?;
            made.outcome = SchemaOutcome::Written;
            made.file = Some(file);
        }
        Some(differences) => {
            let same = differences.is_empty();
            made.outcome = if same { SchemaOutcome::Same } else { SchemaOutcome::Differs };
            made.differences = differences;
        }
    }
    let _gone = fs::remove_dir_all(&draft);
    Ok(made)
}

/// Runs the draft in a scratch database; existing files of the service run in another one, and the differences are
/// returned.
async fn prove(
    app: &App,
    service: &DesiredService,
    target: &MigrationTarget,
    draft: &std::path::Path,
    has_files: bool,
) -> Result<Option<Vec<Difference>>> {
    let otherwise = "cannot load the source's schema into an empty database";
    let source = built(app, service, target, draft, otherwise, async |_, source| Ok(source)).await?;
    if !has_files {
        return Ok(None);
    }
    let wait = app.lock_wait;
    let compare = async |there: MigrationTarget, files: Catalog| {
        let source = normalize_expressions(&there, wait, source, &files).await?;
        Ok(that_count(source.differences(&files)))
    };
    let otherwise = "cannot build a new database from the files";
    built(app, service, target, &target.folder, otherwise, compare).await.map(Some)
}

/// Passes on a scratch database and its catalog after the files of a folder ran in it.
async fn built<T>(
    app: &App,
    service: &DesiredService,
    target: &MigrationTarget,
    folder: &std::path::Path,
    otherwise: &str,
    then: impl AsyncFnOnce(MigrationTarget, Catalog) -> Result<T>,
) -> Result<T> {
    let access = app.admin(&service.server).await?;
    let desired = app.manifest.desired(&service.server);
    let options = plain_options(app);
    let scratch = Scratch::make(&access, &desired, service).await?;
    let there = MigrationTarget { folder: folder.to_owned(), ..scratch.target(target) };
    let made = martydb_migrate::run(&there, Goal::Upgrade, &options, &EventSender::ignored()).await;
    let found = match made.error {
        Some(error) => Err(error.while_doing(otherwise)),
        None => match martydb_migrate::catalog(&there, options.lock_wait).await {
            Ok(catalog) => then(there, catalog).await,
            Err(error) => Err(error),
        },
    };
    scratch.remove_after(found).await
}

/// Returns the relevant differences: columns, types, keys and constraints must match, because rows are copied between
/// them. Additional tables of the service are ignored, and so are the parts of a missing object.
fn that_count(all: Vec<Difference>) -> Vec<Difference> {
    let is_whole = |one: &&Difference| one.before.is_none() || one.after.is_none();
    let whole = |kinds: &[&str]| -> Vec<String> {
        let relations = all.iter().filter(is_whole).filter(|one| kinds.contains(&one.kind.as_str()));
        relations.map(|one| one.name.clone()).collect()
    };
    let named = whole(&["view", "materialized view", "partitioned table"]);
    let indexed = whole(&["table", "materialized view", "partitioned table"]);
    let is_part = |one: &Difference| {
        let definition = one.before.as_ref().xor(one.after.as_ref()).filter(|_| one.kind == "index");
        let is_on = |table: &String| {
            let on = [format!(" ON {table} USING "), format!(" ON ONLY {table} USING ")];
            definition.is_some_and(|text| on.iter().any(|on| text.contains(on)))
        };
        let has =
            |relation: &String| one.name.strip_prefix(relation).is_some_and(|rest| rest.starts_with('.'));
        named.iter().any(has) || indexed.iter().any(is_on)
    };
    let parts: Vec<bool> = all.iter().map(is_part).collect();
    let whole = all.into_iter().zip(parts).filter(|(one, is_part)| counts(one) && !is_part);
    whole.map(|(one, _)| one).collect()
}

fn counts(difference: &Difference) -> bool {
    let unique =
        |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains("CREATE UNIQUE INDEX"));
    match difference.kind.as_str() {
        "column" | "constraint" => true,
        "table" | "partitioned table" | "type" | "composite type" => difference.before.is_some(),
        "index" => unique(&difference.before) || unique(&difference.after),
        _ => false,
    }
}

/// Outcome of one service's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
enum SchemaOutcome {
    #[default]
    Failed,
    Written,
    /// The service's own migrations create the same schema.
    Same,
    Differs,
}

#[derive(Default, Serialize)]
pub(crate) struct SplitSchema {
    outcome: SchemaOutcome,
    /// File that was written.
    file: Option<PathBuf>,
    /// Differences: `before` is the source, `after` the result of the files.
    differences: Vec<Difference>,
    left_out: Vec<String>,
    /// Extensions that the manifest does not declare.
    undeclared: Vec<String>,
}

#[derive(Serialize)]
pub struct SplitSchemas {
    services: Vec<PerService<SplitSchema>>,
}

impl Report for SplitSchemas {
    fn text(&self, style: &Style) -> String {
        let columns: Vec<ReportColumn<&PerService<SplitSchema>>> = vec![
            ReportColumn::shown("service", |one, _| one.service.as_str().into()),
            ReportColumn::shown("schema", |one, _| match one.answer.outcome {
                SchemaOutcome::Failed => Cell::new("failed", Paint::Bad),
                SchemaOutcome::Written => Cell::new("written", Paint::Good),
                SchemaOutcome::Same => Cell::new("same", Paint::Good),
                SchemaOutcome::Differs => Cell::new("differs", Paint::Bad),
            }),
            ReportColumn::shown("file", |one, _| {
                one.answer.file.as_deref().map_or_else(String::new, relative_path).into()
            }),
        ];
        let mut text = ReportColumn::table(columns, &[], &self.services, style).render(style);
        for one in &self.services {
            let answer = &one.answer;
            let name = &one.service;
            for difference in &answer.differences {
                text += &format!("{name}: {}\n", line(difference));
            }
            for what in &answer.left_out {
                text += &format!("{name}: left out: {}\n", printable(what));
            }
            for extension in &answer.undeclared {
                text += &format!(
                    "{name}: the extension {} is not declared under `extensions:`\n",
                    printable(extension)
                );
            }
        }
        let done = self.status() == ExitStatus::Success;
        let end = "\nnext: read the files, then `martydb upgrade --all`\n";
        if done { text + end } else { text }
    }

    fn messages(&self, style: &Style) -> String {
        errors_text(self.services.iter().map(|one| (one.service.as_str(), one.error.as_ref())), style)
    }

    fn status(&self) -> ExitStatus {
        let differs = self.services.iter().any(|one| one.answer.outcome == SchemaOutcome::Differs);
        let errors = ExitStatus::of_errors(self.services.iter().filter_map(|one| one.error.as_ref()));
        ExitStatus::worst([errors].into_iter().chain(differs.then_some(ExitStatus::Differences)))
    }
}

fn line(difference: &Difference) -> String {
    let (kind, name) = (&difference.kind, printable(&difference.name));
    match (&difference.before, &difference.after) {
        (None, _) => format!("{kind} {name} is only in the files"),
        (_, None) => format!("{kind} {name} is only in the source"),
        (Some(source), Some(files)) => {
            format!(
                "{kind} {name} differs\n  source: {}\n  files:  {}",
                indented(source, 10),
                indented(files, 10)
            )
        }
    }
}
