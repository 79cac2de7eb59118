//! Relations that lend their owner's privileges: views, materialized views, and tables with rules.

use super::code::plain_tables::is_plain;
use super::context::Database;
use super::reach::{Piece, RowCondition, computes, is_out_of_reach, pieces, read_body};
use super::roles::RoleClass;
use crate::audit::context::AuditSubject;
use martydb_catalog::{CatalogObject, ReadRelation};
use martydb_model::AclEntry;
use martydb_model::contract::acts_as_owner;
use martydb_model::findings::Severity::{High, Low, Medium};
use martydb_model::findings::{DEFINER_VIEW, FindingBuilder, PUBLIC};
use martydb_model::grants::revoke;

const PRIVILEGES: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE"];

/// Kinds of relations in [`CatalogObject::reads`].
const RELATIONS: &[&str] = &["table", "view"];

pub(crate) fn judge(db: &Database<'_>, item: &CatalogObject, out: &mut Vec<FindingBuilder>) {
    let verb = match item.kind.as_str() {
        "view" | "materialized view" => "reads",
        // A rule acts with the privileges of its table's owner.
        "table" if item.rules => "fires rules of",
        _ => return,
    };
    if item.history && !item.is_invoker() && db.owner() == Some(item.owner.as_str()) {
        out.extend(of_history(db, item));
    }
    if item.is_invoker() || db.audit.managed(&item.owner).is_some() {
        return;
    }
    let users = readers(db, item).into_iter();
    for (user, entry, of) in users.filter(|(user, ..)| !db.is_elsewhere(item, user)) {
        let seen = format!("{user} {verb} {} with the privileges of {}", item.object(), item.owner);
        let severity = match (db.service.is_some(), db.is_granted_by_name(user)) {
            _ if is_out_of_reach(db, item) => Low,
            _ if entry.privilege == "SELECT" && (gives_nothing(db, item, user) || shows_own_rows(item)) => {
                Low
            }
            // Rows of the catalogs decide the powers of every role.
            _ if entry.privilege != "SELECT" && writes_catalog(db, item) => db.severity(user),
            // Whatever it reads is in this database, and only its own service's logins read through it.
            (true, _) if db.is_own(user) && db.audit.is_bare(&item.owner, db.catalog) => Low,
            (true, _)
                if db.is_own(user)
                    && entry.privilege == "SELECT"
                    && shows_plain_rows(db, item, MOST_VIEWS) =>
            {
                Low
            }
            (true, _) => High,
            (false, true) => Low,
            (false, false) => db.severity(user).min(Medium),
        };
        let found = DEFINER_VIEW.of(user).at(severity).about(db, item).evidence(seen);
        out.push(found.fix(revoke(entry, of.column.as_deref(), &of.securable())));
    }
}

/// Notes a view of the owner that shows its logins the history of migrations, which they may not read.
fn of_history(db: &Database<'_>, item: &CatalogObject) -> Option<FindingBuilder> {
    let of_owner = |user: &str| db.audit.managed(user).is_some_and(|(_, kind)| acts_as_owner(kind));
    let (user, entry, of) =
        readers(db, item).into_iter().find(|(user, ..)| db.is_own(user) && !of_owner(user))?;
    let seen = format!("{user} reads the history of migrations through {}", item.object());
    let found = DEFINER_VIEW.of(user).at(Low).about(db, item).evidence(seen);
    Some(found.fix(revoke(entry, of.column.as_deref(), &of.securable())))
}

/// Returns `true` for a view through which its user writes, as a superuser, to a relation of the server.
fn writes_catalog(db: &Database<'_>, view: &CatalogObject) -> bool {
    let item =
        |shown: &str| db.catalog.objects.iter().find(|item| item.kind == "view" && item.display == shown);
    // Views do not form a circle.
    let mut base = view.base.as_deref();
    while let Some(next) = base.and_then(item) {
        base = next.base.as_deref();
    }
    base.is_some_and(|shown| shown.starts_with("pg_catalog."))
}

/// Returns `true` for a view of nothing but relations that the role reads without it.
pub(crate) fn gives_nothing(db: &Database<'_>, view: &CatalogObject, user: &str) -> bool {
    let objects = || db.catalog.objects.iter();
    let may = |item: &CatalogObject, privilege| {
        let callers = db.audit.callers(item, privilege);
        callers.contains(&user) || callers.contains(&PUBLIC)
    };
    let reads = |relation: &ReadRelation| {
        if relation.wide {
            return false;
        }
        let is_schema = |item: &&CatalogObject| item.kind == "schema" && item.name == relation.schema;
        let is_it = |item: &&CatalogObject| {
            item.display == relation.display && RELATIONS.contains(&item.kind.as_str())
        };
        objects().find(is_schema).is_some_and(|schema| may(schema, "USAGE"))
            && (relation.everybody || objects().find(is_it).is_some_and(|table| may(table, "SELECT")))
    };
    view.kind == "view" && view.reads.as_ref().is_some_and(|relations| relations.iter().all(reads))
}

