//! Passwords that the store has lost while their roles exist: clients go on using them.

use super::vault::Vault;
use crate::support::{Admin, Project, Server, as_both_admins};

const STORE: &str = ".martydb/secrets/development.yaml";

fn login(server: &Server, role: &str, password: &str, database: &str) -> bool {
    server.sql_as(role, password, database, "SELECT 1").is_ok()
}

as_both_admins!(a_lost_store_is_replaced_only_on_request, |admin| {
    let server = Server::for_admin(admin);
    let project = Project::new_as(&server, admin, "lost");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let old = project.password("lost_a_app");
    std::fs::remove_file(project.path().join(STORE)).unwrap();
    let roles = || server.sql("postgres", "SELECT rolname, xmin, rolpassword FROM pg_authid ORDER BY 1");
    let untouched = roles();

    let plan = project.json(&["plan", "--check", "--out", "plan.json"], 3);
    let changes = plan["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 6, "{plan:#}");
    for change in changes {
        assert_eq!(change["risk"], "destructive", "{change:#}");
        assert!(change["reason"].as_str().unwrap().contains("--reset-passwords"), "{change:#}");
    }
    for arguments in
        [&["apply", "--all", "-y"][..], &["init-all", "-y"], &["apply", "--plan", "plan.json", "-y"]]
    {
        let refused = project.run(arguments).expect(2);
        for words in ["nothing was touched", "lost_a_app", "lost_b_ro", "--reset-passwords", "secrets import"]
        {
            assert!(refused.stderr.contains(words), "{arguments:?}: {refused:?}");
        }
        assert_eq!(project.json(arguments, 2)["error"]["kind"], "usage");
    }
    // Losing them takes both: to have asked for it, and a yes.
    let unasked = project.run(&["apply", "--all", "--reset-passwords"]).expect(2);
    insta::assert_snapshot!(unasked.shown(), @r"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    destructive: role lost_a_migrator: the secret store has no password for lost_a_migrator, which exists: only `apply --reset-passwords` replaces the one that the server has
    destructive: role lost_a_app: the secret store has no password for lost_a_app, which exists: only `apply --reset-passwords` replaces the one that the server has
    destructive: role lost_a_ro: the secret store has no password for lost_a_ro, which exists: only `apply --reset-passwords` replaces the one that the server has
    destructive: role lost_b_migrator: the secret store has no password for lost_b_migrator, which exists: only `apply --reset-passwords` replaces the one that the server has
    destructive: role lost_b_app: the secret store has no password for lost_b_app, which exists: only `apply --reset-passwords` replaces the one that the server has
    destructive: role lost_b_ro: the secret store has no password for lost_b_ro, which exists: only `apply --reset-passwords` replaces the one that the server has
    error: these changes need a confirmation, nothing was touched
    caused by: 6 changes can affect other users of this server, and this is not a terminal, so no confirmation could be asked
    hint: look at them with `martydb plan`, then add -y
    ");
    let one = project.run(&["rotate", "--service", "lost_a"]).expect(1);
    assert!(one.stdout.contains("--reset-passwords"), "{one:?}");
    assert!(!project.path().join(STORE).exists());
    assert_eq!(roles(), untouched);
    assert!(login(&server, "lost_a_app", &old, "lost_a"));

    project.run(&["apply", "--plan", "plan.json", "-y", "--reset-passwords"]).expect(0);
    assert!(!login(&server, "lost_a_app", &old, "lost_a"));
    assert!(login(&server, "lost_a_app", &project.password("lost_a_app"), "lost_a"));
    project.run(&["plan", "--check", "--check-logins"]).expect(0);
    std::fs::remove_file(project.path().join(STORE)).unwrap();
    project.run(&["init-all", "-y", "--reset-passwords"]).expect(if admin == Admin::Limited { 4 } else { 0 });
    project.run(&["test-connections"]).expect(0);
});

as_both_admins!(an_entry_lost_by_a_program_is_replaced_only_on_request, |admin| {
    let server = Server::for_admin(admin);
    let vault = Vault::new(&server, admin, "gone");
    let project = &vault.project;
    project.run(&["apply", "--service", "gone_a", "-y"]).expect(0);
    let old = vault.password("gone_a_app");
    std::fs::remove_file(project.path().join("kept/gone_a_app")).unwrap();
    // The other service is new, and gets its passwords as ever.
    project.run(&["apply", "--service", "gone_b", "-y"]).expect(0);
    let refused = project.run(&["apply", "--all", "-y"]).expect(2);
    assert!(refused.stderr.contains("gone_a_app") && !refused.stderr.contains("gone_a_ro"), "{refused:?}");
    assert!(login(&server, "gone_a_app", &old, "gone_a"));
    // The store is restored.
    project.write("kept/gone_a_app", &old);
    project.run(&["plan", "--check", "--check-logins"]).expect(0);
    std::fs::remove_file(project.path().join("kept/gone_a_app")).unwrap();
    project.run(&["apply", "--all", "-y", "--reset-passwords"]).expect(0);
    assert!(login(&server, "gone_a_app", &vault.password("gone_a_app"), "gone_a"));
});

#[test]
fn only_existing_passwords_count_as_lost() {
    let server = Server::start();
    let project = Project::new(&server, "bare");
    server.sql("postgres", "CREATE ROLE bare_a_app LOGIN");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["test-connections"]).expect(0);
    let other = Project::new(&server, "used");
    server.sql("postgres", "CREATE ROLE used_a_app LOGIN PASSWORD 'of a client'");
    let refused = other.run(&["apply", "--all", "-y"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r#"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    error: the secret store lacks the passwords of existing roles, nothing was touched
    caused by: on server "main" existing roles: "used_a_app"
    hint: restore the secret store, or check that it is the store of this environment
    hint: or fill it with `martydb secrets import --from dotenv FILE`: the applications have the passwords, too
    hint: or replace the passwords with --reset-passwords: the current ones stop working
    "#);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'used%'"), "1");
    other.run(&["apply", "--all", "-y", "--reset-passwords"]).expect(0);
}

#[test]
fn a_variable_that_is_missing_stops_the_run() {
    let server = Server::start();
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: var\nservers:\n  main:\n    url: {}\nsecrets: {{ provider: env }}\nservices:\n  var_a:\n",
        server.url()
    ));
    for arguments in [&["apply", "--all", "-y"][..], &["apply", "--all", "-y", "--reset-passwords"]] {
        let refused = project.run(arguments).expect(2);
        assert!(refused.stderr.contains("VAR_A_"), "{refused:?}");
    }
}
