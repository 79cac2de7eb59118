//! The secrets that deployment files refer to: made before there are logins, and read by a real client.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::{ADMIN_PASSWORD, Project, Server, psql};

/// Text with characters that are special in a URL, YAML, a shell or a line.
const AWKWARD: &str = "p@s:s/w%2Bo'r\"d\\ é$(x)${y}#&?=+";

fn manifest(server: &Server) -> String {
    let url = format!("postgresql://postgres@127.0.0.1:{}/postgres?sslmode=disable", server.port);
    format!(
        "version: 1\nproject: rs\nservers:\n  main: {{ url: '{url}', password_env: OWN }}\nservices:\n  rs_a:\n"
    )
}

/// Logs in by nothing but a connection string, as an application does.
pub(crate) fn who(url: &str) -> String {
    let output = Command::new(psql())
        .env_clear()
        .args(["-XAtq", "-c", "SELECT current_user || ' in ' || current_database()", "-d", url])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Puts passwords into the store, as by hand.
pub(crate) fn store(project: &Project, passwords: &serde_json::Value) {
    let folder = project.path().join(".martydb/secrets");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    project.write(".martydb/secrets/development.yaml", &passwords.to_string());
}

#[test]
fn the_compose_files_admit_a_client_and_the_admin() {
    let server = Server::start();
    let project = Project::with_manifest(&manifest(&server));
    let generated = project.json(&["secrets", "generate", "--all"], 0);
    assert_eq!(
        generated["entries"].as_array().unwrap().iter().filter(|entry| entry["made"] == true).count(),
        3
    );
    let again = project.run(&["secrets", "generate", "--all"]).expect(0);
    assert_eq!(again.stdout, "0 passwords made, 3 passwords existed already.\n");
    project.run(&["secrets", "generate"]).expect(2);

    let export = ["secrets", "export", "--format", "compose", "--values", "--out", "secrets"];
    project.run(&export).expect(0);
    let folder = project.path().join("secrets");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("rs_a_database_url"))), (0o700, 0o644));
    // The image of PostgreSQL makes the admin with the password of the file; here the admin is there already.
    assert_eq!(project.read("secrets/main_admin_password").len(), 32);
    project.write("secrets/main_admin_password", &format!("{ADMIN_PASSWORD}\n"));

    let mut apply = project.command(&["apply", "--all", "-y"]);
    let file = folder.join("main_admin_password");
    apply.env_remove("DB_PASSWORD").env_remove("PGPASSWORD").env("OWN_FILE", &file);
    project.finish(apply).expect(0);
    assert_eq!(who(&project.read("secrets/rs_a_database_url")), "rs_a_app in rs_a");

    // Existing values are kept, and a folder that others can enter is refused.
    project.run(&export).expect(0);
    assert_eq!(project.read("secrets/main_admin_password"), format!("{ADMIN_PASSWORD}\n"));
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let refused = project.run(&export).expect(2);
    assert!(refused.stderr.contains("chmod 700"), "{}", refused.stderr);

    let mut unread = project.command(&["plan"]);
    unread.env_remove("DB_PASSWORD").env_remove("PGPASSWORD").env("OWN_FILE", "/nowhere/secret");
    let unread = project.finish(unread).expect(5);
    assert!(unread.stderr.contains("OWN_FILE names /nowhere/secret"), "{}", unread.stderr);
    // A program of a service does not learn where the admin's password is.
    let mut exec = project.command(&["exec", "rs_a", "--", "sh", "-c", "echo \"<$OWN_FILE>\""]);
    exec.env("OWN_FILE", &file);
    assert_eq!(project.finish(exec).expect(0).stdout, "<>\n");
}

#[test]
fn an_unusual_password_reaches_a_client_through_a_secret() {
    let server = Server::start();
    let project = Project::with_manifest(&manifest(&server));
    let stored = serde_json::json!({ "main": { "rs_a_app": AWKWARD, "rs_a_migrator": "m", "rs_a_ro": "r" } });
    store(&project, &stored);
    let mut apply = project.command(&["apply", "--all", "-y"]);
    apply.env("OWN", ADMIN_PASSWORD);
    project.finish(apply).expect(0);

    project
        .run(&["secrets", "export", "--format", "kubernetes", "--values", "--out", "secret.yaml"])
        .expect(0);
    let text = project.read("secret.yaml");
    let secret: serde_yaml::Value = serde_yaml::from_str(text.trim_start_matches("---\n")).unwrap();
    let value = |key: &str| secret["stringData"][key].as_str().unwrap().to_owned();
    assert_eq!(value("PGPASSWORD"), AWKWARD);
    assert_eq!(who(&value("DATABASE_URL")), "rs_a_app in rs_a");
    // As a pod gets it: the variables of the Secret.
    let output = Command::new(psql())
        .env_clear()
        .envs(["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"].map(|key| (key, value(key))))
        .args(["-XAtq", "-c", "SELECT current_user"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "rs_a_app\n");

    project.run(&["secrets", "export", "--format", "compose", "--values", "--out", "secrets"]).expect(0);
    assert_eq!(who(&project.read("secrets/rs_a_database_url")), "rs_a_app in rs_a");
}

/// A further login's password goes from the store to the Secret that the Job refers to, and back into a store.
#[test]
fn the_job_refers_to_the_secret_of_a_further_login() {
    let server = Server::start();
    let access = "  rs_a:\n    access: { Rs_BI: { login: true, read: [rs_a], reason: reports } }\n";
    let text = manifest(&server).replace("  rs_a:\n", access);
    let project = Project::with_manifest(&text);
    let mut apply = project.command(&["apply", "--all", "-y"]);
    apply.env("OWN", ADMIN_PASSWORD);
    project.finish(apply).expect(0);
    let password = project.password("Rs_BI");

    let export = ["secrets", "export", "--format", "kubernetes", "--values", "--out", "secret.yaml"];
    project.run(&export).expect(0);
    let secrets = super::network::objects(&project.read("secret.yaml"));
    let secret = secrets.iter().find(|one| one["metadata"]["name"] == "access-main-rs-bi").unwrap();
    assert_eq!(secret["stringData"]["PGPASSWORD"], &*password);
    assert_eq!(who(secret["stringData"]["DATABASE_URL"].as_str().unwrap()), "Rs_BI in rs_a");
    std::fs::remove_file(project.path().join(".martydb/secrets/development.yaml")).unwrap();
    project.run(&["secrets", "import", "--from", "kubernetes", "secret.yaml"]).expect(0);
    assert_eq!(project.password("Rs_BI"), password);

    let url = format!("127.0.0.1:{}", server.port);
    let deployed = text.replace(&url, "db:5432") + "secrets: { provider: env }\n";
    project.write("martydb.yaml", &deployed);
    let rendered = super::network::objects(&project.run(&["render", "kubernetes"]).expect(0).stdout);
    let job = rendered.iter().find(|one| one["kind"] == "Job").unwrap();
    let env = job["spec"]["template"]["spec"]["containers"][0]["env"].as_sequence().unwrap();
    let variable = env.iter().find(|one| one["name"] == "ACCESS_RS_BI_PASSWORD").expect("a variable");
    assert_eq!(variable["valueFrom"]["secretKeyRef"]["name"], "access-main-rs-bi");

    // Two names that are one for Kubernetes.
    let two =
        deployed.replace("access: { ", "access: { rs_bi: { login: true, read: [rs_a], reason: more }, ");
    project.write("martydb.yaml", &two);
    let refused = project.run(&["render", "kubernetes"]).expect(2);
    assert!(refused.stderr.contains("would share the secret \"access-main-rs-bi\""), "{}", refused.stderr);
}
