//! `rotate`: sets new passwords, at once or with an overlap.

use clap::Args;
use futures_util::future::join_all;
use serde::Serialize;

use crate::app::App;
use crate::commands::support::choice;
use crate::commands::support::companions::companions;
use crate::commands::support::login_choice::LoginRole;
use martydb_apply::replicas;
use martydb_apply::rotate::{Rotated, Rotation, RotationMode, rotate_server};
use martydb_model::error::{Error, ExitStatus, Kind, Result};
use martydb_model::units::counted;
use martydb_model::{DesiredService, RoleKind, RoleName};
use martydb_provision::run_records;
use martydb_ui::flags::Select;
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, error_text, printable};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Only this login [default: all three, and further ones].
    #[arg(long, value_enum)]
    pub role: Option<LoginRole>,
    /// Only this further login of the manifest (`access:`).
    #[arg(long, value_name = "NAME", conflicts_with_all = ["role", "overlap", "finish"])]
    pub access: Option<String>,
    /// Activate a second login; the first remains valid until --finish.
    #[arg(long)]
    pub overlap: bool,
    /// Close the previous login after an overlap.
    #[arg(long, conflicts_with = "overlap")]
    pub finish: bool,
    /// Expiry of the new password, such as 2027-01-31; `infinity` is never [default: unchanged].
    #[arg(long, value_name = "TIME", conflicts_with = "finish")]
    pub valid_until: Option<String>,
    /// Passwords of the services' users on Redis: both are valid until --finish, which ends the users' sessions.
    #[arg(long, conflicts_with_all = ["access", "valid_until"])]
    pub redis: bool,
}

impl Arguments {
    fn mode(&self) -> RotationMode {
        match (self.overlap, self.finish) {
            (true, _) => RotationMode::Overlap,
            (false, true) => RotationMode::Finish,
            (false, false) => RotationMode::InPlace,
        }
    }

    fn kinds(&self) -> Vec<RoleKind> {
        match (self.role.map(|role| role.0), &self.access) {
            (Some(role), _) => vec![role],
            (None, Some(_)) => vec![],
            (None, None) => RoleKind::LOGINS.to_vec(),
        }
    }
}

/// Rotates passwords on all servers in parallel.
pub async fn run(app: &App, arguments: &Arguments) -> Result<RotateReport> {
    let services = choice::services(app, &arguments.select).await?;
    if arguments.redis {
        return of_redis(app, arguments, &services).await;
    }
    let (kinds, mode) = (arguments.kinds(), arguments.mode());
    let further = further(app, arguments, &services)?;
    note_left_out(app, arguments, &services);
    // A prompt comes before the lock: other runs would wait for the answer. The error of each server occurs again
    // below, and is reported in its own row.
    for server in app.servers_of(&services) {
        let access = app.admin(&server).await;
        let login = match &access {
            Ok(access) => access.read(&access.maintenance).await.map(drop),
            Err(error) => Err(error.clone()),
        };
        match login {
            Err(error) if matches!(error.kind, Kind::Interrupted | Kind::TooOld) => return Err(error),
            _ => {}
        }
    }
    let held = app.lock_store().await?;
    let all = app.servers_of(&services).into_iter().map(|server| {
        let (kinds, services, further, held) = (&kinds, &services, &further, &held);
        async move {
            let here: Vec<_> = services.iter().filter(|service| service.server == server).cloned().collect();
            let valid_until = arguments.valid_until.as_deref();
            let on_server = |pair: &&(DesiredService, RoleName)| pair.0.server == server;
            let further: Vec<_> = further.iter().filter(on_server).cloned().collect();
            let replicas = replicas::of_server(app, &server).await;
            let done = async {
                let (access, desired) = (app.admin(&server).await?, app.manifest.desired(&server));
                let record = run_records::of_server(app, &access, &here, "rotate");
                let rotation = Rotation {
                    services: &here,
                    kinds,
                    further: &further,
                    turn: mode,
                    replicas: &replicas,
                    valid_until,
                    record: &record,
                };
                let done = rotate_server(&access, &desired, held, &rotation, app.lock_wait).await;
                record.end(outcome(&done).as_deref().map_err(|error| *error)).await;
                done
            };
            (done.await, here)
        }
    });
    let mut rotations = vec![];
    for (done, here) in join_all(all).await {
        match done {
            Ok(rows) => rotations
                .extend(rows.into_iter().map(|(service, row)| RotationRow::new(&service, mode, Ok(row)))),
            Err(error) => rotations
                .extend(here.iter().map(|service| RotationRow::new(service, mode, Err(error.clone())))),
        }
    }
    Ok(RotateReport { rotations, mode, redis: false })
}

