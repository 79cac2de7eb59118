//! Roles: attributes, memberships, passwords, limits.

pub(super) mod suspended;

use super::context::Audit;
use super::roles::RoleClass;
use martydb_model::contract::{ATTRIBUTES, INHERIT, LOGIN, RoleAttribute, acts_as, acts_as_owner};
use martydb_model::findings::Severity::{self, Critical, High, Low, Medium};
use martydb_model::findings::{
    ADMIN_OPTION, ATTRIBUTE, DECLARED_REPLICATION, FOREIGN_MEMBER, FindingBuilder, FindingKind, GROUP, MD5,
    NO_LIMIT, NO_PASSWORD, ORPHANS, OWN_MEMBER, OWNER_LOGIN, PREDEFINED, SUPERUSERS, UNMANAGED_MEMBER,
    UNMANAGED_POWER,
};
use martydb_model::grants::{Repair, alter_role, revoke_admin_option, revoke_membership};
use martydb_model::sql::{Keyword, stmt};
use martydb_model::{ActualRole, DesiredService, Membership, RoleKind, RoleName, RolePath};
use martydb_plan::orphan_role;

pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for (role, service, kind) in audit.roles.all_managed() {
        let role = ServiceRole { audit, role, service, kind, found: &audit.actual.roles[role] };
        role.attributes(out);
        role.login(out);
        role.admin_option(out);
        role.memberships(out);
    }
    for role in audit.roles.unmanaged_logins() {
        unmanaged_login(audit, role, out);
    }
    for role in audit.roles.suspended_logins() {
        let mut found = vec![];
        unmanaged_login(audit, role, &mut found);
        out.extend(found.into_iter().map(|found| found.at(Low)));
    }
    orphans(audit, out);
    superusers(audit, out);
}

fn superusers(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    let known = [&audit.actual.admin.name, &audit.actual.bootstrap].map(String::as_str);
    let is_other = |role: &RoleName| !known.contains(&role.as_str()) && audit.roles.managed(role).is_none();
    let all =
        audit.actual.roles.iter().filter(|(role, found)| found.superuser && found.login && is_other(role));
    out.extend(all.map(|(role, _)| {
        SUPERUSERS.of(role.as_str()).evidence(format!("{role} is a superuser and may log in"))
    }));
}

/// Returns the severity of an attribute that no role of a service has.
fn weight(attribute: &RoleAttribute) -> Severity {
    if ["CREATEDB", "BYPASSRLS"].contains(&attribute.on) { Medium } else { Critical }
}

/// Returns the attributes of a role that no role of a service may have.
fn powers(found: &ActualRole) -> impl Iterator<Item = &'static RoleAttribute> {
    ATTRIBUTES.iter().filter(|attribute| attribute.is_power() && (attribute.is_set)(found))
}

/// One of the roles of a service, or the alternate of one of its logins.
struct ServiceRole<'a> {
    audit: &'a Audit<'a>,
    role: &'a RoleName,
    service: &'a DesiredService,
    kind: RoleKind,
    found: &'a ActualRole,
}

