//! Steps that keep a setting of an adopted database for the logins that use it.

use std::collections::BTreeSet;

use crate::action::Action;
use crate::step::{Plan, Step};
use martydb_model::contract::managed;
use martydb_model::{DbName, DesiredServer, RoleName};

/// Settings of a database that decide which objects a session's statements mean. martydb sets them on its own logins.
pub(crate) const KEPT: [&str; 2] = ["search_path", "role"];

/// Keeps a setting of a database as long as it cannot be given to one of the logins that use it. `refused` are the
/// steps that the admin cannot do.
pub(crate) fn keep_where_refused(plan: &mut Plan, refused: &BTreeSet<(DbName, String)>) {
    plan.steps.retain(|step| match &step.action {
        Action::ResetSetting { role: None, database: Some(database), name } => {
            !refused.contains(&(database.clone(), name.clone()))
        }
        _ => true,
    });
}

/// Returns database and name of a setting that a login keeps.
pub(crate) fn kept(desired: &DesiredServer, step: &Step) -> Option<(RoleName, DbName, String)> {
    match &step.action {
        Action::SetSetting { role: Some(role), database: Some(database), name, .. }
            if KEPT.contains(&name.as_str()) && managed(desired, role).is_none() =>
        {
            Some((role.clone(), database.clone(), name.clone()))
        }
        _ => None,
    }
}
