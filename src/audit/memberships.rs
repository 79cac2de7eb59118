//! Roles: attributes, memberships, passwords, limits.

use super::found::{Found, Look};
use super::kinds::{
    ADMIN_OPTION, ATTRIBUTE, FOREIGN_MEMBER, GROUP, MD5, NO_LIMIT, NO_PASSWORD, ORPHANS, OWN_MEMBER,
    OWNER_LOGIN, PREDEFINED, SUPERUSERS, UNMANAGED_MEMBER, UNMANAGED_POWER,
};
use super::who::{Reached, Who};
use crate::model::{ActualRole, DesiredService, Membership, RoleKind, RoleName};
use crate::plan::orphans;
use crate::probe::Severity::{self, Critical, High, Low, Medium};
use crate::sql::{Keyword, Statement};
use crate::stmt;

pub fn audit(look: &Look<'_>, out: &mut Vec<Found>) {
    for (role, service, kind) in look.roles.all_managed() {
        let found = &look.actual.roles[role];
        attributes(look, role, service, found, out);
        inherits(look, role, service, kind, out);
        login(look, role, service, kind, found, out);
        admin_option(look, role, service, out);
        let reached = look.roles.reached(role);
        // With ADMIN alone this way differs from what is declared, and that is told above.
        let declared = |reached: &&Reached<'_>| {
            kind == RoleKind::Migrator && reached.role == service.role(RoleKind::Owner)
        };
        reached
            .iter()
            .filter(|reached| !declared(reached))
            .for_each(|reached| membership(look, role, service, kind, reached, out));
    }
    for role in look.roles.strangers() {
        stranger(look, role, out);
    }
    orphans(look, out);
    let others = look.actual.roles.iter().filter(|(name, found)| {
        found.superuser
            && found.login
            && ![&look.actual.admin.name, &look.actual.bootstrap].contains(&&name.to_string())
    });
    for (role, _) in others.filter(|(name, _)| look.roles.managed(name).is_none()) {
        out.push(SUPERUSERS.of(role.as_str()).seen(format!("{role} is a superuser and may log in")));
    }
}

/// An attribute that no role of a service may have.
struct Attribute {
    has: fn(&ActualRole) -> bool,
    word: &'static str,
    off: &'static str,
    severity: Severity,
}

const ATTRIBUTES: &[Attribute] = &[
    Attribute { has: |role| role.superuser, word: "SUPERUSER", off: "NOSUPERUSER", severity: Critical },
    Attribute { has: |role| role.createdb, word: "CREATEDB", off: "NOCREATEDB", severity: Medium },
    Attribute { has: |role| role.createrole, word: "CREATEROLE", off: "NOCREATEROLE", severity: Critical },
    Attribute { has: |role| role.replication, word: "REPLICATION", off: "NOREPLICATION", severity: Critical },
    Attribute { has: |role| role.bypassrls, word: "BYPASSRLS", off: "NOBYPASSRLS", severity: Medium },
];

fn attributes(
    look: &Look<'_>,
    role: &RoleName,
    service: &DesiredService,
    found: &ActualRole,
    out: &mut Vec<Found>,
) {
    for row in ATTRIBUTES.iter().filter(|row| (row.has)(found)) {
        // From 16 on CREATEROLE reaches the roles that it made itself, and no others.
        let severity =
            if row.word == "CREATEROLE" && look.actual.major() >= 16 { High } else { row.severity };
        out.push(
            ATTRIBUTE
                .of(role.as_str())
                .at(severity)
                .service(Some(service))
                .object(format!("role {role}"))
                .seen(format!("{role} is {}", row.word))
                .close(stmt!("ALTER ROLE {role} {off}", role = role, off = Keyword(row.off))),
        );
    }
}

/// The migrator is to act as the owner by saying so. From 16 on the membership decides, and not the role.
fn inherits(
    look: &Look<'_>,
    role: &RoleName,
    service: &DesiredService,
    kind: RoleKind,
    out: &mut Vec<Found>,
) {
    if kind == RoleKind::Migrator && look.actual.roles[role].inherit {
        let severity = if look.actual.major() < 16 { Medium } else { Low };
        let finding =
            ATTRIBUTE.of(role.as_str()).at(severity).service(Some(service)).object(format!("role {role}"));
        let finding = finding.seen(format!("{role} is INHERIT: it holds the owner's rights all the time"));
        out.push(finding.close(stmt!("ALTER ROLE {role} NOINHERIT", role = role)));
    }
}

