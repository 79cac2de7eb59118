//! A service that makes so much, or so long a text, that the tool cannot read the server any more: what it wants to
//! hide is found all the same, the other services are not stopped, and nothing that was left out is called good.

use serde_json::Value;

use super::support::Pair;
use crate::support::Link;

/// Function that an attacker would hide: code of a superuser that every role of the service may call.
const TRAP: &str = "CREATE FUNCTION public.trap() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'";

fn as_login(pair: &Pair, role: &str, sql: &str) {
    let password = pair.project.password(role);
    pair.server.sql_as(role, &password, "red_db", sql).unwrap_or_else(|state| panic!("{sql}: {state}"));
}

/// The trap is found, with its name and the roles that may call it, and nothing is inconclusive.
fn trap_is_found(result: &Value) {
    let found = Pair::found(result).join("\n");
    for id in ["critical | definer-function |", "definer-search-path"] {
        let line = found.lines().find(|line| line.contains(id) && line.contains("public.trap()"));
        assert!(line.is_some(), "{id}\n{found}");
    }
    assert_eq!(result["summary"]["inconclusive"], 0, "{result:#}");
    assert_eq!(result["unread"].as_array().map_or(0, Vec::len), 0, "{result:#}");
}

/// Runs a command, and returns the number of bytes that the server sends to it: the program holds no more than it receives.
fn received(pair: &Pair, arguments: &[&str]) -> usize {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let link = runtime.block_on(Link::fast(pair.server.port));
    let manifest = pair.project.read("martydb.yaml");
    let linked = manifest.replace(&format!(":{}", pair.server.port), &format!(":{}", link.port));
    pair.project.write("martydb.yaml", &linked);
    let done = pair.project.run(arguments);
    assert!(matches!(done.code, Some(0 | 4)), "{done:?}");
    pair.project.write("martydb.yaml", &manifest);
    link.received()
}

const AUDIT: &[&str] = &["verify-isolation", "--probes", "none"];

/// Most bytes that the texts of a hostile service add: 17 MB of the 280 MB, a beginning of each.
const MOST: usize = 24 << 20;

/// Most bytes that its objects without long texts add: 0.6 MB for a hundred thousand, which the server sends in groups.
const MOST_OF_OBJECTS: usize = 2 << 20;

#[test]
fn findings_survive_long_function_bodies() {
    let pair = Pair::new();
    pair.server.sql("red_db", TRAP);
    let before = received(&pair, AUDIT);
    let bodies = "DO $$ BEGIN FOR n IN 1..280 LOOP EXECUTE format('CREATE FUNCTION public.long_%s() RETURNS text \
                  LANGUAGE sql AS %L', n, 'SELECT ''' || repeat('x', 1000000) || ''''); END LOOP; END $$";
    as_login(&pair, "red_migrator", bodies);
    let result = pair.verify(&[], 4);
    trap_is_found(&result);
    let found = Pair::found(&result).join("\n");
    assert!(
        found.contains("medium | unsearched-text | red | red_owner | red_db | texts of red_owner"),
        "{found}"
    );
    let after = received(&pair, AUDIT);
    assert!(after < before + MOST, "{before} bytes without, {after} with");
    pair.project.run(&["plan", "--service", "blue", "--check"]).expect(0);
    pair.project.run(&["plan"]).expect(0);
}

#[test]
fn findings_survive_long_comments_of_the_app_login() {
    let pair = Pair::new();
    pair.server.sql("red_db", TRAP);
    let before = received(&pair, AUDIT);
    let comments = "DO $$ BEGIN FOR n IN 1..280 LOOP EXECUTE format('COMMENT ON LARGE OBJECT %s IS %L', \
                    lo_create(0), repeat('y', 1000000)); END LOOP; END $$";
    as_login(&pair, "red_app", comments);
    let result = pair.verify(&[], 4);
    trap_is_found(&result);
    let found = Pair::found(&result).join("\n");
    assert!(
        found.contains("medium | unsearched-text | red | red_app | red_db | texts of red_app"),
        "{found}"
    );
    let after = received(&pair, AUDIT);
    assert!(after < before + MOST, "{before} bytes without, {after} with");
}

