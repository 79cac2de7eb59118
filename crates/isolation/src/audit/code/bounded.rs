//! SECURITY DEFINER functions of superusers that give their callers nothing beyond the rows that they use: in the database of a
//! service its roles may use those of a superuser's plain table as they use all others in it.

#[cfg(test)]
mod tests;

use super::plain_tables::{is_plain, is_superusers_schema, plain_table};
use super::searched::SearchedSchemas;
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
    if is_cut || returns_others || !body.definer || !has_servers_types(&item.display) {
        return None;
    }
    let returned = match item.returns.as_deref() {
        Some("void") if item.display.ends_with("()") => Returned::Nothing,
        Some(of) if item.display.ends_with("()") && FIGURES.contains(&of) => Returned::Figure,
        _ => Returned::Anything,
    };
    let words = pieces(statements(item, &body.text));
    let path = SearchedSchemas::of(db, item, body.path.as_deref()?, &words)?;
    // The types of the row are those of a service's table, and so are their casts, which would run.
    if item.is_trigger_function() && uses_row(&words) {
        return None;
    }
    let is_plpgsql = body.language == "plpgsql";
    let find = |name: &str| path.find(db, name);
    let computes = |name: &UsedName| computes_in(db, name);
    let limits = BodyLimits {
        function: &item.name,
        returned,
        alone: db.service.is_some() || !db.is_visited(),
        find: &find,
        ends_with_temp: path.ends_with_temp,
        computes: &computes,
        ..BodyLimits::of_text(is_plpgsql)
    };
    let used = used_by(&words, limits)?;
    is_contained(db, item, &used).then(|| in_words(&used))
}

/// Returns the text of the statements: an SQL-standard body is shown with the head of its function.
fn statements<'t>(item: &CatalogObject, text: &'t str) -> &'t str {
    const BODY: &str = "\nBEGIN ATOMIC\n";
    let inside = || Some(text.split_once(BODY)?.1.rsplit_once("END")?.0);
    if item.atomic { inside().unwrap_or(text) } else { text }
}

/// Returns `true` for a function that computes from its arguments, of an extension's script or a superuser's own, in a schema where
/// no other role makes one of its name.
fn computes_in(db: &Database<'_>, name: &UsedName) -> bool {
    let Some(schema) = name.schema.as_deref().filter(|of| is_superusers_schema(db, of)) else { return false };
    let shown = format!("{schema}.{}", name.name);
    let is_it = |item: &&CatalogObject| {
        item.is_users()
            && item.is_routine()
            && item.schema.as_deref() == Some(schema)
            && item.name == name.name
    };
    let mut own = db.catalog.objects.iter().filter(is_it).peekable();
    let has_own = own.peek().is_some();
    (has_own || db.catalog.privileged.computing.contains(&shown)) && own.all(|item| is_pure(db, item))
}

/// Returns `true` for a superuser's function that uses no table and calls only functions of the server that compute.
fn is_pure(db: &Database<'_>, item: &CatalogObject) -> bool {
    let Some(body) = db.catalog.privileged.body_of(&item.display) else { return false };
    let is_trusted = db.audit.class_of(&item.owner) == RoleClass::Trusted;
    let is_whole = body.text.chars().count() < 65536 && !item.is_aggregate();
    let limits = BodyLimits { ends_with_temp: false, ..BodyLimits::of_text(body.language == "plpgsql") };
    let words = || pieces(statements(item, &body.text));
    is_trusted
        && is_whole
        && body.native
        && has_servers_types(&item.display)
        && used_by(&words(), limits).is_some_and(|used| used == BodyTables::default())
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

/// Returns `true` unless an argument may have a type of another role, whose casts and output functions would run.
fn has_servers_types(shown: &str) -> bool {
    let arguments = shown.rsplit_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
    arguments.split(',').map(str::trim).all(|of| !of.contains('.') && !of.contains("any") && of != "record")
}

/// Returns `true` for a superuser's plain table on which nothing runs, and whose rows no other function executes.
fn is_inert(db: &Database<'_>, function: &CatalogObject, name: &UsedName) -> bool {
    let is_other = |body: &RoutineBody| body.function.as_deref() != Some(&function.display);
    plain_table(db, &full_name(name)).is_some_and(|table| !table.watched)
        && shows_plainly(db, &name.name)
        && !db.catalog.privileged.bodies.iter().any(|body| is_other(body) && executes(db, body, name))
}

/// Returns `true` if the superusers' views that may read a table, through others too, call nothing that could run its rows.
fn shows_plainly(db: &Database<'_>, table: &str) -> bool {
    let is_view = |item: &&CatalogObject| {
        ["materialized view", "view"].contains(&item.kind.as_str())
            && db.audit.class_of(&item.owner) == RoleClass::Trusted
    };
    let views: Vec<&CatalogObject> = db.catalog.objects.iter().filter(is_view).collect();
    let (mut names, mut at) = (vec![table], 0);
    while at < names.len() {
        let of =
            |view: &&&CatalogObject| view.stored.as_deref().is_some_and(|query| query.contains(names[at]));
        let readers: Vec<&CatalogObject> = views.iter().filter(of).copied().collect();
        let plain = |view: &&CatalogObject| {
            let query = view.stored.as_deref().filter(|query| query.chars().count() < 65536);
            query.is_some_and(|query| read_body(query, false).calls.iter().all(computes))
        };
        if !readers.iter().all(plain) {
            return false;
        }
        let new = readers.iter().map(|view| view.name.as_str()).filter(|name| !names.contains(name));
        let new: BTreeSet<&str> = new.collect();
        names.extend(new);
        at += 1;
    }
    true
}

/// Returns `true` for a body that may run what rows of the table say. A bounded one executes no row.
fn executes(db: &Database<'_>, body: &RoutineBody, name: &UsedName) -> bool {
    let text = read_body(&body.text, body.language == "plpgsql");
    let uses = text.reads.iter().chain(&text.writes).any(|used| used.name == name.name);
    // Another table may have a worker of its own.
    let passes_on = text.writes.iter().any(|used| used.name != name.name);
    let known = |name: &UsedName| computes_in(db, name);
    // It decides nothing here whose rows it changes.
    let limits =
        BodyLimits { computes: &known, alone: true, ..BodyLimits::of_text(body.language == "plpgsql") };
    let is_bounded = || used_by(&pieces(&body.text), limits).is_some();
    let is_known = |name: &UsedName| computes(name) || computes_in(db, name);
    uses && !is_bounded() && (text.executes || passes_on || !text.calls.iter().all(is_known))
}

fn full_name(name: &UsedName) -> String {
    format!("{}.{}", name.schema.as_deref().unwrap_or_default(), name.name)
}
