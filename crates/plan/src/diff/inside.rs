//! Schemas, objects and extensions inside a service's database.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::acl::{Acl, Holding, declared, wanted};
use super::comparison::Comparison;
use super::{defaults, extensions, outbox, publications, records};
use crate::action::Action;
use crate::object::Object;
use crate::stage::Risk;
use martydb_model::contract::{
    self, HISTORY_SCHEMA, ObjectClass, OwnershipChange, allowed, granted, is_open_to_services,
};
use martydb_model::{
    AccessTarget, AclEntry, ActualObject, ActualSchema, ActualServer, Contents, DesiredService, Grantee,
    ObjectKind, RoleKind, RoleName, SchemaName,
};

pub(crate) fn diff(look: &mut Comparison<'_>, service: &DesiredService) {
    let contents = contents(look.actual, service);
    for name in &service.schemas {
        match contents.schemas.get(name) {
            None => create_schema(look, service, name),
            Some(found) => schema(look, service, name, found),
        }
    }
    for (name, found) in contents.schemas.iter().filter(|(name, _)| !service.schemas.contains(name)) {
        if service.is_of_extensions(name) {
            continue;
        }
        if !(service.serve.is_none() && records::is_ours(look, name, found)) {
            schema(look, service, name, found);
        }
    }
    let handovers: Vec<Option<OwnershipChange>> =
        contents.objects.iter().map(|found| ownership_change(look, service, &contents, found)).collect();
    let all = || contents.objects.iter().zip(&handovers);
    lend(
        look,
        service,
        all().filter(|(_, ownership_change)| ownership_change.is_some()).map(|(found, _)| found),
    );
    let (owner, are_unset) = (service.role(RoleKind::Owner), defaults::are_unset(look, service));
    for (found, ownership_change) in all() {
        look.part_of = ownership_change.and_then(|_| taken_over(found));
        let is_older = ownership_change.is_some() || are_unset && found.owner == *owner;
        object(look, service, found, *ownership_change, is_older);
    }
    look.part_of = None;
    publications::diff(look, service, &contents);
    records::diff(look, service, &contents);
    extensions::diff(look, service, &contents);
}

/// Returns the contents of a database, or those that it will have once it is created or opened: no login could
/// have added anything before.
pub(crate) fn contents<'a>(actual: &'a ActualServer, service: &DesiredService) -> Cow<'a, Contents> {
    let found = actual.databases.get(&service.database).and_then(|database| database.contents.as_ref());
    found.map_or_else(|| Cow::Owned(fresh(actual)), Cow::Borrowed)
}

/// Returns the contents of a new database: the schema `public` only. Its owner and PUBLIC's privileges on it
/// changed in 15.
fn fresh(actual: &ActualServer) -> Contents {
    let (owner, rights): (&str, &[&str]) = match actual.major() {
        15.. => ("pg_database_owner", &["USAGE"]),
        _ => (&actual.bootstrap, &["CREATE", "USAGE"]),
    };
    let Ok(owner) = RoleName::found(owner) else { return Contents::default() };
    let acl = AclEntry::of_public(&owner, rights.iter().copied());
    let schemas = [(SchemaName::public(), ActualSchema { owner, acl })].into();
    Contents { schemas, ..Contents::default() }
}

fn create_schema(look: &mut Comparison<'_>, service: &DesiredService, schema: &SchemaName) {
    let owner = service.role(RoleKind::Owner);
    let action = Action::CreateSchema { schema: schema.clone(), owner: owner.clone() };
    look.add(Risk::Safe, action, "missing");
    let acl = Acl { on: Object::Schema(schema.clone()), owner: owner.as_str(), next_owner: None, found: &[] };
    acl.missing(look, &users(service, schema));
}

fn schema(look: &mut Comparison<'_>, service: &DesiredService, name: &SchemaName, found: &ActualSchema) {
    let owner = service.role(RoleKind::Owner);
    let taken = found.owner != *owner && is_claimed(look, service, name, &found.owner);
    let next_owner = taken.then(|| owner.as_str());
    if taken {
        look.set_owner(Object::Schema(name.clone()), found.owner.as_str(), owner);
    }
    let wanted = users(service, name);
    // ALTER SCHEMA … OWNER turns the old owner's grants into the new one's.
    let acl =
        Acl { on: Object::Schema(name.clone()), owner: found.owner.as_str(), next_owner, found: &found.acl };
    acl.beyond(look, &wanted);
    let is_history = name.as_str() == HISTORY_SCHEMA;
    if service.schemas.contains(name) || is_history || records::is_ours(look, name, found) {
        acl.missing(look, &wanted);
    }
}

/// Returns USAGE on a schema: for app, readonly and further roles; on `martydb_serve` for the data service's logins; on
/// `martydb` for the one that reads.
fn users(service: &DesiredService, schema: &SchemaName) -> Holding {
    let class = contract::class_of_schema(schema.as_str(), "", &[]).unwrap_or(ObjectClass::Schema);
    let mut users = wanted(service, class, granted);
    users.extend(declared(service, class, AccessTarget::Schema(schema.as_str())));
    users
}

/// Returns `true` if objects in the schema must belong to the service: in its own schemas, and in any where a
/// role of ours created something. Objects of unmanaged roles in their own schemas are left to them.
fn is_claimed(
    look: &Comparison<'_>,
    service: &DesiredService,
    schema: &SchemaName,
    owner: &RoleName,
) -> bool {
    let own = service.schemas.contains(schema) || schema.as_str() == HISTORY_SCHEMA;
    own || look.is_managed(&Grantee::Role(owner.clone()))
}

