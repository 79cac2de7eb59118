//! SECURITY DEFINER functions of superusers that give their callers nothing beyond the rows that they use: in the database of a
//! service its roles may use those of a superuser's plain table as they use all others in it.

#[cfg(test)]
mod tests;

use super::plain_tables::{is_plain, is_superusers_schema, plain_table};
use crate::audit::context::Database;
use crate::audit::reach::{
    BodyLimits, BodyTables, Piece, Returned, UsedName, computes, pieces, read_body, used_by,
};
use crate::audit::roles::RoleClass;
use martydb_catalog::{CatalogObject, RoutineBody};
use std::collections::BTreeSet;

/// Types of a single figure.
const FIGURES: &[&str] = &[
    "bigint", "boolean", "double precision", "integer", "interval", "numeric", "real",
    "timestamp with time zone",
];

/// Returns what such a function does, in words; `None` if it may do anything else.
pub(crate) fn purpose(db: &Database<'_>, item: &CatalogObject) -> Option<String> {
    let body = db.catalog.privileged.body_of(&item.display)?;
    // A text that was cut may go on with anything.
    let is_cut = body.text.chars().count() >= 65536;
    // A CHECK of a domain would run inside the function.
    let returns_others = item.returns.as_deref().is_some_and(|of| is_others(body, of) && !is_row(db, of));
    if is_cut
        || returns_others
        || !body.definer
        || !finds_servers_names(body.path.as_deref())
        || !has_servers_types(&item.display)
    {
        return None;
    }
    let returned = match item.returns.as_deref() {
        Some("void") if item.display.ends_with("()") => Returned::Nothing,
        Some(of) if item.display.ends_with("()") && FIGURES.contains(&of) => Returned::Figure,
        _ => Returned::Anything,
    };
    let words = pieces(&body.text);
    // The types of the row are those of a service's table, and so are their casts, which would run.
    if item.is_trigger_function() && uses_row(&words) {
        return None;
    }
    let is_plpgsql = body.language == "plpgsql";
    let limits = BodyLimits { function: &item.name, returned, is_plpgsql, alone: db.service.is_some() };
    let used = used_by(&words, limits)?;
    is_contained(db, item, &used).then(|| in_words(&used))
}

/// Returns `true` if everything that a body uses is a superuser's, and leads nowhere.
fn is_contained(db: &Database<'_>, item: &CatalogObject, used: &BodyTables) -> bool {
    // A login of a service may read no rows in a database of no service.
    let may_read = used.read.is_empty() && used.any_of.is_empty() || db.service.is_some() || !db.is_visited();
    may_read
        && used.written.iter().all(|name| is_inert(db, item, name))
        && used.read.iter().all(|name| is_plain(db, &full_name(name)))
        && used.parents.iter().all(|name| is_plain(db, &full_name(name)))
        && used.schemas.iter().chain(&used.any_of).all(|schema| is_superusers_schema(db, schema))
        && !(used.refreshes && refreshes_code(db))
        && used.any_of.iter().all(|schema| has_only_inert(db, item, schema))
}

/// Returns `true` if a superuser's materialized view reads what another role may put a view in the place of: a REFRESH runs it.
fn refreshes_code(db: &Database<'_>) -> bool {
    let is_open = |item: &CatalogObject| {
        item.kind == "materialized view"
            && item.watched
            && db.audit.class_of(&item.owner) == RoleClass::Trusted
    };
    db.catalog.objects.iter().any(is_open)
}

/// Returns `true` for a schema with nothing but plain tables.
fn has_only_inert(db: &Database<'_>, function: &CatalogObject, schema: &str) -> bool {
    let relations = ["foreign table", "materialized view", "table", "view"];
    let is_inside = |item: &&CatalogObject| {
        item.schema.as_deref() == Some(schema)
            && item.column.is_none()
            && relations.contains(&item.kind.as_str())
    };
    db.catalog.objects.iter().filter(is_inside).all(|item| {
        let name = UsedName { schema: item.schema.clone(), name: item.name.clone() };
        is_inert(db, function, &name)
    })
}

fn in_words(used: &BodyTables) -> String {
    let tables = used.written.iter().chain(&used.read).chain(&used.parents);
    let any = used.any_of.iter().map(|schema| format!("schema {schema}"));
    let names: BTreeSet<String> = tables.map(full_name).chain(any).collect();
    if names.is_empty() {
        return "only computes or maintains relations".into();
    }
    let names: Vec<String> = names.into_iter().collect();
    format!("only reads or changes rows of {}", names.join(" and "))
}

/// Returns `true` for rows of a superuser's plain table as a result.
fn is_row(db: &Database<'_>, returns: &str) -> bool {
    is_plain(db, returns.strip_prefix("SETOF ").unwrap_or(returns))
}

/// Returns `true` for a result with a type of another role; the columns of a record are in no name of a type.
fn is_others(body: &RoutineBody, returns: &str) -> bool {
    returns.contains('.') || returns.ends_with("record") && !body.native
}

/// Returns `true` if a trigger's function does more with the row than hand it back.
fn uses_row(words: &[Piece]) -> bool {
    let is_row =
        |word: &Piece| matches!(word, Piece::Word { text, .. } if ["new", "old"].contains(&text.as_str()));
    let is_back = |at: usize| {
        at > 0
            && words[at - 1].is("return")
            && words.get(at + 1).is_none_or(|next| *next == Piece::Symbol(b';'))
    };
    (0..words.len()).any(|at| is_row(&words[at]) && !is_back(at))
}

/// Returns `true` if nothing but the server's own functions, operators and types is found without a schema.
fn finds_servers_names(path: Option<&str>) -> bool {
    let part = |part: &str| ["", "pg_catalog", "pg_temp"].contains(&part.trim().trim_matches('"'));
    path.is_some_and(|path| path.split(',').all(part) && path.trim().ends_with("pg_temp"))
}

/// Returns `true` unless an argument may have a type of another role, whose casts and output functions would run.
fn has_servers_types(shown: &str) -> bool {
    let arguments = shown.rsplit_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
    arguments.split(',').map(str::trim).all(|of| !of.contains('.') && !of.contains("any") && of != "record")
}

/// Returns `true` for a superuser's plain table on which nothing runs, and whose rows no other function executes.
fn is_inert(db: &Database<'_>, function: &CatalogObject, name: &UsedName) -> bool {
    let is_other = |body: &RoutineBody| body.function.as_deref() != Some(&function.display);
    plain_table(db, &full_name(name)).is_some_and(|table| !table.watched)
        && !db.catalog.privileged.bodies.iter().any(|body| is_other(body) && executes(body, name))
}

/// Returns `true` for a body that may run what rows of the table say. A bounded one reads no rows.
fn executes(body: &RoutineBody, name: &UsedName) -> bool {
    let text = read_body(&body.text, body.language == "plpgsql");
    let uses = text.reads.iter().chain(&text.writes).any(|used| used.name == name.name);
    // Another table may have a worker of its own.
    let passes_on = text.writes.iter().any(|used| used.name != name.name);
    let is_plpgsql = body.language == "plpgsql";
    let limits = BodyLimits { function: "", returned: Returned::Anything, is_plpgsql, alone: false };
    let is_bounded = || used_by(&pieces(&body.text), limits).is_some();
    uses && !is_bounded() && (text.executes || passes_on || !text.calls.iter().all(computes))
}

fn full_name(name: &UsedName) -> String {
    format!("{}.{}", name.schema.as_deref().unwrap_or_default(), name.name)
}
