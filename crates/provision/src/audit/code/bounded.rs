//! SECURITY DEFINER functions of superusers that give their callers nothing beyond the rows that they add.

use crate::audit::context::Database;
use crate::audit::reach::{Piece, UsedName, added_to, pieces, read_body};
use crate::audit::roles::RoleClass;
use crate::catalog::{CatalogObject, RoutineBody};

/// Types of a single figure.
const FIGURES: &[&str] = &[
    "bigint",
    "boolean",
    "double precision",
    "integer",
    "interval",
    "numeric",
    "real",
    "timestamp with time zone",
];

/// Returns what such a function does, in words; `None` if it may do anything else.
pub fn purpose(db: &Database<'_>, item: &CatalogObject) -> Option<String> {
    let mut bodies = db.catalog.privileged.bodies.iter();
    let body = bodies.find(|body| body.function.as_deref() == Some(item.shown.as_str()))?;
    if !body.definer || !finds_servers_names(body.path.as_deref()) || !has_servers_types(&item.shown) {
        return None;
    }
    let figure =
        item.shown.ends_with("()") && item.returns.as_deref().is_some_and(|of| FIGURES.contains(&of));
    let tables = added_to(&pieces(&body.text), figure)?;
    if !tables.iter().all(|name| is_inert(db, name)) {
        return None;
    }
    let names: Vec<String> = tables.iter().map(full_name).collect();
    Some(match names.as_slice() {
        [] => "only computes".into(),
        names => format!("only adds rows to {}", names.join(" and ")),
    })
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

/// Returns `true` for a superuser's plain table on which nothing runs, and whose rows no function executes.
fn is_inert(db: &Database<'_>, name: &UsedName) -> bool {
    let shown = full_name(name);
    let mut items = db.catalog.objects.iter();
    let found = items.find(|item| item.kind == "table" && item.column.is_none() && item.shown == shown);
    let plain = |item: &CatalogObject| {
        item.is_users() && !item.rules && db.audit.class_of(&item.owner) == RoleClass::Trusted
    };
    found.is_some_and(plain)
        && !db.catalog.triggers.iter().any(|trigger| trigger.table == shown)
        && !db.catalog.privileged.bodies.iter().any(|body| executes(body, name))
}

fn executes(body: &RoutineBody, name: &UsedName) -> bool {
    let text = read_body(&body.text, body.language == "plpgsql");
    // A trigger's function gets the rows of any table.
    let of_rows = pieces(&body.text).iter().any(|piece: &Piece| piece.is("new"));
    text.executes && (of_rows || text.reads.iter().chain(&text.writes).any(|used| used.name == name.name))
}

fn full_name(name: &UsedName) -> String {
    format!("{}.{}", name.schema.as_deref().unwrap_or_default(), name.name)
}
