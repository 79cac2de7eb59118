//! Taking a service off a server: its database, then every trace of its roles elsewhere, then the roles.
//!
//! `DROP ROLE` fails while one grant is left anywhere, so the traces come from `pg_shdepend`, which knows every
//! database. What the roles own outside the service's own database is given away and not dropped: nobody who
//! typed the service's name meant that.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Attribute, Object, Risk, Stage, Step};
use crate::error::{Error, Result};
use crate::model::{ActualServer, DbName, DesiredServer, DesiredService, RoleKind, RoleName};

/// What `pg_shdepend` knows of a service's roles and database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traces {
    /// Other databases in which the roles own or hold something, with what they own there.
    pub inside: BTreeMap<DbName, Vec<String>>,
    /// Other databases that belong to one of the roles.
    pub databases: BTreeSet<DbName>,
    /// Whether the roles hold rights on other shared objects.
    pub shared: bool,
    /// Roles of others that own something in the service's database, with how much.
    pub guests: BTreeMap<RoleName, usize>,
}

/// The service's roles that the server has, twins included.
pub fn roles(actual: &ActualServer, service: &DesiredService) -> Vec<RoleName> {
    let firsts = RoleKind::ALL.into_iter().map(|kind| service.role(kind).clone());
    let twins = RoleKind::LOGINS.into_iter().filter_map(|kind| crate::secrets::twin_of(service.role(kind)));
    firsts.chain(twins).filter(|role| actual.roles.contains_key(role)).collect()
}

/// All steps, in order; none where nothing is left.
///
/// # Errors
/// Where something of another service or of another manifest would go too.
pub fn removal(
    desired: &DesiredServer,
    actual: &ActualServer,
    service: &DesiredService,
    traces: &Traces,
) -> Result<Vec<Step>> {
    let roles = roles(actual, service);
    let work = Work { desired, actual, service, traces, roles };
    work.refuse_strangers()?;
    let mut steps = vec![];
    work.close(&mut steps);
    work.database(&mut steps);
    work.elsewhere(&mut steps)?;
    if !work.roles.is_empty() {
        let why = format!("the roles of {}", service.name);
        work.add(&mut steps, None, Risk::Destructive, Action::DropRoles { roles: work.roles.clone() }, why);
    }
    Ok(steps)
}

struct Work<'a> {
    desired: &'a DesiredServer,
    actual: &'a ActualServer,
    service: &'a DesiredService,
    traces: &'a Traces,
    roles: Vec<RoleName>,
}

