//! Parameters of the database: steps for those that can be changed, gaps for those that cannot.

use super::comparison::Comparison;
use super::former_logins;
use crate::action::{Action, SettingValue};
use crate::database_option::DatabaseOption;
use crate::stage::{Risk, Stage};
use crate::step::PrivilegeGap;
use martydb_model::sql::split_name_list;
use martydb_model::units::canonical_setting;
use martydb_model::{ActualDatabase, ActualServer, DesiredServer, DesiredService};

pub(crate) fn diff(look: &mut Comparison<'_>, service: &DesiredService, found: &ActualDatabase) {
    tablespace(look, service, found);
    connection_limit(look, service, found);
    comment(look, service, found);
    collation(look, service, found);
    settings(look, service, found);
}

fn alter(look: &mut Comparison<'_>, stage: Stage, risk: Risk, option: DatabaseOption, reason: String) {
    let action = Action::AlterDatabase { database: look.database.clone(), option };
    look.add_at(stage, risk, action, reason);
}

fn tablespace(look: &mut Comparison<'_>, service: &DesiredService, found: &ActualDatabase) {
    let present = &found.parameters.tablespace;
    let Some(wanted) = service.parameters.tablespace.as_ref().filter(|wanted| *wanted != present) else {
        return;
    };
    let reason = format!(
        "move it from tablespace {present} to {wanted}: its files are copied, and no session may be connected to it"
    );
    alter(look, Stage::Create, Risk::Caution, DatabaseOption::Tablespace(wanted.clone()), reason);
}

fn connection_limit(look: &mut Comparison<'_>, service: &DesiredService, found: &ActualDatabase) {
    let (has, declared) = (found.connection_limit, service.parameters.connection_limit);
    let wanted = declared.unwrap_or(-1);
    if wanted == has {
        return;
    }
    // A lower limit may lock out a running service.
    let lower = wanted != -1 && (has == -1 || wanted < has) && found.allow_connections;
    let reason = match declared {
        None => format!("remove the connection limit of the database: {has}"),
        Some(_) => format!("change the connection limit of the database from {has} to {wanted}"),
    };
    let risk = if lower { Risk::Caution } else { Risk::Safe };
    alter(look, Stage::AlterDatabase, risk, DatabaseOption::ConnectionLimit(wanted), reason);
}

/// Compares the comment. An adopted database does not get the marker: it would be dropped with the service.
fn comment(look: &mut Comparison<'_>, service: &DesiredService, found: &ActualDatabase) {
    let present = found.comment.as_deref();
    let wanted = match &service.parameters.comment {
        _ if look.desired.marks(present) => look.desired.database_comment(service),
        Some(comment) if found.allow_connections => comment.clone(),
        _ => return,
    };
    if present.unwrap_or_default() != wanted {
        let (risk, database) = (look.caution(), look.database.clone());
        let action = Action::MarkDatabase { database, marker: wanted };
        look.add(risk, action, "change the comment of the database");
    }
}

fn collation(look: &mut Comparison<'_>, service: &DesiredService, found: &ActualDatabase) {
    let Some(versions) = found.collation.as_ref().filter(|_| service.parameters.refresh_collation) else {
        return;
    };
    let reason = format!(
        "record collation version {} in place of {}: indexes over texts must have been rebuilt",
        versions.present, versions.recorded
    );
    let option = DatabaseOption::Word("REFRESH COLLATION VERSION");
    alter(look, Stage::AlterDatabase, Risk::Caution, option, reason);
}

/// Returns `true` if a setting of a database has its declared value. The server stores an element of a list
/// with its quotes.
pub fn same_setting(name: &str, declared: &str, found: &str) -> bool {
    canonical_setting(name, declared) == canonical_setting(name, found)
        || split_name_list(found) == [declared]
}

/// Sets declared settings and resets the others.
fn settings(look: &mut Comparison<'_>, service: &DesiredService, found: &ActualDatabase) {
    let database = look.database.clone();
    let declared = &service.parameters.settings;
    for (name, value) in declared {
        let has = found.settings.iter().find(|(present, _)| present.eq_ignore_ascii_case(name));
        let (risk, reason) = match has {
            Some((_, has)) if same_setting(name, value, has) => continue,
            Some((_, has)) => {
                (look.caution(), format!("change {name} of database {database} from {has} to {value}"))
            }
            None => (Risk::Safe, format!("set {name} = {value} on database {database}")),
        };
        let (database, value) = (Some(database.clone()), SettingValue::Text(value.clone()));
        let action = Action::SetSetting { role: None, database, name: name.clone(), value };
        look.add_at(Stage::AlterDatabase, risk, action, reason);
    }
    for (name, value) in &found.settings {
        if declared.keys().any(|declared| declared.eq_ignore_ascii_case(name)) {
            continue;
        }
        former_logins::keep(look, service, found, (name, value));
        let reason = format!("database {database} has {name} = {value}: not in the manifest");
        let action =
            Action::ResetSetting { role: None, database: Some(database.clone()), name: name.clone() };
        look.add_at(Stage::AlterDatabase, look.caution(), action, reason);
    }
}

/// Returns the gaps for parameters that no step can change.
pub(crate) fn limits(
    desired: &DesiredServer,
    actual: &ActualServer,
    service: &DesiredService,
) -> Vec<PrivilegeGap> {
    let Some(found) = actual.databases.get(&service.database) else { return vec![] };
    let limit = |what, why| PrivilegeGap::without_grant(&desired.name, Some(&service.name), what, why);
    let database = &service.database;
    let fixed = service.parameters.made_with.differences(&found.parameters).into_iter().map(|fixed| {
        let quoted = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
        let what = format!(
            "change the {} of database {database} from {} to {}",
            fixed.what,
            quoted(&fixed.found),
            fixed.wanted
        );
        limit(what, "it cannot be changed in place: create a new database and move the data".into())
    });
    let versions = found.collation.as_ref().filter(|_| !service.parameters.refresh_collation);
    let versions = versions.map(|versions| {
        let why = format!(
            "its collation version is {}, and the library's is {}: rebuild the indexes (REINDEX DATABASE), then let apply \
             record it with parameters: {{ collation_version: refresh }}",
            versions.recorded, versions.present
        );
        limit(format!("rely on the sort order of text in database {database}"), why)
    });
    fixed.chain(versions).collect()
}