/// Deepest view in a view that is looked at.
const MOST_VIEWS: usize = 8;

/// Returns `true` for a view of nothing but a superuser's plain tables, which roles of the service may be granted themselves, and of
/// such views.
fn shows_plain_rows(db: &Database<'_>, view: &CatalogObject, most: usize) -> bool {
    let item = |shown: &str| {
        let is_view = |item: &&CatalogObject| {
            ["materialized view", "view"].contains(&item.kind.as_str())
                && item.display == shown
                && item.is_users()
                && db.audit.class_of(&item.owner) == RoleClass::Trusted
        };
        db.catalog.objects.iter().find(is_view)
    };
    let is_plain_view =
        |shown: &str| most > 0 && item(shown).is_some_and(|view| shows_plain_rows(db, view, most - 1));
    let is_shown =
        |relation: &ReadRelation| is_plain(db, &relation.display) || is_plain_view(&relation.display);
    let reads = view.reads.as_deref();
    reads.is_some_and(|all| !all.is_empty() && all.iter().all(is_shown)) && computes_plainly(view)
}

/// Returns `true` unless a materialized view has what a superuser's calls of other functions returned.
fn computes_plainly(view: &CatalogObject) -> bool {
    if view.kind == "view" {
        return true;
    }
    // A text that was cut may go on with anything.
    let query = view.stored.as_deref().filter(|query| query.chars().count() < 65536);
    query.is_some_and(|query| read_body(query, false).calls.iter().all(computes))
}

/// Returns `true` for a view that shows each role its own rows, and whose reader sees no others by a function of its own:
/// <https://www.postgresql.org/docs/current/rules-privileges.html>.
fn shows_own_rows(view: &CatalogObject) -> bool {
    let Some(query) = &view.query else { return false };
    let words = pieces(query);
    let end =
        |word: &Piece| *word == Piece::Symbol(b';') || word.is_any(&["group", "order", "limit", "window"]);
    let combines = ["union", "except", "intersect", "or"];
    let from = words.iter().position(|word| word.is("where"));
    let is_one = words.iter().filter(|word| word.is("select")).count() == 1
        && !words.iter().any(|word| word.is_any(&combines));
    let condition = from.map(|at| &words[at + 1..]).unwrap_or_default();
    let condition = &condition[..condition.iter().position(end).unwrap_or(condition.len())];
    is_one && RowCondition::of(condition).names_its_user()
}

