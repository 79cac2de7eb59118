//! Fills defaults and templates in, and checks what no type can: names, duplicates, references.

mod allow;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::expand::{FilledUrl, fill_url};
use super::locate::Step;
use super::raw::{
    Embedded, RawAbsent, RawLimits, RawLint, RawManifest, RawRoles, RawSecrets, RawServer, RawService,
};
use super::source::Sources;
use super::{Allow, Environment, Manifest, Place, ServerSpec, ServerUrl, url};
use crate::error::{Error, Result};
use crate::model::{DbName, DesiredService, LintRules, RoleKind, RoleName, SchemaName, ServiceName, orphans};
use crate::sql::MAX_IDENTIFIER_BYTES;

pub use allow::{UnknownFinding, unknown_finding};

const FORMAT_VERSION: u32 = 1;
const DEFAULT_SERVER: &str = "main";
const DEFAULT_SETTINGS: [(&str, &str); 4] = [
    ("lock_timeout", "5s"),
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "60s"),
    ("temp_file_limit", "1GB"),
];

/// Databases that no service can have: they are the cluster's own.
const CLUSTER_DATABASES: [&str; 3] = ["postgres", "template0", "template1"];

/// The role that `initdb` makes by custom, and that martydb's own servers have.
const CLUSTER_ROLE: &str = "postgres";

/// Turns the typed file into a checked manifest.
pub fn resolve(raw: RawManifest, sources: &Sources, env: &str, variables: &Environment) -> Result<Manifest> {
    let path = sources.path().to_owned();
    let home = path.parent().unwrap_or(Path::new("/")).to_owned();
    if raw.version != FORMAT_VERSION {
        let message = format!("version {} is unknown, this martydb reads {FORMAT_VERSION}", raw.version);
        return Err(sources.error_at(&[key("version")], message));
    }
    let resolver = Resolver { raw: &raw, sources, home: &home, variables };
    let servers = resolver.servers()?;
    let services = resolver.services(&servers)?;
    let project = raw.project.clone().unwrap_or_else(|| folder_name(&home));
    resolver.check_duplicates(&services)?;
    resolver.check_orphans(&project, &servers, &services)?;
    check_secrets(&raw.secrets, sources)?;
    let allow = resolver.allow(&services)?;
    Ok(Manifest { path, env: env.to_owned(), project, servers, secrets: raw.secrets, services, allow, home })
}

struct Resolver<'a> {
    raw: &'a RawManifest,
    sources: &'a Sources,
    home: &'a Path,
    variables: &'a Environment,
}

