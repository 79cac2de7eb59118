//! `secrets import`: what comes in, what is refused before anything is written, and the way back from a lost store.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Admin, Project, Server, as_both_admins};

const STORE: &str = ".martydb/secrets/development.yaml";

fn private(project: &Project, name: &str, text: &str) {
    project.write(name, text);
    std::fs::set_permissions(project.path().join(name), Permissions::from_mode(0o600)).unwrap();
}

fn lose(project: &Project) {
    std::fs::remove_file(project.path().join(STORE)).unwrap();
}

fn export(project: &Project, format: &str, more: &[&str]) {
    let all = ["secrets", "export", "--format", format, "--values", "--out", format];
    project.run(&[&all[..], more].concat()).expect(0);
}

as_both_admins!(a_lost_store_is_restored_from_an_export_unnoticed_by_clients, |admin| {
    let server = Server::for_admin(admin);
    let project = Project::new_as(&server, admin, "back");
    project.run(&["apply", "--all", "-y"]).expect(0);
    // One login whose alternate is in use, one with both open, and the others as they were made.
    project.run(&["rotate", "--service", "back_a", "--role", "app", "--overlap"]).expect(0);
    project.run(&["rotate", "--service", "back_a", "--role", "readonly", "--overlap"]).expect(0);
    project.run(&["rotate", "--service", "back_a", "--role", "readonly", "--finish"]).expect(0);
    project.run(&["rotate", "--service", "back_a", "--role", "readonly", "--overlap"]).expect(0);
    let (store, roles) = (project.read(STORE), || {
        server.sql("postgres", "SELECT rolname, xmin, rolpassword FROM pg_authid ORDER BY 1")
    });
    let untouched = roles();
    for format in ["json", "dotenv"] {
        export(&project, format, &[]);
        lose(&project);
        let said = project.run(&["doctor"]).expect(1).stdout;
        assert!(said.contains("the secret store is empty, but 6 logins exist"), "{said}");
        project.run(&["apply", "--all", "-y"]).expect(2);
        let done = project.json(&["secrets", "import", "--from", format, format], 0);
        let outcomes = done["entries"].as_array().unwrap();
        assert!(outcomes.len() == 8 && outcomes.iter().all(|one| one["outcome"] == "written"), "{done:#}");
        assert_eq!(project.read(STORE), store, "{format}");
        let again = project.json(&["secrets", "import", "--from", format, format], 0);
        assert!(
            again["entries"].as_array().unwrap().iter().all(|one| one["outcome"] == "unchanged"),
            "{again:#}"
        );
        project.run(&["plan", "--check-logins", "--check"]).expect(0);
        project.run(&["test-connections"]).expect(0);
        project.run(&["doctor"]).expect(0);
    }
    assert_eq!(roles(), untouched);
    project.run(&["rotate", "--all", "--finish"]).expect(0);
});

/// As `kubectl get secret -o json` prints what was applied: one list, values in base64.
fn in_the_cluster(text: &str) -> Value {
    let secrets = serde_yaml::Deserializer::from_str(text).map(|one| {
        let mut secret = Value::deserialize(one).unwrap();
        let strings = secret.as_object_mut().unwrap().remove("stringData").unwrap();
        let encoded = strings.as_object().unwrap().iter();
        let data =
            encoded.map(|(name, value)| (name.clone(), json!(STANDARD.encode(value.as_str().unwrap()))));
        secret["data"] = Value::Object(data.collect());
        secret["metadata"]["uid"] = json!("4711");
        secret
    });
    json!({ "apiVersion": "v1", "kind": "List", "items": secrets.collect::<Vec<_>>() })
}

#[test]
fn a_lost_store_is_restored_from_the_secrets_of_a_cluster() {
    let server = Server::start();
    let project = Project::new(&server, "clus");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["rotate", "--service", "clus_b", "--overlap"]).expect(0);
    project.run(&["rotate", "--service", "clus_b", "--finish"]).expect(0);
    let all = ["--role", "app", "--role", "readonly", "--role", "migrator"];
    export(&project, "kubernetes", &all);
    let store = project.read(STORE);
    private(&project, "cluster.json", &in_the_cluster(&project.read("kubernetes")).to_string());
    for file in ["kubernetes", "cluster.json"] {
        lose(&project);
        project.run(&["secrets", "import", "--from", "kubernetes", file]).expect(0);
        assert_eq!(project.read(STORE), store, "{file}");
    }
    project.run(&["plan", "--check-logins", "--check"]).expect(0);
    // A manual Secret without annotations is recognized by the login's name.
    lose(&project);
    private(&project, "hand", "kind: Secret\nstringData: { PGUSER: clus_a_app, PGPASSWORD: mine }\n");
    project.run(&["secrets", "import", "--from", "kubernetes", "hand"]).expect(0);
    assert_eq!(project.passwords(), ["mine"]);
    // The remaining passwords are lost: they are named, and replaced only on request.
    let said = project.run(&["doctor"]).expect(1).stdout;
    assert!(
        said.contains("lacks 5 logins") && said.contains("clus_a_ro") && said.contains("--reset-passwords"),
        "{said}"
    );
    project.run(&["apply", "--service", "clus_a", "-y"]).expect(2);
    project.run(&["apply", "--service", "clus_a", "-y", "--reset-passwords"]).expect(0);
    project.run(&["test-connections", "--service", "clus_a"]).expect(0);
    private(&project, "other", "kind: ConfigMap\nmetadata: { name: settings }\n");
    let refused = project.run(&["secrets", "import", "--from", "kubernetes", "other"]).expect(2);
    assert!(refused.stderr.contains("settings") && refused.stderr.contains("kubectl get"), "{refused:?}");
}

