//! Privileges on every kind of object, in every database: each one that the manifest does not declare is a finding.

use super::context::{Audit, Database};
use super::declared_access::{class_of, is_declared};
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

pub fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
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
    "deadlock_timeout",
    "log_lock_waits",
    "log_temp_files",
    "track_cost_delay_timing",
    "track_functions",
    "track_io_timing",
    "track_wal_io_timing",
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

pub fn evidence(entry: &AclEntry, user: &str, object: &str) -> String {
    let holder = entry.grantee.to_string();
    let option = if entry.grantable { " with grant option" } else { "" };
    if holder == user {
        format!("{user} holds {}{option} on {object}", entry.privilege)
    } else {
        format!("{user} can act as {holder}, which holds {}{option} on {object}", entry.privilege)
    }
}

pub fn weight(privilege: &str) -> Severity {
    match privilege {
        "SELECT" | "USAGE" | "EXECUTE" | "REFERENCES" | "TEMPORARY" | "CONNECT" | "SET" => Medium,
        // Writing, planting code, taking over the object, and privileges that are unknown here.
        _ => High,
    }
}

fn on_object(db: &Database<'_>, item: &CatalogObject, entry: &AclEntry, out: &mut Vec<FindingBuilder>) {
    let ours = item.is_users() && db.service.is_some();
    let users = db.audit.users_of(entry);
    let told = |found: FindingBuilder, user: &str| {
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
        out.push(told(found, user).revoking(entry, item.column.as_deref(), &item.securable()));
    }
    // A role that cannot log in, and that no login can become.
    if let Some(role) = entry.grantee.role().filter(|_| ours && users.is_empty())
        && !is_declared(db, item, entry, role.as_str())
        && db.audit.class_of(role.as_str()) == RoleClass::Unmanaged
    {
        out.push(told(UNMANAGED_RIGHT.of(role.as_str()), role.as_str()));
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
            PUBLIC if (item.is_harmless() || code::is_bounded(db, item)) && !entry.grantable => {
                PUBLIC_RIGHT.of(PUBLIC).at(Low)
            }
            PUBLIC
                if entry.privilege == "SELECT"
                    && (item.is_invoker() || definer_views::gives_nothing(db, item, PUBLIC)) =>
            {
                PUBLIC_RIGHT.of(PUBLIC).at(Low)
            }
            PUBLIC if is_superusers_schema(db, item) && entry.privilege == "USAGE" => {
                PUBLIC_RIGHT.of(PUBLIC).at(Low)
            }
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
        // The list of migrations is no secret within a service; `plan` revokes it anyway.
        ObjectClass::History if entry.privilege == "SELECT" => Low,
        // A role that creates nothing cannot use it.
        ObjectClass::Type => Low,
        _ if entry.privilege == "USAGE" && foreign_servers::leads_nowhere(db, item) => Low,
        _ if code::is_bounded(db, item) && !entry.grantable => Low,
        _ => weight,
    };
    Some(OWN_RIGHT.of(user).at(severity))
}

/// Returns `true` for a schema of an admin beside the service's own: what is in it is judged by itself.
fn is_superusers_schema(db: &Database<'_>, item: &CatalogObject) -> bool {
    let declared =
        |schema: &str| db.service.is_some_and(|own| own.schemas.iter().any(|name| name.as_str() == schema));
    item.kind == "schema" && !declared(&item.name) && db.audit.class_of(&item.owner) == RoleClass::Trusted
}

/// Starts a finding about members of extensions anywhere, or objects in databases of no service.
fn elsewhere(
    db: &Database<'_>,
    item: &CatalogObject,
    entry: &AclEntry,
    user: &str,
) -> Option<FindingBuilder> {
    let is_managed = db.audit.managed(user).is_some();
    if item.extension.is_some() {
        return (is_managed || user == PUBLIC).then(|| EXTENSION_RIGHT.of(user));
    }
    // A privilege of PUBLIC in a database of no service matters if PUBLIC can connect, which is a finding of its own.
    let found = is_managed.then(|| FOREIGN_RIGHT.of(user));
    let only_usage = entry.privilege == "USAGE" && db.service.is_none() && item.kind == "schema";
    if only_usage || db.is_closed() { found.map(|found| found.at(Low)) } else { found }
}