impl Resolver<'_> {
    fn servers(&self) -> Result<BTreeMap<String, ServerSpec>> {
        if self.raw.servers.is_empty() {
            let embedded = RawServer { embedded: Some(Embedded::True), ..RawServer::default() };
            return Ok(BTreeMap::from([(DEFAULT_SERVER.into(), self.server(DEFAULT_SERVER, &embedded)?)]));
        }
        let all = self.raw.servers.iter();
        all.map(|(name, server)| Ok((name.clone(), self.server(name, server)?))).collect()
    }

    fn server(&self, name: &str, server: &RawServer) -> Result<ServerSpec> {
        let path = |last: &str| vec![key("servers"), key(name), key(last)];
        // The name becomes a folder of the embedded server.
        ServiceName::new(name).map_err(|error| {
            self.sources.error_at(&[key("servers"), key(name)], format!("server name \"{name}\" {error}"))
        })?;
        let owner = server.database_owner.clone().map(RoleName::new).transpose();
        Ok(ServerSpec {
            place: self.place(name, server)?,
            close_maintenance: server.close_maintenance.unwrap_or(true),
            database_owner: owner.map_err(|error| self.sources.error_at(&path("database_owner"), error))?,
        })
    }

    fn place(&self, name: &str, server: &RawServer) -> Result<Place> {
        let url = self.filled(name, server)?;
        let path = |last: &str| vec![key("servers"), key(name), key(last)];
        let default = if server.url.is_some() { Embedded::False } else { Embedded::True };
        let embedded = server.embedded.unwrap_or(default);
        let db_host = self.variables.get("DB_HOST").is_some_and(|host| !host.is_empty());
        match (embedded, url) {
            (Embedded::True, Some(_)) => Err(self
                .sources
                .error_at(&path("url"), "a server that martydb runs itself has no url")
                .hint("remove the url, or write embedded: false or auto")),
            (Embedded::False, None) => Err(self
                .sources
                .error_at(&path("embedded"), "a server that martydb does not run needs a url")
                .hint("add url: postgresql://admin@host:5432/postgres")),
            (Embedded::Auto, None) => Err(self
                .sources
                .error_at(&path("embedded"), "embedded: auto needs a url for when DB_HOST is set")),
            (Embedded::True, None) if server.password_env.is_some() || server.require_auth.is_some() => {
                let last = if server.password_env.is_some() { "password_env" } else { "require_auth" };
                let why = "a server that martydb runs itself wants no password of its admin";
                Err(self.sources.error_at(&path(last), why).hint(format!("remove {last}")))
            }
            (Embedded::Auto, Some(_)) if !db_host => Ok(Place::Embedded { port: server.port }),
            (Embedded::True, None) => Ok(Place::Embedded { port: server.port }),
            (_, Some(url)) => self.url(name, server, &url).map(|url| Place::Url(Box::new(url))),
        }
    }

    /// The URL with its variables; an unset one is told even where the server is embedded and needs no URL.
    fn filled(&self, name: &str, server: &RawServer) -> Result<Option<FilledUrl>> {
        let filled = server.url.as_deref().map(|text| fill_url(text, self.variables)).transpose();
        filled.map_err(|problem| self.sources.unfilled(&[key("servers"), key(name), key("url")], &problem))
    }

    fn url(&self, name: &str, server: &RawServer, filled: &FilledUrl) -> Result<ServerUrl> {
        let wrong =
            |last: &str, error: String| self.sources.error_at(&[key("servers"), key(name), key(last)], error);
        let mut url = url::parse(filled, self.home, self.variables)
            .map_err(|error| wrong("url", error.message).hint_if(error.hint))?;
        url.password_env.clone_from(&server.password_env);
        if let Some(text) = &server.require_auth {
            let own = text.parse().map_err(|error| wrong("require_auth", error))?;
            if url.require_auth.replace(own).is_some() {
                return Err(wrong("require_auth", "the url has a require_auth of its own".into())
                    .hint("keep one of the two"));
            }
        }
        Ok(url)
    }

    fn services(
        &self,
        servers: &BTreeMap<String, ServerSpec>,
    ) -> Result<BTreeMap<ServiceName, DesiredService>> {
        let blank = RawService::default();
        let all = self.raw.services.iter();
        let services: BTreeMap<_, _> = all
            .map(|(name, service)| {
                let service = self.service(name, service.as_ref().unwrap_or(&blank), servers)?;
                Ok((service.name.clone(), service))
            })
            .collect::<Result<_>>()?;
        match services.is_empty() {
            true => Err(self.sources.error_at(&[key("services")], "no services are declared")),
            false => Ok(services),
        }
    }

    fn service(
        &self,
        name: &str,
        own: &RawService,
        servers: &BTreeMap<String, ServerSpec>,
    ) -> Result<DesiredService> {
        let at = |last: &str| vec![key("services"), key(name), key(last)];
        let name_typed = ServiceName::new(name).map_err(|error| {
            self.sources.error_at(&[key("services"), key(name)], format!("service \"{name}\" {error}"))
        })?;
        let defaults = &self.raw.defaults;
        let server = pick(&own.server, &defaults.server, DEFAULT_SERVER);
        if !servers.contains_key(&server) {
            return Err(self.unknown_server(&at("server"), &server, servers));
        }
        let text = |last, own: &Option<String>, default: &Option<String>, fallback| {
            self.template(&at(last), &pick(own, default, fallback), name)
        };
        let database = text("database", &own.database, &defaults.database, "{service}")?;
        let migrations = text("migrations", &own.migrations, &defaults.migrations, "{service}/migrations")?;
        let schemas =
            own.schemas.clone().or(defaults.schemas.clone()).unwrap_or_else(|| vec!["public".into()]);
        Ok(DesiredService {
            database: self.database(&at("database"), database)?,
            migrations: self.home.join(PathBuf::from(migrations)),
            schemas: self.schemas(&at("schemas"), &schemas)?,
            roles: self.roles(name, &own.roles, &servers[&server].place)?,
            connection_limit: limits(&own.connection_limit, &defaults.connection_limit),
            settings: self.settings(name, &own.settings)?,
            extensions: own.extensions.clone().or(defaults.extensions.clone()).unwrap_or_default(),
            prune: own.prune.or(defaults.prune).unwrap_or(false),
            lint: self.lint(&at("lint"), &own.lint)?,
            server,
            name: name_typed,
        })
    }

    fn lint(&self, path: &[Step], own: &RawLint) -> Result<LintRules> {
        let defaults = &self.raw.defaults.lint;
        let both = |own: &Option<Vec<String>>, default: &Option<Vec<String>>| {
            own.clone().or(default.clone()).unwrap_or_default()
        };
        let rules = LintRules {
            disable: both(&own.disable, &defaults.disable),
            enable: both(&own.enable, &defaults.enable),
        };
        match rules.disable.iter().chain(&rules.enable).find_map(|name| crate::migrate::lint::unknown(name)) {
            None => Ok(rules),
            Some(wrong) => Err(self.sources.error_at(path, wrong)),
        }
    }

    fn unknown_server(&self, path: &[Step], server: &str, servers: &BTreeMap<String, ServerSpec>) -> Error {
        let known: Vec<&str> = servers.keys().map(String::as_str).collect();
        let hint =
            crate::suggest::hint(server, known.iter().copied(), || format!("servers: {}", known.join(", ")));
        self.sources.error_at(path, format!("unknown server \"{server}\"")).hint(hint)
    }

    fn database(&self, path: &[Step], text: String) -> Result<DbName> {
        if CLUSTER_DATABASES.contains(&text.as_str()) {
            let error =
                self.sources.error_at(path, format!("database \"{text}\" belongs to the server itself"));
            return Err(error.hint("give the service a database of its own"));
        }
        DbName::new(text.clone())
            .map_err(|error| self.sources.error_at(path, format!("database \"{text}\" {error}")))
    }

    fn schemas(&self, path: &[Step], names: &[String]) -> Result<Vec<SchemaName>> {
        if names.is_empty() {
            return Err(self.sources.error_at(path, "a service needs at least one schema"));
        }
        let mut schemas: Vec<SchemaName> = vec![];
        for (index, text) in names.iter().enumerate() {
            let at = [path, &[Step::Index(index)]].concat();
            let schema = SchemaName::new(text.clone())
                .map_err(|error| self.sources.error_at(&at, format!("schema \"{text}\" {error}")))?;
            // martydb keeps its history there, and no service's role may hold anything on it.
            let reserved =
                schema.as_str() == crate::HISTORY_SCHEMA || schema.as_str() == "information_schema";
            if reserved || schemas.contains(&schema) {
                let why = if reserved { "is reserved" } else { "is declared twice" };
                return Err(self.sources.error_at(&at, format!("schema \"{text}\" {why}")));
            }
            schemas.push(schema);
        }
        Ok(schemas)
    }

    fn roles(&self, service: &str, own: &RawRoles, place: &Place) -> Result<BTreeMap<RoleKind, RoleName>> {
        let admin = match place {
            Place::Url(url) => url.user.as_str(),
            Place::Embedded { .. } => CLUSTER_ROLE,
        };
        let defaults = &self.raw.defaults.roles;
        let rows = [
            (RoleKind::Owner, &own.owner, &defaults.owner, "{service}_owner"),
            (RoleKind::Migrator, &own.migrator, &defaults.migrator, "{service}_migrator"),
            (RoleKind::App, &own.app, &defaults.app, "{service}_app"),
            (RoleKind::Readonly, &own.readonly, &defaults.readonly, "{service}_ro"),
        ];
        rows.into_iter()
            .map(|(kind, own, default, fallback)| {
                let at = [key("services"), key(service), key("roles"), key(kind.key())];
                let text = self.template(&at, &pick(own, default, fallback), service)?;
                let checked = |text: String| {
                    let name = RoleName::new(text.clone());
                    name.map_err(|error| self.sources.error_at(&at, format!("role \"{text}\" {error}")))
                };
                let role = checked(text.clone())?;
                if text == admin || text == CLUSTER_ROLE {
                    let why = "runs the server, and cannot be a service's";
                    return Err(self.sources.error_at(&at, format!("role \"{text}\" {why}")));
                }
                if kind != RoleKind::Owner {
                    login_name(&text).map_err(|(why, fix)| {
                        self.sources.error_at(&at, format!("role \"{text}\" {why}")).hint(fix)
                    })?;
                }
                Ok((kind, role))
            })
            .collect()
    }

    fn settings(&self, service: &str, own: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
        let builtin = DEFAULT_SETTINGS.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let layers = [self.raw.defaults.settings.clone(), own.clone()];
        let settings: BTreeMap<_, _> = builtin.chain(layers.into_iter().flatten()).collect();
        // These two are martydb's: they make the migrator act as the owner and names resolve.
        match settings.keys().find(|name| matches!(name.as_str(), "role" | "search_path")) {
            Some(name) => Err(self.sources.error_at(
                &[key("services"), key(service), key("settings"), key(name)],
                format!("the setting {name} is martydb's own"),
            )),
            None => Ok(settings),
        }
    }

    fn template(&self, path: &[Step], text: &str, service: &str) -> Result<String> {
        let filled = text.replace("{service}", service);
        match filled.contains(['{', '}']) {
            true => Err(self
                .sources
                .error_at(path, format!("\"{text}\": the only placeholder here is {{service}}"))),
            false => Ok(filled),
        }
    }

    fn check_duplicates(&self, services: &BTreeMap<ServiceName, DesiredService>) -> Result<()> {
        let mut databases: BTreeMap<(&str, &str), &ServiceName> = BTreeMap::new();
        let mut roles: BTreeMap<(&str, String), &ServiceName> = BTreeMap::new();
        for service in services.values() {
            let at = |last: &str| vec![key("services"), key(service.name.as_str()), key(last)];
            let server = service.server.as_str();
            if let Some(other) = databases.insert((server, service.database.as_str()), &service.name) {
                let message =
                    format!("database \"{}\" is already that of service \"{other}\"", service.database);
                return Err(self
                    .sources
                    .error_at(&at("database"), message)
                    .hint("every service needs its own"));
            }
            for role in declared_roles(service) {
                if let Some(other) = roles.insert((server, role.clone()), &service.name) {
                    let message = format!("role \"{role}\" is already a role of service \"{other}\"");
                    return Err(self
                        .sources
                        .error_at(&at("roles"), message)
                        .hint("every service needs its own"));
                }
            }
        }
        Ok(())
    }

    /// What belongs to that role must be out of reach for everybody.
    fn check_orphans(
        &self,
        project: &str,
        servers: &BTreeMap<String, ServerSpec>,
        services: &BTreeMap<ServiceName, DesiredService>,
    ) -> Result<()> {
        let orphans = orphans::name(project);
        let refused = |path: &[Step]| {
            let message = format!("role \"{orphans}\" keeps what removed services owned");
            let hint = "choose another name for the role, or another project";
            Err(self.sources.error_at(path, message).hint(hint))
        };
        let declares =
            |service: &&DesiredService| declared_roles(service).iter().any(|role| role == orphans.as_str());
        if let Some(service) = services.values().find(declares) {
            return refused(&[key("services"), key(service.name.as_str()), key("roles")]);
        }
        match servers.iter().find(|(_, server)| server.database_owner.as_ref() == Some(&orphans)) {
            Some((name, _)) => refused(&[key("servers"), key(name), key("database_owner")]),
            None => Ok(()),
        }
    }
}

