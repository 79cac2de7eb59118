//! Settings of the whole server that differ from what initdb gives and open something, as they are and as the configuration
//! files will make them.
//!
//! Harmless differences are not reported: addresses, folders, names, limits and a package's entries in its own
//! postgresql.conf. The value of initdb is the server's own (`boot_val`): none of these is one that initdb writes.

use super::super::context::Audit;
use super::super::search_paths::hides_the_server;
use martydb_catalog::FileSetting;
use martydb_model::findings::Severity::{Low, Medium};
use martydb_model::findings::{FindingBuilder, PUBLIC, SERVER_SETTING};
use martydb_model::grants::{Repair, RepairScope, ident};
use martydb_model::sql::{Literal, split_name_list, stmt};
use martydb_model::units::canonical_setting;

/// A setting that protects the whole server.
struct ServerSetting {
    name: &'static str,
    /// Returns `true` for values that do not protect.
    is_down: fn(&str) -> bool,
    /// Effect of such a value.
    opens: &'static str,
    used: SettingUse,
}

/// Servers on which a setting has an effect.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SettingUse {
    Always,
    /// Files of a provider's server lie elsewhere.
    Files,
    Logs,
    Tls,
    Kerberos,
    /// Before 14 initdb leaves MD5, but martydb sets SCRAM anyway.
    Since14,
}

use SettingUse::{Always, Files, Kerberos, Logs, Since14, Tls};

const fn setting(
    name: &'static str,
    used: SettingUse,
    is_down: fn(&str) -> bool,
    opens: &'static str,
) -> ServerSetting {
    ServerSetting { name, is_down, opens, used }
}

const PLACED: &str = "code of the server is loaded from another folder";

const SETTINGS: &[ServerSetting] = &[
    setting("lo_compat_privileges", Always, is_on, "every role may read and change large objects"),
    setting("allow_system_table_mods", Always, is_on, "superusers change the server's own objects"),
    setting("session_replication_role", Always, |v| v != "origin", "triggers and foreign keys do not act"),
    setting(
        "password_encryption",
        Since14,
        |v| v != "scram-sha-256" && v != "on",
        "verifiers work as passwords",
    ),
    setting("scram_iterations", Always, is_fast, "passwords are guessed faster from their verifiers"),
    setting("db_user_namespace", Always, is_on, "the name of a login depends on the database"),
    setting("backslash_quote", Always, is_on, "a quote may end a literal that a client has escaped"),
    setting(
        "superuser_reserved_connections",
        Always,
        |v| v == "0",
        "other logins may take the last connection",
    ),
    setting(
        "search_path",
        Always,
        hides_the_server,
        "sessions find functions of other roles before the server's",
    ),
    setting("dynamic_library_path", Files, |v| v != "$libdir", PLACED),
    setting(
        "extension_control_path",
        Files,
        |v| v != "$system",
        "scripts of extensions are read from another folder",
    ),
    setting(
        "extension_destdir",
        Files,
        |v| !v.is_empty(),
        "scripts of extensions are read from another folder",
    ),
    setting("shared_preload_libraries", Files, is_elsewhere, PLACED),
    setting("session_preload_libraries", Files, is_elsewhere, PLACED),
    setting("local_preload_libraries", Files, is_elsewhere, PLACED),
    setting("archive_library", Files, is_elsewhere, PLACED),
    setting("oauth_validator_libraries", Files, is_elsewhere, PLACED),
    setting("jit_provider", Files, is_elsewhere, PLACED),
    // Statements contain data.
    setting(
        "log_file_mode",
        Logs,
        |v| v.ends_with(['4', '5', '6', '7']),
        "every account of the host reads the log",
    ),
    setting(
        "ssl_min_protocol_version",
        Tls,
        |v| ["", "tlsv1", "tlsv1.1"].contains(&v),
        "broken versions of TLS are accepted",
    ),
    setting("ssl_ciphers", Tls, is_weak, "connections may be unencrypted or to anyone"),
    setting("krb_caseins_users", Kerberos, is_on, "principals that differ in capitals are one login"),
    setting("gss_accept_delegation", Kerberos, is_on, "clients lend their credentials to the server"),
];

fn is_on(value: &str) -> bool {
    value == "on"
}

/// Returns `true` for fewer rounds than the standard asks for (RFC 7677); 1 is read as a Boolean.
fn is_fast(value: &str) -> bool {
    value == "on" || value.parse::<u32>().is_ok_and(|rounds| rounds < 4096)
}

/// Returns `true` if a library has a path of its own: one without is found in the server's folder.
fn is_elsewhere(value: &str) -> bool {
    split_name_list(value).iter().any(|name| name.contains('/') && !name.starts_with("$libdir/"))
}

/// Returns `true` for OpenSSL's words for suites without encryption or without a certificate, unless they are excluded.
fn is_weak(value: &str) -> bool {
    let words: Vec<&str> = value.split([':', ',', ' ']).collect();
    let names = |all: &[&str]| words.iter().any(|word| all.contains(word));
    // ALL has no suite without encryption.
    let plain = names(&["null", "enull", "complementofall"]) && !names(&["!null", "!enull"]);
    plain || names(&["anull", "adh", "aecdh", "all", "complementofdefault"]) && !names(&["!anull"])
}

pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    let parameters = &audit.snapshot.state.parameters;
    for row in SETTINGS.iter().filter(|row| is_used(audit, row.used)) {
        let name = row.name;
        let written = last_line(audit, name).filter(|line| (row.is_down)(&as_shown(name, &line.value.0)));
        let value = parameters.settings.get(name).filter(|value| (row.is_down)(&value.to_lowercase()));
        let seen = match (value, written) {
            (Some(value), _) => format!("{name} is {value}"),
            // The admin's own sessions have another path.
            (None, Some(line)) if name == "search_path" => format!("{name} is {}", line.value.0),
            (None, Some(line)) => {
                let (file, number, value) = (&line.file, line.line, &line.value.0);
                format!("{name} will be {value} after the next reload or restart: {file}, line {number}")
            }
            (None, None) => continue,
        };
        let usual = parameters.defaults.get(name).map_or("", String::as_str);
        let was = if usual.is_empty() { "nothing" } else { usual };
        let major = audit.actual.major();
        let seen = format!("{seen}: {}; initdb of PostgreSQL {major} gives {was}", row.opens);
        // A provider changes the server that it sells.
        let sold = row.used == Files && audit.desired.platform.is_some();
        let found = SERVER_SETTING.of(PUBLIC).at(if sold { Low } else { Medium });
        out.push(reset_on_server(audit, row, found.object(format!("setting {name}")).evidence(seen)));
    }
}

fn is_used(audit: &Audit<'_>, used: SettingUse) -> bool {
    let is = |name: &str, value: &str| {
        let now = audit.snapshot.state.parameters.settings.get(name).is_some_and(|now| now == value);
        now || last_line(audit, name).is_some_and(|line| as_shown(name, &line.value.0) == value)
    };
    match used {
        Always | Files => true,
        Since14 => audit.actual.major() >= 14,
        Logs => is("logging_collector", "on"),
        Tls => is("ssl", "on"),
        Kerberos => {
            let mut lines = audit.snapshot.hba.iter().flatten();
            lines.any(|line| matches!(line.method.as_deref(), Some("gss" | "sspi")))
        }
    }
}

/// Returns a value of a file as `pg_settings` shows it (config-setting.html): for a Boolean any unambiguous word counts.
pub(crate) fn as_shown(name: &str, written: &str) -> String {
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

/// Returns the value of initdb, if one literal writes it and the rule accepts it: a list of names would be quoted as one name.
fn overriding(audit: &Audit<'_>, row: &ServerSetting) -> Option<Literal> {
    let usual = audit.snapshot.state.parameters.defaults.get(row.name)?;
    let is_list = row.name == "search_path" || row.name.ends_with("_libraries");
    (!is_list && !(row.is_down)(&usual.to_lowercase())).then(|| Literal(usual.clone()))
}

fn reset_on_server(audit: &Audit<'_>, row: &ServerSetting, found: FindingBuilder) -> FindingBuilder {
    let name = row.name;
    let line = last_line(audit, name);
    if line.is_none() && audit.snapshot.files.is_some() {
        let step = format!("no file sets {name}: if it stays, remove it from the server's command line");
        return found.fix(reload()).advice(&step);
    }
    // ALTER SYSTEM writes only to its own file.
    let by_hand = line.filter(|setting| !setting.file.ends_with("/postgresql.auto.conf"));
    let advised = |file: &str, line| format!("remove {name} from {file}, line {line}");
    let (change, found) = match (by_hand, overriding(audit, row)) {
        (None, _) => (stmt!("ALTER SYSTEM RESET {name}", name = ident(name)), found),
        // The file of ALTER SYSTEM is read last.
        (Some(FileSetting { file, line, .. }), Some(value)) => (
            stmt!("ALTER SYSTEM SET {name} = {value}", name = ident(name)),
            found.advice(&advised(file, line)),
        ),
        (Some(FileSetting { file, line, .. }), None) => return found.advice(&advised(file, line)).reload(),
    };
    let found = found.fix(Repair::alter(RepairScope::Server, change).outside_transactions());
    found.fix(reload())
}

fn reload() -> Repair {
    Repair::alter(RepairScope::Server, stmt!("SELECT pg_catalog.pg_reload_conf()"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_packages_and_operators_are_not_findings() {
        for value in
            ["HIGH:MEDIUM:+3DES:!aNULL", "HIGH:!aNULL:!MD5", "ECDHE-RSA-AES256-GCM-SHA384", "ALL:!aNULL"]
        {
            assert!(!is_weak(&value.to_lowercase()), "{value}");
        }
        for value in ["ALL", "HIGH:aNULL", "NULL-SHA:eNULL", "COMPLEMENTOFALL", "HIGH:ADH"] {
            assert!(is_weak(&value.to_lowercase()), "{value}");
        }
        for value in
            ["", "pg_stat_statements, auto_explain", "$libdir/passwordcheck", "\"$libdir/a\",pg_cron"]
        {
            assert!(!is_elsewhere(value), "{value}");
        }
        for value in ["/tmp/x", "pg_cron,/srv/lib/x.so", "'../x'"] {
            assert!(is_elsewhere(value), "{value}");
        }
        assert!(is_fast("1000") && is_fast("on") && !is_fast("4096") && !is_fast("100000"));
    }
}
