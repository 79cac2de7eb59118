//! Input of the rules, with an ID for each role, database and object.

use std::collections::BTreeSet;

use super::ids::{DatabaseId, ObjectId, RoleId, ServiceId};
use super::state::Target;
use super::step::PathStep;

/// One row of `pg_auth_members`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    pub member: RoleId,
    pub role: RoleId,
    pub inherit: bool,
    pub set: bool,
    pub admin: bool,
}

/// An object's database and schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object {
    pub id: ObjectId,
    pub database: DatabaseId,
    pub schema: ObjectId,
    pub owner: RoleId,
}

/// Facts about one server. Owners' implicit privileges are in the lists of holders too.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Major version, such as 15.
    pub major: u32,
    /// All roles, without PUBLIC.
    pub roles: Vec<RoleId>,
    /// Logins that inherit roles granted from now on: since 16 all, before that those with INHERIT.
    pub inheriting: Vec<RoleId>,
    /// Logins whose reach is computed, without the server's superusers and its admin.
    pub principals: Vec<RoleId>,
    pub members: Vec<Member>,
    /// Roles with LOGIN, which may set their own passwords.
    pub logins: Vec<RoleId>,
    pub superusers: Vec<RoleId>,
    pub createrole: Vec<RoleId>,
    /// Predefined roles that give access to the server's files and programs.
    pub server_roles: Vec<RoleId>,
    /// Roles of the admin, and owners of the databases.
    pub admins: Vec<RoleId>,
    /// Roles of services, with their service.
    pub service_roles: Vec<(RoleId, ServiceId)>,
    /// Databases that accept connections.
    pub databases: Vec<DatabaseId>,
    /// Databases of services, with their service.
    pub service_databases: Vec<(DatabaseId, ServiceId)>,
    pub database_owners: Vec<(DatabaseId, RoleId)>,
    /// `pg_database_owner`, since 14.
    pub database_owner_role: Option<RoleId>,
    pub connect: Vec<(DatabaseId, RoleId)>,
    /// Roles that may grant CONNECT: holders with the grant option, and the owner.
    pub grants_connect: Vec<(DatabaseId, RoleId)>,
    pub temporary: Vec<(DatabaseId, RoleId)>,
    /// Roles that may grant TEMPORARY.
    pub grants_temporary: Vec<(DatabaseId, RoleId)>,
    pub schemas: Vec<(ObjectId, DatabaseId)>,
    pub schema_owners: Vec<(ObjectId, RoleId)>,
    pub usage: Vec<(ObjectId, RoleId)>,
    pub create: Vec<(ObjectId, RoleId)>,
    /// Functions that run with their owner's privileges and execute their argument.
    pub definers: Vec<Object>,
    /// Functions that give their caller the server's files or programs, or another way out.
    pub powers: Vec<(Object, Target)>,
    pub execute: Vec<(ObjectId, RoleId)>,
    /// Functions that return `trigger`.
    pub trigger_functions: Vec<ObjectId>,
    /// Functions that the server calls without a check for EXECUTE: of types, operator classes and aggregates.
    pub called_by_server: Vec<ObjectId>,
    /// Tables with a trigger, and its function.
    pub triggers: Vec<(Object, ObjectId)>,
    pub write: Vec<(ObjectId, RoleId)>,
    /// Relations, for what a reader gains from them.
    pub relations: Vec<Object>,
    pub select: Vec<(ObjectId, RoleId)>,
    /// Views that read with their owner's privileges, and the relations that they read.
    pub views: Vec<(ObjectId, ObjectId)>,
    /// Materialized views and their sources: the owner may have lost its privilege on these.
    pub copies: Vec<(ObjectId, ObjectId)>,
    /// Relations whose rows are a target by themselves, such as `pg_authid`.
    pub secrets: Vec<(ObjectId, Target)>,
    /// Relations whose rows an extension acts on: writing to them reaches the target.
    pub levers: Vec<(ObjectId, Target)>,
    /// Schemas of a superuser's search path, by database.
    pub superuser_paths: Vec<(DatabaseId, ObjectId)>,
    /// Roles that may create in a schema by the server's defaults: the consequences are reported with the connection.
    pub delivered: Vec<(ObjectId, RoleId)>,
    /// Functions that superusers' sessions call through an object: an event trigger, an index, a cast, a view. Views that
    /// they read are replaced in the same way.
    pub visited_functions: Vec<Object>,
    /// Tables that superusers write to through an object of theirs: a partitioned table, a subscription.
    pub visited_tables: Vec<Object>,
    /// Domains of values in superusers' tables and functions.
    pub visited_domains: Vec<Object>,
    /// Roles that may create a trigger on a relation: its owner, and the holders of TRIGGER.
    pub puts_trigger: Vec<(ObjectId, RoleId)>,
    /// Holders of REFERENCES on a table, without its owner.
    pub references: Vec<(ObjectId, RoleId)>,
    /// Tables and those to which a write to them goes as well: partitions, and tables that inherit.
    pub routes: Vec<(ObjectId, ObjectId)>,
    /// SECURITY DEFINER functions of superusers, and the functions, tables, views and domains that they use.
    pub touches: Vec<(Object, ObjectId)>,
    /// Tables whose rows a superuser's function executes.
    pub executed_rows: Vec<(ObjectId, DatabaseId)>,
    /// Functions of superusers that execute the names of objects.
    pub executed_names: Vec<Object>,
    /// Functions that an event trigger calls for every role that creates or changes an object.
    pub event_functions: Vec<ObjectId>,
}

impl Facts {
    /// Removes the privileges that these steps use.
    pub fn remove(&mut self, steps: &BTreeSet<PathStep>) {
        for step in steps {
            let holders = match step {
                PathStep::Executes(..) | PathStep::MakesTrigger(..) => &mut self.execute,
                PathStep::Selects(..) => &mut self.select,
                PathStep::WritesTo(..) => &mut self.write,
                PathStep::PutsTrigger(..) => &mut self.puts_trigger,
                PathStep::MakesReference(..) => &mut self.references,
                PathStep::CreatesIn(..) => &mut self.create,
                _ => continue,
            };
            holders.retain(|held| Some(*held) != step.privilege());
        }
    }

    /// Removes what superusers' sessions use of these objects; `false` if there was nothing.
    pub fn forget(&mut self, objects: &BTreeSet<ObjectId>) -> bool {
        let Facts {
            visited_functions, visited_tables, visited_domains, executed_names, executed_rows, ..
        } = self;
        let mut removes = false;
        for list in [visited_functions, visited_tables, visited_domains, executed_names] {
            let before = list.len();
            list.retain(|object| !objects.contains(&object.id));
            removes |= list.len() < before;
        }
        let before = executed_rows.len();
        executed_rows.retain(|(id, _)| !objects.contains(id));
        removes || executed_rows.len() < before
    }

    /// Returns `true` if the walk ends at this role, a superuser's or an admin's: its own privileges are irrelevant.
    pub fn is_end(&self, role: RoleId) -> bool {
        self.superusers.contains(&role) || self.admins.contains(&role)
    }
}
