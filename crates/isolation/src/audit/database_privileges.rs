//! Privileges on databases, above all CONNECT: the primary isolation boundary.

use super::context::Audit;
use super::privileges::{evidence, weight};
use martydb_model::contract::{self, ObjectClass};
use martydb_model::findings::Severity::{Low, Medium};
use martydb_model::findings::{
    FOREIGN_CONNECT, FOREIGN_RIGHT, FindingBuilder, GRANT_OPTION, MAINTENANCE_CONNECT, OWN_RIGHT, PUBLIC,
    PUBLIC_RIGHT, TEMPLATE_CONNECT, UNMANAGED_CONNECT, UNMANAGED_LOGIN, UNMANAGED_RIGHT,
};
use martydb_model::grants::{Securable, ident};
use martydb_model::is_monitor_login;
use martydb_model::sql::stmt;
use martydb_model::{AccessTarget, AclEntry, ActualDatabase, DatabaseKind, DesiredService, Grantee};

pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for (name, found) in &audit.actual.databases {
        // A database without connections is an archive: no login can use its privileges there.
        if found.allow_connections || audit.service_of(name.as_str()).is_some() {
            database(audit, name.as_str(), found, out);
        }
    }
}

fn database(audit: &Audit<'_>, name: &str, found: &ActualDatabase, out: &mut Vec<FindingBuilder>) {
    let service = audit.service_of(name);
    let kind = DatabaseKind::classify(name, audit.desired, audit.actual);
    let left_open = !audit.desired.close_maintenance
        && matches!(kind, DatabaseKind::Maintenance | DatabaseKind::Template);
    let is_expected = |entry: &&AclEntry| match &entry.grantee {
        Grantee::Public => left_open,
        Grantee::Role(role) => role.as_str() == found.owner,
    };
    let object = format!("database {name}");
    let on = stmt!("DATABASE {db}", db = ident(name)).to_string();
    for entry in found.acl.iter().filter(|entry| !is_expected(entry)) {
        for user in audit.users_of(entry) {
            let finding = match service {
                Some(own) => on_service(audit, own, entry, user),
                None => on_other(audit, &kind, entry, user),
            };
            let Some(finding) = finding else { continue };
            let finding = finding.service(service).database(name).object(&object);
            let finding = finding.evidence(evidence(entry, user, &object));
            out.push(finding.revoking(entry, None, &Securable::shared(&on, &found.owner)));
        }
    }
}

fn on_service(
    audit: &Audit<'_>,
    own: &DesiredService,
    entry: &AclEntry,
    user: &str,
) -> Option<FindingBuilder> {
    let connect = entry.privilege == "CONNECT";
    let weight = weight(&entry.privilege);
    if audit.is_declared_access(own, entry, user, ObjectClass::Database, AccessTarget::Database) {
        return None;
    }
    match audit.managed(user) {
        None if user == PUBLIC && connect => Some(FOREIGN_CONNECT.of(PUBLIC)),
        None if user == PUBLIC => Some(PUBLIC_RIGHT.of(PUBLIC).at(weight)),
        None if connect => Some(UNMANAGED_LOGIN.of(user)),
        None => Some(UNMANAGED_RIGHT.of(user)),
        Some((other, _)) if other.name != own.name && connect => Some(FOREIGN_CONNECT.of(user)),
        Some((other, _)) if other.name != own.name => Some(FOREIGN_RIGHT.of(user).at(weight)),
        Some((_, kind)) if contract::allows(kind, ObjectClass::Database, &entry.privilege) => {
            entry.grantable.then(|| GRANT_OPTION.of(user))
        }
        Some(_) => Some(OWN_RIGHT.of(user).at(weight)),
    }
}

/// Returns `true` for the login of `martydb monitor`, of this project or another one on the server: it reads statistics in
/// the maintenance database.
fn is_monitor(audit: &Audit<'_>, user: &str) -> bool {
    let of_other = || {
        let found = audit.actual.roles.iter().find(|(name, _)| name.as_str() == user);
        found.is_some_and(|(_, role)| {
            !role.has_server_power() && is_monitor_login(user, role.comment.as_deref())
        })
    };
    audit.desired.access.values().any(|role| role.monitors && role.name.as_str() == user) || of_other()
}

