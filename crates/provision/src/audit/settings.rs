//! Settings of roles, databases and the server, with which a session starts.

use super::context::Audit;
use super::roles::RoleClass;
use crate::catalog::FileSetting;
use crate::plan::{Action, PASSWORDLESS, declared_settings, same_setting, script};
use martydb_model::contract::acts_as;
use martydb_model::findings::Severity::{self, Critical, High, Low, Medium};
use martydb_model::findings::{FindingBuilder, PUBLIC};
use martydb_model::findings::{LIMITS_SUM, NO_TEMP_LIMIT, SERVER_SETTING, SETTING};
use martydb_model::grants::{Repair, RepairScope, ident, reset_setting};
use martydb_model::sql::{Literal, split_name_list, stmt};
use martydb_model::units::{canonical_setting, counted};
use martydb_model::{DbName, DesiredService, RoleKind, RoleName, RoleSetting};

pub fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for setting in audit.actual.role_settings.values().flatten() {
        match audit.roles.class_of(&setting.role) {
            RoleClass::Managed(service, kind) => out.extend(on_role(audit, service, kind, setting)),
            RoleClass::Trusted => out.extend(on_superuser(audit, setting)),
            RoleClass::Predefined | RoleClass::Unmanaged => {}
        }
    }
    for (database, found) in &audit.actual.databases {
        let service = audit.service_of(database.as_str());
        for (name, value) in found.settings.iter().filter(|_| service.is_some()) {
            // Of a database, whose setting is no login's own.
            let observes = |library: &str| OBSERVERS.contains(&library.trim_start_matches("$libdir/"));
            let observed = name == "session_preload_libraries" && stays_inside(value, observes);
            let inside = name == "search_path"
                && !hides_the_server(value)
                && service.is_some_and(|own| {
                    stays_inside(value, |name| is_own(own, name) || is_sealed(audit, database, name))
                });
            // A declared setting is not a finding unless it weakens isolation: that needs a reason in `allow:`.
            let declared = service.and_then(|own| own.parameters.settings.get(name));
            let declared = declared.is_some_and(|declared| same_setting(name, declared, value));
            if declared && weight(audit, name, value) == Low {
                continue;
            }
            let severity = if inside || observed { Low } else { weight(audit, name, value) };
            let seen = format!("database {database} has {name} = {}", shown(name, value));
            let repair = reset_setting(None, Some(database.as_str()), name);
            let finding = SETTING.of(PUBLIC).at(severity).service(service).database(database.as_str());
            out.push(finding.object(format!("setting {name}")).evidence(seen).fix(repair));
        }
    }
    for (name, value) in &audit.actual.everyones_settings {
        let seen = format!("every role has {name} = {}", shown(name, value));
        let found = SETTING.of(PUBLIC).at(weight(audit, name, value)).object(format!("setting {name}"));
        out.push(found.evidence(seen).fix(reset_setting(None, None, name)));
    }
    server(audit, out);
    temp_file_limit(audit, out);
    sum(audit, out);
}

/// Settings that only a superuser may set for others and that only make a session slower, faster, chattier or
/// shorter.
const HARMLESS: &[&str] = &[
    "commit_delay",
    "compute_query_id",
    "deadlock_timeout",
    "lc_messages",
    "update_process_title",
    "default_toast_compression",
    "max_stack_depth",
    "temp_file_limit",
    "wal_compression",
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
    "backslash_quote",
    "default_table_access_method",
    "local_preload_libraries",
    "password_encryption",
    "search_path",
];

/// Prefixes of settings of procedural languages that contain code.
const CODE: &[&str] = &["pljava.", "plperl.", "pllua.", "plpython", "plr.", "pltcl.", "plv8."];