/// Returns the roles that can use a relation, or a single column of it, each with the first entry that allows it.
fn readers<'a>(db: &Database<'a>, item: &CatalogObject) -> Vec<(&'a str, &'a AclEntry, &'a CatalogObject)> {
    let is_part = |other: &&CatalogObject| {
        other.display == item.display
            || other.kind == "column" && other.schema == item.schema && other.name == item.name
    };
    let parts = db.catalog.objects.iter().filter(is_part);
    let entries = parts.flat_map(|part| part.acl.iter().map(move |entry| (entry, part)));
    let due = entries.filter(|(entry, _)| PRIVILEGES.contains(&entry.privilege.as_str()));
    let mut users: Vec<_> = due
        .flat_map(|(entry, part)| db.audit.users_of(entry).into_iter().map(move |user| (user, entry, part)))
        .collect();
    // A privilege to write weighs more than SELECT.
    users.sort_by_key(|(user, entry, _)| (*user, entry.privilege == "SELECT"));
    users.dedup_by_key(|(user, ..)| *user);
    users
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::audit::testing::{NOTHING, Server, assert_finds, healthy, row};
    use martydb_catalog::CatalogObject;

    /// Adds a view of a superuser that a login of `red` may read.
    fn view(change: impl FnOnce(&mut CatalogObject)) -> Server {
        let server = healthy().object("red_db", "view", "public.everybody", |found| {
            found.owner = "postgres".into();
            change(found);
        });
        server.grant_inside("red_db", "SELECT", "public.everybody", "red_ro")
    }

    const LEAK: &str = "high | definer-view | red | red_ro | red_db | view public.everybody";

    fn reads(found: &mut CatalogObject, schema: &str, shown: &str, everybody: bool) {
        let relation = json!({ "schema": schema, "display": shown, "everybody": everybody });
        found.reads.get_or_insert_default().push(row(relation));
    }

    #[test]
    fn a_view_of_a_superuser_is_named_unless_its_readers_read_the_same_without_it() {
        assert_finds(&view(|_| {}), LEAK);
        assert_finds(&view(|found| reads(found, "ops", "ops.notes", true)), LEAK);
        assert_finds(&view(|found| reads(found, "public", "public.hidden", false)), LEAK);
        let quiet = |server: Server| server.grave().into_iter().filter(|line| line.contains("definer-view"));
        assert_eq!(quiet(view(|found| reads(found, "public", "public.item", false))).count(), 0);
        let caller = view(|found| found.options = Some(vec!["security_invoker=on".into()]));
        assert_eq!(quiet(caller).count(), 0);
        assert_eq!(quiet(view(|found| found.owner = "red_owner".into())).count(), 0);
    }

    #[test]
    fn a_materialized_view_is_a_note_only_if_its_rows_are_a_superusers_own() {
        let stored = |query: &str, wide: bool| {
            let server = healthy().inside("red_db", |catalog| {
                let schema = json!({ "name": "ops", "owner": "postgres", "acl": null });
                catalog.privileged.schemas.push(row(schema));
            });
            let server = server.object("red_db", "table", "ops.visit", |found| {
                (found.owner, found.expressions) = ("postgres".into(), Some(vec![]));
            });
            let server = server.object("red_db", "materialized view", "ops.daily", |found| {
                let read =
                    json!({ "schema": "ops", "display": "ops.visit", "everybody": false, "wide": wide });
                found.reads = Some(vec![row(read)]);
                (found.owner, found.stored) = ("postgres".into(), Some(query.into()));
            });
            server.grant_inside("red_db", "SELECT", "ops.daily", "red_ro")
        };
        let line = "high | definer-view | red | red_ro | red_db | materialized view ops.daily";
        let query = " SELECT count(*) AS n FROM ops.visit;";
        assert_finds(&stored(query, false), &line.replacen("high", "low", 1));
        assert_finds(&stored(query, true), &line.replacen("high", "low", 1));
        assert_finds(&stored(" SELECT pg_read_file('x'::text) AS f FROM ops.visit;", false), line);
        let long = format!(" SELECT {} 1 FROM ops.visit;", "1, ".repeat(30_000));
        assert_finds(&stored(&long, false), line);
        let others = |found: &mut CatalogObject| found.owner = "red_owner".into();
        assert_finds(&stored(query, false).alter("red_db", "ops.visit", others), line);
    }

    #[test]
    fn a_view_that_shows_each_role_its_own_rows_is_a_note() {
        let shown = |query: &str| view(|found| found.query = Some(query.into()));
        let query = " SELECT contact FROM inventory.accounts WHERE (accounts.login = SESSION_USER);";
        assert_finds(&shown(query), &LEAK.replacen("high", "low", 1));
        for query in [
            " SELECT contact FROM inventory.accounts WHERE (login = current_setting('a.b'::text));",
            " SELECT contact FROM inventory.accounts;",
            " SELECT contact FROM accounts WHERE (login = SESSION_USER) UNION ALL SELECT contact FROM accounts;",
        ] {
            assert_finds(&shown(query), LEAK);
        }
        let written = shown(query).grant_inside("red_db", "UPDATE", "public.everybody", "red_ro");
        assert_finds(&written, LEAK);
    }

    #[test]
    fn a_view_of_the_history_of_migrations_is_a_note() {
        let line = LEAK.replacen("high", "low", 1);
        let shown = |history| view(|found| (found.owner, found.history) = ("red_owner".into(), history));
        assert_finds(&shown(true), &line);
        assert!(shown(false).found().iter().all(|one| !one.contains("definer-view")));
    }

    #[test]
    fn a_privilege_to_write_or_on_a_column_counts_too() {
        let written = view(|found| reads(found, "public", "public.item", false));
        assert_finds(&written.grant_inside("red_db", "UPDATE", "public.everybody", "red_ro"), LEAK);
        let column =
            healthy().object("red_db", "view", "public.shadows", |found| found.owner = "postgres".into());
        let column = column.object("red_db", "column", "public.shadows.secret", |found| {
            (found.owner, found.name, found.column) =
                ("postgres".into(), "shadows".into(), Some("secret".into()));
        });
        let column = column.grant_inside("red_db", "SELECT", "public.shadows.secret", "red_app");
        assert_finds(&column, "high | definer-view | red | red_app | red_db | view public.shadows");
    }

    #[test]
    fn a_table_with_rules_acts_as_its_owner() {
        let table = |rules| {
            let server = healthy().object("red_db", "table", "public.inbox", |found| {
                (found.owner, found.rules) = ("postgres".into(), rules);
            });
            server.grant_inside("red_db", "INSERT", "public.inbox", "red_app")
        };
        assert_finds(&table(true), "high | definer-view | red | red_app | red_db | table public.inbox");
        assert!(table(false).found().iter().all(|line| !line.contains("definer-view")));
    }

    #[test]
    fn an_archive_of_a_role_without_power_is_a_note() {
        let kept = view(|found| found.owner = "keeper".into()).role("keeper", |_| {});
        assert_eq!(kept.grave(), NOTHING);
        assert_finds(&kept, "low | definer-view | red | red_ro | red_db | view public.everybody");
    }
}
