//! A store that fails is not a store without a password.

use super::vault::Vault;
use crate::support::{Admin, Project, Server, as_both_admins};

as_both_admins!(an_unreadable_store_loses_no_password, |admin| {
    let server = Server::for_admin(admin);
    let vault = Vault::new(&server, admin, "seal");
    vault.project.run(&["apply", "--all", "-y"]).expect(0);
    let before = vault.kept();
    assert_eq!(before.len(), 6);
    let roles = || server.sql("postgres", "SELECT rolname, xmin, rolpassword FROM pg_authid ORDER BY 1");
    let untouched = roles();
    vault.set("sealed", true);
    for arguments in [
        &["plan"][..],
        &["plan", "--check"],
        &["apply", "--all", "-y"],
        &["apply", "--all", "-y", "--reset-passwords"],
        &["init-all", "-y"],
        &["rotate", "--all"],
        &["rotate", "--all", "--overlap"],
        &["test-connections"],
        &["url", "-s", "seal_a"],
        &["verify-isolation"],
    ] {
        let failed = vault.project.run(arguments).expect(1);
        let said = failed.stdout + &failed.stderr;
        assert!(said.contains("Code: 503") && said.contains("Vault is"), "{arguments:?}: {said}");
        assert!(!said.contains('\u{1b}'), "{arguments:?}: {said:?}");
        let forged = |line: &str| line.trim_start().starts_with("hint: send money");
        assert!(!said.lines().any(forged), "{arguments:?}: {said}");
    }
    assert_eq!((vault.kept(), roles()), (before, untouched));
    vault.set("sealed", false);
    vault.project.run(&["plan", "--check", "--check-logins"]).expect(0);
    vault.project.run(&["test-connections"]).expect(0);
});

fn with_program(server: &Server, secrets: &str) -> Project {
    Project::with_manifest(&format!(
        "version: 1\nproject: desc\nservers:\n  main:\n    url: {}\nsecrets:\n  provider: command\n{secrets}services:\n  desc_a:\n",
        server.url()
    ))
}

#[test]
fn a_program_of_another_kind_is_described_in_the_manifest() {
    let server = Server::start();
    let get = "  get: [sh, -c, 'cat \"kept/$0\" || exit 9', \"{role}\"]\n  set: [tee, \"kept/{role}\"]\n";
    let project = with_program(&server, get);
    project.write("kept/.keep", "");
    let unknown = project.run(&["apply", "--all", "-y"]).expect(1);
    assert!(unknown.stderr.contains("No such file") && unknown.stderr.contains("absent:"), "{unknown:?}");
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'desc%'"), "0");

    let another = with_program(&server, &format!("{get}  absent: {{ exit: 8, stderr: No such file }}\n"));
    another.write("kept/.keep", "");
    another.run(&["plan"]).expect(1);

    let described = with_program(&server, &format!("{get}  absent: {{ exit: 9, stderr: No such file }}\n"));
    described.write("kept/.keep", "");
    described.run(&["apply", "--all", "-y"]).expect(0);
    described.run(&["plan", "--check", "--check-logins"]).expect(0);
    described.run(&["rotate", "--all"]).expect(0);
    described.run(&["test-connections"]).expect(0);
}

#[test]
fn a_description_that_fits_every_failure_is_refused() {
    let server = Server::start();
    for absent in ["{}", "{ stderr: '' }"] {
        let project = with_program(&server, &format!("  get: [cat]\n  absent: {absent}\n"));
        let refused = project.run(&["validate"]).expect(2);
        assert!(refused.stderr.contains("martydb.yaml:9"), "{refused:?}");
    }
}
