//! Schemas, objects and extensions inside a service's database.

use std::borrow::Cow;

use super::acl::{Acl, Wanted, entry};
use super::{Look, Steps};
use crate::model::{
    AclEntry, ActualObject, ActualSchema, Contents, DesiredService, Grantee, ObjectKind, RoleKind, RoleName,
    SchemaName,
};
use crate::plan::{Action, DefaultKind, Object, Privilege, Risk};

pub fn diff(look: &Look<'_>, service: &DesiredService, steps: &mut Steps<'_>) {
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
            steps.own(look.caution(&service.database), object, found.owner.as_str(), owner);
        }
        schema_rights(look, service, name, found).beyond(look, &users(service, name), steps);
    }
    for object in &contents.objects {
        diff_object(look, service, &contents, object, steps);
    }
    for name in service.extensions.iter().filter(|name| !contents.extensions.contains_key(*name)) {
        let reason = format!("the extension {name} is not installed");
        let settled = look.actual.settled_extensions.contains(name);
        let schema = (!settled).then(|| service.schemas[0].clone());
        let staged = look.actual.movable_extensions.contains(name);
        steps.add(Risk::Safe, Action::CreateExtension { name: name.clone(), schema, staged }, reason);
    }
}

/// What is inside, or what will be once the database is made or opened: nobody could have added anything.
fn contents<'a>(look: &'a Look<'_>, service: &DesiredService) -> Cow<'a, Contents> {
    let found = look.actual.databases.get(&service.database).and_then(|database| database.contents.as_ref());
    found.map_or_else(|| Cow::Owned(fresh(look)), Cow::Borrowed)
}

/// A new database holds the schema `public` alone; whose it is and what PUBLIC may do there changed in 15.
fn fresh(look: &Look<'_>) -> Contents {
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

fn create_schema(service: &DesiredService, schema: &SchemaName, steps: &mut Steps<'_>) {
    let owner = service.role(RoleKind::Owner);
    let reason = format!("the schema {schema} does not exist");
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
    look: &Look<'_>,
    service: &DesiredService,
    name: &SchemaName,
    found: &ActualSchema,
    steps: &mut Steps<'_>,
) {
    let owner = service.role(RoleKind::Owner);
    if found.owner != *owner {
        let object = Object::Schema(name.clone());
        steps.own(look.caution(&service.database), object, found.owner.as_str(), owner);
    }
    let wanted = users(service, name);
    // ALTER SCHEMA … OWNER turns the old owner's grants into the new one's.
    let acl = schema_rights(look, service, name, found);
    acl.beyond(look, &wanted, steps);
    acl.missing(&wanted, steps);
}

fn schema_rights<'a>(
    look: &Look<'_>,
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
    if schema.as_str() == crate::HISTORY_SCHEMA {
        return Wanted::new();
    }
    [
        entry(service.role(RoleKind::App), &[Privilege::Usage]),
        entry(service.role(RoleKind::Readonly), &[Privilege::Usage]),
    ]
    .into()
}

/// Whether what is in the schema must be the service's: in its own schemas, and wherever a role of ours made
/// something. What unmanaged roles keep in schemas of their own is theirs.
fn is_claimed(look: &Look<'_>, service: &DesiredService, schema: &SchemaName, owner: &RoleName) -> bool {
    let own = service.schemas.contains(schema) || schema.as_str() == crate::HISTORY_SCHEMA;
    own || look.is_managed(&Grantee::Role(owner.clone()))
}

fn diff_object(
    look: &Look<'_>,
    service: &DesiredService,
    contents: &Contents,
    found: &ActualObject,
    steps: &mut Steps<'_>,
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
        steps.own(look.caution(&service.database), object.clone(), found.owner.as_str(), owner);
    }
    let allowed = allowed(service, found);
    let rights = |on: Object, entries: &[AclEntry], steps: &mut Steps<'_>| {
        let risk = look.caution(&service.database);
        Acl { on, owner: found.owner.as_str(), found: entries, public_risk: risk }
            .beyond(look, &allowed, steps);
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
fn allowed(service: &DesiredService, found: &ActualObject) -> Wanted {
    use Privilege::{Delete, Execute, Insert, Select, Update, Usage};
    let (app, readonly): (&[Privilege], &[Privilege]) = match found.kind {
        _ if is_history(service, found) => (&[], &[]),
        ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView => {
            (&[Select, Insert, Update, Delete], &[Select])
        }
        ObjectKind::Sequence => (&[Usage, Select], &[Select]),
        ObjectKind::Function | ObjectKind::Procedure if found.security_definer => (&[Execute], &[]),
        ObjectKind::Function | ObjectKind::Procedure => (&[Execute], &[Execute]),
        ObjectKind::Type | ObjectKind::Other => (&[], &[]),
    };
    [entry(service.role(RoleKind::App), app), entry(service.role(RoleKind::Readonly), readonly)].into()
}

/// What the default privileges give on such an object.
fn usual(service: &DesiredService, found: &ActualObject) -> Wanted {
    let kind = match found.kind {
        _ if is_history(service, found) => return Wanted::new(),
        ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView => DefaultKind::Tables,
        ObjectKind::Sequence => DefaultKind::Sequences,
        // A function in an untrusted language stays a superuser's, and nobody is let at it.
        ObjectKind::Function | ObjectKind::Procedure if found.dependent => return Wanted::new(),
        ObjectKind::Function | ObjectKind::Procedure => DefaultKind::Functions,
        ObjectKind::Type | ObjectKind::Other => DefaultKind::Types,
    };
    super::defaults::wanted(service, kind)
}

/// The records of what was migrated: whoever can write them can make a migration run twice or never.
fn is_history(service: &DesiredService, found: &ActualObject) -> bool {
    let refinery = found.name == crate::REFINERY_TABLE && service.schemas.first() == Some(&found.schema);
    found.schema.as_str() == crate::HISTORY_SCHEMA || refinery
}
