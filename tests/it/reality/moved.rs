//! Services and databases with new names: never an empty database in silence, and a rename where the manifest says so.

use crate::support::{Admin, Project, Server, as_both_admins, until};

/// Replaces a text in the manifest.
fn edit(project: &Project, from: &str, to: &str) {
    let manifest = project.read("martydb.yaml");
    assert!(manifest.contains(from), "{manifest}");
    project.write("martydb.yaml", &manifest.replace(from, to));
}

/// A project whose service `a` has a row.
fn used(server: &Server, admin: Admin, prefix: &str) -> Project {
    let project = Project::new_as(server, admin, prefix);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let app = format!("{prefix}_a_app");
    let insert = "INSERT INTO item (name) VALUES ('kept')";
    server.sql_as(&app, &project.password(&app), &format!("{prefix}_a"), insert).unwrap();
    project
}

fn renamed_service(project: &Project, prefix: &str, moved: &str) {
    std::fs::rename(
        project.path().join(format!("{prefix}_a")),
        project.path().join(format!("{prefix}_shop")),
    )
    .unwrap();
    edit(project, &format!("{prefix}_a:"), &format!("{prefix}_shop:{moved}"));
}

#[test]
fn a_renamed_service_gets_no_empty_database_unannounced() {
    let server = Server::start();
    let project = used(&server, Admin::Super, "mw");
    renamed_service(&project, "mw", "");
    let plan = project.run(&["plan"]).expect(0).stdout;
    assert!(
        plan.contains("missing, while no service has \"mw_a\", which this manifest made or took over"),
        "{plan}"
    );
    for arguments in
        [&["apply", "--all", "-y"][..], &["init-all", "-y"], &["apply", "--all", "--prune", "-y"]]
    {
        let done = project.run(arguments).expect(2);
        assert!(
            done.stderr.contains("a service would get an empty database, nothing was touched"),
            "{done:?}"
        );
        assert!(done.stderr.contains("moved: { from: FORMER_NAME }"), "{done:?}");
    }
    let databases =
        "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname LIKE 'mw%'";
    assert_eq!(server.value("postgres", databases), "mw_a mw_b");
    // An adopted one has no marker, but the service's roles own its objects.
    server.sql("postgres", "COMMENT ON DATABASE mw_a IS 'of others'");
    project.run(&["apply", "--all", "-y"]).expect(2);
    project.run(&["apply", "--all", "-y", "--new-database"]).expect(0);
    assert_eq!(server.value("postgres", databases), "mw_a mw_b mw_shop");
    assert_eq!(server.value("mw_a", "SELECT string_agg(name, ' ') FROM item"), "kept");
    // Once it is made, the other one does not matter any more.
    project.run(&["apply", "--all", "-y"]).expect(0);
}

as_both_admins!(a_service_is_renamed_with_its_roles_grants_and_secrets, |admin| {
    let server = Server::for_admin(admin);
    let project = used(&server, admin, "mv");
    project.run(&["rotate", "-s", "mv_a", "--role", "readonly", "--overlap"]).expect(0);
    let (app, readonly) = (project.password("mv_a_app"), project.password("mv_a_ro_b"));
    renamed_service(&project, "mv", "\n    moved: { from: mv_a }");
    let plan = project.json(&["plan"], 0);
    let shown = |plan: &serde_json::Value| -> Vec<String> {
        let all = plan["changes"].as_array().unwrap().iter();
        all.map(|change| change["sql"].as_str().unwrap().to_owned()).collect()
    };
    assert!(shown(&plan).contains(&"ALTER DATABASE \"mv_a\" RENAME TO \"mv_shop\"".to_owned()), "{plan:#}");
    assert!(shown(&plan).iter().all(|sql| sql.contains("RENAME TO")), "{plan:#}");
    project.run(&["apply", "--all"]).expect(2);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    project.run(&["status", "--check"]).expect(0);
    assert_eq!(server.value("mv_shop", "SELECT string_agg(name, ' ') FROM item"), "kept");
    let gone = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'mv\\_a\\_%'";
    assert_eq!(server.value("postgres", gone), "0");
    // Clients change only the name.
    assert_eq!(project.password("mv_shop_app"), app);
    assert_eq!(project.password("mv_shop_ro_b"), readonly);
    for (login, password) in [("mv_shop_app", &app), ("mv_shop_ro_b", &readonly)] {
        server.sql_as(login, password, "mv_shop", "SELECT count(*) FROM item").unwrap();
    }
    assert!(!project.read(".martydb/secrets/development.yaml").contains("mv_a_app"));
    project.write("mv_shop/migrations/V3__more.sql", "CREATE TABLE more (id int);\n");
    project.write("mv_shop/migrations/V3__more.down.sql", "DROP TABLE more;\n");
    project.run(&["upgrade", "--all"]).expect(0);
    project.run(&["rotate", "-s", "mv_shop", "--finish"]).expect(0);
    if admin == Admin::Super {
        project.run(&["verify-isolation"]).expect(0);
    }
});

