//! Roles and databases that go for good, in the one order that PostgreSQL allows: the logins are shut and their
//! sessions ended, their databases dropped, then every trace of them elsewhere, then the roles.
//!
//! `DROP ROLE` fails while one grant is left anywhere, so the traces come from `pg_shdepend`, which knows every
//! database. What the roles own outside the databases that go is given away and not dropped: nobody who named a
//! service, or took it out of the manifest, meant that. What a limited admin must borrow is among the steps.

use super::removal::Traces;
use super::{Action, Attribute, Object, Risk, Stage, Step};
use crate::error::{Error, Result};
use crate::model::{ActualServer, DbName, DesiredServer, DesiredService, RoleKind, RoleName};

/// What goes.
pub struct Leaving<'a> {
    /// What stays is declared here.
    pub desired: &'a DesiredServer,
    /// The server.
    pub actual: &'a ActualServer,
    /// Whose they are; `None` if nobody declares them any more.
    pub service: Option<&'a DesiredService>,
    /// All of them exist.
    pub roles: Vec<RoleName>,
    /// All of them exist.
    pub databases: Vec<DbName>,
    /// What the roles own and hold outside these databases.
    pub traces: &'a Traces,
}

impl Leaving<'_> {
    /// All steps, in order; none where nothing is left.
    ///
    /// # Errors
    /// Where the admin's own name is none.
    pub fn steps(&self) -> Result<Vec<Step>> {
        let mut steps = vec![];
        let admin = self.admin()?;
        self.close(&mut steps, &admin);
        for database in &self.databases {
            self.database(&mut steps, database);
        }
        self.elsewhere(&mut steps, &admin);
        if !self.roles.is_empty() {
            let why = format!("the roles of {}", self.whose());
            let action = Action::DropRoles { roles: self.roles.clone() };
            self.add(&mut steps, None, Risk::Destructive, action, why);
        }
        Ok(steps)
    }

    fn whose(&self) -> String {
        self.service.map_or_else(
            || format!("nobody that this manifest declares: {}", super::action::listed(&self.roles)),
            |service| service.name.to_string(),
        )
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
        steps.push(self.step(Some(place.clone()), Stage::Inside, risk, action, why));
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

    fn admin(&self) -> Result<RoleName> {
        RoleName::found(self.actual.admin.name.clone())
            .map_err(|error| Error::operation("the admin's name cannot be a role").cause(error))
    }

    /// Nobody comes in any more, and who is in goes.
    fn close(&self, steps: &mut Vec<Step>, admin: &RoleName) {
        if self.roles.is_empty() {
            return;
        }
        let roles = self.roles.clone();
        if !self.actual.admin.superuser {
            let why = "only a member may end the sessions of a role and drop what it owns";
            let action = Action::Borrow { roles: roles.clone(), member: admin.clone() };
            self.add(steps, None, Risk::Safe, action, why);
        }
        for role in self.roles.iter().filter(|role| self.actual.roles[*role].login) {
            let action =
                Action::AlterRole { role: role.clone(), attributes: vec![Attribute::Word("NOLOGIN")] };
            self.add(steps, None, Risk::Destructive, action, format!("{role} is not to log in again"));
        }
        self.add(steps, None, Risk::Destructive, Action::EndSessions { roles }, "their service goes");
    }

    fn database(&self, steps: &mut Vec<Step>, name: &DbName) {
        let (found, database) = (&self.actual.databases[name], name.clone());
        if found.is_template {
            let action = Action::NoTemplate { database: database.clone() };
            self.add(steps, Some(name), Risk::Destructive, action, "a template cannot be dropped");
        }
        if found.allow_connections {
            let action = Action::CloseDatabase { database: database.clone() };
            self.add(steps, Some(name), Risk::Destructive, action, "nobody is to come in again");
        }
        let why = match self.service {
            Some(service) => format!("the database of {}, with all its data", service.name),
            None => format!("database {name} carries this manifest's marker, and no service declares it"),
        };
        self.add(steps, Some(name), Risk::Destructive, Action::DropDatabase { database }, why);
    }

    fn elsewhere(&self, steps: &mut Vec<Step>, admin: &RoleName) {
        for database in &self.traces.databases {
            let owner = self.desired.database_owner.clone().unwrap_or_else(|| admin.clone());
            let action = Action::Own { object: Object::Database(database.clone()), owner };
            let why = format!("database {database} belongs to a role of {}", self.whose());
            self.add(steps, Some(database), Risk::Caution, action, why);
        }
        let maintenance = DbName::found(self.actual.maintenance.clone()).ok();
        let nothing = vec![];
        let shared = maintenance.iter().filter(|_| self.traces.shared && self.traces.inside.is_empty());
        let all = self.traces.inside.iter().chain(shared.map(|name| (name, &nothing)));
        for (database, owned) in all {
            self.inside(steps, database, owned, admin);
        }
    }

    fn inside(&self, steps: &mut Vec<Step>, place: &DbName, owned: &[String], admin: &RoleName) {
        let neighbour = self.desired.services.values().find(|other| other.database == *place);
        let host = neighbour.map(|other| other.role(RoleKind::Owner).clone());
        let host = host.filter(|role| self.actual.roles.contains_key(role));
        // Rights that another role granted can be taken back only by one of its members.
        let borrowed =
            host.clone().filter(|role| !self.actual.admin.superuser && !self.is_member(admin, role));
        if let Some(role) = &borrowed {
            let action = Action::Borrow { roles: vec![role.clone()], member: admin.clone() };
            self.add_inside(steps, place, Risk::Safe, action, format!("to act in {place}"));
        }
        if !owned.is_empty() {
            let to = host.unwrap_or_else(|| admin.clone());
            let why = format!("they own {} in {place}", owned.join(", "));
            let action = Action::Reassign { roles: self.roles.clone(), to };
            self.add_inside(steps, place, Risk::Caution, action, why);
        }
        let drop = Action::DropOwned { roles: self.roles.clone() };
        self.add_inside(steps, place, Risk::Caution, drop, format!("what they hold in {place}"));
        if let Some(role) = borrowed {
            let action = Action::GiveBack { roles: vec![role], member: admin.clone() };
            self.add_inside(steps, place, Risk::Safe, action, "it was borrowed");
        }
    }

    fn is_member(&self, admin: &RoleName, role: &RoleName) -> bool {
        let mut all = self.actual.memberships.iter();
        all.any(|found| found.role == *role && found.member == *admin && found.inherit && found.set)
    }
}
