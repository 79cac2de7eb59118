//! Publications of the logins that follow the changes of a service's tables. Like the tables, they belong to
//! the service's owner; they contain exactly the tables in the manifest. Others keep their tables.

use std::collections::BTreeSet;

use super::comparison::Comparison;
use crate::action::{Action, PublicationChange};
use crate::object::Object;
use crate::stage::Risk;
use crate::step::PrivilegeGap;
use martydb_model::{
    ActualPublication, Contents, DesiredPublication, DesiredService, ObjectKind, RoleKind, SchemaName,
};

type TableName = (SchemaName, String);

pub(crate) fn diff(look: &mut Comparison<'_>, service: &DesiredService, contents: &Contents) {
    for wanted in &service.publications {
        match contents.publications.get(wanted.login.as_str()) {
            None => create(look, service, contents, wanted),
            Some(found) if found.is_list => change(look, service, contents, wanted, found),
            // `limits` reports it.
            Some(_) => {}
        }
    }
    let is_wanted = |name: &str| service.publications.iter().any(|wanted| wanted.login.as_str() == name);
    for (_, found) in contents.publications.iter().filter(|(name, _)| !is_wanted(name)) {
        take_over(look, service, found);
    }
}

/// Changes the owner of a publication of the service's tables, as of every object in its schemas. A login that replicates keeps
/// its own, because it may add tables to it.
fn take_over(look: &mut Comparison<'_>, service: &DesiredService, found: &ActualPublication) {
    let owner = service.role(RoleKind::Owner);
    let replicates =
        look.actual.roles.get(&found.owner).is_some_and(|role| role.replication && !role.superuser);
    let is_inside = found.tables.iter().all(|(schema, _)| service.schemas.contains(schema));
    if found.is_list && found.owner != *owner && !replicates && is_inside {
        look.set_owner(Object::of_publication(found), found.owner.as_str(), owner);
    }
}

/// Returns the tables that exist and can be published. `apply` adds a table after the migration that creates it.
fn present<'a>(contents: &Contents, wanted: &'a DesiredPublication) -> Vec<&'a TableName> {
    let is_there = |table: &&TableName| {
        contents
            .objects
            .iter()
            .any(|found| found.kind == ObjectKind::Table && found.schema == table.0 && found.name == table.1)
    };
    wanted.tables.iter().filter(is_there).collect()
}

/// Creates a publication with the present tables; without any, PostgreSQL would only warn, and the gap reports
/// that already.
fn create(
    look: &mut Comparison<'_>,
    service: &DesiredService,
    contents: &Contents,
    wanted: &DesiredPublication,
) {
    let tables: Vec<TableName> = present(contents, wanted).into_iter().cloned().collect();
    if tables.is_empty() || !look.actual.logs_rows {
        return;
    }
    let (name, owner) = (wanted.login.clone(), service.role(RoleKind::Owner).clone());
    after_takeover(look, &tables, |look| {
        let action = Action::CreatePublication { name, owner, tables: tables.clone() };
        look.add(Risk::Safe, action, format!("{} follows these tables", wanted.login));
    });
}

fn change(
    look: &mut Comparison<'_>,
    service: &DesiredService,
    contents: &Contents,
    wanted: &DesiredPublication,
    found: &ActualPublication,
) {
    let owner = service.role(RoleKind::Owner);
    if found.owner != *owner {
        look.set_owner(Object::of_publication(found), found.owner.as_str(), owner);
    }
    let step = |table: &TableName, change| Action::ChangePublication {
        name: wanted.login.clone(),
        owner: owner.clone(),
        change,
        table: table.clone(),
    };
    for table in present(contents, wanted).into_iter().filter(|table| !found.tables.contains(*table)) {
        let reason = format!("{} follows table {}.{}", wanted.login, table.0, table.1);
        after_takeover(look, std::slice::from_ref(table), |look| {
            look.add(Risk::Safe, step(table, PublicationChange::Add), reason);
        });
    }
    let declared: BTreeSet<&TableName> = wanted.tables.iter().collect();
    for table in found.tables.iter().filter(|table| !declared.contains(table)) {
        let reason =
            format!("{} does not follow table {}.{} in the manifest", wanted.login, table.0, table.1);
        look.add(Risk::Caution, step(table, PublicationChange::Drop), reason);
    }
}

/// Adds the step after the last change of owner of these tables: only a table's owner may publish it.
fn after_takeover(look: &mut Comparison<'_>, tables: &[TableName], add: impl FnOnce(&mut Comparison<'_>)) {
    let is_one = |object: &Object| match object {
        Object::Named { kind: ObjectKind::Table, schema, name } => {
            tables.iter().any(|table| table.0 == *schema && table.1 == *name)
        }
        _ => false,
    };
    let taken = look.steps.iter().rev().filter_map(|step| step.part_of.clone());
    look.part_of = taken.into_iter().find(is_one);
    add(look);
    look.part_of = None;
}

/// Returns the gaps that prevent following changes at all.
pub(crate) fn limits(
    look: &Comparison<'_>,
    service: &DesiredService,
    contents: &Contents,
) -> Vec<PrivilegeGap> {
    let gap = |login: &str, why: String, grant: String| {
        let what = format!("publish tables for {login}");
        let gap = PrivilegeGap::without_grant(&look.desired.name, Some(&service.name), what, why);
        PrivilegeGap { grant: Some(grant), ..gap }
    };
    let of = |wanted: &DesiredPublication| {
        let login = wanted.login.as_str();
        match contents.publications.get(login) {
            Some(found) if !found.is_list => Some(gap(
                login,
                format!("publication {} publishes more than tables by name", found.identity),
                format!(
                    "in database {}: DROP PUBLICATION {}; then run apply again",
                    service.database, found.identity
                ),
            )),
            _ if !look.actual.logs_rows => Some(gap(
                login,
                "the server does not log which rows change: wal_level is not logical".into(),
                "ALTER SYSTEM SET wal_level = logical; then restart the server".into(),
            )),
            _ => None,
        }
    };
    service.publications.iter().filter_map(of).collect()
}
