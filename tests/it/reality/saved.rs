//! `plan --out` and `apply --plan`: exactly what was shown, or nothing.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Admin, Project, Server, as_both_admins};

as_both_admins!(a_saved_plan_is_applied_unchanged, |admin| {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, admin, "s");
    project.run(&["plan", "--out", "plan.json"]).expect(0);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 's\\_%'"), "0");
    assert!(project.read("plan.json").contains("'<secret>'"));
    // Something that has nothing to do with it.
    server.sql("postgres", "CREATE ROLE unrelated");
    server.sql("postgres", "CREATE DATABASE elsewhere");
    project.run(&["apply", "--plan", "plan.json", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    for password in project.passwords() {
        assert!(!project.read("plan.json").contains(&password));
    }
    let again = project.json(&["apply", "--plan", "plan.json", "-y"], 6);
    assert_eq!(again["error"]["kind"], "stale");
});

as_both_admins!(a_plan_is_stale_after_a_change_of_its_objects, |admin| {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, admin, "s");
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql("postgres", "ALTER ROLE s_a_app CREATEDB");
    project.run(&["plan", "--out", "plan.json"]).expect(0);
    server.sql("postgres", "GRANT CONNECT ON DATABASE s_b TO PUBLIC");
    let stale = project.run(&["apply", "--plan", "plan.json", "-y"]).expect(6);
    assert!(stale.stderr.contains("PUBLIC holds CONNECT on database s_b"), "{stale:?}");
    assert_eq!(
        server.value("postgres", "SELECT rolcreatedb::text FROM pg_roles WHERE rolname = 's_a_app'"),
        "true"
    );
    // Undone by content, it fits again.
    server.sql("postgres", "REVOKE CONNECT ON DATABASE s_b FROM PUBLIC");
    project.run(&["apply", "--plan", "plan.json", "-y"]).expect(0);
    assert_eq!(
        server.value("postgres", "SELECT rolcreatedb::text FROM pg_roles WHERE rolname = 's_a_app'"),
        "false"
    );
});

#[test]
fn a_plan_of_another_project_and_an_invalid_plan_are_refused() {
    let server = Server::start();
    let project = Project::new(&server, "s");
    for text in
        ["", "{}", "{\"kind\":\"plan\",\"format_version\":1,\"project\":\"other\",\"env\":\"development\"}"]
    {
        project.write("plan.json", text);
        project.run(&["apply", "--plan", "plan.json", "-y"]).expect(2);
    }
    project.run(&["apply", "--plan", "missing.json"]).expect(2);
    project.run(&["apply", "--plan", "plan.json", "--all"]).expect(2);
}

#[test]
fn a_plan_is_written_privately_and_not_through_a_link() {
    let server = Server::start();
    let project = Project::new(&server, "s");
    project.write("precious", "precious");
    project.write("old.json", "old");
    let place = |name: &str| project.path().join(name);
    let mode = |name: &str| place(name).metadata().unwrap().permissions().mode() & 0o777;
    std::fs::set_permissions(place("old.json"), PermissionsExt::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(place("precious"), place("link.json")).unwrap();
    let refused = project.run(&["plan", "--out", "link.json"]).expect(1);
    insta::assert_snapshot!(refused.shown(), @r"
    error: cannot write the plan link.json
    caused by: the path is not a regular file: remove it, or name another file
    ");
    assert_eq!(project.read("precious"), "precious");
    for name in ["old.json", "new.json"] {
        project.run(&["plan", "--out", name]).expect(0);
        assert_eq!(mode(name), 0o600, "{name}");
        assert!(project.read(name).contains("\"kind\": \"plan\""), "{name}");
    }
    project.run(&["plan", "--out", "/dev/null"]).expect(1);
    let names = std::fs::read_dir(project.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with(".new")).collect();
    assert!(left.is_empty(), "{left:?}");
}
