//! Capabilities of the connected admin on this server, and the roles whose privileges it must borrow.
//!
//! A superuser may do everything. A limited admin (`CREATEDB CREATEROLE`) counts as an object's owner only
//! while it is a member of that owner. PostgreSQL 16 changed the roles of which it can make itself a member
//! (<https://www.postgresql.org/docs/16/release-16.html>, "Restrict the privileges of CREATEROLE").

use std::collections::{BTreeMap, BTreeSet};

use super::action::{Action, Attribute};
use super::database_option::DatabaseOption;
use super::object::Object;
use super::step::Step;
use martydb_model::error::{Error, Result};
use martydb_model::grants::alter_role;
use martydb_model::sql::Keyword;
use martydb_model::{
    ActualObject, ActualServer, Admin, DbName, DesiredServer, ObjectKind, RoleKind, RoleName, SERVE_SCHEMA,
    SchemaName,
};

/// Role of which the database's owner is an implicit member, from 14 on.
const DATABASE_OWNER: &str = "pg_database_owner";

/// Settings that older majors do not have, with the first major that does.
const NEWER_SETTINGS: &[(&str, u32)] = &[("idle_session_timeout", 14), ("transaction_timeout", 17)];

/// Requires CREATEDB and CREATEROLE for the steps that need them. Without them nothing can be created: that is the wrong
/// admin, not a privilege gap to accept.
///
/// # Errors
/// If the admin is no superuser and lacks one of them.
pub fn can_create(admin: &Admin, steps: &[Step]) -> Result<()> {
    let needs = |wanted: fn(&Action) -> bool| steps.iter().any(|step| wanted(&step.action));
    let role = !admin.createrole && needs(|action| matches!(action, Action::CreateRole { .. }));
    let makes =
        |action: &Action| matches!(action, Action::CreateDatabase { .. } | Action::CopyDatabase { .. });
    let database = !admin.createdb && needs(makes);
    let (lacking, missing) = match (admin.superuser, role, database) {
        (true, _, _) | (_, false, false) => return Ok(()),
        (_, true, true) => ("CREATEDB CREATEROLE", "databases and roles"),
        (_, true, false) => ("CREATEROLE", "roles"),
        (_, false, true) => ("CREATEDB", "databases"),
    };
    Err(Error::operation(format!("the admin \"{}\" cannot create {missing}", admin.name))
        .cause(format!("it lacks {lacking}"))
        .hint(format!("ask a DBA for: {}", alter_role(&admin.name, Keyword(lacking)).statement()))
        .hint("`martydb doctor` shows everything that this admin can and cannot do"))
}

/// Reason why the admin cannot do a step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// From 16 on: another role created this one, and the admin lacks ADMIN on it.
    NotGiven(RoleName),
    /// The role is a superuser, so only a superuser may change it or what it owns.
    Superuser(RoleName),
    /// Only a superuser may change this attribute of any role.
    Attribute(RoleName),
    /// Only a superuser may set this setting.
    Setting(String),
    /// The admin may not create anything in this tablespace.
    Tablespace(String),
    /// Only a superuser may install this extension.
    Extension(String),
    /// The extension's objects stay where they are: its control file says so, or another role owns them.
    Immovable(String),
    /// The extension's script would run as the admin among the service's own functions: name and schema.
    Planted(String, SchemaName),
    /// This major lacks the setting; with the first that has it.
    Unknown(String, u32),
}

/// Returns `true` for what the admin itself makes in a service's database.
fn is_record_object(object: &Object) -> bool {
    match object {
        Object::Schema(schema) | Object::Named { schema, .. } | Object::Column { schema, .. } => {
            schema.as_str() == SERVE_SCHEMA
        }
        _ => false,
    }
}

/// Capabilities of the connected admin.
pub struct AdminCapabilities<'a> {
    desired: &'a DesiredServer,
    actual: &'a ActualServer,
    owners: BTreeMap<(DbName, Object), RoleName>,
}

