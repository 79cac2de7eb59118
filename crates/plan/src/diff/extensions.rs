//! Extensions of a service, and the schemas that hold them alone: the admin's, in which no role of the service creates.

use std::collections::BTreeSet;

use super::acl::{Acl, Holding, declared, wanted};
use super::comparison::Comparison;
use crate::action::Action;
use crate::object::Object;
use crate::stage::Risk;
use martydb_model::contract::{ObjectClass, granted};
use martydb_model::{AccessTarget, Contents, DesiredExtension, DesiredService, HostExtensions, SchemaName};

pub(super) fn diff(look: &mut Comparison<'_>, service: &DesiredService, contents: &Contents) {
    service.extension_schemas().for_each(|name| schema(look, service, contents, name));
    for wanted in in_order(&service.extensions, &look.actual.host_extensions) {
        match (contents.extensions.get(&wanted.name), &wanted.schema) {
            (None, _) => create(look, service, wanted),
            (Some(found), Some(schema)) if found != schema.as_str() => {
                let action = Action::MoveExtension { name: wanted.name.clone(), schema: schema.clone() };
                look.add(Risk::Caution, action, format!("it is in schema {found}"));
            }
            _ => {}
        }
    }
}

fn create(look: &mut Comparison<'_>, service: &DesiredService, wanted: &DesiredExtension) {
    let host = &look.actual.host_extensions;
    let settled = host.settled.contains(&wanted.name);
    let schema = wanted.schema.clone().or_else(|| (!settled).then(|| service.schemas[0].clone()));
    let staged = host.movable.contains(&wanted.name);
    let action = Action::CreateExtension { name: wanted.name.clone(), schema, staged };
    look.add(Risk::Safe, action, "not installed");
}

/// Returns the extensions in the order in which each finds those that it needs; else as declared.
fn in_order<'a>(declared: &'a [DesiredExtension], host: &HostExtensions) -> Vec<&'a DesiredExtension> {
    let (mut ordered, mut seen) = (vec![], BTreeSet::new());
    declared.iter().for_each(|one| visit(one, declared, host, &mut seen, &mut ordered));
    ordered
}

fn visit<'a>(
    one: &'a DesiredExtension,
    declared: &'a [DesiredExtension],
    host: &HostExtensions,
    seen: &mut BTreeSet<&'a str>,
    ordered: &mut Vec<&'a DesiredExtension>,
) {
    if !seen.insert(&one.name) {
        return;
    }
    let needs = host.needs.get(&one.name).into_iter().flatten();
    for needed in needs.filter_map(|name| declared.iter().find(|other| other.name == *name)) {
        visit(needed, declared, host, seen, ordered);
    }
    ordered.push(one);
}

fn schema(look: &mut Comparison<'_>, service: &DesiredService, contents: &Contents, name: &SchemaName) {
    let Some(admin) = look.actual.admin_role() else { return };
    let on = Object::Schema(name.clone());
    let users = users(service, name);
    let Some(found) = contents.schemas.get(name) else {
        let action = Action::CreateSchema { schema: name.clone(), owner: admin.clone() };
        look.add(Risk::Safe, action, "missing");
        Acl { on, owner: admin.as_str(), next_owner: None, found: &[] }.missing(look, &users);
        return;
    };
    let is_admins = look.actual.is_admins(found.owner.as_str(), look.desired);
    // The server's own owner of `public`, which is the database's.
    let taken = !is_admins && found.owner.as_str() != "pg_database_owner";
    if taken {
        look.set_owner(on.clone(), found.owner.as_str(), &admin);
    }
    let next_owner = taken.then(|| admin.as_str());
    let acl = Acl { on, owner: found.owner.as_str(), next_owner, found: &found.acl };
    acl.beyond(look, &users);
    acl.missing(look, &users);
}

/// Returns USAGE for the roles of the service and the further ones with access to all of it.
fn users(service: &DesiredService, schema: &SchemaName) -> Holding {
    let mut users = wanted(service, ObjectClass::Extensions, granted);
    users.extend(declared(service, ObjectClass::Schema, AccessTarget::Schema(schema.as_str())));
    users
}
