//! The login of the monitor: made by `apply`, held to what it needs, and no way to any row.

use super::monitored;
use crate::support::{Admin, Project, Server, as_both_admins};

/// From 16 on a limited admin grants only roles that it has ADMIN on.
fn may_give_statistics(server: &Server, admin: Admin) {
    if admin == Admin::Limited && server.major() >= 16 {
        server.sql("postgres", "GRANT pg_monitor TO adm WITH ADMIN OPTION");
    }
}

/// A limited admin cannot close what the superuser owns, and that is a finding.
fn green(admin: Admin) -> i32 {
    if admin == Admin::Limited { 4 } else { 0 }
}

fn findings_of(project: &Project, role: &str) -> Vec<String> {
    let found = project.run(&["verify-isolation", "-o", "json"]).json();
    let all = found["findings"].as_array().unwrap().iter();
    all.filter(|one| one["role"] == role).map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

as_both_admins!(the_monitors_login_reads_statistics_and_no_rows, |admin| {
    let server = Server::for_admin(admin);
    may_give_statistics(&server, admin);
    let project = monitored(&server, admin, "mol");
    project.run(&["init-all", "-y"]).expect(green(admin));
    let login = "mol_monitor";
    assert_eq!(project.json(&["plan", "--check"], 0)["changes"].as_array().unwrap().len(), 0);
    let as_monitor =
        |database: &str, sql: &str| server.sql_as(login, &project.password(login), database, sql);
    let sizes =
        as_monitor("postgres", "SELECT pg_database_size('mol_a')::text, pg_database_size('mol_b')::text");
    assert!(sizes.unwrap()[0].iter().all(|size| size.parse::<u64>().unwrap() > 1_000_000));
    for database in ["mol_a", "mol_b"] {
        assert_eq!(as_monitor(database, "SELECT 1::text").unwrap_err(), "42501");
    }
    assert_eq!(findings_of(&project, login), Vec::<String>::new());
    let found = project.run(&["verify-isolation", "-o", "json"]).json();
    let rows: Vec<_> =
        found["matrix"].as_array().unwrap().iter().filter(|row| row["role"] == login).collect();
    let outcome = |database: &str| {
        let row = rows.iter().find(|row| row["database"] == database);
        row.map(|row| row["outcome"].as_str().unwrap())
    };
    assert_eq!(outcome("postgres"), Some("allowed"));
    assert_eq!((outcome("mol_a"), outcome("mol_b")), (Some("denied"), Some("denied")));
});

as_both_admins!(other_privileges_of_the_monitors_login_are_drift_and_a_finding, |admin| {
    let server = Server::for_admin(admin);
    may_give_statistics(&server, admin);
    let project = monitored(&server, admin, "mob");
    project.run(&["init-all", "-y"]).expect(green(admin));
    server.sql("postgres", "GRANT CONNECT ON DATABASE mob_a TO mob_monitor");
    server.sql("postgres", "GRANT mob_b_ro TO mob_monitor");
    server.sql("postgres", "GRANT pg_signal_backend TO mob_monitor");
    assert!(findings_of(&project, "mob_monitor").len() >= 2);
    project.run(&["plan", "--check"]).expect(3);
    // A limited admin cannot revoke a superuser's grant on every major: it is a limit then.
    let _outcome = project.run(&["apply", "--all", "-y"]);
    if admin == Admin::Super {
        project.run(&["plan", "--check"]).expect(0);
        assert_eq!(findings_of(&project, "mob_monitor"), Vec::<String>::new());
        let held = "SELECT count(*)::text FROM pg_auth_members WHERE member = 'mob_monitor'::regrole";
        assert_eq!(server.value("postgres", held), "1");
    }
});

#[test]
fn an_admin_that_cannot_grant_statistics_has_a_limit_with_a_hint() {
    let server = Server::for_admin(Admin::Limited);
    if server.major() < 16 {
        return;
    }
    let project = monitored(&server, Admin::Limited, "moq");
    let applied = project.run(&["apply", "--all", "-y", "-o", "json"]).expect(0).json();
    let limits = applied["limits"].as_array().unwrap();
    let query = limits.iter().filter_map(|limit| limit["grant"].as_str());
    let query: Vec<&str> = query.filter(|grant| grant.contains("pg_monitor")).collect();
    assert!(query[0].starts_with("GRANT \"pg_monitor\" TO \"moq_monitor\""), "{query:?}");
}

#[test]
fn a_login_that_is_no_longer_declared_is_pruned() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "mop");
    project.run(&["init-all", "-y"]).expect(0);
    let without = project.read("martydb.yaml").replace("monitor: true\n", "");
    project.write("martydb.yaml", &without);
    project.run(&["plan", "--check"]).expect(0);
    project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    assert_eq!(
        server.value("postgres", "SELECT count(*)::text FROM pg_roles WHERE rolname = 'mop_monitor'"),
        "0"
    );
}

#[test]
fn names_that_collide_are_refused() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "mon");
    let manifest = project.read("martydb.yaml");
    for (added, said) in [
        ("access:\n  mon_monitor: { login: true, read: [mon_a], reason: x }\n", "remove one of the two"),
        ("defaults:\n  roles: { app: mon_monitor }\n", "mon_monitor"),
    ] {
        project.write("martydb.yaml", &format!("{manifest}{added}"));
        let done = project.run(&["validate"]).expect(2);
        assert!(done.stderr.contains(said), "{}", done.stderr);
    }
    project.write("martydb.yaml", &manifest.replace("  mon_b:", "  martydb-monitor:"));
    let done = project.run(&["validate"]).expect(2);
    assert!(done.stderr.contains("no service can be called \"martydb-monitor\""), "{}", done.stderr);
}
