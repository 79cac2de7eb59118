//! Functions of superusers by their text: each row has one that gives its callers nothing, and one like it that does.

mod rows;

use rows::{FUNCTIONS, FunctionPair};
use serde_json::json;

use crate::audit::testing::{Server, entry, healthy, row};

/// Adds a superuser's function that `red_app` calls, and tables of the superuser.
fn server(pair: &FunctionPair, text: &str) -> Server {
    let shown = format!("ops.f({})", pair.arguments);
    let executes = ["execute", "set_config", "query_to_xml", "ts_stat"]
        .iter()
        .any(|word| text.to_lowercase().contains(word));
    let acl = [entry("EXECUTE", "red_app", "postgres")];
    let entries: Vec<_> = acl.iter().map(|one| {
        json!({ "grantee": "red_app", "grantor": "postgres", "privilege": one.privilege, "grantable": false })
    }).collect();
    let usage =
        json!([{ "grantee": "red_app", "grantor": "postgres", "privilege": "USAGE", "grantable": false }]);
    let body = json!({
        "run_by": "the function", "function": shown, "language": pair.language, "definer": true, "text": text,
        "path": "pg_catalog, pg_temp", "native": true,
    });
    let routine = json!({
        "display": shown, "schema": "ops", "owner": "postgres", "grant_on": format!("FUNCTION {shown}"), "definer": true,
        "executes": executes, "extension": null, "symbol": null, "trigger": false, "event": null, "run_by": null,
        "untrusted": false, "called": false, "acl": entries,
    });
    let schema = json!({ "name": "ops", "owner": "postgres", "acl": usage });
    let mut server = healthy().inside("red_db", |catalog| {
        catalog.privileged.schemas.push(row(schema));
        catalog.privileged.bodies.push(row(body));
        catalog.privileged.routines.push(row(routine));
    });
    for table in ["ops.log", "ops.beat"] {
        server = server.object("red_db", "table", table, |found| {
            (found.owner, found.expressions) = ("postgres".into(), Some(vec![]));
        });
    }
    server.object("red_db", "function", &shown, |found| {
        (found.owner, found.definer, found.acl) = ("postgres".into(), true, acl.into());
        found.language = Some(pair.language.into());
        found.returns = Some(pair.returns.into());
        found.config = Some(vec!["search_path=pg_catalog, pg_temp".into()]);
    })
}

#[test]
fn a_function_that_gives_its_caller_nothing_is_quiet() {
    for pair in FUNCTIONS {
        let found = server(pair, pair.harmless).grave();
        assert!(found.is_empty(), "{}: {found:#?}", pair.harmless);
    }
}

#[test]
fn a_function_that_gives_its_caller_something_is_found() {
    for pair in FUNCTIONS {
        let line = format!(
            "critical | definer-function | red | red_app | red_db | function ops.f({})",
            pair.arguments
        );
        let found = server(pair, pair.leaking).grave();
        assert!(found.contains(&line), "{}: {found:#?}", pair.leaking);
    }
}

#[test]
fn a_record_with_columns_of_unknown_types_is_found() {
    let pair = FUNCTIONS.iter().find(|pair| pair.returns.ends_with("record")).unwrap();
    let server = server(pair, pair.harmless);
    let server = server.inside("red_db", |catalog| catalog.privileged.bodies[0].native = false);
    assert_eq!(server.grave().len(), 1);
}
