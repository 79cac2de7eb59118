//! Roles and databases that go for good, in the one order that PostgreSQL allows: the logins are shut and their
//! sessions ended, their databases dropped, then every trace of them elsewhere, then the roles.
//!
//! `DROP ROLE` fails while one grant is left anywhere, so the traces come from `pg_shdepend`, which knows every
//! database. What the roles own outside the dropped databases is reassigned and not dropped: removing a
//! service does not mean removing objects elsewhere. In another service's database its owner takes it over;
//! elsewhere the role `<project>_orphans` does, and never the admin: functions, index expressions and rules run with
//! their owner's rights. What a limited admin must borrow is among the steps.

use crate::error::{Error, Result};
use crate::model::{
    ActualServer, DbName, DesiredServer, DesiredService, RoleDependencies, RoleKind, RoleName,
};
use crate::plan::action::{self, Action, Attribute};
use crate::plan::object::Object;
use crate::plan::orphan_role::{self, OrphanRole};
use crate::plan::stage::{Risk, Stage};
use crate::plan::step::Step;

/// What goes.
pub struct Teardown<'a> {
    /// What stays is declared here.
    pub desired: &'a DesiredServer,
    /// The server.
    pub actual: &'a ActualServer,
    /// The service; `None` if the manifest no longer declares it.
    pub service: Option<&'a DesiredService>,
    /// All of them exist.
    pub roles: Vec<RoleName>,
    /// All of them exist.
    pub databases: Vec<DbName>,
    /// What the roles own and hold outside these databases.
    pub traces: &'a RoleDependencies,
}

