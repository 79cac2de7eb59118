//! `dev`: manages the embedded servers.

mod reset;
mod seed;

use std::ffi::{OsStr, OsString};

use clap::{Args, Subcommand};
use futures_util::future::join_all;
use reset::ResetReport;
use serde::Serialize;

use crate::app::App;
use crate::commands::connect::exec::{self, ReplacedProcess};
use crate::commands::connect::psql;
use crate::commands::support::report_enum::report_enum;
use crate::commands::support::{choice, disposable, login_choice};
use martydb_embedded::{self as embedded, EmbeddedEngine, Spec, State, Status};
use martydb_manifest::ServerLocation;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};
use martydb_ui::flags::OneService;
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Operation on the servers.
    #[command(subcommand)]
    pub what: DevCommand,
    /// Server of the manifest [default: all embedded ones].
    #[arg(long, global = true, value_name = "NAME")]
    pub server: Option<String>,
}

/// Operation on the embedded servers.
#[derive(Debug, Clone, Subcommand)]
pub enum DevCommand {
    /// Create and start the servers.
    Up,
    /// Stop the servers; data is kept.
    Down,
    /// Show the state of the servers.
    Status,
    /// Stop the servers and delete their data.
    Destroy,
    /// Drop a service's database and roles, and make them again with migrations and seed.sql.
    Reset {
        #[command(flatten)]
        service: OneService,
    },
    /// Run a service's seed.sql, which lies beside its folder of migrations.
    Seed {
        #[command(flatten)]
        service: OneService,
    },
    /// Open psql as the superuser of one PostgreSQL server.
    Psql {
        /// Arguments for psql, after `--`.
        #[arg(last = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
    },
}

impl Arguments {
    /// Returns `true` if it changes databases, not only servers.
    pub(crate) fn changes_databases(&self) -> bool {
        matches!(self.what, DevCommand::Reset { .. } | DevCommand::Seed { .. })
    }
}

