//! Effects of `apply` on the users of the database, derived from its plan.

use std::collections::BTreeSet;

use martydb_model::contract::Privilege;
use martydb_model::{ActualServer, DesiredServer, DesiredService, RoleKind, RoleName};
use martydb_plan::grouping::{StepGroup, grouped};
use martydb_plan::{Action, Loss, LostObject, Plan, Step};

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
    let already = already.filter(|member| martydb_model::contract::managed(desired, member).is_none());
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
    }
}

/// Returns the role that the action takes a privilege from.
fn loser(action: &Action) -> Option<&RoleName> {
    match action {
        Action::Revoke { from, .. } | Action::RevokeDefault { from, .. } => from.role(),
        _ => None,
    }
}