/// The roles of a service and the twins that a rotation may add.
fn declared_roles(service: &DesiredService) -> Vec<String> {
    let logins = RoleKind::LOGINS.iter().map(|kind| format!("{}{}", service.role(*kind), crate::TWIN_SUFFIX));
    service.roles.values().map(ToString::to_string).chain(logins).collect()
}

fn limits(own: &RawLimits, default: &RawLimits) -> BTreeMap<RoleKind, i32> {
    BTreeMap::from([
        (RoleKind::Migrator, own.migrator.or(default.migrator).unwrap_or(5)),
        (RoleKind::App, own.app.or(default.app).unwrap_or(50)),
        (RoleKind::Readonly, own.readonly.or(default.readonly).unwrap_or(10)),
    ])
}

fn check_secrets(secrets: &RawSecrets, sources: &Sources) -> Result<()> {
    let at = |last: &str| [key("secrets"), key(last)];
    match secrets {
        RawSecrets::Command { get, .. } if get.is_empty() => {
            Err(sources.error_at(&at("get"), "the command is empty").hint("get: [program, argument, …]"))
        }
        RawSecrets::Command { timeout, .. } if crate::units::duration(timeout).is_none() => {
            Err(sources.error_at(&at("timeout"), format!("\"{timeout}\" is not a time such as 10s")))
        }
        RawSecrets::Command { set: Some(set), .. } if set.is_empty() => {
            Err(sources.error_at(&at("set"), "the command is empty").hint("set: [program, argument, …]"))
        }
        RawSecrets::Command { absent: Some(absent), .. } if matches_everything(absent) => Err(sources
            .error_at(&at("absent"), "every failure would count as an absent password")
            .hint("absent: { exit: 2, stderr: \"No value found\" }, one of the two or both")),
        _ => Ok(()),
    }
}

