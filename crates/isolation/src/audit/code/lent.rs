//! Functions of a service's owner that execute what their caller wrote: the caller gains what the owner may do, DDL included.

use crate::audit::context::{AuditSubject, Database};
use crate::audit::reach::{Piece, pieces, read_body};
use martydb_catalog::{CatalogObject, RoutineBody};
use martydb_model::contract::acts_as_owner;
use martydb_model::findings::Severity::Medium;
use martydb_model::findings::{DEFINER_SUPERUSER, FindingBuilder};
use martydb_model::grants::revoke;

/// Functions whose first argument is a statement.
const QUERYING: &[&str] =
    &["query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema", "ts_stat", "crosstab"];

pub(crate) fn judge(db: &Database<'_>, item: &CatalogObject, users: &[&str], out: &mut Vec<FindingBuilder>) {
    if !item.definer || db.owner() != Some(item.owner.as_str()) {
        return;
    }
    let mut texts = db.catalog.privileged.lent.iter();
    let text = texts.find(|body| body.function.as_deref() == Some(&item.display));
    if !text.is_some_and(executes) {
        return;
    }
    let gains = |user: &&&str| {
        db.is_own(user) && !db.audit.managed(user).is_some_and(|(_, kind)| acts_as_owner(kind))
    };
    let Some(user) = users.iter().find(gains) else { return };
    let seen = format!(
        "{user} can call {}, which executes what its caller gives it as {}",
        item.object(),
        item.owner
    );
    let close = db.audit.entry_for(item, user).map(|entry| revoke(entry, None, &item.securable()).in_use());
    out.push(DEFINER_SUPERUSER.of(*user).at(Medium).about(db, item).evidence(seen).fix(close));
}

/// Returns `true` for a text that executes more than its own literals and quoted values.
fn executes(body: &RoutineBody) -> bool {
    let words = pieces(&body.text);
    let queries = |at: usize| {
        let is_call = words[at].is_any(QUERYING) && words.get(at + 1) == Some(&Piece::Symbol(b'('));
        let ends = |piece: &Piece| [Piece::Symbol(b','), Piece::Symbol(b')')].contains(piece);
        let is_literal =
            matches!(words.get(at + 2), Some(Piece::Text(_))) && words.get(at + 3).is_some_and(ends);
        is_call && !is_literal
    };
    read_body(&body.text, body.language == "plpgsql").executes || (0..words.len()).any(queries)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::audit::testing::{NOTHING, Server, assert_grave, healthy, row};

    fn function(language: &str, text: &str, caller: &str) -> Server {
        let shown = "public.run(text)";
        let body = json!({
            "run_by": shown, "function": shown, "language": language, "definer": true, "text": text, "path": null,
        });
        let server = healthy().object("red_db", "function", shown, |found| {
            found.definer = true;
            found.config = Some(vec!["search_path=pg_catalog, pg_temp".into()]);
        });
        let server = server.inside("red_db", |catalog| catalog.privileged.lent.push(row(body)));
        server.grant_inside("red_db", "EXECUTE", shown, caller)
    }

    #[test]
    fn a_function_of_the_owner_that_executes_its_argument_gives_app_its_powers() {
        let line = "medium | definer-function | red | red_app | red_db | function public.run(text)";
        assert_grave([
            (function("plpgsql", "BEGIN EXECUTE q; END", "red_app"), &[line]),
            (
                function("plpgsql", "BEGIN RETURN QUERY EXECUTE format('SELECT %s', q); END", "red_app"),
                &[line],
            ),
            (function("sql", "SELECT query_to_xml($1, true, true, '')", "red_app"), &[line]),
            (function("plpgsql", "BEGIN EXECUTE format('ANALYZE %I', q); END", "red_app"), &NOTHING),
            (function("plpgsql", "BEGIN EXECUTE 'SELECT $1' USING q; END", "red_app"), &NOTHING),
            (function("sql", "SELECT * FROM ts_stat('SELECT v FROM public.item')", "red_app"), &NOTHING),
        ]);
    }
}
