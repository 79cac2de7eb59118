//! A wrong manifest or argument: exit 2 with the place and a hint, and nothing is touched.

use crate::support::{Project, Server};

#[test]
fn invalid_manifests_are_refused_with_line_and_hint() {
    let long = "r".repeat(60);
    let cases: Vec<(&str, String, &str)> = vec![
        (
            "a misspelt key",
            "version: 1\nservices:\n  a: { databse: x }\n".into(),
            "martydb.yaml:3:8: unknown key \"databse\"",
        ),
        (
            "a duplicate database",
            "version: 1\nservices:\n  a: { database: x }\n  b: { database: x }\n".into(),
            "martydb.yaml:4:8: database \"x\"",
        ),
        (
            "an unset variable",
            "version: 1\nservices:\n  a: { database: \"${NOPE}\" }\n".into(),
            "martydb.yaml:3:8: the variable NOPE is not set",
        ),
        (
            "a long role",
            format!("version: 1\nservices:\n  a: {{ roles: {{ app: {long}_app }} }}\n"),
            "martydb.yaml:3:17: role",
        ),
        (
            "an exception for a finding that there is not",
            "version: 1\nservices: { a: }\nallow: [{ finding: role-atribute, reason: x }]\n".into(),
            "martydb.yaml:3:11: unknown finding \"role-atribute\"\nhint: did you mean \"role-attribute\"?",
        ),
        (
            "a password with an @ and a / that are not encoded",
            "version: 1\nservers:\n  main: { url: \"postgresql://u:pa/ss@w@h/d\" }\nservices: { a: }\n".into(),
            "martydb.yaml:3:11: the database's name contains an @ or a / that is not percent-encoded\nhint: in the user's name and password, write @ as %40",
        ),
        (
            "a certificate without its key",
            "version: 1\nservers:\n  main: { url: \"postgresql://u@h/d?sslcert=x.crt\" }\nservices: { a: }\n".into(),
            "martydb.yaml:3:11: the URL has sslcert but no sslkey",
        ),
        (
            "an unknown way to authenticate",
            "version: 1\nservers:\n  main: { url: \"postgresql://u@h/d\", require_auth: scram }\nservices: { a: }\n".into(),
            "martydb.yaml:3:38: require_auth has an unknown method, expected password, md5",
        ),
        (
            "two that contradict each other",
            "version: 1\nservers:\n  main: { url: \"postgresql://h/d?require_auth=md5\", require_auth: md5 }\nservices: { a: }\n".into(),
            "the url has a require_auth of its own",
        ),
        (
            "a password for a server that needs none",
            "version: 1\nservers:\n  main: { embedded: true, password_env: X }\nservices: { a: }\n".into(),
            "martydb.yaml:3:27: a server that martydb runs itself needs no password",
        ),
        (
            "a password in the URL of a server that is not used now",
            "version: 1\nservers:\n  main: { embedded: auto, url: \"postgresql://u:pa/ss@h/d\" }\nservices: { a: }\n".into(),
            "martydb.yaml:3:27: the database's name contains an @",
        ),
        (
            "a misspelt parameter",
            "version: 1\nservers:\n  main: { embedded: auto, url: \"postgresql://h/d?sslmod=prefer\" }\nservices: { a: }\n".into(),
            "martydb.yaml:3:27: the URL has an unknown parameter, did you mean \"sslmode\"?",
        ),
        (
            "a text in place of a map",
            "version: 1\nservices:\n  a: { connection_limit: lots }\n".into(),
            "martydb.yaml:3:8: the key \"connection_limit\": expected keys and values, found \"lots\"\nhint: write `connection_limit: { app: 40 }`\n",
        ),
        (
            "no version",
            "services: { a: }\n".into(),
            "martydb.yaml: the key \"version\" is missing\nhint: write `version: 1` in the first line",
        ),
        ("a version in letters", "version: one\nservices: { a: }\n".into(), "martydb.yaml:1:1: \"one\" is not a whole number\n"),
        (
            "a key twice",
            "version: 1\nservices:\n  a:\n  a:\n".into(),
            "martydb.yaml:4:3: the key \"a\" is repeated\nhint: remove or rename one of the two",
        ),
        ("a tab", "version: 1\nservices:\n\ta:\n".into(), "martydb.yaml:3:1: the indentation contains a tab\nhint: indent with spaces"),
        (
            "a byte order mark",
            "\u{feff}version: 1\nservices: { a: }\n".into(),
            "martydb.yaml:1:1: the file starts with a byte order mark\nhint: save it as UTF-8 without one",
        ),
        ("brackets without end", "{a: ".repeat(50_000), "martydb.yaml:1:401: more than 100 levels"),
        ("a list of lists", "- ".repeat(100_000), "martydb.yaml:1:201: more than 100 levels"),
        ("invalid YAML", "version: [1\nservices: }".into(), "martydb.yaml:2:"),
        ("an empty file", String::new(), "martydb.yaml:1:1: the file is empty"),
    ];
    for (what, text, expected) in cases {
        let project = Project::with_manifest(&text);
        for arguments in [&["plan"][..], &["init-all", "-y"], &["apply", "--all", "-y"], &["validate"]] {
            let done = project.run(arguments).expect(2);
            assert!(done.stderr.contains(expected), "{what}: wanted {expected} in\n{}", done.stderr);
            assert!(done.stdout.is_empty(), "{what}");
        }
        assert!(!project.path().join(".martydb").exists(), "{what}: something was touched");
        let document = project.json(&["plan"], 2);
        assert_eq!(document["error"]["kind"], "manifest", "{what}");
    }
}

