//! SECURITY DEFINER functions whose caller can substitute its own objects for those that they use.

use crate::audit::context::AuditSubject;
use crate::audit::context::Database;
use crate::audit::reach::is_out_of_reach;
use crate::audit::search_paths::{creators, schemas_of};
use martydb_catalog::CatalogObject;
use martydb_model::contract::acts_as_owner;
use martydb_model::findings::Severity::{self, Critical, High, Low, Medium};
use martydb_model::findings::{DEFINER_PATH, FindingBuilder, PUBLIC, ReachedServices};
use martydb_model::grants::{Repair, RepairScope, ident};
use martydb_model::sql::{ServerText, stmt};

pub(crate) fn judge(db: &Database<'_>, item: &CatalogObject, users: &[&str], out: &mut Vec<FindingBuilder>) {
    if !item.definer {
        return;
    }
    if let Some((schema, creator)) = open_schema(db, item) {
        out.push(opened(db, item, schema, creator));
        return;
    }
    if ends_with_temp(item) {
        return;
    }
    // The migrator acts as the owner anyway.
    let of_owner = |(_, kind)| acts_as_owner(kind);
    let gains = |user: &&&str| {
        **user != item.owner && !db.is_elsewhere(item, user) && !db.audit.managed(user).is_some_and(of_owner)
    };
    let Some(user) = users.iter().find(gains) else { return };
    let seen =
        format!("{} runs as {} and does not end its search_path with pg_temp", item.object(), item.owner);
    let close = stmt!(
        "ALTER {what} SET search_path = pg_catalog, {schema}, pg_temp",
        what = ServerText::quoted_by_server(item.alter.clone().unwrap_or_default()),
        schema = ident(item.schema.as_deref().unwrap_or("public"))
    );
    let found = DEFINER_PATH.of(*user).at(severity(db, item)).about(db, item).evidence(seen);
    let repair = Repair::alter(RepairScope::Database, close);
    out.push(found.exposing(exposed(db, item)).fix(item.joined.is_none().then_some(repair)));
}

fn exposed(db: &Database<'_>, item: &CatalogObject) -> ReachedServices {
    db.audit.managed(&item.owner).map_or(ReachedServices::Server, |(service, _)| {
        ReachedServices::Services([service.name.to_string()].into())
    })
}

/// Returns a schema of the path in which another role creates what the function then finds, and that role: each caller
/// runs that role's code with the owner's privileges. Names in `BEGIN ATOMIC` were resolved at creation.
fn open_schema<'a>(db: &'a Database<'_>, item: &CatalogObject) -> Option<(&'a str, &'a str)> {
    let path = search_path(item).filter(|_| !item.atomic)?;
    let named: Vec<String> = schemas_of(path, &item.owner).collect();
    let schemas = db.catalog.privileged.schemas.iter().filter(|schema| named.contains(&schema.name));
    let service = db.audit.service_of_role(&item.owner);
    let acts = |user: &str| {
        db.audit
            .managed(user)
            .is_some_and(|(of, kind)| acts_as_owner(kind) && service.is_some_and(|own| own.name == of.name))
    };
    let gains = |user: &&str| *user != item.owner && !acts(user) && !db.is_elsewhere(item, user);
    schemas
        .filter(|schema| schema.name != "pg_catalog")
        .find_map(|schema| Some((schema.name.as_str(), creators(db, schema).into_iter().find(gains)?)))
}

fn opened(db: &Database<'_>, item: &CatalogObject, schema: &str, creator: &str) -> FindingBuilder {
    let who = if creator == PUBLIC { "each role" } else { creator };
    let seen = format!(
        "{} runs as {} and finds by its search_path what {who} creates in schema {schema}",
        item.object(),
        item.owner
    );
    let severity = if db.audit.managed(&item.owner).is_some() { High } else { Critical };
    let close = stmt!(
        "ALTER {what} SET search_path = pg_catalog, pg_temp",
        what = ServerText::quoted_by_server(item.alter.clone().unwrap_or_default())
    );
    // Names that it does not write with their schemas are found no more.
    let repair = Repair::alter(RepairScope::Database, close).in_use();
    let found = DEFINER_PATH.of(creator).at(severity).about(db, item).evidence(seen);
    found.exposing(exposed(db, item)).fix(item.joined.is_none().then_some(repair))
}

fn severity(db: &Database<'_>, item: &CatalogObject) -> Severity {
    let is_reached = db.service.is_some() || db.is_visited();
    match db.audit.managed(&item.owner) {
        _ if names_are_written_out(item) || is_out_of_reach(db, item) => Low,
        _ if !is_reached && !db.is_entered() => Low,
        None if is_reached => High,
        _ => Medium,
    }
}

fn search_path(item: &CatalogObject) -> Option<&str> {
    item.config.iter().flatten().find_map(|setting| setting.strip_prefix("search_path="))
}

/// Returns `true` if only `pg_catalog` is searched, or names were resolved when the function was created: then
/// a temporary table can replace only an object of the server that is written without its schema.
fn names_are_written_out(item: &CatalogObject) -> bool {
    item.atomic || search_path(item).is_some_and(|path| ["", "\"\"", "pg_catalog"].contains(&path.trim()))
}

/// Returns `true` if the path names `pg_temp` last, which is safe.
fn ends_with_temp(item: &CatalogObject) -> bool {
    let last =
        |path: &str| path.rsplit(',').next().is_some_and(|last| last.trim().trim_matches('"') == "pg_temp");
    search_path(item).is_some_and(last)
}
