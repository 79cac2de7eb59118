//! Tablespaces.

use std::os::unix::fs::chown;

use super::support::{declare, project};
use crate::support::{Admin, Project, Server, as_both_admins, until};

/// A tablespace of the server's own account.
fn tablespace(server: &Server, name: &str) {
    let folder = server.folder().join(name);
    std::fs::create_dir(&folder).unwrap();
    let owner = std::fs::metadata(server.data()).unwrap();
    use std::os::unix::fs::MetadataExt;
    chown(&folder, Some(owner.uid()), Some(owner.gid())).unwrap();
    server.sql("postgres", &format!("CREATE TABLESPACE {name} LOCATION '{}'", folder.display()));
}

fn of(server: &Server, database: &str) -> String {
    let sql = format!(
        "SELECT t.spcname FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = '{database}'"
    );
    server.value("postgres", &sql)
}

fn refused_while_in_use(server: &Server, project: &Project) {
    let session = std::thread::scope(|scope| {
        let session =
            scope.spawn(|| server.sql("pt", "SET application_name = 'report'; SELECT pg_sleep(12)"));
        let sleeping =
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(12)%' AND datname = 'pt'";
        until("the report runs", || server.value("postgres", sleeping) != "0");
        let done = project.run(&["apply", "--all", "-y"]);
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'pt' AND query LIKE '%pg_sleep(12)%'";
        server.sql("postgres", end);
        let _ = session.join();
        done
    });
    let done = session.expect(1);
    assert!(done.stderr.contains("login postgres, application \"report\""), "{done:?}");
    assert!(done.stderr.contains("the database stays where it is"), "{done:?}");
    assert_eq!(of(server, "pt"), "pg_default");
}

as_both_admins!(a_database_moves_to_another_tablespace_while_no_session_is_in_it, |admin| {
    let server = Server::for_admin(admin);
    tablespace(&server, "fast");
    let project = project(&server, admin, "pt", "");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    declare(&project, &server, admin, "pt", "tablespace: fast");
    if admin == Admin::Limited {
        let plan = project.json(&["plan"], 0);
        assert_eq!(plan["changes"].as_array().unwrap().len(), 0, "{plan:#}");
        let limit = &plan["limits"]
            .as_array()
            .unwrap()
            .iter()
            .find(|limit| limit["what"] == "move the database to tablespace fast");
        assert_eq!(limit.unwrap()["grant"], "GRANT CREATE ON TABLESPACE \"fast\" TO \"adm\"", "{plan:#}");
        server.sql("postgres", "GRANT CREATE ON TABLESPACE fast TO adm");
    }
    let plan = project.json(&["plan", "--check"], 3);
    assert_eq!(plan["changes"][0]["sql"], "ALTER DATABASE \"pt\" SET TABLESPACE \"fast\"");
    assert_eq!(plan["changes"][0]["risk"], "caution");
    if admin == Admin::Super {
        refused_while_in_use(&server, &project);
    }
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(of(&server, "pt"), "fast");
    assert_eq!(server.value("pt", "SELECT count(*) FROM item"), "0");
    project.run(&["plan", "--check"]).expect(0);
    // A new one is made there.
    let test = project.json(&["test-db", "-s", "pt"], 0);
    assert_eq!(of(&server, test["database"].as_str().unwrap()), "fast");
});

#[test]
fn a_missing_or_closed_tablespace_is_found_before_any_change() {
    let server = Server::with_both_admins();
    tablespace(&server, "fast");
    let project = project(&server, Admin::Limited, "pn", "tablespace: fats");
    let done = project.run(&["apply", "--all", "-y"]).expect(2);
    insta::assert_snapshot!(done.shown(), @r#"
    SERVICE  SERVER  DATABASE  CHANGES  OUTCOME
    pn  main  pn  0  skipped
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    server main:
    error: service "pn": the server has no tablespace "fats"
    hint: did you mean "fast"?
    "#);
    assert!(done.stderr.contains("did you mean \"fast\"?"), "{done:?}");
    declare(&project, &server, Admin::Limited, "pn", "tablespace: fast");
    let done = project.run(&["apply", "--all", "-y"]).expect(2);
    insta::assert_snapshot!(done.shown(), @r#"
    SERVICE  SERVER  DATABASE  CHANGES  OUTCOME
    pn  main  pn  0  skipped
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    server main:
    error: service "pn": the admin "adm" lacks CREATE on tablespace "fast"
    hint: ask a DBA for: GRANT CREATE ON TABLESPACE "fast" TO "adm"
    "#);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pn%'"), "0");
    server.sql("postgres", "GRANT CREATE ON TABLESPACE fast TO adm");
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(of(&server, "pn"), "fast");
}
