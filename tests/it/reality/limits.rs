//! Limits of a limited admin: named, explained, and never a silent success.

use serde_json::Value;

use crate::support::{Admin, Project, Server};

fn limits(project: &Project, arguments: &[&str], code: i32) -> Vec<Value> {
    project.json(arguments, code)["limits"].as_array().unwrap().clone()
}

fn named<'a>(limits: &'a [Value], what: &str) -> Option<&'a Value> {
    limits.iter().find(|limit| limit["what"].as_str().unwrap().contains(what))
}

#[test]
fn temp_file_limit_is_a_limit_until_it_is_granted() {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, Admin::Limited, "l");
    let before = limits(&project, &["apply", "--all", "-y"], 0);
    let limit = named(&before, "set temp_file_limit on the logins").expect("a limit");
    assert_eq!((&limit["server"], &limit["service"]), (&"main".into(), &"l_a".into()));
    let grant = limit["grant"].as_str().unwrap().to_owned();
    if server.major() >= 15 {
        // One grant for both services is asked for once.
        let shown = project.run(&["plan"]).expect(0).stdout;
        assert_eq!(shown.matches("cannot set temp_file_limit").count(), 1, "{shown}");
        assert!(shown.contains("cannot set temp_file_limit on the logins for l_a, l_b on server"), "{shown}");
    }
    project.run(&["plan", "--check"]).expect(0);
    server.sql("postgres", &grant);
    if server.major() >= 15 {
        // Granted, it is a change like any other.
        project.run(&["plan", "--check"]).expect(3);
        project.run(&["apply", "--all"]).expect(0);
    }
    let after = limits(&project, &["plan", "--check"], 0);
    assert!(
        after
            .iter()
            .all(|limit| limit["what"] != "set temp_file_limit on the logins" || limit["service"] != "l_a")
    );
}

#[test]
fn objects_of_a_superuser_become_a_request_to_the_dba() {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, Admin::Limited, "s");
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql(
        "s_a",
        "CREATE TABLE of_root (id int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    );
    let found = limits(&project, &["plan", "--check"], 0);
    let limit = named(&found, "take over what postgres owns").unwrap_or_else(|| panic!("{found:#?}"));
    let grant = limit["grant"].as_str().unwrap().strip_prefix("in database s_a: ").unwrap();
    server.sql("s_a", grant);
    assert_eq!(named(&limits(&project, &["plan", "--check"], 0), "take over what postgres owns"), None);
    assert_eq!(
        server.value("s_a", "SELECT relowner::regrole FROM pg_class WHERE relname = 'of_root'"),
        "s_a_owner"
    );
}

/// From 15 on `public` belongs to the database's owner, and PUBLIC has no CREATE there.
#[test]
fn the_public_schema_of_a_superusers_database_is_reported_as_it_is() {
    let server = Server::with_both_admins();
    server.sql("postgres", "CREATE DATABASE o_a");
    let project = Project::new_as(&server, Admin::Limited, "o");
    let found = limits(&project, &["plan"], 0);
    let limit = named(&found, "take over and close schema public").unwrap_or_else(|| panic!("{found:#?}"));
    let why = limit["why"].as_str().unwrap();
    if server.major() < 15 {
        assert!(why.contains("before PostgreSQL 15"), "{why}");
    } else {
        assert_eq!(why, "postgres is a superuser, and adm is not");
    }
}

#[test]
fn roles_of_another_admin_need_a_grant_from_16_on() {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, Admin::Limited, "r");
    for role in ["r_a_owner NOLOGIN", "r_a_app LOGIN CONNECTION LIMIT 3"] {
        server.sql("postgres", &format!("CREATE ROLE {role}"));
    }
    let found = limits(&project, &["apply", "--all", "-y", "--reset-passwords"], 0);
    if server.major() < 16 {
        assert_eq!(named(&found, "manage role"), None);
        return;
    }
    for role in ["r_a_owner", "r_a_app"] {
        let limit = named(&found, &format!("manage role {role}")).unwrap_or_else(|| panic!("{found:#?}"));
        let grant = format!("GRANT \"{role}\" TO \"adm\" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
        assert_eq!(limit["grant"], grant.as_str());
        server.sql("postgres", &grant);
    }
    let found = limits(&project, &["apply", "--all", "-y", "--reset-passwords"], 0);
    assert_eq!(named(&found, "manage role"), None);
    project.run(&["plan", "--check"]).expect(0);
    assert_eq!(
        server.value("postgres", "SELECT rolconnlimit::text FROM pg_roles WHERE rolname = 'r_a_app'"),
        "50"
    );
}

