//! Settings of the logins: those that are declared, in every database; `search_path` and the migrator's `role`,
//! in one.

use std::collections::BTreeMap;

use super::comparison::Comparison;
use crate::action::{Action, SettingValue};
use crate::scratch::is_scratch;
use crate::stage::{Risk, Stage};
use martydb_model::contract::acts_as;
use martydb_model::sql::split_name_list;
use martydb_model::units::canonical_setting;
use martydb_model::{AccessLevel, ActualServer, DbName, DesiredService, RoleKind, RoleName};

/// Database, or `None` for all, and name of the setting.
pub(crate) type SettingKey = (Option<DbName>, String);

pub(crate) fn diff(look: &mut Comparison<'_>, service: &DesiredService) {
    for kind in RoleKind::ALL {
        let logins = [Some(service.role(kind).clone()), look.alternate(service, kind)];
        for role in logins.into_iter().flatten() {
            compare(look, service, &role, &declared(service, kind, &role));
        }
    }
    // A further login of the application has the same settings.
    for grant in service.access.iter().filter(|grant| matches!(grant.level, AccessLevel::Like(_))) {
        compare(look, service, &grant.role, &of_logins(service).collect());
    }
}

/// Returns every setting that the manifest declares for a service's role or its alternate login.
pub fn declared(
    service: &DesiredService,
    kind: RoleKind,
    role: &RoleName,
) -> BTreeMap<SettingKey, SettingValue> {
    if !kind.logs_in() {
        return BTreeMap::new();
    }
    // An alternate login has all settings of its primary and starts as that role: otherwise row policies and
    // new large objects would use another `current_user`. The migrator and its alternate both start as the
    // owner.
    let start = service.role(acts_as(kind));
    let start = (start != role).then(|| {
        ((Some(service.database.clone()), "role".to_owned()), SettingValue::Text(start.to_string()))
    });
    of_logins(service).chain(start).collect()
}

/// Returns the settings of every login of the service.
fn of_logins(service: &DesiredService) -> impl Iterator<Item = (SettingKey, SettingValue)> {
    let everywhere = service
        .settings
        .iter()
        .map(|(name, value)| ((None, name.clone()), SettingValue::Text(value.clone())));
    let path = SettingValue::Schemas(service.search_path.clone());
    everywhere.chain([((Some(service.database.clone()), "search_path".to_owned()), path)])
}

fn compare(
    look: &mut Comparison<'_>,
    service: &DesiredService,
    role: &RoleName,
    wanted: &BTreeMap<SettingKey, SettingValue>,
) {
    let mut found = found(look.actual, role);
    // `test-db` adds the same to each test database, and a restore to its scratch database; they are dropped with it.
    found.retain(|(database, _), _| {
        let Some(database) = database else { return true };
        let test = look.actual.test_database(database, look.desired);
        let others = *database != service.database && is_scratch(look.actual, database);
        !others && test.is_none_or(|test| test.service != service.name)
    });
    for (key, value) in wanted {
        let has = found.get(key);
        if has.is_some_and(|has| same(&key.1, value, has)) {
            continue;
        }
        let (database, name) = key.clone();
        let reason = match has {
            Some(has) => format!("change {name} from {has} to {value}"),
            None => format!("set {name} = {value}"),
        };
        // A setting for one database needs that database to exist.
        let stage = if database.is_some() { Stage::AlterDatabase } else { Stage::Cluster };
        let action = Action::SetSetting { role: Some(role.clone()), database, name, value: value.clone() };
        look.add_at(stage, Risk::Safe, action, reason);
    }
    for ((database, name), has) in found.iter().filter(|(key, _)| !wanted.contains_key(key)) {
        let reason = format!("{role} has {name} = {has}: not in the manifest");
        let action =
            Action::ResetSetting { role: Some(role.clone()), database: database.clone(), name: name.clone() };
        look.add(Risk::Safe, action, reason);
    }
}

fn found<'a>(actual: &'a ActualServer, role: &RoleName) -> BTreeMap<SettingKey, &'a str> {
    let all = actual.role_settings.get(role).into_iter().flatten();
    all.map(|setting| ((setting.database.clone(), setting.name.clone()), setting.value.as_str())).collect()
}

fn same(name: &str, wanted: &SettingValue, found: &str) -> bool {
    match wanted {
        SettingValue::Schemas(schemas) => {
            split_name_list(found).iter().eq(schemas.iter().map(|schema| schema.as_str()))
        }
        SettingValue::Text(text) if name == "role" => text == found,
        SettingValue::Text(text) => canonical_setting(name, text) == canonical_setting(name, found),
    }
}