impl ServiceRole<'_> {
    /// Starts a finding about the role itself, unless another object is set.
    fn finding(&self, kind: &FindingKind) -> FindingBuilder {
        kind.of(self.role.as_str()).service(Some(self.service)).object(format!("role {}", self.role))
    }

    fn alter(&self, word: &'static str) -> Repair {
        alter_role(self.role.as_str(), Keyword(word))
    }

    fn attributes(&self, out: &mut Vec<FindingBuilder>) {
        let major = self.audit.actual.major();
        for row in powers(self.found) {
            // From 16 on CREATEROLE only applies to roles that the role created itself.
            let severity = if row.on == "CREATEROLE" && major >= 16 { High } else { weight(row) };
            let found = self.finding(ATTRIBUTE).at(severity).evidence(format!("{} is {}", self.role, row.on));
            out.push(found.fix(self.alter(row.off)));
        }
        // The migrator acts as the owner by SET ROLE. From 16 on the membership's option decides instead of the
        // attribute.
        if !INHERIT.belongs_to(self.kind) && self.found.inherit {
            let found = self.finding(ATTRIBUTE).at(if major < 16 { Medium } else { Low });
            let seen = format!("{} is INHERIT: it holds the owner's privileges all the time", self.role);
            out.push(found.evidence(seen).fix(self.alter(INHERIT.off)));
        }
    }

    fn login(&self, out: &mut Vec<FindingBuilder>) {
        match (self.found.login, self.kind.logs_in()) {
            (true, false) => out.push(self.finding(OWNER_LOGIN).fix(self.alter(LOGIN.off))),
            (true, true) => out.extend(self.limit().into_iter().chain(self.password())),
            (false, _) => {}
        }
    }

    fn limit(&self) -> Option<FindingBuilder> {
        let wanted = self.service.connection_limit.get(&self.kind).copied().unwrap_or(-1);
        let limit = || alter_role(self.role.as_str(), stmt!("CONNECTION LIMIT {wanted}"));
        let found = self.finding(NO_LIMIT).at(if wanted < 0 { Low } else { Medium });
        let most = i32::try_from(self.audit.actual.capacity.max_connections).unwrap_or(i32::MAX);
        let seen = match self.found.connection_limit {
            ..0 => format!("{} has no connection limit", self.role),
            // The limit of the server ends connections first: <https://www.postgresql.org/docs/current/sql-createrole.html>
            set if set > most => {
                format!("{} may open {set} connections, and the server accepts {most}", self.role)
            }
            _ => return None,
        };
        Some(found.evidence(seen).fix((0..=most).contains(&wanted).then(limit)))
    }

    fn password(&self) -> Option<FindingBuilder> {
        let kept = self.audit.snapshot.kept.as_ref()?.get(self.role)?;
        let (kind, seen) = match (&kept.digest, &kept.salt) {
            (Some(_), Some(_)) => return None,
            (None, _) => (NO_PASSWORD, format!("{} has no password", self.role)),
            (Some(_), None) => (MD5, format!("the password of {} is kept as md5", self.role)),
        };
        Some(self.finding(kind).evidence(seen))
    }

    /// Reports ADMIN on a declared membership separately, because the membership itself is correct.
    fn admin_option(&self, out: &mut Vec<FindingBuilder>) {
        let memberships = self.audit.actual.memberships.iter();
        for row in memberships.filter(|row| row.member == *self.role && row.admin) {
            if self.audit.is_of(row.role.as_str(), Some(self.service)) {
                let found = self.finding(ADMIN_OPTION).object(format!("role {}", row.role));
                let found = found.evidence(format!("{} holds {} WITH ADMIN OPTION", self.role, row.role));
                out.push(found.fix(taken(self.audit, row, revoke_admin_option)));
            }
        }
    }

    fn memberships(&self, out: &mut Vec<FindingBuilder>) {
        let other = acts_as(self.kind);
        // A membership with only ADMIN differs from the declared one, and is reported above.
        let is_declared = |path: &RolePath<'_>| other != self.kind && path.role == self.service.role(other);
        let paths = self.audit.roles.reachable(self.role);
        for path in paths.into_iter().filter(|path| !is_declared(path)) {
            let found = self.membership(&path).object(format!("role {}", path.role));
            out.push(found.evidence(by(self.role, &path)).fix(end(self.audit, path.first)));
        }
    }

    fn membership(&self, path: &RolePath<'_>) -> FindingBuilder {
        let target = self.audit.actual.roles.get(path.role);
        match self.audit.roles.class_of(path.role) {
            RoleClass::Managed(other, _) if other.name != self.service.name => {
                self.finding(FOREIGN_MEMBER).service(Some(other))
            }
            RoleClass::Managed(_, of) => {
                // The migrator can act as the owner anyway, and app can read everything that readonly reads.
                let gain = match (self.kind, of) {
                    (RoleKind::App, RoleKind::Readonly) => Low,
                    (own, _) if acts_as_owner(own) => Low,
                    (_, of) if acts_as_owner(of) => High,
                    _ => Medium,
                };
                self.finding(OWN_MEMBER).at(gain)
            }
            _ if target.is_some_and(|target| target.superuser) => self.finding(ATTRIBUTE),
            RoleClass::Predefined => self.finding(PREDEFINED).at(power(path.role)),
            RoleClass::Trusted => self.finding(PREDEFINED).at(Critical),
            // A group's attributes apply only to members that SET ROLE.
            RoleClass::Unmanaged => match target.and_then(|target| powers(target).map(weight).max()) {
                Some(severity) => self.finding(ATTRIBUTE).at(severity),
                None => self.finding(GROUP),
            },
        }
    }
}

/// Severities of predefined roles; a role that is not listed has that of the finding's kind.
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

fn by(role: &RoleName, path: &RolePath<'_>) -> String {
    let options = match (path.last.inherit, path.last.set, path.last.admin) {
        (false, false, true) => ", by ADMIN only: one GRANT to itself away",
        (_, _, true) => ", with ADMIN OPTION",
        _ => "",
    };
    if path.first.role == *path.role {
        format!("{role} is a member of {}{options}", path.role)
    } else {
        format!("{role} is a member of {}, and through it of {}{options}", path.first.role, path.role)
    }
}

type RevokeFunction = fn(&str, &str, Option<&str>, u32) -> Repair;

