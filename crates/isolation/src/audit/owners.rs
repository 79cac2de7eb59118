//! Owners of the databases and of everything inside them.

use super::context::{Audit, Database};
use super::declared_access::class_of;
use super::memberships::end;
use super::roles::RoleClass;
use crate::audit::context::AuditSubject;
use martydb_catalog::CatalogObject;
use martydb_model::contract::{self, ObjectClass, OwnershipChange, granted};
use martydb_model::findings::Severity::{self, Critical, High, Low, Medium};
use martydb_model::findings::{
    DATABASE_OWNER, FOREIGN_RIGHT, FindingBuilder, OBJECT_OWNER, PUBLIC, TEMPLATE_FLAG, UNKNOWN_KIND,
};
use martydb_model::grants::{
    Repair, RepairScope, Securable, grant_to_former_owner, ident, run_as_caller, set_owner,
};
use martydb_model::sql::{ServerText, stmt};
use martydb_model::{ActualDatabase, DatabaseKind, DbName, Membership, ObjectKind, RoleKind, RoleName};

pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for (name, found) in &audit.actual.databases {
        database(audit, name, found, out);
        template(audit, name, found, out);
    }
    for db in audit.databases() {
        for item in db.catalog.objects.iter().filter(|item| item.kind != "column") {
            if item.is_users() { object(&db, item, out) } else { builtin(&db, item, out) }
        }
        extensions(&db, out);
        others(&db, out);
    }
}

fn database(audit: &Audit<'_>, name: &DbName, found: &ActualDatabase, out: &mut Vec<FindingBuilder>) {
    let service = audit.service_of(name.as_str());
    let object = format!("database {name}");
    let kind = DatabaseKind::classify(name.as_str(), audit.desired, audit.actual);
    let is_shared = matches!(kind, DatabaseKind::Maintenance | DatabaseKind::Template);
    for user in audit.actors(&found.owner) {
        let finding = match (service, audit.managed(user)) {
            // Databases to which superusers connect, and from which databases are created.
            (None, None) if is_shared => DATABASE_OWNER.of(user).at(High),
            (None, None) => continue,
            (None, Some((own, _))) => DATABASE_OWNER.of(user).at(Medium).service(Some(own)),
            (Some(own), _) => DATABASE_OWNER.of(user).service(Some(own)),
        };
        let seen = format!("{object} belongs to {}{}", found.owner, through(user, &found.owner));
        let declared = audit.desired.database_owner.as_ref().map(RoleName::as_str);
        // A database of no service has no known owner: any role that is not a superuser is accepted.
        let rightful = declared.filter(|_| !is_shared).or(match (service, is_shared) {
            (Some(_), _) => Some(audit.actual.admin.name.as_str()),
            (None, true) => Some(audit.actual.bootstrap.as_str()),
            (None, false) => None,
        });
        let on = stmt!("DATABASE {name}").to_string();
        let repair = rightful.map(|owner| match membership(audit, user, &found.owner) {
            // The owner is correct: the fix ends the other roles' ability to act as it.
            Some(row) if owner == found.owner => vec![end(audit, row)],
            _ => {
                let own = audit
                    .managed(&found.owner)
                    .filter(|(own, _)| service.is_some_and(|service| service == *own));
                let declared = own.map_or(&[][..], |(_, kind)| granted(kind, ObjectClass::Database));
                let kept = grant_to_former_owner(declared, &Securable::shared(&on, &found.owner));
                [set_owner(RepairScope::Server, &on, owner)].into_iter().chain(kept).collect()
            }
        });
        // A fix cannot connect to a closed database.
        let finding = if found.allow_connections { finding.database(name) } else { finding };
        out.push(finding.object(&object).evidence(seen).fixes(repair.unwrap_or_default()));
    }
}

