//! Invalid parameters, and the part that refuses each.

use super::support::{declare, has_icu, project};
use crate::support::{Admin, Project, Server};

#[test]
fn validate_refuses_parameters_that_no_server_accepts() {
    let project = Project::with_manifest("");
    for (parameters, expected) in [
        ("encoding: UTF9", "\"UTF9\" is not an encoding for databases"),
        (
            "encoding: LATIN1, locale: de_DE.UTF-8",
            "the locale de_DE.UTF-8 needs the encoding UTF8, not LATIN1",
        ),
        ("locale: ''", "locale is empty"),
        ("locale_provider: icu", "this locale_provider needs icu_locale"),
        ("icu_locale: de", "icu_locale has no effect without locale_provider: icu"),
        ("locale_provider: builtin, builtin_locale: C, icu_rules: x", "icu_rules has no effect without"),
        ("locale_provider: glibc", "unknown variant"),
        ("connection_limit: 0", "a connection limit of 0 allows no session"),
        ("tablespace: pg_global", "tablespace \"pg_global\" cannot hold a database"),
        ("comment: 'martydb:other'", "the comment begins like a martydb mark"),
        ("settings: { Role: postgres }", "the setting Role cannot be set for a database"),
        ("settings: { session_replication_role: replica }", "triggers and foreign keys would be off"),
        ("settings: { session_preload_libraries: 'a, b' }", "at most one name is possible here"),
        ("encodign: UTF8", "did you mean \"encoding\"?"),
    ] {
        let text = format!("version: 1\nservices:\n  a:\n    parameters: {{ {parameters} }}\n");
        project.write("martydb.yaml", &text);
        let done = project.run(&["validate"]).expect(2);
        assert!(done.stderr.contains(expected), "{parameters}: {done:?}");
        assert!(done.stderr.contains("martydb.yaml:4:"), "{parameters}: {done:?}");
    }
}

#[test]
fn defaults_are_inherited_but_no_locale_of_another_provider() {
    let project = Project::with_manifest(
        "version: 1\ndefaults:\n  parameters: { locale_provider: icu, icu_locale: de, settings: { work_mem: 8MB } }\nservices:\n  a:\n  b: { parameters: { locale_provider: libc, locale: C } }\n  c: { parameters: { icu_locale: fr } }\n",
    );
    for service in ["a", "b", "c"] {
        project.write(&format!("{service}/migrations/.keep"), "");
    }
    project.run(&["validate"]).expect(0);
}

#[test]
fn the_servers_refusal_has_a_hint() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "pr", "locale: xx_XX");
    let done = project.run(&["apply", "--all", "-y"]).expect(1);
    // From 16 on it says which.
    let shown = done.shown().replace("invalid LC_COLLATE locale name", "invalid locale name");
    insta::assert_snapshot!(shown, @r#"
    SERVICE  SERVER  DATABASE  CHANGES  OUTCOME
    pr  main  pr  21  failed
    (main)  main  2  provisioned
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    caution: database postgres: PUBLIC holds CONNECT, TEMPORARY on database postgres: not in the manifest
    caution: database template1: PUBLIC holds CONNECT on database template1: not in the manifest
    server main:
    error: the server refused: CREATE DATABASE "pr" OWNER "postgres" TEMPLATE template0 LC_COLLATE 'xx_XX' LC_CTYPE 'xx_XX' ALLOW_CONNECTIONS false
    caused by: invalid locale name: "xx_XX" (SQLSTATE 42809)
    hint: the server's host must have the locale: `locale -a` there lists those of libc, pg_collation those of ICU
    "#);
    declare(&project, &server, Admin::Super, "pr", "encoding: LATIN1, lc_ctype: C.utf8");
    project.run(&["apply", "--all", "-y"]).expect(2);
    // A half-made database is completed.
    if has_icu(&server) {
        let icu = "locale_provider: icu, icu_locale: de-DE";
        declare(&project, &server, Admin::Super, "pr", &format!("encoding: MULE_INTERNAL, {icu}"));
        let done = project.run(&["apply", "--all", "-y"]).expect(1);
        assert!(done.stderr.contains("hint: "), "{done:?}");
        declare(&project, &server, Admin::Super, "pr", icu);
    } else {
        declare(&project, &server, Admin::Super, "pr", "locale_provider: icu, icu_locale: de-DE");
        if server.major() < 15 {
            let done = project.run(&["apply", "--all", "-y"]).expect(2);
            assert!(
                done.stderr.contains("does not support icu for databases; it was added in 15"),
                "{done:?}"
            );
        }
        declare(&project, &server, Admin::Super, "pr", "locale: C");
    }
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    if server.major() < 15 {
        declare(&project, &server, Admin::Super, "pr", "collation_version: refresh");
        let done = project.run(&["plan"]).expect(2);
        assert!(done.stderr.contains("does not support collation_version for databases"), "{done:?}");
    }
}

#[test]
fn a_declared_setting_that_weakens_isolation_stays_a_finding() {
    let server = Server::start();
    let declared = "settings: { session_preload_libraries: passwordcheck, work_mem: 8MB }";
    let project = project(&server, Admin::Super, "ps", declared);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    let verified = project.json(&["verify-isolation", "--probes", "none"], 4);
    let found: Vec<_> =
        verified["findings"].as_array().unwrap().iter().filter(|one| one["id"] == "role-setting").collect();
    assert_eq!(found.len(), 1, "{verified:#}");
    assert_eq!(found[0]["object"], "setting session_preload_libraries");
    assert_eq!(found[0]["severity"], "medium");
}