report_enum! {
    /// Result of an operation on servers, or on one service's database.
    DevOutcome { Servers(DevReport), Reset(ResetReport), Seeded(SeedReport) }
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<DevOutcome> {
    match &arguments.what {
        DevCommand::Reset { service } => {
            let service = choice::service(app, service).await?;
            disposable::check(app, &service, "dev reset")?;
            check_server(arguments.server.as_deref(), &service)?;
            reset::run(app, &service).await.map(DevOutcome::Reset)
        }
        DevCommand::Seed { service } => {
            let service = choice::service(app, service).await?;
            disposable::check(app, &service, "dev seed")?;
            check_server(arguments.server.as_deref(), &service)?;
            let file = seed::read(&service)?.ok_or_else(|| seed::missing(&service))?;
            let name = service.name.to_string();
            let question = format!("Run seed.sql of {name}?");
            app.confirm(&question, &format!("seed.sql of {name} would run"), "read it, then add -y").await?;
            seed::run(app, &service, &file).await?;
            Ok(DevOutcome::Seeded(SeedReport { seeded: name }))
        }
        _ => of_servers(app, arguments).await.map(DevOutcome::Servers),
    }
}

/// Refuses a service that is not on the server that the user named.
fn check_server(named: Option<&str>, service: &DesiredService) -> Result<()> {
    match named.filter(|named| *named != service.server) {
        None => Ok(()),
        Some(named) => {
            let message = format!(
                "{} is on server {}, not on {named}: nothing was touched",
                service.name, service.server
            );
            Err(Error::usage(message))
        }
    }
}

async fn of_servers(app: &App, arguments: &Arguments) -> Result<DevReport> {
    let specs = specs(app, arguments.server.as_deref())?;
    if let DevCommand::Psql { arguments } = &arguments.what {
        match psql(app, &specs, arguments).await? {}
    }
    if matches!(arguments.what, DevCommand::Destroy) {
        let names: Vec<_> = specs.iter().map(|spec| spec.server.as_str()).collect();
        let data = format!("all data of the embedded server {} ({})", names.join(", "), app.manifest.env);
        let (question, would) = (format!("Delete {data}?"), format!("{data} would be deleted"));
        app.confirm(&question, &would, "see `martydb dev status`, then add -y").await?;
    }
    let all = specs.iter().map(|spec| async move {
        match &arguments.what {
            DevCommand::Up => embedded::start(spec, &mut |text| app.out.note(&text)).await,
            DevCommand::Down => embedded::down(spec).await.map(drop),
            DevCommand::Destroy => embedded::destroy(spec).await.map(drop),
            _ => Ok(()),
        }
    });
    // All of them end before a failure is reported.
    join_all(all).await.into_iter().collect::<Result<()>>()?;
    let servers = specs.iter().map(embedded::status).collect::<Result<_>>()?;
    let deleted = matches!(arguments.what, DevCommand::Destroy);
    Ok(DevReport { servers, deleted })
}

async fn psql(app: &App, specs: &[Spec], arguments: &[OsString]) -> Result<ReplacedProcess> {
    let databases: Vec<&Spec> =
        specs.iter().filter(|spec| spec.engine == EmbeddedEngine::PostgreSql).collect();
    if databases.is_empty() {
        return Err(Error::usage("psql is for PostgreSQL servers, and this is a Redis server"));
    }
    let spec = only(&databases)?;
    let admin = login_choice::of_admin(app, &spec.server, false).await?;
    exec::start(app, &admin.parts, OsStr::new(psql::PROGRAM), arguments, None)
}

/// Returns the only server, for a command that works with one.
///
/// # Errors
/// If there are several servers.
pub fn only<T>(servers: &[T]) -> Result<&T> {
    match servers {
        [server] => Ok(server),
        _ => Err(Error::usage("there are several embedded servers").hint("choose one with --server")),
    }
}

/// Returns the embedded servers of the manifest, or the one with this name.
pub fn specs(app: &App, only: Option<&str>) -> Result<Vec<Spec>> {
    let chosen = app.manifest.servers.iter().filter(|(name, _)| only.is_none_or(|only| only == *name));
    let embedded = chosen.filter_map(|(name, server)| match server.location {
        ServerLocation::Embedded { port } => Some(app.embedded(name, port)),
        ServerLocation::Url(_) => None,
    });
    let redis =
        app.manifest.redis.servers.values().filter(|server| only.is_none_or(|only| only == server.name));
    let specs: Vec<Spec> = embedded.chain(redis.filter_map(|server| app.embedded_redis(server))).collect();
    if specs.is_empty() {
        let message = format!("environment \"{}\" has no such embedded server", app.manifest.env);
        return Err(Error::usage(message)
            .hint("martydb runs only servers with embedded: true or redis (or auto, without DB_HOST)"));
    }
    Ok(specs)
}

#[derive(Serialize)]
pub struct SeedReport {
    /// Name of the service.
    seeded: String,
}

impl Report for SeedReport {
    fn text(&self, _: &Style) -> String {
        format!("Seeded {}.\n", self.seeded)
    }
}

#[derive(Serialize)]
pub struct DevReport {
    servers: Vec<Status>,
    /// `true` after `destroy`.
    #[serde(skip)]
    deleted: bool,
}

pub fn columns<'a>() -> Vec<ReportColumn<&'a Status>> {
    vec![
        ReportColumn::new("server", "server", |server, _| (&server.server).into()),
        ReportColumn::new("state", "state", |server, _| match server.state {
            State::Running => Cell::new("running", Paint::Good),
            State::Stopped => Cell::new("stopped", Paint::Warn),
            State::Absent => Cell::new("absent", Paint::Dim),
        }),
        ReportColumn::spare(1, "server_version", "version", |server, _| {
            server.server_version.as_deref().unwrap_or_default().into()
        }),
        ReportColumn::new("port", "port", |server, _| {
            Cell::number(server.port.map_or_else(String::new, |port| port.to_string()))
        }),
        ReportColumn::key("pid"),
        ReportColumn::spare(0, "socket_dir", "socket", |server, _| {
            server.socket_dir.as_ref().map_or_else(String::new, |path| path.display().to_string()).into()
        }),
        ReportColumn::new("data_dir", "data", |server, _| server.data_dir.display().into()),
    ]
}

impl Report for DevReport {
    fn text(&self, style: &Style) -> String {
        if self.deleted {
            let names: Vec<_> = self.servers.iter().map(|status| status.server.as_str()).collect();
            return format!("Deleted {} with all data.\n", names.join(", "));
        }
        ReportColumn::table(columns(), &[], &self.servers, style).render(style)
    }
}