/// Returns the number of changed logins for the record, or the first error.
fn outcome(done: &Result<Vec<(DesiredService, Rotated)>>) -> Result<String, &Error> {
    let rows = done.as_ref()?;
    match rows.iter().find_map(|(_, row)| row.error.as_ref()) {
        Some(error) => Err(error),
        None => Ok(counted(rows.iter().filter(|(_, row)| row.changed).count(), "login")),
    }
}

async fn of_redis(app: &App, arguments: &Arguments, services: &[DesiredService]) -> Result<RotateReport> {
    let mode = if arguments.finish { RotationMode::Finish } else { RotationMode::Overlap };
    let (companions, kinds) = (companions(app, services)?, arguments.kinds());
    let store = app.lock_store().await?;
    let mut rotations = vec![];
    for one in &companions {
        let rotated = one.rotate(&kinds, arguments.finish, &store).await?;
        rotations.extend(rotated.into_iter().map(|(service, rotated)| RotationRow {
            server: one.server().to_owned(),
            ..RotationRow::new(&service, mode, Ok(rotated))
        }));
    }
    if rotations.is_empty() {
        return Err(Error::usage("these services have no users of these roles on a Redis server")
            .hint("the manifest declares them: redis: { server: NAME }"));
    }
    Ok(RotateReport { rotations, mode, redis: true })
}

/// Returns the further logins to rotate, each with the first of the services that it can access: the named one, or
/// without a name those of only these services, or all with --all.
fn further(
    app: &App,
    arguments: &Arguments,
    services: &[DesiredService],
) -> Result<Vec<(DesiredService, RoleName)>> {
    if arguments.role.is_some() || arguments.mode() != RotationMode::InPlace {
        return Ok(vec![]);
    }
    let mut found = vec![];
    for (server, role) in app.manifest.further_logins() {
        let meant = match &arguments.access {
            Some(name) => role.name.as_str() == name,
            None => arguments.select.all || services.iter().any(|one| Some(&one.name) == role.of.as_ref()),
        };
        let uses = |service: &&DesiredService| {
            let grants = || service.access.iter().any(|grant| grant.role == role.name);
            service.server == *server && (role.monitors || grants())
        };
        found
            .extend(services.iter().find(uses).filter(|_| meant).map(|one| (one.clone(), role.name.clone())));
    }
    match &arguments.access {
        Some(name) if found.is_empty() => {
            Err(Error::usage(format!("no further login \"{name}\" has access to these services"))
                .hint("the manifest declares them under `access:`"))
        }
        _ => Ok(found),
    }
}

/// Notes the further logins that a rotation with an overlap leaves: they have no alternate login.
fn note_left_out(app: &App, arguments: &Arguments, services: &[DesiredService]) {
    if !arguments.overlap || arguments.role.is_some() {
        return;
    }
    let left: Vec<String> =
        app.manifest.further_logins_of(services.iter()).map(|login| login.role.name.to_string()).collect();
    if !left.is_empty() {
        let one = &left[0];
        app.out.note(&format!(
            "not rotated, because they have no second login: {}; at once: `martydb rotate --all --access {one}`",
            left.join(", ")
        ));
    }
}

#[derive(Serialize)]
pub struct RotateReport {
    rotations: Vec<RotationRow>,
    #[serde(skip)]
    mode: RotationMode,
    #[serde(skip)]
    redis: bool,
}

#[derive(Serialize)]
pub struct RotationRow {
    service: String,
    server: String,
    role: Option<String>,
    login: Option<String>,
    previous: Option<String>,
    sessions: Option<i64>,
    outcome: &'static str,
    #[serde(skip)]
    shown: Cell,
    error: Option<Error>,
}

