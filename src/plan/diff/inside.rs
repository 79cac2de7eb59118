//! Schemas, objects and extensions inside a service's database.

use std::borrow::Cow;

use super::acl::{Acl, Wanted, wanted};
use super::comparison::Comparison;
use super::service_steps::ServiceSteps;
use crate::contract::{HISTORY_SCHEMA, ObjectClass, allowed, granted, is_history};
use crate::model::{
    AclEntry, ActualObject, ActualSchema, Contents, DesiredService, Grantee, RoleKind, RoleName, SchemaName,
};
use crate::plan::action::Action;
use crate::plan::object::Object;
use crate::plan::stage::Risk;

pub fn diff(look: &Comparison<'_>, service: &DesiredService, steps: &mut ServiceSteps<'_>) {
    let contents = contents(look, service);
    for schema in &service.schemas {
        match contents.schemas.get(schema) {
            None => create_schema(service, schema, steps),
            Some(found) => declared_schema(look, service, schema, found, steps),
        }
    }
    for (name, found) in contents.schemas.iter().filter(|(name, _)| !service.schemas.contains(name)) {
        let owner = service.role(RoleKind::Owner);
        if found.owner != *owner && is_claimed(look, service, name, &found.owner) {
            let object = Object::Schema(name.clone());
            steps.set_owner(look.caution(&service.database), object, found.owner.as_str(), owner);
        }
        schema_rights(look, service, name, found).beyond(look, &users(service, name), steps);
    }
    for object in &contents.objects {
        diff_object(look, service, &contents, object, steps);
    }
    for name in service.extensions.iter().filter(|name| !contents.extensions.contains_key(*name)) {
        let reason = "not installed";
        let settled = look.actual.settled_extensions.contains(name);
        let schema = (!settled).then(|| service.schemas[0].clone());
        let staged = look.actual.movable_extensions.contains(name);
        steps.add(Risk::Safe, Action::CreateExtension { name: name.clone(), schema, staged }, reason);
    }
}

/// What is inside, or what will be once the database is created or opened: no login could have added anything before.
fn contents<'a>(look: &'a Comparison<'_>, service: &DesiredService) -> Cow<'a, Contents> {
    let found = look.actual.databases.get(&service.database).and_then(|database| database.contents.as_ref());
    found.map_or_else(|| Cow::Owned(fresh(look)), Cow::Borrowed)
}

/// A new database holds the schema `public` alone; whose it is and what PUBLIC may do there changed in 15.
fn fresh(look: &Comparison<'_>) -> Contents {
    let (owner, rights): (&str, &[&str]) = match look.actual.major() {
        15.. => ("pg_database_owner", &["USAGE"]),
        _ => (&look.actual.bootstrap, &["CREATE", "USAGE"]),
    };
    let mut contents = Contents::default();
    let (Ok(owner), Ok(public)) = (RoleName::found(owner), SchemaName::found("public")) else {
        return contents;
    };
    let entry = |privilege: &&str| AclEntry {
        grantee: Grantee::Public,
        grantor: owner.clone(),
        privilege: (*privilege).into(),
        grantable: false,
    };
    let acl = rights.iter().map(entry).collect();
    contents.schemas.insert(public, ActualSchema { owner, acl });
    contents
}

fn create_schema(service: &DesiredService, schema: &SchemaName, steps: &mut ServiceSteps<'_>) {
    let owner = service.role(RoleKind::Owner);
    let reason = "missing";
    steps.add(Risk::Safe, Action::CreateSchema { schema: schema.clone(), owner: owner.clone() }, reason);
    let acl = Acl {
        on: Object::Schema(schema.clone()),
        owner: owner.as_str(),
        found: &[],
        public_risk: Risk::Safe,
    };
    acl.missing(&users(service, schema), steps);
}

