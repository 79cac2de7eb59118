//! One test per promise that provisioning makes.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::{Admin, Project, Server, as_both_admins, until};

/// A server and two provisioned services `<prefix>_a` and `<prefix>_b`.
fn provisioned(admin: Admin, prefix: &str) -> (Server, Project) {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, admin, prefix);
    project.run(&["apply", "--all", "-y"]).expect(0);
    (server, project)
}

/// The same without a second admin, who would be a finding by itself.
fn provisioned_alone(admin: Admin, prefix: &str) -> (Server, Project) {
    let server = Server::for_admin(admin);
    let project = Project::new_as(&server, admin, prefix);
    project.run(&["apply", "--all", "-y"]).expect(0);
    (server, project)
}

/// Runs SQL as a service's login, which must succeed.
fn login(server: &Server, project: &Project, role: &str, database: &str, sql: &str) -> Vec<Vec<String>> {
    let done = server.sql_as(role, &project.password(role), database, sql);
    done.unwrap_or_else(|state| panic!("{role} in {database}: {sql}: {state}"))
}

fn refused(server: &Server, project: &Project, role: &str, database: &str, sql: &str) {
    let done = server.sql_as(role, &project.password(role), database, sql);
    assert_eq!(done, Err("42501".into()), "{role} in {database}: {sql}");
}

/// Before 15 the limited admin cannot close `public`, and says so.
fn public_stays_open(server: &Server, admin: Admin) -> bool {
    admin == Admin::Limited && server.major() < 15
}

/// `verify-isolation` of a sound server: a limited admin cannot close the maintenance databases, which is a finding.
fn clean(admin: Admin) -> i32 {
    if admin == Admin::Limited { 4 } else { 0 }
}

/// Returns the findings of `verify-isolation`, one line each.
fn findings(document: &Value) -> Vec<String> {
    let all = document["findings"].as_array().unwrap().iter();
    let line = |one: &Value| {
        let keys = ["severity", "id", "service", "role", "object", "evidence"];
        keys.map(|key| one[key].as_str().unwrap_or("-").to_owned()).join(" ")
    };
    all.map(line).collect()
}

fn reasons(document: &Value, key: &str) -> Vec<String> {
    let all = document[key].as_array().unwrap().iter();
    let text = |one: &Value| {
        ["object", "reason", "sql"].map(|field| one[field].as_str().unwrap_or_default()).join(" | ")
    };
    all.map(text).collect()
}

const WRITES: [&str; 7] = ["CREATE ", "ALTER ", "GRANT ", "REVOKE ", "COMMENT ", "DROP ", "BEGIN"];

