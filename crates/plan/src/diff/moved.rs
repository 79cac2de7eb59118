//! Services, roles and databases with new names. A move that the manifest declares becomes a rename, before
//! anything else about the service is compared: the next inspection finds the object under its new name, with
//! all that depends on it. Without such a declaration, only the operator can tell a renamed service from a new
//! one if the service would get an empty database while a database of this manifest belongs to no service.

use std::collections::BTreeSet;

use super::comparison::Comparison;
use super::orphans;
use crate::action::Action;
use crate::stage::{Risk, Stage};
use crate::step::{CopyOrigin, Plan};
use martydb_model::contract::{alternate_of, managed};
use martydb_model::units;
use martydb_model::{ActualServer, DbName, DesiredServer, DesiredService, RoleKind, RoleName};

/// Adds the renames that are due; returns whether there are any.
pub(crate) fn diff(look: &mut Comparison<'_>, service: &DesiredService) -> bool {
    let Some(former) = service.moved.as_ref().filter(|former| former.server.is_none()) else { return false };
    for kind in RoleKind::ALL {
        let (from, to) = (&former.roles[&kind], service.role(kind));
        rename_role(look, from, to);
        if let (true, Some(from), Some(to)) = (kind.logs_in(), alternate_of(from), alternate_of(to)) {
            rename_role(look, &from, &to);
        }
    }
    let (from, to) = (&former.database, &service.database);
    let databases = &look.actual.databases;
    // An adopted database keeps its own comment; another manifest's marker means another's database.
    let may_be_ours = |comment: &str| look.desired.marks(Some(comment)) || !comment.starts_with("martydb:");
    let found = databases.get(from).filter(|found| found.comment.as_deref().is_none_or(may_be_ours));
    let declared = look.desired.services.values().any(|other| other.database == *from);
    if found.is_some() && !declared && !databases.contains_key(to) {
        let action = Action::RenameDatabase { from: from.clone(), to: to.clone() };
        look.add_at(Stage::AlterDatabase, risk(look), action, reason(service));
    }
    !look.steps.is_empty()
}

/// Plans the copy, after the parts of the roles that need no database; the rest is compared once the database exists.
pub(crate) fn copy(look: &mut Comparison<'_>, service: &DesiredService, origin: &CopyOrigin) {
    look.steps.retain(|step| step.stage == Stage::Cluster && !is_about_database(&step.action));
    let CopyOrigin { server, database, bytes } = origin;
    let size = bytes.map_or_else(String::new, |bytes| format!(" ({})", units::bytes(bytes)));
    let reason = format!(
        "copy database {database}{size} from server {server}, where it is kept and closed; stop the service's \
         applications first, and start them with the new address"
    );
    let (server, from, to) = (server.clone(), database.clone(), service.database.clone());
    look.add(Risk::Caution, Action::CopyDatabase { server, from, to }, reason);
}

fn is_about_database(action: &Action) -> bool {
    matches!(
        action,
        Action::SetSetting { database: Some(_), .. } | Action::ResetSetting { database: Some(_), .. }
    )
}

