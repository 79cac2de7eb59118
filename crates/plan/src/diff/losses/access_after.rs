//! Privileges of logins before and after a plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::action::Action;
use crate::loss::LOGINS_NAMED;
use crate::object::Object;
use crate::step::{Plan, Step};
use martydb_model::contract::{DefaultKind, ObjectClass, Privilege, Privileges, allowed, managed};
use martydb_model::units::first_of;
use martydb_model::{
    AclEntry, ActualDatabase, ActualObject, ActualRole, ActualServer, Contents, DbName, DesiredServer,
    Grantee, RoleGraph, RoleKind, RoleName, SchemaName,
};

/// A login that is neither a superuser nor the admin.
pub(crate) struct PrivilegeHolder<'a> {
    pub name: &'a RoleName,
    /// Kind of a login of one of the manifest's services.
    kind: Option<RoleKind>,
    /// The login itself and all roles whose privileges it has.
    before: BTreeSet<&'a RoleName>,
    after: BTreeSet<&'a RoleName>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PlanMoment {
    Before,
    After,
}

/// An object with its database.
type LocatedObject<'a> = (&'a DbName, Object);

/// Grants or revocations of the plan.
type PrivilegeChanges<'a> = BTreeMap<LocatedObject<'a>, Vec<(&'a Grantee, &'a Privileges)>>;

pub(crate) struct AccessAfter<'a> {
    actual: &'a ActualServer,
    pub logins: Vec<PrivilegeHolder<'a>>,
    /// Objects in the databases that the plan changes.
    objects: BTreeMap<&'a DbName, BTreeMap<Object, &'a ActualObject>>,
    /// Roles that hold something in a database themselves: anywhere in it, and in each of its schemas.
    holders: BTreeMap<&'a DbName, Holders<'a>>,
    taken: PrivilegeChanges<'a>,
    given: PrivilegeChanges<'a>,
    owners: BTreeMap<LocatedObject<'a>, &'a RoleName>,
}

#[derive(Default)]
struct Holders<'a> {
    anywhere: BTreeSet<&'a RoleName>,
    by_schema: BTreeMap<&'a SchemaName, BTreeSet<&'a RoleName>>,
}

/// Owner, entries, schema and class of an object.
struct AccessList<'a> {
    owner: &'a str,
    acl: &'a [AclEntry],
    schema: Option<&'a SchemaName>,
    /// `None` for databases and schemas, whose privileges `apply` grants by itself.
    class: Option<ObjectClass>,
}

