//! `app_url`: the address that applications get, in place of the admin's.

use crate::support::{ADMIN_PASSWORD, Pooler, Project, Server};

const MANIFEST: &str =
    "version: 1\nproject: front\nservers:\n  main:\n    url: \"URL\"\n    app_url: APP\nservices:\n  fr_a:\n";

/// Runs one query with psql, by nothing but a connection string.
fn psql(url: &str, query: &str) -> String {
    let mut command = std::process::Command::new(crate::support::psql());
    command.args(["-X", "-A", "-t", "-d", url.trim(), "-c", query]);
    for name in ["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"] {
        command.env_remove(name);
    }
    let end = command.output().unwrap();
    assert!(end.status.success(), "{url}: {}", String::from_utf8_lossy(&end.stderr));
    String::from_utf8(end.stdout).unwrap().trim().to_owned()
}

fn rewrite(project: &Project, server: &Server, app_url: &str) {
    project.write("martydb.yaml", &MANIFEST.replace("URL", &server.url()).replace("APP", app_url));
}

#[test]
fn applications_connect_through_the_pooler_and_martydb_directly() {
    let server = Server::start();
    let project = Project::with_manifest("");
    let pooler = Pooler::over(&server, "transaction", "");
    let app_url = format!("\"postgresql://127.0.0.1:{}?sslmode=disable\"", pooler.port);
    rewrite(&project, &server, &app_url);
    project.write("fr_a/migrations/V1__item.sql", "CREATE TABLE item (id int);\n");
    // A pooler would be refused.
    project.run(&["init-all", "-y"]).expect(0);
    let (app, readonly) = (project.password("fr_a_app"), project.password("fr_a_ro"));
    pooler.users(&[("postgres", ADMIN_PASSWORD), ("fr_a_app", &app), ("fr_a_ro", &readonly)]);
    let url = project.run(&["url", "-s", "fr_a"]).expect(0).stdout;
    assert_eq!(url, format!("postgresql://fr_a_app:{app}@127.0.0.1:{}/fr_a?sslmode=disable\n", pooler.port));
    assert_eq!(psql(&url, "SELECT current_user || ' ' || current_database()"), "fr_a_app fr_a");
    let url = project.run(&["url", "-s", "fr_a", "--role", "readonly"]).expect(0).stdout;
    assert_eq!(psql(&url, "SELECT count(*) FROM item"), "0");
    let direct = format!(":{}/", server.port);
    for words in [
        &["url", "--admin", "--server", "main"][..],
        &["url", "-s", "fr_a", "--role", "migrator"],
        &["url", "-s", "fr_a", "--role", "migrator", "--no-password"],
    ] {
        let url = project.run(words).expect(0).stdout;
        assert!(url.contains(&direct), "{words:?}: {url}");
    }
    let without = project.run(&["url", "-s", "fr_a", "--no-password"]).expect(0).stdout;
    assert_eq!(without, format!("postgresql://fr_a_app@127.0.0.1:{}/fr_a?sslmode=disable\n", pooler.port));
    for words in
        [&["test-connections"][..], &["verify-isolation"], &["plan", "--check"], &["status", "--check"]]
    {
        project.run(words).expect(0);
    }
}

#[test]
fn readers_get_a_replica_or_several_hosts_with_a_standby() {
    let server = Server::start();
    let project = Project::with_manifest("");
    rewrite(
        &project,
        &server,
        &format!("{{ read: \"postgresql://127.0.0.1:{}/{{database}}\" }}", server.port),
    );
    project.run(&["apply", "--all", "-y"]).expect(0);
    let read = project.run(&["url", "-s", "fr_a", "--read-only"]).expect(0).stdout;
    assert_eq!(psql(&read, "SELECT current_user"), "fr_a_ro");
    let document = project.json(&["url", "-s", "fr_a", "--read-only", "--role", "app"], 0);
    assert_eq!(document["role"], "app");
    assert!(document["url"].as_str().unwrap().contains("fr_a_app:"), "{document}");

    // The first host does not exist; libpq tries the second.
    let hosts = format!("\"postgresql://127.0.0.1:1,127.0.0.1:{}?sslmode=disable\"", server.port);
    rewrite(&project, &server, &hosts);
    let written = project.run(&["url", "-s", "fr_a"]).expect(0).stdout;
    assert_eq!(psql(&written, "SELECT current_user"), "fr_a_app");
    let read = project.run(&["url", "-s", "fr_a", "--read-only"]).expect(0).stdout;
    assert!(read.contains("target_session_attrs=prefer-standby"), "{read}");
    assert_eq!(psql(&read, "SELECT current_user"), "fr_a_ro");
    let lines = project.run(&["url", "-s", "fr_a", "--format", "pgpass"]).expect(0).stdout;
    assert_eq!(lines.lines().count(), 2, "{lines}");

    rewrite(&project, &server, &format!("\"postgresql://127.0.0.1:{}?sslsni=0\"", server.port));
    let refused = project.run(&["url", "-s", "fr_a", "--read-only"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r#"
    error: service "fr_a" has no read-only address
    caused by: its app_url has neither `read` nor several hosts, and its server no replica to read at
    hint: write app_url: { write: postgresql://…, read: postgresql://… } for the service or its server, or declare replicas of the server
    "#);
    assert!(refused.stderr.contains("hint: write app_url:"), "{}", refused.stderr);
    let refused = project.run(&["url", "-s", "fr_a", "--format", "jdbc"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r"
    error: the format jdbc cannot express sslsni=0
    hint: choose another --format, or leave it out of the URL
    ");
    for words in [
        &["url", "-s", "fr_a", "--role", "migrator", "--read-only"][..],
        &["url", "--admin", "--server", "main", "--read-only"],
    ] {
        project.run(words).expect(2);
    }
}

#[test]
fn a_wrong_app_url_is_refused_with_its_line_and_without_its_text() {
    let wrong = |servers: &str, services: &str| {
        let text = format!("version: 1\nservers:\n  main: {servers}\nservices:\n  {services}\n");
        let project = Project::with_manifest(&text);
        let reported = project.run(&["validate"]).expect(2).stderr;
        assert!(!reported.contains("secret"), "{reported}");
        reported
    };
    for (servers, services, place, sentence) in [
        ("{ app_url: \"postgresql://u:secret@h\" }", "a:", "3:11", "must not contain a user or a password"),
        ("{ app_url: { read: \"postgresql://secret@h\" } }", "a:", "3:22", "must not contain a user"),
        ("{ app_url: \"postgresql:///run?host=/secret\" }", "a:", "3:11", "hosts and ports belong before"),
        ("{ }", "a: { app_url: \"postgresql://%2Frun%2Fsecret\" }", "5:8", "names a socket"),
        ("{ }", "a: { app_url: \"postgresql://h:secret\" }", "5:8", "the port is not a number"),
        ("{ }", "a: { app_url: \"postgresql://${NOPE}\" }", "5:8", "the variable NOPE is not set"),
        ("{ }", "a: { app_url: { wriet: \"postgresql://h\" } }", "5:19", "unknown key \"wriet\""),
        ("{ }", "a: { app_url: \"postgresql://h/{role}\" }", "5:8", "the only placeholders here"),
        ("{ app_url: \"postgresql://h/d\" }", "a:\n  b:", "6:", "same database as that of service \"a\""),
    ] {
        let reported = wrong(servers, services);
        assert!(
            reported.contains(&format!("martydb.yaml:{place}")) && reported.contains(sentence),
            "{services}: {reported}"
        );
    }
}
