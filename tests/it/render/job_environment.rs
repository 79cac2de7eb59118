//! The environment of rendered jobs: enough for their commands, on a server where nothing exists yet.

use std::collections::BTreeMap;

use serde_yaml::Value;

use super::network::objects;
use crate::support::{ADMIN_PASSWORD, Project, Server};

const SERVICES: &str = "services: { je_a: {}, je_b: {} }\n\
access: { je_reports: { login: true, read: [je_a], reason: reports } }\nmonitor: true\n";

/// Returns the variables of a container, each value from the Secrets.
fn environment(container: &Value, secrets: &[Value]) -> BTreeMap<String, String> {
    let value = |variable: &Value| {
        if let Some(text) = variable["value"].as_str() {
            return text.to_owned();
        }
        let wanted = &variable["valueFrom"]["secretKeyRef"];
        let secret = secrets.iter().find(|secret| secret["metadata"]["name"] == wanted["name"]);
        let secret = secret.unwrap_or_else(|| panic!("no Secret {wanted:?}"));
        secret["stringData"][&wanted["key"]].as_str().unwrap().to_owned()
    };
    let all = container["env"].as_sequence().unwrap();
    all.iter().map(|one| (one["name"].as_str().unwrap().to_owned(), value(one))).collect()
}

#[test]
fn the_environment_of_each_job_is_enough_for_its_command() {
    let server = Server::start();
    let servers = |address: &str| {
        let url = format!("postgresql://postgres@{address}/postgres?sslmode=disable");
        format!("version: 1\nproject: je\nservers: {{ main: {{ url: '{url}', password_env: OWN }} }}\n")
    };
    let here = servers(&format!("127.0.0.1:{}", server.port)) + SERVICES;
    let project = Project::with_manifest(&here);
    for service in ["je_a", "je_b"] {
        project.write(
            &format!("{service}/migrations/V1__item.sql"),
            "CREATE TABLE item (id bigint PRIMARY KEY);",
        );
    }
    project.run(&["secrets", "generate", "--all"]).expect(0);
    let roles = ["app", "migrator", "readonly"].map(|role| ["--role", role]).concat();
    let export =
        ["secrets", "export", "--all", "--format", "kubernetes", "--values", "--out", "secrets.yaml"];
    project.run(&[&export[..], &roles].concat()).expect(0);
    let mut secrets = objects(&project.read("secrets.yaml"));

    let provider = "secrets: { provider: env }\n";
    project.write("martydb.yaml", &(servers("db:5432") + SERVICES + provider));
    let rendered = objects(&project.run(&["render", "kubernetes"]).expect(0).stdout);
    // The admin's Secret is made by hand.
    let admin = format!(
        "metadata: {{ name: main-admin }}\nstringData: {{ username: postgres, password: {ADMIN_PASSWORD} }}"
    );
    secrets.push(serde_yaml::from_str(&admin).unwrap());

    project.write("martydb.yaml", &(here + provider));
    std::fs::remove_dir_all(project.path().join(".martydb")).unwrap();
    let mut ran = 0;
    let pods = rendered.iter().filter_map(|object| match object["kind"].as_str()? {
        "Job" => Some(&object["spec"]["template"]),
        "CronJob" => Some(&object["spec"]["jobTemplate"]["spec"]["template"]),
        _ => None,
    });
    for pod in pods {
        let container = &pod["spec"]["containers"][0];
        // The image has the manifest in /work.
        let here = |one: &Value| one.as_str().unwrap().replace("/work", project.path().to_str().unwrap());
        let arguments: Vec<String> = container["args"].as_sequence().unwrap().iter().map(here).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = project.command(&arguments);
        command.env_remove("DB_PASSWORD").env_remove("PGPASSWORD").envs(environment(container, &secrets));
        command.env_remove("MARTYDB_MANIFEST").env("HOME", project.path());
        project.finish(command).expect(0);
        ran += 1;
    }
    assert!(ran > 1, "{rendered:?}");
}