#[test]
fn a_database_is_renamed_once_no_session_is_left() {
    let server = Server::start();
    let project = used(&server, Admin::Super, "mx");
    server.sql("postgres", "COMMENT ON DATABASE mx_a IS 'adopted'");
    // Without a word in the manifest, the roles tell whose it was.
    let manifest = project.read("martydb.yaml");
    edit(&project, "mx_a:", "mx_a: { database: mx_other }");
    let refused = project.run(&["apply", "--all", "-y"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r#"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    error: a service would get an empty database, nothing was touched
    caused by: on server "main": database "mx_other" is missing, while no service has "mx_a", which this manifest made or took over
    hint: if the service or its database was renamed, write `moved: { from: FORMER_NAME }` in the manifest
    hint: if it was moved to another server, write `moved: { from: NAME, server: FORMER_SERVER }`: `apply` then copies its database
    hint: or create the empty database with --new-database: the data of the other one stays there
    "#);
    project.write("martydb.yaml", &manifest);
    edit(&project, "mx_a:", "mx_a: { database: mx_other, moved: { from: mx_a } }\n  mx_c:");
    project.write("mx_c/migrations/.keep", "");
    let open = std::thread::scope(|scope| {
        let session = scope.spawn(|| server.sql("mx_a", "SELECT pg_sleep(3)"));
        let sleeping =
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3)%' AND datname = 'mx_a'";
        until("the session is there", || server.value("postgres", sleeping) != "0");
        // It waits for the end of the session, and continues.
        let done = project.run(&["apply", "--all", "-y"]);
        session.join().unwrap();
        done
    });
    open.expect(0);
    assert_eq!(server.value("mx_other", "SELECT string_agg(name, ' ') FROM item"), "kept");
    project.run(&["plan", "--check"]).expect(0);
    // A name that another service has cannot be a former one.
    edit(&project, "moved: { from: mx_a }", "moved: { from: mx_b }");
    let refused = project.run(&["validate"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r#"
    error: FOLDER/martydb.yaml:7:31: service "mx_b" is still declared
    hint: remove one of the two, or the key `moved`
    "#);
}

#[test]
fn a_service_on_another_server_gets_no_empty_database_unannounced() {
    let (server, other) = (Server::start(), Server::start());
    let project = used(&server, Admin::Super, "ms");
    let manifest = project.read("martydb.yaml");
    let far = format!("servers:\n  far:\n    url: {}\n", other.url_of(Admin::Super));
    let with_password = |url: String| format!("{url}\n    password_env: PGPASSWORD");
    let with_far = manifest.replacen("servers:\n", &far, 1);
    let with_far = [&server, &other]
        .map(|one| one.url_of(Admin::Super))
        .into_iter()
        .fold(with_far, |text, url| text.replace(&url, &with_password(url.clone())));
    project.write(
        "martydb.yaml",
        &with_far.replace("ms_a:", "ms_a: { server: far }").replace("ms_b:", "ms_b: { server: main }"),
    );
    // Also if the run selects only the moved service, so that the other server is not part of it.
    for arguments in [&["apply", "--all", "-y"][..], &["apply", "-s", "ms_a", "-y"]] {
        let refused = project.run(arguments).expect(2).stderr;
        let cause = "database \"ms_a\" is missing on server \"far\", and is on server \"main\"";
        assert!(refused.contains(cause), "{refused}");
    }
    assert_eq!(other.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'ms%'"), "0");
    project.run(&["apply", "-s", "ms_a", "-y", "--new-database"]).expect(0);
    assert_eq!(server.value("ms_a", "SELECT string_agg(name, ' ') FROM item"), "kept");
    // An unreachable server does not stop a new service, and is reported.
    let down = other.url_of(Admin::Super).replace(&format!(":{}", other.port), ":1");
    let gone = with_far.replace(&other.url_of(Admin::Super), &down);
    project.write(
        "martydb.yaml",
        &gone
            .replace("ms_b:", "ms_b:\n    server: main\n  ms_c:\n    server: main\n")
            .replace("ms_a:", "ms_a: { server: main }"),
    );
    project.write("ms_c/migrations/.keep", "");
    let done = project.run(&["apply", "-s", "ms_c", "-y"]).expect(0);
    insta::assert_snapshot!(done.shown(), @r#"
    SERVICE  SERVER  DATABASE  CHANGES  OUTCOME
    ms_c  main  ms_c  46  provisioned
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    warning: server "far": cannot tell whether it has a database that is missing here: cannot log in to database "postgres" at 127.0.0.1:1 as "postgres"
    "#);
}
