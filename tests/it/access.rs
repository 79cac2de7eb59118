//! Further roles that the manifest declares: made or taken over, held to what it says, and no way to anything else.

use crate::support::{Admin, Project, Server, as_both_admins};

const ROWS: &str = "INSERT INTO item (name) VALUES ('one')";

/// A project with two services, and this under `access:`.
fn with(server: &Server, admin: Admin, prefix: &str, access: &str) -> Project {
    let project = Project::new_as(server, admin, prefix);
    project.write("martydb.yaml", &format!("{}access:\n{access}", project.read("martydb.yaml")));
    project
}

fn ready(project: &Project) {
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
}

/// Returns the number of findings about a role, without the limits of another admin, which are findings of their own.
fn findings(project: &Project, admin: Admin, role: &str, grave: bool) -> usize {
    let done = project.run(&["verify-isolation", "--probes", "none", "-o", "json"]);
    let code = if grave || admin == Admin::Limited { 4 } else { 0 };
    let found = done.expect(code).json();
    let all = found["findings"].as_array().unwrap().iter();
    all.filter(|one| one["role"] == role && one["severity"] != "low").count()
}

fn edit(project: &Project, from: &str, to: &str) {
    let manifest = project.read("martydb.yaml");
    assert!(manifest.contains(from), "{manifest}");
    project.write("martydb.yaml", &manifest.replace(from, to));
}

/// Returns `true` if the login can execute the statement, with its password from the store.
fn may(server: &Server, project: &Project, login: &str, database: &str, sql: &str) -> bool {
    server.sql_as(login, &project.password(login), database, sql).is_ok()
}