as_both_admins!(s01_a_second_apply_sends_no_ddl, |admin| {
    let (server, project) = provisioned(admin, "twice");
    let mark = server.log().len();
    project.run(&["apply", "--all"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    let log = server.log_since(mark);
    for word in WRITES {
        assert!(!log.contains(&format!("statement: {word}")), "{word} in {log}");
    }
});

const DRIFTS: &[(&str, &str, &str)] = &[
    // Database, statement, and the text that must name the drift.
    ("d_a", "GRANT CONNECT ON DATABASE d_a TO PUBLIC", "PUBLIC holds CONNECT on database d_a"),
    (
        "d_a",
        "CREATE ROLE unmanaged LOGIN; GRANT SELECT ON item TO unmanaged",
        "unmanaged holds SELECT on table public.item",
    ),
    ("d_a", "ALTER ROLE d_a_app CREATEDB", "role d_a_app | set NOCREATEDB"),
    ("d_a", "GRANT d_a_owner TO d_b_app", "d_b_app is a member of d_a_owner"),
    ("d_a", "ALTER TABLE other OWNER TO d_b_app", "table public.other | change owner from d_b_app"),
    (
        "d_a",
        "ALTER DEFAULT PRIVILEGES FOR ROLE d_a_owner REVOKE SELECT ON TABLES FROM d_a_ro",
        "grant SELECT to d_a_ro on future tables of d_a_owner",
    ),
    ("d_a", "GRANT UPDATE (name) ON item TO d_a_ro", "d_a_ro holds UPDATE on column public.item.name"),
    (
        "d_a",
        "GRANT SELECT ON item TO d_a_app WITH GRANT OPTION; SET ROLE d_a_app; GRANT SELECT ON item TO d_b_ro",
        "d_b_ro holds SELECT on table public.item, granted by d_a_app",
    ),
];

as_both_admins!(s02_eight_drifts_are_named_and_repaired, |admin| {
    let (server, project) = provisioned(admin, "d");
    let sql = "CREATE TABLE item (id int, name text); CREATE TABLE other (id int)";
    login(&server, &project, "d_a_migrator", "d_a", sql);
    project.run(&["plan", "--check"]).expect(0);
    for (database, sql, _) in DRIFTS {
        server.sql(database, sql);
    }
    let plan = project.json(&["plan", "--check"], 3);
    let mut named = reasons(&plan, "changes");
    named.extend(reasons(&plan, "prunable"));
    let limits: Vec<String> = plan["limits"].as_array().unwrap().iter().map(ToString::to_string).collect();
    for (_, sql, expected) in DRIFTS {
        let listed = named.iter().any(|line| line.contains(expected));
        // From 16 on only a superuser can take back what another superuser granted.
        let limited = admin == Admin::Limited && limits.iter().any(|limit| limit.contains("d_b_app"));
        assert!(listed || limited, "{sql}: {expected} not in {named:#?} {limits:#?}");
    }
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    // Drift is 3, a wrong flag 2, a server that does not answer 5.
    project.run(&["plan", "--no-such-flag"]).expect(2);
    let mut unreachable = project.command(&["plan", "--check"]);
    unreachable.env("PGPASSWORD", "wrong");
    let _said = project.finish(unreachable).expect(5);
});

as_both_admins!(s03_a_null_acl_is_drift_and_repaired, |admin| {
    let (server, project) = provisioned(admin, "n");
    server.sql("postgres", "UPDATE pg_database SET datacl = NULL WHERE datname = 'n_a'");
    let plan = project.json(&["plan", "--check"], 3);
    let named = reasons(&plan, "changes");
    assert!(named.iter().any(|line| line.contains("PUBLIC holds CONNECT, TEMPORARY")), "{named:#?}");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    refused(&server, &project, "n_b_app", "n_a", "SELECT 1");
    login(&server, &project, "n_a_app", "n_a", "SELECT 1");
});

as_both_admins!(s04_every_login_is_refused_at_every_other_database, |admin| {
    let (server, project) = provisioned(admin, "m");
    for (service, foreign) in [("m_a", "m_b"), ("m_b", "m_a")] {
        for kind in ["migrator", "app", "ro"] {
            let role = format!("{service}_{kind}");
            login(&server, &project, &role, service, "SELECT 1");
            refused(&server, &project, &role, foreign, "SELECT 1");
            for room in ["postgres", "template1"] {
                match admin {
                    Admin::Super => refused(&server, &project, &role, room, "SELECT 1"),
                    // A named limit; verify-isolation makes a finding of it.
                    Admin::Limited => drop(login(&server, &project, &role, room, "SELECT 1")),
                }
            }
        }
    }
    let limits = project.json(&["plan"], 0)["limits"].to_string();
    assert_eq!(limits.contains("close database template1"), admin == Admin::Limited, "{limits}");
});

as_both_admins!(s05_a_session_from_before_the_revoke_fails_verify_by_its_pid, |admin| {
    let (server, project) = provisioned_alone(admin, "e");
    server.sql("postgres", "GRANT CONNECT ON DATABASE e_a TO e_b_app");
    let password = project.password("e_b_app");
    std::thread::scope(|scope| {
        let session = scope.spawn(|| server.sql_as("e_b_app", &password, "e_a", "SELECT pg_sleep(120)"));
        let pid = || server.value("postgres", "SELECT pid FROM pg_stat_activity WHERE usename = 'e_b_app'");
        until("the session is there", || !pid().is_empty());
        let pid = pid();
        project.run(&["apply", "--all", "-y"]).expect(0);
        project.run(&["plan", "--check"]).expect(0);
        let result = project.json(&["verify-isolation"], 4);
        let found = findings(&result);
        let named = format!("high session-outlived-revoke e_a e_b_app session {pid} pid {pid} of e_b_app");
        assert!(found.iter().any(|line| line.starts_with(&named)), "{named} not in {found:#?}");
        server.sql("postgres", &format!("SELECT pg_terminate_backend({pid})"));
        assert_eq!(session.join().unwrap(), Err("57P01".into()));
    });
    let after = findings(&project.json(&["verify-isolation"], clean(admin)));
    assert!(!after.iter().any(|line| line.contains("outlived")), "{after:#?}");
});

as_both_admins!(s06_a_table_of_the_migrator_belongs_to_the_owner_and_is_usable_at_once, |admin| {
    let (server, project) = provisioned(admin, "t");
    login(&server, &project, "t_a_migrator", "t_a", "CREATE TABLE item (id serial, name text)");
    assert_eq!(
        server.value("t_a", "SELECT relowner::regrole FROM pg_class WHERE relname = 'item'"),
        "t_a_owner"
    );
    login(&server, &project, "t_a_app", "t_a", "INSERT INTO item (name) VALUES ('x')");
    assert_eq!(login(&server, &project, "t_a_ro", "t_a", "SELECT name FROM item"), [["x"]]);
    project.run(&["plan", "--check"]).expect(0);
});

as_both_admins!(s07_app_runs_no_ddl_and_readonly_writes_nothing, |admin| {
    let (server, project) = provisioned(admin, "r");
    login(&server, &project, "r_a_migrator", "r_a", "CREATE TABLE item (id serial, name text)");
    let open = public_stays_open(&server, admin);
    for sql in ["ALTER TABLE item ADD x int", "DROP TABLE item", "TRUNCATE item", "CREATE SCHEMA s"] {
        refused(&server, &project, "r_a_app", "r_a", sql);
    }
    for sql in [
        "INSERT INTO item (name) VALUES ('x')",
        "SELECT nextval('item_id_seq')",
        "CREATE TEMP TABLE t (x int)",
    ] {
        refused(&server, &project, "r_a_ro", "r_a", sql);
    }
    for role in ["r_a_app", "r_a_ro"] {
        let made =
            server.sql_as(role, &project.password(role), "r_a", &format!("CREATE TABLE {role} (x int)"));
        assert_eq!(made.is_ok(), open, "{made:?}");
    }
    login(&server, &project, "r_a_app", "r_a", "CREATE TEMP TABLE t (x int)");
});

as_both_admins!(s08_a_function_of_the_migrator_is_closed_to_public, |admin| {
    let (server, project) = provisioned(admin, "f");
    let sql = "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'";
    login(&server, &project, "f_a_migrator", "f_a", sql);
    let acl = server.value("f_a", "SELECT proacl::text FROM pg_proc WHERE proname = 'one'");
    assert!(!acl.contains("{=X") && !acl.contains(",=X"), "{acl}");
    login(&server, &project, "f_a_app", "f_a", "SELECT one()");
    refused(&server, &project, "f_a_ro", "f_a", "SELECT one()");
});

#[test]
fn s09_before_15_a_limited_admin_names_the_open_public_schema() {
    let (server, project) = provisioned(Admin::Limited, "o");
    let limits = project.json(&["apply", "--all"], 0)["limits"].clone();
    let named = |limit: &&Value| limit["what"].as_str().unwrap().contains("schema public of database o_a");
    let found = limits.as_array().unwrap().iter().find(named);
    assert_eq!(found.is_some(), server.major() < 15, "{limits:#}");
    let Some(limit) = found else { return };
    assert!(
        limit["grant"].as_str().unwrap().contains("REVOKE CREATE, USAGE ON SCHEMA \"public\" FROM PUBLIC")
    );
    // The requested grant suffices.
    server.sql("o_a", query(limit));
    let limits = project.json(&["plan", "--check"], 0)["limits"].clone();
    assert!(!limits.as_array().unwrap().iter().any(|limit| named(&limit)), "{limits:#}");
}

/// The statements of a limit that a DBA runs inside the service's database.
fn query(limit: &Value) -> &str {
    limit["grant"].as_str().unwrap().split_once(": ").unwrap().1
}

#[test]
fn s09_an_open_public_schema_fails_verify() {
    let server = Server::start_with(&["temp_file_limit=1GB"]);
    server.add_limited_admin();
    let project = Project::new_as(&server, Admin::Limited, "o");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let open = |document: &Value| -> Vec<String> {
        findings(document).into_iter().filter(|line| line.contains("schema public")).collect()
    };
    // With everything else closed by a DBA, only this decides.
    server.sql("postgres", "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC");
    server.sql("postgres", "GRANT CONNECT ON DATABASE postgres TO adm");
    let before_15 = server.major() < 15;
    let result = project.json(&["verify-isolation"], if before_15 { 4 } else { 0 });
    let found = open(&result);
    for service in ["o_a", "o_b"] {
        let named = format!("high public-privilege {service} PUBLIC");
        assert_eq!(found.iter().any(|line| line.starts_with(&named)), before_15, "{result:#}");
    }
    if before_15 {
        let said = project.run(&["verify-isolation"]).expect(4).stdout;
        assert!(said.contains("public-privilege"), "{said}");
        for limit in project.json(&["plan"], 0)["limits"].as_array().unwrap() {
            let what = limit["what"].as_str().unwrap();
            if let Some((_, database)) = what.split_once("schema public of database ") {
                server.sql(database, query(limit));
            }
        }
        assert_eq!(open(&project.json(&["verify-isolation"], 0)), Vec::<String>::new());
    }
}

as_both_admins!(s11_a_predefined_role_fails_verify, |admin| {
    let (server, project) = provisioned_alone(admin, "h");
    let role = "pg_read_all_data";
    if server.major() < 14 {
        // It came with 14.
        let none = format!("SELECT count(*) FROM pg_roles WHERE rolname = '{role}'");
        assert_eq!(server.value("postgres", &none), "0");
        return;
    }
    server.sql("postgres", &format!("GRANT {role} TO h_b_app"));
    let found = findings(&project.json(&["verify-isolation"], 4));
    let named = |line: &String| line.starts_with("high predefined-role h_b h_b_app") && line.contains(role);
    assert!(found.iter().any(named), "{found:#?}");
    server.sql("postgres", &format!("REVOKE {role} FROM h_b_app"));
    let after = findings(&project.json(&["verify-isolation"], clean(admin)));
    assert!(!after.iter().any(named), "{after:#?}");
});

as_both_admins!(s12_a_delegates_grant_is_gone_after_apply, |admin| {
    let (server, project) = provisioned(admin, "g");
    login(&server, &project, "g_a_migrator", "g_a", "CREATE TABLE item (id int)");
    server.sql("g_a", "GRANT USAGE ON SCHEMA public TO g_b_ro; GRANT SELECT ON item TO g_a_app WITH GRANT OPTION; SET ROLE g_a_app; GRANT SELECT ON item TO g_b_ro WITH GRANT OPTION; SET ROLE g_b_ro; GRANT SELECT ON item TO g_b_app");
    let held = |role: &str| {
        server.value("g_a", &format!("SELECT has_table_privilege('{role}', 'item', 'SELECT')::text"))
    };
    assert_eq!(held("g_b_app"), "true");
    project.run(&["apply", "--all"]).expect(0);
    assert_eq!((held("g_b_app"), held("g_b_ro")), ("false".into(), "false".into()));
    assert_eq!(held("g_a_app"), "true");
    project.run(&["plan", "--check"]).expect(0);
});

as_both_admins!(s13_apply_reads_no_password_table_and_names_no_unchanged_attribute, |admin| {
    let (server, project) = provisioned(admin, "q");
    server.sql("postgres", "ALTER ROLE q_a_app CREATEDB");
    let mark = server.log().len();
    project.run(&["apply", "--all"]).expect(0);
    let log = server.log_since(mark);
    assert!(log.contains("ALTER ROLE \"q_a_app\" NOCREATEDB"), "{log}");
    let all = server.log();
    for word in ["NOSUPERUSER", "NOREPLICATION", "NOBYPASSRLS", "pg_shadow"] {
        assert!(!all.contains(word), "{word}");
    }
    // A superuser compares digests; no other admin reads the table, and no run reads a verifier.
    let read = all.contains("FROM pg_authid") || all.contains("FROM pg_catalog.pg_authid");
    assert_eq!(read, admin == Admin::Super);
    assert!(!all.contains("SELECT rolpassword"));
});

as_both_admins!(s14_the_admin_keeps_no_membership, |admin| {
    let (server, _project) = provisioned(admin, "k");
    let sql = match server.major() {
        16.. => {
            "SELECT count(*) FROM pg_auth_members WHERE member IN ('adm'::regrole, 'postgres'::regrole) AND (inherit_option OR set_option)"
        }
        _ => "SELECT count(*) FROM pg_auth_members WHERE member IN ('adm'::regrole, 'postgres'::regrole)",
    };
    assert_eq!(server.value("postgres", sql), "0");
});

#[test]
fn s14_the_admin_keeps_no_membership_that_the_server_adds() {
    let server = Server::with_both_admins();
    if server.major() < 16 {
        let none = "SELECT count(*) FROM pg_settings WHERE name = 'createrole_self_grant'";
        assert_eq!(server.value("postgres", none), "0");
        return;
    }
    server.sql("postgres", "ALTER ROLE adm SET createrole_self_grant = 'inherit, set'");
    let project = Project::new_as(&server, Admin::Limited, "k");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let sql = "SELECT count(*) FROM pg_auth_members WHERE member = 'adm'::regrole AND (inherit_option OR set_option)";
    assert_eq!(server.value("postgres", sql), "0");
    project.run(&["plan", "--check"]).expect(0);
}

as_both_admins!(s17_no_password_reaches_the_servers_log, |admin| {
    let (server, project) = provisioned(admin, "l");
    // A run whose statements fail is logged as well.
    let text =
        project.read("martydb.yaml").replace("  l_b:\n", "  l_b:\n  l_c: { settings: { work_mem: much } }\n");
    project.write("martydb.yaml", &text);
    let failed = project.run(&["apply", "--all", "-y"]).expect(1);
    assert!(failed.stderr.contains("work_mem") || failed.stdout.contains("work_mem"), "{failed:?}");
    let log = server.log();
    assert!(log.contains("SCRAM-SHA-256$"), "the log shows statements");
    for password in project.passwords() {
        assert!(
            !log.contains(&password)
                && !failed.stdout.contains(&password)
                && !failed.stderr.contains(&password)
        );
    }
});

as_both_admins!(s18_a_password_beyond_ascii_logs_in, |admin| {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, admin, "u");
    // SASLprep makes the ligature "fi" and the no-break space a space.
    let password = "p\u{e4}\u{df}w\u{f6}rt \u{fb01}\u{a0}x";
    project.write(".martydb/secrets/development.yaml", &format!("main:\n  u_a_app: \"{password}\"\n"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    login(&server, &project, "u_a_app", "u_a", "SELECT 1");
    let stored = server.value("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'u_a_app'");
    assert!(stored.starts_with("SCRAM-SHA-256$"), "{stored}");
    project.run(&["plan", "--check", "--check-logins"]).expect(0);
});

as_both_admins!(s19_a_changed_password_is_found_by_logging_in, |admin| {
    let (server, project) = provisioned(admin, "p");
    let xmin = || {
        server.value("postgres", "SELECT string_agg(rolname || xmin::text, ',' ORDER BY oid) FROM pg_authid")
    };
    let before = xmin();
    project.run(&["apply", "--all"]).expect(0);
    assert_eq!(before, xmin());
    server.sql("postgres", "ALTER ROLE p_a_app PASSWORD 'by hand'");
    // A reader of pg_authid needs no login for that.
    project.run(&["plan", "--check"]).expect(if admin == Admin::Limited { 0 } else { 3 });
    let plan = project.json(&["plan", "--check", "--check-logins"], 3);
    assert_eq!(plan["changes"].as_array().unwrap().len(), 1, "{plan:#}");
    assert_eq!(plan["changes"][0]["object"], "role p_a_app");
    assert_eq!(plan["changes"][0]["risk"], "caution");
    let sql = plan["changes"][0]["sql"].as_str().unwrap();
    // The comment says when it is set.
    assert!(
        sql.starts_with("ALTER ROLE \"p_a_app\" PASSWORD '<secret>';\nCOMMENT ON ROLE \"p_a_app\" IS "),
        "{sql}"
    );
    project.run(&["apply", "--all", "--check-logins", "-y"]).expect(0);
    project.run(&["plan", "--check", "--check-logins"]).expect(0);
});

#[test]
fn s19_a_stored_verifier_is_compared_with_the_secret_store() {
    let (server, project) = provisioned(Admin::Super, "k");
    project.run(&["rotate", "--service", "k_b", "--role", "app", "--overlap"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    let cases = [
        (
            "k_a_ro",
            "SET password_encryption = 'scram-sha-256'; ALTER ROLE k_a_ro PASSWORD 'x'",
            "rejects the stored password",
        ),
        ("k_a_app", "ALTER ROLE k_a_app PASSWORD NULL", "has no password"),
        ("k_a_migrator", "SET password_encryption = 'md5'; ALTER ROLE k_a_migrator PASSWORD 'x'", "as MD5"),
        // The second login is the one in use; the first one's password is not checked until its turn.
        (
            "k_b_app_b",
            "ALTER ROLE k_b_app PASSWORD 'x'; ALTER ROLE k_b_app_b PASSWORD 'x'",
            "rejects the stored password",
        ),
    ];
    for (role, harm, why) in cases {
        server.sql("postgres", harm);
        let plan = project.json(&["plan", "--check"], 3);
        assert_eq!(plan["changes"].as_array().unwrap().len(), 1, "{plan:#}");
        assert_eq!(plan["changes"][0]["object"], format!("role {role}"));
        assert!(plan["changes"][0]["reason"].as_str().unwrap().contains(why), "{plan:#}");
        let before = project.read(".martydb/secrets/development.yaml");
        project.run(&["apply", "--all", "-y"]).expect(0);
        assert_eq!(before, project.read(".martydb/secrets/development.yaml"), "no login gets a new password");
        login(&server, &project, role, &role[..3], "SELECT 1");
        project.run(&["plan", "--check", "--check-logins"]).expect(0);
    }
}

as_both_admins!(s21_secrets_are_private_and_nothing_prints_them, |admin| {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, admin, "v");
    let mut said = String::new();
    for arguments in [
        &["apply", "--all", "-y", "-vv"] as &[&str],
        &["plan", "-o", "json"],
        &["plan", "--check-logins", "-vv"],
        &["doctor", "-o", "json"],
    ] {
        let done = project.run(arguments).expect(0);
        said += &(done.stdout + &done.stderr);
    }
    for password in project.passwords() {
        assert!(!said.contains(&password));
    }
    let mode =
        |name: &str| std::fs::metadata(project.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(".martydb/secrets/development.yaml"), 0o600);
    assert_eq!(mode(".martydb/secrets"), 0o700);
});

as_both_admins!(s23_a_removed_service_stays_until_prune, |admin| {
    let (server, project) = provisioned(admin, "x");
    // A role of the removed service owns an object in the remaining database, and holds privileges there.
    login(&server, &project, "x_a_migrator", "x_a", "CREATE TABLE kept (id int)");
    server.sql("x_a", "CREATE TABLE theirs (id int); ALTER TABLE theirs OWNER TO x_b_app; GRANT SELECT ON kept TO x_b_ro; GRANT CONNECT ON DATABASE x_a TO x_b_ro");
    let text = project.read("martydb.yaml").replace("  x_b:\n", "");
    project.write("martydb.yaml", &text);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let there = || {
        server.value("postgres", "SELECT (SELECT count(*) FROM pg_roles WHERE rolname LIKE 'x\\_b%')::text || (SELECT count(*) FROM pg_database WHERE datname = 'x_b')")
    };
    assert_eq!(there(), "41");
    let plan = project.json(&["plan", "--check"], 0);
    let listed = reasons(&plan, "prunable").join("\n");
    assert!(listed.contains("DROP DATABASE") && listed.contains("DROP ROLE"), "{listed}");
    project.run(&["apply", "--all", "--prune"]).expect(2);
    assert_eq!(there(), "41");
    project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    assert_eq!(there(), "00");
    assert_eq!(server.value("x_a", "SELECT count(*) FROM pg_class WHERE relname IN ('theirs', 'kept')"), "2");
    project.run(&["plan", "--check"]).expect(0);
});

as_both_admins!(s23_pruning_a_service_equals_dropping_it, |admin| {
    let (server, project) = provisioned(admin, "y");
    project.run(&["rotate", "--service", "y_b", "--overlap"]).expect(0);
    server.sql("postgres", "CREATE DATABASE y_archive OWNER y_b_owner");
    server.sql("postgres", "CREATE DATABASE elsewhere");
    server.sql("elsewhere", "CREATE TABLE kept (id int); ALTER TABLE kept OWNER TO y_b_owner");
    server.sql("y_a", "CREATE TABLE theirs (id int); ALTER TABLE theirs OWNER TO y_b_app");
    server.sql("y_a", "SET ROLE y_a_owner; CREATE TABLE lent (id int); GRANT SELECT ON lent TO y_b_ro");
    let text = project.read("martydb.yaml").replace("  y_b:\n", "");
    let password = project.password("y_b_app_b");
    std::thread::scope(|scope| {
        let inside = scope.spawn(|| server.sql_as("y_b_app_b", &password, "y_b", "SELECT pg_sleep(120)"));
        let there = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'y_b_app_b'";
        until("the session is there", || server.value("postgres", there) != "0");
        project.write("martydb.yaml", &text);
        let listed = reasons(&project.json(&["plan"], 0), "prunable").join("\n");
        for part in
            ["NOLOGIN", "pg_terminate_backend", "DROP DATABASE", "REASSIGN OWNED", "DROP OWNED", "DROP ROLE"]
        {
            assert!(listed.contains(part), "{part}: {listed}");
        }
        project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
        assert_eq!(inside.join().unwrap(), Err("57P01".into()));
    });
    let left = "SELECT (SELECT count(*) FROM pg_roles WHERE rolname LIKE 'y\\_b%')::text || (SELECT count(*) FROM pg_database WHERE datname = 'y_b')";
    assert_eq!(server.value("postgres", left), "00");
    let owner = |database: &str, table: &str| {
        server.value(database, &format!("SELECT relowner::regrole FROM pg_class WHERE relname = '{table}'"))
    };
    assert_eq!(owner("elsewhere", "kept"), "y_orphans");
    assert_eq!(owner("y_a", "theirs"), "y_a_owner");
    let archive = "SELECT datdba::regrole FROM pg_database WHERE datname = 'y_archive'";
    assert_eq!(server.value("postgres", archive), "y_orphans");
    project.run(&["plan", "--check"]).expect(0);
    let borrowed = match server.major() {
        16.. => {
            "SELECT count(*) FROM pg_auth_members WHERE member = 'adm'::regrole AND (inherit_option OR set_option)"
        }
        _ => "SELECT count(*) FROM pg_auth_members WHERE member = 'adm'::regrole",
    };
    assert_eq!(server.value("postgres", borrowed), "0");
});

as_both_admins!(s24_an_unreachable_server_does_not_stop_the_others, |admin| {
    let server = Server::with_both_admins();
    let mut down = Server::with_both_admins();
    down.crash();
    let manifest = format!(
        "version: 1\nproject: two\nservers:\n  up: {{ url: \"{}\", password_env: DB_PASSWORD }}\n  down: {{ url: \"{}\", password_env: DB_PASSWORD }}\nservices:\n  here: {{ server: up }}\n  there: {{ server: down }}\n",
        server.url_of(admin),
        down.url_of(admin)
    );
    let project = Project::with_manifest(&manifest);
    let done = project.run(&["apply", "--all", "-y"]).expect(5);
    for word in ["here", "there", "provisioned", "skipped"] {
        assert!(done.stdout.contains(word), "{done:?}");
    }
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'here'"), "1");
    let document = project.json(&["plan"], 5);
    assert_eq!(document["errors"][0]["server"], "down");
});

as_both_admins!(s25_few_connections_are_enough_for_many_services, |admin| {
    let server = Server::start_with(&["max_connections=12"]);
    many(&server, admin, 30);
});

mod s25_twenty_connections_are_enough_for_a_hundred_services {
    use super::*;

    #[test]
    #[ignore = "a minute: scripts/test --all-majors"]
    fn as_superuser() {
        many(&Server::start_with(&["max_connections=20"]), Admin::Super, 100);
    }

    #[test]
    #[ignore = "a minute: scripts/test --all-majors"]
    fn as_limited_admin() {
        many(&Server::start_with(&["max_connections=20"]), Admin::Limited, 100);
    }
}

fn many(server: &Server, admin: Admin, count: usize) {
    server.add_limited_admin();
    let services: String = (0..count).map(|n| format!("  s{n}:\n")).collect();
    let url = server.url_of(admin);
    let text = format!("version: 1\nproject: many\nservers:\n  main:\n    url: {url}\nservices:\n{services}");
    let project = Project::with_manifest(&text);
    project.run(&["apply", "--all", "-y", "-j", "16"]).expect(0);
    project.run(&["plan", "--check", "-j", "16"]).expect(0);
}
