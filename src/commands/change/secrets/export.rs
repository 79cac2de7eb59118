//! `secrets export`: lists the entries of the store, and on request writes the passwords in the format of another
//! system.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::files::{self, SecretFolder};
use super::formats::{self, ExportFormat, Exported};
use crate::app::App;
use crate::commands::support::companions::companion;
use crate::commands::support::login_choice::LoginRole;
use martydb_manifest::RedisServer;
use martydb_model::error::{Error, Result};
use martydb_model::units::counted;
use martydb_model::{DbName, DesiredService, RoleKind};
use martydb_secrets::{CredentialKey, PrivateFile};
use martydb_ui::flags::{Format, Select};
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, printable};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Format of the export.
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// Only this login; may be repeated [default: app and further logins for kubernetes, all for the others].
    #[arg(long, value_enum)]
    pub role: Vec<LoginRole>,
    /// Write the passwords; without it only their names are shown.
    #[arg(long, requires = "out")]
    pub values: bool,
    /// Print the names with empty values, for dotenv: the variables to set where the provider is env.
    #[arg(long, conflicts_with = "values")]
    pub template: bool,
    /// Target of the passwords: a file with mode 0600; `-` is standard output, unless it is a terminal. For compose a
    /// folder with mode 0700.
    #[arg(long, value_name = "FILE", requires = "values")]
    pub out: Option<PathBuf>,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<ExportReport> {
    if arguments.template && arguments.format != ExportFormat::Dotenv {
        return Err(Error::usage("--template is for --format dotenv"));
    }
    let services = app.readable(&arguments.select)?;
    let chosen: Vec<RoleKind> = arguments.role.iter().map(|role| role.0).collect();
    let kinds = arguments.format.kinds(&chosen);
    let destination = match &arguments.out {
        Some(path) if arguments.format == ExportFormat::Compose => {
            Some(Destination::Folder(SecretFolder::find(path)?))
        }
        Some(path) => Some(Destination::find(app, path)?),
        None => None,
    };
    let mut all = logins(app, &services, &kinds, arguments.format, &chosen).await?;
    distinct(arguments.format, &all)?;
    if arguments.template {
        let text = formats::dotenv_template(&all).into();
        return Ok(ExportReport { text: Some(text), ..ExportReport::new(app, arguments, &all) });
    }
    let Some(destination) = destination else { return Ok(ExportReport::new(app, arguments, &all)) };
    for one in all.iter().filter(|one| one.kept.is_none()) {
        // The store reports why it has no password.
        let found = app.store.read(std::slice::from_ref(&one.key)).await?;
        found.require(&one.key.server, &one.key.role)?;
    }
    for one in &mut all {
        if let Some(server) = one.redis.take() {
            one.redis = Some(companion(app, &server, vec![])?.reached().await?);
        }
    }
    let mut report = ExportReport::new(app, arguments, &all);
    report.values = true;
    match destination {
        Destination::Folder(folder) => files::write(app, &folder, &all).await?,
        Destination::Stdout => report.text = Some(formats::written(app, arguments.format, &all).await?),
        Destination::File(file) => file.replace(&formats::written(app, arguments.format, &all).await?)?,
    }
    if report.text.is_none() {
        report.out.clone_from(&arguments.out);
    }
    if let Some(note) = unread_by_env(arguments.format, &all) {
        app.out.note(&note);
    }
    Ok(report)
}

/// Returns the keys of these services' logins and Redis users, and of the further logins with access to them.
pub(crate) fn keys(app: &App, services: &[DesiredService]) -> Vec<CredentialKey> {
    let own = services.iter().flat_map(CredentialKey::for_service);
    let redis = services.iter().filter_map(|service| app.manifest.redis.services.get(&service.name));
    let redis = redis.flat_map(CredentialKey::of_redis);
    own.chain(further(app, services).map(|(_, key, _)| key)).chain(redis).collect()
}

