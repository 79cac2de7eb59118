//! Functions by `/rpc`: those that the manifest lists, with the caller's own login, and without a trace in the session.

use serde_json::json;

use super::client::DataService;
use super::{key, project};
use crate::support::{Admin, Server};

const FUNCTIONS: &str = "\
CREATE FUNCTION total_of(customer bigint, smallest int DEFAULT 0) RETURNS bigint LANGUAGE sql STABLE AS
  'SELECT coalesce(sum(cents), 0) FROM invoice WHERE customer_id = customer AND cents >= smallest';
CREATE FUNCTION invoices_of(customer bigint) RETURNS SETOF invoice LANGUAGE sql STABLE AS
  'SELECT * FROM invoice WHERE customer_id = customer';
CREATE FUNCTION spent(invoice) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1.cents || '' cents''';
CREATE FUNCTION payer(invoice) RETURNS SETOF customer ROWS 1 LANGUAGE sql STABLE AS
  'SELECT * FROM customer WHERE id = $1.customer_id';
CREATE FUNCTION add_invoice(customer bigint, cents int) RETURNS invoice LANGUAGE sql AS
  'INSERT INTO invoice (customer_id, cents) VALUES (customer, cents) RETURNING *';
CREATE FUNCTION as_owner() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT current_user::text';
CREATE FUNCTION unlisted() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION become(role text) RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN EXECUTE format('SET ROLE %I', role); RETURN current_user; END $$;
CREATE FUNCTION leave() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
  PERFORM set_config('search_path', 'pg_temp', false), set_config('request.jwt.claims', '{}', false),
    set_config('default_transaction_read_only', 'on', false), pg_advisory_lock(7);
  EXECUTE 'DEALLOCATE ALL'; EXECUTE 'PREPARE s1 AS SELECT 1'; EXECUTE 'PREPARE s9 AS SELECT 1';
  RETURN current_user; END $$;
CREATE FUNCTION latin() RETURNS text LANGUAGE plpgsql STABLE AS
  $$ BEGIN PERFORM set_config('client_encoding', 'LATIN1', true); RETURN 'é'; END $$;
CREATE FUNCTION dear() RETURNS int LANGUAGE plpgsql STABLE COST 10000000 AS 'BEGIN RETURN 1; END';
CREATE FUNCTION dear_add(customer bigint) RETURNS void LANGUAGE plpgsql COST 10000000 AS
  'BEGIN INSERT INTO invoice (customer_id, cents) VALUES (customer, 1); END';
CREATE FUNCTION answer() RETURNS void LANGUAGE plpgsql STABLE AS $$ BEGIN
  PERFORM set_config('response.headers', '[{\"X-Own\":\"yes\"}]', true), set_config('response.status', '202', true); END $$;
";

#[test]
fn listed_functions_run_as_the_caller_and_leave_no_session_state() {
    let server = Server::start();
    let names = "total_of, invoices_of, add_invoice, as_owner, become, leave, answer, latin, dear, dear_add";
    let exposure =
        format!("{{ pool: {{ max: 1, wait: 10s }}, limits: {{ cost: 1000, functions: [{names}] }} }}");
    let project = project(&server, Admin::Super, "srf", &exposure);
    project.write("srf_a/migrations/V2__functions.sql", FUNCTIONS);
    let dropped = "DROP FUNCTION total_of, invoices_of, spent, payer, add_invoice, as_owner, unlisted, become, leave, answer, latin, dear, dear_add;\n";
    project.write("srf_a/migrations/V2__functions.down.sql", dropped);
    project.run(&["upgrade", "--all"]).expect(0);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let [reader, writer] = ["reader", "writer"].map(|caller| key(&project, caller));
    let checked = project.json(&["serve", "check", "srf_a"], 0);
    assert_eq!(checked["functions"].as_array().unwrap().len(), 10, "{checked}");
    let service = DataService::start(&project);
    let ask = |method: &str, path: &str, key: &str, body: &str| {
        service.ask(method, &format!("/srf_a/rest/{path}"), Some(key), &[], body)
    };
    let made = ask("POST", "customer", &writer, r#"{"id":1,"name":"Ada"}"#);
    assert_eq!(made.status, 201, "{}", made.body);

    let made = ask("POST", "rpc/add_invoice", &writer, r#"{"customer":1,"cents":5}"#);
    assert_eq!((made.status, made.json()["cents"].clone()), (200, json!(5)), "{}", made.body);
    for (method, path, body, expected) in [
        ("GET", "rpc/total_of?customer=1", "", json!(5)),
        ("GET", "rpc/total_of?customer=1&smallest=6", "", json!(0)),
        ("POST", "rpc/total_of", r#"{"customer":"1"}"#, json!(5)),
        (
            "GET",
            "rpc/invoices_of?customer=1&select=cents,spent&cents=gt.4",
            "",
            json!([{"cents": 5, "spent": "5 cents"}]),
        ),
        (
            "GET",
            "rpc/invoices_of?customer=1&select=cents,customer(name)",
            "",
            json!([{"cents": 5, "customer": {"name": "Ada"}}]),
        ),
        ("GET", "rpc/invoices_of?customer=1&select=payer(name)", "", json!([{"payer": {"name": "Ada"}}])),
    ] {
        let answer = ask(method, path, &writer, body);
        assert_eq!((answer.status, answer.json()), (200, expected), "{method} {path}: {}", answer.body);
    }
    assert_eq!(ask("GET", "rpc/as_owner", &writer, "").json(), json!("srf_a_owner"));
    let answered = ask("GET", "rpc/answer", &writer, "");
    assert_eq!((answered.status, answered.header("x-own")), (202, Some("yes")));

    // The database decides: EXECUTE that is gone is gone, whatever serve knows.
    assert_eq!(project.json(&["plan", "--check"], 0)["changes"].as_array().unwrap().len(), 0);
    server.sql("srf_a", "REVOKE EXECUTE ON FUNCTION as_owner() FROM srf_a_app, srf_a_serve");
    for (expected, method, path, key, body) in [
        (403, "GET", "rpc/as_owner", &writer, ""),
        (500, "GET", "rpc/latin", &writer, ""),
        (422, "GET", "rpc/dear", &writer, ""),
        (422, "POST", "rpc/dear_add", &writer, r#"{"customer":1}"#),
        (403, "GET", "rpc/as_owner", &reader, ""),
        (403, "GET", "invoice?select=spent", &reader, ""),
        (404, "GET", "rpc/unlisted", &writer, ""),
        (404, "GET", "rpc/pg_sleep?seconds=1", &writer, ""),
        (404, "GET", "rpc/pg_catalog.pg_read_file?filename=x", &writer, ""),
        (404, "GET", "rpc/total_of?customers=1", &writer, ""),
        (400, "GET", "rpc/total_of?customer=1);DROP%20TABLE%20invoice;--", &writer, ""),
        (405, "GET", "rpc/add_invoice?customer=1&cents=1", &writer, ""),
        (405, "DELETE", "rpc/total_of?customer=1", &writer, ""),
        (403, "POST", "rpc/add_invoice", &reader, r#"{"customer":1,"cents":1}"#),
        (409, "POST", "rpc/add_invoice", &writer, r#"{"customer":2,"cents":1}"#),
        (403, "POST", "rpc/become", &writer, r#"{"role":"srf_a_owner"}"#),
        (403, "POST", "rpc/become", &writer, r#"{"role":"srf_a_app"}"#),
        (401, "GET", "rpc/total_of?customer=1", &"wrong".to_owned(), ""),
    ] {
        let answer = ask(method, path, key, body);
        assert_eq!(answer.status, expected, "{method} {path}: {}", answer.body);
    }
    for round in 0..3 {
        assert_eq!(ask("POST", "rpc/leave", &writer, "{}").json(), json!("srf_a_serve"));
        let body = format!(r#"{{"customer":1,"cents":{round}}}"#);
        assert_eq!(ask("POST", "rpc/add_invoice", &writer, &body).status, 200);
        let body = format!(r#"{{"customer_id":1,"cents":{round}}}"#);
        let made = ask("POST", "invoice", &writer, &body);
        assert_eq!(made.status, 201, "{}", made.body);
    }
    let locks = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND objid = 7";
    assert_eq!(server.value("srf_a", locks), "0");
    assert_eq!(server.value("srf_a", "SELECT count(*)::text FROM invoice"), "7");
}

/// Functions that are declared as what they are not.
const SNEAKY: &str = "\
CREATE FUNCTION sneak_insert() RETURNS void LANGUAGE sql STABLE AS 'SELECT add_invoice(1, 1)';
CREATE FUNCTION sneak_as_owner() RETURNS void LANGUAGE plpgsql STABLE SECURITY DEFINER AS 'BEGIN PERFORM add_invoice(1, 1); END';
CREATE FUNCTION sneak_mode() RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN
  PERFORM set_config('transaction_read_only', 'off', true); PERFORM add_invoice(1, 1); RETURN 'written'; END $$;
";

#[test]
fn read_only_callers_call_only_functions_that_cannot_write() {
    let server = Server::for_admin(Admin::Limited);
    let listed = "total_of, invoices_of, spent, add_invoice, as_owner, become, sneak_insert, sneak_as_owner, sneak_mode";
    let exposure = format!("{{ limits: {{ functions: [{listed}] }} }}");
    let project = project(&server, Admin::Limited, "srj", &exposure);
    project.write("srj_a/migrations/V2__functions.sql", &format!("{FUNCTIONS}{SNEAKY}"));
    project.write("srj_a/migrations/V2__functions.down.sql", "-- martydb: irreversible: a test\n");
    project.run(&["upgrade", "--all"]).expect(0);
    let rows =
        "INSERT INTO customer VALUES (1, 'Ada'); INSERT INTO invoice (customer_id, cents) VALUES (1, 5)";
    server.sql("srj_a", rows);
    let reader = key(&project, "reader");
    let service = DataService::start(&project);
    let ask = |method: &str, path: &str, body: &str| {
        service.ask(method, &format!("/srj_a/rest/{path}"), Some(&reader), &[], body)
    };
    assert_eq!(ask("GET", "rpc/total_of?customer=1", "").status, 403);
    assert!(!project.json(&["plan", "--check"], 3)["changes"].as_array().unwrap().is_empty());
    project.run(&["apply", "--all", "-y"]).expect(0);
    let changes = |code| project.json(&["plan", "--check"], code)["changes"].as_array().unwrap().len();
    assert_eq!(changes(0), 0);
    let proof = project.run(&["verify-isolation", "-o", "json"]).json();
    let findings = proof["findings"].as_array().unwrap().iter();
    let ours = findings.filter(|one| one["role"].as_str().is_some_and(|role| role.contains("_serve")));
    assert_eq!(ours.count(), 0, "{proof}");

    for (method, path, body, expected) in [
        ("GET", "rpc/total_of?customer=1", "", json!(5)),
        ("POST", "rpc/total_of", r#"{"customer":1,"smallest":6}"#, json!(0)),
        (
            "GET",
            "rpc/invoices_of?customer=1&select=cents,spent",
            "",
            json!([{"cents": 5, "spent": "5 cents"}]),
        ),
        ("GET", "invoice?select=spent", "", json!([{"spent": "5 cents"}])),
    ] {
        let answer = ask(method, path, body);
        assert_eq!((answer.status, answer.json()), (200, expected), "{method} {path}: {}", answer.body);
    }
    let volatile = ask("GET", "rpc/add_invoice?customer=1&cents=1", "");
    assert_eq!(
        (volatile.status, volatile.json()["code"].clone()),
        (405, json!("PGRST101")),
        "{}",
        volatile.body
    );
    assert_eq!(volatile.header("allow"), Some("OPTIONS,POST"));
    for (status, code, method, path, body) in [
        (403, "42501", "POST", "rpc/add_invoice", r#"{"customer":1,"cents":1}"#),
        (403, "42501", "POST", "rpc/become", r#"{"role":"srj_a_app"}"#),
        (403, "42501", "GET", "rpc/as_owner", ""),
        (403, "42501", "GET", "rpc/sneak_as_owner", ""),
        (404, "PGRST202", "GET", "rpc/unlisted", ""),
        (405, "25006", "GET", "rpc/sneak_insert", ""),
        (405, "25006", "POST", "rpc/sneak_insert", "{}"),
    ] {
        let answer = ask(method, path, body);
        assert_eq!(
            (answer.status, answer.json()["code"].clone()),
            (status, json!(code)),
            "{path}: {}",
            answer.body
        );
    }
    let mode = ask("GET", "rpc/sneak_mode", "");
    assert!(mode.status >= 400, "{}", mode.body);
    assert_eq!(server.value("srj_a", "SELECT count(*)::text FROM invoice"), "1");

    // The database decides: the login itself has no other access, and unlisted functions are revoked.
    let login = |sql: &str| {
        let done = server.sql_as("srj_a_serve_ro", &project.password("srj_a_serve_ro"), "srj_a", sql);
        done.err().unwrap_or_default()
    };
    let writable = "SET default_transaction_read_only = off;";
    for (expected, sql) in [
        ("", "SELECT total_of(1)::text".to_owned()),
        ("42501", format!("{writable} SELECT add_invoice(1, 1)::text")),
        ("42501", "SELECT as_owner()".into()),
        ("42501", "SELECT unlisted()::text".into()),
    ] {
        assert_eq!(login(&sql), expected, "{sql}");
    }
    let text = project.read("martydb.yaml");
    project.write("martydb.yaml", &text.replace("[total_of, ", "["));
    assert_eq!(changes(3), 1);
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(login("SELECT total_of(1)::text"), "42501");
}