fn declared_schema(
    look: &Comparison<'_>,
    service: &DesiredService,
    name: &SchemaName,
    found: &ActualSchema,
    steps: &mut ServiceSteps<'_>,
) {
    let owner = service.role(RoleKind::Owner);
    if found.owner != *owner {
        let object = Object::Schema(name.clone());
        steps.set_owner(look.caution(&service.database), object, found.owner.as_str(), owner);
    }
    let wanted = users(service, name);
    // ALTER SCHEMA … OWNER turns the old owner's grants into the new one's.
    let acl = schema_rights(look, service, name, found);
    acl.beyond(look, &wanted, steps);
    acl.missing(&wanted, steps);
}

fn schema_rights<'a>(
    look: &Comparison<'_>,
    service: &DesiredService,
    name: &SchemaName,
    found: &'a ActualSchema,
) -> Acl<'a> {
    Acl {
        on: Object::Schema(name.clone()),
        owner: found.owner.as_str(),
        found: &found.acl,
        public_risk: look.caution(&service.database),
    }
}

/// App and readonly may use every schema but martydb's own.
fn users(service: &DesiredService, schema: &SchemaName) -> Wanted {
    let history = schema.as_str() == HISTORY_SCHEMA;
    wanted(service, if history { ObjectClass::History } else { ObjectClass::Schema }, granted)
}

/// Whether what is in the schema must be the service's: in its own schemas, and wherever a role of ours made
/// something. What unmanaged roles keep in schemas of their own is theirs.
fn is_claimed(
    look: &Comparison<'_>,
    service: &DesiredService,
    schema: &SchemaName,
    owner: &RoleName,
) -> bool {
    let own = service.schemas.contains(schema) || schema.as_str() == HISTORY_SCHEMA;
    own || look.is_managed(&Grantee::Role(owner.clone()))
}

fn diff_object(
    look: &Comparison<'_>,
    service: &DesiredService,
    contents: &Contents,
    found: &ActualObject,
    steps: &mut ServiceSteps<'_>,
) {
    let owner = service.role(RoleKind::Owner);
    let object = Object::of(found);
    let in_ours = contents
        .schemas
        .get(&found.schema)
        .is_some_and(|schema| is_claimed(look, service, &found.schema, &schema.owner));
    let claimed = in_ours || is_claimed(look, service, &found.schema, &found.owner);
    let foreign = found.owner != *owner && claimed;
    if foreign && !found.dependent {
        steps.set_owner(look.caution(&service.database), object.clone(), found.owner.as_str(), owner);
    }
    let most = most(service, found);
    let rights = |on: Object, entries: &[AclEntry], steps: &mut ServiceSteps<'_>| {
        let risk = look.caution(&service.database);
        Acl { on, owner: found.owner.as_str(), found: entries, public_risk: risk }.beyond(look, &most, steps);
    };
    rights(object.clone(), &found.acl, steps);
    if foreign {
        // The default privileges were not there when it was made, or were another role's.
        let acl = Acl { on: object, owner: found.owner.as_str(), found: &found.acl, public_risk: Risk::Safe };
        acl.missing(&usual(service, found), steps);
    }
    for (column, entry) in &found.column_acl {
        let on = Object::Column {
            schema: found.schema.clone(),
            table: found.name.clone(),
            column: column.clone(),
        };
        rights(on, std::slice::from_ref(entry), steps);
    }
}

/// What app and readonly may hold at most. A migration may take some of it away: what is missing is not drift.
fn most(service: &DesiredService, found: &ActualObject) -> Wanted {
    wanted(service, class_of(service, found), allowed)
}

/// What the default privileges give on such an object.
fn usual(service: &DesiredService, found: &ActualObject) -> Wanted {
    match class_of(service, found) {
        // A function in an untrusted language stays a superuser's.
        ObjectClass::Function | ObjectClass::SecurityDefiner if found.dependent => Wanted::new(),
        class => wanted(service, class, granted),
    }
}

fn class_of(service: &DesiredService, found: &ActualObject) -> ObjectClass {
    let first = service.schemas.first().map(SchemaName::as_str);
    if is_history(found.schema.as_str(), &found.name, first) {
        return ObjectClass::History;
    }
    ObjectClass::of(found.kind, found.security_definer)
}