fn rename_role(look: &mut Comparison<'_>, from: &RoleName, to: &RoleName) {
    let roles = &look.actual.roles;
    let found = roles.get(from).filter(|found| look.is_ours(found.comment.as_deref()));
    if found.is_some() && managed(look.desired, from).is_none() && !roles.contains_key(to) {
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

/// Marks each new database that may be a renamed old one: only `--new-database` creates it.
pub(crate) fn name_in_plan(desired: &DesiredServer, actual: &ActualServer, plan: &mut Plan) {
    for step in &mut plan.steps {
        let service = step.service.as_ref().and_then(|name| desired.services.get(name));
        let (Action::CreateDatabase { .. }, Some(service)) = (&step.action, service) else { continue };
        let left: Vec<String> =
            candidates(desired, actual, service).iter().map(|name| format!("\"{name}\"")).collect();
        if !left.is_empty() {
            step.risk = Risk::Caution;
            step.reason = format!(
                "missing, while no service has {}, which this manifest made or took over",
                left.join(", ")
            );
        }
    }
}

/// Returns databases without a service that may belong to this one: with this manifest's marker, or adopted,
/// with objects owned by roles of this service or of none.
fn candidates(desired: &DesiredServer, actual: &ActualServer, service: &DesiredService) -> BTreeSet<DbName> {
    let mut found: BTreeSet<DbName> = orphans::left_over(desired, actual).into_iter().collect();
    let own = RoleKind::ALL.map(|kind| service.role(kind).clone());
    let roles =
        own.into_iter().chain(orphans::roles(desired, actual)).filter(|role| *role != desired.orphans());
    for held in roles.filter_map(|role| actual.holdings.get(&role)) {
        let owned = held.inside.iter().filter(|(_, owned)| **owned).map(|(database, _)| database);
        let free = |name: &&DbName| !desired.services.values().any(|other| other.database == **name);
        found.extend(owned.filter(free).cloned());
    }
    let tests = actual.test_databases(desired);
    found.retain(|name| !tests.contains_key(name));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Plan, Selection, StoredLogins, diff};
    use martydb_model::{ActualDatabase, FormerNames};
    use martydb_samples::{desired, empty};

    /// Returns the plan of a server for a service whose database is still on `main`.
    fn plan(actual: &ActualServer) -> Plan {
        let desired = desired(&["shop"]);
        let name = desired.services.keys().next().unwrap().clone();
        let database = DbName::new("old_db").unwrap();
        let origin = CopyOrigin { server: "main".into(), database, bytes: Some(8 << 20) };
        let selection = Selection { copies: [(name, origin)].into(), ..Selection::all(&desired) };
        diff(&desired, actual, &StoredLogins::All, &selection)
    }

    #[test]
    fn a_copy_is_one_step_after_the_roles_until_there_is_a_database() {
        let mut actual = empty(150_000);
        let steps = plan(&actual).steps;
        let own: Vec<_> = steps.iter().filter(|step| step.service.is_some()).collect();
        let copy = own.last().unwrap();
        assert!(copy.is_copy() && copy.risk == Risk::Caution, "{copy:?}");
        assert!(copy.reason.starts_with("copy database old_db (8.0 MB) from server main"), "{}", copy.reason);
        assert!(own[..own.len() - 1].iter().all(|step| step.stage == Stage::Cluster), "{own:#?}");
        assert!(!own.iter().any(|step| is_about_database(&step.action)), "{own:#?}");
        let present = ActualDatabase { owner: "postgres".into(), ..ActualDatabase::default() };
        actual.databases.insert(DbName::new("shop_db").unwrap(), present);
        assert!(!plan(&actual).steps.iter().any(|step| step.is_copy()));
    }

    #[test]
    fn a_database_is_a_leftover_only_after_its_copy() {
        let mut here = desired(&["other"]);
        let shop = desired(&["shop"]).services.into_values().next().unwrap();
        let (service, database, roles) = (shop.name, shop.database, shop.roles);
        let server = Some("main".to_owned());
        here.leaving = vec![FormerNames { service, server, database: database.clone(), roles }];
        let mut actual = empty(150_000);
        for (note, left) in [
            (None, false),
            (Some(martydb_model::MoveNote::Moving), false),
            (Some(martydb_model::MoveNote::Moved), true),
        ] {
            let marker = here.marker();
            let comment = note.map_or(marker.clone(), |note| here.with_move_note(Some(&marker), note, "x"));
            let found = ActualDatabase { comment: Some(comment), ..ActualDatabase::default() };
            actual.databases.insert(database.clone(), found);
            assert_eq!(orphans::left_over(&here, &actual).contains(&database), left, "{note:?}");
        }
    }
}
