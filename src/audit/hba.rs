//! pg_hba.conf and pg_ident.conf: who is let in without proving anything. The file is what would be loaded next;
//! what is loaded now is for the probes to find out.

use super::context::Audit;
use super::roles::RoleClass;
use crate::catalog::{HbaLine, IdentLine};
use crate::findings::Severity::{Critical, High, Low};
use crate::findings::{FindingBuilder, FindingKind, HBA_CLEARTEXT, HBA_ERROR, HBA_MAP, HBA_TRUST, PUBLIC};
use crate::model::{DesiredService, RoleName};

pub fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    let lines = audit.snapshot.hba.as_deref().unwrap_or_default();
    for (at, line) in lines.iter().enumerate() {
        if let Some(error) = &line.error {
            out.push(HBA_ERROR.of(PUBLIC).object(place(line)).seen(error.clone()));
            continue;
        }
        if lines[..at].iter().any(|before| covers(before, line)) {
            continue;
        }
        match line.method.as_deref() {
            Some("trust") => trust(audit, line, out),
            Some("password") if !matches!(line.kind.as_deref(), Some("local" | "hostssl")) => {
                out.push(HBA_CLEARTEXT.of(who(line)).object(place(line)).seen(words(line)));
            }
            Some("peer" | "ident") => mapped(audit, line, out),
            Some("cert" | "gss" | "sspi") if map(line).is_some() => mapped(audit, line, out),
            _ => {}
        }
    }
}

/// Whether some line lets a role replicate; where the admin may not read the lines, one may.
pub fn may_replicate(audit: &Audit<'_>, role: &RoleName) -> bool {
    let Some(lines) = &audit.snapshot.hba else { return true };
    lines.iter().any(|line| {
        line.databases.iter().any(|database| database == "replication")
            && is_about(line, role.as_str())
            && line.method.as_deref() != Some("reject")
    })
}

/// From 16 on a file may include others.
fn place(line: &HbaLine) -> String {
    let file = line.file.as_deref().and_then(|path| path.rsplit('/').next()).unwrap_or("pg_hba.conf");
    format!("{file} line {}", line.line)
}

fn words(line: &HbaLine) -> String {
    let address = line.address.as_deref().map_or(String::new(), |address| format!(" {address}"));
    format!(
        "{}: {} {} {}{address} {}",
        place(line),
        line.kind.as_deref().unwrap_or("?"),
        line.databases.join(","),
        line.users.join(","),
        [&[line.method.clone().unwrap_or_default()], &line.options[..]].concat().join(" ")
    )
}

fn who(line: &HbaLine) -> String {
    match line.users.as_slice() {
        [one] if one != "all" => one.clone(),
        _ => PUBLIC.into(),
    }
}

fn covers(before: &HbaLine, line: &HbaLine) -> bool {
    let all = |names: &[String]| names.iter().any(|name| name == "all");
    // `all` does not mean replication.
    let databases = all(&before.databases) && !line.databases.iter().any(|name| name == "replication")
        || before.databases == line.databases;
    let users = all(&before.users) || before.users == line.users;
    let kinds = before.kind == line.kind
        || before.kind.as_deref() == Some("host")
            && line.kind.as_deref().is_some_and(|kind| kind.starts_with("host"));
    let address = before.address == line.address && before.netmask == line.netmask
        || before.address.as_deref() == Some("all");
    before.error.is_none() && databases && users && kinds && address
}

fn trust(audit: &Audit<'_>, line: &HbaLine, out: &mut Vec<FindingBuilder>) {
    let local = line.kind.as_deref() == Some("local");
    let service = exposed(audit, line);
    // Any process of the host is a superuser then: only where the operator is alone there is that no door.
    let closed = local && service.is_none() && only_trusted(audit, line);
    let found = HBA_TRUST.of(who(line)).at(if closed { High } else { Critical });
    out.push(found.service(service).object(place(line)).seen(words(line)));
}

/// The one service whose roles, group or database a line names.
fn exposed<'a>(audit: &Audit<'a>, line: &HbaLine) -> Option<&'a DesiredService> {
    let of_user = |user: &str| audit.service_of_role(user.trim_start_matches('+'));
    match (line.users.as_slice(), line.databases.as_slice()) {
        ([user], _) if user != "all" => of_user(user),
        (_, [database]) => audit.service_of(database),
        _ => None,
    }
}

fn only_trusted(audit: &Audit<'_>, line: &HbaLine) -> bool {
    !line.users.is_empty() && line.users.iter().all(|user| audit.class_of(user) == RoleClass::Trusted)
}

fn map(line: &HbaLine) -> Option<&str> {
    line.options.iter().find_map(|option| option.strip_prefix("map="))
}

/// Whether a line is about this role, as far as it says so by name.
fn is_about(line: &HbaLine, role: &str) -> bool {
    line.users.iter().any(|user| user == "all" || user == role || user.starts_with(['+', '/', '@']))
}

fn mapped(audit: &Audit<'_>, line: &HbaLine, out: &mut Vec<FindingBuilder>) {
    let found = |kind: &FindingKind, seen: String| kind.of(who(line)).object(place(line)).seen(seen);
    match (map(line), &audit.snapshot.ident) {
        // ident over the network believes whatever the other host says.
        (None, _) if line.kind.as_deref() != Some("local") => out.push(found(HBA_TRUST, words(line))),
        (None, _) => {}
        (Some(map), Some(ident)) => {
            let due =
                |entry: &&IdentLine| entry.map == map && (is_wild(entry) || is_about(line, &entry.role));
            out.extend(ident.iter().filter(due).filter_map(|entry| map_entry(audit, line, entry)));
        }
        // The admin may not read the maps.
        (Some(_), None) if only_trusted(audit, line) => {}
        (Some(map), None) => {
            out.push(found(HBA_MAP, format!("{}, and the map {map} cannot be read", words(line))));
        }
    }
}

/// Whether an entry lets an account be more than one role.
fn is_wild(entry: &IdentLine) -> bool {
    entry.role == "all" || entry.role.starts_with(['/', '+']) || entry.role.contains('\\')
}

fn map_entry(audit: &Audit<'_>, line: &HbaLine, entry: &IdentLine) -> Option<FindingBuilder> {
    let service = audit.service_of_role(&entry.role);
    let any = is_wild(entry);
    let regex = entry.system.starts_with('/') || entry.system == "all";
    let severity = match audit.class_of(&entry.role) {
        _ if service.is_some() || any || regex => Critical,
        RoleClass::Trusted => Low,
        _ => return None,
    };
    let role = if any { PUBLIC } else { entry.role.as_str() };
    let seen = format!(
        "{} and pg_ident.conf line {}: the account {} may be {}",
        words(line),
        entry.line,
        entry.system,
        entry.role
    );
    let found = HBA_MAP.of(role).at(severity).service(service);
    Some(found.object(format!("pg_ident.conf line {}", entry.line)).seen(seen))
}
