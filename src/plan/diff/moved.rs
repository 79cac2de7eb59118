//! Services, roles and databases that have new names. What the manifest says was moved is renamed, before anything else
//! about the service is compared: the next inspection finds it under its new name, with all that hangs on it. Where the
//! manifest does not say so, a service that would get an empty database beside one that this manifest made and that no
//! service has any more is told apart from a new one by the operator alone.

use super::comparison::Comparison;
use super::orphans;
use crate::contract::alternate_of;
use crate::model::{ActualServer, DesiredServer, DesiredService, RoleKind, RoleName};
use crate::plan::action::Action;
use crate::plan::stage::{Risk, Stage};
use crate::plan::step::Plan;

/// Adds the renames that are due; whether there are any.
pub fn diff(look: &mut Comparison<'_>, service: &DesiredService) -> bool {
    let Some(former) = &service.moved else { return false };
    for kind in RoleKind::ALL {
        let (from, to) = (&former.roles[&kind], service.role(kind));
        rename_role(look, from, to);
        if let (true, Some(from), Some(to)) = (kind != RoleKind::Owner, alternate_of(from), alternate_of(to))
        {
            rename_role(look, &from, &to);
        }
    }
    let (from, to) = (&former.database, &service.database);
    let databases = &look.actual.databases;
    let found = databases.get(from).filter(|found| look.is_ours(found.comment.as_deref()));
    if found.is_some() && !databases.contains_key(to) {
        let action = Action::RenameDatabase { from: from.clone(), to: to.clone() };
        look.add_at(Stage::AlterDatabase, risk(look), action, reason(service));
    }
    !look.steps.is_empty()
}

fn rename_role(look: &mut Comparison<'_>, from: &RoleName, to: &RoleName) {
    let roles = &look.actual.roles;
    let found = roles.get(from).filter(|found| look.is_ours(found.comment.as_deref()));
    if found.is_some() && !roles.contains_key(to) {
        let action = Action::RenameRole { from: from.clone(), to: to.clone() };
        look.add(risk(look), action, format!("rename to {to}: clients log in with the new name"));
    }
}

fn reason(service: &DesiredService) -> String {
    format!("rename to {}: no session may be connected to it, and clients use the new name", service.database)
}

fn risk(look: &Comparison<'_>) -> Risk {
    if look.desired.embedded { Risk::Safe } else { Risk::Caution }
}

/// Marks each new database that may be an old one with a new name: only `--new-database` makes it.
pub fn name_in_plan(desired: &DesiredServer, actual: &ActualServer, plan: &mut Plan) {
    let left: Vec<String> =
        orphans::left_over(desired, actual).iter().map(|name| format!("\"{name}\"")).collect();
    if left.is_empty() {
        return;
    }
    for step in plan.steps.iter_mut().filter(|step| step.service.is_some()) {
        if let Action::CreateDatabase { .. } = step.action {
            step.risk = Risk::Caution;
            step.reason =
                format!("missing, while no service has {}, which this manifest made", left.join(", "));
        }
    }
}
