//! `secrets export`: names for all to see, values into a private file only.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde::Deserialize;
use serde_json::Value;

use crate::support::{Admin, Pooler, Project, Server, as_both_admins, psql};

const FORMATS: [&str; 4] = ["kubernetes", "dotenv", "json", "pgbouncer"];

fn provisioned(server: &Server, prefix: &str) -> Project {
    let project = Project::new(server, prefix);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project
}

fn export<'a>(format: &'a str, out: &'a str) -> [&'a str; 7] {
    ["secrets", "export", "--format", format, "--values", "--out", out]
}

fn shows_none(project: &Project, said: &str) {
    for password in project.passwords() {
        assert!(!said.contains(&password), "{said}");
    }
    assert!(!said.contains("SCRAM-SHA-256$"), "{said}");
}

#[test]
fn without_values_every_format_lists_names_without_passwords() {
    let server = Server::start();
    let project = provisioned(&server, "ref");
    project.run(&["rotate", "--service", "ref_a", "--role", "app", "--overlap"]).expect(0);
    for (format, name) in
        FORMATS.iter().zip(["ref-a-app", "REF_A_APP_B_PASSWORD", "ref_a_app_b", "ref_a_app_b"])
    {
        let table = project.run(&["secrets", "export", "--format", format, "-vv"]).expect(0).said();
        shows_none(&project, &table);
        assert!(
            table.contains(name) && table.contains(".martydb/secrets/development.yaml"),
            "{format}: {table}"
        );
        let document = project.json(&["secrets", "export", "--format", format], 0);
        shows_none(&project, &document.to_string());
        let entries = document["entries"].as_array().unwrap();
        // An application has one login for each service; elsewhere there are all three.
        assert_eq!(entries.len(), if *format == "kubernetes" { 2 } else { 6 }, "{document:#}");
        let app = &entries.iter().find(|one| one["service"] == "ref_a" && one["role"] == "app").unwrap();
        assert_eq!(
            (&app["login"], &app["in_use"], &app["name"]),
            (&"ref_a_app_b".into(), &true.into(), &name.into())
        );
        assert_eq!(
            (&document["values"], &document["out"], &document["provider"]),
            (&false.into(), &Value::Null, &"file".into())
        );
    }
    let some =
        project.json(&["secrets", "export", "--format", "json", "-s", "ref_b", "--role", "readonly"], 0);
    assert_eq!(some["entries"].as_array().unwrap().len(), 1, "{some:#}");
    project.run(&["secrets", "export", "--format", "json", "--values"]).expect(2);
    project.run(&["secrets", "export", "--format", "json", "--out", "f"]).expect(2);
    // A store without passwords: they are named as missing, and there is nothing to write.
    std::fs::remove_file(project.path().join(".martydb/secrets/development.yaml")).unwrap();
    let gone = project.json(&["secrets", "export", "--format", "dotenv"], 0);
    assert!(gone["entries"].as_array().unwrap().iter().all(|one| one["stored"] == false), "{gone:#}");
    let refused = project.run(&export("dotenv", "f")).expect(1);
    assert!(refused.stderr.contains("no password for \"ref_a_migrator\""), "{refused:?}");
    assert!(!project.path().join("f").exists());
}

#[test]
fn values_are_written_only_to_a_private_file() {
    let server = Server::start();
    let project = provisioned(&server, "val");
    for format in FORMATS {
        let done = project.run(&[&export(format, format)[..], &["-vv"]].concat()).expect(0);
        shows_none(&project, &done.said());
        assert!(done.stdout.contains(format), "{done:?}");
        let again = project.json(&export(format, format), 0);
        shows_none(&project, &again.to_string());
        assert_eq!(again["values"], true);
        let path = project.path().join(format);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        if format != "pgbouncer" {
            assert!(project.read(format).contains(&project.password("val_a_app")), "{format}");
        }
        // A file of mine that others can read is not made private behind my back: it was read by then.
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let before = project.read(format);
        let refused = project.run(&export(format, format)).expect(2);
        assert!(refused.stderr.contains("chmod 600"), "{refused:?}");
        assert_eq!(project.read(format), before);
    }
    let store = project.read(".martydb/secrets/development.yaml");
    for own in [".martydb/secrets/development.yaml", ".martydb/secrets/development.env"] {
        let refused = project.run(&export("json", own)).expect(2);
        assert!(refused.stderr.contains("belongs to the secret store"), "{refused:?}");
    }
    assert_eq!(project.read(".martydb/secrets/development.yaml"), store);
    let nowhere = project.run(&export("json", "no/such/folder")).expect(2);
    assert!(nowhere.stderr.contains("does not exist"), "{nowhere:?}");
    let open = project.path().join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
    project.run(&export("json", "open/file")).expect(2);
    // A pipe is asked for by name.
    let piped = project.run(&[&export("json", "-")[..], &["-o", "json"]].concat()).expect(0);
    assert_eq!(piped.json()["entries"].as_array().unwrap().len(), 6);
    let names: Vec<_> =
        std::fs::read_dir(project.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().ends_with(".tmp")), "{names:?}");
}