fn matches_everything(absent: &RawAbsent) -> bool {
    absent.exit.is_none() && absent.stderr.as_deref().is_none_or(|text| text.trim().is_empty())
}

fn pick(own: &Option<String>, default: &Option<String>, fallback: &str) -> String {
    own.clone().or(default.clone()).unwrap_or_else(|| fallback.into())
}

fn folder_name(home: &Path) -> String {
    home.file_name().map_or_else(|| "martydb".into(), |name| name.to_string_lossy().into_owned())
}

fn key(name: &str) -> Step {
    Step::Key(name.into())
}

/// What a role that logs in may not be called, why, and what to do: found out now rather than at its first login.
fn login_name(name: &str) -> Result<(), (String, String)> {
    // SCRAM prepares names so (RFC 5802).
    if stringprep::saslprep(name).is_err() {
        let why = "holds characters that no login's name may have (SASLprep, RFC 4013)";
        return Err((
            why.into(),
            "leave out control characters, and those that write from right to left".into(),
        ));
    }
    // The driver puts the name into the SCRAM message as it is, where these two have a meaning.
    if name.contains([',', '=']) {
        let why = "holds a comma or an equals sign, and could not log in by SCRAM";
        return Err((
            why.into(),
            "use another character, such as _ or -; the owner never logs in and may have them".into(),
        ));
    }
    // The second login of a rotation must fit too.
    let most = MAX_IDENTIFIER_BYTES - crate::TWIN_SUFFIX.len();
    match name.len() > most {
        true => {
            let twin = format!("{{role}}{}", crate::TWIN_SUFFIX);
            let why = format!("is {} bytes long, and a login may have {most}", name.len());
            Err((
                why,
                format!(
                    "shorten it: `rotate --overlap` needs room for {twin} in PostgreSQL's {MAX_IDENTIFIER_BYTES} bytes"
                ),
            ))
        }
        false => Ok(()),
    }
}
