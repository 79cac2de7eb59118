//! Settings of the logins: those declared, on every database; `search_path` and the migrator's `role`, on one.

use std::collections::BTreeMap;

use super::{Look, Steps};
use crate::model::{DbName, DesiredService, RoleKind, RoleName, RoleSetting};
use crate::plan::{Action, Risk, SettingValue};
use crate::sql::split_name_list;
use crate::units::canonical_setting;

/// In one database or in all, and the setting's name.
pub type Place = (Option<DbName>, String);

/// A login, or the twin of one.
struct Subject {
    role: RoleName,
    wanted: BTreeMap<Place, SettingValue>,
}

pub fn diff(look: &Look<'_>, service: &DesiredService, steps: &mut Steps<'_>) {
    for kind in RoleKind::ALL {
        let logins = [Some(service.role(kind).clone()), look.twin(service, kind)];
        for role in logins.into_iter().flatten() {
            let wanted = declared(service, kind, &role);
            compare(look, &Subject { role, wanted }, steps);
        }
    }
}

/// Every setting that a service's role, or the twin of one, is to have.
pub fn declared(service: &DesiredService, kind: RoleKind, role: &RoleName) -> BTreeMap<Place, SettingValue> {
    let mut all = wanted(service, kind);
    if role != service.role(kind) {
        // A twin has all that its first has, and starts as it: else row policies and new large objects would see
        // another `current_user`. The migrator and its twin both start as the owner.
        let first = SettingValue::Text(service.role(kind).to_string());
        all.entry((Some(service.database.clone()), "role".into())).or_insert(first);
    }
    all
}

fn compare(look: &Look<'_>, subject: &Subject, steps: &mut Steps<'_>) {
    let Subject { role, wanted } = subject;
    let found = found(look, role);
    for ((database, name), value) in wanted {
        let has = found.get(&(database.clone(), name.clone()));
        if !has.is_some_and(|has| same(name, value, has)) {
            set(role, database.as_ref(), name, value, has.map(String::as_str), steps);
        }
    }
    for ((database, name), has) in found.iter().filter(|(place, _)| !wanted.contains_key(place)) {
        let reason = format!("{role} has {name} = {has}, and nobody declared it");
        let action =
            Action::ResetSetting { role: Some(role.clone()), database: database.clone(), name: name.clone() };
        steps.add(Risk::Safe, action, reason);
    }
}

fn wanted(service: &DesiredService, kind: RoleKind) -> BTreeMap<Place, SettingValue> {
    if kind == RoleKind::Owner {
        return BTreeMap::new();
    }
    let everywhere = service.settings.iter();
    let mut all: BTreeMap<Place, SettingValue> =
        everywhere.map(|(name, value)| ((None, name.clone()), SettingValue::Text(value.clone()))).collect();
    let here = |name: &str| (Some(service.database.clone()), name.to_owned());
    all.insert(here("search_path"), SettingValue::Schemas(service.schemas.clone()));
    if kind == RoleKind::Migrator {
        let owner = service.role(RoleKind::Owner).to_string();
        all.insert(here("role"), SettingValue::Text(owner));
    }
    all
}

fn found(look: &Look<'_>, role: &RoleName) -> BTreeMap<Place, String> {
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
    steps: &mut Steps<'_>,
) {
    let reason = match has {
        Some(has) => format!("{role} should have {name} = {value} and has {has}"),
        None => format!("{role} should have {name} = {value} and has none"),
    };
    let action = Action::SetSetting {
        role: role.clone(),
        database: database.cloned(),
        name: name.to_owned(),
        value: value.clone(),
    };
    // A setting for one database can only be put on when that database exists.
    let stage = if database.is_some() { crate::plan::Stage::Open } else { action.stage() };
    steps.add_at(stage, Risk::Safe, action, reason);
}