impl Teardown<'_> {
    /// All steps, in order; none where nothing is left.
    ///
    /// # Errors
    /// Where the admin's own name is none, where the roles own what only a superuser may own, or where the role that
    /// would take over what they own is in use.
    pub fn steps(&self) -> Result<Vec<Step>> {
        let mut steps = vec![];
        let admin = self.admin()?;
        self.refuse_stuck()?;
        let orphans = self.needs_orphans().then(|| orphan_role::of(self.desired, self.actual)).transpose()?;
        // First of all: where it cannot be made, nothing else may be gone yet.
        orphans.iter().for_each(|orphans| self.make(&mut steps, orphans));
        self.close(&mut steps, &admin);
        for database in &self.databases {
            self.database(&mut steps, database);
        }
        self.elsewhere(&mut steps, &admin);
        if !self.roles.is_empty() {
            let count = self.roles.len();
            let why = match self.service {
                Some(_) => format!("drop {count} roles"),
                None => format!("drop {}", self.in_words()),
            };
            let action = Action::DropRoles { roles: self.roles.clone() };
            self.add(&mut steps, None, Risk::Destructive, action, why);
        }
        Ok(steps)
    }

    fn in_words(&self) -> String {
        match self.service {
            Some(service) => format!("the roles of {}", service.name),
            None => format!("roles that are not in the manifest: {}", action::listed(&self.roles)),
        }
    }

    /// `about` is the database that a step in the maintenance database is for.
    fn add(
        &self,
        steps: &mut Vec<Step>,
        about: Option<&DbName>,
        risk: Risk,
        action: Action,
        why: impl Into<String>,
    ) {
        let stage = action.stage();
        let database = self.service.map(|service| &service.database).or(about).cloned();
        steps.push(self.step(database, stage, risk, action, why));
    }

    /// In another database all of it is one transaction there, whatever each action is by itself.
    fn add_inside(
        &self,
        steps: &mut Vec<Step>,
        place: &DbName,
        risk: Risk,
        action: Action,
        why: impl Into<String>,
    ) {
        steps.push(self.step(Some(place.clone()), Stage::InDatabase, risk, action, why));
    }

    fn step(
        &self,
        database: Option<DbName>,
        stage: Stage,
        risk: Risk,
        action: Action,
        why: impl Into<String>,
    ) -> Step {
        let service = self.service.map(|service| service.name.clone());
        Step { service, database, stage, action, reason: why.into(), risk }
    }

    /// `REASSIGN OWNED` gives none of these to a role without superuser rights, and martydb gives nothing to one with.
    fn refuse_stuck(&self) -> Result<()> {
        if self.traces.stuck.is_empty() {
            return Ok(());
        }
        let error = Error::operation(format!("cannot remove {}", self.in_words()));
        let causes =
            self.traces.stuck.iter().map(|what| format!("they own {what}, which only a superuser may own"));
        let error = causes.fold(error, Error::cause);
        Err(error.hint("drop it, or read its code and ALTER … OWNER TO a superuser, and try again"))
    }

    /// Whether something is left that no service takes over.
    fn needs_orphans(&self) -> bool {
        let given = |(place, owned): (&DbName, &Vec<String>)| !owned.is_empty() && self.host(place).is_none();
        let databases = !self.traces.databases.is_empty() && self.desired.database_owner.is_none();
        self.traces.shared_owned || databases || self.traces.inside.iter().any(given)
    }

    fn make(&self, steps: &mut Vec<Step>, orphans: &OrphanRole) {
        let role = &orphans.role;
        if !orphans.exists {
            let action = Action::CreateRole { role: role.clone(), kind: RoleKind::Owner, limit: -1 };
            let why = format!("owner for what other databases hold of {}", self.in_words());
            self.add(steps, None, Risk::Safe, action, why);
        }
        if !orphans.marked {
            let action = Action::MarkRole { role: role.clone(), marker: self.desired.marker() };
            self.add(steps, None, Risk::Safe, action, "tag as managed by this manifest");
        }
    }

    fn admin(&self) -> Result<RoleName> {
        RoleName::found(self.actual.admin.name.clone())
            .map_err(|error| Error::operation("the admin's name cannot be a role").cause(error))
    }

    /// Blocks new connections and ends the open sessions.
    fn close(&self, steps: &mut Vec<Step>, admin: &RoleName) {
        if self.roles.is_empty() {
            return;
        }
        let roles = self.roles.clone();
        if !self.actual.admin.superuser {
            let why = "only a member may end the sessions of these roles and drop what they own";
            let action = Action::GrantTemporaryMembership { roles: roles.clone(), member: admin.clone() };
            self.add(steps, None, Risk::Safe, action, why);
        }
        for role in self.roles.iter().filter(|role| self.actual.roles[*role].login) {
            let action =
                Action::AlterRole { role: role.clone(), attributes: vec![Attribute::Word("NOLOGIN")] };
            self.add(steps, None, Risk::Destructive, action, format!("disable login {role}"));
        }
        let why = match self.service {
            Some(_) => "end open sessions of this service".to_owned(),
            None => format!("end open sessions of {}", action::listed(&roles)),
        };
        self.add(steps, None, Risk::Destructive, Action::EndSessions { roles }, why);
    }

    fn database(&self, steps: &mut Vec<Step>, name: &DbName) {
        let (found, database) = (&self.actual.databases[name], name.clone());
        if found.is_template {
            let action = Action::NoTemplate { database: database.clone() };
            self.add(steps, Some(name), Risk::Destructive, action, "a template cannot be dropped");
        }
        if found.allow_connections {
            let action = Action::CloseDatabase { database: database.clone() };
            self.add(
                steps,
                Some(name),
                Risk::Destructive,
                action,
                format!("block new connections to {name}"),
            );
        }
        let why = match self.service {
            Some(service) => format!("the database of {}, with all its data", service.name),
            None => format!("database {name}, with all its data: tagged by this manifest, and not in it"),
        };
        self.add(steps, Some(name), Risk::Destructive, Action::DropDatabase { database }, why);
    }

    fn elsewhere(&self, steps: &mut Vec<Step>, admin: &RoleName) {
        for database in &self.traces.databases {
            self.give_database(steps, database, admin);
        }
        let maintenance = DbName::found(self.actual.maintenance.clone()).ok();
        if let Some(place) = maintenance.iter().find(|_| self.traces.shared_owned) {
            // Before any service's owner takes over what is beside it.
            let owned = vec!["tablespaces or subscriptions".to_owned()];
            self.inside(steps, place, &owned, admin);
        }
        let nothing = vec![];
        let shared = maintenance.iter().filter(|_| self.traces.shared && self.traces.inside.is_empty());
        let shared = shared.filter(|_| !self.traces.shared_owned);
        let all = self.traces.inside.iter().chain(shared.map(|name| (name, &nothing)));
        for (database, owned) in all {
            self.inside(steps, database, owned, admin);
        }
    }

    /// The owner of a database acts as `pg_database_owner` in it, so the admin does not become its owner.
    fn give_database(&self, steps: &mut Vec<Step>, database: &DbName, admin: &RoleName) {
        let orphans = self.desired.orphans();
        let owner = self.desired.database_owner.clone().unwrap_or_else(|| orphans.clone());
        let borrowed = (!self.actual.admin.superuser && owner == orphans).then(|| vec![orphans]);
        let mut add = |risk: Risk, action: Action, why: String| {
            steps.push(self.step(Some(database.clone()), Stage::AlterDatabase, risk, action, why));
        };
        if let Some(roles) = borrowed.clone() {
            let why = format!("only a member of the new owner may give it database {database}");
            add(Risk::Safe, Action::GrantTemporaryMembership { roles, member: admin.clone() }, why);
        }
        let why = format!("database {database} belongs to one of {}", self.in_words());
        add(Risk::Caution, Action::SetOwner { object: Object::Database(database.clone()), owner }, why);
        if let Some(roles) = borrowed {
            add(
                Risk::Safe,
                Action::RevokeTemporaryMembership { roles, member: admin.clone() },
                "end the temporary membership".into(),
            );
        }
    }

    /// The owner of the service that lives in this database.
    fn host(&self, place: &DbName) -> Option<RoleName> {
        let neighbour = self.desired.services.values().find(|other| other.database == *place);
        let host = neighbour.map(|other| other.role(RoleKind::Owner).clone());
        host.filter(|role| self.actual.roles.contains_key(role))
    }

    fn inside(&self, steps: &mut Vec<Step>, place: &DbName, owned: &[String], admin: &RoleName) {
        let host = self.host(place);
        let to = host.clone().unwrap_or_else(|| self.desired.orphans());
        // Rights that another role granted can be taken back, and objects given to it, only by one of its members.
        let needed = host.is_some() || !owned.is_empty();
        let borrowed = needed && !self.actual.admin.superuser && !self.is_member(admin, &to);
        if borrowed {
            let action = Action::GrantTemporaryMembership { roles: vec![to.clone()], member: admin.clone() };
            self.add_inside(
                steps,
                place,
                Risk::Safe,
                action,
                format!("temporary membership, to change what it owns in {place}"),
            );
        }
        if !owned.is_empty() {
            let why = format!("these roles own {} in {place}", owned.join(", "));
            let action = Action::Reassign { roles: self.roles.clone(), to: to.clone() };
            self.add_inside(steps, place, Risk::Caution, action, why);
        }
        let drop = Action::DropOwned { roles: self.roles.clone() };
        self.add_inside(
            steps,
            place,
            Risk::Caution,
            drop,
            format!("revoke what these roles hold in {place}"),
        );
        if borrowed {
            let action = Action::RevokeTemporaryMembership { roles: vec![to], member: admin.clone() };
            self.add_inside(steps, place, Risk::Safe, action, "end the temporary membership");
        }
    }

    fn is_member(&self, admin: &RoleName, role: &RoleName) -> bool {
        let mut all = self.actual.memberships.iter();
        all.any(|found| found.role == *role && found.member == *admin && found.inherit && found.set)
    }
}