impl<'a> AccessAfter<'a> {
    pub(crate) fn new(desired: &DesiredServer, actual: &'a ActualServer, plan: &'a Plan) -> AccessAfter<'a> {
        let (logins, objects, holders) = Default::default();
        let (taken, given, owners) = Default::default();
        let mut all = AccessAfter { actual, logins, objects, holders, taken, given, owners };
        let takes =
            |step: &&Step| matches!(step.action, Action::Revoke { .. } | Action::RevokeDefault { .. });
        let about =
            plan.steps.iter().chain(&plan.prunable).filter(takes).filter_map(|step| step.database.as_ref());
        let about: BTreeSet<&DbName> = about.filter(|name| actual.databases.contains_key(*name)).collect();
        if about.is_empty() {
            return all;
        }
        for name in about {
            let found = &actual.databases[name];
            let contents = found.contents.iter().flat_map(|contents| &contents.objects);
            all.objects.insert(name, contents.map(|found| (Object::from_actual(found), found)).collect());
            all.holders.insert(name, Holders::new(found));
        }
        plan.steps.iter().for_each(|step| all.add_step(step));
        all.logins = logins_of(desired, actual, plan);
        all
    }

    fn add_step(&mut self, step: &'a Step) {
        let Some(database) = step.database.as_ref().filter(|name| self.objects.contains_key(*name)) else {
            return;
        };
        match &step.action {
            Action::Revoke { on, privileges, from, only_option: false, .. } => {
                self.taken.entry((database, on.clone())).or_default().push((from, privileges));
            }
            Action::Grant { on, privileges, to } => {
                self.given.entry((database, on.clone())).or_default().push((to, privileges));
            }
            Action::SetOwner { object, owner } => {
                self.owners.insert((database, object.clone()), owner);
            }
            _ => {}
        }
    }

    /// Returns the roles whose only source of the privilege is `from`: for PUBLIC's CONNECT every login that
    /// can connect, and otherwise those that use the database through privileges of their own.
    pub(crate) fn losers(
        &self,
        database: &DbName,
        on: &Object,
        privilege: Privilege,
        from: &Grantee,
    ) -> Vec<RoleName> {
        let Some(access) = self.access(database, on) else { return vec![] };
        let entered = |found: &ActualDatabase| found.allow_connections && !found.is_template;
        if !self.actual.databases.get(database).is_some_and(entered) || self.is_login(from) {
            return vec![];
        }
        let counts = |holder: &&PrivilegeHolder<'_>| {
            let held = match from {
                Grantee::Role(group) => holder.before.contains(group),
                Grantee::Public => self.concerns(holder, database, on, privilege),
            };
            let reached =
                access.schema.is_none_or(|schema| self.uses(holder, database, schema, PlanMoment::Before));
            held && reached && !self.holds(holder, database, on, privilege, PlanMoment::After)
        };
        // A service's login misses what its role may hold; the rest is drift.
        let may = |holder: &&PrivilegeHolder<'_>| {
            holder.kind.is_none_or(|kind| {
                access.class.is_some_and(|class| allowed(kind, class).contains(&privilege))
            })
        };
        self.logins.iter().filter(may).filter(counts).map(|holder| holder.name.clone()).collect()
    }

    /// Returns the roles whose only source of a privilege on a role's future objects is `from`.
    pub(crate) fn losers_of_future(
        &self,
        database: &DbName,
        (owner, schema, kind): (&RoleName, Option<&SchemaName>, DefaultKind),
        privilege: Privilege,
        from: &Grantee,
    ) -> Vec<RoleName> {
        let rows = self.contents(database).into_iter().flat_map(|contents| &contents.default_acls);
        let mut rows = rows
            .filter(|row| row.role == *owner && row.schema.as_ref() == schema && row.object == kind.letter());
        let Some(row) = rows.next().filter(|_| !self.is_login(from)) else { return vec![] };
        let counts = |holder: &&PrivilegeHolder<'_>| {
            let held = match from {
                Grantee::Role(group) => holder.before.contains(group),
                Grantee::Public => self.is_user(holder, database),
            };
            let reached = schema.is_none_or(|schema| self.uses(holder, database, schema, PlanMoment::Before));
            let mut other =
                row.acl.iter().filter(|entry| entry.privilege == privilege.name() && entry.grantee != *from);
            held && reached
                && !other.any(|entry| entry.grantee.role().is_none_or(|role| holder.before.contains(role)))
        };
        self.others().filter(counts).map(|holder| holder.name.clone()).collect()
    }

    /// Returns the logins that act through a role, including the role itself.
    pub(crate) fn through<'s>(&'s self, role: &'s RoleName) -> impl Iterator<Item = &'s PrivilegeHolder<'a>> {
        self.logins.iter().filter(move |holder| holder.after.contains(role))
    }

    pub(crate) fn can_connect(&self, holder: &PrivilegeHolder<'_>, database: &DbName) -> bool {
        let on = Object::Database(database.clone());
        self.holds(holder, database, &on, Privilege::Connect, PlanMoment::After)
    }

    pub(crate) fn can_use(
        &self,
        holder: &PrivilegeHolder<'_>,
        database: &DbName,
        schema: &SchemaName,
    ) -> bool {
        self.uses(holder, database, schema, PlanMoment::After)
    }

    /// Returns the schema of an object.
    pub(crate) fn schema_of(&self, database: &DbName, on: &Object) -> Option<&SchemaName> {
        self.access(database, on)?.schema
    }

    fn others(&self) -> impl Iterator<Item = &PrivilegeHolder<'a>> {
        self.logins.iter().filter(|holder| holder.kind.is_none())
    }

    /// Returns `true` for a login: the step itself reports what it loses.
    fn is_login(&self, from: &Grantee) -> bool {
        from.role().and_then(|role| self.actual.roles.get(role)).is_some_and(|found| found.login)
    }

    /// Returns `true` if a login would miss a privilege of PUBLIC.
    fn concerns(
        &self,
        holder: &PrivilegeHolder<'_>,
        database: &DbName,
        on: &Object,
        privilege: Privilege,
    ) -> bool {
        match (on, privilege) {
            (Object::Database(_), Privilege::Connect) => true,
            (Object::Schema(schema), Privilege::Usage) => {
                let held = self.holders.get(database).and_then(|holders| holders.by_schema.get(schema));
                held.is_some_and(|held| !held.is_disjoint(&holder.before))
            }
            _ => self.is_user(holder, database),
        }
    }

    fn is_user(&self, holder: &PrivilegeHolder<'_>, database: &DbName) -> bool {
        self.holders.get(database).is_some_and(|holders| !holders.anywhere.is_disjoint(&holder.before))
    }

    fn uses(
        &self,
        holder: &PrivilegeHolder<'_>,
        database: &DbName,
        schema: &SchemaName,
        when: PlanMoment,
    ) -> bool {
        self.holds(holder, database, &Object::Schema(schema.clone()), Privilege::Usage, when)
    }

    fn holds(
        &self,
        holder: &PrivilegeHolder<'_>,
        database: &DbName,
        on: &Object,
        privilege: Privilege,
        when: PlanMoment,
    ) -> bool {
        let Some(AccessList { owner, acl, .. }) = self.access(database, on) else { return false };
        let roles = if when == PlanMoment::Before { &holder.before } else { &holder.after };
        let is_own = |grantee: &Grantee| grantee.role().is_none_or(|role| roles.contains(role));
        let place = (database, on.clone());
        let next = self.owners.get(&place).filter(|_| when == PlanMoment::After);
        let owner = next.map_or(owner, |next| next.as_str());
        let taken = |grantee: &Grantee| {
            let mut taken = self.taken.get(&place).into_iter().flatten();
            when == PlanMoment::After && taken.any(|(from, all)| *from == grantee && all.contains(privilege))
        };
        let mut given = self.given.get(&place).into_iter().flatten().filter(|_| when == PlanMoment::After);
        let entries = acl.iter().filter(|entry| entry.privilege == privilege.name());
        roles.iter().any(|role| role.as_str() == owner)
            || entries.map(|entry| &entry.grantee).any(|grantee| is_own(grantee) && !taken(grantee))
            || given.any(|(to, all)| is_own(to) && all.contains(privilege))
            || holds_everywhere(roles, on, privilege)
    }

    fn access<'s>(&'s self, database: &DbName, on: &Object) -> Option<AccessList<'s>> {
        let found = self.actual.databases.get(database)?;
        match on {
            Object::Database(name) => {
                let found = self.actual.databases.get(name)?;
                Some(AccessList { owner: &found.owner, acl: &found.acl, schema: None, class: None })
            }
            Object::Schema(name) => {
                let schema = found.contents.as_ref()?.schemas.get(name)?;
                let owner = schema.owner.as_str();
                let owner = if owner == "pg_database_owner" { &found.owner } else { owner };
                Some(AccessList { owner, acl: &schema.acl, schema: None, class: None })
            }
            _ => {
                let found = self.objects.get(database)?.get(on)?;
                let class = Some(ObjectClass::from_kind(found.kind, found.security_definer));
                let schema = Some(&found.schema);
                Some(AccessList { owner: found.owner.as_str(), acl: &found.acl, schema, class })
            }
        }
    }

    fn contents(&self, database: &DbName) -> Option<&Contents> {
        self.actual.databases.get(database)?.contents.as_ref()
    }
}

