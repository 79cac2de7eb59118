//! Extensions as their scripts made them are not findings; what was added to one later, or changed in it, is judged like
//! anything else; and one that leads out of its database is named.

use super::support::Pair;

fn lines(pair: &Pair, code: i32) -> Vec<String> {
    let found = Pair::grave(&pair.verify(&[], code));
    found.into_iter().filter(|line| line.contains("| red_db |")).collect()
}

fn available(pair: &Pair, name: &str) -> bool {
    let ask = format!("SELECT count(*) FROM pg_available_extensions WHERE name = '{name}'");
    pair.server.value("postgres", &ask) == "1"
}

#[test]
fn objects_of_an_extensions_script_are_not_findings() {
    let pair = Pair::new();
    // postgis_topology leaves its schema and a search path behind.
    let all = [
        "tablefunc", "periods", "pg_repack", "pg_partman", "orafce", "pldbgapi", "lo", "xml2",
        "postgis_topology",
    ];
    for name in all.iter().filter(|name| available(&pair, name)) {
        pair.server.sql("red_db", &format!("CREATE EXTENSION {name} CASCADE"));
    }
    let result = pair.verify(&[], 0);
    assert_eq!(Pair::grave(&result), Vec::<String>::new());
    let fixes = result["findings"].as_array().unwrap().iter().map(|finding| finding["fix"].to_string());
    assert!(
        fixes.clone().all(|fix| !fix.replace("ALTER DATABASE", "").contains("ALTER ")),
        "{:?}",
        fixes.collect::<Vec<_>>()
    );
}

#[test]
fn an_object_added_to_an_extension_is_judged_like_any_other() {
    let pair = Pair::new();
    let cases = [
        (
            "CREATE FUNCTION look(text) RETURNS text LANGUAGE internal AS 'pg_read_file_all'; COMMIT; ALTER EXTENSION tablefunc ADD FUNCTION look(text)",
            "critical | untrusted-function | red | PUBLIC | red_db | function look(text)",
        ),
        (
            "CREATE FUNCTION go(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE q; RETURN q; END'; COMMIT; ALTER EXTENSION tablefunc ADD FUNCTION go(text)",
            "critical | definer-function | red | PUBLIC | red_db | function go(text)",
        ),
        (
            "CREATE FUNCTION pg_catalog.halt(integer) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT pg_terminate_backend($1)'; COMMIT; ALTER EXTENSION tablefunc ADD FUNCTION pg_catalog.halt(integer)",
            "critical | definer-function | red | PUBLIC | red_db | function halt(integer)",
        ),
        (
            "CREATE VIEW look AS SELECT rolname, rolpassword FROM pg_authid; GRANT SELECT ON look TO red_ro; COMMIT; ALTER EXTENSION tablefunc ADD VIEW look",
            "definer-view | red | red_ro | red_db | view public.look",
        ),
        (
            "SET ROLE red_owner; CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; RESET ROLE; CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE FUNCTION note(); COMMIT; ALTER EXTENSION tablefunc ADD FUNCTION note(); ALTER EXTENSION tablefunc ADD EVENT TRIGGER note",
            "critical | event-trigger | red | red_owner | red_db | event trigger note",
        ),
    ];
    pair.server.sql("red_db", "CREATE EXTENSION tablefunc");
    assert_eq!(lines(&pair, 0), Vec::<String>::new());
    // Two transactions each; the event trigger last: it would run for the others.
    for (sql, _) in cases {
        pair.server.sql("red_db", sql);
    }
    let result = pair.verify(&[], 4);
    let found = Pair::grave(&result);
    for (_, expected) in cases {
        let is_it = |line: &String| {
            line.replace("public.look(", "look(").replace("public.go(", "go(").contains(expected)
        };
        assert!(found.iter().any(is_it), "{expected}\n{found:#?}");
    }
    let fixes: Vec<String> =
        result["findings"].as_array().unwrap().iter().map(|one| one["fix"].to_string()).collect();
    assert!(
        fixes.iter().all(|fix| !fix.contains("OWNER TO") && !fix.contains("SECURITY INVOKER")),
        "{fixes:?}"
    );
}

