//! Settings of roles, databases and the server, with which a session starts.

mod open_files;
mod server;
mod temp_file_limit;
#[cfg(test)]
mod tests;

use super::context::Audit;
use super::roles::RoleClass;
use super::search_paths::{ExposedSession, exposed_by_database, exposed_by_role, hides_the_server};
use martydb_model::contract::acts_as;
use martydb_model::findings::Severity::{self, Critical, High, Low, Medium};
use martydb_model::findings::{FindingBuilder, PUBLIC};
use martydb_model::findings::{LIMITS_SUM, SETTING};
use martydb_model::grants::{Repair, RepairScope, reset_setting};
use martydb_model::sql::split_name_list;
use martydb_model::units::canonical_setting;
use martydb_model::{ActualDatabase, DbName, DesiredService, RoleKind, RoleSetting};
use martydb_plan::{Action, PASSWORDLESS, declared_settings, same_setting, script};
use server::as_shown;

pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for setting in audit.actual.role_settings.values().flatten() {
        match audit.roles.class_of(&setting.role) {
            RoleClass::Managed(service, kind) => out.extend(on_role(audit, service, kind, setting)),
            RoleClass::Trusted => out.extend(on_superuser(audit, setting)),
            RoleClass::Predefined => {}
            RoleClass::Unmanaged => out.extend(on_unmanaged(audit, setting)),
        }
    }
    for (database, found) in &audit.actual.databases {
        on_database(audit, database, found, out);
    }
    for (name, value) in &audit.actual.everyones_settings {
        let seen = format!("every role has {name} = {}", shown(name, value));
        let found = SETTING.of(PUBLIC).at(weight(audit, name, value)).object(format!("setting {name}"));
        out.push(found.evidence(seen).fix(reset_setting(None, None, name)));
    }
    server::judge(audit, out);
    open_files::judge(audit, out);
    temp_file_limit::judge(audit, out);
    sum(audit, out);
}

fn on_database(audit: &Audit<'_>, database: &DbName, found: &ActualDatabase, out: &mut Vec<FindingBuilder>) {
    let service = audit.service_of(database.as_str());
    for (name, value) in &found.settings {
        let exposed = if name == "search_path" { exposed_by_database(audit, database) } else { None };
        if service.is_none() && exposed.is_none() {
            continue;
        }
        // Of a database, whose setting is no login's own.
        let observes = |library: &str| OBSERVERS.contains(&library.trim_start_matches("$libdir/"));
        let observed = name == "session_preload_libraries" && stays_inside(value, observes);
        let inside = name == "search_path"
            && exposed.is_none()
            && !hides_the_server(value)
            && service.is_some_and(|own| {
                stays_inside(value, |name| is_own(own, name) || is_sealed(audit, database, name))
            });
        // A declared setting is not a finding unless it weakens isolation: that needs a reason in `allow:`.
        let declared = service.and_then(|own| own.parameters.settings.get(name));
        let declared = declared.is_some_and(|declared| same_setting(name, declared, value));
        let weight = weight(audit, name, value).max(least(exposed.as_ref()));
        if declared && weight == Low {
            continue;
        }
        let severity = if inside || observed { Low } else { weight };
        let seen = format!(
            "database {database} has {name} = {}{}",
            shown(name, value),
            session_text(exposed.as_ref())
        );
        let repair = reset_setting(None, Some(database.as_str()), name);
        let finding = SETTING.of(PUBLIC).at(severity).service(service).database(database.as_str());
        out.push(finding.object(format!("setting {name}")).evidence(seen).fix(repair));
    }
}

/// Returns the severity that a search path has at least.
fn least(exposed: Option<&ExposedSession<'_>>) -> Severity {
    if exposed.is_some() { Medium } else { Low }
}

fn session_text(exposed: Option<&ExposedSession<'_>>) -> String {
    exposed.map_or_else(String::new, |session| format!(": {session}"))
}

/// Settings that only a superuser may set for others and that only make a session slower, faster, chattier or
/// shorter.
const HARMLESS: &[&str] = &[
    "commit_delay", "compute_query_id", "deadlock_timeout", "lc_messages", "update_process_title",
    "default_toast_compression", "max_stack_depth", "temp_file_limit", "wal_compression",
];

/// Prefixes of such settings, for logging and statistics.
const HARMLESS_KINDS: &[&str] = &["log_", "track_", "auto_explain.", "pg_stat_statements.", "pgaudit."];

/// Settings that load code or change the role of a session.
const GRAVE: &[(&str, Severity)] =
    &[("role", Critical), ("session_authorization", Critical), ("dynamic_library_path", High)];

