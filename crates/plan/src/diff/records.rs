//! The data service's own schema: made where the manifest exposes the service, mended where it was changed, and
//! prunable where the service is no longer exposed.

use std::collections::BTreeSet;

use super::acl::{Acl, declared};
use super::comparison::Comparison;
use super::counters;
use crate::action::Action;
use crate::object::Object;
use crate::stage::Risk;
use crate::step::PrivilegeGap;
use martydb_model::contract::ObjectClass;
use martydb_model::{
    AccessTarget, ActualSchema, Contents, DesiredService, ObjectKind, RECORD_TABLES, RecordPart,
    RecordPartKind, RecordTable, SERVE_SCHEMA, SchemaName,
};

/// Returns `true` if the schema is martydb's: the admin owns it.
pub(crate) fn is_ours(look: &Comparison<'_>, name: &SchemaName, found: &ActualSchema) -> bool {
    name.as_str() == SERVE_SCHEMA && look.actual.is_admins(found.owner.as_str(), look.desired)
}

fn schema(contents: &Contents) -> Option<(&SchemaName, &ActualSchema)> {
    contents.schemas.iter().find(|(name, _)| name.as_str() == SERVE_SCHEMA)
}

pub(crate) fn diff(look: &mut Comparison<'_>, service: &DesiredService, contents: &Contents) {
    match (&service.serve, schema(contents)) {
        (Some(_), None) => {
            create(look, service);
            counters::diff(look, service, contents);
        }
        (Some(_), Some((name, found))) if is_ours(look, name, found) => {
            RECORD_TABLES.iter().for_each(|table| compare(look, service, contents, table));
            counters::diff(look, service, contents);
        }
        (None, Some((name, found))) if is_ours(look, name, found) => {
            let is_there = |table: &&RecordTable| contents.records.contains_key(table.name);
            let tables = RECORD_TABLES.iter().filter(is_there).collect();
            let reason = "the service has no `serve` in the manifest: its audit goes with it";
            let counters = counters::found(contents);
            look.add_prunable(Action::DropRecordSchema { tables, counters }, reason);
        }
        _ => {}
    }
}

fn create(look: &mut Comparison<'_>, service: &DesiredService) {
    let Some(owner) = look.actual.admin_role() else { return };
    let action = Action::CreateRecordSchema { owner };
    look.add(Risk::Safe, action, "the data service records its writes there");
    let Ok(schema) = SchemaName::new(SERVE_SCHEMA) else { return };
    grant(look, service, Object::Schema(schema), AccessTarget::Schema(SERVE_SCHEMA));
    RECORD_TABLES.iter().for_each(|table| create_table(look, service, table));
}

fn create_table(look: &mut Comparison<'_>, service: &DesiredService, table: &'static RecordTable) {
    look.add(Risk::Safe, Action::CreateRecordTable { table }, "missing");
    let Ok(schema) = SchemaName::new(SERVE_SCHEMA) else { return };
    let on = Object::Named { kind: ObjectKind::Table, schema, name: table.name.into() };
    grant(look, service, on, AccessTarget::Object { schema: SERVE_SCHEMA, name: table.name });
}

/// Grants what the data service's logins need on a new object.
fn grant(look: &mut Comparison<'_>, service: &DesiredService, on: Object, spot: AccessTarget<'_>) {
    let owner = look.actual.admin.name.clone();
    let wanted = declared(service, ObjectClass::Records, spot);
    Acl { on, owner: &owner, next_owner: None, found: &[] }.missing(look, &wanted);
}

fn compare(
    look: &mut Comparison<'_>,
    service: &DesiredService,
    contents: &Contents,
    table: &'static RecordTable,
) {
    let Some(found) = contents.records.get(table.name) else { return create_table(look, service, table) };
    let expected = table.parts();
    let can_go = |part: &&RecordPart| part.kind != RecordPartKind::Other;
    let dropped: Vec<RecordPart> = found.difference(&expected).filter(can_go).cloned().collect();
    let made: Vec<RecordPart> = expected.difference(found).cloned().collect();
    if dropped.is_empty() && made.is_empty() {
        return;
    }
    let names = |parts: &[RecordPart]| {
        let all = parts.iter().map(|part| format!("{} {}", part.kind.word(), part.name));
        all.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
    };
    let all: Vec<RecordPart> = dropped.iter().chain(&made).cloned().collect();
    let loses = |part: &RecordPart| {
        let kept = made.iter().any(|one| one.kind == part.kind && one.name == part.name);
        part.kind == RecordPartKind::Column && !kept
    };
    let risk = if dropped.iter().any(loses) { Risk::Caution } else { Risk::Safe };
    let reason = format!("it was changed: {}", names(&all));
    look.add(risk, Action::MendRecordTable { table, dropped, made }, reason);
}

/// Returns the gaps that no statement closes: a schema of another owner, and tables of another kind.
pub(crate) fn limits(
    look: &Comparison<'_>,
    service: &DesiredService,
    contents: &Contents,
) -> Vec<PrivilegeGap> {
    if service.serve.is_none() {
        return vec![];
    }
    let gap = |why: String, grant: String| {
        let what = "keep records of the data service".to_owned();
        let gap = PrivilegeGap::without_grant(&look.desired.name, Some(&service.name), what, why);
        PrivilegeGap { grant: Some(format!("in database {}: {grant}", service.database)), ..gap }
    };
    let Some((name, found)) = schema(contents) else {
        return counters::limits(look, service, contents).collect();
    };
    if !is_ours(look, name, found) {
        let why = format!("schema {name} belongs to {}, and must be the admin's", found.owner);
        return vec![gap(why, format!("ALTER SCHEMA {name} RENAME TO another name; then run apply again"))];
    }
    let own = RECORD_TABLES.iter().filter_map(|table| Some((table, contents.records.get(table.name)?)));
    let odd = own.filter(|(_, parts)| parts.iter().any(|part| part.kind == RecordPartKind::Other));
    let odd = odd.map(|(table, _)| {
        let why = format!("table {SERVE_SCHEMA}.{} is not an ordinary table", table.name);
        gap(
            why,
            format!("ALTER TABLE {SERVE_SCHEMA}.{} RENAME TO another name; then run apply again", table.name),
        )
    });
    let known = |name: &str| RECORD_TABLES.iter().any(|table| table.name == name);
    let strangers = contents.records.keys().filter(|name| !known(name)).map(|name| {
        gap(
            format!("relation {SERVE_SCHEMA}.{name} is not martydb's"),
            "move it to another schema; then run apply again".into(),
        )
    });
    odd.chain(strangers).chain(counters::limits(look, service, contents)).collect()
}