#[test]
fn an_admin_without_createrole_changes_nothing() {
    let server = Server::with_both_admins();
    server.sql("postgres", "ALTER ROLE adm NOCREATEROLE");
    let project = Project::new_as(&server, Admin::Limited, "w");
    let done = project.run(&["apply", "--all", "-y"]).expect(1);
    // Before 15 there is more to ask for: schema public of each database, and each login's limit.
    if server.major() >= 15 {
        insta::assert_snapshot!(done.shown(), @r#"
        SERVICE  SERVER  DATABASE  CHANGES  OUTCOME
        w_a  main  w_a  0  skipped
        w_b  main  w_b  0  skipped

        limit: cannot close database postgres to PUBLIC on server main: postgres is a superuser, and adm is not
          ask a DBA for: GRANT CONNECT ON DATABASE "postgres" TO "adm"; REVOKE CONNECT, TEMPORARY ON DATABASE "postgres" FROM PUBLIC CASCADE

        limit: cannot close database template1 to PUBLIC on server main: postgres is a superuser, and adm is not
          ask a DBA for: REVOKE CONNECT ON DATABASE "template1" FROM PUBLIC CASCADE

        limit: cannot set temp_file_limit on the logins for w_a, w_b on server main: only a superuser may set it, and adm was not granted SET on it
          ask a DBA for: GRANT SET ON PARAMETER "temp_file_limit" TO "adm"

        limit: cannot keep the record of runs on server main: adm lacks CREATE on database postgres
          ask a DBA for: in database postgres: CREATE SCHEMA martydb AUTHORIZATION "adm"
        --- stderr
        server main: 127.0.0.1:PORT, PostgreSQL VERSION
        server main:
        error: the admin "adm" cannot create roles
        caused by: it lacks CREATEROLE
        hint: ask a DBA for: ALTER ROLE "adm" CREATEROLE
        hint: `martydb doctor` shows everything that this admin can and cannot do
        "#);
    }
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'w%'"), "0");
}

/// Commands that rehearse in a scratch database say who lacks what, as `apply` does.
#[test]
fn an_admin_without_createdb_rehearses_nothing() {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, Admin::Limited, "rh");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    server.sql("postgres", "ALTER ROLE adm NOCREATEDB");
    for arguments in [&["verify-down", "rh_a", "--every"][..], &["test-db", "-s", "rh_a"]] {
        let done = project.run(arguments).expect(1);
        assert!(
            done.stderr.contains("the admin \"adm\" cannot create databases"),
            "{arguments:?}: {}",
            done.said()
        );
        assert!(
            done.stderr.contains("ask a DBA for: ALTER ROLE \"adm\" CREATEDB"),
            "{arguments:?}: {}",
            done.said()
        );
    }
}

#[test]
fn a_setting_unknown_to_the_major_is_named() {
    let server = Server::start();
    let project = Project::new(&server, "u");
    let text = project
        .read("martydb.yaml")
        .replace("  u_a:\n", "  u_a: { settings: { transaction_timeout: 1min } }\n");
    project.write("martydb.yaml", &text);
    let found = limits(&project, &["apply", "--all", "-y"], 0);
    match named(&found, "set transaction_timeout") {
        Some(limit) => assert!(limit["why"].as_str().unwrap().contains("17")),
        None => assert!(server.major() >= 17, "{found:#?}"),
    }
    let set =
        "SELECT count(*) > 0 FROM pg_db_role_setting WHERE 'transaction_timeout=1min' = ANY (setconfig)";
    assert_eq!(server.value("postgres", set), if server.major() >= 17 { "t" } else { "f" });
    project.run(&["plan", "--check"]).expect(0);
}