#[test]
fn findings_survive_a_hundred_thousand_large_objects() {
    let pair = Pair::with(&["max_locks_per_transaction=2000"], "");
    pair.server.sql("red_db", TRAP);
    let before = received(&pair, AUDIT);
    let many = "DO $$ BEGIN FOR b IN 1..10 LOOP PERFORM lo_create(0) FROM generate_series(1, 10000); COMMIT; END LOOP; END $$";
    as_login(&pair, "red_app", many);
    trap_is_found(&pair.verify(&[], 4));
    let after = received(&pair, AUDIT);
    assert!(after < before + MOST_OF_OBJECTS, "{before} bytes without, {after} with");
}

#[test]
fn a_stored_password_in_a_long_text_is_found_near_its_beginning() {
    let pair = Pair::new();
    let secret = pair.project.password("blue_app");
    let body = format!("SELECT '{secret}', '{}'", "z ".repeat(1_000_000));
    as_login(
        &pair,
        "red_migrator",
        &format!("CREATE FUNCTION public.told() RETURNS void LANGUAGE sql AS $$ {body} $$"),
    );
    let found = Pair::found(&pair.verify(&[], 4)).join("\n");
    assert!(found.contains("critical | secret-in-the-open | blue | PUBLIC | red_db | function"), "{found}");
}

#[test]
fn settings_of_ninety_megabytes_are_reset_by_apply() {
    let pair = Pair::new();
    let places = ["", " IN DATABASE red_db", " IN DATABASE blue_db"];
    for place in places {
        let long = format!(
            "SET client_min_messages = error; DO $$ BEGIN EXECUTE format('ALTER ROLE red_ro{place} SET search_path = %L', repeat('s', 90000000)); END $$"
        );
        as_login(&pair, "red_ro", &long);
    }
    let plan = pair.project.json(&["plan"], 0);
    let reasons: Vec<&str> =
        plan["changes"].as_array().unwrap().iter().map(|change| change["reason"].as_str().unwrap()).collect();
    let changes = plan["changes"].as_array().unwrap().iter();
    let long = changes.filter(|change| change["reason"].as_str().unwrap().contains("(90000000 bytes)"));
    let drift: Vec<_> =
        long.inspect(|change| assert_eq!(change["object"], "role red_ro", "{change}")).collect();
    assert_eq!(drift.len(), places.len(), "{reasons:#?}");
    assert!(reasons.iter().all(|reason| reason.len() < 1000), "a long value is not printed");
    // Every other service goes on.
    let status = pair.project.json(&["status", "--drift"], 0);
    let states: Vec<(&str, &str)> = ["red", "blue"]
        .into_iter()
        .filter_map(|name| {
            let all = status["services"].as_array().unwrap();
            all.iter().find(|one| one["service"] == name).map(|one| (name, one["state"].as_str().unwrap()))
        })
        .collect();
    assert_eq!(states, [("red", "drifted"), ("blue", "up_to_date")]);
    pair.project.run(&["rotate", "--service", "blue", "-y"]).expect(0);
    let found = Pair::grave(&pair.verify(&["--service", "red"], 4)).join("\n");
    assert!(found.contains("role-setting | red | red_ro | - | setting search_path"), "{found}");
    pair.project.run(&["apply", "--all", "-y"]).expect(0);
    pair.project.run(&["plan", "--check"]).expect(0);
    let left = "SELECT count(*) FROM pg_db_role_setting s, unnest(setconfig) c WHERE setrole = 'red_ro'::regrole AND (length(c) > 1000 OR c ~ '^made')";
    assert_eq!(pair.server.value("postgres", left), "0");
}

#[test]
fn a_huge_password_verifier_is_drift_and_is_replaced() {
    let pair = Pair::new();
    // A salt is base64, and not every major bounds its length.
    let long = "DO $$ BEGIN EXECUTE format('ALTER ROLE red_ro PASSWORD %L', 'SCRAM-SHA-256$4096:' || repeat('QUFB', 24000000) || \
                '$' || encode(sha256('a'), 'base64') || ':' || encode(sha256('b'), 'base64')); END $$";
    let password = pair.project.password("red_ro");
    if pair.server.sql_as("red_ro", &password, "red_db", long).is_err() {
        // The server itself refuses it.
        assert!(pair.server.major() >= 16, "refused by {}", pair.server.major());
        return;
    }
    let plan = pair.project.json(&["plan"], 0);
    assert_eq!(plan["changes"].as_array().unwrap().len(), 1, "{plan:#}");
    assert_eq!(plan["changes"][0]["object"], "role red_ro", "{plan:#}");
    let before = received(&pair, &["plan", "--service", "blue"]);
    pair.project.run(&["apply", "--all", "-y"]).expect(0);
    let after = received(&pair, &["plan", "--service", "blue"]);
    assert!(before < after + MOST, "{before} bytes with, {after} without");
    pair.project.run(&["plan", "--check"]).expect(0);
}