as_both_admins!(a_reporting_login_reads_only_declared_tables, |admin| {
    let server = Server::for_admin(admin);
    let project = with(
        &server,
        admin,
        "acr",
        "  acr_bi: { login: true, read: [acr_a, acr_b.public.item], reason: reports }\n",
    );
    ready(&project);
    // A table can be opened only when it is there.
    assert!(!may(&server, &project, "acr_bi", "acr_b", "TABLE item"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    for database in ["acr_a", "acr_b"] {
        assert!(may(&server, &project, "acr_bi", database, "TABLE item"));
        assert!(!may(&server, &project, "acr_bi", database, ROWS));
        // Before 15 a limited admin cannot close the schema public.
        let open = server.major() < 15 && admin == Admin::Limited;
        assert!(open || !may(&server, &project, "acr_bi", database, "CREATE TABLE mine (i int)"));
        assert!(!may(&server, &project, "acr_bi", database, "TABLE martydb.refinery_schema_history"));
        assert!(!may(&server, &project, "acr_bi", database, "CREATE TEMPORARY TABLE mine (i int)"));
    }
    // Tables of later migrations are readable only if the whole service is declared.
    for service in ["acr_a", "acr_b"] {
        project.write(&format!("{service}/migrations/V3__late.sql"), "CREATE TABLE late (i int);\n");
    }
    project.run(&["upgrade", "--all"]).expect(0);
    assert!(may(&server, &project, "acr_bi", "acr_a", "TABLE late"));
    assert!(!may(&server, &project, "acr_bi", "acr_b", "TABLE late"));
    project.run(&["plan", "--check"]).expect(0);
    // Both databases are its own in the matrix, and all others closed.
    let found = project.json(&["verify-isolation"], if admin == Admin::Limited { 4 } else { 0 });
    let cells: Vec<String> = found["matrix"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|cell| cell["role"] == "acr_bi")
        .map(|cell| format!("{} {}", cell["database"].as_str().unwrap(), cell["outcome"].as_str().unwrap()))
        .collect();
    // A limited admin cannot close the other two.
    let others = if admin == Admin::Limited { "breach" } else { "denied" };
    let others = ["postgres", "template1"].map(|name| format!("{name} {others}"));
    assert_eq!(cells, [&["acr_a allowed".to_owned()], &others[..]].concat());
    let rows = project.run(&["test-connections"]).expect(0).stdout;
    assert!(rows.contains("acr_bi"), "{rows}");
    let url = project.run(&["url", "-s", "acr_b", "--access", "acr_bi"]).expect(0).stdout;
    assert!(
        url.contains(&format!("//acr_bi:{}@", project.password("acr_bi"))) && url.contains("/acr_b"),
        "{url}"
    );
});

as_both_admins!(undeclared_privileges_are_drift_and_a_finding, |admin| {
    let server = Server::for_admin(admin);
    let project = with(&server, admin, "acb", "  acb_bi: { login: true, read: [acb_a], reason: reports }\n");
    ready(&project);
    assert_eq!(findings(&project, admin, "acb_bi", false), 0);
    for (sql, database) in [
        ("GRANT INSERT ON item TO acb_bi", "acb_a"),
        ("GRANT SELECT ON item TO acb_bi WITH GRANT OPTION", "acb_a"),
        ("GRANT SELECT ON martydb.refinery_schema_history TO acb_bi", "acb_a"),
        ("GRANT CONNECT ON DATABASE acb_b TO acb_bi", "acb_b"),
        ("GRANT acb_a_app TO acb_bi", "acb_a"),
        ("REVOKE SELECT ON item FROM acb_bi", "acb_a"),
    ] {
        // From 16 on only its grantor takes a membership back.
        server.sql(
            database,
            &format!("SET ROLE {}; {sql}", if sql.contains("GRANT acb") { admin.role() } else { "postgres" }),
        );
        let taken = sql.starts_with("REVOKE");
        project.run(&["plan", "--check"]).expect(3);
        assert_eq!(findings(&project, admin, "acb_bi", !taken) > 0, !taken, "{sql}");
        project.run(&["apply", "--all", "-y"]).expect(0);
        project.run(&["plan", "--check"]).expect(0);
        assert_eq!(findings(&project, admin, "acb_bi", false), 0);
    }
});

as_both_admins!(members_of_a_group_write_until_they_expire, |admin| {
    let server = Server::for_admin(admin);
    server.sql("postgres", "CREATE ROLE acg_alice LOGIN PASSWORD 'acg_alice'");
    let entry = "  acg_oncall: { group: true, members: [acg_alice, acg_bob], write: [acg_a], until: 2999-01-01, reason: rota }\n";
    let project = with(&server, admin, "acg", entry);
    ready(&project);
    // A missing person is not an error, and gets access with the next run.
    let plan = project.run(&["plan"]).expect(0).stdout;
    assert!(plan.contains("the server has no role acg_bob"), "{plan}");
    server.sql("postgres", "CREATE ROLE acg_bob LOGIN PASSWORD 'acg_bob'; CREATE ROLE acg_mallory LOGIN");
    project.run(&["apply", "--all", "-y"]).expect(0);
    for person in ["acg_alice", "acg_bob"] {
        server.sql_as(person, person, "acg_a", ROWS).unwrap();
        assert!(server.sql_as(person, person, "acg_a", "DROP TABLE item").is_err());
        assert!(server.sql_as(person, person, "acg_b", "SELECT 1").is_err());
    }
    assert_eq!(findings(&project, admin, "acg_alice", false), 0);
    server.sql("postgres", &format!("SET ROLE {}; GRANT acg_oncall TO acg_mallory", admin.role()));
    assert!(findings(&project, admin, "acg_mallory", true) > 0);
    project.run(&["apply", "--all"]).expect(2);
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(findings(&project, admin, "acg_mallory", false), 0);
    edit(&project, "2999-01-01", "2020-01-01");
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert!(server.sql_as("acg_alice", "acg_alice", "acg_a", "SELECT 1").is_err());
    assert_eq!(server.value("postgres", "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'acg_alice'"), "t");
    project.run(&["plan", "--check"]).expect(0);
});

as_both_admins!(a_second_app_login_has_the_same_privileges_and_rotates_with_it, |admin| {
    let server = Server::for_admin(admin);
    let project =
        with(&server, admin, "acw", "  acw_worker: { of: acw_a, like: app, connection_limit: 5 }\n");
    ready(&project);
    assert!(may(&server, &project, "acw_worker", "acw_a", ROWS));
    assert!(may(&server, &project, "acw_worker", "acw_a", "CREATE TEMPORARY TABLE mine (i int)"));
    assert!(!may(&server, &project, "acw_worker", "acw_b", "SELECT 1"));
    let settings = "SELECT rolconnlimit || ' ' || array_to_string(rolconfig, ' ') FROM pg_roles WHERE rolname = 'acw_worker'";
    assert!(server.value("postgres", settings).starts_with("5 idle_in_transaction_session_timeout=60s"));
    let (old, app) = (project.password("acw_worker"), project.password("acw_a_app"));
    project.run(&["rotate", "-s", "acw_a", "--access", "acw_worker"]).expect(0);
    assert_ne!(project.password("acw_worker"), old);
    assert_eq!(project.password("acw_a_app"), app);
    assert!(server.sql_as("acw_worker", &old, "acw_a", "SELECT 1").is_err());
    assert!(may(&server, &project, "acw_worker", "acw_a", "SELECT 1"));
    let second = project.password("acw_worker");
    project.run(&["rotate", "-s", "acw_a"]).expect(0);
    assert_ne!(project.password("acw_worker"), second);
    assert_ne!(project.password("acw_a_app"), app);
    assert!(may(&server, &project, "acw_worker", "acw_a", "SELECT 1"));
    project.run(&["rotate", "-s", "acw_b", "--access", "acw_worker"]).expect(2);
    // Without the entry it is a left-over role, which --prune takes away.
    edit(&project, "  acw_worker: { of: acw_a, like: app, connection_limit: 5 }\n", "  {}\n");
    project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = 'acw_worker'"), "0");
});

#[test]
fn a_login_of_others_keeps_its_password_and_its_attributes() {
    let server = Server::start();
    server.sql("postgres", "CREATE ROLE act_bi LOGIN CREATEDB PASSWORD 'theirs'; CREATE ROLE act_own LOGIN");
    let project =
        with(&server, Admin::Super, "act", "  act_bi: { login: true, read: [act_a], reason: reports }\n");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    server.sql_as("act_bi", "theirs", "act_a", "TABLE item").unwrap();
    assert_eq!(server.value("postgres", "SELECT rolcreatedb FROM pg_roles WHERE rolname = 'act_bi'"), "t");
    project.run(&["plan", "--check"]).expect(0);
    // A rotation of everything is none of its business.
    let rotated = project.run(&["rotate", "--all"]).expect(0).stdout;
    assert!(!rotated.contains("act_bi"), "{rotated}");
    // Grants by others are revoked only with consent.
    server.sql("act_a", "GRANT INSERT ON item TO act_bi");
    let refused = project.run(&["apply", "--all"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    caution: table public.item: act_bi holds INSERT on table public.item: not in the manifest
    error: these changes need a confirmation, nothing was touched
    caused by: 1 change can affect other users of this server, and this is not a terminal, so no confirmation could be asked
    hint: look at them with `martydb plan`, then add -y
    ");
    edit(&project, "reason: reports", "until: 2020-01-01, reason: reports");
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(server.value("postgres", "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'act_bi'"), "t");
    assert!(server.sql_as("act_bi", "theirs", "act_a", "SELECT 1").is_err());
}

#[test]
fn contradictory_settings_are_errors_with_a_line() {
    let server = Server::start();
    for (entry, expected) in [
        ("x: { read: [acm_a], reason: r }", "either a login or a group"),
        ("x: { login: true, group: true, read: [acm_a], reason: r }", "either a login or a group"),
        ("x: { login: true, reason: r }", "has no privileges"),
        ("x: { login: true, read: [acm_a] }", "needs a reason"),
        ("x: { login: true, read: [acm_c], reason: r }", "unknown service \"acm_c\""),
        ("x: { login: true, read: [acm_a.other], reason: r }", "declares no schema \"other\""),
        ("x: { login: true, connect: [acm_a.public], reason: r }", "connects to a whole database"),
        ("x: { login: true, read: [acm_a.public.t.u], reason: r }", "is not a service, service.schema"),
        ("x: { login: true, members: [y], read: [acm_a], reason: r }", "a login has no members"),
        (
            "x: { group: true, members: [acm_b_app], read: [acm_a], reason: r }",
            "belongs to service \"acm_b\"",
        ),
        ("x: { login: true, read: [acm_a], until: soon, reason: r }", "not a date"),
        ("x: { like: app }", "`like` needs `of`"),
        ("acm_a_app: { login: true, read: [acm_b], reason: r }", "belongs to service \"acm_a\""),
        ("acm_a_ro_b: { login: true, read: [acm_b], reason: r }", "belongs to service \"acm_a\""),
        ("pg_x: { login: true, read: [acm_a], reason: r }", "pg_"),
        ("postgres: { login: true, read: [acm_a], reason: r }", "administers the server"),
        ("acm_orphans: { login: true, read: [acm_a], reason: r }", "owns the objects of removed services"),
        ("x: { login: true, reed: [acm_a], reason: r }", "unknown key \"reed\""),
    ] {
        let project = with(&server, Admin::Super, "acm", &format!("  {entry}\n"));
        let done = project.run(&["validate"]).expect(2);
        assert!(done.stderr.contains(expected), "{entry}: {}", done.stderr);
        assert!(done.stderr.contains("martydb.yaml:"), "{entry}: {}", done.stderr);
    }
}

#[test]
fn its_password_is_exported_and_imported_with_the_others() {
    let server = Server::start();
    let entry = "  acx_bi: { login: true, read: [acx_a], reason: reports }\n  acx_theirs: { login: true, read: [acx_a], reason: theirs }\n";
    server.sql("postgres", "CREATE ROLE acx_theirs LOGIN");
    let project = with(&server, Admin::Super, "acx", entry);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let password = project.password("acx_bi");
    for format in ["dotenv", "json", "pgbouncer"] {
        let out = format!("out.{format}");
        project.run(&["secrets", "export", "--all", "--format", format, "--values", "--out", &out]).expect(0);
        assert!(!project.read(&out).contains("acx_theirs"), "{format}");
    }
    assert!(project.read("out.dotenv").contains(&format!("ACCESS_ACX_BI_PASSWORD={password}\n")));
    assert!(project.read("out.pgbouncer").contains("\"acx_bi\" \"SCRAM-SHA-256$"));
    for format in ["dotenv", "json"] {
        std::fs::remove_file(project.path().join(".martydb/secrets/development.yaml")).unwrap();
        project.run(&["secrets", "import", "--from", format, &format!("out.{format}")]).expect(0);
        assert_eq!(project.password("acx_bi"), password, "{format}");
        project.run(&["plan", "--check", "--check-logins"]).expect(0);
    }
}