/// Plans the change of an object's owner, if it must change. Code that a person has to review first is left
/// alone; the audit reports it.
fn ownership_change(
    look: &Comparison<'_>,
    service: &DesiredService,
    contents: &Contents,
    found: &ActualObject,
) -> Option<OwnershipChange> {
    let owner = service.role(RoleKind::Owner);
    let in_schema = contents.schemas.get(&found.schema).map(|schema| &schema.owner);
    let mut owners = in_schema.into_iter().chain([&found.owner]);
    let foreign =
        found.owner != *owner && owners.any(|owner| is_claimed(look, service, &found.schema, owner));
    let way = foreign.then(|| way(look, service, contents, found));
    way.filter(|way| *way != OwnershipChange::ByHand)
}

fn way(
    look: &Comparison<'_>,
    service: &DesiredService,
    contents: &Contents,
    found: &ActualObject,
) -> OwnershipChange {
    let is_open = |role: &RoleName| is_open_to_services(look.desired, look.actual, service, role);
    if !is_open(&found.owner) {
        return OwnershipChange::AsIs;
    }
    let name = found.signature.clone().unwrap_or_else(|| format!("{}.{}", found.schema, found.name));
    let lends = contents.owner_code.get(&name).is_some_and(|writers| writers.iter().any(is_open));
    contract::ownership_change(found.kind, found.security_definer, lends, look.actual.major())
}

/// Returns the relation that is locked when this object's owner changes: itself, or a sequence's table.
fn taken_over(found: &ActualObject) -> Option<Object> {
    use ObjectKind::{MaterializedView, Sequence, Table, View};
    match (&found.of_table, found.kind) {
        (Some(table), Sequence) => {
            Some(Object::Named { kind: Table, schema: found.schema.clone(), name: table.clone() })
        }
        (_, Table | View | MaterializedView | Sequence) => Some(Object::from_actual(found)),
        _ => None,
    }
}

/// Grants the new owner all privileges on what it will own. PostgreSQL removes these grants when the owner
/// changes, because an owner's privileges are implicit.
fn lend<'a>(
    look: &mut Comparison<'_>,
    service: &DesiredService,
    taken: impl Iterator<Item = &'a ActualObject>,
) {
    let to = service.role(RoleKind::Owner);
    let mut all: BTreeMap<RoleName, Vec<Object>> = BTreeMap::new();
    for found in taken.filter(|found| found.kind != ObjectKind::Other && !stays(service, found)) {
        all.entry(found.owner.clone()).or_default().push(Object::from_actual(found));
    }
    for (from, objects) in all {
        let reason =
            format!("{to} gets all privileges before it becomes the owner: access is not interrupted");
        look.add(Risk::Safe, Action::Lend { objects, from, to: to.clone() }, reason);
    }
}

/// Returns `true` for a function in an untrusted language, which remains a superuser's.
fn stays(service: &DesiredService, found: &ActualObject) -> bool {
    let class = class_of(service, found);
    found.dependent && matches!(class, ObjectClass::Function | ObjectClass::SecurityDefiner)
}

/// Compares an object. One that `is_older` than its owner's default privileges lacks what they would have given it.
fn object(
    look: &mut Comparison<'_>,
    service: &DesiredService,
    found: &ActualObject,
    ownership_change: Option<OwnershipChange>,
    is_older: bool,
) {
    let owner = service.role(RoleKind::Owner);
    if ownership_change.is_some() && !found.dependent {
        if ownership_change == Some(OwnershipChange::AsCaller) {
            let reason =
                format!("{} wrote it: run it with the caller's privileges, not with {owner}'s", found.owner);
            look.add(look.caution(), Action::RunAsCaller { object: Object::from_actual(found) }, reason);
        }
        look.set_owner(Object::from_actual(found), found.owner.as_str(), owner);
        if found.policies_spare_owner && !passes_policies(look, &found.owner) {
            let more = format!("; its row security policies apply to {} from then on", found.owner);
            look.steps.iter_mut().next_back().expect("it was just added").reason += &more;
        }
    }
    let class = class_of(service, found);
    // A migration may revoke some of these: a missing privilege is not drift.
    let mut most = wanted(service, class, allowed);
    let table = found.of_table.as_deref().filter(|_| found.kind == ObjectKind::Sequence);
    let spot = AccessTarget::Object { schema: found.schema.as_str(), name: table.unwrap_or(&found.name) };
    let further = declared(service, class, spot);
    most.extend(further.clone());
    let next_owner = ownership_change.map(|_| owner.as_str());
    let acl =
        Acl { on: Object::from_actual(found), owner: found.owner.as_str(), next_owner, found: &found.acl };
    acl.beyond(look, &most);
    if is_older && !stays(service, found) {
        // Its default privileges did not exist when it was created, or were another role's.
        acl.missing(look, &wanted(service, class, granted));
    }
    // Further roles may be declared when all objects exist already.
    if !stays(service, found) {
        acl.missing(look, &further);
    }
    for (column, entry) in &found.column_acl {
        let (schema, table) = (found.schema.clone(), found.name.clone());
        let on = Object::Column { schema, table, column: column.clone() };
        let mut most = most.clone();
        most.extend(outbox::of_column(service, found, column));
        Acl { on, found: std::slice::from_ref(entry), ..acl }.beyond(look, &most);
    }
    outbox::diff(look, service, found);
}

/// Returns `true` if row security never applies to the role.
fn passes_policies(look: &Comparison<'_>, role: &RoleName) -> bool {
    look.actual.roles.get(role).is_some_and(|found| found.superuser || found.bypassrls)
}

fn class_of(service: &DesiredService, found: &ActualObject) -> ObjectClass {
    let own = contract::class_of_schema(found.schema.as_str(), &found.name, &service.schemas);
    own.unwrap_or_else(|| ObjectClass::from_kind(found.kind, found.security_definer))
}