/// Makes a catalog that only reading finds out to be damaged.
fn damage(pair: &Pair) {
    // A function whose result type is gone: naming it fails.
    pair.server.sql(
        "red_db",
        "SET allow_system_table_mods = on; SET ROLE red_owner; CREATE FUNCTION public.hurt(item) RETURNS int LANGUAGE sql AS 'SELECT 1'; RESET ROLE; \
         UPDATE pg_catalog.pg_proc SET proacl = '{}', pronargs = 9000 WHERE proname = 'hurt'",
    );
}

#[test]
fn an_unreadable_database_is_inconclusive_and_the_others_are_audited() {
    let pair = Pair::new();
    let accepted = pair.verify(&[], 0);
    pair.project.write("accepted.json", &accepted.to_string());
    damage(&pair);
    for more in [
        &[][..],
        &["--min-severity", "critical"],
        &["--only", "no-password"],
        &["--baseline", "accepted.json"],
        &["--service", "red"],
    ] {
        // Nothing else is wrong, so that the exit code is this one's.
        let result = pair.verify(more, 4);
        let unread = result["unread"].as_array().unwrap();
        assert_eq!(unread.len(), 1, "{result:#}");
        assert_eq!(unread[0]["service"], "red");
        assert_eq!(unread[0]["database"], "red_db");
        assert_eq!(unread[0]["server"], "main");
        assert!(unread[0]["what"].as_str().unwrap().contains("database red_db of service red"), "{result:#}");
        assert_eq!(result["summary"]["inconclusive"], 1, "{result:#}");
        assert!(!format!("{}", result["not_examined"]).contains("red_db"), "{result:#}");
    }
    pair.server.sql("blue_db", TRAP);
    let found = Pair::found(&pair.verify(&[], 4)).join("\n");
    assert!(found.contains("public.trap()"), "{found}");
    for (format, expected) in [
        ("table", "inconclusive: the contents of database red_db of service red could not be read: "),
        (
            "junit",
            "<testcase classname=\"red\" name=\"the contents of database red_db of service red\" time=\"0.000\"><error ",
        ),
        ("markdown", "| the contents of database red\\_db of service red | red | "),
    ] {
        let text = pair.project.run(&["verify-isolation", "--probes", "none", "--format", format]).expect(4);
        assert!(text.stdout.contains(expected), "{format}\n{}", text.stdout);
        assert!(!text.stdout.contains('\n') || text.stdout.contains("could not be read"), "{}", text.stdout);
    }
}

#[test]
fn an_unreadable_database_fails_only_its_own_service() {
    let pair = Pair::new();
    damage(&pair);
    pair.server.sql("postgres", "ALTER ROLE blue_app CONNECTION LIMIT 7");
    let plan = pair.project.json(&["plan"], 1);
    let errors = plan["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{plan:#}");
    assert!(errors[0]["message"].as_str().unwrap().contains("service \"red\""), "{plan:#}");
    assert!(errors[0]["causes"][0].as_str().unwrap().contains("database red_db"), "{plan:#}");
    assert_eq!(plan["changes"].as_array().unwrap().len(), 1, "blue's drift is planned: {plan:#}");
    pair.project.run(&["plan", "--service", "blue"]).expect(0);
    let done = pair.project.run(&["apply", "--all", "-y"]).expect(1);
    insta::assert_snapshot!(done.shown(), @r#"
    SERVICE  SERVER  DATABASE  CHANGES  OUTCOME
    blue  main  blue_db  1  provisioned
    red  main  red_db  0  failed
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    caution: role blue_app: change connection limit from 7 to 6
    server main:
    error: cannot compare service "red" with the manifest
    caused by: cannot read the contents of database red_db
    caused by: cannot read the server's catalogs
    caused by: cache lookup failed for type 1279611667 (SQLSTATE XX000)
    "#);
    let limit = "SELECT rolconnlimit FROM pg_roles WHERE rolname = 'blue_app'";
    assert_eq!(pair.server.value("postgres", limit), "6", "blue is applied");
    let status = pair.project.json(&["status", "--check"], 5);
    let state = |at: usize| status["services"][at]["state"].as_str().unwrap().to_owned();
    let states: Vec<String> = vec![state(0), state(1)];
    assert!(states.contains(&"up_to_date".into()) && states.contains(&"unreachable".into()), "{status:#}");
}