#[test]
fn mismatched_imports_are_refused_before_any_write() {
    let server = Server::start();
    let project = Project::new(&server, "fit");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let store = project.read(STORE);
    export(&project, "json", &[]);
    let json = project.read("json");
    let import = |format: &str, text: &str| {
        private(&project, "file", text);
        project.run(&["secrets", "import", "--from", format, "file"])
    };
    let secret = "hunter2hunter2";
    let cases = [
        (
            "dotenv",
            format!("FIT_A_APP_PASSWORD={secret}\nFIT_C_APP_PASSWORD={secret}\n"),
            "FIT_C_APP_PASSWORD",
        ),
        ("dotenv", format!("FIT_A_APP_PASSWORD={secret} {secret}\n"), "near line 1"),
        ("dotenv", format!("FIT_A_APP_PASSWORD='{secret}\n"), "unterminated quote"),
        ("dotenv", "FIT_A_APP_PASSWORD=\n".into(), "is empty"),
        ("dotenv", "FIT_A_APP_PASSWORD='-> fit_a_app_b'\n".into(), "refers to another entry"),
        ("dotenv", format!("FIT_A_APP_PASSWORD='{secret}\n'\n"), "line break"),
        ("dotenv", format!("FIT_A_APP_PASSWORD='{secret}\nPATH=/tmp'\n"), "control character"),
        ("dotenv", format!("FIT_A_APP_PASSWORD={secret}\nexport FIT_A_APP_PASSWORD=x\n"), "two passwords"),
        ("dotenv", "# nothing\n".into(), "no passwords"),
        ("json", json.replace("\"development\"", "\"production\""), "environment \"production\""),
        ("json", json.replace("\"project\": \"fit\"", "\"project\": \"tif\""), "project \"tif\""),
        ("json", json.replace("fit_b_app", "fit_b_app_c"), "fit_b_app_c of service fit_b"),
        ("json", json.replace("\"format_version\": 1", "\"format_version\": 2"), "format_version is 2"),
        ("json", format!("{{\"password\": {secret}}}"), "line 1, column"),
        ("kubernetes", format!("kind: Secret\nstringData: {{ PGPASSWORD: [{secret}] }}\n"), "not a Secret"),
        ("dotenv", format!("FIT_A_APP_PASSWORD={secret}\n"), "\"fit_a_app\""),
    ];
    for (format, text, why) in cases {
        let refused = import(format, &text).expect(2);
        assert!(refused.stderr.contains(why) && refused.stdout.is_empty(), "{text}: {refused:?}");
        assert!(!refused.stderr.contains(secret), "{refused:?}");
        assert_eq!(project.read(STORE), store, "{text}");
    }
    project.run(&["secrets", "import", "--from", "json", "no-such-file"]).expect(2);
    // The last of them differs from what the store has, which must be asked for.
    project.run(&["secrets", "import", "--from", "dotenv", "file", "--replace"]).expect(0);
    assert_eq!(project.password("fit_a_app"), secret);
    project.run(&["plan", "--check-logins", "--check"]).expect(3);
    std::fs::set_permissions(project.path().join("file"), Permissions::from_mode(0o640)).unwrap();
    let open = project.run(&["secrets", "import", "--from", "dotenv", "file"]).expect(2);
    insta::assert_snapshot!(open.shown(), @r"
    error: passwords are not safe in ./file
    caused by: its mode is 0640: others can read or change it
    hint: run: chmod 600 ./file
    hint: then give the logins new passwords with `martydb rotate`, if others may have read these
    ");
    // The shell's way in, without a file.
    let mut command = project.command(&["secrets", "import", "--from", "json", "-", "--replace"]);
    command.stdin(std::fs::File::open(project.path().join("json")).unwrap());
    project.finish(command).expect(0);
    assert_eq!(project.read(STORE), store);
}

#[test]
fn a_read_only_store_refuses_imports() {
    let server = Server::start();
    let manifest = |secrets: &str| {
        format!(
            "version: 1\nproject: ro\nservers:\n  main:\n    url: {}\nsecrets: {secrets}\nservices:\n  ro_a:\n",
            server.url()
        )
    };
    for (secrets, why) in [("{ provider: env }", "read-only"), ("{ provider: command, get: [cat] }", "`set`")]
    {
        let project = Project::with_manifest(&manifest(secrets));
        private(&project, "file", "RO_A_APP_PASSWORD=x\n");
        let refused = project.run(&["secrets", "import", "--from", "dotenv", "file"]).expect(2);
        assert!(refused.stderr.contains(why), "{refused:?}");
    }
}