/// Runs a statement as apply does; the first cause of its error.
fn warned(server: &Server, admin: Admin, sql: &str) -> String {
    use martydb_pg::server::{Endpoint, Host, Login, Tls, TlsMode, connect, execute};
    martydb_ui::logging::install(0, martydb_ui::flags::LogFormat::Text);
    let tls = Tls { mode: TlsMode::Disable, ..Tls::default() };
    let endpoint = Endpoint { host: Host::Tcp("127.0.0.1".into()), port: server.port, tls };
    let login = Login::with_password(admin.role(), crate::support::ADMIN_PASSWORD.to_owned().into());
    let error = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut connection = connect(&endpoint, &login, "postgres").await.unwrap();
        execute(&mut connection, &martydb_model::sql::Statement::from_migration_file(sql)).await.unwrap_err()
    });
    assert_eq!(error.sqlstate.as_deref(), Some("01000"), "{error}");
    error.causes[0].clone()
}

/// A grant that the server merely warns about has granted nothing.
#[test]
fn s10_a_warning_of_a_revoke_fails_the_step() {
    let server = Server::with_both_admins();
    let revoke = "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC";
    let cause = warned(&server, Admin::Limited, revoke);
    assert!(cause.contains("no privileges could be revoked"), "{cause}");
    let cause = warned(&server, Admin::Limited, "GRANT CONNECT ON DATABASE postgres TO adm");
    assert!(cause.contains("no privileges were granted"), "{cause}");
}

#[test]
fn s10_a_warning_fails_the_step_of_a_superuser_too() {
    let server = Server::with_both_admins();
    server.sql("postgres", "CREATE ROLE one; CREATE ROLE two");
    let cause = warned(&server, Admin::Super, "REVOKE one FROM two");
    // Before 16 the server reports a missing membership.
    assert!(cause.contains("is not a member of") || cause.contains("has not been granted"), "{cause}");
}

/// Whatever an extension's script, or a trigger on it, has to say: the extension is there. As the limited admin, whose
/// sessions cannot switch event triggers off.
#[test]
fn s10_a_warning_of_an_extension_is_printed_and_fails_no_step() {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, Admin::Limited, "x");
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql(
        "x_a",
        "CREATE FUNCTION public.advise() RETURNS event_trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE WARNING 'this is advice'; END $$;
         ALTER FUNCTION public.advise() OWNER TO x_a_owner;
         CREATE EVENT TRIGGER advise ON ddl_command_end WHEN TAG IN ('CREATE EXTENSION', 'CREATE SCHEMA')
           EXECUTE FUNCTION public.advise()",
    );
    let text = project.read("martydb.yaml");
    let more = text.replace("  x_a:\n", "  x_a: { extensions: [citext], schemas: [public, more] }\n");
    assert_ne!(text, more);
    project.write("martydb.yaml", &more);
    let done = project.run(&["apply", "--all", "-y"]).expect(0);
    assert!(done.stderr.contains("CREATE EXTENSION") && done.stderr.contains("this is advice"), "{done:?}");
    assert_eq!(server.value("x_a", "SELECT extname FROM pg_extension WHERE extname = 'citext'"), "citext");
    project.run(&["plan", "--check"]).expect(0);

    // The same words with a privilege mean that it may not have been granted.
    server.sql("x_a", "DROP EVENT TRIGGER advise; CREATE EVENT TRIGGER advise ON ddl_command_end WHEN TAG IN ('GRANT') EXECUTE FUNCTION public.advise()");
    server.sql("x_a", "REVOKE USAGE ON SCHEMA more FROM x_a_ro");
    let failed = project.run(&["apply", "--all", "-y"]).expect(1);
    assert!(format!("{failed:?}").contains("this is advice"), "{failed:?}");
    let held = "SELECT has_schema_privilege('x_a_ro', 'more', 'USAGE')::text";
    assert_eq!(server.value("x_a", held), "false");
    server.sql("x_a", "DROP EVENT TRIGGER advise");
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(server.value("x_a", held), "true");
}

#[test]
fn a_database_closed_by_another_admin_becomes_a_request() {
    let server = Server::with_both_admins();
    server.sql("postgres", "CREATE DATABASE e_a");
    server.sql("postgres", "REVOKE ALL ON DATABASE e_a FROM PUBLIC");
    let project = Project::new_as(&server, Admin::Limited, "e");
    let found = limits(&project, &["apply", "--all", "-y"], 0);
    let limit = named(&found, "inspect database e_a").unwrap_or_else(|| panic!("{found:#?}"));
    server.sql("postgres", limit["grant"].as_str().unwrap());
    let found = limits(&project, &["apply", "--all", "-y"], 0);
    assert_eq!(named(&found, "inspect database e_a"), None);
    project.run(&["plan", "--check"]).expect(0);
}

