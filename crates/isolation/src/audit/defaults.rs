//! Default privileges: future privileges on objects that do not exist yet.

use super::context::{Audit, Database};
use crate::audit::context::AuditSubject;
use martydb_model::contract::{DefaultKind, ObjectClass, Privilege, access_to_future, builtin, granted};
use martydb_model::findings::Severity::{self, High, Low, Medium};
use martydb_model::findings::{DEFAULT_RIGHT, FindingBuilder, GRANT_OPTION, PUBLIC, UNKNOWN_KIND};
use martydb_model::grants::{revoke_default, revoke_default_option};
use martydb_model::{AclEntry, DefaultAcl, Grantee, RoleKind};

pub fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for db in audit.databases() {
        for row in &db.catalog.defaults {
            row.acl.iter().for_each(|entry| one(&db, row, entry, out));
        }
        missing(&db, out);
    }
}

/// Returns `true` for PostgreSQL's own defaults for PUBLIC, which entries for the whole database repeat.
fn is_builtin(row: &DefaultAcl, entry: &AclEntry) -> bool {
    builtin(class(row)).contains(&Privilege::named(&entry.privilege))
        && row.schema.is_none()
        && entry.grantee == Grantee::Public
}

fn class(row: &DefaultAcl) -> ObjectClass {
    DefaultKind::from_letter(row.object).map_or(ObjectClass::Other, DefaultKind::class)
}

fn one(db: &Database<'_>, row: &DefaultAcl, entry: &AclEntry, out: &mut Vec<FindingBuilder>) {
    let by_owner = db.owner() == Some(row.role.as_str());
    if is_builtin(row, entry) && !by_owner {
        return;
    }
    let kind = DefaultKind::from_letter(row.object);
    let word = kind.map_or("objects of an unknown kind", DefaultKind::word);
    let object = format!("default privileges of {} on {word}", row.role);
    let (maker, schema, privilege) =
        (row.role.as_str(), row.schema.as_ref().map(|schema| schema.as_str()), &entry.privilege);
    for user in db.audit.users_of(entry) {
        if by_owner && is_declared_access(db, row, entry, user) {
            continue;
        }
        let declared = by_owner && is_declared(db, row, entry, user);
        if declared && entry.grantable {
            let seen =
                format!("{user} will hold {privilege} with grant option on the {word} that {maker} makes");
            let repair = kind.map(|kind| revoke_default_option(maker, schema, kind, entry));
            out.push(GRANT_OPTION.of(user).inside(db).object(&object).evidence(seen).fix(repair));
        }
        let Some(severity) = severity(db, row, entry, user).filter(|_| !declared) else { continue };
        let place = schema.map_or(String::new(), |schema| format!(" in schema {schema}"));
        let seen = format!("{user} will hold {privilege} on the {word} that {maker} makes{place}");
        let repair = kind.map(|kind| revoke_default(maker, schema, kind, entry));
        let found = DEFAULT_RIGHT.of(user).at(severity).inside(db).object(&object);
        out.push(found.evidence(seen).fix(repair));
    }
    if kind.is_none() {
        out.push(UNKNOWN_KIND.of(maker).inside(db).object(object));
    }
}

/// Returns the severity of an undeclared entry; `None` among unmanaged roles in a database of no service.
fn severity(db: &Database<'_>, row: &DefaultAcl, entry: &AclEntry, user: &str) -> Option<Severity> {
    let managed = db.audit.managed(user).is_some();
    let maker = db.audit.service_of_role(row.role.as_str());
    Some(match db.service {
        // A copy of a service's database has its entries among the service's own roles.
        None if managed && db.is_closed() && db.audit.is_of(user, maker) => Low,
        // CREATE DATABASE copies them into each new database (manage-ag-templatedbs.html).
        None if db.is_template() && (managed || user == PUBLIC) => Medium,
        None if !managed && db.audit.managed(row.role.as_str()).is_none() => return None,
        None if managed && !db.is_closed() => Medium,
        None => Low,
        Some(_) if user == PUBLIC => High,
        // The role has the same privilege on the owner's objects: only the creator differs.
        Some(_) if is_declared(db, row, entry, user) => Low,
        _ if db.is_own(user) => Medium,
        Some(_) if managed => High,
        // It will read what the next migration creates, though it may read nothing now.
        Some(_) if maker.is_some() && db.audit.user_can_connect(user, db.name) => Medium,
        Some(_) => Low,
    })
}

/// Returns `true` if the service's role has the privilege on the owner's future objects.
fn is_declared(db: &Database<'_>, row: &DefaultAcl, entry: &AclEntry, user: &str) -> bool {
    let privilege = Privilege::named(&entry.privilege);
    let holds = |kind| kind == RoleKind::Owner || granted(kind, class(row)).contains(&privilege);
    db.is_own(user) && db.audit.managed(user).is_some_and(|(_, kind)| holds(kind))
}

/// Returns `true` if the manifest grants a further role the same on the owner's future objects.
fn is_declared_access(db: &Database<'_>, row: &DefaultAcl, entry: &AclEntry, user: &str) -> bool {
    let (Some(service), Some(role)) = (db.service, entry.grantee.role()) else { return false };
    let privilege = Privilege::named(&entry.privilege);
    let mut held = access_to_future(service, class(row), row.schema.as_ref());
    let gives = held.any(|(holder, held)| holder == role && held.contains(&privilege));
    gives && !entry.grantable && db.audit.is_declared_user(role, user)
}

/// Reports missing entries: without one, PUBLIC gets EXECUTE on all functions and USAGE on all types of the owner.
fn missing(db: &Database<'_>, out: &mut Vec<FindingBuilder>) {
    // The missing entry may be among the rows that were left out.
    let Some(service) = db.service.filter(|_| !db.catalog.partial) else { return };
    let owner = service.role(RoleKind::Owner);
    let kinds = DefaultKind::ALL.iter().map(|row| row.0);
    let has_row = |kind: &DefaultKind| {
        let mut rows = db.catalog.defaults.iter();
        rows.any(|row| row.role == *owner && row.schema.is_none() && row.object == kind.letter())
    };
    for kind in kinds.filter(|kind| !has_row(kind)) {
        for privilege in builtin(kind.class()).iter().map(|privilege| privilege.name()) {
            let (grantee, grantor) = (Grantee::Public, owner.clone());
            let entry = AclEntry { grantee, grantor, privilege: privilege.into(), grantable: false };
            let word = kind.word();
            let seen = format!(
                "PUBLIC will hold {privilege} on the {word} that {owner} makes: PostgreSQL's default"
            );
            let found = DEFAULT_RIGHT.of(PUBLIC).at(Medium).inside(db);
            let found = found.object(format!("default privileges of {owner} on {word}")).evidence(seen);
            out.push(found.fix(revoke_default(owner.as_str(), None, kind, &entry)));
        }
    }
}