#[test]
fn values_are_not_written_to_a_terminal() {
    let server = Server::start();
    let project = provisioned(&server, "tty");
    // `script` runs it on a terminal of its own.
    let program = env!("CARGO_BIN_EXE_martydb");
    let mut command = std::process::Command::new("script");
    let line = format!("{program} secrets export --format dotenv --values --out -");
    command.args(["-qec", &line, "/dev/null"]).current_dir(project.path()).stdin(Stdio::null());
    let done = project.finish(command);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stdout.contains("not written to a terminal"), "{done:?}");
    shows_none(&project, &done.said());
}

as_both_admins!(the_provider_env_reads_an_exported_dotenv_file, |admin| {
    let server = Server::for_admin(admin);
    let project = Project::new_as(&server, admin, "dot");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&export("dotenv", "values.env")).expect(0);
    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &format!("{manifest}secrets: {{ provider: env }}\n"));
    std::fs::remove_dir_all(project.path().join(".martydb")).unwrap();
    project.run(&["test-connections"]).expect(2);
    let mut command = project.command(&[]);
    let program = env!("CARGO_BIN_EXE_martydb");
    let script = format!(
        "set -a; . ./values.env; {program} test-connections && {program} secrets export --format json"
    );
    command = {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script]).current_dir(command.get_current_dir().unwrap());
        shell
    };
    let done = project.finish(command).expect(0);
    assert!(done.stdout.contains("DOT_A_APP_PASSWORD"), "{done:?}");
});

#[test]
fn kubernetes_secrets_equal_url_with_any_password() {
    let server = Server::start();
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: kube\nservers:\n  main:\n    url: {}\nsecrets: {{ provider: env }}\nservices:\n  kube_a_:\n  k-b:\n",
        server.url()
    ));
    let odd = "it's \"#: {odd}\" $HOME \\ ünd: - null";
    let run = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        for service in ["KUBE_A_", "K_B"] {
            for role in ["APP", "MIGRATOR", "READONLY"] {
                command.env(format!("{service}_{role}_PASSWORD"), odd);
            }
        }
        project.finish(command)
    };
    run(&["apply", "--all", "-y"]).expect(0);
    let text = run(&export("kubernetes", "-")).expect(0).stdout;
    let documents = serde_yaml::Deserializer::from_str(&text).map(|one| Value::deserialize(one).unwrap());
    let secrets: Vec<Value> = documents.collect();
    assert_eq!(secrets.len(), 2, "{text}");
    for (secret, (service, name)) in secrets.iter().zip([("k-b", "k-b-app"), ("kube_a_", "kube-a--app")]) {
        assert_eq!((&secret["apiVersion"], &secret["kind"]), (&"v1".into(), &"Secret".into()));
        assert_eq!(secret["metadata"]["name"], name);
        let data = &secret["stringData"];
        assert_eq!((&data["PGPASSWORD"], &data["PGDATABASE"]), (&odd.into(), &service.into()));
        assert_eq!(data["PGPORT"], server.port.to_string());
        let url = run(&["url", "-s", service, "-o", "json"]).expect(0).json();
        assert_eq!(data["DATABASE_URL"], url["url"]);
        let found = server.sql_as(data["PGUSER"].as_str().unwrap(), odd, service, "SELECT 1");
        assert!(found.is_ok(), "{found:?}");
    }
    // The same password by the other files.
    run(&export("dotenv", "back.env")).expect(0);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", ". ./back.env; printf %s \"$K_B_APP_PASSWORD\""]).current_dir(project.path());
    assert_eq!(project.finish(shell).stdout, odd);
    let json = run(&export("json", "-")).expect(0).json();
    assert_eq!(json["entries"][0]["password"], odd);
}

