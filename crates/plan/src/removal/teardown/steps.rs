//! Removal of roles and databases in the only order that PostgreSQL allows: disable the logins and end their
//! sessions, drop their databases, then their dependencies elsewhere, then the roles.
//!
//! `DROP ROLE` fails while a single grant is left anywhere, so the dependencies come from `pg_shdepend`, which
//! covers every database. Objects that the roles own outside the dropped databases are reassigned, not dropped:
//! removing a service does not mean removing objects elsewhere. In another service's database that service's
//! owner takes them over; elsewhere the role `<project>_orphans` does, and never the admin: functions, index
//! expressions and rules run with their owner's privileges. Memberships that a limited admin must borrow are
//! among the steps.

use crate::action::{Action, Attribute, listed};
use crate::database_option::DatabaseOption;
use crate::object::Object;
use crate::removal::orphan_role::{self, OrphanRole};
use crate::stage::{Risk, Stage};
use crate::step::Step;
use martydb_model::error::{Error, Result};
use martydb_model::{
    ActualServer, DbName, DesiredServer, DesiredService, RoleDependencies, RoleKind, RoleName,
};

/// Roles and databases to remove; all of them exist.
pub struct Teardown<'a> {
    /// The declared server, with everything to keep.
    pub desired: &'a DesiredServer,
    pub actual: &'a ActualServer,
    /// The service; `None` if the manifest no longer declares it.
    pub service: Option<&'a DesiredService>,
    pub roles: Vec<RoleName>,
    pub databases: Vec<DbName>,
    /// Objects and privileges of the roles outside these databases.
    pub traces: &'a RoleDependencies,
}

impl Teardown<'_> {
    /// Returns all steps, in order; none if nothing is left.
    ///
    /// # Errors
    /// If the admin's own name is not a valid role name, if the roles own something that only a superuser may
    /// own, or if the role that would take over their objects is in use.
    pub fn steps(&self) -> Result<Vec<Step>> {
        let admin = RoleName::found(self.actual.admin.name.clone())
            .map_err(|error| Error::operation("the admin's name cannot be a role").cause(error))?;
        self.refuse_stuck()?;
        let orphans =
            self.needs_orphans().then(|| orphan_role::check(self.desired, self.actual)).transpose()?;
        let mut removal = ServiceRemoval { what: self, admin, steps: vec![] };
        // First of all: if it cannot be created, nothing else may be dropped yet.
        orphans.iter().for_each(|orphans| removal.make(orphans));
        removal.close();
        self.databases.iter().for_each(|database| removal.database(database));
        removal.elsewhere();
        removal.roles();
        Ok(removal.steps)
    }

    fn in_words(&self) -> String {
        match self.service {
            Some(service) => format!("the roles of {}", service.name),
            None => format!("roles that are not in the manifest: {}", listed(&self.roles)),
        }
    }

    /// Refuses what `REASSIGN OWNED` cannot give to a role that is not a superuser; martydb gives nothing to a
    /// superuser.
    fn refuse_stuck(&self) -> Result<()> {
        if self.traces.stuck.is_empty() {
            return Ok(());
        }
        let stuck = self.traces.stuck.iter();
        Err(Error::operation(format!("cannot remove {}", self.in_words()))
            .causes(stuck.map(|what| format!("they own {what}, which only a superuser may own")))
            .hint("drop it, or read its code and ALTER … OWNER TO a superuser, and try again"))
    }

    /// Returns `true` if something is left that no service takes over.
    fn needs_orphans(&self) -> bool {
        let databases = !self.traces.databases.is_empty() && self.desired.database_owner.is_none();
        self.traces.shared_owned || databases || self.traces.inside.values().any(|owned| !owned.is_empty())
    }

    /// Returns the owner of the service in this database.
    fn host(&self, place: &DbName) -> Option<RoleName> {
        let own = self.service.map(|service| &service.name);
        let others = self.desired.services.values().filter(|other| Some(&other.name) != own);
        let neighbour = others.into_iter().find(|other| other.database == *place);
        let host = neighbour.map(|other| other.role(RoleKind::Owner).clone());
        host.filter(|role| self.actual.roles.contains_key(role))
    }
}