#[test]
fn a_member_changed_to_security_definer_is_named_without_a_fix() {
    let pair = Pair::new();
    pair.server.sql("red_db", "CREATE EXTENSION tablefunc");
    pair.server.sql("red_db", "ALTER FUNCTION crosstab(text) SECURITY DEFINER");
    let result = pair.verify(&[], 4);
    let found = Pair::found(&result);
    assert!(
        found.iter().any(|line| line.starts_with("critical | definer-function | red | PUBLIC")
            && line.contains("crosstab(text)")),
        "{found:#?}"
    );
    assert!(!result["findings"].to_string().contains("SECURITY INVOKER"));
}

#[test]
fn an_extension_that_crosses_databases_is_accepted_by_one_exception() {
    let allow = "allow:\n  - { finding: extension-crosses-databases, object: dblink, reason: reports read the archive }\n";
    for (manifest, code) in [("", 4), (allow, 0)] {
        let pair = Pair::with(&[], manifest);
        let declared =
            pair.project.read("martydb.yaml").replace("  red:\n", "  red: { extensions: [dblink] }\n");
        pair.project.write("martydb.yaml", &declared);
        pair.project.run(&["apply", "--all", "-y"]).expect(0);
        let expected = "medium | extension-crosses-databases | red | red_app | red_db | extension dblink";
        let expected: &[&str] = if code == 4 { &[expected] } else { &[] };
        assert_eq!(Pair::found(&pair.verify(&[], code)), expected);
    }
    // Closed to the logins, and one without functions for them.
    let pair = Pair::new();
    pair.server.sql(
        "red_db",
        "CREATE SCHEMA far; CREATE EXTENSION dblink SCHEMA far; CREATE EXTENSION postgres_fdw",
    );
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
}

#[test]
fn messages_between_databases_are_a_finding_only_with_two_databases() {
    let pair = Pair::new();
    if !available(&pair, "orafce") {
        return;
    }
    pair.server.sql("red_db", "CREATE EXTENSION orafce");
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
    pair.server.sql("blue_db", "CREATE EXTENSION orafce");
    let line = |name: &str| {
        format!("medium | extension-crosses-databases | {name} | {name}_app | {name}_db | extension orafce")
    };
    assert_eq!(Pair::grave(&pair.verify(&[], 4)), ["blue", "red"].map(line));
}

#[test]
fn a_language_is_judged_by_its_handler() {
    let pair = Pair::new();
    // The handler of another language, which every server has.
    pair.server.sql("red_db", "CREATE TRUSTED LANGUAGE pljs HANDLER plpgsql_call_handler");
    let named = Pair::grave(&pair.verify(&[], 4));
    let of =
        |name: &str| format!("critical | language-trusted | red | red_migrator | red_db | language {name}");
    assert!(named.contains(&of("pljs")), "{named:#?}");
    pair.server.sql("red_db", "DROP LANGUAGE pljs");
    // Some packages list the extension and lack its library.
    let install = "DO $$ BEGIN CREATE EXTENSION plperl; CREATE EXTENSION plperlu; EXCEPTION WHEN OTHERS THEN NULL; END $$";
    pair.server.sql("red_db", install);
    if pair.server.value("red_db", "SELECT count(*) FROM pg_language WHERE lanname = 'plperlu'") == "0" {
        return;
    }
    assert_eq!(Pair::grave(&pair.verify(&["--only", "language-trusted"], 0)), Vec::<String>::new());
    pair.server.sql("red_db", "CREATE TRUSTED LANGUAGE plv8 HANDLER plperlu_call_handler INLINE plperlu_inline_handler VALIDATOR plperlu_validator");
    let found = Pair::grave(&pair.verify(&[], 4));
    assert!(found.contains(&of("plv8")), "{found:#?}");
}

