//! `CREATE EXTENSION` runs a script as a superuser: nothing of the service is in its search path.

use crate::support::{Admin, Project, Server, as_both_admins};

fn provisioned(server: &Server, admin: Admin, prefix: &str) -> Project {
    let project = Project::new_as(server, admin, prefix);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let trap = |name: &str, arguments: &str, returns: &str| {
        format!(
            "CREATE FUNCTION public.{name}({arguments}) RETURNS {returns} LANGUAGE plpgsql AS $$ BEGIN
               IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
               THEN EXECUTE 'ALTER ROLE {prefix}_a_app SUPERUSER'; END IF; RETURN NULL; END $$;"
        )
    };
    let traps = [
        trap("current_schema", "VARIADIC int[]", "name"),
        trap("quote_ident", "name", "text"),
        trap("format", "text, name, name", "text"),
        trap("array_agg", "text", "text[]"),
        trap("helper", "text", "text"),
        trap("regclass_out", "text", "text"),
    ];
    let operator = "CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.same);
        CREATE OPERATOR public.|| (LEFTARG = name, RIGHTARG = name, FUNCTION = public.same_names);";
    let more = [trap("same", "name, text", "boolean"), trap("same_names", "name, name", "boolean")].concat();
    server.sql(
        &format!("{prefix}_a"),
        &format!("SET ROLE {prefix}_a_owner; {}{more}{operator}", traps.concat()),
    );
    project
}

fn declare(project: &Project, prefix: &str, extensions: &str) {
    let text = project.read("martydb.yaml");
    let with = format!("  {prefix}_a: {{ extensions: [{extensions}] }}\n");
    project.write("martydb.yaml", &text.replace(&format!("  {prefix}_a:\n"), &with));
}

fn superusers(server: &Server) -> String {
    server.value("postgres", "SELECT string_agg(rolname, ' ') FROM pg_roles WHERE rolsuper")
}

as_both_admins!(extension_scripts_run_without_the_services_schema_in_their_path, |admin| {
    let server = Server::with_both_admins();
    let project = provisioned(&server, admin, "ext");
    if server.major() < 17 {
        // From 17 on the admin's sessions switch event triggers off.
        server.sql("ext_a", "CREATE SCHEMA spy; CREATE FUNCTION spy.tell() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE LOG 'script path: %', current_setting('search_path'); END $$; CREATE EVENT TRIGGER spy ON ddl_command_start WHEN TAG IN ('CREATE FUNCTION') EXECUTE FUNCTION spy.tell(); ALTER EVENT TRIGGER spy ENABLE ALWAYS");
    }
    let mark = server.log().len();
    declare(&project, "ext", "pg_trgm, hstore, citext, seg");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let log = server.log_since(mark);
    let paths: Vec<&str> = log.lines().filter(|line| line.contains("script path:")).collect();
    assert!(server.major() >= 17 || !paths.is_empty(), "{log}");
    // A limited admin installs trusted ones alone, as the service may: their objects are a superuser's, to move too.
    let open = paths.iter().any(|path| path.contains("public"));
    assert!(!open || admin == Admin::Limited, "{paths:#?}");
    assert_eq!(superusers(&server), "postgres");
    let installed = server.sql("ext_a", "SELECT extname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE n.nspname = 'public' ORDER BY 1");
    assert_eq!(installed.concat(), ["citext", "hstore", "pg_trgm", "seg"]);
    assert_eq!(
        server.value("ext_a", "SELECT count(*) FROM pg_namespace WHERE nspname = 'martydb_stage'"),
        "0"
    );
    project.run(&["plan", "--check"]).expect(0);
});

#[test]
fn a_planted_object_of_the_same_name_fails_the_whole_installation() {
    let server = Server::start();
    let project = provisioned(&server, Admin::Super, "exs");
    server.sql("exs_a", "SET ROLE exs_a_owner; CREATE FUNCTION public.show_trgm(text) RETURNS text[] LANGUAGE sql AS 'SELECT NULL::text[]'");
    declare(&project, "exs", "pg_trgm");
    let refused = project.run(&["apply", "--all", "-y"]).expect(1);
    assert!(refused.stderr.contains("show_trgm") || refused.stdout.contains("show_trgm"), "{refused:?}");
    let left = "SELECT (SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm')::text || (SELECT count(*) FROM pg_namespace WHERE nspname = 'martydb_stage')";
    assert_eq!(server.value("exs_a", left), "00");
}

#[test]
fn a_fixed_schema_extension_is_not_installed_in_the_services_schema() {
    let server = Server::start();
    let project = provisioned(&server, Admin::Super, "exn");
    declare(&project, "exn", "xml2");
    let applied = project.json(&["apply", "--all", "-y"], 0);
    let limit = &applied["limits"][0];
    assert_eq!(limit["what"], "install extension xml2", "{applied:#}");
    assert_eq!(
        limit["grant"],
        "in database exn_a: CREATE SCHEMA \"xml2\"; CREATE EXTENSION \"xml2\" SCHEMA \"xml2\""
    );
    server.sql("exn_a", "CREATE SCHEMA \"xml2\"; CREATE EXTENSION \"xml2\" SCHEMA \"xml2\"");
    assert_eq!(project.json(&["plan"], 0)["limits"].as_array().unwrap().len(), 0);
    // With nothing planted it is installed into the usual schema.
    let text = project.read("martydb.yaml");
    project.write("martydb.yaml", &text.replace("  exn_b:\n", "  exn_b: { extensions: [xml2] }\n"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(
        server.value(
            "exn_b",
            "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'xml2'"
        ),
        "public"
    );
}

/// Before 18 the files of extensions lie in the server's own folder, where no test writes.
#[test]
fn a_careless_script_does_not_call_what_the_service_planted() {
    let server = Server::start();
    if server.major() < 18 {
        return;
    }
    let folder = server.data().join("share/extension");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("careless.control"), "default_version = '1'\nrelocatable = true\n").unwrap();
    let script = "CREATE FUNCTION helper(int) RETURNS text LANGUAGE sql AS 'SELECT NULL::text';\n\
                  DO $$ BEGIN PERFORM helper('x'::text); EXCEPTION WHEN undefined_function THEN NULL; END $$;\n";
    std::fs::write(folder.join("careless--1.sql"), script).unwrap();
    let path = server.data().join("share");
    server
        .sql("postgres", &format!("ALTER SYSTEM SET extension_control_path = '$system:{}'", path.display()));
    server.reload();
    let project = provisioned(&server, Admin::Super, "exc");
    // The trap works where the script meets it.
    server.sql("exc_b", "SET ROLE exc_b_owner; CREATE FUNCTION public.helper(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'called as %', current_user; END $$");
    let met = server.sql_as(
        "postgres",
        crate::support::ADMIN_PASSWORD,
        "exc_b",
        "CREATE EXTENSION careless SCHEMA public",
    );
    assert_eq!(met, Err("P0001".into()));
    declare(&project, "exc", "careless");
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(superusers(&server), "postgres");
}
