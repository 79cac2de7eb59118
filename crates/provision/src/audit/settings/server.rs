//! Settings of the whole server, as they are and as the configuration files will make them.

use super::super::context::Audit;
use crate::catalog::FileSetting;
use martydb_model::findings::{FindingBuilder, PUBLIC, SERVER_SETTING};
use martydb_model::grants::{Repair, RepairScope, ident};
use martydb_model::sql::stmt;
use martydb_model::units::canonical_setting;

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

pub fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
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
pub fn as_shown(name: &str, written: &str) -> String {
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