#[test]
fn a_foreign_data_wrapper_without_its_validator_opens_files() {
    let pair = Pair::new();
    pair.server.sql("red_db", "CREATE EXTENSION file_fdw; CREATE EXTENSION postgres_fdw; CREATE FOREIGN DATA WRAPPER plain; CREATE FOREIGN DATA WRAPPER checked HANDLER file_fdw_handler VALIDATOR file_fdw_validator; GRANT USAGE ON FOREIGN DATA WRAPPER plain, checked TO red_owner; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; GRANT USAGE ON FOREIGN SERVER files TO red_migrator");
    let usual = lines(&pair, 4);
    assert!(usual.iter().all(|line| !line.starts_with("critical")), "{usual:#?}");
    pair.server.sql("red_db", "CREATE FOREIGN DATA WRAPPER csv_import HANDLER file_fdw_handler; GRANT USAGE ON FOREIGN DATA WRAPPER csv_import TO red_owner; ALTER FOREIGN DATA WRAPPER file_fdw NO VALIDATOR");
    let expected = [
        "critical | foreign-table | red | red_migrator | red_db | foreign server files",
        "critical | foreign-table | red | red_owner | red_db | foreign-data wrapper csv_import",
    ];
    let is_new = |line: &&String| line.starts_with("critical");
    assert_eq!(lines(&pair, 4).iter().filter(is_new).collect::<Vec<_>>(), expected);
    pair.verify(&["--fix", "-y"], 0);
    pair.server.sql("red_db", "REVOKE USAGE ON FOREIGN DATA WRAPPER plain FROM red_owner");
    assert_eq!(lines(&pair, 0), Vec::<String>::new());
}

#[test]
fn a_row_of_an_extensions_table_that_opens_folders_is_named() {
    let pair = Pair::new();
    if !available(&pair, "orafce") {
        return;
    }
    pair.server.sql("red_db", "CREATE EXTENSION orafce");
    assert_eq!(lines(&pair, 0), Vec::<String>::new());
    pair.server.sql("red_db", "INSERT INTO utl_file.utl_file_dir (dir) VALUES ('/srv/data')");
    let expected =
        "high | extension-crosses-databases | red | red_app | red_db | table utl_file.utl_file_dir";
    assert_eq!(lines(&pair, 4), [expected]);
    pair.server.sql("red_db", "DELETE FROM utl_file.utl_file_dir");
    pair.server.sql("red_db", "VACUUM utl_file.utl_file_dir");
    assert_eq!(lines(&pair, 0), Vec::<String>::new());
}

