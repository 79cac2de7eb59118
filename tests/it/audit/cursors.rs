//! Cursors that a SECURITY DEFINER function leaves open: its caller fetches rows that only the function's owner reads. And
//! cursors of the caller, whose query runs as the function's owner.

use super::support::Pair;

/// A role without any other power, with a table that it alone reads, and a function of it that the server calls when red
/// writes.
const KEEPER: &str = "CREATE ROLE keeper; CREATE SCHEMA keep AUTHORIZATION keeper; CREATE TABLE keep.log (what text); ALTER TABLE keep.log OWNER TO keeper;
    INSERT INTO keep.log VALUES ('of the keeper')";

/// Lets the function watch one table of the service.
const WATCH: &str =
    "ALTER FUNCTION keep.watch#() OWNER TO keeper; REVOKE ALL ON FUNCTION keep.watch#() FROM PUBLIC;
    SET ROLE red_owner; CREATE TABLE item# (name text); RESET ROLE;
    CREATE TRIGGER watch AFTER INSERT ON item# FOR EACH ROW EXECUTE FUNCTION keep.watch#()";

fn function(name: &str, returns: &str, body: &str) -> String {
    format!(
        "CREATE FUNCTION {name} RETURNS {returns} LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f${body}$f$"
    )
}

fn as_app(pair: &Pair, sql: &str) -> Result<Vec<Vec<String>>, String> {
    pair.server.sql_as("red_app", &pair.project.password("red_app"), "red_db", sql)
}

#[test]
fn a_cursor_left_open_by_a_trigger_is_readable_by_the_writer() {
    let pair = Pair::new();
    pair.server.sql("red_db", KEEPER);
    let bodies = [
        ("DECLARE c refcursor := 'seen'; BEGIN OPEN c FOR SELECT what FROM keep.log; RETURN NEW; END", true),
        (
            "DECLARE \"My c\" refcursor := 'seen'; BEGIN IF true THEN OPEN \"My c\" FOR EXECUTE 'SELECT what FROM keep.log'; END IF; RETURN NEW; END",
            true,
        ),
        (
            "DECLARE c CURSOR FOR SELECT what FROM keep.log; BEGIN c := 'seen'; open\n c; -- CLOSE c;\n RETURN NEW; END",
            true,
        ),
        (
            "BEGIN EXECUTE 'DECLARE seen NO SCROLL CURSOR FOR SELECT what FROM keep.log'; RETURN NEW; END",
            true,
        ),
        (
            "DECLARE c refcursor := 'seen'; BEGIN OPEN c FOR SELECT what FROM keep.log; CLOSE c; RETURN NEW; END",
            false,
        ),
        (
            "DECLARE c CURSOR FOR SELECT what FROM keep.log; BEGIN FOR r IN c LOOP NULL; END LOOP; RETURN NEW; END",
            false,
        ),
        (
            "DECLARE open text; BEGIN /* OPEN c; */ open := '; OPEN c;'; SELECT l.what INTO open FROM keep.log l; RETURN NEW; END",
            false,
        ),
    ];
    for (number, (body, open)) in bodies.iter().enumerate() {
        let number = number.to_string();
        pair.server.sql("red_db", &function(&format!("keep.watch{number}()"), "trigger", body));
        pair.server.sql("red_db", &WATCH.replace('#', &number));
        let rows = as_app(
            &pair,
            &format!("BEGIN; INSERT INTO item{number} VALUES ('a'); FETCH ALL FROM seen; COMMIT"),
        );
        let read =
            rows.as_ref().is_ok_and(|rows| rows.iter().flatten().any(|value| value == "of the keeper"));
        assert_eq!(read, *open, "{body}\n{rows:?}");
    }
    let found = Pair::found(&pair.verify(&[], 4));
    for (number, (body, open)) in bodies.iter().enumerate() {
        let severity = if *open { "critical" } else { "low" };
        let line =
            format!("{severity} | definer-function | red | red_app | red_db | function keep.watch{number}()");
        assert!(found.contains(&line), "{body}\n{found:#?}");
    }
}

#[test]
fn a_cursor_left_open_by_an_event_trigger_is_readable_by_the_migrator() {
    let pair = Pair::new();
    let body =
        "DECLARE c refcursor; BEGIN OPEN c FOR SELECT usename FROM pg_shadow WHERE passwd IS NOT NULL; END";
    pair.server.sql("red_db", &function("public.watch()", "event_trigger", body));
    pair.server
        .sql("red_db", "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION public.watch()");
    let password = pair.project.password("red_migrator");
    let make = "BEGIN; CREATE TABLE made (n int); FETCH ALL FROM \"<unnamed portal 1>\"; ROLLBACK";
    let rows = pair.server.sql_as("red_migrator", &password, "red_db", make);
    assert!(rows.as_ref().is_ok_and(|rows| !rows.is_empty()), "{rows:?}");
    let found = Pair::grave(&pair.verify(&[], 4));
    assert_eq!(
        found,
        ["critical | definer-function | red | red_migrator | red_db | function public.watch()"]
    );
}

#[test]
fn a_cursor_runs_as_the_role_that_fetches_from_it() {
    let pair = Pair::new();
    pair.server.sql("red_db", "CREATE SCHEMA ops; GRANT USAGE ON SCHEMA ops TO red_app");
    pair.server.sql(
        "red_db",
        &function("ops.first(c refcursor)", "text", "DECLARE v text; BEGIN FETCH c INTO v; RETURN v; END"),
    );
    pair.server.sql("red_db", "REVOKE ALL ON FUNCTION ops.first(refcursor) FROM PUBLIC; GRANT EXECUTE ON FUNCTION ops.first(refcursor) TO red_app");
    let attack =
        "CREATE FUNCTION pg_temp.who() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN current_user; END';
        BEGIN; DECLARE k CURSOR FOR SELECT pg_temp.who(); SELECT ops.first('k'); ROLLBACK";
    assert_eq!(as_app(&pair, attack).unwrap(), [["postgres"]]);
    let result = pair.verify(&[], 4);
    let found = result["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["object"] == "function ops.first(refcursor)");
    let evidence = found.expect("a finding")["evidence"].as_str().unwrap();
    assert!(evidence.contains("ops.first(refcursor) executes its argument as postgres"), "{evidence}");
    let fixed = pair.verify(&["--fix", "-y"], 0);
    assert_eq!(Pair::grave(&fixed), Vec::<String>::new());
    assert_eq!(as_app(&pair, attack), Err("42501".into()));
}
