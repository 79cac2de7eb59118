//! Effects of `apply` on the users of the database, derived from its plan.

use std::collections::BTreeSet;

use martydb_model::contract::{Privilege, managed};
use martydb_model::sql::{List, Qualified, stmt};
use martydb_model::{
    AccessLevel, ActualObject, ActualServer, DesiredServer, DesiredService, RoleKind, RoleName,
};
use martydb_plan::grouping::{StepGroup, grouped};
use martydb_plan::{Action, Loss, LostObject, Object, Plan, Step};

#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Consequences {
    /// The changes, grouped.
    pub groups: Vec<StepGroup>,
    /// Old owners, which become members of the app role.
    pub old_owners: Vec<String>,
    /// Privileges of declared roles that no level grants: `apply` revokes them.
    pub not_carried_over: Vec<StepGroup>,
    /// Privileges of undeclared roles, which `apply` leaves alone.
    pub left_alone: Vec<StepGroup>,
    /// Logins that could connect only through PUBLIC.
    pub locked_out: Vec<String>,
    /// Locked out logins that hold other privileges in the database, which become unusable.
    pub dead: Vec<String>,
    /// Settings of the database that go to the logins that use it.
    pub kept_settings: Vec<KeptSetting>,
    /// Tables whose row security policies begin to apply to logins that passed them as their owners.
    pub row_policies: Vec<RowPolicies>,
}

/// Setting that a login had from its database and keeps as its own.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct KeptSetting {
    pub role: String,
    pub name: String,
    pub value: String,
}

/// Table with row security, and the logins to which its policies apply after `apply`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RowPolicies {
    pub table: String,
    pub roles: Vec<String>,
    /// Statement that keeps every row visible to them and lets them write.
    pub keep: String,
}

pub fn consequences(
    desired: &DesiredServer,
    actual: &ActualServer,
    service: &DesiredService,
    plan: &Plan,
) -> Consequences {
    let own = |step: &&Step| step.service.as_ref() == Some(&service.name);
    let taken = |step: &&Step| match &step.action {
        Action::RevokeMembership { role, .. } => desired.access.contains_key(role),
        action => loser(action).is_some_and(|role| desired.access.contains_key(role)),
    };
    let app = service.role(RoleKind::App);
    let joins = |step: &Step| match &step.action {
        Action::GrantMembership { role, member, .. } if role == app => Some(member.to_string()),
        _ => None,
    };
    let already = actual.memberships.iter().filter(|row| row.role == *app);
    let already = already.map(|row| row.member.clone());
    let already = already.filter(|member| managed(desired, member).is_none());
    let already = already.filter(|member| member.as_str() != actual.admin.name);
    let locks_out = |loss: &&Loss| {
        loss.database == service.database
            && loss.on == LostObject::Database
            && loss.privilege == Privilege::Connect
    };
    let locked_out: Vec<&RoleName> =
        plan.losses.iter().filter(locks_out).flat_map(|loss| &loss.roles).collect();
    let holds: BTreeSet<&RoleName> = plan.prunable.iter().filter_map(|step| loser(&step.action)).collect();
    let holds_some = |role: &&&RoleName| actual.inherited_by(role).into_iter().any(|one| holds.contains(one));
    Consequences {
        groups: grouped(&plan.steps),
        old_owners: plan
            .steps
            .iter()
            .filter_map(joins)
            .chain(already.map(|member| member.to_string()))
            .collect(),
        not_carried_over: grouped(plan.steps.iter().filter(taken)),
        left_alone: grouped(plan.prunable.iter().filter(own)),
        dead: locked_out.iter().filter(holds_some).map(ToString::to_string).collect(),
        locked_out: locked_out.iter().map(ToString::to_string).collect(),
        kept_settings: kept_settings(desired, service, plan),
        row_policies: row_policies(desired, actual, plan, service),
    }
}

fn kept_settings(desired: &DesiredServer, service: &DesiredService, plan: &Plan) -> Vec<KeptSetting> {
    let like_one_of_ours = |role: &RoleName| {
        service.access.iter().any(|grant| grant.role == *role && matches!(grant.level, AccessLevel::Like(_)))
    };
    let steps = plan.steps.iter().filter(|step| step.service.as_ref() == Some(&service.name));
    let others = steps.filter_map(|step| match &step.action {
        Action::SetSetting { role: Some(role), database: Some(_), name, value }
            if managed(desired, role).is_none() && !like_one_of_ours(role) =>
        {
            Some(KeptSetting { role: role.to_string(), name: name.clone(), value: value.to_string() })
        }
        _ => None,
    });
    others.collect()
}

/// Returns the tables that change their owner, and whose policies spare only that owner and its members.
fn row_policies(
    desired: &DesiredServer,
    actual: &ActualServer,
    plan: &Plan,
    service: &DesiredService,
) -> Vec<RowPolicies> {
    let contents = actual.databases.get(&service.database).and_then(|found| found.contents.as_ref());
    let tables =
        contents.iter().flat_map(|inside| &inside.objects).filter(|found| found.policies_spare_owner);
    let taken = |object: &Object| {
        plan.steps
            .iter()
            .any(|step| matches!(&step.action, Action::SetOwner { object: other, .. } if other == object))
    };
    let subject = |role: &&RoleName| {
        let spared = actual.roles.get(*role).is_none_or(|found| found.superuser || found.bypassrls);
        !spared && role.as_str() != actual.admin.name && managed(desired, role).is_none()
    };
    let of_table = |found: &ActualObject| {
        let logins = actual.roles.iter().filter(|(_, role)| role.login).map(|(name, _)| name);
        let logins = logins.filter(|name| actual.inherited_by(name).contains(&found.owner));
        let roles: Vec<RoleName> = logins.filter(subject).cloned().collect();
        (!roles.is_empty()).then(|| {
            let table = Qualified(vec![found.schema.to_string(), found.name.clone()]);
            let keep = stmt!(
                "CREATE POLICY former_owner ON {table} TO {roles} USING (true) WITH CHECK (true)",
                roles = List(roles.clone())
            );
            let roles = roles.iter().map(ToString::to_string).collect();
            RowPolicies { table: format!("{}.{}", found.schema, found.name), roles, keep: keep.to_string() }
        })
    };
    tables.filter(|found| taken(&Object::from_actual(found))).filter_map(of_table).collect()
}

/// Returns the role that the action takes a privilege from.
fn loser(action: &Action) -> Option<&RoleName> {
    match action {
        Action::Revoke { from, .. } | Action::RevokeDefault { from, .. } => from.role(),
        _ => None,
    }
}