impl<'a> Holders<'a> {
    fn new(found: &'a ActualDatabase) -> Holders<'a> {
        let mut holders = Holders::default();
        holders.anywhere.extend(found.acl.iter().filter_map(|entry| entry.grantee.role()));
        let Some(contents) = &found.contents else { return holders };
        for schema in contents.schemas.values() {
            holders.anywhere.extend(schema.acl.iter().filter_map(|entry| entry.grantee.role()));
        }
        for object in &contents.objects {
            let columns = object.column_acl.iter().map(|(_, entry)| entry);
            let named = object.acl.iter().chain(columns).filter_map(|entry| entry.grantee.role());
            let here = holders.by_schema.entry(&object.schema).or_default();
            here.extend(named.chain([&object.owner]));
        }
        holders.anywhere.extend(holders.by_schema.values().flatten());
        holders
    }
}

/// Returns `true` for members of predefined roles that read or write every table of the server:
/// <https://www.postgresql.org/docs/current/predefined-roles.html>
fn holds_everywhere(roles: &BTreeSet<&RoleName>, on: &Object, privilege: Privilege) -> bool {
    use Privilege::{Delete, Insert, Select, Update, Usage};
    let is = |name: &str| roles.iter().any(|role| role.as_str() == name);
    match (on, privilege) {
        (Object::Schema(_), Usage) => is("pg_read_all_data") || is("pg_write_all_data"),
        (Object::Named { .. }, Select) => is("pg_read_all_data"),
        (Object::Named { .. }, Insert | Update | Delete) => is("pg_write_all_data"),
        _ => false,
    }
}

fn logins_of<'a>(
    desired: &DesiredServer,
    actual: &'a ActualServer,
    plan: &'a Plan,
) -> Vec<PrivilegeHolder<'a>> {
    let graph = RoleGraph::new(actual.memberships.iter().filter(|row| row.inherit));
    let mut given: BTreeMap<&RoleName, Vec<&RoleName>> = BTreeMap::new();
    for step in &plan.steps {
        if let Action::GrantMembership { role, member, inherit: true } = &step.action {
            given.entry(member).or_default().push(role);
        }
    }
    let login = |(name, found): &(&RoleName, &ActualRole)| {
        found.login && !found.superuser && name.as_str() != actual.admin.name
    };
    let logins = actual.roles.iter().filter(login).map(|(name, _)| {
        let before: BTreeSet<_> =
            graph.reachable(name, |_| true).iter().map(|path| path.role).chain([name]).collect();
        let after = before.iter().copied().chain(given.get(name).into_iter().flatten().copied()).collect();
        PrivilegeHolder { name, kind: managed(desired, name).map(|(_, kind)| kind), before, after }
    });
    logins.collect()
}

/// Joins the first names of several logins.
pub(crate) fn names(logins: &[&PrivilegeHolder<'_>]) -> String {
    let names: Vec<&str> = logins.iter().map(|holder| holder.name.as_str()).collect();
    first_of(&names, LOGINS_NAMED)
}
