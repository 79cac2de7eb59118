//! Settings of roles, databases and the server: what a session starts with.

use super::found::{Found, Look, PUBLIC, ident};
use super::kinds::{LIMITS_SUM, NO_TEMP_LIMIT, SERVER_SETTING, SETTING};
use crate::model::{DesiredService, RoleKind, RoleName, RoleSetting};
use crate::probe::Severity::{self, Critical, High, Low, Medium};
use crate::sql::{Qualified, split_name_list};
use crate::stmt;
use crate::units::canonical_setting;

pub fn audit(look: &Look<'_>, out: &mut Vec<Found>) {
    for setting in &look.actual.role_settings {
        if let Some((service, kind)) = look.roles.managed(&setting.role) {
            on_role(look, service, kind, setting, out);
        }
    }
    for (database, found) in &look.actual.databases {
        let service = look.service_of(database.as_str());
        for (name, value) in found.settings.iter().filter(|_| service.is_some()) {
            let inside = name == "search_path" && service.is_some_and(|own| stays_inside(own, value));
            let severity = if inside { Low } else { weight(look, name) };
            let seen = format!("database {database} has {name} = {}", shown(name, value));
            let close = stmt!("ALTER DATABASE {db} RESET {name}", db = database, name = parameter(name));
            let finding = SETTING.of(PUBLIC).at(severity).service(service).database(database.as_str());
            out.push(finding.object(format!("setting {name}")).seen(seen).close(close));
        }
    }
    for (name, value) in &look.actual.everyones_settings {
        let close = stmt!("ALTER ROLE ALL RESET {name}", name = parameter(name));
        let seen = format!("every role has {name} = {}", shown(name, value));
        out.push(
            SETTING
                .of(PUBLIC)
                .at(weight(look, name))
                .object(format!("setting {name}"))
                .seen(seen)
                .close(close),
        );
    }
    server(look, out);
    temp_file_limit(look, out);
    sum(look, out);
}

/// Settings that only a superuser may put on others and that only make a session slower, faster, chattier or shorter.
const HARMLESS: &[&str] = &[
    "compute_query_id",
    "deadlock_timeout",
    "default_toast_compression",
    "max_stack_depth",
    "temp_file_limit",
];

/// The same, by how they begin: they say what is written to the log, and what is counted.
const HARMLESS_KINDS: &[&str] = &["log_", "track_", "auto_explain.", "pg_stat_statements.", "pgaudit."];

/// Settings that load code, change who one is, or take a fence away.
const GRAVE: &[(&str, Severity)] =
    &[("role", Critical), ("session_authorization", Critical), ("dynamic_library_path", High)];

/// What every session may set for itself, and that yet decides which code runs or how passwords are kept.
const RISKY: &[&str] = &[
    "backslash_quote",
    "default_table_access_method",
    "local_preload_libraries",
    "password_encryption",
    "search_path",
];

/// Procedural languages have settings that are code.
const CODE: &[&str] = &["pljava.", "plperl.", "pllua.", "plpython", "plr.", "pltcl.", "plv8."];

fn weight(look: &Look<'_>, name: &str) -> Severity {
    let name = name.to_ascii_lowercase();
    let begins = |all: &[&str]| all.iter().any(|start| name.starts_with(start));
    // Whoever may set it anyway gains nothing by finding it set; a name with a dot that the server does not know
    // is the application's own.
    let own = look.facts.cluster.user_settings.contains(&name) || name.contains('.') && !begins(CODE);
    let harmless = HARMLESS.contains(&name.as_str()) || begins(HARMLESS_KINDS);
    match GRAVE.iter().find(|row| row.0 == name) {
        Some(row) => row.1,
        None if harmless || own && !RISKY.contains(&name.as_str()) => Low,
        // What a setting does that we do not know is not known.
        None => Medium,
    }
}

/// Whether a path leads only to what is the service's own anyway.
fn stays_inside(service: &DesiredService, path: &str) -> bool {
    let own = |name: &str| {
        ["pg_catalog", "pg_temp", "public", "$user"].contains(&name)
            || service.schemas.iter().any(|schema| schema.as_str() == name)
    };
    split_name_list(path).iter().all(|name| own(name))
}

fn on_role(
    look: &Look<'_>,
    service: &DesiredService,
    kind: RoleKind,
    setting: &RoleSetting,
    out: &mut Vec<Found>,
) {
    if is_declared(service, kind, setting) {
        return;
    }
    let RoleSetting { role, database, name, value } = setting;
    let foreign = name == "role" && look.managed(value).is_none_or(|(other, _)| other.name != service.name);
    let severity = match name.as_str() {
        // As itself, which it is without.
        "role" if value == "none" || value == role.as_str() => Low,
        "role" if !foreign => High,
        "search_path" if stays_inside(service, value) => Low,
        _ => weight(look, name),
    };
    let place = database.as_ref().map_or(stmt!(""), |database| stmt!(" IN DATABASE {db}", db = database));
    let close =
        stmt!("ALTER ROLE {role}{place} RESET {name}", role = role, place = place, name = parameter(name));
    let seen = format!("{role} has {name} = {}", shown(name, value));
    let exposed =
        if name == "role" { look.managed(value).map_or(service, |(other, _)| other) } else { service };
    let finding = SETTING
        .of(role.as_str())
        .at(severity)
        .service(Some(exposed))
        .object(format!("setting {name}"))
        .seen(seen);
    out.push(
        match database {
            Some(database) => finding.database(database.as_str()),
            None => finding,
        }
        .close(close),
    );
}

