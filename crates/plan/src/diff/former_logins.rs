//! Settings of an adopted database that the manifest cannot keep: they go to the logins that use the database, so that
//! their sessions start as before.

use std::collections::BTreeSet;

use super::comparison::Comparison;
use crate::action::{Action, SettingValue};
use crate::privilege_gaps::kept_settings::KEPT;
use crate::stage::Stage;
use martydb_model::contract::managed;
use martydb_model::sql::split_name_list;
use martydb_model::{
    AccessLevel, ActualDatabase, ActualServer, DbName, DesiredServer, DesiredService, RoleName, SchemaName,
};

/// Adds the steps that keep a setting which is about to be reset on the database.
pub(crate) fn keep(
    look: &mut Comparison<'_>,
    service: &DesiredService,
    found: &ActualDatabase,
    setting: (&str, &str),
) {
    let (name, stored) = setting;
    // On a database that this manifest made it is drift.
    if !KEPT.contains(&name) || look.desired.marks(found.comment.as_deref()) {
        return;
    }
    for role in logins(look.desired, look.actual, service, found) {
        // A setting of the role itself has precedence over the database's.
        let has_own = look.actual.role_settings.get(&role).is_some_and(|all| {
            let here = |database: &DbName| *database == service.database;
            all.iter().any(|one| one.name == name && one.database.as_ref().is_none_or(here))
        });
        if has_own {
            continue;
        }
        let database = service.database.clone();
        let reason = format!("{role} uses database {database}, and keeps its {name}: {stored}");
        let value = value(name, stored);
        let action =
            Action::SetSetting { role: Some(role), database: Some(database), name: name.to_owned(), value };
        look.add_at(Stage::AlterDatabase, look.caution(), action, reason);
    }
}

fn value(name: &str, stored: &str) -> SettingValue {
    let names = split_name_list(stored).into_iter().filter_map(|one| SchemaName::found(one).ok());
    let names: Vec<SchemaName> = names.collect();
    match name == "search_path" && !names.is_empty() {
        true => SettingValue::Schemas(names),
        // An empty path is stored as one empty name.
        false if name == "search_path" => SettingValue::Text(String::new()),
        false => SettingValue::Text(stored.to_owned()),
    }
}

/// Returns the logins without a place in the manifest's settings that own something in the database, may connect to it
/// by name, or are members of a role that does.
fn logins(
    desired: &DesiredServer,
    actual: &ActualServer,
    service: &DesiredService,
    found: &ActualDatabase,
) -> BTreeSet<RoleName> {
    let contents = found.contents.iter();
    let objects = contents.clone().flat_map(|inside| &inside.objects);
    let objects = objects.filter(|one| service.schemas.contains(&one.schema)).map(|one| &one.owner);
    let schemas = contents.flat_map(|inside| &inside.schemas);
    let schemas = schemas.filter(|(name, _)| service.schemas.contains(name)).map(|(_, one)| &one.owner);
    let owned: BTreeSet<&RoleName> = objects.collect();
    let of_database = RoleName::found(found.owner.clone()).ok();
    let users: BTreeSet<&RoleName> = owned
        .iter()
        .copied()
        .chain(schemas)
        .chain(of_database.as_ref())
        .chain(found.connectors().flatten())
        .chain(service.access.iter().map(|grant| &grant.role))
        .chain(service.roles.values())
        .collect();
    let as_one_of_ours = |role: &RoleName| {
        let like = |grant: &&martydb_model::AccessGrant| {
            matches!(grant.level, AccessLevel::Like(_)) && grant.role == *role
        };
        managed(desired, role).is_some() || service.access.iter().any(|grant| like(&grant))
    };
    let kept = |role: &RoleName| desired.platform.is_some_and(|platform| platform.owns_role(role.as_str()));
    let is_login = |role: &RoleName, superuser: bool| match superuser {
        // A superuser is a member of every role: it counts where its application made the objects.
        true => owned.contains(role),
        false => actual.inherited_by(role).iter().any(|one| users.contains(one)),
    };
    let all = actual.roles.iter().filter(|(role, one)| one.login && is_login(role, one.superuser));
    let all = all.map(|(role, _)| role).filter(|role| !as_one_of_ours(role) && !kept(role));
    all.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PASSWORDLESS, Selection, StoredLogins, diff, script};
    use martydb_model::{ActualRole, RoleSetting};
    use martydb_samples::{desired, provisioned, put, role, to};

    /// Returns the statements about search paths, and the limits, of an adopted database on which a login may connect.
    fn plan(change: impl FnOnce(&mut ActualServer)) -> (Vec<String>, String) {
        let desired = desired(&["shop"]);
        let mut actual = provisioned(&desired, 160014);
        let login = ActualRole { login: true, inherit: true, connection_limit: -1, ..ActualRole::default() };
        actual.roles.insert(role("old"), login);
        let found = actual.databases.values_mut().next().unwrap();
        (found.comment, found.allow_connections) = (None, true);
        found.settings.push(("search_path".into(), "\"$user\", \"a, b\"".into()));
        found.acl.push(to("old", "CONNECT", "postgres"));
        change(&mut actual);
        let plan = diff(&desired, &actual, &StoredLogins::All, &Selection::all(&desired));
        let all = plan.steps.iter().map(|step| script(&step.action, 16, &PASSWORDLESS).to_string());
        (all.filter(|sql| sql.contains("search_path")).collect(), format!("{:?}", plan.limits))
    }

    const KEEP: &str = r#"ALTER ROLE "old" IN DATABASE "shop_db" SET "search_path" = "$user", "a, b""#;
    const RESET: &str = r#"ALTER DATABASE "shop_db" RESET "search_path""#;

    #[test]
    fn a_login_gets_the_setting_before_the_database_loses_it() {
        assert_eq!(plan(|_| {}).0, [KEEP, RESET]);
        let own = |database: Option<&str>| {
            let database = database.map(|name| DbName::new(name).unwrap());
            RoleSetting { role: role("old"), database, name: "search_path".into(), value: "x".into() }
        };
        assert_eq!(plan(|actual| put(actual, own(None))).0, [RESET]);
        assert_eq!(plan(|actual| put(actual, own(Some("shop_db")))).0, [RESET]);
        assert_eq!(plan(|actual| put(actual, own(Some("other")))).0, [KEEP, RESET]);
        let ours = |actual: &mut ActualServer| {
            actual.databases.values_mut().next().unwrap().comment = Some("martydb:t".into());
        };
        assert_eq!(plan(ours).0, [RESET], "drift of the manifest's own database");
    }

    #[test]
    fn the_database_keeps_a_setting_that_a_login_cannot_get() {
        let limited = |actual: &mut ActualServer| {
            actual.admin.superuser = false;
            actual.roles.get_mut(&role("postgres")).unwrap().superuser = false;
        };
        let (steps, limits) = plan(limited);
        assert!(!steps.iter().any(|sql| sql == KEEP || sql == RESET), "{steps:?}");
        assert!(limits.contains("keep search_path of database shop_db for login old"), "{limits}");
        assert!(limits.contains(&KEEP.replace('"', "\\\"")), "{limits}");
    }
}
