//! Default privileges: the roles in the contract, and no others, can use the owner's future objects at once.
//!
//! They are set for the whole database: PostgreSQL adds the entries of single schemas to the global ones, so a
//! `REVOKE … FROM PUBLIC` in a schema would do nothing
//! (<https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html>).

use super::acl::{Holding, declared_future, difference, held, taken, wanted};
use super::comparison::Comparison;
use crate::action::Action;
use crate::stage::Risk;
use martydb_model::contract::{DefaultKind, Privileges, builtin, granted};
use martydb_model::{AclEntry, DefaultAcl, DesiredService, Grantee, RoleKind, RoleName, SchemaName};

/// Default privileges of one owner for one kind of objects, in one schema or in the whole database.
struct Defaults<'a> {
    owner: &'a RoleName,
    schema: Option<&'a SchemaName>,
    kind: DefaultKind,
}

pub(crate) fn diff(look: &mut Comparison<'_>, service: &DesiredService) {
    let found = look.actual.databases.get(&service.database).and_then(|database| database.contents.as_ref());
    let rows: &[DefaultAcl] = found.map_or(&[], |contents| &contents.default_acls);
    let owner = service.role(RoleKind::Owner);
    let global = |row: &&DefaultAcl| row.role == *owner && row.schema.is_none();
    for (kind, letter, ..) in DefaultKind::ALL {
        let row = rows.iter().filter(global).find(|row| row.object == *letter);
        let wanted = everywhere(service, *kind);
        let defaults = Defaults { owner, schema: None, kind: *kind };
        let found = row.map_or_else(|| unset(*kind), |row| held(&row.acl));
        defaults.beyond(look, row.map_or(&[], |row| &row.acl), &found, &wanted);
        defaults.missing(look, &wanted, &found);
    }
    in_schemas(look, service, rows);
    // Entries of single schemas, and entries of other owners that grant something to our roles or to PUBLIC.
    for row in rows.iter().filter(|row| !global(row)) {
        let Some(kind) = DefaultKind::from_letter(row.object) else { continue };
        let mut allowed = match &row.schema {
            _ if row.role == *owner => everywhere(service, kind),
            None => unset(kind),
            Some(_) => Holding::new(),
        };
        if row.role == *owner {
            allowed.extend(declared_future(service, kind.class(), row.schema.as_ref()));
        }
        let defaults = Defaults { owner: &row.role, schema: row.schema.as_ref(), kind };
        defaults.beyond(look, &row.acl, &held(&row.acl), &allowed);
    }
}

/// Returns `true` if `apply` never set the owner's default privileges here: none withholds from PUBLIC what PostgreSQL gives. What
/// the owner has is then older than they are, and no migration can have revoked a privilege of the service's roles. A migration
/// that removes the default privileges on tables leaves those on functions and types.
pub(crate) fn are_unset(look: &Comparison<'_>, service: &DesiredService) -> bool {
    let found = look.actual.databases.get(&service.database).and_then(|database| database.contents.as_ref());
    let owner = service.role(RoleKind::Owner);
    let rows = found.into_iter().flat_map(|contents| &contents.default_acls);
    let mut of_owner = rows.filter(|row| row.role == *owner && row.schema.is_none());
    let withholds = |row: &DefaultAcl| {
        let is_open = DefaultKind::from_letter(row.object).is_some_and(|kind| !unset(kind).is_empty());
        is_open && !row.acl.iter().any(|entry| entry.grantee == Grantee::Public)
    };
    !of_owner.any(withholds)
}

/// Returns the privileges of the service's and further roles on the owner's future objects.
fn everywhere(service: &DesiredService, kind: DefaultKind) -> Holding {
    let mut wanted = wanted(service, kind.class(), granted);
    wanted.extend(declared_future(service, kind.class(), None));
    wanted
}

/// Compares the privileges of further roles on the owner's future objects in single schemas.
fn in_schemas(look: &mut Comparison<'_>, service: &DesiredService, rows: &[DefaultAcl]) {
    let owner = service.role(RoleKind::Owner);
    for schema in &service.schemas {
        for (kind, letter, _, class) in DefaultKind::ALL {
            let wanted = declared_future(service, *class, Some(schema));
            let here = |row: &&DefaultAcl| {
                row.role == *owner && row.schema.as_ref() == Some(schema) && row.object == *letter
            };
            let found = rows.iter().find(here).map_or_else(Holding::new, |row| held(&row.acl));
            Defaults { owner, schema: Some(schema), kind: *kind }.missing(look, &wanted, &found);
        }
    }
}

/// Returns PostgreSQL's privileges of PUBLIC without an entry.
fn unset(kind: DefaultKind) -> Holding {
    let privileges = Some(builtin(kind.class())).filter(|privileges| !privileges.is_empty());
    privileges.map(|privileges| (Grantee::Public, privileges.iter().copied().collect())).into_iter().collect()
}

impl Defaults<'_> {
    fn missing(&self, look: &mut Comparison<'_>, wanted: &Holding, found: &Holding) {
        for (to, privileges) in difference(wanted, found) {
            let (owner, schema, on) = (self.owner.clone(), self.schema.cloned(), self.kind);
            let reason = format!("grant {privileges} to {to} on {}{}", self.words(), self.place());
            look.add(Risk::Safe, Action::GrantDefault { owner, schema, on, privileges, to }, reason);
        }
    }

    fn beyond(&self, look: &mut Comparison<'_>, acl: &[AclEntry], found: &Holding, allowed: &Holding) {
        let owner = Grantee::Role(self.owner.clone());
        let by_us = look.is_managed(&owner);
        for (grantee, extra) in difference(found, allowed) {
            if grantee != owner && (by_us || look.is_managed(&grantee)) {
                self.revoke(look, grantee, extra, false);
            }
        }
        // Privileges that are allowed, but without the grant option.
        let options = held(acl.iter().filter(|entry| entry.grantable));
        for (grantee, passed_on) in &options {
            let Some(allowed) = allowed.get(grantee) else { continue };
            let passed_on = Privileges::new(passed_on.intersection(allowed).copied());
            if !passed_on.is_empty() {
                self.revoke(look, grantee.clone(), passed_on, true);
            }
        }
    }

    fn revoke(&self, look: &mut Comparison<'_>, from: Grantee, privileges: Privileges, only_option: bool) {
        let right = taken(&privileges, only_option);
        let on = format!("{}{}", self.words(), self.place());
        let managed = look.is_managed(&from);
        let reason = if managed {
            format!("revoke {right} from {from} on {on}")
        } else {
            format!("{from} gets {right} on {on}: not in the manifest")
        };
        let (owner, schema) = (self.owner.clone(), self.schema.cloned());
        let action = Action::RevokeDefault { owner, schema, on: self.kind, privileges, from, only_option };
        if managed {
            look.add(Risk::Safe, action, reason);
        } else {
            look.add_prunable(action, reason);
        }
    }

    fn place(&self) -> String {
        self.schema.map_or_else(String::new, |schema| format!(" in schema {schema}"))
    }

    fn words(&self) -> String {
        format!("future {} of {}", self.kind.word().to_lowercase(), self.owner)
    }
}