/// Libraries that only observe a session.
const OBSERVERS: &[&str] = &["auto_explain", "pg_stat_statements", "pgaudit"];

/// Values with which an extension opens files of the server, or shows a client the statements inside functions of others:
/// the setting, and a word of its value.
const OPENING: &[(&str, &str)] = &[
    ("auto_explain.log_level", "debug"),
    ("auto_explain.log_level", "info"),
    ("auto_explain.log_level", "notice"),
    ("auto_explain.log_level", "warning"),
    ("auto_explain.log_nested_statements", "on"),
    ("postgis.gdal_enabled_drivers", "enable_all"),
    ("postgis.enable_outdb_rasters", "on"),
];

/// Settings that every session may set for itself but that decide which code runs or how passwords are stored.
const RISKY: &[&str] = &[
    "backslash_quote", "default_table_access_method", "local_preload_libraries", "password_encryption",
    "search_path",
];

/// Prefixes of settings of procedural languages that contain code.
const CODE: &[&str] = &["pljava.", "plperl.", "pllua.", "plpython", "plr.", "pltcl.", "plv8."];

/// Values of those settings on a new server, and stricter ones.
const PLAIN: &[(&str, &str)] = &[
    ("default_table_access_method", "heap"),
    ("password_encryption", "scram-sha-256"),
    ("backslash_quote", "safe_encoding"),
    ("backslash_quote", "off"),
];

fn weight(audit: &Audit<'_>, name: &str, value: &str) -> Severity {
    let name = name.to_ascii_lowercase();
    let usual = audit.snapshot.state.parameters.defaults.get(&name).is_some_and(|usual| usual == value);
    if usual || PLAIN.contains(&(name.as_str(), value)) {
        return Low;
    }
    let begins = |all: &[&str]| all.iter().any(|start| name.starts_with(start));
    // A role that may set it itself gains nothing by it; a name with a dot that the server does not define
    // belongs to the application.
    let own =
        audit.snapshot.state.parameters.user_settings.contains(&name) || name.contains('.') && !begins(CODE);
    let harmless = HARMLESS.contains(&name.as_str()) || begins(HARMLESS_KINDS);
    let opens = OPENING.iter().any(|row| row.0 == name && as_shown(&name, value).contains(row.1));
    match GRAVE.iter().find(|row| row.0 == name) {
        Some(row) => row.1,
        None if opens => High,
        None if harmless || own && !RISKY.contains(&name.as_str()) => Low,
        // The effect of an unknown setting is unknown.
        None => Medium,
    }
}

/// Returns `true` if a path contains only such schemas.
fn stays_inside(path: &str, is_harmless: impl Fn(&str) -> bool) -> bool {
    split_name_list(path).iter().all(|name| is_harmless(name))
}

/// Returns `true` for a schema of the service itself or of the server.
fn is_own(service: &DesiredService, schema: &str) -> bool {
    ["pg_catalog", "public", "$user"].contains(&schema)
        || service.schemas.iter().any(|own| own.as_str() == schema)
        || service.extension_schemas().any(|own| own.as_str() == schema)
}

/// Returns `true` if only superusers can create in a schema, most likely one that an extension's script put on
/// the path.
fn is_sealed(audit: &Audit<'_>, database: &DbName, schema: &str) -> bool {
    let catalog = audit.snapshot.databases.get(database.as_str());
    let mut objects = catalog.into_iter().flat_map(|catalog| &catalog.objects);
    objects.any(|item| {
        item.kind == "schema"
            && item.name == schema
            && audit.class_of(&item.owner) == RoleClass::Trusted
            && item.acl.iter().all(|entry| entry.privilege != "CREATE")
    })
}

/// Reports a superuser whose path has a service's schema before `pg_catalog`, or before the objects of another role: it
/// may call the service's functions.
fn on_superuser(audit: &Audit<'_>, setting: &RoleSetting) -> Option<FindingBuilder> {
    let RoleSetting { role, database, name, value } = setting;
    let is_trusted = |name: &str| audit.class_of(name) == RoleClass::Trusted;
    let exposed = exposed_by_role(audit, setting);
    let (severity, what) = match name.as_str() {
        "search_path" if exposed.is_some() || hides_the_server(value) => {
            (Medium, "it may call functions of a service")
        }
        "role" if value != "none" && !is_trusted(value) => (High, "its sessions start as another role"),
        _ => return None,
    };
    let service = database.as_ref().and_then(|database| audit.service_of(database.as_str()));
    let seen = format!("the superuser {role} has {name} = {value}: {what}{}", session_text(exposed.as_ref()));
    Some(of_setting(setting).at(severity).service(service).evidence(seen).fix(reset(setting)))
}