fn is_declared(service: &DesiredService, kind: RoleKind, setting: &RoleSetting) -> bool {
    let RoleSetting { role, database, name, value } = setting;
    let here = database.as_ref() == Some(&service.database);
    let schemas: Vec<&str> = service.schemas.iter().map(|schema| schema.as_str()).collect();
    match name.as_str() {
        // The migrator acts as the owner, and the twin of another login as that login.
        "role" => here && value == acts_as(service, kind).as_str() && value != role.as_str(),
        "search_path" => here && split_name_list(value) == schemas,
        _ => {
            let wanted = service.settings.get(name);
            wanted.is_some_and(|wanted| canonical_setting(name, wanted) == canonical_setting(name, value))
        }
    }
}

/// Whom a login, or its twin, is to be in its own database.
fn acts_as(service: &DesiredService, kind: RoleKind) -> &RoleName {
    match kind {
        RoleKind::Migrator => service.role(RoleKind::Owner),
        kind => service.role(kind),
    }
}

/// A value that may be a secret is not printed again.
fn shown(name: &str, value: &str) -> String {
    if super::secrets::announces(&format!("{name}={value}")) { "…".into() } else { value.into() }
}

fn parameter(name: &str) -> Qualified {
    Qualified(name.split('.').map(String::from).collect())
}

/// Fences of the whole server: the setting and the value that is not safe.
const FENCES: &[(&str, &str)] = &[
    ("lo_compat_privileges", "on"),
    ("allow_system_table_mods", "on"),
    ("session_replication_role", "replica"),
    ("session_replication_role", "local"),
    ("row_security", "off"),
];

fn server(look: &Look<'_>, out: &mut Vec<Found>) {
    for (name, bad) in FENCES {
        // The session that looks has row_security off itself.
        if *name != "row_security" && look.facts.cluster.settings.get(*name).is_some_and(|value| value == bad)
        {
            let close = stmt!("ALTER SYSTEM RESET {name}", name = ident(name));
            out.push(
                SERVER_SETTING
                    .of(PUBLIC)
                    .object(format!("setting {name}"))
                    .seen(format!("{name} is {bad}"))
                    .close(close)
                    .close(stmt!("SELECT pg_catalog.pg_reload_conf()")),
            );
        }
    }
}

/// A role can neither set nor reset it: whatever is put on the role, or on the server, holds.
fn temp_file_limit(look: &Look<'_>, out: &mut Vec<Found>) {
    let server = look.facts.cluster.settings.get("temp_file_limit").map_or("-1", String::as_str);
    for (role, service, kind) in look.roles.all_managed().filter(|(_, _, kind)| *kind != RoleKind::Owner) {
        let here =
            |database: Option<&str>| database.is_none_or(|database| database == service.database.as_str());
        let own = look.actual.role_settings.iter().filter(|setting| {
            setting.role == *role
                && setting.name == "temp_file_limit"
                && here(setting.database.as_ref().map(|db| db.as_str()))
        });
        let of_database =
            look.actual.databases.get(&service.database).into_iter().flat_map(|found| &found.settings);
        let of_database =
            of_database.filter(|(name, _)| name == "temp_file_limit").map(|(_, value)| value.as_str());
        // The most specific one wins; the last of these is it.
        let mut values: Vec<&str> = vec![server];
        values.extend(
            look.actual
                .everyones_settings
                .iter()
                .filter(|(name, _)| name == "temp_file_limit")
                .map(|(_, v)| v.as_str()),
        );
        values.extend(of_database);
        values.extend(own.map(|setting| setting.value.as_str()));
        if values.last() != Some(&"-1") || !look.actual.roles[role].login {
            continue;
        }
        let wanted = service.settings.get("temp_file_limit").map_or("1GB", String::as_str);
        let declared = wanted == "-1";
        let close = stmt!(
            "ALTER ROLE {role} SET temp_file_limit = {v}",
            role = role,
            v = crate::sql::Literal(wanted.into())
        );
        let severity = if declared { Low } else { Medium };
        let finding = NO_TEMP_LIMIT
            .of(role.as_str())
            .at(severity)
            .service(Some(service))
            .object(format!("role {role}"));
        let finding = finding.seen(format!(
            "the {} login {role} has no temp_file_limit, and neither has the server",
            kind.key()
        ));
        out.push(if declared { finding } else { finding.close(close) });
    }
}

fn sum(look: &Look<'_>, out: &mut Vec<Found>) {
    let logins = look.roles.all_managed().map(|(role, _, _)| &look.actual.roles[role]);
    let sum: i64 =
        logins.filter(|found| found.login).map(|found| i64::from(found.connection_limit.max(0))).sum();
    let capacity = look.actual.capacity;
    let room = capacity.max_connections.saturating_sub(capacity.reserved);
    if usize::try_from(sum).unwrap_or(0) > room {
        let seen = format!(
            "the limits of all services add up to {sum}; the server has {} connections, {} of them reserved",
            capacity.max_connections, capacity.reserved
        );
        out.push(LIMITS_SUM.of(PUBLIC).object("setting max_connections").seen(seen));
    }
}