/// Returns the last membership by which a role can act as this owner.
fn membership<'a>(audit: &Audit<'a>, user: &str, owner: &str) -> Option<&'a Membership> {
    let user = audit.actual.roles.keys().find(|role| role.as_str() == user)?;
    let paths = audit.roles.reachable(user);
    paths.into_iter().find(|path| path.role.as_str() == owner).map(|path| path.last)
}

fn template(audit: &Audit<'_>, name: &DbName, found: &ActualDatabase, out: &mut Vec<FindingBuilder>) {
    if !found.is_template || ["template0", "template1"].contains(&name.as_str()) {
        return;
    }
    let service = audit.service_of(name.as_str());
    let object = format!("database {name}");
    let close = stmt!("ALTER DATABASE {name} IS_TEMPLATE false");
    // CREATEDB is enough to copy a template, and PUBLIC may connect to the copy:
    // https://www.postgresql.org/docs/current/manage-ag-templatedbs.html
    let copied = || {
        audit
            .actual
            .roles
            .iter()
            .any(|(role, found)| found.createdb && !audit.actors(role.as_str()).is_empty())
    };
    let severity = match service {
        Some(_) => High,
        None if copied() && has_rows(audit, name.as_str()) => High,
        None => Low,
    };
    let found = TEMPLATE_FLAG.of(PUBLIC).at(severity);
    let found = found.service(service).database(name).evidence(format!("{object} is a template"));
    out.push(found.object(object).fix(Repair::alter(RepairScope::Server, close)));
}

/// Returns `true` if a database has tables of its own, or could not be read.
fn has_rows(audit: &Audit<'_>, name: &str) -> bool {
    let catalog = audit.snapshot.databases.get(name);
    catalog.is_none_or(|catalog| catalog.objects.iter().any(|item| item.kind == "table" && item.is_users()))
}

/// Reports owners of extensions, who may drop them with everything that uses them.
fn extensions(db: &Database<'_>, out: &mut Vec<FindingBuilder>) {
    for extension in db.catalog.extensions.iter().filter(|one| db.owner() != Some(&one.owner)) {
        for user in db.audit.actors(&extension.owner) {
            let object = format!("extension {}", extension.name);
            let takes = extension
                .used_by
                .as_ref()
                .map(|used| format!("; DROP EXTENSION {} CASCADE takes {used} along", extension.name));
            let seen = format!("{object} belongs to {}{}", extension.owner, through(user, &extension.owner));
            let seen = seen + &takes.unwrap_or_default();
            let enters = db.service.is_some() && db.audit.user_can_connect(user, db.name);
            let severity = match extension.used_by {
                Some(_) if enters => High,
                _ if enters || db.audit.managed(user).is_some() => Medium,
                _ => Low,
            };
            out.push(OBJECT_OWNER.of(user).at(severity).inside(db).object(object).evidence(seen));
        }
    }
}

fn through(user: &str, owner: &str) -> String {
    if user == owner { String::new() } else { format!(", which {user} can act as") }
}

/// Reports objects of initdb or of an extension that a superuser does not own: their owner can change what all
/// logins use. No statement gives them back, because their code would then run as a superuser.
fn builtin(db: &Database<'_>, item: &CatalogObject, out: &mut Vec<FindingBuilder>) {
    // The role that installs a trusted extension owns its schema.
    if item.extension.is_some() && db.owner() == Some(&item.owner) {
        return;
    }
    for user in db.audit.actors(&item.owner) {
        let through = through(user, &item.owner);
        let seen = format!("{} belongs to {}{through}; {}", item.object(), item.owner, advice(item));
        let severity = if item.system { Critical } else { High };
        let found = OBJECT_OWNER.of(user).at(severity).about(db, item);
        out.push(found.evidence(seen).fix(leave(item)));
    }
}

fn advice(item: &CatalogObject) -> String {
    match &item.extension {
        None => "only a superuser can have given it away: review it before a superuser owns it again".into(),
        Some(extension) if item.added => {
            format!("it was added to extension {extension}, whose script did not create it")
        }
        Some(extension) => format!(
            "check whether the script of extension {extension} created it: if so, review it before a superuser \
             owns it again; if not, ALTER EXTENSION … DROP it"
        ),
    }
}

