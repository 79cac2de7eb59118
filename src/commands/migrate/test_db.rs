//! `test-db`: copies a migrated test database from a template, and prints its connection string.

use clap::Args;
use serde::Serialize;

use super::migrating::{Watch, plain_options};
use crate::app::App;
use crate::commands::support::choice;
use crate::commands::support::login_choice::{LoginRole, ServiceConnections};
use martydb_apply::test_databases::{ClearedDatabases, CopyContext, LIFETIME};
use martydb_context::targets;
use martydb_manifest::connection_string::Form;
use martydb_migrate::EventSender;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};
use martydb_ui::flags::{Format, OneService};
use martydb_ui::report::{Cell, Report, ReportColumn, Style};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub service: OneService,
    /// Login of the service.
    #[arg(long, value_enum, default_value = "app")]
    pub role: LoginRole,
    /// Output format of the connection string.
    #[arg(long, value_enum, default_value = "uri")]
    pub format: Form,
    /// List the service's test databases and templates; create none.
    #[arg(long, conflicts_with_all = ["role", "format"])]
    pub list: bool,
    /// Remove this test database with its sessions, or this template; create none.
    #[arg(long, value_name = "DATABASE", conflicts_with_all = ["role", "format", "list"])]
    pub drop: Option<String>,
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<TestDbReport> {
    if !arguments.list && matches!(app.out.format(), Format::Csv | Format::Name) {
        return Err(Error::usage("test-db has no table to print without --list")
            .hint("use -o json or -o yaml, which contain the whole result"));
    }
    let service = &choice::service(app, &arguments.service).await?;
    let access = app.admin(&service.server).await?;
    let (_, target) = targets::for_services(app, std::slice::from_ref(service)).await?.remove(0);
    let desired = app.manifest.desired(&service.server);
    let mut workshop = CopyContext::open(access, &desired, service, target?, plain_options(app)).await?;
    match &arguments.drop {
        Some(name) => {
            let removed = workshop.drop(name).await?.to_string();
            Ok(TestDbReport::Dropped { service: service.name.to_string(), removed })
        }
        None if arguments.list => list(&mut workshop).await,
        None => make(app, service, &mut workshop, arguments).await,
    }
}

async fn make(
    app: &App,
    service: &DesiredService,
    workshop: &mut CopyContext<'_>,
    arguments: &Arguments,
) -> Result<TestDbReport> {
    // A login without a password is reported before anything is created.
    let mut parts = ServiceConnections { app, service }.straight(arguments.role.0, false).await?;
    parts.render(arguments.format)?;
    let (events, receiver) = EventSender::channel();
    let watch = Watch::new(&app.out);
    let made = watch.follow(service.name.as_str(), receiver, workshop.make(&events)).await?;
    parts.database = made.database.to_string();
    let cleared = match workshop.clear_old().await {
        Ok(cleared) => cleared,
        Err(error) => {
            app.out.note(&format!("warning: old test databases were not removed: {error}"));
            ClearedDatabases::default()
        }
    };
    for left in &cleared.in_use {
        app.out.note(&format!(
            "{} is older than a day, but was not removed because it is in use: {}",
            left.database, left.why
        ));
    }
    Ok(TestDbReport::Made(TestDatabaseReport {
        service: service.name.to_string(),
        database: made.database.to_string(),
        role: arguments.role.0.key(),
        format: arguments.format.name().to_owned(),
        url: parts.render(arguments.format)?,
        template: made.template.database.to_string(),
        reused: made.template.reused,
        removed: cleared.removed.iter().map(ToString::to_string).collect(),
        in_use: cleared.in_use.iter().map(|left| left.database.to_string()).collect(),
    }))
}

async fn list(workshop: &mut CopyContext<'_>) -> Result<TestDbReport> {
    let present = workshop.list().await?;
    let databases = present.into_iter().map(|one| ListedRow {
        database: one.database.to_string(),
        template: one.template.to_string(),
        age_s: one.age,
        sessions: one.sessions,
    });
    let service = workshop.service.name.to_string();
    let templates = workshop.templates().iter().map(ToString::to_string).collect();
    Ok(TestDbReport::List { service, databases: databases.collect(), templates })
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum TestDbReport {
    Made(TestDatabaseReport),
    List { service: String, databases: Vec<ListedRow>, templates: Vec<String> },
    Dropped { service: String, removed: String },
}

#[derive(Serialize)]
pub struct TestDatabaseReport {
    service: String,
    database: String,
    role: &'static str,
    format: String,
    url: String,
    template: String,
    /// `true` if the template existed before.
    reused: bool,
    /// Test databases older than a day, which were removed.
    removed: Vec<String>,
    /// Test databases older than a day that are in use.
    in_use: Vec<String>,
}

#[derive(Serialize)]
pub struct ListedRow {
    database: String,
    template: String,
    /// Age in seconds; `None` if the database was renamed.
    age_s: Option<u64>,
    sessions: usize,
}

pub fn columns<'a>() -> Vec<ReportColumn<&'a ListedRow>> {
    vec![
        ReportColumn::new("database", "database", |one, _| one.database.as_str().into()),
        ReportColumn::key("template"),
        ReportColumn::new("age_s", "age", |one, _| {
            Cell::number(one.age_s.map_or_else(|| "?".to_owned(), age))
        }),
        ReportColumn::new("sessions", "sessions", |one, _| Cell::number(one.sessions)),
        ReportColumn::shown("template", |one, _| one.template.as_str().into()),
    ]
}

impl Report for TestDbReport {
    fn text(&self, style: &Style) -> String {
        match self {
            TestDbReport::Made(made) => format!("{}\n", made.url),
            TestDbReport::List { databases, templates, .. } => {
                let table = ReportColumn::table(columns(), &[], databases, style);
                let kept = templates.iter().map(|template| format!("template: {template}\n"));
                table.render_or("No test databases.\n", style) + &kept.collect::<String>()
            }
            TestDbReport::Dropped { removed, .. } => format!("Removed {removed}.\n"),
        }
    }

    fn verbatim(&self) -> bool {
        matches!(self, TestDbReport::Made(_))
    }
}

/// Formats an age, with a mark if the next run removes the database.
fn age(seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let due = if seconds > LIFETIME { ", due" } else { "" };
    format!("{hours} h {minutes:02} min{due}")
}
