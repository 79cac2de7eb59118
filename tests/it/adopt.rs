//! `adopt`: a database that people live in, declared with everybody who uses it.

mod former_login;

use std::process::{Child, Command, Stdio};

use crate::support::{Admin, Done, Project, Server, as_both_admins, can_dump, psql, until};

const PASSWORD: &str = "of everybody in this test";

/// Two schemas of an old login, two extensions, a view, functions, serials; a group that reports, a login that writes one
/// schema, one that comes in by PUBLIC, one that only calls, one that does nothing.
const LIFE: &str = "
    CREATE EXTENSION citext; CREATE EXTENSION pg_trgm;
    CREATE SCHEMA billing AUTHORIZATION XX_old;
    SET ROLE XX_old;
    CREATE TABLE public.item (id serial PRIMARY KEY, name citext NOT NULL);
    CREATE TABLE public.customer (id serial PRIMARY KEY, name text);
    CREATE VIEW public.names AS SELECT name FROM public.item;
    CREATE FUNCTION public.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION public.two() RETURNS int LANGUAGE sql AS 'SELECT 2';
    CREATE TABLE billing.bill (id serial PRIMARY KEY, total int);
    CREATE TABLE billing.line (id serial PRIMARY KEY, bill int REFERENCES billing.bill);
    INSERT INTO public.item (name) VALUES ('kept'); INSERT INTO billing.bill (total) VALUES (7);
    GRANT USAGE ON SCHEMA public TO XX_bi;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO XX_bi;
    GRANT USAGE ON SCHEMA billing TO XX_biller;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA billing TO XX_biller;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA billing TO XX_biller;
    GRANT TRUNCATE ON billing.line TO XX_biller;
    GRANT SELECT ON public.customer TO \"XX: no's\" WITH GRANT OPTION;
    GRANT SELECT ON public.item TO PUBLIC;
    REVOKE EXECUTE ON FUNCTION public.one() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION public.one() TO XX_caller;";

/// The database `<prefix>_prod` in use, and a project that declares another service.
fn lived_in(admin: Admin, prefix: &str) -> (Server, Project, String) {
    let server = Server::for_admin(admin);
    let database = format!("{prefix}_prod");
    for login in ["old", "alice", "bob", "biller", "visitor", "caller", "idle"] {
        server.sql("postgres", &format!("CREATE ROLE {prefix}_{login} LOGIN PASSWORD '{PASSWORD}'"));
    }
    server.sql("postgres", &format!("CREATE ROLE \"{prefix}: no's\" LOGIN PASSWORD '{PASSWORD}'"));
    server.sql(
        "postgres",
        &format!("CREATE ROLE {prefix}_bi; GRANT {prefix}_bi TO {prefix}_alice, {prefix}_bob"),
    );
    if admin == Admin::Limited && server.major() >= 16 {
        let roles = ["old", "bi", "biller"].map(|role| format!("{prefix}_{role}")).join(", ");
        server.sql("postgres", &format!("GRANT {roles} TO adm WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"));
    }
    server.sql("postgres", &format!("CREATE DATABASE {database} OWNER {prefix}_old"));
    for option in ["SET work_mem = '8MB'", "SET lock_timeout = '3s'", "CONNECTION LIMIT 77"] {
        server.sql("postgres", &format!("ALTER DATABASE {database} {option}"));
    }
    let own = if server.major() >= 15 {
        format!("ALTER SCHEMA public OWNER TO {prefix}_old;")
    } else {
        String::new()
    };
    server.sql(&database, &format!("{own}{}", LIFE.replace("XX", prefix)));
    let project = Project::with_manifest(&manifest(&server, admin, prefix));
    (server, project, database)
}

fn manifest(server: &Server, admin: Admin, prefix: &str) -> String {
    let url = server.url_of(admin);
    format!(
        "version: 1\nproject: {prefix}\nservers:\n  main:\n    url: {url} # ours\n\n# All services.\nservices:\n  {prefix}_crm: {{ database: {prefix}_crm }} # another\n"
    )
}

