//! Settings of the logins: those declared, on every database; `search_path` and the migrator's `role`, on one.

use std::collections::BTreeMap;

use super::comparison::Comparison;
use super::service_steps::ServiceSteps;
use crate::contract::acts_as;
use crate::model::{DbName, DesiredService, RoleKind, RoleName, RoleSetting};
use crate::plan::action::{Action, SettingValue};
use crate::plan::stage::{Risk, Stage};
use crate::sql::split_name_list;
use crate::units::canonical_setting;

/// In one database or in all, and the setting's name.
pub type SettingKey = (Option<DbName>, String);

/// A login, or the alternate of one.
struct Subject {
    role: RoleName,
    wanted: BTreeMap<SettingKey, SettingValue>,
}

pub fn diff(look: &Comparison<'_>, service: &DesiredService, steps: &mut ServiceSteps<'_>) {
    for kind in RoleKind::ALL {
        let logins = [Some(service.role(kind).clone()), look.alternate(service, kind)];
        for role in logins.into_iter().flatten() {
            let wanted = declared(service, kind, &role);
            compare(look, &Subject { role, wanted }, steps);
        }
    }
}

/// Every setting that the manifest declares for a service's role or its alternate login.
pub fn declared(
    service: &DesiredService,
    kind: RoleKind,
    role: &RoleName,
) -> BTreeMap<SettingKey, SettingValue> {
    let mut all = wanted(service, kind);
    if role != service.role(kind) {
        // An alternate login has all that its primary has, and starts as it: else row policies and new large objects would see
        // another `current_user`. The migrator and its alternate both start as the owner.
        let first = SettingValue::Text(service.role(kind).to_string());
        all.entry((Some(service.database.clone()), "role".into())).or_insert(first);
    }
    all
}

fn compare(look: &Comparison<'_>, subject: &Subject, steps: &mut ServiceSteps<'_>) {
    let Subject { role, wanted } = subject;
    let found = found(look, role);
    for ((database, name), value) in wanted {
        let has = found.get(&(database.clone(), name.clone()));
        if !has.is_some_and(|has| same(name, value, has)) {
            set(role, database.as_ref(), name, value, has.map(String::as_str), steps);
        }
    }
    for ((database, name), has) in found.iter().filter(|(place, _)| !wanted.contains_key(place)) {
        let reason = format!("{role} has {name} = {has}: not in the manifest");
        let action =
            Action::ResetSetting { role: Some(role.clone()), database: database.clone(), name: name.clone() };
        steps.add(Risk::Safe, action, reason);
    }
}

fn wanted(service: &DesiredService, kind: RoleKind) -> BTreeMap<SettingKey, SettingValue> {
    if kind == RoleKind::Owner {
        return BTreeMap::new();
    }
    let everywhere = service.settings.iter();
    let mut all: BTreeMap<SettingKey, SettingValue> =
        everywhere.map(|(name, value)| ((None, name.clone()), SettingValue::Text(value.clone()))).collect();
    let here = |name: &str| (Some(service.database.clone()), name.to_owned());
    all.insert(here("search_path"), SettingValue::Schemas(service.schemas.clone()));
    if acts_as(kind) != kind {
        let other = service.role(acts_as(kind)).to_string();
        all.insert(here("role"), SettingValue::Text(other));
    }
    all
}

fn found(look: &Comparison<'_>, role: &RoleName) -> BTreeMap<SettingKey, String> {
    let all = look.actual.role_settings.iter().filter(|setting| setting.role == *role);
    let typed =
        |setting: &RoleSetting| ((setting.database.clone(), setting.name.clone()), setting.value.clone());
    all.map(typed).collect()
}

fn same(name: &str, wanted: &SettingValue, found: &str) -> bool {
    match wanted {
        SettingValue::Schemas(schemas) => {
            let names: Vec<_> = schemas.iter().map(|schema| schema.as_str().to_owned()).collect();
            split_name_list(found) == names
        }
        SettingValue::Text(text) if name == "role" => text == found,
        SettingValue::Text(text) => canonical_setting(name, text) == canonical_setting(name, found),
    }
}

fn set(
    role: &RoleName,
    database: Option<&DbName>,
    name: &str,
    value: &SettingValue,
    has: Option<&str>,
    steps: &mut ServiceSteps<'_>,
) {
    let reason = match has {
        Some(has) => format!("change {name} from {has} to {value}"),
        None => format!("set {name} = {value}"),
    };
    let action = Action::SetSetting {
        role: role.clone(),
        database: database.cloned(),
        name: name.to_owned(),
        value: value.clone(),
    };
    // A setting for one database can only be put on when that database exists.
    let stage = if database.is_some() { Stage::AlterDatabase } else { action.stage() };
    steps.add_at(stage, Risk::Safe, action, reason);
}
