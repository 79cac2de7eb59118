//! Roles and databases that go for good, in the one order that PostgreSQL allows: the logins are shut and their
//! sessions ended, their databases dropped, then every trace of them elsewhere, then the roles.
//!
//! `DROP ROLE` fails while one grant is left anywhere, so the traces come from `pg_shdepend`, which knows every
//! database. What the roles own outside the databases that go is given away and not dropped: nobody who named a
//! service, or took it out of the manifest, meant that. In another service's database its owner takes it over;
//! elsewhere the role `<project>_orphans` does, and never the admin: functions, index expressions and rules run with
//! their owner's rights. What a limited admin must borrow is among the steps.

use super::orphans::{self, Orphans};
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
    /// Where the admin's own name is none, where the roles own what only a superuser may own, or where the role that
    /// would take over what they own is in use.
    pub fn steps(&self) -> Result<Vec<Step>> {
        let mut steps = vec![];
        let admin = self.admin()?;
        self.refuse_stuck()?;
        let orphans = self.needs_orphans().then(|| orphans::of(self.desired, self.actual)).transpose()?;
        // First of all: where it cannot be made, nothing else may be gone yet.
        orphans.iter().for_each(|orphans| self.make(&mut steps, orphans));
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

    /// `REASSIGN OWNED` gives none of these to a role without superuser rights, and martydb gives nothing to one with.
    fn refuse_stuck(&self) -> Result<()> {
        if self.traces.stuck.is_empty() {
            return Ok(());
        }
        let error = Error::operation(format!("cannot remove the roles of {}", self.whose()));
        let causes = self.traces.stuck.iter().map(|what| format!("they own {what}, as only a superuser may"));
        let error = causes.fold(error, Error::cause);
        Err(error.hint("drop it, or read its code and ALTER … OWNER TO a superuser, and try again"))
    }

    /// Whether something is left that no service takes over.
    fn needs_orphans(&self) -> bool {
        let given = |(place, owned): (&DbName, &Vec<String>)| !owned.is_empty() && self.host(place).is_none();
        let databases = !self.traces.databases.is_empty() && self.desired.database_owner.is_none();
        self.traces.shared_owned || databases || self.traces.inside.iter().any(given)
    }

    fn make(&self, steps: &mut Vec<Step>, orphans: &Orphans) {
        let role = &orphans.role;
        if !orphans.exists {
            let action = Action::CreateRole { role: role.clone(), kind: RoleKind::Owner, limit: -1 };
            let why = format!(
                "what the roles of {} own elsewhere needs an owner that nobody can act as",
                self.whose()
            );
            self.add(steps, None, Risk::Safe, action, why);
        }
        if !orphans.marked {
            let action = Action::MarkRole { role: role.clone(), marker: self.desired.marker() };
            self.add(steps, None, Risk::Safe, action, "marks the role as made by this manifest");
        }
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

    /// Whoever owns a database acts as `pg_database_owner` in it, so that it goes to the admin no more than the rest.
    fn give_database(&self, steps: &mut Vec<Step>, database: &DbName, admin: &RoleName) {
        let orphans = self.desired.orphans();
        let owner = self.desired.database_owner.clone().unwrap_or_else(|| orphans.clone());
        let borrowed = (!self.actual.admin.superuser && owner == orphans).then(|| vec![orphans]);
        let mut add = |risk: Risk, action: Action, why: String| {
            steps.push(self.step(Some(database.clone()), Stage::Open, risk, action, why));
        };
        if let Some(roles) = borrowed.clone() {
            let why = format!("only a member may give it database {database}");
            add(Risk::Safe, Action::Borrow { roles, member: admin.clone() }, why);
        }
        let why = format!("database {database} belongs to a role of {}", self.whose());
        add(Risk::Caution, Action::Own { object: Object::Database(database.clone()), owner }, why);
        if let Some(roles) = borrowed {
            add(Risk::Safe, Action::GiveBack { roles, member: admin.clone() }, "it was borrowed".into());
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
            let action = Action::Borrow { roles: vec![to.clone()], member: admin.clone() };
            self.add_inside(steps, place, Risk::Safe, action, format!("to act in {place}"));
        }
        if !owned.is_empty() {
            let why = format!("they own {} in {place}", owned.join(", "));
            let action = Action::Reassign { roles: self.roles.clone(), to: to.clone() };
            self.add_inside(steps, place, Risk::Caution, action, why);
        }
        let drop = Action::DropOwned { roles: self.roles.clone() };
        self.add_inside(steps, place, Risk::Caution, drop, format!("what they hold in {place}"));
        if borrowed {
            let action = Action::GiveBack { roles: vec![to], member: admin.clone() };
            self.add_inside(steps, place, Risk::Safe, action, "it was borrowed");
        }
    }

    fn is_member(&self, admin: &RoleName, role: &RoleName) -> bool {
        let mut all = self.actual.memberships.iter();
        all.any(|found| found.role == *role && found.member == *admin && found.inherit && found.set)
    }
}