#[test]
fn a_superusers_job_that_uses_what_a_service_owns_is_named() {
    let pair = Pair::new();
    // pg_cron needs its library at the start of the server; only its table is read.
    pair.server.sql("postgres", "CREATE SCHEMA cron; CREATE TABLE cron.job (jobid bigint, schedule text, command text, database text, username text, active boolean); INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion) SELECT 987654, 'pg_cron', 10, oid, false, '1.6' FROM pg_namespace WHERE nspname = 'cron'");
    let schedule = |number: u32, command: &str, database: &str, role: &str, is_active: bool| {
        let command = command.replace('\'', "''");
        let row = format!("({number}, '', '{command}', '{database}', '{role}', {is_active})");
        pair.server.sql("postgres", &format!("INSERT INTO cron.job VALUES {row}"));
    };
    pair.server.sql("red_db", "SET ROLE red_owner; CREATE FUNCTION item_job() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'");
    for (number, quiet) in [
        (1, "VACUUM item"),
        (2, "SELECT pg_catalog.now(), 'item_job()'"),
        (3, "SELECT pg_catalog.count(*) FROM item"),
        (4, "VACUUM item; DO $$ BEGIN PERFORM pg_catalog.now(); END $$"),
    ] {
        schedule(number, quiet, "red_db", "postgres", true);
    }
    schedule(5, "INSERT INTO item (name) VALUES ('1')", "red_db", "red_app", true);
    schedule(6, "DELETE FROM item", "red_db", "postgres", false);
    schedule(7, "DELETE FROM item", "postgres", "postgres", true);
    assert_eq!(lines(&pair, 0), Vec::<String>::new());
    schedule(8, "VACUUM item; SELECT item_job()", "red_db", "postgres", true);
    let result = pair.verify(&[], 4);
    assert_eq!(
        Pair::grave(&result),
        ["high | superuser-object | red | red_migrator | red_db | function public.item_job()"]
    );
    let found = &result["findings"][0];
    assert!(found["evidence"].as_str().unwrap().contains("job 8 of pg_cron"), "{found}");
    // The privileges of the application stay.
    assert_eq!(
        found["fix"],
        "-- for the service's maintainer: run job 8 of pg_cron as a login of the service"
    );
    pair.server.sql("postgres", "DELETE FROM cron.job WHERE jobid = 8");
    // pgAgent's steps run as the login of its agent; one with a connection string as another.
    pair.server.sql("postgres", "CREATE SCHEMA pgagent; CREATE TABLE pgagent.pga_job (jobid int, jobenabled bool); CREATE TABLE pgagent.pga_jobstep (jstid int, jstjobid int, jstenabled bool, jstkind char, jstcode text, jstconnstr text DEFAULT '', jstdbname name DEFAULT ''); INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion) SELECT 987655, 'pgagent', 10, oid, false, '4.2' FROM pg_namespace WHERE nspname = 'pgagent'");
    pair.server.sql("postgres", "INSERT INTO pgagent.pga_job VALUES (1, true), (2, false); INSERT INTO pgagent.pga_jobstep VALUES (1, 1, true, 'b', 'DELETE FROM item', '', ''), (2, 2, true, 's', 'DELETE FROM item', '', 'red_db'), (3, 1, false, 's', 'DELETE FROM item', '', 'red_db'), (4, 1, true, 's', 'DELETE FROM item', 'dbname=red_db user=red_app', ''), (5, 1, true, 's', 'VACUUM item', '', 'red_db')");
    assert_eq!(lines(&pair, 0), Vec::<String>::new());
    pair.server.sql(
        "postgres",
        "INSERT INTO pgagent.pga_jobstep VALUES (6, 1, true, 's', 'DELETE FROM item', '', 'red_db')",
    );
    let result = pair.verify(&[], 4);
    assert_eq!(
        Pair::grave(&result),
        ["high | superuser-object | red | red_migrator | red_db | table public.item"]
    );
    assert_eq!(
        result["findings"][0]["fix"],
        "-- for the service's maintainer: run step 6 of job 1 of pgAgent as a login of the service"
    );
}

/// Without a password of its own a mapping connects with what its role logged in with, where its server says so.
#[test]
fn a_mapping_that_passes_keys_on_opens_another_service() {
    let pair = Pair::new();
    pair.server.sql(
        "red_db",
        "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'blue_db'); GRANT USAGE ON FOREIGN SERVER far TO red_app; CREATE USER MAPPING FOR red_app SERVER far OPTIONS (user 'blue_app')",
    );
    let expected = "critical | user-mapping | blue | red_app | red_db | foreign server far";
    let is_open = || Pair::grave(&pair.verify(&["--probes", "none"], 4)).iter().any(|line| line == expected);
    assert!(!is_open());
    let major: u32 =
        pair.server.value("postgres", "SELECT current_setting('server_version_num')").parse().unwrap();
    let option = match major / 10_000 {
        18.. => "use_scram_passthrough 'true'",
        16..18 => "gssdelegation '1'",
        _ => return,
    };
    pair.server.sql("red_db", &format!("ALTER SERVER far OPTIONS (ADD {option})"));
    assert!(is_open());
    pair.server.sql("red_db", "REVOKE USAGE ON FOREIGN SERVER far FROM red_app");
    assert_eq!(Pair::grave(&pair.verify(&["--probes", "none"], 0)), Vec::<String>::new());
}
