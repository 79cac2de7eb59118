//! Formats of `secrets export --values`.

use std::collections::BTreeMap;

use clap::ValueEnum;
use futures_util::future::try_join_all;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::app::App;
use crate::commands::support::login_choice::ServiceConnections;
use martydb_isolation::probe::{self, ProbeLogin, Task};
use martydb_manifest::RedisServer;
use martydb_manifest::connection_string::Parts;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::psql;
use martydb_model::{DbName, DesiredService, RoleKind};
use martydb_render as render;
use martydb_secrets::{self as secrets, CredentialKey, Secrets, Store, StoredLogin};

/// Keys of the annotations by which `secrets import` finds the login again.
pub(crate) const ANNOTATIONS: [&str; 4] =
    ["martydb/project", "martydb/environment", "martydb/service", "martydb/role"];

/// Version of the JSON file's format.
pub(crate) const VERSION: u32 = 1;

/// Format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A file per service with its DATABASE_URL, one with the REDIS_URL of its keys, and one per server with its
    /// admin's password: the secrets of the Compose file of `render`.
    Compose,
    /// A Secret for each service and each further login: PGHOST, PGUSER, PGPASSWORD, DATABASE_URL and so on, and one for each
    /// Redis user: REDIS_URL and so on.
    Kubernetes,
    /// Variables, with the names that the provider env reads.
    Dotenv,
    /// All data of each login.
    Json,
    /// Verifiers as variables of psql, for the script of `plan --sql`; no password in clear text.
    Psql,
    /// The lines of PgBouncer's userlist.txt: the verifiers of the servers, determined by logging in.
    Pgbouncer,
}

impl ExportFormat {
    /// Returns the chosen logins, or the default ones.
    pub fn kinds(self, chosen: &[RoleKind]) -> Vec<RoleKind> {
        match (self, chosen) {
            (_, [_, ..]) => RoleKind::LOGINS.into_iter().filter(|kind| chosen.contains(kind)).collect(),
            (format, []) if format.is_for_applications() => vec![RoleKind::App],
            (_, []) => RoleKind::LOGINS.to_vec(),
        }
    }

    /// Returns `true` if further logins are exported. Their Secrets are exported with those of the applications.
    pub(crate) fn has_further(self, chosen: &[RoleKind]) -> bool {
        match self {
            ExportFormat::Compose => false,
            ExportFormat::Kubernetes => self.kinds(chosen).contains(&RoleKind::App),
            ExportFormat::Dotenv | ExportFormat::Json | ExportFormat::Pgbouncer | ExportFormat::Psql => {
                chosen.is_empty()
            }
        }
    }

    /// Returns `true` if the format has users of Redis: PgBouncer and the scripts of psql know only PostgreSQL.
    pub(crate) fn has_redis(self) -> bool {
        !matches!(self, ExportFormat::Pgbouncer | ExportFormat::Psql)
    }

    /// Returns `true` if applications read the format, which use one login each.
    pub(crate) fn is_for_applications(self) -> bool {
        matches!(self, ExportFormat::Compose | ExportFormat::Kubernetes)
    }
}

/// Login with its password, if the store has one.
pub(crate) struct Exported<'a> {
    pub service: &'a DesiredService,
    /// Initial database of the login.
    pub database: DbName,
    pub key: CredentialKey,
    /// Server of a Redis user.
    pub redis: Option<RedisServer>,
    pub kept: Option<StoredLogin>,
    /// Name of the login in the format.
    pub name: String,
}

impl Exported<'_> {
    /// Returns the server, the user and the password of Redis; `None` for a login of PostgreSQL.
    pub(crate) fn redis_user(&self) -> Option<(&RedisServer, &str, &SecretString)> {
        Some((self.redis.as_ref()?, self.key.redis_user()?, &self.kept.as_ref()?.password))
    }

    /// Returns the connection of an application with this login.
    ///
    /// # Errors
    /// If the server's address is not known.
    pub(crate) async fn connection(&self, app: &App, kept: &StoredLogin) -> Result<Parts> {
        let (user, password) = (kept.login.as_str(), kept.password.clone());
        if self.database == self.service.database {
            let of = ServiceConnections { app, service: self.service };
            return of.for_application(self.key.kind, user, password).await;
        }
        let endpoint = app.access(&self.key.server).await?.endpoint;
        Ok(Parts::new(&endpoint, user, Some(password), self.database.as_str()))
    }
}

