//! Privileges on every kind of object, in every database: each one that the manifest does not declare is a finding.

use super::context::{Audit, Database};
use super::declared_access::{class_of, is_declared};
use super::reach::is_out_of_reach;
use super::roles::RoleClass;
use super::{code, definer_views, foreign_servers};
use crate::audit::context::AuditSubject;
use martydb_catalog::CatalogObject;
use martydb_model::contract::{self, ObjectClass};
use martydb_model::findings::Severity::{self, Critical, High, Low, Medium};
use martydb_model::findings::{
    CATALOG_RIGHT, EXTENSION_RIGHT, FOREIGN_RIGHT, FindingBuilder, FindingKind, GRANT_OPTION, OWN_RIGHT,
    PARAMETER, PUBLIC, PUBLIC_RIGHT, TABLESPACE, UNMANAGED_RIGHT,
};
use martydb_model::grants::{Securable, revoke};
use martydb_model::sql::{Qualified, stmt};
use martydb_model::{AclEntry, RoleKind};

pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for db in audit.databases() {
        for item in db.catalog.objects.iter().filter(|item| !item.is_definer_builtin()) {
            item.acl.iter().for_each(|entry| on_object(&db, item, entry, out));
        }
    }
    tablespaces(audit, out);
    parameters(audit, out);
}

fn tablespaces(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for space in &audit.snapshot.state.tablespaces {
        let object = format!("tablespace {}", space.name);
        // An owner may grant it to others. Only a superuser can have given it away, and must name its new owner.
        for user in audit.actors(&space.owner) {
            let service = audit.service_of_role(user);
            let severity = if service.is_some() { Medium } else { Low };
            let seen = format!("{object} belongs to {}", space.owner);
            out.push(TABLESPACE.of(user).at(severity).service(service).object(&object).evidence(seen));
        }
        let on = format!("TABLESPACE {}", space.quoted);
        let shared = SharedObject { kind: TABLESPACE, severity: Medium, object, on, owner: &space.owner };
        space.acl.iter().for_each(|entry| shared.judge(audit, entry, out));
    }
}

/// Reports privileges on parameters, which all belong to the bootstrap superuser.
fn parameters(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for row in &audit.snapshot.parameters {
        let name = Qualified::dotted(&row.parameter);
        let severity = match row.entry.privilege.as_str() {
            "ALTER SYSTEM" => Critical,
            // Every session may set it anyway.
            "SET"
                if audit.snapshot.state.parameters.user_settings.contains(&row.parameter.to_lowercase())
                    || CHATTY.contains(&row.parameter.to_lowercase().as_str()) =>
            {
                Low
            }
            _ => Medium,
        };
        let object = format!("parameter {}", row.parameter);
        let on = stmt!("PARAMETER {name}").to_string();
        let shared = SharedObject { kind: PARAMETER, severity, object, on, owner: &audit.actual.bootstrap };
        shared.judge(audit, &row.entry, out);
    }
}

/// Parameters that only make a session slower or its log longer: none hides its statements or delays other sessions.
const CHATTY: &[&str] = &[
    "deadlock_timeout", "log_lock_waits", "log_temp_files", "track_cost_delay_timing", "track_functions",
    "track_io_timing", "track_wal_io_timing",
];

/// A shared object on which a service's role may hold nothing.
struct SharedObject<'a> {
    kind: &'static FindingKind,
    severity: Severity,
    object: String,
    on: String,
    owner: &'a str,
}

/// Parameters whose value is code for the session that sets them:
/// <https://www.postgresql.org/docs/current/runtime-config-client.html>, "Shared Library Preloading".
const CODE: &[&str] = &["parameter session_preload_libraries", "parameter dynamic_library_path"];

impl SharedObject<'_> {
    /// Returns `true` if the privilege changes the server of all services, also if no service's role holds it.
    fn is_servers(&self, entry: &AclEntry) -> bool {
        entry.privilege == "ALTER SYSTEM" || CODE.contains(&self.object.to_lowercase().as_str())
    }

    fn judge(&self, audit: &Audit<'_>, entry: &AclEntry, out: &mut Vec<FindingBuilder>) {
        for user in audit.users_of(entry) {
            let service = audit.service_of_role(user);
            let counts = service.is_some() || user == PUBLIC || self.is_servers(entry);
            let severity = if counts { self.severity } else { Low };
            let found = self.kind.of(user).at(severity).service(service).object(&self.object);
            let repair = revoke(entry, None, &Securable::shared(&self.on, self.owner));
            out.push(found.evidence(evidence(entry, user, &self.object)).fix(repair));
        }
    }
}