impl RotationRow {
    fn new(service: &DesiredService, mode: RotationMode, done: Result<Rotated>) -> RotationRow {
        let (outcome, shown, paint) = match (&done, mode) {
            (Err(_), _) => ("skipped", "skipped", Paint::Warn),
            (Ok(row), _) if row.error.is_some() => ("failed", "failed", Paint::Bad),
            (Ok(row), RotationMode::Finish) if row.changed => ("ok", "closed", Paint::Good),
            (Ok(row), _) if row.changed => ("ok", "ok", Paint::Good),
            (Ok(_), RotationMode::Finish) => ("unchanged", "nothing to close", Paint::Dim),
            (Ok(_), _) => ("unchanged", "unchanged", Paint::Dim),
        };
        let (row, skipped) = match done {
            Ok(row) => (Some(row), None),
            Err(error) => (None, Some(error)),
        };
        RotationRow {
            service: service.name.to_string(),
            server: service.server.clone(),
            role: row.as_ref().map(|row| row.label.clone()),
            login: row.as_ref().map(|row| row.login.to_string()),
            previous: row.as_ref().and_then(|row| row.other.as_ref()).map(ToString::to_string),
            sessions: row.as_ref().and_then(|row| row.sessions),
            outcome,
            shown: Cell::new(shown, paint),
            error: row.map_or(skipped, |row| row.error),
        }
    }
}

pub fn columns<'a>() -> Vec<ReportColumn<&'a RotationRow>> {
    vec![
        ReportColumn::new("service", "service", |row, _| (&row.service).into()),
        ReportColumn::key("server"),
        ReportColumn::new("role", "role", |row, _| row.role.as_deref().unwrap_or("-").into()),
        ReportColumn::new("login", "active login", |row, _| row.login.as_deref().unwrap_or("-").into()),
        ReportColumn::new("previous", "previous login", |row, _| {
            row.previous.as_deref().unwrap_or("-").into()
        }),
        ReportColumn::key("sessions"),
        ReportColumn::new("outcome", "result", |row, _| row.shown.clone()),
        ReportColumn::key("error.message"),
    ]
}

/// Returns the errors, each once with the services that it occurred for.
fn errors(rows: &[RotationRow], style: &Style) -> String {
    let mut seen: Vec<(&str, String)> = vec![];
    for row in rows {
        let Some(error) = &row.error else { continue };
        let one = (row.service.as_str(), error_text(error, style));
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    let mut texts: Vec<(String, Vec<&str>)> = vec![];
    for (service, text) in seen {
        match texts.iter_mut().find(|known| known.0 == text) {
            Some(known) => known.1.push(service),
            None => texts.push((text, vec![service])),
        }
    }
    let section = |(text, services): &(String, Vec<&str>)| {
        let word = if services.len() == 1 { "service" } else { "services" };
        format!("\n{word} {}:\n{text}\n", services.join(", "))
    };
    texts.iter().map(section).collect()
}

impl Report for RotateReport {
    fn text(&self, style: &Style) -> String {
        let table = ReportColumn::table(columns(), &[], &self.rotations, style);
        let mut notes = String::new();
        for row in &self.rotations {
            if let Some((other, sessions)) = row.previous.as_ref().zip(row.sessions.filter(|n| *n > 0)) {
                notes += &format!(
                    "{} still has {sessions} open sessions; they end when their clients do.\n",
                    printable(other)
                );
            }
        }
        notes += &errors(&self.rotations, style);
        if self.mode == RotationMode::Overlap && self.rotations.iter().any(|row| row.outcome == "ok") {
            notes += match self.redis {
                true => {
                    "Both passwords work. When every client has read the new one, run `martydb rotate --redis --finish`.\n"
                }
                false => {
                    "Both logins work. When every client has read the new one, run `martydb rotate --finish`.\n"
                }
            };
        }
        table.render(style) + &notes
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::of_errors(self.rotations.iter().filter_map(|row| row.error.as_ref()))
    }
}