/// Returns the name of a login in a format. `login` is the role itself if the store has no password.
pub(crate) fn name(
    store: &Store,
    format: ExportFormat,
    key: &CredentialKey,
    is_redis: bool,
    kept: Option<&StoredLogin>,
) -> String {
    let login = kept.map_or(&key.role, |kept| &kept.login);
    match format {
        ExportFormat::Compose if is_redis => render::redis_url_file(key.service.as_str()),
        ExportFormat::Compose => render::database_url_file(key.service.as_str()),
        ExportFormat::Kubernetes => key.secret_name(),
        ExportFormat::Dotenv => store.variable_of(key, *login != key.role),
        ExportFormat::Json | ExportFormat::Pgbouncer => login.to_string(),
        ExportFormat::Psql => psql::variable_name(login.as_str()),
    }
}

/// Returns the text of the file.
///
/// # Errors
/// If a server's address is unknown, or for PgBouncer if it rejects a login.
pub(crate) async fn written(app: &App, format: ExportFormat, all: &[Exported<'_>]) -> Result<SecretString> {
    let text = match format {
        // Several files: see `files`.
        ExportFormat::Compose => String::new(),
        ExportFormat::Kubernetes => kubernetes(app, all).await?,
        ExportFormat::Dotenv => dotenv(all)?,
        ExportFormat::Json => json_export(app, all),
        ExportFormat::Psql => psql_variables(all),
        ExportFormat::Pgbouncer => pgbouncer(app, all).await?,
    };
    Ok(SecretString::from(text))
}

fn kept<'e>(all: &'e [Exported<'e>]) -> impl Iterator<Item = (&'e Exported<'e>, &'e StoredLogin)> {
    all.iter().filter_map(|one| Some((one, one.kept.as_ref()?)))
}

/// <https://kubernetes.io/docs/concepts/configuration/secret/>
async fn kubernetes(app: &App, all: &[Exported<'_>]) -> Result<String> {
    let mut text = String::new();
    for (one, login) in kept(all) {
        let values = [&app.manifest.project, &app.manifest.env, one.key.service.as_str(), &one.key.label];
        let annotations: BTreeMap<_, _> = ANNOTATIONS.into_iter().zip(values).collect();
        let labels = json!({ "app.kubernetes.io/managed-by": "martydb" });
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": one.name, "labels": labels, "annotations": annotations },
            "type": "Opaque",
            "stringData": variables(app, one, login).await?,
        });
        text += "---\n";
        text += &serde_yaml::to_string(&secret).expect("a map of texts is YAML");
    }
    Ok(text + &caller_keys(app, all).await?)
}

/// Returns the Secret with the digests of the keys of these services' callers, if there are any.
async fn caller_keys(app: &App, all: &[Exported<'_>]) -> Result<String> {
    let (names, keys): (Vec<_>, Vec<_>) =
        CredentialKey::of_callers(&app.manifest.serve.callers, &app.manifest.services)
            .filter(|(_, key)| all.iter().any(|one| one.service.name == key.service))
            .unzip();
    let found = app.store.read_present(&keys).await?;
    // `kubectl apply` keeps what `stringData` lacks: a caller whose keys are revoked gets an empty text.
    let digest =
        |key: &CredentialKey| found.get(&key.server, &key.role).map_or("", |digests| digests.expose_secret());
    let digests: BTreeMap<_, _> = names.into_iter().zip(keys.iter().map(digest)).collect();
    if digests.is_empty() {
        return Ok(String::new());
    }
    let labels = json!({ "app.kubernetes.io/managed-by": "martydb" });
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": render::CALLER_KEYS, "labels": labels },
        "type": "Opaque",
        "stringData": digests,
    });
    Ok(format!("---\n{}", serde_yaml::to_string(&secret).expect("a map of texts is YAML")))
}

/// Returns the variables of `url --format env`.
async fn variables(app: &App, one: &Exported<'_>, kept: &StoredLogin) -> Result<BTreeMap<String, String>> {
    if let Some((server, user, password)) = one.redis_user() {
        let all = render::redis_variables(server, user, password);
        return Ok(all.map(|(name, value)| (name.to_owned(), value)).into());
    }
    Ok(one.connection(app, kept).await?.variables()?.into_iter().collect())
}