#[test]
fn an_extension_whose_author_chose_its_schema_is_installed_there() {
    let server = Server::start();
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: settled\nservers:\n  main: {{ url: \"{}\" }}\nservices:\n  s_a: {{ extensions: [adminpack, citext], schemas: [app] }}\n",
        server.url()
    ));
    // The server's own example of one is gone from 17 on.
    if server.major() >= 17 {
        let refused = project.run(&["apply", "--all", "-y"]).expect(2);
        assert!(
            refused.stdout.contains("adminpack") || refused.stderr.contains("adminpack"),
            "{}",
            refused.stdout
        );
        return;
    }
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    let place = |name: &str| {
        server.value("s_a", &format!("SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = '{name}'"))
    };
    assert_eq!((place("adminpack"), place("citext")), ("pg_catalog".into(), "app".into()));
}

/// Everything that a DBA is asked for on a server is one script, and after it there is nothing left to ask.
#[test]
fn the_script_for_the_dba_fulfils_every_request() {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, Admin::Limited, "dba");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let many: String = (0..40).map(|n| format!("CREATE TABLE of_root_{n} (id int);")).collect();
    // A name must not write the script: a line of psql's own, an end of the name, a variable.
    let hostile = ["a\n\\! touch mark\n--", "a\"\"; \\! touch mark\n", "a' :mark $$ */"];
    let hostile: String = hostile.map(|name| format!("CREATE TABLE \"{name}\" (id int);")).concat();
    server.sql("dba_a", &(many + &hostile));
    let query = |shown: &str| shown.matches("ask a DBA for").count();
    let plan = project.run(&["plan", "--out-sql", "dba.sql"]).expect(0);
    assert!(query(&plan.stdout) > 1, "{}", plan.stdout);
    // As above.
    if server.major() >= 15 {
        insta::assert_snapshot!(plan.shown(), @r#"
        No applicable changes; the admin lacks privileges for the rest: see the limits below.

        limit: cannot close database postgres to PUBLIC on server main: postgres is a superuser, and adm is not
          ask a DBA for: GRANT CONNECT ON DATABASE "postgres" TO "adm"; REVOKE CONNECT, TEMPORARY ON DATABASE "postgres" FROM PUBLIC CASCADE

        limit: cannot close database template1 to PUBLIC on server main: postgres is a superuser, and adm is not
          ask a DBA for: REVOKE CONNECT ON DATABASE "template1" FROM PUBLIC CASCADE

        limit: cannot set temp_file_limit on the logins for dba_a, dba_b on server main: only a superuser may set it, and adm was not granted SET on it
          ask a DBA for: GRANT SET ON PARAMETER "temp_file_limit" TO "adm"

        limit: cannot take over what postgres owns in the schemas of database dba_a for dba_a on server main: postgres is a superuser, and adm is not
          ask a DBA for: 172 statements in database dba_a; `martydb plan --out-sql FILE` writes them down

        limit: cannot keep the record of runs on server main: adm lacks CREATE on database postgres
          ask a DBA for: in database postgres: CREATE SCHEMA martydb AUTHORIZATION "adm"
        --- stderr
        Written. A superuser of server main runs it with: psql -v ON_ERROR_STOP=1 -f dba.sql
        "#);
    }
    let longest = plan.stdout.lines().map(str::len).max();
    assert!(longest < Some(700), "{}", plan.stdout);
    let script = project.path().join("dba.sql");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&script).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let ran = std::process::Command::new(crate::support::psql())
        .args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-d", &server.url(), "-f"])
        .arg(&script)
        .env("PGPASSWORD", crate::support::ADMIN_PASSWORD)
        .current_dir(project.path())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(!project.path().join("mark").exists());
    let foreign = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND oid >= 16384 AND relowner = 10";
    assert_eq!(server.value("dba_a", foreign), "0");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let after = project.run(&["plan", "--check", "--out-sql", "none.sql"]).expect(0);
    assert_eq!(query(&after.stdout), 0, "{}", after.stdout);
    insta::assert_snapshot!(after.shown(), @r"
    Nothing to do: the servers match the manifest.
    --- stderr
    No statements for a DBA: none.sql was not written.
    ");
    assert!(!project.path().join("none.sql").exists());
}
