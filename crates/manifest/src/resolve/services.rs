//! Services, each with the defaults of the manifest and of martydb.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::extensions;
use super::scope::Scope;
use super::servers::DEFAULT_SERVER;
use super::unique::declared_roles;
use super::{names, parameters};
use crate::checked::{ServerLocation, ServerSpec};
use crate::raw::{RawLimits, RawLint, RawMoved, RawRoles, RawService};
use martydb_model::error::{Error, Result};
use martydb_model::suggest::hint;
use martydb_model::{
    DbName, DeclaredRoles, DesiredService, FormerNames, LintRules, MigrationSource, RoleKind, RoleName,
    ServiceName,
};

const DEFAULT_SETTINGS: [(&str, &str); 4] = [
    ("lock_timeout", "5s"),
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "60s"),
    ("temp_file_limit", "1GB"),
];

type Servers = BTreeMap<String, ServerSpec>;

pub(crate) fn all(scope: &Scope, servers: &Servers) -> Result<BTreeMap<ServiceName, DesiredService>> {
    if scope.raw.services.is_empty() {
        return Err(scope.error(["services"], "no services are declared"));
    }
    if scope.raw.defaults.count.is_some() {
        return Err(scope.error(["defaults", "count"], "count belongs to a service with {n} in its name"));
    }
    let blank = RawService::default();
    let services = scope.raw.services.iter().map(|(name, raw)| {
        let service = service(scope, name, raw.as_ref().unwrap_or(&blank), servers)?;
        Ok((service.name.clone(), service))
    });
    services.collect()
}

fn service(scope: &Scope, name: &str, own: &RawService, servers: &Servers) -> Result<DesiredService> {
    let checked_name = ServiceName::new(name)
        .map_err(|error| scope.error(["services", name], format!("service \"{name}\" {error}")))?;
    let defaults = &scope.raw.defaults;
    let server = own.server.as_ref().or(defaults.server.as_ref()).map_or(DEFAULT_SERVER, String::as_str);
    let spec = servers.get(server).ok_or_else(|| unknown_server(scope, name, server, servers))?;
    let text = |key, own: Option<&String>, default: Option<&String>, fallback| {
        scope.template(["services", name, key], name, own, default, fallback)
    };
    let database = text("database", own.database.as_ref(), defaults.database.as_ref(), "{service}")?;
    let (folder, default) = (own.migrations.path(), defaults.migrations.path());
    let migrations = text("migrations", folder, default, "{service}/migrations")?;
    let by_default = folder.is_none() && default.is_some();
    let base = if by_default { scope.home } else { scope.sources.folder_of(name) };
    let schemas = own.schemas.clone().or(defaults.schemas.clone()).unwrap_or_else(|| vec!["public".into()]);
    let search_path = names::schemas(scope, name, &schemas)?;
    let extensions = own.extensions.as_deref().or(defaults.extensions.as_deref()).unwrap_or_default();
    let extensions = extensions::resolve(scope, name, extensions)?;
    let schemas = extensions::own_schemas(&search_path, &extensions);
    let history = own.history.schema.as_ref().or(defaults.history.schema.as_ref());
    Ok(DesiredService {
        history_schema: names::history_schema(scope, name, history, &schemas)?,
        database: names::database(scope, name, database)?,
        migrations: base.join(migrations),
        down: own.migrations.down().or(defaults.migrations.down()).unwrap_or_default(),
        on_schema_drift: own.on_schema_drift.or(defaults.on_schema_drift).unwrap_or_default(),
        source: source(scope, name, own)?,
        schemas,
        search_path,
        roles: roles(scope, name, &own.roles, &spec.location)?,
        connection_limit: limits(&own.connection_limit, &defaults.connection_limit),
        settings: settings(scope, name, &own.settings)?,
        extensions,
        parameters: parameters::resolve(scope, name, &own.parameters)?,
        prune: own.prune.or(defaults.prune).unwrap_or(false),
        access: vec![],
        publications: vec![],
        outbox: None,
        partitions: vec![],
        serve: None,
        moved: own
            .moved
            .as_ref()
            .map(|moved| former(scope, name, own, moved, (server, servers)))
            .transpose()?,
        dump_schema: own.dump_schema.or(defaults.dump_schema).unwrap_or(false),
        lint: lint(scope, name, &own.lint, spec.has_standbys())?,
        server: server.to_owned(),
        name: checked_name,
    })
}

/// Returns the migrations of another tool that the service's own have to come from.
fn source(scope: &Scope, name: &str, own: &RawService) -> Result<Option<MigrationSource>> {
    let Some(source) = own.migrations.source() else { return Ok(None) };
    let empty =
        [("tool", &source.tool), ("path", &source.path)].into_iter().find(|(_, text)| text.is_empty());
    match empty {
        Some((key, _)) => {
            let path = ["services", name, "migrations", "source", key];
            Err(scope.error(path, format!("{key} of the source of {name}'s migrations is empty")))
        }
        None => Ok(Some(MigrationSource {
            tool: source.tool.clone(),
            path: scope.sources.folder_of(name).join(&source.path),
        })),
    }
}