#[test]
fn a_programs_arguments_are_not_printed() {
    let project = Project::with_manifest(
        "version: 1\nproject: tok\nsecrets: { provider: command, get: [echo, \"${TOKEN}\"] }\nservices:\n  tok_a:\n",
    );
    for format in FORMATS {
        let mut command = project.command(&["secrets", "export", "--format", format]);
        let done = project
            .finish({
                command.env("TOKEN", "hunter2hunter2");
                command
            })
            .expect(0);
        assert!(done.stdout.contains("echo: tok_a_app") && !done.said().contains("hunter2"), "{done:?}");
    }
}

#[test]
fn two_services_with_one_name_in_a_format_are_refused() {
    let project = Project::with_manifest(
        "version: 1\nproject: pair\nservices:\n  pair_a:\n  pair-a: { database: other }\n",
    );
    for format in ["kubernetes", "dotenv"] {
        let refused = project.run(&["secrets", "export", "--format", format]).expect(2);
        assert!(refused.stderr.contains("pair_a") && refused.stderr.contains("--service"), "{refused:?}");
        project.run(&["secrets", "export", "--format", format, "-s", "pair_a"]).expect(0);
    }
    project.run(&["secrets", "export", "--format", "json"]).expect(0);
}

/// Its verifier would be of no use there, and one more place could lose it.
#[test]
fn the_list_of_a_pooler_does_not_have_the_login_of_the_monitor() {
    let server = Server::start();
    let project = Project::new(&server, "umon");
    project.write("martydb.yaml", &(project.read("martydb.yaml") + "monitor: true\n"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    for (format, is_in) in [("pgbouncer", false), ("dotenv", true), ("kubernetes", true)] {
        project.run(&export(format, format)).expect(0);
        let text = project.read(format).to_lowercase();
        assert_eq!(text.contains("monitor"), is_in, "{format}: {text}");
        assert!(text.contains("umon_a"), "{format}: {text}");
    }
    // A file for one service's team has no login that sees all of the server.
    project.run(&[&export("kubernetes", "one")[..], &["-s", "umon_a"]].concat()).expect(0);
    let one = project.read("one");
    assert!(one.contains("umon_a") && !one.contains("monitor"), "{one}");
}

#[test]
fn a_pooler_admits_the_logins_of_the_exported_userlist() {
    let server = Server::with_both_admins();
    // No superuser: what the server keeps is not read but computed.
    let project = Project::new_as(&server, Admin::Limited, "list");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["rotate", "--service", "list_a", "--role", "app", "--overlap"]).expect(0);
    project.run(&["rotate", "--service", "list_a", "--role", "app", "--finish"]).expect(0);
    project.run(&export("pgbouncer", "userlist.txt")).expect(0);
    let users = project.read("userlist.txt");
    assert_eq!(users.lines().count(), 6, "{users}");
    for line in users.lines() {
        let words: Vec<&str> = line.split('"').collect();
        let kept = format!("SELECT rolpassword FROM pg_authid WHERE rolname = '{}'", words[1]);
        assert_eq!(server.value("postgres", &kept), words[3]);
    }
    let pooler = Pooler::over(&server, "transaction", "");
    pooler.let_in(&users);
    for (login, database) in [("list_a_app_b", "list_a"), ("list_b_ro", "list_b")] {
        let mut psql = std::process::Command::new(psql());
        let to =
            format!("host=127.0.0.1 port={} user={login} dbname={database} sslmode=disable", pooler.port);
        psql.args(["-XAtc", "SELECT session_user", &to]).env("PGPASSWORD", project.password(login));
        assert_eq!(project.finish(psql).expect(0).stdout.trim(), login);
    }
    server.sql("postgres", "ALTER ROLE list_b_ro PASSWORD 'changed behind its back'");
    let refused = project.run(&export("pgbouncer", "-")).expect(5);
    assert!(refused.stderr.contains("list_b_ro") && refused.stdout.is_empty(), "{refused:?}");
}