fn login(
    look: &Look<'_>,
    role: &RoleName,
    service: &DesiredService,
    kind: RoleKind,
    found: &ActualRole,
    out: &mut Vec<Found>,
) {
    let object = format!("role {role}");
    if kind == RoleKind::Owner {
        if found.login {
            let close = stmt!("ALTER ROLE {role} NOLOGIN", role = role);
            out.push(OWNER_LOGIN.of(role.as_str()).service(Some(service)).object(object).close(close));
        }
        return;
    }
    let wanted = service.connection_limit.get(&kind).copied().unwrap_or(-1);
    if found.connection_limit < 0 && found.login {
        let limit = if wanted < 0 { Low } else { Medium };
        let finding = NO_LIMIT.of(role.as_str()).at(limit).service(Some(service)).object(object.clone());
        let finding = finding.seen(format!("{role} has no connection limit"));
        out.push(match wanted {
            ..0 => finding,
            _ => finding.close(stmt!("ALTER ROLE {role} CONNECTION LIMIT {n}", role = role, n = wanted)),
        });
    }
    let kept = look.facts.kept.as_ref().and_then(|all| all.get(role.as_str()));
    let weak = match kept.map(|kept| (&kept.digest, &kept.salt)) {
        None | Some((Some(_), Some(_))) => return,
        Some((None, _)) => NO_PASSWORD.of(role.as_str()).seen(format!("{role} has no password")),
        Some((Some(_), None)) => MD5.of(role.as_str()).seen(format!("the password of {role} is kept as md5")),
    };
    if found.login {
        out.push(weak.service(Some(service)).object(object));
    }
}

/// ADMIN on a membership that is declared apart from it: reported here, since the way itself is fine.
fn admin_option(look: &Look<'_>, role: &RoleName, service: &DesiredService, out: &mut Vec<Found>) {
    let own = look.actual.memberships.iter().filter(|row| row.member == *role && row.admin);
    for row in
        own.filter(|row| look.roles.managed(&row.role).is_some_and(|(other, _)| other.name == service.name))
    {
        let revoke = stmt!("REVOKE ADMIN OPTION FOR {g} FROM {m}", g = row.role, m = row.member);
        out.push(
            ADMIN_OPTION
                .of(role.as_str())
                .service(Some(service))
                .object(format!("role {}", row.role))
                .seen(format!("{role} holds {} WITH ADMIN OPTION", row.role))
                .close(speaking_for(look, row, revoke)),
        );
    }
}

/// Predefined roles by what they open; one that is not here is as bad as the kind says.
const POWERS: &[(&str, Severity)] = &[
    ("pg_execute_server_program", Critical),
    ("pg_read_server_files", Critical),
    ("pg_write_server_files", Critical),
    ("pg_create_subscription", High),
    ("pg_maintain", Medium),
    ("pg_checkpoint", Medium),
    ("pg_use_reserved_connections", Medium),
    ("pg_read_all_settings", Medium),
    ("pg_stat_scan_tables", Medium),
    ("pg_database_owner", High),
];

fn power(role: &RoleName) -> Severity {
    POWERS.iter().find(|row| row.0 == role.as_str()).map_or(High, |row| row.1)
}

fn membership(
    look: &Look<'_>,
    role: &RoleName,
    service: &DesiredService,
    kind: RoleKind,
    reached: &Reached<'_>,
    out: &mut Vec<Found>,
) {
    let target = look.actual.roles.get(reached.role);
    let by = by(role, reached);
    let finding = match look.roles.who(reached.role) {
        Who::Managed(other, _) if other.name != service.name => {
            FOREIGN_MEMBER.of(role.as_str()).service(Some(other))
        }
        Who::Managed(_, of) => {
            // The way down is no gain: the migrator is the owner anyway, and app reads what readonly reads.
            let gain = match (kind, of) {
                (RoleKind::Owner | RoleKind::Migrator, _) | (RoleKind::App, RoleKind::Readonly) => Low,
                (_, RoleKind::Owner | RoleKind::Migrator) => High,
                _ => Medium,
            };
            OWN_MEMBER.of(role.as_str()).at(gain).service(Some(service))
        }
        _ if target.is_some_and(|target| target.superuser) => {
            ATTRIBUTE.of(role.as_str()).service(Some(service))
        }
        Who::Predefined => PREDEFINED.of(role.as_str()).at(power(reached.role)).service(Some(service)),
        Who::Trusted => PREDEFINED.of(role.as_str()).at(Critical).service(Some(service)),
        Who::Unmanaged => group(role, service, target),
    };
    out.push(finding.object(format!("role {}", reached.role)).seen(by).close(end(look, reached.first)));
}