struct ServiceRemoval<'a> {
    what: &'a Teardown<'a>,
    admin: RoleName,
    steps: Vec<Step>,
}

impl ServiceRemoval<'_> {
    /// Adds a step; `about` is the database of a step in the maintenance database.
    fn add(&mut self, about: Option<&DbName>, risk: Risk, action: Action, why: impl Into<String>) {
        let database = self.what.service.map(|service| &service.database).or(about);
        self.add_at(database, action.stage(), risk, action, why);
    }

    fn add_at(
        &mut self,
        database: Option<&DbName>,
        stage: Stage,
        risk: Risk,
        action: Action,
        why: impl Into<String>,
    ) {
        let (service, database) = (self.what.service.map(|service| service.name.clone()), database.cloned());
        self.steps.push(Step { service, database, stage, action, reason: why.into(), risk, part_of: None });
    }

    /// Adds steps during which a limited admin is a member of these roles.
    fn as_member(
        &mut self,
        (database, stage): (&DbName, Stage),
        role: Option<RoleName>,
        why: String,
        work: impl FnOnce(&mut Self),
    ) {
        let borrowed = role.map(|role| (vec![role], self.admin.clone()));
        if let Some((roles, member)) = borrowed.clone() {
            let action = Action::GrantTemporaryMembership { roles, member };
            self.add_at(Some(database), stage, Risk::Safe, action, why);
        }
        work(self);
        if let Some((roles, member)) = borrowed {
            let action = Action::RevokeTemporaryMembership { roles, member };
            self.add_at(Some(database), stage, Risk::Safe, action, "end the temporary membership");
        }
    }

    fn make(&mut self, orphans: &OrphanRole) {
        let role = &orphans.role;
        if !orphans.exists {
            let action = Action::CreateRole { role: role.clone(), kind: RoleKind::Owner, limit: -1 };
            let why = format!("owner of what is left in other databases of {}", self.what.in_words());
            self.add(None, Risk::Safe, action, why);
        }
        if !orphans.marked {
            let action = Action::MarkRole {
                role: role.clone(),
                marker: self.what.desired.marker(),
                dates_password: false,
            };
            self.add(None, Risk::Safe, action, "tag as managed by this manifest");
        }
    }

    /// Blocks new connections and ends the open sessions.
    fn close(&mut self) {
        let (roles, actual) = (self.what.roles.clone(), self.what.actual);
        if roles.is_empty() {
            return;
        }
        if !actual.admin.superuser {
            let why = "only a member may end the sessions of these roles and drop what they own";
            let (roles, member) = (roles.clone(), self.admin.clone());
            self.add(None, Risk::Safe, Action::GrantTemporaryMembership { roles, member }, why);
        }
        for role in roles.iter().filter(|role| actual.roles[*role].login) {
            let attributes = vec![Attribute::Word("NOLOGIN")];
            let action = Action::AlterRole { role: role.clone(), attributes };
            self.add(None, Risk::Destructive, action, format!("disable login {role}"));
        }
        let whose = self.what.service.map_or_else(|| listed(&roles), |_| "this service".into());
        let why = format!("end open sessions of {whose}");
        self.add(None, Risk::Destructive, Action::EndSessions { roles }, why);
    }

    fn database(&mut self, name: &DbName) {
        let (found, database) = (&self.what.actual.databases[name], name.clone());
        let mut add = |action: Action, why: String| self.add(Some(name), Risk::Destructive, action, why);
        if found.is_template {
            let option = DatabaseOption::Word("IS_TEMPLATE false");
            let action = Action::AlterDatabase { database: database.clone(), option };
            add(action, "a template cannot be dropped".into());
        }
        if found.allow_connections {
            let option = DatabaseOption::Word("ALLOW_CONNECTIONS false");
            let action = Action::AlterDatabase { database: database.clone(), option };
            add(action, format!("block new connections to {name}"));
        }
        let why = match self.what.service {
            Some(service) if service.database == *name => {
                format!("the database of {}, with all its data", service.name)
            }
            Some(service) => format!("{name}: made by test-db for {}", service.name),
            None => format!("database {name}, with all its data: tagged by this manifest, and not in it"),
        };
        self.add(Some(name), Risk::Destructive, Action::DropDatabase { database }, why);
    }

    fn elsewhere(&mut self) {
        let traces = self.what.traces;
        traces.databases.iter().for_each(|database| self.give_database(database));
        let maintenance = DbName::found(self.what.actual.maintenance.clone()).ok();
        if let Some(place) = maintenance.iter().find(|_| traces.shared_owned) {
            // Before any service's owner takes over neighboring objects.
            self.inside(place, &["tablespaces or subscriptions".to_owned()]);
        }
        traces.inside.iter().for_each(|(database, owned)| self.inside(database, owned));
        let shared = traces.shared && traces.inside.is_empty() && !traces.shared_owned;
        if let Some(place) = maintenance.iter().find(|_| shared) {
            self.inside(place, &[]);
        }
    }

    /// Gives the database away. Its owner acts as `pg_database_owner` in it, so the admin does not become its owner.
    fn give_database(&mut self, database: &DbName) {
        let what = self.what;
        let orphans = what.desired.orphans();
        let owner = what.desired.database_owner.clone().unwrap_or_else(|| orphans.clone());
        let borrowed = Some(orphans).filter(|orphans| !what.actual.admin.superuser && owner == *orphans);
        let why = format!("only a member of the new owner may give it database {database}");
        self.as_member((database, Stage::AlterDatabase), borrowed, why, |this| {
            let why = format!("database {database} belongs to one of {}", what.in_words());
            let action = Action::SetOwner { object: Object::Database(database.clone()), owner };
            this.add_at(Some(database), Stage::AlterDatabase, Risk::Caution, action, why);
        });
    }

    /// Removes the roles from another database, in one transaction there whatever the actions are. Objects of
    /// these roles are given to no service, not even to the one of that database: code would run with the
    /// privileges of that service's owner. `apply` takes over from the orphan role what is safe to take over. A
    /// limited admin can give objects only to a role with CREATE on their schemas, which the orphan role must
    /// not have; then the service's owner gets them.
    fn inside(&mut self, place: &DbName, owned: &[String]) {
        let what = self.what;
        let superuser = what.actual.admin.superuser;
        let host = what.host(place).filter(|_| !superuser);
        // Only a member of the grantor can revoke its grants, and only a member of the new owner can give it objects.
        let needed = (host.is_some() || !owned.is_empty()) && !superuser;
        let to = host.unwrap_or_else(|| what.desired.orphans());
        let borrowed = Some(to.clone()).filter(|to| needed && !self.is_member(to));
        let why = format!("temporary membership, to change what it owns in {place}");
        self.as_member((place, Stage::InDatabase), borrowed, why, |this| {
            let mut add = |action: Action, why: String| {
                this.add_at(Some(place), Stage::InDatabase, Risk::Caution, action, why);
            };
            let roles = what.roles.clone();
            if !owned.is_empty() {
                let why = format!("these roles own {} in {place}", owned.join(", "));
                add(Action::Reassign { roles: roles.clone(), to }, why);
            }
            add(Action::DropOwned { roles }, format!("revoke the privileges of these roles in {place}"));
        });
    }

    fn is_member(&self, role: &RoleName) -> bool {
        let mut all = self.what.actual.memberships.iter();
        all.any(|found| found.role == *role && found.member == self.admin && found.inherit && found.set)
    }

    fn roles(&mut self) {
        let roles = self.what.roles.clone();
        if !roles.is_empty() {
            let why = match self.what.service {
                Some(_) => format!("drop {} roles", roles.len()),
                None => format!("drop {}", self.what.in_words()),
            };
            self.add(None, Risk::Destructive, Action::DropRoles { roles }, why);
        }
    }
}