/// Removes an object from the extension to which it was added; its owner stays the same.
fn leave(item: &CatalogObject) -> Option<Repair> {
    let extension = item.joined.as_ref().or(item.extension.as_ref().filter(|_| item.added))?;
    let what = ServerText::quoted_by_server(item.alter.clone()?);
    let close = stmt!("ALTER EXTENSION {extension} DROP {what}", extension = ident(extension));
    Some(Repair::alter(RepairScope::Database, close))
}

/// Returns `true` for the data service's own schema and its contents, while they are the admin's.
fn is_record(db: &Database<'_>, item: &CatalogObject) -> bool {
    matches!(class_of(db, item), ObjectClass::Records | ObjectClass::Extensions)
        && db.audit.actual.is_admins(&item.owner, db.audit.desired)
}

fn object(db: &Database<'_>, item: &CatalogObject, out: &mut Vec<FindingBuilder>) {
    // A sequence of a table is reported with its table.
    if item.dependent
        || is_record(db, item)
        || is_database_owners(db, &item.owner)
        || db.owner() == Some(item.owner.as_str())
    {
        return;
    }
    let users = db.audit.actors(&item.owner);
    let mut push = |user: &str, severity: Severity| {
        let seen = format!("{} belongs to {}{}", item.object(), item.owner, through(user, &item.owner));
        // A service's owner could then change the effect of a superuser's code or server.
        let is_risky = users.is_empty() && (item.is_routine() || item.kind.starts_with("foreign"));
        let found = OBJECT_OWNER.of(user).at(severity).about(db, item).evidence(seen);
        out.push(match db.owner().zip(item.alter.as_ref()).filter(|_| !is_risky) {
            _ if item.joined.is_some() => found.fix(leave(item)),
            Some((owner, what)) => give(db, item, owner, what, found),
            None => found,
        });
    };
    let is_large_object = item.kind == "large object";
    for user in &users {
        match (db.audit.managed(user), db.service) {
            _ if db.is_own(user) && is_large_object => {}
            _ if db.is_own(user) => push(user, Medium),
            (Some(_), Some(_)) => push(user, High),
            (Some(_), None) if db.is_closed() => push(user, Low),
            (Some(_), None) => push(user, Medium),
            (None, Some(_)) if db.audit.user_can_connect(user, db.name) => push(user, Medium),
            (None, Some(_)) => push(user, Low),
            // Its owner can make the admin's record say anything.
            (None, None) if db.is_run_record(item) => push(user, Medium),
            (None, None) => {}
        }
    }
    // Before 15 initdb gives `public` to the superuser, and a service with schemas of its own leaves it there.
    // Objects in the server's own schemas are not given to a service either.
    let is_servers = matches!(item.schema.as_deref(), Some("pg_catalog" | "information_schema"))
        || item.kind == "schema" && item.name == "public";
    if users.is_empty() && db.service.is_some() && !is_large_object && !is_servers {
        push(&item.owner, Low);
    }
}

/// Makes the service's owner the owner of an object, with safe privileges for its code.
fn give(
    db: &Database<'_>,
    item: &CatalogObject,
    owner: &str,
    what: &str,
    found: FindingBuilder,
) -> FindingBuilder {
    let owned = set_owner(RepairScope::Database, what, owner);
    let ownership_change = ownership_change(db, item);
    if ownership_change == OwnershipChange::ByHand {
        let read = format!(
            "{} wrote code in it that would run with the privileges of {owner}: review it first, then:",
            item.owner
        );
        return found.advice(&read).advice(&format!("{};", owned.statement()));
    }
    let words = ServerText::quoted_by_server(what.into());
    let as_caller = Repair::alter(RepairScope::Database, run_as_caller(kind_of(item), words));
    let as_caller = (ownership_change == OwnershipChange::AsCaller).then_some(as_caller);
    found.fixes(as_caller.into_iter().chain([owned]).chain(declared(db, item)).collect())
}

