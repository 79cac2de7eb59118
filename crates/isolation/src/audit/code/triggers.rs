//! Triggers and event triggers that call another role's code, and languages that are wrongly marked as trusted.

use crate::audit::context::AuditSubject;
use crate::audit::context::Database;
use martydb_catalog::Language;
use martydb_model::RoleKind;
use martydb_model::findings::Severity::{Critical, High, Low, Medium};
use martydb_model::findings::{EVENT_TRIGGER, FOREIGN_TRIGGER, FindingBuilder, PUBLIC, TRUSTED_LANGUAGE};
use martydb_model::grants::{Repair, RepairScope};
use martydb_model::sql::{Literal, ServerText, stmt};

pub(crate) fn judge(db: &Database<'_>, out: &mut Vec<FindingBuilder>) {
    languages(db, out);
    event_triggers(db, out);
    triggers(db, out);
}

/// Languages whose code is confined to its session, by their authors' names for them.
const TRUSTED: &[&str] =
    &["sql", "plpgsql", "plperl", "pltcl", "plv8", "plcoffee", "plls", "pllua", "pljs", "plrust"];

/// Returns `true` for one of these languages. Any language can have such a name: its handler must be the
/// original one.
fn is_confined(language: &Language) -> bool {
    let own = format!("{}_call_handler", language.name);
    let fits = language.handler.as_ref().is_none_or(|handler| handler.starts_with(&own));
    TRUSTED.contains(&language.name.as_str()) && fits
}

fn languages(db: &Database<'_>, out: &mut Vec<FindingBuilder>) {
    for language in db.catalog.languages.iter().filter(|one| one.trusted && !is_confined(one)) {
        let object = format!("language {}", language.name);
        let close = stmt!(
            "UPDATE pg_catalog.pg_language SET lanpltrusted = false WHERE lanname = {name}",
            name = Literal(language.name.clone())
        );
        let who = db.service.map_or(PUBLIC, |service| service.role(RoleKind::Migrator).as_str());
        let found = TRUSTED_LANGUAGE.of(who).at(if db.service.is_some() { Critical } else { High });
        let found = found.inside(db).evidence(format!("{object} is marked as trusted")).object(object);
        out.push(found.fix(Repair::alter(RepairScope::Database, close)));
    }
}

fn event_triggers(db: &Database<'_>, out: &mut Vec<FindingBuilder>) {
    for trigger in db.catalog.event_triggers.iter().filter(|trigger| trigger.extension.is_none()) {
        let mut users = db.audit.actors(&trigger.function_owner);
        users.extend(db.audit.actors(&trigger.owner));
        let who = users.iter().min().copied();
        let severity = match (who, trigger.enabled) {
            (None, _) => Low,
            (Some(_), true) => Critical,
            (Some(_), false) => Medium,
        };
        let object = format!("event trigger {}", trigger.name);
        let seen = format!(
            "{object} on {} calls {}, which belongs to {}",
            trigger.event, trigger.function, trigger.function_owner
        );
        let close =
            stmt!("DROP EVENT TRIGGER {name}", name = ServerText::quoted_by_server(trigger.quoted.clone()));
        let found = EVENT_TRIGGER.of(who.unwrap_or(&trigger.function_owner)).at(severity).inside(db);
        out.push(found.object(object).evidence(seen).fix(Repair::drop(RepairScope::Database, close)));
    }
}

fn triggers(db: &Database<'_>, out: &mut Vec<FindingBuilder>) {
    for trigger in &db.catalog.triggers {
        let users = db.audit.actors(&trigger.function_owner);
        let Some(who) = users.first() else { continue };
        if db.owner() == Some(*who) && !trigger.temporary {
            continue;
        }
        let object = format!("trigger {} on {}", trigger.name, trigger.table);
        let place = if trigger.temporary { ", which exists only in its session" } else { "" };
        let seen = format!("{object} calls {} of {}{place}", trigger.function, trigger.function_owner);
        let close = stmt!(
            "DROP TRIGGER {name} ON {table}",
            name = ServerText::quoted_by_server(trigger.quoted.clone()),
            table = ServerText::quoted_by_server(trigger.table.clone())
        );
        let found = FOREIGN_TRIGGER.of(*who).at(if db.service.is_some() { High } else { Medium });
        let found = found.inside(db).object(object).evidence(seen);
        out.push(found.fix(Repair::drop(RepairScope::Database, close)));
    }
}