/// Returns the names that the templates give to a service of the former name.
fn former(
    scope: &Scope,
    name: &str,
    own: &RawService,
    moved: &RawMoved,
    (server, servers): (&str, &Servers),
) -> Result<FormerNames> {
    let path = ["services", name, "moved"];
    let other = moved.server.as_deref().unwrap_or(server);
    let spec = servers.get(other).ok_or_else(|| {
        let known: Vec<&str> = servers.keys().map(String::as_str).collect();
        scope.error(path, format!("unknown server \"{other}\"")).hint(hint(other, "servers", &known))
    })?;
    let from = moved.from.as_str();
    let service =
        ServiceName::new(from).map_err(|error| scope.error(path, format!("service \"{from}\" {error}")))?;
    if from != name && scope.raw.services.contains_key(from) {
        let message = format!("service \"{from}\" is still declared");
        return Err(scope.error(path, message).hint("remove one of the two, or the key `moved`"));
    }
    let default = scope.raw.defaults.database.as_ref();
    let database = scope.template(path, from, moved.database.as_ref(), default, "{service}")?;
    let database = DbName::new(database.clone())
        .map_err(|error| scope.error(path, format!("database \"{database}\" {error}")))?;
    let former = roles(scope, from, &own.roles, &spec.location)?;
    let other = (other != server).then(|| other.to_owned());
    if other.is_some() && former != roles(scope, name, &own.roles, &servers[server].location)? {
        let message = "a service that moves to another server keeps the names of its roles".to_string();
        return Err(scope.error(path, message).hint(
            "move it first, under its former name; give it its new name afterwards, with `moved: { from: FORMER_NAME }`",
        ));
    }
    Ok(FormerNames { service, server: other, database, roles: former })
}

fn unknown_server(scope: &Scope, service: &str, server: &str, servers: &Servers) -> Error {
    let known: Vec<&str> = servers.keys().map(String::as_str).collect();
    // A server that is declared and not among these is one of Redis.
    let message = match scope.raw.servers.contains_key(server) {
        true => {
            format!("server \"{server}\" is a Redis server: a service's keys there are declared by `redis:`")
        }
        false => format!("unknown server \"{server}\""),
    };
    scope.error(["services", service, "server"], message).hint(hint(server, "servers", &known))
}

fn lint(scope: &Scope, service: &str, own: &RawLint, has_standbys: bool) -> Result<LintRules> {
    let defaults = &scope.raw.defaults.lint;
    let either = |own: &Option<Vec<String>>, default: &Option<Vec<String>>| {
        own.clone().or(default.clone()).unwrap_or_default()
    };
    let rules = LintRules {
        disable: either(&own.disable, &defaults.disable),
        enable: either(&own.enable, &defaults.enable),
        has_standbys,
        ..LintRules::default()
    };
    match rules.disable.iter().chain(&rules.enable).find_map(|name| crate::lint_rules::unknown(name)) {
        None => Ok(rules),
        Some(wrong) => Err(scope.error(["services", service, "lint"], wrong)),
    }
}

fn roles(
    scope: &Scope,
    service: &str,
    own: &RawRoles,
    server: &ServerLocation,
) -> Result<BTreeMap<RoleKind, RoleName>> {
    let admin = match server {
        ServerLocation::Url(url) => url.user.as_str(),
        ServerLocation::Embedded { .. } => names::CLUSTER_ROLE,
    };
    let defaults = &scope.raw.defaults.roles;
    RoleKind::ALL
        .into_iter()
        .map(|kind| {
            let path = ["services", service, "roles", kind.key()];
            let text =
                scope.template(path, service, own.get(kind), defaults.get(kind), kind.default_name())?;
            Ok((kind, names::role(scope, path, kind, text, admin)?))
        })
        .collect()
}

fn settings(
    scope: &Scope,
    service: &str,
    own: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>> {
    let builtin = DEFAULT_SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let layers = [scope.raw.defaults.settings.clone(), own.clone()];
    let settings: BTreeMap<_, _> = builtin.into_iter().chain(layers.into_iter().flatten()).collect();
    // martydb sets these two: the migrator acts as the owner, and names resolve.
    match settings.keys().find(|name| matches!(name.as_str(), "role" | "search_path")) {
        Some(name) => Err(scope.error(
            ["services", service, "settings", name],
            format!("the setting {name} is reserved: martydb sets it"),
        )),
        None => Ok(settings),
    }
}

fn limits(own: &RawLimits, default: &RawLimits) -> BTreeMap<RoleKind, i32> {
    let limit = |kind: RoleKind| own.get(kind).or(default.get(kind)).unwrap_or(kind.default_limit());
    RoleKind::LOGINS.map(|kind| (kind, limit(kind))).into()
}

/// Completes what the rules of `lint` know of a service and the others.
pub(crate) fn complete_lint(services: &mut BTreeMap<ServiceName, DesiredService>) {
    let of_service = |service: &DesiredService| {
        let name = service.name.to_string();
        declared_roles(service).into_iter().map(move |role| (role, name.clone()))
    };
    let all: Arc<BTreeMap<String, String>> = Arc::new(services.values().flat_map(of_service).collect());
    for service in services.values_mut() {
        let own = declared_roles(service).into_iter().collect();
        let kinds = service.roles.iter().map(|(kind, role)| (role.to_string(), *kind)).collect();
        service.lint.roles = DeclaredRoles { all: Arc::clone(&all), own, kinds };
        service.lint.search_path = service.schemas.iter().map(ToString::to_string).collect();
    }
}