fn dotenv(all: &[Exported<'_>]) -> Result<String> {
    let mut text = String::from("# Passwords of the services' logins, by martydb secrets export.\n");
    for (one, kept) in kept(all) {
        let quoted = shlex::try_quote(kept.password.expose_secret())
            .map_err(|_| no_line(&kept.login, "a zero byte"))?;
        text += &format!("{}={quoted}\n", one.name);
    }
    Ok(text)
}

fn psql_variables(all: &[Exported<'_>]) -> String {
    let line = |(_, kept): (&Exported<'_>, &StoredLogin)| {
        psql::set_variable(kept.login.as_str(), &secrets::verifier(&kept.password).0)
    };
    "-- Verifiers of passwords, by martydb secrets export.\n".to_owned()
        + &kept(all).map(line).collect::<String>()
}

/// Returns the variables with empty values, for an operator to fill in.
pub(crate) fn dotenv_template(all: &[Exported<'_>]) -> String {
    let mut text =
        String::from("# Passwords of the services' logins: the provider env reads these variables.\n");
    all.iter().for_each(|one| text += &format!("{}=\n", one.name));
    text
}

fn json_export(app: &App, all: &[Exported<'_>]) -> String {
    let entries: Vec<Value> = kept(all).map(|(one, kept)| json_login(one, kept)).collect();
    let document = json!({
        "format_version": VERSION,
        "project": app.manifest.project,
        "environment": app.manifest.env,
        "entries": entries,
    });
    serde_json::to_string_pretty(&document).expect("plain data") + "\n"
}

fn json_login(one: &Exported<'_>, kept: &StoredLogin) -> Value {
    json!({
        "service": one.key.service.as_str(),
        "role": one.key.label,
        "server": one.key.server,
        "database": one.database.as_str(),
        "login": kept.login.as_str(),
        "in_use": kept.in_use,
        "password": kept.password.expose_secret(),
    })
}

/// PgBouncer logs in to the server with its client's proof, which works only for the same verifier that the server has:
/// <https://www.pgbouncer.org/config.html#authentication-file-format>. The server reveals the verifier's salt at a
/// login.
async fn pgbouncer(app: &App, all: &[Exported<'_>]) -> Result<String> {
    let all: Vec<_> = kept(all).collect();
    let mut servers: BTreeMap<&str, Vec<&(&Exported<'_>, &StoredLogin)>> = BTreeMap::new();
    for one in &all {
        servers.entry(&one.0.key.server).or_default().push(one);
    }
    let asked = servers.into_iter().map(|(server, logins)| verifiers(app, server, logins));
    Ok(try_join_all(asked).await?.concat())
}

async fn verifiers(app: &App, server: &str, all: Vec<&(&Exported<'_>, &StoredLogin)>) -> Result<String> {
    let login = |(one, kept): &&(&Exported<'_>, &StoredLogin)| {
        let (key, password) = (&one.key, Some(kept.password.clone()));
        ProbeLogin::new(key.service.clone(), key.kind, kept.login.clone(), one.database.clone(), password)
    };
    let access = app.access(server).await?;
    let mut task =
        Task::new(&access, &app.manifest.desired(server), &[], &Secrets::default(), app.jobs.count);
    task.logins = all.iter().map(login).collect();
    let mut lines = String::new();
    for ((_, kept), (attempt, verifier)) in all.into_iter().zip(probe::verifiers(&task).await?) {
        match verifier {
            Some(verifier) => lines += &line(kept, verifier.expose_secret())?,
            // An alternate login that is closed, or not open yet.
            None if !kept.in_use => {}
            None => {
                let why = probe::judge_own(&attempt.outcome).why;
                let error = Error::new(Kind::Unreachable, format!("cannot log in as \"{}\"", kept.login));
                return Err(why.into_iter().fold(error, Error::cause).hint(
                    "PgBouncer needs the server's verifier, whose salt the server reveals at a login",
                ));
            }
        }
    }
    Ok(lines)
}

/// Doubles double quotes; nothing else is escaped.
fn line(kept: &StoredLogin, verifier: &str) -> Result<String> {
    if kept.login.as_str().contains(['\n', '\r']) {
        return Err(no_line(&kept.login, "a line break"));
    }
    Ok(format!("\"{}\" \"{verifier}\"\n", kept.login.as_str().replace('"', "\"\"")))
}

fn no_line(login: &impl std::fmt::Display, what: &str) -> Error {
    Error::usage(format!("\"{login}\" has {what}, which this format cannot represent"))
        .hint("choose another --format")
}