async fn logins<'a>(
    app: &'a App,
    services: &'a [DesiredService],
    kinds: &[RoleKind],
    format: ExportFormat,
    chosen: &[RoleKind],
) -> Result<Vec<Exported<'a>>> {
    let own = services
        .iter()
        .flat_map(|service| kinds.iter().map(move |kind| (service, CredentialKey::new(service, *kind))))
        .map(|(service, key)| (service, key, service.database.clone()));
    // A pooler has the databases of services: no login of the maintenance database comes through it.
    let is_in = |service: &DesiredService, database: &DbName| {
        format != ExportFormat::Pgbouncer || *database == service.database
    };
    let further = further(app, services).filter(|_| format.has_further(chosen));
    let further = further.filter(|(service, _, database)| is_in(service, database));
    let none = |(service, key, database)| (service, key, database, None);
    let redis = redis_users(app, services, kinds).filter(|_| format.has_redis());
    let exported: Vec<_> = own.chain(further).map(none).chain(redis).collect();
    let keys: Vec<_> = exported.iter().map(|(_, key, ..)| key.clone()).collect();
    let kept = app.store.settled(&keys).await?;
    let mut all = vec![];
    for ((service, _, database, redis), kept) in exported.into_iter().zip(&kept) {
        let mut logins: Vec<_> = kept.logins().into_iter().map(Some).collect();
        // The other entry of a Redis user is its former password, which `rotate --redis --finish` needs.
        let has_former = redis.is_none() || format == ExportFormat::Json;
        logins.retain(|login| has_former || login.as_ref().is_some_and(|one| one.in_use));
        // An application uses one login; the other formats are for systems that serve both of a pair.
        logins.retain(|login| !format.is_for_applications() || login.as_ref().is_some_and(|one| one.in_use));
        // The password of a login that martydb did not create is elsewhere; a variable has to be set for each.
        if logins.is_empty() && (!kept.key.further || app.store.is_read_only()) {
            logins.push(None);
        }
        for login in logins {
            let name = formats::name(&app.store, format, &kept.key, redis.is_some(), login.as_ref());
            let (key, database, redis) = (kept.key.clone(), database.clone(), redis.cloned());
            all.push(Exported { service, database, key, redis, kept: login, name });
        }
    }
    Ok(all)
}

/// Returns the Redis users of these services, each with its server.
fn redis_users<'a>(
    app: &'a App,
    services: &'a [DesiredService],
    kinds: &[RoleKind],
) -> impl Iterator<Item = (&'a DesiredService, CredentialKey, DbName, Option<&'a RedisServer>)> {
    let part = &app.manifest.redis;
    let here = services.iter().filter_map(|service| Some((service, part.services.get(&service.name)?)));
    let all = here.flat_map(|(service, keys)| {
        let server = part.servers.get(&keys.server);
        CredentialKey::of_redis(keys).map(move |key| (service, key, service.database.clone(), server))
    });
    let wanted = all.filter(|(_, key, ..)| kinds.contains(&key.kind));
    wanted.collect::<Vec<_>>().into_iter()
}

/// Returns the further logins of these services, each with the first of them and with its initial database.
fn further<'a>(
    app: &'a App,
    services: &'a [DesiredService],
) -> impl Iterator<Item = (&'a DesiredService, CredentialKey, DbName)> {
    app.manifest.further_logins_of(services.iter()).filter_map(|login| {
        Some((login.service, CredentialKey::of_access(login.server, login.role)?, login.database))
    })
}