pub(crate) fn evidence(entry: &AclEntry, user: &str, object: &str) -> String {
    let holder = entry.grantee.to_string();
    let option = if entry.grantable { " with grant option" } else { "" };
    if holder == user {
        format!("{user} holds {}{option} on {object}", entry.privilege)
    } else {
        format!("{user} can act as {holder}, which holds {}{option} on {object}", entry.privilege)
    }
}

pub(crate) fn weight(privilege: &str) -> Severity {
    match privilege {
        "SELECT" | "USAGE" | "EXECUTE" | "REFERENCES" | "TEMPORARY" | "CONNECT" | "SET" => Medium,
        // Writing, planting code, taking over the object, and privileges that are unknown here.
        _ => High,
    }
}

fn on_object(db: &Database<'_>, item: &CatalogObject, entry: &AclEntry, out: &mut Vec<FindingBuilder>) {
    let ours = item.is_users() && db.service.is_some();
    let users = db.audit.users_of(entry);
    let described = |found: FindingBuilder, user: &str| {
        found.about(db, item).evidence(evidence(entry, user, &item.object()))
    };
    for user in &users {
        let found = if item.system {
            Some(on_builtin(db, user))
        } else if ours {
            in_service(db, item, entry, user)
        } else {
            elsewhere(db, item, entry, user)
        };
        let Some(found) = found else { continue };
        out.push(described(found, user).revoking(entry, item.column.as_deref(), &item.securable()));
    }
    // A role that cannot log in, and that no login can become.
    if let Some(role) = entry.grantee.role().filter(|_| ours && users.is_empty())
        && !is_declared(db, item, entry, role.as_str())
        && db.audit.class_of(role.as_str()) == RoleClass::Unmanaged
    {
        out.push(described(UNMANAGED_RIGHT.of(role.as_str()), role.as_str()));
    }
}

/// Starts a finding about a privilege on one of the server's own objects beyond those that initdb gave.
fn on_builtin(db: &Database<'_>, user: &str) -> FindingBuilder {
    let found = CATALOG_RIGHT.of(user);
    if user == PUBLIC || db.audit.managed(user).is_some() {
        return found;
    }
    // Most likely a monitoring login, which gets no service's data by it.
    let mut services = db.audit.desired.services.values();
    let connects = db.service.is_some()
        && services.any(|service| db.audit.user_can_connect(user, service.database.as_str()));
    found.at(if connects { High } else { Low })
}

fn in_service(
    db: &Database<'_>,
    item: &CatalogObject,
    entry: &AclEntry,
    user: &str,
) -> Option<FindingBuilder> {
    if is_declared(db, item, entry, user) {
        return None;
    }
    let weight = weight(&entry.privilege);
    let Some((service, kind)) = db.audit.managed(user) else {
        return Some(match user {
            PUBLIC if gives_public_nothing(db, item, entry) => PUBLIC_RIGHT.of(PUBLIC).at(Low),
            PUBLIC => PUBLIC_RIGHT.of(PUBLIC).at(weight),
            _ if db.audit.user_can_connect(user, db.name) => UNMANAGED_RIGHT.of(user).at(Medium),
            _ => UNMANAGED_RIGHT.of(user).at(Low),
        });
    };
    if db.service.is_some_and(|own| own.name != service.name) {
        return Some(FOREIGN_RIGHT.of(user));
    }
    let class = class_of(db, item);
    if contract::allows(kind, class, &entry.privilege) {
        let direct = entry.grantee.role().is_some_and(|role| role.as_str() == user);
        return (entry.grantable && direct && kind != RoleKind::Owner).then(|| GRANT_OPTION.of(user));
    }
    let severity = match class {
        ObjectClass::LargeObject if kind == RoleKind::Readonly && entry.privilege == "UPDATE" => Medium,
        // Every login may create large objects and grant access to them within its service.
        ObjectClass::LargeObject => Low,
        // The list of migrations is not a secret within a service; `plan` revokes it anyway.
        ObjectClass::History if entry.privilege == "SELECT" => Low,
        // A role that creates nothing cannot use it.
        ObjectClass::Type => Low,
        _ if entry.privilege == "USAGE" && foreign_servers::leads_nowhere(db, item) => Low,
        _ if code::gives_nothing(db, item) && !entry.grantable => Low,
        _ if is_out_of_reach(db, item) => Low,
        _ => weight,
    };
    Some(OWN_RIGHT.of(user).at(severity))
}