/// Values of those settings on a new server.
const PLAIN: &[(&str, &str)] = &[
    ("default_table_access_method", "heap"),
    ("password_encryption", "scram-sha-256"),
    ("backslash_quote", "safe_encoding"),
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

/// Returns `true` if objects of others are found before PostgreSQL's: `pg_catalog` is first unless a path names
/// it later.
fn hides_the_server(path: &str) -> bool {
    split_name_list(path).iter().skip(1).any(|name| name == "pg_catalog")
}

/// Reports a superuser whose path has a service's schema before `pg_catalog`: it may call the service's functions.
fn on_superuser(audit: &Audit<'_>, setting: &RoleSetting) -> Option<FindingBuilder> {
    let RoleSetting { role, database, name, value } = setting;
    let is_trusted = |name: &str| audit.class_of(name) == RoleClass::Trusted;
    let (severity, what) = match name.as_str() {
        "search_path" if hides_the_server(value) => (Medium, "it may call functions of a service"),
        "role" if value != "none" && !is_trusted(value) => (High, "its sessions start as another role"),
        _ => return None,
    };
    let service = database.as_ref().and_then(|database| audit.service_of(database.as_str()));
    let seen = format!("the superuser {role} has {name} = {value}: {what}");
    Some(of_setting(setting).at(severity).service(service).evidence(seen).fix(reset(setting)))
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
    let foreign = name == "role" && audit.managed(value).is_none_or(|(other, _)| other.name != service.name);
    let severity = match name.as_str() {
        // As itself, which is the default.
        "role" if value == "none" || value == role.as_str() => Low,
        "role" if !foreign => High,
        "search_path"
            if stays_inside(value, |name| {
                is_own(service, name)
                    || is_sealed(audit, setting.database.as_ref().unwrap_or(&service.database), name)
            }) =>
        {
            Low
        }
        _ => weight(audit, name, value),
    };
    let seen = format!("{role} has {name} = {}", shown(name, value));
    let exposed = audit.service_of_role(value).filter(|_| name == "role").unwrap_or(service);
    let found = of_setting(setting).at(severity).service(Some(exposed)).evidence(seen);
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
    let schemas: Vec<&str> = service.schemas.iter().map(|schema| schema.as_str()).collect();
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

/// A setting that protects the whole server, with a test for values that do not.
type ProtectiveSetting = (&'static str, fn(&str) -> bool);

const FENCES: &[ProtectiveSetting] = &[
    ("lo_compat_privileges", |value| value == "on"),
    ("allow_system_table_mods", |value| value == "on"),
    ("session_replication_role", |value| value != "origin"),
    ("password_encryption", |value| value != "scram-sha-256" && value != "on"),
    ("dynamic_library_path", |value| value != "$libdir"),
    // Statements contain data, and every account of the host may read them.
    ("log_file_mode", |value| value.ends_with(['4', '5', '6', '7'])),
];

fn server(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    let settings = &audit.snapshot.state.parameters.settings;
    for (name, is_down) in FENCES {
        let written = last_line(audit, name).filter(|line| is_down(&as_shown(name, &line.value.0)));
        let value = settings.get(*name).filter(|value| is_down(value));
        // Before 14 initdb leaves MD5, but martydb sets SCRAM anyway.
        let usual = *name == "password_encryption" && audit.actual.major() < 14;
        let unused =
            *name == "log_file_mode" && settings.get("logging_collector").is_none_or(|on| on == "off");
        let seen = match (value, written) {
            _ if usual || unused => continue,
            (Some(value), _) => format!("{name} is {value}"),
            (None, Some(line)) => {
                let (file, number, value) = (&line.file, line.line, &line.value.0);
                format!("{name} will be {value} after the next reload or restart: {file}, line {number}")
            }
            (None, None) => continue,
        };
        let found = SERVER_SETTING.of(PUBLIC).object(format!("setting {name}")).evidence(seen);
        out.push(reset_on_server(audit, name, found));
    }
}

/// Returns a value of a file as `pg_settings` shows it (config-setting.html): for a Boolean any unambiguous word counts.
fn as_shown(name: &str, written: &str) -> String {
    match canonical_setting(name, written).as_str() {
        "true" | "tru" | "tr" | "t" | "yes" | "ye" | "y" | "1" if name != "log_file_mode" => "on".into(),
        value => value.into(),
    }
}

/// Returns the line of the configuration files that decides: the last one.
fn last_line<'a>(audit: &Audit<'a>, name: &str) -> Option<&'a FileSetting> {
    let mut lines = audit.snapshot.files.iter().flatten().rev();
    lines.find(|setting| setting.name.eq_ignore_ascii_case(name))
}

fn reset_on_server(audit: &Audit<'_>, name: &str, found: FindingBuilder) -> FindingBuilder {
    // ALTER SYSTEM writes only to its own file.
    let by_hand = last_line(audit, name).filter(|setting| !setting.file.ends_with("/postgresql.auto.conf"));
    if let Some(FileSetting { file, line, .. }) = by_hand {
        return found.advice(&format!("remove {name} from {file}, line {line}")).reload();
    }
    let reset = stmt!("ALTER SYSTEM RESET {name}", name = ident(name));
    let reload = stmt!("SELECT pg_catalog.pg_reload_conf()");
    let found = found.fix(Repair::alter(RepairScope::Server, reset).outside_transactions());
    found.fix(Repair::alter(RepairScope::Server, reload))
}

/// Reports logins without temp_file_limit. A role can neither set nor reset it, so a value of the role or of
/// the server holds. An admin that may not set it needs one grant for all logins: that is one finding, and a limit of the
/// server.
fn temp_file_limit(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    let mut limited = vec![];
    for (role, service, kind) in audit.roles.all_managed().filter(|(_, _, kind)| kind.logs_in()) {
        if !audit.actual.roles[role].login || effective_temp_file_limit(audit, role, service) != "-1" {
            continue;
        }
        let wanted = service.settings.get("temp_file_limit").map_or("1GB", String::as_str);
        let declared = wanted == "-1";
        if !declared && audit.actual.admin.forbidden_settings.contains("temp_file_limit") {
            limited.push((role, wanted));
            continue;
        }
        let close = stmt!("ALTER ROLE {role} SET temp_file_limit = {v}", v = Literal(wanted.into()));
        let seen =
            format!("the {} login {role} has no temp_file_limit, and neither has the server", kind.key());
        let found = NO_TEMP_LIMIT.of(role.as_str()).at(if declared { Low } else { Medium });
        let found = found.service(Some(service)).object(format!("role {role}")).evidence(seen);
        out.push(found.fix((!declared).then(|| Repair::alter(RepairScope::Server, close))));
    }
    out.extend((!limited.is_empty()).then(|| unlimited_logins(audit, &limited)));
}

/// Returns the finding about all logins that the admin cannot limit, with what a DBA can do: the grant, which is new in
/// PostgreSQL 15 (<https://www.postgresql.org/docs/15/sql-grant.html>), else the settings themselves.
fn unlimited_logins(audit: &Audit<'_>, logins: &[(&RoleName, &str)]) -> FindingBuilder {
    let admin = &audit.actual.admin.name;
    let evidence = format!(
        "{} of services have no temp_file_limit, and neither has the server; the admin {admin} may not set it",
        counted(logins.len(), "login")
    );
    let found = NO_TEMP_LIMIT.of(PUBLIC).at(Low).object("temp_file_limit").evidence(evidence);
    if audit.actual.major() >= 15 {
        let grant = stmt!("GRANT SET ON PARAMETER temp_file_limit TO {admin}", admin = ident(admin));
        return found.asking(&grant).advice("then martydb apply --all sets it");
    }
    logins.iter().fold(found, |found, (role, wanted)| {
        found.asking(&stmt!("ALTER ROLE {role} SET temp_file_limit = {v}", v = Literal((*wanted).to_owned())))
    })
}

/// Returns the value with which a login starts in its own database: the most specific setting wins, and among
/// equals the last.
fn effective_temp_file_limit<'a>(audit: &Audit<'a>, role: &RoleName, service: &DesiredService) -> &'a str {
    const NAME: &str = "temp_file_limit";
    let is_own = |setting: &&RoleSetting| {
        setting.name == NAME && setting.database.as_ref().is_none_or(|database| *database == service.database)
    };
    let of_role = audit
        .actual
        .role_settings
        .get(role)
        .into_iter()
        .flatten()
        .rev()
        .find(is_own)
        .map(|setting| &setting.value);
    let last_of = |settings: &'a [(String, String)]| {
        settings.iter().rev().find(|(name, _)| name == NAME).map(|(_, value)| value)
    };
    let of_database = || last_of(&audit.actual.databases.get(&service.database)?.settings);
    let of_all = || last_of(&audit.actual.everyones_settings);
    let of_server = || audit.snapshot.state.parameters.settings.get(NAME);
    of_role.or_else(of_database).or_else(of_all).or_else(of_server).map_or("-1", String::as_str)
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