fn ownership_change(db: &Database<'_>, item: &CatalogObject) -> OwnershipChange {
    let (desired, actual) = (db.audit.desired, db.audit.actual);
    let (Some(service), Some(kind)) = (db.service, kind_of(item)) else { return OwnershipChange::AsIs };
    let is_open = |role: &RoleName| contract::is_open_to_services(desired, actual, service, role);
    if !RoleName::found(item.owner.clone()).is_ok_and(|owner| is_open(&owner)) {
        return OwnershipChange::AsIs;
    }
    let lends = db.catalog.owner_code.get(&item.display).is_some_and(|writers| writers.iter().any(is_open));
    contract::ownership_change(kind, item.definer, lends, actual.major())
}

fn kind_of(item: &CatalogObject) -> Option<ObjectKind> {
    Some(match item.kind.as_str() {
        "table" | "foreign table" => ObjectKind::Table,
        "view" => ObjectKind::View,
        "materialized view" => ObjectKind::MaterializedView,
        "function" => ObjectKind::Function,
        "procedure" => ObjectKind::Procedure,
        "type" => ObjectKind::Type,
        _ => return None,
    })
}

/// Restores declared privileges of a service's login on an object that it no longer owns, and on a table's sequences.
fn declared(db: &Database<'_>, item: &CatalogObject) -> Vec<Repair> {
    let Some((_, kind)) = db.audit.managed(&item.owner).filter(|_| db.is_own(&item.owner)) else {
        return vec![];
    };
    let follows =
        |other: &&CatalogObject| other.table.as_ref() == Some(&item.display) && other.owner == item.owner;
    let all = [item].into_iter().chain(db.catalog.objects.iter().filter(follows));
    all.filter_map(|one| grant_to_former_owner(granted(kind, class_of(db, one)), &one.securable())).collect()
}

/// Returns `true` for `pg_database_owner`, which stands for the database's owner, who is judged as such.
fn is_database_owners(db: &Database<'_>, owner: &str) -> bool {
    let is_trusted = |found: &ActualDatabase| db.audit.class_of(&found.owner) == RoleClass::Trusted;
    let trusted = db.audit.database(db.name).is_some_and(is_trusted);
    owner == "pg_database_owner" && (trusted || db.service.is_none())
}

fn others(db: &Database<'_>, out: &mut Vec<FindingBuilder>) {
    for other in &db.catalog.others {
        let object = format!("{} {}", other.kind, other.display);
        for user in db.audit.actors(&other.role) {
            let managed = db.audit.managed(user);
            let is_own = db.is_own(user);
            let is_owner = managed.is_some_and(|(_, kind)| kind == RoleKind::Owner);
            let severity = match (managed.is_some(), db.service.is_some()) {
                (true, true) => High,
                (true, false) if !db.is_closed() => Medium,
                _ => Low,
            };
            let (verb, found) = match (other.owned, other.named) {
                // A policy for one of the service's own roles.
                (_, true) if is_own => continue,
                (owned, true) => {
                    let verb = if owned { "owns" } else { "is named by" };
                    (verb, FOREIGN_RIGHT.of(user).at(severity.min(Medium)))
                }
                (true, _) if is_own && is_owner => continue,
                (true, _) if is_own => ("owns", OBJECT_OWNER.of(user)),
                (true, _) => ("owns", OBJECT_OWNER.of(user).at(severity)),
                (false, false) => ("holds a privilege on", UNKNOWN_KIND.of(user)),
            };
            let seen = format!("{} {verb} {object}{}", other.role, through(user, &other.role));
            out.push(found.inside(db).object(&object).evidence(seen));
        }
    }
}

#[cfg(test)]
mod tests;