/// Returns `true` for a privilege by which PUBLIC gets nothing beyond what each role has.
fn gives_public_nothing(db: &Database<'_>, item: &CatalogObject, entry: &AclEntry) -> bool {
    let bounded = || item.is_harmless() || code::gives_nothing(db, item);
    let shown = || item.is_invoker() || definer_views::gives_nothing(db, item, PUBLIC);
    // Each role holds it on a new type: it makes columns of it.
    let of_type =
        || class_of(db, item) == ObjectClass::Type && db.audit.class_of(&item.owner) == RoleClass::Trusted;
    is_out_of_reach(db, item)
        || !entry.grantable && (bounded() || of_type())
        || entry.privilege == "SELECT" && shown()
        || entry.privilege == "USAGE" && is_superusers_schema(db, item)
}

/// Returns `true` for a schema of an admin beside the service's own: what is in it is judged by itself.
fn is_superusers_schema(db: &Database<'_>, item: &CatalogObject) -> bool {
    let declared =
        |schema: &str| db.service.is_some_and(|own| own.schemas.iter().any(|name| name.as_str() == schema));
    item.kind == "schema" && !declared(&item.name) && db.audit.class_of(&item.owner) == RoleClass::Trusted
}

/// Starts a finding about members of extensions anywhere, or objects in databases of no service. The record of runs is the
/// admin's alone.
fn elsewhere(
    db: &Database<'_>,
    item: &CatalogObject,
    entry: &AclEntry,
    user: &str,
) -> Option<FindingBuilder> {
    let is_managed = db.audit.managed(user).is_some();
    if db.is_run_record(item) && !is_managed {
        let kind = if user == PUBLIC { PUBLIC_RIGHT } else { UNMANAGED_RIGHT };
        return Some(kind.of(user).at(if db.is_closed() { Low } else { Medium }));
    }
    if item.extension.is_some() {
        return (is_managed || user == PUBLIC).then(|| EXTENSION_RIGHT.of(user));
    }
    // A privilege of PUBLIC in a database of no service matters if PUBLIC can connect, which is a finding of its own.
    let found = is_managed.then(|| FOREIGN_RIGHT.of(user));
    let only_usage = entry.privilege == "USAGE" && db.service.is_none() && item.kind == "schema";
    if only_usage || db.is_closed() { found.map(|found| found.at(Low)) } else { found }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::audit::testing::{assert_finds, assert_grave, healthy, row};

    #[test]
    fn a_privilege_on_an_object_of_a_service_is_named() {
        for (privilege, grantee, expected) in [
            ("SELECT", "red_app", "medium | foreign-role-in-acl | blue | red_app"),
            ("SELECT", "PUBLIC", "medium | public-privilege | blue | PUBLIC"),
            ("UPDATE", "PUBLIC", "high | public-privilege | blue | PUBLIC"),
            ("TRIGGER", "blue_ro", "high | undeclared-privilege | blue | blue_ro"),
            ("MAINTAIN", "blue_ro", "high | undeclared-privilege | blue | blue_ro"),
            ("SELECT*", "blue_ro", "medium | grant-option | blue | blue_ro"),
            ("SELECT", "ghost", "low | unmanaged-role-in-acl | blue | ghost"),
            ("SELECT", "crowd", "low | unmanaged-role-in-acl | blue | crowd"),
        ] {
            let server = healthy().unmanaged("ghost").role("crowd", |_| {});
            let server = server.grant_inside("blue_db", privilege, "public.item", grantee);
            assert_finds(&server, &format!("{expected} | blue_db | table public.item"));
        }
        let crowd =
            healthy().member("red_app", "crowd").grant_inside("blue_db", "SELECT", "public.item", "crowd");
        assert_finds(&crowd, "medium | foreign-role-in-acl | blue | red_app | blue_db | table public.item");
    }

    #[test]
    fn harmless_settings_are_not_findings() {
        let types = healthy().object("red_db", "type", "public.mood", |_| {});
        let superusers =
            healthy().object("red_db", "type", "public.mood", |item| item.owner = "postgres".into());
        let lookup = healthy().object("red_db", "function", "public.twice(integer)", |_| {});
        let large = healthy().object("red_db", "large object", "4711", |_| {});
        assert_grave([
            (healthy().grant_inside("red_db", "SELECT", "public.item", "red_ro"), &[]),
            (types.grant_inside("red_db", "USAGE", "public.mood", "red_app"), &[]),
            (superusers.grant_inside("red_db", "USAGE", "public.mood", "PUBLIC"), &[]),
            (lookup.grant_inside("red_db", "EXECUTE", "public.twice(integer)", "PUBLIC"), &[]),
            (large.clone().grant_inside("red_db", "SELECT", "4711", "red_ro"), &[]),
            (
                large.grant_inside("red_db", "UPDATE", "4711", "red_ro"),
                &["medium | undeclared-privilege | red | red_ro | red_db | large object 4711"],
            ),
        ]);
    }

    #[test]
    fn the_record_of_runs_is_the_admins_alone() {
        let record = || {
            let server = healthy().unmanaged("ghost").grant("CONNECT", "postgres", "ghost");
            let server =
                server.object("postgres", "schema", "martydb", |found| found.owner = "postgres".into());
            server.object("postgres", "table", "martydb.record", |found| found.owner = "postgres".into())
        };
        let other =
            || record().object("postgres", "table", "public.item", |found| found.owner = "postgres".into());
        assert_grave([
            (record(), &[]),
            (other().grant_inside("postgres", "SELECT", "public.item", "ghost"), &[]),
            (
                record().grant_inside("postgres", "SELECT", "martydb.record", "ghost"),
                &["medium | unmanaged-role-in-acl | - | ghost | postgres | table martydb.record"],
            ),
            (
                record().grant_inside("postgres", "INSERT", "martydb.record", "PUBLIC"),
                &["medium | public-privilege | - | PUBLIC | postgres | table martydb.record"],
            ),
            (
                record().alter("postgres", "martydb.record", |found| found.owner = "ghost".into()),
                &["medium | object-owner | - | ghost | postgres | table martydb.record"],
            ),
        ]);
    }

    #[test]
    fn a_privilege_on_an_object_of_the_server_or_of_an_extension_is_named() {
        let builtin = |grantee| {
            let server = healthy().unmanaged("ghost");
            let server = server.object("red_db", "table", "pg_catalog.pg_class", |found| {
                (found.system, found.owner) = (true, "postgres".into());
            });
            server.grant_inside("red_db", "SELECT", "pg_catalog.pg_class", grantee)
        };
        let member = |grantee| {
            let server = healthy().unmanaged("ghost").database("den");
            let server = server.object("den", "function", "public.pages()", |found| {
                found.extension = Some("pg_buffercache".into());
            });
            server.grant_inside("den", "EXECUTE", "public.pages()", grantee)
        };
        assert_grave([
            (
                builtin("red_app"),
                &["critical | catalog-privilege | red | red_app | red_db | table pg_catalog.pg_class"],
            ),
            (builtin("ghost"), &[]),
            (
                builtin("ghost").grant("CONNECT", "blue_db", "ghost"),
                &[
                    "high | catalog-privilege | red | ghost | red_db | table pg_catalog.pg_class",
                    "high | unmanaged-login-connect | blue | ghost | blue_db | database blue_db",
                ],
            ),
            (
                member("red_app"),
                &["high | extension-privilege | - | red_app | den | function public.pages()"],
            ),
            (member("ghost"), &[]),
        ]);
    }

    #[test]
    fn a_privilege_on_a_tablespace_or_a_parameter_is_named() {
        let space = |owner: &str, grantee: &str| {
            let acl = json!([{ "grantee": grantee, "grantor": "postgres", "privilege": "CREATE", "grantable": false }]);
            let found =
                json!({ "name": "fast", "quoted": "fast", "owner": owner, "comment": null, "acl": acl });
            healthy().unmanaged("ghost").with(|snapshot| snapshot.state.tablespaces.push(row(found)))
        };
        let parameter = |privilege: &str, name: &str, grantee: &str| {
            let found = json!({
                "parameter": name, "grantee": grantee, "grantor": "postgres", "privilege": privilege, "grantable": false,
            });
            healthy().unmanaged("ghost").with(|snapshot| {
                snapshot.parameters.push(row(found));
                snapshot.state.parameters.user_settings.push("work_mem".into());
            })
        };
        let tablespace = "medium | tablespace-privilege | red | red_app | - | tablespace fast";
        assert_grave([
            (space("postgres", "red_app"), &[tablespace]),
            (space("red_app", "ghost"), &[tablespace]),
            (space("postgres", "ghost"), &[]),
            (
                parameter("SET", "session_replication_role", "red_app"),
                &["medium | parameter-privilege | red | red_app | - | parameter session_replication_role"],
            ),
            (
                parameter("ALTER SYSTEM", "archive_command", "ghost"),
                &["critical | parameter-privilege | - | ghost | - | parameter archive_command"],
            ),
            (
                parameter("SET", "session_preload_libraries", "ghost"),
                &["medium | parameter-privilege | - | ghost | - | parameter session_preload_libraries"],
            ),
            (parameter("SET", "session_replication_role", "ghost"), &[]),
            (parameter("SET", "work_mem", "red_app"), &[]),
            (parameter("SET", "log_temp_files", "red_app"), &[]),
        ]);
    }
}