impl<'a> AdminCapabilities<'a> {
    /// Looks up the owners of all objects once; not needed for a superuser.
    pub fn new(desired: &'a DesiredServer, actual: &'a ActualServer) -> Self {
        let owners = if actual.admin.superuser { BTreeMap::new() } else { owners(actual) };
        AdminCapabilities { desired, actual, owners }
    }

    /// Returns the reason why the admin cannot do the step, if there is one.
    pub fn refusal(&self, step: &Step) -> Option<Refusal> {
        let refused = self
            .unknown_setting(&step.action)
            .or_else(|| self.planted(step))
            .or_else(|| self.immovable(&step.action));
        if refused.is_some() || self.actual.admin.superuser {
            return refused;
        }
        self.for_superusers(&step.action)
            .or_else(|| self.acts_as(step).iter().find_map(|role| self.cannot_be(role)))
            .or_else(|| managed(&step.action).iter().find_map(|role| self.cannot_manage(role)))
    }

    /// Returns the roles of which the admin must be a member during the step, and is not.
    pub fn borrowed(&self, step: &Step) -> BTreeSet<RoleName> {
        if self.actual.admin.superuser {
            return BTreeSet::new();
        }
        let needed = self.acts_as(step).into_iter();
        needed.filter(|role| !self.is_admin(role) && !self.keeps(role)).collect()
    }

    fn unknown_setting(&self, action: &Action) -> Option<Refusal> {
        let Action::SetSetting { name, .. } = action else { return None };
        let newer = NEWER_SETTINGS.iter().find(|row| row.0 == name && row.1 > self.actual.major())?;
        Some(Refusal::Unknown(name.clone(), newer.1))
    }

    /// Rejects an extension whose objects cannot be moved: its script runs in its schema, which comes first in
    /// its search path. A service may install a trusted extension itself, with any objects in its schemas; that
    /// case is PostgreSQL's responsibility.
    fn planted(&self, step: &Step) -> Option<Refusal> {
        let Action::CreateExtension { name, schema: Some(schema), staged: false } = &step.action else {
            return None;
        };
        if self.actual.host_extensions.trusted.contains(name) {
            return None;
        }
        let contents = self.actual.databases.get(step.database.as_ref()?)?.contents.as_ref()?;
        use ObjectKind::{Function, Other, Procedure, Type};
        let code = |found: &ActualObject| {
            found.schema == *schema && matches!(found.kind, Function | Procedure | Type | Other)
        };
        contents.objects.iter().any(code).then(|| Refusal::Planted(name.clone(), schema.clone()))
    }

    fn immovable(&self, action: &Action) -> Option<Refusal> {
        let Action::MoveExtension { name, .. } = action else { return None };
        (!self.actual.host_extensions.movable.contains(name)).then(|| Refusal::Immovable(name.clone()))
    }

    fn for_superusers(&self, action: &Action) -> Option<Refusal> {
        let admin = &self.actual.admin;
        match action {
            Action::SetSetting { name, .. } | Action::ResetSetting { name, .. } => {
                let dotted =
                    name.contains('.') && !admin.dotted_settings.contains(&name.to_ascii_lowercase());
                (dotted || admin.forbidden_settings.contains(name)).then(|| Refusal::Setting(name.clone()))
            }
            Action::AlterDatabase { option: DatabaseOption::Tablespace(name), .. } => {
                let may = self.actual.tablespaces.get(name).is_none_or(|may| *may);
                (!may).then(|| Refusal::Tablespace(name.clone()))
            }
            Action::CreateExtension { name, .. } => {
                self.actual.host_extensions.forbidden.contains(name).then(|| Refusal::Extension(name.clone()))
            }
            Action::AlterRole { role, attributes } => {
                use Attribute::Word;
                let grave = |attribute: &Attribute| match attribute {
                    Word("REPLICATION") => !self.gives_replication(),
                    Word("NOSUPERUSER" | "SUPERUSER" | "NOREPLICATION" | "NOBYPASSRLS") => true,
                    _ => false,
                };
                attributes.iter().any(grave).then(|| Refusal::Attribute(role.clone()))
            }
            _ => None,
        }
    }

