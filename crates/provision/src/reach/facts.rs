//! What the rules start from, with a number for each role, database and object.

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

/// Where an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object {
    pub id: ObjectId,
    pub database: DatabaseId,
    pub schema: ObjectId,
    pub owner: RoleId,
}

/// The facts of one server. Owners' own privileges are in the lists of holders too.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Such as 15.
    pub major: u32,
    /// All of them, without PUBLIC.
    pub roles: Vec<RoleId>,
    /// Logins that hold by themselves what is granted to them from now on: all from 16 on, before that those with INHERIT.
    pub inheriting: Vec<RoleId>,
    /// Logins whose reach is asked for. The server's superusers and its admin are none of them.
    pub principals: Vec<RoleId>,
    pub members: Vec<Member>,
    /// Roles with LOGIN that may set their own passwords.
    pub logins: Vec<RoleId>,
    pub superusers: Vec<RoleId>,
    pub createrole: Vec<RoleId>,
    /// Predefined roles whose privileges lead out of the database system, to its files and programs.
    pub server_roles: Vec<RoleId>,
    /// Roles that are the admin's, or own the databases.
    pub admins: Vec<RoleId>,
    /// Roles of services, and the service of each.
    pub service_roles: Vec<(RoleId, ServiceId)>,
    /// Databases that accept connections.
    pub databases: Vec<DatabaseId>,
    /// Databases of services, and the service of each.
    pub service_databases: Vec<(DatabaseId, ServiceId)>,
    pub database_owners: Vec<(DatabaseId, RoleId)>,
    /// `pg_database_owner`, from 14 on.
    pub database_owner_role: Option<RoleId>,
    pub connect: Vec<(DatabaseId, RoleId)>,
    /// Who may grant CONNECT: its holders with the grant option, and the owner.
    pub grants_connect: Vec<(DatabaseId, RoleId)>,
    pub temporary: Vec<(DatabaseId, RoleId)>,
    /// Who may grant TEMPORARY.
    pub grants_temporary: Vec<(DatabaseId, RoleId)>,
    pub schemas: Vec<(ObjectId, DatabaseId)>,
    pub schema_owners: Vec<(ObjectId, RoleId)>,
    pub usage: Vec<(ObjectId, RoleId)>,
    pub create: Vec<(ObjectId, RoleId)>,
    /// Functions that run with the rights of their owner and execute what they are told.
    pub definers: Vec<Object>,
    /// Functions that open the server's files or programs, or another way out, to their caller.
    pub powers: Vec<(Object, Target)>,
    pub execute: Vec<(ObjectId, RoleId)>,
    /// Functions that return `trigger`.
    pub trigger_functions: Vec<ObjectId>,
    /// Functions that the server calls without asking for EXECUTE: of types, operator classes and aggregates.
    pub called_by_server: Vec<ObjectId>,
    /// Tables that have a trigger, and its function.
    pub triggers: Vec<(Object, ObjectId)>,
    pub write: Vec<(ObjectId, RoleId)>,
    /// Relations, for what they give to a reader.
    pub relations: Vec<Object>,
    pub select: Vec<(ObjectId, RoleId)>,
    /// Views that read with their owner's rights, and what they read.
    pub views: Vec<(ObjectId, ObjectId)>,
    /// Materialised views and what they were filled from: their owner may have lost the right to it.
    pub copies: Vec<(ObjectId, ObjectId)>,
    /// Relations whose rows are a target by themselves, such as `pg_authid`.
    pub secrets: Vec<(ObjectId, Target)>,
    /// Relations whose rows an extension acts on: who writes to them reaches the target.
    pub levers: Vec<(ObjectId, Target)>,
    /// Schemas that a superuser's search path leads through in a database.
    pub superuser_paths: Vec<(DatabaseId, ObjectId)>,
    /// Who may create in a schema as the server is delivered: what follows is a finding about the connection.
    pub delivered: Vec<(ObjectId, RoleId)>,
    /// Functions that sessions of superusers call by an object: by an event trigger, an index, a cast, a view.
    pub visited_functions: Vec<Object>,
    /// Tables that superusers write to by an object of theirs: a partitioned table, a subscription.
    pub visited_tables: Vec<Object>,
    /// Functions that an event trigger calls for every role that makes or changes an object.
    pub event_functions: Vec<ObjectId>,
}

impl Facts {
    /// Takes the privileges that these steps use.
    pub fn take(&mut self, steps: &BTreeSet<PathStep>) {
        for step in steps {
            let holders = match step {
                PathStep::Executes(..) | PathStep::MakesTrigger(..) => &mut self.execute,
                PathStep::Selects(..) => &mut self.select,
                PathStep::WritesTo(..) => &mut self.write,
                PathStep::CreatesIn(..) => &mut self.create,
                _ => continue,
            };
            holders.retain(|held| Some(*held) != step.privilege());
        }
    }

    /// Whether the walk ends at this role, so that what it may do is of no interest: a superuser's, or an admin's.
    pub fn is_end(&self, role: RoleId) -> bool {
        self.superusers.contains(&role) || self.admins.contains(&role)
    }
}