/// An open session of a login.
struct Session(Child);

impl Session {
    fn open(server: &Server, login: &str, database: &str) -> Session {
        let mut psql = Command::new(psql());
        let port = server.port.to_string();
        psql.args([
            "-X", "-q", "-h", "127.0.0.1", "-p", &port, "-U", login, "-c", "SELECT pg_sleep(600)", database,
        ]);
        let child =
            psql.env("PGPASSWORD", PASSWORD).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let session = Session(child.spawn().unwrap());
        let there = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{login}'");
        until("the session is there", || server.value("postgres", &there) == "1");
        session
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn adopt(project: &Project, prefix: &str, more: &[&str]) -> Done {
    let (service, database) = (format!("{prefix}_shop"), format!("{prefix}_prod"));
    project.run(&[&["adopt", "--service", &service, "--database", &database], more].concat())
}

fn can(server: &Server, login: &str, database: &str, sql: &str) -> Result<(), String> {
    server.sql_as(login, PASSWORD, database, sql).map(|_| ())
}

as_both_admins!(declared_roles_keep_the_privileges_that_they_use, |admin| {
    let prefix = "adp";
    let (server, project, database) = lived_in(admin, prefix);
    let _session = Session::open(&server, "adp_visitor", &database);
    let before = project.read("martydb.yaml");

    // A dry run writes nothing and shows the same.
    let mark = server.log().len();
    let shown = adopt(&project, prefix, &["--dry-run"]).expect(0).stdout;
    assert_eq!(project.read("martydb.yaml"), before);
    for words in [
        "+  adp_shop:\n+    database: adp_prod\n+    schemas: [public, billing]\n+    extensions: [citext, pg_trgm]\n",
        "+    settings:\n+      lock_timeout: \"3s\"\n+    parameters:\n",
        "+      connection_limit: 77\n",
        "work_mem: \"8MB\"",
        "\"adp: no's\":",
        "adp_shop_app gets DELETE, INSERT, SELECT, UPDATE on 4 tables, view public.names",
        "Old owners: adp_old.",
        "adp_biller loses TRUNCATE on table billing.line",
        "adp: no's loses the grant option for SELECT on table public.customer",
        "adp_caller holds EXECUTE on function public.one()",
        "privileges of adp_caller",
        "GRANT CONNECT ON DATABASE \"adp_prod\" TO \"adp_caller\"; GRANT USAGE ON SCHEMA \"public\" TO \"adp_caller\"",
        "PUBLIC loses EXECUTE on 1 function: ",
        "Dry run: ",
    ] {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
    assert!(shown.lines().count() < 150, "{shown}");
    // Nothing was written to the server, and no code of the application ran.
    let writes = ["GRANT ", "REVOKE ", "ALTER ", "CREATE ", "INSERT ", "UPDATE "];
    let log = server.log_since(mark);
    let wrote = |line: &&str| writes.iter().any(|word| line.contains(&format!("statement: {word}")));
    assert_eq!(log.lines().filter(wrote).collect::<Vec<_>>(), Vec::<&str>::new());

    let reported = adopt(&project, prefix, &["-o", "json"]).expect(0).json();
    assert_eq!(reported["written"], true);
    let after = project.read("martydb.yaml");
    assert!(after.starts_with(&before), "{after}");
    let access = |role: &str| {
        let all = reported["access"].as_array().unwrap().iter();
        all.clone().find(|one| one["role"] == role).unwrap_or_else(|| panic!("{role}: {reported:#}")).clone()
    };
    let bi = access("adp_bi");
    assert_eq!(
        (bi["login"].clone(), bi["members"].to_string()),
        (false.into(), "[\"adp_alice\",\"adp_bob\"]".into())
    );
    assert_eq!(bi["read"].to_string(), "[\"adp_shop.public\"]");
    assert_eq!(access("adp_biller")["write"].to_string(), "[\"adp_shop.billing\"]");
    let visitor = access("adp_visitor");
    assert_eq!(
        (visitor["connected"].clone(), visitor["read"].to_string()),
        (true.into(), "[\"adp_shop.public.item\"]".into())
    );
    assert_eq!(reported["access"].as_array().unwrap().len(), 4, "{reported:#}");
    assert_eq!(reported["plan"]["locked_out"].to_string(), "[\"adp_caller\",\"adp_idle\"]");
    let next: Vec<&str> =
        reported["next"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(
        next,
        [
            "martydb apply --service adp_shop -y",
            "martydb baseline --service adp_shop --from-database",
            "martydb verify-isolation"
        ]
    );

    // The next steps are printed in their order.
    project.run(&["apply", "--service", "adp_shop", "-y"]).expect(0);
    project.run(&["plan", "--service", "adp_shop", "--check"]).expect(0);
    if can_dump(&server) {
        let said = project.run(&["baseline", "--service", "adp_shop", "--from-database"]).expect(0).said();
        assert!(said.contains("does not contain the privileges of adp: no's, adp_bi, adp_biller"), "{said}");
        project.run(&["status", "--service", "adp_shop", "--check"]).expect(0);
    }
    // Settings for every session are kept, for the service's own logins too.
    let kept = "SELECT concat_ws(' ', datconnlimit, (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid AND setrole = 0),
                  (SELECT setting FROM pg_db_role_setting, unnest(setconfig) setting WHERE setrole = 'adp_shop_app'::regrole AND setting ~ 'lock'))
                FROM pg_database d WHERE datname = current_database()";
    assert_eq!(server.value(&database, kept), "77 {work_mem=8MB,lock_timeout=3s} lock_timeout=3s");
    for (login, sql) in [
        ("adp_alice", "SELECT item.name FROM item, names JOIN customer ON true"),
        ("adp_bob", "TABLE names"),
        ("adp_biller", "INSERT INTO billing.bill (total) VALUES (1); DELETE FROM billing.line; TABLE item"),
        ("adp_visitor", "TABLE item"),
        ("adp: no's", "TABLE customer"),
        ("adp_old", "INSERT INTO item (name) VALUES ('x'); SELECT one()"),
    ] {
        can(&server, login, &database, sql).unwrap_or_else(|state| panic!("{login}: {sql}: {state}"));
    }
    for (login, sql) in [
        ("adp_alice", "INSERT INTO item (name) VALUES ('no')"),
        ("adp_biller", "TRUNCATE billing.line"),
        ("adp_visitor", "TABLE customer"),
        ("adp_idle", "SELECT 1"),
    ] {
        assert_eq!(can(&server, login, &database, sql), Err("42501".into()), "{login}: {sql}");
    }
    assert_eq!(server.value(&database, "SELECT string_agg(name, ',' ORDER BY id) FROM item"), "kept,x");

    // Of what was declared nothing is reported; the old owner is a member until it is let go.
    let verified =
        project.run(&["verify-isolation", "--service", "adp_shop", "--probes", "none", "-o", "json"]);
    let verified = verified.expect(4).json();
    let grave = verified["findings"].as_array().unwrap().iter().filter(|one| one["severity"] != "low");
    // A limited admin sets no temp_file_limit before 15, which is a finding of the service's own logins.
    let is_other = |role: &&str| role.starts_with("adp") && !role.starts_with("adp_shop_");
    let roles: Vec<&str> = grave.filter_map(|one| one["role"].as_str()).filter(is_other).collect();
    assert_eq!(roles, ["adp_old"], "{verified:#}");
    project.run(&["apply", "--service", "adp_shop", "--prune", "-y"]).expect(0);
    if admin == Admin::Super {
        project.run(&["verify-isolation", "--service", "adp_shop", "--probes", "none"]).expect(0);
    }

    // Again: all of it is there.
    let again = adopt(&project, prefix, &["-o", "json"]).expect(0).json();
    assert_eq!((again["written"].clone(), again["manifest_changes"].clone()), (false.into(), "".into()));
    assert!(again["plan"]["groups"].as_array().unwrap().is_empty(), "{again:#}");
    assert_eq!(project.read("martydb.yaml"), after);
});

#[test]
fn adopt_completes_existing_entries_in_their_own_style() {
    let prefix = "adc";
    let (server, project, database) = lived_in(Admin::Super, prefix);
    server.sql("postgres", "CREATE DATABASE adc_other");
    server.sql("postgres", "CREATE ROLE adc_owners; GRANT adc_owners TO adc_idle");
    server.sql(
        "adc_other",
        "CREATE SCHEMA app AUTHORIZATION adc_owners; SET ROLE adc_owners; CREATE TABLE app.t (id int); CREATE TABLE app.u (id int);
         GRANT USAGE ON SCHEMA app TO adc_bi; GRANT SELECT ON app.t TO adc_bi; GRANT INSERT ON app.u TO adc_biller",
    );
    let text = project.read("martydb.yaml");
    let entry = format!(
        "{text}  adc_shop: {{ database: {database}, connection_limit: {{ app: 7 }} }} # in use\n  adc_two:\n    # The second one.\n    database: adc_other\n"
    );
    project.write("martydb.yaml", &entry);
    project.run(&["adopt", "-s", "adc_shop"]).expect(0);
    let written = project.read("martydb.yaml");
    for words in [
        "  adc_shop: # in use\n    database: adc_prod\n    connection_limit: { app: 7 }\n    schemas: [public, billing]\n",
        "  adc_two:\n    # The second one.\n    database: adc_other\n",
        "  adc_crm: { database: adc_crm } # another\n",
    ] {
        assert!(written.contains(words), "{words}:\n{written}");
    }
    // The same group and login in another database: the reason that was written first is theirs there too.
    project
        .write("martydb.yaml", &written.replace("found in database adc_prod", "found long ago in adc_prod"));
    let reported = project.run(&["adopt", "-s", "adc_two"]).expect(0).stdout;
    assert!(reported.contains("adc_biller holds less on app.u than `write` gives"), "{reported}");
    let written = project.read("martydb.yaml");
    let second = written.split("adc_two:").nth(1).unwrap();
    for words in [
        "schemas: [app]",
        "read: [adc_two.app.t]",
        "write: [adc_two.app.u]",
        "reason: found long ago in adc_prod on ",
        "adc_owners:",
        "members: [adc_idle]",
        "write: [adc_two.app]",
    ] {
        assert!(second.contains(words), "{words}:\n{second}");
    }
    project.run(&["apply", "-s", "adc_shop", "-s", "adc_two", "-y"]).expect(0);
    // A member of the group that owned everything writes on.
    can(&server, "adc_idle", "adc_other", "INSERT INTO app.t VALUES (1)").unwrap();
    can(&server, "adc_alice", "adc_other", "TABLE app.t").unwrap();
    can(&server, "adc_biller", "adc_other", "INSERT INTO app.u VALUES (1)").unwrap();
}

#[test]
fn databases_that_cannot_be_adopted_are_refused_and_nothing_is_written() {
    let (server, project, _) = lived_in(Admin::Super, "adr");
    let text = project.read("martydb.yaml");
    for database in ["adr_shut ALLOW_CONNECTIONS false", "adr_crm", "adr_theirs"] {
        server.sql("postgres", &format!("CREATE DATABASE {database}"));
    }
    server.sql("postgres", "COMMENT ON DATABASE adr_theirs IS 'martydb:another'");
    for (arguments, code, words) in [
        (&["-s", "adr_shop", "--database", "adr_prd"][..], 2, "did you mean \"adr_prod\"?"),
        (&["-s", "adr_shop"], 2, "has no database \"adr_shop\""),
        (&["-s", "adr_shop", "--database", "adr_shut"], 1, "accepts no connections"),
        (&["-s", "adr_shop", "--database", "adr_theirs"], 2, "belongs to another manifest"),
        (&["-s", "adr_shop", "--database", "adr_crm"], 2, "adr_crm"),
        (&["-s", "adr_shop", "--database", "postgres"], 2, "belongs to the server itself"),
        (&["-s", "adr_crm", "--database", "adr_prod"], 2, "is declared with another database"),
        (&["-s", "adr_crm", "--server", "two"], 2, "unknown server \"two\""),
        (&["-s", "Adr"], 2, "must begin with a lowercase letter"),
        (&["--database", "adr_prod"], 2, "no service given"),
    ] {
        let done = project.run(&[&["adopt"], arguments].concat()).expect(code);
        assert!(done.stderr.contains(words), "{arguments:?}: {}", done.stderr);
        assert_eq!(project.read("martydb.yaml"), text);
    }
    let failed = project.json(&["adopt", "-s", "adr_shop"], 2);
    assert_eq!(
        (failed["error"]["kind"].clone(), failed["error"]["exit_code"].clone()),
        ("usage".into(), failed["error"]["exit_code"].clone())
    );
    // A form that cannot be changed safely: the lines to write by hand, and the file as it was.
    let flow = text.replace(
        "services:\n  adr_crm: { database: adr_crm } # another\n",
        "services: {\n  adr_crm: { database: adr_crm } }\n",
    );
    assert!(flow.contains("services: {"));
    project.write("martydb.yaml", &flow);
    let done = project.run(&["adopt", "-s", "adr_shop", "--database", "adr_prod"]).expect(2);
    assert!(
        done.stderr.contains("nothing was written") && done.stderr.contains("adr_shop:"),
        "{}",
        done.stderr
    );
    assert_eq!(project.read("martydb.yaml"), flow);
}

#[test]
fn a_database_that_the_admin_may_not_enter_is_named_with_the_grant() {
    let server = Server::for_admin(Admin::Limited);
    server.sql("postgres", "CREATE DATABASE adl_prod");
    server.sql("postgres", "REVOKE CONNECT ON DATABASE adl_prod FROM PUBLIC");
    let project = Project::with_manifest(&manifest(&server, Admin::Limited, "adl"));
    let done = project.run(&["adopt", "-s", "adl_shop", "--database", "adl_prod"]).expect(1);
    assert!(done.stderr.contains("adm may not connect to database adl_prod"), "{}", done.stderr);
    assert!(done.stderr.contains("GRANT CONNECT ON DATABASE \"adl_prod\" TO \"adm\""), "{}", done.stderr);
}

#[test]
fn adopting_a_managed_database_adds_only_new_roles() {
    let server = Server::start();
    let project = Project::new(&server, "adm");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let reported = project.json(&["adopt", "-s", "adm_a"], 0);
    assert_eq!(
        (reported["written"].clone(), reported["next"].to_string()),
        (false.into(), "[\"martydb verify-isolation\"]".into())
    );
    // The manifest's comment on a database is below the marker in its comment.
    let marker =
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()";
    let marker = server.value("adm_a", marker);
    assert!(marker.starts_with("martydb:"), "{marker}");
    server.sql("postgres", &format!("COMMENT ON DATABASE adm_a IS E'{marker}\\nthe shop'"));
    server.sql("postgres", "CREATE ROLE adm_late LOGIN; GRANT CONNECT ON DATABASE adm_a TO adm_late");
    let reported = project.json(&["adopt", "-s", "adm_a"], 0);
    assert_eq!(
        (reported["written"].clone(), reported["access"][0]["connect"].to_string()),
        (true.into(), "[\"adm_a\"]".into())
    );
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
}