/// Refuses equal names: two services that differ only in `-` and `_` have one name in some formats, and PgBouncer has
/// one list for all servers.
fn distinct(format: ExportFormat, all: &[Exported<'_>]) -> Result<()> {
    let mut seen: BTreeMap<&str, &Exported<'_>> = BTreeMap::new();
    for one in all.iter().filter(|_| format != ExportFormat::Json) {
        if let Some(other) = seen.insert(&one.name, one) {
            let of = |one: &Exported<'_>| format!("\"{}\" of service \"{}\"", one.key.role, one.service.name);
            return Err(Error::usage(format!("two logins would both be \"{}\" in this format", one.name))
                .cause(format!("{} and {}", of(other), of(one)))
                .hint("export them one by one with --service"));
        }
    }
    Ok(())
}

/// Target of the passwords, checked before anything is read.
enum Destination {
    Stdout,
    File(PrivateFile),
    /// Folder with one file per password.
    Folder(SecretFolder),
}

impl Destination {
    fn find(app: &App, path: &Path) -> Result<Destination> {
        if path == Path::new("-") {
            // Only terminals have a width.
            return match app.out.result_style().width {
                None => Ok(Destination::Stdout),
                Some(_) => Err(Error::usage("passwords are not written to a terminal")
                    .hint("specify a file with --out, or pipe the output into the program that reads it")),
            };
        }
        let Some(file) = PrivateFile::find(path)? else {
            return Err(Error::usage(format!("the folder of {} does not exist", path.display()))
                .hint("create it for this user only: mkdir -m 700"));
        };
        // An existing file that others can read is refused, as the store is.
        file.read()?;
        if app.store.overlaps(&file)? {
            return Err(Error::usage(format!("{} belongs to the secret store", path.display()))
                .hint("choose another file, whose name differs in more than the extension"));
        }
        Ok(Destination::File(file))
    }
}

/// Returns a note if alternate logins are in use, which the provider env does not support.
fn unread_by_env(format: ExportFormat, all: &[Exported<'_>]) -> Option<String> {
    let in_use = all
        .iter()
        .filter_map(|one| one.kept.as_ref().filter(|kept| kept.in_use && kept.login != one.key.role));
    let names: Vec<_> = in_use.map(|kept| kept.login.to_string()).collect();
    (format == ExportFormat::Dotenv && !names.is_empty()).then(|| {
        format!(
            "the alternate logins {} are in use: `secrets import` reads them back, the provider env does not",
            names.join(", ")
        )
    })
}

#[derive(Serialize)]
pub struct ExportReport {
    format: String,
    /// `true` if the passwords were written.
    values: bool,
    out: Option<PathBuf>,
    provider: &'static str,
    entries: Vec<Reference>,
    #[serde(skip)]
    text: Option<SecretString>,
}

/// Login and location of a password; never the password itself.
#[derive(Serialize)]
struct Reference {
    service: String,
    role: String,
    server: String,
    database: String,
    login: String,
    in_use: bool,
    stored: bool,
    place: String,
    name: String,
}

impl ExportReport {
    fn new(app: &App, arguments: &Arguments, all: &[Exported<'_>]) -> ExportReport {
        let format = arguments.format.to_possible_value().map(|value| value.get_name().to_owned());
        let reference = |one: &Exported<'_>| {
            let login = one.kept.as_ref().map_or(&one.key.role, |kept| &kept.login);
            Reference {
                service: one.service.name.to_string(),
                role: one.key.label.clone(),
                server: one.key.server.clone(),
                database: match app.manifest.redis.services.get(&one.service.name) {
                    Some(keys) if one.redis.is_some() => keys.prefix.clone(),
                    _ => one.database.to_string(),
                },
                login: login.to_string(),
                in_use: one.kept.as_ref().is_some_and(|kept| kept.in_use),
                stored: one.kept.is_some(),
                place: app.store.place_of(&one.key, login),
                name: one.name.clone(),
            }
        };
        ExportReport {
            format: format.unwrap_or_default(),
            values: false,
            out: None,
            provider: app.store.provider(),
            entries: all.iter().map(reference).collect(),
            text: None,
        }
    }
}

impl Report for ExportReport {
    fn text(&self, style: &Style) -> String {
        if let Some(text) = &self.text {
            return text.expose_secret().to_owned();
        }
        if let Some(out) = &self.out {
            let (count, out) =
                (counted(self.entries.len(), "password"), printable(&out.display().to_string()));
            return format!("{count} written to {out}, which only this user can read.\n");
        }
        let columns: Vec<ReportColumn<&Reference>> = vec![
            ReportColumn::shown("service", |one, _| one.service.as_str().into()),
            ReportColumn::shown("role", |one, _| one.role.as_str().into()),
            ReportColumn::shown("login", |one, _| one.login.as_str().into()),
            ReportColumn::shown("kept", |one, _| match (one.stored, one.in_use) {
                (false, _) => Cell::new("no", Paint::Bad),
                (true, true) => Cell::new("in use", Paint::Good),
                (true, false) => Cell::new("waiting", Paint::Dim),
            }),
            ReportColumn::shown("in the format", |one, _| one.name.as_str().into()),
            ReportColumn::shown("in the store", |one, _| one.place.as_str().into()),
        ];
        ReportColumn::table(columns, &[], &self.entries, style).render(style)
            + "\nNo password is shown. To write them to a file: --values --out FILE\n"
    }

    fn verbatim(&self) -> bool {
        self.text.is_some()
    }

    /// The passwords are a document of their own.
    fn format(&self) -> Option<Format> {
        self.verbatim().then_some(Format::Table)
    }
}