    /// Returns `true` from 16 on if the admin has REPLICATION, which it can then give to other roles.
    fn gives_replication(&self) -> bool {
        let admin = self.actual.admin_role().and_then(|role| self.actual.roles.get(&role));
        self.actual.major() >= 16 && admin.is_some_and(|found| found.replication)
    }

    /// Returns the roles whose privileges a step needs.
    fn acts_as(&self, step: &Step) -> BTreeSet<RoleName> {
        match &step.action {
            // Before 16 there is no row per grantor of a membership.
            Action::RevokeMembership { grantor, .. } if self.actual.major() >= 16 => {
                grantor.iter().cloned().collect()
            }
            // CREATE on the database is its owner's, who makes a schema of its own for extensions.
            Action::CreateSchema { owner, .. } if self.is_admin(owner) => step
                .database
                .as_ref()
                .and_then(|database| self.owner_of_database(database))
                .into_iter()
                .collect(),
            Action::CreateDatabase { owner, .. }
            | Action::CreateSchema { owner, .. }
            | Action::CreatePublication { owner, .. }
            | Action::CreateWriteCounter { owner, .. }
            | Action::ChangePublication { owner, .. }
            | Action::GrantDefault { owner, .. }
            | Action::RevokeDefault { owner, .. } => [owner.clone()].into(),
            // CREATE on the database is its owner's, where the database is not the admin's yet.
            Action::CreateRecordSchema { .. } => step
                .database
                .as_ref()
                .and_then(|database| self.owner_of_database(database))
                .into_iter()
                .collect(),
            Action::SetSetting { role: None, database: Some(database), .. }
            | Action::ResetSetting { role: None, database: Some(database), .. }
            | Action::RenameDatabase { from: database, .. }
            | Action::MarkDatabase { database, .. }
            | Action::AlterDatabase { database, .. }
            | Action::DropDatabase { database } => self.owner_of_database(database).into_iter().collect(),
            // Moving an extension needs CREATE on the new schema. Before 15 every role has that on `public`,
            // which remains a superuser's if the admin is not one.
            Action::CreateExtension { schema: Some(schema), staged: true, .. } => {
                let owner = self.owner(step, &Object::Schema(schema.clone()));
                let superuser =
                    |role: &RoleName| self.actual.roles.get(role).is_some_and(|found| found.superuser);
                owner.filter(|role| !superuser(role)).into_iter().collect()
            }
            Action::Reassign { roles, to } => roles.iter().chain([to]).cloned().collect(),
            Action::DropOwned { roles } => roles.iter().cloned().collect(),
            Action::SetOwner { object, owner } => {
                self.owner(step, object).into_iter().chain([owner.clone()]).collect()
            }
            Action::Lend { from, to, .. } => [from.clone(), to.clone()].into(),
            Action::Revoke { grantor: Some(grantor), .. } => [grantor.clone()].into(),
            Action::RunAsCaller { object: on } | Action::Grant { on, .. } | Action::Revoke { on, .. } => {
                self.owner(step, on).into_iter().collect()
            }
            _ => BTreeSet::new(),
        }
    }

    fn owner_of_database(&self, database: &DbName) -> Option<RoleName> {
        let found = self.actual.databases.get(database)?;
        RoleName::found(found.owner.clone()).ok()
    }