impl Work<'_> {
    fn add(
        &self,
        steps: &mut Vec<Step>,
        place: Option<&DbName>,
        risk: Risk,
        action: Action,
        why: impl Into<String>,
    ) {
        // In another database all of it is one transaction there, whatever each action is by itself.
        let stage = if place.is_some() { Stage::Inside } else { action.stage() };
        let database = place.unwrap_or(&self.service.database).clone();
        let service = Some(self.service.name.clone());
        steps.push(Step { service, database: Some(database), stage, action, reason: why.into(), risk });
    }

    fn admin(&self) -> Result<RoleName> {
        RoleName::found(self.actual.admin.name.clone())
            .map_err(|error| Error::operation("the admin's name cannot be a role").cause(error))
    }

    fn refuse_strangers(&self) -> Result<()> {
        let name = &self.service.name;
        let marker = self.desired.marker();
        let foreign = |comment: Option<&String>| {
            comment.is_some_and(|comment| comment.starts_with("martydb:") && *comment != marker)
        };
        let refused = |what: String| Error::operation(format!("service \"{name}\" is not dropped: {what}"));
        let database = &self.service.database;
        let found = self.actual.databases.get(database);
        if foreign(found.and_then(|found| found.comment.as_ref())) {
            return Err(refused(format!("database \"{database}\" was made by another manifest"))
                .hint("drop it with that manifest"));
        }
        let strange = |role: &&RoleName| foreign(self.actual.roles[*role].comment.as_ref());
        if let Some(role) = self.roles.iter().find(strange) {
            return Err(refused(format!("role \"{role}\" was made by another manifest"))
                .hint("drop it with that manifest"));
        }
        let theirs = |role: &RoleName| {
            let marked = self.actual.roles.get(role).and_then(|found| found.comment.as_ref());
            self.desired.managed_role(role).is_some() || foreign(marked)
        };
        let mut guests = self.traces.guests.iter().filter(|(role, _)| theirs(role)).peekable();
        match guests.peek() {
            None => Ok(()),
            Some(_) => {
                let error = refused(format!("database \"{database}\" holds what belongs to others"));
                let error = guests.fold(error, |error, (role, count)| {
                    error.cause(format!("{count} of its objects belong to \"{role}\""))
                });
                Err(error.hint("give them to a role of this service, or move them, and try again"))
            }
        }
    }

    /// Nobody comes in any more, and who is in goes.
    fn close(&self, steps: &mut Vec<Step>) {
        if self.roles.is_empty() {
            return;
        }
        let roles = self.roles.clone();
        if let (false, Ok(member)) = (self.actual.admin.superuser, self.admin()) {
            let why = "only a member may end the sessions of a role and drop what it owns";
            self.add(steps, None, Risk::Safe, Action::Borrow { roles: roles.clone(), member }, why);
        }
        for role in self.roles.iter().filter(|role| self.actual.roles[*role].login) {
            let action =
                Action::AlterRole { role: role.clone(), attributes: vec![Attribute::Word("NOLOGIN")] };
            self.add(steps, None, Risk::Destructive, action, format!("{role} is not to log in again"));
        }
        self.add(steps, None, Risk::Destructive, Action::EndSessions { roles }, "their service goes");
    }

    fn database(&self, steps: &mut Vec<Step>) {
        let database = self.service.database.clone();
        let Some(found) = self.actual.databases.get(&database) else { return };
        if found.is_template {
            let action = Action::NoTemplate { database: database.clone() };
            self.add(steps, None, Risk::Destructive, action, "a template cannot be dropped");
        }
        if found.allow_connections {
            let action = Action::CloseDatabase { database: database.clone() };
            self.add(steps, None, Risk::Destructive, action, "nobody is to come in again");
        }
        let why = format!("the database of {}, with all its data", self.service.name);
        self.add(steps, None, Risk::Destructive, Action::DropDatabase { database }, why);
    }

    fn elsewhere(&self, steps: &mut Vec<Step>) -> Result<()> {
        let admin = self.admin()?;
        for database in &self.traces.databases {
            let owner = self.desired.database_owner.clone().unwrap_or_else(|| admin.clone());
            let action = Action::Own { object: Object::Database(database.clone()), owner };
            let why = format!("database {database} belongs to a role of {}", self.service.name);
            self.add(steps, None, Risk::Caution, action, why);
        }
        let maintenance = DbName::found(self.actual.maintenance.clone()).ok();
        let nothing = vec![];
        let shared = maintenance.iter().filter(|name| {
            self.traces.shared && self.traces.inside.is_empty() && !self.traces.inside.contains_key(name)
        });
        let all = self.traces.inside.iter().chain(shared.map(|name| (name, &nothing)));
        for (database, owned) in all {
            self.inside(steps, database, owned, &admin);
        }
        Ok(())
    }

    fn inside(&self, steps: &mut Vec<Step>, database: &DbName, owned: &[String], admin: &RoleName) {
        let neighbour = self.desired.services.values().find(|other| other.database == *database);
        let host = neighbour.map(|other| other.role(RoleKind::Owner).clone());
        let host = host.filter(|role| self.actual.roles.contains_key(role));
        // Rights that another role granted can be taken back only by one of its members.
        let borrowed =
            host.clone().filter(|role| !self.actual.admin.superuser && !self.is_member(admin, role));
        let place = Some(database);
        if let Some(role) = &borrowed {
            let action = Action::Borrow { roles: vec![role.clone()], member: admin.clone() };
            self.add(steps, place, Risk::Safe, action, format!("to act in {database}"));
        }
        if !owned.is_empty() {
            let to = host.unwrap_or_else(|| admin.clone());
            let why = format!("they own {} in {database}", owned.join(", "));
            self.add(steps, place, Risk::Caution, Action::Reassign { roles: self.roles.clone(), to }, why);
        }
        let drop = Action::DropOwned { roles: self.roles.clone() };
        self.add(steps, place, Risk::Caution, drop, format!("what they hold in {database}"));
        if let Some(role) = borrowed {
            let action = Action::GiveBack { roles: vec![role], member: admin.clone() };
            self.add(steps, place, Risk::Safe, action, "it was borrowed");
        }
    }

    fn is_member(&self, admin: &RoleName, role: &RoleName) -> bool {
        let mut all = self.actual.memberships.iter();
        all.any(|found| found.role == *role && found.member == *admin && found.inherit && found.set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Admin;
    use crate::plan::diff::tests::{desired, provisioned, role};
    use crate::plan::{passwordless, statement};

    fn database(name: &str) -> DbName {
        DbName::new(name).unwrap()
    }

    fn planned(change: impl Fn(&mut ActualServer), traces: &Traces) -> Result<Vec<String>> {
        let desired = desired(&["csca", "pkd"]);
        let mut actual = provisioned(&desired, 160_000);
        change(&mut actual);
        let service = desired.services.values().next().unwrap();
        let steps = removal(&desired, &actual, service, traces)?;
        Ok(steps.iter().map(|step| statement(&step.action, 16, &passwordless).to_string()).collect())
    }

    fn limited(actual: &mut ActualServer) {
        actual.admin = Admin {
            name: "adm".into(),
            superuser: false,
            createdb: true,
            createrole: true,
            ..Admin::default()
        };
    }

    #[test]
    fn everything_goes_in_the_order_that_postgresql_needs() {
        let traces = Traces {
            inside: [(database("pkd_db"), vec!["table stray".to_owned()])].into(),
            databases: [database("csca_old")].into(),
            ..Traces::default()
        };
        let sql = planned(limited, &traces).unwrap();
        let order = [
            "GRANT \"csca_owner\"",
            "\"csca_migrator\" NOLOGIN",
            "pg_terminate_backend",
            "ALLOW_CONNECTIONS false",
            "DROP DATABASE \"csca_db\" WITH (FORCE)",
            "ALTER DATABASE \"csca_old\" OWNER TO \"adm\"",
            "GRANT \"pkd_owner\" TO \"adm\"",
            "REASSIGN OWNED BY",
            "DROP OWNED BY",
            "REVOKE \"pkd_owner\" FROM \"adm\"",
            "DROP ROLE",
        ];
        let places: Vec<_> = order.iter().map(|part| sql.iter().position(|sql| sql.contains(part))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} {sql:#?}");
        assert!(sql.iter().any(|sql| sql.ends_with("TO \"pkd_owner\"")), "{sql:#?}");
    }

    #[test]
    fn what_is_gone_already_is_passed_over() {
        let rest = planned(|actual| drop(actual.databases.remove(&database("csca_db"))), &Traces::default());
        assert!(!rest.unwrap().iter().any(|sql| sql.contains("DATABASE")));
        let nothing = |actual: &mut ActualServer| {
            actual.databases.remove(&database("csca_db"));
            actual.roles.retain(|role, _| !role.as_str().starts_with("csca"));
        };
        assert_eq!(planned(nothing, &Traces::default()), Ok(vec![]));
    }

    #[test]
    fn what_belongs_to_others_stops_it() {
        let guests = |name: &str| Traces { guests: [(role(name), 2)].into(), ..Traces::default() };
        assert!(planned(|_| {}, &guests("pkd_app")).unwrap_err().to_string().contains("pkd_app"));
        assert!(planned(|_| {}, &guests("postgres")).is_ok());
        let marked = |actual: &mut ActualServer| {
            actual.databases.get_mut(&database("csca_db")).unwrap().comment = Some("martydb:other".into());
        };
        assert!(planned(marked, &Traces::default()).is_err());
        let role_marked = |actual: &mut ActualServer| {
            actual.roles.get_mut(&role("csca_ro")).unwrap().comment = Some("martydb:other".into());
        };
        assert!(planned(role_marked, &Traces::default()).is_err());
    }
}