/// A group gives its attributes to whoever says SET ROLE, and nothing else by itself.
fn group(role: &RoleName, service: &DesiredService, target: Option<&ActualRole>) -> Found {
    let worst = target
        .and_then(|target| ATTRIBUTES.iter().filter(|row| (row.has)(target)).map(|row| row.severity).max());
    match worst {
        Some(severity) => ATTRIBUTE.of(role.as_str()).at(severity),
        None => GROUP.of(role.as_str()),
    }
    .service(Some(service))
}

fn by(role: &RoleName, reached: &Reached<'_>) -> String {
    let options = match (reached.last.inherit, reached.last.set, reached.last.admin) {
        (false, false, true) => ", by ADMIN alone: one GRANT to itself away",
        (_, _, true) => ", with ADMIN OPTION",
        _ => "",
    };
    match reached.first.role == *reached.role {
        true => format!("{role} is a member of {}{options}", reached.role),
        false => format!(
            "{role} is a member of {}, and through it of {}{options}",
            reached.first.role, reached.role
        ),
    }
}

/// What ends a membership.
pub fn end(look: &Look<'_>, row: &Membership) -> Statement {
    speaking_for(look, row, stmt!("REVOKE {g} FROM {m}", g = row.role, m = row.member))
}

/// From 16 on each grantor has a row of its own, and REVOKE takes only that of the one it names.
fn speaking_for(look: &Look<'_>, row: &Membership, revoke: Statement) -> Statement {
    match &row.grantor {
        Some(grantor) if look.actual.major() >= 16 => {
            stmt!("{revoke} GRANTED BY {by} CASCADE", revoke = revoke, by = grantor)
        }
        _ => stmt!("{revoke} CASCADE", revoke = revoke),
    }
}

fn stranger(look: &Look<'_>, role: &RoleName, out: &mut Vec<Found>) {
    let (role, found) = look.actual.roles.get_key_value(role).expect("taken from there");
    let mut powers: Vec<String> = vec![];
    if found.replication && super::hba::may_replicate(look, role) {
        powers.push("it is REPLICATION: it can copy every database".into());
    }
    if found.createrole && look.actual.major() < 16 {
        powers.push("it is CREATEROLE: before 16 it can become every role but superusers".into());
    }
    for reached in look.roles.reached(role) {
        let target = look.actual.roles.get(reached.role);
        match look.roles.who(reached.role) {
            Who::Managed(service, _) => out.push(
                UNMANAGED_MEMBER
                    .of(role.as_str())
                    .service(Some(service))
                    .database(service.database.as_str())
                    .object(format!("role {}", reached.role))
                    .seen(by(role, &reached))
                    .close(end(look, reached.first)),
            ),
            _ if target.is_some_and(|target| target.superuser || target.replication) => {
                powers.push(by(role, &reached))
            }
            Who::Predefined if power(reached.role) == Critical => powers.push(by(role, &reached)),
            _ => {}
        }
    }
    // Nobody declared it, and somebody may live by it: a backup, say. What becomes of it is for people to decide.
    if !powers.is_empty() {
        out.push(UNMANAGED_POWER.of(role.as_str()).seen(powers.join("; ")));
    }
}

/// What a removed service's code may do is what this role may do: nothing.
fn orphans(look: &Look<'_>, out: &mut Vec<Found>) {
    let name = look.desired.orphans();
    let Some((role, found)) = look.actual.roles.get_key_value(&name) else { return };
    if found.comment.as_deref() != Some(&look.desired.marker()) {
        return;
    }
    let about = |seen: String| ORPHANS.of(role.as_str()).object(format!("role {role}")).seen(seen);
    for (word, off) in orphans::powers(found) {
        let close = stmt!("ALTER ROLE {role} {off}", role = role, off = Keyword(off));
        out.push(about(format!("{role} is {word}")).close(close));
    }
    for row in orphans::bonds(look.actual, role) {
        out.push(about(format!("{} is a member of {}", row.member, row.role)).close(end(look, row)));
    }
}