    /// Returns the role whose privileges count for an object: its owner, or for a future object the service's owner.
    fn owner(&self, step: &Step, object: &Object) -> Option<RoleName> {
        if let Object::Database(database) = object {
            return self.owner_of_database(database);
        }
        let database = step.database.as_ref()?;
        let found = match object {
            Object::Column { schema, table, .. } => self.table(database, schema, table),
            _ => self.owners.get(&(database.clone(), object.clone())),
        };
        let owner = found.cloned().or_else(|| self.future_owner(step, database, object))?;
        if owner.as_str() == DATABASE_OWNER {
            return self.owner_of_database(database).or_else(|| self.actual.admin_role());
        }
        Some(owner)
    }

    fn future_owner(&self, step: &Step, database: &DbName, object: &Object) -> Option<RoleName> {
        let was_read = self.actual.databases.get(database).is_some_and(|found| found.contents.is_some());
        if self.actual.major() < 15 && *object == Object::Schema(SchemaName::public()) && !was_read {
            return RoleName::found(self.actual.bootstrap.clone()).ok();
        }
        if is_record_object(object) {
            return self.actual.admin_role();
        }
        let service = self.desired.services.get(step.service.as_ref()?)?;
        if matches!(object, Object::Schema(schema) if service.is_of_extensions(schema)) {
            return self.actual.admin_role();
        }
        Some(service.role(RoleKind::Owner).clone())
    }

    fn table(&self, database: &DbName, schema: &SchemaName, table: &str) -> Option<&RoleName> {
        use ObjectKind::{MaterializedView, Sequence, Table, View};
        [Table, View, MaterializedView, Sequence].into_iter().find_map(|kind| {
            let named = Object::Named { kind, schema: schema.clone(), name: table.to_owned() };
            self.owners.get(&(database.clone(), named))
        })
    }

    fn is_admin(&self, role: &RoleName) -> bool {
        self.actual.admin.name == role.as_str()
    }

    /// Returns `true` for a membership that a DBA granted and this run does not change: borrowing would revoke
    /// it afterwards.
    fn keeps(&self, role: &RoleName) -> bool {
        self.desired.managed_role(role).is_none() && self.actual.admin_acts_as(role)
    }

    fn cannot_be(&self, role: &RoleName) -> Option<Refusal> {
        let may = self.is_admin(role) || self.actual.admin_acts_as(role);
        if may { None } else { self.cannot_manage(role) }
    }

    fn cannot_manage(&self, role: &RoleName) -> Option<Refusal> {
        if self.actual.roles.get(role)?.superuser {
            return Some(Refusal::Superuser(role.clone()));
        }
        let mut all = self.actual.memberships.iter();
        let may = self.is_admin(role)
            || self.actual.major() < 16
            || all.any(|row| row.role == *role && self.is_admin(&row.member) && row.admin);
        (!may).then(|| Refusal::NotGiven(role.clone()))
    }
}

/// Returns the roles that a step changes.
fn managed(action: &Action) -> &[RoleName] {
    match action {
        Action::RenameRole { from: role, .. }
        | Action::MarkRole { role, .. }
        | Action::AlterRole { role, .. }
        | Action::SetPassword { role, .. }
        | Action::SetSetting { role: Some(role), .. }
        | Action::ResetSetting { role: Some(role), .. }
        | Action::GrantMembership { role, .. }
        | Action::RevokeMembership { role, .. } => std::slice::from_ref(role),
        Action::DropRoles { roles } => roles,
        _ => &[],
    }
}

fn owners(actual: &ActualServer) -> BTreeMap<(DbName, Object), RoleName> {
    let mut owners = BTreeMap::new();
    for (database, found) in &actual.databases {
        let Some(contents) = &found.contents else { continue };
        for (schema, found) in &contents.schemas {
            owners.insert((database.clone(), Object::Schema(schema.clone())), found.owner.clone());
        }
        for object in &contents.objects {
            owners.insert((database.clone(), Object::from_actual(object)), object.owner.clone());
        }
        for found in contents.publications.values() {
            owners.insert((database.clone(), Object::of_publication(found)), found.owner.clone());
        }
    }
    owners
}