/// Within a second, which is a hundred times what it takes, where the parser alone took half a minute.
#[test]
fn absurd_nesting_is_refused_quickly_everywhere() {
    let deep = "[".repeat(200_000);
    let project = Project::with_manifest(
        "version: 1\nservers: { main: { url: \"postgresql://127.0.0.1:1\" } }\nservices: { a: }\n",
    );
    project.write("martydb.production.yaml", &deep);
    project.write(".martydb/secrets/development.yaml", &deep);
    project.write("plan.json", &deep);
    project.write("baseline.json", &deep);
    for arguments in [
        &["validate", "-e", "production"][..],
        &["url", "--service", "a"],
        &["apply", "--plan", "plan.json"],
        &["verify-isolation", "--baseline", "baseline.json"],
    ] {
        let began = std::time::Instant::now();
        let _refused = project.run(arguments).expect(2);
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{arguments:?}: {:?}", began.elapsed());
    }
}

#[test]
fn a_missing_manifest_and_an_unknown_environment_are_errors() {
    let project = Project::with_manifest("version: 1\nservices: { a: }\n");
    std::fs::remove_file(project.path().join("martydb.yaml")).unwrap();
    let done = project.run(&["plan"]).expect(2);
    insta::assert_snapshot!(done.shown(), @r"
    error: no manifest in FOLDER or any folder above it
    caused by: looked for martydb.yaml and services/manifest.yaml
    hint: `martydb init` writes one; or name one with --manifest FILE
    ");
    let named = project.run(&["plan", "-f", "nowhere.yaml"]).expect(2);
    insta::assert_snapshot!(named.shown(), @r"
    error: no manifest at nowhere.yaml
    hint: check --manifest or MARTYDB_MANIFEST
    ");

    let project = Project::with_manifest("version: 1\nservices: { a: }\n");
    project.write("martydb.production.yaml", "project: p\n");
    let done = project.run(&["plan", "-e", "prodution"]).expect(2);
    insta::assert_snapshot!(done.shown(), @r#"
    error: unknown environment "prodution"
    caused by: there is no FOLDER/martydb.prodution.yaml
    hint: did you mean "production"?
    "#);
    assert!(!project.path().join(".martydb").exists());
}

#[test]
fn a_writing_command_requires_services() {
    let server = Server::start();
    let project = Project::new(&server, "csca");
    for command in ["upgrade", "apply"] {
        let done = project.run(&[command]).expect(2);
        assert!(done.stderr.contains("services: csca_a, csca_b"), "{}", done.stderr);
    }
    let done = project.run(&["upgrade", "--service", "csac_a"]).expect(2);
    assert!(done.stderr.contains("did you mean \"csca_a\"?"), "{}", done.stderr);
    let document = project.json(&["upgrade", "--service", "csac_a"], 2);
    assert_eq!(document["error"]["kind"], "usage");
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_database"), "3");
}

#[test]
fn an_environment_without_a_file_is_refused_with_the_file_to_write() {
    let project = Project::with_manifest("version: 1\nservices: { a: }\n");
    let unknown = project.run(&["-e", "prod", "validate"]).expect(2);
    insta::assert_snapshot!(unknown.shown(), @r#"
    error: unknown environment "prod"
    caused by: there is no FOLDER/martydb.prod.yaml
    hint: write FOLDER/martydb.prod.yaml, or leave --env out for development
    "#);
    project.write("martydb.production.yaml", "version: 1\n");
    let misspelt = project.run(&["-e", "productoin", "validate"]).expect(2);
    insta::assert_snapshot!(misspelt.shown(), @r#"
    error: unknown environment "productoin"
    caused by: there is no FOLDER/martydb.productoin.yaml
    hint: did you mean "production"?
    "#);
}