fn on_other(audit: &Audit<'_>, kind: &DatabaseKind, entry: &AclEntry, user: &str) -> Option<FindingBuilder> {
    let connect = match kind {
        DatabaseKind::Template => TEMPLATE_CONNECT,
        DatabaseKind::Unmanaged => UNMANAGED_CONNECT,
        DatabaseKind::Maintenance | DatabaseKind::Service(_) => MAINTENANCE_CONNECT,
    };
    let counts = user == PUBLIC || audit.managed(user).is_some();
    match (counts, entry.privilege.as_str()) {
        (true, "CONNECT") => Some(connect.of(user)),
        // Useless without CONNECT, but worth reporting.
        (true, _) => Some(FOREIGN_RIGHT.of(user).at(if user == PUBLIC { Low } else { Medium })),
        (false, "CONNECT")
            if *kind == DatabaseKind::Maintenance && is_monitor(audit, user) && !entry.grantable =>
        {
            None
        }
        (false, "CONNECT") if *kind != DatabaseKind::Unmanaged => Some(connect.of(user).at(Low)),
        // A schema named after a superuser comes first in that superuser's search path.
        (false, "CREATE") if *kind != DatabaseKind::Unmanaged => Some(UNMANAGED_RIGHT.of(user).at(Medium)),
        (false, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::{NOTHING, assert_finds, assert_grave, healthy};

    #[test]
    fn a_privilege_on_a_database_of_a_service_is_named() {
        for (privilege, grantee, expected) in [
            ("CONNECT", "PUBLIC", "critical | foreign-database-connect | blue | PUBLIC"),
            ("CONNECT", "red_ro", "critical | foreign-database-connect | blue | red_ro"),
            ("TEMPORARY", "PUBLIC", "medium | public-privilege | blue | PUBLIC"),
            ("CREATE", "red_migrator", "high | foreign-role-in-acl | blue | red_migrator"),
            ("CREATE", "blue_app", "high | undeclared-privilege | blue | blue_app"),
            ("CONNECT*", "blue_app", "medium | grant-option | blue | blue_app"),
            ("CONNECT", "ghost", "high | unmanaged-login-connect | blue | ghost"),
            ("TEMPORARY", "ghost", "low | unmanaged-role-in-acl | blue | ghost"),
        ] {
            let server = healthy().unmanaged("ghost").grant(privilege, "blue_db", grantee);
            assert_finds(&server, &format!("{expected} | blue_db | database blue_db"));
        }
    }

    #[test]
    fn a_privilege_on_a_database_of_no_service_counts_for_services_and_public() {
        let server = || healthy().unmanaged("ghost").database("den");
        assert_grave([
            (
                server().grant("CONNECT", "postgres", "PUBLIC"),
                &["medium | maintenance-database-connect | - | PUBLIC | postgres | database postgres"],
            ),
            (
                server().grant("CONNECT", "template1", "red_app"),
                &["medium | template-database-connect | - | red_app | template1 | database template1"],
            ),
            (
                server().grant("CONNECT", "den", "PUBLIC"),
                &["medium | unmanaged-database-connect | - | PUBLIC | den | database den"],
            ),
            (
                server().grant("CREATE", "postgres", "ghost"),
                &["medium | unmanaged-role-in-acl | - | ghost | postgres | database postgres"],
            ),
            (server().grant("CONNECT", "postgres", "ghost"), &[]),
            (server().grant("CONNECT", "den", "ghost").grant("CREATE", "den", "ghost"), &[]),
            (server().grant("TEMPORARY", "den", "PUBLIC"), &[]),
        ]);
    }

    #[test]
    fn a_closed_archive_and_what_the_manifest_leaves_open_are_quiet() {
        let archive = healthy().database("archive").grant("CONNECT", "archive", "PUBLIC");
        assert_eq!(
            archive.alter_database("archive", |found| found.allow_connections = false).found(),
            NOTHING
        );
        let open = healthy().grant("CONNECT", "postgres", "PUBLIC");
        let found = open.manifest(|desired| desired.close_maintenance = false).found();
        assert_eq!(found, NOTHING);
    }
}