fn taken(audit: &Audit<'_>, row: &Membership, taking: RevokeFunction) -> Repair {
    let grantor = row.grantor.as_ref().map(RoleName::as_str);
    taking(row.role.as_str(), row.member.as_str(), grantor, audit.actual.major())
}

pub(crate) fn end(audit: &Audit<'_>, row: &Membership) -> Repair {
    taken(audit, row, revoke_membership)
}

/// Returns the powers of a login's own attributes, with what takes them away; a declared one is a note.
fn own_powers<'a>(
    audit: &Audit<'a>,
    role: &'a RoleName,
    out: &mut Vec<FindingBuilder>,
) -> Vec<(String, Repair)> {
    let found = &audit.actual.roles[role];
    let mut powers = vec![];
    let without = |word: &'static str| alter_role(role.as_str(), Keyword(word));
    let declared = audit.desired.access.get(role).filter(|declared| declared.follows_changes());
    if let Some(declared) = declared.filter(|_| found.replication) {
        let seen = format!(
            "{role} follows changes ({}), and is REPLICATION for that: PostgreSQL lets it copy every database",
            declared.reason
        );
        out.push(DECLARED_REPLICATION.of(role.as_str()).evidence(seen));
    } else if found.replication && super::hba::may_replicate(audit, role) {
        let seen = "it is REPLICATION: it can copy every database";
        powers.push((seen.into(), without("NOREPLICATION")));
    }
    if found.createrole && audit.actual.major() < 16 {
        let seen = "it is CREATEROLE: before 16 it can become every role but superusers";
        powers.push((seen.into(), without("NOCREATEROLE")));
    }
    powers
}

fn unmanaged_login<'a>(audit: &Audit<'a>, role: &'a RoleName, out: &mut Vec<FindingBuilder>) {
    let found = &audit.actual.roles[role];
    let mut powers = own_powers(audit, role, out);
    for path in audit.roles.reachable(role) {
        let target = audit.actual.roles.get(path.role);
        match audit.roles.class_of(path.role) {
            RoleClass::Managed(service, _) => {
                let found = UNMANAGED_MEMBER.of(role.as_str()).service(Some(service));
                let found = found.database(&service.database).object(format!("role {}", path.role));
                out.push(found.evidence(by(role, &path)).fix(end(audit, path.first)));
            }
            // By SET ROLE, which before 16 every membership allows: attributes are not inherited.
            RoleClass::Unmanaged
                if audit.actual.major() < 16
                    && !found.createrole
                    && target.is_some_and(|target| target.createrole) =>
            {
                powers.push((
                    format!(
                        "{}, which is CREATEROLE: before 16 it can become every role but superusers",
                        by(role, &path)
                    ),
                    end(audit, path.first),
                ));
            }
            _ if target.is_some_and(|target| target.superuser || target.replication) => {
                powers.push((by(role, &path), end(audit, path.first)));
            }
            // It ends the sessions of services: https://www.postgresql.org/docs/current/functions-admin.html. An
            // administrator of roles has more than that, as the admins of managed servers do.
            RoleClass::Predefined if path.role.as_str() == "pg_signal_backend" && !found.createrole => {
                let found = UNMANAGED_POWER.of(role.as_str()).at(power(path.role));
                let found = found.object(format!("role {}", path.role));
                out.push(found.evidence(by(role, &path)).fix(end(audit, path.first)));
            }
            RoleClass::Predefined if power(path.role) == Critical => {
                powers.push((by(role, &path), end(audit, path.first)));
            }
            _ => {}
        }
    }
    // It may be in use, for example by a backup.
    if !powers.is_empty() {
        let (seen, closing): (Vec<String>, Vec<Repair>) = powers.into_iter().unzip();
        let found = UNMANAGED_POWER.of(role.as_str()).evidence(seen.join("; "));
        out.push(found.fixes(closing.into_iter().map(Repair::in_use).collect()));
    }
}

/// Reports privileges of the orphan role: code of a removed service may do what this role may do, so it must
/// have none.
fn orphans(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    let name = audit.desired.orphans();
    let Some((role, found)) = audit.actual.roles.get_key_value(&name) else { return };
    if !audit.desired.marks(found.comment.as_deref()) {
        return;
    }
    let about = |seen: String| ORPHANS.of(role.as_str()).object(format!("role {role}")).evidence(seen);
    for (word, off) in orphan_role::powers(found) {
        out.push(about(format!("{role} is {word}")).fix(alter_role(role.as_str(), Keyword(off))));
    }
    for row in orphan_role::bonds(audit.actual, role) {
        out.push(about(format!("{} is a member of {}", row.member, row.role)).fix(end(audit, row)));
    }
}

#[cfg(test)]
mod tests;
