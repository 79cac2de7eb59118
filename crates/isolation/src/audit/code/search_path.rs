//! SECURITY DEFINER functions whose caller can substitute its own objects for those that they use.

use crate::audit::context::AuditSubject;
use crate::audit::context::Database;
use martydb_catalog::CatalogObject;
use martydb_model::contract::acts_as_owner;
use martydb_model::findings::Severity::{self, High, Low, Medium};
use martydb_model::findings::{DEFINER_PATH, FindingBuilder, ReachedServices};
use martydb_model::grants::{Repair, RepairScope, ident};
use martydb_model::sql::{ServerText, stmt};

pub(crate) fn judge(db: &Database<'_>, item: &CatalogObject, users: &[&str], out: &mut Vec<FindingBuilder>) {
    if !item.definer || ends_with_temp(item) {
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
    let exposes = db.audit.managed(&item.owner).map_or(ReachedServices::Server, |(service, _)| {
        ReachedServices::Services([service.name.to_string()].into())
    });
    let found =
        DEFINER_PATH.of(*user).at(severity(db, item)).about(db, item).evidence(seen).exposing(exposes);
    let repair = Repair::alter(RepairScope::Database, close);
    out.push(found.fix(item.joined.is_none().then_some(repair)));
}

fn severity(db: &Database<'_>, item: &CatalogObject) -> Severity {
    let is_reached = db.service.is_some() || db.is_visited();
    match db.audit.managed(&item.owner) {
        _ if names_are_written_out(item) => Low,
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
