//! Settings of roles, databases, all roles and the server: every session can read most of them.

use super::text::{Text, named};
use super::words::announces;
use crate::audit::context::Audit;
use martydb_catalog::{FileSetting, KnownPasswords, users_with_passwords};
use martydb_model::findings::Severity::{Critical, Medium};
use martydb_model::findings::{FindingBuilder, PUBLIC, SECRET, UNSEARCHED};
use martydb_model::grants::reset_setting;
use martydb_model::{DbName, is_cut};

/// Role and database of a setting, its name and its value.
type Setting<'a> = (Option<&'a str>, Option<&'a str>, &'a String, &'a String);

/// Parameters that only superusers and members of `pg_read_all_settings` can read.
const RESTRICTED: &[&str] = &[
    "config_file", "data_directory", "dynamic_library_path", "external_pid_file", "hba_file", "ident_file",
    "krb_server_keyfile", "local_preload_libraries", "log_directory", "log_filename", "primary_conninfo",
    "recovery_init_sync_method", "session_preload_libraries", "shared_preload_libraries",
    "ssl_passphrase_command", "unix_socket_directories",
];

const READERS: &str = "pg_read_all_settings";

pub(crate) fn texts<'a>(audit: &Audit<'a>) -> Vec<Text<'a>> {
    let of_catalog = stored(audit).map(|row| {
        let (role, database, name, value) = row;
        let (object, service) = match (role, database) {
            (Some(role), _) => (format!("role {role}"), audit.service_of_role(role)),
            (None, Some(database)) => (format!("database {database}"), audit.service_of(database)),
            (None, None) => ("all roles".to_owned(), None),
        };
        let (text, what) = (format!("{name}={value}"), format!("the setting {name}"));
        Text { text, what, object, service, repair: Some(reset_setting(role, database, name)) }
    });
    let of_files = audit.snapshot.files.iter().flatten().filter(|one| !is_restricted(one));
    let of_files = of_files.map(|one| Text {
        text: format!("{}={}", one.name, one.value.0),
        what: format!("the setting {}", one.name),
        object: "the server's configuration files".into(),
        service: None,
        repair: None,
    });
    of_catalog.chain(of_files).collect()
}

/// Returns settings of roles, databases and all roles in the catalog.
fn stored<'a>(audit: &Audit<'a>) -> impl Iterator<Item = Setting<'a>> {
    let of_databases = audit.actual.databases.iter().flat_map(|(database, found)| {
        found.settings.iter().map(|(name, value)| (None, Some(database.as_str()), name, value))
    });
    let of_roles = audit.actual.role_settings.values().flatten().map(|row| {
        (Some(row.role.as_str()), row.database.as_ref().map(DbName::as_str), &row.name, &row.value)
    });
    let of_all = audit.actual.everyones_settings.iter().map(|(name, value)| (None, None, name, value));
    of_databases.chain(of_roles).chain(of_all)
}

fn is_restricted(setting: &FileSetting) -> bool {
    RESTRICTED.contains(&setting.name.to_ascii_lowercase().as_str())
}

/// Reports passwords in settings for standby connections to the logins that may read them; a standby needs them
/// stored there.
pub(crate) fn judge_restricted(audit: &Audit<'_>, known: KnownPasswords<'_>, out: &mut Vec<FindingBuilder>) {
    for one in audit.snapshot.files.iter().flatten().filter(|one| is_restricted(one)) {
        let text = format!("{}={}", one.name, one.value.0);
        let (severity, whose, words) = match known(&text) {
            Some(whose) => (Critical, Some(whose), "contains a password of the secret store"),
            None if leads_to_everything(audit, &text) => {
                (Critical, None, "contains the password of a role that can copy or change everything")
            }
            None if announces(&text) => (Medium, None, "looks like a secret"),
            None => continue,
        };
        for reader in audit.actors(READERS) {
            let found = SECRET.of(reader).at(severity);
            let found = found.service(whose.as_ref().and_then(|whose| named(audit, whose)));
            let seen = format!(
                "the setting {} {words}, and {reader} can read it as a member of {READERS}",
                one.name
            );
            out.push(found.object(format!("setting {}", one.name)).evidence(seen));
        }
    }
}

/// Returns `true` if the text holds a password of a superuser or of a role that replicates, which can copy the whole
/// cluster with `BASE_BACKUP`.
fn leads_to_everything(audit: &Audit<'_>, text: &str) -> bool {
    let users = users_with_passwords(text);
    audit
        .actual
        .roles
        .iter()
        .any(|(role, found)| (found.superuser || found.replication) && users.contains(role.as_str()))
}

/// Reports settings that were cut: the rest of a value may contain anything.
pub(crate) fn judge_cut(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for (role, database, name, _) in stored(audit).filter(|(_, _, _, value)| is_cut(value)) {
        let service = role.map_or_else(
            || database.and_then(|database| audit.service_of(database)),
            |role| audit.service_of_role(role),
        );
        let seen = format!("the setting {name} is too long to be searched for passwords of the secret store");
        let found = UNSEARCHED.of(role.unwrap_or(PUBLIC)).service(service).object(format!("setting {name}"));
        out.push(found.evidence(seen).fix(reset_setting(role, database, name)));
    }
    for one in audit.snapshot.files.iter().flatten().filter(|one| one.cut) {
        let seen = format!("the setting {} of the server's configuration files is too long", one.name);
        out.push(UNSEARCHED.of(PUBLIC).object(format!("setting {}", one.name)).evidence(seen));
    }
}
