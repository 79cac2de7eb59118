//! Logins whose password martydb does not know: inferred from the catalog, reported as inferred, and never as proven.

use serde_json::Value;

use super::doors::with_hba;
use super::support::Pair;

/// Takes a login's password out of the store.
fn forget(pair: &Pair, role: &str) {
    let path = ".martydb/secrets/development.yaml";
    let text = pair.project.read(path);
    let kept: Vec<&str> = text.lines().filter(|line| !line.trim().starts_with(&format!("{role}:"))).collect();
    assert_eq!(kept.len() + 1, text.lines().count(), "{text}");
    pair.project.write(path, &(kept.join("\n") + "\n"));
}

fn cell<'a>(result: &'a Value, role: &str, database: &str) -> (&'a str, &'a str) {
    let is = |cell: &&Value| cell["role"] == role && cell["database"] == database;
    let cell = result["matrix"].as_array().unwrap().iter().find(is).unwrap();
    assert_eq!(cell["way"], "simulated from the catalog", "{cell}");
    (cell["outcome"].as_str().unwrap(), cell["why"].as_str().unwrap())
}

fn expect(result: &Value, database: &str, outcome: &str, words: &str) {
    let (found, why) = cell(result, "red_app", database);
    assert_eq!(found, outcome, "{why}");
    assert!(why.starts_with("simulated from the catalog, since its password is not known: "), "{why}");
    assert!(why.contains(words), "{why}, not {words}");
}

#[test]
fn a_login_without_a_known_password_is_inferred_and_unproven() {
    let pair = Pair::new();
    forget(&pair, "red_app");
    let result = pair.verify(&["--probes", "full"], 4);
    expect(&result, "red_db", "inconclusive", "it could connect: direct grant of CONNECT");
    for database in ["blue_db", "postgres", "template1"] {
        expect(&result, database, "inconclusive", "it would be refused: it lacks CONNECT");
    }
    assert_eq!(Pair::grave(&result), Vec::<String>::new());
    assert_eq!(
        (result["summary"]["breaches"].as_i64(), result["summary"]["inconclusive"].as_i64()),
        (Some(0), Some(4))
    );
    let missed = result["not_examined"].as_array().unwrap();
    assert!(missed.iter().any(|one| one["what"] == "what red_app of red can connect to"), "{missed:#?}");
    // Everybody else is proven by logging in, and a wrong password needs no right one.
    let rest = result["matrix"].as_array().unwrap().iter().filter(|cell| cell["role"] != "red_app");
    assert!(rest.clone().count() == 20 && rest.clone().all(|cell| cell["way"].is_null()));
    let wrong = |trial: &&Value| trial["role"] == "red_app" && trial["way"] == "with a wrong password";
    assert_eq!(result["trials"].as_array().unwrap().iter().find(wrong).unwrap()["outcome"], "denied");
}

#[test]
fn a_catalog_breach_needs_no_login() {
    let pair = Pair::new();
    forget(&pair, "red_app");
    pair.server.sql("postgres", "CREATE ROLE bridge; GRANT CONNECT ON DATABASE blue_db TO bridge; GRANT bridge TO red_app; ALTER ROLE red_app INHERIT");
    let result = pair.verify(&["--probes", "full"], 4);
    expect(&result, "blue_db", "breach", "it could connect: it is a member of bridge, which holds CONNECT");
    let is = |finding: &&Value| finding["id"] == "foreign-database-connect" && finding["role"] == "red_app";
    let finding = result["findings"].as_array().unwrap().iter().find(is).unwrap();
    assert_eq!(finding["kind"], "audit");
    assert!(finding["evidence"].as_str().unwrap().contains("simulated from the catalog"), "{finding}");
    assert!(finding["fix"].as_str().unwrap().contains("REVOKE \"bridge\" FROM \"red_app\""), "{finding}");
    pair.server.sql("postgres", "DROP OWNED BY bridge; DROP ROLE bridge");

    pair.server.sql("postgres", "GRANT CONNECT ON DATABASE blue_db TO PUBLIC; ALTER ROLE red_app NOLOGIN");
    let result = pair.verify(&["--probes", "full"], 4);
    expect(&result, "red_db", "inconclusive", "it would be refused: it may not log in (NOLOGIN)");
    expect(&result, "blue_db", "inconclusive", "it would be refused: it may not log in (NOLOGIN)");
    pair.server.sql("postgres", "ALTER ROLE red_app LOGIN");
    let result = pair.verify(&["--probes", "full"], 4);
    expect(&result, "blue_db", "breach", "PUBLIC holds CONNECT");
    with_hba(&pair, "host blue_db red_app all reject\n");
    let result = pair.verify(&["--probes", "full"], 4);
    // Here pg_hba.conf answered a login after all, so that its rejection was observed.
    let is = |cell: &&Value| cell["role"] == "red_app" && cell["database"] == "blue_db";
    let met = result["matrix"].as_array().unwrap().iter().find(is).unwrap();
    assert_eq!((met["outcome"].as_str(), met["sqlstate"].as_str()), (Some("inconclusive"), Some("28000")));
}