/// Reports an unmanaged login with more privileges than one database's, whose path has a schema of weaker roles before
/// what its sessions mean.
fn on_unmanaged(audit: &Audit<'_>, setting: &RoleSetting) -> Option<FindingBuilder> {
    let exposed = exposed_by_role(audit, setting)?;
    let service = audit.service_of(exposed.database);
    let seen = format!("{} has search_path = {}: {exposed}", setting.role, setting.value);
    Some(of_setting(setting).at(Medium).service(service).evidence(seen).fix(reset(setting)))
}

fn of_setting(setting: &RoleSetting) -> FindingBuilder {
    let found = SETTING.of(setting.role.as_str()).object(format!("setting {}", setting.name));
    match &setting.database {
        Some(database) => found.database(database),
        None => found,
    }
}

fn reset(setting: &RoleSetting) -> Repair {
    let database = setting.database.as_ref().map(DbName::as_str);
    reset_setting(Some(setting.role.as_str()), database, &setting.name)
}

fn on_role(
    audit: &Audit<'_>,
    service: &DesiredService,
    kind: RoleKind,
    setting: &RoleSetting,
) -> Option<FindingBuilder> {
    if is_declared(audit, service, kind, setting) {
        return None;
    }
    let RoleSetting { role, name, value, .. } = setting;
    let exposed = exposed_by_role(audit, setting);
    let foreign = name == "role" && audit.managed(value).is_none_or(|(other, _)| other.name != service.name);
    let severity = match name.as_str() {
        // As itself, which is the default.
        "role" if value == "none" || value == role.as_str() => Low,
        "role" if !foreign => High,
        "search_path"
            if exposed.is_none()
                && stays_inside(value, |name| {
                    is_own(service, name)
                        || is_sealed(audit, setting.database.as_ref().unwrap_or(&service.database), name)
                }) =>
        {
            Low
        }
        _ => weight(audit, name, value).max(least(exposed.as_ref())),
    };
    let seen = format!("{role} has {name} = {}{}", shown(name, value), session_text(exposed.as_ref()));
    let endangered = audit.service_of_role(value).filter(|_| name == "role").unwrap_or(service);
    let found = of_setting(setting).at(severity).service(Some(endangered)).evidence(seen);
    Some(found.fix(mended(audit, service, kind, setting)))
}

/// Sets the setting to its declared value, or resets it.
fn mended(audit: &Audit<'_>, service: &DesiredService, kind: RoleKind, setting: &RoleSetting) -> Repair {
    let RoleSetting { role, database, name, .. } = setting.clone();
    let declared = declared_settings(service, kind, &role);
    let Some(value) = declared.get(&(database.clone(), name.clone())).cloned() else { return reset(setting) };
    let action = Action::SetSetting { role: Some(role), database, name, value };
    Repair::alter(RepairScope::Server, script(&action, audit.actual.major(), &PASSWORDLESS).message())
}

fn is_declared(audit: &Audit<'_>, service: &DesiredService, kind: RoleKind, setting: &RoleSetting) -> bool {
    let RoleSetting { role, database, name, value } = setting;
    let place = database.as_ref().and_then(|database| audit.service_of(database.as_str()));
    let here = place.is_some_and(|place| place.name == service.name);
    let schemas: Vec<&str> = service.search_path.iter().map(|schema| schema.as_str()).collect();
    match name.as_str() {
        // The migrator acts as the owner, and an alternate login as its primary.
        "role" => here && value == service.role(acts_as(kind)).as_str() && value != role.as_str(),
        "search_path" => here && split_name_list(value) == schemas,
        _ => {
            let wanted = service.settings.get(name);
            wanted.is_some_and(|wanted| canonical_setting(name, wanted) == canonical_setting(name, value))
        }
    }
}

/// Hides a value that may be a secret.
fn shown(name: &str, value: &str) -> String {
    if super::secrets::announces(&format!("{name}={value}")) { "…".into() } else { value.into() }
}

fn sum(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    // Services do not compete for connections on an embedded server.
    if audit.desired.embedded {
        return;
    }
    let logins = audit.roles.all_managed().map(|(role, _, _)| &audit.actual.roles[role]);
    let sum: i64 =
        logins.filter(|found| found.login).map(|found| i64::from(found.connection_limit.max(0))).sum();
    let capacity = audit.actual.capacity;
    let room = capacity.max_connections.saturating_sub(capacity.reserved);
    if usize::try_from(sum).unwrap_or(0) > room {
        let seen = format!(
            "the limits of all services add up to {sum}; the server has {} connections, {} of them reserved",
            capacity.max_connections, capacity.reserved
        );
        out.push(LIMITS_SUM.of(PUBLIC).object("setting max_connections").evidence(seen));
    }
}
